//! Messages of the process itself and of a configuration's check, in the lines HAProxy prints on stderr.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::io::Write as _;

use hapax_config::Loaded;
use hapax_diag::render::{self, Closing};
use hapax_diag::{Diagnostics, Severity};
use hapax_runtime::state::Grade;

use crate::classic::version;

/// Where messages go; silent with `-q`.
#[derive(Debug, Default)]
pub(crate) struct Report {
    quiet: Cell<bool>,
    /// `-dD`: tell what is merely suspicious.
    diag: Cell<bool>,
    introduced: Cell<bool>,
    warnings: Cell<usize>,
    /// What was said since [`Report::listen`], where somebody wants to know.
    heard: RefCell<Option<String>>,
}

impl Report {
    pub(crate) fn new(quiet: bool, diag: bool) -> Self {
        let r = Self::default();
        r.quiet.set(quiet);
        r.diag.set(diag);
        r
    }

    /// `quiet` of the global section.
    pub(crate) fn hush(&self) {
        self.quiet.set(true);
    }

    /// Keeps what is said from here on, beside printing it.
    pub(crate) fn listen(&self) {
        *self.heard.borrow_mut() = Some(String::new());
        self.introduced.set(false);
    }

    /// What was said since [`listen`](Self::listen).
    pub(crate) fn heard(&self) -> String {
        self.heard.borrow_mut().take().unwrap_or_default()
    }

    pub(crate) fn warnings(&self) -> usize {
        self.warnings.get()
    }

    pub(crate) fn alert(&self, text: &str) {
        self.line(Severity::Alert, text);
    }

    pub(crate) fn warning(&self, text: &str) {
        self.line(Severity::Warning, text);
    }

    pub(crate) fn notice(&self, text: &str) {
        self.line(Severity::Notice, text);
    }

    pub(crate) fn diag(&self, text: &str) {
        self.line(Severity::Diag, text);
    }

    /// The findings of a loading, with the lines that close them where they are fatal.
    pub(crate) fn findings(&self, loaded: &Loaded) {
        let mut told = Diagnostics::default();
        for d in loaded.diags.iter().filter(|d| self.tells(d.severity)) {
            told.push(d.clone());
        }
        self.warnings.set(self.warnings.get() + told.count(Severity::Warning));
        let closing = if told.has_alert() { Closing::Verdict } else { Closing::None };
        self.write(&render::haproxy(&told, &loaded.sources, std::process::id(), closing));
    }

    fn tells(&self, severity: Severity) -> bool {
        match severity {
            Severity::Alert | Severity::Warning | Severity::Notice => true,
            Severity::Diag => self.diag.get(),
            Severity::Note => false,
        }
    }

    fn line(&self, severity: Severity, text: &str) {
        if severity == Severity::Warning {
            self.warnings.set(self.warnings.get() + 1);
        }
        if self.tells(severity) {
            self.write(&format!("{}{text}\n", render::label(severity, std::process::id())));
        }
    }

    /// The first message of a process is preceded by which program speaks.
    fn write(&self, text: &str) {
        if text.is_empty() {
            return;
        }
        let mut whole = String::new();
        if !self.introduced.get() && (!self.quiet.get() || self.heard.borrow().is_some()) {
            self.introduced.set(true);
            let label = render::label(Severity::Notice, std::process::id());
            // Writing to a string cannot fail.
            let _ = writeln!(whole, "{label}haproxy version is {}", version::FULL);
            if let Ok(path) = std::env::current_exe() {
                let _ = writeln!(whole, "{label}path to executable is {}", path.display());
            }
        }
        whole.push_str(text);
        if let Some(heard) = &mut *self.heard.borrow_mut() {
            heard.push_str(&whole);
        }
        if !self.quiet.get() {
            // Nobody is left to be told of a broken stderr.
            let _ = std::io::stderr().lock().write_all(whole.as_bytes());
        }
    }
}

/// Shows on the terminal what befalls servers and proxies.
pub(crate) fn show(grade: Grade, text: &str) {
    let severity = match grade {
        Grade::Alert => Severity::Alert,
        Grade::Warning => Severity::Warning,
        Grade::Notice => Severity::Notice,
    };
    let line = format!("{}{text}\n", render::label(severity, std::process::id()));
    // Nobody is left to be told of a broken stderr.
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}

/// Prints to stdout what the user asked for.
pub(crate) fn print(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}
