//! The client's connection, the server's, and the stream: layer 4 (manual, 7.3.3).

use std::net::IpAddr;

use hapax_proto::proxy::tlv;
use hapax_value::{Endpoint, Support, Type, Value};

use super::http::text;
use super::{no_effect, stream_of};
use crate::fault::Fault;
use crate::{Absent, Arg, ArgKind, Call, Compile, Env, Fetch, Needs, ProxyId, Sampled, Setting, TcpFact};

/// A word that nobody looks at.
const ANYTHING: &[ArgKind] = &[ArgKind::Str];
const UNIT: &[ArgKind] = &[ArgKind::Choice(&["us", "ms"])];

pub(super) static ROWS: &[Fetch] = &[
    Fetch::new(
        "src",
        Type::Addr,
        Needs::LAYER4,
        "The client's address, as rules and PROXY headers have left it.",
        |c| ip(c.env.src()),
    )
    .steady()
    .cases(&["src", "src()", "src,ipmask(24)"], &["src(1)"]),
    Fetch::new("src_port", Type::Sint, Needs::LAYER4, "The client's port.", |c| port(c.env.src())).steady(),
    Fetch::new(
        "src_is_local",
        Type::Bool,
        Needs::LAYER4,
        "Whether the client's address belongs to this machine.",
        |c| local(c, c.env.src()),
    ),
    Fetch::new("dst", Type::Addr, Needs::LAYER4, "The address the client reached.", |c| {
        ip(c.env.dst())
    })
    .steady(),
    Fetch::new("dst_port", Type::Sint, Needs::LAYER4, "The port the client reached.", |c| {
        port(c.env.dst())
    })
    .steady(),
    Fetch::new(
        "dst_is_local",
        Type::Bool,
        Needs::LAYER4,
        "Whether the address that the client reached belongs to this machine.",
        |c| local(c, c.env.dst()),
    ),
    Fetch::new(
        "fc_src",
        Type::Addr,
        Needs::LAYER4,
        "The address the connection came from, whatever headers said.",
        |c| ip(c.env.sess.real_src.as_ref()),
    )
    .steady(),
    Fetch::new(
        "fc_src_port",
        Type::Sint,
        Needs::LAYER4,
        "The port the connection came from.",
        |c| port(c.env.sess.real_src.as_ref()),
    ),
    Fetch::new(
        "fc_src_is_local",
        Type::Bool,
        Needs::LAYER4,
        "Whether the connection came from this machine.",
        |c| local(c, c.env.sess.real_src.as_ref()),
    ),
    Fetch::new(
        "fc_dst",
        Type::Addr,
        Needs::LAYER4,
        "The address the connection reached, whatever headers said.",
        |c| ip(c.env.sess.real_dst.as_ref()),
    )
    .steady(),
    Fetch::new("fc_dst_port", Type::Sint, Needs::LAYER4, "The port the connection reached.", |c| {
        port(c.env.sess.real_dst.as_ref())
    }),
    Fetch::new(
        "fc_dst_is_local",
        Type::Bool,
        Needs::LAYER4,
        "Whether the connection reached an address of this machine.",
        |c| local(c, c.env.sess.real_dst.as_ref()),
    ),
    Fetch::new(
        "dst_conn",
        Type::Sint,
        Needs::SESSION,
        "Connections on the socket that the client reached.",
        |c| Ok(Value::Int(c.env.world.listener_conn(c.env.sess.frontend, c.env.sess.listener))),
    ),
    Fetch::new("so_id", Type::Sint, Needs::SESSION, "The number of the bind line.", |c| {
        Ok(Value::Int(i64::from(c.env.sess.listener_id)))
    })
    .steady(),
    Fetch::new("so_name", Type::Str, Needs::SESSION, "The name of the bind line.", |c| {
        let name = &c.env.sess.listener_name;
        if name.is_empty() {
            Err(Absent::Never)
        } else {
            text(name.as_bytes())
        }
    })
    .steady(),
    Fetch::new("fe_id", Type::Sint, Needs::SESSION, "The frontend's number.", |c| {
        Ok(Value::Int(c.env.world.proxy_number(c.env.sess.frontend)))
    }),
    Fetch::new("fe_name", Type::Str, Needs::SESSION, "The frontend's name.", |c| {
        text(c.env.world.proxy_name(c.env.sess.frontend).as_bytes())
    }),
    Fetch::new(
        "fe_defbe",
        Type::Str,
        Needs::SESSION,
        "The name of the frontend's default backend.",
        |c| text(c.env.world.default_backend(c.env.sess.frontend).ok_or(Absent::Never)?.as_bytes()),
    ),
    Fetch::new(
        "fe_client_timeout",
        Type::Sint,
        Needs::SESSION,
        "The frontend's client timeout, in milliseconds.",
        |c| frontend(c, Setting::TimeoutClient),
    ),
    Fetch::new(
        "fe_tarpit_timeout",
        Type::Sint,
        Needs::SESSION,
        "The frontend's tarpit timeout, in milliseconds.",
        |c| frontend(c, Setting::TimeoutTarpit),
    ),
    Fetch::new(
        "cur_client_timeout",
        Type::Sint,
        Needs::SESSION,
        "The client timeout in force, in milliseconds.",
        |c| set_or(stream_of(c.env)?.set.timeout_client, || frontend(c, Setting::TimeoutClient)),
    ),
    Fetch::new(
        "cur_tarpit_timeout",
        Type::Sint,
        Needs::LAYER4,
        "The tarpit timeout in force, in milliseconds.",
        |c| {
            // That of the backend takes over once it is known, where it has one.
            let own = |p| c.env.world.setting(p, Setting::TimeoutTarpit);
            let stream = stream_of(c.env)?;
            set_or(stream.set.timeout_tarpit, || match stream.backend.and_then(own) {
                Some(ms) => Ok(Value::Int(ms)),
                None => frontend(c, Setting::TimeoutTarpit),
            })
        },
    ),
    Fetch::new("be_id", Type::Sint, Needs::BACKEND, "The backend's number.", |c| {
        Ok(Value::Int(c.env.world.proxy_number(backend(c.env)?)))
    }),
    Fetch::new("be_name", Type::Str, Needs::BACKEND, "The backend's name.", |c| {
        text(c.env.world.proxy_name(backend(c.env)?).as_bytes())
    }),
    Fetch::new(
        "be_connect_timeout",
        Type::Sint,
        Needs::BACKEND,
        "The backend's connect timeout, in milliseconds.",
        |c| of_backend(c, Setting::TimeoutConnect),
    ),
    Fetch::new(
        "be_queue_timeout",
        Type::Sint,
        Needs::BACKEND,
        "The backend's queue timeout, in milliseconds.",
        |c| of_backend(c, Setting::TimeoutQueue),
    ),
    Fetch::new(
        "be_server_timeout",
        Type::Sint,
        Needs::BACKEND,
        "The backend's server timeout, in milliseconds.",
        |c| of_backend(c, Setting::TimeoutServer),
    ),
    Fetch::new(
        "be_tarpit_timeout",
        Type::Sint,
        Needs::BACKEND,
        "The backend's tarpit timeout, in milliseconds.",
        |c| of_backend(c, Setting::TimeoutTarpit),
    ),
    Fetch::new(
        "be_tunnel_timeout",
        Type::Sint,
        Needs::BACKEND,
        "The backend's tunnel timeout, in milliseconds.",
        |c| of_backend(c, Setting::TimeoutTunnel),
    ),
    Fetch::new(
        "be_max_retries",
        Type::Sint,
        Needs::BACKEND,
        "How often the backend tries a connection again.",
        |c| of_backend(c, Setting::Retries),
    ),
    Fetch::new(
        "cur_connect_timeout",
        Type::Sint,
        Needs::BACKEND,
        "The connect timeout in force, in milliseconds.",
        |c| set_or(c.env.stream.set.timeout_connect, || in_force(c, Setting::TimeoutConnect)),
    ),
    Fetch::new(
        "cur_queue_timeout",
        Type::Sint,
        Needs::BACKEND,
        "The queue timeout in force, in milliseconds.",
        |c| set_or(c.env.stream.set.timeout_queue, || in_force(c, Setting::TimeoutQueue)),
    ),
    Fetch::new(
        "cur_server_timeout",
        Type::Sint,
        Needs::BACKEND,
        "The server timeout in force, in milliseconds.",
        |c| {
            set_or(c.env.stream.set.timeout_server, || {
                // It is in force from the server's choice on.
                let chosen = c.env.stream.server.is_some();
                if chosen {
                    in_force(c, Setting::TimeoutServer)
                } else {
                    stream_of(c.env).map(|_| Value::Int(0))
                }
            })
        },
    ),
    Fetch::new(
        "cur_tunnel_timeout",
        Type::Sint,
        Needs::BACKEND,
        "The tunnel timeout in force, in milliseconds.",
        |c| set_or(c.env.stream.set.timeout_tunnel, || in_force(c, Setting::TimeoutTunnel)),
    ),
    Fetch::new(
        "cur_max_retries",
        Type::Sint,
        Needs::BACKEND,
        "How often a connection is tried again.",
        |c| set_or(c.env.stream.set.retries.map(u64::from), || in_force(c, Setting::Retries)),
    ),
    Fetch::new("srv_id", Type::Sint, Needs::SERVER, "The number of the server in charge.", |c| {
        let (p, s) = (backend(c.env)?, c.env.stream.server.ok_or(Absent::Never)?);
        Ok(Value::Int(c.env.world.server_number(p, s)))
    }),
    Fetch::new("srv_name", Type::Str, Needs::SERVER, "The name of the server in charge.", |c| {
        let (p, s) = (backend(c.env)?, c.env.stream.server.ok_or(Absent::Never)?);
        match c.env.world.server_name(p, s) {
            std::borrow::Cow::Borrowed(name) => text(name.as_bytes()),
            std::borrow::Cow::Owned(name) => Ok(Value::Str(name.into_bytes().into())),
        }
    }),
    Fetch::new(
        "bc_src",
        Type::Addr,
        Needs::SERVER_SIDE,
        "The address that the connection to the server comes from.",
        |c| ip(c.env.stream.bc_src()),
    )
    .check(want_source),
    Fetch::new(
        "bc_src_port",
        Type::Sint,
        Needs::SERVER_SIDE,
        "The port that the connection to the server comes from.",
        |c| port(c.env.stream.bc_src()),
    )
    .check(want_source),
    Fetch::new(
        "bc_dst",
        Type::Addr,
        Needs::SERVER_SIDE,
        "The address that the connection to the server reached.",
        |c| ip(c.env.stream.bc_dst()),
    ),
    Fetch::new(
        "bc_dst_port",
        Type::Sint,
        Needs::SERVER_SIDE,
        "The port that the connection to the server reached.",
        |c| port(c.env.stream.bc_dst()),
    ),
    Fetch::new(
        "bc_reused",
        Type::Bool,
        Needs::SERVER_SIDE,
        "Whether the connection to the server was used before.",
        |c| Ok(Value::Bool(stream_of(c.env)?.bc_reused)),
    ),
    Fetch::new(
        "bc_be_queue",
        Type::Sint,
        Needs::SERVER_SIDE,
        "How many streams left the queues while this one waited in its backend's.",
        |c| Ok(Value::Int(i64::from(stream_of(c.env)?.backend_queue))),
    ),
    Fetch::new(
        "bc_srv_queue",
        Type::Sint,
        Needs::SERVER_SIDE,
        "How many streams left the queues while this one waited in its server's.",
        |c| Ok(Value::Int(i64::from(stream_of(c.env)?.server_queue))),
    ),
    Fetch::new(
        "bc_http_major",
        Type::Sint,
        Needs::SERVER_SIDE,
        "The major version spoken with the server.",
        |c| {
            // An answer of our own has a version too, but no server spoke it.
            c.env.stream.server.ok_or(Absent::Never)?;
            let v = c.env.stream.response_version.as_bytes().first().ok_or(Absent::Never)?;
            Ok(Value::Int(i64::from(v - b'0')))
        },
    ),
    Fetch::new(
        "fc_http_major",
        Type::Sint,
        Needs::LAYER4,
        "The major version spoken with the client.",
        |c| {
            // Before there is a stream, nothing is spoken.
            stream_of(c.env)?;
            Ok(Value::Int(c.env.req.map_or(1, |r| i64::from(r.version.parts().0.max(1)))))
        },
    ),
    Fetch::new(
        "fc_rcvd_proxy",
        Type::Bool,
        Needs::LAYER4,
        "Whether a PROXY header came first.",
        // Of a connection that is given up before its session it is not known.
        |c| match c.env.sess.fault {
            Fault::None => Ok(Value::Bool(c.env.sess.proxy_tlvs.is_some())),
            _ => Err(Absent::Never),
        },
    ),
    Fetch::new(
        "fc_pp_authority",
        Type::Str,
        Needs::LAYER4,
        "The authority of the PROXY header.",
        |c| part(c, tlv::AUTHORITY),
    ),
    Fetch::new(
        "fc_pp_unique_id",
        Type::Str,
        Needs::LAYER4,
        "The unique identifier of the PROXY header.",
        |c| part(c, tlv::UNIQUE_ID),
    ),
    Fetch::new(
        "fc_pp_tlv",
        Type::Str,
        Needs::LAYER5,
        "A part of the PROXY header, by number or name; an ACL tries all of that type.",
        |c| {
            let kind = c.int(0).ok_or(Absent::Never)?;
            let at = c.iter.at;
            let mut values = tlv::values(parts(c)?, kind as u8).skip(at);
            let value = values.next().ok_or(Absent::Never)?;
            c.iter.more = values.next().is_some();
            text(value)
        },
    )
    .args(&[ArgKind::Str], 1)
    .check(tlv_kind)
    .cases(
        &["fc_pp_tlv", "fc_pp_tlv(0xE1)", "fc_pp_tlv(225)", "fc_pp_tlv(SSL_CN)"],
        &["fc_pp_tlv(256)", "fc_pp_tlv(NOTHING)"],
    ),
    Fetch::new("fc_rtt", Type::Sint, Needs::LAYER4, "The round trip time to the client.", |c| {
        client_tcp(c, TcpFact::Rtt)
    })
    .args(UNIT, 0),
    Fetch::new(
        "fc_rttvar",
        Type::Sint,
        Needs::LAYER4,
        "How the round trip time to the client varies.",
        |c| client_tcp(c, TcpFact::RttVar),
    )
    .args(UNIT, 0),
    Fetch::new(
        "fc_fackets",
        Type::Sint,
        Needs::LAYER4,
        "The kernel's count of FACK packets.",
        |c| client_tcp(c, TcpFact::Fackets),
    )
    .args(ANYTHING, 0),
    Fetch::new("fc_lost", Type::Sint, Needs::LAYER4, "The kernel's count of lost packets.", |c| {
        client_tcp(c, TcpFact::Lost)
    })
    .args(ANYTHING, 0),
    Fetch::new(
        "fc_reordering",
        Type::Sint,
        Needs::LAYER4,
        "The kernel's measure of reordering.",
        |c| client_tcp(c, TcpFact::Reordering),
    )
    .args(ANYTHING, 0),
    Fetch::new(
        "fc_retrans",
        Type::Sint,
        Needs::LAYER4,
        "The kernel's count of packets sent again.",
        |c| client_tcp(c, TcpFact::Retrans),
    )
    .args(ANYTHING, 0),
    Fetch::new(
        "fc_sacked",
        Type::Sint,
        Needs::LAYER4,
        "The kernel's count of packets acknowledged out of order.",
        |c| client_tcp(c, TcpFact::Sacked),
    )
    .args(ANYTHING, 0),
    Fetch::new(
        "fc_unacked",
        Type::Sint,
        Needs::LAYER4,
        "The kernel's count of packets not yet acknowledged.",
        |c| client_tcp(c, TcpFact::Unacked),
    )
    .args(ANYTHING, 0),
    Fetch::new("bc_rtt", Type::Sint, Needs::LAYER4, "The round trip time to the server.", |c| {
        server_tcp(c, TcpFact::Rtt)
    })
    .args(UNIT, 0),
    Fetch::new(
        "bc_rttvar",
        Type::Sint,
        Needs::LAYER4,
        "How the round trip time to the server varies.",
        |c| server_tcp(c, TcpFact::RttVar),
    )
    .args(UNIT, 0),
    Fetch::new(
        "fs.debug_str",
        Type::Str,
        Needs::LAYER5,
        "Internal state of the client's side, for developers.",
        no_effect,
    )
    .args(&[ArgKind::Sint], 0)
    .support(INTERNALS),
    Fetch::new(
        "bs.debug_str",
        Type::Str,
        Needs::SERVER_SIDE,
        "Internal state of the server's side, for developers.",
        no_effect,
    )
    .args(&[ArgKind::Sint], 0)
    .support(INTERNALS),
    Fetch::new(
        "term_events",
        Type::Str,
        Needs::PROCESS,
        "The events that ended connections, for developers.",
        no_effect,
    )
    .support(INTERNALS),
];

