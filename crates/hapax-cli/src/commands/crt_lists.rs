//! Crt-lists and directories of certificates while running, and the names that listeners have certificates for.

use std::collections::HashSet;
use std::sync::Arc;

use hapax_config::certs::crt_list as lines;
use hapax_config::dynamic;
use hapax_config::plan::{Bind, CertSource, Certificate, CrtEntry, CrtList, Plan, SocketLevel, Stored};
use hapax_runtime::certs::{State, Thing};
use hapax_runtime::state::Shared;
use hapax_sample::fetches::{certs, describe};
use hapax_value::Support;

use super::own::row;
use crate::command::{Answer, Call, Command};

pub(super) static ROWS: &[Command] = &[
    row!(
        &["show", "ssl", "crt-list"],
        Admin,
        "show ssl crt-list [-n] [<list>]",
        "list the crt-lists and directories, or the lines of one of them",
        show
    ),
    row!(
        &["add", "ssl", "crt-list"],
        Admin,
        "add ssl crt-list <list> { <cert> | <payload> }",
        "add a line to a crt-list or directory",
        add
    ),
    row!(
        &["del", "ssl", "crt-list"],
        Admin,
        "del ssl crt-list <list> <cert[:line]>",
        "remove a line from a crt-list or directory",
        del
    ),
    row!(
        &["show", "ssl", "sni"],
        Admin,
        "show ssl sni [-f <frontend>] [-A] [-t <offset>]",
        "list the names that listeners have certificates for",
        sni
    ),
];

/// A directory may be named with slashes at its end.
fn trimmed(name: &str) -> &str {
    name.trim_end_matches('/')
}

fn show(c: &mut Call<'_>) -> Answer {
    let numbered = c.arg(0) == "-n";
    let name = if numbered { c.arg(1) } else { c.arg(0) };
    let state = c.control.shared().certs.lock();
    let lists = &state.stored.lists;
    if name.is_empty() {
        if numbered {
            return Answer::err("'show ssl crt-list -n' expects a filename or a directory");
        }
        return Answer::Text(lists.keys().fold(String::new(), |out, n| out + n + "\n"));
    }
    let Some((name, list)) = lists.get_key_value(trimmed(name)) else {
        return Answer::err("didn't find the specified filename");
    };
    let mut out = format!("# {name}\n");
    for entry in &list.entries {
        out.push_str(&entry.cert.path);
        if numbered {
            put!(out, ":{}", entry.line);
        }
        if !entry.options.is_empty() {
            put!(out, " [{}]", entry.options.join(" "));
        }
        for filter in &entry.filters {
            put!(out, " {filter}");
        }
        out.push('\n');
    }
    Answer::Text(out)
}

fn add(c: &mut Call<'_>) -> Answer {
    let name = trimmed(c.arg(0));
    let line = c.payload.map_or(c.arg(1), str::trim_end);
    if name.is_empty() || line.is_empty() {
        return Answer::err("'add ssl crtlist' expects a filename and a certificate name");
    }
    let shared = c.control.shared();
    let mut state = shared.certs.lock();
    match try_add(shared, &mut state, name, line) {
        Ok(cert) => Answer::info(format!("Inserting certificate '{cert}' in crt-list '{name}'.\nSuccess!\n")),
        Err(why) => Answer::err(format!("Can't edit the crt-list: {why}\n")),
    }
}

