//! How the servers of a backend are checked: `option httpchk` and its rivals, `http-check`, `tcp-check` (manual, 4.2).

use std::sync::Arc;

use hapax_diag::{Diagnostic, Severity};
use hapax_proto::checks::Login;

use super::Topic;
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::draft::Draft;
use crate::keyword::Sections;
use crate::plan::{ProxyCaps, Text};
use crate::reader::Reader;
use crate::shape::Shape;

mod expect;
mod http;
mod protocols;
mod rules;
mod script;

pub(crate) use rules::{CheckRules, CheckType, Steps};

pub(super) static TOPIC: Topic = Topic {
    name: "checks",
    rows: ROWS,
    inherit,
};

/// Proxies with servers, and named checks.
const CHECKS: Sections = Sections::BACK.union(Sections::HEALTHCHECK);

/// An option that asks for the check of a protocol.
const fn protocol(name: &'static str) -> Row {
    Row::new(name, Sections::BACK).shape(Shape::Nothing).set(kind)
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
        .bad(&["option smtpchk EHLO a b"])
        .set(smtp),
    protocol("option mysql-check")
        .usage("[user <name> [pre-41 | post-41 | post-80]]")
        .shape(Shape::Words(0, 3))
        .doc("Checks MySQL servers with the start of a login.")
        .ok(&["option mysql-check", "option mysql-check user haproxy"])
        .bad(&["option mysql-check name", "option mysql-check user"])
        .set(mysql),
    protocol("option pgsql-check")
        .usage("user <name>")
        .shape(Shape::Words(1, 2))
        .doc("Checks PostgreSQL servers with the start of a login.")
        .ok(&["option pgsql-check user haproxy"])
        .bad(&["option pgsql-check", "option pgsql-check user"])
        .set(pgsql),
    Row::new("option external-check", Sections::PROXY)
        .shape(Shape::Nothing)
        .doc("Checks servers with a program.")
        .ok(&["option external-check"])
        .set(|cx, a| {
            if !cx.proxy().kind.intersects(Sections::BACK) {
                crate::shape::note::<crate::reader::Section>(cx, a.span, "a frontend has no servers that could be checked".to_owned());
            }
            kind(cx, a)
        }),
    Row::new("external-check command", Sections::PROXY)
        .usage("<command>")
        .shape(Shape::Word("<command>"))
        .doc("Program that checks a server.")
        .ok(&["external-check command /usr/bin/check"])
        .bad(&["external-check command", "external-check command one two"])
        .set(|cx, a| {
            rules(cx).external.command = a.show(0);
            Ok(())
        }),
    Row::new("external-check path", Sections::PROXY)
        .usage("<path>")
        .shape(Shape::Word("<path>"))
        .doc("`PATH` of the program that checks a server.")
        .ok(&["external-check path /usr/bin:/bin"])
        .bad(&["external-check path", "external-check path one two"])
        .set(|cx, a| {
            rules(cx).external.path = Some(a.show(0));
            Ok(())
        }),
    Row::new("http-check send", CHECKS)
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
        .set(http::send),
    Row::new("http-check expect", CHECKS)
        .usage(
            "[min-recv <bytes>] [comment <text>] [<status words>...] [!] { status <list> | rstatus <regex> | \
string <text> | rstring <regex> | hdr ... | fhdr ... }",
        )
        .doc("Which answers pass an HTTP check.")
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
        .set(expect::http),
    Row::new("http-check disable-on-404", CHECKS)
        .shape(Shape::Nothing)
        .doc("A server that answers 404 keeps its clients and gets no new ones.")
        .ok(&["http-check disable-on-404"])
        .bad(&["http-check disable-on-404 x"])
        .set(|cx, _| {
            rules(cx).options.disable_on_404 = true;
            Ok(())
        }),
    Row::new("http-check send-state", CHECKS)
        .shape(Shape::Nothing)
        .doc("Tells the server its state in a header of the check.")
        .ok(&["http-check send-state"])
        .bad(&["http-check send-state x"])
        .set(|cx, _| {
            rules(cx).options.send_state = true;
            Ok(())
        }),
    Row::new("http-check", CHECKS)
        .usage(
            "{ connect ... | comment <text> | set-var(<name>) <expression> | set-var-fmt(<name>) <format> | \
unset-var(<name>) }",
        )
        .doc("A step of an HTTP check.")
        .ok(&[
            "http-check connect port 81 ssl",
            "http-check comment second",
            "http-check set-var(check.x) int(1)",
            "http-check set-var-fmt(check.x) a%[int(1)]",
            "http-check unset-var(check.x)",
        ])
        .bad(&["http-check", "http-check wait", "http-check connect with", "http-check comment"])
        .set(script::http_step),
    Row::new("tcp-check", CHECKS)
        .usage(
            "{ connect ... | send <text> | send-lf <format> | send-binary <hex> | send-binary-lf <hex> | \
expect ... | comment <text> | set-var(<name>) <expression> | unset-var(<name>) }",
        )
        .doc("A step of a TCP check.")
        .ok(&[
            "tcp-check connect port 6379",
            "tcp-check send PING\\r\\n",
            "tcp-check expect string +PONG",
            "tcp-check send-binary 0a0b",
            "tcp-check expect rbinary ^0a",
            "tcp-check expect custom",
        ])
        .bad(&[
            "tcp-check",
            "tcp-check wait",
            "tcp-check send",
            "tcp-check send-binary xyz",
            "tcp-check expect status 200",
            "tcp-check expect ! custom",
            "tcp-check expect",
        ])
        .set(script::tcp_step),
];

