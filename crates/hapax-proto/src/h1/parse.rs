//! Request and response heads from bytes, with HAProxy's tolerance and severity.
//!
//! Tolerated: empty lines before a request, runs of spaces and tabs in the start line, line ends of a bare LF, control bytes in
//! values, any version of the form `HTTP/<digit>.<digit>`, and obsolete line folding, which is undone as RFC 9112, 5.2 allows a
//! proxy to do (the line break becomes spaces). Refused: whatever two readers could take for different messages. A head is read
//! into offsets, then copied once into the arena of a [`Head`]; names become lower case there.

use memchr::{memchr, memchr2, memchr3};

use super::target;
use crate::http::{Head, Version};

/// What a head may be at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `tune.http.maxhdr`
    pub fields: usize,
    /// `option accept-unsafe-violations-in-http-request` and its like.
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

/// Parses a request head at the start of `buf`.
///
/// `Ok(None)`: more bytes are needed. `Ok(Some(n))`: `head` is filled and takes `n` bytes of `buf`.
pub fn parse_request(buf: &[u8], head: &mut Head, limits: Limits) -> Result<Option<usize>, HeadError> {
    let skip = empty_lines(buf);
    let buf = &buf[skip..];
    let Some(lf) = memchr(b'\n', buf) else {
        // A target is refused as soon as it is seen to be wrong, not when the head is complete. What may be half a line end is none of it.
        return request_line(buf.strip_suffix(b"\r").unwrap_or(buf), limits.relaxed, false).map(|_| None);
    };
    let line = request_line(line_before(buf, lf), limits.relaxed, true)?;
    head.clear();
    // What names no version has nothing but its first line.
    let end = if line.bare {
        head.adopt(&buf[..=lf], false);
        lf + 1
    } else if let Some(end) = fields(buf, lf + 1, head, limits)? {
        end
    } else {
        return Ok(None);
    };
    head.set_start_request(line.method, line.target);
    head.version = line.version;
    head.set_version_text(line.version_text);
    Ok(Some(skip + end))
}

/// Parses a response head at the start of `buf`; answers as [`parse_request`].
pub fn parse_response(buf: &[u8], head: &mut Head, limits: Limits) -> Result<Option<usize>, HeadError> {
    let skip = empty_lines(buf);
    let buf = &buf[skip..];
    let Some(lf) = memchr(b'\n', buf) else {
        let known = buf.len().min(5);
        return if limits.relaxed || buf[..known] == b"HTTP/"[..known] {
            Ok(None)
        } else {
            Err(HeadError::Version)
        };
    };
    let line = status_line(line_before(buf, lf), limits.relaxed)?;
    head.clear();
    let Some(end) = fields(buf, lf + 1, head, limits)? else {
        return Ok(None);
    };
    head.set_start_response(line.status, line.reason);
    head.version = line.version;
    head.set_version_text(line.version_text);
    Ok(Some(skip + end))
}

/// Empty lines before a message are tolerated (RFC 9112, 2.2).
fn empty_lines(buf: &[u8]) -> usize {
    buf.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count()
}

/// Parses trailer fields up to the empty line after them; answers as [`parse_request`].
pub(super) fn parse_trailers(buf: &[u8], head: &mut Head) -> Result<Option<usize>, HeadError> {
    head.clear();
    let Some(end) = fields(buf, 0, head, Limits::default())? else {
        return Ok(None);
    };
    Ok(Some(end))
}

/// Offset and length in the bytes parsed.
type At = (u32, u32);

fn at(start: usize, end: usize) -> At {
    (start as u32, (end - start) as u32)
}

/// The line that ends at `lf`, without its line end.
fn line_before(buf: &[u8], lf: usize) -> &[u8] {
    buf[..lf].strip_suffix(b"\r").unwrap_or(&buf[..lf])
}

fn is_blank(b: u8) -> bool {
    matches!(b, b' ' | b'\t')
}

/// Where the run of blanks that begins at `i` ends.
fn skip_blanks(line: &[u8], i: usize) -> usize {
    i + line[i..].iter().take_while(|b| is_blank(**b)).count()
}

