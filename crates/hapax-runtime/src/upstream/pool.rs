//! Idle connections to servers: kept by the worker that used them last, and taken over by another that has none of its own.
//!
//! A worker looks into its own lists first. Where several workers share what is idle, the lists stand behind a lock that nobody else
//! asks for until some worker would have to open a connection although the server has idle ones.

use std::cell::RefCell;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use hapax_config::Plan;
use hapax_config::plan::{Proxy, Server};
use hapax_sample::{ProxyId, ServerId};
use hapax_value::Millis;

use super::Upstream;
use crate::state::ServerState;

/// Idle connections to one server; what was used last is at the end. Each changes hands twice per request, and is moved as a pointer.
type List = Vec<Box<Upstream>>;

/// Idle connections of one worker, by proxy, then by server; made as they are needed.
#[derive(Debug, Default)]
pub(crate) struct Idle(Vec<Vec<List>>);

/// Those of all workers.
pub(crate) type SharedIdle = Arc<[Mutex<Idle>]>;

/// What one worker sees of them.
#[derive(Debug)]
pub(crate) struct Pools {
    lists: Lists,
    /// Descriptors from which on connections are no longer kept, and make others be closed: the system gives the lowest number that
    /// is free, so a high one tells that many are in use.
    low_fd: i32,
    high_fd: i32,
}

#[derive(Debug)]
enum Lists {
    /// One worker, or `tune.idle-pool.shared off`.
    Own(RefCell<Idle>),
    Shared {
        all: SharedIdle,
        me: usize,
    },
}

/// What a stream can use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'s> {
    pub proxy: ProxyId,
    pub server: ServerId,
    pub state: &'s ServerState,
    pub key: u64,
    /// Requests that it must have served at least.
    pub served: u32,
    /// `pool-low-conn`: idle connections below which those of other workers are let alone.
    pub low: u32,
}

impl Idle {
    fn new(plan: &Plan) -> Self {
        let of = |p: &Proxy| (0..p.servers.len()).map(|_| Vec::new()).collect();
        Self(plan.proxies.iter().map(of).collect())
    }

    fn get(&mut self, proxy: ProxyId, server: ServerId) -> Option<&mut List> {
        self.0.get_mut(proxy.0 as usize)?.get_mut(server.0 as usize)
    }

    /// The same; servers that came while running get their place.
    fn place(&mut self, proxy: ProxyId, server: ServerId) -> &mut List {
        let (p, s) = (proxy.0 as usize, server.0 as usize);
        if self.0.len() <= p {
            self.0.resize_with(p + 1, Vec::new);
        }
        let servers = &mut self.0[p];
        if servers.len() <= s {
            servers.resize_with(s + 1, Vec::new);
        }
        &mut servers[s]
    }

    /// The one used last that fits, and how many there were.
    fn find(&mut self, want: &Wanted<'_>) -> (Option<Box<Upstream>>, usize) {
        let Some(list) = self.get(want.proxy, want.server) else {
            return (None, 0);
        };
        let found = list.iter().rposition(|u| u.key == want.key && u.served >= want.served);
        let count = list.len();
        (found.map(|at| list.remove(at)), count)
    }
}

/// The lists of so many workers; `None`: they have nothing to share.
pub(crate) fn share(plan: &Plan, workers: usize) -> Option<SharedIdle> {
    let wanted = workers > 1 && plan.global.share_idle;
    wanted.then(|| (0..workers).map(|_| Mutex::new(Idle::new(plan))).collect())
}

impl Pools {
    pub(crate) fn new(plan: &Plan, shared: Option<SharedIdle>, me: usize) -> Self {
        let (files, _) = hapax_sys::limits::open_files();
        let part = |percent: u32| i32::try_from(files.saturating_mul(u64::from(percent)) / 100).unwrap_or(i32::MAX);
        Self {
            lists: match shared {
                Some(all) => Lists::Shared { all, me },
                None => Lists::Own(RefCell::new(Idle::new(plan))),
            },
            low_fd: part(plan.global.pool_low_fds),
            high_fd: part(plan.global.pool_high_fds),
        }
    }

