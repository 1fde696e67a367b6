//! What is known of one stream: an HTTP transaction, or a TCP session.

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use hapax_diag::Span;
use hapax_value::{Endpoint, Millis};

use super::{Env, ProxyId, ServerId, TlsFacts, Track};
use crate::fault::{Fault, TlsError};
use crate::logformat::LogFormat;

/// The addresses of a connection to a server: its own (a UNIX socket has none), and the one it reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    pub src: Option<Endpoint>,
    pub dst: Option<Endpoint>,
}

/// What is known of one stream (an HTTP transaction, or a TCP session).
#[derive(Clone, Debug, Default)]
pub struct StreamFacts {
    pub id: u64,
    /// There is a stream: not on a connection alone, nor where what came on it was no request.
    pub begun: bool,
    /// Wall clock when the stream began (first byte of the request, or accept), microseconds since the epoch.
    pub start_us: u64,
    /// The first request of its connection.
    pub first_request: bool,
    /// The client takes this for its proxy, and authenticates as to one.
    pub proxy_auth: bool,
    /// As `set-src` and `set-dst` of content and HTTP rules made them for this stream alone; see [`Env::src`].
    pub src: Option<Endpoint>,
    pub dst: Option<Endpoint>,
    /// Stick-table entries tracked by content and HTTP rules, beside those of the connection; see [`Env::track`].
    pub tracks: Vec<(u8, Track)>,
    pub backend: Option<ProxyId>,
    pub server: Option<ServerId>,
    pub retries: u32,
    pub redispatched: bool,
    /// `capture request|response` slots; `None`: nothing captured.
    pub req_captures: Vec<Option<Box<[u8]>>>,
    pub res_captures: Vec<Option<Box<[u8]>>>,
    pub cookie_capture_req: Option<Box<[u8]>>,
    pub cookie_capture_res: Option<Box<[u8]>>,
    pub unique_id: UniqueId,
    /// Whoever answers instead of a server: `STATS`; empty: nobody does.
    pub applet: &'static str,
    /// The request line as received, for logs, as far as it is kept: [`StreamFacts::LINE_KEPT`] where nothing else is said.
    pub request_line: Vec<u8>,
    /// The response's version once it came (`1.1`); empty before.
    pub response_version: &'static str,
    /// Status sent to the client; 0 before.
    pub status: u16,
    /// Status that the server gave; 0 before.
    pub server_status: u16,
    /// The connection to the server, once there is one: its addresses, and its TLS.
    pub bc_ends: Option<Arc<Ends>>,
    pub bc_tls: Option<Arc<TlsFacts>>,
    /// The number of the server's TCP socket, as that of the client.
    pub bc_socket: Option<i32>,
    /// The server connection was used before, and for how many requests with this one.
    pub bc_reused: bool,
    pub bc_requests: u32,
    /// Why there is no connection to the server, and what broke its handshake.
    pub bc_fault: Fault,
    pub bc_tls_error: Option<TlsError>,
    pub bc_glitches: u32,
    /// The coding that the response is compressed with here; empty: it is not.
    pub compressed_as: &'static str,
    /// How many requests stood before this one in the server's and the backend's queue.
    pub server_queue: u32,
    pub backend_queue: u32,
    /// The line of the end was written before it.
    pub logged_early: bool,
    /// Lines may be written before the end (`option logasap`): sizes and times may still grow.
    pub log_soon: bool,
    /// Why and when the line is logged (`%OG`); empty: not said.
    pub log_origin: &'static str,
    /// Who answered or failed and when, HAProxy's two letters, and the two cookie letters.
    pub termination: [u8; 2],
    pub cookie_flags: [u8; 2],
    /// Milliseconds, -1 where the step was not reached: handshake, idle, request, queue, connect, response, data, total.
    pub timers: Timers,
    /// From the client; from the server, and to the client.
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub bytes_back: u64,
    /// The request as logged by `%r` and the fetches that outlive it, kept when something asks for it.
    /// Set by `set-log-level`: 0 (`emerg`) to 7 (`debug`), or [`LOG_SILENT`].
    pub log_level: Option<u8>,
    /// What rules have set in place of the proxies' settings.
    pub set: Overrides,
    /// The rule that ended a rule set last, and the one that waits.
    pub last_rule: Option<Span>,
    pub waiting_rule: Option<Span>,
    pub priority_class: i32,
    pub priority_offset: i32,
}

impl StreamFacts {
    /// Bytes of a request line that are kept without `tune.http.logurilen`.
    pub const LINE_KEPT: usize = 1023;

    /// The address that the connection to the server comes from.
    pub fn bc_src(&self) -> Option<&Endpoint> {
        self.bc_ends.as_ref()?.src.as_ref()
    }

    /// The address that it reached.
    pub fn bc_dst(&self) -> Option<&Endpoint> {
        self.bc_ends.as_ref()?.dst.as_ref()
    }

