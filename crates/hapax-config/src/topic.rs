//! The dictionary's families: one file per topic, each with its rows and what a proxy inherits of it.
//!
//! To add a family: a file with `pub static TOPIC: Topic`, one line in the list below.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_sample::acl::Condition;

use crate::args::Args;
use crate::dictionary::Row;
use crate::draft::Draft;
use crate::reader::Reader;

pub(crate) mod acme;
pub(crate) mod alerts;
mod balance;
pub(crate) mod cache;
mod capture;
pub(crate) mod checks;
mod compression;
mod cookie;
mod crt_store;
pub(crate) mod direct;
pub(crate) mod errors;
pub(crate) mod fcgi_app;
mod filters;
mod healthcheck;
mod keepalive;
mod limits;
mod listening;
mod log_forward;
mod log_profile;
mod logging;
pub(crate) mod mailers;
mod mode;
mod monitor;
pub(crate) mod namespaces;
mod options;
pub(crate) mod peers;
mod process;
mod program;
mod rarities;
mod removed;
pub(crate) mod resolvers;
mod ring;
mod rules;
pub(crate) mod server_state;
pub(crate) mod servers;
mod stats;
mod stick;
mod switching;
mod timeouts;
mod tls_defaults;
mod traces;
mod tuning;
pub(crate) mod userlist;

/// One family of keywords.
pub struct Topic {
    pub name: &'static str,
    pub rows: &'static [Row],
    /// Hands the family's values over from a `defaults` section to a new proxy (whose kind and name are set already).
    pub inherit: fn(&mut Draft, &Draft),
}

/// For families that nothing is inherited of.
pub fn no_inherit(_: &mut Draft, _: &Draft) {}

/// The condition of a line that is nothing but one, after `if` or `unless`.
fn required_condition(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<Option<Arc<Condition>>, Diagnostic> {
    if !matches!(a.str(0), "if" | "unless") {
        return Err(a.bad(0, format!("'{}' requires either 'if' or 'unless' followed by a condition.", a.name)));
    }
    cx.condition(a, 0).map_err(|d| {
        let message = format!(
            "error detected while parsing a '{}' rule : {}.",
            a.name,
            d.message.trim_end_matches('.')
        );
        Diagnostic { message, ..d }
    })
}

/// Every family. The order is that of the reference pages.
pub static ALL: &[&Topic] = &[
    &process::TOPIC,
    &process::IDENTITY,
    &logging::TOPIC,
    &listening::TOPIC,
    &mode::TOPIC,
    &limits::TOPIC,
    &servers::TOPIC,
    &balance::TOPIC,
    &cookie::TOPIC,
    &switching::TOPIC,
    &rules::TOPIC,
    &capture::TOPIC,
    &monitor::TOPIC,
    &tls_defaults::TOPIC,
    &timeouts::TOPIC,
    &tuning::buffers::TOPIC,
    &tuning::compression::TOPIC,
    &tuning::cpu::TOPIC,
    &tuning::forwarding::TOPIC,
    &tuning::http::TOPIC,
    &tuning::httpclient::TOPIC,
    &tuning::limits::TOPIC,
    &tuning::lua::TOPIC,
    &tuning::modules::TOPIC,
    &tuning::ocsp::TOPIC,
    &tuning::process::TOPIC,
    &tuning::quic::TOPIC,
    &tuning::scheduler::TOPIC,
    &tuning::sockets::TOPIC,
    &tuning::tls::TOPIC,
    &acme::TOPIC,
    &cache::TOPIC,
    &crt_store::TOPIC,
    &fcgi_app::TOPIC,
    &healthcheck::TOPIC,
    &log_forward::TOPIC,
    &log_profile::TOPIC,
    &mailers::TOPIC,
    &namespaces::TOPIC,
    &options::TOPIC,
    &errors::TOPIC,
    &checks::TOPIC,
    &peers::TOPIC,
    &program::TOPIC,
    &resolvers::TOPIC,
    &ring::TOPIC,
    &traces::TOPIC,
    &userlist::TOPIC,
    &compression::TOPIC,
    &filters::TOPIC,
    &alerts::TOPIC,
    &keepalive::TOPIC,
    &server_state::TOPIC,
    &stats::TOPIC,
    &stick::TOPIC,
    &rarities::TOPIC,
    &direct::TOPIC,
    &removed::TOPIC,
];

#[cfg(test)]
mod tests;
