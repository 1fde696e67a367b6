//! Where state changes are told: the log of the proxy, and the terminal.

use std::fmt;
use std::sync::OnceLock;

use hapax_sample::ProxyId;

use crate::stats::ProcessFacts;

/// Gets the proxy an event is about (none: the process), a syslog level, and the text without a newline.
pub type EventSink = Box<dyn Fn(Option<ProxyId>, u8, &str) + Send + Sync>;

/// How grave a line on the terminal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    Alert,
    Warning,
    Notice,
}

/// Prints a line on the terminal.
pub type Terminal = fn(Grade, &str);

/// The way out for events; silent until the process connects it.
#[derive(Default)]
pub struct Events {
    sink: OnceLock<EventSink>,
    terminal: OnceLock<Terminal>,
}

impl Events {
    /// Connects the way out, once.
    pub fn connect(&self, sink: EventSink) {
        // A second call would be a second log: the first stays.
        let _ = self.sink.set(sink);
    }

    /// There is a terminal, and somebody may look at it.
    pub fn show_on(&self, terminal: Terminal) {
        let _ = self.terminal.set(terminal);
    }

    /// For the terminal alone.
    pub fn print(&self, grade: Grade, text: &str) {
        if let Some(terminal) = self.terminal.get() {
            terminal(grade, text);
        }
    }

    /// For the terminal, as a warning, and for the log.
    pub fn announce(&self, proxy: ProxyId, level: u8, text: &str) {
        self.print(Grade::Warning, text);
        self.tell(proxy, level, text);
    }

    /// For the log alone.
    pub fn tell(&self, proxy: ProxyId, level: u8, text: &str) {
        if let Some(sink) = self.sink.get() {
            sink(Some(proxy), level, text);
        }
    }

    /// For the targets of the global section.
    pub fn tell_all(&self, level: u8, text: &str) {
        if let Some(sink) = self.sink.get() {
            sink(None, level, text);
        }
    }
}

/// Where threads that do not know the process as a whole learn of it; nothing until the process connects it.
#[derive(Default)]
pub struct ProcessDoor(OnceLock<Box<dyn Fn() -> ProcessFacts + Send + Sync>>);

impl ProcessDoor {
    /// Connects it, once.
    pub fn connect(&self, facts: Box<dyn Fn() -> ProcessFacts + Send + Sync>) {
        // There is one process: a second call would tell the same.
        let _ = self.0.set(facts);
    }

    pub fn facts(&self) -> ProcessFacts {
        self.0.get().map_or_else(ProcessFacts::default, |facts| facts())
    }
}

impl fmt::Debug for ProcessDoor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProcessDoor")
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.sink.get().is_some() {
            "Events(connected)"
        } else {
            "Events(silent)"
        })
    }
}
