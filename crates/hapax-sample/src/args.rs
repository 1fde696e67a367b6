//! Arguments of fetches and converters: splitting what stands in the parentheses, and typing it as the row declares.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, OnceLock};

use hapax_diag::Span;
use hapax_value::{Duration, parse_mask4, parse_mask6, parse_size};

use crate::regexp::Regexp;
use crate::{Arg, ArgKind, Compile, NameKind, NameRef};

/// What is wrong with a list of arguments.
pub(crate) struct ArgsError {
    /// Position of the argument at fault, from 1.
    pub(crate) position: usize,
    pub(crate) text: String,
    /// The list is well formed, but an argument means nothing.
    pub(crate) meaning: bool,
}

/// Reads the arguments at the start of `text` (which starts with `(` where there are any) and tells how many bytes they took.
pub(crate) fn read(
    text: &[u8],
    kinds: &[ArgKind],
    required: usize,
    at: Span,
    cx: &mut Compile<'_>,
) -> Result<(Vec<Arg>, usize), ArgsError> {
    let open = text.first() == Some(&b'(');
    let mut used = usize::from(open);
    let mut args = Vec::new();
    let fail = |position, text| ArgsError {
        position,
        text,
        meaning: false,
    };
    while args.len() < kinds.len() {
        let kind = kinds[args.len()];
        let (word, len) = if open { scan(&text[used..]) } else { (Vec::new(), 0) };
        used += len;
        let more = open && text.get(used) == Some(&b',');
        // An empty last argument is one when a comma comes before it, or when it names the proxy or a field at hand.
        let given = open && (!args.is_empty() || is_name(kind) || matches!(kind, ArgKind::Choice(_) | ArgKind::Str));
        if word.is_empty() && more && args.len() >= required && !takes_nothing(kind) {
            // A number that is left out ends the list.
            break;
        }
        if word.is_empty() && len == 0 && !more && args.len() >= required && !given {
            break;
        }
        args.push(typed(kind, &word, args.len() + 1, args.len() < required, at, cx)?);
        if more && args.len() < kinds.len() {
            used += 1;
        } else if args.len() >= required {
            break;
        } else {
            let missing = kinds.get(args.len()).copied().map_or("string", kind_name);
            let got = format!("missing arguments (got {}/{required}), type '{missing}' expected", args.len());
            return Err(fail(args.len() + 1, got));
        }
    }
    if open {
        match text.get(used) {
            Some(b')') => used += 1,
            None => return Err(fail(args.len() + 1, "expected ')'".to_owned())),
            Some(_) => {
                let rest = String::from_utf8_lossy(&text[used..]);
                return Err(fail(args.len() + 1, format!("expected ')' before '{rest}'")));
            }
        }
    }
    Ok((args, used))
}

/// One argument up to an unquoted comma or parenthesis, its quotes and escapes resolved, and the bytes it took.
fn scan(text: &[u8]) -> (Vec<u8>, usize) {
    let mut word = Vec::new();
    let mut quote = None;
    let mut i = 0;
    while let Some(&b) = text.get(i) {
        match (b, quote) {
            (b',' | b')', None) => break,
            (b'"' | b'\'', None) => quote = Some(b),
            (b, Some(q)) if b == q => quote = None,
            (b'\\', None | Some(b'"')) => match text.get(i + 1).copied().and_then(escaped) {
                Some(real) => {
                    word.push(real);
                    i += 1;
                }
                None => word.push(b),
            },
            _ => word.push(b),
        }
        i += 1;
    }
    (word, i)
}

fn escaped(b: u8) -> Option<u8> {
    Some(match b {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'\\' | b' ' | b'"' | b'\'' => b,
        _ => return None,
    })
}

/// Kinds that name something of the configuration.
fn is_name(kind: ArgKind) -> bool {
    matches!(
        kind,
        ArgKind::Frontend | ArgKind::Backend | ArgKind::Table | ArgKind::Server | ArgKind::Userlist
    )
}

/// Kinds for which an empty word may stand before others.
fn takes_nothing(kind: ArgKind) -> bool {
    is_name(kind)
        || matches!(
            kind,
            ArgKind::Str | ArgKind::PbField | ArgKind::Var | ArgKind::Choice(_) | ArgKind::Acl
        )
}

