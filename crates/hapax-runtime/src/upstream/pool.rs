//! Idle connections to servers: kept by the worker that used them last, and taken over by another that has none of its own.
//!
//! A worker looks into its own lists first. Where several workers share what is idle, the lists stand behind a lock that nobody else
//! asks for until some worker would have to open a connection although the server has idle ones.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use hapax_config::Plan;
use hapax_config::plan::{Proxy, Server};
use hapax_sample::{ProxyId, ServerId};
use hapax_value::Millis;
use tokio::sync::Notify;

use super::Upstream;
use crate::state::ServerState;

/// Idle connections to one server in the order they came; who is served next has the one that came first. Each changes hands twice per
/// request, and is moved as a pointer.
#[derive(Debug, Default)]
struct List {
    /// Those that have served one request, and those that have been reused and so are known not to be closed after the first.
    fresh: VecDeque<Box<Upstream>>,
    proven: VecDeque<Box<Upstream>>,
    /// How many have come.
    came: u64,
}

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
    /// Servers whose idle connections this worker looks through, and when.
    rounds: RefCell<Vec<(ProxyId, ServerId, Millis)>>,
    /// There is another of them.
    pub news: Notify,
}

#[derive(Debug)]
enum Lists {
    /// There is one worker.
    Own(RefCell<Idle>),
    Shared {
        all: SharedIdle,
        me: usize,
        /// Connections of others may be taken over: not with `tune.idle-pool.shared off`.
        lend: bool,
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
    /// A client's first request, which one that has been reused suits best; a later one tries out those that have not.
    pub first: bool,
    /// `pool-low-conn`: idle connections below which those of other workers are let alone.
    pub low: u32,
}

impl List {
    fn len(&self) -> usize {
        self.fresh.len() + self.proven.len()
    }

    /// One like this is welcome however many there are elsewhere: the first that has been reused, and the first of all.
    fn lacks(&self, up: &Upstream) -> bool {
        self.proven.is_empty() && (up.is_safe() || self.fresh.is_empty())
    }

    fn push(&mut self, mut up: Box<Upstream>) {
        self.came += 1;
        up.place = self.came;
        let list = if up.is_safe() { &mut self.proven } else { &mut self.fresh };
        list.push_back(up);
    }

    /// The one of both kinds that came first.
    fn oldest(&mut self) -> Option<&mut VecDeque<Box<Upstream>>> {
        match (self.fresh.front(), self.proven.front()) {
            (Some(f), Some(p)) if f.place < p.place => Some(&mut self.fresh),
            (_, Some(_)) => Some(&mut self.proven),
            (Some(_), None) => Some(&mut self.fresh),
            (None, None) => None,
        }
    }

    fn pop(&mut self) -> Option<Box<Upstream>> {
        self.oldest()?.pop_front()
    }

    /// The one that came first, where its server has closed it.
    fn pop_dead(&mut self) -> Option<Box<Upstream>> {
        let list = self.oldest()?;
        let quiet = list.front_mut()?.io.is_quiet();
        (!quiet).then(|| list.pop_front()).flatten()
    }

    fn find(&mut self, want: &Wanted<'_>) -> Option<Box<Upstream>> {
        let take = |list: &mut VecDeque<Box<Upstream>>| {
            let found = list.iter().position(|u| u.key == want.key && u.served >= want.served)?;
            list.remove(found)
        };
        let (one, other) = if want.first {
            (&mut self.proven, &mut self.fresh)
        } else {
            (&mut self.fresh, &mut self.proven)
        };
        take(one).or_else(|| take(other))
    }

    /// Takes out all that are no more quiet: their servers have closed them, or said what nobody asked for.
    #[expect(clippy::vec_box, reason = "they are kept in boxes")]
    fn cull(&mut self, gone: &mut Vec<Box<Upstream>>) {
        let mut cull = |list: &mut VecDeque<Box<Upstream>>| {
            let mut i = 0;
            while let Some(u) = list.get_mut(i) {
                if u.io.is_quiet() {
                    i += 1;
                } else {
                    gone.extend(list.remove(i).map(|mut up| {
                        up.ended = true;
                        up
                    }));
                }
            }
        };
        cull(&mut self.fresh);
        cull(&mut self.proven);
    }

