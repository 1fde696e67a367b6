//! How the servers of a backend are checked: `option httpchk` and its rivals, `http-check`, `tcp-check` (manual, 4.2).

use std::sync::Arc;

use hapax_diag::Diagnostic;

use super::Topic;
use crate::args::Args;
use crate::dictionary::Row;
use crate::draft::{Draft, HttpCheckDraft};
use crate::keyword::Sections;
use crate::plan::{CheckKind, ExpectStatus, ProxyCaps};
use crate::reader::Reader;
use crate::shape::Shape;

mod script;

pub(super) static TOPIC: Topic = Topic {
    name: "checks",
    rows: ROWS,
    inherit,
};

const PROTOCOL: &str = "this protocol's health check; the server's port is connected to";
const SCRIPT: &str = "health checks of several steps; the server's port is connected to";

/// An option whose check is a connection so far.
const fn protocol(name: &'static str) -> Row {
    Row::new(name, Sections::BACK).not_yet(PROTOCOL).shape(Shape::Nothing).set(kind)
}

static ROWS: &[Row] = &[
    Row::new("option httpchk", Sections::BACK)
        .usage("[[<method>] <uri> [<version> [<host>]]]")
        .shape(Shape::Words(0, 4))
        .doc(
            "Checks servers with a request: `OPTIONS / HTTP/1.0` unless another is given. Statuses 2xx and \
3xx pass.",
        )
        .ok(&[
            "option httpchk",
            "option httpchk /health",
            "option httpchk GET /health",
            "option httpchk GET /health HTTP/1.1 www",
        ])
        .bad(&["option httpchk GET / HTTP/1.1 www more"])
        .set(httpchk),
    Row::new("option tcp-check", Sections::BACK)
        .shape(Shape::Nothing)
        .doc("Checks servers with a connection, and with what `tcp-check` lines say.")
        .ok(&["option tcp-check"])
        .bad(&["option tcp-check x"])
        .set(kind),
    protocol("option ssl-hello-chk")
        .doc("Checks servers with the start of a TLS handshake.")
        .ok(&["option ssl-hello-chk"]),
    protocol("option ldap-check")
        .doc("Checks LDAP servers with an anonymous bind.")
        .ok(&["option ldap-check"]),
    protocol("option redis-check")
        .doc("Checks Redis servers with a PING.")
        .ok(&["option redis-check"]),
    protocol("option spop-check")
        .doc("Checks stream processing agents with a greeting.")
        .ok(&["option spop-check"]),
    protocol("option smtpchk")
        .usage("[<hello> <domain>]")
        .shape(Shape::Words(0, 2))
        .doc("Checks mail servers with a greeting.")
        .ok(&["option smtpchk", "option smtpchk EHLO example.org"])
        .bad(&["option smtpchk EHLO a b"]),
    protocol("option mysql-check")
        .usage("[user <name> [pre-41 | post-41]]")
        .shape(Shape::Words(0, 3))
        .doc("Checks MySQL servers with the start of a login.")
        .ok(&["option mysql-check", "option mysql-check user haproxy"])
        .bad(&["option mysql-check name", "option mysql-check user"])
        .set(user_check),
    protocol("option pgsql-check")
        .usage("user <name>")
        .shape(Shape::Words(1, 2))
        .doc("Checks PostgreSQL servers with the start of a login.")
        .ok(&["option pgsql-check user haproxy"])
        .bad(&["option pgsql-check", "option pgsql-check user"])
        .set(user_check),
    Row::new("option external-check", Sections::BACK)
        .shape(Shape::Nothing)
        .doc("Checks servers with a program.")
        .not_yet("external checks; the server's port is connected to")
        .ok(&["option external-check"])
        .set(kind),
    Row::new("http-check send", Sections::BACK)
        .usage(
            "[meth <method>] [{ uri <uri> | uri-lf <format> }] [ver <version>] [hdr <name> <format>]... [{ \
body <text> | body-lf <format> }]",
        )
        .doc("Describes the request of an HTTP check.")
        .ok(&[
            "http-check send meth GET uri /health ver HTTP/1.1 hdr Host www",
            "http-check send meth POST uri / body ping comment post",
        ])
        .bad(&[
            "http-check send meth",
            "http-check send hdr Host",
            "http-check send with",
            "http-check send uri",
        ])
        .set(script::http_send),
    Row::new("http-check expect", Sections::BACK)
        .usage(
            "[min-recv <bytes>] [comment <text>] [<status words>...] [!] { status <list> | rstatus <regex> | \
string <text> | rstring <regex> | hdr ... | fhdr ... }",
        )
        .doc("Which answers pass an HTTP check.")
        .partial("`status` is acted on; other expectations are read as: statuses 2xx and 3xx pass")
        .ok(&[
            "http-check expect status 200",
            "http-check expect ! status 500-599",
            "http-check expect comment fine string ready",
            "http-check expect rstatus ^2",
            "http-check expect hdr name x-ready value -m beg yes",
        ])
        .bad(&[
            "http-check expect",
            "http-check expect status",
            "http-check expect status 600x",
            "http-check expect string a string b",
            "http-check expect binary 00",
            "http-check expect ok-status L9OK status 200",
            "http-check expect hdr x-ready",
        ])
        .set(script::http_expect),
    Row::new("http-check disable-on-404", Sections::BACK)
        .shape(Shape::Nothing)
        .doc("A server that answers 404 keeps its clients and gets no new ones.")
        .not_yet("draining of servers that answer 404")
        .ok(&["http-check disable-on-404"])
        .bad(&["http-check disable-on-404 x"]),
    Row::new("http-check send-state", Sections::BACK)
        .shape(Shape::Nothing)
        .doc("Tells the server its state in a header of the check.")
        .not_yet("the X-Haproxy-Server-State header")
        .ok(&["http-check send-state"])
        .bad(&["http-check send-state x"]),
    Row::new("http-check", Sections::BACK)
        .usage(
            "{ connect ... | comment <text> | set-var(<name>) <expression> | set-var-fmt(<name>) <format> | \
unset-var(<name>) }",
        )
        .doc("A step of an HTTP check.")
        .not_yet(SCRIPT)
        .ok(&[
            "http-check connect port 81 ssl",
            "http-check comment second",
            "http-check set-var(check.x) int(1)",
        ])
        .bad(&["http-check", "http-check wait", "http-check connect with", "http-check comment"])
        .set(script::http_step),
    Row::new("tcp-check", Sections::BACK)
        .usage(
            "{ connect ... | send <text> | send-lf <format> | send-binary <hex> | send-binary-lf <hex> | \
expect ... | comment <text> | set-var(<name>) <expression> | unset-var(<name>) }",
        )
        .doc("A step of a TCP check.")
        .not_yet(SCRIPT)
        .ok(&[
            "tcp-check connect port 6379",
            "tcp-check send PING\\r\\n",
            "tcp-check expect string +PONG",
            "tcp-check send-binary 0a0b",
            "tcp-check expect rbinary ^0a",
        ])
        .bad(&[
            "tcp-check",
            "tcp-check wait",
            "tcp-check send",
            "tcp-check send-binary xyz",
            "tcp-check expect status 200",
            "tcp-check expect",
        ])
        .set(script::tcp_step),
];

