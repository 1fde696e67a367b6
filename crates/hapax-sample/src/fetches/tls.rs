//! TLS: what the handshakes with the client and the server told (manual, 7.3.4).

use std::borrow::Cow;

use hapax_value::{Support, Type, Value};

use super::http::text;
use super::no_effect;
use crate::{Absent, Call, Fetch, Needs, Sampled, TlsFacts};

pub(super) static ROWS: &[Fetch] = &[
    Fetch::new(
        "ssl_fc",
        Type::Bool,
        Needs::LAYER5,
        "Whether the connection with the client uses TLS.",
        |c| Ok(Value::Bool(side(c).is_some())),
    )
    .steady(),
    Fetch::new("ssl_fc_alg_keysize", Type::Sint, Needs::LAYER5, "Bits of the cipher's key.", |c| {
        Ok(Value::Int(i64::from(facts(c)?.key_bits)))
    }),
    Fetch::new(
        "ssl_fc_use_keysize",
        Type::Sint,
        Needs::LAYER5,
        "Bits of the cipher's key in use.",
        |c| Ok(Value::Int(i64::from(facts(c)?.key_bits))),
    ),
    Fetch::new("ssl_fc_alpn", Type::Str, Needs::LAYER5, "The protocol agreed on by ALPN.", |c| {
        text(facts(c)?.alpn.as_deref().ok_or(Absent::Never)?)
    }),
    Fetch::new("ssl_fc_npn", Type::Str, Needs::LAYER5, "The protocol agreed on by NPN.", no_effect)
        .support(Support::NoEffect("NPN is no more; ALPN took its place")),
    Fetch::new(
        "ssl_fc_cipher",
        Type::Str,
        Needs::LAYER5,
        "The cipher suite, by OpenSSL's name.",
        |c| named(facts(c)?.cipher),
    ),
    Fetch::new(
        "ssl_fc_curve",
        Type::Str,
        Needs::LAYER5,
        "The group of the key exchange, by OpenSSL's name.",
        |c| named(facts(c)?.curve),
    ),
    Fetch::new("ssl_fc_protocol", Type::Str, Needs::LAYER5, "The protocol's version.", |c| {
        named(facts(c)?.version)
    }),
    Fetch::new("ssl_fc_sni", Type::Str, Needs::LAYER5, "The server name asked for.", |c| {
        text(facts(c)?.sni.as_deref().ok_or(Absent::Never)?.as_bytes())
    })
    .steady(),
    Fetch::new(
        "ssl_fc_is_resumed",
        Type::Bool,
        Needs::LAYER5,
        "Whether the session is an earlier one taken up again.",
        |c| Ok(Value::Bool(side(c).is_some_and(|t| t.resumed))),
    ),
    Fetch::new(
        "ssl_bc",
        Type::Bool,
        Needs::SERVER_SIDE,
        "Whether the connection with the server uses TLS.",
        |c| Ok(Value::Bool(side(c).is_some())),
    ),
    Fetch::new(
        "ssl_bc_alg_keysize",
        Type::Sint,
        Needs::SERVER_SIDE,
        "Bits of the cipher's key.",
        |c| Ok(Value::Int(i64::from(facts(c)?.key_bits))),
    ),
    Fetch::new(
        "ssl_bc_use_keysize",
        Type::Sint,
        Needs::SERVER_SIDE,
        "Bits of the cipher's key in use.",
        |c| Ok(Value::Int(i64::from(facts(c)?.key_bits))),
    ),
    Fetch::new(
        "ssl_bc_alpn",
        Type::Str,
        Needs::SERVER_SIDE,
        "The protocol agreed on by ALPN.",
        |c| text(facts(c)?.alpn.as_deref().ok_or(Absent::Never)?),
    ),
    Fetch::new(
        "ssl_bc_npn",
        Type::Str,
        Needs::SERVER_SIDE,
        "The protocol agreed on by NPN.",
        no_effect,
    )
    .support(Support::NoEffect("NPN is no more; ALPN took its place")),
    Fetch::new(
        "ssl_bc_cipher",
        Type::Str,
        Needs::SERVER_SIDE,
        "The cipher suite, by OpenSSL's name.",
        |c| named(facts(c)?.cipher),
    ),
    Fetch::new(
        "ssl_bc_curve",
        Type::Str,
        Needs::SERVER_SIDE,
        "The group of the key exchange, by OpenSSL's name.",
        |c| named(facts(c)?.curve),
    ),
    Fetch::new("ssl_bc_protocol", Type::Str, Needs::SERVER_SIDE, "The protocol's version.", |c| {
        named(facts(c)?.version)
    }),
    Fetch::new("ssl_bc_sni", Type::Str, Needs::SERVER_SIDE, "The server name asked for.", |c| {
        text(facts(c)?.sni.as_deref().ok_or(Absent::Never)?.as_bytes())
    }),
    Fetch::new(
        "ssl_bc_is_resumed",
        Type::Bool,
        Needs::SERVER_SIDE,
        "Whether the session is an earlier one taken up again.",
        |c| Ok(Value::Bool(side(c).is_some_and(|t| t.resumed))),
    ),
    Fetch::new(
        "ssl_fc_crtname",
        Type::Str,
        Needs::LAYER5,
        "The name of the certificate shown to the client.",
        |c| text(facts(c)?.own_name.as_deref().ok_or(Absent::Never)?.as_bytes()),
    ),
    Fetch::new("ssl_fc_early_rcvd", Type::Bool, Needs::LAYER5, "Whether early data came.", |c| {
        Ok(Value::Bool(facts(c)?.handshaking))
    })
    .support(Support::NotYet("early data")),
    Fetch::new(
        "ssl_fc_has_early",
        Type::Bool,
        Needs::LAYER5,
        "Whether early data came before the handshake was over.",
        |c| Ok(Value::Bool(facts(c)?.handshaking)),
    ),
    Fetch::new(
        "ssl_fc_has_crt",
        Type::Bool,
        Needs::LAYER5,
        "Whether the client showed a certificate on this very connection.",
        |c| facts(c).map(|t| Value::Bool(t.client_cert.is_some() && !t.resumed)),
    ),
    Fetch::new(
        "ssl_fc_has_sni",
        Type::Bool,
        Needs::LAYER5,
        "Whether the client asked for a server name.",
        |c| Ok(Value::Bool(side(c).is_some_and(|t| t.sni.is_some()))),
    ),
];

/// The handshake that the word speaks of: with the server for `ssl_bc...` and `ssl_s...`, with the client otherwise.
pub(super) fn side<'e>(c: &Call<'_, 'e>) -> Option<&'e TlsFacts> {
    if c.name.starts_with("ssl_bc") || c.name.starts_with("ssl_s_") {
        c.env.stream.bc_tls.as_deref()
    } else {
        c.env.sess.tls.as_deref()
    }
}

pub(super) fn facts<'e>(c: &Call<'_, 'e>) -> Result<&'e TlsFacts, Absent> {
    side(c).ok_or(Absent::Never)
}

fn named(name: &str) -> Sampled<'_> {
    if name.is_empty() {
        return Err(Absent::Never);
    }
    Ok(Value::Str(Cow::Borrowed(name.as_bytes())))
}
