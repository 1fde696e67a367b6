//! Actions that TCP and HTTP rule sets share, under one word or under two.

pub(crate) mod accept;
pub(crate) mod address;
pub(crate) mod capture;
pub(crate) mod filter;
pub(crate) mod lua;
pub(crate) mod mark;
pub(crate) mod resolve;
pub(crate) mod stream;
pub(crate) mod track;
pub(crate) mod var;

#[cfg(test)]
mod tests;
