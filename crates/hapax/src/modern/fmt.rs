//! `hapax fmt FILE...`: puts configurations in one shape, or tells which are not.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use hapax_config::Input;
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
            for line in why.lines() {
                // Nobody is left to be told of a broken stderr.
                let _ = writeln!(std::io::stderr().lock(), "hapax fmt: {line}");
            }
            ExitCode::from(2)
        }
    }
}

/// Formats every file that can be; answers how many were not in shape. What cannot be formatted is told after the rest is.
fn all(o: &Options, style: &Style<'_>) -> Result<usize, String> {
    let mut changed = 0;
    let mut failed = Vec::new();
    for path in &o.files {
        if path == "-" {
            match standard(o.check, style) {
                Ok(was_changed) => changed += usize::from(was_changed),
                Err(why) => failed.push(why),
            }
            continue;
        }
        let (list, unreadable) = inputs::each_within(std::slice::from_ref(path), None);
        for input in list {
            match file(&input, o.check, style) {
                Ok(was_changed) => changed += usize::from(was_changed),
                Err(why) => failed.push(format!("{}: {why}", input.name)),
            }
        }
        failed.extend(unreadable);
    }
    if failed.is_empty() { Ok(changed) } else { Err(failed.join("\n")) }
}

/// Whether the file was not in shape.
fn file(input: &Input, check: bool, style: &Style<'_>) -> Result<bool, String> {
    let shaped = shape(&input.bytes, style)?;
    if shaped == *input.bytes {
        return Ok(false);
    }
    if check {
        print(&format!("{}\n", input.name));
    } else {
        std::fs::write(&input.name, shaped).map_err(|e| inputs::reason(&e))?;
    }
    Ok(true)
}

/// Bytes that are no text are in no shape, and would not be the same file with a line feed more.
fn shape(text: &[u8], style: &Style<'_>) -> Result<Vec<u8>, String> {
    if text.contains(&0) {
        return Err("it holds NUL bytes, so it is no text that HAProxy reads; it stays as it is".to_owned());
    }
    Ok(format(text, style))
}

fn standard(check: bool, style: &Style<'_>) -> Result<bool, String> {
    let failed = |e: std::io::Error| format!("-: {}", inputs::reason(&e));
    let text = inputs::standard(None).map_err(failed)?;
    let shaped = shape(&text, style).map_err(|why| format!("-: {why}"))?;
    if !check {
        std::io::stdout().lock().write_all(&shaped).map_err(failed)?;
    } else if shaped != text {
        print("-\n");
    }
    Ok(shaped != text)
}
