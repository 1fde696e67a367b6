//! Which server gets which key: the algorithms, farms and requests that are asked of both programs, and of the tables made of
//! HAProxy's answers.
#![allow(unreachable_pub, reason = "two test programs share it")]

use std::collections::BTreeMap;

pub const ALGORITHMS: &[(&str, &str)] = &[
    ("source", "source"),
    ("uri", "uri"),
    ("whole", "uri whole"),
    ("len", "uri len 7"),
    ("depth", "uri depth 2"),
    ("both", "uri len 9 depth 2"),
    ("path", "uri path-only"),
    ("all", "uri path-only whole"),
    ("param", "url_param id"),
    ("hdr", "hdr(x-key)"),
    ("domain", "hdr(host) use_domain_only"),
    ("expr", "hash hdr(x-key),lower"),
    ("address", "hash src"),
    ("number", "hash hdr(x-num),add(1)"),
];

pub const FUNCTIONS: &[&str] = &["sdbm", "djb2", "wt6", "crc32"];

/// Farms: equal, weights, one down, a backup in charge, all backups, ids of its own, ids of some and places of others, many.
pub fn farms(origin: &str) -> Vec<(&'static str, String)> {
    let lines = |options: &[&str]| {
        let line = |(i, o): (usize, &&str)| format!("  server s{} {origin} {o}\n", i + 1);
        options.iter().enumerate().map(line).collect::<String>()
    };
    let many: Vec<String> = (0..40).map(|i| format!("weight {}", 1 + i % 7)).collect();
    vec![
        ("equal", lines(&["", "", "", "", ""])),
        ("weights", lines(&["", "weight 2", "weight 30", "weight 7"])),
        ("down", lines(&["weight 3", "weight 5 disabled", "weight 3", "weight 4"])),
        ("backup", lines(&["disabled", "backup weight 5", "backup weight 2"])),
        (
            "backups",
            format!("  option allbackups\n{}", lines(&["disabled", "backup weight 5", "backup"])),
        ),
        ("ids", lines(&["id 70", "id 3 weight 9", "id 4000 weight 4"])),
        ("places", lines(&["id 9 weight 2", "", "id 2", "weight 4"])),
        ("many", lines(&many.iter().map(String::as_str).collect::<Vec<_>>())),
    ]
}

/// Every backend by name, with its lines.
pub fn backends(origin: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut add = |algorithm: &(&str, &str), kind: &str, farm: &(&str, String)| {
        let name = format!("{}-{}-{}", algorithm.0, kind.replace(' ', "-"), farm.0);
        all.insert(name, format!("  balance {}\n  hash-type {kind}\n{}", algorithm.1, farm.1));
    };
    for farm in &farms(origin) {
        for algorithm in ALGORITHMS {
            add(algorithm, "map-based", farm);
            add(algorithm, "consistent", farm);
        }
        for method in ["map-based", "consistent"] {
            for function in FUNCTIONS {
                add(&("hdr", "hdr(x-key)"), &format!("{method} {function}"), farm);
                add(&("hdr", "hdr(x-key)"), &format!("{method} {function} avalanche"), farm);
            }
        }
    }
    // Where one backup is in charge, 2.6 lets requests without a key take turns among all backups; the manual has them all go to one.
    all.remove("param-map-based-backup");
    all
}

/// Backends that versions from 3.0 on read: points of servers by other marks than their ids, keys that are numbers already. Nobody listens
/// at the addresses; who was chosen is told all the same.
pub fn newer() -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let farm = |mark: &str| {
        let line = |(i, id): (usize, &str)| {
            let n = i + 1;
            format!("  server s{n} 127.0.0.{n}:{n} id {id} weight {n} guid srv:{mark}:{n} hash-key {mark}\n")
        };
        let ids = ["7", "70000", "2000000000", "4000000000"];
        ids.into_iter().enumerate().map(line).collect::<String>()
    };
    for mark in ["id", "id32", "guid", "addr", "addr-port"] {
        for kind in ["consistent", "consistent sdbm", "consistent wt6 avalanche"] {
            let name = format!("key-{}-{mark}", kind.replace(' ', "-"));
            let told = "  retries 0\n  http-after-response set-header x-srv %s\n";
            let servers = farm(mark).replace("guid srv:", &format!("guid {}:", kind.replace(' ', "-")));
            all.insert(name, format!("  balance hdr(x-key)\n  hash-type {kind}\n{told}{servers}"));
        }
    }
    for kind in ["consistent none", "map-based none", "consistent none avalanche"] {
        let name = format!("digits-{}", kind.replace(' ', "-"));
        let told = "  retries 0\n  http-after-response set-header x-srv %s\n";
        let servers = farm("id").replace("guid srv:", &format!("guid {}:", kind.replace(' ', "-")));
        all.insert(name, format!("  balance hdr(x-num)\n  hash-type {kind}\n{told}{servers}"));
    }
    all
}

/// A request for `backend` whose keys all follow from `i`.
pub fn request(backend: &str, i: usize) -> String {
    let src = if i.is_multiple_of(3) {
        format!("2001:db8:{i:x}::{:x}", i * 77)
    } else {
        format!("10.{}.{}.{}", i % 256, i * 7 % 256, i * 13 % 251)
    };
    let target = match i % 6 {
        0 => format!("/d{}/e{}/f{i}?id=k{i}&x=1", i % 17, i % 5),
        1 => format!("/q{i}?y=2&id={i}"),
        2 => format!("http://h{}.org/a{i}/b/c?id=z", i % 9),
        3 => format!("/{i}?id=%41"),
        4 => format!("//x//{i}/?id=&b"),
        _ => format!("/a/b/c/d/{i}?id=%41{i}"),
    };
    let host = match (i % 6, i % 5) {
        (2, _) => format!("h{}.org", i % 9),
        (_, 0) => format!("www.ex{i}.com"),
        (_, 1) => format!("h{i}"),
        (_, 2) => format!("10.0.0.{}", i % 250),
        (_, 3) => format!("a.b.c{i}.co.uk:8080"),
        _ => format!("x{i}.y."),
    };
    format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nX-Be: {backend}\r\nX-Key: Key{}\r\nX-Num: {}\r\nX-Src: {src}\r\n\r\n",
        i * 31,
        i * 7919
    )
}

/// The farms of the tables: their servers have one digit each.
pub const IN_TABLES: [&str; 6] = ["equal", "weights", "down", "backup", "ids", "places"];

/// Keys of each row of a table.
pub const KEYS: usize = 1000;

/// What stands in the tables, by name.
pub fn in_tables(origin: &str) -> BTreeMap<String, String> {
    let mut all = backends(origin);
    all.retain(|name, _| IN_TABLES.iter().any(|farm| name.ends_with(&format!("-{farm}"))));
    all.extend(newer());
    all
}

/// Two servers to a character.
pub fn pack(servers: &[u8]) -> String {
    servers
        .chunks(2)
        .map(|two| (b'A' + two[0] * 7 + two.get(1).unwrap_or(&0)) as char)
        .collect()
}
