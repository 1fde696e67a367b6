//! The help text of HAProxy's command line, derived from the rows.

use std::io::Write;

use super::options::{ROWS, Takes};

pub(super) fn print(program: &str) {
    let _ = std::io::stderr().lock().write_all(text(program).as_bytes());
}

fn text(program: &str) -> String {
    let mut out = format!(
        "Usage : {program} [-f <cfgfile|cfgdir>]* [ -vdVD ] [ -n <maxconn> ] [ -N <maxpconn> ]\n        [ -p <pidfile> ] [ -m <max megs> ] [ -C <dir> ] [-- <cfgfile>*]\n"
    );
    for row in ROWS.iter().filter(|r| !r.help.is_empty()) {
        // What is attached to the option in its help is written without a space.
        let glue = if row.help.starts_with(['[', '{', '/']) || row.takes == Takes::Pids {
            ""
        } else {
            " "
        };
        out.push_str("        -");
        out.push_str(row.flag);
        out.push_str(glue);
        out.push_str(row.help);
        out.push('\n');
    }
    out.push_str("   or : ");
    out.push_str(program);
    out.push_str(" <command>, see 'hapax --help'\n\n");
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_told_option_has_its_line() {
        let t = super::text("hapax");
        for line in [
            "        -c check mode",
            "        -dK{class",
            "        -sf/-st [pid ]*",
            "        -dM[<byte>",
        ] {
            assert!(t.contains(line), "{line}\n{t}");
        }
    }
}
