//! HTTP/1 on the wire: heads ([`parse`]), how a body is delimited ([`framing`]), chunks ([`chunk`]), and writing ([`write`]).
//!
//! Sans-IO: every function takes bytes and says what it made of them. RFC 9112 is followed, and where it leaves room, HAProxy.

pub mod chunk;
pub mod framing;
pub mod normalise;
pub mod parse;
pub mod reframe;
pub mod target;
pub mod websocket;
pub mod write;

pub use chunk::{ChunkDecoder, ChunkEvent};
pub use framing::{BodyLen, Connection, FramingError, Meta};
pub use parse::{HeadError, Limits, parse_request, parse_response};

#[cfg(test)]
mod tests;
