//! How the connections fare: what broke them, how often they strayed from the protocol, and their streams (manual, 7.3.3).
//!
//! HTTP/1 and TCP have one stream at a time, which nobody can reset by itself.

use std::borrow::Cow;

use hapax_value::{Type, Value};

use super::http::text;
use super::{missing, stream_of, tls};
use crate::fault::Fault;
use crate::{Absent, Call, Fetch, Needs, Sampled};

pub(super) static ROWS: &[Fetch] = &[
    Fetch::new(
        "fc_err",
        Type::Sint,
        Needs::LAYER4,
        "The error code of the client's connection; 0 without an error.",
        number,
    ),
    Fetch::new(
        "fc_err_name",
        Type::Str,
        Needs::LAYER4,
        "The error of the client's connection, by name; empty without one.",
        |c| text(fault(c)?.name().as_bytes()),
    ),
    Fetch::new(
        "fc_err_str",
        Type::Str,
        Needs::LAYER4,
        "The error of the client's connection, in words.",
        |c| text(fault(c)?.message().as_bytes()),
    ),
    Fetch::new(
        "bc_err",
        Type::Sint,
        Needs::SERVER_SIDE,
        "The error code of the server's connection; 0 without an error.",
        number,
    ),
    Fetch::new(
        "bc_err_name",
        Type::Str,
        Needs::SERVER_SIDE,
        "The error of the server's connection, by name; empty without one.",
        |c| text(fault(c)?.name().as_bytes()),
    ),
    Fetch::new(
        "bc_err_str",
        Type::Str,
        Needs::SERVER_SIDE,
        "The error of the server's connection, in words.",
        |c| text(fault(c)?.message().as_bytes()),
    ),
    Fetch::new(
        "ssl_fc_err",
        Type::Sint,
        Needs::LAYER5,
        "OpenSSL's code of what broke the handshake; 0 without an error.",
        |c| tls::facts(c).map(|t| Value::Int(t.error.map_or(0, |e| i64::from(e.code())))),
    ),
    Fetch::new(
        "ssl_fc_err_str",
        Type::Str,
        Needs::LAYER5,
        "What broke the handshake, in OpenSSL's words.",
        |c| words(tls::facts(c)?.error),
    ),
    Fetch::new(
        "ssl_bc_err",
        Type::Sint,
        Needs::SERVER_SIDE,
        "OpenSSL's code of what broke the handshake with the server; 0 without an error.",
        |c| {
            let error = c.env.stream.bc_tls_error;
            if error.is_none() && c.env.stream.bc_tls.is_none() {
                return Err(Absent::Never);
            }
            Ok(Value::Int(error.map_or(0, |e| i64::from(e.code()))))
        },
    ),
    Fetch::new(
        "ssl_bc_err_str",
        Type::Str,
        Needs::SERVER_SIDE,
        "What broke the handshake with the server, in OpenSSL's words.",
        |c| words(c.env.stream.bc_tls_error),
    ),
    Fetch::new(
        "fc_saved_syn",
        Type::Bin,
        Needs::LAYER4,
        "The SYN packet that opened the connection, where `tcp-ss` has kept it.",
        |c| {
            let socket = c.env.sess.socket.ok_or(Absent::Never)?;
            let packet = c.env.world.saved_syn(socket).ok_or(Absent::Never)?;
            Ok(Value::Bin(Cow::Owned(packet)))
        },
    ),
    Fetch::new(
        "fc_glitches",
        Type::Sint,
        Needs::LAYER4,
        "How often the client's connection strayed from the protocol and was let.",
        |c| {
            stream_of(c.env)?;
            Ok(Value::Int(i64::from(c.env.sess.glitches)))
        },
    ),
    Fetch::new(
        "bc_glitches",
        Type::Sint,
        Needs::SERVER_SIDE,
        "How often the server's connection strayed from the protocol and was let.",
        |c| {
            connected(c)?;
            Ok(Value::Int(i64::from(c.env.stream.bc_glitches)))
        },
    ),
    Fetch::new(
        "fc_nb_streams",
        Type::Sint,
        Needs::LAYER4,
        "Streams on the client's connection.",
        |_| Ok(Value::Int(1)),
    ),
    Fetch::new(
        "bc_nb_streams",
        Type::Sint,
        Needs::SERVER_SIDE,
        "Streams on the server's connection.",
        one,
    ),
    Fetch::new(
        "fc_settings_streams_limit",
        Type::Sint,
        Needs::LAYER5,
        "How many streams the client may open at once.",
        |_| Ok(Value::Int(1)),
    ),
    Fetch::new(
        "bc_settings_streams_limit",
        Type::Sint,
        Needs::SERVER_SIDE,
        "How many streams the server takes at once.",
        one,
    ),
    Fetch::new(
        "fs.aborted",
        Type::Sint,
        Needs::LAYER5,
        "Whether the client gave the stream up.",
        |c| Ok(Value::Int(i64::from(matches!(stream_of(c.env)?.termination[0], b'C' | b'c')))),
    ),
    Fetch::new(
        "bs.aborted",
        Type::Sint,
        Needs::SERVER_SIDE,
        "Whether the server gave the stream up.",
        |c| {
            let stream = stream_of(c.env)?;
            Ok(Value::Int(i64::from(stream.bc_dst().is_some() && stream.termination[0] == b'S')))
        },
    ),
    Fetch::new(
        "fs.rst_code",
        Type::Sint,
        Needs::LAYER5,
        "The code of the client's reset, which HTTP/1 has none of.",
        missing,
    ),
    Fetch::new(
        "bs.rst_code",
        Type::Sint,
        Needs::SERVER_SIDE,
        "The code of the server's reset, which HTTP/1 has none of.",
        missing,
    ),
    Fetch::new(
        "fs.id",
        Type::Str,
        Needs::LAYER5,
        "The stream's number on the client's connection.",
        |c| {
            stream_of(c.env)?;
            let number = c.env.sess.requests.saturating_sub(1);
            Ok(Value::Str(Cow::Owned(number.to_string().into_bytes())))
        },
    ),
    Fetch::new(
        "bs.id",
        Type::Sint,
        Needs::SERVER_SIDE,
        "The stream's number on the server's connection.",
        |c| {
            connected(c)?;
            Ok(Value::Int(i64::from(c.env.stream.bc_requests.saturating_sub(1))))
        },
    ),
];

/// Of the connection that the word speaks of.
fn fault(c: &Call<'_, '_>) -> Result<Fault, Absent> {
    if c.name.starts_with("bc_") {
        let fault = c.env.stream.bc_fault;
        if fault == Fault::None {
            connected(c)?;
        }
        Ok(fault)
    } else {
        Ok(c.env.sess.fault)
    }
}

fn number<'e>(c: &mut Call<'_, 'e>) -> Sampled<'e> {
    Ok(Value::Int(i64::from(fault(c)?.number())))
}

fn words<'e>(error: Option<crate::fault::TlsError>) -> Sampled<'e> {
    let error = error.ok_or(Absent::Never)?;
    Ok(Value::Str(Cow::Owned(error.text().into_bytes())))
}

/// There is a connection to a server.
fn connected(c: &Call<'_, '_>) -> Result<(), Absent> {
    c.env.stream.bc_dst().map(|_| ()).ok_or(Absent::Never)
}

fn one<'e>(c: &mut Call<'_, 'e>) -> Sampled<'e> {
    connected(c)?;
    Ok(Value::Int(1))
}
