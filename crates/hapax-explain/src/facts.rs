//! What may be said of the world around a request: its TLS, the stick tables, how busy everybody is, the time.

use std::collections::BTreeMap;

use hapax_balance::table::{DataType, Shape};
use hapax_sample::{TlsFacts, Verdict};
use hapax_value::Value;
use serde::Deserialize;

use crate::question::QuestionError;

/// `true`, `false`, or what the handshake told.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "expected true, false, or a table such as { version = \"TLSv1.2\", client_cert = \"client.pem\" }"
)]
pub enum Tls {
    Plain(bool),
    Told(Handshake),
}

impl Tls {
    pub fn is_on(&self) -> bool {
        !matches!(self, Self::Plain(false))
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Handshake {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: Option<String>,
    /// OpenSSL's name.
    pub cipher: Option<String>,
    pub alpn: Option<String>,
    /// A file in PEM; whoever reads questions puts its text in the place of its name.
    pub client_cert: Option<String>,
    /// OpenSSL's number of what is wrong with the client's certificate; 0: nothing.
    pub verify: i32,
    pub resumed: bool,
}

impl Handshake {
    pub(crate) fn facts(&self, sni: Option<String>) -> Result<TlsFacts, QuestionError> {
        let old = match self.version.as_deref() {
            None | Some("TLSv1.3") => false,
            Some("TLSv1.2") => true,
            Some(other) => return Err(QuestionError(format!("'{other}' is no TLS version (TLSv1.2, TLSv1.3)"))),
        };
        let known = CIPHERS.iter().filter(|c| c.0 == old);
        let cipher = match &self.cipher {
            None => known.clone().next(),
            Some(name) => known.clone().find(|c| c.1 == name),
        };
        let Some((_, cipher, key_bits)) = cipher else {
            let names: Vec<&str> = known.map(|c| c.1).collect();
            let asked = self.cipher.as_deref().unwrap_or_default();
            return Err(QuestionError(format!(
                "'{asked}' is no cipher of that TLS version; there are: {}",
                names.join(", ")
            )));
        };
        let mut certificates = self
            .client_cert
            .as_deref()
            .map(certificates)
            .transpose()?
            .unwrap_or_default()
            .into_iter();
        Ok(TlsFacts {
            sni: sni.map(Into::into),
            alpn: self.alpn.as_deref().map(|a| a.as_bytes().into()),
            version: if old { "TLSv1.2" } else { "TLSv1.3" },
            cipher,
            key_bits: *key_bits,
            resumed: self.resumed,
            client_cert: certificates.next(),
            chain: certificates.collect(),
            verify: Verdict {
                code: self.verify,
                depth: 0,
            },
            ..TlsFacts::default()
        })
    }
}

/// Whether it is of TLS 1.2, OpenSSL's name, and the bits of its key.
const CIPHERS: &[(bool, &str, u32)] = &[
    (false, "TLS_AES_256_GCM_SHA384", 256),
    (false, "TLS_AES_128_GCM_SHA256", 128),
    (false, "TLS_CHACHA20_POLY1305_SHA256", 256),
    (true, "ECDHE-ECDSA-AES256-GCM-SHA384", 256),
    (true, "ECDHE-ECDSA-AES128-GCM-SHA256", 128),
    (true, "ECDHE-ECDSA-CHACHA20-POLY1305", 256),
    (true, "ECDHE-RSA-AES256-GCM-SHA384", 256),
    (true, "ECDHE-RSA-AES128-GCM-SHA256", 128),
    (true, "ECDHE-RSA-CHACHA20-POLY1305", 256),
];

/// The certificates of a PEM file, DER.
fn certificates(pem: &str) -> Result<Vec<Box<[u8]>>, QuestionError> {
    use rustls_pki_types::CertificateDer;
    use rustls_pki_types::pem::PemObject;
    let all: Result<Vec<Box<[u8]>>, _> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .map(|c| c.map(|c| c.as_ref().into()))
        .collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        _ => Err(QuestionError("there is no certificate in the client's file".into())),
    }
}

/// How busy a proxy or a server is.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table such as { conn = 10, queue = 2, rate = 5 }")]
pub struct Busy {
    /// Connections, or sessions, that it has now.
    pub conn: i64,
    /// Requests that wait for it.
    pub queue: i64,
    /// Sessions of the last second.
    pub rate: i64,
}

/// An entry of a stick table: its key, and numbers by the names of the data (`http_req_rate = 120`, `gpc = [1, 2]`).
#[derive(Clone, Debug, Deserialize)]
pub struct Entry {
    pub table: String,
    pub key: String,
    #[serde(flatten)]
    pub data: BTreeMap<String, Numbers>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "expected a number or a list of numbers")]
