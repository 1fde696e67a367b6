//! The rows of `show stat`: what each kind of object tells, column by column, in the order of the columns.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use hapax_balance::CheckStatus;
use hapax_config::plan::{Balance, BindAddress, Mode, Observe, Proxy, ProxyCaps, Server};
use hapax_sample::{ProxyId, ServerId};
use hapax_value::Endpoint;

use super::columns::Col;
use super::field::{Tags, Value};
use crate::state::{Admin, CheckView, Count, Oper, ProxyState, ServerState, Shared};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Frontend,
    Backend,
    Server,
    Listener,
}

impl Kind {
    pub fn letter(self) -> char {
        match self {
            Self::Frontend => 'F',
            Self::Backend => 'B',
            Self::Server => 'S',
            Self::Listener => 'L',
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Frontend => "Frontend",
            Self::Backend => "Backend",
            Self::Server => "Server",
            Self::Listener => "Listener",
        }
    }
}

/// One object's values; columns that do not apply are absent.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    pub kind: Kind,
    pub proxy: ProxyId,
    pub server: Option<ServerId>,
    pub iid: u32,
    pub sid: u32,
    pub cells: Vec<(Col, Tags, Value<'a>)>,
}

impl<'a> Row<'a> {
    fn new(kind: Kind, proxy: ProxyId, name: &'a str, svname: impl Into<Cow<'a, str>>, (iid, sid): (u32, u32)) -> Self {
        let mut row = Self {
            kind,
            proxy,
            server: None,
            iid,
            sid,
            cells: Vec::with_capacity(80),
        };
        row.text(Col::Pxname, b"KNS", name);
        row.text(Col::Svname, b"KNS", svname);
        row
    }

    /// The value of a column.
    pub fn get(&self, col: Col) -> Option<&Value<'a>> {
        let at = self.cells.binary_search_by_key(&col, |c| c.0).ok()?;
        Some(&self.cells[at].2)
    }

    fn put(&mut self, col: Col, tags: Tags, value: Value<'a>) {
        debug_assert!(self.cells.last().is_none_or(|c| c.0 < col), "{col:?} is out of order");
        self.cells.push((col, tags, value));
    }

    fn text(&mut self, col: Col, tags: Tags, s: impl Into<Cow<'a, str>>) {
        self.put(col, tags, Value::text(s));
    }

    fn u32(&mut self, col: Col, tags: Tags, n: u32) {
        self.put(col, tags, Value::U32(n));
    }

    fn count(&mut self, col: Col, counter: &Count) {
        self.put(col, b"MCP", Value::U64(counter.get()));
    }

    fn gauge(&mut self, col: Col, now: &AtomicU32) {
        self.u32(col, b"MGP", now.load(Relaxed));
    }

    fn most(&mut self, col: Col, max: &AtomicU32) {
        self.u32(col, b"MMP", max.load(Relaxed));
    }

    fn zero(&mut self, col: Col) {
        self.put(col, b"MCP", Value::U64(0));
    }

    fn limit(&mut self, col: Col, n: u32) {
        if n > 0 {
            self.u32(col, b"CLP", n);
        }
    }

    /// What a server tells while it starts.
    fn throttle(&mut self, percent: Option<u32>) {
        if let Some(percent) = percent {
            self.u32(Col::Throttle, b"MaP", percent);
        }
    }

    fn ids(&mut self, kind: u32) {
        let (iid, sid) = (self.iid, self.sid);
        self.u32(Col::Pid, b"KGP", 1);
        self.u32(Col::Iid, b"KGS", iid);
        self.u32(Col::Sid, b"KGS", sid);
        // `lbtot` and `tracked` stand before the type; kinds that have them add them first.
        if kind != 2 && kind != 1 {
            self.u32(Col::Type, b"CGS", kind);
        }
    }
}

pub fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Tcp => "tcp",
        Mode::Http => "http",
        Mode::Health => "health",
        Mode::Log => "syslog",
        Mode::Spop => "spop",
        Mode::Haterm => "haterm",
    }
}

