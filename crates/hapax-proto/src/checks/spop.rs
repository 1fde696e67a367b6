//! SPOP: the greeting of a stream processing offload agent (HAProxy's SPOE document, 3.2).

use super::{Reply, text};
use crate::varint;

const HAPROXY_HELLO: u8 = 1;
const AGENT_HELLO: u8 = 101;
const AGENT_DISCONNECT: u8 = 102;
const FIN: u32 = 1;
const MAX_FRAME: u64 = 16380;

/// Types of values, in the low half of their first byte.
mod kind {
    pub(super) const NULL: u8 = 0;
    pub(super) const BOOL: u8 = 1;
    pub(super) const INT32: u8 = 2;
    pub(super) const UINT32: u8 = 3;
    pub(super) const INT64: u8 = 4;
    pub(super) const UINT64: u8 = 5;
    pub(super) const IPV4: u8 = 6;
    pub(super) const IPV6: u8 = 7;
    pub(super) const STRING: u8 = 8;
    pub(super) const BINARY: u8 = 9;
}
const TRUE: u8 = kind::BOOL | 0x10;

fn push_text(out: &mut Vec<u8>, text: &[u8]) {
    varint::encode(text.len() as u64, out);
    out.extend_from_slice(text);
}

/// The frame that asks an agent how it is.
pub fn hello() -> Vec<u8> {
    let mut f = vec![HAPROXY_HELLO];
    f.extend_from_slice(&FIN.to_be_bytes());
    // No stream, no frame.
    f.extend_from_slice(&[0, 0]);
    push_text(&mut f, b"supported-versions");
    f.push(kind::STRING);
    push_text(&mut f, b"2.0");
    push_text(&mut f, b"max-frame-size");
    f.push(kind::UINT32);
    varint::encode(MAX_FRAME, &mut f);
    push_text(&mut f, b"capabilities");
    f.push(kind::STRING);
    push_text(&mut f, b"");
    push_text(&mut f, b"healthcheck");
    f.push(TRUE);
    let mut out = (f.len() as u32).to_be_bytes().to_vec();
    out.extend_from_slice(&f);
    out
}

enum Item<'a> {
    Number(u64),
    Text(&'a [u8]),
    Other,
}

fn take<'a>(b: &mut &'a [u8], n: usize) -> Option<&'a [u8]> {
    let (head, rest) = b.split_at_checked(n)?;
    *b = rest;
    Some(head)
}

fn item<'a>(b: &mut &'a [u8]) -> Option<Item<'a>> {
    let kind = take(b, 1)?[0] & 0x0f;
    Some(match kind {
        kind::NULL | kind::BOOL => Item::Other,
        kind::INT32 | kind::UINT32 | kind::INT64 | kind::UINT64 => Item::Number(varint::decode(b)?),
        kind::IPV4 => {
            take(b, 4)?;
            Item::Other
        }
        kind::IPV6 => {
            take(b, 16)?;
            Item::Other
        }
        kind::STRING | kind::BINARY => {
            let len = usize::try_from(varint::decode(b)?).ok()?;
            Item::Text(take(b, len)?)
        }
        _ => return None,
    })
}

/// Reads the agent's greeting.
pub fn read(b: &[u8], _: bool) -> Reply {
    let Some(len) = b.get(..4) else { return Reply::More };
    let len = u32::from_be_bytes([len[0], len[1], len[2], len[3]]);
    if len == 0 || u64::from(len) > MAX_FRAME {
        return invalid("invalid frame received");
    }
    let Some(frame) = b.get(4..4 + len as usize) else {
        return Reply::More;
    };
    pairs(frame).unwrap_or_else(|| invalid("invalid frame received"))
}

fn invalid(words: &str) -> Reply {
    Reply::Invalid(Some(words.to_owned()))
}

fn pairs(frame: &[u8]) -> Option<Reply> {
    let mut b = frame;
    let kind = take(&mut b, 1)?[0];
    let flags = take(&mut b, 4)?;
    if flags[3] & FIN as u8 == 0 || varint::decode(&mut b)? != 0 || varint::decode(&mut b)? != 0 {
        return None;
    }
    let (mut version, mut size, mut capabilities) = (None, None, false);
    let (mut code, mut words) = (None, None);
    while !b.is_empty() {
        let len = usize::try_from(varint::decode(&mut b)?).ok()?;
        let name = take(&mut b, len)?;
        match (name, item(&mut b)?) {
            (b"version", Item::Text(v)) => version = Some(v),
            (b"max-frame-size", Item::Number(n)) => size = Some(n),
            (b"capabilities", Item::Text(_)) => capabilities = true,
            (b"status-code", Item::Number(n)) => code = Some(n),
            (b"message", Item::Text(m)) => words = Some(m),
            (b"version" | b"max-frame-size" | b"capabilities" | b"status-code" | b"message", _) => return None,
            _ => {}
        }
    }
    match kind {
        AGENT_HELLO => Some(agent(version, size, capabilities)),
        AGENT_DISCONNECT => {
            let code = u16::try_from(code?).ok()?;
            Some(Reply::Refused(code, words.map(text)))
        }
        _ => None,
    }
}

fn agent(version: Option<&[u8]>, size: Option<u64>, capabilities: bool) -> Reply {
    let Some(version) = version else {
        return invalid("version value not found");
    };
    if version.trim_ascii() != b"2.0" {
        return invalid("unsupported version");
    }
    match size {
        None => invalid("max-frame-size value not found"),
        Some(n) if !(256..=MAX_FRAME).contains(&n) => invalid("max-frame-size too big or too small"),
        Some(_) if !capabilities => invalid("capabilities value not found"),
        Some(_) => Reply::Good(0, Some("SPOA server is ok".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u32, rest: &[u8]) -> Vec<u8> {
        let mut f = vec![kind];
        f.extend_from_slice(&flags.to_be_bytes());
        f.extend_from_slice(&[0, 0]);
        f.extend_from_slice(rest);
        [&(f.len() as u32).to_be_bytes()[..], &f].concat()
    }

    #[test]
    fn the_hello_fills_its_frame() {
        let h = hello();
        assert_eq!(h.len(), 82);
        assert_eq!(h[..4], [0, 0, 0, 78]);
    }

    #[test]
    fn agents_greet() {
        let pairs = b"\x07version\x08\x032.0\x0emax-frame-size\x03\xfc\xf0\x06\x0ccapabilities\x08\0";
        let good = frame(AGENT_HELLO, 1, pairs);
        assert_eq!(read(&good, false), Reply::Good(0, Some("SPOA server is ok".into())));
        for n in 0..good.len() {
            assert_eq!(read(&good[..n], false), Reply::More);
        }
        let cases: &[(Vec<u8>, &str)] = &[
            (frame(AGENT_HELLO, 0, pairs), "invalid frame received"),
            (vec![0; 4], "invalid frame received"),
            (frame(7, 1, pairs), "invalid frame received"),
            (frame(AGENT_HELLO, 1, &pairs[..10]), "invalid frame received"),
            (frame(AGENT_HELLO, 1, b"\x07version\x08\x031.0"), "unsupported version"),
            (frame(AGENT_HELLO, 1, b""), "version value not found"),
        ];
        for (bytes, want) in cases {
            assert_eq!(read(bytes, false), invalid(want));
        }
        let bye = frame(AGENT_DISCONNECT, 1, b"\x0bstatus-code\x03\x04\x07message\x08\x04oops");
        assert_eq!(read(&bye, false), Reply::Refused(4, Some("oops".into())));
    }
}
