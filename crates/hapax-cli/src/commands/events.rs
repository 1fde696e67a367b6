//! `show events`: what rings hold, once or as it comes.

use std::fmt::Write as _;
use std::sync::Arc;

use hapax_runtime::log::Ring;

use super::own::row;
use crate::command::{Answer, Call, Command};
use hapax_config::plan::SocketLevel;
use hapax_value::Support;

pub(super) static ROWS: &[Command] = &[row!(
    &["show", "events"],
    Operator,
    "show events [<sink>] [-w] [-n] [-0]",
    "show what a ring holds, and with -w what comes",
    show
)];

/// Bytes written between two looks at the connection.
const BATCH: usize = 65_536;

/// A ring that a connection follows until something is typed.
#[derive(Clone, Debug)]
pub(crate) struct Follow {
    pub ring: Arc<Ring>,
    at: u64,
    end: char,
}

impl Follow {
    /// What is there and was not shown yet.
    pub(crate) fn next(&mut self) -> String {
        let mut text = String::new();
        self.at = self.ring.read(self.at, BATCH, |m| {
            text.push_str(&String::from_utf8_lossy(m));
            text.push(self.end);
        });
        text
    }
}

fn show(c: &mut Call<'_>) -> Answer {
    let logs = &c.control.shared().logs;
    let name = c.arg(0);
    if name.is_empty() {
        let mut text = "Supported events sinks are listed below. Add -0(zero), -w(wait), -n(new). Any key to stop.\n".to_owned();
        for ring in logs.named() {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "    {:<10} : type=buffer, {} dropped, {}",
                ring.name,
                ring.dropped(),
                ring.description
            );
        }
        return Answer::Text(text);
    }
    let Some(ring) = logs.named().find(|r| *r.name == *name) else {
        return Answer::err("No such event sink");
    };
    let (mut wait, mut new, mut end) = (false, false, '\n');
    for word in &c.args()[1..] {
        for flag in word.trim_start_matches('-').chars() {
            match flag {
                'w' => wait = true,
                'n' => new = true,
                '0' => end = '\0',
                _ => return Answer::err("unknown option"),
            }
        }
    }
    let (oldest, newest) = ring.bounds();
    let mut follow = Follow {
        ring: Arc::clone(ring),
        at: if new { newest } else { oldest },
        end,
    };
    let mut text = String::new();
    // As much as there is now; what comes meanwhile is for those who wait.
    while follow.at < newest {
        text.push_str(&follow.next());
    }
    if wait {
        c.session.follow = Some(follow);
    }
    Answer::Text(text)
}