#[derive(Default)]
struct RequestLine {
    method: At,
    target: At,
    version: Version,
    /// HTTP/0.9
    bare: bool,
    version_text: At,
}

/// `complete`: the line has ended; else only what is there already is judged.
fn request_line(line: &[u8], relaxed: bool, complete: bool) -> Result<RequestLine, HeadError> {
    let method = line.iter().take_while(|b| TOKEN[**b as usize]).count();
    if method == line.len() && !complete {
        return Ok(RequestLine::default());
    }
    if method == 0 || method == line.len() || !is_blank(line[method]) {
        return Err(HeadError::StartLine);
    }
    let start = skip_blanks(line, method);
    let end = start + line[start..].iter().take_while(|b| in_target(**b, relaxed)).count();
    if end < line.len() && !is_blank(line[end]) {
        return Err(HeadError::StartLine);
    }
    if !complete {
        return Ok(RequestLine::default());
    }
    let (verb, uri) = (&line[..method], &line[start..end]);
    let text = skip_blanks(line, end);
    let bare = text == line.len();
    let (version, keep) = if bare {
        // HTTP/0.9: no version, and no other method.
        if !relaxed || verb != b"GET" || uri.is_empty() {
            return Err(HeadError::StartLine);
        }
        (Version::H10, false)
    } else {
        version(&line[text..], relaxed)?
    };
    if !target::is_valid(verb, uri, relaxed) {
        return Err(HeadError::StartLine);
    }
    Ok(RequestLine {
        method: at(0, method),
        target: at(start, end),
        version,
        bare,
        version_text: if keep { at(text, line.len()) } else { (0, 0) },
    })
}

/// Only visible US-ASCII without the mark of a fragment, unless the proxy is told to be lenient.
fn in_target(b: u8, relaxed: bool) -> bool {
    match b {
        b'#' | 0x80.. => relaxed,
        _ => b > b' ' && b != 0x7f,
    }
}

/// The version, and whether its text must be kept: it is neither of those that we write ourselves.
fn version(text: &[u8], relaxed: bool) -> Result<(Version, bool), HeadError> {
    if text == b"HTTP/1.1" {
        return Ok((Version::H11, false));
    }
    match text {
        b"HTTP/1.0" => Ok((Version::H10, false)),
        [b'H', b'T', b'T', b'P', b'/', major @ b'0'..=b'9', b'.', b'0'..=b'9'] => {
            // All that is newer is spoken as 1.1, all that is older as 1.0.
            Ok((if *major >= b'1' { Version::H11 } else { Version::H10 }, true))
        }
        _ if relaxed && text.iter().all(|b| matches!(b, b'H' | b'T' | b'P' | b'/' | b'.' | b'0'..=b'9')) => Ok((Version::H10, true)),
        _ => Err(HeadError::Version),
    }
}

struct StatusLine {
    version: Version,
    version_text: At,
    status: u16,
    reason: At,
}

fn status_line(line: &[u8], relaxed: bool) -> Result<StatusLine, HeadError> {
    let end = line.iter().position(|b| is_blank(*b)).ok_or(HeadError::StartLine)?;
    let (version, keep) = version(&line[..end], relaxed)?;
    let start = skip_blanks(line, end);
    let digits = line[start..].iter().take_while(|b| b.is_ascii_digit()).count();
    let code = &line[start..start + digits];
    if digits < 3 || code[0] == b'0' || digits > if relaxed { 5 } else { 3 } {
        return Err(HeadError::StartLine);
    }
    let status = code.iter().fold(0u32, |n, b| n * 10 + u32::from(b - b'0'));
    let status = u16::try_from(status).map_err(|_| HeadError::StartLine)?;
    let after = start + digits;
    let reason = skip_blanks(line, after);
    if (after < line.len() && reason == after) || memchr2(b'\r', 0, &line[reason..]).is_some() {
        return Err(HeadError::StartLine);
    }
    Ok(StatusLine {
        version,
        version_text: if keep { at(0, end) } else { (0, 0) },
        status,
        reason: at(reason, line.len()),
    })
}

