//! Names looked up while the process runs: servers, services, rules, and name servers that misbehave.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

mod faults;
mod real;
mod rules;
mod secure;
mod servers;
mod services;

use hapax_tests::{Builder, Dns, Program, Proxy, wait};

const HEAD: &str = "global\n  stats socket @dir@/stats.sock mode 600 level admin\n  dns-accept-family ipv4,ipv6\ndefaults\n  mode http\n  timeout connect 10s\n  timeout client 2m\n  timeout server 2m\nfrontend idle\n  bind @idle@\n";

/// A section that asks `@dns@` often. Answers may take their time: who is given up early is told to be gone.
const SECTION: &str = "resolvers r\n  nameserver ns @dns@\n  timeout resolve 50ms\n  timeout retry @retry@\n  hold nx 0\n  hold timeout 0\n  hold \
                       refused 0\n  hold other 0\n  hold obsolete 0\n";

fn builder(dns: &Dns, rest: &str) -> Builder {
    Builder::new(Program::Hapax, &format!("{HEAD}{SECTION}{rest}"))
        .set("dns", &dns.addr())
        .set("retry", "5s")
}

/// A column of `show servers state` for a server.
fn state(p: &Proxy, server: &str, column: &str) -> String {
    let text = p.cli("show servers state");
    let head = text.lines().find(|l| l.starts_with("# ")).unwrap().trim_start_matches("# ");
    let at = head.split(' ').position(|c| c == column).unwrap();
    let line = text.lines().find(|l| l.split(' ').nth(3) == Some(server));
    line.unwrap().split(' ').nth(at).unwrap().to_owned()
}

fn wait_state(p: &Proxy, server: &str, column: &str, want: &str) {
    let what = format!("{column} of {server} to be {want}");
    wait::until_true(&what, || state(p, server, column) == want);
}

/// A counter of `show resolvers`, of the first name server.
fn counter(p: &Proxy, name: &str) -> u64 {
    let text = p.cli("show resolvers r");
    let line = text.lines().find(|l| l.trim_start().starts_with(&format!("{name}:"))).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}
