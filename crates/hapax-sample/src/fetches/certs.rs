//! Certificates: the client's, our own, the server's (manual, 7.3.4).

use std::borrow::Cow;
use std::fmt::Write;

use hapax_value::{Type, Value};
use x509_parser::der_parser::oid::Oid;
use x509_parser::prelude::{ASN1Time, AlgorithmIdentifier, FromDer, GeneralName, X509Certificate, X509Name};
use x509_parser::public_key::PublicKey;

use super::tls::facts;
use crate::{Absent, Arg, ArgKind, Call, Compile, Fetch, Needs, Sampled};

pub(super) static ROWS: &[Fetch] = &[
    Fetch::new("ssl_c_der", Type::Bin, Needs::LAYER5, "The client's certificate, in DER.", |c| {
        Ok(Value::Bin(Cow::Borrowed(der(c)?)))
    }),
    Fetch::new(
        "ssl_c_i_dn",
        Type::Str,
        Needs::LAYER5,
        "The issuer of the client's certificate, or one part of its name.",
        |c| distinguished(c, Whose::Issuer),
    )
    .args(&[ArgKind::Str, ArgKind::Sint, ArgKind::Str], 0)
    .check(check_format),
    Fetch::new(
        "ssl_c_s_dn",
        Type::Str,
        Needs::LAYER5,
        "The subject of the client's certificate, or one part of its name.",
        |c| distinguished(c, Whose::Subject),
    )
    .args(&[ArgKind::Str, ArgKind::Sint, ArgKind::Str], 0)
    .check(check_format),
    Fetch::new(
        "ssl_c_key_alg",
        Type::Str,
        Needs::LAYER5,
        "The algorithm of the key of the client's certificate.",
        |c| algorithm(c, |x| &x.subject_pki.algorithm),
    ),
    Fetch::new(
        "ssl_c_sig_alg",
        Type::Str,
        Needs::LAYER5,
        "The algorithm that signed the client's certificate.",
        |c| algorithm(c, |x| &x.signature_algorithm),
    ),
    Fetch::new(
        "ssl_c_notafter",
        Type::Str,
        Needs::LAYER5,
        "The end of the client's certificate, as YYMMDDhhmmssZ.",
        |c| date(c, |x| x.validity().not_after),
    ),
    Fetch::new(
        "ssl_c_notbefore",
        Type::Str,
        Needs::LAYER5,
        "The start of the client's certificate, as YYMMDDhhmmssZ.",
        |c| date(c, |x| x.validity().not_before),
    ),
    Fetch::new(
        "ssl_c_serial",
        Type::Bin,
        Needs::LAYER5,
        "The serial number of the client's certificate.",
        serial,
    ),
    Fetch::new(
        "ssl_c_sha1",
        Type::Bin,
        Needs::LAYER5,
        "The SHA-1 fingerprint of the client's certificate.",
        fingerprint,
    ),
    Fetch::new(
        "ssl_c_version",
        Type::Sint,
        Needs::LAYER5,
        "The version of the client's certificate.",
        |c| Ok(Value::Int(i64::from(parse(c)?.version().0) + 1)),
    ),
    Fetch::new(
        "ssl_f_der",
        Type::Bin,
        Needs::LAYER5,
        "The certificate shown to the client, in DER.",
        |c| Ok(Value::Bin(Cow::Borrowed(der(c)?))),
    ),
    Fetch::new(
        "ssl_f_i_dn",
        Type::Str,
        Needs::LAYER5,
        "The issuer of the certificate shown to the client, or one part of its name.",
        |c| distinguished(c, Whose::Issuer),
    )
    .args(&[ArgKind::Str, ArgKind::Sint, ArgKind::Str], 0)
    .check(check_format),
    Fetch::new(
        "ssl_f_s_dn",
        Type::Str,
        Needs::LAYER5,
        "The subject of the certificate shown to the client, or one part of its name.",
        |c| distinguished(c, Whose::Subject),
    )
    .args(&[ArgKind::Str, ArgKind::Sint, ArgKind::Str], 0)
    .check(check_format),
    Fetch::new(
        "ssl_f_key_alg",
        Type::Str,
        Needs::LAYER5,
        "The algorithm of the key of the certificate shown to the client.",
        |c| algorithm(c, |x| &x.subject_pki.algorithm),
    ),
    Fetch::new(
        "ssl_f_sig_alg",
        Type::Str,
        Needs::LAYER5,
        "The algorithm that signed the certificate shown to the client.",
        |c| algorithm(c, |x| &x.signature_algorithm),
    ),
    Fetch::new(
        "ssl_f_notafter",
        Type::Str,
        Needs::LAYER5,
        "The end of the certificate shown to the client, as YYMMDDhhmmssZ.",
        |c| date(c, |x| x.validity().not_after),
    ),
    Fetch::new(
        "ssl_f_notbefore",
        Type::Str,
        Needs::LAYER5,
        "The start of the certificate shown to the client, as YYMMDDhhmmssZ.",
        |c| date(c, |x| x.validity().not_before),
    ),
    Fetch::new(
        "ssl_f_serial",
        Type::Bin,
        Needs::LAYER5,
        "The serial number of the certificate shown to the client.",
        serial,
    ),
    Fetch::new(
        "ssl_f_sha1",
        Type::Bin,
        Needs::LAYER5,
        "The SHA-1 fingerprint of the certificate shown to the client.",
        fingerprint,
    ),
    Fetch::new(
        "ssl_f_version",
        Type::Sint,
        Needs::LAYER5,
        "The version of the certificate shown to the client.",
        |c| Ok(Value::Int(i64::from(parse(c)?.version().0) + 1)),
    ),
    Fetch::new("ssl_s_der", Type::Bin, Needs::LAYER5, "The server's certificate, in DER.", |c| {
        Ok(Value::Bin(Cow::Borrowed(der(c)?)))
    }),
    Fetch::new(
        "ssl_s_i_dn",
        Type::Str,
        Needs::LAYER5,
        "The issuer of the server's certificate, or one part of its name.",
        |c| distinguished(c, Whose::Issuer),
    )
    .args(&[ArgKind::Str, ArgKind::Sint, ArgKind::Str], 0)
    .check(check_format),
    Fetch::new(
        "ssl_s_s_dn",
        Type::Str,
        Needs::LAYER5,
        "The subject of the server's certificate, or one part of its name.",
        |c| distinguished(c, Whose::Subject),
    )
    .args(&[ArgKind::Str, ArgKind::Sint, ArgKind::Str], 0)
    .check(check_format),
    Fetch::new(
        "ssl_s_key_alg",
        Type::Str,
        Needs::LAYER5,
        "The algorithm of the key of the server's certificate.",
        |c| algorithm(c, |x| &x.subject_pki.algorithm),
    ),
    Fetch::new(
        "ssl_s_sig_alg",
        Type::Str,
        Needs::LAYER5,
        "The algorithm that signed the server's certificate.",
        |c| algorithm(c, |x| &x.signature_algorithm),
    ),
    Fetch::new(
        "ssl_s_notafter",
        Type::Str,
        Needs::LAYER5,
        "The end of the server's certificate, as YYMMDDhhmmssZ.",
        |c| date(c, |x| x.validity().not_after),
    ),
    Fetch::new(
        "ssl_s_notbefore",
        Type::Str,
        Needs::LAYER5,
        "The start of the server's certificate, as YYMMDDhhmmssZ.",
        |c| date(c, |x| x.validity().not_before),
    ),
    Fetch::new(
        "ssl_s_serial",
        Type::Bin,
        Needs::LAYER5,
        "The serial number of the server's certificate.",
        serial,
    ),
    Fetch::new(
        "ssl_s_sha1",
        Type::Bin,
        Needs::LAYER5,
        "The SHA-1 fingerprint of the server's certificate.",
        fingerprint,
    ),
    Fetch::new(
        "ssl_s_version",
        Type::Sint,
        Needs::LAYER5,
        "The version of the server's certificate.",
        |c| Ok(Value::Int(i64::from(parse(c)?.version().0) + 1)),
    ),
    Fetch::new(
        "ssl_c_san",
        Type::Str,
        Needs::LAYER5,
        "The alternative names of the client's certificate.",
        names,
    ),
    Fetch::new(
        "ssl_c_used",
        Type::Bool,
        Needs::LAYER5,
        "Whether the session has a client's certificate, from now or before.",
        |c| facts(c).map(|t| Value::Bool(t.client_cert.is_some())),
    ),
];

