//! What becomes of the request beside the rules: its framing made plain, what is captured, what the proxy adds.

use hapax_config::plan::{ForwardFor, HttpMode, Options, Proxy, capture_cookie};
use hapax_config::tables::Event;
use hapax_proto::h1::framing::{self, FramingError};
use hapax_proto::h1::{normalise, reframe};
use hapax_proto::http::uri;
use hapax_rules::Reply;
use hapax_sample::{UniqueId, World};
use hapax_value::Endpoint;

use super::{Outcome, Phase, Walk, Way};
use crate::rules;

impl<'w> Walk<'w> {
    /// The request of an HTTP frontend, up to the choice of its backend.
    pub(super) fn frontend(&mut self, fe: &'w Proxy) -> Way<()> {
        self.http = true;
        self.payload = None;
        self.judge(fe)?;
        self.monitor(fe)?;
        self.run("tcp-request content", fe, &fe.tcp_req_rules, Phase::Request)?;
        self.run("http-request", fe, &fe.http_req_rules, Phase::Request)?;
        self.restrict_names(fe)?;
        self.statistics(fe)?;
        self.run("redirect", fe, &fe.redirects, Phase::Request)
    }

    /// The rules of the backend, where it is another proxy.
    pub(super) fn backend(&mut self, be: &'w Proxy) -> Way<()> {
        self.run("tcp-request content", be, &be.tcp_req_rules, Phase::Request)?;
        if !self.http {
            return Ok(());
        }
        self.run("http-request", be, &be.http_req_rules, Phase::Request)?;
        self.restrict_names(be)?;
        self.statistics(be)?;
        self.run("redirect", be, &be.redirects, Phase::Request)
    }

    /// Framing, and what is put right before anyone sees the request.
    fn judge(&mut self, fe: &'w Proxy) -> Way<()> {
        let relaxed = fe.options.contains(Options::ACCEPT_INVALID_REQ);
        let before = self.req.clone();
        let plain = match framing::request(&self.req) {
            Ok(mut meta) => {
                let plain = normalise::request(&mut self.req, &mut meta, relaxed);
                self.meta = meta;
                if plain { Ok(()) } else { Err(400) }
            }
            Err(FramingError::Unsupported) => Err(422),
            Err(_) => Err(400),
        };
        if let Err(status) = plain {
            self.keep_alive = false;
            return Err(self.answer(
                &Reply::error(status),
                "response",
                "the request has no single reading, and is refused",
                None,
            ));
        }
        self.note_request("made plain", &before);
        self.keep_alive = self.meta.keep_alive && fe.http_mode != HttpMode::Close;
        normalise::request_line(&self.req, &mut self.stream.request_line);
        self.stream.request_line.truncate(self.plan.global.logged_line);
        normalise::capture(&self.req, &fe.req_captures, &mut self.stream.req_captures);
        let absolute = !matches!(self.req.uri().first(), Some(b'/' | b'*'));
        self.stream.proxy_auth = absolute && fe.options.contains(Options::HTTP_USE_PROXY_HDR);
        self.world.count(&self.sess.tracks, Event::Request);
        if let Some(format) = &fe.formats.unique_id
            && self.stream.unique_id.is_unknown()
        {
            self.stream.unique_id = UniqueId::of(format);
        }
        Ok(())
    }

    fn monitor(&mut self, fe: &'w Proxy) -> Way<()> {
        let Some(asked) = &fe.monitor_uri else { return Ok(()) };
        let target = self.req.uri();
        // A path is compared with the path, however the target is written.
        let target = match asked.first() {
            Some(b'/') => uri::split(target).path().unwrap_or(target),
            _ => target,
        };
        if target.split(|b| *b == b'?').next() != Some(&asked[..]) {
            return Ok(());
        }
        self.note(format!("monitor-uri {} is asked", String::from_utf8_lossy(asked)), None);
        let book = self.book;
        let txn = self.txn(Phase::Request, b"");
        let fails = fe.monitor_fail.iter().any(|c| rules::holds(c, &txn, book));
        let status = if fails { 503 } else { 200 };
        Err(self.answer(&Reply::error(status), "response", "answered by monitor-uri", None))
    }

    fn restrict_names(&mut self, proxy: &'w Proxy) -> Way<()> {
        let before = self.req.clone();
        let refused = proxy.header_names.refuse(&mut self.req);
        self.note_request("option http-restrict-req-hdr-names", &before);
        if refused {
            let text = "option http-restrict-req-hdr-names refuses a field's name";
            return Err(self.answer(&Reply::error(403), "response", text, None));
        }
        Ok(())
    }

    fn statistics(&mut self, proxy: &'w Proxy) -> Way<()> {
        let Some(stats) = proxy.stats.as_ref().filter(|s| !s.uri.is_empty()) else {
            return Ok(());
        };
        let uri = self.req.uri();
        let asks = matches!(self.req.method(), b"GET" | b"HEAD" | b"POST");
        if !asks || !uri::split(uri).pathq.unwrap_or(uri).starts_with(&stats.uri) {
            return Ok(());
        }
        self.note("the statistics page is asked", None);
        self.stream.applet = "STATS";
        self.run("stats http-request", proxy, &stats.http_request, Phase::Request)?;
        Err(Box::new(Outcome {
            kind: "service",
            text: "answered by the statistics page".into(),
            ..Outcome::default()
        }))
    }

