//! A still life of the running process: every server is as the question says, nothing else is going on.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::RwLock;

use hapax_config::Plan;
use hapax_config::plan::{Proxy, ProxyCaps, Server};
use hapax_config::tables::{Event, Tables};
use hapax_diag::Span;
use hapax_rules::filters::{Direction, Pass, SharedRates};
use hapax_sample::users::Userlist;
use hapax_sample::vars::Scope;
use hapax_sample::{Now, ProxyId, ServerId, Setting, TableAnswer, TableChange, TableRead, Track, TrackStart, Weight, World};
use hapax_value::Value;

use crate::facts::Busy;
use crate::question::{Question, QuestionError};

pub(crate) struct StillLife<'p> {
    plan: &'p Plan,
    down: Vec<(ProxyId, ServerId)>,
    busy: BTreeMap<(u32, Option<u32>), Busy>,
    proc_vars: RwLock<Scope>,
    random: u64,
    /// ACLs with a name that were looked at, by their first line, and whether they matched.
    asked: RefCell<Vec<(Span, bool)>>,
    pub(crate) tables: Tables,
    pub(crate) now: Now,
}

impl<'p> StillLife<'p> {
    pub(crate) fn new(plan: &'p Plan, q: &Question) -> Result<Self, QuestionError> {
        let now = q.now()?;
        let mut life = Self {
            plan,
            down: Vec::new(),
            busy: BTreeMap::new(),
            proc_vars: RwLock::default(),
            random: q.random,
            asked: RefCell::default(),
            tables: Tables::new(plan, 0),
            now,
        };
        for name in &q.down {
            // `backend/server`, or `backend` for all of its servers.
            for (p, s) in life.named(name)? {
                let all = life.plan.proxies[p.0 as usize].servers.len() as u32;
                let servers = s.map_or(0..all, |s| s.0..s.0 + 1);
                life.down.extend(servers.map(|s| (p, ServerId(s))));
            }
        }
        for (name, busy) in &q.busy {
            for (p, s) in life.named(name)? {
                life.busy.insert((p.0, s.map(|s| s.0)), *busy);
            }
        }
        for entry in &q.tables {
            entry.store(&life.tables, now.wall_us / 1000)?;
        }
        for var in &plan.global.start_vars {
            var.set(now, &life);
        }
        Ok(life)
    }

    /// The proxies of a name, or the servers of `backend/server`.
    fn named(&self, name: &str) -> Result<Vec<(ProxyId, Option<ServerId>)>, QuestionError> {
        let (proxy, server) = name.split_once('/').map_or((name, None), |(b, s)| (b, Some(s)));
        let mut out = Vec::new();
        for (p, conf) in self.plan.proxies.iter().enumerate().filter(|(_, px)| *px.name == *proxy) {
            let id = ProxyId(p as u32);
            let Some(server) = server else {
                out.push((id, None));
                continue;
            };
            let found = conf.servers.iter().position(|s| *s.name == *server);
            out.extend(found.map(|s| (id, Some(ServerId(s as u32)))));
        }
        if !out.is_empty() {
            return Ok(out);
        }
        let proxies = || self.plan.proxies.iter().filter(|p| !p.name.starts_with('<'));
        let known = proxies().flat_map(|p| {
            let servers = p.servers.iter().map(move |s| format!("{}/{}", p.name, s.name));
            std::iter::once(p.name.to_string()).chain(servers)
        });
        let known: Vec<String> = known.collect();
        let near = hapax_diag::suggest(name, known.iter().map(String::as_str));
        let near = near.map(|n| format!("; did you mean '{n}'?")).unwrap_or_default();
        let what = if server.is_some() { "server" } else { "proxy" };
        Err(QuestionError(format!("there is no {what} '{name}'{near}")))
    }

