//! The state of the process, its proxies and servers, dates and random numbers (manual, 7.3.2).

use std::borrow::Cow;
use std::fmt::Write;

use hapax_value::{Support, Type, Value};

use super::http::text;
use super::{missing, no_effect};
use crate::{Absent, Arg, ArgKind, Call, Compile, Fetch, Needs, ProxyId, Sampled, ServerId, Weight};

const BACKEND: &[ArgKind] = &[ArgKind::Backend];
const FRONTEND: &[ArgKind] = &[ArgKind::Frontend];
const SERVER: &[ArgKind] = &[ArgKind::Server];
const UNITS: ArgKind = ArgKind::Choice(&["s", "ms", "us"]);

pub(super) static ROWS: &[Fetch] = &[
    Fetch::new(
        "date",
        Type::Sint,
        Needs::ALL,
        "The wall clock, moved by its first argument, in the unit of its second.",
        |c| {
            let moved = c.int(0).unwrap_or(0);
            Ok(Value::Int(in_unit(c.env.now.wall_us, c.int(1)).saturating_add(moved)))
        },
    )
    .args(&[ArgKind::Sint, UNITS], 0)
    .cases(&["date", "date(-3600)", "date(0,ms)"], &["date(x)", "date(1,x)"]),
    Fetch::new(
        "date_us",
        Type::Sint,
        Needs::ALL,
        "The microseconds of the wall clock's second.",
        |c| Ok(Value::Int((c.env.now.wall_us % 1_000_000) as i64)),
    ),
    Fetch::new(
        "accept_date",
        Type::Sint,
        Needs::LAYER4,
        "When the client's connection was accepted.",
        |c| Ok(Value::Int(in_unit(c.env.sess.accept_us, c.int(0)))),
    )
    .args(&[UNITS], 0)
    .cases(&["accept_date", "accept_date(us)"], &["accept_date(h)"]),
    Fetch::new(
        "request_date",
        Type::Sint,
        Needs::STREAM,
        "When the request's first byte came.",
        |c| Ok(Value::Int(in_unit(c.env.stream.start_us, c.int(0)))),
    )
    .args(&[UNITS], 0),
    Fetch::new("act_conn", Type::Sint, Needs::ALL, "Client connections of the process.", |c| {
        Ok(Value::Int(c.env.world.act_conn()))
    }),
    Fetch::new(
        "avg_queue",
        Type::Sint,
        Needs::PROCESS,
        "A backend's queued requests per usable server, rounded up.",
        |c| {
            let p = proxy(c)?;
            let (queue, servers) = (c.env.world.queue(p), c.env.world.nbsrv(p));
            Ok(Value::Int(if servers > 0 { (queue + servers - 1) / servers } else { queue }))
        },
    )
    .args(BACKEND, 1),
    Fetch::new("be_conn", Type::Sint, Needs::PROCESS, "A backend's connections.", |c| {
        Ok(Value::Int(c.env.world.be_conn(proxy(c)?)))
    })
    .args(BACKEND, 1),
    Fetch::new(
        "be_conn_free",
        Type::Sint,
        Needs::PROCESS,
        "Connections that a backend's usable servers may still take.",
        |c| Ok(Value::Int(c.env.world.be_conn_free(proxy(c)?))),
    )
    .args(BACKEND, 1),
    Fetch::new(
        "be_sess_rate",
        Type::Sint,
        Needs::PROCESS,
        "Sessions per second of a backend.",
        |c| Ok(Value::Int(c.env.world.be_sess_rate(proxy(c)?))),
    )
    .args(BACKEND, 1),
    Fetch::new(
        "connslots",
        Type::Sint,
        Needs::PROCESS,
        "Places left in a backend's servers and their queues.",
        |c| Ok(Value::Int(c.env.world.connslots(proxy(c)?))),
    )
    .args(BACKEND, 1),
    Fetch::new("nbsrv", Type::Sint, Needs::PROCESS, "A backend's usable servers.", |c| {
        Ok(Value::Int(c.env.world.nbsrv(proxy(c)?)))
    })
    .args(BACKEND, 1)
    .cases(&["nbsrv", "nbsrv(b)"], &["nbsrv(a,b)"]),
    Fetch::new(
        "queue",
        Type::Sint,
        Needs::PROCESS,
        "A backend's queued requests, those of its servers included.",
        |c| Ok(Value::Int(c.env.world.queue(proxy(c)?))),
    )
    .args(BACKEND, 1),
    Fetch::new("fe_conn", Type::Sint, Needs::PROCESS, "A frontend's connections.", |c| {
        Ok(Value::Int(c.env.world.fe_conn(proxy(c)?)))
    })
    .args(FRONTEND, 1),
    Fetch::new(
        "fe_req_rate",
        Type::Sint,
        Needs::PROCESS,
        "Requests per second of a frontend.",
        |c| Ok(Value::Int(c.env.world.fe_req_rate(proxy(c)?))),
    )
    .args(FRONTEND, 1),
    Fetch::new(
        "fe_sess_rate",
        Type::Sint,
        Needs::PROCESS,
        "Sessions per second of a frontend.",
        |c| Ok(Value::Int(c.env.world.fe_sess_rate(proxy(c)?))),
    )
    .args(FRONTEND, 1),
    Fetch::new("srv_conn", Type::Sint, Needs::PROCESS, "A server's connections.", |c| {
        let (p, s) = server(c)?;
        Ok(Value::Int(c.env.world.srv_conn(p, s)))
    })
    .args(SERVER, 1),
    Fetch::new(
        "srv_conn_free",
        Type::Sint,
        Needs::PROCESS,
        "Connections that a server may still take.",
        |c| {
            let (p, s) = server(c)?;
            Ok(Value::Int(c.env.world.srv_conn_free(p, s)))
        },
    )
    .args(SERVER, 1),
    Fetch::new("srv_is_up", Type::Bool, Needs::PROCESS, "Whether a server is up.", |c| {
        let (p, s) = server(c)?;
        Ok(Value::Bool(c.env.world.server_is_up(p, s)))
    })
    .args(SERVER, 1),
    Fetch::new("srv_queue", Type::Sint, Needs::PROCESS, "A server's queued requests.", |c| {
        let (p, s) = server(c)?;
        Ok(Value::Int(c.env.world.srv_queue(p, s)))
    })
    .args(SERVER, 1),
    Fetch::new(
        "srv_sess_rate",
        Type::Sint,
        Needs::PROCESS,
        "Sessions per second of a server.",
        |c| {
            let (p, s) = server(c)?;
            Ok(Value::Int(c.env.world.srv_sess_rate(p, s)))
        },
    )
    .args(SERVER, 1),
    Fetch::new(
        "srv_weight",
        Type::Sint,
        Needs::PROCESS,
        "A server's weight as the load balancer uses it.",
        |c| weight(c, Weight::Effective),
    )
    .args(SERVER, 1),
    Fetch::new("srv_iweight", Type::Sint, Needs::PROCESS, "A server's weight as configured.", |c| {
        weight(c, Weight::Initial)
    })
    .args(SERVER, 1),
    Fetch::new(
        "srv_uweight",
        Type::Sint,
        Needs::PROCESS,
        "A server's weight as the runtime API set it.",
        |c| weight(c, Weight::User),
    )
    .args(SERVER, 1),
    Fetch::new(
        "env",
        Type::Str,
        Needs::ALL,
        "An environment variable's value when the configuration was read.",
        |c| text(c.text(0).ok_or(Absent::Never)?),
    )
    .args(&[ArgKind::Str], 1)
    .check(check_env),
    Fetch::new("hostname", Type::Str, Needs::ALL, "The machine's name.", |c| {
        text(c.env.world.hostname().as_bytes())
    }),
    Fetch::new("pid", Type::Sint, Needs::ALL, "The process's number.", |c| {
        Ok(Value::Int(c.env.world.pid()))
    }),
    Fetch::new(
        "nbproc",
        Type::Sint,
        Needs::ALL,
        "The number of processes, which is always 1.",
        |_| Ok(Value::Int(1)),
    ),
    Fetch::new(
        "proc",
        Type::Sint,
        Needs::ALL,
        "The position of the process, which is always 1.",
        |_| Ok(Value::Int(1)),
    ),
    Fetch::new(
        "tgroup",
        Type::Sint,
        Needs::ALL,
        "The number of the thread's group, from 0.",
        |_| Ok(Value::Int(0)),
    ),
    Fetch::new("thread", Type::Sint, Needs::ALL, "The number of the thread, from 0.", |c| {
        Ok(Value::Int(c.env.world.thread()))
    }),
    Fetch::new("uptime", Type::Sint, Needs::ALL, "Seconds since the process started.", |c| {
        Ok(Value::Int(c.env.world.uptime()))
    }),
    Fetch::new("stopping", Type::Bool, Needs::PROCESS, "Whether the process is stopping.", |c| {
        Ok(Value::Bool(c.env.world.is_stopping()))
    }),
    Fetch::new(
        "rand",
        Type::Sint,
        Needs::ALL,
        "A random number below its argument, or of 32 bits.",
        |c| {
            let bits = c.env.world.random() >> 32;
            Ok(Value::Int(match c.int(0) {
                None => bits as i64,
                Some(range) => ((u128::from(bits) * u128::from(range.unsigned_abs())) >> 32) as i64,
            }))
        },
    )
    .args(&[ArgKind::Sint], 0)
    .cases(&["rand", "rand(100)"], &["rand(x)"]),
    Fetch::new(
        "uuid",
        Type::Str,
        Needs::ALL,
        "A random universally unique identifier, of version 4 or 7.",
        uuid,
    )
    .args(&[ArgKind::Sint], 0)
    .check(check_uuid)
    .cases(&["uuid", "uuid(4)", "uuid(7)"], &["uuid(3)"]),
    Fetch::new(
        "quic_enabled",
        Type::Bool,
        Needs::ALL,
        "Whether QUIC listeners may be used.",
        |_| Ok(Value::Bool(false)),
    ),
    Fetch::new(
        "spoe.engine-id",
        Type::Str,
        Needs::PROCESS,
        "The identifier of the SPOE engine.",
        missing,
    )
    .support(Support::NotYet("SPOE")),
    Fetch::new(
        "cpu_calls",
        Type::Sint,
        Needs::PROCESS,
        "How often the stream's task ran.",
        no_effect,
    )
    .support(SCHEDULER),
    Fetch::new(
        "cpu_ns_avg",
        Type::Sint,
        Needs::PROCESS,
        "Processor time per run of the stream's task.",
        no_effect,
    )
    .support(SCHEDULER),
    Fetch::new(
        "cpu_ns_tot",
        Type::Sint,
        Needs::PROCESS,
        "Processor time of the stream's task.",
        no_effect,
    )
    .support(SCHEDULER),
    Fetch::new(
        "cpu_usage_grp",
        Type::Sint,
        Needs::PROCESS,
        "Processor use of the thread's group, in percent.",
        no_effect,
    )
    .support(SCHEDULER),
    Fetch::new(
        "cpu_usage_proc",
        Type::Sint,
        Needs::PROCESS,
        "Processor use of the process, in percent.",
        no_effect,
    )
    .support(SCHEDULER),
    Fetch::new(
        "cpu_usage_thr",
        Type::Sint,
        Needs::PROCESS,
        "Processor use of the thread, in percent.",
        no_effect,
    )
    .support(SCHEDULER),
    Fetch::new(
        "lat_ns_avg",
        Type::Sint,
        Needs::PROCESS,
        "How long the stream's task waited to run, on average.",
        no_effect,
    )
    .support(SCHEDULER),
    Fetch::new(
        "lat_ns_tot",
        Type::Sint,
        Needs::PROCESS,
        "How long the stream's task waited to run.",
        no_effect,
    )
    .support(SCHEDULER),
];

