//! One check of one server: its script is walked step by step.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hapax_balance::{CheckStatus, Outcome};
use hapax_config::plan::{self, Act, Check, CheckPort, Connect, Expect, ScriptKind, Step, Text, VarValue};
use hapax_sample::vars::Vars;
use hapax_sample::{Body, Env, Now, ProxyId, ServerId, SessionFacts, StreamFacts, UniqueId};
use hapax_value::{Endpoint, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use super::answer::Answer;
use super::connect::{self, blame, within};
use super::judge::{self, Judgement, Seen};
use super::{Checker, external, request, state};
use crate::state::{Conf, Oper, ServerState};
use crate::upstream::Special;
use crate::upstream::Upstream;

pub(super) async fn probe(cx: &Checker, p: ProxyId, s: ServerId, check: &Check) -> Outcome {
    let start = Instant::now();
    let plan = cx.shared.conf(p);
    let mut outcome = if check.script.kind == ScriptKind::External {
        external::run(&cx.shared, p, s, check).await
    } else {
        let mut run = Run::new(cx, p, s, check);
        let end = run.all().await;
        run.hang_up();
        run.outcome(end)
    };
    tracing::trace!(proxy = %plan.name, status = outcome.status.code(), "checked");
    outcome.duration_ms = start.elapsed().as_millis() as u64;
    outcome
}

/// The most that is kept of what a server says of itself.
const MOST_INFO: usize = 127;
/// Read at once, so that what a server sends in one go is taken in one go.
const ONE_READ: usize = 16 * 1024;

/// Why a check ended before its last step.
struct Failed {
    status: CheckStatus,
    info: String,
}

pub(super) struct Run<'a> {
    pub(super) cx: &'a Checker,
    pub(super) p: ProxyId,
    pub(super) s: ServerId,
    pub(super) plan: &'a plan::Proxy,
    pub(super) conf: Conf<'a>,
    pub(super) server: &'a ServerState,
    pub(super) check: &'a Check,
    sess: SessionFacts,
    facts: StreamFacts,
    vars: Vars,
    pub(super) conn: Option<Box<Upstream>>,
    /// The connection is of the server's pool, or may become so: the key under which it is found there.
    pub(super) pooled: Option<u64>,
    /// The last request lets the connection live on.
    pub(super) lasting: bool,
    /// What came since the last step that sent something.
    got: Vec<u8>,
    closed: bool,
    pub(super) answer: Option<Answer>,
    /// The method that the answer belongs to.
    method: Arc<[u8]>,
    /// Not sent yet: steps that send, one after the other, make one message.
    out: Vec<u8>,
    by: Instant,
    code: u16,
    info: Option<String>,
    status: CheckStatus,
}

impl<'a> Run<'a> {
    fn new(cx: &'a Checker, p: ProxyId, s: ServerId, check: &'a Check) -> Self {
        let plan = cx.shared.conf(p);
        let conf = cx.shared.server_conf(p, s);
        Self {
            cx,
            p,
            s,
            plan,
            conf,
            server: cx.shared.server(p, s),
            check,
            sess: SessionFacts {
                frontend: p,
                accept_us: hapax_sys::clock::realtime_us(),
                ..SessionFacts::nobody()
            },
            facts: StreamFacts {
                backend: Some(p),
                server: Some(s),
                ..StreamFacts::default()
            },
            vars: Vars {
                limits: cx.shared.plan.global.var_limits,
                ..Vars::default()
            },
            conn: None,
            pooled: None,
            lasting: false,
            got: Vec::new(),
            closed: false,
            answer: None,
            method: Arc::default(),
            out: Vec::new(),
            by: Instant::now(),
            code: 0,
            info: None,
            status: CheckStatus::L4Ok,
        }
    }

