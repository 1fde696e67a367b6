//! The two fields that make a WebSocket handshake (RFC 6455, 4).

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::http::Head;

/// What every server appends to the client's key.
const MAGIC: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Whether `Upgrade` asks for (or grants) it.
pub fn is_websocket(head: &Head) -> bool {
    head.values(b"upgrade")
        .flat_map(|v| v.split(|b| *b == b','))
        .any(|v| v.trim_ascii().eq_ignore_ascii_case(b"websocket"))
}

/// Whether the request has a key: one of the length that 16 bytes have in base64.
pub fn has_key(request: &Head) -> bool {
    request.values(b"sec-websocket-key").any(|key| key.len() == 24)
}

/// Whether the response proves that the server has read the request's key.
pub fn accepts(request: &Head, response: &Head) -> bool {
    let (Some(key), Some(accept)) = (request.first(b"sec-websocket-key"), response.first(b"sec-websocket-accept")) else {
        return false;
    };
    let mut proof = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    proof.update(key);
    proof.update(MAGIC);
    STANDARD.encode(proof.finish()).as_bytes() == accept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc() {
        let (mut q, mut r) = (Head::default(), Head::default());
        q.add(b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ==");
        assert!(!accepts(&q, &r));
        r.add(b"sec-websocket-accept", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(accepts(&q, &r) && has_key(&q));
        q.add(b"sec-websocket-key", b"another");
        assert!(has_key(&q));
        q.set(b"sec-websocket-key", b"short");
        assert!(!accepts(&q, &r) && !has_key(&q));
    }
}