/// The certificate that the word speaks of.
fn der<'e>(c: &Call<'_, 'e>) -> Result<&'e [u8], Absent> {
    let facts = facts(c)?;
    let der = if c.name.starts_with("ssl_f_") {
        facts.own_cert.as_deref()
    } else {
        facts.client_cert.as_deref()
    };
    der.ok_or(Absent::Never)
}

pub(super) fn parse<'e>(c: &Call<'_, 'e>) -> Result<X509Certificate<'e>, Absent> {
    X509Certificate::from_der(der(c)?).map(|(_, x)| x).map_err(|_| Absent::Never)
}

pub(super) fn owned<'e>(text: String) -> Sampled<'e> {
    Ok(Value::Str(Cow::Owned(text.into_bytes())))
}

/// Short name of a part of a distinguished name.
fn short(oid: &Oid<'_>) -> String {
    match oid.to_id_string().as_str() {
        "2.5.4.3" => "CN".to_owned(),
        "2.5.4.4" => "SN".to_owned(),
        "2.5.4.5" => "serialNumber".to_owned(),
        "2.5.4.6" => "C".to_owned(),
        "2.5.4.7" => "L".to_owned(),
        "2.5.4.8" => "ST".to_owned(),
        "2.5.4.10" => "O".to_owned(),
        "2.5.4.11" => "OU".to_owned(),
        "2.5.4.12" => "title".to_owned(),
        "2.5.4.42" => "GN".to_owned(),
        "1.2.840.113549.1.9.1" => "emailAddress".to_owned(),
        "0.9.2342.19200300.100.1.25" => "DC".to_owned(),
        "0.9.2342.19200300.100.1.1" => "UID".to_owned(),
        other => other.to_owned(),
    }
}

