//! A backend's servers and the choice among them.
//!
//! A [`Farm`] knows weights, who is usable and who is a backup; load is asked from the caller at each pick, of all servers or, by an
//! algorithm that keeps an order by load ([`Farm::orders_by_load`]), of those the caller says have changed. Changes of members mark
//! the tables of the algorithm stale and the next pick rebuilds them, so that a burst of transitions costs one rebuild.

mod first;
mod leastconn;
mod map;
mod random;
mod ring;
mod roundrobin;

use crate::hash::HashType;

#[cfg(test)]
mod placement;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

/// Effective weights are in sixteenths of the configured unit, so that a slow start can give a server less than weight 1.
pub const SCALE: u32 = 16;

/// `balance`, reduced to what distinguishes the choice. A hash algorithm's key is computed by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Algorithm {
    #[default]
    RoundRobin,
    StaticRr,
    LeastConn,
    First,
    /// The number of draws; at least 1.
    Random(u32),
    /// `source`, `uri`, `hdr`, `hash`...: by key.
    Hash(HashType),
}

/// When a keyed choice passes a server by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Spill {
    /// `hash-balance-factor`: the most streams a server may have, in percent of the average; 0: no bound.
    pub factor: u32,
    pub affinity: Affinity,
}

/// `hash-preserve-affinity`: which servers a key does not wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Affinity {
    #[default]
    Always,
    /// Those that take no more.
    MaxConn,
    /// Those whose queue takes no more.
    MaxQueue,
}

impl Spill {
    fn any(self) -> bool {
        self != Self::default()
    }
}

/// `hash-key`: where a server's points on a consistent ring start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum NodeKey {
    /// By its `id`, which leaves room for the points of one server.
    #[default]
    Id,
    /// At a number of its own.
    Number(u32),
}

/// A server as the farm sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The server's `id`.
    pub id: u32,
    pub node: NodeKey,
    /// Effective weight, in [`SCALE`]ths.
    pub weight: u32,
    /// Up, not draining, not in maintenance.
    pub usable: bool,
    pub backup: bool,
}

/// How busy a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Load {
    /// Streams on it and in its queue.
    pub streams: u32,
    /// Streams on it.
    pub served: u32,
    /// How many streams it got over the last second; only `random` asks.
    pub rate: u32,
    /// It takes no more: `maxconn` reached, or somebody queues for it.
    pub full: bool,
    /// Its queue takes no more: `maxqueue` reached.
    pub queue_full: bool,
    /// What it takes changes without its own doing, and without [`Farm::touch`].
    pub elastic: bool,
}

/// What a pick came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    Server(usize),
    /// There are usable servers and all are full: wait in the backend's queue.
    Full,
    /// No usable server at all.
    NoServer,
}

impl Choice {
    pub fn server(self) -> Option<usize> {
        match self {
            Self::Server(i) => Some(i),
            Self::Full | Self::NoServer => None,
        }
    }
}

/// The servers of a backend, and the state of its algorithm.
#[derive(Debug)]
pub struct Farm {
    members: Vec<Member>,
    /// Places of those who are in the farm, in the order they came.
    order: Vec<usize>,
    all_backups: bool,
    spill: Spill,
    /// Indexes of those who may be picked now: the actives, or else backups.
    live: Vec<usize>,
    tables: Tables,
    stale: bool,
}

#[derive(Debug)]
enum Tables {
    RoundRobin(roundrobin::RoundRobin),
    Map(map::Map),
    Ring(ring::Ring),
    LeastConn(leastconn::LeastConn),
    First,
    Random(random::Random),
}

impl Farm {
    /// `seed` only matters to `random`; `all_backups`: `option allbackups`.
    pub fn new(algorithm: Algorithm, members: Vec<Member>, all_backups: bool, seed: u64) -> Self {
        let tables = match algorithm {
            Algorithm::RoundRobin => Tables::RoundRobin(roundrobin::RoundRobin::new(members.len())),
            Algorithm::LeastConn => Tables::LeastConn(leastconn::LeastConn::default()),
            Algorithm::First => Tables::First,
            Algorithm::Random(draws) => Tables::Random(random::Random::new(draws, seed)),
            Algorithm::Hash(h) if h.consistent => Tables::Ring(ring::Ring::default()),
            Algorithm::StaticRr | Algorithm::Hash(_) => Tables::Map(map::Map::default()),
        };
        let mut farm = Self {
            order: (0..members.len()).collect(),
            members,
            all_backups,
            spill: Spill::default(),
            live: Vec::new(),
            tables,
            stale: true,
        };
        // Turns depend on what changed since the start, also where nobody was chosen yet.
        if matches!(farm.tables, Tables::RoundRobin(_)) {
            farm.refresh();
        }
        farm
    }

    /// When keys pass their servers by.
    #[must_use]
    pub fn spilling(mut self, spill: Spill) -> Self {
        self.spill = spill;
        self
    }

