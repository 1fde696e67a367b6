//! The names of one section: those of servers, and those that rules ask for.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use hapax_balance::names::{Known, Place, Wish, has_lapsed, pick, rank};
use hapax_config::plan::Resolvers;
use hapax_proto::dns::{Answer, Ask, Event, Families, Fault, Kind, Lookup, Policy, Progress, Question, Record, Status, normal_name};
use hapax_sample::{ProxyId, ServerId};
use slab::Slab;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::families::Choice;
use super::servers::Members;
use super::transport::{Heard, Transport};
use crate::state::{Asked, NameServerCounters, Shared, Updater};
use crate::tls::TlsTables;

/// The most names that are kept for rules: what clients can make us look up is bounded.
const MOST_FOR_RULES: usize = 32_768;

/// Questions under way at once, as long as answers come: more would only wait, or get lost, in the buffers of sockets.
const WINDOW: usize = 128;

/// Beyond them, one question in so many milliseconds: name servers that are silent must not keep the others from being asked.
const PACE_MS: u64 = 2;

/// For names that wait in another line.
const FAR_MS: u64 = 3_600_000;

/// Name servers that a mask has bits for.
const MOST_SERVERS: usize = 64;

/// A name, and what is asked for first.
pub(super) type Key = (String, Kind);

/// A name under watch.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) key: Key,
    lookup: Lookup,
    /// The question that is under way.
    question: Option<Question>,
    /// Servers whose host it is, by their place among the members.
    pub(super) users: Vec<usize>,
    /// The groups of servers whose service it is.
    pub(super) groups: Vec<usize>,
    waiting: Vec<(bool, oneshot::Sender<Option<IpAddr>>)>,
    pub(super) addresses: Known<IpAddr>,
    pub(super) places: Known<Place>,
    /// When it stands in the queue.
    due: u64,
    /// It waits for its turn to be asked for.
    ready: bool,
    /// When servers began to want it.
    pub(super) since: u64,
}

impl Name {
    fn is_wanted(&self) -> bool {
        !self.users.is_empty() || !self.groups.is_empty() || !self.waiting.is_empty()
    }
}

/// One section at work.
pub(super) struct Section {
    pub(super) shared: Arc<Shared>,
    index: usize,
    policy: Policy,
    start: Instant,
    transport: Transport,
    families: Choice,
    pub(super) names: Slab<Name>,
    by_key: HashMap<Key, usize>,
    queue: BTreeSet<(u64, usize)>,
    by_id: HashMap<u16, usize>,
    /// Names that are to be asked for, and when the last one was.
    ready: VecDeque<usize>,
    last_start: u64,
    pub(super) members: Members,
    seed: RandomState,
    count: u64,
}

impl Section {
    pub(super) fn new(shared: Arc<Shared>, index: usize, tls: &TlsTables) -> Self {
        let conf = &shared.plan.resolvers[index];
        let mut section = Self {
            policy: Policy {
                retries: conf.retries,
                retry: conf.timeout_retry,
                resolve: conf.timeout_resolve,
            },
            start: Instant::now(),
            transport: Transport::new(conf, index, tls),
            families: Choice::new(shared.plan.global.dns_families),
            names: Slab::new(),
            by_key: HashMap::new(),
            queue: BTreeSet::new(),
            by_id: HashMap::new(),
            ready: VecDeque::new(),
            last_start: 0,
            members: Members::default(),
            seed: RandomState::new(),
            count: 0,
            index,
            shared,
        };
        section.enrol();
        section
    }

    pub(super) fn conf(&self) -> &Resolvers {
        &self.shared.plan.resolvers[self.index]
    }

    pub(super) fn index(&self) -> usize {
        self.index
    }

    /// Families of addresses that are taken.
    pub(super) fn accepted(&mut self) -> Families {
        self.families.now()
    }

    /// Milliseconds since the start, never 0.
    pub(super) fn now(&self) -> u64 {
        self.start.elapsed().as_millis() as u64 + 1
    }

    /// When [`due`](Self::due) has to be called next.
    pub(super) fn next(&self) -> Instant {
        let queued = self.queue.first().map_or(self.now() + FAR_MS, |(at, _)| *at);
        let at = if self.ready.is_empty() {
            queued
        } else {
            queued.min(self.last_start + PACE_MS)
        };
        self.start + Duration::from_millis(at.saturating_sub(1))
    }