#[derive(Clone, Copy)]
enum Whose {
    Issuer,
    Subject,
}

/// A whole name as `/C=..../CN=...`, in RFC 2253's form, or one part of it, by occurrence (negative: from the end).
fn distinguished<'e>(c: &mut Call<'_, 'e>, whose: Whose) -> Sampled<'e> {
    let x = parse(c)?;
    part_of_name(
        c,
        match whose {
            Whose::Issuer => x.issuer(),
            Whose::Subject => x.subject(),
        },
    )
}

pub(super) fn check_format(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    match args.get(2) {
        Some(Arg::Str(word)) if !word.is_empty() && &**word != b"rfc2253" => {
            Err("only rfc2253 or a blank value are currently supported as the format argument.".to_owned())
        }
        _ => Ok(()),
    }
}

pub(super) fn part_of_name<'e>(c: &Call<'_, 'e>, name: &X509Name<'_>) -> Sampled<'e> {
    let parts: Vec<(String, String)> = name
        .iter_attributes()
        .filter_map(|a| Some((short(a.attr_type()), a.as_str().ok()?.to_owned())))
        .collect();
    if let Some(wanted) = c.text(0).filter(|w| !w.is_empty()) {
        let found: Vec<&String> = parts
            .iter()
            .filter(|(k, _)| k.as_bytes().eq_ignore_ascii_case(wanted))
            .map(|(_, v)| v)
            .collect();
        let at = match c.int(1).unwrap_or(0) {
            0 | 1 => Some(0),
            n if n > 0 => Some(n as usize - 1),
            n => found.len().checked_sub(n.unsigned_abs() as usize),
        };
        return owned(at.and_then(|i| found.get(i).copied()).ok_or(Absent::Never)?.clone());
    }
    let mut out = String::new();
    if c.text(2) == Some(b"rfc2253") {
        for (i, (k, v)) in parts.iter().rev().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            let _ = write!(out, "{comma}{k}={v}");
        }
    } else {
        out = one_line(name);
    }
    if out.is_empty() { Err(Absent::Never) } else { owned(out) }
}

/// A whole name as `/C=.../CN=...`.
pub(super) fn one_line(name: &X509Name<'_>) -> String {
    let mut out = String::new();
    for part in name.iter_attributes() {
        if let Ok(value) = part.as_str() {
            let _ = write!(out, "/{}={value}", short(part.attr_type()));
        }
    }
    out
}

