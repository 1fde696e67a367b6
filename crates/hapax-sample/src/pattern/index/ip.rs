//! Networks of both families, the longest prefix first: one table per prefix length in use, so that a look-up is one probe
//! per length. Masks that are no prefix are tried in turn, last.

use std::net::{Ipv4Addr, Ipv6Addr};

use hapax_value::embedded_v4;
use hashbrown::HashTable;

use super::super::parse::{self, Net};
use super::super::store::Store;
use super::Resolve;

#[derive(Clone, Debug)]
pub(crate) struct IpIndex {
    no_dns: bool,
    v4: Family<u32>,
    v6: Family<[u32; 4]>,
    /// `(address, mask, entry)` of masks with holes.
    holed: Vec<(u32, u32, u32)>,
    /// What the names among the keys were turned into.
    named: Vec<(u32, Net)>,
}

/// Tables of one family, the longest prefix first.
#[derive(Clone, Debug)]
struct Family<A> {
    tables: Vec<(u8, HashTable<(A, u32)>)>,
    /// Entries for the network of an earlier one.
    shadowed: usize,
}

/// An address that can be cut to a prefix.
trait Bits: Copy + Eq {
    fn cut(self, bits: u8) -> Self;
    fn hash(self) -> u64;
}

fn mix(n: u64) -> u64 {
    let h = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (h ^ (h >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93)
}

impl Bits for u32 {
    fn cut(self, bits: u8) -> Self {
        self & Self::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0)
    }

    fn hash(self) -> u64 {
        mix(u64::from(self))
    }
}

impl Bits for [u32; 4] {
    fn cut(self, bits: u8) -> Self {
        let n = join(self) & u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
        split(n)
    }

    fn hash(self) -> u64 {
        let n = join(self);
        mix(mix((n >> 64) as u64) ^ n as u64)
    }
}

/// In words of 32 bits: a table slot then needs no padding.
fn split(n: u128) -> [u32; 4] {
    [(n >> 96) as u32, (n >> 64) as u32, (n >> 32) as u32, n as u32]
}

fn join([a, b, c, d]: [u32; 4]) -> u128 {
    u128::from(a) << 96 | u128::from(b) << 64 | u128::from(c) << 32 | u128::from(d)
}

impl<A: Bits> Family<A> {
    fn new() -> Self {
        Self {
            tables: Vec::new(),
            shadowed: 0,
        }
    }

    fn insert(&mut self, addr: A, bits: u8, id: u32) {
        let addr = addr.cut(bits);
        let at = match self.tables.binary_search_by(|(other, _)| bits.cmp(other)) {
            Ok(at) => at,
            Err(at) => {
                self.tables.insert(at, (bits, HashTable::new()));
                at
            }
        };
        let table = &mut self.tables[at].1;
        if table.find(addr.hash(), |slot| slot.0 == addr).is_some() {
            self.shadowed += 1;
        } else {
            table.insert_unique(addr.hash(), (addr, id), |slot| slot.0.hash());
        }
    }

    /// `next` finds the next entry for the same network.
    fn remove(&mut self, addr: A, bits: u8, id: u32, next: impl FnOnce() -> Option<u32>) {
        let addr = addr.cut(bits);
        let Ok(at) = self.tables.binary_search_by(|(other, _)| bits.cmp(other)) else {
            return;
        };
        let table = &mut self.tables[at].1;
        match table.find_entry(addr.hash(), |slot| slot.0 == addr && slot.1 == id) {
            Ok(mut found) => match next().filter(|_| self.shadowed > 0) {
                Some(next) => {
                    found.get_mut().1 = next;
                    self.shadowed -= 1;
                }
                None => {
                    found.remove();
                }
            },
            Err(_) => self.shadowed = self.shadowed.saturating_sub(1),
        }
        if table.is_empty() {
            self.tables.remove(at);
        }
    }

    fn find(&self, addr: A) -> Option<u32> {
        self.tables.iter().find_map(|(bits, table)| {
            let net = addr.cut(*bits);
            table.find(net.hash(), |slot| slot.0 == net).map(|slot| slot.1)
        })
    }

    fn memory(&self) -> usize {
        self.tables.iter().map(|(_, table)| table.allocation_size()).sum()
    }
}

