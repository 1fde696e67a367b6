//! Sample values and their types, durations, sizes and addresses: what every word of the language speaks in.
#![forbid(unsafe_code)]

mod address;
mod support;
mod time;
mod value;

pub use address::Endpoint;
pub use support::Support;
pub use time::{Duration, Millis};
pub use value::{Method, Type, Value};
