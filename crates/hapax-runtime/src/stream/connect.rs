//! From a backend to a connection: server, slot (or queue), reuse or connect, retries and redispatch.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use hapax_balance::Choice;
use hapax_config::plan::{Mode, Observe, Options, Persist, RetryOn, Server};
use hapax_sample::fault::Fault;
use hapax_sample::{Ends, ServerId};
use hapax_value::{Endpoint, Millis};

use super::exchange::Exchange;
use super::link::Link;
use super::{Step, Stop};
use crate::io::{Io, Raw};
use crate::outcome::{Blame, End, Phase};
use crate::proxy_header;
use crate::session::Held;
use crate::socks4;
use crate::state::{ProxyState, Ticket, WaitQueue, raise};
use crate::tls;
use crate::upstream::pool::Wanted;
use crate::upstream::{self, ConnectError, How, Special, Upstream};

/// Pause before a server that refused is tried again.
const TURN_AROUND: Millis = 1000;
/// How often a waiting stream looks again though nobody tells it to: what limits grow with is not told of.
const LOOK_AGAIN: Millis = 1000;

impl Exchange<'_> {
    /// Ends with `self.up` open and ready to be written to.
    pub(super) async fn connect(&mut self) -> Step<()> {
        self.watched = true;
        loop {
            if let Some(to) = self.stand_in() {
                return self.connect_directly(to).await;
            }
            let i = match self.again.take() {
                Some(i) => self.wait_for_slot(Some(i), None).await?,
                None => self.wait_for_slot(None, self.avoid).await?,
            };
            self.count_attempt(i);
            self.set_server(i);
            let error = match self.open(i).await {
                Ok(up) => {
                    if up.served == 0 {
                        self.observe(i, false, None);
                    }
                    self.take_connection(up);
                    return Ok(());
                }
                Err(e) => e,
            };
            if matches!(error, ConnectError::NoSource) {
                self.count_failure(i);
                return Err(Stop::End(End::new(Blame::Internal, Phase::Connect)));
            }
            self.p.facts.bc_fault = error.fault();
            self.note_target(i);
            if let ConnectError::Handshake(e) = &error {
                self.p.facts.bc_tls_error = tls::error_of(e);
            }
            let Some(end) = error.end() else {
                return Err(self.abandoned(Phase::Connect));
            };
            tracing::debug!(server = %self.server_conf(i).name, %error, "no connection");
            if !matches!(error, ConnectError::Resource(_) | ConnectError::Source(_)) {
                self.observe(i, false, Some("L4 unsuccessful connection"));
            }
            if !self.be.retry_on.contains(RetryOn::CONN_FAILURE) || !self.try_again(i, false) {
                self.count_failure(i);
                return Err(Stop::End(end));
            }
            let at_once = matches!(error, ConnectError::Timeout | ConnectError::Source(_));
            if (self.again.is_some() || self.is_alone()) && !at_once {
                self.turn_around().await?;
                self.look_again(i);
            }
        }
    }

    fn count_failure(&self, i: usize) {
        let (w, state) = (self.w.id, self.be_state());
        state.be.failed_conns.inc(w);
        state.servers[i].counters.failed_conns.inc(w);
    }

    /// There is a connection.
    pub(super) fn take_connection(&mut self, up: Box<Upstream>) {
        let f = &mut self.p.facts;
        f.bc_ends = Some(Arc::clone(&up.ends));
        f.bc_reused = up.served > 0;
        f.bc_requests = up.served + 1;
        f.bc_fault = Fault::None;
        f.bc_glitches = up.glitches;
        f.bc_socket = up.io.raw().and_then(Raw::number);
        f.bc_tls.clone_from(&up.tls);
        if let Some(i) = self.server {
            let in_use = self.be_state().servers[i].need.begin();
            self.in_use = (!self.raw && !up.private && self.be.reuse != Persist::Never).then_some(in_use);
        }
        self.up = Some(up);
        self.marks.connected = self.w.now_ms();
    }

    /// Checks may have found out meanwhile that the server to be tried again is down: another attempt there would be lost.
    fn look_again(&mut self, i: usize) {
        if self.again.is_some() && self.may_move() && !(self.be_state().servers[i].is_up() || self.bound_to(i)) {
            self.again = None;
            self.move_from(i);
        }
    }

    /// A failed attempt may be followed by one at another server.
    fn may_move(&self) -> bool {
        self.be.redispatch != 0 && !self.persistence.forced
    }

    /// The next attempt goes to whomever the algorithm chooses besides server `i`; it may wait in a queue anew.
    fn move_from(&mut self, i: usize) {
        self.persistence.lost();
        self.avoid = Some(i);
        self.marks.queued = 0;
    }

    /// At most one active server can be used: whoever is tried next is likely to be the same.
    fn is_alone(&self) -> bool {
        self.be_state().live.usable().0 <= 1
    }

    /// Neither cookie nor rule nor table has bound the stream to a server, nor a key: one that fails is left at once.
    fn is_free(&self) -> bool {
        let bound = || self.avoid.is_none() && (self.persistence.server.is_some() || self.ruled_server().is_some());
        !self.be.balance.is_hash() && !self.is_alone() && !bound()
    }

    /// Counts an attempt that follows a failed one: as a retry of the same server, or as a redispatch.
    fn count_attempt(&mut self, i: usize) {
        let Some(failed) = self.failed.take() else { return };
        let (w, state) = (self.w.id, self.be_state());
        let server = &state.servers[failed];
        if failed == i {
            state.be.retries.inc(w);
            server.counters.retries.inc(w);
        } else {
            self.count_redispatch(failed);
        }
    }

    /// Counts a stream that goes elsewhere than to server `i`.
    pub(super) fn count_redispatch(&mut self, i: usize) {
        let (w, state) = (self.w.id, self.be_state());
        state.be.redispatches.inc(w);
        state.servers[i].counters.redispatches.inc(w);
        self.p.facts.redispatched = true;
        // The server that the cookie named is as good as down.
        if self.p.facts.cookie_flags[0] == b'V' {
            self.p.facts.cookie_flags[0] = b'D';
        }
    }

    /// Tells a server with `observe` what became of its connection, or of its response (`layer7`).
    pub(super) fn observe(&self, i: usize, layer7: bool, error: Option<&'static str>) {
        if self.server_conf(i).observe != Observe::Nothing {
            let now_ms = self.w.now().wall_us / 1000;
            self.w.shared.observed(self.be_id, ServerId(i as u32), layer7, error, now_ms);
        }
    }

    /// The stream is to stay with a server even if that is down, for as long as retries last.
    fn bound_to(&self, i: usize) -> bool {
        self.persistence.server == Some(i) && self.be.options.contains(Options::PERSIST)
    }

    /// Says where another attempt goes after server `i` has failed; `false`: there were enough. `answered`: the server had the
    /// request, which HAProxy counts as a retry of its own.
    pub(super) fn try_again(&mut self, i: usize, answered: bool) -> bool {
        let retries = self.p.facts.set.retries.unwrap_or(self.be.retries);
        if self.p.facts.retries >= retries {
            return false;
        }
        self.p.facts.retries += 1;
        self.failed = Some(i);
        self.give_slot();
        let (w, state) = (self.w.id, self.be_state());
        let server = &state.servers[i];
        if answered {
            state.be.retries.inc(w);
            server.counters.retries.inc(w);
        }
        let gone = !(server.is_up() || self.bound_to(i));
        if self.may_move() && (gone || self.is_free() || self.is_turn_to_move(self.p.facts.retries, retries)) {
            self.move_from(i);
        } else {
            self.again = Some(i);
        }
        true
    }

    /// `option redispatch N`: every Nth retry; where N is negative, the retry so many before the one after the last, and its
    /// multiples.
    fn is_turn_to_move(&self, attempt: u32, retries: u32) -> bool {
        let every = match self.be.redispatch {
            n if n < 0 => (retries + 1).saturating_sub(n.unsigned_abs()),
            n => n.unsigned_abs(),
        };
        every > 0 && attempt.is_multiple_of(every)
    }

    /// The time in the queue ends with a server; attempts at the same one are part of connecting.
    pub(super) fn mark_queued(&mut self) {
        if self.marks.queued == 0 {
            self.marks.queued = self.w.now_ms();
        }
    }

    fn take_server(&mut self, i: usize) {
        self.server = Some(i);
        self.p.facts.server = Some(ServerId(i as u32));
    }

    fn set_server(&mut self, i: usize) {
        self.take_server(i);
        self.slot = true;
        self.c.entry.server.set(Some(i as u32));
        let (w, wall_ms) = (self.w.id, self.w.now().wall_us / 1000);
        let server = &self.be_state().servers[i];
        server.counters.sess_tot.inc(w);
        server.sess_rate.tick(w, wall_ms);
        server.last_session.store(wall_ms, Ordering::Relaxed);
    }

    /// A slot of a server: of `bound`, or of whichever the algorithm chooses. Waits in the queue while all are full.
    async fn wait_for_slot(&mut self, bound: Option<usize>, avoid: Option<usize>) -> Step<usize> {
        let state = self.be_state();
        let mut place: Option<Waiting<'_>> = None;
        // The queue of the server it was to stay with is full: the algorithm has the word.
        let mut elsewhere = false;
        loop {
            let seen = state.waiting.changes();
            if let Some((p, i)) = place.as_ref().and_then(|p| Some((p, p.granted()?))) {
                p.used.set(true);
                self.note_queue(p);
                self.mark_queued();
                return Ok(i);
            }
            // The server it waits for is gone: whoever is next has it, but for those who are to stay whatever comes.
            if let Some(p) = &place
                && let Some(i) = p.ticket.target().filter(|i| !state.servers[*i].is_up() && self.may_go(*i, bound))
            {
                p.queue.leave(&p.ticket);
                self.note_queue(p);
                self.count_redispatch(i);
                self.persistence.lost();
                (elsewhere, place) = (true, None);
                continue;
            }
            // Who waits for a server stays in its queue for as long as that can be used.
            let queued = || place.as_ref()?.ticket.target().filter(|i| state.servers[*i].is_usable());
            let choice = match bound.or_else(queued) {
                Some(i) => Choice::Server(i),
                None if elsewhere => self.by_algorithm(avoid),
                None => self.choose_server(avoid),
            };
            let target = match choice {
                // Who comes does not overtake those who wait for any server.
                Choice::Server(_) if place.is_none() && state.queue_cur.load(Ordering::Relaxed) > 0 && self.is_unbound(bound) => None,
                Choice::Server(i) if take_slot(state, i) => {
                    // It may have become free for more than one reason, or the server's limit has grown with the load: whoever is
                    // first has it.
                    let awaited = place.is_some() || state.servers[i].queue_cur.load(Ordering::Relaxed) > 0;
                    if awaited && state.waiting.hand(i) {
                        continue;
                    }
                    self.mark_queued();
                    return Ok(i);
                }
                Choice::Server(i) => Some(i),
                Choice::Full => None,
                Choice::NoServer => {
                    state.be.failed_conns.inc(self.w.id);
                    self.server = None;
                    self.p.facts.server = None;
                    self.marks.queued = 0;
                    return Err(End::new(Blame::Server, Phase::Connect).into());
                }
            };
            if let Some(i) = target.filter(|_| place.is_none())
                && state.servers[i].queue_is_full(state.servers[i].queue_cur.load(Ordering::Relaxed))
            {
                if elsewhere || bound.is_some() || avoid.is_some() || !self.may_leave(i) {
                    return Err(self.turned_away(i));
                }
                self.persistence.lost();
                elsewhere = true;
                continue;
            }
            if place.is_none() {
                place = Some(self.queue_up(state, target));
                // A slot may have become free before the place was taken: look once more.
                continue;
            }
            let Some(p) = &place else { continue };
            let ended = match self.wait_in_queue(p, seen).await {
                Ok(true) => continue,
                Ok(false) => {
                    self.count_failed(p.ticket.target());
                    End::new(Blame::ServerTimeout, Phase::Queue).into()
                }
                Err(stop) => stop,
            };
            // It ends with the server it waited for.
            if let Some(i) = p.ticket.target() {
                self.take_server(i);
            }
            p.queue.leave(&p.ticket);
            self.note_queue(p);
            return Err(ended);
        }
    }

    /// Takes a place in the queue of a server, or of all.
    fn queue_up<'s>(&self, state: &'s ProxyState, target: Option<usize>) -> Waiting<'s> {
        let since = self.w.now_ms();
        let limit = self
            .p
            .facts
            .set
            .timeout_queue
            .or(self.be.timeouts.queue)
            .or(self.be.timeouts.connect);
        let f = &self.p.facts;
        let ticket = state.waiting.join(target, f.priority_class, since, f.priority_offset);
        let (queued, most) = match target {
            Some(i) => (&state.servers[i].queue_cur, &state.servers[i].queue_max),
            None => (&state.queue_cur, &state.queue_max),
        };
        raise(most, queued.fetch_add(1, Ordering::Relaxed) + 1);
        target.inspect(|i| state.live.touch(*i));
        let until = limit.map_or(Millis::MAX, |l| since.saturating_add(l));
        Waiting {
            queue: &state.waiting,
            ticket,
            proxy: state,
            until,
            used: Cell::new(false),
        }
    }

    /// Any server will do.
    fn is_unbound(&self, bound: Option<usize>) -> bool {
        bound.is_none() && !self.be.balance.is_hash() && (self.avoid.is_some() || self.preferred_server().is_none())
    }

    /// Whether a stream that waits for server `i` is nobody's to hold there.
    fn may_go(&self, i: usize, bound: Option<usize>) -> bool {
        !self.persistence.forced && bound != Some(i) && !self.be.options.contains(Options::PERSIST)
    }

    /// How many the stream has seen served before its turn or its leaving.
    fn note_queue(&mut self, p: &Waiting<'_>) {
        let passed = p.ticket.passed();
        if p.ticket.target().is_some() {
            self.p.facts.server_queue = passed;
        } else {
            self.p.facts.backend_queue = passed;
        }
    }

    /// Whether a stream that is to stay with server `i` may go to another one all the same.
    fn may_leave(&self, i: usize) -> bool {
        self.be.redispatch != 0 && !self.persistence.forced && self.preferred_server() == Some(i)
    }

    /// Counts a connection that came to nothing, of the backend and of the server there was to be one to.
    fn count_failed(&self, server: Option<usize>) {
        let (w, state) = (self.w.id, self.be_state());
        state.be.failed_conns.inc(w);
        server.inspect(|i| state.servers[*i].counters.failed_conns.inc(w));
    }

    /// `maxqueue`: too many wait for the only server that will do.
    fn turned_away(&mut self, i: usize) -> Stop {
        self.take_server(i);
        self.count_failed(Some(i));
        End::new(Blame::Server, Phase::Queue).into()
    }

    fn streams(&self) -> u32 {
        self.be_state().be_cur.load(Ordering::Relaxed)
    }

    /// Until granted, told to look again since it was `seen`, or for a while; `false`: `timeout queue` has passed.
    async fn wait_in_queue(&mut self, p: &Waiting<'_>, seen: u32) -> Step<bool> {
        let now = self.w.now_ms();
        if now >= p.until {
            self.mark_queued();
            return Ok(false);
        }
        self.c.deadline.set(p.until.min(now + LOOK_AGAIN));
        std::future::poll_fn(|cx| {
            p.ticket.watch(cx.waker());
            let look = p.granted().is_some() || p.queue.changes() != seen || self.c.deadline.expired(cx);
            if look || self.c.entry.kill.get() || self.poll_client(cx, Phase::Queue) {
                return Poll::Ready(());
            }
            Poll::Pending
        })
        .await;
        self.c.deadline.clear();
        if self.c.entry.kill.get() || self.gone.is_some() {
            self.mark_queued();
            Err(self.abandoned(Phase::Queue))
        } else {
            Ok(true)
        }
    }

    /// The pause before the same is tried again.
    pub(super) async fn turn_around(&mut self) -> Step<()> {
        let limit = self.be.timeouts.connect.unwrap_or(TURN_AROUND);
        self.sleep(TURN_AROUND.min(limit)).await
    }

    async fn sleep(&mut self, ms: Millis) -> Step<()> {
        self.c.deadline.set(self.w.now_ms() + ms);
        std::future::poll_fn(|cx| {
            let over = self.c.deadline.expired(cx) || self.c.entry.kill.get() || self.poll_client(cx, Phase::Queue);
            if over { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        self.c.deadline.clear();
        if self.gone.is_some() || self.c.entry.kill.get() {
            Err(self.abandoned(Phase::Connect))
        } else {
            Ok(())
        }
    }

    /// Where a connection was to go that failed.
    #[cold]
    fn note_target(&mut self, i: usize) {
        let to = self.be_state().servers[i].endpoint();
        let dst = to.map(|to| self.address(&self.server_conf(i), to));
        self.p.facts.bc_ends = Some(Arc::new(Ends { src: None, dst }));
    }

    /// How a connection is made; `shakes`: with TLS.
    pub(super) fn how<'c>(&self, link: &Link, special: Option<&'c Special<'c>>, shakes: bool) -> How<'c> {
        How {
            source: link.source,
            own: link.own,
            transparent: link.transparent,
            special,
            mark: self.p.controls.bc_mark,
            tos: self.p.controls.bc_tos,
            speaks: !self.raw || !self.p.req.buf.is_empty() || shakes || !link.header.is_empty(),
        }
    }

    /// An idle connection where policy allows, else a new one.
    async fn open(&mut self, i: usize) -> Result<Box<Upstream>, ConnectError> {
        let conf = self.server_conf(i);
        let conf = &*conf;
        let server = &self.be_state().servers[i];
        let w = self.w.id;
        let config = server.speaks_tls().then(|| self.tls_config(i)).flatten();
        let link = self.link(conf, config.is_some())?;
        if let Some(up) = self.reuse(i, conf, &link) {
            server.counters.reuse.inc(w);
            self.be_state().be.reuse.inc(w);
            return Ok(up);
        }
        let address = self.address(conf, server.endpoint().ok_or(ConnectError::NoAddress)?);
        let now = self.w.now_ms();
        let limit = self.p.facts.set.timeout_connect.or(self.be.timeouts.connect);
        self.c.deadline.after(now, limit);
        let special = Special::of(self.plan, self.be, conf, Some(&server.source_turn), false);
        let how = self.how(&link, special.as_ref(), config.is_some());
        let epoch = server.address_epoch.load(Ordering::Relaxed);
        let hop = conf.socks4.map(Endpoint::Ip);
        let to = hop.as_ref().unwrap_or(&address);
        let state = self.be_state();
        let keep = tls::Keep::of(self.plan);
        let worker = self.w;
        let source_asked = self.plan.wanted.server_source;
        let mut watch = self.watch(Phase::Connect);
        let deadline = watch.deadline;
        server.counters.connect.inc(w);
        state.be.connect.inc(w);
        let mut raw = upstream::connect(to, &how, deadline, |cx| watch.is_over(cx)).await?;
        if hop.is_some() {
            let asked = socks4::ask(&mut raw, &address, deadline).await;
            asked.map_err(ConnectError::Refused)?;
        }
        if !link.header.is_empty() {
            let sent = proxy_header::send(&mut raw, &link.header, deadline).await;
            sent.map_err(ConnectError::Refused)?;
        }
        let ends = Ends {
            src: source_asked.then(|| raw.local_addr()).flatten(),
            dst: Some(address),
        };
        let (io, tls) = match &config {
            None => (Io::Plain(raw), None),
            Some(config) => {
                worker.shared.ssl_total.fetch_add(1, Ordering::Relaxed);
                let name = match &link.name {
                    Some(asked) => std::str::from_utf8(asked).ok(),
                    None => conf.tls.as_ref().and_then(|t| t.verifyhost.as_deref()),
                };
                let shaken = tls::handshake(config, name, raw, keep, deadline, |cx| watch.is_over(cx)).await;
                let (io, facts) = shaken.map_err(|e| {
                    if e.kind() == std::io::ErrorKind::Interrupted {
                        return ConnectError::Aborted;
                    }
                    server.counters.ssl_failed.inc(w);
                    state.be.ssl_failed.inc(w);
                    ConnectError::Handshake(e)
                })?;
                server.counters.ssl_sess.inc(w);
                state.be.ssl_sess.inc(w);
                if facts.resumed {
                    server.counters.ssl_reused.inc(w);
                    state.be.ssl_reused.inc(w);
                } else {
                    self.w.shared.ssl_server_keys.tick(w, self.w.now().wall_us / 1000);
                }
                (io, Some(facts))
            }
        };
        self.c.deadline.clear();
        let mut up = Box::new(Upstream::new(io, epoch, Arc::new(ends), tls));
        up.key = link.key;
        self.w.pools.make_room(&up, |p, s| self.w.shared.server(p, s));
        if self.be.options.contains(Options::NOLINGER) {
            up.io.reset_on_close();
        }
        Ok(up)
    }

    /// How to speak TLS to a server.
    fn tls_config(&self, i: usize) -> Option<Arc<rustls::ClientConfig>> {
        let server = &self.be_state().servers[i];
        if server.is_added() {
            return server.own_tls();
        }
        self.w.tls.server(self.be_id.0, i as u32).map(|slot| slot.load_full())
    }

    /// `http-reuse`: the first request of a client goes over a connection of its own unless told otherwise.
    fn reuse(&mut self, i: usize, conf: &Server, link: &Link) -> Option<Box<Upstream>> {
        if self.be.mode != Mode::Http || self.fe.mode != Mode::Http {
            return None;
        }
        let id = ServerId(i as u32);
        let fits = |h: &Held| h.backend == self.be_id && h.server == id && h.up.key == link.key;
        while let Some(at) = self.c.held.iter().rposition(fits) {
            let mut up = self.c.held.remove(at).up;
            self.be_state().servers[i].idle_private.fetch_sub(1, Ordering::Relaxed);
            if up.io.is_quiet() {
                return Some(up);
            }
        }
        // Where whatever a dying connection does to a request has it sent again, the first one runs no risk either.
        let harmless = RetryOn::CONN_FAILURE | RetryOn::EMPTY_RESPONSE | RetryOn::RESPONSE_TIMEOUT;
        let first = self.c.streams == 1 && !self.be.retry_on.contains(harmless);
        let served = match self.be.reuse {
            Persist::Never => return None,
            Persist::Safe if first => return None,
            // One that was reused before has shown that its server does not mind.
            Persist::Aggressive if first => 2,
            _ => 0,
        };
        self.w.pools.take(&Wanted {
            proxy: self.be_id,
            server: id,
            state: &self.be_state().servers[i],
            key: link.key,
            served,
            first,
            low: conf.pool_low_conn,
        })
    }

    pub(super) fn address(&self, conf: &Server, to: Endpoint) -> Endpoint {
        let Endpoint::Ip(mut to) = to else { return to };
        // A server without an address of its own, or without a port, stands where the client meant to go.
        if to.ip().is_unspecified() || to.port() == 0 || conf.port_offset.is_some() {
            let env = self.env(false);
            if to.ip().is_unspecified()
                && let Some(ip) = env.dst().and_then(Endpoint::ip)
            {
                to.set_ip(ip);
            }
            let port = env.dst().and_then(Endpoint::port).unwrap_or(0);
            match conf.port_offset {
                Some(offset) => to.set_port((i32::from(port) + offset) as u16),
                None if to.port() == 0 => to.set_port(port),
                None => {}
            }
        }
        Endpoint::Ip(to)
    }

    /// Gives the server's slot to the next in the queue, or back.
    fn give_slot(&mut self) {
        if !std::mem::take(&mut self.slot) {
            return;
        }
        let Some(i) = self.server else { return };
        let state = self.be_state();
        let server = &state.servers[i];
        let max = state.live.dynamic_maxconn(server, self.streams());
        let crowded = max > 0 && server.cur_sess.load(Ordering::Relaxed) > max;
        if state.waiting.is_empty() || crowded || !server.is_up() || !state.waiting.hand(i) {
            server.cur_sess.fetch_sub(1, Ordering::Relaxed);
            state.live.touch(i);
        }
    }

    /// Keeps a connection for this client alone.
    fn hold(&mut self, id: ServerId, up: Box<Upstream>) {
        let held = &mut self.c.held;
        if held.len() >= self.fe.max_held {
            up.close();
            return;
        }
        self.w.shared.server(self.be_id, id).idle_private.fetch_add(1, Ordering::Relaxed);
        held.push(Held {
            backend: self.be_id,
            server: id,
            up,
        });
    }

    /// The connection may serve another request: this client's, where it is nobody else's.
    fn keep_connection(&mut self, id: ServerId, up: Box<Upstream>) {
        if self.be.reuse == Persist::Never || up.private {
            self.hold(id, up);
        } else {
            let (now, server) = (self.w.now_ms(), self.w.shared.server(self.be_id, id));
            let used = server.need.used();
            self.w.pools.put((self.be_id, id), &server.conf(), server, used, up, now);
        }
    }

    /// The stream is done with its server. `clean`: request and response are complete, the connection may serve others.
    pub(super) fn leave_server(&mut self, clean: bool) {
        let Some(mut up) = self.up.take() else {
            self.give_slot();
            return;
        };
        up.served += 1;
        up.ended |= self.p.res.eof;
        if let Some(id) = self.server.map(|i| ServerId(i as u32)).filter(|_| clean) {
            self.c.last = Some((self.be_id, id));
            if self.reusable {
                self.keep_connection(id, up);
                self.in_use = None;
                self.give_slot();
                return;
            }
        }
        // A server that has ended its side is left in order, and so is one whose client was too slow, or whose tunnel was
        // silent. In TCP mode whoever ends a stream early says how.
        let slow = match self.p.facts.termination[0] {
            b'c' => true,
            b's' => self.tunnel,
            _ => false,
        };
        let cut = if clean {
            self.request_sent && !self.p.res.eof
        } else {
            !self.raw && !slow
        };
        if cut {
            up.close();
        }
        self.in_use = None;
        self.give_slot();
    }
}

fn take_slot(state: &ProxyState, i: usize) -> bool {
    let server = &state.servers[i];
    let max = state.live.dynamic_maxconn(server, state.be_cur.load(Ordering::Relaxed));
    let taken = if max == 0 {
        Ok(server.cur_sess.fetch_add(1, Ordering::Relaxed))
    } else {
        server
            .cur_sess
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| (n < max).then_some(n + 1))
    };
    if let Ok(before) = taken {
        state.live.touch(i);
        server.count_session(before + 1);
    }
    taken.is_ok()
}

/// A place in the queue; left when dropped, and a slot granted meanwhile goes to the next.
struct Waiting<'w> {
    queue: &'w WaitQueue,
    ticket: Arc<Ticket>,
    proxy: &'w ProxyState,
    until: Millis,
    used: Cell<bool>,
}

impl Waiting<'_> {
    fn granted(&self) -> Option<usize> {
        self.ticket.granted()
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.queue.leave(&self.ticket)
            && !self.used.get()
            && let Some(i) = self.granted()
            && !self.queue.hand(i)
        {
            self.proxy.servers[i].cur_sess.fetch_sub(1, Ordering::Relaxed);
            self.proxy.live.touch(i);
        }
        if let Some(i) = self.ticket.target() {
            self.proxy.servers[i].queue_cur.fetch_sub(1, Ordering::Relaxed);
            self.proxy.live.touch(i);
        } else {
            self.proxy.queue_cur.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
