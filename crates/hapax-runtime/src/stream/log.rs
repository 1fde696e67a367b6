//! The line a stream leaves behind.

use std::sync::atomic::Ordering;

use hapax_config::Plan;
use hapax_config::plan::{LogStep, Mode, Options, Proxy, ProxyCaps};
use hapax_sample::fault::Fault;
use hapax_sample::logformat::LogFormat;
use hapax_sample::{Env, LOG_SILENT, Timers};
use hapax_value::{Endpoint, Millis};

use super::exchange::Exchange;
use crate::log::{DEFAULT_TAG, level};
use crate::session::Client;
use crate::state::{Event, count_front};
use crate::worker::Worker;

/// The tag of a proxy's messages.
pub(crate) fn tag<'p>(plan: &'p Plan, proxy: &'p Proxy) -> &'p str {
    proxy.log_tag.as_deref().or(plan.global.log_tag.as_deref()).unwrap_or(DEFAULT_TAG)
}

impl Exchange<'_> {
    /// Settles timers and byte counts, and logs the stream where its frontend logs.
    pub(super) fn finish_log(&mut self) {
        self.p.facts.bytes_in = self.received;
        self.settle();
        self.count();
        // As in HAProxy, the line does not count its own stream among the backend's.
        self.leave_backend();
        if !self.p.facts.logged_early {
            self.emit_log();
        }
    }

    /// Writes the stream's line at its end.
    fn emit_log(&mut self) {
        let fe = self.fe;
        if fe.log.is_empty() || self.p.facts.logged_early {
            return;
        }
        // What never was a request ends a session, not a transaction.
        let session = self.marks.request == 0;
        self.p.facts.begun &= !session;
        if !session && fe.log_steps != 0 && fe.log_steps & LogStep::Close.bit() == 0 {
            return;
        }
        if session {
            self.write_log("sess_error", "error", None);
        } else {
            self.write_log(LogStep::Close.origin(), LogStep::Close.word(), None);
        }
    }

    /// A step is reached: writes a line where `log-steps` or `option logasap` asks for it.
    #[inline]
    pub(super) fn log_step(&mut self, step: LogStep) {
        if self.fe.log_steps != 0 || self.fe.options.contains(Options::LOGASAP) {
            self.log_at_step(step);
        }
    }

    #[cold]
    fn log_at_step(&mut self, step: LogStep) {
        let fe = self.fe;
        let soon = if fe.mode == Mode::Http {
            LogStep::Response
        } else {
            LogStep::Connect
        };
        let early = fe.log_steps == 0 && step == soon;
        if fe.log.is_empty() || self.p.facts.logged_early || !(early || fe.log_steps & step.bit() != 0) {
            return;
        }
        self.settle();
        self.p.facts.logged_early = early;
        if step == LogStep::Response {
            // The line tells of what is here of the body, too.
            self.p.facts.bytes_out += self.p.res.buf.len() as u64;
        }
        // An accepted connection has brought no request yet.
        self.unread = step == LogStep::Accept;
        self.write_log(step.origin(), step.word(), None);
        self.unread = false;
    }

    /// `do-log`: a line now, beside those that are written by themselves.
    pub(super) fn log_at(&mut self, origin: &'static str, step: &'static str, profile: Option<u32>) {
        if !self.fe.log.is_empty() {
            self.settle();
            self.write_log(origin, step, profile);
        }
    }

    /// Writes a line as things stand.
    fn write_log(&mut self, origin: &'static str, step: &'static str, profile: Option<u32>) {
        let fe = self.fe;
        if self.p.facts.log_level == Some(LOG_SILENT) {
            return;
        }
        self.fe_state().log_count.fetch_add(1, Ordering::Relaxed);
        let failed = self.p.facts.termination != *b"--" || self.p.facts.status >= 500;
        if !failed && fe.options.contains(Options::DONTLOG_NORMAL) {
            return;
        }
        let level = match self.p.facts.log_level {
            Some(l) => l,
            None if failed && fe.options.contains(Options::LOG_SEPARATE_ERRORS) => level::ERR,
            None => level::INFO,
        };
        self.p.facts.log_origin = origin;
        if self.p.facts.begun {
            self.identify();
        }
        let mut line = std::mem::take(&mut self.p.controls.scratch);
        let response = self.p.res_head.status != 0;
        let occasion = Occasion { level, step, profile };
        occasion.write(self.w, fe, self.c, &self.env(response), &mut line);
        line.clear();
        self.p.controls.scratch = line;
    }

    fn settle(&mut self) {
        self.p.facts.timers = self.timers();
        self.p.facts.start_us = if self.marks.wall_us == 0 {
            self.c.facts.accept_us
        } else {
            self.marks.wall_us
        };
        // As HAProxy counts: what came of the server, before rules and whatever else changes it on its way to the client.
        self.p.facts.bytes_out = self.head_out + self.p.res.payload;
        self.p.facts.bytes_back = if self.own_out == 0 { self.p.facts.bytes_out } else { self.own_out };
    }

    /// The timers as they stand now.
    pub(super) fn timers(&self) -> Timers {
        let m = self.marks;
        let end = self.w.now_ms();
        let span = |from: Millis, to: Millis| if from == 0 || to == 0 { -1 } else { to.saturating_sub(from) as i64 };
        let handshake = if self.c.streams == 1 { self.c.handshake_ms } else { 0 };
        let first = if m.first_byte == 0 { end } else { m.first_byte };
        Timers {
            handshake,
            idle: span(m.idle, first) - handshake,
            request: span(m.first_byte, m.judged),
            // One that is kept waiting by a rule has no end of its request.
            queue: span(if m.judged == 0 { m.first_byte } else { m.judged }, m.queued),
            connect: span(m.queued, m.connected),
            response: if m.connected == 0 { -1 } else { span(m.connected, m.response) },
            data: span(m.response, end),
            active: span(first, end),
            total: span(m.idle, end),
        }
    }

    fn count(&self) {
        let (w, f, bind) = (self.w.id, &self.p.facts, self.c.facts.listener);
        let t = &f.timers;
        // Of the client and of the server is told what came; what was sent to either is told apart.
        let (bytes_in, bytes_out) = (f.bytes_in, f.bytes_out);
        let (req_out, res_out) = self.passed_on();
        let fe = self.fe_state();
        count_front!(fe, bind, w, bytes_in, bytes_in);
        count_front!(fe, bind, w, bytes_out, bytes_out);
        count_front!(fe, bind, w, req_out, req_out);
        count_front!(fe, bind, w, res_out, res_out);
        if self.marks.request != 0 {
            self.count_tracked(Event::Bytes {
                received: bytes_in,
                sent: bytes_out,
            });
        }
        if !self.raw {
            fe.fe.h1_in.add(w, self.p.req.wire_in);
            fe.fe.h1_out.add(w, self.p.res.wire_out);
        }
        // A `listen` section is the backend of whatever goes no further.
        if !(self.in_backend || self.be.caps.contains(ProxyCaps::BACKEND)) {
            return;
        }
        let be = self.be_state();
        be.be.bytes_in.add(w, bytes_in);
        be.be.bytes_out.add(w, bytes_out);
        be.be.req_out.add(w, req_out);
        be.be.res_out.add(w, res_out);
        if !self.raw {
            be.be.h1_in.add(w, self.p.res.wire_in);
            be.be.h1_out.add(w, self.p.req.wire_out);
        }
        if self.in_backend {
            be.times.record(w, t.queue, t.connect, t.response, t.total);
            if let Some(s) = self.server_state() {
                s.counters.bytes_in.add(w, bytes_in);
                s.counters.bytes_out.add(w, bytes_out);
                s.counters.req_out.add(w, req_out);
                s.counters.res_out.add(w, res_out);
                s.times.record(w, t.queue, t.connect, t.response, t.total);
            }
        }
    }

    /// What went on to the server and to the client, heads as rules have left them; the sizes are HAProxy's, which counts no
    /// framing.
    fn passed_on(&self) -> (u64, u64) {
        let p = &*self.p;
        if self.raw {
            let req = if self.marks.connected == 0 { 0 } else { p.req.payload };
            return (req, p.facts.bytes_out);
        }
        let served = !p.facts.applet.is_empty();
        let req = match (self.marks.connected, served) {
            (0, false) => 0,
            (_, true) => p.facts.bytes_in,
            _ => self.req_head_out + p.req.payload,
        };
        let res = if self.own_out > 0 {
            self.own_out
        } else {
            self.res_head_out + p.res.payload
        };
        (req, res)
    }
}