/// The prefix length of a mask, unless it has holes.
fn prefix_len(mask: u32) -> Option<u8> {
    let bits = mask.leading_ones();
    (mask.checked_shl(bits).unwrap_or(0) == 0).then_some(bits as u8)
}

impl IpIndex {
    pub(super) fn new(no_dns: bool) -> Self {
        Self {
            no_dns,
            v4: Family::new(),
            v6: Family::new(),
            holed: Vec::new(),
            named: Vec::new(),
        }
    }

    fn parse(&self, key: &[u8]) -> Result<Net, String> {
        parse::net(&String::from_utf8_lossy(key), self.no_dns)
    }

    pub(super) fn insert(&mut self, store: &Store, id: u32, resolve: Resolve<'_>) -> Result<(), String> {
        let net = match self.parse(store.key(id)) {
            Ok(net) => net,
            Err(why) => {
                let net = self.resolved(store.key(id), resolve).ok_or(why)?;
                self.named.push((id, net));
                net
            }
        };
        match net {
            Net::V4 { addr, mask } => match prefix_len(mask) {
                Some(bits) => self.v4.insert(addr, bits, id),
                None => self.holed.push((addr, mask, id)),
            },
            Net::V6 { addr, bits } => self.v6.insert(split(addr), bits, id),
        }
        Ok(())
    }

    fn resolved(&self, key: &[u8], resolve: Resolve<'_>) -> Option<Net> {
        if self.no_dns {
            return None;
        }
        let text = std::str::from_utf8(key).ok()?;
        let (host, mask) = text.rsplit_once('/').map_or((text, None), |(host, mask)| (host, Some(mask)));
        let addr = resolve(host)?;
        let (_, mask) = match mask {
            Some(mask) => parse::net_v4(&format!("0.0.0.0/{mask}"), false)?,
            None => (addr, Ipv4Addr::BROADCAST),
        };
        Some(Net::V4 {
            addr: addr.into(),
            mask: mask.into(),
        })
    }

    fn net_of(&self, store: &Store, id: u32) -> Option<Net> {
        match self.named.iter().find(|(other, _)| *other == id) {
            Some((_, net)) => Some(*net),
            None => self.parse(store.key(id)).ok(),
        }
    }

    pub(super) fn remove(&mut self, store: &Store, id: u32) {
        let Some(net) = self.net_of(store, id) else { return };
        let mut next = None;
        if self.v4.shadowed + self.v6.shadowed > 0 {
            next = store
                .iter_from(id + 1)
                .map(|(other, _)| other)
                .find(|&other| self.net_of(store, other).is_some_and(|n| same_net(n, net)));
        }
        match net {
            Net::V4 { addr, mask } => match prefix_len(mask) {
                Some(bits) => self.v4.remove(addr, bits, id, || next),
                None => self.holed.retain(|&(_, _, other)| other != id),
            },
            Net::V6 { addr, bits } => self.v6.remove(split(addr), bits, id, || next),
        }
        self.named.retain(|(other, _)| *other != id);
    }

    fn find_holed(&self, a: u32) -> Option<u32> {
        self.holed
            .iter()
            .find(|&&(addr, mask, _)| (a ^ addr) & mask == 0)
            .map(|&(_, _, id)| id)
    }

    pub(super) fn find_v4(&self, a: Ipv4Addr) -> Option<u32> {
        self.v4
            .find(a.into())
            .or_else(|| self.v6.find(split(a.to_ipv6_mapped().into())))
            .or_else(|| self.find_holed(a.into()))
    }

    pub(super) fn find_v6(&self, a: Ipv6Addr) -> Option<u32> {
        self.v6.find(split(a.into())).or_else(|| {
            let v4 = embedded_v4(a)?;
            self.v4.find(v4.into()).or_else(|| self.find_holed(v4.into()))
        })
    }

    pub(super) fn memory(&self) -> usize {
        self.v4.memory() + self.v6.memory() + self.named.capacity() * size_of::<(u32, Net)>()
    }
}

fn same_net(a: Net, b: Net) -> bool {
    match (a, b) {
        (Net::V4 { addr: a, mask: m }, Net::V4 { addr: b, mask: n }) => m == n && a & m == b & m,
        (Net::V6 { addr: a, bits: m }, Net::V6 { addr: b, bits: n }) => m == n && split(a).cut(m) == split(b).cut(n),
        _ => false,
    }
}
