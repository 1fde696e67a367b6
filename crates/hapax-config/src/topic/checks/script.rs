//! The words of `http-check` and `tcp-check` lines that both have: steps, connections, variables.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_sample::Needs;
use hapax_sample::vars::{StoreIf, VarId};

use super::{Steps, expect, rules};
use crate::address::{self, Accept};
use crate::args::Args;
use crate::codes;
use crate::plan::{Act, CheckPort, Connect, Text, VarValue};
use crate::reader::{Reader, placed_expr};

pub(super) fn fail(a: &Args<'_>, i: usize, message: impl std::fmt::Display) -> Diagnostic {
    a.bad(i, format!("'{}' : {message}.", a.name))
}

/// The word after word `i`, which needs one.
pub(super) fn value<'w>(a: &Args<'w>, i: usize) -> Result<&'w [u8], Diagnostic> {
    if a.bytes(i + 1).is_empty() {
        return Err(fail(a, i, format!("'{}' expects a string as argument", a.show(i))));
    }
    Ok(a.bytes(i + 1))
}

pub(super) fn comment(a: &Args<'_>, i: usize) -> Result<Arc<str>, Diagnostic> {
    value(a, i)?;
    Ok(a.show(i + 1).into())
}

/// Bytes of hexadecimal digits.
pub(super) fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
    let pairs = text.chunks(2).map(|p| Some(digit(p[0])? << 4 | digit(*p.get(1)?)?));
    pairs.collect()
}

/// The steps that a line of this word adds to.
fn steps<'c>(cx: &'c mut Reader<'_>, a: &Args<'_>) -> &'c mut Steps {
    if a.name == "tcp-check" {
        rules(cx).own_tcp()
    } else {
        &mut rules(cx).own_http().http
    }
}

pub(super) fn http_step(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    const WORDS: &str = "'disable-on-404', 'send-state', 'comment', 'connect', 'send', 'expect'";
    step(cx, a, WORDS)
}

pub(super) fn tcp_step(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    const WORDS: &str = "'comment', 'connect', 'send', 'send-binary', 'expect'";
    match a.str(0) {
        "send" | "send-lf" | "send-binary" | "send-binary-lf" => tcp_send(cx, a),
        "expect" => expect::tcp(cx, a),
        _ => step(cx, a, WORDS),
    }
}

fn tcp_send(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let data = value(a, 0)?;
    let act = match a.str(0) {
        "send" => Act::Send(Text::Fixed(data.into())),
        "send-binary" => {
            let bytes = unhex(data).ok_or_else(|| fail(a, 1, format!("'{}' invalid binary string", a.show(1))))?;
            Act::Send(Text::Fixed(bytes.into()))
        }
        "send-lf" => Act::Send(Text::Format(Arc::new(cx.check_format(data, a.at(1))?))),
        _ => Act::SendHex(cx.check_format(data, a.at(1))?),
    };
    let told = match a.str(2) {
        "" => None,
        "comment" => Some(comment(a, 2)?),
        other => return Err(fail(a, 2, format!("expects 'comment' but got '{other}' as argument"))),
    };
    steps(cx, a).push(told, act);
    Ok(())
}

/// The steps that both kinds of checks have.
fn step(cx: &mut Reader<'_>, a: &Args<'_>, words: &str) -> Result<(), Diagnostic> {
    match a.str(0) {
        "connect" => connect(cx, a),
        "comment" => {
            let text = comment(a, 0)?;
            let steps = steps(cx, a);
            steps.lines += 1;
            steps.comment = Some(text);
            Ok(())
        }
        word if word.starts_with("set-var(") || word.starts_with("set-var-fmt(") => set_var(cx, a),
        word if word.starts_with("unset-var(") => {
            a.at_most(1)?;
            let (var, _) = variable(cx, a)?;
            steps(cx, a).push(None, Act::UnsetVar(var));
            Ok(())
        }
        other => Err(a.bad(
            0,
            format!(
                "'{}' only supports {words}, 'set-var', 'set-var-fmt' or 'unset-var' (got '{other}').",
                a.name
            ),
        )),
    }
}

