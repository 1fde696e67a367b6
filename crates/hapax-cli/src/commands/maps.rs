//! ACLs and maps while running: shown, asked, changed, and replaced at once by versions.

use std::sync::Arc;

use hapax_sample::pattern::{EntryRef, ListError, ListUse, PatternList};

use super::own::row;
use crate::command::{Answer, Call, Command};
use hapax_config::plan::SocketLevel;
use hapax_value::Support;

pub(super) static ROWS: &[Command] = &[
    row!(
        &["show", "acl"],
        User,
        "show acl [@<ver>] [<acl>]",
        "list the ACLs, or one ACL's patterns",
        |c| show(c, false)
    ),
    row!(
        &["show", "map"],
        User,
        "show map [@<ver>] [<map>]",
        "list the maps, or one map's entries",
        |c| show(c, true)
    ),
    row!(
        &["add", "acl"],
        User,
        "add acl [@<ver>] <acl> <pattern>",
        "add a pattern to an ACL",
        add_acl
    ),
    row!(
        &["add", "map"],
        User,
        "add map [@<ver>] <map> <key> <val>",
        "add entries to a map (more than one as a payload)",
        add_map
    ),
    row!(
        &["del", "acl"],
        User,
        "del acl <acl> [<key>|#<ref>]",
        "remove patterns from an ACL",
        |c| delete(c, false)
    ),
    row!(
        &["del", "map"],
        User,
        "del map <map> [<key>|#<ref>]",
        "remove entries from a map",
        |c| delete(c, true)
    ),
    row!(
        &["set", "map"],
        User,
        "set map <map> [<key>|#<ref>] <value>",
        "change an entry's value",
        set_map
    ),
    row!(
        &["clear", "acl"],
        User,
        "clear acl [@<ver>] <acl>",
        "remove all patterns of an ACL",
        |c| clear(c, false)
    ),
    row!(
        &["clear", "map"],
        User,
        "clear map [@<ver>] <map>",
        "remove all entries of a map",
        |c| clear(c, true)
    ),
    row!(
        &["prepare", "acl"],
        User,
        "prepare acl <acl>",
        "start a new version of an ACL",
        |c| prepare(c, false)
    ),
    row!(
        &["prepare", "map"],
        User,
        "prepare map <map>",
        "start a new version of a map",
        |c| prepare(c, true)
    ),
    row!(
        &["commit", "acl"],
        User,
        "commit acl @<ver> <acl>",
        "make a version of an ACL the current one",
        |c| commit(c, false)
    ),
    row!(
        &["commit", "map"],
        User,
        "commit map @<ver> <map>",
        "make a version of a map the current one",
        |c| commit(c, true)
    ),
    row!(
        &["get", "acl"],
        User,
        "get acl <acl> <value>",
        "show what in an ACL matches a value",
        |c| get(c, false)
    ),
    row!(
        &["get", "map"],
        User,
        "get map <map> <value>",
        "show what a map makes of a value",
        |c| get(c, true)
    ),
];

fn word(map: bool) -> &'static str {
    if map { "map" } else { "ACL" }
}

/// The `@<ver>` in front, and the arguments after it.
struct Args<'a> {
    version: Option<u32>,
    has_version: bool,
    rest: &'a [String],
}

fn args<'a>(c: &Call<'a>) -> Args<'a> {
    match c.args() {
        [first, rest @ ..] if first.starts_with('@') => Args {
            // What is no number counts as version 0, which is no version to come.
            version: Some(first[1..].parse().unwrap_or(0)),
            has_version: true,
            rest,
        },
        rest => Args {
            version: None,
            has_version: false,
            rest,
        },
    }
}

fn find(c: &Call<'_>, name: &str, map: bool) -> Result<Arc<PatternList>, Answer> {
    let list = c.control.shared().plan.patterns.find(name).filter(|l| !map || l.has_values());
    list.cloned()
        .ok_or_else(|| Answer::err(format!("Unknown {} identifier. Please use #<id> or <file>.", word(map))))
}

