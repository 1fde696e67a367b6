//! The first message of a TLS client, as rules of a TCP frontend see it in the buffer (RFC 8446, 4.1.2).

/// A ClientHello in its record, that asks for `sni` and offers `alpn`.
pub(crate) fn client_hello(sni: Option<&str>, alpn: Option<&str>) -> Vec<u8> {
    let mut extensions = Vec::new();
    if let Some(name) = sni {
        let host = [&[0][..], &counted(name.as_bytes())].concat();
        extension(0, &counted(&host), &mut extensions);
    }
    // Groups x25519 and secp256r1, the usual signatures, TLS 1.3 before 1.2.
    extension(10, &counted(&[0, 29, 0, 23]), &mut extensions);
    extension(13, &counted(&[4, 3, 8, 4, 4, 1]), &mut extensions);
    extension(43, &[4, 3, 4, 3, 3], &mut extensions);
    if let Some(name) = alpn {
        let protocol = [&[name.len() as u8][..], name.as_bytes()].concat();
        extension(16, &counted(&protocol), &mut extensions);
    }
    let mut body = vec![3, 3];
    body.extend_from_slice(&[0x5a; 32]);
    // No session, three suites, no compression.
    body.push(0);
    body.extend_from_slice(&counted(&[0x13, 1, 0x13, 2, 0xc0, 0x2f]));
    body.extend_from_slice(&[1, 0]);
    body.extend_from_slice(&counted(&extensions));
    let length = (body.len() as u32).to_be_bytes();
    let message = [&[1][..], &length[1..], &body].concat();
    [&[22, 3, 1][..], &counted(&message)].concat()
}

/// Bytes behind their length in two.
fn counted(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}

fn extension(kind: u16, bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&counted(bytes));
}

#[cfg(test)]
mod tests {
    use hapax_proto::tls_hello::{self, Sniffed};

    #[test]
    fn what_is_written_is_read() {
        let bytes = super::client_hello(Some("www.example.com"), Some("h2"));
        let Sniffed::Found(hello) = tls_hello::client_hello(&bytes) else {
            panic!("{bytes:?}")
        };
        assert_eq!(hello.server_name(), Some(&b"www.example.com"[..]));
        assert_eq!(hello.alpn().collect::<Vec<_>>(), [b"h2"]);
    }
}
