//! What `bind` lines say of certificates: files, directories, crt-lists with options of their own, authorities, revocation lists.

use std::sync::Arc;

use hapax_diag::{Diagnostic, Span};
use hapax_syntax::Word;

use super::{BindCx, read_options};
use crate::args::Args;
use crate::certs::{Beside, CertError, crt_list as lists};
use crate::codes;
use crate::plan::{BindTls, CertSource, Certificate, CrtEntry, CrtList, PemFile};
use crate::reader::{Reader, under};

/// Options that a certificate may have for itself.
const OWN: &[&str] = &[
    "allow-0rtt",
    "alpn",
    "ca-file",
    "ca-verify-file",
    "ciphers",
    "ciphersuites",
    "client-sigalgs",
    "crl-file",
    "curves",
    "ecdhe",
    "no-alpn",
    "no-ca-names",
    "npn",
    "sigalgs",
    "ssl-max-ver",
    "ssl-min-ver",
    "verify",
];

/// What a crt-store says of a certificate, which a line of a list may say, too; that and a value for each.
const STORE: &[&str] = &["key", "ocsp", "issuer", "sctl", "ocsp-update", "jwt", "acme", "domains", "ips"];

pub(crate) fn cert_error(a: &Args<'_>, e: CertError) -> Diagnostic {
    let code = if e.missing { &codes::MISSING_FILE } else { &codes::CERTIFICATE };
    let d = Diagnostic::alert(code, e.message).at(a.at(0));
    if e.missing { d.missing() } else { d }
}

/// A certificate that is missing leaves the line standing, so that what follows is checked too.
fn tell(cx: &mut BindCx<'_>, a: &Args<'_>, e: CertError) -> Result<(), Diagnostic> {
    let missing = e.missing;
    let d = cert_error(a, e);
    if !missing {
        return Err(d);
    }
    let d = d.prefixed(&format!("{} : ", cx.head));
    cx.cx.diags.push(d);
    Ok(())
}

fn wrong(message: String) -> CertError {
    CertError { message, missing: false }
}

/// The certificates that a word names: of a crt-store, a file, a file for each kind of key, or a directory.
fn named(cx: &mut BindCx<'_>, word: &str) -> Result<Vec<CertSource>, CertError> {
    if let Some(stored) = cx.certs.named(word) {
        return stored.map(|cert| vec![CertSource::One(cert)]);
    }
    if word.starts_with('@') {
        return Err(wrong(format!("no crt-store has loaded '{word}' before this line.")));
    }
    let path = cx.defaults.crt_path(word);
    if let Some(list) = cx.certs.directory(&path, cx.cx.files) {
        return list.map(|name| vec![CertSource::List(name)]);
    }
    let found = cx.certs.bundle_of(&path, Beside::default(), cx.cx.files)?;
    Ok(found.into_iter().map(CertSource::One).collect())
}

pub(super) fn crt(cx: &mut BindCx<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    match named(cx, a.str(0)) {
        Ok(certs) => cx.tls.certs.extend(certs),
        Err(e) => return tell(cx, a, e),
    }
    Ok(())
}

pub(super) fn default_crt(cx: &mut BindCx<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    match named(cx, a.str(0)) {
        Ok(certs) => {
            cx.tls.certs.splice(0..0, certs);
        }
        Err(e) => return tell(cx, a, e),
    }
    Ok(())
}

pub(super) fn crt_list(cx: &mut BindCx<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let path = a.str(0);
    let listed = match cx.certs.list(path) {
        Some(known) => Ok(known),
        None => match cx.certs.directory(path, cx.cx.files) {
            Some(directory) => directory,
            None => read_list(cx, a, path),
        },
    };
    match listed {
        Ok(name) => cx.tls.certs.push(CertSource::List(name)),
        Err(e) => return tell(cx, a, e),
    }
    Ok(())
}

fn read_list(cx: &mut BindCx<'_>, a: &Args<'_>, path: &str) -> Result<Arc<str>, CertError> {
    let bytes = cx.cx.files.read(path).map_err(|e| CertError {
        message: format!("cannot open file '{path}' : {e}"),
        missing: true,
    })?;
    let text = String::from_utf8_lossy(&bytes);
    let mut list = CrtList::default();
    for line in text.lines() {
        list.lines += 1;
        let at = format!("parsing [{path}:{}]", list.lines);
        let parsed = lists::parse(line).map_err(|e| wrong(format!("{at}: {e}")))?;
        let Some(line) = parsed else { continue };
        for cert in listed(cx, &line)? {
            let own = own(cx, a.at(0), &line.options).map_err(|e| wrong(format!("{at}: {e}")))?;
            list.entries.push(CrtEntry {
                line: list.lines,
                cert,
                own,
                options: line.options.clone(),
                filters: line.filters.iter().map(|f| f.to_ascii_lowercase()).collect(),
            });
        }
    }
    Ok(cx.certs.add_list(path, list))
}