macro_rules! found {
    ($c:expr, $name:expr, $map:expr) => {
        match find($c, $name, $map) {
            Ok(list) => list,
            Err(answer) => return answer,
        }
    };
}

fn show(c: &mut Call<'_>, map: bool) -> Answer {
    let a = args(c);
    let Some(name) = a.rest.first() else {
        return Answer::Text(list_all(c, map));
    };
    let list = found!(c, name, map);
    let mut out = String::new();
    list.for_each(a.version, |entry, key, value| {
        put!(out, "{:#x} {}", entry.0, String::from_utf8_lossy(key));
        if let Some(v) = value.filter(|_| map) {
            put!(out, " {}", String::from_utf8_lossy(v));
        }
        out.push('\n');
    });
    Answer::Text(out)
}

fn list_all(c: &Call<'_>, map: bool) -> String {
    let mut out = String::from("# id (file) description\n");
    for list in c.control.shared().plan.patterns.lists() {
        let uses = list.uses();
        let shown = if map {
            list.has_values()
        } else {
            uses.iter().any(|u| !u.map) || (uses.is_empty() && !list.has_values())
        };
        if !shown {
            continue;
        }
        let name = list.name().unwrap_or_default();
        let versions = list.versions();
        let plan = &c.control.shared().plan;
        let place = |u: &ListUse| {
            let file = plan.file_names.get(u.at.file.0 as usize).map_or("-", String::as_str);
            format!("file '{file}' line {}", u.at.line)
        };
        let from = if name.is_empty() {
            let by = |u: &ListUse| format!("acl '{}' {}", u.keyword.unwrap_or_default(), place(u));
            uses.first().map_or_else(|| "acl".to_owned(), by)
        } else {
            let by = |u: &ListUse| format!("{} at {}", if u.map { "map" } else { "acl" }, place(u));
            let all: Vec<String> = uses.iter().map(by).collect();
            format!("pattern loaded from file '{name}' used by {}", all.join(", by "))
        };
        put!(
            out,
            "{} ({name}) {from}. curr_ver={} next_ver={} entry_cnt={}\n",
            list.id().unwrap_or_default(),
            versions.current,
            versions.next,
            list.len(None)
        );
    }
    out
}

/// The answer to a change: only those to a version are checked for it beforehand.
fn outcome(done: Result<(), ListError>) -> Answer {
    match done {
        Ok(()) => Answer::Done,
        Err(e @ ListError::BadEntry(_)) => Answer::err(format!("{e}.")),
        Err(e) => Answer::err(e.to_string()),
    }
}

fn future_version(list: &PatternList, version: Option<u32>, map: bool) -> Option<Answer> {
    let what = if map { "map" } else { "acl" };
    let ahead = version.is_some_and(|v| v > list.versions().next);
    ahead.then(|| Answer::err(format!("Version number in the future, please use 'prepare {what}' before.")))
}

fn add_acl(c: &mut Call<'_>) -> Answer {
    let a = args(c);
    let [name, pattern, ..] = a.rest else {
        return Answer::err("'add acl' expects two parameters: ACL identifier and pattern.");
    };
    let list = found!(c, name, false);
    if list.has_values() {
        return Answer::err("This ACL is shared with a map containing samples. You must use the command 'add map' to add values.");
    }
    if let Some(answer) = future_version(&list, a.version, false) {
        return answer;
    }
    outcome(list.add(a.version, pattern.as_bytes(), None))
}

fn add_map(c: &mut Call<'_>) -> Answer {
    const EXPECTS: &str =
        "'add map' expects three parameters (map identifier, key and value) or one parameter (map identifier) and a payload";
    let a = args(c);
    let (name, pair) = match (a.rest, c.payload) {
        ([name, key, value, ..], None) => (name, Some((key, value))),
        ([name, ..], Some(_)) => (name, None),
        _ => return Answer::err(EXPECTS),
    };
    let list = found!(c, name, true);
    if let Some(answer) = future_version(&list, a.version, true) {
        return answer;
    }
    if let Some((key, value)) = pair {
        return outcome(list.add(a.version, key.as_bytes(), Some(value.as_bytes())));
    }
    for line in c.payload.unwrap_or_default().lines() {
        let line = line.trim_start_matches([' ', '\t']);
        let (key, value) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        let value = value.trim_start_matches([' ', '\t']);
        if value.is_empty() {
            return Answer::err(format!("Missing value for key '{key}'."));
        }
        let done = list.add(a.version, key.as_bytes(), Some(value.as_bytes()));
        if done.is_err() {
            return outcome(done);
        }
    }
    Answer::Done
}

