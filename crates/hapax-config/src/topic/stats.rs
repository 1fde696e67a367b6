//! `stats ...` in proxies: the statistics page (manual, 4.2).

use hapax_diag::Diagnostic;
use hapax_rules::{RuleSets, Side, Site, parse_rule};

use super::Topic;
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::draft::Draft;
use crate::keyword::Sections;
use crate::plan::{StatsAdmin, StatsUri};
use crate::reader::Reader;
use crate::shape::Shape;
use crate::units::{TIMER_MAX, TimeError, Unit, parse_time};

pub(super) static TOPIC: Topic = Topic {
    name: "stats",
    rows: ROWS,
    inherit,
};

/// The page's address where `stats uri` does not say.
const DEFAULT_URI: &[u8] = b"/haproxy?stats";

const fn switch(name: &'static str) -> Row {
    Row::new(name, Sections::PROXY).shape(Shape::Any)
}

static ROWS: &[Row] = &[
    switch("stats enable")
        .doc("Serves the statistics page, at `/haproxy?stats` unless `stats uri` says otherwise.")
        .ok(&["stats enable"])
        .set(|cx, _| set(cx, |_| {})),
    switch("stats uri")
        .usage("<prefix>")
        .doc("Address of the statistics page.")
        .ok(&["stats uri /stats"])
        .bad(&["stats uri"])
        .set(|cx, a| {
            let uri = needed(a, "'uri' needs an URI prefix.")?;
            set(cx, |s| s.uri = uri.as_bytes().into())
        }),
    switch("stats realm")
        .usage("<realm>")
        .doc("Realm that browsers show when they ask for the password of the page.")
        .ok(&["stats realm Statistics"])
        .bad(&["stats realm"])
        .set(|cx, a| {
            let realm = needed(a, "'realm' needs an realm name.")?;
            set(cx, |s| s.realm = Some(realm))
        }),
    switch("stats refresh")
        .usage("<time>")
        .doc("Time after which browsers load the page again.")
        .ok(&["stats refresh 10s", "stats refresh 5"])
        .bad(&["stats refresh 5x", "stats refresh"])
        .set(refresh),
    switch("stats auth")
        .usage("<user>:<password>")
        .doc("A user who may see the page. Once one is given, nobody else may.")
        .ok(&["stats auth admin:secret"])
        .bad(&["stats auth"])
        .set(|cx, a| {
            let account = needed(a, "'auth' needs a user:password account.")?;
            set(cx, |s| s.auth.push(account))
        }),
    switch("stats scope")
        .usage("{ <name> | . }")
        .doc("A proxy that the page shows; `.` is the proxy itself. Without it, all are shown.")
        .ok(&["stats scope ."])
        .bad(&["stats scope"])
        .set(|cx, a| {
            let name = needed(a, "'scope' needs a proxy name.")?;
            set(cx, |s| s.scope.push(name))
        }),
    switch("stats hide-version")
        .doc("Keeps the program's version off the page.")
        .ok(&["stats hide-version"])
        .set(|cx, _| set(cx, |s| s.hide_version = true)),
    switch("stats show-version")
        .since(3, 4)
        .doc("Shows the program's version on the page, which is the default.")
        .ok(&["stats show-version"])
        .set(|cx, _| set(cx, |s| s.hide_version = false)),
    switch("stats show-legends")
        .doc("Adds details that appear when the mouse rests on a name.")
        .ok(&["stats show-legends"])
        .set(|cx, _| set(cx, |s| s.show_legends = true)),
    switch("stats show-modules")
        .doc("Adds the counters of HAProxy's modules to the page.")
        .ok(&["stats show-modules"])
        .set(|cx, _| set(cx, |s| s.show_modules = true)),
    switch("stats show-node")
        .usage("[<name>]")
        .doc("Shows the name of the node.")
        .ok(&["stats show-node", "stats show-node edge-1"])
        .bad(&["stats show-node edge/1"])
        .set(show_node),
    switch("stats show-desc")
        .usage("[<text>]")
        .doc("Shows a description, or the one of `global`.")
        .ok(&["stats show-desc", "stats show-desc the edge of the east"])
        .set(|cx, a| {
            let words: Vec<String> = (0..a.len()).map(|i| a.show(i)).collect();
            set(cx, |s| s.show_desc = Some(words.join(" ")))
        }),
    Row::new("stats admin", Sections::REAL)
        .usage("{ if | unless } <condition>")
        .doc("Who may change the state of servers on the page.")
        .ok(&["stats admin if { always_true }"])
        .bad(&["stats admin", "stats admin always", "stats admin if { nothing_known }"])
        .set(admin),
    Row::new("stats http-request", Sections::REAL)
        .usage("{ allow | deny | auth [realm <realm>] } [{ if | unless } <condition>]")
        .doc("Who may see the page, rule by rule.")
        .ok(&[
            "stats http-request deny unless { always_true }",
            "stats http-request auth realm stats",
        ])
        .bad(&["stats http-request", "stats http-request set-header a b"])
        .set(http_request),
    Row::new("stats", Sections::PROXY)
        .family()
        .doc("Told when no word has the name given.")
        .bad(&["stats", "stats everything"])
        .set(unknown),
];