    pub(super) async fn hear(&mut self) -> Heard {
        self.transport.hear().await
    }

    /// The place of a name among those under watch; it is looked up at once if it is new.
    pub(super) fn watch(&mut self, key: Key) -> usize {
        if let Some(n) = self.by_key.get(&key) {
            return *n;
        }
        let now = self.now();
        let lookup = Lookup::new(key.1, self.families.now(), now);
        let n = self.names.insert(Name {
            key: key.clone(),
            lookup,
            question: None,
            users: Vec::new(),
            groups: Vec::new(),
            waiting: Vec::new(),
            addresses: Known::default(),
            places: Known::default(),
            due: now,
            ready: false,
            since: now,
        });
        self.by_key.insert(key, n);
        self.queue.insert((now, n));
        n
    }

    fn queue_again(&mut self, n: usize, at: u64) {
        let name = &mut self.names[n];
        self.queue.remove(&(name.due, n));
        name.due = at;
        self.queue.insert((at, n));
    }

    fn drop_name(&mut self, n: usize) {
        self.forget_question(n);
        let name = self.names.remove(n);
        self.queue.remove(&(name.due, n));
        self.by_key.remove(&name.key);
    }

    fn forget_question(&mut self, n: usize) {
        if let Some(q) = self.names[n].question.take() {
            self.by_id.remove(&q.id);
        }
    }

    /// Does what is due, at most so many times; `true`: there is more.
    pub(super) fn due(&mut self, most: usize) -> bool {
        for _ in 0..most {
            let now = self.now();
            if self.start_next(now) {
                continue;
            }
            let Some(&(_, n)) = self.queue.first().filter(|(at, _)| *at <= now) else {
                return false;
            };
            let name = &mut self.names[n];
            if name.lookup.is_asking() {
                let owing = name.lookup.owing();
                let progress = name.lookup.at(now, self.policy);
                if progress != Progress::Wait {
                    self.count_each(owing, |c| &c.timeout);
                }
                self.go_on(n, progress, None);
            } else if name.ready {
                self.queue_again(n, now + FAR_MS);
            } else if name.is_wanted() {
                name.ready = true;
                // Somebody waits for what a rule asks for.
                if name.waiting.is_empty() {
                    self.ready.push_back(n);
                } else {
                    self.ready.push_front(n);
                }
                self.queue_again(n, now + FAR_MS);
            } else {
                self.rest(n, now);
            }
        }
        true
    }

    /// A name nobody wants is kept for rules as long as it counts as fresh.
    fn rest(&mut self, n: usize, now: u64) {
        let hold = self.conf().hold.valid;
        match self.names[n].lookup.last_valid.map(|v| v + hold) {
            Some(until) if until > now => self.queue_again(n, until),
            _ => self.drop_name(n),
        }
    }

    /// Asks for the next name in line, if it may be asked for now.
    fn start_next(&mut self, now: u64) -> bool {
        if self.by_id.len() >= WINDOW && now < self.last_start + PACE_MS {
            return false;
        }
        let Some(n) = self.ready.pop_front() else { return false };
        self.names[n].ready = false;
        if !self.names[n].is_wanted() {
            self.rest(n, now);
            return true;
        }
        self.last_start = now;
        let families = self.families.now();
        let name = &mut self.names[n];
        name.lookup.set_families(families);
        name.lookup.hurry(now);
        let progress = name.lookup.at(now, self.policy);
        self.go_on(n, progress, None);
        true
    }

    fn counters(&self, server: usize) -> Option<&NameServerCounters> {
        self.shared.resolvers[self.index].counters.get(server)
    }

    fn count_each(&self, servers: u64, which: impl Fn(&NameServerCounters) -> &AtomicU64) {
        for i in 0..self.conf().nameservers.len().min(MOST_SERVERS) {
            if let Some(c) = self.counters(i).filter(|_| servers & 1 << i != 0) {
                which(c).fetch_add(1, Relaxed);
            }
        }
    }

