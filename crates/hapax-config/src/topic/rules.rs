//! Rule sets: `http-request`, `http-response`, `http-after-response`, `tcp-request`, `tcp-response` (manual, 4.3).

use hapax_diag::Diagnostic;
use hapax_rules::{Rule, RuleSets};

use super::Topic;
use super::switching::tell_order;
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::draft::Draft;
use crate::keyword::{Misplaced, Sections};
use crate::reader::Reader;
use crate::shape::Shape;
use crate::units::{TIMER_MAX, Unit};

pub(super) static TOPIC: Topic = Topic {
    name: "rules",
    rows: ROWS,
    inherit,
};

const fn set_row(name: &'static str, sections: Sections) -> Row {
    Row::new(name, sections)
        .usage("<action> [<argument>...] [{ if | unless } <condition>]")
        .named_defaults()
}

static ROWS: &[Row] = &[
    set_row("http-request", Sections::PROXY)
        .doc("Acts on a request before it is sent to a server.")
        .ok(&["http-request deny if TRUE", "http-request set-header x-a %ci"])
        .bad(&["http-request", "http-request nothing", "http-request deny when TRUE"])
        .set(|cx, a| add(cx, a, RuleSets::HTTP_REQ)),
    set_row("http-response", Sections::PROXY)
        .doc("Acts on a response before it is sent to the client.")
        .ok(&["http-response set-header x-a 1", "http-response deny if TRUE"])
        .bad(&["http-response", "http-response nothing"])
        .set(|cx, a| add(cx, a, RuleSets::HTTP_RES)),
    set_row("http-after-response", Sections::PROXY)
        .doc("Acts on every response, those made here too.")
        .ok(&["http-after-response set-header x-a 1"])
        .bad(&["http-after-response", "http-after-response deny"])
        .set(|cx, a| add(cx, a, RuleSets::HTTP_AFTER)),
    set_row("tcp-request connection", Sections::FRONT)
        .misplaced(Misplaced::Refused)
        .doc("Acts on a connection as soon as it is accepted.")
        .ok(&["tcp-request connection reject if { src 127.0.0.1 }"])
        .bad(&["tcp-request connection", "tcp-request connection nothing"])
        .set(|cx, a| add(cx, a, RuleSets::TCP_CONN)),
    set_row("tcp-request session", Sections::FRONT)
        .misplaced(Misplaced::Refused)
        .doc("Acts on a connection once its handshakes are done.")
        .ok(&["tcp-request session reject if { src 127.0.0.1 }"])
        .bad(&["tcp-request session", "tcp-request session nothing"])
        .set(|cx, a| add(cx, a, RuleSets::TCP_SESS)),
    set_row("tcp-request content", Sections::PROXY)
        .doc("Acts on the first bytes of a request.")
        .ok(&["tcp-request content accept if TRUE"])
        .bad(&["tcp-request content", "tcp-request content nothing"])
        .set(|cx, a| add(cx, a, RuleSets::TCP_REQ)),
    set_row("tcp-response content", Sections::BACK)
        .misplaced(Misplaced::Refused)
        .doc("Acts on the first bytes of a response.")
        .ok(&["tcp-response content accept if TRUE"])
        .bad(&["tcp-response content", "tcp-response content nothing"])
        .set(|cx, a| add(cx, a, RuleSets::TCP_RES)),
    Row::new("tcp-request inspect-delay", Sections::PROXY)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .named_defaults()
        .lenient()
        .doc("How long `tcp-request content` rules wait for what they look at.")
        .ok(&["tcp-request inspect-delay 5s x", "tcp-request inspect-delay 5s"])
        .bad(&["tcp-request inspect-delay", "tcp-request inspect-delay x"])
        .set(|cx, a| {
            cx.proxy().proxy.tcp_req_inspect_delay = a.millis();
            Ok(())
        }),
    Row::new("tcp-response inspect-delay", Sections::BACK)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .misplaced(Misplaced::Refused)
        .named_defaults()
        .lenient()
        .doc("How long `tcp-response content` rules wait for what they look at.")
        .ok(&["tcp-response inspect-delay 5s x", "tcp-response inspect-delay 5s"])
        .bad(&["tcp-response inspect-delay"])
        .set(|cx, a| {
            cx.proxy().proxy.tcp_res_inspect_delay = a.millis();
            Ok(())
        }),
    Row::new("tcp-request", Sections::PROXY)
        .family()
        .named_defaults()
        .doc("Told when the rule set has another name.")
        .bad(&["tcp-request", "tcp-request nothing"])
        .set(|cx, a| {
            let (kind, name) = (cx.proxy().kind_name(), cx.section_name());
            Err(a.bad(
                0,
                format!(
                    "'tcp-request' expects 'inspect-delay', 'connection', 'session', or 'content' in {kind} '{name}' (got '{}')",
                    a.show(0)
                ),
            ))
        }),
    Row::new("tcp-response", Sections::BACK)
        .family()
        .named_defaults()
        .misplaced(Misplaced::Refused)
        .doc("Told when the rule set has another name.")
        .bad(&["tcp-response", "tcp-response nothing"])
        .set(|cx, a| {
            let (kind, name) = (cx.proxy().kind_name(), cx.section_name());
            Err(a.bad(
                0,
                format!(
                    "'tcp-response' expects 'inspect-delay' or 'content' in {kind} '{name}' (got '{}')",
                    a.show(0)
                ),
            ))
        }),
];

