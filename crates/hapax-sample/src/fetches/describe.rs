//! Certificates and revocation lists in words, as the runtime API shows them.

use std::fmt::Write;

use x509_parser::prelude::{ASN1Time, CertificateRevocationList, FromDer, X509Certificate};

use super::certs::{alternative_names, one_line, told};

/// What `show ssl cert` tells of one certificate in DER: a line for each fact.
pub fn certificate(der: &[u8]) -> String {
    let mut out = String::new();
    let Ok((_, x)) = X509Certificate::from_der(der) else { return out };
    let _ = writeln!(out, "Serial: {}", hex(x.raw_serial()));
    let _ = writeln!(out, "notBefore: {}", date(x.validity().not_before));
    let _ = writeln!(out, "notAfter: {}", date(x.validity().not_after));
    let _ = writeln!(out, "Subject Alternative Name: {}", alternative_names(&x).unwrap_or_default());
    let _ = writeln!(out, "Algorithm: {}", told(der).key.unwrap_or_default());
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, der);
    let _ = writeln!(out, "SHA1 FingerPrint: {}", all_hex(digest.as_ref()));
    let _ = writeln!(out, "Subject: {}", one_line(x.subject()));
    let _ = writeln!(out, "Issuer: {}", one_line(x.issuer()));
    out
}

/// The subject and the issuer of a certificate in DER.
pub fn parties(der: &[u8]) -> Option<(String, String)> {
    let (_, x) = X509Certificate::from_der(der).ok()?;
    Some((one_line(x.subject()), one_line(x.issuer())))
}

/// From when and until when it is valid.
pub fn validity(der: &[u8]) -> Option<(String, String)> {
    let (_, x) = X509Certificate::from_der(der).ok()?;
    Some((date(x.validity().not_before), date(x.validity().not_after)))
}

/// The moment when it ends, in seconds since 1970.
pub fn ends(der: &[u8]) -> Option<i64> {
    let (_, x) = X509Certificate::from_der(der).ok()?;
    Some(x.validity().not_after.timestamp())
}

/// What `show ssl crl-file` tells of one revocation list in DER.
pub fn revocation_list(der: &[u8]) -> String {
    let mut out = String::new();
    let Ok((_, list)) = CertificateRevocationList::from_der(der) else {
        return out;
    };
    let version = list.version().map_or(1, |v| v.0 + 1);
    let _ = writeln!(out, "Version {version}");
    let id = list.signature_algorithm.algorithm.to_id_string();
    let _ = writeln!(out, "Signature Algorithm: {}", long_name(&id).unwrap_or(&id));
    let _ = writeln!(out, "Issuer: {}", one_line(list.issuer()));
    let _ = writeln!(out, "Last Update: {}", date(list.last_update()));
    let _ = writeln!(out, "Next Update: {}", list.next_update().map_or_else(|| "NONE".to_owned(), date));
    let mut revoked = list.iter_revoked_certificates().peekable();
    if revoked.peek().is_none() {
        out.push_str("No Revoked Certificates.\n");
        return out;
    }
    out.push_str("Revoked Certificates:\n");
    for one in revoked {
        let _ = writeln!(out, "    Serial Number: {}", hex(one.raw_serial()));
        let _ = writeln!(out, "        Revocation Date: {}", date(one.revocation_date));
    }
    out
}

/// OpenSSL's long name of a signature algorithm.
fn long_name(id: &str) -> Option<&'static str> {
    Some(match id {
        "1.2.840.113549.1.1.5" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.10" => "rsassaPss",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        "1.3.101.112" => "ED25519",
        _ => return None,
    })
}

/// A number without the zero that keeps it from being negative.
fn hex(bytes: &[u8]) -> String {
    let zeros = bytes.iter().take_while(|b| **b == 0).count().min(bytes.len().saturating_sub(1));
    all_hex(&bytes[zeros..])
}

fn all_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02X}");
        out
    })
}

fn date(at: ASN1Time) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let at = at.to_datetime();
    let month = MONTHS[usize::from(u8::from(at.month()) - 1)];
    let (hour, minute, second) = at.to_hms();
    format!("{month} {:>2} {hour:02}:{minute:02}:{second:02} {} GMT", at.day(), at.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_dates() {
        assert_eq!(hex(&[0, 0x8a, 1]), "8A01");
        assert_eq!(hex(&[0x10, 0]), "1000");
        assert_eq!(hex(&[0]), "00");
        let at = ASN1Time::from_timestamp(1_702_978_272).expect("a time");
        assert_eq!(date(at), "Dec 19 09:31:12 2023 GMT");
        let at = ASN1Time::from_timestamp(1_694_049_517).expect("a time");
        assert_eq!(date(at), "Sep  7 01:18:37 2023 GMT");
        assert_eq!(certificate(b"none"), "");
    }
}
