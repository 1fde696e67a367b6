//! Authorities (`ca-file`) and revocation lists (`crl-file`) while running: what is said of certificates is true of them, too.

use std::collections::BTreeMap;
use std::sync::Arc;

use hapax_config::certs::pem;
use hapax_config::plan::{PemFile, SocketLevel, Stored};
use hapax_runtime::certs::{State, Thing};
use hapax_runtime::state::Shared;
use hapax_sample::fetches::describe;
use hapax_value::Support;

use super::certs::{asked, other_change};
use super::own::row;
use crate::command::{Answer, Call, Command};

pub(super) static ROWS: &[Command] = &[
    row!(
        &["show", "ssl", "ca-file"],
        Admin,
        "show ssl ca-file [<cafile>[:<index>]]",
        "list the files of authorities, or describe one of them",
        |c| show(c, Kind::Authorities)
    ),
    row!(
        &["new", "ssl", "ca-file"],
        Admin,
        "new ssl ca-file <cafile>",
        "make room for a file of authorities",
        |c| new(c, Kind::Authorities)
    ),
    row!(
        &["set", "ssl", "ca-file"],
        Admin,
        "set ssl ca-file <cafile> <payload>",
        "prepare other authorities for a file",
        |c| set(c, Kind::Authorities, false)
    ),
    row!(
        &["add", "ssl", "ca-file"],
        Admin,
        "add ssl ca-file <cafile> <payload>",
        "prepare more authorities for a file",
        |c| set(c, Kind::Authorities, true)
    ),
    row!(
        &["commit", "ssl", "ca-file"],
        Admin,
        "commit ssl ca-file <cafile>",
        "use the authorities that were prepared",
        |c| commit(c, Kind::Authorities)
    ),
    row!(
        &["abort", "ssl", "ca-file"],
        Admin,
        "abort ssl ca-file <cafile>",
        "forget the authorities that were prepared",
        |c| abort(c, Kind::Authorities)
    ),
    row!(
        &["del", "ssl", "ca-file"],
        Admin,
        "del ssl ca-file <cafile>",
        "remove a file of authorities nobody uses",
        |c| del(c, Kind::Authorities)
    ),
    row!(
        &["show", "ssl", "crl-file"],
        Admin,
        "show ssl crl-file [<crlfile>[:<index>]]",
        "list the files of revocation lists, or describe one of them",
        |c| show(c, Kind::Revocations)
    ),
    row!(
        &["new", "ssl", "crl-file"],
        Admin,
        "new ssl crl-file <crlfile>",
        "make room for a file of revocation lists",
        |c| new(c, Kind::Revocations)
    ),
    row!(
        &["set", "ssl", "crl-file"],
        Admin,
        "set ssl crl-file <crlfile> <payload>",
        "prepare other revocation lists for a file",
        |c| set(c, Kind::Revocations, false)
    ),
    row!(
        &["commit", "ssl", "crl-file"],
        Admin,
        "commit ssl crl-file <crlfile>",
        "use the revocation lists that were prepared",
        |c| commit(c, Kind::Revocations)
    ),
    row!(
        &["abort", "ssl", "crl-file"],
        Admin,
        "abort ssl crl-file <crlfile>",
        "forget the revocation lists that were prepared",
        |c| abort(c, Kind::Revocations)
    ),
    row!(
        &["del", "ssl", "crl-file"],
        Admin,
        "del ssl crl-file <crlfile>",
        "remove a file of revocation lists nobody uses",
        |c| del(c, Kind::Revocations)
    ),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Authorities,
    Revocations,
}

type Files = BTreeMap<Arc<str>, Arc<[u8]>>;

