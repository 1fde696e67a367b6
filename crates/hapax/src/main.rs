//! The `hapax` program: HAProxy's own command line (`-f`, `-c`, `-D`, ...) in [`classic`], and named commands (`hapax check FILE`) in
//! [`modern`]. Both load a configuration through [`inputs`] and [`files`], and start it through [`process`].
#![forbid(unsafe_code)]

mod asked_version;
mod classic;
mod codes;
mod environment;
mod files;
mod inputs;
mod modern;
mod process;
mod report;

use std::ffi::OsString;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: hapax_sys::alloc::Allocator = hapax_sys::alloc::Allocator;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let first = args.get(1).and_then(|a| a.to_str()).unwrap_or("");
    // No option of HAProxy is a bare word or begins with two dashes and a letter.
    if modern::is_command(first) {
        modern::main(args)
    } else {
        classic::main(args)
    }
}
