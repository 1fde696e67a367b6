//! Sample values and their types, durations, sizes and addresses: what every word of the language speaks in.
#![forbid(unsafe_code)]

pub mod address;
mod cast;
pub mod hash;
mod net;
mod size;
mod support;
mod time;
mod value;

pub use address::Endpoint;
pub use cast::{embedded_v4, leading_number, leading_v4, parse_int, parse_val, write_v4, write_v6};
pub use net::{Net, mask6, parse_mask4, parse_mask6};
pub use size::{SizeError, parse_size};
pub use support::Support;
pub use time::{Duration, Millis, ParsedTime, TimeError, TimeUnit};
pub use value::{Method, Type, Value};
