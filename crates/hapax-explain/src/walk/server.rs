//! The backend, and the server of it: by rules, cookie, stick tables and algorithm.

use hapax_balance::table::DataType;
use hapax_config::plan::{Options, Proxy, ProxyCaps, ServerTarget, SwitchTarget};
use hapax_diag::Span;
use hapax_rules::Reply;
use hapax_sample::acl::Verdict;
use hapax_sample::{ProxyId, ServerId};
use hapax_value::Endpoint;

use super::{Outcome, Phase, Step, Walk, Way};
use crate::report::{ConditionReport, RuleReport};
use crate::{route, rules};

impl<'w> Walk<'w> {
    /// Reports a rule that chooses where to go, and edits nothing.
    fn tell_choice(
        &mut self,
        set: &'static str,
        proxy: &Proxy,
        span: Span,
        condition: Option<ConditionReport>,
        effect: Option<String>,
        taken: bool,
    ) {
        self.steps.push(Step::Rule(RuleReport {
            set,
            proxy: proxy.name.to_string(),
            place: self.book.place(span),
            text: self.book.line(span),
            condition,
            taken,
            effect,
            edits: Vec::new(),
        }));
    }

    /// Whether rules may choose the backend: it is neither disabled nor unpublished, or `force-be-switch` says so.
    fn may_enter(&mut self, fe: &'w Proxy, id: ProxyId) -> bool {
        let backend = self.proxy(id);
        if !backend.disabled && !backend.unpublished {
            return true;
        }
        let book = self.book;
        let txn = self.txn(Phase::Request, b"");
        fe.force_switch.iter().any(|c| rules::holds(c, &txn, book))
    }

