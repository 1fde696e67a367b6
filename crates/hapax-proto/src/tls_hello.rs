//! What a TLS ClientHello says before anyone has answered it (RFC 5246, 7.4.1.2; RFC 8446, 4.1.2).
//!
//! Reads only: nothing is decrypted and nothing is checked beyond what is needed to find the fields.

/// A look at the first bytes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sniffed<T> {
    Found(T),
    /// It may be one, but more bytes are needed.
    More,
    /// It is something else.
    Other,
}

/// The fields of a ClientHello, as they stand in the message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientHello<'h> {
    /// `(major, minor)`: `(3, 3)` for TLS 1.2 and, by its rules, for later ones.
    pub version: (u8, u8),
    pub session_id: &'h [u8],
    /// Two bytes each.
    pub ciphers: &'h [u8],
    extensions: &'h [u8],
}

pub const EXT_SERVER_NAME: u16 = 0;
pub const EXT_GROUPS: u16 = 10;
pub const EXT_POINT_FORMATS: u16 = 11;
pub const EXT_SIGNATURES: u16 = 13;
pub const EXT_ALPN: u16 = 16;
pub const EXT_SESSION_TICKET: u16 = 35;
pub const EXT_VERSIONS: u16 = 43;
pub const EXT_KEY_SHARE: u16 = 51;

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;

/// Takes a field of `N` bytes' length off the front.
fn vector<'h, const N: usize>(text: &mut &'h [u8]) -> Option<&'h [u8]> {
    let len = text.get(..N)?.iter().fold(0_usize, |n, b| n << 8 | usize::from(*b));
    let field = text.get(N..N + len)?;
    *text = &text[N + len..];
    Some(field)
}

fn number(text: &mut &[u8]) -> Option<u16> {
    let n = u16::from_be_bytes([*text.first()?, *text.get(1)?]);
    *text = &text[2..];
    Some(n)
}

/// The type of the handshake message that the bytes start with: 1 for a ClientHello, 2 for a ServerHello.
pub fn handshake_type(bytes: &[u8]) -> Sniffed<u8> {
    match bytes {
        [HANDSHAKE, 3, _, _, _, kind, ..] => Sniffed::Found(*kind),
        [] | [HANDSHAKE] | [HANDSHAKE, 3, ..] => Sniffed::More,
        _ => Sniffed::Other,
    }
}

/// The ClientHello that the bytes start with.
pub fn client_hello(bytes: &[u8]) -> Sniffed<ClientHello<'_>> {
    match handshake_type(bytes) {
        Sniffed::Found(CLIENT_HELLO) => {}
        Sniffed::Found(_) | Sniffed::Other => return Sniffed::Other,
        Sniffed::More => return Sniffed::More,
    }
    let record = usize::from(u16::from_be_bytes([bytes[3], bytes[4]]));
    let Some(body) = bytes.get(5..5 + record) else {
        return Sniffed::More;
    };
    let Some(mut body) = body.get(1..) else {
        return Sniffed::Other;
    };
    // A hello cut into several records is rare enough to be called something else, as HAProxy does.
    let Some(mut hello) = vector::<3>(&mut body) else {
        return Sniffed::Other;
    };
    parse(&mut hello).map_or(Sniffed::Other, Sniffed::Found)
}

fn parse<'h>(hello: &mut &'h [u8]) -> Option<ClientHello<'h>> {
    let version = (*hello.first()?, *hello.get(1)?);
    // The version and the random bytes.
    *hello = hello.get(34..)?;
    let session_id = vector::<1>(hello)?;
    let ciphers = vector::<2>(hello)?;
    vector::<1>(hello)?;
    Some(ClientHello {
        version,
        session_id,
        ciphers,
        extensions: vector::<2>(hello).unwrap_or_default(),
    })
}

impl<'h> ClientHello<'h> {
    /// Every extension: its number and its content.
    pub fn extensions(&self) -> impl Iterator<Item = (u16, &'h [u8])> + use<'h> {
        let mut rest = self.extensions;
        std::iter::from_fn(move || {
            let kind = number(&mut rest)?;
            Some((kind, vector::<2>(&mut rest)?))
        })
    }

    pub fn extension(&self, wanted: u16) -> Option<&'h [u8]> {
        self.extensions().find(|(kind, _)| *kind == wanted).map(|(_, body)| body)
    }

