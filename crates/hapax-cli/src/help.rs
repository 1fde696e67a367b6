//! The list of commands: after `help`, and after a command that nobody knows.

use hapax_config::plan::SocketLevel;

use crate::command::{Command, every_command};

/// Shown last, whatever was asked.
const ALWAYS: &[&str] = &["help", "prompt", "quit"];

/// `help [<command>]`
pub(crate) fn list(words: &[String], level: SocketLevel) -> String {
    let mut out = String::from("The following commands are valid at this level:\n");
    rows(&mut out, words, level);
    out
}

pub(crate) fn unknown(words: &[String], level: SocketLevel) -> String {
    let mut out = match words.first() {
        Some(first) if !near(words, level).is_empty() => {
            format!("Unknown command: '{first}', but maybe one of the following ones is a better match:\n")
        }
        _ => "Unknown command. Please enter one of the following commands only:\n".to_owned(),
    };
    rows(&mut out, words, level);
    out
}

fn rows(out: &mut String, words: &[String], level: SocketLevel) {
    let near = near(words, level);
    let mut shown: Vec<&Command> = if near.is_empty() { visible(level).collect() } else { near };
    shown.retain(|c| !ALWAYS.contains(&c.path[0]));
    shown.sort_by_key(|c| c.path);
    shown.extend(ALWAYS.iter().filter_map(|name| every_command().find(|c| c.path == [*name])));
    for c in shown {
        put!(*out, "  {:<40}: {}\n", c.usage, c.doc);
    }
}

fn visible(level: SocketLevel) -> impl Iterator<Item = &'static Command> {
    every_command().filter(move |c| c.level <= level && !c.path[0].starts_with('_'))
}

/// Commands that begin with the words (the last may be cut short); else those a slip of the keyboard away.
fn near(words: &[String], level: SocketLevel) -> Vec<&'static Command> {
    if words.is_empty() {
        return Vec::new();
    }
    let begins = |c: &&Command| {
        let n = words.len().min(c.path.len());
        words
            .iter()
            .zip(c.path)
            .take(n)
            .enumerate()
            .all(|(i, (w, p))| p == w || (i + 1 == n && p.starts_with(w.as_str())))
    };
    let found: Vec<_> = visible(level).filter(begins).collect();
    if !found.is_empty() {
        return found;
    }
    let asked = words.join(" ");
    let close = |c: &&Command| {
        let name = c.path.join(" ");
        distance(&asked, &name) <= 1 + name.len() / 6
    };
    visible(level).filter(close).collect()
}

/// Edits between two words.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let next = (corner + usize::from(ca != *cb)).min(row[j] + 1).min(row[j + 1] + 1);
            corner = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_ones() {
        let admin = SocketLevel::Admin;
        let words = |s: &str| s.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let names = |s: &str| near(&words(s), admin).iter().map(|c| c.path.join(" ")).collect::<Vec<_>>();
        assert!(names("show").len() > 20);
        assert_eq!(names("shutdown sessions"), ["shutdown sessions server"]);
        assert!(names("show inof").contains(&"show info".to_owned()));
        assert!(names("xyzzy").is_empty());
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn the_level_hides() {
        let user = list(&[], SocketLevel::User);
        assert!(user.contains("  show info ") && !user.contains("  set server "));
        assert!(list(&[], SocketLevel::Admin).contains("  set server "));
        assert!(
            user.ends_with("  quit                                    : end the connection\n"),
            "{user}"
        );
    }
}
