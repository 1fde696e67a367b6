//! The statistics: rows of counters, and the forms they are shown in. The runtime API and the statistics page both stand on it.
//!
//! Everything here is a plain function of the shared state and the time; nothing waits.

pub mod columns;
pub mod field;
pub mod formats;
pub mod info;
pub mod kept;
pub mod page;
pub mod prometheus;
pub mod rows;

pub use columns::{COLUMNS, Col};
pub use field::Value;
pub use info::{Info, ProcessFacts};
pub use rows::{Filter, Kind, Row};

use crate::state::Shared;

/// The version whose behaviour this is, and our own.
pub const VERSION: &str = concat!("3.5.0-hapax", env!("CARGO_PKG_VERSION"));

/// `show stat`, and `;csv` of the page.
pub fn csv(shared: &Shared, filter: &Filter<'_>, now_ms: u64) -> String {
    let mut out = String::with_capacity(4096);
    formats::csv_header(&mut out);
    rows::all(shared, filter, now_ms, |r| formats::csv_row(&r, &mut out));
    out
}

/// `show stat typed`
pub fn typed(shared: &Shared, filter: &Filter<'_>, describe: bool, now_ms: u64) -> String {
    let mut out = String::with_capacity(16_384);
    rows::all(shared, filter, now_ms, |r| formats::typed_row(&r, describe, &mut out));
    out
}

/// `show stat json`, and `;json` of the page.
pub fn json(shared: &Shared, filter: &Filter<'_>, describe: bool, now_ms: u64) -> String {
    let mut out = String::from("[");
    rows::all(shared, filter, now_ms, |r| {
        if out.len() > 1 {
            out.push(',');
        }
        formats::json_row(&r, describe, &mut out);
    });
    out.push_str("]\n");
    out
}

/// A moment as `show errors` dates it: `23/Nov/2026:09:13:20.816`, local time.
pub fn local_date(us: u64) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let t = hapax_sys::clock::local((us / 1_000_000).cast_signed());
    let (month, ms) = (MONTHS[t.month as usize % 12], us / 1000 % 1000);
    format!(
        "{:02}/{month}/{}:{:02}:{:02}:{:02}.{ms:03}",
        t.day, t.year, t.hour, t.minute, t.second
    )
}

#[cfg(test)]
mod tests;