    fn all(self) -> impl Iterator<Item = Box<Upstream>> {
        self.fresh.into_iter().chain(self.proven)
    }
}

impl Idle {
    fn new(plan: &Plan) -> Self {
        let of = |p: &Proxy| (0..p.servers.len()).map(|_| List::default()).collect();
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
            servers.resize_with(s + 1, List::default);
        }
        &mut servers[s]
    }

    /// The one that fits and has waited longest, and how many there were.
    fn find(&mut self, want: &Wanted<'_>) -> (Option<Box<Upstream>>, usize) {
        let Some(list) = self.get(want.proxy, want.server) else {
            return (None, 0);
        };
        let count = list.len();
        (list.find(want), count)
    }
}

/// The lists of so many workers; `None`: there is one.
pub(crate) fn share(plan: &Plan, workers: usize) -> Option<SharedIdle> {
    (workers > 1).then(|| (0..workers).map(|_| Mutex::new(Idle::new(plan))).collect())
}

impl Pools {
    pub(crate) fn new(plan: &Plan, shared: Option<SharedIdle>, me: usize) -> Self {
        let (files, _) = hapax_sys::limits::open_files();
        let part = |percent: u32| i32::try_from(files.saturating_mul(u64::from(percent)) / 100).unwrap_or(i32::MAX);
        Self {
            lists: match shared {
                Some(all) => Lists::Shared {
                    all,
                    me,
                    lend: plan.global.share_idle,
                },
                None => Lists::Own(RefCell::new(Idle::new(plan))),
            },
            low_fd: part(plan.global.pool_low_fds),
            high_fd: part(plan.global.pool_high_fds),
            rounds: RefCell::default(),
            news: Notify::new(),
        }
    }

