//! The way of one request: connection, session, frontend, backend, server, response.

use std::sync::Arc;

use hapax_config::Plan;
use hapax_config::plan::{ForwardFor, Proxy, ProxyCaps, ServerTarget, SwitchTarget};
use hapax_diag::{Sources, Span};
use hapax_proto::h1::framing::{self, BodyLen};
use hapax_proto::h1::reframe::{self, Contradiction};
use hapax_proto::http::Head;
use hapax_rules::errors::Pages;
use hapax_rules::{Controls, Effect, Reply, Rule, SERVICES, Txn, Woken};
use hapax_sample::acl::Verdict;
use hapax_sample::vars::Vars;
use hapax_sample::{Body, Now, ProxyId, ServerId, SessionFacts, StreamFacts};
use hapax_value::Endpoint;

use crate::question::{Question, QuestionError};
use crate::report::{Message, Outcome, Report, Step};
use crate::route;
use crate::rules::{self, Book, Set};
use crate::world::StillLife;

/// Walks a request through a plan. `sources` are what the plan was made of; the report quotes them.
pub fn explain(plan: &Plan, sources: &Sources, question: &Question) -> Result<Report, QuestionError> {
    let world = StillLife::new(plan, &question.down)?;
    let (id, entry) = route::frontend(plan, question)?;
    let proxy = &plan.proxies[id.0 as usize];
    let mut walk = Walk {
        plan,
        book: Book {
            sources,
            names: &plan.vars,
        },
        world: &world,
        fe_id: id,
        be_id: id,
        sess: question.session(id, &entry)?,
        stream: StreamFacts {
            begun: true,
            ..StreamFacts::default()
        },
        controls: Controls::default(),
        req: question.head()?,
        res: None,
        body: question.body.as_bytes(),
        res_body: question.response.body.as_bytes(),
        vars: Vars::default(),
        steps: Vec::new(),
    };
    let request = message(&walk.req, walk.body);
    let bind = proxy
        .binds
        .get(entry.listener as usize)
        .map(|b| format!("{} ({})", entry.dst, walk.book.place(b.span)));
    let outcome = match walk.go(question) {
        Ok(outcome) | Err(outcome) => *outcome,
    };
    Ok(Report {
        request: format!("{} {}", request.method.unwrap_or_default(), request.uri.unwrap_or_default()),
        frontend: Some(proxy.name.to_string()),
        bind,
        steps: walk.steps,
        outcome,
    })
}

struct Walk<'w> {
    plan: &'w Plan,
    book: Book<'w>,
    world: &'w StillLife<'w>,
    fe_id: ProxyId,
    be_id: ProxyId,
    sess: SessionFacts,
    stream: StreamFacts,
    controls: Controls,
    req: Head,
    res: Option<Head>,
    body: &'w [u8],
    res_body: &'w [u8],
    vars: Vars,
    steps: Vec<Step>,
}

/// `Err`: the way ends here.
type Way<T> = Result<T, Box<Outcome>>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Connection,
    Request,
    Response,
}

