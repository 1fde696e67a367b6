//! Advice beyond HAProxy's own: what is valid and most likely not meant. One lint per file, each a row with its code and its cases.
//!
//! Lints look at the lines as read ([`outline`]) and at a little of the resolved [`Plan`]. They never change the verdict, and a plain start or `-c`
//! does not run them.

mod expired_certificate;
mod host_case;
mod hostless_check;
mod insecure_password;
mod method_case;
mod old_tls;
mod open_admin_socket;
mod open_stats;
pub mod outline;
mod path_without_slash;
mod pattern;
mod redirect_loop;
mod same_condition;
mod scarce_descriptors;
mod unchecked_servers;
mod unreachable_rule;
mod unused_acl;
mod unused_backend;
mod unverified_server;

use hapax_diag::{Code, Diagnostic, Diagnostics, Severity, Sources, Span};
use hapax_syntax::Environment;

use crate::codes;
use crate::plan::Plan;
use expired_certificate::Loaded;
use outline::Outline;

/// One piece of advice.
pub struct Lint {
    /// What `--allow` takes, beside the code.
    pub name: &'static str,
    pub code: Code,
    pub severity: Severity,
    pub run: fn(&Facts<'_>, &mut Found<'_>),
    /// Whole configurations that it has nothing to say about, and such that it speaks of.
    pub ok: &'static [&'static str],
    pub bad: &'static [&'static str],
}

/// What lints look at.
pub struct Facts<'a> {
    pub outline: &'a Outline<'a>,
    pub certificates: &'a [Loaded],
    pub around: Around,
}

/// What lints may know of the machine; what is not known is not spoken of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Around {
    /// Seconds since 1970.
    pub now: Option<i64>,
    /// Files that a process may have open, where it cannot raise that.
    pub open_files: Option<u64>,
    /// Says that so much memory is in use that no advice can be given.
    pub full: Option<fn() -> bool>,
}

/// Where a lint says what it found.
pub struct Found<'a> {
    lint: &'static Lint,
    diags: &'a mut Diagnostics,
}

impl Found<'_> {
    pub(crate) fn say(&mut self, span: Span, message: impl Into<String>, help: impl Into<Box<str>>) {
        self.diags.push(self.diagnostic(span, message).help(help));
    }

    /// As [`say`](Self::say), with another place that matters.
    pub(crate) fn say_with(&mut self, span: Span, message: impl Into<String>, help: impl Into<Box<str>>, other: (Span, impl Into<String>)) {
        self.diags.push(self.diagnostic(span, message).help(help).related(other.0, other.1));
    }

    fn diagnostic(&self, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(&self.lint.code, self.lint.severity, message).at(span)
    }
}

/// Every lint, in the order of codes.
pub static ALL: &[&Lint] = &[
    &unreachable_rule::LINT,
    &same_condition::LINT,
    &unused_acl::LINT,
    &unused_backend::LINT,
    &path_without_slash::LINT,
    &method_case::LINT,
    &host_case::LINT,
    &redirect_loop::LINT,
    &unchecked_servers::LINT,
    &open_stats::LINT,
    &open_admin_socket::LINT,
    &insecure_password::LINT,
    &old_tls::LINT,
    &unverified_server::LINT,
    &expired_certificate::LINT,
    &hostless_check::LINT,
    &scarce_descriptors::LINT,
];

/// The lint of this name or code.
pub fn find(name: &str) -> Option<&'static Lint> {
    ALL.iter()
        .copied()
        .find(|lint| lint.name == name || lint.code.id.eq_ignore_ascii_case(name))
}

/// Runs the lints that `wanted` picks over files that were loaded without an error.
pub fn run(sources: &Sources, env: &Environment, plan: Option<Plan>, around: Around, wanted: impl Fn(&Lint) -> bool) -> Diagnostics {
    let certificates = plan.as_ref().map(expired_certificate::loaded).unwrap_or_default();
    // Both the plan and the outline of a large configuration are large: one goes before the other comes.
    drop(plan);
    let mut diags = Diagnostics::default();
    let Some(outline) = Outline::read(sources, env.clone(), around.full) else {
        let message = "the configuration takes more memory than a check may use; no advice is given";
        let d = Diagnostic::new(&codes::TOO_LARGE, Severity::Note, message);
        diags.push(d.help("give the check more with --memory, or leave advice out with --no-lints"));
        return diags;
    };
    let facts = Facts {
        outline: &outline,
        certificates: &certificates,
        around,
    };
    for lint in ALL.iter().copied().filter(|lint| wanted(lint)) {
        let mut found = Found { lint, diags: &mut diags };
        (lint.run)(&facts, &mut found);
    }
    diags
}

#[cfg(test)]
mod tests;
