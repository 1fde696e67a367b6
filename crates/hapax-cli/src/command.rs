//! What a command is: one row beside the code that runs it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use hapax_config::plan::SocketLevel;
use hapax_sample::{ProxyId, ServerId};
use hapax_value::Support;

use crate::commands;
use crate::control::Control;
use crate::session::Session;

/// A command of the runtime API.
pub struct Command {
    /// The words that name it.
    pub path: &'static [&'static str],
    /// The level it asks for.
    pub level: SocketLevel,
    /// The command with its arguments, as the help shows it.
    pub usage: &'static str,
    pub doc: &'static str,
    pub support: Support,
    pub run: fn(&mut Call<'_>) -> Answer,
}

/// How grave a message is (`set severity-output`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Err = 3,
    Warning = 4,
    Notice = 5,
    Info = 6,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Self::Err => "err",
            Self::Warning => "warning",
            Self::Notice => "notice",
            Self::Info => "info",
        }
    }
}

/// What a command answers.
pub enum Answer {
    /// Done, nothing to say.
    Done,
    /// Lines, each with its newline.
    Text(String),
    /// A message, without its newline.
    Say(Severity, String),
    /// The connection ends.
    Quit,
    /// Something to wait for.
    Later(Pin<Box<dyn Future<Output = String>>>),
    /// The same, for what ends in one of the others.
    Then(Pin<Box<dyn Future<Output = Self>>>),
}

impl Answer {
    pub fn err(text: impl Into<String>) -> Self {
        Self::Say(Severity::Err, text.into())
    }

    pub fn info(text: impl Into<String>) -> Self {
        Self::Say(Severity::Info, text.into())
    }
}

/// One call of a command.
pub struct Call<'a> {
    /// Every word, the command's own first.
    pub words: &'a [String],
    /// How many words name the command.
    pub skip: usize,
    pub payload: Option<&'a str>,
    pub session: &'a mut Session,
    pub control: &'a Arc<dyn Control>,
}

impl<'a> Call<'a> {
    /// An argument; empty where there is none.
    pub fn arg(&self, i: usize) -> &'a str {
        self.words.get(self.skip + i).map_or("", String::as_str)
    }

    pub fn args(&self) -> &'a [String] {
        &self.words[self.skip.min(self.words.len())..]
    }

    /// A proxy by name, or `#id`.
    pub fn proxy(&self, name: &str, backend: bool) -> Option<ProxyId> {
        use hapax_config::plan::ProxyCaps;
        let wanted = if backend { ProxyCaps::BACKEND } else { ProxyCaps::FRONTEND };
        let iid: Option<u32> = name.strip_prefix('#').and_then(|n| n.parse().ok());
        let fits = |p: &hapax_config::plan::Proxy| p.caps.contains(wanted) && (&*p.name == name || iid == Some(p.iid));
        let found = self.control.shared().every_proxy().find(|(_, p)| fits(p));
        found.map(|(state, _)| state.id)
    }

    /// `backend/server`, by names or by `#id`.
    pub fn server(&self, text: &str) -> Result<(ProxyId, ServerId), Answer> {
        let Some((backend, server)) = text.split_once('/') else {
            return Err(Answer::err("Require 'backend/server'."));
        };
        let Some(p) = self.proxy(backend, true) else {
            return Err(Answer::err("No such backend."));
        };
        let id: Option<u32> = server.strip_prefix('#').and_then(|n| n.parse().ok());
        let fits = |s: &hapax_config::plan::Server| &*s.name == server || id == Some(s.id);
        let at = self.control.shared().proxy(p).servers.position(|s| fits(&s.conf()));
        at.map(|s| (p, ServerId(s as u32))).ok_or_else(|| Answer::err("No such server."))
    }
}

/// Every command, by family.
pub fn every_command() -> impl Iterator<Item = &'static Command> {
    commands::FAMILIES.iter().flat_map(|f| f.iter())
}

/// The command that the words begin with: the longest name wins.
pub(crate) fn find(words: &[String]) -> Option<&'static Command> {
    let starts = |c: &&Command| c.path.len() <= words.len() && c.path.iter().zip(words).all(|(p, w)| p == w);
    every_command().filter(starts).max_by_key(|c| c.path.len())
}

/// Accepted, and honest about doing nothing.
pub(crate) fn not_yet(call: &mut Call<'_>) -> Answer {
    let words = call.words[..call.skip.min(call.words.len())].join(" ");
    Answer::err(format!("'{words}' is not supported by this version."))
}