const SCHEDULER: Support = Support::NoEffect("tasks are not measured one by one here");

/// Microseconds as seconds, or as the unit at that place of `s ms us`.
fn in_unit(us: u64, unit: Option<i64>) -> i64 {
    (match unit {
        Some(1) => us / 1_000,
        Some(2) => us,
        _ => us / 1_000_000,
    }) as i64
}

fn proxy(c: &Call<'_, '_>) -> Result<ProxyId, Absent> {
    c.name_id(0).map(|id| ProxyId(id as u32)).ok_or(Absent::Never)
}

fn server(c: &Call<'_, '_>) -> Result<(ProxyId, ServerId), Absent> {
    let id = c.name_id(0).ok_or(Absent::Never)?;
    Ok((ProxyId((id >> 32) as u32), ServerId(id as u32)))
}

fn weight<'e>(c: &Call<'_, 'e>, which: Weight) -> Sampled<'e> {
    let (p, s) = server(c)?;
    Ok(Value::Int(c.env.world.srv_weight(p, s, which)))
}

fn check_env(args: &mut Vec<Arg>, cx: &mut Compile<'_>) -> Result<(), String> {
    if let Some(Arg::Str(name)) = args.first() {
        let value = std::str::from_utf8(name).ok().and_then(|n| cx.files.env(n));
        args[0] = value.map_or(Arg::None, |v| Arg::Str(v.into()));
    }
    Ok(())
}

fn check_uuid(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    match args.first() {
        Some(Arg::Int(n)) if !matches!(n, 4 | 7) => Err("Unsupported UUID version, it must be 4 or 7".to_owned()),
        _ => Ok(()),
    }
}

fn uuid<'e>(c: &mut Call<'_, 'e>) -> Sampled<'e> {
    let mut bits = u128::from(c.env.world.random()) << 64 | u128::from(c.env.world.random());
    let version = c.int(0).unwrap_or(4) as u128;
    if version == 7 {
        bits = (bits & (u128::MAX >> 48)) | u128::from(c.env.now.wall_us / 1000) << 80;
    }
    bits = bits & !(0xf << 76) & !(3 << 62) | version << 76 | 2 << 62;
    let mut out = String::with_capacity(36);
    let part = |from: u32, len: u32| (bits >> from) & ((1 << len) - 1);
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        part(96, 32),
        part(80, 16),
        part(64, 16),
        part(48, 16),
        part(0, 48)
    );
    Ok(Value::Str(Cow::Owned(out.into_bytes())))
}
