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
        let mut unknown = None;
        let mut oper = None;
        for word in words.split([' ', '\t', ',']).filter(|w| !w.is_empty()) {
            let lower = word.to_ascii_lowercase();
            if let Some(percent) = lower.strip_suffix('%').and_then(|n| n.parse().ok()) {
                line.percent = Some(percent);
            } else if let Some(n) = lower.strip_prefix("maxconn:").and_then(|n| n.parse().ok()) {
                line.maxconn = Some(n);
            } else {
                match &*lower {
                    "ready" => line.admin = Some(AgentAdmin::Ready),
                    "drain" => line.admin = Some(AgentAdmin::Drain),
                    "maint" => line.admin = Some(AgentAdmin::Maint),
                    "up" => (line.status, oper) = (AgentStatus::Up, Some(word)),
                    "down" | "fail" | "stopped" => (line.status, oper) = (AgentStatus::Down, Some(word)),
                    _ => unknown = unknown.or(Some(word)),
                }
            }
        }
        line.info = match (unknown, oper) {
            (Some(word), _) => format!("agent reports an error : {word}"),
            (None, Some(word)) if about.is_empty() => format!("via agent : {word}"),
            (None, Some(word)) => format!("via agent : {word} ({about})"),
            (None, None) => String::new(),
        };
        line
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
            (b"", line(None, None, None, Unchanged, "")),
            (b"%\n", line(None, None, None, Unchanged, "agent reports an error : %")),
        ];
        for (bytes, want) in cases {
            assert_eq!(AgentLine::parse(bytes), *want, "{}", String::from_utf8_lossy(bytes));
        }
        assert_eq!(AgentLine::parse(b"fail").outcome(3).status, CheckStatus::L7Status);
    }
}
