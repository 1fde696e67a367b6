//! The commands, by family.

mod authorities;
mod certs;
mod cookies;
mod counters;
mod crt_lists;
mod debug;
mod dynamic;
pub(crate) mod events;
mod frontends;
mod info;
mod jwt;
mod maps;
mod missing;
mod own;
mod peers;
mod resolvers;
mod servers;
mod sessions;
mod settings;
mod stat;
mod state;
mod tables;
mod vars;
mod weights;

use crate::command::Command;

/// Every family's rows.
pub(crate) static FAMILIES: &[&[Command]] = &[
    own::ROWS,
    info::ROWS,
    stat::ROWS,
    state::ROWS,
    resolvers::ROWS,
    servers::ROWS,
    settings::ROWS,
    dynamic::ROWS,
    weights::ROWS,
    frontends::ROWS,
    cookies::ROWS,
    sessions::ROWS,
    counters::ROWS,
    jwt::ROWS,
    certs::ROWS,
    authorities::ROWS,
    crt_lists::ROWS,
    maps::ROWS,
    vars::ROWS,
    tables::ROWS,
    peers::ROWS,
    debug::ROWS,
    events::ROWS,
    missing::ROWS,
];

#[cfg(test)]
mod tests;
