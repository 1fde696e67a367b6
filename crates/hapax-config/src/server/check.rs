//! Health checks of a server: when, how often, against what address, and what their outcome does.

use hapax_diag::Diagnostic;
use hapax_value::Endpoint;

use super::basic::{flag, lax, one_of, opt, time, word};
use super::{ServerCx, ServerRow};
use crate::address::{self, Accept};
use crate::args::Args;
use crate::plan::{Observe, OnError};
use crate::shape::Shape;

pub(super) static ROWS: &[ServerRow] = &[
    flag("check")
        .doc("Checks the server's health.")
        .ok(&["server s1 127.0.0.1:80 check"])
        .set(|cx, _| {
            cx.draft.check.on = true;
            Ok(())
        }),
    flag("no-check")
        .doc("Undoes `check`.")
        .ok(&["server s1 127.0.0.1:80 no-check"])
        .set(|cx, _| {
            cx.draft.check.on = false;
            Ok(())
        }),
    time("inter")
        .doc("Time between two checks; 2 s by default.")
        .ok(&["server s1 127.0.0.1:80 check inter 5s"])
        .bad(&[
            "server s1 127.0.0.1:80 check inter",
            "server s1 127.0.0.1:80 check inter 0",
            "server s1 127.0.0.1:80 check inter 5x",
        ])
        .set(|cx, a| {
            cx.draft.check.inter = positive(cx, a)?;
            Ok(())
        }),
    time("fastinter")
        .doc("Time between two checks while the state is changing.")
        .ok(&["server s1 127.0.0.1:80 check fastinter 1s"])
        .bad(&["server s1 127.0.0.1:80 check fastinter"])
        .set(|cx, a| {
            cx.draft.check.fastinter = Some(positive(cx, a)?);
            Ok(())
        }),
    time("downinter")
        .doc("Time between two checks while the server is down.")
        .ok(&["server s1 127.0.0.1:80 check downinter 10s"])
        .bad(&["server s1 127.0.0.1:80 check downinter"])
        .set(|cx, a| {
            cx.draft.check.downinter = Some(positive(cx, a)?);
            Ok(())
        }),
    lax("rise")
        .doc("Checks in a row that must pass before a server is up; 2 by default.")
        .ok(&["server s1 127.0.0.1:80 check rise 3"])
        .bad(&["server s1 127.0.0.1:80 check rise", "server s1 127.0.0.1:80 check rise 0"])
        .set(|cx, a| {
            cx.draft.check.rise = above_zero(a)?;
            Ok(())
        }),
    lax("fall")
        .doc("Checks in a row that must fail before a server is down; 3 by default.")
        .ok(&["server s1 127.0.0.1:80 check fall 2"])
        .bad(&["server s1 127.0.0.1:80 check fall", "server s1 127.0.0.1:80 check fall 0"])
        .set(|cx, a| {
            cx.draft.check.fall = above_zero(a)?;
            Ok(())
        }),
    word("port", "<port>")
        .doc("Port that checks connect to.")
        .ok(&["server s1 127.0.0.1:80 check port 81"])
        .bad(&["server s1 127.0.0.1:80 check port", "server s1 127.0.0.1:80 check port 70000"])
        .set(port),
    word("addr", "<address>")
        .doc("Address that checks connect to.")
        .ok(&[
            "server s1 127.0.0.1:80 check addr 127.0.0.2",
            "server s1 127.0.0.1:80 check addr 127.0.0.2:81",
        ])
        .bad(&["server s1 127.0.0.1:80 check addr"])
        .set(addr),
    flag("check-ssl")
        .doc("Checks over TLS.")
        .ok(&["server s1 127.0.0.1:80 check check-ssl verify none"])
        .set(|cx, _| {
            cx.draft.check.tls = Some(true);
            cx.draft.check.own_way = true;
            Ok(())
        }),
    flag("no-check-ssl")
        .doc("Checks without TLS.")
        .ok(&["server s1 127.0.0.1:80 check no-check-ssl"])
        .set(|cx, _| {
            cx.draft.check.tls = Some(false);
            Ok(())
        }),
    flag("check-send-proxy")
        .doc("Checks send the PROXY protocol.")
        .ok(&["server s1 127.0.0.1:80 check check-send-proxy"])
        .set(|cx, _| {
            cx.draft.check.send_proxy = true;
            cx.draft.check.own_way = true;
            Ok(())
        }),
    flag("no-check-send-proxy")
        .doc("Checks do not send the PROXY protocol.")
        .ok(&["server s1 127.0.0.1:80 check no-check-send-proxy"])
        .set(|cx, _| {
            cx.draft.check.send_proxy = false;
            Ok(())
        }),
    word("check-sni", "<name>")
        .doc("Server name of checks over TLS.")
        .ok(&["server s1 127.0.0.1:80 check check-sni a.example"])
        .bad(&["server s1 127.0.0.1:80 check check-sni"])
        .set(|cx, a| {
            cx.draft.check.sni = Some(a.show(0));
            Ok(())
        }),
    flag("check-sni-auto")
        .since(3, 3)
        .doc("Server name of HTTP checks over TLS from the host they ask for, where `check-sni` gives none; the default.")
        .ok(&["server s1 127.0.0.1:80 check check-sni-auto"])
        .set(|cx, _| {
            cx.draft.check.sni_auto = true;
            Ok(())
        }),
    flag("no-check-sni-auto")
        .since(3, 3)
        .doc("Undoes `check-sni-auto`.")
        .ok(&["server s1 127.0.0.1:80 check no-check-sni-auto"])
        .set(|cx, _| {
            cx.draft.check.sni_auto = false;
            Ok(())
        }),
    word("check-alpn", "<protocols>")
        .doc("Protocols that checks over TLS offer.")
        .ok(&["server s1 127.0.0.1:80 check check-alpn h2,http/1.1"])
        .bad(&["server s1 127.0.0.1:80 check check-alpn"])
        .set(|cx, a| {
            cx.draft.check.own_way = true;
            cx.draft.check.alpn = a.bytes(0).split(|b| *b == b',').map(<[u8]>::to_vec).collect();
            Ok(())
        }),
    word("check-proto", "<name>")
        .doc("Protocol of checks.")
        .ok(&["server s1 127.0.0.1:80 check check-proto h1"])
        .bad(&[
            "server s1 127.0.0.1:80 check check-proto",
            "server s1 127.0.0.1:80 check check-proto h9",
        ])
        .partial("checks speak HTTP/1, whatever is asked for")
        .set(|cx, a| {
            cx.draft.check.own_way = true;
            super::connect::mux(a)
        }),
    word("observe", "{ none | layer4 | layer7 }")
        .doc("Counts the traffic's errors as failed checks.")
        .ok(&["server s1 127.0.0.1:80 check observe layer4"])
        .bad(&["server s1 127.0.0.1:80 observe", "server s1 127.0.0.1:80 observe layer9"])
        .set(|cx, a| {
            one_of(a, &["none", "layer4", "layer7"])?;
            cx.draft.server.observe = match a.str(0) {
                "layer4" => Observe::Layer4,
                "layer7" => Observe::Layer7,
                _ => Observe::Nothing,
            };
            Ok(())
        }),
    word("on-error", "{ fastinter | fail-check | sudden-death | mark-down }")
        .doc("What too many observed errors do.")
        .ok(&["server s1 127.0.0.1:80 check on-error mark-down"])
        .bad(&["server s1 127.0.0.1:80 on-error", "server s1 127.0.0.1:80 on-error panic"])
        .set(|cx, a| {
            one_of(a, &["fastinter", "fail-check", "sudden-death", "mark-down"])?;
            cx.draft.server.on_error = match a.str(0) {
                "fastinter" => OnError::FastInter,
                "sudden-death" => OnError::SuddenDeath,
                "mark-down" => OnError::MarkDown,
                _ => OnError::FailCheck,
            };
            Ok(())
        }),
    opt("error-limit")
        .usage("<number>")
        .shape(Shape::Lax(1, i64::MAX))
        .doc("Observed errors in a row that are too many.")
        .ok(&["server s1 127.0.0.1:80 check error-limit 5"])
        .bad(&["server s1 127.0.0.1:80 error-limit", "server s1 127.0.0.1:80 error-limit 0"])
        .set(|cx, a| {
            cx.draft.server.error_limit = a.number() as u32;
            Ok(())
        }),
    word("on-marked-down", "shutdown-sessions")
        .doc("What is done to the sessions of a server that goes down.")
        .ok(&["server s1 127.0.0.1:80 check on-marked-down shutdown-sessions"])
        .bad(&[
            "server s1 127.0.0.1:80 on-marked-down",
            "server s1 127.0.0.1:80 on-marked-down wait",
        ])
        .set(|cx, a| {
            only(a, "shutdown-sessions")?;
            cx.draft.server.on_marked_down_shutdown = true;
            Ok(())
        }),
    word("on-marked-up", "shutdown-backup-sessions")
        .doc("What is done to the backup servers' sessions when a server comes back.")
        .ok(&["server s1 127.0.0.1:80 check on-marked-up shutdown-backup-sessions"])
        .bad(&["server s1 127.0.0.1:80 on-marked-up", "server s1 127.0.0.1:80 on-marked-up wait"])
        .set(|cx, a| {
            only(a, "shutdown-backup-sessions")?;
            cx.draft.server.on_marked_up_shutdown_backup = true;
            Ok(())
        }),
    flag("agent-check")
        .doc("Asks an agent on the server for its state and weight.")
        .ok(&["server s1 127.0.0.1:80 agent-check agent-port 9999"])
        .set(|cx, _| {
            cx.draft.agent.on = true;
            Ok(())
        }),
    flag("no-agent-check")
        .doc("Undoes `agent-check`.")
        .ok(&["server s1 127.0.0.1:80 no-agent-check"])
        .set(|cx, _| {
            cx.draft.agent.on = false;
            Ok(())
        }),
    word("agent-addr", "<address>")
        .doc("Address of the agent.")
        .ok(&["server s1 127.0.0.1:80 agent-addr 127.0.0.2"])
        .bad(&["server s1 127.0.0.1:80 agent-addr", "server s1 127.0.0.1:80 agent-addr /run/agent"])
        .set(|cx, a| {
            let parsed = address::parse(a.str(0), Accept::PLAIN, cx.env).map_err(|e| a.bad(0, format!("'agent-addr' : {e}")))?;
            let ip = crate::reader::lookup(cx.cx.files, &parsed, a.str(0), a.at(0)).map_err(|d| d.prefixed("'agent-addr' : "))?;
            let found = parsed.endpoint(ip);
            if found.as_ref().is_none_or(|f| !matches!(f, Endpoint::Ip(at) if at.port() == 0)) {
                let message = format!("parsing agent-addr failed. Check if '{}' is correct address..", a.show(0));
                return Err(a.bad(0, message));
            }
            cx.draft.agent.address = found;
            Ok(())
        }),
    opt("agent-port")
        .usage("<port>")
        .shape(Shape::Lax(i64::MIN, i64::MAX))
        .doc("Port of the agent.")
        .ok(&["server s1 127.0.0.1:80 agent-port 9999"])
        .bad(&["server s1 127.0.0.1:80 agent-port"])
        .set(|cx, a| {
            // What is no port is none.
            cx.draft.agent.port = u16::try_from(a.number()).unwrap_or(0);
            Ok(())
        }),
    time("agent-inter")
        .doc("Time between two questions to the agent.")
        .ok(&["server s1 127.0.0.1:80 agent-inter 5s"])
        .bad(&["server s1 127.0.0.1:80 agent-inter", "server s1 127.0.0.1:80 agent-inter 0"])
        .set(|cx, a| {
            cx.draft.agent.inter = Some(positive(cx, a)?);
            Ok(())
        }),
    opt("agent-send")
        .usage("<text>")
        .shape(Shape::Word("<text>"))
        .doc("Text sent to the agent.")
        .ok(&["server s1 127.0.0.1:80 agent-send hi"])
        .bad(&["server s1 127.0.0.1:80 agent-send"])
        .set(|cx, a| {
            cx.draft.agent.send = Some(a.arc_bytes(0));
            Ok(())
        }),
];

