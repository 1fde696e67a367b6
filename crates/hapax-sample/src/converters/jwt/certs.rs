//! The certificates and public keys that converters of tokens may name at run time.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::super::jwe::Key;
use super::key::PublicKey;

/// By the name or path that the configuration, a variable or the runtime API has for them.
#[derive(Debug, Default)]
pub struct JwtCerts {
    certs: RwLock<HashMap<Box<str>, Entry>>,
    keys: RwLock<HashMap<Box<str>, Arc<PublicKey>>>,
}

#[derive(Clone, Debug)]
struct Entry {
    public: Option<Arc<PublicKey>>,
    private: Option<Arc<Key>>,
    usable: bool,
}

/// Why a certificate cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    Unknown,
    /// Its `jwt` option is off.
    Unusable,
}

impl JwtCerts {
    /// Takes a certificate in PEM, and its key in PEM (maybe of the same file). One of that name is replaced, and stays as usable
    /// as it was.
    pub fn add(&self, name: &str, cert: &[u8], key: &[u8], usable: bool) {
        let mut certs = self.certs.write().unwrap_or_else(PoisonError::into_inner);
        let usable = usable || certs.get(name).is_some_and(|had| had.usable);
        let entry = Entry {
            public: PublicKey::from_pem(cert, true).ok().map(Arc::new),
            private: Key::from_pem(key).ok().map(Arc::new),
            usable,
        };
        certs.insert(name.into(), entry);
    }

    /// Another version of one that is known, with its key, in PEM.
    pub fn replace(&self, name: &str, pem: &[u8]) {
        if self.knows(name) {
            self.add(name, pem, pem, false);
        }
    }

    /// `add ssl jwt` and `del ssl jwt`; `false`: nobody knows it.
    pub fn set_usable(&self, name: &str, usable: bool) -> bool {
        let mut certs = self.certs.write().unwrap_or_else(PoisonError::into_inner);
        certs.get_mut(name).map(|c| c.usable = usable).is_some()
    }

    /// It is deleted.
    pub fn forget(&self, name: &str) {
        self.certs.write().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// The names of those that may be used, sorted.
    pub fn usable(&self) -> Vec<String> {
        let certs = self.certs.read().unwrap_or_else(PoisonError::into_inner);
        let mut names: Vec<_> = certs.iter().filter(|(_, c)| c.usable).map(|(n, _)| n.to_string()).collect();
        names.sort_unstable();
        names
    }

    pub fn knows(&self, name: &str) -> bool {
        self.certs.read().unwrap_or_else(PoisonError::into_inner).contains_key(name)
    }

    fn find(&self, name: &[u8]) -> Result<Entry, Lack> {
        let certs = self.certs.read().unwrap_or_else(PoisonError::into_inner);
        let found = std::str::from_utf8(name).ok().and_then(|n| certs.get(n)).ok_or(Lack::Unknown)?;
        if found.usable { Ok(found.clone()) } else { Err(Lack::Unusable) }
    }

    pub(crate) fn public(&self, name: &[u8]) -> Result<Arc<PublicKey>, Lack> {
        self.find(name)?.public.ok_or(Lack::Unknown)
    }

    pub(crate) fn private(&self, name: &[u8]) -> Result<Arc<Key>, Lack> {
        self.find(name)?.private.ok_or(Lack::Unknown)
    }

    /// A file that holds a public key alone.
    pub(crate) fn add_key(&self, path: &str, key: &Arc<PublicKey>) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.insert(path.into(), Arc::clone(key));
    }

    pub(crate) fn key(&self, path: &[u8]) -> Option<Arc<PublicKey>> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.get(std::str::from_utf8(path).ok()?).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_that_may_be_used_are_found() {
        let certs = JwtCerts::default();
        certs.add("@s/one", b"", b"", false);
        certs.add("two", b"", b"", true);
        assert_eq!(certs.usable(), ["two"]);
        assert_eq!(certs.public(b"@s/one").map(|_| ()), Err(Lack::Unusable));
        assert_eq!(certs.public(b"three").map(|_| ()), Err(Lack::Unknown));
        assert!(certs.set_usable("@s/one", true) && !certs.set_usable("three", true));
        // There is nothing in it that could verify.
        assert_eq!(certs.public(b"@s/one").map(|_| ()), Err(Lack::Unknown));
        certs.add("@s/one", b"", b"", false);
        assert_eq!(certs.usable(), ["@s/one", "two"], "a new version is as usable as the old one");
        certs.forget("two");
        assert!(certs.usable() == ["@s/one"] && !certs.knows("two"));
    }
}