pub fn algo_name(balance: &Balance) -> &'static str {
    match balance {
        Balance::RoundRobin => "roundrobin",
        Balance::StaticRr => "static-rr",
        Balance::LeastConn => "leastconn",
        Balance::First => "first",
        Balance::Source => "source",
        Balance::Uri(_) => "uri",
        Balance::Param { .. } => "url_param",
        Balance::Header(_) | Balance::Domain(_) => "hdr",
        Balance::RdpCookie(_) => "rdp-cookie",
        Balance::Hash(_) => "hash",
        Balance::LogHash(_) => "log-hash",
        // Those have no name here.
        Balance::Random(_) | Balance::Sticky => "unknown",
    }
}

/// What went on beside what came: bytes of requests and responses.
macro_rules! passed {
    ($row:ident, $c:expr) => {
        $row.count(Col::Reqbin, &$c.bytes_in);
        $row.count(Col::Reqbout, &$c.req_out);
        $row.count(Col::Resbin, &$c.bytes_out);
        $row.count(Col::Resbout, &$c.res_out);
    };
}

macro_rules! ssl {
    ($row:ident, $c:expr) => {
        $row.count(Col::SslSess, &$c.ssl_sess);
        $row.count(Col::SslReusedSess, &$c.ssl_reused);
        $row.count(Col::SslFailedHandshake, &$c.ssl_failed);
        // Nothing is stapled.
        $row.zero(Col::SslOcspStaple);
        $row.zero(Col::SslFailedOcspStaple);
    };
}

macro_rules! http_responses {
    ($row:ident, $c:expr) => {
        $row.count(Col::Hrsp1xx, &$c.rsp_1xx);
        $row.count(Col::Hrsp2xx, &$c.rsp_2xx);
        $row.count(Col::Hrsp3xx, &$c.rsp_3xx);
        $row.count(Col::Hrsp4xx, &$c.rsp_4xx);
        $row.count(Col::Hrsp5xx, &$c.rsp_5xx);
        $row.count(Col::HrspOther, &$c.rsp_other);
    };
}

/// The frontend's line.
pub fn frontend<'a>(shared: &'a Shared, state: &'a ProxyState, conf: &'a Proxy, now_ms: u64) -> Row<'a> {
    let http = conf.mode == Mode::Http;
    let c = &state.fe;
    let mut r = Row::new(Kind::Frontend, state.id, &conf.name, "FRONTEND", (conf.iid, 0));
    r.gauge(Col::Scur, &state.fe_cur);
    r.most(Col::Smax, &state.fe_max);
    let own = state.maxconn.load(Relaxed);
    r.u32(Col::Slim, b"CLP", if own > 0 { own } else { shared.maxconn.load(Relaxed) });
    r.count(Col::Stot, &c.sess_tot);
    r.count(Col::Bin, &c.bytes_in);
    r.count(Col::Bout, &c.bytes_out);
    r.count(Col::Dreq, &c.denied_req);
    r.count(Col::Dresp, &c.denied_resp);
    r.count(Col::Ereq, &c.failed_req);
    r.text(Col::Status, b"SGP", frontend_status(state));
    r.ids(0);
    r.u32(Col::Rate, b"MRP", state.sess_rate.read(now_ms));
    r.u32(Col::RateLim, b"CLP", conf.rate_limit);
    r.u32(Col::RateMax, b"MMP", state.sess_rate.max());
    if http {
        http_responses!(r, c);
    }
    r.u32(Col::ReqRate, b"MRP", state.req_rate.read(now_ms));
    r.u32(Col::ReqRateMax, b"MMP", state.req_rate.max());
    r.count(Col::ReqTot, &c.req_tot);
    r.count(Col::CompIn, &c.comp_in);
    r.count(Col::CompOut, &c.comp_out);
    r.count(Col::CompByp, &c.comp_byp);
    r.count(Col::CompRsp, &c.comp_rsp);
    r.text(Col::Mode, b"CGS", mode_name(conf.mode));
    r.u32(Col::ConnRate, b"MRP", state.conn_rate.read(now_ms));
    r.u32(Col::ConnRateMax, b"MMP", state.conn_rate.max());
    r.count(Col::ConnTot, &c.conn_tot);
    if http {
        r.count(Col::Intercepted, &c.intercepted);
    }
    r.count(Col::Dcon, &c.denied_conn);
    r.count(Col::Dses, &c.denied_sess);
    r.count(Col::Wrew, &c.failed_rewrites);
    if http {
        r.count(Col::CacheLookups, &c.cache_lookups);
        r.count(Col::CacheHits, &c.cache_hits);
    }
    r.count(Col::Eint, &c.internal_errors);
    protocols(&mut r, c);
    passed!(r, c);
    if http {
        r.zero(Col::CacheHintHits);
    }
    no_h2(&mut r);
    ssl!(r, c);
    let streams = state.http_begun.get().saturating_sub(state.http_ended.get());
    let connections = if http { u64::from(state.fe_cur.load(Relaxed)) } else { 0 };
    h1_now(&mut r, connections, streams);
    r.count(Col::H1TotalConnections, &c.h1_sess);
    r.count(Col::H1TotalStreams, &c.h1_streams);
    h1_bytes(&mut r, [&c.h1_in, &c.h1_out, &c.spliced_in, &c.spliced_out], http);
    r
}

