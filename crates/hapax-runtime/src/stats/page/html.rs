//! The page itself: a table per proxy, coloured by state, with the buttons of administrators.

use std::fmt::Write as _;
use std::sync::atomic::Ordering::Relaxed;

use hapax_config::plan::StatsUri;

use super::super::rows::{self, Kind, Row};
use super::super::{Col, Filter};
use super::{Ask, Wishes};
use crate::state::Shared;

/// The columns of the tables: what is shown, and under which title.
const SHOWN: &[(Col, &str)] = &[
    (Col::Status, "Status"),
    (Col::Qcur, "Queue"),
    (Col::Qmax, "max"),
    (Col::Rate, "Rate"),
    (Col::RateMax, "max"),
    (Col::Scur, "Sessions"),
    (Col::Smax, "max"),
    (Col::Slim, "limit"),
    (Col::Stot, "total"),
    (Col::Lastsess, "last"),
    (Col::Bin, "Bytes in"),
    (Col::Bout, "out"),
    (Col::Dreq, "Denied req"),
    (Col::Dresp, "resp"),
    (Col::Ereq, "Errors req"),
    (Col::Econ, "conn"),
    (Col::Eresp, "resp"),
    (Col::Wretr, "Retries"),
    (Col::Wredis, "redisp"),
    (Col::CheckStatus, "Last check"),
    (Col::Weight, "Weight"),
    (Col::Act, "Act"),
    (Col::Bck, "Bck"),
    (Col::Chkfail, "Chk failed"),
    (Col::Chkdown, "Down"),
    (Col::Downtime, "Downtime"),
];

/// What administrators may ask of servers: the value of the form, and the words on the page.
const ACTIONS: &[(&str, &str)] = &[
    ("ready", "Set state to READY"),
    ("drain", "Set state to DRAIN"),
    ("maint", "Set state to MAINT"),
    ("dhlth", "Health: disable checks"),
    ("ehlth", "Health: enable checks"),
    ("hrunn", "Health: force UP"),
    ("hnolb", "Health: force NOLB"),
    ("hdown", "Health: force DOWN"),
    ("shutdown", "Kill sessions"),
];

const STYLE: &str = "body{font:13px/1.4 system-ui,sans-serif;margin:1.5em;color:#222;background:#fff}\
h1{font-size:1.3em;margin:0}h2{font-size:1.05em;margin:1.6em 0 .3em}p{margin:.4em 0}\
table{border-collapse:collapse}th,td{border:1px solid #ccc;padding:.15em .5em;text-align:right;white-space:nowrap}\
th{background:#eee;font-weight:600}td:first-child,th:first-child{text-align:left}\
.frontend td,.backend td{background:#f4f4f8;font-weight:600}.listener td{background:#fafafa}\
.up td.st{background:#b8e6b8}.down td.st{background:#f3b0b0}.maint td.st{background:#d9c08c}.drain td.st{background:#b9d3f0}\
.moving td.st{background:#f4e7a1}.nocheck td.st{background:#e6e6e6}.note{padding:.3em .6em;background:#eef;display:inline-block}";

pub(super) fn page(shared: &Shared, conf: &StatsUri, ask: &Ask<'_>, wishes: &Wishes<'_>, filter: &Filter<'_>) -> String {
    let mut out = String::with_capacity(16_384);
    head(&mut out, shared, conf, ask);
    if let Some(outcome) = wishes.outcome {
        let _ = write!(out, "<p class=\"note\">{}</p>", outcome_text(outcome));
    }
    links(&mut out, conf, wishes);
    let mut open: Option<(u32, bool)> = None;
    rows::all(shared, filter, ask.now_ms, |row| {
        if open.is_none_or(|(p, _)| p != row.proxy.0) {
            close(&mut out, open);
            let form = ask.admin && row_has_servers(shared, &row);
            begin(&mut out, shared, conf, &row, form);
            open = Some((row.proxy.0, form));
        }
        table_row(&mut out, shared, conf, &row, open.is_some_and(|o| o.1));
    });
    close(&mut out, open);
    out.push_str("</body></html>\n");
    out
}

fn head(out: &mut String, shared: &Shared, conf: &StatsUri, ask: &Ask<'_>) {
    let global = &shared.plan.global;
    let version = if conf.hide_version {
        String::new()
    } else {
        format!(" version {}", escape(ask.version))
    };
    let node = conf.show_node.as_ref().map(|n| format!(" on {}", escape(n))).unwrap_or_default();
    let _ = write!(
        out,
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>Statistics Report{node}</title><style>{STYLE}</style></head><body>"
    );
    let _ = write!(out, "<h1>HAProxy{version}: statistics{node}</h1>");
    if let Some(d) = conf.show_desc.as_ref().or(global.description.as_ref()) {
        let _ = write!(out, "<p>{}</p>", escape(d));
    }
    let up = (ask.now_ms * 1000).saturating_sub(shared.started_us) / 1_000_000;
    let (conns, max) = (shared.conns.load(Relaxed), shared.maxconn.load(Relaxed));
    let rate = shared.conn_rate.read(ask.now_ms);
    let _ = write!(
        out,
        "<p>pid {} &middot; {} threads &middot; up {}d {}h{:02}m{:02}s &middot; {conns} of {max} connections &middot; {rate} connections/s</p>",
        std::process::id(),
        shared.workers,
        up / 86400,
        up % 86400 / 3600,
        up % 3600 / 60,
        up % 60
    );
}