/// Reads fields from `pos` on into `head`, and with them all that stands before. `None`: the empty line after them is not there yet.
fn fields(buf: &[u8], mut pos: usize, head: &mut Head, limits: Limits) -> Result<Option<usize>, HeadError> {
    let mut folded = false;
    loop {
        let end = match buf[pos..] {
            [b'\n', ..] => Some(pos + 1),
            [b'\r', b'\n', ..] => Some(pos + 2),
            [] | [b'\r'] => return Ok(None),
            _ => None,
        };
        if let Some(end) = end {
            head.adopt(&buf[..end], folded);
            return Ok(Some(end));
        }
        let name = pos + buf[pos..].iter().take_while(|b| TOKEN[**b as usize]).count();
        if name == buf.len() {
            return Ok(None);
        }
        let good = name > pos && buf[name] == b':';
        if !good && !limits.relaxed {
            return Err(HeadError::Field);
        }
        let colon = if good {
            name
        } else {
            match memchr2(b':', b'\n', &buf[name..]) {
                None => return Ok(None),
                Some(i) if buf[name + i] == b':' && name + i > pos => name + i,
                Some(_) => return Err(HeadError::Field),
            }
        };
        let Some(value) = value(buf, colon + 1, limits.relaxed)? else {
            return Ok(None);
        };
        if good {
            if head.field_count() >= limits.fields {
                return Err(HeadError::TooManyFields);
            }
            let (start, end) = trimmed(buf, colon + 1, value.end);
            head.push_parsed(at(pos, name), at(start, end));
            folded |= value.folded;
        } else {
            head.strayed += 1;
        }
        pos = value.next;
    }
}

/// Where a value ends, folds included, and the next line begins.
struct ValueEnd {
    end: usize,
    next: usize,
    folded: bool,
}

/// The end of the value that begins at `start`; `None`: it is not there yet.
fn value(buf: &[u8], start: usize, relaxed: bool) -> Result<Option<ValueEnd>, HeadError> {
    let mut from = start;
    loop {
        let Some((len, lf)) = line_end(&buf[from..], relaxed)? else {
            return Ok(None);
        };
        let next = from + lf + 1;
        match buf.get(next) {
            None => return Ok(None),
            Some(b) if is_blank(*b) => from = next,
            Some(_) => {
                return Ok(Some(ValueEnd {
                    end: from + len,
                    next,
                    folded: from > start,
                }));
            }
        }
    }
}

/// Where the text of the line ends, and where its line feed is; `None`: it has none yet. What a reader could take for another line end
/// is refused, and NUL unless `relaxed`.
fn line_end(line: &[u8], relaxed: bool) -> Result<Option<(usize, usize)>, HeadError> {
    let mut from = 0;
    while let Some(i) = memchr3(b'\n', b'\r', 0, &line[from..]) {
        let i = from + i;
        match (line[i], line.get(i + 1)) {
            (b'\n', _) => return Ok(Some((i, i))),
            (b'\r', Some(b'\n')) => return Ok(Some((i, i + 1))),
            (0, _) if relaxed => from = i + 1,
            // It is judged when it is complete.
            _ if memchr(b'\n', &line[i..]).is_none() => return Ok(None),
            _ => return Err(HeadError::Field),
        }
    }
    Ok(None)
}

/// Without white space around it; line ends in it are those of folds.
fn trimmed(buf: &[u8], mut start: usize, mut end: usize) -> (usize, usize) {
    let white = |b: u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
    while start < end && white(buf[start]) {
        start += 1;
    }
    while start < end && white(buf[end - 1]) {
        end -= 1;
    }
    (start, end)
}

/// Bytes of a token (RFC 9110, 5.6.2).
static TOKEN: [bool; 256] = {
    let mut t = [false; 256];
    let mut b = 0;
    while b < 128 {
        let c = b as u8;
        t[b] = c.is_ascii_alphanumeric()
            || matches!(
                c,
                b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
            );
        b += 1;
    }
    t
};