/// HTTP/2 is not spoken: nothing of it happens.
fn no_h2(r: &mut Row<'_>) {
    let columns = [
        Col::H2HeadersRcvd,
        Col::H2DataRcvd,
        Col::H2SettingsRcvd,
        Col::H2RstStreamRcvd,
        Col::H2GoawayRcvd,
        Col::H2ConnErrors,
        Col::H2StrmErrors,
        Col::H2RstStreamResp,
        Col::H2GoawayResp,
        Col::H2OpenConnections,
        Col::H2OpenStreams,
        Col::H2TotalConnections,
        Col::H2TotalStreams,
    ];
    for col in columns {
        let now = matches!(col, Col::H2OpenConnections | Col::H2OpenStreams);
        r.put(col, if now { b"MGP" } else { b"MCP" }, Value::U64(0));
    }
}

fn h1_now(r: &mut Row<'_>, connections: u64, streams: u64) {
    r.put(Col::H1OpenConnections, b"MGP", Value::U64(connections));
    r.put(Col::H1OpenStreams, b"MGP", Value::U64(streams));
}

/// Bytes in and out, and those of them that were spliced; what is spliced in TCP mode is not of HTTP/1.
fn h1_bytes(r: &mut Row<'_>, counts: [&Count; 4], http: bool) {
    let columns = [Col::H1BytesIn, Col::H1BytesOut, Col::H1SplicedIn, Col::H1SplicedOut];
    for (at, (col, count)) in columns.into_iter().zip(counts).enumerate() {
        let n = if http || at < 2 { count.get() } else { 0 };
        r.put(col, b"MCP", Value::U64(n));
    }
}

fn protocols(r: &mut Row<'_>, c: &crate::state::FrontendCounters) {
    let (sessions, h1) = (c.sess_tot.get(), c.h1_sess.get());
    let cells = [
        (Col::SessOther, sessions.saturating_sub(h1)),
        (Col::H1sess, h1),
        (Col::H2sess, 0),
        (Col::H3sess, 0),
        (Col::ReqOther, 0),
        (Col::H1req, c.req_tot.get()),
        (Col::H2req, 0),
        (Col::H3req, 0),
    ];
    for (col, n) in cells {
        r.put(col, b"MCP", Value::U64(n));
    }
}

fn frontend_status(state: &ProxyState) -> &'static str {
    if state.stopped.load(Relaxed) {
        "STOP"
    } else if state.paused.load(Relaxed) {
        "PAUSED"
    } else {
        "OPEN"
    }
}

/// A listener's line (`option socket-stats`).
pub fn listener<'a>(state: &'a ProxyState, conf: &'a Proxy, index: usize) -> Row<'a> {
    let bind = &conf.binds[index];
    let name: Cow<'a, str> = match &bind.name {
        Some(n) => Cow::Borrowed(n),
        None => format!("sock-{}", index + 1).into(),
    };
    let mut r = Row::new(Kind::Listener, state.id, &conf.name, "", (conf.iid, bind.id));
    r.cells[1].2 = Value::Str(name);
    let own = state.own_counters(index as u32);
    if let Some(own) = own {
        let c = &own.counters;
        r.gauge(Col::Scur, &state.listeners[index]);
        r.most(Col::Smax, &own.max);
        r.u32(Col::Slim, b"CLP", bind.maxconn.unwrap_or(0));
        r.count(Col::Stot, &c.sess_tot);
        r.count(Col::Bin, &c.bytes_in);
        r.count(Col::Bout, &c.bytes_out);
        r.count(Col::Dreq, &c.denied_req);
        r.count(Col::Dresp, &c.denied_resp);
        r.count(Col::Ereq, &c.failed_req);
    }
    r.text(Col::Status, b"SGP", if state.paused.load(Relaxed) { "WAITING" } else { "OPEN" });
    r.ids(3);
    let addr = match &bind.address {
        BindAddress::At(e) => endpoint_text(e),
        BindAddress::Fd(n) => format!("fd@{n}"),
    };
    r.text(Col::Addr, b"CGS", addr);
    r.text(Col::Mode, b"CGS", mode_name(conf.mode));
    if let Some(own) = own {
        let c = &own.counters;
        r.count(Col::ConnTot, &c.conn_tot);
        r.count(Col::Dcon, &c.denied_conn);
        r.count(Col::Dses, &c.denied_sess);
        r.count(Col::Wrew, &c.failed_rewrites);
        r.count(Col::Eint, &c.internal_errors);
        r.text(Col::Proto, b"SGP", protocol(&bind.address));
        passed!(r, c);
        ssl!(r, c);
    }
    r
}