const INTERNALS: Support = Support::NoEffect("it shows HAProxy's own insides");

#[allow(clippy::unnecessary_wraps, reason = "as the other checks")]
fn want_source(_: &mut Vec<Arg>, cx: &mut Compile<'_>) -> Result<(), String> {
    cx.wanted.server_source = true;
    Ok(())
}

fn ip(e: Option<&Endpoint>) -> Sampled<'static> {
    match e.and_then(Endpoint::ip) {
        Some(IpAddr::V4(a)) => Ok(Value::V4(a)),
        Some(IpAddr::V6(a)) => Ok(Value::V6(a)),
        None => Err(Absent::Never),
    }
}

fn port(e: Option<&Endpoint>) -> Sampled<'static> {
    // Port 0 is none.
    let port = e.and_then(Endpoint::port).filter(|p| *p != 0);
    port.map(|p| Value::Int(i64::from(p))).ok_or(Absent::Never)
}

fn local<'e>(c: &Call<'_, 'e>, e: Option<&Endpoint>) -> Sampled<'e> {
    match e {
        Some(Endpoint::Ip(a)) => Ok(Value::Bool(c.env.world.is_local(a.ip()))),
        Some(_) => Ok(Value::Bool(true)),
        None => Err(Absent::Never),
    }
}

