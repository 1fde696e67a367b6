//! What a handshake told, as plain data for expressions and logs.

use std::sync::Arc;

use hapax_sample::TlsFacts;
use rustls::{CipherSuite, CommonState, HandshakeKind, NamedGroup, ProtocolVersion};

use super::line::Settings;
use crate::io::Raw;

/// What the handshake with a client told.
pub(super) fn of_client(
    stream: &tokio_rustls::server::TlsStream<Raw>,
    shown: Option<(Arc<[u8]>, Arc<str>)>,
    settings: &Settings,
) -> TlsFacts {
    let conn = stream.get_ref().1;
    let (own_cert, own_name) = shown.unzip();
    let facts = common(conn);
    TlsFacts {
        sni: conn.server_name().map(Into::into),
        own_cert,
        own_name,
        anchors: facts.client_cert.as_ref().and(settings.anchors.clone()),
        ..facts
    }
}

/// The same for a connection to a server, which was asked for by the name `sni`.
pub(crate) fn of_server(stream: &tokio_rustls::client::TlsStream<Raw>, sni: Option<&str>) -> TlsFacts {
    TlsFacts {
        sni: sni.map(Into::into),
        ..common(stream.get_ref().1)
    }
}

/// What either side of a handshake knows.
fn common(conn: &CommonState) -> TlsFacts {
    let (cipher, key_bits) = conn.negotiated_cipher_suite().map_or(("(NONE)", 0), |s| openssl_name(s.suite()));
    TlsFacts {
        alpn: conn.alpn_protocol().map(Into::into),
        version: match conn.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
            Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
            _ => "",
        },
        cipher,
        key_bits,
        curve: conn.negotiated_key_exchange_group().map_or("", |g| group_name(g.name())),
        resumed: conn.handshake_kind() == Some(HandshakeKind::Resumed),
        client_cert: conn.peer_certificates().and_then(|c| c.first()).map(|c| c.as_ref().into()),
        chain: sent_behind(conn),
        ..TlsFacts::default()
    }
}

/// The certificates that the peer sent behind its own.
fn sent_behind(conn: &CommonState) -> Box<[Box<[u8]>]> {
    match conn.peer_certificates() {
        Some([_, rest @ ..]) => rest.iter().map(|d| d.as_ref().into()).collect(),
        _ => Box::default(),
    }
}

/// OpenSSL's name of a key exchange group.
pub(super) fn group_name(group: NamedGroup) -> &'static str {
    match group {
        NamedGroup::X25519 => "x25519",
        NamedGroup::secp256r1 => "secp256r1",
        NamedGroup::secp384r1 => "secp384r1",
        NamedGroup::secp521r1 => "secp521r1",
        NamedGroup::X25519MLKEM768 => "X25519MLKEM768",
        NamedGroup::secp256r1MLKEM768 => "SecP256r1MLKEM768",
        _ => "",
    }
}

/// OpenSSL's name of a suite, and its symmetric key bits.
pub(super) fn openssl_name(suite: CipherSuite) -> (&'static str, u32) {
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