/// The name of a kind in messages.
fn kind_name(kind: ArgKind) -> &'static str {
    match kind {
        ArgKind::Str | ArgKind::Var | ArgKind::PbField | ArgKind::Choice(_) => "string",
        ArgKind::Sint => "integer",
        ArgKind::Time => "delay",
        ArgKind::Size => "size",
        ArgKind::Ipv4 => "IPv4 address",
        ArgKind::Ipv6 => "IPv6 address",
        ArgKind::Mask4 => "IPv4 mask",
        ArgKind::Mask6 => "IPv6 mask",
        ArgKind::Frontend => "frontend",
        ArgKind::Backend => "backend",
        ArgKind::Table => "table",
        ArgKind::Server => "server",
        ArgKind::Userlist => "user list",
        ArgKind::Acl => "ACL",
        ArgKind::Regex => "regex",
    }
}

fn typed(kind: ArgKind, word: &[u8], position: usize, required: bool, at: Span, cx: &mut Compile<'_>) -> Result<Arg, ArgsError> {
    let name = kind_name(kind);
    let fail = |text, meaning| ArgsError { position, text, meaning };
    let text = std::str::from_utf8(word).unwrap_or("\u{fffd}");
    let names = |k: NameKind, cx: &mut Compile<'_>| Arg::Name(defer(k, text, at, cx));
    if word.is_empty() {
        match kind {
            ArgKind::Str | ArgKind::PbField if required => return Ok(Arg::Str(Arc::from(word))),
            ArgKind::Sint if !required => return Ok(Arg::Int(0)),
            ArgKind::Choice(_) => {}
            kind if is_name(kind) => {}
            _ if !required => return Ok(Arg::None),
            _ => {
                return Err(fail(
                    format!("expected type '{name}' at position {position}, but got nothing"),
                    false,
                ));
            }
        }
    }
    let arg = match kind {
        ArgKind::Str | ArgKind::PbField => Some(Arg::Str(Arc::from(word))),
        ArgKind::Sint => text.parse().ok().map(Arg::Int),
        ArgKind::Time => Duration::parse_strict(word).ok().map(|d| Arg::Int(d.millis() as i64)),
        ArgKind::Size => parse_size(word, u64::from(u32::MAX)).ok().map(|n| Arg::Int(n as i64)),
        ArgKind::Ipv4 => text.parse().ok().map(Arg::V4),
        ArgKind::Ipv6 => text.parse().ok().map(Arg::V6),
        ArgKind::Mask4 => parse_mask4(text).map(|m| Arg::V4(Ipv4Addr::from_bits(m))),
        ArgKind::Mask6 => parse_mask6(text).map(|m| Arg::V6(Ipv6Addr::from_bits(m))),
        ArgKind::Frontend => Some(names(NameKind::Frontend, cx)),
        ArgKind::Backend => Some(names(NameKind::Backend, cx)),
        ArgKind::Table => Some(names(NameKind::Table, cx)),
        ArgKind::Server => Some(names(NameKind::Server, cx)),
        ArgKind::Userlist => Some(names(NameKind::Userlist, cx)),
        ArgKind::Acl => Some(names(NameKind::Acl, cx)),
        ArgKind::Regex => {
            let regex = Regexp::new(word, false).map_err(|e| fail(e, true))?;
            Some(Arg::Regex(Arc::new(regex)))
        }
        ArgKind::Var => return cx.vars.intern(text).map(Arg::Var).map_err(|e| fail(e, true)),
        ArgKind::Choice(words) => {
            let found = words.iter().position(|w| w.as_bytes() == word);
            let Some(index) = found else {
                let (last, first) = words.split_last().map_or(("", String::new()), |(l, f)| (*l, f.join("', '")));
                return Err(fail(format!("expects '{first}' or '{last}', got '{text}'"), true));
            };
            Some(Arg::Int(index as i64))
        }
    };
    arg.ok_or_else(|| fail(format!("failed to parse '{text}' as type '{name}' at position {position}"), false))
}

/// Notes a name that is looked up once the whole configuration is read.
fn defer(kind: NameKind, name: &str, span: Span, cx: &mut Compile<'_>) -> Arc<NameRef> {
    let name = Arc::new(NameRef {
        kind,
        name: name.into(),
        span,
        within: cx.within.clone(),
        id: OnceLock::new(),
        acl: OnceLock::new(),
        keyed: OnceLock::new(),
        status: OnceLock::new(),
    });
    cx.deferred.push(Arc::clone(&name));
    name
}