impl<'w> Walk<'w> {
    fn proxy(&self, id: ProxyId) -> &'w Proxy {
        &self.plan.proxies[id.0 as usize]
    }

    fn go(&mut self, q: &Question) -> Way<Box<Outcome>> {
        let fe = self.proxy(self.fe_id);
        let asked = framing::request(&self.req).map_or(BodyLen::None, |m| m.body);
        self.run("tcp-request connection", fe, &fe.tcp_conn_rules, Phase::Connection)?;
        self.run("tcp-request session", fe, &fe.tcp_sess_rules, Phase::Connection)?;
        self.run("tcp-request content", fe, &fe.tcp_req_rules, Phase::Request)?;
        if route::is_http(fe) {
            self.monitor(fe)?;
            self.run("http-request", fe, &fe.http_req_rules, Phase::Request)?;
            self.statistics(fe)?;
            self.run("redirect", fe, &fe.redirects, Phase::Request)?;
        }
        self.choose_backend(fe)?;
        let be = self.proxy(self.be_id);
        if self.be_id != self.fe_id {
            self.run("tcp-request content", be, &be.tcp_req_rules, Phase::Request)?;
            if route::is_http(be) {
                self.run("http-request", be, &be.http_req_rules, Phase::Request)?;
                self.statistics(be)?;
                self.run("redirect", be, &be.redirects, Phase::Request)?;
            }
        }
        self.reframe(Phase::Request, |head| reframe::request(head, asked))?;
        self.tell_addresses(fe, be);
        let mut outcome = self.choose_server(be)?;
        outcome.sent = Some(message(&self.req, self.body));
        self.res = Some(q.response_head());
        self.stream.status = q.response.status;
        self.run("tcp-response content", be, &be.tcp_res_rules, Phase::Response)?;
        if route::is_http(be) {
            self.run("http-response", be, &be.http_res_rules, Phase::Response)?;
            if self.be_id != self.fe_id {
                self.run("http-response", fe, &fe.http_res_rules, Phase::Response)?;
            }
            self.after_response();
        }
        let (bodiless, given) = (self.answers_without_body(), self.given());
        self.reframe(Phase::Response, |head| reframe::response(head, given, bodiless).map(|_| ()))?;
        let body = if bodiless { &[] } else { self.res_body };
        outcome.response = self.res.as_ref().map(|h| message(h, body));
        Ok(Box::new(outcome))
    }

    /// Messages are sent as they are framed, whatever rules have made of the fields that say so.
    fn reframe(&mut self, phase: Phase, settle: impl FnOnce(&mut Head) -> Result<(), Contradiction>) -> Way<()> {
        if !std::mem::take(&mut self.controls.framing_edited) {
            return Ok(());
        }
        let head = match phase {
            Phase::Response => self.res.as_mut().unwrap_or(&mut self.req),
            _ => &mut self.req,
        };
        match settle(head) {
            Ok(()) => Ok(()),
            Err(e) => Err(self.answer(&Reply::error(500), "response", &format!("the rules cannot be followed: {e}"), None)),
        }
    }

    /// How the server's response is delimited.
    fn given(&self) -> BodyLen {
        match self.res_body.len() {
            0 => BodyLen::None,
            n => BodyLen::Length(n as u64),
        }
    }

    /// No body follows the head of the response.
    fn answers_without_body(&self) -> bool {
        let status = self.res.as_ref().map_or(0, |h| h.status);
        self.req.method() == b"HEAD" || reframe::is_bodiless(status)
    }

    fn txn<'t>(&'t mut self, phase: Phase, raw: &'t [u8]) -> Txn<'t> {
        let whole = |bytes| Body {
            bytes,
            complete: true,
            announced: None,
        };
        Txn {
            now: Now::default(),
            sess: &mut self.sess,
            stream: &mut self.stream,
            controls: &mut self.controls,
            req: (phase != Phase::Connection).then_some(&mut self.req),
            res: if phase == Phase::Response { self.res.as_mut() } else { None },
            req_body: whole(self.body),
            res_body: whole(self.res_body),
            payload: (phase != Phase::Connection).then(|| whole(raw)),
            no_more: true,
            woken: Woken::No,
            vars: &self.vars,
            world: self.world,
        }
    }

    /// The bytes of the direction as they would stand in the buffer.
    fn raw(&self, phase: Phase) -> Vec<u8> {
        let head = match phase {
            Phase::Connection => return Vec::new(),
            Phase::Request => &self.req,
            Phase::Response => self.res.as_ref().unwrap_or(&self.req),
        };
        let mut out = if head.is_request() {
            [head.method(), b" ", head.uri(), b" HTTP/1.1\r\n"].concat()
        } else {
            [b"HTTP/1.1 ", head.status.to_string().as_bytes(), b" ", head.reason(), b"\r\n"].concat()
        };
        for (name, value) in head {
            out.extend_from_slice(&[name, b": ", value, b"\r\n"].concat());
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(if phase == Phase::Response { self.res_body } else { self.body });
        out
    }

    fn run(&mut self, name: &'static str, proxy: &'w Proxy, rules: &'w [Rule], phase: Phase) -> Way<()> {
        if rules.is_empty() {
            return Ok(());
        }
        let set = Set {
            name,
            proxy: &proxy.name,
            rules,
        };
        let raw = self.raw(phase);
        let mut steps = std::mem::take(&mut self.steps);
        let book = self.book;
        let (effect, by) = rules::run(&set, &mut self.txn(phase, &raw), book, &mut steps);
        self.steps = steps;
        self.act(effect, by)
    }

    fn act(&mut self, effect: Effect, by: Option<Span>) -> Way<()> {
        let rule = by.map(|s| self.book.place(s));
        let end = |kind, text: &str| Outcome {
            kind,
            text: text.into(),
            rule: rule.clone(),
            ..Outcome::default()
        };
        let outcome = match effect {
            Effect::Return(reply) => return Err(self.answer(&reply, "response", "answered by a rule", rule)),
            Effect::Deny(reply) => return Err(self.answer(&reply, "response", "denied", rule)),
            Effect::Tarpit(reply) => return Err(self.answer(&reply, "response", "tarpitted", rule)),
            Effect::Fail => return Err(self.answer(&Reply::error(500), "response", "a rewrite failed", rule)),
            Effect::Invalid => return Err(self.answer(&Reply::error(400), "response", "the request is not valid", rule)),
            Effect::Reject => end("reject", "the connection is closed without an answer"),
            Effect::Close => end("reject", "the connection to the server is closed"),
            Effect::SilentDrop(_) | Effect::SendRetry => end("drop", "the connection is dropped, and the client is not told"),
            Effect::Service(i) => {
                let name = SERVICES.get(i as usize).copied().unwrap_or_default();
                end("service", &format!("answered by the service {name}"))
            }
            Effect::Continue
            | Effect::Accept
            | Effect::Wait(_)
            | Effect::ExpectProxy
            | Effect::ExpectNetscalerCip
            | Effect::SwitchToHttp(_) => return Ok(()),
        };
        Err(Box::new(outcome))
    }

    /// The client gets `reply`, after the rules for every response.
    fn answer(&mut self, reply: &Reply, kind: &'static str, text: &str, rule: Option<String>) -> Box<Outcome> {
        let mut head = Head::default();
        let pages = self.pages();
        let reply = reply.settle(pages, &self.txn(Phase::Request, &[]).env()).into_owned();
        let body: Arc<[u8]> = reply.render(pages, &self.plan.error_sections, &mut head);
        self.stream.status = head.status;
        self.res = Some(head);
        if route::is_http(self.proxy(self.fe_id)) {
            self.after_response();
        }
        if std::mem::take(&mut self.controls.framing_edited)
            && let Some(head) = &mut self.res
        {
            reframe::own(head, body.len());
        }
        let body = if self.answers_without_body() { &[][..] } else { &*body };
        Box::new(Outcome {
            kind,
            text: text.into(),
            response: self.res.as_ref().map(|h| message(h, body)),
            backend: (self.be_id != self.fe_id).then(|| self.proxy(self.be_id).name.to_string()),
            rule,
            ..Outcome::default()
        })
    }

    fn pages(&self) -> &'w Pages {
        &self.proxy(self.be_id).errors
    }

    fn after_response(&mut self) {
        for id in [self.be_id, self.fe_id] {
            let proxy = self.proxy(id);
            if id == self.be_id && self.be_id == self.fe_id && !proxy.http_after_rules.is_empty() {
                // Once is enough where both sides are one.
                let _ = self.run("http-after-response", proxy, &proxy.http_after_rules, Phase::Response);
                return;
            }
            let _ = self.run("http-after-response", proxy, &proxy.http_after_rules, Phase::Response);
        }
    }

    fn note(&mut self, text: impl Into<String>, place: Option<Span>) {
        let place = place.map(|s| self.book.place(s));
        self.steps.push(Step::Note { text: text.into(), place });
    }

    fn monitor(&mut self, fe: &'w Proxy) -> Way<()> {
        let Some(uri) = fe.monitor_uri.as_ref().filter(|u| &***u == self.req.uri()) else {
            return Ok(());
        };
        self.note(format!("monitor-uri {} is asked", String::from_utf8_lossy(uri)), None);
        let fails = fe
            .monitor_fail
            .iter()
            .any(|c| c.eval(&self.txn(Phase::Request, b"").env()) == Verdict::Pass);
        let status = if fails { 503 } else { 200 };
        Err(self.answer(&Reply::error(status), "response", "answered by monitor-uri", None))
    }

    fn statistics(&mut self, proxy: &'w Proxy) -> Way<()> {
        let stats = proxy.stats.as_ref().filter(|s| self.req.uri().starts_with(&s.uri));
        let Some(stats) = stats.filter(|s| !s.uri.is_empty()) else {
            return Ok(());
        };
        self.note("the statistics page is asked", None);
        self.run("stats http-request", proxy, &stats.http_request, Phase::Request)?;
        Err(Box::new(Outcome {
            kind: "service",
            text: "answered by the statistics page".into(),
            ..Outcome::default()
        }))
    }

    /// Whether rules may choose the backend: it is neither disabled nor unpublished, or `force-be-switch` says so.
    fn may_enter(&mut self, fe: &'w Proxy, id: ProxyId) -> bool {
        let backend = self.proxy(id);
        if !backend.disabled && !backend.unpublished {
            return true;
        }
        let txn = self.txn(Phase::Request, b"");
        fe.force_switch.iter().any(|c| c.eval(&txn.env()) == Verdict::Pass)
    }

    fn choose_backend(&mut self, fe: &'w Proxy) -> Way<()> {
        let mut chosen: Option<(ProxyId, String, Option<Span>)> = None;
        for rule in &fe.switching {
            let (verdict, condition) = rules::judge(rule.cond.as_deref(), &self.txn(Phase::Request, b""));
            let taken = verdict == Verdict::Pass;
            let mut target = None;
            if taken {
                target = match &rule.target {
                    SwitchTarget::Fixed(id) => Some(*id),
                    SwitchTarget::Dynamic(format) => {
                        let mut name = Vec::new();
                        format.write(&self.txn(Phase::Request, b"").env(), &mut name);
                        let backend = |p: &Proxy| p.caps.contains(ProxyCaps::BACKEND) && p.name.as_bytes() == name;
                        self.plan.proxies.iter().position(backend).map(|i| ProxyId(i as u32))
                    }
                };
            }
            let open = target.is_none_or(|id| self.may_enter(fe, id));
            let effect = target.map(|id| match &self.proxy(id).name {
                name if open => format!("goes to backend {name}"),
                name => format!("backend {name} is disabled or unpublished: the next rule is tried"),
            });
            self.steps.push(Step::Rule(crate::report::RuleReport {
                set: "use_backend",
                proxy: fe.name.to_string(),
                place: self.book.place(rule.span),
                text: self.book.line(rule.span),
                condition,
                taken,
                effect,
                edits: Vec::new(),
            }));
            if taken && open {
                // A dynamic name that is no backend's falls through to the default one.
                chosen = target.map(|id| (id, "use_backend".into(), Some(rule.span)));
                break;
            }
        }
        let default = fe.default_backend.filter(|id| self.may_enter(fe, *id));
        let chosen = chosen.or_else(|| default.map(|id| (id, "default_backend".into(), None)));
        let (id, why, place) = match chosen {
            Some(c) => c,
            None if fe.caps.contains(ProxyCaps::BACKEND) => (self.fe_id, "its own servers".into(), None),
            None => return Err(self.answer(&Reply::error(503), "refused", "no backend takes the request", None)),
        };
        self.be_id = id;
        self.stream.backend = Some(id);
        let name = self.proxy(id).name.clone();
        self.note(format!("backend {name} ({why})"), place);
        Ok(())
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
            self.req.add(name, ip.to_string().as_bytes());
            self.note(format!("option {option}: + {}: {ip}", String::from_utf8_lossy(name)), None);
        }
    }

    /// The server of the first `use-server` rule that holds and whose server is up.
    fn ruled_server(&mut self, be: &Proxy, id: ProxyId) -> Option<usize> {
        for rule in &be.use_server {
            let world = self.world;
            let txn = self.txn(Phase::Request, b"");
            let env = txn.env();
            if rule.cond.as_ref().is_some_and(|c| c.eval(&env) != Verdict::Pass) {
                continue;
            }
            let i = match &rule.target {
                ServerTarget::Fixed(i) => *i,
                ServerTarget::Dynamic(format) => {
                    let mut name = Vec::new();
                    format.write(&env, &mut name);
                    be.servers.iter().position(|s| s.name.as_bytes() == name)?
                }
            };
            if world.is_up(id, ServerId(i as u32)) {
                return Some(i);
            }
        }
        None
    }

    fn choose_server(&mut self, be: &'w Proxy) -> Way<Outcome> {
        let mut outcome = Outcome {
            kind: "server",
            backend: Some(be.name.to_string()),
            ..Outcome::default()
        };
        let id = self.be_id;
        let mut chosen = route::by_cookie(be, id, &self.req, self.world);
        if let Some(i) = chosen {
            self.note(
                format!("the cookie binds the client to {}", be.servers[i].name),
                Some(be.servers[i].span),
            );
        }
        if chosen.is_none()
            && let Some(i) = self.ruled_server(be, id)
        {
            chosen = Some(i);
            self.note(format!("use-server {}", be.servers[i].name), Some(be.servers[i].span));
        }
        if chosen.is_none() {
            let world = self.world;
            let servers = route::by_algorithm(be, id, &self.txn(Phase::Request, b"").env(), world);
            outcome.balance = Some(servers.algorithm);
            outcome.balance_key = servers.key;
            outcome.candidates = servers.candidates.iter().map(|i| be.servers[*i].name.to_string()).collect();
            chosen = servers.chosen;
            if chosen.is_none() && outcome.candidates.is_empty() {
                return Err(self.answer(&Reply::error(503), "refused", "no server is available", None));
            }
        }
        if let Some(i) = chosen {
            self.stream.server = Some(ServerId(i as u32));
            outcome.server = Some(be.servers[i].name.to_string());
            outcome.text = format!("sent to {}/{}", be.name, be.servers[i].name);
        } else {
            // For rules that ask for the server, any of them will do.
            let example = be
                .servers
                .iter()
                .position(|s| outcome.candidates.first().is_some_and(|c| **c == *s.name));
            self.stream.server = example.map(|i| ServerId(i as u32));
            outcome.text = format!("sent to one of {}: {}", be.name, outcome.candidates.join(", "));
        }
        Ok(outcome)
    }
}

fn message(head: &Head, body: &[u8]) -> Message {
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    let request = head.is_request();
    Message {
        method: request.then(|| text(head.method())),
        uri: request.then(|| text(head.uri())),
        status: (!request).then_some(head.status),
        reason: (!request).then(|| text(head.reason())),
        headers: head.iter().map(|(n, v)| (text(n), text(v))).collect(),
        body: text(body),
    }
}

#[cfg(test)]
mod tests;