/// A time between checks. A small number without a unit is rather meant as seconds, and told.
fn positive(cx: &mut ServerCx<'_>, a: &Args<'_>) -> Result<u64, Diagnostic> {
    if cx.version.is_none_or(|v| v >= (3, 5)) {
        let owner = format!("server '{}'", cx.draft.server.name);
        if let Some(d) = a.suspicious(&owner) {
            cx.cx.diags.push(d);
        }
    }
    match a.millis() {
        0 => Err(a.bad(
            0,
            format!("invalid value 0 for argument '{}' of server {}.", a.name, cx.draft.server.name),
        )),
        ms => Ok(ms),
    }
}

fn above_zero(a: &Args<'_>) -> Result<u32, Diagnostic> {
    match hapax_value::leading_number(a.str(0)) as i32 {
        ..=0 => Err(a.bad(0, format!("'{}' has to be > 0.", a.name))),
        n => Ok(n as u32),
    }
}

fn only(a: &Args<'_>, word: &str) -> Result<(), Diagnostic> {
    if a.str(0) == word {
        return Ok(());
    }
    Err(a.bad(0, format!("'{}' expects '{word}' but got '{}'", a.name, a.show(0))))
}

fn port(cx: &mut ServerCx<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let n = hapax_value::leading_number(a.str(0)) as i32;
    cx.draft.check.port = Some(u16::try_from(n).map_err(|_| a.bad(0, format!("'port' : invalid port '{n}'")))?).filter(|n| *n > 0);
    Ok(())
}

fn addr(cx: &mut ServerCx<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let parsed = address::parse(a.str(0), Accept::PLAIN, cx.env).map_err(|e| a.bad(0, format!("'addr' : {e}")))?;
    let ip = crate::reader::lookup(cx.cx.files, &parsed, a.str(0), a.at(0)).map_err(|d| d.prefixed("'addr' : "))?;
    // `port` on the same line comes before a port that is part of the address.
    cx.draft.check.address = parsed.endpoint(ip);
    Ok(())
}
