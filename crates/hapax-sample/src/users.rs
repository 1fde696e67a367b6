//! User lists: names, passwords and groups that `http_auth` and the statistics page ask (manual, 12.2).

mod des_crypt;
mod md5_crypt;

use std::fmt;

use sha_crypt::{PasswordVerifier, ShaCrypt};

/// How a password is kept.
#[derive(Clone, PartialEq, Eq)]
enum Secret {
    Plain(Box<[u8]>),
    Md5(Box<str>),
    Sha(Box<str>),
    Bcrypt(Box<str>),
    Yescrypt(Box<str>),
    Des(Box<str>),
    /// A hash of a kind that is not known here: no password equals it.
    Unknown,
}

/// A password as the configuration gives it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Secret);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the secret itself, in whatever log a plan ends up.
        f.write_str(match self.0 {
            Secret::Plain(_) => "Password(plain)",
            Secret::Unknown => "Password(unknown)",
            _ => "Password(hash)",
        })
    }
}

impl Password {
    /// `insecure-password`: the password itself.
    pub fn plain(text: &[u8]) -> Self {
        Self(Secret::Plain(text.into()))
    }

    /// `password`: a hash as crypt(3) writes it. MD5 (`$1$`), SHA-256 (`$5$`), SHA-512 (`$6$`), bcrypt (`$2b$` and its
    /// elders), yescrypt (`$y$`) and the two forms of DES are known.
    pub fn hash(text: &str) -> Self {
        let kept = Box::from(text);
        Self(match text.get(..3).unwrap_or_default() {
            "$1$" => Secret::Md5(kept),
            "$5$" | "$6$" => Secret::Sha(kept),
            "$2a" | "$2b" | "$2y" => Secret::Bcrypt(kept),
            "$y$" => Secret::Yescrypt(kept),
            _ if des_crypt::is_hash(text) => Secret::Des(kept),
            _ => Secret::Unknown,
        })
    }

    /// Whether any password can ever match.
    pub fn is_supported(&self) -> bool {
        self.0 != Secret::Unknown
    }

    /// Whether `given` is the password. Hashes take milliseconds on purpose.
    pub fn matches(&self, given: &[u8]) -> bool {
        match &self.0 {
            Secret::Plain(text) => same(text, given),
            Secret::Md5(hash) => same(md5_crypt::hash(given, hash).as_bytes(), hash.as_bytes()),
            Secret::Sha(hash) => ShaCrypt::default().verify_password(given, &**hash).is_ok(),
            Secret::Bcrypt(hash) => bcrypt::verify(given, hash).unwrap_or(false),
            Secret::Yescrypt(hash) => yescrypt::Yescrypt::default().verify_password(given, &**hash).is_ok(),
            Secret::Des(hash) => des_crypt::hash(given, hash).is_some_and(|h| same(h.as_bytes(), hash.as_bytes())),
            Secret::Unknown => false,
        }
    }
}

/// Compares in a time that tells nothing of where the first difference is.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |diff, (x, y)| diff | (x ^ y)) == 0
}

#[derive(Clone, Debug)]
pub struct User {
    pub name: Box<str>,
    /// `None`: no password is right.
    pub password: Option<Password>,
    /// Indices of [`Userlist::groups`].
    pub groups: Vec<usize>,
}

/// `userlist NAME`
#[derive(Clone, Debug, Default)]
pub struct Userlist {
    pub name: String,
    pub users: Vec<User>,
    pub groups: Vec<String>,
}

impl Userlist {
    /// The user of that name, where the password is right.
    pub fn check(&self, name: &[u8], password: &[u8]) -> Option<&User> {
        self.user(name).filter(|u| u.password.as_ref().is_some_and(|p| p.matches(password)))
    }

    pub fn user(&self, name: &[u8]) -> Option<&User> {
        self.users.iter().find(|u| u.name.as_bytes() == name)
    }

    /// Whether the user is in the group of that name.
    pub fn is_in(&self, user: &User, group: &[u8]) -> bool {
        user.groups
            .iter()
            .any(|g| self.groups.get(*g).is_some_and(|n| n.as_bytes() == group))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_hash_is_known() {
        for hash in [
            "$1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1",
            "$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA",
            "$5$rounds=1000$saltsalt$eKLZU9t9OoPWrqOQsoTIKG0aYkZ5rGOoOQhiIvoSWX2",
            "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1",
            "$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a",
            "$y$j9T$abcdefgh$IUWJt2doU4Kf6E/JP1UkAT3S5O3Q7SSA8SJirXIlEu9",
            "abNANd1rDfiNc",
            "./17m29LFAflg",
            "_J9..rasmz0.F/jqjWck",
        ] {
            let password = Password::hash(hash);
            assert!(password.is_supported(), "{hash}");
            assert!(password.matches(b"secret"), "{hash}");
            assert!(!password.matches(b"Secret"), "{hash}");
            assert!(!password.matches(b""), "{hash}");
        }
    }

    #[test]
    fn unknown_hashes_match_nothing() {
        for hash in ["", "secret", "$9$x$y", "$6$", "$1$", "$2b$"] {
            let password = Password::hash(hash);
            assert!(
                !password.matches(b"secret") && !password.matches(b"") && !password.matches(hash.as_bytes()),
                "{hash}"
            );
        }
        assert!(!Password::hash("abNANd1rDfi").is_supported());
    }

    #[test]
    fn users_are_found_by_name_and_password() {
        let user = |name: &str, password, groups: &[usize]| User {
            name: name.into(),
            password,
            groups: groups.to_vec(),
        };
        let list = Userlist {
            name: "L".into(),
            users: vec![user("ann", Some(Password::plain(b"a b")), &[0]), user("bob", None, &[])],
            groups: vec!["admins".into(), "others".into()],
        };
        let ann = list.check(b"ann", b"a b").expect("ann");
        assert!(list.is_in(ann, b"admins") && !list.is_in(ann, b"others") && !list.is_in(ann, b"none"));
        for (name, password) in [("ann", "a"), ("ann", ""), ("bob", ""), ("eve", "a b"), ("", "")] {
            assert!(list.check(name.as_bytes(), password.as_bytes()).is_none(), "{name}");
        }
        assert!(!format!("{list:?}").contains("a b"));
    }
}