pub enum Numbers {
    One(u64),
    Many(Vec<u64>),
}

impl Entry {
    /// Puts the entry into its table.
    pub(crate) fn store(&self, tables: &hapax_config::tables::Tables, now: u64) -> Result<(), QuestionError> {
        let wrong = |text: String| QuestionError(format!("entry of table '{}': {text}", self.table));
        let Some(live) = tables.all().iter().find(|t| *t.name == *self.table) else {
            let known: Vec<&str> = tables.all().iter().map(|t| &*t.name).collect();
            let near = hapax_diag::suggest(&self.table, known).map(|n| format!("; did you mean '{n}'?"));
            return Err(QuestionError(format!(
                "there is no stick table '{}'{}",
                self.table,
                near.unwrap_or_default()
            )));
        };
        let key = live.table.spec().key.key(Value::Str(self.key.as_bytes().into()));
        let entry = key.and_then(|key| live.table.obtain(&key, now));
        let mut entry = entry.ok_or_else(|| wrong(format!("'{}' is no key of it", self.key)))?;
        for (name, numbers) in &self.data {
            let Some(data) = DataType::named(name) else {
                let near = hapax_diag::suggest(name, DataType::ALL.map(DataType::name));
                let near = near.map(|n| format!("; did you mean '{n}'?")).unwrap_or_default();
                return Err(wrong(format!("'{name}' is no data of a table{near}")));
            };
            let one;
            let list = match numbers {
                Numbers::Many(list) => &list[..],
                Numbers::One(n) => {
                    one = [*n];
                    &one[..]
                }
            };
            for (i, n) in list.iter().enumerate() {
                let set = if data.shape() == Shape::Rate {
                    // What the period before this one had weighs nothing, and this one has begun now.
                    entry.add(data, i, *n).map(|_| ())
                } else {
                    entry.set(data, i, *n)
                };
                set.ok_or_else(|| wrong(format!("the table does not store {name}")))?;
            }
        }
        Ok(())
    }
}

/// Microseconds since the epoch of a date such as `2026-01-31T12:00:00Z`, or of a number of seconds.
pub(crate) fn instant(text: &str) -> Result<u64, QuestionError> {
    let seconds = text.parse::<i64>().ok().or_else(|| {
        let when = text.parse::<toml::value::Datetime>().ok()?;
        let date = when.date?;
        let (h, m, s) = when.time.map_or((0, 0, 0), |t| (t.hour, t.minute, t.second));
        let east = match when.offset {
            Some(toml::value::Offset::Custom { minutes }) => i64::from(minutes),
            _ => 0,
        };
        let days = days_from(i64::from(date.year), i64::from(date.month), i64::from(date.day));
        Some(days * 86_400 + i64::from(h) * 3600 + i64::from(m) * 60 + i64::from(s) - east * 60)
    });
    let seconds = seconds.and_then(|s| u64::try_from(s).ok());
    let why = || QuestionError(format!("'{text}' is no time, such as 2026-01-31T12:00:00Z"));
    seconds.map(|s| s * 1_000_000).ok_or_else(why)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, by eras of 400 years that begin in March.
fn days_from(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants() {
        for (text, want) in [
            ("0", Some(0)),
            ("1700000000", Some(1_700_000_000)),
            ("1970-01-02", Some(86_400)),
            ("2024-02-29T12:34:56Z", Some(1_709_210_096)),
            ("2024-02-29T12:34:56+02:00", Some(1_709_202_896)),
            ("noon", None),
            ("-5", None),
        ] {
            assert_eq!(instant(text).ok(), want.map(|s| s * 1_000_000), "{text}");
        }
    }

    #[test]
    fn handshakes() {
        let told = |version: &str, cipher: Option<&str>| {
            Handshake {
                version: Some(version.into()),
                cipher: cipher.map(Into::into),
                ..Handshake::default()
            }
            .facts(None)
            .map(|f| (f.version, f.cipher, f.key_bits))
        };
        assert_eq!(told("TLSv1.3", None), Ok(("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256)));
        assert_eq!(
            told("TLSv1.2", Some("ECDHE-RSA-AES128-GCM-SHA256")),
            Ok(("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", 128))
        );
        assert!(told("TLSv1.2", Some("TLS_AES_128_GCM_SHA256")).is_err_and(|e| e.0.contains("ECDHE")));
        assert!(told("SSLv3", None).is_err());
    }
}
