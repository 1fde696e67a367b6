//! What is logged of a server's changes, in HAProxy's words: alerting tools read these lines.

use std::fmt::{self, Display, Write as _};

use crate::health::{CheckStatus, Health, Outcome};

/// A change of one server, with what the line tells of its surroundings.
#[derive(Clone, Debug)]
pub struct Notice<'a> {
    pub backend: &'a str,
    pub server: &'a str,
    pub backup: bool,
    /// `backend/server` that is tracked, where the change comes from there.
    pub via: Option<&'a str>,
    pub event: Event<'a>,
    /// Usable actives and backups after the change, and what became of the queue.
    pub farm: FarmView,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct FarmView {
    pub act: u32,
    pub bck: u32,
    pub sessions: u32,
    pub requeued: u32,
    pub queued: u32,
}

#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// `expected`: it took nothing new any more.
    Down {
        cause: Cause<'a>,
        expected: bool,
    },
    Up(Cause<'a>),
    Stopping(Cause<'a>),
    /// `set server state maint`; the server was up, or down already.
    EnterMaint {
        was_up: bool,
        expected: bool,
    },
    LeaveMaint {
        forced: bool,
        up: bool,
        draining: bool,
    },
    /// One reason for maintenance is gone, another one is not; `forced`: it was the administrator's.
    StaysInMaint {
        forced: bool,
    },
    /// Its name has no address any more; the server was up, or down already.
    Unresolved {
        was_up: bool,
        why: &'a str,
    },
    /// Its name has an address again; `elsewise`: other maintenance goes on.
    Resolved {
        fqdn: &'a str,
        up: bool,
        draining: bool,
        elsewise: bool,
    },
    EnterDrain {
        up: bool,
    },
    LeaveDrain {
        up: bool,
    },
    /// It takes nothing new for another reason too; `forced`: the administrator's.
    StaysInDrain {
        forced: bool,
    },
}

#[derive(Clone, Copy, Debug)]
pub enum Cause<'a> {
    Check(&'a Outcome),
    /// `option log-health-checks` told the reason just before.
    Told,
    Words(&'static str),
}

/// Syslog levels of these lines.
pub mod level {
    pub const EMERG: u8 = 0;
    pub const ALERT: u8 = 1;
    pub const WARNING: u8 = 4;
    pub const NOTICE: u8 = 5;
    pub const INFO: u8 = 6;
}

impl Notice<'_> {
    pub fn level(&self) -> u8 {
        match self.event {
            Event::Down { expected: false, .. }
            | Event::EnterMaint {
                was_up: true,
                expected: false,
            }
            | Event::Unresolved { was_up: true, .. } => level::ALERT,
            _ => level::NOTICE,
        }
    }

    fn via(&self) -> String {
        self.via.map(|v| format!(" via {v}")).unwrap_or_default()
    }
}

impl Display for Notice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = if self.backup { "Backup Server" } else { "Server" };
        write!(f, "{who} {}/{} ", self.backend, self.server)?;
        let via = self.via();
        match self.event {
            Event::Down { cause, .. } => {
                write!(f, "is DOWN{via}")?;
                cause.fmt(f)?;
                self.left(f)
            }
            Event::Up(cause) => {
                write!(f, "is UP{via}")?;
                cause.fmt(f)?;
                self.online(f)
            }
            Event::Stopping(cause) => {
                write!(f, "is stopping{via}")?;
                cause.fmt(f)?;
                self.online(f)
            }
            Event::EnterMaint { was_up: true, .. } => {
                write!(f, "is going DOWN for maintenance{via}")?;
                self.left(f)
            }
            Event::EnterMaint { was_up: false, .. } => write!(f, "was DOWN and now enters maintenance{via}."),
            Event::LeaveMaint { forced, up, draining } => {
                let (state, admin) = (if up { "UP" } else { "DOWN" }, if draining { "DRAIN" } else { "READY" });
                let forced = if forced { "forced " } else { "" };
                write!(f, "is {state}/{admin} (leaving {forced}maintenance).")
            }
            Event::StaysInMaint { forced: true } => write!(f, "is leaving forced maintenance but remains in maintenance{via}."),
            Event::StaysInMaint { forced: false } => write!(f, "remains in forced maintenance."),
            Event::Unresolved { was_up: true, why } => {
                write!(f, "is going DOWN for maintenance ({why})")?;
                self.left(f)
            }
            Event::Unresolved { was_up: false, why } => write!(f, "was DOWN and now enters maintenance ({why})."),
            Event::Resolved { fqdn, elsewise: true, .. } => write!(f, "('{fqdn}') resolves again but remains in maintenance."),
            Event::Resolved { fqdn, up, draining, .. } => {
                let (state, admin) = (if up { "UP" } else { "DOWN" }, if draining { "DRAIN" } else { "READY" });
                write!(f, "('{fqdn}') is {state}/{admin} (resolves again).")
            }
            Event::EnterDrain { up } => {
                write!(f, "enters drain state{via}")?;
                if up { self.online(f) } else { self.left(f) }
            }
            Event::LeaveDrain { up } => {
                let forced = if self.via.is_none() { "forced " } else { "" };
                write!(f, "is {} (leaving {forced}drain){via}.", if up { "UP" } else { "DOWN" })
            }
            Event::StaysInDrain { forced: true } => write!(f, "remains in forced drain mode."),
            Event::StaysInDrain { forced: false } => write!(f, "remains in drain mode{via}."),
        }
    }
}