/// Changes the page's settings, which any of its words brings into being.
#[allow(clippy::unnecessary_wraps, reason = "setters end with it")]
fn set(cx: &mut Reader<'_>, change: impl FnOnce(&mut StatsUri)) -> Result<(), Diagnostic> {
    change(page(cx.proxy()));
    Ok(())
}

fn page(draft: &mut Draft) -> &mut StatsUri {
    draft.proxy.stats.get_or_insert_with(|| {
        Box::new(StatsUri {
            uri: DEFAULT_URI.into(),
            ..StatsUri::default()
        })
    })
}

fn needed(a: &Args<'_>, message: &str) -> Result<String, Diagnostic> {
    if a.bytes(0).is_empty() {
        return Err(a.missing(message));
    }
    Ok(a.show(0))
}

fn refresh(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let shown = a.show(0);
    let micros = parse_time(a.bytes(0), Unit::S, TIMER_MAX).map_err(|e| {
        let message = match e {
            TimeError::Over => {
                format!("timer overflow in argument <{shown}> to stats refresh interval, maximum value is 2147483647 s (~68 years).")
            }
            TimeError::Char(c) => format!("unexpected character '{}' in argument to stats refresh interval.", char::from(c)),
        };
        a.bad(0, message)
    })?;
    set(cx, |s| s.refresh = Some((micros / Unit::S.micros()) as u32))
}

fn show_node(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let valid = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if !a.bytes(0).iter().all(valid) {
        let message = "'stats show-node' invalid node name - should be a string with digits(0-9), letters(A-Z, a-z), \
                       hyphen(-) or underscode(_).";
        return Err(a.bad(0, message));
    }
    set(cx, |s| s.show_node = Some(a.show(0)))
}

fn admin(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if !matches!(a.str(0), "if" | "unless") {
        return Err(a.bad(0, "'stats admin' requires either 'if' or 'unless' followed by a condition."));
    }
    let cond = cx.condition(a, 0).map_err(|d| Diagnostic {
        message: format!("error detected while parsing a 'stats admin' rule : {}.", d.message),
        ..d
    })?;
    set(cx, |s| s.admin.extend(cond.map(|cond| StatsAdmin { cond })))
}

fn http_request(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if !matches!(a.str(0), "allow" | "deny" | "auth") {
        let near = hapax_diag::suggest(a.str(0), ["allow", "deny", "auth"]);
        let d = a.bad(
            0,
            format!("'stats http-request' expects 'allow', 'deny', 'auth', got '{}'.", a.show(0)),
        );
        return Err(match near {
            Some(near) => d.help(format!("did you mean '{near}'?")),
            None => d,
        });
    }
    let draft = cx.proxy();
    let acls = std::mem::take(&mut draft.acls);
    // The three actions ask nothing of the section they stand in.
    let mut site = Site::new(draft.proxy.name.clone(), Side::FRONTEND);
    let rule = parse_rule(RuleSets::HTTP_REQ, &a.tokens(0), &acls, &mut site, &mut cx.compile(), a.line);
    cx.proxy().acls = acls;
    let rule = rule?;
    set(cx, |s| s.http_request.push(rule))
}

fn unknown(_: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let names = ROWS.iter().filter_map(|r| r.name.strip_prefix("stats "));
    let d = Diagnostic::alert(
        &codes::BAD_ARGUMENT,
        format!(
            "unknown stats parameter '{}', expects 'admin', 'uri', 'realm', 'auth', 'scope', 'enable', 'hide-version', 'show-node', \
             'show-desc' , 'show-legends' or 'show-version'.",
            a.show(0)
        ),
    )
    .at(a.at(0));
    Err(match hapax_diag::suggest(a.str(0), names) {
        Some(near) => d.help(format!("did you mean 'stats {near}'?")),
        None => d,
    })
}

fn inherit(to: &mut Draft, from: &Draft) {
    to.proxy.stats.clone_from(&from.proxy.stats);
}