fn protocol(address: &BindAddress) -> &'static str {
    match address {
        BindAddress::At(Endpoint::Ip(a)) if a.is_ipv6() => "tcpv6",
        BindAddress::At(Endpoint::Unix(_)) => "unix_stream",
        BindAddress::At(Endpoint::Abstract(..)) => "abns_stream",
        BindAddress::At(Endpoint::Ip(_)) | BindAddress::Fd(_) => "tcpv4",
    }
}

pub fn endpoint_text(e: &Endpoint) -> String {
    match e {
        Endpoint::Ip(a) => a.to_string(),
        Endpoint::Unix(p) => format!("unix@{p}"),
        Endpoint::Abstract(n, _) => format!("abns@{}", String::from_utf8_lossy(n)),
    }
}

/// Where a server is: paths and names are not told, and a port that follows the client's is told by its distance.
fn server_address(e: &Endpoint, offset: Option<i32>) -> String {
    match (e, offset) {
        (Endpoint::Ip(std::net::SocketAddr::V4(a)), Some(n)) => format!("{}:{n}", a.ip()),
        (Endpoint::Ip(std::net::SocketAddr::V6(a)), Some(n)) => format!("[{}]:{n}", a.ip()),
        (Endpoint::Ip(a), None) => a.to_string(),
        (Endpoint::Unix(_) | Endpoint::Abstract(..), _) => "unix".to_owned(),
    }
}

/// The state of a server as the statistics put it.
pub fn server_status(shared: &Shared, conf: &Server, state: &ServerState) -> String {
    let admin = state.admin();
    if admin & Admin::MAINT != 0 {
        return if admin & Admin::RMAINT != 0 {
            "MAINT (resolution)".into()
        } else if admin & Admin::IMAINT != 0 && admin & Admin::FMAINT == 0 {
            let via = conf.track.map(|(p, s)| shared.server_name(ProxyId(p), ServerId(s)));
            format!("MAINT (via {})", via.unwrap_or_default())
        } else {
            "MAINT".into()
        };
    }
    let draining = admin & Admin::DRAIN != 0;
    // The end of a chain of trackers is who is checked.
    let (mut looked_after, mut tracked) = (state, conf.track);
    while let Some((p, s)) = tracked {
        looked_after = shared.server(ProxyId(p), ServerId(s));
        tracked = looked_after.conf().track;
    }
    let checked = (conf.check.is_some() || conf.track.is_some()) && looked_after.check_enabled.load(Relaxed);
    let health = looked_after.check().health;
    let (n, of, _) = health.shown();
    let falling = || match health.left() {
        Some((n, of)) if checked => format!(" {n}/{of}"),
        _ => String::new(),
    };
    match state.oper() {
        Oper::Stopped if state.agent().is_some_and(|a| !a.says_up()) => "DOWN (agent)".into(),
        Oper::Stopped if health.is_moving() => format!("DOWN {n}/{of}"),
        Oper::Stopped => "DOWN".into(),
        _ if draining && state.agent().is_some_and(|a| a.enabled.load(Relaxed)) => "DRAIN (agent)".into(),
        _ if draining => format!("DRAIN{}", falling()),
        Oper::Stopping => format!("NOLB{}", falling()),
        Oper::Starting | Oper::Running if !checked => "no check".into(),
        Oper::Starting | Oper::Running => format!("UP{}", falling()),
    }
}

