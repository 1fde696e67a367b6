//! `resolvers`: name servers, and how their answers are kept.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use hapax_diag::{Diagnostic, Lead, Severity, Span};
use hapax_value::Endpoint;

use super::{Topic, no_inherit, servers};
use crate::address::{self, Accept};
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::plan::{Hold, NameServer, Resolvers, Server};
use crate::reader::Reader;
use crate::section::invalid_char;
use crate::server::{self, ServerCx, ServerDraft};
use crate::shape::Shape;
use crate::units::{self, TIMER_MAX, TimeError, Unit};

pub(super) static TOPIC: Topic = Topic {
    name: "resolvers",
    rows: ROWS,
    inherit: no_inherit,
};

/// Where the system names its name servers.
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// A section as far as it is read.
#[derive(Clone, Debug)]
pub(crate) struct ResolversDraft {
    pub(crate) section: Resolvers,
    pub(crate) span: Span,
    /// Where each name server was named: a line, or one of the system's file.
    named: Vec<String>,
    /// Which of them has a name.
    by_name: HashMap<Arc<str>, usize>,
}

impl ResolversDraft {
    pub(crate) fn new(name: Arc<str>, span: Span) -> Self {
        Self {
            section: Resolvers::new(name),
            span,
            named: Vec::new(),
            by_name: HashMap::new(),
        }
    }

    /// Where the name server of that name was named, if it was.
    fn place_of(&self, name: &str) -> Option<&str> {
        let at = *self.by_name.get(name)?;
        self.named.get(at).map(String::as_str)
    }

    fn add(&mut self, server: NameServer, place: String) {
        self.by_name.insert(server.name.clone(), self.named.len());
        self.section.nameservers.push(server);
        self.named.push(place);
    }
}

static ROWS: &[Row] = &[
    Row::new("nameserver", Sections::RESOLVERS)
        .usage("<name> <address>:<port> [<option>...]")
        .doc("A name server, asked over UDP unless its address says `tcp@`; then options of servers may follow.")
        .ok(&[
            "nameserver local 127.0.0.1:53",
            "nameserver local udp@127.0.0.1:53",
            "nameserver local tcp@127.0.0.1:53 maxconn 5",
            "nameserver local tcp@127.0.0.1:853 ssl verify none",
        ])
        .bad(&[
            "nameserver x",
            "nameserver x 127.0.0.1",
            "nameserver x! 127.0.0.1:53",
            "nameserver x /run/dns.sock",
            "nameserver x tcp@127.0.0.1:53 nonsense",
            "nameserver x tcp@127.0.0.1:53 agent-check",
        ])
        .set(nameserver),
    Row::new("parse-resolv-conf", Sections::RESOLVERS)
        .shape(Shape::Nothing)
        .lenient()
        .doc("Adds the name servers of `/etc/resolv.conf`.")
        .ok(&["parse-resolv-conf extra", "parse-resolv-conf"])
        .set(parse_resolv_conf),
    Row::new("hold", Sections::RESOLVERS)
        .usage("{ nx | obsolete | other | refused | timeout | valid } <time>")
        .doc("How long a good answer outweighs bad ones of this kind; `valid`: how long it is taken again by rules, `obsolete`: how long what later answers lack is kept.")
        .ok(&["hold valid 10s", "hold nx 3s", "hold obsolete 0"])
        .bad(&["hold x", "hold some 10s", "hold nx often"])
        .set(hold),
    Row::new("accepted_payload_size", Sections::RESOLVERS)
        .usage("<size>")
        .doc("Largest answer asked for over UDP, in bytes; 512 by default.")
        .ok(&["accepted_payload_size 65535", "accepted_payload_size 12"])
        .bad(&[
            "accepted_payload_size",
            "accepted_payload_size many",
            "accepted_payload_size 65536",
            "accepted_payload_size 11",
        ])
        .set(payload),
    Row::new("resolution_pool_size", Sections::RESOLVERS)
        .usage("<number>")
        .shape(Shape::Words(0, 64))
        .doc("Word that no stable version knew.")
        .refused("'resolution_pool_size' directive is not supported anymore (it never appeared in a stable release).")
        .bad(&["resolution_pool_size x"]),
    Row::new("resolve_retries", Sections::RESOLVERS)
        .usage("<number>")
        .shape(Shape::Word("<nb>"))
        .lenient()
        .doc("Rounds of questions before a name counts as failed; 3 by default.")
        .ok(&["resolve_retries 10 x", "resolve_retries 10"])
        .bad(&["resolve_retries"])
        .set(|cx, a| {
            // Digits as far as they go, as HAProxy reads them; no round at all would be no question.
            section(cx).section.retries = units::lax_u32(a.str(0)).max(1);
            Ok(())
        }),
    Row::new("timeout resolve", Sections::RESOLVERS)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .lenient()
        .doc("Time between two resolutions of one name; 1 s by default.")
        .ok(&["timeout resolve 10 x", "timeout resolve 100ms"])
        .bad(&["timeout resolve", "timeout resolve 5x"])
        .set(|cx, a| {
            section(cx).section.timeout_resolve = a.millis();
            Ok(())
        }),
    Row::new("timeout retry", Sections::RESOLVERS)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .lenient()
        .doc("Time between two questions when no answer came; 1 s by default.")
        .ok(&["timeout retry 10 x", "timeout retry 100ms"])
        .bad(&["timeout retry", "timeout retry 5x"])
        .set(|cx, a| {
            section(cx).section.timeout_retry = a.millis();
            Ok(())
        }),
];

