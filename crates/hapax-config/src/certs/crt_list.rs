//! `crt-list` files: a certificate by line, with options in brackets and the server names it is for.

use std::sync::Arc;

use hapax_sample::Files;

use super::{CertError, CertStore, missing, wrong};
use crate::plan::Certificate;

/// One line of a crt-list.
#[derive(Clone, Debug)]
pub struct Entry {
    pub cert: Arc<Certificate>,
    /// Options in brackets, as words.
    pub options: Vec<String>,
    /// `!name`: names the certificate is not for.
    pub negative: Vec<String>,
}

pub(super) fn read(store: &mut CertStore, path: &str, base: Option<&str>, files: &dyn Files) -> Result<Vec<Entry>, CertError> {
    let bytes = files.read(path).map_err(|e| missing(format!("cannot open file '{path}' : {e}")))?;
    let text = String::from_utf8_lossy(&bytes);
    let mut entries = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or("").trim();
        if line.is_empty() {
            continue;
        }
        let at = |e: String| wrong(format!("parsing [{path}:{}]: {e}", n + 1));
        let (options, line) = take_options(line).map_err(at)?;
        let mut words = line.split_whitespace();
        let Some(file) = words.next() else { continue };
        let full = match base {
            Some(base) if !file.starts_with('/') => super::join(base, file),
            _ => file.to_owned(),
        };
        let cert = store.certificate(&full, files)?;
        let (negative, filters): (Vec<&str>, Vec<&str>) = words.partition(|w| w.starts_with('!'));
        let cert = if filters.is_empty() {
            cert
        } else {
            Arc::new(Certificate {
                path: cert.path.clone(),
                chain: cert.chain.clone(),
                key: cert.key.clone_key(),
                names: filters.iter().map(|f| f.to_ascii_lowercase()).collect(),
            })
        };
        entries.push(Entry {
            cert,
            options,
            negative: negative.iter().map(|w| w[1..].to_ascii_lowercase()).collect(),
        });
    }
    Ok(entries)
}

/// The words in brackets, and the line without them.
fn take_options(line: &str) -> Result<(Vec<String>, String), String> {
    let Some(open) = line.find('[') else {
        return Ok((Vec::new(), line.to_owned()));
    };
    let close = line[open..].find(']').ok_or("file contains unclosed '['")? + open;
    let options = line[open + 1..close].split_whitespace().map(str::to_owned).collect();
    Ok((options, format!("{} {}", &line[..open], &line[close + 1..])))
}
