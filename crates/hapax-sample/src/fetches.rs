//! Sample fetches by family (manual, 7.3.2 to 7.3.8).

#![allow(
    clippy::unnecessary_wraps,
    clippy::ptr_arg,
    reason = "rows hold functions of one type, whatever one of them needs of it"
)]

use crate::{Absent, Call, Env, Fetch, Sampled, StreamFacts};

mod acls;
pub mod certs;
pub mod chains;
mod connection;
mod cookies;
pub mod describe;
mod distcc;
mod dump;
pub mod headers;
mod hello;
pub(crate) mod http;
mod internal;
mod params;
mod payload;
mod process;
mod secrets;
mod session;
pub(crate) mod stream;
mod tables;
mod tls;

/// Every family's rows.
pub static FAMILIES: &[&[Fetch]] = &[
    internal::ROWS,
    acls::ROWS,
    process::ROWS,
    session::ROWS,
    connection::ROWS,
    stream::ROWS,
    dump::ROWS,
    tables::COUNTERS,
    tables::ROWS,
    tls::ROWS,
    secrets::ROWS,
    hello::ROWS,
    certs::ROWS,
    chains::ROWS,
    payload::ROWS,
    distcc::ROWS,
    http::ROWS,
    headers::ROWS,
    cookies::ROWS,
    params::ROWS,
];

pub(crate) use acls::holds as acl_holds;

/// What is known of the stream, where there is one.
fn stream_of<'e>(env: &Env<'e>) -> Result<&'e StreamFacts, Absent> {
    env.stream.begun.then_some(env.stream).ok_or(Absent::Never)
}

/// For rows whose facts are not gathered yet: their support says which.
fn missing<'e>(_: &mut Call<'_, 'e>) -> Sampled<'e> {
    Err(Absent::Never)
}

/// For rows that have nothing to look at here: their support says why.
fn no_effect<'e>(_: &mut Call<'_, 'e>) -> Sampled<'e> {
    Err(Absent::Never)
}

#[cfg(test)]
mod tests;
