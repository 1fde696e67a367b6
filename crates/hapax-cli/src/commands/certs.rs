//! Certificates while running: shown, made, changed in one step, written out, removed.

use std::sync::Arc;

use base64::Engine as _;
use hapax_config::certs::{Extra, pem};
use hapax_config::plan::{Certificate, Origin, SocketLevel, Stored};
use hapax_runtime::certs::{State, Thing};
use hapax_runtime::state::Shared;
use hapax_sample::fetches::describe;
use hapax_value::Support;

use super::own::row;
use crate::command::{Answer, Call, Command};

pub(super) static ROWS: &[Command] = &[
    row!(
        &["show", "ssl", "cert"],
        Admin,
        "show ssl cert [<certfile>]",
        "list the certificates, or describe one of them",
        show
    ),
    row!(
        &["dump", "ssl", "cert"],
        Admin,
        "dump ssl cert <certfile>",
        "write out a certificate and its key as PEM",
        dump
    ),
    row!(
        &["new", "ssl", "cert"],
        Admin,
        "new ssl cert <certfile>",
        "make room for a certificate of a crt-list or a directory",
        new
    ),
    row!(
        &["set", "ssl", "cert"],
        Admin,
        "set ssl cert <certfile> <payload>",
        "prepare another version of a certificate",
        set
    ),
    row!(
        &["commit", "ssl", "cert"],
        Admin,
        "commit ssl cert <certfile>",
        "use the version that was prepared",
        commit
    ),
    row!(
        &["abort", "ssl", "cert"],
        Admin,
        "abort ssl cert <certfile>",
        "forget the version that was prepared",
        abort
    ),
    row!(
        &["del", "ssl", "cert"],
        Admin,
        "del ssl cert <certfile>",
        "remove a certificate nobody uses",
        del
    ),
];

/// Endings of files beside a certificate.
const BESIDE: [&str; 4] = ["key", "ocsp", "sctl", "issuer"];

/// A name as it is asked for: `*` in front means what is being prepared, `\*` a name that begins so.
pub(super) fn asked(name: &str) -> (bool, &str) {
    match name.strip_prefix('*') {
        Some(name) => (true, name),
        None => (false, name.strip_prefix('\\').unwrap_or(name)),
    }
}

const UNKNOWN: &str = "Can't display the certificate: Not found or the certificate is a bundle!";

fn show(c: &mut Call<'_>) -> Answer {
    let shared = c.control.shared();
    let state = shared.certs.lock();
    if c.arg(0).is_empty() {
        let mut out = String::new();
        if let Some(cert) = &state.cert {
            put!(out, "# transaction\n*{}\n", cert.path);
        }
        out.push_str("# filename\n");
        for name in state.stored.certs.keys() {
            put!(out, "{name}\n");
        }
        return Answer::Text(out);
    }
    let (prepared, name) = asked(c.arg(0));
    let found = if prepared {
        state.cert.as_ref().filter(|cert| cert.path == name)
    } else {
        state.stored.certs.get(name).map(|cert| &**cert)
    };
    let Some(cert) = found else { return Answer::err(UNKNOWN) };
    let status = if prepared {
        "Uncommitted"
    } else if cert.is_empty() {
        "Empty"
    } else if shared.uses_cert(&state.stored, Thing::Cert(name)) {
        "Used"
    } else {
        "Unused"
    };
    let jwt = shared.plan.patterns.jwt.usable().iter().any(|n| n == name);
    Answer::Text(described(cert, prepared, status, jwt))
}

fn described(cert: &Certificate, prepared: bool, status: &str, jwt: bool) -> String {
    let path = &cert.path;
    let mut out = format!("Filename: {}{path}\n", if prepared { "*" } else { "" });
    match &cert.origin {
        Origin::Made => {}
        Origin::Listed(file) => put!(out, "Crt filename: {file}\n"),
        Origin::Line => put!(out, "Crt filename: {path}\nKey filename: {path}\n"),
    }
    let jwt = if jwt { "on" } else { "off" };
    put!(out, "Option: ocsp-update off\nOption: jwt {jwt}\nStatus: {status}\n");
    let mut chain = cert.chain.iter();
    if let Some(leaf) = chain.next() {
        out.push_str(&describe::certificate(leaf));
    }
    for (subject, issuer) in chain.filter_map(|der| describe::parties(der)) {
        put!(out, "Chain Subject: {subject}\nChain Issuer: {issuer}\n");
    }
    out
}

