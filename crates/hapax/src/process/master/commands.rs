//! The commands that the master answers itself (management guide, 9.4.1), one row each.

use std::fmt::Write;
use std::time::Duration;

use hapax_config::plan::SocketLevel;

use super::cli::{Context, Session};
use crate::classic::version;

pub(super) struct Command {
    pub(super) path: &'static [&'static str],
    pub(super) level: SocketLevel,
    pub(super) usage: &'static str,
    pub(super) doc: &'static str,
    /// Answers the text; the words are those after the path.
    pub(super) run: fn(&mut Session, &Context, &[String]) -> String,
}

pub(super) static ROWS: &[Command] = &[
    Command {
        path: &["@"],
        level: SocketLevel::User,
        usage: "@[1|!<pid>] [<command>]",
        doc: "talk to the master, a worker, or have one run a command",
        run: |_, _, _| String::new(),
    },
    Command {
        path: &["@@"],
        level: SocketLevel::User,
        usage: "@@[1|!<pid>] [<command>...]",
        doc: "hand the connection to a worker until it ends",
        run: |_, _, _| String::new(),
    },
    Command {
        path: &["help"],
        level: SocketLevel::User,
        usage: "help",
        doc: "list all commands",
        run: |s, _, _| help(s.level, "The following commands are valid at this level:\n"),
    },
    Command {
        path: &["prompt"],
        level: SocketLevel::User,
        usage: "prompt [n | i | p]",
        doc: "change the mode of the connection",
        run: |s, _, words| {
            s.set_mode(words.first().map_or("", String::as_str));
            String::new()
        },
    },
    Command {
        path: &["quit"],
        level: SocketLevel::User,
        usage: "quit",
        doc: "end the connection",
        run: |s, _, _| {
            s.over = true;
            String::new()
        },
    },
    Command {
        path: &["operator"],
        level: SocketLevel::Operator,
        usage: "operator",
        doc: "give up the admin level",
        run: |s, _, _| {
            s.level = SocketLevel::Operator;
            String::new()
        },
    },
    Command {
        path: &["user"],
        level: SocketLevel::User,
        usage: "user",
        doc: "give up all but the user level",
        run: |s, _, _| {
            s.level = SocketLevel::User;
            String::new()
        },
    },
    Command {
        path: &["show", "cli", "level"],
        level: SocketLevel::User,
        usage: "show cli level",
        doc: "show the level of the connection",
        run: |s, _, _| {
            let name = match s.level {
                SocketLevel::User => "user",
                SocketLevel::Operator => "operator",
                SocketLevel::Admin => "admin",
            };
            format!("{name}\n")
        },
    },
    Command {
        path: &["expert-mode"],
        level: SocketLevel::Admin,
        usage: "expert-mode [on|off]",
        doc: "allow commands for experts on the workers",
        run: |s, _, words| switch(&mut s.expert, words, "Expert"),
    },
    Command {
        path: &["experimental-mode"],
        level: SocketLevel::Admin,
        usage: "experimental-mode [on|off]",
        doc: "allow experimental commands on the workers",
        run: |s, _, words| switch(&mut s.experimental, words, "Experimental"),
    },
    Command {
        path: &["show", "proc"],
        level: SocketLevel::User,
        usage: "show proc",
        doc: "list the master and its workers",
        run: |_, cx, _| show_proc(cx),
    },
    Command {
        path: &["show", "startup-logs"],
        level: SocketLevel::User,
        usage: "show startup-logs",
        doc: "show what was said when the configuration was last loaded",
        run: |_, cx, _| cx.roster.lock().startup_log.clone(),
    },
    Command {
        path: &["show", "version"],
        level: SocketLevel::User,
        usage: "show version",
        doc: "show the version of this program",
        run: |_, _, _| format!("{}\n", version::FULL),
    },
    Command {
        path: &["reload"],
        level: SocketLevel::Operator,
        usage: "reload",
        doc: "load the configuration anew; the old worker finishes",
        run: |s, cx, _| reload(s, cx, false),
    },
    Command {
        path: &["hard-reload"],
        level: SocketLevel::Operator,
        usage: "hard-reload",
        doc: "load the configuration anew; the old worker is stopped",
        run: |s, cx, _| reload(s, cx, true),
    },
];

/// The row that the words begin with.
pub(super) fn find(words: &[String]) -> Option<&'static Command> {
    let named = |c: &&Command| c.path.len() <= words.len() && c.path.iter().zip(words).all(|(p, w)| p == w);
    ROWS.iter().filter(named).max_by_key(|c| c.path.len())
}

pub(super) fn help(level: SocketLevel, head: &str) -> String {
    let mut out = head.to_owned();
    for c in ROWS.iter().filter(|c| c.level <= level) {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {:<40}: {}", c.usage, c.doc);
    }
    out
}

fn switch(state: &mut bool, words: &[String], name: &str) -> String {
    match words.first().map(String::as_str) {
        Some("on") => *state = true,
        Some("off") => *state = false,
        _ => return format!("{name} mode is {}\n", if *state { "ON" } else { "OFF" }),
    }
    String::new()
}

fn show_proc(cx: &Context) -> String {
    let roster = cx.roster.lock();
    let mut out = format!(
        "{:<15} {:<15} {:<15} {:<15} {}\n",
        "#<PID>", "<type>", "<reloads>", "<uptime>", "<version>"
    );
    let mut line = |pid: u32, kind: &str, reloads: &str, age: Duration| {
        let _ = writeln!(out, "{pid:<15} {kind:<15} {reloads:<15} {:<15} {}", uptime(age), version::FULL);
    };
    let reloads = format!("{} [failed: {}]", roster.reloads, roster.failed);
    line(std::process::id(), "master", &reloads, roster.since.elapsed());
    for (head, leaving) in [("# workers\n", false), ("# old workers\n", true)] {
        let mut members = roster.workers.iter().filter(|w| w.leaving == leaving).peekable();
        if members.peek().is_none() && leaving {
            continue;
        }
        out.push_str(head);
        for w in members {
            let _ = writeln!(
                out,
                "{:<15} {:<15} {:<15} {:<15} {}",
                w.pid,
                "worker",
                w.reloads,
                uptime(w.since.elapsed()),
                version::FULL
            );
        }
    }
    out
}

/// `0d00h02m07s`
fn uptime(age: Duration) -> String {
    let s = age.as_secs();
    format!("{}d{:02}h{:02}m{:02}s", s / 86_400, s % 86_400 / 3600, s % 3600 / 60, s % 60)
}

/// Answers when the reload is over; the connection then ends.
fn reload(s: &mut Session, cx: &Context, hard: bool) -> String {
    s.over = true;
    match cx.ask_reload(hard) {
        Some(outcome) => format!("Success={}\n--\n{}", u8::from(outcome.done), outcome.said),
        None => "Success=0\n--\nThe master is leaving.\n".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_names_of_their_own_and_words_find_the_longest() {
        for (i, c) in ROWS.iter().enumerate() {
            assert!(ROWS[..i].iter().all(|o| o.path != c.path), "{:?}", c.path);
        }
        let words = |s: &str| s.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(find(&words("show proc debug")).map(|c| c.usage), Some("show proc"));
        assert!(find(&words("show")).is_none());
    }

    #[test]
    fn ages_are_written_as_haproxy_does() {
        assert_eq!(uptime(Duration::from_secs(127)), "0d00h02m07s");
        assert_eq!(uptime(Duration::from_secs(90_061)), "1d01h01m01s");
    }
}
