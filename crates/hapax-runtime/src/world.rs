//! The live state as expressions see it.

use std::cell::Cell;
use std::sync::atomic::Ordering;
use std::sync::{Arc, RwLock};

use hapax_sample::users::Userlist;
use hapax_sample::vars::Scope;
use hapax_sample::{ProxyId, ServerId, World};

use crate::state::Shared;

/// [`World`] over what the threads share, seen from one worker.
#[derive(Debug)]
pub(crate) struct LiveWorld {
    shared: Arc<Shared>,
    seed: Cell<u64>,
    proc_vars: RwLock<Scope>,
}

impl LiveWorld {
    pub(crate) fn new(shared: Arc<Shared>, worker: usize) -> Self {
        let seed = shared.started_us ^ (worker as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self {
            shared,
            seed: Cell::new(seed | 1),
            proc_vars: RwLock::default(),
        }
    }
}

impl World for LiveWorld {
    fn proxy_name(&self, p: ProxyId) -> &str {
        &self.shared.plan.proxies[p.0 as usize].name
    }

    fn server_name(&self, p: ProxyId, s: ServerId) -> &str {
        &self.shared.plan.proxies[p.0 as usize].servers[s.0 as usize].name
    }

    fn nbsrv(&self, p: ProxyId) -> i64 {
        self.shared.proxy(p).servers.iter().filter(|s| s.is_usable()).count() as i64
    }

    fn server_is_up(&self, p: ProxyId, s: ServerId) -> bool {
        self.shared.proxy(p).servers[s.0 as usize].is_up()
    }

    fn fe_conn(&self, p: ProxyId) -> i64 {
        i64::from(self.shared.proxy(p).fe_cur.load(Ordering::Relaxed))
    }

    fn be_conn(&self, p: ProxyId) -> i64 {
        i64::from(self.shared.proxy(p).be_cur.load(Ordering::Relaxed))
    }

    fn srv_conn(&self, p: ProxyId, s: ServerId) -> i64 {
        i64::from(self.shared.proxy(p).servers[s.0 as usize].cur_sess.load(Ordering::Relaxed))
    }

    fn queue(&self, p: ProxyId) -> i64 {
        i64::from(self.shared.proxy(p).queue_cur.load(Ordering::Relaxed))
    }

    fn fe_sess_rate(&self, _: ProxyId) -> i64 {
        0
    }

    fn fe_req_rate(&self, _: ProxyId) -> i64 {
        0
    }

    fn be_sess_rate(&self, _: ProxyId) -> i64 {
        0
    }

    fn capture_len(&self, frontend: ProxyId, request: bool, slot: usize) -> Option<usize> {
        let proxy = &self.shared.plan.proxies[frontend.0 as usize];
        let slots = if request { &proxy.req_captures } else { &proxy.res_captures };
        slots.get(slot).map(|s| s.1)
    }

    fn userlist(&self, id: u32) -> Option<&Userlist> {
        self.shared.plan.userlists.get(id as usize)
    }

    fn proc_vars(&self) -> &RwLock<Scope> {
        &self.proc_vars
    }

    fn random(&self) -> u64 {
        // xorshift64*: fast, and good enough for what `rand` promises.
        let mut x = self.seed.get();
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.seed.set(x);
        x.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}
