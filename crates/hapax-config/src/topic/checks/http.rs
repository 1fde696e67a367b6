//! `http-check send`: the requests of HTTP checks.

use std::sync::Arc;

use hapax_diag::Diagnostic;

use super::script::{fail, value};
use super::{rules, script};
use crate::args::Args;
use crate::plan::{Act, HttpSend, Text};
use crate::reader::Reader;

/// Text of a format; constant ones are told apart when the configuration is loaded.
fn format(cx: &mut Reader<'_>, a: &Args<'_>, i: usize) -> Result<Text, Diagnostic> {
    let made = cx.check_format(a.bytes(i), a.at(i))?;
    Ok(match made.as_const() {
        Some(text) => Text::Fixed(text.into()),
        None => Text::Format(Arc::new(made)),
    })
}

/// What one line says; what it leaves out stays as it is.
#[derive(Default)]
struct Said {
    method: Option<Arc<[u8]>>,
    uri: Option<Text>,
    version: Option<Arc<[u8]>>,
    headers: Vec<(Arc<[u8]>, Text)>,
    body: Option<Text>,
    comment: Option<Arc<str>>,
}

pub(super) fn send(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let said = read(cx, a)?;
    let comment = said.comment.clone();
    let fill = |to: &mut HttpSend| {
        if let Some(m) = said.method {
            to.method = m;
        }
        if let Some(u) = said.uri {
            to.uri = u;
        }
        if let Some(v) = said.version {
            to.version = v;
        }
        // Each line describes the whole of the headers and the body.
        to.headers = said.headers;
        to.body = said.body.unwrap_or_default();
    };
    let own = rules(cx).own_http();
    let steps = &own.http;
    let sent = own.request_at.is_some() || steps.list.iter().any(|s| matches!(s.act, Act::SendHttp(_)));
    let last_is_send = match own.request_at {
        Some(at) => steps.list[at..]
            .iter()
            .all(|s| matches!(s.act, Act::SetVar { .. } | Act::UnsetVar(_))),
        None => matches!(steps.last(), Some(Act::SendHttp(_))),
    };
    if last_is_send {
        let at = steps.list.len() + usize::from(own.request_at.is_some());
        return Err(fail(
            a,
            0,
            format!("unable to add http-check send rule at step {at} (missing connect rule)."),
        ));
    }
    if sent || steps.list.iter().any(|s| matches!(s.act, Act::Expect(_))) {
        let mut request = HttpSend::default();
        fill(&mut request);
        own.http.push(comment, Act::SendHttp(Box::new(request)));
        return Ok(());
    }
    // The first one and `option httpchk` are about the same request.
    own.described = true;
    own.request_at = Some(own.http.list.len());
    own.http.lines += 1;
    fill(Arc::make_mut(&mut own.request));
    Ok(())
}

fn read(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<Said, Diagnostic> {
    let (mut said, mut i) = (Said::default(), 0);
    while i < a.len() {
        let word = a.str(i);
        match word {
            "meth" => said.method = Some(value(a, i)?.into()),
            "ver" => said.version = Some(value(a, i)?.into()),
            "uri" => said.uri = Some(Text::Fixed(value(a, i)?.into())),
            "body" => said.body = Some(Text::Fixed(value(a, i)?.into())),
            "uri-lf" => {
                value(a, i)?;
                said.uri = Some(format(cx, a, i + 1)?);
            }
            "body-lf" => {
                value(a, i)?;
                said.body = Some(format(cx, a, i + 1)?);
            }
            "comment" => said.comment = Some(script::comment(a, i)?),
            "hdr" => {
                if a.bytes(i + 1).is_empty() || a.bytes(i + 2).is_empty() {
                    return Err(fail(a, i, "'hdr' expects <name> and <value> as arguments"));
                }
                let text = format(cx, a, i + 2)?;
                let name = a.bytes(i + 1).to_ascii_lowercase();
                // How long the body is, is ours to say.
                if !matches!(&name[..], b"content-length" | b"transfer-encoding") {
                    said.headers.push((name.into(), text));
                }
                i += 1;
            }
            _ => {
                let words = "'comment', 'meth', 'uri', 'uri-lf', 'ver', 'hdr', 'body' or 'body-lf'";
                return Err(fail(a, i, format!("expects {words} but got '{word}' as argument")));
            }
        }
        i += 2;
    }
    Ok(said)
}
