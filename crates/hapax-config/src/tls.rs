//! What `bind` and `server` lines share about TLS: versions, protocols and cipher lists, and what the TLS library cannot do.

use hapax_diag::{Diagnostic, Diagnostics};

use crate::args::Args;
use crate::codes;

/// A TLS version word: 0x0303 for 1.2. What is older than that is told, and read as 1.2.
pub(crate) fn version(a: &Args<'_>, diags: &mut Diagnostics) -> Result<u16, Diagnostic> {
    match a.str(0) {
        "TLSv1.3" => Ok(0x304),
        "TLSv1.2" => Ok(0x303),
        old @ ("SSLv3" | "TLSv1.0" | "TLSv1.1") => {
            let message = format!(
                "'{}': the TLS library speaks nothing below TLSv1.2, '{old}' is read as TLSv1.2",
                a.name
            );
            diags.push(Diagnostic::warning(&codes::NO_EFFECT, message).at(a.at(0)));
            Ok(0x303)
        }
        other => Err(a.bad(0, format!("'{}' : unknown ssl/tls version '{other}'", a.name))),
    }
}

/// `h2,http/1.1` as a list.
pub(crate) fn alpn(a: &Args<'_>) -> Result<Vec<Vec<u8>>, Diagnostic> {
    let list: Vec<Vec<u8>> = a.bytes(0).split(|b| *b == b',').map(<[u8]>::to_vec).collect();
    if list.iter().any(|p| p.is_empty() || p.len() > 255) {
        return Err(a.bad(
            0,
            "'alpn' : expects a comma-delimited list of protocol names of at most 255 bytes each",
        ));
    }
    Ok(list)
}

/// The cipher suites one protocol version has here, in OpenSSL's names.
pub(crate) trait Suites {
    const NAMES: &'static [&'static str];
    const VERSION: &'static str;
}

pub(crate) struct Tls12;
pub(crate) struct Tls13;

impl Suites for Tls12 {
    const NAMES: &'static [&'static str] = &[
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-RSA-CHACHA20-POLY1305",
    ];
    const VERSION: &'static str = "TLS 1.2";
}

impl Suites for Tls13 {
    const NAMES: &'static [&'static str] = &["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"];
    const VERSION: &'static str = "TLS 1.3";
}

/// Words of OpenSSL's list language that name groups of suites we have some of.
const GROUPS: &[&str] = &[
    "ALL", "DEFAULT", "HIGH", "ECDHE", "EECDH", "kEECDH", "kECDHE", "AESGCM", "CHACHA20", "AES", "AES128", "AES256", "ECDSA", "aECDSA",
    "TLSv1.2",
];

/// Tells when nothing in a cipher list is known to the TLS library: its own list is used then.
pub(crate) fn check_ciphers<S: Suites>(a: &Args<'_>, diags: &mut Diagnostics) {
    let text = a.show(0);
    let known = |word: &str| S::NAMES.contains(&word) || word.split('+').any(|w| GROUPS.contains(&w));
    if text
        .split([':', ',', ' '])
        .any(|w| !w.starts_with(['!', '-']) && known(w.trim_start_matches('+')))
    {
        return;
    }
    let message = format!(
        "'{}': the TLS library has none of these suites for {}; its own list is used: {}",
        a.name,
        S::VERSION,
        S::NAMES.join(":")
    );
    diags.push(Diagnostic::warning(&codes::NO_EFFECT, message).at(a.at(0)));
}

/// Key exchange groups of the TLS library, by the names that OpenSSL knows them by.
const CURVES: &[&str] = &[
    "X25519",
    "P-256",
    "prime256v1",
    "secp256r1",
    "P-384",
    "secp384r1",
    "X25519MLKEM768",
    "SecP256r1MLKEM768",
];

/// Tells when no group of a list is known to the TLS library: its own list is used then.
pub(crate) fn check_curves(a: &Args<'_>, diags: &mut Diagnostics) {
    let text = a.show(0);
    if text.split(':').any(|w| CURVES.iter().any(|c| c.eq_ignore_ascii_case(w))) {
        return;
    }
    let message = format!(
        "'{}': the TLS library has none of these groups; its own list is used: {}",
        a.name,
        CURVES.join(":")
    );
    diags.push(Diagnostic::warning(&codes::NO_EFFECT, message).at(a.at(0)));
}
