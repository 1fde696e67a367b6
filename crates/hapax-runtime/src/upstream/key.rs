//! What tells connections to one server apart.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, SocketAddr};

/// What about a connection, beside its server, is not the same for everybody.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Traits<'t> {
    /// The name that it goes by: asked for with TLS, or given by `pool-conn-name`.
    pub name: Option<&'t [u8]>,
    /// Where the client meant to go, where that makes another server of it.
    pub destination: Option<(Option<IpAddr>, Option<u16>)>,
    /// Whom it pretends to come from.
    pub source: Option<SocketAddr>,
    /// Netfilter mark and type of service.
    pub labels: (Option<u32>, Option<u8>),
    /// The PROXY header sent over it.
    pub header: &'t [u8],
}

impl Traits<'_> {
    /// Those with the same key may be taken for one another; 0: nothing sets it apart.
    pub(crate) fn key(&self) -> u64 {
        if *self == Self::default() {
            return 0;
        }
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_has_another_key() {
        let named = |name: &'static [u8]| Traits {
            name: Some(name),
            ..Traits::default()
        };
        let all = [
            Traits::default(),
            named(b""),
            named(b"a"),
            Traits {
                destination: Some((None, None)),
                ..Traits::default()
            },
            Traits {
                labels: (Some(0), None),
                ..Traits::default()
            },
            Traits {
                header: b"a",
                ..Traits::default()
            },
        ];
        let keys: Vec<u64> = all.iter().map(Traits::key).collect();
        assert_eq!(keys[0], 0);
        for (i, a) in keys.iter().enumerate() {
            assert!(keys[..i].iter().all(|b| a != b), "{:?}", all[i]);
        }
        assert_eq!(named(b"a").key(), keys[2]);
    }
}
