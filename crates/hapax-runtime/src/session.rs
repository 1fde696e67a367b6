//! A client connection from accept to close: connection rules, PROXY header, TLS, session rules, then streams one after the other.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use hapax_config::plan::{Mode, Options, Proxy};
use hapax_rules::{Controls, Effect, Rule, Txn, Wait, Woken};
use hapax_sample::fault::Fault;
use hapax_sample::vars::{Scope, Vars};
use hapax_sample::{Body, Env, ProxyId, ServerId, SessionFacts, StreamFacts};
use hapax_sys::recycle::Recycled;
use hapax_value::{Endpoint, Millis};

use crate::buf::Buf;
use crate::io::{Io, Raw};
use crate::listener::{ListenerFacts, Slot, destination, unmapped};
use crate::proxy_header;
use crate::state::{Event, count_front};
use crate::stream::{self, Next};
use crate::timer::Deadline;
use crate::tls;
use crate::upstream::Upstream;
use crate::worker::{SessionEntry, Worker};

/// A client connection between and during its streams.
pub(crate) struct Client {
    pub io: Io,
    pub facts: SessionFacts,
    pub deadline: Deadline,
    pub entry: Rc<SessionEntry>,
    /// Bytes received beyond the last message; holds no memory while there are none.
    pub buf: Buf,
    /// `sess.` variables.
    pub vars: Scope,
    /// Streams so far.
    pub streams: u32,
    /// Milliseconds (monotonic) at accept and at the end of the last response.
    pub accepted: Millis,
    pub idle_since: Millis,
    pub handshake_ms: i64,
    /// The server that answered last, and its backend.
    pub last: Option<(ProxyId, ServerId)>,
    /// Connections to servers that are this client's alone, the one used last at the end. Few clients have one.
    pub held: Vec<Held>,
}

/// A connection to a server that no other client may have.
pub(crate) struct Held {
    pub backend: ProxyId,
    pub server: ServerId,
    pub up: Box<Upstream>,
}

/// Removes the session from the worker's list when the task ends, however it ends.
struct Registration {
    worker: Rc<Worker>,
    key: usize,
    _slot: Slot,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.worker.sessions.borrow_mut().try_remove(self.key);
    }
}

/// Serves one client connection.
pub(crate) async fn run(worker: Rc<Worker>, listener: Rc<ListenerFacts>, raw: Raw, from: Option<SocketAddr>, slot: Slot) {
    let (mut client, _registration) = register(&worker, &listener, &raw, from, slot);
    // Who is told to end is woken wherever it waits: not every session waits for a first request, whose bytes may have come with the
    // connection, and none in TCP mode does.
    std::future::poll_fn(|cx| {
        *client.entry.waker.borrow_mut() = Some(cx.waker().clone());
        Poll::Ready(())
    })
    .await;
    let proxy = &worker.plan().proxies[listener.proxy.0 as usize];
    if let Some(raw) = Recycled::pin(|| prepare(&worker, &listener, proxy, &mut client, raw)).await {
        client.io = raw;
        if proxy.options.contains(Options::NOLINGER) {
            client.io.reset_on_close();
        }
        match proxy.mode {
            Mode::Http => http(&worker, &mut client, proxy).await,
            _ => {
                if Recycled::pin(|| stream::tcp::serve(&worker, &mut client)).await {
                    http(&worker, &mut client, proxy).await;
                }
            }
        }
    }
    client.release_tracks(&worker);
    for held in client.held.drain(..) {
        let server = worker.shared.server(held.backend, held.server);
        server.idle_private.fetch_sub(1, Ordering::Relaxed);
        held.up.close();
    }
    if !client.vars.is_empty() {
        let limits = worker.plan().global.var_limits;
        let vars = Vars { limits, ..Vars::default() };
        vars.give_back([&client.vars], &worker.world);
    }
}