    /// Forgets the stream, keeps the memory.
    pub fn clear(&mut self) {
        // Each field by its name, and no other: a whole new value would cost a copy of it, and the end of the old one.
        let Self {
            id,
            begun,
            start_us,
            first_request,
            proxy_auth,
            src,
            dst,
            tracks,
            backend,
            server,
            retries,
            redispatched,
            req_captures,
            res_captures,
            cookie_capture_req,
            cookie_capture_res,
            unique_id,
            applet,
            request_line,
            response_version,
            status,
            server_status,
            bc_ends,
            bc_tls,
            bc_socket,
            bc_reused,
            bc_requests,
            bc_fault,
            bc_tls_error,
            bc_glitches,
            compressed_as,
            server_queue,
            backend_queue,
            logged_early,
            log_soon,
            log_origin,
            termination,
            cookie_flags,
            timers,
            bytes_in,
            bytes_out,
            bytes_back,
            log_level,
            set,
            last_rule,
            waiting_rule,
            priority_class,
            priority_offset,
        } = self;
        for list in [req_captures, res_captures] {
            list.clear();
        }
        tracks.clear();
        request_line.clear();
        (*src, *dst, *bc_ends) = (None, None, None);
        for text in [cookie_capture_req, cookie_capture_res] {
            *text = None;
        }
        *unique_id = UniqueId::default();
        (*bc_tls, *bc_tls_error) = (None, None);
        for number in [id, start_us, bytes_in, bytes_out, bytes_back] {
            *number = 0;
        }
        for number in [retries, bc_requests, bc_glitches, server_queue, backend_queue] {
            *number = 0;
        }
        for flag in [begun, first_request, proxy_auth, redispatched, bc_reused, logged_early, log_soon] {
            *flag = false;
        }
        for word in [applet, response_version, compressed_as, log_origin] {
            *word = "";
        }
        (*status, *server_status) = (0, 0);
        (*termination, *cookie_flags) = ([0; 2], [0; 2]);
        (*priority_class, *priority_offset) = (0, 0);
        (*backend, *server, *bc_socket, *log_level) = (None, None, None, None);
        (*last_rule, *waiting_rule) = (None, None);
        (*timers, *set, *bc_fault) = (Timers::default(), Overrides::default(), Fault::default());
    }
}

/// What `unique-id-format` makes of a stream. It is made when it is first asked for, and stays.
#[derive(Clone, Debug, Default)]
pub struct UniqueId {
    format: RefCell<Option<Arc<LogFormat>>>,
    made: OnceCell<Box<[u8]>>,
}

impl UniqueId {
    /// One that is there already.
    pub fn made(id: Box<[u8]>) -> Self {
        Self {
            format: RefCell::default(),
            made: OnceCell::from(id),
        }
    }

    /// How it is to be made, should it be asked for.
    pub fn of(format: &Arc<LogFormat>) -> Self {
        Self {
            format: RefCell::new(Some(Arc::clone(format))),
            made: OnceCell::new(),
        }
    }

    /// Whether there is neither one nor a way to make one.
    pub fn is_unknown(&self) -> bool {
        self.made.get().is_none() && self.format.borrow().is_none()
    }

    /// The identifier; a format that quotes it finds none.
    pub fn get(&self, env: &Env<'_>) -> Option<&[u8]> {
        if let Some(format) = self.format.take() {
            let mut id = Vec::with_capacity(64);
            format.write(env, &mut id);
            let _ = self.made.set(id.into());
        }
        self.made.get().map(|id| &**id)
    }
}

/// Settings of a stream that rules have changed (`set-timeout`, `set-retries`); `None`: as the proxy says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    pub timeout_client: Option<Millis>,
    pub timeout_server: Option<Millis>,
    pub timeout_tunnel: Option<Millis>,
    pub timeout_connect: Option<Millis>,
    pub timeout_queue: Option<Millis>,
    pub timeout_tarpit: Option<Millis>,
    pub retries: Option<u32>,
}

impl Overrides {
    /// Another backend takes the stream: what was set for the one before is void.
    pub fn enter_backend(&mut self) {
        *self = Self {
            timeout_client: self.timeout_client,
            timeout_tarpit: self.timeout_tarpit,
            ..Self::default()
        };
    }
}

/// The level of `set-log-level silent`: the stream is not logged.
pub const LOG_SILENT: u8 = 8;

/// HAProxy's timers in milliseconds (manual, 8.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    pub handshake: i64,
    pub idle: i64,
    pub request: i64,
    pub queue: i64,
    pub connect: i64,
    pub response: i64,
    pub data: i64,
    pub total: i64,
    pub active: i64,
}

impl Default for Timers {
    /// No step is reached yet.
    fn default() -> Self {
        Self {
            handshake: 0,
            idle: 0,
            request: -1,
            queue: -1,
            connect: -1,
            response: -1,
            data: -1,
            total: 0,
            active: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cleared_is_as_new() {
        let text = || Some(Box::from(&b"x"[..]));
        let mut facts = StreamFacts {
            id: 7,
            first_request: true,
            src: Some(Endpoint::Unix(Arc::from("/s"))),
            backend: Some(ProxyId(1)),
            retries: 2,
            req_captures: vec![text()],
            cookie_capture_res: text(),
            unique_id: UniqueId::made(b"x".as_slice().into()),
            applet: "STATS",
            request_line: b"GET /".to_vec(),
            status: 200,
            bc_ends: Some(Arc::default()),
            bc_reused: true,
            bc_fault: Fault::SockErr,
            log_level: Some(3),
            termination: *b"SH",
            set: Overrides {
                retries: Some(1),
                ..Overrides::default()
            },
            timers: Timers {
                total: 5,
                ..Timers::default()
            },
            bytes_out: 9,
            priority_offset: -4,
            ..StreamFacts::default()
        };
        facts.clear();
        assert_eq!(format!("{facts:?}"), format!("{:?}", StreamFacts::default()));
    }
}
