//! Actions and filters: what a rule does once its condition holds. Pure: an action edits the transaction it is given and
//! answers with an [`Effect`]; what must wait says so and the runtime waits.
#![forbid(unsafe_code)]

mod action;
mod amount;
pub mod codes;
mod common;
mod effect;
pub mod errors;
pub mod filters;
mod http;
#[cfg(test)]
mod kit;
mod parse;
pub mod registry;
pub mod reply;
mod run;
pub mod since;
mod site;
mod tcp;
mod txn;

pub use action::{Action, ActionRow, Rule, RuleSets};
pub use common::filter::SERVICES;
pub use effect::{Effect, Lookup, Reply, ReplySource, Wait};
pub use http::redirect::parse_static_redirect;
pub use http::reply::ReplySpec;
pub use parse::{ParseAction, parse_rule, place};
pub use run::{Outcome, run};
pub use site::{Side, Site, Slot};
pub use txn::{Attach, Bandwidth, Controls, Hint, Txn, Woken};
