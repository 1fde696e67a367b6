//! Counters that outlive a process (`dump stats-file`, `stats-file`): those of proxies and servers with a `guid`, in the form of
//! HAProxy's files. What a file says of somebody who is not there, and what is no number, is passed over.

use std::collections::HashMap;

use hapax_config::plan::{Proxy, ProxyCaps};

use super::columns::{COLUMNS, Col};
use super::field::Value;
use super::rows::{self, Row};
use crate::state::{BackendCounters, Count, FrontendCounters, ListenerCounters, ProxyState, ServerCounters, Shared};

/// Columns of a file's two parts, in the order HAProxy has them.
#[rustfmt::skip]
const FRONT: &[Col] = &[
    Col::Stot, Col::Bin, Col::Bout, Col::Dreq, Col::Dresp, Col::Ereq, Col::Rate, Col::Hrsp1xx, Col::Hrsp2xx, Col::Hrsp3xx,
    Col::Hrsp4xx, Col::Hrsp5xx, Col::HrspOther, Col::ReqRate, Col::ReqTot, Col::CompIn, Col::CompOut, Col::CompByp, Col::CompRsp,
    Col::ConnRate, Col::ConnTot, Col::Intercepted, Col::Dcon, Col::Dses, Col::Wrew, Col::CacheLookups, Col::CacheHits, Col::Eint,
    Col::H1sess, Col::H2sess, Col::H3sess, Col::ReqOther, Col::H1req, Col::H2req, Col::H3req,
    Col::Reqbin, Col::Reqbout, Col::Resbin, Col::Resbout, Col::CacheHintHits,
];
#[rustfmt::skip]
const BACK: &[Col] = &[
    Col::Stot, Col::Bin, Col::Bout, Col::Dreq, Col::Dresp, Col::Econ, Col::Eresp, Col::Wretr, Col::Wredis, Col::Chkfail,
    Col::Chkdown, Col::Lastchg, Col::Lbtot, Col::Rate, Col::Hrsp1xx, Col::Hrsp2xx, Col::Hrsp3xx, Col::Hrsp4xx, Col::Hrsp5xx,
    Col::HrspOther, Col::Hanafail, Col::ReqTot, Col::CliAbrt, Col::SrvAbrt, Col::CompIn, Col::CompOut, Col::CompByp, Col::CompRsp,
    Col::Lastsess, Col::Wrew, Col::Connect, Col::Reuse, Col::CacheLookups, Col::CacheHits, Col::Eint,
    Col::Reqbin, Col::Reqbout, Col::Resbin, Col::Resbout, Col::CacheHintHits,
];

/// Whether a file has the column.
pub(super) fn is_kept(col: Col) -> bool {
    FRONT.contains(&col) || BACK.contains(&col)
}

/// `dump stats-file`
pub fn dump(shared: &Shared, now_ms: u64) -> String {
    let mut out = String::new();
    head("#fe", FRONT, &mut out);
    for (state, conf) in shared.every_proxy().filter(|(_, p)| p.caps.contains(ProxyCaps::FRONTEND)) {
        if let Some(guid) = &conf.guid {
            line(guid, FRONT, &rows::frontend(shared, state, conf, now_ms), &mut out);
        }
        for (i, bind) in conf.binds.iter().enumerate() {
            if let (Some(guid), Some(own)) = (&bind.guid, state.own_counters(i as u32)) {
                listener_line(guid, &own.counters, &mut out);
            }
        }
    }
    out.push('\n');
    head("#be", BACK, &mut out);
    for (state, conf) in shared.every_proxy().filter(|(_, p)| p.caps.contains(ProxyCaps::BACKEND)) {
        for (i, s) in state.servers.iter() {
            if let Some(guid) = &s.conf().guid {
                line(guid, BACK, &rows::server(shared, state, conf, i, now_ms), &mut out);
            }
        }
        if let Some(guid) = &conf.guid {
            line(guid, BACK, &rows::backend(state, conf, false, now_ms), &mut out);
        }
    }
    out
}