fn register(worker: &Rc<Worker>, listener: &ListenerFacts, raw: &Raw, from: Option<SocketAddr>, slot: Slot) -> (Client, Registration) {
    let now = worker.now();
    let id = worker.shared.next_session.fetch_add(1, Ordering::Relaxed);
    let entry = Rc::new(SessionEntry {
        id,
        frontend: listener.proxy.0,
        src: from,
        ..SessionEntry::default()
    });
    entry.since_us.set(now.wall_us);
    let key = worker.sessions.borrow_mut().insert(Rc::clone(&entry));
    let src = from.map(unmapped).map(Endpoint::Ip);
    let dst = destination(listener, raw);
    let facts = SessionFacts {
        id,
        real_src: src.clone(),
        real_dst: dst.clone(),
        src,
        dst,
        frontend: listener.proxy,
        listener: listener.bind,
        listener_id: listener.id,
        listener_name: listener.name.clone(),
        accept_us: now.wall_us,
        socket: raw.number(),
        ..SessionFacts::nobody()
    };
    let client = Client {
        io: Io::Closed,
        facts,
        deadline: worker.timers.deadline(),
        entry,
        buf: Buf::default(),
        vars: Scope::default(),
        streams: 0,
        accepted: now.mono_ms,
        idle_since: now.mono_ms,
        handshake_ms: 0,
        last: None,
        held: Vec::new(),
    };
    (
        client,
        Registration {
            worker: Rc::clone(worker),
            key,
            _slot: slot,
        },
    )
}

/// Everything before the first stream. `None`: the connection is not to be served.
async fn prepare(worker: &Worker, listener: &ListenerFacts, proxy: &Proxy, client: &mut Client, mut raw: Raw) -> Option<Io> {
    let state = worker.shared.proxy(listener.proxy);
    let Some(expected) = rules_pass(worker, client, &raw, &proxy.tcp_conn_rules) else {
        count_front!(state, listener.bind, worker.id, denied_conn, 1);
        return None;
    };
    let bind = &proxy.binds[listener.bind as usize];
    let expected = Expected {
        proxy: bind.accept_proxy || expected.proxy,
        netscaler: bind.accept_netscaler_cip.or(expected.netscaler),
    };
    if let Err(why) = take_headers(worker, proxy, client, &mut raw, expected).await {
        log_connection_error(worker, proxy, client, why);
        return None;
    }
    let io = match &listener.tls {
        None => Io::Plain(raw),
        Some(bind) => {
            let start = worker.now_ms();
            worker.shared.ssl_total.fetch_add(1, Ordering::Relaxed);
            worker.shared.ssl_rate.tick(worker.id, worker.now().wall_us / 1000);
            // The handshake has `timeout client-hs`, else `timeout client`.
            client.deadline.after(start, proxy.timeouts.client_hs.or(proxy.timeouts.client));
            let kept = tls::Kept {
                hello: worker.plan().global.hello_capture,
                secrets: tls::Keep::of(worker.plan()),
            };
            let shaken = tls::accept(&bind.load_full(), raw, kept, &client.deadline).await;
            client.deadline.clear();
            match shaken {
                Ok((io, facts)) => {
                    client.handshake_ms = (worker.now_ms() - start) as i64;
                    count_front!(state, listener.bind, worker.id, ssl_sess, 1);
                    if facts.resumed {
                        count_front!(state, listener.bind, worker.id, ssl_reused, 1);
                    } else {
                        worker.shared.ssl_keys.tick(worker.id, worker.now().wall_us / 1000);
                    }
                    client.facts.tls = Some(facts);
                    io
                }
                Err(e) => {
                    client.facts.tls = Some(e.facts);
                    count_front!(state, listener.bind, worker.id, ssl_failed, 1);
                    log_connection_error(worker, proxy, client, e.fault);
                    return None;
                }
            }
        }
    };
    let refused = io
        .raw()
        .is_some_and(|raw| rules_pass(worker, client, raw, &proxy.tcp_sess_rules).is_none());
    if refused {
        count_front!(state, listener.bind, worker.id, denied_sess, 1);
        // A connection that had something to say before its session is told of.
        if expected.proxy || expected.netscaler.is_some() || listener.tls.is_some() {
            log_connection_error(worker, proxy, client, Fault::None);
        }
        return None;
    }
    count_front!(state, listener.bind, worker.id, sess_tot, 1);
    let wall_ms = worker.now().wall_us / 1000;
    state.sess_rate.tick(worker.id, wall_ms);
    worker.shared.sess_rate.tick(worker.id, wall_ms);
    client.count(worker, Event::Session);
    Some(io)
}

/// The magic number that HAProxy has where only a rule asks for NetScaler's header.
const NO_MAGIC: u32 = 0;

/// What rules expect the connection to begin with.
#[derive(Clone, Copy, Default)]
struct Expected {
    proxy: bool,
    /// With this magic number.
    netscaler: Option<u32>,
}

