//! Persistence by cookie along a stream: finds the server a client is bound to, and binds clients to servers (manual, `cookie`).

use hapax_config::plan::{CookieSeen, capture_cookie};
use hapax_sample::ServerId;

use super::exchange::Exchange;

/// What the client's cookie said.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Persistence {
    /// The server to use, if it can be used.
    pub server: Option<usize>,
    /// A server that is down is tried all the same, and no other instead.
    pub forced: bool,
    /// The cookie does not count.
    pub ignored: bool,
    seen: CookieSeen,
}

impl Persistence {
    /// The server could not be reached: the stream is bound to it no more.
    pub(super) fn lost(&mut self) {
        self.server = None;
    }
}

impl Exchange<'_> {
    /// Reads the persistence cookie, and takes it out of the request where the server is not to see it.
    pub(super) fn read_cookie(&mut self) {
        if !self.be.persist_rules.is_empty() {
            self.judge_persistence();
        }
        self.capture_cookie();
        self.bind_by_cookie();
    }

    /// `capture cookie`: what rules have left of the client's, where they have not answered themselves.
    fn capture_cookie(&mut self) {
        if let Some((name, len)) = &self.fe.cookie_capture {
            let len = (*len).min(self.plan.global.cookielen - 1);
            self.p.facts.cookie_capture_req = capture_cookie(&self.p.req_head, b"cookie", name, len);
        }
    }

    /// A request that is refused is logged with what its cookie said, and with the server that it named.
    pub(super) fn note_cookie(&mut self) {
        self.capture_cookie();
        if self.be.cookie.is_none() {
            return;
        }
        self.bind_by_cookie();
        if let Some(i) = self.persistence.server {
            self.p.facts.backend = Some(self.be_id);
            self.p.facts.server = Some(ServerId(i as u32));
        }
    }

    fn bind_by_cookie(&mut self) {
        let Some(cookie) = &self.be.cookie else { return };
        let mut kept = std::mem::take(&mut self.p.controls.scratch);
        let mut head = std::mem::take(&mut self.p.req_head);
        let seen = cookie.read(
            &mut head,
            (self.persistence.ignored, self.w.now().wall_us / 1_000_000),
            |id| self.be_state().servers.position(|s| s.conf().cookie.as_deref() == Some(id)),
            |i| self.may_persist(i).then(|| self.be_state().servers[i].is_up()),
            &mut kept,
        );
        self.p.req_head = head;
        self.p.controls.scratch = kept;
        self.persistence.server = seen.server.or(self.persistence.server);
        self.persistence.seen = seen;
        // An answer that is not a server's sets no cookie.
        self.p.facts.cookie_flags = [seen.flag, cookie.flags()[1]];
    }

    /// Puts the cookie into the response where the client does not have the right one.
    pub(super) fn write_cookie(&mut self) {
        if let Some((name, len)) = &self.fe.cookie_capture {
            let len = (*len).min(self.plan.global.cookielen - 1);
            self.p.facts.cookie_capture_res = capture_cookie(&self.p.res_head, b"set-cookie", name, len);
        }
        let (Some(cookie), Some(i)) = (&self.be.cookie, self.server) else {
            return;
        };
        let id = self.server_conf(i).cookie.clone();
        let seconds = self.w.now().wall_us / 1_000_000;
        let method = self.p.req_head.method();
        self.p.facts.cookie_flags[1] = cookie.write(&mut self.p.res_head, method, (i, id.as_deref()), &self.persistence.seen, seconds);
    }
}
