//! The head of the final response on its way to the client.

use hapax_config::plan::{LogStep, Options};
use hapax_proto::h1::framing::BodyLen;
use hapax_proto::h1::{Meta, normalise, write};
use hapax_proto::http::Version;

use super::Step;
use super::exchange::Exchange;
use crate::outcome::{Blame, End, Phase};
use crate::relay::Coding;

impl Exchange<'_> {
    /// Rules, cookie, `Connection`: then the head stands before the body in the outgoing half.
    pub(super) async fn process_response(&mut self, mut meta: Meta) -> Step<()> {
        let wordless = self.p.res_head.reason().is_empty();
        normalise::response(&mut self.p.res_head, &meta, hapax_rules::errors::reason);
        self.unasked_tunnel(&mut meta);
        self.res_body = meta.body;
        if meta.body == BodyLen::UntilClose && self.p.req_head.method() == b"CONNECT" {
            self.drop_framing();
        }
        self.head_out = self.interim_out + self.p.res_head.counted_len();
        if wordless {
            self.head_out -= self.p.res_head.reason().len() as u64;
        }
        self.p.facts.status = self.p.res_head.status;
        self.p.facts.server_status = self.p.res_head.status;
        self.p.facts.response_version = match self.p.res_head.version {
            Version::H09 => "0.9",
            Version::H10 => "1.0",
            Version::H11 => "1.1",
            Version::H2 => "2.0",
            Version::H3 => "3.0",
        };
        self.count_of_server(self.p.facts.status);
        self.count_status(self.p.facts.status);
        if let Some(i) = self.server {
            // 501 and 505 are about the request.
            let bad = matches!(self.p.facts.status, ..100 | 500 | 502..=504 | 506..);
            self.observe(i, true, bad.then_some("Wrong http response"));
        }
        if !self.fe.res_captures.is_empty() {
            normalise::capture(&self.p.res_head, &self.fe.res_captures, &mut self.p.facts.res_captures);
        }
        if super::added::binds_connection(&self.p.res_head)
            && let Some(up) = &mut self.up
        {
            up.private = true;
        }
        // Until rules say otherwise.
        self.reusable = meta.keep_alive && !self.meta.conflicting && !self.server_closes();
        self.response_rules().await?;
        if self.be.options.contains(Options::CHECKCACHE) && hapax_config::plan::leaks_cookie(self.p.req_head.method(), &self.p.res_head) {
            return Err(End::new(Blame::Proxy, Phase::Headers).into());
        }
        self.stick_response(|x| x.env(true));
        self.log_step(LogStep::Response);
        self.write_cookie();
        self.after_response_rules()?;
        let emptied = self.settle_status()?;
        let announced = self.reframe_response(meta.body, emptied || self.head_only)?;
        self.tunnel = meta.body == BodyLen::UntilClose && (self.p.res_head.status == 101 || self.p.req_head.method() == b"CONNECT");
        if self.tunnel && self.p.res_head.status != 101 {
            self.drop_framing();
        }
        self.reusable = meta.keep_alive && !self.meta.conflicting && !self.server_closes();
        // An old server's chunks may be somebody else's body.
        let doubtful = meta.conflicting && self.p.res_head.version <= Version::H10;
        self.keep_alive &= self.may_keep_alive() && !doubtful && meta.body != BodyLen::UntilClose && !self.w.stopping();
        let coding = if meta.body == BodyLen::Chunked && announced {
            Coding::Chunked
        } else {
            Coding::Plain
        };
        let coding = self.filter_response(&meta, coding);
        self.res_head_out = self.interim_out + self.p.res_head.counted_len();
        if !self.tunnel {
            self.write_connection();
        }
        write::response(&self.p.res_head, self.client_case(), self.p.res.out());
        self.p.res.drop_trailers = self.fe.options.contains(Options::HTTP_DROP_RES_TRAILERS);
        self.p.res.discard = emptied || (self.head_only && self.p.req_head.method() != b"HEAD");
        if self.p.res.start(meta.body, coding, !self.w.no_splice).is_err() {
            // Nothing has left yet: the client can be told.
            let came = self.p.res.wire_in;
            self.p.res.reset();
            self.p.res.wire_in = came;
            self.res_body = BodyLen::None;
            (self.head_out, self.marks.response) = (0, 0);
            return Err(End::new(Blame::Proxy, Phase::Headers).into());
        }
        self.response_started = true;
        Ok(())
    }

    /// Where rules have made `CONNECT` of a request that was none, its client waits for an answer and no tunnel: what came with the
    /// head is the answer. And a client that asked for a tunnel has no use for a connection that is none.
    fn unasked_tunnel(&mut self, meta: &mut Meta) {
        let asks = self.p.req_head.method() == b"CONNECT";
        self.keep_alive &= asks == self.tunnel_asked || asks;
        if !asks || !(200..300).contains(&self.p.res_head.status) {
            return;
        }
        meta.keep_alive = false;
        if self.tunnel_asked || meta.body != BodyLen::UntilClose {
            return;
        }
        self.drop_framing();
        let len = self.p.res.buf.len() as u64;
        meta.body = if len == 0 { BodyLen::None } else { BodyLen::Length(len) };
        self.p.res_head.add(b"content-length", len.to_string().as_bytes());
    }

    /// What follows the answer to `CONNECT` has no length and no coding, whatever it or a rule says.
    fn drop_framing(&mut self) {
        self.p.res_head.remove(b"content-length");
        self.p.res_head.remove(b"transfer-encoding");
    }

    /// The status as rules have left it; whether it is one of theirs that no body follows.
    fn settle_status(&mut self) -> Step<bool> {
        let status = self.p.res_head.status;
        self.p.facts.status = status;
        if status == self.p.facts.server_status {
            return Ok(false);
        }
        if (100..200).contains(&status) {
            // This would have been the last word, and it says that another is to come.
            return Err(End::new(Blame::Internal, Phase::Headers).into());
        }
        let empty = hapax_proto::h1::reframe::is_bodiless(status);
        if empty {
            self.p.res_head.remove(b"transfer-encoding");
        }
        Ok(empty)
    }

    /// Says what becomes of the client's connection, where its version does not say it.
    pub(super) fn write_connection(&mut self) {
        let old = self.old_client();
        normalise::tell_client(&mut self.p.res_head, self.keep_alive, old);
    }

    /// Counts a response by the class of its status, once it is over: what rules have made of it is what counts.
    pub(super) fn count_response(&self) {
        let w = self.w.id;
        let class = usize::from(self.p.facts.status / 100);
        let fe = &self.fe_state().fe;
        let of_fe = [&fe.rsp_other, &fe.rsp_1xx, &fe.rsp_2xx, &fe.rsp_3xx, &fe.rsp_4xx, &fe.rsp_5xx];
        of_fe[if class > 5 { 0 } else { class }].inc(w);
        if !self.in_backend {
            return;
        }
        let be = &self.be_state().be;
        let of_be = [&be.rsp_other, &be.rsp_1xx, &be.rsp_2xx, &be.rsp_3xx, &be.rsp_4xx, &be.rsp_5xx];
        of_be[if class > 5 { 0 } else { class }].inc(w);
    }

    /// Counts what a server has said, interim responses too, and no answer in its place.
    pub(super) fn count_of_server(&self, status: u16) {
        let Some(s) = self.server_state() else { return };
        let (w, c) = (self.w.id, &s.counters);
        let of_s = [&c.rsp_other, &c.rsp_1xx, &c.rsp_2xx, &c.rsp_3xx, &c.rsp_4xx, &c.rsp_5xx];
        let class = usize::from(status / 100);
        of_s[if class > 5 { 0 } else { class }].inc(w);
        c.req_tot.inc(w);
    }
}
