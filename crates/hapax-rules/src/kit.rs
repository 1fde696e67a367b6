//! What the tests of actions stand on: a world where nothing happens, a transaction over given facts, and rules from text.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use hapax_diag::{Diagnostic, Diagnostics, Span};
use hapax_proto::http::Head;
use hapax_sample::acl::{AclSet, Token};
use hapax_sample::pattern::PatternRefs;
use hapax_sample::vars::{Scope, VarNames, Vars};
use hapax_sample::{
    Body, Compile, Deferred, Files, Now, ProxyId, ServerId, SessionFacts, StreamFacts, TableChange, Track, TrackStart, Wanted, World,
};
use hapax_value::{Endpoint, Value};

use crate::{Controls, Effect, Rule, RuleSets, Side, Site, Txn, Woken, parse_rule, run};

/// Files by name.
#[derive(Default)]
pub(crate) struct Shelf(pub HashMap<&'static str, &'static [u8]>);

impl Files for Shelf {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, String> {
        self.0
            .get(path)
            .map(|b| Arc::from(*b))
            .ok_or_else(|| "No such file or directory".to_owned())
    }
}

/// A world where nothing happens but what rules do to tables.
#[derive(Default)]
pub(crate) struct Still {
    proc: RwLock<Scope>,
    pub changes: RwLock<Vec<TableChange>>,
    /// Keys that were tracked, and what their entries had missed.
    pub tracked: RwLock<Vec<(String, TrackStart)>>,
}

impl World for Still {
    fn proxy_name(&self, _: ProxyId) -> &'static str {
        "px"
    }
    fn server_name(&self, _: ProxyId, _: ServerId) -> std::borrow::Cow<'_, str> {
        "srv".into()
    }
    fn nbsrv(&self, _: ProxyId) -> i64 {
        0
    }
    fn server_is_up(&self, _: ProxyId, _: ServerId) -> bool {
        false
    }
    fn fe_conn(&self, _: ProxyId) -> i64 {
        0
    }
    fn be_conn(&self, _: ProxyId) -> i64 {
        0
    }
    fn srv_conn(&self, _: ProxyId, _: ServerId) -> i64 {
        0
    }
    fn queue(&self, _: ProxyId) -> i64 {
        0
    }
    fn fe_sess_rate(&self, _: ProxyId) -> i64 {
        0
    }
    fn fe_req_rate(&self, _: ProxyId) -> i64 {
        0
    }
    fn be_sess_rate(&self, _: ProxyId) -> i64 {
        0
    }
    fn proc_vars(&self) -> &RwLock<Scope> {
        &self.proc
    }
    fn random(&self) -> u64 {
        4
    }
    fn capture_len(&self, _: ProxyId, request: bool, slot: usize) -> Option<usize> {
        [2, 6].get(slot).copied().filter(|_| !request)
    }
    fn track(&self, table: u32, key: Value<'_>, start: TrackStart, _: Now) -> Option<Track> {
        let mut text = Vec::new();
        key.write_str(&mut text);
        let mut tracked = self.tracked.write().expect("tracked");
        tracked.push((String::from_utf8_lossy(&text).into_owned(), start));
        let entry = tracked.len() as u64;
        Some(Track { table, entry })
    }
    fn update(&self, _: &Track, change: TableChange, _: Now) {
        self.changes.write().expect("changes").push(change);
    }
}

/// Splits a line as the configuration does: quotes, and a backslash before a space, a quote or itself.
pub(crate) fn words(line: &str) -> Vec<Vec<u8>> {
    let mut out: Vec<Vec<u8>> = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut quoted = false;
    let mut bytes = line.bytes().peekable();
    while let Some(b) = bytes.next() {
        match b {
            b'\\' if matches!(bytes.peek(), Some(b' ' | b'"' | b'\\')) => {
                let next = bytes.next().expect("peeked");
                word.get_or_insert_default().push(next);
            }
            b'"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            b' ' if !quoted => out.extend(word.take()),
            b => word.get_or_insert_default().push(b),
        }
    }
    out.extend(word);
    out
}

