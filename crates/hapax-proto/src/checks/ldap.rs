//! LDAP (RFC 4511): an anonymous bind and its result.

use super::Reply;

/// `BindRequest`, message 1, version 3, no name, simple authentication without a password.
pub const BIND: &[u8] = &[0x30, 0x0c, 0x02, 0x01, 0x01, 0x60, 0x07, 0x02, 0x01, 0x03, 0x04, 0x00, 0x80, 0x00];

/// No `BindResponse` is shorter.
const SHORTEST: usize = 14;

/// Takes bytes from the start of an answer; what is missing may still come.
struct Reader<'b>(&'b [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8, Reply> {
        let (first, rest) = self.0.split_first().ok_or(Reply::More)?;
        self.0 = rest;
        Ok(*first)
    }

    fn want(&mut self, bytes: &[u8]) -> Result<(), Reply> {
        for want in bytes {
            if self.byte()? != *want {
                return Err(invalid());
            }
        }
        Ok(())
    }

    /// A BER length, short or long.
    fn length(&mut self) -> Result<usize, Reply> {
        let first = self.byte()?;
        if first & 0x80 == 0 {
            return Ok(usize::from(first));
        }
        let n = usize::from(first & 0x7f);
        if n > self.0.len() {
            return Err(Reply::More);
        }
        if n == 0 || n > 4 {
            return Err(invalid());
        }
        (0..n).try_fold(0, |len, _| Ok(len << 8 | usize::from(self.byte()?)))
    }
}

fn invalid() -> Reply {
    Reply::Invalid(Some("Not LDAPv3 protocol".to_owned()))
}

/// Reads a `BindResponse`, once it is whole.
pub fn read(b: &[u8], closed: bool) -> Reply {
    let reply = match b {
        [] | [_] if closed => invalid(),
        _ if b.len() < SHORTEST && !closed => Reply::More,
        _ => code(b).map_or_else(|reply| reply, result),
    };
    if closed && reply == Reply::More {
        Reply::Invalid(None)
    } else {
        reply
    }
}

fn result(code: u8) -> Reply {
    if code == 0 {
        return Reply::Good(0, Some("Success".to_owned()));
    }
    let words = "See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9";
    Reply::Refused(u16::from(code), Some(words.to_owned()))
}

/// The result's code.
fn code(b: &[u8]) -> Result<u8, Reply> {
    let mut r = Reader(b);
    r.want(&[0x30])?;
    let len = r.length()?;
    if r.0.len() < len {
        return Err(Reply::More);
    }
    // The number of the message, which is that of the question.
    r.want(&[0x02, 0x01, 0x01, 0x61])?;
    r.length()?;
    r.want(&[0x0a, 0x01])?;
    r.byte()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bind_responses() {
        let good: &[u8] = &[0x30, 0x0c, 2, 1, 1, 0x61, 7, 0x0a, 1, 0, 4, 0, 4, 0];
        let success = Reply::Good(0, Some("Success".into()));
        assert_eq!(read(good, false), success);
        let long: &[u8] = &[0x30, 0x84, 0, 0, 0, 0x10, 2, 1, 1, 0x61, 0x84, 0, 0, 0, 7, 0x0a, 1, 0, 4, 0, 4, 0];
        assert_eq!(read(long, false), success);
        for (whole, n) in (0..14).map(|n| (good, n)).chain((0..22).map(|n| (long, n))) {
            assert_eq!(read(&whole[..n], false), Reply::More, "{n} bytes");
            let ended = if n < 2 { invalid() } else { Reply::Invalid(None) };
            assert_eq!(read(&whole[..n], true), ended, "{n} bytes, and no more");
        }
        let mut bad = good.to_vec();
        bad[9] = 49;
        assert!(matches!(read(&bad, false), Reply::Refused(49, Some(_))));
        for (at, byte) in [(0, 0x31), (4, 2), (5, 0x60), (7, 0x0b), (1, 0x80), (1, 0x85)] {
            let mut bad = good.to_vec();
            bad[at] = byte;
            assert_eq!(read(&bad, false), invalid(), "byte {at}");
        }
        for (at, byte) in [(1, 0xff), (1, 0x20), (6, 0xff)] {
            let mut bad = good.to_vec();
            bad[at] = byte;
            assert_eq!(read(&bad, false), Reply::More, "byte {at}");
        }
        assert_eq!(read(b"220", false), Reply::More);
        assert_eq!(read(b"220 hello world\r\n", false), invalid());
        assert_eq!(read(b"220", true), invalid());
    }
}