impl Kind {
    fn word(self) -> &'static str {
        if self == Self::Authorities { "CA" } else { "CRL" }
    }

    fn option(self) -> &'static str {
        if self == Self::Authorities { "ca-file" } else { "crl-file" }
    }

    fn files(self, stored: &Stored) -> &Files {
        if self == Self::Authorities {
            &stored.authorities
        } else {
            &stored.revocations
        }
    }

    fn files_mut(self, stored: &mut Stored) -> &mut Files {
        if self == Self::Authorities {
            &mut stored.authorities
        } else {
            &mut stored.revocations
        }
    }

    fn prepared(self, state: &mut State) -> &mut Option<PemFile> {
        if self == Self::Authorities {
            &mut state.authorities
        } else {
            &mut state.revocations
        }
    }

    fn thing(self, name: &str) -> Thing<'_> {
        if self == Self::Authorities {
            Thing::Authorities(name)
        } else {
            Thing::Revocations(name)
        }
    }

    /// The parts of a file, in DER.
    fn parts(self, text: &[u8]) -> Vec<Vec<u8>> {
        if self == Self::Authorities {
            pem::parts(text, "").map(|p| p.chain).unwrap_or_default()
        } else {
            pem::revocation_lists(text)
        }
    }

    fn label(self) -> &'static str {
        if self == Self::Authorities { "CERTIFICATE" } else { "X509 CRL" }
    }
}

fn show(c: &mut Call<'_>, kind: Kind) -> Answer {
    let shared = c.control.shared();
    let mut state = shared.certs.lock();
    if c.arg(0).is_empty() {
        let count = |pem: &[u8]| match kind {
            Kind::Authorities => format!(" - {} certificate(s)", kind.parts(pem).len()),
            Kind::Revocations => String::new(),
        };
        let mut out = String::new();
        if let Some(file) = kind.prepared(&mut state) {
            put!(out, "# transaction\n*{}{}\n", file.path, count(&file.pem));
        }
        out.push_str("# filename\n");
        for (name, pem) in kind.files(&state.stored) {
            put!(out, "{name}{}\n", count(pem));
        }
        return Answer::Text(out);
    }
    let (prepared, name) = asked(c.arg(0));
    let (name, index) = match name.rsplit_once(':').map(|(n, i)| (n, i.parse::<usize>())) {
        Some((name, Ok(index))) => (name, Some(index)),
        _ => (name, None),
    };
    let found = if prepared {
        kind.prepared(&mut state)
            .as_ref()
            .filter(|f| *f.path == *name)
            .map(|f| Arc::clone(&f.pem))
    } else {
        kind.files(&state.stored).get(name).cloned()
    };
    let Some(text) = found else {
        return Answer::err(format!("Can't display the {} file : Not found!", kind.word()));
    };
    let status = if prepared {
        "Uncommitted"
    } else if text.is_empty() {
        "Empty"
    } else if shared.uses_cert(&state.stored, kind.thing(name)) {
        "Used"
    } else {
        "Unused"
    };
    let parts = kind.parts(&text);
    if index.is_some_and(|i| i == 0 || i > parts.len()) {
        return Answer::Done;
    }
    let mut out = format!("Filename: {}{name}\nStatus: {status}\n", if prepared { "*" } else { "" });
    for (i, der) in parts.iter().enumerate().filter(|(i, _)| index.is_none_or(|n| n == i + 1)) {
        let n = i + 1;
        match kind {
            Kind::Authorities => put!(out, " \nCertificate #{n}:\n{}", describe::certificate(der)),
            Kind::Revocations => put!(out, " \nCertificate Revocation List #{n}:\n{}", describe::revocation_list(der)),
        }
    }
    Answer::Text(out)
}

fn new(c: &mut Call<'_>, kind: Kind) -> Answer {
    let name = c.arg(0);
    let word = kind.word();
    if name.is_empty() {
        return Answer::err(format!("'new ssl {}' expects a filename", kind.option()));
    }
    let mut state = c.control.shared().certs.lock();
    let files = kind.files_mut(&mut state.stored);
    if files.contains_key(name) {
        return Answer::err(format!("{word} file '{name}' already exists!"));
    }
    files.insert(name.into(), Arc::default());
    Answer::info(format!("New {word} file created '{name}'!"))
}

fn set(c: &mut Call<'_>, kind: Kind, more: bool) -> Answer {
    let (name, Some(payload)) = (c.arg(0), c.payload.filter(|_| !c.arg(0).is_empty())) else {
        return Answer::err(format!(
            "'set ssl {}' expects a filename and {}s as a payload",
            kind.option(),
            kind.word()
        ));
    };
    let mut state = c.control.shared().certs.lock();
    match prepare(&mut state, kind, name, payload, more) {
        Ok(told) => Answer::info(told),
        Err(why) => Answer::err(format!("{why}\nCan't update {name}!")),
    }
}

