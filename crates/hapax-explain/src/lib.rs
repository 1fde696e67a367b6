//! What a configuration would do with a request, without opening a socket: `hapax explain` and `hapax test`.
//!
//! A [`Question`] is walked through a [`Plan`](hapax_config::Plan) by the same rules, conditions and balancing that serve live
//! traffic, over a still world; every step is written down in a [`Report`]. A [`Suite`] is a file of questions and of what is
//! expected of their reports.
#![forbid(unsafe_code)]

mod coverage;
mod edits;
mod facts;
mod hello;
mod judge;
mod outputs;
mod question;
mod report;
mod route;
mod rules;
mod suite;
mod text;
mod walk;
mod world;

pub use coverage::{AclUse, Coverage, RuleUse, Share};
pub use facts::{Busy, Entry, Handshake, Numbers, Tls};
pub use judge::{CaseResult, run_suite};
pub use outputs::{junit, tap};
pub use question::{Question, QuestionError, field, questions};
pub use report::{ConditionReport, Outcome, Report, RuleReport, Step, TestReport};
pub use suite::{Case, Expect, Suite};
pub use text::render;
pub use walk::explain;
