//! Actions of HTTP rule sets.

pub(crate) mod auth;
pub(crate) mod cache;
pub(crate) mod early_hint;
pub(crate) mod header;
pub(crate) mod headers_bin;
pub(crate) mod map;
pub(crate) mod normalize;
pub(crate) mod redirect;
pub(crate) mod replace;
pub(crate) mod reply;
pub(crate) mod settings;
pub(crate) mod status;
pub(crate) mod uri;
pub(crate) mod wait;

#[cfg(test)]
mod tests;