    /// A letter from a worker or the runtime API.
    pub(super) fn asked(&mut self, what: Asked) {
        match what {
            Asked::Address { host, v4_first, reply } => self.for_rule(&host, v4_first, reply),
            Asked::Renamed(p, s) => self.renamed(p, s),
            Asked::Hurry(p, s) => self.hurry(p, s),
        }
    }

    fn for_rule(&mut self, host: &str, v4_first: bool, reply: oneshot::Sender<Option<IpAddr>>) {
        let kind = if v4_first { Kind::A } else { Kind::Aaaa };
        let key = (normal_name(host), kind);
        let known = self.by_key.contains_key(&key);
        if key.0.is_empty() || (!known && self.names.len() >= MOST_FOR_RULES) {
            // Nobody would be helped by waiting.
            let _ = reply.send(None);
            return;
        }
        let n = self.watch(key);
        let (now, hold) = (self.now(), self.conf().hold.valid);
        let name = &mut self.names[n];
        let fresh = name.lookup.status == Status::Valid && name.lookup.last_valid.is_some_and(|v| now < v + hold);
        if fresh && !name.addresses.is_empty() {
            let _ = reply.send(for_rule(&mut name.addresses, v4_first));
            return;
        }
        name.waiting.push((v4_first, reply));
        self.look_now(n);
    }

    /// A question before its time, unless one is under way.
    pub(super) fn look_now(&mut self, n: usize) {
        let now = self.now();
        let name = &mut self.names[n];
        if !name.lookup.is_asking() && !name.ready {
            self.queue_again(n, now);
        }
    }

    fn hurry(&mut self, p: ProxyId, s: ServerId) {
        if let Some(n) = self.members.name_of(p, s) {
            self.look_now(n);
        }
    }

    /// Something came in.
    pub(super) fn heard(&mut self, heard: Heard) {
        let now = self.now();
        match heard {
            Heard::Failed { from, id } => {
                self.count_each(1 << from, |c| &c.snd_error);
                if let Some(&n) = self.by_id.get(&id) {
                    let progress = self.names[n].lookup.hear(from, Event::Unsent, now, self.policy);
                    self.go_on(n, progress, Some(from));
                }
            }
            Heard::Message { from, bytes, tcp } => self.message(from, &bytes, tcp, now),
        }
    }

    fn message(&mut self, from: u32, bytes: &[u8], tcp: bool, now: u64) {
        let server = 1_u64 << from;
        if !tcp && bytes.len() > usize::from(self.conf().payload).max(512) {
            self.count_each(server, |c| &c.too_big);
            return;
        }
        let id = bytes.first_chunk::<2>().map(|b| u16::from_be_bytes(*b));
        let found = id.and_then(|id| self.by_id.get(&id).copied());
        let Some(n) = found.filter(|n| self.names[*n].lookup.owing() & server != 0) else {
            self.count_each(server, |c| if id.is_some() { &c.outdated } else { &c.invalid });
            return;
        };
        let Some(question) = &self.names[n].question else { return };
        let event = match question.decode(bytes) {
            Ok(answer) => {
                self.count_each(server, |c| &c.valid);
                if answer.alias {
                    self.count_each(server, |c| &c.cname);
                }
                Event::Answer(answer)
            }
            Err(Fault::Truncated) if !tcp => {
                self.count_each(server, |c| &c.truncated);
                // The whole is to be had over a connection, of the same server.
                let (id, asked) = (question.id, question.encode(self.conf().payload));
                if asked.is_some_and(|q| self.transport.send_tcp(from as usize, id, &q).is_ok()) {
                    self.count_each(server, |c| &c.sent);
                    return;
                }
                Event::Fault(Fault::Truncated)
            }
            Err(fault) => {
                self.count_each(server, |c| match fault {
                    Fault::Foreign | Fault::Invalid => &c.invalid,
                    Fault::Truncated => &c.truncated,
                    Fault::Nx => &c.nx,
                    Fault::Refused => &c.refused,
                    Fault::Other => &c.other,
                    Fault::Empty => &c.any_err,
                    Fault::Alias => &c.cname_error,
                });
                Event::Fault(fault)
            }
        };
        let progress = self.names[n].lookup.hear(from, event, now, self.policy);
        self.go_on(n, progress, Some(from));
    }