/// The checks of the section being read.
fn rules<'c>(cx: &'c mut Reader<'_>) -> &'c mut CheckRules {
    let named = cx.section().is_some_and(|s| s.bit == Sections::HEALTHCHECK);
    if named && cx.healthchecks.last().is_some() {
        let last = cx.healthchecks.len() - 1;
        return &mut cx.healthchecks[last].1;
    }
    &mut cx.proxy().checks
}

/// The last option of the kind decides.
#[allow(clippy::unnecessary_wraps, reason = "setters end with it")]
fn kind(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let kind = match a.name {
        "option ssl-hello-chk" => CheckType::Ssl,
        "option ldap-check" => CheckType::Ldap,
        "option redis-check" => CheckType::Redis,
        "option spop-check" => CheckType::Spop,
        "option external-check" => CheckType::External,
        _ => CheckType::Tcp,
    };
    rules(cx).kind = Some(kind);
    Ok(())
}

/// `<hello> <domain>`; anything else is as if there were nothing.
#[allow(clippy::unnecessary_wraps, reason = "setters end with it")]
fn smtp(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let hello = if a.len() == 2 && matches!(a.str(0), "EHLO" | "HELO") {
        [a.bytes(0), b" ", a.bytes(1)].concat()
    } else {
        b"HELO localhost".to_vec()
    };
    rules(cx).kind = Some(CheckType::Smtp { hello: hello.into() });
    Ok(())
}

fn user(a: &Args<'_>) -> Result<Arc<[u8]>, Diagnostic> {
    if a.str(0) != "user" {
        return Err(a.bad(0, format!("'{}' only supports optional values: 'user'.", a.name)));
    }
    if a.bytes(1).is_empty() {
        return Err(a.missing(format!("'{}' expects <username> as argument.", a.name)));
    }
    Ok(a.arc_bytes(1))
}

fn mysql(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let user = if a.is_empty() { None } else { Some(user(a)?) };
    let login = match a.str(2) {
        "" | "post-41" => Login::Post41,
        "pre-41" => Login::Pre41,
        "post-80" => Login::Post80,
        _ => {
            return Err(a.bad(2, format!("keyword '{}' only supports 'post-41', 'pre-41' and 'post-80'.", a.name)));
        }
    };
    rules(cx).kind = Some(CheckType::Mysql { user, login });
    Ok(())
}