    /// The server name asked for.
    pub fn server_name(&self) -> Option<&'h [u8]> {
        let mut body = self.extension(EXT_SERVER_NAME)?;
        let mut list = vector::<2>(&mut body)?;
        while let Some((kind, rest)) = list.split_first() {
            list = rest;
            let name = vector::<2>(&mut list)?;
            if *kind == 0 {
                return Some(name);
            }
        }
        None
    }

    /// The protocols offered by ALPN, in the client's order.
    pub fn alpn(&self) -> impl Iterator<Item = &'h [u8]> + use<'h> {
        let mut body = self.extension(EXT_ALPN).unwrap_or_default();
        let mut list = vector::<2>(&mut body).unwrap_or_default();
        std::iter::from_fn(move || vector::<1>(&mut list))
    }

    /// The list inside an extension that is nothing but a list.
    pub fn list(&self, wanted: u16) -> Option<&'h [u8]> {
        let mut body = self.extension(wanted)?;
        vector::<2>(&mut body)
    }

    /// The same where the list's length is a single byte.
    pub fn short_list(&self, wanted: u16) -> Option<&'h [u8]> {
        let mut body = self.extension(wanted)?;
        vector::<1>(&mut body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(body: &[u8]) -> Vec<u8> {
        let mut hello = vec![3, 3];
        hello.extend([7; 32]);
        hello.extend([1, 9]);
        hello.extend([0, 4, 0x13, 0x01, 0xc0, 0x2f]);
        hello.extend([1, 0]);
        hello.extend((body.len() as u16).to_be_bytes());
        hello.extend(body);
        let mut out = vec![22, 3, 1];
        out.extend((hello.len() as u16 + 4).to_be_bytes());
        out.extend([1, 0]);
        out.extend((hello.len() as u16).to_be_bytes());
        out.extend(hello);
        out
    }

    fn sample() -> Vec<u8> {
        let mut ext = vec![0, 0, 0, 8, 0, 6, 0, 0, 3];
        ext.extend(b"a.b");
        ext.extend([0, 16, 0, 14, 0, 12, 2]);
        ext.extend(b"h2");
        ext.push(8);
        ext.extend(b"http/1.1");
        ext.extend([0, 10, 0, 4, 0, 2, 0, 29]);
        record(&ext)
    }

    #[test]
    fn fields_of_a_hello() {
        let bytes = sample();
        let Sniffed::Found(hello) = client_hello(&bytes) else {
            panic!("no hello");
        };
        assert_eq!(hello.version, (3, 3));
        assert_eq!(hello.server_name(), Some(&b"a.b"[..]));
        assert_eq!(hello.alpn().collect::<Vec<_>>(), [&b"h2"[..], b"http/1.1"]);
        assert_eq!(hello.list(EXT_GROUPS), Some(&[0, 29][..]));
        assert_eq!(hello.ciphers.len(), 4);
        assert_eq!(hello.extension(EXT_SESSION_TICKET), None);
    }

    #[test]
    fn every_cut_asks_for_more_and_never_panics() {
        let bytes = sample();
        for end in 0..bytes.len() {
            assert_eq!(client_hello(&bytes[..end]), Sniffed::More, "{end}");
        }
    }

    #[test]
    fn other_protocols_are_told_apart() {
        for bytes in [
            &b"GET / HTTP/1.1"[..],
            b"\x15\x03\x01\x00\x02",
            b"\x16\x02\x01",
            b"\x80\x2e\x01\x00\x02",
        ] {
            assert_eq!(client_hello(bytes), Sniffed::Other, "{bytes:?}");
        }
        let mut server = sample();
        server[5] = 2;
        assert_eq!(client_hello(&server), Sniffed::Other);
        assert_eq!(handshake_type(&server), Sniffed::Found(2));
    }

    #[test]
    fn lengths_that_lie_are_no_hello() {
        let good = sample();
        for at in 5..good.len() {
            let mut bad = good.clone();
            bad[at] = bad[at].wrapping_add(0x55);
            if let Sniffed::Found(hello) = client_hello(&bad) {
                let _ = (hello.server_name(), hello.alpn().count(), hello.extensions().count());
            }
        }
    }
}