    /// Changes a member; the choice follows at the next pick.
    pub fn set(&mut self, i: usize, member: Member) {
        if self.members[i] == member {
            return;
        }
        self.members[i] = member;
        self.stale = true;
        // Turns depend on the order of changes. Backups come and go as a whole, when the tables are made anew.
        if let Tables::RoundRobin(t) = &mut self.tables
            && !member.backup
        {
            t.reweigh(i, if member.usable { i64::from(member.weight) } else { 0 });
        }
    }

    /// The choice rests on loads as they were last looked at: changes are to be told by [`Self::touch`].
    pub fn orders_by_load(&self) -> bool {
        matches!(self.tables, Tables::LeastConn(_))
    }

    /// The load of a member is not what it was; to be told before the next pick.
    pub fn touch(&mut self, i: usize) {
        if let Tables::LeastConn(t) = &mut self.tables {
            t.touch(i);
        }
    }

    /// Adds a member (`add server`) at a place that is new or was left.
    pub fn admit(&mut self, place: usize, member: Member) {
        if self.members.len() <= place {
            let gone = Member { usable: false, ..member };
            self.members.resize(place + 1, gone);
        }
        self.members[place] = member;
        self.order.push(place);
        self.stale = true;
    }

    /// Takes a member out (`del server`): its place may be another's later.
    pub fn dismiss(&mut self, place: usize) {
        self.order.retain(|p| *p != place);
        self.stale = true;
        if let Tables::RoundRobin(t) = &mut self.tables {
            t.vacate(place);
        }
    }

    pub fn member(&self, i: usize) -> Member {
        self.members[i]
    }

    /// Those who are in the farm, in order.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.order.iter().map(|&i| &self.members[i])
    }

    /// Chooses a server. `key`: of a hash algorithm, where the request had one; without it, servers take turns.
    /// `avoid`: the server that just failed; it is chosen only where nobody else may be
    /// (a keyed choice of a map ignores it: pass no key to go elsewhere).
    pub fn pick(&mut self, key: Option<u32>, load: impl Fn(usize) -> Load, avoid: Option<usize>) -> Choice {
        self.refresh();
        if self.live.is_empty() {
            return Choice::NoServer;
        }
        if let [only] = self.live[..]
            && !self.keeps_turns()
        {
            return if load(only).full && !(key.is_some() && self.queues_on_server()) {
                Choice::Full
            } else {
                Choice::Server(only)
            };
        }
        let view = View {
            members: &self.members,
            live: &self.live,
            avoid,
        };
        let picked = match &mut self.tables {
            Tables::RoundRobin(t) => t.pick(&view, &load),
            Tables::Map(t) => match key {
                Some(k) => t.at(k),
                None => t.turn(&view, &load),
            },
            Tables::Ring(t) => match key {
                Some(k) => t.at(k, &view, &load, self.spill),
                None => t.turn(&view, &load),
            },
            Tables::LeastConn(t) => t.pick(&view, &load),
            Tables::First => first::pick(&view, &load),
            Tables::Random(t) => t.pick(&view, &load, self.spill),
        };
        picked.map_or(Choice::Full, Choice::Server)
    }

    /// Whether anybody may be picked at all.
    pub fn is_empty(&mut self) -> bool {
        self.refresh();
        self.live.is_empty()
    }

    /// Each choice moves the turns of those who may be back later.
    fn keeps_turns(&self) -> bool {
        matches!(self.tables, Tables::RoundRobin(_)) && self.order.len() > 1
    }

    /// A keyed choice stays with its server and queues there.
    fn queues_on_server(&self) -> bool {
        matches!(self.tables, Tables::Map(_) | Tables::Ring(_))
    }

    fn refresh(&mut self) {
        if !self.stale {
            return;
        }
        self.stale = false;
        let eligible = |m: &Member| m.usable && m.weight > 0;
        let all = &self.members;
        let among = |backup: bool| {
            let fits = move |i: &usize| all[*i].backup == backup && eligible(&all[*i]);
            self.order.iter().copied().filter(fits)
        };
        self.live = among(false).collect();
        if self.live.is_empty() {
            let most = if self.all_backups { usize::MAX } else { 1 };
            self.live = among(true).take(most).collect();
        }
        let (members, live) = (&self.members[..], &self.live[..]);
        let order = &self.order[..];
        match &mut self.tables {
            Tables::RoundRobin(t) => t.rebuild(members, live),
            Tables::Map(t) => t.rebuild(members, order, live),
            Tables::Ring(t) => t.rebuild(members, live),
            Tables::Random(t) => t.rebuild(members, live),
            Tables::LeastConn(t) => t.rebuild(members, live),
            Tables::First => {}
        }
    }
}

/// What an algorithm may look at.
struct View<'a> {
    members: &'a [Member],
    live: &'a [usize],
    avoid: Option<usize>,
}

impl View<'_> {
    /// Takes the first acceptable of `order`; the avoided one only where no other is.
    fn first_of(&self, order: impl Iterator<Item = usize>, load: &impl Fn(usize) -> Load) -> Option<usize> {
        let mut spare = None;
        for i in order {
            if load(i).full {
                continue;
            }
            if self.avoid != Some(i) {
                return Some(i);
            }
            spare = Some(i);
        }
        spare
    }
}
