//! Where state changes are told: the log of the proxy, and the terminal.

use std::fmt;
use std::sync::OnceLock;

use hapax_sample::ProxyId;

/// Gets the proxy an event is about (none: the process), a syslog level, and the text without a newline.
pub type EventSink = Box<dyn Fn(Option<ProxyId>, u8, &str) + Send + Sync>;

/// The way out for events; silent until the process connects it.
#[derive(Default)]
pub struct Events(OnceLock<EventSink>);

impl Events {
    /// Connects the way out, once.
    pub fn connect(&self, sink: EventSink) {
        // A second call would be a second log: the first stays.
        let _ = self.0.set(sink);
    }

    pub fn tell(&self, proxy: ProxyId, level: u8, text: &str) {
        if let Some(sink) = self.0.get() {
            sink(Some(proxy), level, text);
        }
    }

    /// For the targets of the global section.
    pub fn tell_all(&self, level: u8, text: &str) {
        if let Some(sink) = self.0.get() {
            sink(None, level, text);
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.get().is_some() {
            "Events(connected)"
        } else {
            "Events(silent)"
        })
    }
}