    /// Does what a lookup says.
    fn go_on(&mut self, n: usize, progress: Progress, from: Option<u32>) {
        match progress {
            Progress::Wait => {}
            Progress::Ask(ask) => self.ask(n, ask),
            Progress::Done(status, answer) => {
                self.forget_question(n);
                self.done(n, status, answer, from);
            }
        }
        if let Some(name) = self.names.get(n) {
            let next = name.lookup.next();
            self.queue_again(n, next);
        }
    }

    fn ask(&mut self, n: usize, ask: Ask) {
        self.forget_question(n);
        let id = self.free_id();
        let question = ask.question(id, &self.names[n].key.0);
        let Some(bytes) = question.encode(self.conf().payload) else {
            // No such name can be asked for: its time will be over.
            return;
        };
        let mut sent = 0;
        for i in 0..self.conf().nameservers.len().min(MOST_SERVERS) {
            let done = self.transport.send(i, id, &bytes);
            if let Some(c) = self.counters(i) {
                let counter = if done.is_ok() { &c.sent } else { &c.snd_error };
                counter.fetch_add(1, Relaxed);
            }
            if done.is_ok() {
                sent |= 1 << i;
            }
        }
        self.by_id.insert(id, n);
        let name = &mut self.names[n];
        name.question = Some(question);
        name.lookup.asked(sent);
    }

    /// A number that no question under way has, and that nobody can guess.
    fn free_id(&mut self) -> u16 {
        loop {
            self.count += 1;
            let id = self.seed.hash_one(self.count) as u16;
            if !self.by_id.contains_key(&id) || self.by_id.len() > 60_000 {
                return id;
            }
        }
    }

    fn done(&mut self, n: usize, status: Status, answer: Option<Answer>, from: Option<u32>) {
        let now = self.now();
        let hold = self.conf().hold;
        let changed = if let Some(answer) = answer {
            self.valid(n, answer, from.unwrap_or(0), now)
        } else {
            let (hold, why) = match status {
                Status::Nx => (hold.nx, "DNS NX status"),
                Status::Refused => (hold.refused, "DNS refused status"),
                Status::Timeout => (hold.timeout, "DNS timeout status"),
                _ => (hold.other, "unspecified DNS error"),
            };
            if has_lapsed(self.names[n].since, self.names[n].lookup.last_valid, hold, now) {
                self.lapsed(n, why);
            }
            false
        };
        if changed && let Some(from) = from {
            self.count_each(1 << from, |c| &c.update);
        }
        let Some(name) = self.names.get_mut(n) else { return };
        for (v4_first, reply) in std::mem::take(&mut name.waiting) {
            let found = (status == Status::Valid).then(|| for_rule(&mut name.addresses, v4_first)).flatten();
            // Whoever asked may have gone.
            let _ = reply.send(found);
        }
    }

    fn valid(&mut self, n: usize, answer: Answer, from: u32, now: u64) -> bool {
        let hold = self.conf().hold.obsolete;
        let name = &mut self.names[n];
        let mut addresses = Vec::new();
        let mut places = Vec::new();
        for record in answer.records {
            match record {
                Record::Ip(ip) => addresses.push(ip),
                Record::Srv(srv) => places.push(Place {
                    host: srv.target,
                    port: srv.port,
                    weight: srv.weight,
                }),
            }
        }
        if !name.groups.is_empty() {
            let gone = name.places.hear(places, now, hold, Place::is_same);
            return self.settle(n, &gone, &answer.additional);
        }
        name.addresses.hear(addresses, now, hold, |a, b| a == b);
        // Rules take turns, which an order of their own would undo.
        if !name.users.is_empty() {
            name.addresses.sort_by_rank(rank);
        }
        let plan = Arc::clone(&self.shared.plan);
        let section = &plan.resolvers[self.index];
        let by = section.nameservers.get(from as usize).map_or("", |s| &s.name);
        self.addresses_changed(n, Updater::NameServer(&section.name, by))
    }
}

/// An address for a rule; the next rule gets the next one.
fn for_rule(addresses: &mut Known<IpAddr>, v4_first: bool) -> Option<IpAddr> {
    let wish = Wish {
        v4_first,
        ..Wish::default()
    };
    let found = pick(addresses.iter().copied(), None, |_| false, &wish);
    addresses.turn();
    found
}