/// Why a line is written.
pub(crate) struct Occasion {
    pub level: u8,
    /// The word that log profiles know the moment by.
    pub step: &'static str,
    /// The profile that a rule names in place of the targets' own.
    pub profile: Option<u32>,
}

impl Occasion {
    /// Writes the line of `env` to every target of the proxy; `line` is scratch memory.
    pub(crate) fn write(&self, w: &Worker, proxy: &Proxy, client: &Client, env: &Env<'_>, line: &mut Vec<u8>) {
        let plan = w.plan();
        let mut logger = w.logger.borrow_mut();
        let mut format = proxy.formats.main.as_ref();
        if self.step == "error" {
            format = proxy.formats.error.as_ref().or(format);
        }
        let mut sd = Vec::new();
        let plain = self.profile.is_none() && proxy.log.iter().all(|t| t.profile.is_none());
        if plain {
            fill(format, proxy, client, env, line);
            if let (Some(_), Some(f)) = (format, &proxy.formats.sd) {
                f.write(env, &mut sd);
            }
            logger.send_structured(&w.shared, &proxy.log, tag(plan, proxy), self.level, &sd, line);
            return;
        }
        for target in &proxy.log {
            let own = || target.profile.as_ref().and_then(|p| p.id.get()).map(|i| *i as u32);
            let profile = self.profile.or_else(own).and_then(|i| plan.log_profiles.get(i as usize));
            let step = profile.and_then(|p| p.step(self.step));
            if step.is_some_and(|s| s.drop) {
                continue;
            }
            fill(step.and_then(|s| s.format.as_ref()).or(format), proxy, client, env, line);
            sd.clear();
            if let Some(f) = step.and_then(|s| s.sd.as_ref()).or(proxy.formats.sd.as_ref()) {
                f.write(env, &mut sd);
            }
            let tag = profile.and_then(|p| p.tag.as_deref()).unwrap_or_else(|| tag(plan, proxy));
            logger.send_structured(&w.shared, std::slice::from_ref(target), tag, self.level, &sd, line);
        }
    }
}

