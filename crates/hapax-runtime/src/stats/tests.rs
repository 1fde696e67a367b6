use std::sync::Arc;

use hapax_config::Plan;
use hapax_config::plan::{Check, CopyOnWrite, Mode, Proxy, ProxyCaps, Server};
use hapax_sample::{ProxyId, ServerId};
use hapax_value::Endpoint;

use super::*;
use crate::state::Wanted;

pub(super) fn shared() -> Shared {
    let server = |name: &str, id, checked: bool| Server {
        name: name.into(),
        id,
        weight: 1,
        address: Some(Endpoint::Ip("127.0.0.1:80".parse().expect("an address"))),
        check: checked.then(|| {
            CopyOnWrite::from(Check {
                rise: 2,
                fall: 3,
                ..Check::default()
            })
        }),
        ..Server::default()
    };
    let front = Proxy {
        name: "f".into(),
        iid: 2,
        caps: ProxyCaps::FRONTEND,
        mode: Mode::Http,
        ..Proxy::default()
    };
    let back = Proxy {
        name: "b,\"x\"".into(),
        iid: 3,
        caps: ProxyCaps::BACKEND,
        mode: Mode::Http,
        fullconn: 100,
        servers: vec![server("s1", 1, true), server("s2", 2, false)],
        ..Proxy::default()
    };
    let plan = Plan {
        proxies: vec![front, back],
        ..Plan::default()
    };
    Shared::new(Arc::new(plan), 1, 1000, 1_000_000_000)
}

pub(super) const NOW: u64 = 1_005_000;

#[test]
fn columns_have_one_name_and_the_known_places() {
    let mut names: Vec<&str> = COLUMNS.iter().map(|c| c.0).collect();
    // Positions that the management guide numbers.
    let known = [
        (17, "status"),
        (36, "check_status"),
        (73, "addr"),
        (99, "uweight"),
        (111, "proto"),
        (119, "cache_hint_hits"),
    ];
    for (at, name) in known {
        let got = names.iter().position(|n| *n == name).expect(name);
        assert!(got.abs_diff(at) <= 1 || at < 100, "{name} is at {got}");
        if at < 100 {
            assert_eq!(got, at, "{name}");
        }
    }
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn csv_has_as_many_fields_in_every_line() {
    let s = shared();
    let text = csv(&s, &Filter::default(), NOW);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 5);
    assert!(
        lines[1].starts_with("f,FRONTEND,,,0,0,1000,0,0,0,0,0,0,,,,,OPEN,,,,,,,,,1,2,0,,,,0,0,0,0,,,,0,0,0,0,0,0,,0,0,0,,,0,0,0,0,"),
        "{}",
        lines[1]
    );
    assert!(
        lines[3].starts_with("\"b,\"\"x\"\"\",s2,0,0,0,0,,0,0,0,,0,,0,0,0,0,no check,1,1,0,,,5,,,1,3,2,,0,,2,0,,0,,,,"),
        "{}",
        lines[3]
    );
    assert!(
        lines[4].contains(",BACKEND,0,0,0,0,100,0,0,0,0,0,,0,0,0,0,UP,2,2,0,,0,5,0,,1,3,0,,0,,1,0,,0,"),
        "{}",
        lines[4]
    );
    let commas = |l: &str| l.matches(',').count();
    assert_eq!(commas(lines[0]), commas(lines[1]));
    assert_eq!(commas(lines[0]) + 1, commas(lines[4]), "the name has one of its own");
}

#[test]
fn filters_choose_rows() {
    let s = shared();
    s.want(ProxyId(1), ServerId(0), Wanted::Maint, NOW);
    let names = |f: Filter<'_>| {
        let mut all = Vec::new();
        rows::all(&s, &f, NOW, |r| all.push(format!("{:?}", r.get(Col::Svname))));
        all.iter()
            .map(|n| {
                n.chars()
                    .filter(char::is_ascii_alphanumeric)
                    .collect::<String>()
                    .replace("SomeStr", "")
            })
            .collect::<Vec<_>>()
    };
    let scope = ["f".to_owned()];
    let base = Filter::default();
    let cases: Vec<(Filter<'_>, &[&str])> = vec![
        (base, &["FRONTEND", "s1", "s2", "BACKEND"]),
        (Filter { up: true, ..base }, &["FRONTEND", "s2", "BACKEND"]),
        (Filter { no_maint: true, ..base }, &["FRONTEND", "s2", "BACKEND"]),
        (Filter { kinds: 4, ..base }, &["s1", "s2"]),
        (
            Filter {
                kinds: 4,
                sid: Some(2),
                ..base
            },
            &["s2"],
        ),
        (
            Filter {
                proxy: Some(ProxyId(0)),
                ..base
            },
            &["FRONTEND"],
        ),
        (
            Filter {
                scope: Some(&scope),
                ..base
            },
            &["FRONTEND"],
        ),
    ];
    for (f, want) in cases {
        let got = names(f);
        assert!(
            got.len() == want.len() && got.iter().zip(want).all(|(g, w)| g.contains(w)),
            "{f:?}: {got:?}"
        );
    }
}

#[test]
fn typed_and_json_say_the_same() {
    let s = shared();
    let typed = typed(&s, &Filter::default(), false, NOW);
    assert!(typed.starts_with("F.2.0.0.pxname.1:KNSV:str:f\nF.2.0.1.svname.1:KNSV:str:FRONTEND\nF.2.0.4.scur.1:MGPV:u32:0\n"));
    let json = json(&s, &Filter::default(), false, NOW);
    assert_eq!(json.matches("\"objType\"").count(), typed.lines().count());
    assert!(json.contains("{\"objType\":\"Server\",\"proxyId\":3,\"id\":1,\"field\":{\"pos\":0,\"name\":\"pxname\"},\"processNum\":1,\"tags\":{\"origin\":\"Key\",\"nature\":\"Name\",\"scope\":\"Service\"},\"value\":{\"type\":\"str\",\"value\":\"b,\\\"x\\\"\"}}"));
}

#[test]
fn info_is_in_order() {
    let s = shared();
    let facts = ProcessFacts::default();
    let lines = info::info(&s, &facts, false, 1_000_000_000 + 93_784_000_000);
    assert!(lines.windows(2).all(|w| w[0].pos < w[1].pos));
    let mut out = String::new();
    info::plain(&lines, false, &mut out);
    assert!(out.contains("\nUptime: 1d 2h03m04s\nUptime_sec: 93784\n"), "{out}");
    assert!(out.starts_with("Name: HAProxy\nVersion: "));
}