fn pgsql(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let user = user(a)?;
    rules(cx).kind = Some(CheckType::Pgsql { user });
    Ok(())
}

#[allow(clippy::unnecessary_wraps, reason = "setters end with it")]
fn httpchk(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.len() > 2 && a.bytes(2).windows(2).any(|w| w == b"\r\n") {
        let d = hidden(cx.opts.for_version).at(a.at(2));
        if d.severity == Severity::Alert {
            return Err(d);
        }
        cx.diags.push(d);
    }
    let own = rules(cx).own_http();
    own.described = true;
    own.kind = Some(CheckType::Http);
    let request = Arc::make_mut(&mut own.request);
    match a.len() {
        0 => {}
        1 => request.uri = Text::Fixed(a.arc_bytes(0)),
        _ => {
            request.method = a.arc_bytes(0);
            request.uri = Text::Fixed(a.arc_bytes(1));
        }
    }
    let mut headers = Vec::new();
    if a.len() > 2 {
        // Old files hide headers behind the version: `HTTP/1.1\r\nHost:\ www`.
        let version = a.bytes(2);
        let end = version.windows(2).position(|w| w == b"\r\n").unwrap_or(version.len());
        request.version = version[..end].into();
        for line in version[end..].split(|b| *b == b'\n') {
            let line = line.trim_ascii();
            if let Some(colon) = line.iter().position(|b| *b == b':') {
                let (name, value) = (line[..colon].to_ascii_lowercase(), line[colon + 1..].trim_ascii());
                headers.push((name.into(), Text::Fixed(value.into())));
            }
        }
    }
    if a.len() > 3 {
        headers.push((b"host"[..].into(), Text::Fixed(a.arc_bytes(3))));
    }
    if !headers.is_empty() {
        request.headers = headers;
    }
    Ok(())
}

/// What each version says of headers behind the version of `option httpchk`: refused since 2.7.
fn hidden(version: Option<(u8, u8)>) -> Diagnostic {
    let what = "'option httpchk' : hiding headers or body at the end of the version string is";
    match version {
        Some(v) if v < (2, 7) => Diagnostic::warning(
            &codes::REMOVED,
            format!("{what} deprecated. Please, consider to use 'http-check send' directive instead."),
        ),
        Some(_) => Diagnostic::alert(
            &codes::REMOVED,
            format!("{what} unsupported.Use 'http-check send' directive instead.."),
        ),
        None => Diagnostic::warning(
            &codes::REMOVED,
            format!("{what} not supported any more since HAProxy 2.7. Use 'http-check send' directive instead."),
        ),
    }
}

/// `type` of a `healthcheck` section: an option's word and arguments without `option`.
pub(super) fn named_type(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    type Set = fn(&mut Reader<'_>, &Args<'_>) -> Result<(), Diagnostic>;
    let (name, most, set): (&'static str, usize, Set) = match a.str(0) {
        "tcp-check" => ("option tcp-check", 0, kind),
        "httpchk" => ("option httpchk", 4, httpchk),
        "ssl-hello-chk" => ("option ssl-hello-chk", 0, kind),
        "smtpchk" => ("option smtpchk", 2, smtp),
        "pgsql-check" => ("option pgsql-check", 2, pgsql),
        "redis-check" => ("option redis-check", 0, kind),
        "mysql-check" => ("option mysql-check", 3, mysql),
        "ldap-check" => ("option ldap-check", 0, kind),
        "spop-check" => ("option spop-check", 0, kind),
        other => return Err(a.bad(0, format!("unknown health check type '{other}'."))),
    };
    let inner = Args {
        name,
        words: &a.words[1..],
        ..*a
    };
    inner.at_most(most)?;
    set(cx, &inner)
}

fn inherit(to: &mut Draft, from: &Draft) {
    if to.proxy.caps.contains(ProxyCaps::BACKEND) {
        to.checks = CheckRules::inherit(&from.checks);
    }
}
