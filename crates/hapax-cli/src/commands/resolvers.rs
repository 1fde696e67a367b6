//! Name servers, and servers' names.

use hapax_config::plan::SocketLevel;
use hapax_runtime::state::{Asked, NameServerCounters};
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

/// Columns of the statistics, after a name server's name and its section's: all but one as `show resolvers` names them.
fn column(name: &str) -> &str {
    if name == "snd_error" { "send_error" } else { name }
}

/// `show stat domain resolvers [typed|json] [desc]`: a line for each name server.
pub(super) fn statistics(c: &Call<'_>, args: &[String]) -> Answer {
    let has = |w: &str| args.iter().any(|a| a == w);
    let shared = c.control.shared();
    let sections = shared.plan.resolvers.iter().zip(&shared.resolvers);
    let lines = sections.flat_map(|(conf, state)| {
        let named = conf.nameservers.iter().zip(&state.counters);
        named.map(|(server, counters)| (&*server.name, &*conf.name, counters.all()))
    });
    let mut out = String::new();
    if has("typed") {
        for (server, section, counters) in lines {
            typed(&mut out, server, section, &counters, has("desc"));
        }
    } else if has("json") {
        let all: Vec<String> = lines.map(|(server, section, counters)| json(server, section, &counters)).collect();
        put!(out, "[{}]\n", all.join(","));
    } else {
        let names = NameServerCounters::default().all();
        put!(out, "# id,pid,");
        for (name, _) in names {
            put!(out, "{},", column(name));
        }
        out.push('\n');
        for (server, section, counters) in lines {
            put!(out, "{server},{section},");
            for (_, value) in counters {
                put!(out, "{value},");
            }
            out.push('\n');
        }
    }
    Answer::Text(out)
}

fn typed(out: &mut String, server: &str, section: &str, counters: &[(&str, u64)], described: bool) {
    let told = |text: &str| if described { format!(":\"{text}\"") } else { String::new() };
    put!(*out, "N.0.id:CGP:str:{server}{}\n", told("Name server"));
    put!(*out, "N.1.pid:CGP:str:{section}{}\n", told("Its resolvers section"));
    for (i, (name, value)) in counters.iter().enumerate() {
        let name = column(name);
        put!(*out, "N.{}.{name}:MGP:u64:{value}{}\n", i + 2, told(&name.replace('_', " ")));
    }
}

fn json(server: &str, section: &str, counters: &[(&str, u64)]) -> String {
    let field = |pos: usize, name: &str, origin: &str, value: String| {
        format!(
            "{{\"field\":{{\"pos\":{pos},\"name\":\"{name}\"}},\"tags\":{{\"origin\":\"{origin}\",\"nature\":\"Gauge\",\"scope\":\"Process\"}},\
             \"value\":{value}}}"
        )
    };
    // Names hold no character that a string would have to escape.
    let text = |t: &str| format!("{{\"type\":\"str\",\"value\":\"{t}\"}}");
    let mut fields = vec![field(0, "id", "Config", text(server)), field(1, "pid", "Config", text(section))];
    for (i, (name, value)) in counters.iter().enumerate() {
        fields.push(field(
            i + 2,
            column(name),
            "Metric",
            format!("{{\"type\":\"u64\",\"value\":{value}}}"),
        ));
    }
    format!("[{}]", fields.join(","))
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
            return Answer::Say(Severity::Warning, "no need to change the FDQN by 'stats socket command'".to_owned());
        }
        resolve.section as usize
    };
    let Some(text) = shared.set_fqdn(p, s, &fqdn, shared.server_conf(p, s).port, "stats socket command") else {
        return Answer::err(format!("could not update {} FQDN", shared.server_name(p, s)));
    };
    if let Some(section) = shared.resolvers.get(section) {
        section.ask(Asked::Renamed(p, s));
    }
    Answer::Say(Severity::Warning, text)
}