/// The section being read. Rows of it are only called inside one.
fn section<'c>(cx: &'c mut Reader<'_>) -> &'c mut ResolversDraft {
    if cx.resolvers.is_empty() {
        cx.resolvers.push(ResolversDraft::new("".into(), Span::default()));
    }
    let last = cx.resolvers.len() - 1;
    &mut cx.resolvers[last]
}

/// The heading.
pub(crate) fn start(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let name = a.arc_str(0);
    if let Some(other) = cx.resolvers.iter().find(|r| r.section.name == name).map(|r| r.span) {
        let (file, line) = (cx.file_name(a.line.file).to_owned(), a.line.line);
        let message = format!(
            "Parsing [{file}:{line}]: resolvers '{name}' has same name as another resolvers (declared at {}:{}).",
            cx.file_name(other.file),
            other.line
        );
        return Err(Diagnostic::alert(&codes::DUPLICATE_NAME, message).at(a.at(0)).lead(Lead::Config));
    }
    cx.resolvers.push(ResolversDraft::new(name, a.line));
    Ok(())
}

/// What is said of a name server that is named twice.
fn named_twice(cx: &Reader<'_>, a: &Args<'_>, name: &str, place: &str) -> Diagnostic {
    let message = format!(
        "Parsing [{}:{}]: nameserver '{name}' has same name as another nameserver (declared at {place}).",
        cx.file_name(a.line.file),
        a.line.line
    );
    Diagnostic::alert(&codes::DUPLICATE_NAME, message).at(a.at(0)).lead(Lead::Config)
}

