//! The table that is printed: for each row and peer the cost, its ratio to the first peer, and what else was seen.

use anyhow::Result;

use super::load::Sample;
use super::peer::{Peer, Running};
use super::rows::Row;

pub(super) fn head(peers: &[Peer]) {
    print!("{:14}", "row");
    for p in peers {
        print!(" | {:>9} {:>5} {:>8} {:>7}", p.name, "ratio", "req/s", "p99 ms");
    }
    println!("\n{}", "-".repeat(14 + peers.len() * 35));
}

pub(super) fn row(row: &Row, running: &[Result<Running>], samples: &[Vec<Sample>]) {
    print!("{:14}", row.name);
    let base = samples.first().filter(|s| !s.is_empty());
    let mut notes = Vec::new();
    for (r, s) in running.iter().zip(samples) {
        if s.is_empty() {
            print!(" | {:>9} {:>5} {:>8} {:>7}", "-", "-", "-", "-");
            if let Err(e) = r {
                notes.push(format!("{e:#}"));
            }
            continue;
        }
        let cost = median(s, |x| x.cost);
        let unit = if row.load.is_idle() { "B" } else { "us" };
        let ratio = base.map_or_else(|| "-".to_owned(), |b| format!("{:.2}", ratio(s, b)));
        print!(
            " | {:>9} {ratio:>5} {:>8.0} {:>7.2}",
            format!("{cost:.1}{unit}"),
            median(s, |x| x.per_second),
            median(s, |x| x.p99_ms)
        );
        let errors: u64 = s.iter().map(|x| x.errors).sum();
        if errors > 0 {
            notes.push(format!("{errors} failed requests"));
        }
    }
    println!();
    notes.retain(|n| n != "no such row for nginx");
    for n in notes {
        println!("{:14}   ! {n}", "");
    }
}

/// The median of the rounds' own ratios: two measurements of one round stand side by side, so a machine that slows down for some
/// seconds moves both, where it would move a median of one peer's rounds alone.
fn ratio(samples: &[Sample], base: &[Sample]) -> f64 {
    middle(samples.iter().zip(base).map(|(s, b)| s.cost / b.cost.max(f64::MIN_POSITIVE)))
}

fn median(samples: &[Sample], of: fn(&Sample) -> f64) -> f64 {
    middle(samples.iter().map(of))
}

fn middle(values: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = values.collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(0.0)
}