fn head(part: &str, columns: &[Col], out: &mut String) {
    out.push_str(part);
    out.push_str(" guid,");
    for col in columns {
        out.push_str(col.name());
        out.push(',');
    }
    out.push('\n');
}

fn line(guid: &str, columns: &[Col], row: &Row<'_>, out: &mut String) {
    out.push_str(guid);
    out.push(',');
    for col in columns {
        match row.get(*col) {
            // Times that have passed are this process's.
            None | Some(Value::Str(_) | Value::S32(_) | Value::Float(_)) => out.push('0'),
            Some(number) => number.write(out),
        }
        out.push(',');
    }
    out.push('\n');
}

/// A listener's line has counts that its row does not show.
fn listener_line(guid: &str, counters: &ListenerCounters, out: &mut String) {
    out.push_str(guid);
    for col in FRONT {
        let shown = match col {
            Col::Reqbin => Col::Bin,
            Col::Resbin => Col::Bout,
            other => *other,
        };
        out.push(',');
        out.push_str(&listener(counters, shown).map_or(0, Count::get).to_string());
    }
    out.push_str(",\n");
}

/// One side of an object that a file may know.
#[derive(Clone, Copy)]
enum Object<'a> {
    Front(&'a FrontendCounters),
    Back(&'a BackendCounters),
    Server(&'a ServerCounters),
    Listener(&'a ListenerCounters),
}

/// Gives the counters what a file says (`stats-file`).
pub fn load(shared: &Shared, text: &str) {
    let (fronts, backs) = known(shared);
    let mut part: Option<Part<'_, '_>> = None;
    for row in text.lines().map(str::trim) {
        if let Some(head) = row.strip_prefix('#') {
            let (name, columns) = head.split_once(' ').unwrap_or((head, ""));
            let columns = columns.split(',').map(column).collect();
            part = match name {
                "fe" => Some((&fronts, columns)),
                "be" => Some((&backs, columns)),
                _ => None,
            };
            continue;
        }
        let Some((objects, columns)) = &part else { continue };
        let mut words = row.split(',');
        let Some(object) = words.next().and_then(|guid| objects.get(guid)) else {
            continue;
        };
        for (word, col) in words.zip(columns.iter().skip(1)) {
            if let (Ok(n), Some(count)) = (word.parse(), col.and_then(|c| object.count(c))) {
                count.start_at(n);
            }
        }
    }
}

fn column(name: &str) -> Option<Col> {
    let columns = FRONT.iter().chain(BACK);
    columns.copied().find(|c| COLUMNS[*c as usize].0 == name)
}

type Objects<'a> = HashMap<String, Object<'a>>;
/// What the lines of a part are about, and its columns.
type Part<'p, 'a> = (&'p Objects<'a>, Vec<Option<Col>>);

fn known(shared: &Shared) -> (Objects<'_>, Objects<'_>) {
    let (mut fronts, mut backs) = (Objects::new(), Objects::new());
    for (state, conf) in shared.every_proxy() {
        own(state, conf, &mut fronts, &mut backs);
        for (i, bind) in conf.binds.iter().enumerate() {
            if let (Some(guid), Some(own)) = (&bind.guid, state.own_counters(i as u32)) {
                fronts.insert(guid.to_string(), Object::Listener(&own.counters));
            }
        }
        for (_, s) in state.servers.iter() {
            if let Some(guid) = &s.conf().guid {
                backs.insert(guid.to_string(), Object::Server(&s.counters));
            }
        }
    }
    (fronts, backs)
}

fn own<'a>(state: &'a ProxyState, conf: &Proxy, fronts: &mut Objects<'a>, backs: &mut Objects<'a>) {
    let Some(guid) = &conf.guid else { return };
    if conf.caps.contains(ProxyCaps::FRONTEND) {
        fronts.insert(guid.to_string(), Object::Front(&state.fe));
    }
    if conf.caps.contains(ProxyCaps::BACKEND) {
        backs.insert(guid.to_string(), Object::Back(&state.be));
    }
}

impl<'a> Object<'a> {
    /// The counter that a column shows.
    fn count(self, col: Col) -> Option<&'a Count> {
        match self {
            Self::Front(c) => front(c, col),
            Self::Back(c) => back(c, col),
            Self::Server(c) => server(c, col),
            Self::Listener(c) => listener(c, col),
        }
    }
}

/// The counter of a column: what every side counts, and what is counted by this one beside it.
macro_rules! counter {
    ($c:ident, $col:ident, $($own:ident => $field:ident),*) => {
        Some(match $col {
            Col::Stot => &$c.sess_tot,
            Col::Bin => &$c.bytes_in,
            Col::Bout => &$c.bytes_out,
            Col::Dresp => &$c.denied_resp,
            Col::Reqbout => &$c.req_out,
            Col::Resbout => &$c.res_out,
            Col::Wrew => &$c.failed_rewrites,
            Col::Eint => &$c.internal_errors,
            $(Col::$own => &$c.$field,)*
            _ => return None,
        })
    };
}

/// The same, of those whose answers are counted.
macro_rules! answering {
    ($c:ident, $col:ident, $($own:ident => $field:ident),*) => {
        Some(match $col {
            Col::Hrsp1xx => &$c.rsp_1xx,
            Col::Hrsp2xx => &$c.rsp_2xx,
            Col::Hrsp3xx => &$c.rsp_3xx,
            Col::Hrsp4xx => &$c.rsp_4xx,
            Col::Hrsp5xx => &$c.rsp_5xx,
            Col::HrspOther => &$c.rsp_other,
            Col::ReqTot => &$c.req_tot,
            other => return counter!($c, other, $($own => $field),*),
        })
    };
}

#[rustfmt::skip]
fn front(c: &FrontendCounters, col: Col) -> Option<&Count> {
    answering!(c, col,
        Dreq => denied_req, Ereq => failed_req, CompIn => comp_in, CompOut => comp_out, CompByp => comp_byp,
        CompRsp => comp_rsp, ConnTot => conn_tot, Intercepted => intercepted, Dcon => denied_conn, Dses => denied_sess,
        CacheLookups => cache_lookups, CacheHits => cache_hits, H1sess => h1_sess, H1req => req_tot
    )
}

#[rustfmt::skip]
fn back(c: &BackendCounters, col: Col) -> Option<&Count> {
    answering!(c, col,
        Dreq => denied_req, Econ => failed_conns, Eresp => failed_resp, Wretr => retries, Wredis => redispatches,
        Chkdown => chkdown, Lbtot => lb_total, CliAbrt => cli_aborts, SrvAbrt => srv_aborts, CompIn => comp_in,
        CompOut => comp_out, CompByp => comp_byp, CompRsp => comp_rsp, Connect => connect, Reuse => reuse
    )
}

#[rustfmt::skip]
fn server(c: &ServerCounters, col: Col) -> Option<&Count> {
    answering!(c, col,
        Econ => failed_conns, Eresp => failed_resp, Wretr => retries, Wredis => redispatches, Chkfail => failed_checks,
        Hanafail => failed_observed, Chkdown => down_transitions, Lbtot => lb_total, CliAbrt => cli_aborts, SrvAbrt => srv_aborts, Connect => connect,
        Reuse => reuse
    )
}

#[rustfmt::skip]
fn listener(c: &ListenerCounters, col: Col) -> Option<&Count> {
    counter!(c, col,
        Dreq => denied_req, Ereq => failed_req, ConnTot => conn_tot, Dcon => denied_conn, Dses => denied_sess,
        H1sess => h1_sess, H1req => req_tot
    )
}
