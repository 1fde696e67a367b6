//! Certificates as part of a chain: those sent along, the root, policies, and what their check came to (manual, 7.3.4).

use std::borrow::Cow;

use hapax_value::{Type, Value};
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

use super::certs::{check_format, owned, parse, part_of_name};
use super::tls::facts;
use crate::{Absent, ArgKind, Call, Fetch, Needs, Sampled, TlsFacts, Verdict};

pub(super) static ROWS: &[Fetch] = &[
    Fetch::new(
        "ssl_s_chain_der",
        Type::Bin,
        Needs::LAYER5,
        "The certificates that the server showed, its own first, in DER.",
        |c| {
            let facts = facts(c)?;
            let own = facts.client_cert.as_deref().ok_or(Absent::Never)?;
            chain(std::iter::once(own).chain(facts.chain.iter().map(|d| &**d)))
        },
    ),
    Fetch::new(
        "ssl_c_chain_der",
        Type::Bin,
        Needs::LAYER5,
        "The certificates that the client sent behind its own, in DER.",
        |c| {
            let facts = facts(c)?;
            if facts.chain.is_empty() {
                return Err(Absent::Never);
            }
            chain(facts.chain.iter().map(|d| &**d))
        },
    ),
    Fetch::new(
        "ssl_c_r_dn",
        Type::Str,
        Needs::LAYER5,
        "The subject of the root that the client's certificate leads to, or one part of its name.",
        |c| {
            let facts = facts(c)?;
            let der = root(facts).ok_or(Absent::Never)?;
            let (_, name) = X509Name::from_der(der).map_err(|_| Absent::Never)?;
            part_of_name(c, &name)
        },
    )
    .args(&[ArgKind::Str, ArgKind::Sint, ArgKind::Str], 0)
    .check(check_format),
    Fetch::new(
        "ssl_c_policies",
        Type::Str,
        Needs::LAYER5,
        "The policies of the client's certificate by their numbers; or one of them, if it is there.",
        policies,
    )
    .args(&[ArgKind::Str], 0),
    Fetch::new(
        "ssl_c_verify",
        Type::Sint,
        Needs::LAYER5,
        "What is wrong with the client's certificate and was let pass, by OpenSSL's number; 0: nothing.",
        |c| {
            Ok(Value::Int(match facts(c)?.verify {
                // OpenSSL goes on, and finds that it cannot check the signature either.
                Verdict { code: 20, depth: 0 } => 21,
                Verdict { code, .. } => i64::from(code),
            }))
        },
    ),
    Fetch::new(
        "ssl_c_err",
        Type::Sint,
        Needs::LAYER5,
        "The same of the client's own certificate alone.",
        |c| {
            let verify = facts(c)?.verify;
            Ok(Value::Int(i64::from(if verify.depth == 0 { verify.code } else { 0 })))
        },
    ),
    Fetch::new(
        "ssl_c_ca_err",
        Type::Sint,
        Needs::LAYER5,
        "The same of the certificates above the client's own.",
        |c| {
            let verify = facts(c)?.verify;
            Ok(Value::Int(i64::from(if verify.depth > 0 { verify.code } else { 0 })))
        },
    ),
    Fetch::new(
        "ssl_c_ca_err_depth",
        Type::Sint,
        Needs::LAYER5,
        "Where in the chain that error is: 1 is the issuer of the client's certificate.",
        |c| Ok(Value::Int(i64::from(facts(c)?.verify.depth))),
    ),
];

/// The names of the authorities in a `ca-file`.
#[derive(Debug, Default)]
pub struct Anchors(Vec<Anchor>);

#[derive(Debug)]
struct Anchor {
    subject: Box<[u8]>,
    issuer: Box<[u8]>,
}

impl Anchors {
    /// Of certificates in DER; those that cannot be read are passed over.
    pub fn of<'d>(certificates: impl Iterator<Item = &'d [u8]>) -> Self {
        Self(certificates.filter_map(names).collect())
    }
}

fn names(der: &[u8]) -> Option<Anchor> {
    let (_, x) = X509Certificate::from_der(der).ok()?;
    Some(Anchor {
        subject: x.subject().as_raw().into(),
        issuer: x.issuer().as_raw().into(),
    })
}

