//! How much memory a map of a million entries takes, and how long a look-up does:
//! `cargo run --profile fast -p hapax-sample --example million_map`.

#![allow(clippy::print_stdout, reason = "it is what it is for")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use hapax_sample::Files;
use hapax_sample::pattern::{MatchMethod, PatternFlags, PatternRefs, PatternSet};
use hapax_value::Value;

const ENTRIES: u32 = 1_000_000;

struct Text(Arc<[u8]>);

impl Files for Text {
    fn read(&self, _: &str) -> Result<Arc<[u8]>, String> {
        Ok(Arc::clone(&self.0))
    }
}

/// A number that looks random and comes once.
fn scramble(n: u32) -> u32 {
    n.wrapping_mul(0x9e37_79b1)
}

fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmRSS:"));
    line.and_then(|l| l.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

fn measure(method: MatchMethod, name: &str, key: fn(u32) -> String, sample: fn(u32) -> Value<'static>) -> Result<(), String> {
    use std::fmt::Write as _;
    let mut text = String::new();
    for n in 0..ENTRIES {
        let _ = writeln!(text, "{} backend{}", key(n), n % 100);
    }
    let files = Text(Arc::from(text.into_bytes()));
    let before = resident_kb();
    let start = Instant::now();
    let mut refs = PatternRefs::default();
    let mut set = PatternSet::new(method);
    let flags = PatternFlags {
        map_file: true,
        ..PatternFlags::default()
    };
    let list = set.add_file("map", flags, &mut refs, &files)?;
    refs.finish();
    let loaded = start.elapsed();
    let resident = resident_kb().saturating_sub(before) * 1024;

    let samples: Vec<Value<'static>> = (0..200_000).map(|n| sample(scramble(n) % ENTRIES)).collect();
    let mut hits = 0u32;
    let mut round = |part: &[Value<'static>]| {
        let start = Instant::now();
        for value in part {
            hits += u32::from(set.find(value, |hit| black_box(hit.value.map_or(0, <[u8]>::len))).is_some());
        }
        start.elapsed() / part.len() as u32
    };
    // Short rounds over samples not seen before: the best ones are those that nobody interrupted.
    let mut rounds: Vec<_> = samples.chunks(2_000).map(&mut round).collect();
    rounds.sort_unstable();
    let (each, usual) = (rounds[rounds.len() / 10], rounds[rounds.len() / 2]);
    let start = Instant::now();
    for n in 0..1000 {
        list.add(None, key(ENTRIES + n).as_bytes(), Some(b"new"))
            .map_err(|e| e.to_string())?;
    }
    let added = start.elapsed() / 1000;
    println!(
        "{name}: {} bytes/entry ({} resident), load {loaded:?}, look-up {each:?} (half within {usual:?}, {hits} hits), add {added:?}",
        list.memory() / ENTRIES as usize,
        resident / u64::from(ENTRIES)
    );
    Ok(())
}

fn text(s: String) -> Value<'static> {
    Value::Str(s.into_bytes().into())
}

fn host(n: u32) -> String {
    format!("host{n}.example.com")
}

fn path(n: u32) -> String {
    format!("/{}/app{n}", &"abcdefghijklmnop"[..(n % 16) as usize])
}

fn net(n: u32) -> String {
    let bits = 24 + n % 9;
    let a = scramble(n) & (u32::MAX << (32 - bits));
    format!("{}/{bits}", std::net::Ipv4Addr::from_bits(a))
}

fn main() -> Result<(), String> {
    measure(MatchMethod::Str, "str", host, |n| text(host(n)))?;
    measure(MatchMethod::Beg, "beg", path, |n| text(format!("{}/index.html?x=1", path(n))))?;
    measure(MatchMethod::End, "end", host, |n| text(format!("www.{}", host(n))))?;
    measure(MatchMethod::Ip, "ip", net, |n| {
        Value::V4(std::net::Ipv4Addr::from_bits(scramble(n)))
    })?;
    measure(
        MatchMethod::Int,
        "int",
        |n| scramble(n).to_string(),
        |n| Value::Int(i64::from(scramble(n))),
    )
}
