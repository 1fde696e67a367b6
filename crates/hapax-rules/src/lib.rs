//! Actions and filters: what a rule does once its condition holds. Pure: an action edits the transaction it is given and
//! answers with an [`Effect`]; what must wait says so and the runtime waits.
#![forbid(unsafe_code)]

mod action;
pub mod codes;
mod effect;
mod parse;
mod txn;

pub use action::{Action, ActionRow, Rule, RuleSets};
pub use effect::{Effect, Reply, Wait};
pub use parse::ParseAction;
pub use txn::{Controls, Txn};