/// What the check of a chain comes to that leads to no authority that is known: how far up it goes with what was sent, and whether
/// it ends in one that signed itself.
pub fn without_root(own: &[u8], sent: &[&[u8]]) -> Verdict {
    let Some(mut top) = names(own) else {
        return Verdict { code: 20, depth: 0 };
    };
    let mut depth = 0;
    while top.subject != top.issuer && depth < sent.len() as u32 {
        let Some(above) = sent.iter().filter_map(|d| names(d)).find(|a| a.subject == top.issuer) else {
            break;
        };
        top = above;
        depth += 1;
    }
    let code = match (top.subject == top.issuer, depth) {
        (true, 0) => 18,
        (true, _) => 19,
        (false, 0) => 20,
        (false, _) => 2,
    };
    Verdict { code, depth }
}

/// Whether a certificate names its own subject as its issuer.
pub fn is_self_issued(der: &[u8]) -> bool {
    names(der).is_some_and(|a| a.subject == a.issuer)
}

/// The subject, as it is written in the certificate.
pub fn subject(der: &[u8]) -> Option<Vec<u8>> {
    names(der).map(|a| a.subject.into())
}

/// Whether a common name of the subject is this host's; a `*` stands for its first label.
pub fn has_common_name(der: &[u8], host: &str) -> bool {
    let Ok((_, x)) = X509Certificate::from_der(der) else { return false };
    let fits = |name: &str| match (name.strip_prefix("*."), host.split_once('.')) {
        (Some(parent), Some((label, rest))) => !label.is_empty() && rest.eq_ignore_ascii_case(parent),
        _ => name.eq_ignore_ascii_case(host),
    };
    x.subject().iter_common_name().any(|n| n.as_str().is_ok_and(fits))
}

/// Whether a certificate is within its time, which is in seconds since the epoch.
pub fn in_time(der: &[u8], now: i64) -> bool {
    X509Certificate::from_der(der).is_ok_and(|(_, x)| {
        let v = x.validity();
        (v.not_before.timestamp()..=v.not_after.timestamp()).contains(&now)
    })
}

fn chain<'e>(parts: impl Iterator<Item = &'e [u8]>) -> Sampled<'e> {
    let all: Vec<&[u8]> = parts.collect();
    Ok(Value::Bin(match all[..] {
        [one] => Cow::Borrowed(one),
        _ => Cow::Owned(all.concat()),
    }))
}

/// The raw name of the authority where the chain of a certificate that was found good ends.
fn root(facts: &TlsFacts) -> Option<&[u8]> {
    let anchors = facts.anchors.as_deref()?;
    if facts.verify.code != 0 {
        return None;
    }
    let mut sent: Vec<Anchor> = facts.chain.iter().filter_map(|d| names(d)).collect();
    let mut wanted: Box<[u8]> = names(facts.client_cert.as_deref()?)?.issuer;
    let mut found = None;
    // No chain is longer than all there is.
    for _ in 0..=sent.len() + anchors.0.len() {
        if let Some(anchor) = anchors.0.iter().find(|a| a.subject == wanted) {
            found = Some(&*anchor.subject);
            if anchor.subject == anchor.issuer {
                break;
            }
            wanted.clone_from(&anchor.issuer);
            continue;
        }
        // Authorities of ours are at the end: what the client sent leads to them.
        let Some(at) = sent.iter().position(|a| a.subject == wanted).filter(|_| found.is_none()) else {
            break;
        };
        wanted = sent.swap_remove(at).issuer;
    }
    found
}

