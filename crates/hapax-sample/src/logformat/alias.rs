//! The aliases of log-format strings (manual, 8.2.6): one row each, with the function that writes it.

#![allow(clippy::semicolon_if_nothing_returned, reason = "one-line writers read best without")]

use std::borrow::Cow;

use super::sink::{Sink, unsafe_in_uri};
use crate::converters::dates::calendar::{Date, MONTHS};
use crate::fetches::http::pathq;
use crate::fetches::stream::{RequestLine, request_line};
use crate::{Env, Wanted};

/// One alias.
#[derive(Clone, Copy)]
pub(super) struct Alias {
    pub(super) name: &'static str,
    /// Written as a number where values are encoded.
    pub(super) number: bool,
    /// Only HTTP proxies have something to write.
    pub(super) http: bool,
    /// Tells what is to be gathered for it.
    pub(super) wants: Option<fn(&mut Wanted)>,
    pub(super) doc: &'static str,
    pub(super) write: fn(&mut Sink<'_, '_>),
}

impl std::fmt::Debug for Alias {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const fn text(name: &'static str, doc: &'static str, write: fn(&mut Sink<'_, '_>)) -> Alias {
    Alias {
        name,
        number: false,
        http: false,
        wants: None,
        doc,
        write,
    }
}

const fn number(name: &'static str, doc: &'static str, write: fn(&mut Sink<'_, '_>)) -> Alias {
    Alias {
        number: true,
        ..text(name, doc, write)
    }
}

const fn of_source(alias: Alias) -> Alias {
    Alias {
        wants: Some(|w| w.server_source = true),
        ..alias
    }
}

const fn http(alias: Alias) -> Alias {
    Alias { http: true, ..alias }
}

pub(super) fn find(name: &str) -> Option<&'static Alias> {
    ALIASES.iter().find(|a| a.name == name)
}