/// What check and agent found, in words, and their counters.
fn health(r: &mut Row<'_>, check: Option<&CheckView>, agent: Option<&CheckView>) {
    if let Some(view) = agent {
        let star = if view.running { "* " } else { "" };
        r.text(Col::AgentStatus, b"MOP", format!("{star}{}", view.last.status.code()));
        if view.last.status.has_code() {
            r.u32(Col::AgentCode, b"MCP", u32::from(view.last.code));
        }
        r.put(Col::AgentDuration, b"MDP", Value::U64(view.last.duration_ms));
    }
    if let Some(view) = check {
        r.text(Col::CheckDesc, b"MOP", view.last.status.text());
    }
    if let Some(view) = agent {
        r.text(Col::AgentDesc, b"MOP", view.last.status.text());
    }
    if let Some(view) = check {
        r.u32(Col::CheckRise, b"CGS", view.health.rise());
        r.u32(Col::CheckFall, b"CGS", view.health.fall());
        r.u32(Col::CheckHealth, b"CGS", view.health.value());
    }
    if let Some(view) = agent {
        r.u32(Col::AgentRise, b"CGS", view.health.rise());
        r.u32(Col::AgentFall, b"CGS", view.health.fall());
        r.u32(Col::AgentHealth, b"CGS", view.health.value());
    }
}

/// How the last check ended.
fn last_check(r: &mut Row<'_>, view: &CheckView) {
    let star = if view.running { "* " } else { "" };
    r.text(Col::CheckStatus, b"MOP", format!("{star}{}", view.last.status.code()));
    if view.last.status.has_code() {
        r.u32(Col::CheckCode, b"MCP", u32::from(view.last.code));
    }
    if view.last.status != CheckStatus::Init {
        r.put(Col::CheckDuration, b"MDP", Value::U64(view.last.duration_ms));
    }
}

/// What the last check was told, on one line; what the one under way will be told is not known yet.
fn said(view: &CheckView) -> String {
    let info = if view.running { "" } else { &*view.last.info };
    info.trim_end_matches('\n').replace('\n', " ")
}