    /// Looks at this worker's own.
    fn own<R>(&self, look: impl FnOnce(&mut Idle) -> R) -> R {
        match &self.lists {
            Lists::Own(idle) => look(&mut idle.borrow_mut()),
            Lists::Shared { all, me, .. } => look(&mut all[*me].lock().unwrap_or_else(PoisonError::into_inner)),
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
        let Lists::Shared { all, me, lend: true } = &self.lists else {
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
        up: Box<Upstream>,
        now: Millis,
    ) {
        let max = conf.pool_max_conn.unwrap_or(u32::MAX);
        let idle_now = state.idle.load(Ordering::Relaxed);
        if idle_now >= max || conf.pool_purge_delay == 0 || up.private || up.number() >= self.low_fd {
            up.close();
            return;
        }
        let many = idle_now + used > state.need.needed().saturating_add(conf.pool_low_conn);
        let close = self.own(|idle| {
            let list = idle.place(proxy, server);
            let mut dead = None;
            if many && !list.lacks(&up) {
                dead = list.pop_dead();
                if dead.is_none() {
                    // What was used last is the cheapest to close: nothing of it has left the caches yet.
                    return Some(up);
                }
            }
            state.idle_come(up.is_safe());
            list.push(up);
            dead.inspect(|dead| state.idle_gone(1, u32::from(dead.is_safe())))
        });
        close.into_iter().for_each(Upstream::close);
        if !state.reviewed.swap(true, Ordering::Relaxed) {
            let at = now.saturating_add(conf.pool_purge_delay);
            self.rounds.borrow_mut().push((proxy, server, at));
            self.news.notify_one();
        }
    }

    /// `tune.pool-high-fd-ratio`: a connection was opened although descriptors are few. One that idles here makes up for it.
    pub(crate) fn make_room<'s>(&self, opened: &Upstream, server: impl Fn(ProxyId, ServerId) -> &'s ServerState) {
        if opened.number() < self.high_fd {
            return;
        }
        let closed = self.own(|idle| {
            let lists = idle.0.iter_mut().enumerate();
            let mut lists = lists.flat_map(|(p, servers)| servers.iter_mut().enumerate().map(move |(s, list)| (p, s, list)));
            lists.find_map(|(p, s, list)| Some((ProxyId(p as u32), ServerId(s as u32), list.pop()?)))
        });
        if let Some((p, s, up)) = closed {
            tell(server(p, s), std::slice::from_ref(&up));
            up.close();
        }
    }

    /// When idle connections are to be looked through next.
    pub(crate) fn next_round(&self) -> Option<Millis> {
        self.rounds.borrow().iter().map(|(.., at)| *at).min()
    }

    /// Looks through the idle connections to the servers whose time has come, and closes those that are too many, what came first first.
    /// `server`: what there is to know of one, and its `pool-purge-delay`.
    pub(crate) fn look_through<'s>(&self, now: Millis, server: impl Fn(ProxyId, ServerId) -> (&'s ServerState, Millis)) {
        let mut gone = Vec::new();
        self.rounds.borrow_mut().retain_mut(|(p, s, at)| {
            if *at > now {
                return true;
            }
            let (state, delay) = server(*p, *s);
            let idle = state.idle.load(Ordering::Relaxed);
            if idle == 0 || delay == 0 {
                state.reviewed.store(false, Ordering::Relaxed);
                return false;
            }
            *at = now.saturating_add(delay);
            let surplus = state.need.review(idle);
            if surplus > 0 {
                let start = gone.len();
                self.each(|lists| {
                    let Some(list) = lists.get(*p, *s).filter(|l| l.len() > 0) else {
                        return;
                    };
                    let share = u64::from(surplus) * list.len() as u64 / u64::from(idle) + 1;
                    gone.extend((0..share).map_while(|_| list.pop()));
                });
                tell(state, &gone[start..]);
            }
            true
        });
        gone.into_iter().for_each(Upstream::close);
    }

    /// Looks at those of all workers.
    fn each(&self, mut look: impl FnMut(&mut Idle)) {
        match &self.lists {
            Lists::Own(idle) => look(&mut idle.borrow_mut()),
            Lists::Shared { all, .. } => {
                for one in all.iter() {
                    look(&mut one.lock().unwrap_or_else(PoisonError::into_inner));
                }
            }
        }
    }

    /// Closes what the servers have closed.
    pub(crate) fn cull<'s>(&self, server: impl Fn(ProxyId, ServerId) -> &'s ServerState) {
        let mut gone = Vec::new();
        self.own(|idle| {
            for (p, servers) in idle.0.iter_mut().enumerate() {
                for (s, list) in servers.iter_mut().enumerate().filter(|(_, list)| list.len() > 0) {
                    let before = gone.len();
                    list.cull(&mut gone);
                    tell(server(ProxyId(p as u32), ServerId(s as u32)), &gone[before..]);
                }
            }
        });
        gone.into_iter().for_each(Upstream::close);
    }

    /// Closes those of one server.
    pub(crate) fn drop_idle(&self, proxy: ProxyId, server: ServerId, state: &ServerState) {
        let gone = self.own(|idle| idle.get(proxy, server).map(std::mem::take)).unwrap_or_default();
        let gone: Vec<_> = gone.all().collect();
        tell(state, &gone);
        gone.into_iter().for_each(Upstream::close);
    }

    pub(crate) fn clear(&self) {
        let gone = self.own(|idle| std::mem::take(&mut idle.0));
        gone.into_iter().flatten().flat_map(List::all).for_each(Upstream::close);
    }
}

/// Tells a server that these connections to it are idle no more.
fn tell(state: &ServerState, gone: &[Box<Upstream>]) {
    if !gone.is_empty() {
        let safe = gone.iter().filter(|u| u.is_safe()).count();
        state.idle_gone(gone.len() as u32, safe as u32);
    }
}
