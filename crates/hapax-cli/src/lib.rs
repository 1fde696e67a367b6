//! The runtime API of the stats socket (management guide, 9.3): one file per family of commands, one row per command.
//!
//! Connections are served on the control thread; everything a command sees or changes goes through [`Control`].
#![forbid(unsafe_code)]

/// Writes to a `String`, which does not fail.
macro_rules! put {
    ($out:expr, $($what:tt)*) => {{
        let _ = std::fmt::Write::write_fmt(&mut $out, format_args!($($what)*));
    }};
}

mod command;
mod commands;
mod control;
mod help;
mod line;
mod serve;
mod session;

pub use command::{Answer, Call, Command, Severity, every_command};
pub use control::{Control, Live};
pub use line::{payload_mark, split_commands, split_words};
pub use serve::{Listener, Settings, serve, serve_stream};
pub use session::{Mode, Session};