    fn env(&self) -> Env<'_> {
        Env {
            now: Now {
                wall_us: hapax_sys::clock::realtime_us(),
                mono_ms: 1,
            },
            sess: &self.sess,
            stream: &self.facts,
            req: None,
            res: self.answer.as_ref().and_then(|a| a.head.as_deref()),
            req_body: Body::default(),
            res_body: self.answer.as_ref().map_or_else(Body::default, |a| Body {
                bytes: &a.body,
                complete: a.complete,
                ..Body::default()
            }),
            payload: Some(Body {
                bytes: &self.got,
                complete: true,
                ..Body::default()
            }),
            no_more: true,
            vars: &self.vars,
            world: &self.cx.world,
        }
    }

    fn outcome(&mut self, end: Result<(), Failed>) -> Outcome {
        let (status, info) = match end {
            Ok(()) => {
                let mut info = self.info.take();
                let script = &self.check.script;
                if info.is_none() && script.kind == ScriptKind::Tcp && !script.is_bare() {
                    info = Some("(tcp-check)".to_owned());
                }
                (self.status, info.unwrap_or_default())
            }
            Err(f) => (f.status, f.info),
        };
        self.vars.give_back([&*self.vars.check.borrow()], &self.cx.world);
        let info = info.split('\0').next().unwrap_or_default();
        let info = info[..info.floor_char_boundary(MOST_INFO)].to_owned();
        Outcome {
            status,
            code: self.code,
            info,
            duration_ms: 0,
        }
    }

    async fn all(&mut self) -> Result<(), Failed> {
        if let Some(format) = &self.plan.formats.unique_id {
            let mut id = Vec::new();
            format.write(&self.env(), &mut id);
            self.facts.unique_id = UniqueId::made(id.into());
        }
        let script = Arc::clone(&self.check.script);
        let sends = |s: &Step| {
            matches!(
                s.act,
                Act::Send(_) | Act::SendHex(_) | Act::SendHttp(_) | Act::SetVar { .. } | Act::UnsetVar(_)
            )
        };
        for (i, step) in script.steps.iter().enumerate() {
            if script.kind != ScriptKind::Protocol && !matches!(step.act, Act::SetVar { .. } | Act::UnsetVar(_)) {
                // Success is told in the words of the last step.
                (self.info, self.code) = (None, 0);
            }
            match &step.act {
                Act::Connect(c) => {
                    let next = script.steps[i + 1..]
                        .iter()
                        .find(|s| !matches!(s.act, Act::SetVar { .. } | Act::UnsetVar(_)));
                    let speaks = !next.is_some_and(|s| matches!(s.act, Act::Expect(_)));
                    self.connect(step, c, speaks).await?;
                }
                Act::Expect(e) => self.expect(step, e).await?,
                Act::SetVar { var, when, to } => self.set_var(*var, *when, to),
                Act::UnsetVar(var) => self.env().unset_var(*var),
                Act::Send(text) => {
                    let bytes = request::text(text, &self.env()).into_owned();
                    self.queue(&bytes);
                }
                Act::SendHex(format) => {
                    let mut text = Vec::new();
                    format.write(&self.env(), &mut text);
                    let bytes = judge::unhex(&text).ok_or_else(|| Failed {
                        status: CheckStatus::L7Rsp,
                        info: format!("TCPCHK failed to build log-format string at step {}", step.number),
                    })?;
                    self.queue(&bytes);
                }
                Act::SendHttp(send) => {
                    let seen = script.http.send_state.then(|| state::header(&self.cx.shared, self.p, self.s));
                    let (bytes, lasting) = request::build(send, seen.as_deref(), &self.env());
                    self.lasting = lasting;
                    self.method = Arc::clone(&send.method);
                    self.queue(&bytes);
                    // From now on it is an HTTP answer that is waited for.
                    self.answer = Some(Answer::default());
                }
            }
            if !script.steps.get(i + 1).is_some_and(|s| sends(s)) {
                self.flush(step).await?;
            }
        }
        Ok(())
    }

    fn set_var(&self, var: hapax_sample::vars::VarId, when: hapax_sample::vars::StoreIf, to: &VarValue) {
        let env = self.env();
        match to {
            VarValue::Expr(expr) => {
                // Without a value the variable keeps what it has.
                if let Ok(value) = expr.eval(&env) {
                    env.set_var(var, value, when);
                }
            }
            VarValue::Format(format) => {
                let mut text = Vec::new();
                format.write(&env, &mut text);
                env.set_var(var, Value::Str(Cow::Owned(text)), when);
            }
        }
    }

    /// An answer belongs to what was sent before it.
    fn queue(&mut self, bytes: &[u8]) {
        self.got.clear();
        self.answer = None;
        self.out.extend_from_slice(bytes);
        self.status = CheckStatus::L7Ok;
    }

    async fn flush(&mut self, step: &Step) -> Result<(), Failed> {
        if self.out.is_empty() {
            return Ok(());
        }
        let out = std::mem::take(&mut self.out);
        let Some(conn) = &mut self.conn else { return Ok(()) };
        let sent = within(self.by, async {
            conn.io.write_all(&out).await?;
            conn.io.flush().await
        })
        .await;
        sent.map_err(|e| {
            let (status, info) = blame(e.as_ref(), CheckStatus::L7Timeout, CheckStatus::SockErr);
            self.failed(step, status, info)
        })
    }

    async fn connect(&mut self, step: &Step, c: &Connect, speaks: bool) -> Result<(), Failed> {
        self.hang_up();
        self.got.clear();
        self.answer = None;
        self.closed = false;
        let inter = self.check.inter.max(1);
        let now = Instant::now();
        // `timeout check` is for reading; then connecting has the shorter of its own limit and the interval.
        let connect_for = match self.plan.timeouts.check {
            Some(_) => self.plan.timeouts.connect.map_or(inter, |c| c.min(inter)).max(1),
            None => inter,
        };
        let by = now + Duration::from_millis(connect_for);
        self.pooled = self.key(c);
        if !self.borrow(by).await {
            let mut plan = self
                .connection(c, by)
                .map_err(|info| self.failed(step, CheckStatus::SockErr, info))?;
            plan.speaks = speaks;
            // What the pool may have is closed as it closes all others.
            plan.linger |= self.pooled.is_some();
            let epoch = self.server.address_epoch.load(Ordering::Relaxed);
            let opened = plan.open_with_ends().await;
            let opened = opened.map_err(|(status, info)| self.failed(step, status, info))?;
            self.conn = Some(Box::new(self.own(opened, epoch)));
        }
        let tls = self.conn.as_ref().is_some_and(|c| c.io.is_tls());
        self.status = if tls { CheckStatus::L6Ok } else { CheckStatus::L4Ok };
        self.by = match self.plan.timeouts.check {
            Some(ms) => Instant::now() + Duration::from_millis(ms),
            None => by,
        };
        Ok(())
    }

    fn connection(&self, c: &Connect, by: Instant) -> Result<connect::Plan<'_>, String> {
        let check = self.check;
        let to = self.target(c).ok_or_else(|| "no address".to_owned())?;
        let tls = if c.tls || (c.like_server && check.tls) {
            // Who came while running has its own.
            let own = self.server.own_tls().or_else(|| (self.cx.tls)(self.p.0, self.s.0));
            let config = own.ok_or_else(|| "no TLS settings".to_owned())?;
            let (sni, alpn) = self.names(c);
            let mut own = (*config).clone();
            own.enable_sni |= sni.is_some();
            if !alpn.is_empty() {
                own.alpn_protocols = alpn.to_vec();
            }
            Some(Arc::new(own))
        } else {
            None
        };
        let verified = self.conf.tls.as_ref().and_then(|t| t.verifyhost.clone());
        let socks = self.conf.socks4.filter(|_| c.via_socks4 || (c.like_server && check.via_socks4));
        let send_proxy = c.send_proxy || (c.like_server && check.send_proxy);
        Ok(connect::Plan {
            to,
            special: Special::of(&self.cx.shared.plan, self.plan, &self.conf, Some(&self.server.source_turn), true),
            socks,
            source: self.plan.source_to(&self.conf),
            send_proxy: if send_proxy { self.conf.send_proxy.max(1) } else { 0 },
            tls,
            name: self.names(c).0.or(verified),
            linger: c.linger,
            speaks: true,
            by,
        })
    }

    /// Name and protocols that TLS asks for.
    pub(super) fn names<'c>(&'c self, c: &'c Connect) -> (Option<String>, &'c [Vec<u8>]) {
        let own = c.like_server.then_some(self.check);
        let sni = c.sni.clone().or_else(|| own.and_then(|o| o.sni.clone()));
        let sni = sni.or_else(|| own.filter(|o| o.sni_auto).and_then(|o| self.asked_host(o)));
        let alpn = if c.alpn.is_empty() {
            own.map_or(&[][..], |o| &o.alpn)
        } else {
            &c.alpn
        };
        (sni, alpn)
    }

    /// The host that an HTTP check asks for, unless a line says how it connects (`check-sni-auto`).
    fn asked_host(&self, check: &Check) -> Option<String> {
        let steps = &check.script.steps;
        if check.script.kind != ScriptKind::Http || steps.iter().any(|s| s.number > 0 && matches!(s.act, Act::Connect(_))) {
            return None;
        }
        let send = steps.iter().find_map(|s| match &s.act {
            Act::SendHttp(send) => Some(send),
            _ => None,
        })?;
        let (_, value) = send.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(b"host"))?;
        let value = request::text(value, &self.env());
        let host = std::str::from_utf8(&value).ok()?;
        // An address is no name, and a port no part of one.
        let host = host.split_once(':').map_or(host, |(host, _)| host).trim();
        let named = !host.is_empty() && !host.starts_with('[') && host.parse::<std::net::IpAddr>().is_err();
        named.then(|| host.to_owned())
    }

    /// Where the connection goes: the step's address and port before those of the check, and these before the server's.
    fn target(&self, c: &Connect) -> Option<Endpoint> {
        let own = self.server.endpoint();
        let set = self.server.check_port.load(Ordering::Relaxed) as u16;
        let asked = match &c.port {
            Some(CheckPort::Fixed(n)) => Some(*n),
            Some(CheckPort::Expr(expr)) => {
                let mut text = Vec::new();
                let made = expr.eval_str(&self.env(), &mut text);
                made.then(|| std::str::from_utf8(&text).ok()?.trim().parse().ok()).flatten()
            }
            None => None,
        };
        let address = c.address.clone().or_else(|| self.server.check_address());
        let address = address.or_else(|| self.check.address.clone()).or_else(|| own.clone())?;
        let Endpoint::Ip(mut a) = address else { return Some(address) };
        let own_port = || own.as_ref().and_then(Endpoint::port).unwrap_or(0);
        let step_has_one = c.address.is_some() && a.port() > 0;
        let usual = if set > 0 { Some(set) } else { self.check.port };
        match asked.or_else(|| usual.filter(|_| !step_has_one)) {
            Some(n) => a.set_port(n),
            None if a.port() > 0 => {}
            None => a.set_port(own_port()),
        }
        Some(Endpoint::Ip(a))
    }

    async fn expect(&mut self, step: &Step, e: &Expect) -> Result<(), Failed> {
        loop {
            if let Some(answer) = &mut self.answer {
                *answer = Answer::read(&self.got, self.closed, &self.method);
            }
            let judgement = {
                let env = self.env();
                let seen = Seen {
                    bytes: &self.got,
                    closed: self.closed,
                    answer: self.answer.as_ref(),
                    env: &env,
                };
                judge::judge(e, &seen)
            };
            match judgement {
                Judgement::More => self.more(step, e).await?,
                Judgement::Pass { code, info } => {
                    self.passed(e, code, info);
                    return Ok(());
                }
                Judgement::Empty => {
                    let status = e.error.unwrap_or(CheckStatus::L7Rsp);
                    let info = format!("TCPCHK got an empty response at step {}", step.number);
                    return Err(Failed {
                        status,
                        info: commented(info, step),
                    });
                }
                Judgement::Fail { status, code, info } => return self.refused(step, e, status, code, info),
            }
        }
    }

    fn passed(&mut self, e: &Expect, code: Option<u16>, info: Option<String>) {
        let status = self.answer.as_ref().and_then(Answer::status);
        self.code = code.or(status).unwrap_or(self.code);
        self.status = match status {
            Some(404) if self.drains() => CheckStatus::L7OkCond,
            _ => e.ok.unwrap_or(CheckStatus::L7Ok),
        };
        if info.is_some() {
            self.info = info;
        }
    }

    /// `disable-on-404` is for servers that are up.
    fn drains(&self) -> bool {
        self.check.script.http.disable_on_404 && self.server.oper() != Oper::Stopped
    }

    fn refused(&mut self, step: &Step, e: &Expect, status: CheckStatus, code: Option<u16>, info: Option<String>) -> Result<(), Failed> {
        let answered = self.answer.as_ref().and_then(Answer::status);
        self.code = code.or(answered).unwrap_or(0);
        if answered == Some(404) && self.drains() {
            self.status = CheckStatus::L7OkCond;
            return Ok(());
        }
        let info = info.unwrap_or_else(|| {
            if self.check.script.kind == ScriptKind::Http {
                judge::http_words(e, self.answer.as_ref(), step.number)
            } else {
                judge::tcp_words(e, step.number)
            }
        });
        // A broken connection says no more than that.
        let info = if status == CheckStatus::SockErr {
            info
        } else {
            commented(info, step)
        };
        Err(Failed { status, info })
    }

    /// Waits for more of an answer.
    async fn more(&mut self, step: &Step, e: &Expect) -> Result<(), Failed> {
        let most = self.cx.shared.plan.global.bufsize.max(1024);
        if self.got.len() >= most {
            // What does not fit is not looked at.
            self.closed = true;
            return Ok(());
        }
        let Some(conn) = &mut self.conn else {
            self.closed = true;
            return Ok(());
        };
        self.got.reserve(ONE_READ.min(most - self.got.len()));
        match within(self.by, conn.io.read_buf(&mut self.got)).await {
            Ok(0) => self.closed = true,
            // Servers that do not say good-bye to TLS have ended all the same.
            Err(Some(e)) if e.kind() == std::io::ErrorKind::UnexpectedEof => self.closed = true,
            Ok(_) => {}
            // What came before the connection broke is judged first.
            Err(Some(_)) if !self.got.is_empty() => self.closed = true,
            Err(error) => {
                let timeout = e.timeout.unwrap_or(CheckStatus::L7Timeout);
                let (status, info) = blame(error.as_ref(), timeout, CheckStatus::SockErr);
                return Err(self.failed(step, status, info));
            }
        }
        Ok(())
    }

    /// A failure of the connection; the checks of `tcp-check` lines say at which step.
    fn failed(&self, step: &Step, status: CheckStatus, mut info: String) -> Failed {
        if self.check.script.kind == ScriptKind::Tcp {
            if step.number == 0 {
                info.push_str(" at initial connection step of tcp-check");
            } else {
                let _ = write!(info, " at step {} of tcp-check ({})", step.number, step_name(&step.act));
                if let Some(comment) = &step.comment {
                    let _ = write!(info, " comment: '{comment}'");
                }
            }
        }
        Failed { status, info }
    }
}

fn commented(mut info: String, step: &Step) -> String {
    if let Some(comment) = &step.comment {
        info.push_str(" comment: ");
        info.push_str(comment);
    }
    info
}

fn step_name(act: &Act) -> String {
    match act {
        Act::Connect(c) => match &c.port {
            Some(CheckPort::Fixed(n)) => format!("connect port {n}"),
            _ => "connect".to_owned(),
        },
        Act::Expect(e) => judge::pattern_name(&e.pattern),
        Act::Send(Text::Fixed(_) | Text::Format(_)) | Act::SendHex(_) | Act::SendHttp(_) => "send".to_owned(),
        Act::SetVar { .. } | Act::UnsetVar(_) => "set-var".to_owned(),
    }
}