pub(super) fn backend(env: &Env<'_>) -> Result<ProxyId, Absent> {
    env.backend().ok_or(Absent::Never)
}

fn frontend<'e>(c: &Call<'_, 'e>, which: Setting) -> Sampled<'e> {
    Ok(Value::Int(c.env.world.setting(c.env.sess.frontend, which).unwrap_or(0)))
}

/// What the kernel tells of the client's connection; times in microseconds unless asked for in milliseconds.
fn client_tcp<'e>(c: &Call<'_, 'e>, what: TcpFact) -> Sampled<'e> {
    kernel(c, c.env.sess.socket, what)
}

fn server_tcp<'e>(c: &Call<'_, 'e>, what: TcpFact) -> Sampled<'e> {
    kernel(c, c.env.stream.bc_socket, what)
}

fn kernel<'e>(c: &Call<'_, 'e>, socket: Option<i32>, what: TcpFact) -> Sampled<'e> {
    let n = c.env.world.tcp_info(socket.ok_or(Absent::Never)?, what).ok_or(Absent::Never)?;
    let is_time = matches!(what, TcpFact::Rtt | TcpFact::RttVar);
    // Milliseconds unless the first unit is named.
    Ok(Value::Int(if is_time && c.int(0) != Some(0) { n / 1000 } else { n }))
}

