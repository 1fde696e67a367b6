//! Patterns: what ACLs and maps compare samples with (manual, 7.1), and the files they come from.
//!
//! A [`PatternList`] is what the runtime API calls an ACL or a map: entries, shared by name, changed at run time. A
//! [`PatternSet`] is one use of some lists with one matching method; it asks the lists and copies nothing out of them.

mod ask;
mod index;
mod list;
mod method;
mod parse;
mod refs;
mod set;
mod store;
mod subject;
mod table;

pub use ask::{Asked, Found};
pub(crate) use index::{Index, Spec};
pub(crate) use list::ValueKind;
pub use list::{EntryRef, ListError, PatternList, Versions};
pub use method::MatchMethod;
pub use parse::{int_with_operator, is_int_operator, net_v4, net_v6};
pub use refs::{LaterList, ListUse, PatternRefs};
pub use set::{MapHit, PatternFlags, PatternSet};
pub(crate) use store::{Record, Store};
pub use subject::Subject;

#[cfg(test)]
mod tests;