    fn proxy(&self, p: ProxyId) -> Option<&'p Proxy> {
        self.plan.proxies.get(p.0 as usize)
    }

    fn server(&self, p: ProxyId, s: ServerId) -> Option<&'p Server> {
        self.proxy(p)?.servers.get(s.0 as usize)
    }

    pub(crate) fn is_up(&self, p: ProxyId, s: ServerId) -> bool {
        self.server(p, s).is_some_and(|srv| !srv.disabled) && !self.down.contains(&(p, s))
    }

    /// What is said of a proxy, or of a server of it.
    pub(crate) fn busy(&self, p: ProxyId, s: Option<ServerId>) -> Busy {
        self.busy.get(&(p.0, s.map(|s| s.0))).copied().unwrap_or_default()
    }

    /// Something happens to whom these entries are tracked for.
    pub(crate) fn count<'t>(&self, tracks: impl IntoIterator<Item = &'t (u8, Track)>, event: Event) {
        for (_, track) in tracks {
            self.tables.count(*track, event, self.now.wall_us / 1000);
        }
    }

    fn usable(&self, p: ProxyId) -> impl Iterator<Item = (ServerId, &'p Server)> {
        let servers = self.proxy(p).map_or(&[][..], |px| &px.servers[..]);
        let all = servers.iter().enumerate().map(|(i, s)| (ServerId(i as u32), s));
        all.filter(move |(i, _)| self.is_up(p, *i))
    }
}

impl StillLife<'_> {
    /// What was asked of ACLs so far.
    pub(crate) fn asked_acls(&self) -> Vec<(Span, bool)> {
        self.asked.borrow().clone()
    }
}

