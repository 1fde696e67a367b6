//! Live state of proxies and servers that are known by a name in a sample.

use hapax_value::{Type, Value};

use super::arg;
use crate::{Absent, Converter, Env, ProxyId, ServerId};

pub(super) static ROWS: &[Converter] = &[
    Converter::new(
        "nbsrv",
        Type::Str,
        Type::Sint,
        "How many servers of the backend of that name are usable.",
        |_, v, e| {
            let backend = e.world.backend_named(&arg::bytes(v)?).ok_or(Absent::Never)?;
            Ok(Value::Int(e.world.nbsrv(backend)))
        },
    )
    .cases(&["str(b),nbsrv"], &["str(b),nbsrv(b)"]),
    Converter::new(
        "srv_is_up",
        Type::Str,
        Type::Bool,
        "Whether the server of that name, `server` or `backend/server`, is up.",
        |_, v, e| {
            let (backend, server) = server(v, e)?;
            Ok(Value::Bool(e.world.server_is_up(backend, server)))
        },
    )
    .cases(&["str(b/s0),srv_is_up"], &["str(b),srv_is_up(b)"]),
    Converter::new(
        "srv_queue",
        Type::Str,
        Type::Sint,
        "How many requests wait for the server of that name, `server` or `backend/server`.",
        |_, v, e| {
            let (backend, server) = server(v, e)?;
            Ok(Value::Int(e.world.srv_queue(backend, server)))
        },
    )
    .cases(&["str(b/s0),srv_queue"], &["str(b),srv_queue(b)"]),
    Converter::new(
        "fe_exists",
        Type::Str,
        Type::Bool,
        "Whether there is a frontend of that name.",
        |_, v, e| Ok(Value::Bool(e.world.frontend_named(&arg::bytes(v)?).is_some())),
    )
    .cases(&["str(f),fe_exists"], &["str(f),fe_exists(f)"]),
];

/// The server of a name; without a backend's name it is one of the current backend.
fn server(value: Value<'_>, env: &Env<'_>) -> Result<(ProxyId, ServerId), Absent> {
    let name = arg::bytes(value)?;
    let (backend, server) = match memchr::memchr(b'/', &name) {
        Some(slash) => (env.world.backend_named(&name[..slash]), &name[slash + 1..]),
        None => (env.backend(), &*name),
    };
    let backend = backend.ok_or(Absent::Never)?;
    Ok((backend, env.world.server_named(backend, server).ok_or(Absent::Never)?))
}