/// A server's line.
pub fn server<'a>(shared: &'a Shared, proxy: &'a ProxyState, conf: &'a Proxy, index: usize, now_ms: u64) -> Row<'a> {
    let s = &proxy.servers[index];
    let sc = &*s.conf();
    let c = &s.counters;
    let http = conf.mode == Mode::Http;
    let mut r = Row::new(Kind::Server, proxy.id, &conf.name, sc.name.to_string(), (conf.iid, sc.id));
    r.server = Some(ServerId(index as u32));
    r.gauge(Col::Qcur, &s.queue_cur);
    r.most(Col::Qmax, &s.queue_max);
    r.gauge(Col::Scur, &s.cur_sess);
    r.most(Col::Smax, &s.max_sess);
    r.limit(Col::Slim, s.maxconn.load(Relaxed));
    r.count(Col::Stot, &c.sess_tot);
    r.count(Col::Bin, &c.bytes_in);
    r.count(Col::Bout, &c.bytes_out);
    r.count(Col::Dresp, &c.denied_resp);
    r.count(Col::Econ, &c.failed_conns);
    r.count(Col::Eresp, &c.failed_resp);
    r.count(Col::Wretr, &c.retries);
    r.count(Col::Wredis, &c.redispatches);
    r.text(Col::Status, b"SGP", server_status(shared, sc, s));
    r.u32(Col::Weight, b"MaP", s.effective_weight().div_ceil(hapax_balance::SCALE));
    r.u32(Col::Act, b"SGP", u32::from(!sc.backup));
    r.u32(Col::Bck, b"SGP", u32::from(sc.backup));
    if sc.check.is_some() && s.check_enabled.load(Relaxed) {
        r.count(Col::Chkfail, &c.failed_checks);
        r.count(Col::Chkdown, &c.down_transitions);
    }
    r.u32(Col::Lastchg, b"MAP", seconds_since(s.last_change.load(Relaxed), now_ms));
    if sc.check.is_some() {
        r.u32(Col::Downtime, b"MCP", (s.downtime_ms(now_ms) / 1000) as u32);
    }
    r.limit(Col::Qlimit, sc.maxqueue);
    r.ids(2);
    r.throttle(s.throttle());
    r.count(Col::Lbtot, &c.lb_total);
    if let Some((p, t)) = sc.track {
        r.text(Col::Tracked, b"CNS", shared.server_name(ProxyId(p), ServerId(t)));
    }
    r.u32(Col::Type, b"CGS", 2);
    r.u32(Col::Rate, b"MRP", s.sess_rate.read(now_ms));
    r.u32(Col::RateMax, b"MMP", s.sess_rate.max());
    let view = s.check().clone();
    let checked = sc.check.is_some() && s.check_enabled.load(Relaxed) && !s.in_maintenance();
    if checked {
        last_check(&mut r, &view);
    }
    if http {
        http_responses!(r, c);
    }
    if sc.observe != Observe::Nothing {
        r.count(Col::Hanafail, &c.failed_observed);
    }
    if http {
        r.count(Col::ReqTot, &c.req_tot);
    }
    r.count(Col::CliAbrt, &c.cli_aborts);
    r.count(Col::SrvAbrt, &c.srv_aborts);
    r.put(Col::Lastsess, b"MAP", last_session(s.last_session.load(Relaxed), now_ms));
    if checked {
        r.text(Col::LastChk, b"MOP", said(&view));
    }
    let asked = s.agent().filter(|a| a.enabled.load(Relaxed));
    let agent = asked.map(|a| a.view().clone());
    if let Some(agent) = &agent {
        r.text(Col::LastAgt, b"MOP", said(agent));
    }
    times(&mut r, &s.times);
    health(&mut r, checked.then_some(&view), agent.as_ref());
    if let Some(e) = s.endpoint() {
        r.text(Col::Addr, b"CGS", server_address(&e, sc.port_offset));
    }
    if let Some(cookie) = &sc.cookie {
        r.text(Col::Cookie, b"CNS", String::from_utf8_lossy(cookie).into_owned());
    }
    r.text(Col::Mode, b"CGS", mode_name(conf.mode));
    r.count(Col::Wrew, &c.failed_rewrites);
    r.count(Col::Connect, &c.connect);
    r.count(Col::Reuse, &c.reuse);
    r.gauge(Col::SrvIcur, &s.idle);
    if let Some(n) = sc.pool_max_conn {
        r.u32(Col::SrcIlim, b"CLP", n);
    }
    times_max(&mut r, &s.times);
    r.count(Col::Eint, &c.internal_errors);
    let (idle, safe) = (s.idle.load(Relaxed), s.idle_safe.load(Relaxed));
    r.u32(Col::IdleConnCur, b"MGP", idle.saturating_sub(safe));
    r.u32(Col::SafeConnCur, b"MGP", safe.min(idle));
    r.u32(Col::UsedConnCur, b"MGP", s.need.used());
    r.u32(Col::NeedConnEst, b"MGP", s.need.needed());
    r.u32(Col::Uweight, b"MaP", s.uweight.load(Relaxed));
    r.u32(Col::Srid, b"MCP", s.tenure.load(Relaxed));
    r.gauge(Col::PrivIdleCur, &s.idle_private);
    passed!(r, c);
    ssl!(r, c);
    r
}