impl World for StillLife<'_> {
    fn asked_acl(&self, at: Span, matched: bool) {
        self.asked.borrow_mut().push((at, matched));
    }

    fn buf_size(&self) -> usize {
        self.plan.global.bufsize
    }

    fn proxy_name(&self, p: ProxyId) -> &str {
        self.proxy(p).map_or("", |px| &px.name)
    }

    fn server_name(&self, p: ProxyId, s: ServerId) -> Cow<'_, str> {
        self.server(p, s).map_or_else(Default::default, |srv| (&*srv.name).into())
    }

    fn nbsrv(&self, p: ProxyId) -> i64 {
        self.usable(p).count() as i64
    }

    fn server_is_up(&self, p: ProxyId, s: ServerId) -> bool {
        self.is_up(p, s)
    }

    /// This one included.
    fn fe_conn(&self, p: ProxyId) -> i64 {
        self.busy(p, None).conn + 1
    }

    fn be_conn(&self, p: ProxyId) -> i64 {
        self.busy(p, None).conn
    }

    fn srv_conn(&self, p: ProxyId, s: ServerId) -> i64 {
        self.busy(p, Some(s)).conn
    }

    fn queue(&self, p: ProxyId) -> i64 {
        self.busy(p, None).queue
    }

    fn srv_queue(&self, p: ProxyId, s: ServerId) -> i64 {
        self.busy(p, Some(s)).queue
    }

    fn fe_sess_rate(&self, p: ProxyId) -> i64 {
        self.busy(p, None).rate + 1
    }

    fn fe_req_rate(&self, p: ProxyId) -> i64 {
        self.busy(p, None).rate + 1
    }

    fn be_sess_rate(&self, p: ProxyId) -> i64 {
        self.busy(p, None).rate
    }

    fn srv_sess_rate(&self, p: ProxyId, s: ServerId) -> i64 {
        self.busy(p, Some(s)).rate
    }

    fn act_conn(&self) -> i64 {
        1
    }

    fn srv_conn_free(&self, p: ProxyId, s: ServerId) -> i64 {
        match self.server(p, s).map_or(0, |srv| i64::from(srv.maxconn)) {
            0 => -1,
            max => (max - self.srv_conn(p, s)).max(0),
        }
    }

    fn be_conn_free(&self, p: ProxyId) -> i64 {
        let free: Vec<i64> = self.usable(p).map(|(i, _)| self.srv_conn_free(p, i)).collect();
        // One without a limit makes the farm one without a limit.
        if free.contains(&-1) { -1 } else { free.iter().sum() }
    }

    fn connslots(&self, p: ProxyId) -> i64 {
        let mut slots = 0;
        for (i, server) in self.usable(p) {
            if server.maxconn == 0 || server.maxqueue == 0 {
                return -1;
            }
            slots += self.srv_conn_free(p, i) + (i64::from(server.maxqueue) - self.srv_queue(p, i)).max(0);
        }
        slots
    }

    fn srv_weight(&self, p: ProxyId, s: ServerId, _: Weight) -> i64 {
        self.server(p, s).map_or(0, |srv| i64::from(srv.weight))
    }

    fn proxy_number(&self, p: ProxyId) -> i64 {
        self.proxy(p).map_or(0, |px| i64::from(px.iid))
    }

    fn server_number(&self, p: ProxyId, s: ServerId) -> i64 {
        self.server(p, s).map_or(0, |srv| i64::from(srv.id))
    }

    fn setting(&self, p: ProxyId, which: Setting) -> Option<i64> {
        self.proxy(p)?.setting(which)
    }

    fn default_backend(&self, p: ProxyId) -> Option<&str> {
        self.proxy(p)?.default_backend.map(|b| self.proxy_name(b))
    }

    fn frontend_named(&self, name: &[u8]) -> Option<ProxyId> {
        let named = |p: &Proxy| p.caps.contains(ProxyCaps::FRONTEND) && p.name.as_bytes() == name;
        self.plan.proxies.iter().position(named).map(|i| ProxyId(i as u32))
    }

    fn backend_named(&self, name: &[u8]) -> Option<ProxyId> {
        let named = |p: &Proxy| p.caps.contains(ProxyCaps::BACKEND) && p.name.as_bytes() == name;
        self.plan.proxies.iter().position(named).map(|i| ProxyId(i as u32))
    }

    fn server_named(&self, backend: ProxyId, name: &[u8]) -> Option<ServerId> {
        let servers = &self.proxy(backend)?.servers;
        let at = servers.iter().position(|s| s.name.as_bytes() == name)?;
        Some(ServerId(at as u32))
    }

    fn file_name(&self, file: hapax_diag::FileId) -> &str {
        self.plan.file_names.get(file.0 as usize).map_or("-", String::as_str)
    }

    fn var_name(&self, id: u32) -> Option<String> {
        self.plan.vars.name(id).map(str::to_owned)
    }

    fn jwe_allowed(&self, alg: &str, enc: &str) -> bool {
        self.plan.global.jwe_algs.allows(alg) && self.plan.global.jwe_encs.allows(enc)
    }

    fn proc_vars(&self) -> &RwLock<Scope> {
        &self.proc_vars
    }

    fn random(&self) -> u64 {
        self.random
    }

    fn capture_len(&self, frontend: ProxyId, request: bool, slot: usize) -> Option<usize> {
        let proxy = self.proxy(frontend)?;
        let slots = if request { &proxy.req_captures } else { &proxy.res_captures };
        slots.get(slot).map(|s| s.1)
    }

    fn tracked(&self, entry: &Track, table: Option<u32>, what: TableRead, now: Now) -> TableAnswer {
        self.tables.tracked(*entry, table, what, now.wall_us / 1000)
    }

    fn looked_up(&self, table: u32, key: Value<'_>, what: TableRead, now: Now) -> TableAnswer {
        self.tables.looked_up(table, key, what, now.wall_us / 1000)
    }

    fn track_key(&self, entry: &Track) -> Option<Value<'static>> {
        self.tables.key(*entry)
    }

    fn table_used(&self, table: u32) -> i64 {
        self.tables.get(table).map_or(0, |t| t.table.used() as i64)
    }

    fn table_free(&self, table: u32) -> i64 {
        let size = self.tables.get(table).map_or(0, |t| t.table.spec().size as i64);
        size - self.table_used(table)
    }

    fn track(&self, table: u32, key: Value<'_>, start: TrackStart, now: Now) -> Option<Track> {
        self.tables.track(table, key, start, now.wall_us / 1000)
    }

    fn update(&self, entry: &Track, change: TableChange, now: Now) {
        self.tables.update(*entry, change, now.wall_us / 1000);
    }

    fn userlist(&self, id: u32) -> Option<&Userlist> {
        self.plan.userlists.get(id as usize)
    }
}

/// Nobody shares a bandwidth limit with the only request there is.
#[derive(Debug)]
pub(crate) struct NoRates;

impl SharedRates for NoRates {
    fn hold(&self, _: u32, _: Value<'_>, _: Direction) -> Option<Track> {
        None
    }

    fn spend(&self, _: Track, _: Direction, _: u64, want: u64, _: u64) -> Pass {
        Pass {
            bytes: want as usize,
            again_in: None,
        }
    }

    fn release(&self, _: Track, _: Direction) {}
}