fn policies<'e>(c: &mut Call<'_, 'e>) -> Sampled<'e> {
    let x = parse(c)?;
    let found = x.extensions().iter().find_map(|e| match e.parsed_extension() {
        ParsedExtension::CertificatePolicies(p) => Some(p),
        _ => None,
    });
    let mut ids = found.ok_or(Absent::Never)?.iter().map(|p| p.policy_id.to_id_string());
    match c.text(0).filter(|w| !w.is_empty()) {
        Some(wanted) => owned(ids.find(|id| id.as_bytes() == wanted).ok_or(Absent::Never)?),
        None => owned(ids.collect::<Vec<_>>().join(",")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::still::Stage;

    /// Made with OpenSSL: `CN=leaf/O=Hapax` of `CN=inner` of `CN=root`, the first with the policies 1.2.3.4 and 0.4.0.1862.1.4.
    const LEAF: &[u8] = include_bytes!("chains/leaf.der");
    const INNER: &[u8] = include_bytes!("chains/inner.der");
    const ROOT: &[u8] = include_bytes!("chains/root.der");

    fn shown(sent: &[&[u8]], anchors: &[&[u8]], verify: Verdict) -> Stage {
        let facts = TlsFacts {
            client_cert: Some(LEAF.into()),
            chain: sent.iter().map(|d| Box::from(*d)).collect(),
            anchors: Some(Anchors::of(anchors.iter().copied()).into()),
            verify,
            ..TlsFacts::default()
        };
        let mut stage = Stage::default();
        stage.sess.tls = Some(Box::new(facts));
        stage
    }

    #[test]
    fn the_root_is_where_the_chain_ends() {
        type Case<'c> = (&'c [&'c [u8]], &'c [&'c [u8]], Result<&'c str, Absent>);
        let cases: [Case<'_>; 5] = [
            (&[INNER], &[ROOT], Ok("/CN=root")),
            (&[], &[ROOT, INNER], Ok("/CN=root")),
            (&[INNER], &[INNER], Ok("/CN=inner")),
            (&[INNER], &[], Err(Absent::Never)),
            (&[], &[ROOT], Err(Absent::Never)),
        ];
        for (sent, anchors, expected) in cases {
            let mut stage = shown(sent, anchors, Verdict::default());
            assert_eq!(stage.eval("ssl_c_r_dn").expect("compiles"), expected.map(str::to_owned));
        }
        let mut stage = shown(&[INNER], &[ROOT], Verdict { code: 10, depth: 0 });
        assert_eq!(stage.eval("ssl_c_r_dn(CN)").expect("compiles"), Err(Absent::Never));
    }

    #[test]
    fn policies_chains_and_verdicts() {
        let mut stage = shown(&[INNER], &[ROOT], Verdict { code: 19, depth: 2 });
        let inner = (2 * INNER.len()).to_string();
        let cases = [
            ("ssl_c_policies", Ok("1.2.3.4,0.4.0.1862.1.4")),
            ("ssl_c_policies(0.4.0.1862.1.4)", Ok("0.4.0.1862.1.4")),
            ("ssl_c_policies(1.2.3)", Err(Absent::Never)),
            ("ssl_c_chain_der,hex,length", Ok(&*inner)),
            ("ssl_c_verify", Ok("19")),
            ("ssl_c_err", Ok("0")),
            ("ssl_c_ca_err", Ok("19")),
            ("ssl_c_ca_err_depth", Ok("2")),
        ];
        for (text, expected) in cases {
            assert_eq!(stage.eval(text).expect(text), expected.map(str::to_owned), "{text}");
        }
        let mut alone = shown(&[], &[ROOT], Verdict { code: 18, depth: 0 });
        assert_eq!(alone.eval("ssl_c_chain_der").expect("compiles"), Err(Absent::Never));
        assert_eq!(alone.eval("ssl_c_err").expect("compiles"), Ok("18".to_owned()));
        assert_eq!(alone.eval("ssl_c_ca_err").expect("compiles"), Ok("0".to_owned()));
    }

    #[test]
    fn chains_without_a_root_end_somewhere() {
        type Case<'c> = (&'c [u8], &'c [&'c [u8]], i32, u32);
        let cases: [Case<'_>; 5] = [
            (LEAF, &[], 20, 0),
            (LEAF, &[INNER], 2, 1),
            (LEAF, &[ROOT, INNER], 19, 2),
            (ROOT, &[], 18, 0),
            (b"nothing", &[], 20, 0),
        ];
        for (own, sent, code, depth) in cases {
            assert_eq!(without_root(own, sent), Verdict { code, depth });
        }
        assert!(is_self_issued(ROOT) && !is_self_issued(LEAF));
        assert!(has_common_name(LEAF, "LEAF") && !has_common_name(LEAF, "a.leaf"));
        assert!(in_time(LEAF, 1_800_000_000));
        assert!(!in_time(LEAF, 0));
    }
}
