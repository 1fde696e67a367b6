//! What a handshake told, as plain data for expressions and logs.

use hapax_sample::TlsFacts;
use rustls::{CipherSuite, HandshakeKind, ProtocolVersion};

use crate::io::Io;

/// `None` for a connection without TLS.
pub(crate) fn facts(io: &Io) -> Option<Box<TlsFacts>> {
    let Io::Server(stream) = io else { return None };
    let conn = stream.get_ref().1;
    let (cipher, key_bits) = conn.negotiated_cipher_suite().map_or(("(NONE)", 0), |s| openssl_name(s.suite()));
    Some(Box::new(TlsFacts {
        sni: conn.server_name().map(Into::into),
        alpn: conn.alpn_protocol().map(Into::into),
        version: match conn.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
            Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
            _ => "",
        },
        cipher,
        key_bits,
        resumed: conn.handshake_kind() == Some(HandshakeKind::Resumed),
        client_cert: conn.peer_certificates().and_then(|c| c.first()).map(|c| c.as_ref().into()),
        ..TlsFacts::default()
    }))
}

/// OpenSSL's name of a suite, and its symmetric key bits.
fn openssl_name(suite: CipherSuite) -> (&'static str, u32) {
    match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => ("TLS_AES_128_GCM_SHA256", 128),
        CipherSuite::TLS13_AES_256_GCM_SHA384 => ("TLS_AES_256_GCM_SHA384", 256),
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => ("TLS_CHACHA20_POLY1305_SHA256", 256),
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 => ("ECDHE-ECDSA-AES128-GCM-SHA256", 128),
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => ("ECDHE-ECDSA-AES256-GCM-SHA384", 256),
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => ("ECDHE-ECDSA-CHACHA20-POLY1305", 256),
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => ("ECDHE-RSA-AES128-GCM-SHA256", 128),
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => ("ECDHE-RSA-AES256-GCM-SHA384", 256),
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => ("ECDHE-RSA-CHACHA20-POLY1305", 256),
        _ => ("(NONE)", 0),
    }
}