fn dump(c: &mut Call<'_>) -> Answer {
    let (prepared, name) = asked(c.arg(0));
    let state = c.control.shared().certs.lock();
    let found = if prepared {
        state.cert.as_ref().filter(|cert| cert.path == name)
    } else {
        state.stored.certs.get(name).map(|cert| &**cert)
    };
    found.map_or_else(|| Answer::err(UNKNOWN), |cert| Answer::Text(cert.to_pem()))
}

fn new(c: &mut Call<'_>) -> Answer {
    let name = c.arg(0);
    if name.is_empty() {
        return Answer::err("'new ssl cert' expects a filename");
    }
    let mut state = c.control.shared().certs.lock();
    if state.stored.certs.contains_key(name) {
        return Answer::err(format!("Certificate '{name}' already exists!"));
    }
    let empty = Certificate {
        path: name.to_owned(),
        ..Certificate::default()
    };
    state.stored.certs.insert(name.into(), Arc::new(empty));
    Answer::info(format!("New empty certificate store '{name}'!"))
}

fn set(c: &mut Call<'_>) -> Answer {
    let (name, Some(payload)) = (c.arg(0), c.payload.filter(|_| !c.arg(0).is_empty())) else {
        return Answer::err("'set ssl cert' expects a filename and a certificate as a payload");
    };
    let mut state = c.control.shared().certs.lock();
    let done = prepare(&mut state, name, payload);
    drop(state);
    done.map_or_else(|why| Answer::err(format!("{why}\nCan't update {name}!")), Answer::info)
}

/// Changes the version that is being prepared, or begins one.
fn prepare(state: &mut State, name: &str, payload: &str) -> Result<String, String> {
    let (path, part) = target(&state.stored, name);
    let Some(known) = state.stored.certs.get(path.as_str()) else {
        return Err("Can't replace a certificate which is not referenced by the configuration!".into());
    };
    if let Some(other) = state.cert.as_ref().filter(|cert| cert.path != path) {
        return Err(other_change(&other.path, name, "set"));
    }
    let begun = state.cert.is_some();
    let mut cert = state.cert.as_ref().map_or_else(|| known.copy(), Certificate::copy);
    take(&mut cert, part, payload, &state.stored.extra).map_err(|why| format!("{why}\nCan't load the payload"))?;
    state.cert = Some(cert);
    let what = if begun { "updated" } else { "created" };
    let kept = if matches!(part, Some("ocsp" | "sctl")) {
        "\nIt is kept, and not sent to clients by this version."
    } else {
        ""
    };
    Ok(format!("Transaction {what} for certificate {path}!{kept}"))
}

pub(super) fn other_change(other: &str, name: &str, verb: &str) -> String {
    format!("The ongoing transaction is about '{other}' but you are trying to {verb} '{name}'")
}

/// The certificate that a name stands for, and which of its parts.
fn target<'n>(stored: &Stored, name: &'n str) -> (String, Option<&'n str>) {
    if stored.certs.contains_key(name) {
        return (name.to_owned(), None);
    }
    let split = name.rsplit_once('.').filter(|(_, end)| BESIDE.contains(end));
    let Some((stem, part)) = split else {
        return (name.to_owned(), None);
    };
    // `ssl-load-extra-del-ext` has such a file beside `<stem>.crt`.
    let replaced = format!("{stem}.crt");
    let path = if !stored.certs.contains_key(stem) && stored.certs.contains_key(replaced.as_str()) {
        replaced
    } else {
        stem.to_owned()
    };
    (path, Some(part))
}

