//! How a message's body is delimited and what becomes of its connection (RFC 9112, 6 and 9).
//!
//! This is where request smuggling is decided: whatever two readers could read differently is refused or made unambiguous
//! before it is passed on.

use crate::http::{Head, Version};

/// Where the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum BodyLen {
    /// There is none.
    #[default]
    None,
    Length(u64),
    Chunked,
    /// At the end of the connection (responses, tunnels).
    UntilClose,
}

/// What the `Connection` fields ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Connection {
    pub close: bool,
    pub keep_alive: bool,
    pub upgrade: bool,
}

/// What one walk over the fields tells.
#[derive(Clone, Copy, Debug, Default)]
pub struct Meta {
    pub body: BodyLen,
    pub connection: Connection,
    /// There is an `Upgrade` field, and `Connection` says so.
    pub upgrade: bool,
    /// There is an `Upgrade` field, whatever else is said.
    pub upgrade_field: bool,
    /// There is a `TE` field.
    pub te: bool,
    pub expect_continue: bool,
    /// There was a length beside the chunked coding: the connection is not to be trusted afterwards.
    pub conflicting: bool,
    /// Whether the message lets its connection live on, by version and `Connection`.
    pub keep_alive: bool,
}

/// Why a message cannot be delimited safely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    #[error("bad content-length")]
    Length,
    #[error("bad transfer-encoding")]
    Coding,
    /// A coding under `chunked` that we would have to pass on unseen.
    #[error("unsupported transfer-encoding")]
    Unsupported,
    #[error("bad host")]
    Host,
}

#[derive(Default)]
struct Walk {
    meta: Meta,
    length: Option<u64>,
    chunked: bool,
    other_coding: bool,
    /// A coding after `chunked`, or `chunked` twice.
    bad_coding: bool,
    /// `chunked` twice.
    repeated: bool,
    /// An element without a name.
    empty_coding: bool,
    hosts: usize,
}

impl Walk {
    fn over(head: &Head) -> Result<Self, FramingError> {
        let mut w = Self::default();
        for (name, value) in head {
            match name {
                b"content-length" => w.length(value)?,
                b"transfer-encoding" => w.coding(value),
                b"connection" => w.connection(value),
                b"upgrade" => w.meta.upgrade = true,
                b"te" => w.meta.te = true,
                b"expect" => w.meta.expect_continue = value.eq_ignore_ascii_case(b"100-continue"),
                b"host" => w.hosts += 1,
                _ => {}
            }
        }
        w.meta.upgrade_field = w.meta.upgrade;
        w.meta.keep_alive = match head.version {
            Version::H09 => false,
            Version::H10 => w.meta.connection.keep_alive && !w.meta.connection.close,
            _ => !w.meta.connection.close,
        };
        Ok(w)
    }

    /// Several equal values are one; anything else is an error (RFC 9112, 6.3).
    fn length(&mut self, value: &[u8]) -> Result<(), FramingError> {
        for part in value.split(|b| *b == b',') {
            let part = part.trim_ascii();
            if part.is_empty() || !part.iter().all(u8::is_ascii_digit) {
                return Err(FramingError::Length);
            }
            let digit = |n: u64, b: &u8| n.checked_mul(10)?.checked_add(u64::from(b - b'0'));
            let n = part.iter().try_fold(0u64, digit).ok_or(FramingError::Length)?;
            if n > i64::MAX as u64 || self.length.is_some_and(|l| l != n) {
                return Err(FramingError::Length);
            }
            self.length = Some(n);
        }
        Ok(())
    }

    fn coding(&mut self, value: &[u8]) {
        for part in value.split(|b| *b == b',') {
            let part = part.trim_ascii();
            if part.is_empty() {
                self.empty_coding = true;
                continue;
            }
            self.bad_coding |= self.chunked;
            self.repeated |= self.chunked && part.eq_ignore_ascii_case(b"chunked");
            if part.eq_ignore_ascii_case(b"chunked") {
                self.chunked = true;
            } else {
                self.other_coding = true;
            }
        }
    }

    fn connection(&mut self, value: &[u8]) {
        for part in value.split(|b| *b == b',') {
            let part = part.trim_ascii();
            let c = &mut self.meta.connection;
            c.close |= part.eq_ignore_ascii_case(b"close");
            c.keep_alive |= part.eq_ignore_ascii_case(b"keep-alive");
            c.upgrade |= part.eq_ignore_ascii_case(b"upgrade");
        }
    }
}

/// Judges a request.
pub fn request(head: &Head) -> Result<Meta, FramingError> {
    let mut w = Walk::over(head)?;
    if w.hosts > 1 {
        let mut hosts = head.values(b"host");
        let first = hosts.next().unwrap_or_default();
        if hosts.any(|h| !h.eq_ignore_ascii_case(first)) {
            return Err(FramingError::Host);
        }
    }
    if head.values(b"host").any(|h| !super::target::is_authority(h)) {
        return Err(FramingError::Host);
    }
    if w.bad_coding || w.empty_coding || (w.other_coding && !w.chunked) {
        return Err(FramingError::Coding);
    }
    if w.other_coding {
        return Err(FramingError::Unsupported);
    }
    let connect = head.method() == b"CONNECT";
    if w.chunked {
        w.meta.conflicting = w.length.is_some() || head.version <= Version::H10 || connect;
        w.meta.body = BodyLen::Chunked;
        w.meta.keep_alive &= !w.meta.conflicting;
    } else if let Some(n) = w.length.filter(|n| *n > 0 && !connect) {
        w.meta.body = BodyLen::Length(n);
    }
    w.meta.upgrade &= w.meta.connection.upgrade && w.meta.body == BodyLen::None;
    Ok(w.meta)
}

/// Judges a response to a request of that method. `relaxed`: `chunked` may be repeated, and codings may be empty.
pub fn response(head: &Head, method: &[u8], relaxed: bool) -> Result<Meta, FramingError> {
    let mut w = Walk::over(head)?;
    w.meta.upgrade &= w.meta.connection.upgrade;
    let bad = if relaxed {
        w.bad_coding && !w.repeated
    } else {
        w.bad_coding || w.empty_coding
    };
    w.meta.body = match head.status {
        101 => BodyLen::UntilClose,
        100..=199 | 204 | 304 => BodyLen::None,
        200..=299 if method == b"CONNECT" => BodyLen::UntilClose,
        _ if bad || w.other_coding => return Err(FramingError::Coding),
        _ if method == b"HEAD" => BodyLen::None,
        _ if w.chunked => {
            w.meta.conflicting = w.length.is_some() || head.version <= Version::H10;
            BodyLen::Chunked
        }
        // A coding that is not `chunked` ends with the connection, whatever the length says.
        _ if w.empty_coding => BodyLen::UntilClose,
        _ => match w.length {
            Some(0) => BodyLen::None,
            Some(n) => BodyLen::Length(n),
            None => BodyLen::UntilClose,
        },
    };
    w.meta.keep_alive &= w.meta.body != BodyLen::UntilClose && !w.meta.conflicting;
    Ok(w.meta)
}
