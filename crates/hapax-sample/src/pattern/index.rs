//! What finds an entry: one structure per matching method, told of every entry that comes and goes.
//!
//! Each answers with the number of the entry that HAProxy's own order would give: the longest prefix for `beg` and `ip`,
//! the first line for the others.

mod affix;
mod bin;
mod exact;
mod int;
mod ip;
mod reg;
mod sub;
mod words;

use std::borrow::Cow;
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::store::Store;
use super::{MatchMethod, Subject};
use crate::regexp::Regexp;

/// Turns a host name into an address while a configuration is loaded.
pub(crate) type Resolve<'r> = &'r dyn Fn(&str) -> Option<Ipv4Addr>;

/// At run time no name is looked up.
pub(crate) fn no_resolver(_: &str) -> Option<Ipv4Addr> {
    None
}

/// How a list is looked at; two uses with the same spec share one index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Spec {
    pub(crate) method: MatchMethod,
    pub(crate) icase: bool,
    /// Do not take abbreviated addresses and names (`-n`).
    pub(crate) no_dns: bool,
    /// Integers are `major.minor`.
    pub(crate) version: bool,
    /// The groups of an expression are asked for.
    pub(crate) groups: bool,
}

/// One structure over the entries of one version.
#[derive(Clone, Debug)]
pub(crate) enum Index {
    /// The method looks at no entry.
    Nothing,
    Int(int::IntIndex),
    Ip(ip::IpIndex),
    Bin(bin::BinIndex),
    Exact(exact::ExactIndex),
    Prefix(affix::AffixIndex),
    Suffix(affix::AffixIndex),
    Words(words::WordIndex),
    Sub(sub::SubIndex),
    Reg(reg::RegIndex),
}

impl Index {
    pub(crate) fn new(spec: Spec) -> Self {
        match spec.method {
            MatchMethod::Found | MatchMethod::Bool => Self::Nothing,
            MatchMethod::Int | MatchMethod::Len => Self::Int(int::IntIndex::new(spec.version)),
            MatchMethod::Ip => Self::Ip(ip::IpIndex::new(spec.no_dns)),
            MatchMethod::Bin => Self::Bin(bin::BinIndex::default()),
            MatchMethod::Str => Self::Exact(exact::ExactIndex::new(spec.icase)),
            MatchMethod::Beg => Self::Prefix(affix::AffixIndex::new(spec.icase)),
            MatchMethod::End => Self::Suffix(affix::AffixIndex::new(spec.icase)),
            MatchMethod::Dir => Self::Words(words::WordIndex::new(b"/?", spec.icase)),
            MatchMethod::Dom => Self::Words(words::WordIndex::new(b"/?.:", spec.icase)),
            MatchMethod::Sub => Self::Sub(sub::SubIndex::new(spec.icase)),
            MatchMethod::Reg => Self::Reg(reg::RegIndex::new(spec.icase, spec.groups)),
        }
    }

    /// Adds an entry that is in the store already; the error is in words for the user.
    pub(crate) fn insert(&mut self, store: &mut Store, id: u32, resolve: Resolve<'_>) -> Result<(), String> {
        match self {
            Self::Nothing => Ok(()),
            Self::Int(i) => i.insert(store, id),
            Self::Ip(i) => i.insert(store, id, resolve),
            Self::Bin(i) => i.insert(store, id),
            Self::Exact(i) => {
                i.insert(store, id);
                Ok(())
            }
            Self::Prefix(i) => {
                i.insert::<true>(store, id);
                Ok(())
            }
            Self::Suffix(i) => {
                i.insert::<false>(store, id);
                Ok(())
            }
            Self::Words(i) => {
                i.insert(store, id);
                Ok(())
            }
            Self::Sub(i) => {
                i.insert(id);
                Ok(())
            }
            Self::Reg(i) => i.insert(store, id),
        }
    }

    /// Forgets an entry that is still in the store.
    pub(crate) fn remove(&mut self, store: &Store, id: u32) {
        match self {
            Self::Nothing => {}
            Self::Int(i) => i.remove(store, id),
            Self::Ip(i) => i.remove(store, id),
            Self::Bin(i) => i.remove(store, id),
            Self::Exact(i) => i.remove(store, id),
            Self::Prefix(i) => i.remove::<true>(store, id),
            Self::Suffix(i) => i.remove::<false>(store, id),
            Self::Words(i) => i.remove(store, id),
            Self::Sub(i) => i.remove(id),
            Self::Reg(i) => i.remove(id),
        }
    }

