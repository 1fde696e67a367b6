//! `userlist` sections: users, their passwords and their groups (manual, 12.2).

use std::sync::Arc;

use hapax_diag::{Diagnostic, Severity, Span};
use hapax_sample::users::{Password, User, Userlist};

use super::{Topic, no_inherit};
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::reader::Reader;

pub(super) static TOPIC: Topic = Topic {
    name: "userlist",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("group", Sections::USERLIST)
        .usage("<group> [users <user>,...]")
        .doc("A group, with those of its users that do not name it themselves.")
        .ok(&["group admins", "group admins users alice,bob"])
        .bad(&["group", "group admins alice", "group admins users a users b"])
        .set(group),
    Row::new("user", Sections::USERLIST)
        .usage("<user> [{ password <hash> | insecure-password <password> }] [groups <group>,...]")
        .doc("A user. `password` is a hash as crypt(3) writes it, `insecure-password` the password itself.")
        .ok(&[
            "user alice insecure-password secret",
            "user alice password $5$abcdefgh$YtA5DPpkLfYvkLVzYvHuFmKCp2v1YDYmLRrVQTHnQu6 groups admins",
        ])
        .bad(&["user", "user alice secret secret"])
        .set(user),
];

/// "This user is in that group", until the section's last line is read.
#[derive(Clone, Debug)]
pub struct Membership {
    list: usize,
    user: Box<str>,
    group: Box<str>,
    span: Span,
    /// Said by the group's line.
    by_group: bool,
}

/// The section's list, which its first line brings into being.
fn list(cx: &mut Reader<'_>) -> usize {
    let name = cx.section_name();
    let known = cx.userlists.iter().position(|l| l.name == *name);
    known.unwrap_or_else(|| {
        cx.userlists.push(Userlist {
            name: name.to_string(),
            ..Userlist::default()
        });
        cx.userlists.len() - 1
    })
}

fn named(a: &Args<'_>) -> Result<String, Diagnostic> {
    if a.bytes(0).is_empty() {
        return Err(a.missing(format!("'{}' expects <name> as arguments.", a.name)));
    }
    Ok(a.show(0))
}

fn duplicate(cx: &mut Reader<'_>, a: &Args<'_>, list: usize) {
    let message = format!(
        "ignoring duplicated {} '{}' in userlist '{}'.",
        a.name,
        a.show(0),
        cx.userlists[list].name
    );
    cx.diags.push(Diagnostic::warning(&codes::DUPLICATE, message).at(a.at(0)));
}

fn group(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let name = named(a)?;
    if let Some(c) = crate::section::invalid_char(name.as_bytes()) {
        let message = format!("character '{}' is not permitted in 'group' name '{name}'.", char::from(c));
        return Err(a.bad(0, message));
    }
    let list = list(cx);
    if cx.userlists[list].groups.contains(&name) {
        duplicate(cx, a, list);
        return Ok(());
    }
    let mut members = None;
    let mut i = 1;
    while i < a.len() {
        if a.str(i) != "users" {
            return Err(a.bad(i, "'group' only supports 'users' option."));
        }
        if members.replace(i + 1).is_some() {
            return Err(a.bad(i, format!("'users' option already defined in 'group' name '{name}'.")));
        }
        i += 2;
    }
    cx.userlists[list].groups.push(name.clone());
    if let Some(i) = members {
        join(cx, a, i, list, |member| (member.into(), name.as_str().into()), true);
    }
    Ok(())
}

fn user(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let name = named(a)?;
    let list = list(cx);
    if cx.userlists[list].user(name.as_bytes()).is_some() {
        duplicate(cx, a, list);
        return Ok(());
    }
    let mut password = None;
    let mut groups = None;
    let mut i = 1;
    while i < a.len() {
        match a.str(i) {
            "password" => {
                let hash = Password::hash(a.str(i + 1));
                if !hash.is_supported() {
                    // HAProxy takes it, and lets nobody in.
                    let message = format!("no password opens for user '{name}': this is no hash as crypt(3) writes it.");
                    let d = Diagnostic::new(&codes::BAD_ARGUMENT, Severity::Note, message)
                        .at(a.at(i + 1))
                        .help("make one with 'openssl passwd -6', or say 'insecure-password' if this is the password itself");
                    cx.diags.push(d);
                }
                password = Some(hash);
            }
            "insecure-password" => password = Some(Password::plain(a.bytes(i + 1))),
            "groups" => groups = Some(i + 1),
            _ => {
                let message = "'user' only supports 'password', 'insecure-password' and 'groups' options.";
                return Err(a.bad(i, message));
            }
        }
        i += 2;
    }
    cx.userlists[list].users.push(User {
        name: name.as_str().into(),
        password,
        groups: Vec::new(),
    });
    if let Some(i) = groups {
        join(cx, a, i, list, |group| (name.as_str().into(), group.into()), false);
    }
    Ok(())
}

/// Notes the memberships that a comma-separated word names; `pair` makes (user, group) of one name.
fn join(cx: &mut Reader<'_>, a: &Args<'_>, i: usize, list: usize, pair: impl Fn(&str) -> (Box<str>, Box<str>), by_group: bool) {
    for name in a.str(i).split(',').filter(|n| !n.is_empty()) {
        let (user, group) = pair(name);
        cx.memberships.push(Membership {
            list,
            user,
            group,
            span: a.at(i),
            by_group,
        });
    }
}

/// Puts users into their groups. Called after the last line.
pub(crate) fn resolve(cx: &mut Reader<'_>) {
    for name in sections(cx) {
        if !cx.userlists.iter().any(|l| l.name == *name) {
            cx.userlists.push(Userlist {
                name: name.to_string(),
                ..Userlist::default()
            });
        }
    }
    for m in std::mem::take(&mut cx.memberships) {
        let list = &mut cx.userlists[m.list];
        let group = list.groups.iter().position(|g| **g == *m.group);
        let user = list.users.iter_mut().find(|u| u.name == m.user);
        if let (Some(user), Some(group)) = (user, group) {
            if !user.groups.contains(&group) {
                user.groups.push(group);
            }
            continue;
        }
        let (missing, name, owner, owned) = if m.by_group {
            ("user", &m.user, "group", &m.group)
        } else {
            ("group", &m.group, "user", &m.user)
        };
        let message = format!(
            "userlist '{}': no such {missing} '{name}' specified in {owner} '{owned}'",
            list.name
        );
        // HAProxy names no line here.
        cx.diags
            .push(Diagnostic::alert(&codes::USERLIST, message).related(m.span, "named here"));
    }
}

/// Names of the sections that were started, those without a line too.
fn sections(cx: &Reader<'_>) -> Vec<Arc<str>> {
    cx.started
        .iter()
        .filter(|s| s.row.bit == Sections::USERLIST)
        .map(|s| s.name.clone())
        .collect()
}
