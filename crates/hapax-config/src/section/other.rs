//! Sections whose heading only names them; their keywords are rows of the topics.

use hapax_diag::{Diagnostic, Severity};

use super::{BASE, SectionRow};
use crate::args::Args;
use crate::codes;
use crate::keyword::Sections;
use crate::reader::Reader;

const fn row(name: &'static str, bit: Sections, usage: &'static str, doc: &'static str) -> SectionRow {
    SectionRow {
        name,
        bit,
        usage,
        doc,
        start: named,
        ..BASE
    }
}

pub(super) const GLOBAL: SectionRow = SectionRow {
    start: unnamed,
    ..row("global", Sections::GLOBAL, "", "Settings of the whole process.")
};
pub(super) const USERLIST: SectionRow = row(
    "userlist",
    Sections::USERLIST,
    "<name>",
    "Users and groups for HTTP authentication.",
);
pub(super) const PEERS: SectionRow = SectionRow {
    start: |cx, args| {
        named(cx, args)?;
        crate::topic::peers::start(cx, args)
    },
    ..row("peers", Sections::PEERS, "<name>", "Other instances that share stick tables.")
};
pub(super) const RESOLVERS: SectionRow = SectionRow {
    start: |cx, args| {
        named_first(cx, args)?;
        crate::topic::resolvers::start(cx, args)
    },
    ..row(
        "resolvers",
        Sections::RESOLVERS,
        "<name>",
        "Name servers for names resolved at run time.",
    )
};
pub(super) const MAILERS: SectionRow = SectionRow {
    start: |cx, args| {
        named_first(cx, args)?;
        crate::topic::mailers::start(cx, args)
    },
    ..row("mailers", Sections::MAILERS, "<name>", "Mail servers for alerts.")
};
pub(super) const CACHE: SectionRow = SectionRow {
    start: |cx, args| {
        if args.bytes(0).is_empty() {
            return Err(args.missing("missing name for cache section."));
        }
        args.at_most(1)?;
        distinct(cx, args)
    },
    end: crate::topic::cache::end,
    ..row("cache", Sections::CACHE, "<name>", "A small cache of HTTP responses.")
};
pub(super) const PROGRAM: SectionRow = SectionRow {
    until: Some((3, 3)),
    ..row(
        "program",
        Sections::PROGRAM,
        "<name>",
        "A program the master starts beside the workers.",
    )
};
pub(super) const HTTP_ERRORS: SectionRow = SectionRow {
    start: |cx, args| {
        named_first(cx, args)?;
        distinct(cx, args)
    },
    ..row("http-errors", Sections::HTTP_ERRORS, "<name>", "A named group of error files.")
};
pub(super) const RING: SectionRow = SectionRow {
    start: |cx, args| {
        named_first(cx, args)?;
        let name = args.arc_str(0);
        if cx.rings.iter().any(|r| !r.implicit && r.name == name) {
            return Err(Diagnostic::alert(&codes::DUPLICATE_NAME, format!("sink '{name}' already exists.")).at(args.at(0)));
        }
        cx.rings.push(crate::plan::Ring {
            name,
            span: args.line,
            ..crate::plan::Ring::default()
        });
        Ok(())
    },
    ..row("ring", Sections::RING, "<name>", "A ring buffer that logs may be sent to.")
};
pub(super) const LOG_FORWARD: SectionRow = SectionRow {
    start: named_once,
    ..row(
        "log-forward",
        Sections::LOG_FORWARD,
        "<name>",
        "Receives log messages and sends them on.",
    )
};
pub(super) const LOG_PROFILE: SectionRow = SectionRow {
    since: (3, 1),
    start: named_once,
    ..row("log-profile", Sections::LOG_PROFILE, "<name>", "What is logged at which step.")
};
pub(super) const FCGI_APP: SectionRow = SectionRow {
    start: named_once,
    end: crate::topic::fcgi_app::end,
    ..row("fcgi-app", Sections::FCGI_APP, "<name>", "A FastCGI application.")
};
pub(super) const CRT_STORE: SectionRow = SectionRow {
    since: (3, 0),
    start: |cx, args| {
        cx.tls.store_crt_base = None;
        cx.tls.store_key_base = None;
        args.at_most(1)
    },
    ..row("crt-store", Sections::CRT_STORE, "[<name>]", "Certificates by name.")
};
pub(super) const TRACES: SectionRow = SectionRow {
    since: (3, 1),
    start: unnamed,
    ..row("traces", Sections::TRACES, "", "Traces switched on at start.")
};
pub(super) const ACME: SectionRow = SectionRow {
    since: (3, 2),
    experimental: true,
    end: crate::topic::acme::end,
    ..row("acme", Sections::ACME, "<name>", "An ACME certificate authority.")
};
pub(super) const HEALTHCHECK: SectionRow = SectionRow {
    since: (3, 4),
    start: |cx, args| {
        named_first(cx, args)?;
        let name = args.arc_str(0);
        if cx.healthchecks.iter().any(|(n, _)| *n == name) {
            return Err(Diagnostic::alert(&codes::DUPLICATE_NAME, format!("healthcheck '{name}' is already defined.")).at(args.at(0)));
        }
        cx.healthchecks.push((name, crate::topic::checks::CheckRules::default()));
        Ok(())
    },
    ..row("healthcheck", Sections::HEALTHCHECK, "<name>", "A named way of checking servers.")
};
pub(super) const NAMESPACE_LIST: SectionRow = SectionRow {
    start: |_, _| Ok(()),
    ..row(
        "namespace_list",
        Sections::NAMESPACE_LIST,
        "",
        "Network namespaces that `bind` and `server` lines name.",
    )
};

