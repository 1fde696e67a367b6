//! Name servers, and servers' names.

use hapax_config::plan::SocketLevel;
use hapax_runtime::state::Asked;
use hapax_sample::{ProxyId, ServerId};
use hapax_value::Support;

use super::own::row;
use crate::command::{Answer, Call, Command, Severity};

pub(super) static ROWS: &[Command] = &[row!(
    &["show", "resolvers"],
    User,
    "show resolvers [id]",
    "show what became of questions to name servers",
    show
)];

fn show(c: &mut Call<'_>) -> Answer {
    let shared = c.control.shared();
    let only = c.arg(0);
    let mut out = String::new();
    for (conf, state) in shared.plan.resolvers.iter().zip(&shared.resolvers) {
        if !only.is_empty() && only != &*conf.name {
            continue;
        }
        put!(out, "Resolvers section {}\n", conf.name);
        for (server, counters) in conf.nameservers.iter().zip(&state.counters) {
            put!(out, " nameserver {}:\n", server.name);
            for (name, value) in counters.all() {
                let name = format!("{name}:");
                put!(out, "  {name:<13}{value}\n");
            }
        }
    }
    match (out.is_empty(), only.is_empty()) {
        (false, _) => Answer::Text(out),
        (true, true) => Answer::err("No resolvers found"),
        (true, false) => Answer::err("Can't find that resolvers section"),
    }
}

/// `set server <b>/<s> fqdn <name>`
pub(super) fn set_fqdn(c: &mut Call<'_>, (p, s): (ProxyId, ServerId)) -> Answer {
    let fqdn = c.arg(2).to_owned();
    if fqdn.is_empty() {
        return Answer::err("set server <b>/<s> fqdn requires a FQDN.");
    }
    let shared = c.control.shared();
    let section = {
        let (server, conf) = (shared.server(p, s), shared.server_conf(p, s));
        let (Some(naming), Some(resolve)) = (server.naming(), conf.resolve.as_ref()) else {
            return Answer::err("set server <b>/<s> fqdn failed because no resolution is configured.");
        };
        if naming.service.is_some() {
            return Answer::err("set server <b>/<s> fqdn failed because SRV resolution is configured.");
        }
        if naming.fqdn.as_deref().is_some_and(|old| old.eq_ignore_ascii_case(&fqdn)) {
            return Answer::Done;
        }
        resolve.section as usize
    };
    let Some(text) = shared.set_fqdn(p, s, &fqdn, "stats socket command") else {
        return Answer::err(format!("could not update {} FQDN", shared.server_name(p, s)));
    };
    if let Some(section) = shared.resolvers.get(section) {
        section.ask(Asked::Renamed(p, s));
    }
    Answer::Say(Severity::Warning, text)
}