fn fill(format: Option<&LogFormat>, proxy: &Proxy, client: &Client, env: &Env<'_>, line: &mut Vec<u8>) {
    line.clear();
    match format {
        Some(f) => f.write(env, line),
        None => connected(proxy, client, line),
    }
}

/// `Connect from <src>:<port> to <dst>:<port> (<frontend>/<mode>)`: the line of a frontend that names no format.
fn connected(proxy: &Proxy, client: &Client, out: &mut Vec<u8>) {
    use std::io::Write;
    let mode = if proxy.mode == Mode::Http { "HTTP" } else { "TCP" };
    // Writing to a vector cannot fail.
    let _ = match (&client.facts.src, &client.facts.dst) {
        (Some(Endpoint::Ip(from)), Some(Endpoint::Ip(to))) => write!(
            out,
            "Connect from {}:{} to {}:{} ({}/{mode})",
            from.ip(),
            from.port(),
            to.ip(),
            to.port(),
            proxy.name
        ),
        _ => write!(out, "Connect to unix:{} ({}/{mode})", client.facts.listener_id, proxy.name),
    };
}

/// `<src>:<port> [<date>] <frontend>/<listener>: <why>`, as HAProxy has it for connections that never had a stream.
pub(crate) fn connection_error(proxy: &Proxy, client: &Client, out: &mut Vec<u8>) {
    use std::io::Write;
    let why = client.facts.fault.message();
    let src = match &client.facts.src {
        Some(Endpoint::Ip(a)) => format!("{}:{}", a.ip(), a.port()),
        _ => "unix:1".to_owned(),
    };
    let c = hapax_sys::clock::local((client.facts.accept_us / 1_000_000) as i64);
    let ms = client.facts.accept_us / 1000 % 1000;
    let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][c.month as usize % 12];
    let listener = match &*client.facts.listener_name {
        "" => client.facts.listener_id.to_string(),
        name => name.to_owned(),
    };
    let _ = write!(
        out,
        "{src} [{:02}/{month}/{}:{:02}:{:02}:{:02}.{ms:03}] {}/{listener}: {why}",
        c.day, c.year, c.hour, c.minute, c.second, proxy.name
    );
    if client.facts.fault == Fault::SslHandshake
        && let Some(error) = client.facts.tls.as_ref().and_then(|t| t.error)
    {
        let _ = write!(out, " ({})", error.text());
    }
}
