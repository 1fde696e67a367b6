//! A list of diagnostics that are known and accepted, so that a check speaks of new ones only.
//!
//! An entry is a code, a file and the text of the line, not its number: lines may move. Errors are never hidden: what HAProxy would
//! refuse stays refused.

use std::collections::HashMap;

use serde_json::{Value, json};
use thiserror::Error;

use crate::{Diagnostic, Diagnostics, Severity, Sources};

/// Known diagnostics and how often each occurs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: HashMap<Key, usize>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    code: String,
    file: String,
    line: u64,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum BaselineError {
    #[error("not JSON: {0}")]
    Json(String),
    #[error("not a baseline: {0}")]
    Shape(&'static str),
}

impl Baseline {
    /// Everything in the list that may be hidden.
    pub fn of(diags: &Diagnostics, sources: &Sources) -> Self {
        let mut entries = HashMap::new();
        for d in diags.iter().filter(|d| d.severity < Severity::Alert) {
            *entries.entry(key(d, sources)).or_default() += 1;
        }
        Self { entries }
    }

    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let whole: Value = serde_json::from_str(text).map_err(|e| BaselineError::Json(e.to_string()))?;
        if whole["version"] != json!(1) {
            return Err(BaselineError::Shape("its version is not 1"));
        }
        let list = whole["known"]
            .as_array()
            .ok_or(BaselineError::Shape("it has no list of known diagnostics"))?;
        let mut entries = HashMap::new();
        for entry in list {
            let text = |name: &str| entry[name].as_str().map(str::to_owned);
            let line = entry["line"].as_str().and_then(|hex| u64::from_str_radix(hex, 16).ok());
            let (Some(code), Some(file), Some(line)) = (text("code"), text("file"), line) else {
                return Err(BaselineError::Shape("an entry lacks its code, file or line"));
            };
            let count = entry["count"].as_u64().unwrap_or(1) as usize;
            *entries.entry(Key { code, file, line }).or_default() += count;
        }
        Ok(Self { entries })
    }

    /// How many diagnostics it would hide at most.
    pub fn len(&self) -> usize {
        self.entries.values().sum()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// As [`parse`](Self::parse) reads it, in a stable order.
    pub fn to_json(&self) -> String {
        let mut sorted: Vec<_> = self.entries.iter().collect();
        sorted.sort();
        let known: Vec<Value> = sorted
            .into_iter()
            .map(|(k, n)| json!({ "code": k.code, "file": k.file, "line": format!("{:016x}", k.line), "count": n }))
            .collect();
        format!("{:#}\n", json!({ "version": 1, "known": known }))
    }

    /// Takes the known ones out of the list; answers how many.
    pub fn hide(&self, diags: &mut Diagnostics, sources: &Sources) -> usize {
        let mut left = self.entries.clone();
        let before = diags.len();
        diags.retain(|d| {
            if d.severity == Severity::Alert {
                return true;
            }
            match left.get_mut(&key(d, sources)) {
                Some(n) if *n > 0 => {
                    *n -= 1;
                    false
                }
                _ => true,
            }
        });
        before - diags.len()
    }
}

fn key(d: &Diagnostic, sources: &Sources) -> Key {
    let (file, text) = match d.span {
        Some(span) => (sources.name(span.file), sources.line(span)),
        None => ("", d.message.as_bytes()),
    };
    Key {
        code: d.code.id.to_owned(),
        file: plain(file).to_owned(),
        line: fingerprint(text),
    }
}

/// One file has one name, whether or not it was called by way of the current directory.
fn plain(mut file: &str) -> &str {
    while let Some(rest) = file.strip_prefix("./") {
        file = rest.trim_start_matches('/');
    }
    file
}

/// FNV-1a of the text without the spaces around it: the same on every machine and in every version.
pub(crate) fn fingerprint(text: &[u8]) -> u64 {
    let step = |hash: u64, &b: &u8| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3);
    text.trim_ascii().iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests;