impl Notice<'_> {
    /// What is left of the farm after a server went away.
    fn left(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let v = self.farm;
        write!(f, ". {} active and {} backup servers left.{}", v.act, v.bck, self.on_backup())?;
        write!(
            f,
            " {} sessions active, {} requeued, {} remaining in queue.",
            v.sessions, v.requeued, v.queued
        )
    }

    fn online(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let v = self.farm;
        write!(f, ". {} active and {} backup servers online.{}", v.act, v.bck, self.on_backup())?;
        write!(f, " {} sessions requeued, {} total in queue.", v.requeued, v.queued)
    }

    fn on_backup(&self) -> &'static str {
        if self.farm.act == 0 && self.farm.bck > 0 {
            " Running on backup."
        } else {
            ""
        }
    }
}

impl Cause<'_> {
    fn fmt(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Told => Ok(()),
            Self::Words(w) => write!(f, ", {w}"),
            Self::Check(o) => f.write_str(&reason(o)),
        }
    }
}

/// `, reason: ..., code: ..., info: "...", check duration: ...ms`
fn reason(o: &Outcome) -> String {
    let mut s = format!(", reason: {}", o.status.text());
    if o.status.has_code() {
        let _ = write!(s, ", code: {}", o.code);
    }
    if !o.info.is_empty() {
        // One line, and no end of it: a server must not write our log.
        s.push_str(", info: \"");
        for b in o.info.bytes() {
            match b {
                b' '..=b'~' if b != b'"' => s.push(char::from(b)),
                _ => {
                    let _ = write!(s, "<{b:02X}>");
                }
            }
        }
        s.push('"');
    }
    if o.status != CheckStatus::Analyze {
        let _ = write!(s, ", check duration: {}ms", o.duration_ms);
    }
    s
}

/// Which check of which server a line is about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checked {
    pub backup: bool,
    pub agent: bool,
    /// It has no weight: who is up takes nothing new.
    pub weightless: bool,
}

/// The line of `option log-health-checks`.
pub fn check_line(backend: &str, server: &str, who: Checked, health: &Health, outcome: &Outcome) -> String {
    let kind = if who.agent { "Agent" } else { "Health" };
    let backup = if who.backup { "backup " } else { "" };
    let word = match outcome.status.verdict() {
        crate::Verdict::Passed => "succeeded",
        crate::Verdict::Conditional => "conditionally succeeded",
        crate::Verdict::Failed | crate::Verdict::Unknown => "failed",
    };
    let (n, of, state) = health.shown();
    let state = if state == "UP" && who.weightless { "DRAIN" } else { state };
    let why = reason(outcome);
    format!("{kind} check for {backup}server {backend}/{server} {word}{why}, status: {n}/{of} {state}.")
}

