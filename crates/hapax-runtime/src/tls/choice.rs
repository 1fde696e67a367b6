//! Cipher suites and key exchange groups by OpenSSL's names, in the order in which a line lists them.

use std::sync::Arc;

use rustls::SupportedCipherSuite;
use rustls::crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs};

use super::facts::{group_name, openssl_name};

/// What a line may choose among; `None`: the library's own list.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Choice<'c> {
    pub ciphers: Option<&'c str>,
    pub ciphersuites: Option<&'c str>,
    pub curves: Option<&'c str>,
}

/// The library with the suites and groups of the lists. A list of which it knows nothing is not followed.
pub(super) fn provider(choice: Choice<'_>) -> Arc<CryptoProvider> {
    let mut p = aws_lc_rs::default_provider();
    let (new, old): (Vec<_>, Vec<_>) = p.cipher_suites.iter().copied().partition(|s| s.tls13().is_some());
    let new = choice.ciphersuites.map_or(new.clone(), |l| or_all(suites13(l, &new), new));
    let old = choice.ciphers.map_or(old.clone(), |l| or_all(suites12(l, &old), old));
    p.cipher_suites = new.into_iter().chain(old).collect();
    if let Some(list) = choice.curves {
        let named = |name: &str| aws_lc_rs::ALL_KX_GROUPS.iter().copied().find(|g| is_group(*g, name));
        let all = std::mem::take(&mut p.kx_groups);
        p.kx_groups = or_all(list.split(':').filter_map(named).collect(), all);
    }
    Arc::new(p)
}

fn or_all<T>(chosen: Vec<T>, all: Vec<T>) -> Vec<T> {
    if chosen.is_empty() { all } else { chosen }
}

fn is_group(group: &dyn SupportedKxGroup, name: &str) -> bool {
    let own = group_name(group.name());
    let name = match name.to_ascii_lowercase().as_str() {
        "p-256" | "prime256v1" => "secp256r1".to_owned(),
        "p-384" => "secp384r1".to_owned(),
        other => other.to_owned(),
    };
    !own.is_empty() && own.eq_ignore_ascii_case(&name)
}

fn suites13(list: &str, all: &[SupportedCipherSuite]) -> Vec<SupportedCipherSuite> {
    let named = |name: &str| all.iter().copied().find(|s| openssl_name(s.suite()).0 == name);
    list.split(':').filter_map(named).collect()
}

/// OpenSSL's list language: words add suites, `-` takes them out, `!` for good, `+` moves them to the end.
fn suites12(list: &str, all: &[SupportedCipherSuite]) -> Vec<SupportedCipherSuite> {
    let (mut chosen, mut banned): (Vec<SupportedCipherSuite>, Vec<SupportedCipherSuite>) = (Vec::new(), Vec::new());
    for word in list.split([':', ',', ' ']).filter(|w| !w.is_empty() && !w.starts_with('@')) {
        let (sign, name) = match word.as_bytes()[0] {
            c @ (b'!' | b'-' | b'+') => (c, &word[1..]),
            _ => (b' ', word),
        };
        let hit = |s: &SupportedCipherSuite| matches(openssl_name(s.suite()).0, name);
        match sign {
            b'!' => {
                banned.extend(all.iter().copied().filter(hit));
                chosen.retain(|s| !hit(s));
            }
            b'-' => chosen.retain(|s| !hit(s)),
            b'+' => {
                let (moved, kept): (Vec<_>, Vec<_>) = chosen.iter().copied().partition(hit);
                chosen = kept.into_iter().chain(moved).collect();
            }
            _ => {
                for s in all.iter().copied().filter(hit) {
                    if !chosen.contains(&s) && !banned.contains(&s) {
                        chosen.push(s);
                    }
                }
            }
        }
    }
    chosen
}

/// Whether a suite, by OpenSSL's name, is named by a word: its own name, or properties joined by `+`.
fn matches(suite: &str, word: &str) -> bool {
    suite == word
        || word.split('+').all(|property| match property {
            "ALL" | "DEFAULT" | "HIGH" | "ECDHE" | "EECDH" | "kEECDH" | "kECDHE" | "TLSv1.2" => true,
            "AES" | "AESGCM" => suite.contains("AES"),
            "AES128" | "AES256" | "CHACHA20" => suite.contains(property),
            "SHA256" => suite.ends_with("SHA256"),
            "SHA384" => suite.ends_with("SHA384"),
            "ECDSA" | "aECDSA" => suite.contains("ECDSA"),
            "aRSA" => suite.contains("-RSA-"),
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(choice: Choice<'_>) -> Vec<&'static str> {
        provider(choice).cipher_suites.iter().map(|s| openssl_name(s.suite()).0).collect()
    }

    fn old(list: &str) -> Vec<&'static str> {
        let choice = Choice {
            ciphers: Some(list),
            ..Choice::default()
        };
        names(choice).into_iter().filter(|n| !n.starts_with("TLS_")).collect()
    }

    #[test]
    fn lists_choose_and_order() {
        assert_eq!(
            old("ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-SHA:ECDHE-ECDSA-AES256-GCM-SHA384"),
            ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"]
        );
        assert_eq!(
            old("!ECDSA:ECDHE+AESGCM:+AES256"),
            ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"]
        );
        assert_eq!(
            old("ECDHE+CHACHA20:-aECDSA:ECDHE+AES128+aRSA"),
            ["ECDHE-RSA-CHACHA20-POLY1305", "ECDHE-RSA-AES128-GCM-SHA256"]
        );
        assert_eq!(old("RC4-SHA").len(), 6);
        assert_eq!(old("HIGH:!aNULL:!MD5").len(), 6);
        let new = Choice {
            ciphersuites: Some("TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_CCM_SHA256"),
            ..Choice::default()
        };
        let new: Vec<_> = names(new).into_iter().filter(|n| n.starts_with("TLS_")).collect();
        assert_eq!(new, ["TLS_CHACHA20_POLY1305_SHA256"]);
    }

    #[test]
    fn groups_by_any_of_their_names() {
        let groups = |list| {
            let choice = Choice {
                curves: Some(list),
                ..Choice::default()
            };
            let p = provider(choice);
            p.kx_groups.iter().map(|g| group_name(g.name())).collect::<Vec<_>>()
        };
        assert_eq!(groups("P-384:X25519:prime256v1:P-521"), ["secp384r1", "x25519", "secp256r1"]);
        assert_eq!(groups("brainpoolP256r1"), groups("nothing"));
    }
}
