//! What `check` makes of weights: what this machine lacks, and what fails beside errors.

use std::net::IpAddr;
use std::sync::Arc;

use clap::ValueEnum;
use hapax_diag::{Diagnostics, Severity};
use hapax_sample::Files;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Deny {
    Warnings,
    /// Warnings and notes
    Notes,
}

impl Deny {
    pub(super) fn hits(self, diags: &Diagnostics) -> bool {
        let floor = match self {
            Self::Warnings => Severity::Warning,
            Self::Notes => Severity::Note,
        };
        diags.iter().any(|d| d.severity >= floor)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Missing {
    Error,
    Warn,
    Note,
}

impl Missing {
    /// What was asked for, or what goes with the place the check is made at.
    pub(super) fn of(asked: Option<Self>, offline: bool) -> Self {
        asked.unwrap_or(if offline { Self::Note } else { Self::Error })
    }

    /// What it is lowered to; nothing, where it stays an error.
    pub(super) fn severity(self) -> Option<Severity> {
        match self {
            Self::Error => None,
            Self::Warn => Some(Severity::Warning),
            Self::Note => Some(Severity::Note),
        }
    }
}

/// The files that are here, and no names.
pub(super) struct OfflineFiles<F>(pub(super) F);

impl<F: Files> Files for OfflineFiles<F> {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, String> {
        self.0.read(path)
    }

    fn list(&self, path: &str) -> Result<Vec<String>, String> {
        self.0.list(path)
    }

    fn lookup(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        Err(format!("'{host}' is not looked up offline"))
    }

    fn socket(&self, _: i32) -> Result<(), String> {
        Err("no descriptors are handed over offline".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use hapax_diag::{Code, Diagnostic};

    use super::*;

    static CODE: Code = Code {
        id: "HX0900",
        title: "t",
        explain: "e",
    };

    #[test]
    fn grades() {
        assert_eq!(Missing::of(None, true), Missing::Note);
        assert_eq!(Missing::of(None, false).severity(), None);
        assert_eq!(Missing::of(Some(Missing::Warn), true).severity(), Some(Severity::Warning));
    }

    #[test]
    fn denying() {
        let mut diags = Diagnostics::default();
        diags.push(Diagnostic::new(&CODE, Severity::Note, "n"));
        assert!(!Deny::Warnings.hits(&diags) && Deny::Notes.hits(&diags));
        diags.push(Diagnostic::warning(&CODE, "w"));
        assert!(Deny::Warnings.hits(&diags));
    }
}