    /// Looks at this worker's own.
    fn own<R>(&self, look: impl FnOnce(&mut Idle) -> R) -> R {
        match &self.lists {
            Lists::Own(idle) => look(&mut idle.borrow_mut()),
            Lists::Shared { all, me } => look(&mut all[*me].lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    /// A connection that fits and is still alive: this worker's own, else another's.
    pub(crate) fn take(&self, want: &Wanted<'_>) -> Option<Box<Upstream>> {
        let epoch = want.state.address_epoch.load(Ordering::Relaxed);
        loop {
            let (found, count) = self.own(|idle| idle.find(want));
            let Some(mut up) = found else {
                return self.take_over(want, epoch, count);
            };
            want.state.idle_gone(1, u32::from(up.is_safe()));
            if up.epoch == epoch && up.io.is_quiet() {
                return Some(up);
            }
        }
    }

    /// One of another worker's, where there are more idle ones than the `own`.
    fn take_over(&self, want: &Wanted<'_>, epoch: u32, own: usize) -> Option<Box<Upstream>> {
        let Lists::Shared { all, me } = &self.lists else {
            return None;
        };
        let idle = want.state.idle.load(Ordering::Relaxed);
        if idle as usize <= own || idle < want.low {
            return None;
        }
        for i in 1..all.len() {
            let other = &all[(me + i) % all.len()];
            loop {
                // One at a time: the lock is given back before the connection is looked at, moved, or closed because it is dead.
                let (found, _) = other.lock().unwrap_or_else(PoisonError::into_inner).find(want);
                let Some(mut up) = found else { break };
                want.state.idle_gone(1, u32::from(up.is_safe()));
                if up.epoch == epoch && up.io.change_worker() {
                    return Some(up);
                }
            }
        }
        None
    }

    /// Keeps a connection for later, where the server was seen to need as many of late; closes it else. One that died meanwhile makes
    /// room. `used`: those in use, this one among them.
    pub(crate) fn put(
        &self,
        (proxy, server): (ProxyId, ServerId),
        conf: &Server,
        state: &ServerState,
        used: u32,
        mut up: Box<Upstream>,
        now: Millis,
    ) {
        let max = conf.pool_max_conn.unwrap_or(u32::MAX);
        let worn = conf.max_reuse.is_some_and(|n| up.served > n) || conf.pool_purge_delay == 0;
        let idle_now = state.idle.load(Ordering::Relaxed);
        if idle_now >= max || worn || up.private || up.number() >= self.low_fd {
            up.close();
            return;
        }
        up.idle_since = now;
        let full = idle_now + used > state.needed().saturating_add(conf.pool_low_conn);
        let close = self.own(|idle| {
            let list = idle.place(proxy, server);
            let oldest = if full { list.first_mut() } else { None };
            // One that has shown that its server lets it live is worth more than one that has not.
            match oldest.map(|o| o.io.is_quiet() && (o.is_safe() || !up.is_safe())) {
                // What was used last is the cheapest to close: nothing of it has left the caches yet.
                Some(true) => Some(up),
                Some(false) => {
                    let dead = list.remove(0);
                    let (gone, come) = (u32::from(dead.is_safe()), u32::from(up.is_safe()));
                    state.idle_safe.fetch_add(come.wrapping_sub(gone), Ordering::Relaxed);
                    list.push(up);
                    Some(dead)
                }
                None => {
                    state.idle.fetch_add(1, Ordering::Relaxed);
                    if up.is_safe() {
                        state.idle_safe.fetch_add(1, Ordering::Relaxed);
                    }
                    list.push(up);
                    None
                }
            }
        });
        close.into_iter().for_each(Upstream::close);
    }

    /// `tune.pool-high-fd-ratio`: a connection was opened although descriptors are few. One that idles here makes up for it.
    pub(crate) fn make_room(&self, opened: &Upstream, gone: impl Fn(ProxyId, ServerId, &[Box<Upstream>])) {
        if opened.number() < self.high_fd {
            return;
        }
        let closed = self.own(|idle| {
            let lists = idle.0.iter_mut().enumerate();
            let mut lists = lists.flat_map(|(p, servers)| servers.iter_mut().enumerate().map(move |(s, list)| (p, s, list)));
            let (p, s, list) = lists.find(|(.., list)| !list.is_empty())?;
            Some((ProxyId(p as u32), ServerId(s as u32), list.remove(0)))
        });
        if let Some((proxy, server, up)) = closed {
            gone(proxy, server, std::slice::from_ref(&up));
            up.close();
        }
    }

    /// Closes what the servers have closed and what was not needed for `keep` milliseconds.
    pub(crate) fn purge(
        &self,
        now: Millis,
        keep: impl Fn(ProxyId, ServerId) -> Millis,
        told: impl Fn(ProxyId, ServerId, &[Box<Upstream>]),
    ) {
        let mut gone = Vec::new();
        self.own(|idle| {
            for (p, servers) in idle.0.iter_mut().enumerate() {
                for (s, list) in servers.iter_mut().enumerate().filter(|(_, list)| !list.is_empty()) {
                    let (p, s) = (ProxyId(p as u32), ServerId(s as u32));
                    let (before, keep) = (gone.len(), keep(p, s));
                    gone.extend(list.extract_if(.., |u| now.saturating_sub(u.idle_since) >= keep || !u.io.is_quiet()));
                    told(p, s, &gone[before..]);
                }
            }
        });
        gone.into_iter().for_each(Upstream::close);
    }

    /// Closes those of one server.
    pub(crate) fn drop_idle(&self, proxy: ProxyId, server: ServerId, state: &ServerState) {
        let gone = self.own(|idle| idle.get(proxy, server).map(std::mem::take)).unwrap_or_default();
        tell(state, &gone);
        gone.into_iter().for_each(Upstream::close);
    }

    pub(crate) fn clear(&self) {
        let gone = self.own(|idle| std::mem::take(&mut idle.0));
        gone.into_iter().flatten().flatten().for_each(Upstream::close);
    }
}

/// Tells a server that these connections to it are idle no more.
pub(crate) fn tell(state: &ServerState, gone: &[Box<Upstream>]) {
    if !gone.is_empty() {
        let safe = gone.iter().filter(|u| u.is_safe()).count();
        state.idle_gone(gone.len() as u32, safe as u32);
    }
}
