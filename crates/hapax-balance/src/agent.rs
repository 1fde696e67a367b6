//! What an agent on a server says (manual, 5.2 `agent-check`): one line of words, each about something else.

use crate::{CheckStatus, Outcome};

/// What the line asks for; what it does not name stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct AgentLine {
    /// Percent of the configured weight.
    pub percent: Option<u32>,
    pub maxconn: Option<u32>,
    pub admin: Option<AgentAdmin>,
    pub status: AgentStatus,
    /// What a log tells of it.
    pub info: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentAdmin {
    Ready,
    Drain,
    Maint,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AgentStatus {
    #[default]
    Unchanged,
    Up,
    Down,
}

/// What became of a word.
enum Word {
    /// It tells of the server's state.
    Oper,
    Taken,
    Flawed(&'static str),
    Unknown,
}

/// The most that is kept of what an agent says.
const MOST_INFO: usize = 127;

impl AgentLine {
    /// Reads the first line of `bytes`; the rest does not count.
    pub fn parse(bytes: &[u8]) -> Self {
        let end = bytes.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(bytes.len());
        let text = String::from_utf8_lossy(&bytes[..end]);
        // Within a word the sign is one of its letters.
        let starts = |at: &usize| text[..*at].chars().next_back().is_none_or(|c| matches!(c, ' ' | '\t' | ','));
        let sign = text.match_indices('#').map(|(at, _)| at).find(starts);
        let (words, about) = sign.map_or((&*text, ""), |at| (&text[..at], text[at + 1..].trim()));
        let mut line = Self::default();
        let (mut unknown, mut warned, mut oper) = (None, None, None);
        for word in words.split([' ', '\t', ',']).filter(|w| !w.is_empty()) {
            match line.take(&word.to_ascii_lowercase()) {
                Word::Oper => oper = Some(word),
                Word::Taken => {}
                Word::Flawed(why) => warned = Some(why),
                Word::Unknown => unknown = unknown.or(Some(word)),
            }
        }
        let about = if about.is_empty() { unknown.unwrap_or_default() } else { about };
        line.info = match (oper, unknown, warned) {
            (Some(word), ..) if about.is_empty() => format!("via agent : {word}"),
            (Some(word), ..) => format!("via agent : {word} ({about})"),
            (None, Some(word), _) => format!("agent reports an error : {word}"),
            (None, None, Some(why)) => format!("agent warns : {why}"),
            (None, None, None) => String::new(),
        };
        line.info.truncate(line.info.floor_char_boundary(MOST_INFO));
        line
    }

    /// Acts on one word, which is in small letters.
    fn take(&mut self, word: &str) -> Word {
        if word.contains('%')
            && let word = word.strip_prefix("weight:").unwrap_or(word)
            && word.starts_with(|c: char| c.is_ascii_digit())
        {
            self.percent = word.strip_suffix('%').and_then(|n| n.parse().ok()).or(self.percent);
            let whole = word.strip_suffix('%').is_some_and(|n| n.parse::<u32>().is_ok());
            return if whole {
                Word::Taken
            } else {
                Word::Flawed("Trailing garbage in weight string")
            };
        }
        if let Some(n) = word.strip_prefix("maxconn:") {
            return match n.parse::<i64>() {
                Ok(n) => {
                    // A counter of 32 bits takes what fits: -1 is as good as no limit.
                    self.maxconn = Some(n as u32);
                    Word::Taken
                }
                Err(_) if n.is_empty() => Word::Flawed("Require <maxconn>."),
                Err(_) if n.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit()) => {
                    Word::Flawed("Trailing garbage in maxconn string")
                }
                Err(_) => Word::Flawed("maxconn string empty or preceded by garbage"),
            };
        }
        match word {
            "ready" => self.admin = Some(AgentAdmin::Ready),
            "drain" => self.admin = Some(AgentAdmin::Drain),
            "maint" => self.admin = Some(AgentAdmin::Maint),
            "up" => {
                self.status = AgentStatus::Up;
                return Word::Oper;
            }
            "down" | "fail" | "stopped" => {
                self.status = AgentStatus::Down;
                return Word::Oper;
            }
            _ => return Word::Unknown,
        }
        Word::Taken
    }

    /// The same as the result of a check.
    pub fn outcome(&self, duration_ms: u64) -> Outcome {
        Outcome {
            status: match self.status {
                AgentStatus::Up => CheckStatus::L7Ok,
                AgentStatus::Down => CheckStatus::L7Status,
                AgentStatus::Unchanged => CheckStatus::Checked,
            },
            code: 0,
            info: self.info.clone(),
            duration_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        use AgentStatus::{Down, Unchanged, Up};
        let line = |percent, maxconn, admin, status, info: &str| AgentLine {
            percent,
            maxconn,
            admin,
            status,
            info: info.to_owned(),
        };
        let cases: &[(&[u8], AgentLine)] = &[
            (b"75%\n", line(Some(75), None, None, Unchanged, "")),
            (
                b"75%,maxconn:30,maint,down\nup",
                line(Some(75), Some(30), Some(AgentAdmin::Maint), Down, "via agent : down"),
            ),
            (
                b"down # hello world\r\n",
                line(None, None, None, Down, "via agent : down (hello world)"),
            ),
            (b"UP\tready", line(None, None, Some(AgentAdmin::Ready), Up, "via agent : UP")),
            (
                b"drain stopped",
                line(None, None, Some(AgentAdmin::Drain), Down, "via agent : stopped"),
            ),
            (
                b"down#dead beef\n",
                line(None, None, None, Unchanged, "agent reports an error : down#dead"),
            ),
            (b"junk\n", line(None, None, None, Unchanged, "agent reports an error : junk")),
            (b"failed up", line(None, None, None, Up, "via agent : up (failed)")),
            (b"down extra words", line(None, None, None, Down, "via agent : down (extra)")),
            (b"weight:50%", line(Some(50), None, None, Unchanged, "")),
            (
                b"5.5%",
                line(None, None, None, Unchanged, "agent warns : Trailing garbage in weight string"),
            ),
            (b"maxconn:", line(None, None, None, Unchanged, "agent warns : Require <maxconn>.")),
            (b"maxconn:-1", line(None, Some(u32::MAX), None, Unchanged, "")),
            (b"maxconn:99999999999", line(None, Some(1_215_752_191), None, Unchanged, "")),
            (
                b"maxconn:5x",
                line(None, None, None, Unchanged, "agent warns : Trailing garbage in maxconn string"),
            ),
            (
                b"maxconn:x",
                line(
                    None,
                    None,
                    None,
                    Unchanged,
                    "agent warns : maxconn string empty or preceded by garbage",
                ),
            ),
            (b"maxconn: 5", line(None, None, None, Unchanged, "agent reports an error : 5")),
            (b"", line(None, None, None, Unchanged, "")),
            (b"%\n", line(None, None, None, Unchanged, "agent reports an error : %")),
        ];
        for (bytes, want) in cases {
            assert_eq!(AgentLine::parse(bytes), *want, "{}", String::from_utf8_lossy(bytes));
        }
        assert_eq!(AgentLine::parse(&[b'x'; 500]).info.len(), MOST_INFO);
        assert_eq!(AgentLine::parse(b"fail").outcome(3).status, CheckStatus::L7Status);
    }
}