fn prepare(state: &mut State, kind: Kind, name: &str, payload: &str, more: bool) -> Result<String, String> {
    let word = kind.word();
    let Some(known) = kind.files(&state.stored).get(name).cloned() else {
        return Err(format!("Can't replace a {word} file which is not referenced by the configuration!"));
    };
    let prepared = kind.prepared(state);
    if let Some(other) = prepared.as_ref().filter(|f| *f.path != *name) {
        return Err(other_change(&other.path, name, "set"));
    }
    let parts = kind.parts(payload.as_bytes());
    if parts.is_empty() {
        return Err("Invalid payload".into());
    }
    // More of them are added to what is being prepared, else to what there is; one that is there already is not there twice.
    let mut all = match prepared.as_ref() {
        Some(file) if more => kind.parts(&file.pem),
        None if more => kind.parts(&known),
        _ => Vec::new(),
    };
    for der in parts {
        if !all.contains(&der) {
            all.push(der);
        }
    }
    let mut text = String::new();
    for der in &all {
        pem::write(&mut text, kind.label(), der);
    }
    let file = PemFile {
        path: name.into(),
        pem: text.into_bytes().into(),
    };
    let what = if prepared.replace(file).is_some() { "updated" } else { "created" };
    Ok(format!("transaction {what} for {word} {name}!"))
}

fn commit(c: &mut Call<'_>, kind: Kind) -> Answer {
    let name = c.arg(0);
    if name.is_empty() {
        return Answer::err("'commit ssl ca-file' expects a filename");
    }
    let shared = c.control.shared();
    let mut state = shared.certs.lock();
    match try_commit(shared, &mut state, kind, name) {
        Ok(dots) => Answer::info(format!("Committing {name}{dots}\nSuccess!\n")),
        Err(why) => Answer::err(format!("{why}\nCan't commit {name}!\n")),
    }
}

fn try_commit(shared: &Shared, state: &mut State, kind: Kind, name: &str) -> Result<&'static str, String> {
    let file = match kind.prepared(state) {
        None => return Err("No ongoing transaction! !".into()),
        Some(file) if *file.path != *name => return Err(other_change(&file.path, name, "set")),
        Some(file) => file.clone(),
    };
    let mut next = state.stored.clone();
    kind.files_mut(&mut next).insert(file.path, file.pem);
    shared.change_certs(state, next, kind.thing(name))?;
    *kind.prepared(state) = None;
    Ok(if shared.uses_cert(&state.stored, kind.thing(name)) {
        "."
    } else {
        ""
    })
}

fn abort(c: &mut Call<'_>, kind: Kind) -> Answer {
    let name = c.arg(0);
    if name.is_empty() {
        return Answer::err(format!("'abort ssl {}' expects a filename", kind.option()));
    }
    let mut state = c.control.shared().certs.lock();
    let prepared = kind.prepared(&mut state);
    match prepared {
        None => Answer::err("No ongoing transaction!"),
        Some(file) if *file.path != *name => Answer::err(other_change(&file.path, name, "abort a transaction for")),
        Some(_) => {
            *prepared = None;
            Answer::info(format!("Transaction aborted for certificate '{name}'!"))
        }
    }
}

fn del(c: &mut Call<'_>, kind: Kind) -> Answer {
    let name = c.arg(0);
    let word = kind.word();
    if name.is_empty() {
        return Answer::err(format!("'del ssl {}' expects a {word} file name", kind.option()));
    }
    let shared = c.control.shared();
    let mut state = shared.certs.lock();
    let cannot = |why: String| Answer::err(format!("Can't remove the {word} file: {why}"));
    if !kind.files(&state.stored).contains_key(name) {
        return cannot(format!("{word} file '{name}' doesn't exist!"));
    }
    if shared.uses_cert(&state.stored, kind.thing(name)) {
        return cannot(format!("{word} file '{name}' in use, can't be deleted!"));
    }
    kind.files_mut(&mut state.stored).remove(name);
    Answer::info(format!("{word} file '{name}' deleted!"))
}