/// Takes what the connection begins with before anything else; the error is what is logged.
async fn take_headers(worker: &Worker, proxy: &Proxy, client: &mut Client, raw: &mut Raw, expected: Expected) -> Result<(), Fault> {
    let patience = proxy.timeouts.client_hs.or(proxy.timeouts.client);
    let room = worker.plan().global.bufsize;
    let named = |client: &mut Client, ends: Option<(SocketAddr, SocketAddr)>| {
        if let Some((src, dst)) = ends {
            client.facts.src = Some(Endpoint::Ip(src));
            client.facts.dst = Some(Endpoint::Ip(dst));
        }
    };
    if let Some(magic) = expected.netscaler {
        client.deadline.after(worker.now_ms(), patience);
        let taken = proxy_header::take_netscaler(raw, magic, room, &client.deadline).await;
        client.deadline.clear();
        match taken {
            Ok(ends) => named(client, Some(ends)),
            Err(refused) => {
                named(client, refused.ends);
                return Err(refused.fault);
            }
        }
    }
    if expected.proxy {
        client.deadline.after(worker.now_ms(), patience);
        let taken = proxy_header::take(raw, room, &client.deadline).await;
        client.deadline.clear();
        match taken {
            Ok((ends, tlvs)) => {
                client.facts.proxy_tlvs = Some(tlvs);
                named(client, ends);
            }
            Err(refused) => {
                named(client, refused.ends);
                return Err(refused.fault);
            }
        }
    }
    Ok(())
}

/// Runs `tcp-request connection` or `session` rules; `None`: refused.
fn rules_pass(worker: &Worker, client: &mut Client, raw: &Raw, rules: &[Rule]) -> Option<Expected> {
    let mut expected = Expected::default();
    if rules.is_empty() {
        return Some(expected);
    }
    let vars = Vars {
        limits: worker.plan().global.var_limits,
        ..Vars::default()
    };
    vars.sess.replace(std::mem::take(&mut client.vars));
    let mut stream = StreamFacts {
        // Whatever quotes how it ends sees a refusal: there is no stream that could end otherwise.
        termination: *b"PR",
        ..StreamFacts::default()
    };
    let mut controls = Controls::default();
    let mut txn = session_txn(worker, client, &mut stream, &mut controls, &vars);
    let mut from = 0;
    let effect = loop {
        let outcome = hapax_rules::run(rules, from, &mut txn);
        from = outcome.index + 1;
        match outcome.effect {
            Effect::ExpectProxy => expected.proxy = true,
            Effect::ExpectNetscalerCip => expected.netscaler = Some(NO_MAGIC),
            Effect::Wait(Wait::Log { profile, origin }) => {
                stream.log_origin = origin;
                log_session(worker, client, &stream, &vars, origin, profile);
                txn = session_txn(worker, client, &mut stream, &mut controls, &vars);
            }
            other => break other,
        }
    };
    client.vars = vars.sess.take();
    if controls.fc_mark.is_some() || controls.fc_tos.is_some() {
        raw.label(controls.fc_mark, controls.fc_tos);
    }
    match effect {
        Effect::Reject | Effect::Deny(_) | Effect::Fail | Effect::Broken => None,
        Effect::SilentDrop(ttl) => {
            raw.drop_silently(ttl);
            None
        }
        _ => Some(expected),
    }
}

fn session_txn<'t>(
    worker: &'t Worker,
    client: &'t mut Client,
    stream: &'t mut StreamFacts,
    controls: &'t mut Controls,
    vars: &'t Vars,
) -> Txn<'t> {
    Txn {
        now: worker.now(),
        sess: &mut client.facts,
        stream,
        controls,
        req: None,
        res: None,
        req_body: Body::default(),
        res_body: Body::default(),
        payload: None,
        no_more: true,
        woken: Woken::No,
        vars,
        world: &worker.world,
    }
}

/// `do-log` of a rule that runs before there is a stream.
#[cold]
fn log_session(worker: &Worker, client: &Client, stream: &StreamFacts, vars: &Vars, step: &'static str, profile: Option<u32>) {
    let proxy = &worker.plan().proxies[client.facts.frontend.0 as usize];
    let env = session_env(worker, client, stream, vars);
    let level = crate::log::level::INFO;
    stream::log::Occasion { level, step, profile }.write(worker, proxy, client, &env, &mut Vec::new());
}