fn try_add(shared: &Shared, state: &mut State, name: &str, line: &str) -> Result<String, String> {
    if line.contains('\n') {
        return Err("only one line of payload is supported!".into());
    }
    let list = state
        .stored
        .lists
        .get(name)
        .ok_or_else(|| format!("crt-list '{name}' does not exist!"))?;
    let parsed = lines::parse(line).map_err(|e| format!("parsing [CLI:1]: {e}"))?;
    let parsed = parsed.ok_or("'add ssl crtlist' should contain the certificate name in the payload")?;
    let cert = state.stored.certs.get(parsed.file.as_str());
    let cert = cert.ok_or_else(|| format!("certificate '{}' does not exist!", parsed.file))?;
    if cert.is_empty() {
        return Err(format!("certificate '{}' is empty!", parsed.file));
    }
    let own = dynamic::certificate_options(&shared.plan, &state.stored, &parsed.options)?;
    let mut list: CrtList = (**list).clone();
    list.lines += 1;
    list.entries.push(CrtEntry {
        line: list.lines,
        cert: Arc::clone(cert),
        options: parsed.options,
        own,
        filters: parsed.filters.iter().map(|f| f.to_ascii_lowercase()).collect(),
    });
    put_list(shared, state, name, list)?;
    Ok(parsed.file)
}

fn put_list(shared: &Shared, state: &mut State, name: &str, list: CrtList) -> Result<(), String> {
    let mut next = state.stored.clone();
    next.lists.insert(name.into(), Arc::new(list));
    shared.change_certs(state, next, Thing::List(name))
}

fn del(c: &mut Call<'_>) -> Answer {
    let (name, cert) = (trimmed(c.arg(0)), c.arg(1));
    if name.is_empty() || cert.is_empty() {
        return Answer::err("'del ssl crtlist' expects a filename and a certificate name");
    }
    let shared = c.control.shared();
    let mut state = shared.certs.lock();
    match try_del(shared, &mut state, name, cert) {
        Ok(cert) => Answer::info(format!("Entry '{cert}' deleted in crtlist '{name}'!\n")),
        Err(why) => Answer::err(format!("Can't delete the entry: {why}\n")),
    }
}

fn try_del(shared: &Shared, state: &mut State, name: &str, word: &str) -> Result<String, String> {
    let list = state
        .stored
        .lists
        .get(name)
        .ok_or_else(|| format!("crt-list '{name}' does not exist!"))?;
    let (cert, line) = match word.rsplit_once(':').map(|(cert, line)| (cert, line.parse::<u32>())) {
        Some((cert, Ok(line))) => (cert, Some(line)),
        _ => (word, None),
    };
    if !state.stored.certs.contains_key(cert) {
        return Err(format!("certificate '{cert}' does not exist!"));
    }
    let of_cert: Vec<usize> = (0..list.entries.len()).filter(|i| list.entries[*i].cert.path == cert).collect();
    let at = match (&of_cert[..], line) {
        ([], _) => return Err(format!("certificate '{cert}' can't be found in crt-list '{name}'!")),
        ([only], None) => *only,
        (all, None) => {
            let lines: Vec<String> = all.iter().map(|i| list.entries[*i].line.to_string()).collect();
            return Err(format!(
                "found the certificate '{cert}' in several entries, please specify a line number preceded by colons ({})!",
                lines.join(", ")
            ));
        }
        (all, Some(line)) => *all
            .iter()
            .find(|i| list.entries[**i].line == line)
            .ok_or_else(|| format!("found a certificate '{cert}' but the line number is incorrect, please specify a correct line number preceded by colons ({line})!"))?,
    };
    let defaults = default_of(&shared.plan, &state.stored, name, at);
    if !defaults.is_empty() {
        let frontends = defaults.iter().fold(String::new(), |out, f| out + "\n\t- " + f);
        return Err(format!(
            "certificate '{cert}' cannot be deleted, it is used as default certificate by the following frontends:{frontends}"
        ));
    }
    let mut list: CrtList = (**list).clone();
    list.entries.remove(at);
    put_list(shared, state, name, list)?;
    Ok(cert.to_owned())
}

/// The `bind` lines whose first certificate is this line's, where that counts.
fn default_of(plan: &Plan, stored: &Stored, list: &str, at: usize) -> Vec<String> {
    let is_first = |bind: &Bind| {
        let tls = bind.tls.as_ref()?;
        let first = match tls.certs.first()? {
            CertSource::List(name) => **name == *list && at == 0,
            CertSource::One(_) => false,
        };
        let known = stored.lists.get(list)?.entries.get(at)?;
        (first && !tls.strict_sni && !known.cert.is_empty()).then(|| place(plan, bind))
    };
    let mut told: Vec<String> = plan.proxies.iter().flat_map(|p| &p.binds).filter_map(is_first).collect();
    told.dedup();
    told
}

