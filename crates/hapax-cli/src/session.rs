//! A connection's state, and how one line of it is answered.

use std::sync::Arc;

use hapax_config::plan::{SeverityOutput, SocketLevel};
use hapax_value::Support;

use crate::command::{self, Answer, Call, Severity};
use crate::commands::events::Follow;
use crate::control::Control;
use crate::{help, line};

/// What follows the end of a line's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The connection ends.
    Once,
    /// The next line.
    Interactive,
    /// The next line, after a prompt.
    Prompt,
}

/// The state of one connection.
#[derive(Clone, Debug)]
pub struct Session {
    pub level: SocketLevel,
    pub mode: Mode,
    /// `prompt timed`
    pub timed: bool,
    pub severity: SeverityOutput,
    pub timeout_ms: u64,
    pub expert: bool,
    /// What the connection shows as it comes, once its line is answered.
    pub(crate) follow: Option<Follow>,
    pub experimental: bool,
    /// Asked to end.
    pub quit: bool,
}

impl Session {
    pub fn new(level: SocketLevel, timeout_ms: u64) -> Self {
        Self {
            level,
            mode: Mode::Once,
            timed: false,
            severity: SeverityOutput::None,
            timeout_ms,
            expert: false,
            follow: None,
            experimental: false,
            quit: false,
        }
    }

    /// Answers one command: its text, then the empty line that ends every answer (in prompt mode the prompt follows it).
    pub(crate) async fn answer(&mut self, control: &Arc<dyn Control>, words: &[String], payload: Option<&str>) -> String {
        let mut answer = self.run(control, words, payload);
        while let Answer::Then(work) = answer {
            answer = work.await;
        }
        let mut out = match answer {
            // The latter has been waited for.
            Answer::Done | Answer::Then(_) => String::new(),
            Answer::Text(text) => text,
            Answer::Say(severity, text) => self.message(severity, &text),
            Answer::Later(work) => work.await,
            Answer::Quit => {
                self.quit = true;
                return String::new();
            }
        };
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        out.push('\n');
        out
    }

    fn run(&mut self, control: &Arc<dyn Control>, words: &[String], payload: Option<&str>) -> Answer {
        if words.is_empty() && self.mode != Mode::Once {
            return Answer::Done;
        }
        let Some(command) = command::find(words) else {
            return Answer::Text(help::unknown(words, self.level));
        };
        if command.level > self.level {
            return Answer::err("Permission denied");
        }
        let mut call = Call {
            words,
            skip: command.path.len(),
            payload,
            session: self,
            control,
        };
        if let Support::Refused(why) = command.support {
            return Answer::err(why);
        }
        (command.run)(&mut call)
    }

    fn message(&self, severity: Severity, text: &str) -> String {
        match self.severity {
            SeverityOutput::None => format!("{text}\n"),
            SeverityOutput::Number => format!("[{}]: {text}\n", severity as u8),
            SeverityOutput::Word => format!("[{}]: {text}\n", severity.word()),
        }
    }

    /// What is written before a line is read.
    pub(crate) fn prompt(&self, control: &Arc<dyn Control>) -> String {
        if self.mode != Mode::Prompt {
            return String::new();
        }
        if !self.timed {
            return "> ".into();
        }
        let s = control.now_us().saturating_sub(control.shared().started_us) / 1_000_000;
        format!("[{}:{:02}:{:02}:{:02}]> ", s / 86400, s % 86400 / 3600, s % 3600 / 60, s % 60)
    }

    /// Every command of a line, one after the other.
    pub(crate) async fn line(&mut self, control: &Arc<dyn Control>, line: &line::Line, payload: Option<&str>) -> String {
        let mut out = String::new();
        let last = line.commands.len().saturating_sub(1);
        for (i, words) in line.commands.iter().enumerate() {
            let payload = payload.filter(|_| i == last);
            out.push_str(&self.answer(control, words, payload).await);
            if self.quit {
                break;
            }
        }
        out
    }
}