/// As [`named`]: HAProxy does not look at further words here.
fn named_first(cx: &mut Reader<'_>, args: &Args<'_>) -> Result<(), Diagnostic> {
    let first = Args {
        words: args.words.get(..1).unwrap_or(&[]),
        ..*args
    };
    if args.len() > 1 {
        let message = format!("'{}' does not look at what stands here", args.name);
        let d = Diagnostic::new(&codes::BAD_ARGUMENT, Severity::Note, message);
        cx.diags.push(d.at(args.at(1)));
    }
    named(cx, &first)
}

fn named_once(cx: &mut Reader<'_>, args: &Args<'_>) -> Result<(), Diagnostic> {
    named(cx, args)?;
    distinct(cx, args)
}

/// No other section of the kind may have the name.
fn distinct(cx: &mut Reader<'_>, args: &Args<'_>) -> Result<(), Diagnostic> {
    let Some(other) = cx.same_heading() else { return Ok(()) };
    let (kind, name) = (args.name, args.show(0));
    let message = format!(
        "{kind} section '{name}' has the same name as another one declared at {}:{}.",
        cx.file_name(other.file),
        other.line
    );
    let d = Diagnostic::alert(&codes::DUPLICATE_NAME, message).at(args.at(0)).tight();
    Err(d.related(other, "first declared here"))
}

fn unnamed(_: &mut Reader<'_>, args: &Args<'_>) -> Result<(), Diagnostic> {
    args.at_most(0)
}

fn named(_: &mut Reader<'_>, args: &Args<'_>) -> Result<(), Diagnostic> {
    if args.bytes(0).is_empty() {
        return Err(args.missing(format!("missing name for {} section.", args.name)));
    }
    check_name(args)
}

fn check_name(args: &Args<'_>) -> Result<(), Diagnostic> {
    if let Some(c) = invalid_char(args.bytes(0)) {
        return Err(Diagnostic::alert(
            &codes::SECTION_NAME,
            format!(
                "character '{}' is not permitted in '{}' name '{}'.",
                char::from(c),
                args.name,
                args.show(0)
            ),
        )
        .at(args.at(0)));
    }
    args.at_most(1)
}

/// The first byte that names of proxies, servers, ACLs and sections may not hold.
pub fn invalid_char(name: &[u8]) -> Option<u8> {
    name.iter()
        .copied()
        .find(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b':' | b'.')))
}