    /// After a batch of insertions: sorts and compiles what is cheaper done at once.
    pub(crate) fn finish(&mut self, store: &Store) {
        match self {
            Self::Int(i) => i.finish(),
            Self::Sub(i) => i.finish(store),
            Self::Reg(i) => i.finish(),
            _ => {}
        }
    }

    /// The entry that matches, if any.
    pub(crate) fn find(&self, store: &Store, subject: &Subject<'_>) -> Option<u32> {
        match (self, subject) {
            (Self::Int(i), Subject::Int(n)) => i.find(*n),
            (Self::Int(i), Subject::Bytes(b)) => i.find(b.len() as i64),
            (Self::Ip(i), Subject::V4(a)) => i.find_v4(*a),
            (Self::Ip(i), Subject::V6(a)) => i.find_v6(*a),
            (Self::Bin(i), Subject::Bytes(b)) => i.find(b),
            (Self::Exact(i), Subject::Bytes(b)) => i.find(store, b),
            (Self::Prefix(i), Subject::Bytes(b)) => i.find_longest(store, b),
            (Self::Suffix(i), Subject::Bytes(b)) => i.find_first(store, b),
            (Self::Words(i), Subject::Bytes(b)) => i.find(store, b),
            (Self::Sub(i), Subject::Bytes(b)) => i.find(store, b),
            (Self::Reg(i), Subject::Bytes(b)) => i.find(store, b),
            _ => None,
        }
    }

    /// Shows the entries that match to `f`, where each key stands once; `None`: some do, and the method does not tell which.
    pub(crate) fn each(&self, store: &Store, subject: &Subject<'_>, mut f: impl FnMut(Option<u32>)) {
        match (self, subject) {
            (Self::Prefix(i), Subject::Bytes(b)) => i.each::<true>(store, b, |id| f(Some(id))),
            (Self::Suffix(i), Subject::Bytes(b)) => i.each::<false>(store, b, |id| f(Some(id))),
            (Self::Exact(i), Subject::Bytes(b)) => {
                if let Some(id) = i.find(store, b) {
                    f(Some(id));
                }
            }
            _ => {
                if self.find(store, subject).is_some() {
                    f(None);
                }
            }
        }
    }

    /// Whether some entry matches a text. Of a few entries, each is compared: that is cheaper than any hash.
    pub(crate) fn matches_text(&self, store: &Store, text: &[u8]) -> bool {
        const FEW: u32 = 6;
        if store.end() <= FEW {
            let any = |same: fn(&[u8], &[u8], bool) -> bool, icase| store.iter().any(|(_, r)| same(r.key, text, icase));
            match self {
                Self::Exact(i) => return any(affix::same, i.icase()),
                Self::Prefix(i) => return any(affix::begins, i.icase()),
                Self::Suffix(i) => return any(affix::ends, i.icase()),
                _ => {}
            }
        }
        self.find(store, &Subject::Bytes(Cow::Borrowed(text))).is_some()
    }

    /// Keys that differ in case alone are the same.
    pub(crate) fn folds_case(&self) -> bool {
        match self {
            Self::Exact(i) => i.icase(),
            Self::Prefix(i) | Self::Suffix(i) => i.icase(),
            _ => false,
        }
    }

    /// Something waits for [`Self::finish`].
    pub(crate) fn wants_finish(&self) -> bool {
        match self {
            Self::Int(i) => i.wants_finish(),
            Self::Sub(i) => i.wants_finish(),
            Self::Reg(i) => i.wants_finish(),
            _ => false,
        }
    }

    /// The expression of an entry, for maps that use its groups.
    pub(crate) fn regexp(&self, id: u32, source: &[u8]) -> Option<Arc<Regexp>> {
        match self {
            Self::Reg(i) => i.regexp(id, source),
            _ => None,
        }
    }

    /// Bytes held beyond the store's.
    pub(crate) fn memory(&self) -> usize {
        match self {
            Self::Ip(i) => i.memory(),
            Self::Exact(i) => i.memory(),
            Self::Prefix(i) | Self::Suffix(i) => i.memory(),
            Self::Words(i) => i.memory(),
            Self::Int(i) => i.memory(),
            Self::Nothing | Self::Bin(_) | Self::Sub(_) | Self::Reg(_) => 0,
        }
    }
}
