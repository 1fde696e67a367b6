//! `hapax fmt FILE...`: puts configurations in one shape, or tells which are not.

use std::io::{Read, Write};
use std::process::ExitCode;

use clap::Args;
use hapax_syntax::fmt::{Style, format};

use crate::inputs;
use crate::report::print;

#[derive(Args)]
pub(crate) struct Options {
    /// Configuration files, or directories of which every *.cfg is formatted; `-` is from standard input to standard output
    #[arg(required = true)]
    files: Vec<String>,
    /// Change nothing: print the names of the files that are not in shape, and fail if there are any
    #[arg(long)]
    check: bool,
}

pub(super) fn run(o: &Options) -> ExitCode {
    let sections: Vec<&str> = hapax_config::section::ALL.iter().map(|s| s.name).collect();
    let style = Style {
        sections: &sections,
        indent: 4,
    };
    match all(o, &style) {
        Ok(changed) if o.check && changed > 0 => ExitCode::FAILURE,
        Ok(_) => ExitCode::SUCCESS,
        Err(why) => {
            // Nobody is left to be told of a broken stderr.
            let _ = writeln!(std::io::stderr().lock(), "hapax fmt: {why}");
            ExitCode::from(2)
        }
    }
}

/// Formats every file; answers how many were not in shape.
fn all(o: &Options, style: &Style<'_>) -> Result<usize, String> {
    let mut changed = 0;
    for path in &o.files {
        if path == "-" {
            changed += usize::from(standard(o.check, style)?);
            continue;
        }
        let list = inputs::read(std::slice::from_ref(path)).map_err(|e| format!("{}: {}", e.path, e.reason))?;
        for input in list {
            let shaped = format(&input.bytes, style);
            if shaped == *input.bytes {
                continue;
            }
            changed += 1;
            if o.check {
                print(&(input.name + "\n"));
            } else {
                std::fs::write(&input.name, shaped).map_err(|e| format!("{}: {}", input.name, inputs::reason(&e)))?;
            }
        }
    }
    Ok(changed)
}

fn standard(check: bool, style: &Style<'_>) -> Result<bool, String> {
    let failed = |e: std::io::Error| format!("-: {}", inputs::reason(&e));
    let mut text = Vec::new();
    std::io::stdin().lock().read_to_end(&mut text).map_err(failed)?;
    let shaped = format(&text, style);
    if !check {
        std::io::stdout().lock().write_all(&shaped).map_err(failed)?;
    } else if shaped != text {
        print("-\n");
    }
    Ok(shaped != text)
}
