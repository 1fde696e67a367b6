//! Which of a name's addresses a server takes, and which of a service's places (manual, 5.3): functions of what name servers have said
//! and of the time.

use std::net::IpAddr;

use hapax_value::Millis;

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

/// The address for a server that has `current`, among those of its name; `taken`: another server of the farm has it. `None`: there is
/// none for it. A server stays with what it has unless something better is there.
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

/// Who takes which place: servers stay where they are, new places go to the first servers without one. `held`: the places that servers
/// have, in the order of the configuration.
pub fn settle(places: &Known<Place>, held: &[Option<Place>]) -> Vec<Move> {
    let mut moves = Vec::new();
    let mut free = Vec::new();
    for (i, place) in held.iter().enumerate() {
        match place {
            None => free.push(i),
            Some(p) if places.iter().any(|known| known.is_same(p)) => {}
            Some(_) => moves.push(Move::Leave(i)),
        }
    }
    let mut free = free.into_iter();
    for place in places.iter() {
        let holder = held.iter().position(|h| h.as_ref().is_some_and(|h| h.is_same(place)));
        match holder {
            Some(i) => moves.push(Move::Stay(i, place.clone())),
            None => match free.next() {
                Some(i) => moves.push(Move::Take(i, place.clone())),
                // More places than servers.
                None => break,
            },
        }
    }
    moves
}

/// Whether a resolution that went wrong says something about the server: nothing good was heard for `hold`.
pub fn has_lapsed(last_valid: Option<Millis>, hold: Millis, now: Millis) -> bool {
    last_valid.is_none_or(|at| at + hold <= now)
}

#[cfg(test)]
mod tests;
