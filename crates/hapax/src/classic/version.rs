//! What `-v` and `-vv` show. The first line keeps HAProxy's shape, which inventory tools take the version from.

use std::fmt::Write;

use crate::modern;

/// The HAProxy version whose language and behaviour are spoken, and this program's own.
pub(crate) const FULL: &str = concat!("3.5.0-hapax", env!("CARGO_PKG_VERSION"));
pub(crate) const BRANCH: &str = "3.5";
pub(crate) const DATE: &str = "2026/11/23";

pub(super) fn short() -> String {
    format!(
        "HAProxy version {FULL} {DATE} - compatible\nStatus: Hapax {}, a replacement for HAProxy written in Rust.\nRunning on: {}\n",
        env!("CARGO_PKG_VERSION"),
        hapax_sys::host::system()
    )
}

/// `-v`, `-vv`, `-vq`, `-vqs`, `-vqb`.
pub(super) fn asked(rest: &str) -> String {
    match rest {
        "q" => format!("{FULL}\n"),
        "qs" => "3.5.0\n".to_owned(),
        "qb" => format!("{BRANCH}\n"),
        r if r.starts_with('v') => short() + &details(),
        _ => short(),
    }
}

fn details() -> String {
    let mut out = String::from("Build options :\n");
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    let facts = hapax_syntax::BuildFacts::default();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "  TARGET  = linux-{}", std::env::consts::ARCH);
    let _ = writeln!(out, "  PROFILE = {profile}");
    let _ = writeln!(
        out,
        "\nFeature list : {}",
        facts.features.iter().map(|f| format!("+{f}")).collect::<Vec<_>>().join(" ")
    );
    let _ = writeln!(out, "\nDefault settings :\n  bufsize = 16384, maxrewrite = 1024");
    let threads = hapax_sys::affinity::allowed().len();
    let _ = writeln!(out, "\nBuilt with multi-threading support (default={threads}).");
    let _ = writeln!(out, "Built with TLS library : rustls with {}", facts.ssl_library);
    let _ = writeln!(out, "TLS library supports : TLSv1.2 TLSv1.3");
    let _ = writeln!(
        out,
        "Built with transparent proxy support using: IP_TRANSPARENT IPV6_TRANSPARENT IP_FREEBIND"
    );
    let _ = writeln!(
        out,
        "Regular expressions : automata, with backtracking where look-around or back-references ask for it"
    );
    let _ = writeln!(
        out,
        "\nAvailable polling systems :\n      epoll : pref=300,  test result OK\nTotal: 1 (1 usable), will use epoll."
    );
    let _ = writeln!(out, "\nCommands : {}", modern::NAMES.join(" "));
    out
}
