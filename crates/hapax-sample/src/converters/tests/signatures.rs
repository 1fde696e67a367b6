//! Every row against HAProxy's own listing of names, arguments and types.

use super::super::all;
use crate::{ArgKind, Converter};

/// `name TAB required TAB optional TAB input TAB output`, arguments by the names HAProxy lists them under.
const LISTING: &str = include_str!("signatures.tsv");

fn listed(kind: ArgKind) -> &'static str {
    match kind {
        ArgKind::Sint => "integer",
        ArgKind::Table => "table",
        ArgKind::Regex => "regex",
        ArgKind::Mask4 => "IPv4 mask",
        ArgKind::Mask6 => "IPv6 mask",
        ArgKind::PbField => "Protocol buffers field number",
        _ => "string",
    }
}

fn line(row: &Converter) -> String {
    let (required, optional) = row.args.split_at(row.required);
    let names = |kinds: &[ArgKind]| kinds.iter().map(|k| listed(*k)).collect::<Vec<_>>().join(",");
    format!(
        "{}\t{}\t{}\t{}\t{}",
        row.name,
        names(required),
        names(optional),
        row.from.name(),
        row.to.name()
    )
}

#[test]
fn rows_are_haproxys() {
    let mut ours: Vec<String> = all().map(line).collect();
    ours.sort();
    let mut theirs: Vec<&str> = LISTING.lines().collect();
    theirs.sort_unstable();
    let missing: Vec<_> = theirs.iter().filter(|l| !ours.iter().any(|o| o == *l)).collect();
    let other: Vec<_> = ours.iter().filter(|o| !theirs.contains(&o.as_str())).collect();
    assert!(missing.is_empty() && other.is_empty(), "listed: {missing:#?}\nours: {other:#?}");
}
