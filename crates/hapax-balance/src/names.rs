//! Which of a name's addresses a server takes, and which of a service's places (manual, 5.3): functions of what name servers have said
//! and of the time.

use std::collections::VecDeque;
use std::net::IpAddr;

use hapax_value::Millis;
use xxhash_rust::xxh32::xxh32;

/// What name servers have said of one name, each thing with the time it was last heard.
#[derive(Clone, Debug)]
pub struct Known<T> {
    items: Vec<(T, Millis)>,
}

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self { items: Vec::new() }
    }
}

impl<T> Known<T> {
    /// Takes an answer in. What it does not repeat is forgotten once it has not been heard for `hold`, and returned. `same`: two that
    /// are one, of which the newer has the details.
    pub fn hear(&mut self, said: impl IntoIterator<Item = T>, now: Millis, hold: Millis, same: impl Fn(&T, &T) -> bool) -> Vec<T> {
        for new in said {
            match self.items.iter_mut().find(|(old, _)| same(old, &new)) {
                Some(old) => *old = (new, now),
                None => self.items.push((new, now)),
            }
        }
        self.forget(|heard| heard < now && heard + hold <= now)
    }

    /// Forgets everything that has not been heard for `hold`.
    pub fn expire(&mut self, now: Millis, hold: Millis) -> Vec<T> {
        self.forget(|heard| heard + hold <= now)
    }

    fn forget(&mut self, old: impl Fn(Millis) -> bool) -> Vec<T> {
        let (gone, kept) = std::mem::take(&mut self.items).into_iter().partition(|(_, heard)| old(*heard));
        self.items = kept;
        let gone: Vec<(T, Millis)> = gone;
        gone.into_iter().map(|(t, _)| t).collect()
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.iter().map(|(t, _)| t)
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Puts them in the order in which servers are offered them, whatever the order of the answer was.
    pub fn sort_by_rank(&mut self, rank: impl Fn(&T) -> u32) {
        self.items.sort_by_key(|(item, _)| rank(item));
    }

    /// The next one in turn goes to the end.
    pub fn turn(&mut self) {
        if !self.items.is_empty() {
            self.items.rotate_left(1);
        }
    }
}

/// A network: an address, and how many of its bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net {
    pub address: IpAddr,
    pub bits: u8,
}

impl Net {
    pub fn has(&self, ip: IpAddr) -> bool {
        fn same<const N: usize>(a: [u8; N], b: [u8; N], bits: u8) -> bool {
            let whole = usize::from(bits / 8).min(N);
            let rest = bits % 8;
            a[..whole] == b[..whole] && (rest == 0 || whole == N || (a[whole] ^ b[whole]) >> (8 - rest) == 0)
        }
        match (self.address, ip) {
            (IpAddr::V4(a), IpAddr::V4(b)) => same(a.octets(), b.octets(), self.bits),
            (IpAddr::V6(a), IpAddr::V6(b)) => same(a.octets(), b.octets(), self.bits),
            _ => false,
        }
    }
}

/// What a server would like to have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// `resolve-prefer ipv4`
    pub v4_first: bool,
    /// `resolve-net`
    pub nets: Vec<Net>,
    /// `resolve-opts allow-dup-ip`: an address that another server has will do.
    pub shared: bool,
}

/// Where an address stands among those of its name.
pub fn rank(ip: &IpAddr) -> u32 {
    match ip {
        IpAddr::V4(a) => xxh32(&a.octets(), 1),
        IpAddr::V6(a) => xxh32(&a.octets(), 28),
    }
}

/// The address for a server that came with `current`, among those of its name; `taken`: another server of the farm was given it. `None`:
/// there is none for it.
pub fn pick(
    addresses: impl IntoIterator<Item = IpAddr>,
    current: Option<IpAddr>,
    taken: impl Fn(IpAddr) -> bool,
    wish: &Wish,
) -> Option<IpAddr> {
    let mut best: Option<(u8, IpAddr)> = None;
    for ip in addresses {
        let used = taken(ip);
        if used && !wish.shared {
            continue;
        }
        let score = u8::from(ip.is_ipv4() == wish.v4_first) << 3
            | u8::from(wish.nets.iter().any(|n| n.has(ip))) << 2
            | u8::from(!used) << 1
            | u8::from(Some(ip) == current);
        if best.is_none_or(|(most, _)| score > most) {
            best = Some((score, ip));
        }
    }
    best.map(|(_, ip)| ip)
}

/// A place of a service: a host and a port, and how much it can take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub host: String,
    pub port: u16,
    /// As the record has it, 0 to 65535.
    pub weight: u16,
}

impl Place {
    pub fn is_same(&self, other: &Self) -> bool {
        self.port == other.port && self.host == other.host
    }

    /// Where it stands among the places of its service.
    pub fn rank(&self) -> u32 {
        let mut wire = Vec::with_capacity(self.host.len() + 1);
        for label in self.host.split('.').filter(|l| !l.is_empty()) {
            wire.push(label.len() as u8);
            wire.extend_from_slice(label.as_bytes());
        }
        xxh32(&wire, 33)
    }

    /// As servers have weights, 0 to 256.
    pub fn server_weight(&self) -> u32 {
        u32::from(self.weight).div_ceil(256)
    }
}

/// A change among the servers of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// The server's place is gone.
    Leave(usize),
    /// The server takes this place.
    Take(usize, Place),
    /// The server stays, and its weight may be another.
    Stay(usize, Place),
}

/// Who takes which place: servers stay where they are, and those without one wait in `free`, from which the next is taken. Known places
/// and those that are `gone` are walked through by rank; a server whose place is gone waits behind the others. `held`: the places that
/// servers have.
pub fn settle(places: &Known<Place>, gone: &[Place], held: &[Option<Place>], free: &mut VecDeque<usize>) -> Vec<Move> {
    let mut all: Vec<(&Place, bool)> = gone.iter().map(|p| (p, false)).chain(places.iter().map(|p| (p, true))).collect();
    // Of one host, what is gone comes first: who had it may take what is there instead.
    all.sort_by_key(|(place, _)| place.rank());
    let mut moves = Vec::new();
    for (place, known) in all {
        let holder = held.iter().position(|h| h.as_ref().is_some_and(|h| h.is_same(place)));
        match (holder, known) {
            (Some(i), true) => moves.push(Move::Stay(i, place.clone())),
            (Some(i), false) => {
                free.push_back(i);
                moves.push(Move::Leave(i));
            }
            (None, true) => {
                // There may be more places than servers.
                if let Some(i) = free.pop_front() {
                    moves.push(Move::Take(i, place.clone()));
                }
            }
            (None, false) => {}
        }
    }
    moves
}

/// Whether a resolution that went wrong says something about the server: nothing good was heard for `hold`, nor was the name new.
pub fn has_lapsed(since: Millis, last_valid: Option<Millis>, hold: Millis, now: Millis) -> bool {
    last_valid.unwrap_or(since) + hold <= now
}

#[cfg(test)]
mod tests;