/// The backend's line; `count_up`: its state tells how many servers are up.
pub fn backend<'a>(state: &'a ProxyState, conf: &'a Proxy, count_up: bool, now_ms: u64) -> Row<'a> {
    let http = conf.mode == Mode::Http;
    let c = &state.be;
    let (act, bck) = state.live.usable();
    let up = act + bck > 0 || state.servers.is_empty();
    let mut r = Row::new(Kind::Backend, state.id, &conf.name, "BACKEND", (conf.iid, 0));
    r.gauge(Col::Qcur, &state.queue_cur);
    r.most(Col::Qmax, &state.queue_max);
    r.gauge(Col::Scur, &state.be_cur);
    r.most(Col::Smax, &state.be_max);
    r.u32(Col::Slim, b"CLP", state.live.fullconn());
    r.count(Col::Stot, &c.sess_tot);
    r.count(Col::Bin, &c.bytes_in);
    r.count(Col::Bout, &c.bytes_out);
    r.count(Col::Dreq, &c.denied_req);
    r.count(Col::Dresp, &c.denied_resp);
    r.count(Col::Econ, &c.failed_conns);
    r.count(Col::Eresp, &c.failed_resp);
    r.count(Col::Wretr, &c.retries);
    r.count(Col::Wredis, &c.redispatches);
    let state_word = if up { "UP" } else { "DOWN" };
    if count_up {
        let servers_up = state.servers.iter().filter(|(_, s)| s.is_up()).count();
        r.text(Col::Status, b"SGP", format!("{state_word} ({servers_up}/{})", state.servers.len()));
    } else {
        let hidden = !conf.disabled && !state.published.load(Relaxed);
        let state_word = format!("{state_word}{}", if hidden { " (UNPUB)" } else { "" });
        r.text(Col::Status, b"SGP", state_word);
    }
    let now = usable_weight(state, conf, act > 0, ServerState::effective_weight);
    r.u32(Col::Weight, b"MaP", now.div_ceil(hapax_balance::SCALE));
    r.u32(Col::Act, b"MGP", act);
    r.u32(Col::Bck, b"MGP", bck);
    r.count(Col::Chkdown, &c.chkdown);
    let since = state.be_last_change.load(Relaxed);
    r.u32(Col::Lastchg, b"MAP", seconds_since(since, now_ms));
    if !state.servers.is_empty() {
        let down = state.be_down_ms.load(Relaxed) + if up { 0 } else { now_ms.saturating_sub(since) };
        r.u32(Col::Downtime, b"MCP", (down / 1000) as u32);
    }
    r.ids(1);
    r.count(Col::Lbtot, &c.lb_total);
    r.u32(Col::Type, b"CGS", 1);
    r.u32(Col::Rate, b"MRP", state.be_sess_rate.read(now_ms));
    r.u32(Col::RateMax, b"MGP", state.be_sess_rate.max());
    if http {
        http_responses!(r, c);
        r.count(Col::ReqTot, &c.req_tot);
    }
    r.count(Col::CliAbrt, &c.cli_aborts);
    r.count(Col::SrvAbrt, &c.srv_aborts);
    r.count(Col::CompIn, &c.comp_in);
    r.count(Col::CompOut, &c.comp_out);
    r.count(Col::CompByp, &c.comp_byp);
    r.count(Col::CompRsp, &c.comp_rsp);
    r.put(Col::Lastsess, b"MAP", last_session(state.last_session.load(Relaxed), now_ms));
    times(&mut r, &state.times);
    if let Some(cookie) = &conf.cookie {
        r.text(Col::Cookie, b"CNS", String::from_utf8_lossy(&cookie.name));
    }
    r.text(Col::Mode, b"CGS", mode_name(conf.mode));
    r.text(Col::Algo, b"CGS", algo_name(&conf.balance));
    r.count(Col::Wrew, &c.failed_rewrites);
    r.count(Col::Connect, &c.connect);
    r.count(Col::Reuse, &c.reuse);
    if http {
        r.zero(Col::CacheLookups);
        r.zero(Col::CacheHits);
    }
    times_max(&mut r, &state.times);
    r.count(Col::Eint, &c.internal_errors);
    let set = usable_weight(state, conf, act > 0, |s| s.uweight.load(Relaxed));
    r.u32(Col::Uweight, b"MaP", set);
    for col in [Col::AggServerStatus, Col::AggServerCheckStatus, Col::AggCheckStatus] {
        r.u32(col, b"MGP", 0);
    }
    passed!(r, c);
    if http {
        r.zero(Col::CacheHintHits);
    }
    no_h2(&mut r);
    ssl!(r, c);
    let sum = |gauge: fn(&ServerState) -> &AtomicU32| -> u64 {
        let of_each = state.servers.iter().map(|(_, s)| u64::from(gauge(s).load(Relaxed)));
        if http { of_each.sum() } else { 0 }
    };
    let (busy, idle) = (sum(|s| &s.cur_sess), sum(|s| &s.idle));
    h1_now(&mut r, busy + idle, busy);
    let (opened, reused) = if http { (c.connect.get(), c.reuse.get()) } else { (0, 0) };
    r.put(Col::H1TotalConnections, b"MCP", Value::U64(opened));
    r.put(Col::H1TotalStreams, b"MCP", Value::U64(opened + reused));
    h1_bytes(&mut r, [&c.h1_in, &c.h1_out, &c.spliced_in, &c.spliced_out], http);
    r
}

