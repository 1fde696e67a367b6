//! The secrets of TLS sessions, for key logs that let captured traffic be read (manual, 7.3.4 and `tune.ssl.keylog`).

use std::borrow::Cow;

use hapax_value::{Support, Type, Value};

use super::missing;
use super::tls::facts;
use crate::{Absent, Arg, Call, Compile, Fetch, Needs, Sampled};

pub(super) static ROWS: &[Fetch] = &[
    random("ssl_fc_client_random", Needs::LAYER5),
    random("ssl_bc_client_random", Needs::SERVER_SIDE),
    session_key("ssl_fc_session_key", Needs::LAYER5),
    session_key("ssl_bc_session_key", Needs::SERVER_SIDE),
    unknown("ssl_fc_server_random", Needs::LAYER5, "The server's random bytes."),
    unknown("ssl_bc_server_random", Needs::SERVER_SIDE, "The server's random bytes."),
    unknown("ssl_fc_session_id", Needs::LAYER5, "Identifier of the session."),
    unknown("ssl_bc_session_id", Needs::SERVER_SIDE, "Identifier of the session."),
    unknown("ssl_fc_unique_id", Needs::LAYER5, "The channel's binding (tls-unique)."),
    unknown("ssl_bc_unique_id", Needs::SERVER_SIDE, "The channel's binding (tls-unique)."),
    // No early data is taken or sent, so there is nothing that these secrets would protect.
    early(
        "ssl_fc_client_early_traffic_secret",
        "CLIENT_EARLY_TRAFFIC_SECRET of the session with the client, in hexadecimal.",
    ),
    early(
        "ssl_fc_early_exporter_secret",
        "EARLY_EXPORTER_SECRET of the session with the client, in hexadecimal.",
    ),
    early(
        "ssl_bc_client_early_traffic_secret",
        "CLIENT_EARLY_TRAFFIC_SECRET of the session with the server, in hexadecimal.",
    ),
    early(
        "ssl_bc_early_exporter_secret",
        "EARLY_EXPORTER_SECRET of the session with the server, in hexadecimal.",
    ),
    secret(
        "ssl_fc_client_handshake_traffic_secret",
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET of the session with the client, in hexadecimal.",
    ),
    secret(
        "ssl_fc_server_handshake_traffic_secret",
        "SERVER_HANDSHAKE_TRAFFIC_SECRET of the session with the client, in hexadecimal.",
    ),
    secret(
        "ssl_fc_client_traffic_secret_0",
        "CLIENT_TRAFFIC_SECRET_0 of the session with the client, in hexadecimal.",
    ),
    secret(
        "ssl_fc_server_traffic_secret_0",
        "SERVER_TRAFFIC_SECRET_0 of the session with the client, in hexadecimal.",
    ),
    secret(
        "ssl_fc_exporter_secret",
        "EXPORTER_SECRET of the session with the client, in hexadecimal.",
    ),
    secret(
        "ssl_bc_client_handshake_traffic_secret",
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET of the session with the server, in hexadecimal.",
    ),
    secret(
        "ssl_bc_server_handshake_traffic_secret",
        "SERVER_HANDSHAKE_TRAFFIC_SECRET of the session with the server, in hexadecimal.",
    ),
    secret(
        "ssl_bc_client_traffic_secret_0",
        "CLIENT_TRAFFIC_SECRET_0 of the session with the server, in hexadecimal.",
    ),
    secret(
        "ssl_bc_server_traffic_secret_0",
        "SERVER_TRAFFIC_SECRET_0 of the session with the server, in hexadecimal.",
    ),
    secret(
        "ssl_bc_exporter_secret",
        "EXPORTER_SECRET of the session with the server, in hexadecimal.",
    ),
];

const fn random(name: &'static str, needs: Needs) -> Fetch {
    Fetch::new(
        name,
        Type::Bin,
        needs,
        "The client's random bytes, by which key logs know a session.",
        |c| bytes(c, crate::secrets::Secrets::client_random),
    )
    .check(keep_randoms)
}

const fn session_key(name: &'static str, needs: Needs) -> Fetch {
    Fetch::new(
        name,
        Type::Bin,
        needs,
        "The session's master secret. Only TLS 1.2 has one that is told.",
        |c| bytes(c, crate::secrets::Secrets::master),
    )
    .check(keep_randoms)
    .support(Support::Partial(
        "of TLS 1.2 sessions; what OpenSSL tells of those of TLS 1.3 deciphers nothing",
    ))
}

const fn unknown(name: &'static str, needs: Needs, doc: &'static str) -> Fetch {
    Fetch::new(name, Type::Bin, needs, doc, missing).support(Support::NotYet("the TLS library does not tell it"))
}

const fn secret(name: &'static str, doc: &'static str) -> Fetch {
    Fetch::new(name, Type::Str, Needs::LAYER5, doc, labelled)
}

const fn early(name: &'static str, doc: &'static str) -> Fetch {
    secret(name, doc).support(Support::NoEffect("early data is neither taken nor sent: there is no such secret"))
}

#[allow(clippy::unnecessary_wraps, reason = "as the other checks")]
fn keep_randoms(_: &mut Vec<Arg>, cx: &mut Compile<'_>) -> Result<(), String> {
    cx.wanted.tls_randoms = true;
    Ok(())
}

fn bytes<'e>(c: &Call<'_, 'e>, which: for<'s> fn(&'s crate::secrets::Secrets) -> Option<&'s [u8]>) -> Sampled<'e> {
    let secrets = facts(c)?.secrets.as_deref().ok_or(Absent::Never)?;
    Ok(Value::Bin(Cow::Borrowed(which(secrets).ok_or(Absent::Never)?)))
}

/// The secret whose label is the end of the word's name, in lowercase hexadecimal.
fn labelled<'e>(c: &mut Call<'_, 'e>) -> Sampled<'e> {
    let secrets = facts(c)?.secrets.as_deref().ok_or(Absent::Never)?;
    let label = c.name["ssl_xc_".len()..].to_ascii_uppercase();
    let secret = secrets.labelled(&label).ok_or(Absent::Never)?;
    let mut out = Vec::with_capacity(secret.len() * 2);
    for b in secret {
        out.extend([b >> 4, b & 15].map(|n| b"0123456789abcdef"[usize::from(n)]));
    }
    Ok(Value::Str(Cow::Owned(out)))
}