/// The variable and its conditions, between the parentheses of the first word.
fn variable(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(VarId, StoreIf), Diagnostic> {
    let word = a.str(0);
    let inside = word.split_once('(').and_then(|(_, w)| w.strip_suffix(')'));
    let Some(inside) = inside else {
        return Err(fail(a, 0, format!("incomplete argument after action '{word}'")));
    };
    let mut parts = inside.split(',');
    let name = parts.next().unwrap_or_default();
    let mut when = StoreIf::empty();
    for cond in parts {
        when |= StoreIf::from_word(cond).map_err(|e| fail(a, 0, e))?;
    }
    let var = cx.vars.intern(name).map_err(|e| fail(a, 0, e))?;
    Ok((var, when))
}

fn set_var(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let (var, when) = variable(cx, a)?;
    let to = if a.str(0).starts_with("set-var(") {
        let expr = cx.expr(a, 1)?.0;
        VarValue::Expr(placed_expr(expr, Needs::BE_CHECK, a.at(1), "here")?)
    } else {
        VarValue::Format(cx.check_format(value(a, 0)?, a.at(1))?)
    };
    steps(cx, a).push(None, Act::SetVar { var, when, to });
    Ok(())
}

fn connect(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let (mut c, mut told, mut i) = (Connect::default(), None, 1);
    while i < a.len() {
        i += match a.str(i) {
            "default" => set(&mut c.like_server),
            "send-proxy" => set(&mut c.send_proxy),
            "via-socks4" => set(&mut c.via_socks4),
            "ssl" => set(&mut c.tls),
            "linger" => set(&mut c.linger),
            "addr" => {
                value(a, i)?;
                let parsed = address::parse(a.str(i + 1), Accept::PLAIN, &cx.env).map_err(|e| fail(a, i + 1, e))?;
                let ip = crate::reader::lookup(cx.files, &parsed, a.str(i + 1), a.at(i + 1))?;
                c.address = parsed.endpoint(ip);
                2
            }
            "proto" => {
                value(a, i)?;
                crate::server::known_mux(a, i + 1)?;
                c.proto = true;
                if a.str(i + 1) != "none" && a.str(i + 1) != "h1" {
                    let message = format!("'{}' speaks HTTP/1 only: 'proto {}' is not acted on", a.name, a.show(i + 1));
                    cx.diags.push(Diagnostic::warning(&codes::NOT_YET, message).at(a.at(i + 1)));
                }
                2
            }
            "comment" => {
                told = Some(comment(a, i)?);
                2
            }
            "sni" => {
                value(a, i)?;
                c.sni = Some(a.show(i + 1));
                2
            }
            "alpn" => {
                c.alpn = value(a, i)?.split(|b| *b == b',').map(<[u8]>::to_vec).collect();
                2
            }
            "port" => port(cx, a, i, &mut c)?,
            other => {
                let words = "'comment', 'port', 'addr', 'send-proxy', 'via-socks4', 'ssl', 'sni', 'alpn', 'linger' or 'default'";
                return Err(fail(a, i, format!("expects {words} but got '{other}' as argument")));
            }
        };
    }
    steps(cx, a).push(told, Act::Connect(Box::new(c)));
    Ok(())
}

fn set(flag: &mut bool) -> usize {
    *flag = true;
    1
}

fn port(cx: &mut Reader<'_>, a: &Args<'_>, i: usize, c: &mut Connect) -> Result<usize, Diagnostic> {
    let port = std::str::from_utf8(value(a, i)?).unwrap_or("");
    if port.bytes().all(|b| b.is_ascii_digit()) {
        let Some(n) = port.parse::<u16>().ok().filter(|p| *p > 0) else {
            let message = format!("expects a valid TCP port (from range 1 to 65535) or a sample expression, got {port}");
            return Err(fail(a, i + 1, message));
        };
        c.port = Some(CheckPort::Fixed(n));
        return Ok(2);
    }
    let (expr, next) = cx.expr(a, i + 1)?;
    c.port = Some(CheckPort::Expr(expr));
    Ok(next - i)
}