fn nameserver(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.len() < 2 {
        return Err(a.missing("'nameserver' expects <name> and <addr>[:<port>] as arguments."));
    }
    if let Some(c) = invalid_char(a.bytes(0)) {
        let message = format!("character '{}' is not permitted in server name '{}'.", char::from(c), a.show(0));
        return Err(a.bad(0, message));
    }
    let name = a.arc_str(0);
    if let Some(place) = section(cx).place_of(&name).map(str::to_owned) {
        return Err(named_twice(cx, a, &name, &place));
    }
    let text = a.show(1);
    let head = format!("'nameserver {name}' : ");
    let parsed = address::parse(&text, Accept::NAMESERVER, &cx.env).map_err(|e| a.bad(1, format!("{head}{e}")))?;
    let found = cx.resolve(&parsed, &text, a.at(1), &head)?;
    let of = section(cx).section.name.clone();
    let mut server = None;
    if parsed.stream {
        server = Some(Box::new(options(cx, a, &format!("'server {of}/{name}' : "))?));
    } else if a.len() > 2 {
        // HAProxy does not even read them.
        let message = format!("words behind the address of name server '{name}', which is asked over UDP, have no effect");
        cx.diags.push(Diagnostic::warning(&codes::NO_EFFECT, message).at(a.at(2)));
    }
    match found {
        Some(Endpoint::Ip(address)) => {
            let place = format!("{}:{}", cx.file_name(a.line.file), a.line.line);
            let server = NameServer {
                name,
                address,
                tcp: parsed.stream,
                server,
            };
            section(cx).add(server, place);
        }
        Some(_) => {
            let message = format!("resolvers '{of}': can't create socket for nameserver '{name}'.");
            return Err(a.bad(1, message).lead(Lead::Config));
        }
        // It was told that there is none.
        None => {}
    }
    Ok(())
}

/// Options of the connections to a name server. What they ask for is read, and told where nothing comes of it.
fn options(cx: &mut Reader<'_>, a: &Args<'_>, head: &str) -> Result<Server, Diagnostic> {
    let words = a.words.get(2..).unwrap_or(&[]);
    let fail = |d: Diagnostic| d.prefixed(head).lead(Lead::Place);
    let mut draft = ServerDraft::default();
    draft.server.name = a.arc_str(0);
    let mut opts = ServerCx::new(cx, draft, false);
    server::read_options(&mut opts, words, a.line, "", fail)?;
    servers::check_server(&opts.draft, a).map_err(fail)?;
    let mut server = opts.draft.finish();
    server.span = a.line;
    let idle = [
        ("check", server.check.is_some()),
        ("agent-check", server.agent.is_some()),
        ("sni", server.tls.as_ref().is_some_and(|t| t.sni.is_some())),
        ("interface", server.interface.is_some()),
        ("usesrc", server.use_source.is_some()),
    ];
    for (word, _) in idle.into_iter().filter(|(_, given)| *given) {
        let message = format!("'{word}' of a name server is accepted but not acted on yet");
        cx.diags.push(Diagnostic::warning(&codes::NOT_YET, message).at(a.at(0)));
    }
    Ok(server)
}

fn parse_resolv_conf(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let Ok(text) = cx.files.read(RESOLV_CONF) else {
        return Err(a.bad(0, format!("failed to open {RESOLV_CONF}.")).missing());
    };
    let mut told = Vec::new();
    read_resolv_conf(section(cx), &String::from_utf8_lossy(&text), &mut told);
    for message in told {
        cx.diags.push(Diagnostic::warning(&codes::ADDRESS, message).at(a.span).tight());
    }
    Ok(())
}

/// Takes the name servers of the system's file; `told`: what is wrong with the others.
fn read_resolv_conf(into: &mut ResolversDraft, text: &str, told: &mut Vec<String>) {
    for (n, line) in text.lines().enumerate().map(|(i, l)| (i + 1, l)) {
        let Some(rest) = line.strip_prefix("nameserver") else { continue };
        if !rest.is_empty() && !rest.starts_with([' ', '\t']) {
            continue;
        }
        let Some(word) = rest.split_whitespace().next() else {
            told.push(format!("parsing [{RESOLV_CONF}:{n}] : nameserver line is missing address."));
            continue;
        };
        // A zone of the link (`fe80::1%eth0`) is nothing an address here could hold.
        let Ok(ip) = word.parse::<IpAddr>() else {
            told.push(format!(
                "parsing [{RESOLV_CONF}:{n}] : address '{word}' could not be recognized, nameserver will be excluded."
            ));
            continue;
        };
        if let Some(place) = into.place_of(word) {
            told.push(format!(
                "Parsing [{RESOLV_CONF}:{n}] : generated name for {RESOLV_CONF} nameserver '{word}' conflicts with another nameserver \
                 (declared at {place}), it appears to be a duplicate and will be excluded."
            ));
            continue;
        }
        let server = NameServer {
            name: word.into(),
            address: SocketAddr::new(ip, 53),
            tcp: false,
            server: None,
        };
        into.add(server, format!("{RESOLV_CONF}:{n}"));
    }
}

