//! The chain of phases of an HTTP stream.

use hapax_config::plan::{LogStep, RetryOn};

use super::exchange::Exchange;
use super::{Next, Step, Stop};
use crate::io::Gone;
use crate::outcome::{Blame, End, Phase};
use crate::session::Client;
use crate::state::{Event, count_front};
use crate::worker::Worker;

/// Serves one request of a client connection that has something to read.
pub(crate) async fn serve(w: &Worker, c: &mut Client) -> Next {
    let mut parts = w.take_parts();
    let next = {
        let mut x = Exchange::new(w, c, &mut parts);
        let outcome = x.run().await;
        let next = x.conclude(outcome).await;
        x.count_stream_end();
        x.release(next);
        next
    };
    w.give_parts(parts);
    next
}

impl Exchange<'_> {
    async fn run(&mut self) -> Step<()> {
        self.read_request().await?;
        self.log_step(LogStep::Accept);
        self.identify();
        self.frontend_rules().await?;
        self.choose_backend()?;
        self.backend_rules().await?;
        self.marks.judged = self.w.now_ms();
        if let Some(how) = self.gone {
            // It left before its request was whole, or has no use for an answer.
            let status = if how == Gone::Closed { 400 } else { 0 };
            return Err(Stop::Close(End::with_status(Blame::Client, Phase::Request, status)));
        }
        self.prepare_request()?;
        self.stick_request(|x| x.env(false));
        loop {
            self.connect().await?;
            self.log_step(LogStep::Connect);
            if self.forward().await? {
                return Ok(());
            }
            // The server is left, and the request goes out again.
        }
    }

    /// Answers the client where it is owed an answer, settles the counters, and writes the log line.
    async fn conclude(&mut self, outcome: Step<()>) -> Next {
        let mut next = match outcome {
            Ok(()) | Err(Stop::Answered) if self.keep_alive && self.request_read => Next::KeepAlive,
            _ => Next::Close,
        };
        let mut lives = self.keep_alive && matches!(outcome, Ok(()) | Err(Stop::Answered));
        let (end, answer) = match outcome {
            Ok(()) | Err(Stop::Answered) => (None, false),
            Err(Stop::End(end)) => (Some(end), !self.response_started),
            Err(Stop::Close(end)) => (Some(end), false),
            Err(Stop::Silent) => {
                self.leave_server(false);
                self.leave_backend();
                return Next::Close;
            }
        };
        if let Some(end) = end {
            self.p.facts.termination = end.letters();
            self.count_end(end);
            self.leave_server(false);
            if end.blame == Blame::Killed {
                self.p.facts.status = end.status();
            }
            if answer {
                next = self.answer_error(end).await;
                lives = next == Next::KeepAlive;
                if !self.request_read {
                    next = Next::Close;
                }
            } else if !self.response_started {
                self.take_buffered_body();
                self.p.facts.status = end.status.unwrap_or(0);
            }
        } else {
            self.leave_server(true);
        }
        self.leave_backend();
        self.finish_log();
        if self.marks.request != 0 {
            self.count_response();
        }
        if next == Next::Close {
            next = self.finish_request(lives).await;
        }
        next
    }

    /// A stream that began is over.
    fn count_stream_end(&self) {
        if self.marks.first_byte != 0 {
            self.fe_state().http_ended.inc(self.w.id);
        }
    }

    pub(super) fn count_end(&self, end: End) {
        if end.phase == Phase::Headers && matches!(end.blame, Blame::Server | Blame::ServerTimeout | Blame::Proxy) {
            self.count_tracked(Event::Failure);
        }
        let (w, fe, be) = (self.w.id, self.fe_state(), self.be_state());
        match (end.blame, end.phase) {
            _ if end.is_internal() => count_front!(fe, self.c.facts.listener, w, internal_errors, 1),
            // What rules refuse is counted as that, and is no failure of the client's.
            (Blame::Proxy, Phase::Request) if self.raw || self.marks.request != 0 => {}
            (Blame::Client | Blame::ClientTimeout | Blame::Proxy, Phase::Request) => {
                count_front!(fe, self.c.facts.listener, w, failed_req, 1);
            }
            // Who left the queue has cost no server anything.
            (Blame::Client, Phase::Queue) => {}
            (Blame::Client, _) => {
                be.be.cli_aborts.inc(w);
                if let Some(s) = self.server_state() {
                    s.counters.cli_aborts.inc(w);
                }
            }
            (Blame::Server | Blame::ServerTimeout, Phase::Headers) => {
                be.be.failed_resp.inc(w);
                if let Some(i) = self.server {
                    let why = if end.blame == Blame::Server {
                        "Read error (http)"
                    } else {
                        "Read timeout (http)"
                    };
                    self.observe(i, true, Some(why));
                }
                if let Some(s) = self.server_state() {
                    s.counters.failed_resp.inc(w);
                }
            }
            (Blame::Server, Phase::Data) => {
                be.be.srv_aborts.inc(w);
                if !self.raw {
                    be.be.failed_resp.inc(w);
                }
                if let Some(s) = self.server_state() {
                    s.counters.srv_aborts.inc(w);
                    if !self.raw {
                        s.counters.failed_resp.inc(w);
                    }
                }
            }
            (Blame::Proxy, Phase::Headers) if self.failure == RetryOn::JUNK_RESPONSE => {
                be.be.failed_resp.inc(w);
                if let Some(i) = self.server {
                    self.observe(i, true, Some("Invalid http response (headers)"));
                }
                if let Some(s) = self.server_state() {
                    s.counters.failed_resp.inc(w);
                }
            }
            _ => {}
        }
    }
}
