//! All variables at once, for those who look for what rules have set.

use std::io::Write as _;

use hapax_value::{Type, Value};

use crate::vars::Scope;
use crate::{Arg, ArgKind, Call, Compile, Env, Fetch, Needs, Sampled};

pub(super) static ROWS: &[Fetch] = &[Fetch::new(
    "dump_all_vars",
    Type::Str,
    Needs::ALL,
    "All variables and their values, of one scope or of all, whose names begin with a prefix; a delimiter of one's own stands \
     between them in place of a comma and a space.",
    dump,
)
.args(&[ArgKind::Str, ArgKind::Str, ArgKind::Str], 0)
.check(check)
.cases(
    &[
        "dump_all_vars",
        "dump_all_vars(txn)",
        "dump_all_vars(sess,user,|)",
        "dump_all_vars(,a)",
    ],
    &["dump_all_vars(odd)", "dump_all_vars(txn,a,b,c)"],
)];

/// The scopes, in the order they are visited.
const SCOPES: [&str; 5] = ["sess", "txn", "req", "res", "proc"];

fn check(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    let scope = match args.first() {
        Some(Arg::Str(s)) => String::from_utf8_lossy(s),
        _ => return Ok(()),
    };
    if scope.is_empty() || SCOPES.contains(&&*scope) {
        return Ok(());
    }
    Err(format!("unknown scope '{scope}': one of {} is expected", SCOPES.join(", ")))
}

fn dump<'e>(c: &mut Call<'_, 'e>) -> Sampled<'e> {
    let wanted = c.text(0).unwrap_or_default();
    let prefix = c.text(1).unwrap_or_default();
    let between = c.text(2).filter(|d| !d.is_empty()).unwrap_or(b", ");
    let mut out = Vec::new();
    for name in SCOPES {
        if wanted.is_empty() || wanted == name.as_bytes() {
            with_scope(c.env, name, |scope| one(c.env, name, scope, prefix, between, &mut out));
        }
    }
    Ok(Value::Str(out.into()))
}

fn with_scope(env: &Env<'_>, name: &str, look: impl FnOnce(&Scope)) {
    let cell = match name {
        "sess" => &env.vars.sess,
        "txn" => &env.vars.txn,
        "req" => &env.vars.req,
        "res" => &env.vars.res,
        _ => {
            if let Ok(scope) = env.world.proc_vars().read() {
                look(&scope);
            }
            return;
        }
    };
    look(&cell.borrow());
}

fn one(env: &Env<'_>, scope: &str, vars: &Scope, prefix: &[u8], between: &[u8], out: &mut Vec<u8>) {
    for (id, value) in vars {
        // A name that nobody remembers any more cannot be asked for either.
        let Some(name) = env.world.var_name(*id).filter(|n| n.as_bytes().starts_with(prefix)) else {
            continue;
        };
        if !out.is_empty() {
            out.extend_from_slice(between);
        }
        // Writing to a vector cannot fail.
        let _ = write!(out, "{scope}.{name}=");
        match value {
            Value::Str(text) => quoted(text, out),
            Value::Method(_) => {
                let mut text = Vec::new();
                value.write_str(&mut text);
                quoted(&text, out);
            }
            Value::Bin(bytes) => {
                out.push(b'x');
                for b in bytes.iter() {
                    let _ = write!(out, "{b:02x}");
                }
            }
            Value::Bool(yes) => out.extend_from_slice(if *yes { b"true" } else { b"false" }),
            other => other.write_str(out),
        }
    }
}

fn quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for b in text {
        match b {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *b]),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\n' => out.extend_from_slice(b"\\n"),
            8 => out.extend_from_slice(b"\\b"),
            0 => out.extend_from_slice(b"\\0"),
            b => out.push(*b),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted() {
        let mut out = Vec::new();
        quoted(b"a\"b\\c\r\n\x08\0d", &mut out);
        assert_eq!(String::from_utf8_lossy(&out), "\"a\\\"b\\\\c\\r\\n\\b\\0d\"");
    }
}