    /// What the proxy does to the request once the rules are through with it.
    pub(super) fn prepare_request(&mut self, fe: &'w Proxy, be: &'w Proxy) -> Way<()> {
        if let Some((name, len)) = &self.proxy(self.fe_id).cookie_capture {
            let len = (*len).min(self.plan.global.cookielen - 1);
            self.stream.cookie_capture_req = capture_cookie(&self.req, b"cookie", name, len);
        }
        self.read_cookie(be);
        let before = self.req.clone();
        let id = {
            let txn = self.txn(Phase::Request, b"");
            let env = txn.env();
            env.stream.unique_id.get(&env).map(<[u8]>::to_vec)
        };
        if let (Some(name), Some(id)) = (&fe.unique_id_header, id) {
            self.controls.framing_edited |= reframe::add(&mut self.req, name, &id);
        }
        self.note_request("unique-id-header", &before);
        if let Some(forwarded) = &be.forwarded {
            let told = forwarded.told(&self.txn(Phase::Request, b"").env());
            let before = self.req.clone();
            told.put(&mut self.req);
            self.note_request("option forwarded", &before);
        }
        self.tell_addresses(fe, be);
        let body = self.meta.body;
        if std::mem::take(&mut self.controls.framing_edited) {
            let before = self.req.clone();
            self.single_use |= normalise::connection_closes(&mut self.req);
            if let Err(e) = reframe::request(&mut self.req, body) {
                return Err(self.answer(&Reply::error(500), "response", &format!("the rules cannot be followed: {e}"), None));
            }
            self.note_request("sent as it is framed", &before);
        }
        if !self.meta.conflicting {
            let closes = self.server_closes(fe, be) && !be.options.contains(Options::HTTP_PRETEND_KA);
            normalise::tell_server(&mut self.req, closes, self.meta.upgrade);
        }
        Ok(())
    }

    /// Whether the server's connection serves this request alone.
    pub(super) fn server_closes(&self, fe: &Proxy, be: &Proxy) -> bool {
        self.single_use || be.http_mode != HttpMode::KeepAlive || fe.http_mode == HttpMode::ServerClose
    }

    /// `option forwardfor`, `option originalto`
    fn tell_addresses(&mut self, fe: &'w Proxy, be: &'w Proxy) {
        let (stream, sess) = (&self.stream, &self.sess);
        let src = stream.src.as_ref().or(sess.src.as_ref()).and_then(Endpoint::ip);
        let dst = stream.dst.as_ref().or(sess.dst.as_ref()).and_then(Endpoint::ip);
        let told = [
            ("forwardfor", &fe.forwardfor, &be.forwardfor, src),
            ("originalto", &fe.originalto, &be.originalto, dst),
        ];
        for (option, fe, be, ip) in told {
            let Some(ip) = ip else { continue };
            let Some(name) = ForwardFor::field(fe.as_ref(), be.as_ref(), ip, |name| self.req.contains(name)) else {
                continue;
            };
            let before = self.req.clone();
            self.controls.framing_edited |= reframe::add(&mut self.req, name, ip.to_string().as_bytes());
            self.note_request(&format!("option {option}"), &before);
        }
    }

    /// The persistence cookie: which server it names, and what the server sees of it.
    fn read_cookie(&mut self, be: &'w Proxy) {
        let Some(cookie) = &be.cookie else { return };
        let id = self.be_id;
        let world = self.world;
        let (forced, ignored) = self.persistence(be);
        let may = forced || be.options.contains(Options::PERSIST);
        let before = self.req.clone();
        let seen = cookie.read(
            &mut self.req,
            (ignored, world.now.wall_us / 1_000_000),
            |id| be.servers.iter().position(|s| s.cookie.as_deref() == Some(id)),
            |i| {
                let up = world.server_is_up(id, hapax_sample::ServerId(i as u32));
                (may || up).then_some(up)
            },
            &mut Vec::new(),
        );
        self.note_request("cookie", &before);
        self.cookie = seen;
        self.stream.cookie_flags[0] = seen.flag;
        let name = String::from_utf8_lossy(&cookie.name);
        match seen.flag {
            b'U' => self.note("ignore-persist: the cookie does not count", None),
            b'I' => self.note(format!("the cookie {name} names no server"), None),
            b'D' if seen.server.is_some() => self.note(format!("the server that the cookie {name} names is down, and used"), None),
            b'D' => self.note(format!("the server that the cookie {name} names is down"), None),
            b'E' | b'O' => self.note(format!("the cookie {name} is over"), None),
            _ => {}
        }
    }

    /// Whether `force-persist` and `ignore-persist` hold: the first of them that does.
    fn persistence(&mut self, be: &'w Proxy) -> (bool, bool) {
        let book = self.book;
        for (force, cond) in &be.persist_rules {
            if rules::holds(cond, &self.txn(Phase::Request, b""), book) {
                return (*force, !force);
            }
        }
        (false, false)
    }
}