pub(super) static ALIASES: &[Alias] = &[
    text("T", "when the connection was accepted, UTC", |s| {
        seconds(s, s.env.sess.accept_us, false)
    }),
    text("Tl", "when the connection was accepted, local time", |s| {
        seconds(s, s.env.sess.accept_us, true)
    }),
    number("Ts", "when the connection was accepted, in seconds since the epoch", |s| {
        s.word((s.env.sess.accept_us / 1_000_000) as i64);
    }),
    text("t", "when the connection was accepted, local time with milliseconds", |s| {
        millis(s, s.env.sess.accept_us)
    }),
    number("ms", "the milliseconds of when the connection was accepted", |s| {
        let ms = s.env.sess.accept_us / 1000 % 1000;
        three(s, ms);
    }),
    http(text("tr", "when the request began, local time with milliseconds", |s| {
        millis(s, began(s))
    })),
    http(text("trg", "when the request began, UTC", |s| seconds(s, began(s), false))),
    http(text("trl", "when the request began, local time", |s| seconds(s, began(s), true))),
    http(number("Ta", "active time of the request, in milliseconds", |s| {
        growing(s, s.env.stream.timers.active)
    })),
    number("Tc", "time to connect to the server, in milliseconds", |s| {
        s.int(s.env.stream.timers.connect)
    }),
    number("Td", "time of the response's body, in milliseconds", |s| {
        s.int(s.env.stream.timers.data)
    }),
    number("Th", "time of the handshakes, in milliseconds", |s| {
        s.int(s.env.stream.timers.handshake)
    }),
    http(number("Ti", "idle time before the request, in milliseconds", |s| {
        s.int(s.env.stream.timers.idle)
    })),
    http(number(
        "Tq",
        "time from accept to the end of the request's head, in milliseconds",
        |s| {
            let t = &s.env.stream.timers;
            s.int(if t.request < 0 {
                -1
            } else {
                t.handshake.max(0) + t.idle.max(0) + t.request
            });
        },
    )),
    http(number("TR", "time to receive the request's head, in milliseconds", |s| {
        s.int(s.env.stream.timers.request)
    })),
    http(number("Tr", "time that the server took to answer, in milliseconds", |s| {
        s.int(s.env.stream.timers.response)
    })),
    number("Tt", "time from accept to the end, in milliseconds", |s| {
        growing(s, s.env.stream.timers.total)
    }),
    number("Tu", "time as the user feels it, in milliseconds", |s| {
        let t = &s.env.stream.timers;
        growing(s, if t.active < 0 { -1 } else { t.idle.max(0) + t.active });
    }),
    number("Tw", "time in queues, in milliseconds", |s| s.int(s.env.stream.timers.queue)),
    number("B", "bytes from server to client", |s| growing(s, s.env.stream.bytes_out as i64)),
    http(text("CC", "captured request cookie", |s| {
        s.text(s.env.stream.cookie_capture_req.as_deref())
    })),
    http(text("CS", "captured response cookie", |s| {
        s.text(s.env.stream.cookie_capture_res.as_deref())
    })),
    text("H", "name of the machine", |s| s.text(Some(s.env.world.hostname().as_bytes()))),
    http(text("HM", "method", |s| of_line(s, |l| Some(l.method)))),
    http(text("HP", "target without the query string", |s| {
        of_line(s, |l| Some(&l.uri[..memchr::memchr(b'?', l.uri).unwrap_or(l.uri.len())]));
    })),
    http(text("HPO", "path alone", |s| {
        of_line(s, |l| pathq(l.uri).map(|p| &p[..memchr::memchr(b'?', p).unwrap_or(p.len())]));
    })),
    http(text("HQ", "query string with its question mark", |s| {
        let known = request_line(s.env).map(|l| l.uri).ok();
        // A request without one has an empty one.
        match known {
            Some(uri) if memchr::memchr(b'?', uri).is_none() => s.raw(if s.is_quoted() { b"\"\"" } else { b"" }),
            _ => of_line(s, |l| memchr::memchr(b'?', l.uri).map(|at| &l.uri[at..])),
        }
    })),
    http(text("HU", "target", |s| of_line(s, |l| Some(l.uri)))),
    http(text("HV", "version of the request", |s| {
        of_line(s, |l| Some(if l.version.is_empty() { b"HTTP/0.9" } else { l.version }))
    })),
    text("ID", "unique identifier", |s| s.text(s.env.stream.unique_id.get(s.env))),
    number("ST", "status", |s| {
        // A request that got no answer has none; a TCP stream never has one.
        let none = s.env.stream.status == 0 && s.env.req.is_some();
        s.int(if none { -1 } else { i64::from(s.env.stream.status) })
    }),
    number("U", "bytes from client to server", |s| s.int(s.env.stream.bytes_in as i64)),
    number("ac", "connections of the process", |s| s.int(s.env.world.act_conn())),
    text("b", "name of the backend", |s| {
        let p = s.env.stream.backend.unwrap_or(s.env.sess.frontend);
        s.text(Some(s.env.world.proxy_name(p).as_bytes()));
    }),
    number("bc", "connections of the backend", |s| {
        s.int(s.env.stream.backend.map_or(0, |p| s.env.world.be_conn(p)));
    }),
    of_source(text("bi", "address that the server connection comes from", |s| {
        s.ip(s.env.stream.bc_src())
    })),
    of_source(number("bp", "port that the server connection comes from", |s| {
        s.port(s.env.stream.bc_src())
    })),
    number("bq", "requests before this one in the backend's queue", |s| {
        s.int(i64::from(s.env.stream.backend_queue))
    }),
    text("ci", "address of the client", |s| s.ip(s.env.src())),
    number("cp", "port of the client", |s| s.port(s.env.src())),
    text("f", "name of the frontend", |s| {
        s.text(Some(s.env.world.proxy_name(s.env.sess.frontend).as_bytes()))
    }),
    number("fc", "connections of the frontend", |s| {
        s.int(s.env.world.fe_conn(s.env.sess.frontend))
    }),
    text("fi", "address that the client reached", |s| s.ip(s.env.dst())),
    number("fp", "port that the client reached", |s| s.port(s.env.dst())),
    text("ft", "name of the frontend, with '~' after TLS", |s| {
        let name = s.env.world.proxy_name(s.env.sess.frontend).as_bytes();
        if s.env.sess.tls.is_none() {
            s.text(Some(name));
        } else if s.is_quoted() {
            s.text(Some(&[name, b"~"].concat()));
        } else {
            s.text(Some(name));
            s.raw(b"~");
        }
    }),
    number("lc", "lines that the frontend has logged", |s| {
        s.int(s.env.world.log_count(s.env.sess.frontend))
    }),
    http(text("hr", "captured request fields", |s| s.captures(&captured(s.env, true), false))),
    http(text("hrl", "captured request fields as a list", |s| {
        s.captures(&captured(s.env, true), true)
    })),
    http(text("hs", "captured response fields", |s| {
        s.captures(&captured(s.env, false), false)
    })),
    http(text("hsl", "captured response fields as a list", |s| {
        s.captures(&captured(s.env, false), true)
    })),
    text("OG", "why and when the line is written", |s| {
        let origin = s.env.stream.log_origin;
        s.text(Some(if origin.is_empty() { b"unspec" } else { origin.as_bytes() }));
    }),
    number("pid", "number of the process", |s| s.word(s.env.world.pid())),
    http(text("r", "request line", |s| {
        let line = &s.env.stream.request_line;
        if line.is_empty() {
            s.text(Some(b"<BADREQ>"));
        } else {
            s.encoded(Some(line), b'#', unsafe_in_uri);
        }
    })),
    number("rc", "connection retries, after '+' where the server was changed", |s| {
        if s.env.stream.redispatched {
            s.raw(b"+");
        }
        s.int(i64::from(s.env.stream.retries));
    }),
    number("rt", "number of the stream", |s| s.word(i64::from(s.env.stream.id as u32))),
    text("s", "name of the server", |s| {
        let name = match (s.env.stream.backend, s.env.stream.server) {
            (Some(p), Some(server)) => s.env.world.server_name(p, server),
            _ if s.env.stream.applet == "STATS" => "<STATS>".into(),
            _ => "<NOSRV>".into(),
        };
        s.text(Some(name.as_bytes()));
    }),
    number("sc", "connections of the server", |s| {
        s.int(match (s.env.stream.backend, s.env.stream.server) {
            (Some(p), Some(server)) => s.env.world.srv_conn(p, server),
            _ => 0,
        });
    }),
    text("si", "address of the server", |s| s.ip(s.env.stream.bc_dst())),
    number("sp", "port of the server", |s| s.port(s.env.stream.bc_dst())),
    number("sq", "requests before this one in the server's queue", |s| {
        s.int(i64::from(s.env.stream.server_queue))
    }),
    text("sslc", "cipher suite of the client's connection", |s| {
        s.text(s.env.sess.tls.as_ref().map(|t| t.cipher.as_bytes()));
    }),
    text("sslv", "TLS version of the client's connection", |s| {
        s.text(s.env.sess.tls.as_ref().map(|t| t.version.as_bytes()));
    }),
    text("ts", "the two letters of how the stream ended", |s| {
        letters(s, s.env.stream.termination)
    }),
    http(text("tsc", "the letters of how the stream ended, and those of the cookie", |s| {
        letters(s, s.env.stream.termination);
        letters(s, s.env.stream.cookie_flags);
    })),
];

