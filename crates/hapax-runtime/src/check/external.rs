//! `option external-check`: a program that ends with 0 where the server is well.

use std::process::Stdio;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use hapax_balance::{CheckStatus, Outcome};
use hapax_config::plan::{BindAddress, Check, External, Mode};
use hapax_sample::{ProxyId, ServerId};
use hapax_value::Endpoint;
use tokio::process::Command;
use tokio::time::timeout;

use crate::state::Shared;

/// What stands for an address or a port that there is not.
const NONE: &str = "NOT_USED";

/// The code of a program that cannot be run.
const NOT_RUN: u16 = 255;

pub(super) async fn run(shared: &Shared, p: ProxyId, s: ServerId, check: &Check) -> Outcome {
    let done = |status, code, info: String| Outcome {
        status,
        code,
        info,
        duration_ms: 0,
    };
    let Some(external) = &check.script.external else {
        return done(CheckStatus::SockErr, 0, String::new());
    };
    let mut child = match command(shared, p, s, external).spawn() {
        Ok(c) => c,
        Err(e) => return done(CheckStatus::ProcErr, NOT_RUN, e.to_string()),
    };
    let limit = shared.conf(p).timeouts.check.unwrap_or(check.inter);
    match timeout(Duration::from_millis(limit.max(1)), child.wait()).await {
        Ok(Ok(status)) if status.success() => done(CheckStatus::ProcOk, 0, String::new()),
        Ok(Ok(status)) => match status.code() {
            Some(code) => done(CheckStatus::ProcErr, code as u16, String::new()),
            None => done(CheckStatus::ProcErr, 0, "killed by a signal".to_owned()),
        },
        Ok(Err(e)) => done(CheckStatus::SockErr, 0, e.to_string()),
        Err(_) => {
            // It may have ended meanwhile; nobody waits for it any more.
            let _ = child.start_kill();
            let _ = child.wait().await;
            done(CheckStatus::ProcTimeout, 0, String::new())
        }
    }
}

fn parts(at: Option<&Endpoint>) -> (String, Option<String>) {
    match at {
        Some(Endpoint::Ip(a)) => (a.ip().to_string(), Some(a.port().to_string())),
        Some(Endpoint::Unix(path)) => (path.to_string(), None),
        Some(Endpoint::Abstract(name, _)) => (String::from_utf8_lossy(name).into_owned(), None),
        None => (NONE.to_owned(), None),
    }
}

fn command(shared: &Shared, p: ProxyId, s: ServerId, external: &External) -> Command {
    let (plan, state) = (shared.conf(p), shared.server(p, s));
    let server = state.conf();
    let listens = plan.binds.iter().find_map(|b| match &b.address {
        BindAddress::At(e) => Some(e),
        BindAddress::Fd(_) => None,
    });
    let (proxy_addr, proxy_port) = parts(listens);
    let own = state.endpoint();
    let (server_addr, server_port) = parts(own.as_ref());
    let or_none = |port: &Option<String>| port.clone().unwrap_or_else(|| NONE.to_owned());
    let mut c = Command::new(&external.command);
    c.args([&proxy_addr, &or_none(&proxy_port), &server_addr, &or_none(&server_port)]);
    if !shared.plan.global.external_check_env {
        c.env_clear();
    }
    let known = |text: String| if text == NONE { String::new() } else { text };
    let protocol = if plan.mode == Mode::Http {
        server.proto.clone().unwrap_or_else(|| "h1".to_owned())
    } else {
        "tcp".to_owned()
    };
    c.env("HAPROXY_PROXY_NAME", &*plan.name)
        .env("HAPROXY_PROXY_ID", plan.iid.to_string())
        .env("HAPROXY_PROXY_ADDR", known(proxy_addr))
        .env("HAPROXY_PROXY_PORT", proxy_port.unwrap_or_default())
        .env("HAPROXY_SERVER_NAME", &*server.name)
        .env("HAPROXY_SERVER_ID", server.id.to_string())
        .env("HAPROXY_SERVER_ADDR", known(server_addr))
        .env("HAPROXY_SERVER_PORT", server_port.unwrap_or_default())
        .env("HAPROXY_SERVER_MAXCONN", state.maxconn.load(Relaxed).to_string())
        .env("HAPROXY_SERVER_CURCONN", state.cur_sess.load(Relaxed).to_string())
        .env("HAPROXY_SERVER_SSL", u8::from(server.tls_for_traffic).to_string())
        .env("HAPROXY_SERVER_PROTO", protocol);
    c.env("PATH", external.path.as_deref().unwrap_or_default());
    c.stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    c
}