/// What parsing rules leaves behind.
pub(crate) struct Bench {
    pub files: Shelf,
    pub site: Site,
    pub acls: AclSet,
    pub diags: Diagnostics,
    pub deferred: Deferred,
    pub vars: VarNames,
    pub refs: PatternRefs,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let mut site = Site::new("px", Side::FRONTEND | Side::BACKEND);
        site.experimental = true;
        site.scripts = true;
        Self {
            files: Shelf::default(),
            site,
            acls: AclSet::default(),
            diags: Diagnostics::default(),
            deferred: Vec::new(),
            vars: VarNames::default(),
            refs: PatternRefs::default(),
        }
    }

    pub(crate) fn compile<R>(&mut self, f: impl FnOnce(&mut Compile<'_>, &AclSet, &mut Site) -> R) -> R {
        let mut cx = Compile {
            files: &self.files,
            diags: &mut self.diags,
            deferred: &mut self.deferred,
            within: Some(Arc::from("px")),
            vars: &mut self.vars,
            refs: &mut self.refs,
            wanted: &mut Wanted::default(),
            version: None,
        };
        f(&mut cx, &self.acls, &mut self.site)
    }

    pub(crate) fn rule(&mut self, set: RuleSets, line: &str) -> Result<Rule, Diagnostic> {
        let words = words(line);
        let span = Span::default();
        let tokens: Vec<Token<'_>> = words.iter().map(|w| Token { bytes: w, span }).collect();
        self.compile(|cx, acls, site| parse_rule(set, &tokens, acls, site, cx, span))
    }
}

/// Everything that a transaction borrows.
pub(crate) struct Facts {
    pub sess: SessionFacts,
    pub stream: StreamFacts,
    pub controls: Controls,
    pub req: Option<Head>,
    pub res: Option<Head>,
    pub body: &'static [u8],
    pub body_complete: bool,
    pub vars: Vars,
    pub world: Still,
    pub woken: Woken,
}

impl Facts {
    /// A request for `target` from 192.0.2.1:4000 to 192.0.2.2:80.
    pub(crate) fn request(target: &str, fields: &[(&str, &str)]) -> Self {
        let mut req = Head::default();
        req.set_method(b"GET");
        req.set_uri(target.as_bytes());
        for (n, v) in fields {
            req.add(n.as_bytes(), v.as_bytes());
        }
        let at = |a: &str| Some(Endpoint::Ip(a.parse().expect("address")));
        Self {
            sess: SessionFacts {
                id: 1,
                src: at("192.0.2.1:4000"),
                dst: at("192.0.2.2:80"),
                real_src: at("192.0.2.1:4000"),
                real_dst: at("192.0.2.2:80"),
                listener_id: 1,
                ..SessionFacts::nobody()
            },
            stream: StreamFacts::default(),
            controls: Controls::default(),
            req: Some(req),
            res: None,
            body: b"",
            body_complete: true,
            vars: Vars::default(),
            world: Still::default(),
            woken: Woken::No,
        }
    }

    /// The same, with a response of 200.
    pub(crate) fn response(fields: &[(&str, &str)]) -> Self {
        let mut facts = Self::request("/", &[]);
        let mut res = Head::default();
        res.status = 200;
        res.set_reason(b"OK");
        for (n, v) in fields {
            res.add(n.as_bytes(), v.as_bytes());
        }
        facts.res = Some(res);
        facts
    }

    pub(crate) fn txn(&mut self) -> Txn<'_> {
        let body = Body {
            bytes: self.body,
            complete: self.body_complete,
            ..Body::default()
        };
        Txn {
            now: Now::default(),
            sess: &mut self.sess,
            stream: &mut self.stream,
            controls: &mut self.controls,
            req: self.req.as_mut(),
            res: self.res.as_mut(),
            req_body: body,
            res_body: body,
            payload: None,
            no_more: true,
            woken: self.woken,
            vars: &self.vars,
            world: &self.world,
        }
    }

    /// Runs rules written one a line, and gives what they come to.
    pub(crate) fn run(&mut self, set: RuleSets, lines: &[&str]) -> Effect {
        let mut bench = Bench::new();
        self.run_on(&mut bench, set, lines)
    }

    pub(crate) fn run_on(&mut self, bench: &mut Bench, set: RuleSets, lines: &[&str]) -> Effect {
        let rules: Vec<Rule> = lines
            .iter()
            .map(|l| bench.rule(set, l).unwrap_or_else(|d| panic!("{l}: {}", d.message)))
            .collect();
        bench.refs.finish();
        run(&rules, 0, &mut self.txn()).effect
    }

    pub(crate) fn uri(&self) -> String {
        String::from_utf8_lossy(self.req.as_ref().expect("request").uri()).into_owned()
    }

    /// The fields of the request, or of the response where there is one: `name: value`.
    pub(crate) fn fields(&self) -> Vec<String> {
        let head = self.res.as_ref().or(self.req.as_ref()).expect("message");
        head.iter()
            .map(|(n, v)| format!("{}: {}", String::from_utf8_lossy(n), String::from_utf8_lossy(v)))
            .collect()
    }
}
