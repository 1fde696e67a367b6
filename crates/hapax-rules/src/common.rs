//! Actions that TCP and HTTP rule sets share, under one word or under two.

pub(crate) mod accept;
pub(crate) mod var;
