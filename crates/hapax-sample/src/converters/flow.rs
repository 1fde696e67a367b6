//! Converters that look at the stream rather than at their input: conditions, captures and traces.

use hapax_value::{Type, Value};

use super::arg;
use crate::fetches::acl_holds;
use crate::vars::Caught;
use crate::{Absent, Arg, ArgKind, Compile, Converter, Env, Sampled};

pub(super) static ROWS: &[Converter] = &[
    Converter::new(
        "when",
        Type::Any,
        Type::Any,
        "The input when a condition holds, else nothing: error, normal, forwarded, toapplet, processed or stopping, `!` \
         before it turning it round; or acl and the name of one.",
        when,
    )
    .args(&[ArgKind::Str, ArgKind::Acl, ArgKind::Str], 1)
    .check(check_when)
    .cases(
        &["str(a),when(error)", "str(a),when(!normal)", "str(a),when(acl,x)"],
        &["str(a),when(never)", "str(a),when", "str(a),when(acl)"],
    ),
    Converter::new(
        "debug",
        Type::Any,
        Type::Same,
        "Sends the input's type and text to a sink (buf0 by default), after a prefix. The result is the input.",
        debug,
    )
    .args(&[ArgKind::Str, ArgKind::Str], 0)
    .cases(
        &["str(a),debug", "str(a),debug(x)", "str(a),debug(x,stderr)"],
        &["str(a),debug(x,stderr,y)"],
    ),
    Converter::new(
        "capture-req",
        Type::Str,
        Type::Str,
        "Keeps the input in a request capture slot. The result is the input, or nothing where there is no such slot.",
        |a, v, e| capture(a, v, e, true),
    )
    .args(&[ArgKind::Sint], 1)
    .cases(&["str(a),capture-req(0)"], &["str(a),capture-req", "str(a),capture-req(x)"]),
    Converter::new(
        "capture-res",
        Type::Str,
        Type::Str,
        "Keeps the input in a response capture slot. The result is the input, or nothing where there is no such slot.",
        |a, v, e| capture(a, v, e, false),
    )
    .args(&[ArgKind::Sint], 1)
    .cases(&["str(a),capture-res(0)"], &["str(a),capture-res", "str(a),capture-res(x)"]),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Condition {
    Error,
    Forwarded,
    Normal,
    Processed,
    Stopping,
    ToApplet,
    Acl,
}

/// A condition and whether it must not hold.
struct When {
    condition: Condition,
    negated: bool,
}

fn check_when(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    let word = arg::word(args, 0).unwrap_or_default();
    let (negated, name) = word.strip_prefix('!').map_or((false, word), |name| (true, name));
    let condition = match name {
        "error" => Condition::Error,
        "forwarded" => Condition::Forwarded,
        "normal" => Condition::Normal,
        "processed" => Condition::Processed,
        "stopping" => Condition::Stopping,
        "toapplet" => Condition::ToApplet,
        "acl" if !matches!(args.get(1), Some(Arg::Name(_))) => {
            return Err("'acl' selector requires an extra argument with the ACL name".to_owned());
        }
        "acl" => Condition::Acl,
        other => {
            return Err(format!(
                "expects a supported keyword among {{error,forwarded,normal,processed,stopping,toapplet,acl}} but got '{other}'"
            ));
        }
    };
    arg::put_custom(args, 0, When { condition, negated });
    Ok(())
}

/// As `dontlog-normal` sees it: anything that went wrong on the way, even where it was made good.
fn had_error(env: &Env<'_>) -> bool {
    let s = env.stream;
    let blame = s.termination[0];
    let failed = !matches!(blame, 0 | b'-' | b'L');
    s.redispatched || failed || (matches!(blame, 0 | b'-') && s.retries > 0) || s.status >= 500
}

fn when<'e>(args: &'e [Arg], value: Value<'e>, env: &'e Env<'e>) -> Sampled<'e> {
    let when = arg::custom::<When>(args, 0).ok_or(Absent::Never)?;
    let forwarded = env.stream.server.is_some();
    // A reply of a rule or an error comes from nobody.
    let served = !env.stream.applet.is_empty();
    let holds = match when.condition {
        Condition::Error => had_error(env),
        Condition::Normal => !had_error(env),
        Condition::Forwarded => forwarded,
        Condition::ToApplet => served,
        Condition::Processed => forwarded || served,
        Condition::Stopping => env.world.is_stopping(),
        Condition::Acl => match args.get(1) {
            Some(Arg::Name(name)) => acl_holds(name, env)?,
            _ => return Err(Absent::Never),
        },
    };
    if holds == when.negated { Err(Absent::Never) } else { Ok(value) }
}

fn debug<'e>(args: &'e [Arg], value: Value<'e>, env: &'e Env<'e>) -> Sampled<'e> {
    let mut line = b"[debug] ".to_vec();
    line.extend_from_slice(arg::text(args, 0).unwrap_or_default());
    line.extend_from_slice(format!(": type={} <", value.kind().name()).as_bytes());
    let start = line.len();
    value.write_str(&mut line);
    for b in &mut line[start..] {
        if !(0x20..0x7f).contains(b) {
            *b = b'.';
        }
    }
    line.push(b'>');
    env.world.debug(arg::word(args, 1).unwrap_or("buf0"), &line);
    Ok(value)
}

fn capture<'e>(args: &'e [Arg], value: Value<'e>, env: &'e Env<'e>, request: bool) -> Sampled<'e> {
    let slot = arg::int(args, 0).and_then(|n| usize::try_from(n).ok()).ok_or(Absent::Never)?;
    let len = env.world.capture_len(env.sess.frontend, request, slot).ok_or(Absent::Never)?;
    let text = value.bytes().unwrap_or_default();
    env.catch(Caught {
        request,
        slot,
        text: text[..text.len().min(len)].into(),
    });
    Ok(value)
}
