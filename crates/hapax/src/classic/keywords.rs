//! `-dK`: the words the dictionary knows, by class.

use std::fmt::Write;

/// The classes asked for, in the order given; `help` lists them.
pub(super) fn list(classes: &str) -> String {
    let mut out = String::new();
    for class in classes.split(',') {
        match class {
            "all" | "cfg" => config(&mut out),
            "help" => out.push_str("# List of supported keyword classes:\nall: list all keywords\ncfg: configuration keywords\n"),
            other => {
                let _ = writeln!(out, "ignoring unknown keyword class '{other}'");
            }
        }
    }
    out
}

fn config(out: &mut String) {
    out.push_str("# List of registered configuration keywords:\n");
    for row in hapax_config::every_keyword() {
        let _ = writeln!(out, "\t{} {}", row.name, row.usage);
    }
}
