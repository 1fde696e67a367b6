//! Every key goes to the server it goes to in HAProxy: tables of what HAProxy answered, for every hash algorithm, function and mark of
//! a server's points (`hash-key`), and farms with equal servers, weights, one that is down, backups, and ids of their own.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

#[path = "../../../tests/servers/picks/questions.rs"]
#[allow(dead_code, reason = "the live comparison asks more")]
mod questions;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

use hapax_balance::{Algorithm, Choice, Farm, Load, Member, SCALE};
use hapax_config::plan::{Options, Plan, Proxy, Server};
use hapax_config::{Input, LoadOptions, load};
use hapax_proto::h1::{Limits, parse_request};
use hapax_proto::http::Head;
use hapax_sample::Files;
use hapax_sample::still::Stage;
use hapax_value::Endpoint;

use questions::{KEYS, in_tables, pack, request};

static TABLES: &str = include_str!("picks.txt");

#[test]
fn every_key_goes_where_it_went_in_haproxy() {
    let backends = in_tables("127.0.0.1:1");
    let plan = plan(&backends);
    let mut rows = 0;
    for row in TABLES.lines() {
        let (name, want) = row.split_once(' ').unwrap();
        let proxy = plan.proxies.iter().find(|p| *p.name == *name).unwrap();
        let (mut stage, mut farm) = (Stage::default(), farm(proxy));
        let servers: Vec<u8> = (0..KEYS).map(|i| picked(&mut stage, proxy, &mut farm, name, i)).collect();
        assert_eq!(pack(&servers), want, "{name}");
        rows += 1;
    }
    assert_eq!(rows, backends.len());
}

/// The number of the server that the `i`th request goes to.
fn picked(stage: &mut Stage, proxy: &Proxy, farm: &mut Farm, name: &str, i: usize) -> u8 {
    let text = request(name, i);
    let mut head = Head::default();
    let limits = Limits {
        fields: 101,
        relaxed: false,
    };
    parse_request(text.as_bytes(), &mut head, limits).unwrap().unwrap();
    let src = std::str::from_utf8(head.values(b"x-src").next().unwrap()).unwrap();
    // What is no address leaves the client's own, which is 127.0.0.1 here as there.
    stage.stream.src = src.parse::<IpAddr>().ok().map(|ip| Endpoint::Ip((ip, 0).into()));
    stage.req = Some(head);
    let key = proxy.balance.key(proxy.hash_type, &stage.env()).map(|k| k.place(proxy.hash_type));
    match farm.pick(key, |_| Load::default(), None) {
        Choice::Server(s) => s as u8 + 1,
        Choice::Full | Choice::NoServer => 0,
    }
}

fn farm(proxy: &Proxy) -> Farm {
    let member = |s: &Server| Member {
        id: s.id,
        node: s.node_key(s.address.as_ref()),
        weight: s.weight * SCALE,
        usable: !s.disabled,
        backup: s.backup,
    };
    let members = proxy.servers.iter().map(member).collect();
    let all_backups = proxy.options.contains(Options::ALLBACKUPS);
    Farm::new(Algorithm::Hash(proxy.hash_type), members, all_backups, 1)
}

struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Result<Arc<[u8]>, String> {
        Err("No such file or directory".to_owned())
    }
}

fn plan(backends: &BTreeMap<String, String>) -> Plan {
    let mut text = String::from("defaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n");
    for (name, lines) in backends {
        let _ = write!(text, "backend {name}\n{lines}");
    }
    let input = Input {
        name: "picks.cfg".to_owned(),
        bytes: text.into_bytes().into(),
    };
    load(vec![input], &NoFiles, &LoadOptions::default()).plan.unwrap()
}
