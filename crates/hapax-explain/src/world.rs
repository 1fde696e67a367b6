//! A still life of the running process: every server is as the question says, nothing else is going on.

use std::sync::RwLock;

use hapax_config::Plan;
use hapax_sample::users::Userlist;
use hapax_sample::vars::Scope;
use hapax_sample::{Now, ProxyId, ServerId, Track, TrackStart, World};
use hapax_value::Value;

use crate::question::QuestionError;

pub(crate) struct StillLife<'p> {
    plan: &'p Plan,
    down: Vec<(ProxyId, ServerId)>,
    proc_vars: RwLock<Scope>,
}

impl<'p> StillLife<'p> {
    /// `down`: `backend/server`, or `backend` for all of its servers.
    pub(crate) fn new(plan: &'p Plan, down: &[String]) -> Result<Self, QuestionError> {
        let mut list = Vec::new();
        for name in down {
            let (backend, server) = name.split_once('/').map_or((name.as_str(), None), |(b, s)| (b, Some(s)));
            let known = list.len();
            for (p, proxy) in plan.proxies.iter().enumerate().filter(|(_, px)| *px.name == *backend) {
                for (s, srv) in proxy.servers.iter().enumerate() {
                    if server.is_none_or(|n| n == &*srv.name) {
                        list.push((ProxyId(p as u32), ServerId(s as u32)));
                    }
                }
            }
            if list.len() == known {
                return Err(QuestionError(format!("there is no server '{name}' to be down")));
            }
        }
        let life = Self {
            plan,
            down: list,
            proc_vars: RwLock::default(),
        };
        for var in &plan.global.start_vars {
            var.set(Now::default(), &life);
        }
        Ok(life)
    }

    pub(crate) fn is_up(&self, p: ProxyId, s: ServerId) -> bool {
        let configured = self.plan.proxies.get(p.0 as usize).and_then(|px| px.servers.get(s.0 as usize));
        configured.is_some_and(|srv| !srv.disabled) && !self.down.contains(&(p, s))
    }
}

impl World for StillLife<'_> {
    fn proxy_name(&self, p: ProxyId) -> &str {
        self.plan.proxies.get(p.0 as usize).map_or("", |px| &px.name)
    }

    fn server_name(&self, p: ProxyId, s: ServerId) -> std::borrow::Cow<'_, str> {
        let proxy = self.plan.proxies.get(p.0 as usize);
        proxy
            .and_then(|px| px.servers.get(s.0 as usize))
            .map_or_else(Default::default, |srv| (&*srv.name).into())
    }

    fn nbsrv(&self, p: ProxyId) -> i64 {
        let count = self.plan.proxies.get(p.0 as usize).map_or(0, |px| px.servers.len());
        (0..count as u32).filter(|s| self.is_up(p, ServerId(*s))).count() as i64
    }

    fn server_is_up(&self, p: ProxyId, s: ServerId) -> bool {
        self.is_up(p, s)
    }

    fn fe_conn(&self, _: ProxyId) -> i64 {
        1
    }

    fn be_conn(&self, _: ProxyId) -> i64 {
        0
    }

    fn srv_conn(&self, _: ProxyId, _: ServerId) -> i64 {
        0
    }

    fn queue(&self, _: ProxyId) -> i64 {
        0
    }

    fn fe_sess_rate(&self, _: ProxyId) -> i64 {
        1
    }

    fn fe_req_rate(&self, _: ProxyId) -> i64 {
        1
    }

    fn be_sess_rate(&self, _: ProxyId) -> i64 {
        0
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
        0
    }

    fn capture_len(&self, frontend: ProxyId, request: bool, slot: usize) -> Option<usize> {
        let proxy = self.plan.proxies.get(frontend.0 as usize)?;
        let slots = if request { &proxy.req_captures } else { &proxy.res_captures };
        slots.get(slot).map(|s| s.1)
    }

    /// Every key is tracked, and nothing is known of it.
    fn track(&self, table: u32, _: Value<'_>, _: TrackStart, _: Now) -> Option<Track> {
        Some(Track { table, entry: 0 })
    }

    fn userlist(&self, id: u32) -> Option<&Userlist> {
        self.plan.userlists.get(id as usize)
    }
}
