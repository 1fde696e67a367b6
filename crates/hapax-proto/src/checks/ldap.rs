//! LDAP (RFC 4511): an anonymous bind and its result.

use super::Reply;

/// `BindRequest`, message 1, version 3, no name, simple authentication without a password.
pub const BIND: &[u8] = &[0x30, 0x0c, 0x02, 0x01, 0x01, 0x60, 0x07, 0x02, 0x01, 0x03, 0x04, 0x00, 0x80, 0x00];

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

    /// A BER length, short or long; what it says is not needed.
    fn length(&mut self) -> Result<(), Reply> {
        let first = self.byte()?;
        if first & 0x80 == 0 {
            return Ok(());
        }
        let n = first & 0x7f;
        if n == 0 || n > 4 {
            return Err(invalid());
        }
        for _ in 0..n {
            self.byte()?;
        }
        Ok(())
    }
}

fn invalid() -> Reply {
    Reply::Invalid(Some("Not LDAPv3 protocol".to_owned()))
}

/// Reads a `BindResponse`.
pub fn read(b: &[u8]) -> Reply {
    match code(b) {
        Ok(0) => Reply::Good(0, Some("Success".to_owned())),
        Ok(code) => Reply::Refused(
            u16::from(code),
            Some("See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9".to_owned()),
        ),
        Err(reply) => reply,
    }
}

/// The result's code.
fn code(b: &[u8]) -> Result<u8, Reply> {
    let mut r = Reader(b);
    r.want(&[0x30])?;
    r.length()?;
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
        assert_eq!(read(good), Reply::Good(0, Some("Success".into())));
        let long: &[u8] = &[0x30, 0x84, 0, 0, 0, 0x10, 2, 1, 1, 0x61, 0x84, 0, 0, 0, 7, 0x0a, 1, 0, 4, 0, 4, 0];
        assert_eq!(read(long), Reply::Good(0, Some("Success".into())));
        for n in 0..10 {
            assert_eq!(read(&good[..n]), Reply::More, "{n} bytes");
        }
        let mut bad = good.to_vec();
        bad[9] = 49;
        assert!(matches!(read(&bad), Reply::Refused(49, Some(_))));
        for (at, byte) in [(0, 0x31), (4, 2), (5, 0x60), (7, 0x0b), (1, 0xff), (1, 0x80)] {
            let mut bad = good.to_vec();
            bad[at] = byte;
            assert!(matches!(read(&bad), Reply::Invalid(Some(_))), "byte {at}");
        }
        assert!(matches!(read(b"220 hello\r\n"), Reply::Invalid(_)));
    }
}