/// The certificates of a line: one, or one for each kind of key.
fn listed(cx: &mut BindCx<'_>, line: &lists::Line) -> Result<Vec<Arc<Certificate>>, CertError> {
    if let Some(stored) = cx.certs.named(&line.file) {
        return stored.map(|cert| vec![cert]);
    }
    let value = |name: &str| line.options.windows(2).find(|w| w[0] == name).map(|w| w[1].as_str());
    let full = |name: &str| value(name).map(|v| under(cx.defaults.crt_base.as_deref(), v));
    let key = value("key").map(|v| under(cx.defaults.key_base.as_deref(), v));
    let (ocsp, issuer, sctl) = (full("ocsp"), full("issuer"), full("sctl"));
    let beside = Beside {
        key: key.as_deref(),
        ocsp: ocsp.as_deref(),
        issuer: issuer.as_deref(),
        sctl: sctl.as_deref(),
    };
    let path = cx.defaults.crt_path(&line.file);
    cx.certs.bundle_of(&path, beside, cx.cx.files)
}

/// The options of one certificate; `None`: it has none but those of the store.
pub(crate) fn own(cx: &mut BindCx<'_>, at: Span, words: &[String]) -> Result<Option<Arc<BindTls>>, String> {
    let mut ours = Vec::new();
    let mut rest = words;
    while let [word, after @ ..] = rest {
        let name = word.as_str();
        if STORE.contains(&name) {
            let value = after.first().ok_or_else(|| format!("ssl args out of '[]' for {name}"))?;
            if !matches!(name, "key" | "issuer") && value != "off" {
                let told = format!("'{name}' of a certificate in a list is accepted but not acted on yet");
                cx.cx.diags.push(Diagnostic::warning(&codes::NOT_YET, told).at(at));
            }
            rest = &after[1..];
            continue;
        }
        if !OWN.contains(&name) {
            return Err(format!("unknown ssl keyword {name}"));
        }
        let takes = usize::from(!matches!(name, "allow-0rtt" | "no-alpn" | "no-ca-names"));
        if after.len() < takes {
            return Err(format!("ssl args out of '[]' for {name}"));
        }
        ours.extend(rest[..=takes].iter().map(|w| Word::new(w.as_bytes().to_vec(), at)));
        rest = &after[takes..];
    }
    if ours.is_empty() {
        return Ok(None);
    }
    let (before, head) = (std::mem::take(&mut cx.tls), std::mem::take(&mut cx.head));
    let read = read_options(cx, &ours, at);
    let own = std::mem::replace(&mut cx.tls, before);
    cx.head = head;
    read.map_err(|d| d.message.trim_start_matches(" : ").to_owned())?;
    Ok(Some(Arc::new(own)))
}

pub(super) fn ca_file(cx: &mut BindCx<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if let Some(file) = authorities(cx, a)? {
        cx.tls.ca = Some(file);
    }
    Ok(())
}

pub(super) fn ca_verify_file(cx: &mut BindCx<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if let Some(file) = authorities(cx, a)? {
        cx.tls.ca_verify = Some(file);
    }
    Ok(())
}

fn authorities(cx: &mut BindCx<'_>, a: &Args<'_>) -> Result<Option<PemFile>, Diagnostic> {
    let path = cx.defaults.ca_path(a.str(0));
    match cx.certs.authorities(&path, cx.cx.files) {
        Ok(file) => Ok(Some(file)),
        Err(e) => tell(cx, a, e).map(|()| None),
    }
}

pub(super) fn crl_file(cx: &mut BindCx<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let path = cx.defaults.ca_path(a.str(0));
    match cx.certs.revocations(&path, cx.cx.files) {
        Ok(file) => cx.tls.crl = Some(file),
        Err(e) => {
            let message = format!("'crl-file' : {}", e.message);
            return tell(cx, a, CertError { message, ..e });
        }
    }
    Ok(())
}

/// The list of the certificates that a frontend itself names.
pub(crate) fn frontend_list(frontend: &str) -> String {
    format!("@{frontend}")
}

/// `ssl-f-use`: one more certificate, with options of its own, for the `bind` lines of this frontend that name none.
pub(crate) fn of_frontend(reader: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let words: Vec<String> = (0..a.len()).map(|i| a.show(i)).collect();
    let at = words.iter().position(|w| w == "crt");
    let Some(file) = at.and_then(|at| words.get(at + 1)).cloned() else {
        return Err(a.missing(format!(
            "'{}' : Trying to load a certificate but no 'crt' keyword specified.",
            a.name
        )));
    };
    let options = words
        .iter()
        .enumerate()
        .filter(|(i, _)| at.is_none_or(|at| *i != at && *i != at + 1))
        .map(|(_, w)| w.clone())
        .collect();
    let list: Arc<str> = frontend_list(&reader.proxy().proxy.name).into();
    let head = format!("'{}'", a.name);
    let mut cx = BindCx::new(reader, head, false, true);
    let line = lists::Line {
        file,
        options,
        filters: Vec::new(),
    };
    let certs = match listed(&mut cx, &line) {
        Ok(certs) => certs,
        Err(e) => return tell(&mut cx, a, e),
    };
    let own = own(&mut cx, a.line, &line.options).map_err(|e| a.bad(0, format!("'{}' : {e}", a.name)))?;
    for cert in certs {
        let entry = CrtEntry {
            options: line.options.clone(),
            own: own.clone(),
            ..CrtEntry::plain(0, cert)
        };
        cx.certs.extend_list(&list, entry);
    }
    Ok(())
}