/// OpenSSL's short name of an algorithm.
fn algorithm<'e>(c: &mut Call<'_, 'e>, of: for<'x> fn(&'x X509Certificate<'e>) -> &'x AlgorithmIdentifier<'e>) -> Sampled<'e> {
    let x = parse(c)?;
    let id = of(&x).algorithm.to_id_string();
    match algorithm_name(&id) {
        Some(name) => Ok(Value::Str(Cow::Borrowed(name.as_bytes()))),
        None => owned(id),
    }
}

fn algorithm_name(id: &str) -> Option<&'static str> {
    Some(match id {
        "1.2.840.113549.1.1.1" => "rsaEncryption",
        "1.2.840.113549.1.1.5" => "RSA-SHA1",
        "1.2.840.113549.1.1.10" => "rsassaPss",
        "1.2.840.113549.1.1.11" => "RSA-SHA256",
        "1.2.840.113549.1.1.12" => "RSA-SHA384",
        "1.2.840.113549.1.1.13" => "RSA-SHA512",
        "1.2.840.10045.2.1" => "id-ecPublicKey",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        "1.3.101.112" => "ED25519",
        _ => return None,
    })
}

/// What a PROXY header tells of certificates: the subject's common name, OpenSSL's name of the signature algorithm, and the kind
/// and size of the key (`RSA2048`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    pub common_name: Option<String>,
    pub signature: Option<&'static str>,
    pub key: Option<String>,
}

/// Reads it from a certificate in DER.
pub fn told(der: &[u8]) -> Told {
    let Ok((_, x)) = X509Certificate::from_der(der) else {
        return Told::default();
    };
    let common_name = x
        .subject()
        .iter_common_name()
        .next()
        .and_then(|a| Some(a.as_str().ok()?.to_owned()));
    let key = x.public_key().parsed().ok().and_then(|k| match k {
        PublicKey::RSA(k) => Some(format!("RSA{}", k.key_size())),
        PublicKey::EC(k) => Some(format!("EC{}", k.key_size())),
        _ => None,
    });
    Told {
        common_name,
        signature: algorithm_name(&x.signature_algorithm.algorithm.to_id_string()),
        key,
    }
}

fn date<'e>(c: &mut Call<'_, 'e>, of: for<'x> fn(&'x X509Certificate<'e>) -> ASN1Time) -> Sampled<'e> {
    let at = of(&parse(c)?).to_datetime();
    owned(format!(
        "{:02}{:02}{:02}{:02}{:02}{:02}Z",
        at.year().rem_euclid(100),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    ))
}

fn serial<'e>(c: &mut Call<'_, 'e>) -> Sampled<'e> {
    Ok(Value::Bin(Cow::Owned(parse(c)?.raw_serial().to_vec())))
}

fn fingerprint<'e>(c: &mut Call<'_, 'e>) -> Sampled<'e> {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, der(c)?);
    Ok(Value::Bin(Cow::Owned(digest.as_ref().to_vec())))
}

fn names<'e>(c: &mut Call<'_, 'e>) -> Sampled<'e> {
    alternative_names(&parse(c)?).ok_or(Absent::Never).and_then(owned)
}

/// Alternative names as OpenSSL writes them: `DNS:a, IP Address:1.2.3.4`.
pub(super) fn alternative_names(x: &X509Certificate<'_>) -> Option<String> {
    let found = x.subject_alternative_name().ok().flatten()?;
    let mut out = String::new();
    for name in &found.value.general_names {
        let one = match name {
            GeneralName::DNSName(n) => format!("DNS:{n}"),
            GeneralName::RFC822Name(n) => format!("email:{n}"),
            GeneralName::URI(n) => format!("URI:{n}"),
            GeneralName::IPAddress(b) => match <[u8; 4]>::try_from(*b) {
                Ok(v4) => format!("IP Address:{}", std::net::Ipv4Addr::from(v4)),
                Err(_) => match <[u8; 16]>::try_from(*b) {
                    Ok(v6) => format!("IP Address:{}", std::net::Ipv6Addr::from(v6)),
                    Err(_) => continue,
                },
            },
            _ => continue,
        };
        if !out.is_empty() {
            out.push_str(", ");
        }
        out.push_str(&one);
    }
    Some(out)
}
