//! Changes of servers that are mailed: `email-alert` lines say whose and which.

use std::sync::{Mutex, PoisonError};

use hapax_config::plan::MailAlerts;
use hapax_sample::ProxyId;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::Shared;

/// One mail.
#[derive(Debug)]
pub(crate) struct Alert {
    pub proxy: ProxyId,
    pub to: MailAlerts,
    pub text: String,
    /// Wall clock.
    pub seconds: i64,
}

/// The way to the task that mails.
#[derive(Debug)]
pub struct Alerts {
    door: UnboundedSender<Alert>,
    inbox: Mutex<Option<UnboundedReceiver<Alert>>>,
}

impl Default for Alerts {
    fn default() -> Self {
        let (door, inbox) = unbounded_channel();
        Self {
            door,
            inbox: Mutex::new(Some(inbox)),
        }
    }
}

impl Alerts {
    /// The other end, once.
    pub(crate) fn open(&self) -> Option<UnboundedReceiver<Alert>> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Shared {
    /// Mails what was logged, where the proxy has it mailed.
    pub(super) fn mail_alert(&self, p: ProxyId, level: u8, text: &str) {
        let conf = self.conf(p);
        let Some(to) = conf.mail_alerts.as_ref().filter(|m| level <= m.level) else {
            return;
        };
        // Nobody reads where the process ends.
        let _ = self.alerts.door.send(Alert {
            proxy: p,
            to: (**to).clone(),
            text: text.strip_suffix('.').unwrap_or(text).to_owned(),
            seconds: (hapax_sys::clock::realtime_us() / 1_000_000).cast_signed(),
        });
    }
}