/// The check that a backend's servers get.
pub(crate) fn check_kind(draft: &Draft) -> CheckKind {
    if draft.check_kind != Some("option httpchk") {
        return CheckKind::Tcp;
    }
    let request = draft.httpchk.clone().unwrap_or_default();
    CheckKind::Http {
        method: request.method.to_vec(),
        uri: request.uri.to_vec(),
        version: request.version.to_vec(),
        headers: request.headers.iter().map(|(n, v)| (n.to_vec(), v.to_vec())).collect(),
        body: request.body.to_vec(),
        expect: ExpectStatus {
            ranges: request.expect.clone(),
            negated: request.expect_not,
        },
    }
}

/// The last option of the kind decides.
#[allow(clippy::unnecessary_wraps, reason = "setters end with it")]
fn kind(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    cx.proxy().check_kind = Some(a.name);
    Ok(())
}

fn user_check(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if !a.is_empty() {
        if a.str(0) != "user" {
            return Err(a.bad(0, format!("'{}' only supports optional values: 'user'.", a.name)));
        }
        if a.bytes(1).is_empty() {
            return Err(a.missing(format!("'{}' expects <username> as argument.", a.name)));
        }
        if a.len() > 2 && !matches!(a.str(2), "pre-41" | "post-41") {
            return Err(a.bad(2, format!("keyword '{}' only supports 'post-41' and 'pre-41'.", a.name)));
        }
    }
    kind(cx, a)
}

fn httpchk(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let request = request(cx);
    match a.len() {
        0 => {}
        1 => request.uri = a.arc_bytes(0),
        _ => {
            request.method = a.arc_bytes(0);
            request.uri = a.arc_bytes(1);
        }
    }
    if a.len() > 2 {
        // Old files hide headers behind the version: `HTTP/1.1\r\nHost:\ www`.
        let version = a.bytes(2);
        let end = version.windows(2).position(|w| w == b"\r\n").unwrap_or(version.len());
        request.version = version[..end].into();
        for line in version[end..].split(|b| *b == b'\n') {
            let line = line.trim_ascii();
            if let Some(colon) = line.iter().position(|b| *b == b':') {
                let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
                request.headers.push((name.into(), value.into()));
            }
        }
    }
    if a.len() > 3 {
        request.headers.push((b"host"[..].into(), a.arc_bytes(3)));
    }
    kind(cx, a)
}

/// The proxy's own request of HTTP checks, to be changed.
fn request<'c>(cx: &'c mut Reader<'_>) -> &'c mut HttpCheckDraft {
    Arc::make_mut(cx.proxy().httpchk.get_or_insert_default())
}

fn inherit(to: &mut Draft, from: &Draft) {
    if to.proxy.caps.contains(ProxyCaps::BACKEND) {
        to.check_kind = from.check_kind;
        to.httpchk.clone_from(&from.httpchk);
    }
}
