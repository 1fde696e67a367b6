//! The chunked coding, decoded event by event (RFC 9112, 7.1).
//!
//! ```text
//! Size -> Data -> DataEnd -> Size ... -> Trailers -> End
//! ```
//! Chunk extensions are read over and dropped: they are hop by hop. A size of more than 52 bits, a missing CR LF after the data and
//! any other deviation is an error, never a guess.

use super::parse::parse_trailers;
use crate::http::Head;

/// Trailers may not be larger than this many bytes, nor a size line.
const MAX_SIZE_LINE: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Size,
    Data(u64),
    DataEnd,
    Trailers,
    End,
}

/// What the next bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkEvent {
    /// Nothing can be told yet.
    NeedMore,
    /// So many bytes of framing were read over.
    Skip(usize),
    /// The next so many bytes are body.
    Data(usize),
    /// Trailers (maybe none) took so many bytes; the body is complete.
    End(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed chunked coding")]
pub struct ChunkError;

#[derive(Clone, Debug)]
pub struct ChunkDecoder {
    state: State,
}

impl Default for ChunkDecoder {
    fn default() -> Self {
        Self { state: State::Size }
    }
}

impl ChunkDecoder {
    pub fn is_end(&self) -> bool {
        self.state == State::End
    }

    /// Bytes of the current chunk still to come.
    pub fn left_in_chunk(&self) -> u64 {
        if let State::Data(n) = self.state { n } else { 0 }
    }

    /// So many bytes of the current chunk, [`left_in_chunk`](Self::left_in_chunk) at most, went past unseen.
    pub fn pass_over(&mut self, n: u64) {
        if let State::Data(left) = self.state {
            self.state = if n < left { State::Data(left - n) } else { State::DataEnd };
        }
    }

    /// Looks at the start of `buf`. The caller consumes the bytes of the event and calls again.
    /// `trailers` holds the trailer fields once the end is told.
    pub fn next(&mut self, buf: &[u8], trailers: &mut Head) -> Result<ChunkEvent, ChunkError> {
        match self.state {
            State::Size => self.size(buf),
            State::Data(left) => {
                let n = left.min(buf.len() as u64);
                if n == 0 {
                    return Ok(ChunkEvent::NeedMore);
                }
                self.state = if left == n { State::DataEnd } else { State::Data(left - n) };
                Ok(ChunkEvent::Data(n as usize))
            }
            State::DataEnd => match buf {
                [b'\r', b'\n', ..] => {
                    self.state = State::Size;
                    Ok(ChunkEvent::Skip(2))
                }
                [] | [b'\r'] => Ok(ChunkEvent::NeedMore),
                _ => Err(ChunkError),
            },
            State::Trailers => self.trailers(buf, trailers),
            State::End => Ok(ChunkEvent::End(0)),
        }
    }

    fn size(&mut self, buf: &[u8]) -> Result<ChunkEvent, ChunkError> {
        let Some(nl) = memchr::memchr(b'\n', buf) else {
            return size_so_far(buf);
        };
        let line = buf[..nl].strip_suffix(b"\r").ok_or(ChunkError)?;
        let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        if digits == 0 || digits > 16 {
            return Err(ChunkError);
        }
        let size = line[..digits].iter().try_fold(0u64, |n, b| push_hex(n, *b)).ok_or(ChunkError)?;
        let rest = line[digits..].trim_ascii_start();
        if !(rest.is_empty() || rest[0] == b';' && is_extension(rest)) {
            return Err(ChunkError);
        }
        self.state = if size == 0 { State::Trailers } else { State::Data(size) };
        Ok(ChunkEvent::Skip(nl + 1))
    }

    fn trailers(&mut self, buf: &[u8], trailers: &mut Head) -> Result<ChunkEvent, ChunkError> {
        if buf.starts_with(b"\r\n") {
            self.state = State::End;
            return Ok(ChunkEvent::End(2));
        }
        match parse_trailers(buf, trailers) {
            Ok(None) => Ok(ChunkEvent::NeedMore),
            Ok(Some(n)) => {
                self.state = State::End;
                Ok(ChunkEvent::End(n))
            }
            Err(_) => Err(ChunkError),
        }
    }
}

/// Whether extensions hold no control byte and leave no quote open: another reader could see another end of the line.
fn is_extension(text: &[u8]) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    for &b in text {
        if matches!(b, 0..=8 | 10..=31 | 127) {
            return false;
        }
        match b {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
    }
    !quoted
}

/// `n * 16 + digit`, below 2^52: more is nobody's body, and lets a reader with fewer bits go astray.
fn push_hex(n: u64, digit: u8) -> Option<u64> {
    let d = (digit as char).to_digit(16)?;
    if n >> 48 != 0 {
        return None;
    }
    Some(n << 4 | u64::from(d))
}

/// A size line that has not ended: refused early when it can no longer be right.
fn size_so_far(buf: &[u8]) -> Result<ChunkEvent, ChunkError> {
    let digits = buf.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let plausible = digits <= 16 && buf.len() <= MAX_SIZE_LINE && (digits > 0 || buf.is_empty());
    if plausible { Ok(ChunkEvent::NeedMore) } else { Err(ChunkError) }
}