fn links(out: &mut String, conf: &StatsUri, wishes: &Wishes<'_>) {
    let path = escape(&String::from_utf8_lossy(&conf.uri));
    let hide = if wishes.up {
        ("", "Show all servers")
    } else {
        (";up", "Hide servers that are down")
    };
    let still = if wishes.no_refresh {
        ("", "Refresh")
    } else {
        (";norefresh", "Do not refresh")
    };
    let _ = write!(out, "<p><a href=\"{path}{}\">{}</a> &middot; ", hide.0, hide.1);
    if conf.refresh.is_some() {
        let _ = write!(out, "<a href=\"{path}{}\">{}</a> &middot; ", still.0, still.1);
    }
    let _ = write!(out, "<a href=\"{path};csv\">CSV</a> &middot; <a href=\"{path};json\">JSON</a></p>");
}

fn row_has_servers(shared: &Shared, row: &Row<'_>) -> bool {
    !shared.proxy(row.proxy).servers.is_empty()
}

fn begin(out: &mut String, shared: &Shared, conf: &StatsUri, row: &Row<'_>, form: bool) {
    let proxy = shared.conf(row.proxy);
    let name = escape(&proxy.name);
    let about = proxy.description.as_ref().map(|d| format!(": {}", escape(d))).unwrap_or_default();
    if form {
        let _ = write!(
            out,
            "<form method=\"post\" action=\"{}\">",
            escape(&String::from_utf8_lossy(&conf.uri))
        );
    }
    let _ = write!(
        out,
        "<h2 id=\"{name}\">{name}{about}</h2><table><tr><th>{}</th>",
        if form { "Server" } else { "" }
    );
    for (_, title) in SHOWN {
        let _ = write!(out, "<th>{title}</th>");
    }
    out.push_str("</tr>");
    if form {
        let _ = write!(out, "<input type=\"hidden\" name=\"b\" value=\"#{}\">", proxy.iid);
    }
}

fn close(out: &mut String, open: Option<(u32, bool)>) {
    let Some((_, form)) = open else { return };
    out.push_str("</table>");
    if form {
        out.push_str("<p><select name=\"action\">");
        for (value, words) in ACTIONS {
            let _ = write!(out, "<option value=\"{value}\">{words}</option>");
        }
        out.push_str("</select> <button>Apply</button></p></form>");
    }
}

fn table_row(out: &mut String, shared: &Shared, conf: &StatsUri, row: &Row<'_>, form: bool) {
    let mut name = String::new();
    if let Some(v) = row.get(Col::Svname) {
        v.write(&mut name);
    }
    let name = escape(&name);
    let _ = write!(
        out,
        "<tr class=\"{} {}\"><td>",
        row.kind.word().to_ascii_lowercase(),
        state_class(row)
    );
    if form && row.kind == Kind::Server {
        let _ = write!(out, "<input type=\"checkbox\" name=\"s\" value=\"{name}\"> ");
    }
    let _ = write!(out, "<span title=\"{}\">{name}</span></td>", escape(&legend(shared, conf, row)));
    for (col, _) in SHOWN {
        let mut text = String::new();
        if let Some(v) = row.get(*col) {
            v.write(&mut text);
        }
        let class = if *col == Col::Status { " class=\"st\"" } else { "" };
        let _ = write!(out, "<td{class}>{}</td>", escape(&text));
    }
    out.push_str("</tr>");
}

/// What `stats show-legends` tells of an object.
fn legend(shared: &Shared, conf: &StatsUri, row: &Row<'_>) -> String {
    if !conf.show_legends {
        return String::new();
    }
    let proxy = shared.conf(row.proxy);
    let text = |col| {
        let mut s = String::new();
        if let Some(v) = row.get(col) {
            v.write(&mut s);
        }
        s
    };
    match row.kind {
        Kind::Backend => format!("id {}, {}, {}", row.iid, text(Col::Algo), text(Col::Mode)),
        Kind::Server => format!("id {}, {} {}", row.sid, text(Col::Addr), text(Col::Cookie)),
        Kind::Frontend | Kind::Listener => format!("id {}, {} binds", row.iid, proxy.binds.len()),
    }
}

fn state_class(row: &Row<'_>) -> &'static str {
    let mut state = String::new();
    if let Some(v) = row.get(Col::Status) {
        v.write(&mut state);
    }
    match state.as_str() {
        s if s.starts_with("MAINT") => "maint",
        s if s.starts_with("DRAIN") || s.starts_with("NOLB") => "drain",
        "DOWN" | "STOP" | "PAUSED" => "down",
        s if s.starts_with("DOWN (") => "down",
        s if s.contains('/') && !s.contains('(') => "moving",
        "no check" => "nocheck",
        _ => "up",
    }
}

fn outcome_text(code: &str) -> &'static str {
    match code {
        "DONE" => "Action processed.",
        "NONE" => "Nothing was changed.",
        "PART" => "Action partially processed: some servers are not known.",
        "DENY" => "Action denied.",
        "ERRP" => "Action not processed: the request was not understood.",
        "EXCD" => "Action not processed: the request was too long.",
        _ => "Unexpected result.",
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}