    pub(super) fn choose_backend(&mut self, fe: &'w Proxy) -> Way<()> {
        let book = self.book;
        let mut chosen: Option<(ProxyId, String, Option<Span>)> = None;
        let raw = self.raw(Phase::Request);
        if !fe.switching.is_empty() {
            self.steps.push(Step::Enter {
                set: "use_backend",
                proxy: fe.name.to_string(),
            });
        }
        for rule in &fe.switching {
            let (verdict, condition) = rules::judge(rule.cond.as_deref(), &self.txn(Phase::Request, &raw), book);
            let taken = verdict == Verdict::Pass;
            let mut target = None;
            if taken {
                target = match &rule.target {
                    SwitchTarget::Fixed(id) => Some(*id),
                    SwitchTarget::Dynamic(format) => {
                        let mut name = Vec::new();
                        format.write(&self.txn(Phase::Request, &raw).env(), &mut name);
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
            self.tell_choice("use_backend", fe, rule.span, condition, effect, taken);
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
            None if self.http => return Err(self.answer(&Reply::error(503), "refused", "no backend takes the request", None)),
            None => {
                return Err(Box::new(Outcome {
                    kind: "refused",
                    text: "no backend takes the connection, which is closed".into(),
                    ..Outcome::default()
                }));
            }
        };
        if id != self.fe_id {
            self.stream.set.enter_backend();
        }
        self.be_id = id;
        self.stream.backend = Some(id);
        if let Some(cookie) = &self.proxy(id).cookie {
            self.stream.cookie_flags = cookie.flags();
        }
        let name = self.proxy(id).name.clone();
        self.note(format!("backend {name} ({why})"), place);
        Ok(())
    }

    /// The server of the first `use-server` rule that holds and whose server is up. `told`: the rules are written down.
    fn ruled_server(&mut self, be: &'w Proxy, told: bool) -> Option<usize> {
        let (id, world, book) = (self.be_id, self.world, self.book);
        let raw = self.raw(Phase::Request);
        if told && !be.use_server.is_empty() {
            self.steps.push(Step::Enter {
                set: "use-server",
                proxy: be.name.to_string(),
            });
        }
        for rule in &be.use_server {
            let txn = self.txn(Phase::Request, &raw);
            let (verdict, condition) = rules::judge(rule.cond.as_deref(), &txn, book);
            let taken = verdict == Verdict::Pass;
            let mut found = None;
            let mut effect = None;
            if taken {
                let name = match &rule.target {
                    ServerTarget::Fixed(i) => be.servers[*i].name.to_string(),
                    ServerTarget::Dynamic(format) => {
                        let mut name = Vec::new();
                        format.write(&txn.env(), &mut name);
                        String::from_utf8_lossy(&name).into_owned()
                    }
                };
                found = be.servers.iter().position(|s| *s.name == *name);
                effect = Some(match found {
                    None => format!("'{name}' is no server: the algorithm chooses"),
                    Some(i) if world.is_up(id, ServerId(i as u32)) || be.options.contains(Options::PERSIST) => format!("goes to {name}"),
                    Some(_) => format!("{name} is down: the next rule is tried"),
                });
            }
            if told {
                self.tell_choice("use-server", be, rule.span, condition, effect, taken);
            }
            match found {
                Some(i) if world.is_up(id, ServerId(i as u32)) || be.options.contains(Options::PERSIST) => return Some(i),
                None if taken => return None,
                _ => {}
            }
        }
        None
    }

    /// `stick match` and `stick on`: the server that the table binds a key to.
    fn stuck_server(&mut self, be: &'w Proxy, bound: Option<usize>) -> Option<usize> {
        let raw = self.raw(Phase::Request);
        let (id, world, now) = (self.be_id, self.world, self.world.now.wall_us / 1000);
        let book = self.book;
        let mut chosen = bound;
        for rule in be.stick_rules.iter().filter(|r| r.matches || r.stores) {
            let Some(live) = rule.table.id.get().and_then(|t| world.tables.get(*t as u32)) else {
                continue;
            };
            let txn = self.txn(Phase::Request, &raw);
            let env = txn.env();
            if rule.cond.as_ref().is_some_and(|c| !rules::holds(c, &txn, book)) {
                continue;
            }
            let kind = live.table.spec().key;
            let Some(key) = rule.expr.eval(&env).ok().and_then(|v| kind.key(v)) else {
                continue;
            };
            let mut shown = String::new();
            kind.show(&key, &mut shown);
            let number = live.table.get(&key, now).and_then(|e| e.get(DataType::ServerId, 0));
            let server = number.and_then(|n| be.servers.iter().position(|s| u64::from(s.id) == n));
            let usable = server.filter(|i| world.is_up(id, ServerId(*i as u32)) || be.options.contains(Options::PERSIST));
            let table = &live.name;
            let text = match (rule.matches, server, usable) {
                (true, _, Some(i)) if chosen.is_none() => {
                    chosen = Some(i);
                    format!("table {table} binds the key {shown} to {}", be.servers[i].name)
                }
                (true, Some(i), None) => format!("table {table} binds the key {shown} to {}, which is down", be.servers[i].name),
                (true, None, _) => format!("table {table} has no server for the key {shown}"),
                _ => format!("the server is kept in table {table} for the key {shown}"),
            };
            self.note(text, None);
        }
        chosen
    }

    pub(super) fn choose_server(&mut self, be: &'w Proxy) -> Way<Outcome> {
        let mut outcome = Outcome {
            kind: "server",
            backend: Some(be.name.to_string()),
            ..Outcome::default()
        };
        let mut chosen = self.cookie.server;
        if let Some(i) = chosen {
            self.note(
                format!("the cookie binds the client to {}", be.servers[i].name),
                Some(be.servers[i].span),
            );
        }
        if chosen.is_none() && !be.stick_rules.is_empty() {
            let ruled = self.ruled_server(be, false);
            let stuck = self.stuck_server(be, ruled);
            chosen = stuck.filter(|_| ruled.is_none());
        }
        if chosen.is_none() {
            chosen = self.ruled_server(be, true);
        }
        if let (None, Some(to)) = (chosen, &be.direct) {
            outcome.text = match &to.address {
                Some(Endpoint::Ip(a)) if a.port() == 0 => format!("sent by {} where the client meant to go", be.name),
                Some(Endpoint::Ip(a)) => format!("sent by {} to {a}", be.name),
                _ => format!("sent by {} to its 'dispatch'", be.name),
            };
            return Ok(outcome);
        }
        if chosen.is_none() {
            let raw = self.raw(Phase::Request);
            let (id, world) = (self.be_id, self.world);
            let servers = route::by_algorithm(be, id, &self.txn(Phase::Request, &raw).env(), world);
            outcome.balance = Some(servers.algorithm);
            outcome.balance_key = servers.key;
            outcome.candidates = servers.candidates.iter().map(|i| be.servers[*i].name.to_string()).collect();
            chosen = servers.chosen;
            if chosen.is_none() && outcome.candidates.is_empty() {
                return Err(self.no_server(be));
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
            if let Some(i) = example {
                self.note(format!("what follows is as with {}", be.servers[i].name), None);
            }
        }
        Ok(outcome)
    }

    fn no_server(&mut self, be: &'w Proxy) -> Box<Outcome> {
        let why = if be.servers.is_empty() {
            "the backend has no server"
        } else {
            "no server is available"
        };
        if self.http {
            return self.answer(&Reply::error(503), "refused", why, None);
        }
        Box::new(Outcome {
            kind: "refused",
            text: format!("{why}, and the connection is closed"),
            backend: Some(be.name.to_string()),
            ..Outcome::default()
        })
    }
}