/// Letters that were never set are dashes.
fn letters(s: &mut Sink<'_, '_>, letters: [u8; 2]) {
    s.raw(&letters.map(|b| if b == 0 { b'-' } else { b }));
}

/// The captured fields; those of a response that has not come are not there, where there are places for them.
pub(super) fn captured<'e>(env: &'e Env<'_>, request: bool) -> Cow<'e, [Option<Box<[u8]>>]> {
    let slots = env.captures(request);
    if slots.is_empty() && !request && !env.stream.request_line.is_empty() {
        let there = |i: &usize| env.world.capture_len(env.sess.frontend, false, *i).is_some();
        return (0..).take_while(there).map(|_| None).collect();
    }
    slots
}

/// A number that is still growing has a `+` before it.
fn growing(s: &mut Sink<'_, '_>, n: i64) {
    if s.env.stream.log_soon {
        s.raw(b"+");
    }
    s.int(n);
}

fn began(s: &Sink<'_, '_>) -> u64 {
    match s.env.stream.start_us {
        0 => s.env.sess.accept_us,
        us => us,
    }
}

/// A part of the request line as received, once content rules have let it pass.
fn of_line(s: &mut Sink<'_, '_>, part: for<'l> fn(RequestLine<'l>) -> Option<&'l [u8]>) {
    match request_line(s.env) {
        Ok(line) => s.encoded(part(line), b'#', unsafe_in_uri),
        Err(_) => s.text(Some(b"<BADREQ>")),
    }
}

fn two(s: &mut Sink<'_, '_>, n: u32) {
    s.raw(&[b'0' + (n / 10 % 10) as u8, b'0' + (n % 10) as u8]);
}

fn three(s: &mut Sink<'_, '_>, n: u64) {
    s.raw(&[b'0' + (n / 100 % 10) as u8, b'0' + (n / 10 % 10) as u8, b'0' + (n % 10) as u8]);
}

/// `23/Nov/2026:09:43:55`
fn date(s: &mut Sink<'_, '_>, unix: i64) {
    let d = Date::at(unix);
    two(s, d.day);
    s.raw(b"/");
    s.raw(&MONTHS[d.month as usize - 1].as_bytes()[..3]);
    s.raw(b"/");
    s.int(d.year);
    for part in [d.hour, d.minute, d.second] {
        s.raw(b":");
        two(s, part);
    }
}

fn millis(s: &mut Sink<'_, '_>, us: u64) {
    let unix = (us / 1_000_000) as i64;
    date(s, unix + i64::from(s.env.world.zone_at(unix).offset));
    s.raw(b".");
    three(s, us / 1000 % 1000);
}

fn seconds(s: &mut Sink<'_, '_>, us: u64, local: bool) {
    let unix = (us / 1_000_000) as i64;
    let offset = if local { s.env.world.zone_at(unix).offset } else { 0 };
    date(s, unix + i64::from(offset));
    s.raw(if offset < 0 { b" -" } else { b" +" });
    let minutes = offset.unsigned_abs() / 60;
    two(s, minutes / 60);
    two(s, minutes % 60);
}
