//! The state of servers, in the forms that state files and tools read.

use std::sync::atomic::Ordering::Relaxed;

use hapax_balance::{CheckStatus, Verdict};
use hapax_config::plan::{Proxy, ProxyCaps, Server};
use hapax_runtime::state::{Admin, ServerState};
use hapax_sample::ProxyId;
use hapax_value::Endpoint;

use super::own::row;
use crate::command::{Answer, Call, Command};
use hapax_config::plan::SocketLevel;
use hapax_value::Support;

pub(super) static ROWS: &[Command] = &[
    row!(
        &["show", "servers", "state"],
        User,
        "show servers state [<backend>]",
        "show the state of servers, as state files have it",
        servers_state
    ),
    row!(
        &["show", "servers", "conn"],
        User,
        "show servers conn [<backend>]",
        "show the connections of servers",
        servers_conn
    ),
    row!(&["show", "backend"], User, "show backend", "list the backends", backends),
];

fn backends(c: &mut Call<'_>) -> Answer {
    let mut out = String::from("# name\n");
    let shared = c.control.shared();
    for (_, p) in shared.every_proxy().filter(|(_, p)| p.caps.contains(ProxyCaps::BACKEND)) {
        put!(out, "{}\n", p.name);
    }
    Answer::Text(out)
}

/// Runs `each` for every server of the backend asked for, or of all.
fn for_servers(c: &Call<'_>, mut each: impl FnMut(ProxyId, &Proxy, &ServerState)) -> Result<(), Answer> {
    let only = match c.arg(0) {
        "" => None,
        name => match c.proxy(name, true) {
            Some(p) => Some(p),
            None => return Err(Answer::err("Can't find backend.")),
        },
    };
    let shared = c.control.shared();
    for (state, conf) in shared.every_proxy() {
        if conf.caps.contains(ProxyCaps::BACKEND) && only.is_none_or(|p| p == state.id) {
            for (_, s) in state.servers.iter() {
                each(state.id, conf, s);
            }
        }
    }
    Ok(())
}

fn servers_state(c: &mut Call<'_>) -> Answer {
    let mut out = String::from(
        "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight \
         srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state \
         bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr \
         srv_agent_port\n",
    );
    let now = c.control.now_ms();
    let done = for_servers(c, |_, proxy, server| {
        out.push_str(&state_line(proxy, server, &server.conf(), now));
    });
    match done {
        Ok(()) => Answer::Text(out),
        Err(answer) => answer,
    }
}

fn state_line(proxy: &Proxy, s: &ServerState, conf: &Server, now_ms: u64) -> String {
    let view = s.check().clone();
    let (addr, port) = address(s, conf);
    let (status, result) = if conf.check.is_some() {
        (status_number(view.last.status), result_number(view.last.status))
    } else {
        (1, 0)
    };
    let health = match (s.in_maintenance(), conf.check.is_some()) {
        (true, _) if view.forced_in_maint => (conf.rise + conf.fall).saturating_sub(1),
        (true, _) => 0,
        (false, true) => view.health.value(),
        // Nobody has counted, unless the runtime API said so; `default-server` lines leave what a first check would start from.
        (false, false) => match view.forced {
            Some(true) => (conf.rise + conf.fall).saturating_sub(1),
            None if proxy.default_server.is_some() && !s.is_added() => conf.rise,
            Some(false) | None => 0,
        },
    };
    // Bits: a check is under way, one is configured, it is enabled, it is paused by maintenance.
    let check_state = u32::from(view.running)
        | u32::from(conf.check.is_some()) << 1
        | u32::from(conf.check.is_some() && s.check_enabled.load(Relaxed)) << 2
        | u32::from(conf.disabled || (conf.check.is_some() && s.in_maintenance() && !s.newborn.load(Relaxed))) << 3;
    // The same for the agent, and that it is one.
    let agent_state = s.agent().map_or(0, |a| {
        u32::from(a.view().running) | 1 << 1 | u32::from(a.enabled.load(Relaxed)) << 2 | 1 << 4
    });
    let since = now_ms.saturating_sub(s.last_change.load(Relaxed)) / 1000;
    let (fqdn, service) = match s.naming() {
        Some(naming) => (naming.fqdn.clone(), naming.service.clone()),
        None => (conf.hostname.clone(), None),
    };
    let (fqdn, service) = (fqdn.as_deref().unwrap_or("-"), service.as_deref().unwrap_or("-"));
    // Options of a check that is none are told all the same.
    let spare = conf.unused_check.as_deref();
    let given_port = conf.check.as_ref().map_or_else(|| spare.and_then(|c| c.port), |c| c.port);
    let check_port = match s.check_port.load(Relaxed) {
        0 => given_port.map_or(0, u32::from),
        n => n,
    };
    let ip_or_none = |e: Option<Endpoint>| {
        e.as_ref()
            .and_then(Endpoint::ip)
            .map_or_else(|| "-".to_owned(), |ip| ip.to_string())
    };
    let configured = || {
        let own = conf.check.as_ref().map(|c| &c.address);
        own.or(spare.map(|c| &c.address)).and_then(Clone::clone)
    };
    let check_addr = ip_or_none(s.check_address().or_else(configured));
    let (agent_addr, agent_port) = match s.agent() {
        Some(a) => {
            let target = a.target();
            (ip_or_none(target.0.clone()), target.1)
        }
        // What a check goes to, an agent would.
        None => (check_addr.clone(), given_port.unwrap_or(0)),
    };
    format!(
        "{} {} {} {} {addr} {} {} {} {} {since} {status} {result} {health} {check_state} {agent_state} {} {} {fqdn} {port} {service} {} \
         {check_port} {check_addr} {agent_addr} {agent_port}\n",
        proxy.iid,
        proxy.name,
        conf.id,
        conf.name,
        s.oper() as u8,
        s.admin() & (Admin::MAINT | Admin::CMAINT | Admin::DRAIN | Admin::HMAINT),
        s.uweight.load(Relaxed),
        s.iweight.load(Relaxed),
        u8::from(proxy.id_given),
        u8::from(conf.id_given),
        s.tls_number(),
    )
}