fn take(cert: &mut Certificate, part: Option<&str>, payload: &str, extra: &Extra) -> Result<(), String> {
    let path = cert.path.clone();
    let text = payload.as_bytes();
    match part {
        None => {
            let parts = pem::parts(text, &path).map_err(|e| e.message)?;
            if parts.chain.is_empty() {
                return Err(format!("unable to load certificate from file '{path}': no start line."));
            }
            cert.set_pem(parts).map_err(|e| e.message)?;
            // What belonged to the one before says nothing of this one.
            (cert.ocsp, cert.issuer, cert.sctl) = (None, None, None);
            extra.complete(cert);
        }
        Some("key") => {
            let parts = pem::parts(text, &path).map_err(|e| e.message)?;
            let none = || format!("unable to load private key from file '{path}' (no start line).");
            cert.key = Some(parts.key.ok_or_else(none)?);
        }
        Some("issuer") => {
            let parts = pem::parts(text, &path).map_err(|e| e.message)?;
            let first = parts.chain.into_iter().next();
            cert.issuer = Some(first.ok_or_else(|| format!("'{path}' cannot be read or parsed'."))?);
        }
        Some(other) => {
            let bare: String = payload.split_whitespace().collect();
            let read = base64::engine::general_purpose::STANDARD.decode(bare);
            let bytes = read.ok().filter(|b| b.len() > 2);
            let bytes = bytes.ok_or_else(|| format!("Error reading {} in base64 format", other.to_uppercase()))?;
            let of = if other == "ocsp" { &mut cert.ocsp } else { &mut cert.sctl };
            *of = Some(bytes);
        }
    }
    Ok(())
}

fn commit(c: &mut Call<'_>) -> Answer {
    let name = c.arg(0);
    if name.is_empty() {
        return Answer::err("'commit ssl cert' expects a filename");
    }
    let shared = c.control.shared();
    let mut state = shared.certs.lock();
    match try_commit(shared, &mut state, name) {
        Ok(dots) => Answer::info(format!("Committing {name}{dots}\nSuccess!\n")),
        Err(why) => Answer::err(format!("{why}\nCan't commit {name}!\n")),
    }
}

/// The error, or a dot for each line of a list or of the configuration that has it.
fn try_commit(shared: &Shared, state: &mut State, name: &str) -> Result<String, String> {
    let Some(cert) = &state.cert else {
        return Err("No ongoing transaction! !".into());
    };
    if cert.path != name {
        return Err(other_change(&cert.path, name, "set"));
    }
    let cert = Arc::new(cert.copy());
    let mut next = state.stored.clone();
    next.certs.insert(name.into(), Arc::clone(&cert));
    shared.change_certs(state, next, Thing::Cert(name))?;
    state.cert = None;
    tell_converters(shared, &cert);
    Ok(if shared.uses_cert(&state.stored, Thing::Cert(name)) {
        "."
    } else {
        ""
    }
    .to_owned())
}

/// The converters of tokens use the new version, by whatever name they know it.
fn tell_converters(shared: &Shared, cert: &Certificate) {
    let jwt = &shared.plan.patterns.jwt;
    let pem = cert.to_pem();
    let by_file = match (&cert.origin, cert.path.strip_prefix('@').and_then(|p| p.split_once('/'))) {
        (Origin::Listed(file), Some((store, _))) => Some(format!("@{store}/{file}")),
        _ => None,
    };
    for name in by_file.iter().map(String::as_str).chain([cert.path.as_str()]) {
        jwt.replace(name, pem.as_bytes());
    }
}

fn abort(c: &mut Call<'_>) -> Answer {
    let name = c.arg(0);
    if name.is_empty() {
        return Answer::err("'abort ssl cert' expects a filename");
    }
    let mut state = c.control.shared().certs.lock();
    match &state.cert {
        None => Answer::err("No ongoing transaction!"),
        Some(cert) if cert.path != name => Answer::err(other_change(&cert.path, name, "abort a transaction for")),
        Some(_) => {
            state.cert = None;
            Answer::info(format!("Transaction aborted for certificate '{name}'!"))
        }
    }
}

fn del(c: &mut Call<'_>) -> Answer {
    let name = c.arg(0);
    if name.is_empty() {
        return Answer::err("'del ssl cert' expects a certificate name");
    }
    let shared = c.control.shared();
    let mut state = shared.certs.lock();
    let cannot = |why: String| Answer::err(format!("Can't remove the certificate: {why}"));
    if !state.stored.certs.contains_key(name) {
        return cannot(format!("certificate '{name}' doesn't exist!"));
    }
    let for_tokens = shared.plan.patterns.jwt.usable().iter().any(|n| n == name);
    if for_tokens {
        return cannot(format!("certificate '{name}' in use for JWT validation, can't be deleted!"));
    }
    if shared.uses_cert(&state.stored, Thing::Cert(name)) {
        return cannot(format!("certificate '{name}' in use, can't be deleted!"));
    }
    state.stored.certs.remove(name);
    shared.plan.patterns.jwt.forget(name);
    Answer::info(format!("Certificate '{name}' deleted!"))
}