/// `#0x...`, as `show map` shows entries.
fn entry(text: &str) -> Option<EntryRef> {
    u64::from_str_radix(text.strip_prefix("#0x")?, 16).ok().map(EntryRef)
}

fn delete(c: &mut Call<'_>, map: bool) -> Answer {
    let [name, key, ..] = c.args() else {
        return Answer::err(format!("This command expects two parameters: {} identifier and key.", word(map)));
    };
    let list = found!(c, name, map);
    let done = match entry(key) {
        Some(e) => list.delete_entry(e),
        None => list.delete(key.as_bytes()),
    };
    match done {
        Err(ListError::NotFound) => Answer::err("Key not found."),
        other => outcome(other),
    }
}

fn set_map(c: &mut Call<'_>) -> Answer {
    let [name, key, value, ..] = c.args() else {
        return Answer::err("'set map' expects three parameters: map identifier, key and value.");
    };
    let list = found!(c, name, true);
    let done = match entry(key) {
        Some(e) => list.set_entry(e, value.as_bytes()),
        None => list.set(key.as_bytes(), value.as_bytes()),
    };
    match done {
        Err(ListError::NotFound) if entry(key).is_some() => Answer::err("key or pattern not found."),
        Err(ListError::NotFound) => Answer::err("entry not found."),
        other => outcome(other),
    }
}

fn clear(c: &mut Call<'_>, map: bool) -> Answer {
    let a = args(c);
    let Some(name) = a.rest.first() else {
        return Answer::err(format!("Missing {} identifier.", word(map)));
    };
    let list = found!(c, name, map);
    list.clear(a.version);
    Answer::Done
}

fn prepare(c: &mut Call<'_>, map: bool) -> Answer {
    let list = found!(c, c.arg(0), map);
    Answer::Text(format!("New version created: {}\n", list.prepare()))
}

fn commit(c: &mut Call<'_>, map: bool) -> Answer {
    let a = args(c);
    if !a.has_version {
        return Answer::err("Missing version number.");
    }
    let Some(name) = a.rest.first() else {
        return Answer::err(format!("Missing {} identifier.", word(map)));
    };
    let list = found!(c, name, map);
    if a.version == Some(list.versions().current) {
        return outcome(Err(ListError::BadVersion));
    }
    outcome(list.commit(a.version.unwrap_or(0)))
}

/// One line for each way in which the list is looked at.
fn get(c: &mut Call<'_>, map: bool) -> Answer {
    let [name, wanted, ..] = c.args() else {
        return Answer::err(format!("Missing {} identifier and/or key.", word(map)));
    };
    let list = found!(c, name, map);
    let mut out = String::new();
    for asked in list.ask(wanted.as_bytes()) {
        let case = if asked.icase { "insensitive" } else { "sensitive" };
        let (what, yes) = if map { ("found", "key") } else { ("match", "pattern") };
        put!(
            out,
            "type={}, case={case}, {what}={}",
            asked.method.name(),
            if asked.found.is_some() { "yes" } else { "no" }
        );
        if let Some(found) = asked.found {
            put!(out, ", idx={}, {yes}=", if found.tree { "tree" } else { "list" });
            match found.key {
                Some(key) => put!(out, "\"{}\"", String::from_utf8_lossy(&key)),
                None => out.push_str("unknown"),
            }
            if let Some(value) = found.value.filter(|_| map) {
                put!(out, ", value=\"{}\", type=\"str\"", String::from_utf8_lossy(&value));
            }
        }
        out.push('\n');
    }
    Answer::Text(out)
}