fn address(s: &ServerState, conf: &Server) -> (String, u32) {
    match s.endpoint() {
        // A port that follows the client's is told by its distance.
        Some(Endpoint::Ip(a)) => (a.ip().to_string(), conf.port_offset.map_or(a.port().into(), i32::cast_unsigned)),
        // Only addresses of IP are told.
        Some(Endpoint::Unix(_) | Endpoint::Abstract(..)) => ("-".into(), 0),
        // A name without an address has the port of its line, or of the place of a service.
        None => ("-".into(), s.naming().map_or(conf.port, |n| n.port).into()),
    }
}

/// The numbers of check statuses in state files.
fn status_number(s: CheckStatus) -> u8 {
    match s {
        CheckStatus::Unknown => 0,
        CheckStatus::Init => 1,
        CheckStatus::Checked => 3,
        CheckStatus::Analyze => 4,
        CheckStatus::SockErr => 5,
        CheckStatus::L4Ok => 6,
        CheckStatus::L4Timeout => 7,
        CheckStatus::L4Con => 8,
        CheckStatus::L6Ok => 9,
        CheckStatus::L6Timeout => 10,
        CheckStatus::L6Rsp => 11,
        CheckStatus::L7Timeout => 12,
        CheckStatus::L7Rsp => 13,
        CheckStatus::L7Ok => 15,
        CheckStatus::L7OkCond => 16,
        CheckStatus::L7Status => 17,
        CheckStatus::ProcErr => 18,
        CheckStatus::ProcTimeout => 19,
        CheckStatus::ProcOk => 20,
    }
}

fn result_number(s: CheckStatus) -> u8 {
    match s.verdict() {
        Verdict::Unknown => 0,
        Verdict::Failed => 2,
        Verdict::Passed => 3,
        Verdict::Conditional => 4,
    }
}

fn servers_conn(c: &mut Call<'_>) -> Answer {
    let threads = c.control.shared().workers;
    let mut out = format!(
        "# bkname/svname bkid/svid addr port - purge_delay served used_cur used_max need_est idle_sess unsafe_nb safe_nb idle_lim \
         idle_cur idle_per_thr[{threads}]\n"
    );
    let done = for_servers(c, |_, proxy, s| {
        let conf = s.conf();
        let (addr, port) = address(s, &conf);
        let (served, used, most) = (s.cur_sess.load(Relaxed), s.need.used(), s.need.most());
        let idle = s.idle.load(Relaxed);
        let (private, safe) = (s.idle_private.load(Relaxed), s.idle_safe.load(Relaxed).min(idle));
        let limit = conf.pool_max_conn.map_or(-1, i64::from);
        let need = s.need.needed();
        put!(
            out,
            "{}/{} {}/{} {addr} {port} - {} {served} {used} {most} {need} {private} {} {safe} {limit} {idle}",
            proxy.name,
            conf.name,
            proxy.iid,
            conf.id,
            conf.pool_purge_delay,
            idle - safe,
        );
        // Pools are the workers' own; their sum is what is known here.
        for t in 0..threads {
            out.push_str(if t == 0 { " " } else { " 0" });
            if t == 0 {
                out.push_str(&idle.to_string());
            }
        }
        out.push('\n');
    });
    match done {
        Ok(()) => Answer::Text(out),
        Err(answer) => answer,
    }
}