/// The weights of those who may be chosen now, by one measure of them.
fn usable_weight(state: &ProxyState, conf: &Proxy, active: bool, measure: impl Fn(&ServerState) -> u32) -> u32 {
    let servers = state.servers.iter().map(|(_, s)| s);
    let mut weights = servers.filter(|s| s.conf().backup != active && s.is_usable()).map(measure);
    if active || conf.options.contains(hapax_config::plan::Options::ALLBACKUPS) {
        weights.sum()
    } else {
        weights.next().unwrap_or(0)
    }
}

fn times(r: &mut Row<'_>, t: &crate::state::Times) {
    r.u32(Col::Qtime, b"MaP", t.queue.read());
    r.u32(Col::Ctime, b"MaP", t.connect.read());
    r.u32(Col::Rtime, b"MaP", t.response.read());
    r.u32(Col::Ttime, b"MaP", t.total.read());
}

fn times_max(r: &mut Row<'_>, t: &crate::state::Times) {
    r.u32(Col::QtimeMax, b"MMP", t.queue.max());
    r.u32(Col::CtimeMax, b"MMP", t.connect.max());
    r.u32(Col::RtimeMax, b"MMP", t.response.max());
    r.u32(Col::TtimeMax, b"MMP", t.total.max());
}

fn seconds_since(then_ms: u64, now_ms: u64) -> u32 {
    (now_ms.saturating_sub(then_ms) / 1000) as u32
}

fn last_session(then_ms: u64, now_ms: u64) -> Value<'static> {
    if then_ms == 0 {
        return Value::S32(-1);
    }
    Value::S32(i32::try_from(now_ms.saturating_sub(then_ms) / 1000).unwrap_or(i32::MAX))
}

/// Which rows are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter<'a> {
    /// A proxy's index, and the kinds as a bit set (1 frontends, 2 backends, 4 servers); 0: all.
    pub proxy: Option<ProxyId>,
    pub kinds: u32,
    pub sid: Option<u32>,
    /// Servers that are up, or not in maintenance.
    pub up: bool,
    pub no_maint: bool,
    /// `stats scope`: names, and whether `.` names the proxy that asks.
    pub scope: Option<&'a [String]>,
    /// A part of the wanted proxies' names, in any case.
    pub within: Option<&'a str>,
    pub own: Option<ProxyId>,
}

/// Every wanted row, in HAProxy's order: by proxy, the frontend, its listeners, the servers, the backend.
pub fn all<'a>(shared: &'a Shared, filter: &Filter<'_>, now_ms: u64, mut each: impl FnMut(Row<'a>)) {
    let wants = |bit: u32| filter.kinds == 0 || filter.kinds & bit != 0;
    for (state, conf) in shared.every_proxy() {
        if filter.proxy.is_some_and(|p| p != state.id) || (state.stopped.load(Relaxed) && conf.disabled) || !in_scope(filter, state, conf) {
            continue;
        }
        if conf.caps.contains(ProxyCaps::FRONTEND) && wants(1) && filter.sid.is_none_or(|s| s == 0) {
            each(frontend(shared, state, conf, now_ms));
        }
        let sockets = conf.options.contains(hapax_config::plan::Options::SOCKET_STATS);
        if conf.caps.contains(ProxyCaps::FRONTEND) && sockets && wants(8) {
            for i in 0..conf.binds.len() {
                each(listener(state, conf, i));
            }
        }
        if conf.caps.contains(ProxyCaps::BACKEND) && wants(4) {
            for (i, s) in state.servers.iter() {
                let hidden = (filter.up && !s.is_up()) || (filter.no_maint && s.in_maintenance());
                if !hidden && filter.sid.is_none_or(|id| id == s.conf().id) {
                    each(server(shared, state, conf, i, now_ms));
                }
            }
        }
        if conf.caps.contains(ProxyCaps::BACKEND) && wants(2) && filter.sid.is_none_or(|s| s == 0) {
            each(backend(state, conf, filter.up, now_ms));
        }
    }
}

fn in_scope(filter: &Filter<'_>, state: &ProxyState, conf: &Proxy) -> bool {
    let named = |n: &String| n.as_str() == &*conf.name || (n == "." && filter.own == Some(state.id));
    let found = |part: &str| conf.name.to_ascii_lowercase().contains(&part.to_ascii_lowercase());
    filter.scope.is_none_or(|names| names.is_empty() || names.iter().any(named)) && filter.within.is_none_or(found)
}
