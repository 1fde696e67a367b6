//! `-dL`: the object files the process has loaded, one path a line.

use std::collections::BTreeSet;
use std::fmt::Write;

pub(super) fn list() -> String {
    let mut out = String::new();
    if let Ok(exe) = std::env::current_exe() {
        let _ = writeln!(out, "{}", exe.display());
    }
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let libs: BTreeSet<&str> = maps
        .lines()
        .filter_map(|l| l.split_once('/').map(|(before, _)| &l[before.len()..]))
        .filter(|p| p.contains(".so"))
        .collect();
    for lib in libs {
        let _ = writeln!(out, "{lib}");
    }
    out
}