fn add(cx: &mut Reader<'_>, a: &Args<'_>, set: RuleSets) -> Result<(), Diagnostic> {
    let words = a.tokens(0);
    let rule = cx.rule(set, &words, a.line)?;
    warn_order(cx, a, set);
    let d = cx.proxy();
    let name = match set {
        RuleSets::HTTP_REQ => Some("http-request"),
        RuleSets::HTTP_RES => Some("http-response"),
        RuleSets::HTTP_AFTER => Some("http-after-response"),
        _ => None,
    };
    let own = d.own_rules(set);
    let list = rules_mut(d, set);
    let dead = name.filter(|_| list[own..].last().is_some_and(|r: &Rule| r.cond.is_none() && r.action.is_final()));
    list.push(rule);
    if let Some(name) = name {
        d.asked.entry(name).or_insert(a.line);
    }
    if let Some(name) = dead {
        let message = format!("previous '{name}' action is final and has no condition attached, further entries are NOOP.");
        cx.diags.push(Diagnostic::warning(&codes::RULE_ORDER, message).at(a.span).tight());
    }
    Ok(())
}

/// The list of a rule set.
fn rules_mut(d: &mut Draft, set: RuleSets) -> &mut Vec<Rule> {
    let p = &mut d.proxy;
    match set {
        RuleSets::TCP_CONN => &mut p.tcp_conn_rules,
        RuleSets::TCP_SESS => &mut p.tcp_sess_rules,
        RuleSets::TCP_REQ => &mut p.tcp_req_rules,
        RuleSets::TCP_RES => &mut p.tcp_res_rules,
        RuleSets::HTTP_RES => &mut p.http_res_rules,
        RuleSets::HTTP_AFTER => &mut p.http_after_rules,
        _ => &mut p.http_req_rules,
    }
}

/// Request-side rule sets run in a fixed order: what stands after a later set runs before it all the same.
fn warn_order(cx: &mut Reader<'_>, a: &Args<'_>, set: RuleSets) {
    let d = cx.proxy();
    let p = &d.proxy;
    let later: [(&str, bool); 6] = [
        ("tcp-request session", p.tcp_sess_rules.len() > d.own_rules(RuleSets::TCP_SESS)),
        ("tcp-request content", p.tcp_req_rules.len() > d.own_rules(RuleSets::TCP_REQ)),
        ("monitor fail", !p.monitor_fail.is_empty()),
        ("http-request", p.http_req_rules.len() > d.own_rules(RuleSets::HTTP_REQ)),
        ("redirect", !d.proxy.redirects.is_empty()),
        ("use_backend", !d.switching.is_empty()),
    ];
    let from = match set {
        RuleSets::TCP_CONN => 0,
        RuleSets::TCP_SESS => 1,
        RuleSets::TCP_REQ => 2,
        RuleSets::HTTP_REQ => 4,
        _ => return,
    };
    let server = ("use-server", !d.use_server.is_empty());
    let found = later[from..].iter().chain([&server]).find(|(_, any)| *any).map(|(n, _)| *n);
    if let Some(after) = found {
        tell_order(cx, a, a.name, after);
    }
}

fn inherit(to: &mut Draft, from: &Draft) {
    let (t, f) = (&mut to.proxy, &from.proxy);
    t.tcp_req_inspect_delay = f.tcp_req_inspect_delay;
    t.tcp_res_inspect_delay = f.tcp_res_inspect_delay;
    t.http_req_rules.clone_from(&f.http_req_rules);
    t.http_res_rules.clone_from(&f.http_res_rules);
    t.http_after_rules.clone_from(&f.http_after_rules);
    t.tcp_req_rules.clone_from(&f.tcp_req_rules);
    t.tcp_conn_rules.clone_from(&f.tcp_conn_rules);
    t.tcp_sess_rules.clone_from(&f.tcp_sess_rules);
    t.tcp_res_rules.clone_from(&f.tcp_res_rules);
    to.site.req_captures.clone_from(&from.site.req_captures);
    to.site.res_captures.clone_from(&from.site.res_captures);
    to.site.named_captures.clone_from(&from.site.named_captures);
    to.inherited_rules = [
        RuleSets::TCP_CONN,
        RuleSets::TCP_SESS,
        RuleSets::TCP_REQ,
        RuleSets::HTTP_REQ,
        RuleSets::HTTP_RES,
        RuleSets::HTTP_AFTER,
    ]
    .into_iter()
    .map(|set| (set, rules_mut(to, set).len()))
    .filter(|(_, rules)| *rules > 0)
    .collect();
    to.asked.extend(from.asked.iter().map(|(k, v)| (*k, *v)));
}
