//! Converters on expressions, with results that HAProxy gives for the same ones.

mod crypto;
mod dates;
mod encodings;
mod json;
mod jwe;
mod jwt;
mod limits;
mod lookups;
mod numbers;
mod protocols;
mod signatures;
mod strings;

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::{Arc, RwLock};

use hapax_diag::{Diagnostics, Span};
use hapax_value::Value;

use super::*;
use crate::expr::Expr;
use crate::vars::{Scope, VarNames, Vars};
use crate::{Body, Files, Now, ProxyId, ServerId, SessionFacts, StreamFacts, World, Zone};

/// A small world that stands still.
#[derive(Default)]
pub(super) struct Still {
    vars: RwLock<Scope>,
    pub(super) debugged: RefCell<Vec<String>>,
}

impl World for Still {
    fn proxy_name(&self, p: ProxyId) -> &str {
        if p.0 == 0 { "f" } else { "b" }
    }
    fn server_name(&self, _: ProxyId, s: ServerId) -> std::borrow::Cow<'_, str> {
        if s.0 == 0 { "s0".into() } else { "s1".into() }
    }
    fn nbsrv(&self, _: ProxyId) -> i64 {
        2
    }
    fn server_is_up(&self, _: ProxyId, s: ServerId) -> bool {
        s.0 == 0
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
        &self.vars
    }
    fn random(&self) -> u64 {
        4
    }
    fn frontend_named(&self, name: &[u8]) -> Option<ProxyId> {
        (name == b"f").then_some(ProxyId(0))
    }
    fn backend_named(&self, name: &[u8]) -> Option<ProxyId> {
        (name == b"b").then_some(ProxyId(1))
    }
    fn server_named(&self, backend: ProxyId, name: &[u8]) -> Option<ServerId> {
        let known = backend == ProxyId(1);
        [b"s0", b"s1"].iter().position(|n| known && *n == name).map(|n| ServerId(n as u32))
    }
    fn srv_queue(&self, _: ProxyId, s: ServerId) -> i64 {
        i64::from(s.0) + 3
    }
    fn zone_at(&self, _: i64) -> Zone {
        Zone {
            offset: 7200,
            abbreviation: "CEST".into(),
        }
    }
    fn debug(&self, sink: &str, line: &[u8]) {
        self.debugged.borrow_mut().push(format!("{sink} {}", String::from_utf8_lossy(line)));
    }
}

/// Files for maps.
struct Shelf;

impl Files for Shelf {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, String> {
        let text = match path {
            "/dir.map" => "/images x\n32x32 y\npng z\n",
            "/re.map" => "([a-z]+)([0-9]+) \\2-\\1-\\3\nx plain\n",
            "/int.map" => "a 5\na 6\nb -3\n",
            "/beg.map" => "/ root\n/abc abc\n/abc/ abcs\n/abc/d d\nbc end\nc end2\n",
            "/ip.map" => "10.0.0.0/8 ten\n10.1.0.0/16 tenone\n0.0.0.0/0 all\n",
            "/addr.map" => "a 1.2.3.4\nb ::1\n",
            "/n.map" => "1:9 range\n5 five\n 7 seven  \n\n# no\n",
            other => jwt::pem(other).or_else(|| jwe::pem(other)).ok_or("none")?,
        };
        Ok(Arc::from(text.as_bytes()))
    }
}

fn session() -> SessionFacts {
    SessionFacts {
        id: 1,
        listener_id: 1,
        ..SessionFacts::nobody()
    }
}

/// Compiles an expression and shows its value to `f`; the error is what the user would read.
pub(super) fn evaluate<R>(text: &str, world: &Still, f: impl FnOnce(Sampled<'_>) -> R) -> Result<R, String> {
    let mut diags = Diagnostics::default();
    let mut deferred = Vec::new();
    let mut vars = VarNames::default();
    let mut refs = crate::pattern::PatternRefs::default();
    let mut cx = Compile {
        files: &Shelf,
        diags: &mut diags,
        deferred: &mut deferred,
        within: Some(Arc::from("b")),
        vars: &mut vars,
        refs: &mut refs,
        wanted: &mut crate::Wanted::default(),
        version: None,
    };
    let expr = Expr::compile(text, Span::default(), &mut cx).map_err(|d| d.message)?;
    refs.finish();
    let (sess, vars) = (session(), Vars::default());
    let stream = StreamFacts {
        backend: Some(ProxyId(1)),
        ..StreamFacts::default()
    };
    let env = Env {
        now: Now::default(),
        sess: &sess,
        stream: &stream,
        req: None,
        res: None,
        req_body: Body::default(),
        res_body: Body::default(),
        payload: None,
        no_more: true,
        vars: &vars,
        world,
    };
    Ok(f(expr.eval(&env)))
}

/// What an expression gives as text; binary results as they are, `-` for no value.
pub(super) fn shown(text: &str) -> String {
    let text_of = |value: Sampled<'_>| match value {
        Ok(Value::Bin(b)) => b.iter().map(|&b| char::from(b)).collect(),
        Ok(value) => value.into_str().iter().map(|&b| char::from(b)).collect::<String>(),
        Err(_) => "-".to_owned(),
    };
    evaluate(text, &Still::default(), text_of).unwrap_or_else(|e| format!("error: {e}"))
}

/// Pairs of an expression and its result.
pub(super) fn table(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(&shown(text), expected, "{text}");
    }
}

#[test]
fn rows_keep_their_word() {
    let mut names = HashSet::new();
    let mut wrong = Vec::new();
    for row in all() {
        let mut say = |what: String| wrong.push(format!("{}: {what}", row.name));
        if !names.insert(row.name) {
            say("twice".to_owned());
        }
        if !row.doc.ends_with('.') || row.required > row.args.len() || row.ok.is_empty() {
            say("no sentence, no case, or more required than there are".to_owned());
        }
        for text in row.ok {
            if !text.contains(row.name) {
                say(format!("{text} is no case of it"));
            }
            if let Err(e) = evaluate(text, &Still::default(), |_| ()) {
                say(format!("{text}: {e}"));
            }
        }
        for text in row.bad {
            if evaluate(text, &Still::default(), |_| ()).is_ok() {
                say(format!("{text} is taken"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn debug_writes_to_its_sink() {
    let world = Still::default();
    evaluate("bin(610a62),debug(here,stderr),length,debug", &world, |_| ()).unwrap();
    let lines = world.debugged.borrow();
    assert_eq!(*lines, ["stderr [debug] here: type=bin <a.b>", "buf0 [debug] : type=sint <3>"]);
}

#[test]
fn conditions_let_values_pass() {
    table(&[
        ("str(a),when(normal)", "a"),
        ("str(a),when(!normal)", "-"),
        ("str(a),when(error)", "-"),
        ("str(a),when(!forwarded)", "a"),
        ("str(a),when(stopping)", "-"),
        ("str(a),when(toapplet)", "-"),
        ("str(a),when(!processed)", "a"),
    ]);
}
