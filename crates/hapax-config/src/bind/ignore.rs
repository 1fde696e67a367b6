//! `ca-ignore-err` and `crt-ignore-err`: lists of errors of certificates, by OpenSSL's numbers or names.

use hapax_diag::Diagnostic;

use crate::args::Args;
use crate::plan::Ignored;

/// The highest number there is.
const LAST: i32 = 94;

pub(super) fn ignored(a: &Args<'_>) -> Result<Ignored, Diagnostic> {
    let list = a.str(0);
    if list == "all" {
        return Ok(Ignored::All);
    }
    let mut codes = Vec::new();
    for word in list.split(',').filter(|w| !w.is_empty()) {
        let named = word.strip_prefix("X509_V_ERR_").and_then(|n| NAMES.iter().find(|(k, _)| *k == n));
        let code = named.map_or_else(|| hapax_value::leading_number(word) as i32, |(_, code)| *code);
        if !(1..=LAST).contains(&code) {
            return Err(a.bad(0, format!("ID '{code}' out of range (1..{LAST}) in error IDs list '{list}'")));
        }
        codes.push(code);
    }
    Ok(Ignored::These(codes))
}

static NAMES: [(&str, i32); 41] = [
    ("UNABLE_TO_GET_ISSUER_CERT", 2),
    ("UNABLE_TO_GET_CRL", 3),
    ("UNABLE_TO_DECRYPT_CERT_SIGNATURE", 4),
    ("UNABLE_TO_DECRYPT_CRL_SIGNATURE", 5),
    ("UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY", 6),
    ("CERT_SIGNATURE_FAILURE", 7),
    ("CRL_SIGNATURE_FAILURE", 8),
    ("CERT_NOT_YET_VALID", 9),
    ("CERT_HAS_EXPIRED", 10),
    ("CRL_NOT_YET_VALID", 11),
    ("CRL_HAS_EXPIRED", 12),
    ("ERROR_IN_CERT_NOT_BEFORE_FIELD", 13),
    ("ERROR_IN_CERT_NOT_AFTER_FIELD", 14),
    ("ERROR_IN_CRL_LAST_UPDATE_FIELD", 15),
    ("ERROR_IN_CRL_NEXT_UPDATE_FIELD", 16),
    ("OUT_OF_MEM", 17),
    ("DEPTH_ZERO_SELF_SIGNED_CERT", 18),
    ("SELF_SIGNED_CERT_IN_CHAIN", 19),
    ("UNABLE_TO_GET_ISSUER_CERT_LOCALLY", 20),
    ("UNABLE_TO_VERIFY_LEAF_SIGNATURE", 21),
    ("CERT_CHAIN_TOO_LONG", 22),
    ("CERT_REVOKED", 23),
    ("INVALID_CA", 24),
    ("PATH_LENGTH_EXCEEDED", 25),
    ("INVALID_PURPOSE", 26),
    ("CERT_UNTRUSTED", 27),
    ("CERT_REJECTED", 28),
    ("SUBJECT_ISSUER_MISMATCH", 29),
    ("AKID_SKID_MISMATCH", 30),
    ("AKID_ISSUER_SERIAL_MISMATCH", 31),
    ("KEYUSAGE_NO_CERTSIGN", 32),
    ("UNABLE_TO_GET_CRL_ISSUER", 33),
    ("UNHANDLED_CRITICAL_EXTENSION", 34),
    ("KEYUSAGE_NO_CRL_SIGN", 35),
    ("UNHANDLED_CRITICAL_CRL_EXTENSION", 36),
    ("INVALID_NON_CA", 37),
    ("APPLICATION_VERIFICATION", 50),
    ("HOSTNAME_MISMATCH", 62),
    ("EE_KEY_TOO_SMALL", 66),
    ("CA_KEY_TOO_SMALL", 67),
    ("CA_MD_TOO_WEAK", 68),
];
