//! `show stat`: the counters of proxies and servers.

use hapax_runtime::stats::{self, Filter};
use hapax_sample::ProxyId;

use super::own::row;
use crate::command::{Answer, Call, Command};
use hapax_config::plan::SocketLevel;
use hapax_value::Support;

pub(super) static ROWS: &[Command] = &[
    row!(
        &["show", "stat"],
        User,
        "show stat [desc|json|no-maint|typed|up]*",
        "show the counters of proxies and servers",
        show_stat
    ),
    Command {
        support: Support::Partial("counters of single listeners are not kept"),
        ..row!(
            &["dump", "stats-file"],
            Operator,
            "dump stats-file",
            "write the counters for another process",
            |c| Answer::Text(stats::kept::dump(c.control.shared(), c.control.now_ms()))
        )
    },
];

/// `show stat [domain <resolvers|proxy>] [<iid> <type> <sid>] [desc|json|no-maint|typed|up]*`
fn show_stat(c: &mut Call<'_>) -> Answer {
    let mut args = c.args();
    let mut filter = Filter::default();
    if let [domain, which, rest @ ..] = args
        && domain == "domain"
    {
        match which.as_str() {
            "proxy" => args = rest,
            "resolvers" => return super::resolvers::statistics(c, rest),
            _ => return Answer::err("Invalid statistics domain."),
        }
    }
    // Three words name what is wanted, unless they are words of the format.
    if let [id, kinds, sid, rest @ ..] = args
        && let (Ok(kinds), Ok(sid)) = (kinds.parse::<i64>(), sid.parse::<i64>())
    {
        match proxy_id(c, id) {
            Ok(p) => filter.proxy = p,
            Err(answer) => return answer,
        }
        filter.kinds = if kinds < 0 { 0 } else { kinds as u32 };
        filter.sid = u32::try_from(sid).ok();
        args = rest;
    }
    let has = |w: &str| args.iter().any(|a| a == w);
    filter.up = has("up");
    filter.no_maint = has("no-maint");
    let (shared, now) = (c.control.shared(), c.control.now_ms());
    Answer::Text(if has("json") {
        stats::json(shared, &filter, has("desc"), now)
    } else if has("typed") {
        stats::typed(shared, &filter, has("desc"), now)
    } else {
        stats::csv(shared, &filter, now)
    })
}

/// A proxy by its id (-1: all) or its name.
fn proxy_id(c: &Call<'_>, text: &str) -> Result<Option<ProxyId>, Answer> {
    let mut all = c.control.shared().every_proxy();
    match text.parse::<i64>() {
        Ok(n) if n < 0 => Ok(None),
        Ok(n) => {
            let found = all.find(|(_, p)| i64::from(p.iid) == n);
            // An id that nobody has selects nothing.
            Ok(Some(found.map_or(ProxyId(u32::MAX), |(state, _)| state.id)))
        }
        Err(_) => match all.find(|(_, p)| *p.name == *text) {
            Some((state, _)) => Ok(Some(state.id)),
            None => Err(Answer::err("No such proxy.")),
        },
    }
}