/// The section `default` that is there where none is written and the system names its name servers.
pub(crate) fn add_default(cx: &mut Reader<'_>) {
    if cx.resolvers.iter().any(|r| &*r.section.name == "default") {
        return;
    }
    let Ok(text) = cx.files.read(RESOLV_CONF) else { return };
    let mut draft = ResolversDraft::new("default".into(), Span::default());
    // Nobody asked for the file: what is wrong with it is told to nobody.
    read_resolv_conf(&mut draft, &String::from_utf8_lossy(&text), &mut Vec::new());
    cx.resolvers.push(draft);
}

/// Sections that ask nobody, and name servers whose certificates nothing could prove.
pub(crate) fn check(cx: &mut Reader<'_>) {
    let defaults = cx.tls.clone();
    for section in &mut cx.resolvers {
        let of = section.section.name.clone();
        for ns in &mut section.section.nameservers {
            let Some(server) = ns.server.as_mut() else { continue };
            if let Some(why) = crate::resolve::complete_tls(server, &defaults) {
                let message = format!("'server {of}/{}' : {why}", ns.name);
                cx.diags
                    .push(Diagnostic::alert(&codes::CERTIFICATE, message).at(server.span).lead(Lead::Place));
            }
        }
    }
    let empty: Vec<(String, Span)> = cx
        .resolvers
        .iter()
        .filter(|r| r.section.nameservers.is_empty() && r.span != Span::default())
        .map(|r| {
            let message = format!(
                "resolvers '{}' [{}:{}] has no nameservers configured!",
                r.section.name,
                cx.file_name(r.span.file),
                r.span.line
            );
            (message, r.span)
        })
        .collect();
    for (message, at) in empty {
        let d = Diagnostic::new(&codes::MISSING_ARGUMENT, Severity::Warning, message);
        cx.diags.push(d.at(at).lead(Lead::Bare));
    }
}

fn hold(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.len() < 2 {
        let d = a.missing("'hold' expects an <event> and a <time> as arguments.");
        return Err(d.help("<event> can be either 'valid', 'nx', 'refused', 'timeout', or 'other'"));
    }
    let ms = units::parse_time(a.bytes(1), Unit::Ms, TIMER_MAX)
        .map(|us| us.div_ceil(1000))
        .map_err(|e| match e {
            TimeError::Over => a.bad(1, format!("timer overflow in argument <{}> to <hold>.", a.show(1))),
            TimeError::Char(c) => a
                .bad(1, format!("unexpected character '{}' in argument to <hold>.", char::from(c)))
                .tight(),
        });
    let hold: &mut Hold = &mut section(cx).section.hold;
    let which = match a.str(0) {
        "nx" => &mut hold.nx,
        "refused" => &mut hold.refused,
        "timeout" => &mut hold.timeout,
        "other" => &mut hold.other,
        "valid" => &mut hold.valid,
        "obsolete" => &mut hold.obsolete,
        other => {
            let message = format!("'hold' unknown <event>: '{other}', expects either 'nx', 'timeout', 'valid', 'obsolete' or 'other'.");
            return Err(a.bad(0, message));
        }
    };
    *which = ms?;
    Ok(())
}

fn payload(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.is_empty() {
        return Err(a.missing("'accepted_payload_size' expects <nb> as argument."));
    }
    let size = a.str(0).parse::<u16>().ok().filter(|n| *n >= 12);
    let size = size.ok_or_else(|| {
        let message = format!(
            "'accepted_payload_size' must be between 12 and 65535 inclusive (was {}).",
            a.show(0)
        );
        a.bad(0, message)
    })?;
    section(cx).section.payload = size;
    Ok(())
}

#[cfg(test)]
mod tests;