/// Where a `bind` line stands.
fn place(plan: &Plan, bind: &Bind) -> String {
    let file = plan.file_names.get(bind.span.file.0 as usize).map_or("", String::as_str);
    format!("{file}:{}", bind.span.line)
}

fn sni(c: &mut Call<'_>) -> Answer {
    let (mut frontend, mut expired, mut offset) = (None, false, 0i64);
    let mut args = c.args().iter();
    while let Some(word) = args.next() {
        match word.as_str() {
            "-A" => expired = true,
            "-f" => frontend = args.next(),
            "-t" => {
                let given = args.next().and_then(|t| super::own::delay_ms(t, 1000));
                let Some(ms) = given else {
                    return Answer::err("'-t' option expects a valid duration!");
                };
                offset = (ms / 1000) as i64;
            }
            _ => return Answer::err("Invalid parameters, 'show ssl sni' only supports '-f', '-A' or '-t' options!"),
        }
    }
    let shared = c.control.shared();
    if let Some(name) = frontend
        && c.proxy(name, false).is_none()
    {
        return Answer::err("Couldn't find the specified frontend!");
    }
    let before = expired.then(|| (c.control.now_us() / 1_000_000) as i64 + offset);
    let state = shared.certs.lock();
    let mut out = String::from("# Frontend/Bind\tSNI\tNegative Filter\tType\tFilename\tNotAfter\tNotBefore\n");
    let mut lines_shown = HashSet::new();
    for proxy in &shared.plan.proxies {
        if frontend.is_some_and(|f| **f != *proxy.name) {
            continue;
        }
        for bind in proxy.binds.iter().filter(|b| b.tls.is_some()) {
            if lines_shown.insert((bind.span.file, bind.span.line)) {
                let head = format!("{}/{}", proxy.name, place(&shared.plan, bind));
                names_of(&mut out, &head, bind, &state.stored, before);
            }
        }
    }
    Answer::Text(out)
}

/// The names of one line: whole ones in their order, then those with a `*`.
fn names_of(out: &mut String, head: &str, bind: &Bind, stored: &Stored, before: Option<i64>) {
    let Some(tls) = &bind.tls else { return };
    let mut rows: Vec<(bool, String, String)> = Vec::new();
    for (i, (cert, entry)) in stored.entries(tls).enumerate() {
        let Some(told) = told(cert, before) else { continue };
        let filters = entry.map(|e| &e.filters[..]).filter(|f| !f.is_empty()).unwrap_or(&cert.names);
        let refused = filters.iter().filter(|f| f.starts_with('!'));
        let negative: String = refused.flat_map(|f| [f.as_str(), " "]).collect();
        let mut push = |name: &str| {
            let wild = name.starts_with('*');
            let negative = if wild && name != "*" && !negative.is_empty() {
                negative.as_str()
            } else {
                "-"
            };
            rows.push((wild, name.to_owned(), format!("{head}\t{name}\t{negative}\t{told}\n")));
        };
        filters.iter().filter(|f| !f.starts_with('!')).for_each(|f| push(f));
        if i == 0 && !tls.strict_sni && !filters.iter().any(|f| f == "*") {
            push("*");
        }
    }
    rows.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    out.extend(rows.into_iter().map(|(_, _, row)| row));
}

fn told(cert: &Certificate, before: Option<i64>) -> Option<String> {
    let leaf = cert.chain.first()?;
    if before.is_some_and(|end| describe::ends(leaf).is_some_and(|e| e > end)) {
        return None;
    }
    let (from, until) = describe::validity(leaf)?;
    let key = certs::told(leaf).key.unwrap_or_default();
    let kind = if key.starts_with("EC") { "ecdsa" } else { "rsa" };
    Some(format!("{kind}\t{}\t{until}\t{from}", cert.path))
}