/// The last usable server is gone; the terminal has the name in quotes.
pub fn no_server(backend: &str) -> String {
    format!("backend {backend} has no server available!")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::CheckStatus;

    fn notice<'a>(event: Event<'a>, via: Option<&'a str>, act: u32, bck: u32) -> Notice<'a> {
        Notice {
            backend: "b",
            server: "s1",
            backup: false,
            via,
            event,
            farm: FarmView {
                act,
                bck,
                ..FarmView::default()
            },
        }
    }

    fn down(cause: Cause<'_>, expected: bool) -> Event<'_> {
        Event::Down { cause, expected }
    }

    fn leaving_maintenance(forced: bool, draining: bool) -> Notice<'static> {
        let event = Event::LeaveMaint {
            forced,
            up: true,
            draining,
        };
        notice(event, None, 0, 0)
    }

    #[test]
    fn lines_are_haproxys() {
        let refused = Outcome {
            status: CheckStatus::L4Con,
            info: "Connection refused".into(),
            ..Outcome::default()
        };
        let cli = Cause::Words("changed from CLI");
        let cases: Vec<(Notice<'_>, u8, &str)> = vec![
            (
                notice(down(Cause::Check(&refused), false), None, 1, 0),
                level::ALERT,
                "Server b/s1 is DOWN, reason: Layer4 connection problem, info: \"Connection refused\", check duration: 0ms. \
                 1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.",
            ),
            (
                notice(Event::Up(Cause::Told), None, 1, 1),
                level::NOTICE,
                "Server b/s1 is UP. 1 active and 1 backup servers online. 0 sessions requeued, 0 total in queue.",
            ),
            (
                notice(down(Cause::Told, true), Some("h/s3"), 1, 0),
                level::NOTICE,
                "Server b/s1 is DOWN via h/s3. 1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.",
            ),
            (
                notice(Event::Stopping(cli), None, 0, 1),
                level::NOTICE,
                "Server b/s1 is stopping, changed from CLI. 0 active and 1 backup servers online. Running on backup. 0 sessions requeued, \
                 0 total in queue.",
            ),
            (
                notice(
                    Event::Unresolved {
                        was_up: true,
                        why: "DNS NX status",
                    },
                    None,
                    2,
                    0,
                ),
                level::ALERT,
                "Server b/s1 is going DOWN for maintenance (DNS NX status). 2 active and 0 backup servers left. 0 sessions active, \
                 0 requeued, 0 remaining in queue.",
            ),
            (
                notice(
                    Event::Resolved {
                        fqdn: "a.test",
                        up: true,
                        draining: false,
                        elsewise: false,
                    },
                    None,
                    2,
                    0,
                ),
                level::NOTICE,
                "Server b/s1 ('a.test') is UP/READY (resolves again).",
            ),
            (
                leaving_maintenance(true, false),
                level::NOTICE,
                "Server b/s1 is UP/READY (leaving forced maintenance).",
            ),
            (
                leaving_maintenance(false, true),
                level::NOTICE,
                "Server b/s1 is UP/DRAIN (leaving maintenance).",
            ),
            (
                notice(Event::LeaveDrain { up: false }, None, 0, 0),
                level::NOTICE,
                "Server b/s1 is DOWN (leaving forced drain).",
            ),
        ];
        for (n, level, want) in cases {
            assert_eq!((n.level(), n.to_string().as_str()), (level, want));
        }
    }

    #[test]
    fn maintenance_and_drain_are_told() {
        let cases = [
            (
                notice(
                    Event::EnterMaint {
                        was_up: true,
                        expected: false,
                    },
                    None,
                    0,
                    1,
                ),
                level::ALERT,
                "Server b/s1 is going DOWN for maintenance. 0 active and 1 backup servers left. Running on backup. 0 sessions active, \
                 0 requeued, 0 remaining in queue.",
            ),
            (
                notice(
                    Event::EnterMaint {
                        was_up: false,
                        expected: false,
                    },
                    Some("h/s3"),
                    0,
                    0,
                ),
                level::NOTICE,
                "Server b/s1 was DOWN and now enters maintenance via h/s3.",
            ),
            (
                notice(Event::StaysInMaint { forced: true }, Some("h/s3"), 0, 0),
                level::NOTICE,
                "Server b/s1 is leaving forced maintenance but remains in maintenance via h/s3.",
            ),
            (
                notice(Event::StaysInMaint { forced: false }, None, 0, 0),
                level::NOTICE,
                "Server b/s1 remains in forced maintenance.",
            ),
            (
                notice(Event::StaysInDrain { forced: true }, None, 0, 0),
                level::NOTICE,
                "Server b/s1 remains in forced drain mode.",
            ),
            (
                notice(Event::StaysInDrain { forced: false }, Some("h/s3"), 0, 0),
                level::NOTICE,
                "Server b/s1 remains in drain mode via h/s3.",
            ),
        ];
        for (n, level, want) in cases {
            assert_eq!((n.level(), n.to_string().as_str()), (level, want));
        }
    }

    #[test]
    fn check_lines_are_haproxys() {
        let mut h = Health::new(2, 3);
        h.force(false);
        let o = Outcome {
            status: CheckStatus::L7Status,
            code: 503,
            info: "\"Unavailable\"".into(),
            duration_ms: 0,
        };
        assert_eq!(
            check_line("h", "s2", Checked::default(), &h, &o),
            "Health check for server h/s2 failed, reason: Layer7 wrong status, code: 503, info: \"<22>Unavailable<22>\", \
             check duration: 0ms, status: 0/2 DOWN."
        );
    }
}
