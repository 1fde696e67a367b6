//! The way of one request: connection, session, frontend, backend, server, response.

mod request;
mod response;
mod server;

use std::rc::Rc;

use hapax_config::Plan;
use hapax_config::plan::{CookieSeen, Proxy};
use hapax_config::tables::Event;
use hapax_diag::{Sources, Span};
use hapax_proto::h1::Meta;
use hapax_proto::http::Head;
use hapax_rules::{Controls, Effect, Reply, Rule, SERVICES, Txn, Woken};
use hapax_sample::vars::Vars;
use hapax_sample::{Body, ProxyId, SessionFacts, StreamFacts, World};

use crate::edits;
use crate::question::{Question, QuestionError};
use crate::report::{Message, Outcome, Report, Step};
use crate::route;
use crate::rules::{self, Book, Set};
use crate::world::StillLife;

/// Walks a request through a plan. `sources` are what the plan was made of; the report quotes them.
pub fn explain(plan: &Plan, sources: &Sources, question: &Question) -> Result<Report, QuestionError> {
    question.check_url()?;
    let world = StillLife::new(plan, question)?;
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
            first_request: true,
            start_us: world.now.wall_us,
            ..StreamFacts::default()
        },
        controls: Controls::default(),
        req: question.head()?,
        res: None,
        body: question.body.as_bytes(),
        res_body: question.response.body.as_bytes(),
        vars: Vars {
            limits: plan.global.var_limits,
            ..Vars::default()
        },
        meta: Meta::default(),
        http: false,
        payload: question.payload(entry.tls),
        cookie: CookieSeen::default(),
        keep_alive: false,
        single_use: false,
        head_only: question.method == "HEAD",
        filters: Vec::new(),
        steps: Vec::new(),
    };
    walk.set_vars(question)?;
    if let Some(text) = &entry.remark {
        walk.note(text.clone(), None);
    }
    let request = message(&walk.req, walk.body);
    let bind = proxy
        .binds
        .get(entry.listener as usize)
        .map(|b| format!("{} ({})", entry.dst, walk.book.place(b.span)));
    let outcome = match walk.go(question) {
        Ok(outcome) | Err(outcome) => *outcome,
    };
    let variables = walk.variables();
    Ok(Report {
        request: format!("{} {}", request.method.unwrap_or_default(), request.uri.unwrap_or_default()),
        frontend: Some(proxy.name.to_string()),
        bind,
        steps: walk.steps,
        variables,
        outcome,
        acls: world.asked_acls(),
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
    /// How the request is delimited.
    meta: Meta,
    /// It is taken as HTTP, not as bytes.
    http: bool,
    /// Bytes in the place of the request, in TCP mode.
    payload: Option<Vec<u8>>,
    cookie: CookieSeen,
    /// The client's connection may serve another request.
    keep_alive: bool,
    /// A rule wants the server's connection closed after this request.
    single_use: bool,
    /// The client asked with `HEAD`, whatever rules have made of it.
    head_only: bool,
    filters: Vec<Rc<response::Shown>>,
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
        self.run("tcp-request connection", fe, &fe.tcp_conn_rules, Phase::Connection)?;
        self.run("tcp-request session", fe, &fe.tcp_sess_rules, Phase::Connection)?;
        self.world.count(&self.sess.tracks, Event::Session);
        if route::is_http(fe) {
            self.frontend(fe)?;
        } else {
            self.run("tcp-request content", fe, &fe.tcp_req_rules, Phase::Request)?;
        }
        self.choose_backend(fe)?;
        let be = self.proxy(self.be_id);
        if !self.http && route::is_http(be) {
            self.note("the backend speaks HTTP, and so does the connection from here on", None);
            self.frontend(fe)?;
        }
        if self.be_id != self.fe_id {
            self.backend(be)?;
        }
        if self.http {
            self.prepare_request(fe, be)?;
        }
        let mut outcome = self.choose_server(be)?;
        // Bytes are passed on as they are: there is no request to show.
        outcome.sent = self.http.then(|| self.sent(be));
        self.answered(q, fe, be)?;
        let body = if self.http && self.answers_without_body() {
            &[]
        } else {
            self.res_body
        };
        outcome.response = self.res.as_ref().filter(|_| self.http).map(|h| message(h, body));
        Ok(Box::new(outcome))
    }

    fn txn<'t>(&'t mut self, phase: Phase, raw: &'t [u8]) -> Txn<'t> {
        let whole = |bytes| Body {
            bytes,
            complete: true,
            ..Body::default()
        };
        Txn {
            now: self.world.now,
            sess: &mut self.sess,
            stream: &mut self.stream,
            controls: &mut self.controls,
            req: (phase != Phase::Connection && (self.http || self.payload.is_none())).then_some(&mut self.req),
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
        if let (Phase::Request, Some(payload)) = (phase, &self.payload) {
            return payload.clone();
        }
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
        let (effect, by) = self.evaluate(name, proxy, rules, phase);
        self.act(effect, by)
    }

    /// What the rules come to, and which of them decided.
    fn evaluate(&mut self, name: &'static str, proxy: &'w Proxy, rules: &'w [Rule], phase: Phase) -> (Effect, Option<Span>) {
        if rules.is_empty() {
            return (Effect::Continue, None);
        }
        let set = Set {
            name,
            proxy: &proxy.name,
            rules,
        };
        let raw = self.raw(phase);
        let mut steps = std::mem::take(&mut self.steps);
        let book = self.book;
        let told = rules::run(&set, &mut self.txn(phase, &raw), book, &mut steps);
        self.steps = steps;
        told
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
            Effect::Fail | Effect::Broken => return Err(self.answer(&Reply::error(500), "response", "a rewrite failed", rule)),
            Effect::Late => return Err(self.answer(&Reply::error(408), "response", "the body did not come in time", rule)),
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

    fn note(&mut self, text: impl Into<String>, place: Option<Span>) {
        let place = place.map(|s| self.book.place(s));
        self.steps.push(Step::Note { text: text.into(), place });
    }

    /// Notes what was done to the request beside the rules.
    fn note_request(&mut self, why: &str, before: &Head) {
        for change in edits::heads(before, &self.req) {
            self.note(format!("{why}: {change}"), None);
        }
    }

    fn note_response(&mut self, why: &str, before: &Head) {
        let Some(res) = &self.res else { return };
        for change in edits::heads(before, res) {
            self.note(format!("{why}: {change}"), None);
        }
    }

    /// Variables that the question gives.
    fn set_vars(&mut self, q: &Question) -> Result<(), QuestionError> {
        for (name, value) in &q.vars {
            let mut names = self.plan.vars.clone();
            let id = names.intern(name).map_err(QuestionError)?;
            if self.plan.vars.name(id.name).is_none() {
                return Err(QuestionError(format!("the configuration names no variable '{name}'")));
            }
            let value = hapax_value::Value::Str(value.clone().into_bytes().into());
            self.txn(Phase::Request, b"")
                .env()
                .set_var(id, value, hapax_sample::vars::StoreIf::default());
        }
        Ok(())
    }

    /// What the variables hold at the end, by scope and name.
    fn variables(&self) -> std::collections::BTreeMap<String, String> {
        let name = |scope: &str, id: u32| format!("{scope}.{}", self.plan.vars.name(id).unwrap_or("?"));
        let mut out = std::collections::BTreeMap::new();
        let own = [
            ("sess", &self.vars.sess),
            ("txn", &self.vars.txn),
            ("req", &self.vars.req),
            ("res", &self.vars.res),
        ];
        let mut take = |scope: &str, values: &hapax_sample::vars::Scope| {
            for (id, value) in values {
                let mut text = Vec::new();
                value.write_str(&mut text);
                out.insert(name(scope, *id), String::from_utf8_lossy(&text).into_owned());
            }
        };
        for (scope, values) in own {
            take(scope, &values.borrow());
        }
        if let Ok(values) = self.world.proc_vars().read() {
            take("proc", &values);
        }
        out
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
