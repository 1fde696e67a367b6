//! Request and response heads from bytes, by `httparse`, with HAProxy's tolerance and severity on top.
//!
//! A head is copied once into the arena of a [`Head`]; names become lower case there. Obsolete line folding is undone as
//! RFC 9112, 5.2 allows a proxy to do: the line break becomes spaces.

use std::mem::MaybeUninit;

use httparse::Status;

use crate::http::{Head, Version};

/// Most fields any limit may ask for.
const MAX_FIELDS: usize = 512;

/// What a head may be at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `tune.http.maxhdr`
    pub fields: usize,
    /// `option accept-invalid-http-request` and its like.
    pub relaxed: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fields: 101,
            relaxed: false,
        }
    }
}

/// Why a head is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    #[error("malformed start line")]
    StartLine,
    #[error("malformed header field")]
    Field,
    #[error("too many header fields")]
    TooManyFields,
    #[error("unsupported version")]
    Version,
}

impl From<httparse::Error> for HeadError {
    fn from(e: httparse::Error) -> Self {
        match e {
            httparse::Error::HeaderName | httparse::Error::HeaderValue | httparse::Error::NewLine => Self::Field,
            httparse::Error::TooManyHeaders => Self::TooManyFields,
            httparse::Error::Version => Self::Version,
            httparse::Error::Status | httparse::Error::Token => Self::StartLine,
        }
    }
}

/// Parses a request head at the start of `buf`.
///
/// `Ok(None)`: more bytes are needed. `Ok(Some(n))`: `head` is filled and takes `n` bytes of `buf`.
pub fn parse_request(buf: &[u8], head: &mut Head, limits: Limits) -> Result<Option<usize>, HeadError> {
    // Empty lines before a request line are tolerated (RFC 9112, 2.2).
    let skip = leading_newlines(buf);
    match request(&buf[skip..], head, limits) {
        Err(HeadError::Field) if has_folding(&buf[skip..]) => {
            let Some(unfolded) = unfold(&buf[skip..]) else { return Ok(None) };
            request(&unfolded, head, limits).map(|n| n.map(|n| n + skip))
        }
        other => other.map(|n| n.map(|n| n + skip)),
    }
}

/// Parses a response head at the start of `buf`; answers as [`parse_request`].
pub fn parse_response(buf: &[u8], head: &mut Head, limits: Limits) -> Result<Option<usize>, HeadError> {
    match response(buf, head, limits) {
        Err(HeadError::Field) if has_folding(buf) => {
            let Some(unfolded) = unfold(buf) else { return Ok(None) };
            response(&unfolded, head, limits)
        }
        other => other,
    }
}

fn request(buf: &[u8], head: &mut Head, limits: Limits) -> Result<Option<usize>, HeadError> {
    let mut fields = [MaybeUninit::<httparse::Header<'_>>::uninit(); MAX_FIELDS];
    let room = &mut fields[..limits.fields.min(MAX_FIELDS)];
    let mut req = httparse::Request::new(&mut []);
    let n = match req.parse_with_uninit_headers(buf, room)? {
        Status::Partial => {
            // A target is refused as soon as it is seen to be wrong, not when the head is complete.
            return check_target(req.path.unwrap_or("/").as_bytes(), limits).map(|()| None);
        }
        Status::Complete(n) => n,
    };
    let (method, path) = (req.method.unwrap_or(""), req.path.unwrap_or(""));
    check_target(path.as_bytes(), limits)?;
    head.clear();
    head.adopt(&buf[..n]);
    head.set_start_request(offset(buf, method.as_bytes()), offset(buf, path.as_bytes()));
    head.version = if req.version == Some(0) { Version::H10 } else { Version::H11 };
    for f in req.headers.iter() {
        head.push_parsed(offset(buf, f.name.as_bytes()), offset(buf, trim_end(f.value)));
    }
    Ok(Some(n))
}

fn response(buf: &[u8], head: &mut Head, limits: Limits) -> Result<Option<usize>, HeadError> {
    let mut fields = [MaybeUninit::<httparse::Header<'_>>::uninit(); MAX_FIELDS];
    let room = &mut fields[..limits.fields.min(MAX_FIELDS)];
    let mut res = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    let n = match config.parse_response_with_uninit_headers(&mut res, buf, room)? {
        Status::Partial => return Ok(None),
        Status::Complete(n) => n,
    };
    let status = res.code.unwrap_or(0);
    if status < 100 {
        return Err(HeadError::StartLine);
    }
    head.clear();
    head.adopt(&buf[..n]);
    let reason = res.reason.unwrap_or("");
    // httparse answers a static empty string where there is no reason.
    let reason = if reason.is_empty() {
        (0, 0)
    } else {
        offset(buf, reason.as_bytes())
    };
    head.set_start_response(status, reason);
    head.version = if res.version == Some(0) { Version::H10 } else { Version::H11 };
    for f in res.headers.iter() {
        head.push_parsed(offset(buf, f.name.as_bytes()), offset(buf, trim_end(f.value)));
    }
    Ok(Some(n))
}

/// Where `part`, a slice of `whole`, stands in it, and how long it is.
fn offset(whole: &[u8], part: &[u8]) -> (u32, u32) {
    if part.is_empty() {
        return (0, 0);
    }
    ((part.as_ptr() as usize - whole.as_ptr() as usize) as u32, part.len() as u32)
}

fn trim_end(mut v: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = v {
        v = rest;
    }
    v
}

fn leading_newlines(buf: &[u8]) -> usize {
    buf.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count()
}

/// Only visible US-ASCII may stand in a target, unless the proxy is told to be lenient.
fn check_target(target: &[u8], limits: Limits) -> Result<(), HeadError> {
    if limits.relaxed || target.iter().all(|b| (0x21..0x7f).contains(b) && *b != b'#') {
        Ok(())
    } else {
        Err(HeadError::StartLine)
    }
}

fn has_folding(buf: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', buf).any(|i| matches!(buf.get(i + 1), Some(b' ' | b'\t')) && i > 0)
}

/// The complete head with each fold replaced by spaces, same length; `None` while the end of the head is not there.
fn unfold(buf: &[u8]) -> Option<Vec<u8>> {
    let end = head_end(buf)?;
    let mut out = buf[..end].to_vec();
    let mut first_line = true;
    for i in memchr::memchr_iter(b'\n', &buf[..end]) {
        // A line that begins with white space right after the start line belongs to no field.
        if !first_line && matches!(buf.get(i + 1), Some(b' ' | b'\t')) {
            out[i] = b' ';
            if out[i - 1] == b'\r' {
                out[i - 1] = b' ';
            }
        }
        first_line = false;
    }
    Some(out)
}

fn head_end(buf: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\n', buf).find_map(|i| match (buf.get(i + 1), buf.get(i + 2)) {
        (Some(b'\n'), _) => Some(i + 2),
        (Some(b'\r'), Some(b'\n')) => Some(i + 3),
        _ => None,
    })
}
