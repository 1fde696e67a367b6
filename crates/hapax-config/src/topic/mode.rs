//! What a proxy is: `mode`, `disabled`, `enabled`, `id`, `description`.

use hapax_diag::Diagnostic;

use super::Topic;
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::draft::Draft;
use crate::keyword::Sections;
use crate::plan::Mode;
use crate::reader::{Current, Reader};
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "mode",
    rows: ROWS,
    inherit,
};

static ROWS: &[Row] = &[
    Row::new("mode", Sections::PROXY)
        .usage("{ tcp | http | log | spop }")
        .doc("Whether the proxy relays bytes (`tcp`, the default) or HTTP messages (`http`).")
        .ok(&["mode tcp", "mode http"])
        .bad(&["mode", "mode udp", "mode health", "mode http x"])
        .set(mode),
    Row::new("disabled", Sections::PROXY)
        .shape(Shape::Nothing)
        .doc("Leaves the proxy out: it is read and not started.")
        .ok(&["disabled"])
        .bad(&["disabled yes"])
        .set(|cx, _| {
            cx.proxy().proxy.disabled = true;
            Ok(())
        }),
    Row::new("enabled", Sections::PROXY)
        .shape(Shape::Nothing)
        .doc("Undoes `disabled` of the defaults.")
        .ok(&["enabled"])
        .bad(&["enabled yes"])
        .set(|cx, _| {
            cx.proxy().proxy.disabled = false;
            Ok(())
        }),
    Row::new("id", Sections::REAL)
        .usage("<number>")
        .doc("Number of the proxy in statistics and in the runtime API.")
        .ok(&["id 12"])
        .bad(&["id", "id 0"])
        .set(id),
    Row::new("description", Sections::REAL)
        .usage("<text>")
        .doc("Text shown beside the proxy on the statistics page.")
        .ok(&["description main site"])
        .bad(&["description"])
        .set(|cx, a| {
            cx.proxy().proxy.description = Some(super::process::text(a)?);
            Ok(())
        }),
];

fn mode(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let mode = match a.str(0) {
        "tcp" => Mode::Tcp,
        "http" => Mode::Http,
        "log" => Mode::Log,
        "spop" => Mode::Spop,
        "haterm" => Mode::Haterm,
        "health" => {
            return Err(a.bad(
                0,
                "'mode health' doesn't exist anymore. Please use 'http-request return status 200' instead.",
            ));
        }
        _ => {
            let near = hapax_diag::suggest(a.str(0), ["tcp", "http", "log", "spop"]);
            let d = a.bad(0, format!("unknown proxy mode '{}'.", a.show(0)));
            return Err(match near {
                Some(near) => d.help(format!("did you mean 'mode {near}'?")),
                None => d,
            });
        }
    };
    a.at_most(1)?;
    cx.proxy().mode_given = true;
    let what = match mode {
        Mode::Log | Mode::Spop => {
            if !cx.proxy().is_back() {
                return Err(a.bad(
                    0,
                    format!("mode {} is only applicable on proxies with backend capability.", a.str(0)),
                ));
            }
            (mode == Mode::Spop).then(|| a.str(0))
        }
        Mode::Haterm => Some("haterm"),
        _ => None,
    };
    if let Some(what) = what {
        let message = format!("'mode {what}' is accepted but not acted on yet: the proxy does not serve");
        cx.diags.push(Diagnostic::warning(&codes::NOT_YET, message).at(a.at(0)));
    }
    let d = cx.proxy();
    d.proxy.mode = mode;
    d.site.http = mode == Mode::Http;
    Ok(())
}

fn id(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.is_empty() {
        return Err(a.missing("'id' expects an integer argument.").tight());
    }
    a.at_most(1)?;
    // As C reads numbers: what follows the digits is not looked at.
    let n = hapax_value::leading_number(a.str(0)) as i32;
    let Ok(n @ 1..) = u32::try_from(n) else {
        return Err(a.bad(0, "custom id has to be > 0.").tight());
    };
    let Current::Proxy(me) = cx.current else { return Ok(()) };
    if let Some(other) = cx.proxy_ids.insert(n, me).filter(|other| *other != me) {
        let (mine, theirs) = (&cx.proxies[me], &cx.proxies[other]);
        let message = format!(
            "{} {} reuses same custom id as {} {} (declared at {}:{}).",
            mine.kind_name(),
            mine.proxy.name,
            theirs.kind_name(),
            theirs.proxy.name,
            cx.file_name(theirs.proxy.span.file),
            theirs.proxy.span.line
        );
        return Err(a.bad(0, message).tight().related(theirs.proxy.span, "the other one"));
    }
    cx.proxy().id = Some((n, a.at(0)));
    Ok(())
}

fn inherit(to: &mut Draft, from: &Draft) {
    to.proxy.mode = from.proxy.mode;
    to.site.http = from.proxy.mode == Mode::Http;
    to.proxy.disabled = from.proxy.disabled;
    to.mode_given = from.mode_given;
}