/// What a rule has set, else the proxy's own.
fn set_or<'e>(set: Option<u64>, own: impl FnOnce() -> Sampled<'e>) -> Sampled<'e> {
    set.map_or_else(own, |n| Ok(Value::Int(n as i64)))
}

fn of_backend<'e>(c: &Call<'_, 'e>, which: Setting) -> Sampled<'e> {
    Ok(Value::Int(c.env.world.setting(backend(c.env)?, which).unwrap_or(0)))
}

/// The same, of the backend that was chosen: nothing is in force before.
fn in_force<'e>(c: &Call<'_, 'e>, which: Setting) -> Sampled<'e> {
    match c.env.stream.backend {
        Some(p) => Ok(Value::Int(c.env.world.setting(p, which).unwrap_or(0))),
        None => stream_of(c.env).map(|_| Value::Int(0)),
    }
}

fn parts<'e>(c: &Call<'_, 'e>) -> Result<&'e [u8], Absent> {
    c.env.sess.proxy_tlvs.as_deref().ok_or(Absent::Never)
}

/// The first part of that type.
fn part<'e>(c: &mut Call<'_, 'e>, kind: u8) -> Sampled<'e> {
    text(tlv::values(parts(c)?, kind).next().ok_or(Absent::Never)?)
}

/// The type as a number: of the specification's names, or as written.
fn tlv_kind(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    let Some(Arg::Str(word)) = args.first().filter(|a| !matches!(a, Arg::Str(w) if w.is_empty())) else {
        return Ok(());
    };
    let word = String::from_utf8_lossy(word).into_owned();
    let named = [
        ("ALPN", tlv::ALPN),
        ("AUTHORITY", tlv::AUTHORITY),
        ("CRC32", tlv::CRC32C),
        ("CRC32C", tlv::CRC32C),
        ("NETNS", tlv::NETNS),
        ("NOOP", tlv::NOOP),
        ("SSL", tlv::SSL),
        ("SSL_CIPHER", tlv::SSL_CIPHER),
        ("SSL_CN", tlv::SSL_CN),
        ("SSL_KEY_ALG", tlv::SSL_KEY_ALG),
        ("SSL_SIG_ALG", tlv::SSL_SIG_ALG),
        ("SSL_VERSION", tlv::SSL_VERSION),
        ("UNIQUE_ID", tlv::UNIQUE_ID),
    ];
    let number = || match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        Some(hex) => u8::from_str_radix(hex, 16).ok(),
        None => word.parse().ok(),
    };
    let found = named.iter().find(|(n, _)| *n == word).map(|(_, k)| *k).or_else(number);
    let kind = found.ok_or_else(|| format!("invalid TLV type '{word}'"))?;
    args[0] = Arg::Int(i64::from(kind));
    Ok(())
}
