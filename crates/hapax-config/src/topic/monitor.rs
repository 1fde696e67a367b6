//! Words that answer for the proxy itself or mark what it sends: `monitor-uri`, `monitor fail`, `http-send-name-header`, `source`,
//! persistence exceptions, FastCGI.

use hapax_diag::Diagnostic;

use super::{Topic, required_condition};
use crate::address::{self, Accept};
use crate::args::Args;
use crate::dictionary::Row;
use crate::draft::Draft;
use crate::keyword::Sections;
use crate::reader::Reader;

pub(super) static TOPIC: Topic = Topic {
    name: "monitor",
    rows: ROWS,
    inherit,
};

static ROWS: &[Row] = &[
    Row::new("monitor-uri", Sections::FRONT)
        .usage("<uri>")
        .doc("Answers 200 to this URI, and 503 when a `monitor fail` condition holds.")
        .ok(&["monitor-uri /alive"])
        .bad(&["monitor-uri"])
        .set(|cx, a| {
            if a.is_empty() {
                return Err(a.missing("'monitor-uri' expects an URI."));
            }
            a.at_most(1)?;
            cx.proxy().proxy.monitor_uri = Some(a.arc_bytes(0));
            cx.proxy().asked.insert("monitor-uri", a.line);
            Ok(())
        }),
    Row::new("monitor fail", Sections::FRONTEND.union(Sections::LISTEN))
        .usage("{ if | unless } <condition>")
        .doc("When `monitor-uri` answers 503.")
        .ok(&["monitor fail if { nbsrv(named) lt 1 }"])
        .bad(&["monitor fail", "monitor fail when TRUE"])
        .set(monitor_fail),
    Row::new("monitor", Sections::FRONTEND.union(Sections::LISTEN))
        .family()
        .doc("Told when `fail` does not follow.")
        .bad(&["monitor", "monitor all"])
        .set(|_, a| Err(a.bad(0, "'monitor' only supports 'fail'."))),
    Row::new("http-send-name-header", Sections::BACK)
        .usage("<name>")
        .doc("Header field that tells the server its own name.")
        .ok(&["http-send-name-header x-server"])
        .bad(&["http-send-name-header", "http-send-name-header host"])
        .set(name_header),
    Row::new("source", Sections::BACK)
        .usage("<address>[:<port>] [usesrc { <address> | client | clientip | hdr_ip(<name>) }] [interface <name>]")
        .doc("Address that connections to servers start from.")
        .ok(&["source 127.0.0.2", "source 0.0.0.0 usesrc clientip", "source 0.0.0.0 interface lo"])
        .bad(&["source", "source 127.0.0.2 through lo", "source 127.0.0.2 interface"])
        .set(source),
    Row::new("usesrc", Sections::BACK)
        .refused("'usesrc' only allowed after a 'source' statement.")
        .doc("Belongs to `source`.")
        .bad(&["usesrc client"]),
    Row::new("force-persist", Sections::LISTEN.union(Sections::BACKEND))
        .usage("{ if | unless } <condition>")
        .doc("Sends a client to its server though it is down.")
        .ok(&["force-persist if TRUE"])
        .bad(&["force-persist", "force-persist when TRUE"])
        .set(persist_condition),
    Row::new("ignore-persist", Sections::LISTEN.union(Sections::BACKEND))
        .usage("{ if | unless } <condition>")
        .doc("Sends a client to any server though it has a cookie.")
        .ok(&["ignore-persist if TRUE"])
        .bad(&["ignore-persist"])
        .set(persist_condition),
];

fn monitor_fail(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if !matches!(a.str(0), "if" | "unless") {
        return Err(a.bad(0, "'monitor fail' requires either 'if' or 'unless' followed by a condition."));
    }
    let cond = cx.condition(a, 0).map_err(|d| {
        let message = format!(
            "error detected while parsing a 'monitor fail' condition : {}.",
            d.message.trim_end_matches('.')
        );
        Diagnostic { message, ..d }
    })?;
    cx.proxy().proxy.monitor_fail.extend(cond);
    Ok(())
}

fn persist_condition(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let cond = required_condition(cx, a)?;
    let force = a.name == "force-persist";
    cx.proxy().proxy.persist_rules.extend(cond.map(|c| (force, c)));
    Ok(())
}

fn name_header(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.is_empty() {
        return Err(a.missing(format!("'{}' requires a header string.", a.name)));
    }
    let reserved = ["connection", "content-length", "transfer-encoding", "host"];
    let judged = cx.opts.for_version.is_none_or(|v| v >= (3, 3));
    if judged && reserved.iter().any(|r| r.eq_ignore_ascii_case(a.str(0))) {
        return Err(a.bad(
            0,
            format!("'{}' cannot be used as header name for '{}' directive.", a.show(0), a.name),
        ));
    }
    cx.proxy().proxy.send_name_header = Some(a.arc_bytes(0));
    Ok(())
}

fn source(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.is_empty() {
        return Err(a.missing("'source' expects <addr>[:<port>], and optionally 'usesrc' <addr>, and 'interface' <name>."));
    }
    let parsed = address::parse(a.str(0), Accept::PLAIN, &cx.env).map_err(|e| a.bad(0, format!("'source {}' : {e}", a.show(0))))?;
    let endpoint = cx.resolve(&parsed, a.str(0), a.at(0), &format!("'source {}' : ", a.show(0)))?;
    cx.proxy().proxy.source = endpoint;
    let mut i = 1;
    while i < a.len() {
        match a.str(i) {
            "interface" => {
                if a.str(i + 1).is_empty() {
                    return Err(a.bad(i, "'interface' : missing interface name."));
                }
                cx.proxy().proxy.source_interface = Some(a.show(i + 1));
            }
            "usesrc" => {
                if a.str(i + 1).is_empty() {
                    return Err(a.bad(i, "'usesrc' expects <addr>[:<port>], 'client', or 'clientip' as argument."));
                }
                let from = crate::server::use_source(a, i + 1, Accept::PLAIN, &cx.env)?;
                cx.proxy().proxy.use_source = Some(from);
            }
            _ => return Err(a.bad(i, "'source' only supports optional keywords 'interface' and 'usesrc'.")),
        }
        i += 2;
    }
    Ok(())
}

fn inherit(to: &mut Draft, from: &Draft) {
    if to.is_front() {
        to.proxy.monitor_uri.clone_from(&from.proxy.monitor_uri);
    }
    if to.is_back() {
        to.proxy.send_name_header.clone_from(&from.proxy.send_name_header);
        to.proxy.source.clone_from(&from.proxy.source);
        to.proxy.source_interface.clone_from(&from.proxy.source_interface);
        to.proxy.use_source.clone_from(&from.proxy.use_source);
    }
}
