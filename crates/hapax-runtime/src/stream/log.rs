//! The line a stream leaves behind.

use std::sync::atomic::Ordering;

use hapax_config::Plan;
use hapax_config::plan::{Mode, Options, Proxy};
use hapax_sample::{LOG_SILENT, Timers};
use hapax_value::{Endpoint, Millis};

use super::exchange::Exchange;
use crate::log::{DEFAULT_TAG, level};
use crate::session::Client;
use crate::state::Event;

/// The tag of a proxy's messages.
pub(crate) fn tag<'p>(plan: &'p Plan, proxy: &'p Proxy) -> &'p str {
    proxy.log_tag.as_deref().or(plan.global.log_tag.as_deref()).unwrap_or(DEFAULT_TAG)
}

impl Exchange<'_> {
    /// Settles timers and byte counts, and logs the stream where its frontend logs.
    pub(super) fn finish_log(&mut self) {
        self.settle();
        self.count();
        // As in HAProxy, the line does not count its own stream among the backend's.
        self.leave_backend();
        self.emit_log();
    }

    /// Writes the stream's line as things stand.
    pub(crate) fn emit_log(&mut self) {
        let fe = self.fe;
        if fe.log.is_empty() || self.p.facts.log_level == Some(LOG_SILENT) {
            return;
        }
        let failed = self.p.facts.termination != *b"--" || self.p.facts.status >= 500;
        self.fe_state().log_count.fetch_add(1, Ordering::Relaxed);
        if !failed && fe.options.contains(Options::DONTLOG_NORMAL) {
            return;
        }
        let Some(format) = &fe.formats.main else {
            let mut line = Vec::with_capacity(96);
            connected(fe, self.c, &mut line);
            self.w.logger.borrow_mut().send(&fe.log, tag(self.plan, fe), level::INFO, &line);
            return;
        };
        let level = match self.p.facts.log_level {
            Some(l) => l,
            None if failed && fe.options.contains(Options::LOG_SEPARATE_ERRORS) => level::ERR,
            None => level::INFO,
        };
        let mut line = std::mem::take(&mut self.p.controls.scratch);
        line.clear();
        let mut sd = Vec::new();
        {
            let response = self.p.res_head.status != 0;
            let env = self.env(response);
            format.write(&env, &mut line);
            if let Some(f) = &fe.formats.sd {
                f.write(&env, &mut sd);
            }
        }
        self.w
            .logger
            .borrow_mut()
            .send_structured(&fe.log, tag(self.plan, fe), level, &sd, &line);
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
        self.p.facts.bytes_out = self.p.facts.bytes_out.max(self.p.res.written);
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
            request: span(m.first_byte, m.request),
            queue: if m.connected == 0 && self.server.is_none() {
                -1
            } else {
                span(m.request, m.queued)
            },
            connect: span(m.queued, m.connected),
            response: if m.connected == 0 { -1 } else { span(m.connected, m.response) },
            data: span(m.response, end),
            active: span(first, end),
            total: span(m.idle, end),
        }
    }

    fn count(&self) {
        let (w, f) = (self.w.id, &self.p.facts);
        let (bytes_in, bytes_out, t) = (f.bytes_in, f.bytes_out, &f.timers);
        let fe = self.fe_state();
        fe.fe.bytes_in.add(w, bytes_in);
        fe.fe.bytes_out.add(w, bytes_out);
        if self.marks.request != 0 {
            self.count_tracked(Event::Bytes {
                received: bytes_in,
                sent: bytes_out,
            });
        }
        if self.in_backend {
            let be = self.be_state();
            be.be.bytes_in.add(w, bytes_in);
            be.be.bytes_out.add(w, bytes_out);
            be.times.record(w, t.queue, t.connect, t.response, t.total);
            if let Some(s) = self.server_state() {
                s.counters.bytes_in.add(w, bytes_in);
                s.counters.bytes_out.add(w, bytes_out);
                s.times.record(w, t.queue, t.connect, t.response, t.total);
            }
        }
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
        _ => write!(out, "Connect to unix listener {} ({}/{mode})", client.facts.listener_id, proxy.name),
    };
}

/// `<src>:<port> [<date>] <frontend>/<listener>: <why>`, as HAProxy has it for connections that never had a stream.
pub(crate) fn connection_error(proxy: &Proxy, client: &Client, why: &str, out: &mut Vec<u8>) {
    use std::io::Write;
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
}
