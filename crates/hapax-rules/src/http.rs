//! Actions of HTTP rule sets.

pub(crate) mod header;
pub(crate) mod reply;