/// The line of a connection that ended before it had a stream: by `error-log-format`, else HAProxy's own.
#[cold]
fn log_connection_error(worker: &Worker, proxy: &Proxy, client: &mut Client, fault: Fault) {
    client.facts.fault = fault;
    let nothing_came = matches!(
        fault,
        Fault::None | Fault::PrxEmpty | Fault::PrxAbort | Fault::CipEmpty | Fault::CipAbort | Fault::SslEmpty | Fault::SslAbort
    );
    // Where connections are told of only as they come, their mistakes are not.
    let untold = proxy.formats.main.is_none() && proxy.formats.error.is_none();
    if proxy.log.is_empty() || untold || (nothing_came && proxy.options.contains(Options::DONTLOGNULL)) {
        return;
    }
    let level = if proxy.options.contains(Options::LOG_SEPARATE_ERRORS) {
        crate::log::level::ERR
    } else {
        crate::log::level::INFO
    };
    if proxy.formats.error.is_some() {
        let stream = StreamFacts {
            start_us: client.facts.accept_us,
            log_origin: "sess_error",
            termination: *b"PR",
            ..StreamFacts::default()
        };
        let vars = Vars::default();
        vars.sess.replace(std::mem::take(&mut client.vars));
        let env = session_env(worker, client, &stream, &vars);
        let occasion = stream::log::Occasion {
            level,
            step: "error",
            profile: None,
        };
        occasion.write(worker, proxy, client, &env, &mut Vec::new());
        return;
    }
    let mut line = Vec::with_capacity(128);
    stream::log::connection_error(proxy, client, &mut line);
    let tag = stream::log::tag(worker.plan(), proxy);
    worker.logger.borrow_mut().send(&worker.shared, &proxy.log, tag, level, &line);
}

/// What the line of a connection without a stream may show.
fn session_env<'e>(worker: &'e Worker, client: &'e Client, stream: &'e StreamFacts, vars: &'e Vars) -> Env<'e> {
    Env {
        now: worker.now(),
        sess: &client.facts,
        stream,
        req: None,
        res: None,
        req_body: Body::default(),
        res_body: Body::default(),
        payload: None,
        no_more: true,
        vars,
        world: &worker.world,
    }
}

async fn http(worker: &Rc<Worker>, client: &mut Client, proxy: &Proxy) {
    let state = worker.shared.proxy(client.facts.frontend);
    count_front!(state, client.facts.listener, worker.id, h1_sess, 1);
    loop {
        if client.buf.is_empty() && !wait_for_request(worker, client, proxy).await {
            return;
        }
        // The stream's own state lives only while there is a stream: an idle connection stays small.
        match Recycled::pin(|| stream::http::serve(worker, client)).await {
            Next::KeepAlive => client.idle_since = worker.now_ms(),
            Next::Close => return,
        }
    }
}

/// Takes a request that came along with the connection.
fn read_at_once(client: &mut Client, size: usize) -> bool {
    if !client.io.is_fresh() {
        return false;
    }
    let mut buf = Buf::take(size);
    let n = client.io.read_at_once(buf.space());
    if n > 0 {
        buf.advance(n);
        client.buf = buf;
    }
    n > 0
}

/// Waits between two requests; `false`: the connection ends without a word.
async fn wait_for_request(worker: &Worker, client: &mut Client, proxy: &Proxy) -> bool {
    let first = client.streams == 0;
    if first && read_at_once(client, worker.plan().global.bufsize) {
        return true;
    }
    let t = &proxy.timeouts;
    let limit = if first {
        t.http_request.or(t.client)
    } else {
        t.http_keep_alive.or(t.http_request).or(t.client)
    };
    client.deadline.after(client.idle_since, limit);
    client.entry.idle_since.set(if first { 0 } else { client.idle_since });
    let ready = std::future::poll_fn(|cx| {
        if client.io.poll_readable(cx).is_ready() {
            return Poll::Ready(true);
        }
        if client.deadline.expired(cx) || client.entry.kill.get() {
            if !first {
                client.io.end_in_order(cx);
            }
            return Poll::Ready(false);
        }
        Poll::Pending
    })
    .await;
    client.entry.idle_since.set(0);
    // A first request that never came is answered (408) and logged: that is the stream's business.
    ready || (first && !client.entry.kill.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What every idle connection costs, beside its socket. Boxes keep rare things out of it.
    #[test]
    fn an_idle_session_is_small() {
        fn future<A, B, C, D, E, F: Future>(_: impl Fn(A, B, C, D, E) -> F) -> usize {
            size_of::<F>()
        }
        let size = future(run);
        assert!(size <= 800, "{size} bytes");
    }
}
