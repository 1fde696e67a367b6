//! Converters (manual, 7.3.1): one file per family, each with its rows beside the functions that do the work.
#![allow(
    clippy::ptr_arg,
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "all rows have functions of the same signatures"
)]

mod aes;
mod arg;
mod blocks;
pub(crate) mod dates;
mod digests;
mod encodings;
mod fix;
mod flow;
pub mod forwarded;
mod gcm_any_nonce;
mod hashes;
mod json;
mod jwe;
mod jwt;
pub use jwt::JwtCerts;
mod maps;
mod mqtt;
mod numbers;
mod packets;
mod protobuf;
mod proxies;
mod regsub;
mod strings;
mod tables;
mod variables;
mod words;
mod x509;

use hapax_value::{Support, Type, Value};

use crate::{Arg, ArgKind, Compile, Converter, Env, Sampled};

/// Every family, in the order of the reference pages.
pub static FAMILIES: &[&[Converter]] = &[
    aes::ROWS,
    blocks::ROWS,
    dates::ROWS,
    digests::ROWS,
    encodings::ROWS,
    fix::ROWS,
    flow::ROWS,
    forwarded::ROWS,
    hashes::ROWS,
    json::ROWS,
    jwe::ROWS,
    jwt::ROWS,
    maps::ROWS,
    mqtt::ROWS,
    numbers::ROWS,
    packets::INTEGERS,
    packets::ROWS,
    protobuf::ROWS,
    proxies::ROWS,
    regsub::ROWS,
    strings::ROWS,
    tables::DATA,
    tables::NUMBERED,
    tables::ROWS,
    variables::ROWS,
    words::ROWS,
    x509::ROWS,
];

/// All rows.
pub fn all() -> impl Iterator<Item = &'static Converter> {
    FAMILIES.iter().copied().flatten()
}

/// The row of a name.
pub fn find(name: &str) -> Option<&'static Converter> {
    all().find(|row| row.name == name)
}

type Check = fn(&mut Vec<Arg>, &mut Compile<'_>) -> Result<(), String>;
type Eval = for<'e> fn(&'e [Arg], Value<'e>, &'e Env<'e>) -> Sampled<'e>;

impl Converter {
    const fn new(name: &'static str, from: Type, to: Type, doc: &'static str, eval: Eval) -> Self {
        Self {
            name,
            args: &[],
            required: 0,
            from,
            to,
            doc,
            ok: &[],
            bad: &[],
            support: Support::Full,
            check: None,
            eval,
        }
    }

    /// The arguments it takes, and how many of them must be given.
    const fn args(mut self, args: &'static [ArgKind], required: usize) -> Self {
        self.args = args;
        self.required = required;
        self
    }

    const fn check(mut self, check: Check) -> Self {
        self.check = Some(check);
        self
    }

    /// Expressions that are accepted and refused, as they follow a fetch.
    const fn cases(mut self, ok: &'static [&'static str], bad: &'static [&'static str]) -> Self {
        self.ok = ok;
        self.bad = bad;
        self
    }
}

#[cfg(test)]
mod tests;
