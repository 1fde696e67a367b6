//! The client's TLS hello as it was kept at the handshake (manual, 7.3.4). `0` asks for all of a list, `1` for what clients mean.

use std::borrow::Cow;

use hapax_proto::tls_suites;
use hapax_value::{Type, Value};

use super::tls::facts;
use crate::hello::{HelloFacts, without_grease};
use crate::{Absent, ArgKind, Call, Fetch, Needs, Sampled};

const FILTER: &[ArgKind] = &[ArgKind::Sint];

pub(super) static ROWS: &[Fetch] = &[
    list("ssl_fc_cipherlist_bin", Type::Str, "The client's cipher suites, as bytes.", |c| {
        bytes(c, |h| &h.ciphers)
    })
    .cases(
        &["ssl_fc_cipherlist_bin", "ssl_fc_cipherlist_bin(1)", "ssl_fc_cipherlist_bin(2)"],
        &["ssl_fc_cipherlist_bin(x)"],
    ),
    list(
        "ssl_fc_cipherlist_hex",
        Type::Bin,
        "The client's cipher suites, in hexadecimal.",
        |c| {
            let mut out = Vec::new();
            for b in numbers(c, |h| &h.ciphers)?.iter() {
                out.extend_from_slice(format!("{b:02X}").as_bytes());
            }
            Ok(Value::Bin(Cow::Owned(out)))
        },
    ),
    list(
        "ssl_fc_cipherlist_str",
        Type::Str,
        "The client's cipher suites, by OpenSSL's names.",
        names,
    ),
    list("ssl_fc_eclist_bin", Type::Str, "The client's groups, as bytes.", |c| {
        bytes(c, |h| &h.groups)
    }),
    list("ssl_fc_extlist_bin", Type::Str, "The client's extensions, as bytes.", |c| {
        bytes(c, |h| &h.extensions)
    }),
    list("ssl_fc_sigalgs_bin", Type::Bin, "The client's signature schemes, as bytes.", |c| {
        bytes(c, |h| &h.signatures)
    }),
    list(
        "ssl_fc_supported_versions_bin",
        Type::Bin,
        "The client's protocol versions, as bytes.",
        |c| bytes(c, |h| &h.versions),
    ),
    Fetch::new(
        "ssl_fc_ecformats_bin",
        Type::Str,
        Needs::LAYER5,
        "The client's point formats, as bytes.",
        |c| typed(c, Cow::Borrowed(&*hello(c)?.point_formats)),
    ),
    Fetch::new(
        "ssl_fc_cipherlist_xxh",
        Type::Sint,
        Needs::LAYER5,
        "A hash of the client's cipher suites, of all of them.",
        |c| Ok(Value::Int(hello(c)?.ciphers_hash as i64)),
    ),
    Fetch::new(
        "ssl_fc_protocol_hello_id",
        Type::Sint,
        Needs::LAYER5,
        "The version that the client's hello named.",
        |c| Ok(Value::Int(i64::from(hello(c)?.version))),
    ),
];

const fn list(name: &'static str, out: Type, doc: &'static str, eval: crate::Eval) -> Fetch {
    Fetch::new(name, out, Needs::LAYER5, doc, eval).args(FILTER, 0)
}

fn hello<'e>(c: &Call<'_, 'e>) -> Result<&'e HelloFacts, Absent> {
    facts(c)?.hello.as_deref().ok_or(Absent::Never)
}

fn numbers<'e>(c: &Call<'_, 'e>, of: fn(&HelloFacts) -> &[u8]) -> Result<Cow<'e, [u8]>, Absent> {
    let all = of(hello(c)?);
    Ok(if c.int(0).is_some_and(|filter| filter != 0) {
        Cow::Owned(without_grease(all))
    } else {
        Cow::Borrowed(all)
    })
}

fn bytes<'e>(c: &Call<'_, 'e>, of: fn(&HelloFacts) -> &[u8]) -> Sampled<'e> {
    typed(c, numbers(c, of)?)
}

/// HAProxy calls some of them binary and some strings, which shows where nothing is done to them.
fn typed<'e>(c: &Call<'_, 'e>, bytes: Cow<'e, [u8]>) -> Sampled<'e> {
    let binary = matches!(c.name, "ssl_fc_sigalgs_bin" | "ssl_fc_supported_versions_bin");
    Ok(if binary { Value::Bin(bytes) } else { Value::Str(bytes) })
}

fn names<'e>(c: &mut Call<'_, 'e>) -> Sampled<'e> {
    let mut out = Vec::new();
    for suite in numbers(c, |h| &h.ciphers)?.chunks_exact(2) {
        let number = u16::from_be_bytes([suite[0], suite[1]]);
        if !out.is_empty() {
            out.push(b',');
        }
        match tls_suites::openssl_name(number) {
            Some(name) => out.extend_from_slice(name.as_bytes()),
            None => out.extend_from_slice(format!("UNKNOWN({number:04x})").as_bytes()),
        }
    }
    Ok(Value::Str(Cow::Owned(out)))
}
