//! Diagnostics as text: HAProxy's own lines, annotated source for people, and the formats of tools. Each is a pure function.

mod github;
mod haproxy;
mod human;
mod json;
mod junit;
mod place;
mod sarif;

pub use github::github;
pub use haproxy::{Closing, haproxy, label};
pub use human::{Human, human};
pub use json::json;
pub use junit::junit;
pub use sarif::sarif;

use crate::{Diagnostics, Severity};

/// What the tool formats say of the program: its name and version.
#[derive(Clone, Copy, Debug)]
pub struct Tool {
    pub name: &'static str,
    pub version: &'static str,
}

/// A message as one sentence: HAProxy ends some with the colon of the excerpt under them.
fn sentence(message: &str) -> &str {
    message.trim_end().trim_end_matches(':')
}

/// Errors, warnings, and the rest.
fn counts(diags: &Diagnostics) -> (usize, usize, usize) {
    let (errors, warnings) = (diags.count(Severity::Alert), diags.count(Severity::Warning));
    (errors, warnings, diags.len() - errors - warnings)
}

#[cfg(test)]
mod tests;
