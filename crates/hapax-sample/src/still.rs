//! A still life: a world in which nothing happens, and a stage that owns the facts of one request and one response.
//!
//! Tests, fuzz targets and measurements evaluate expressions on it; it gives the quietest answer to every question.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, RwLock};

use hapax_diag::{Diagnostic, Diagnostics, FileId, Span};
use hapax_proto::http::Head;
use hapax_value::Endpoint;

use crate::acl::{AclSet, Condition, Token, Verdict};
use crate::expr::Expr;
use crate::logformat::LogFormat;
use crate::pattern::PatternRefs;
use crate::vars::{Scope, VarNames, Vars};
use crate::{Absent, Body, Compile, Deferred, Env, Files, Now, ProxyId, ServerId, SessionFacts, StreamFacts, Wanted, World};

/// A world in which nothing happens: one frontend `fe`, one backend `be` with one server `srv`.
#[derive(Debug, Default)]
pub struct Still {
    vars: RwLock<Scope>,
    var_memory: AtomicU64,
}

impl World for Still {
    fn proxy_name(&self, p: ProxyId) -> &str {
        if p.0 == 0 { "fe" } else { "be" }
    }
    #[allow(clippy::unnecessary_literal_bound, reason = "as the trait has it")]
    fn server_name(&self, _: ProxyId, _: ServerId) -> std::borrow::Cow<'_, str> {
        "srv".into()
    }
    fn nbsrv(&self, _: ProxyId) -> i64 {
        1
    }
    fn server_is_up(&self, _: ProxyId, _: ServerId) -> bool {
        true
    }
    fn fe_conn(&self, _: ProxyId) -> i64 {
        1
    }
    fn be_conn(&self, _: ProxyId) -> i64 {
        1
    }
    fn srv_conn(&self, _: ProxyId, _: ServerId) -> i64 {
        1
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
    fn var_memory(&self) -> &AtomicU64 {
        &self.var_memory
    }
    fn random(&self) -> u64 {
        0x0123_4567_89ab_cdef
    }
}

/// No files at all.
struct NoFiles;

impl Files for NoFiles {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, String> {
        Err(format!("{path}: no such file"))
    }
}

/// Compiles and evaluates.
#[derive(Debug)]
pub struct Stage {
    pub world: Still,
    pub sess: SessionFacts,
    pub stream: StreamFacts,
    pub req: Option<Head>,
    pub res: Option<Head>,
    pub body: Vec<u8>,
    /// Undecoded bytes of a content rule, and whether no more will come.
    pub payload: Option<(Vec<u8>, bool)>,
    pub no_more: bool,
    pub vars: Vars,
    pub names: VarNames,
    pub refs: PatternRefs,
    pub deferred: Deferred,
    pub diags: Diagnostics,
}

impl Default for Stage {
    /// A connection from 127.0.0.1:40000 to 127.0.0.2:8080, and nothing said yet.
    fn default() -> Self {
        let src = Some(Endpoint::Ip(([127, 0, 0, 1], 40_000).into()));
        let dst = Some(Endpoint::Ip(([127, 0, 0, 2], 8080).into()));
        Self {
            world: Still::default(),
            sess: SessionFacts {
                id: 1,
                src: src.clone(),
                dst: dst.clone(),
                real_src: src,
                real_dst: dst,
                frontend: ProxyId(0),
                listener: 0,
                listener_id: 1,
                listener_name: Arc::from("lsn"),
                accept_us: 1_795_427_035_036_000,
                tls: None,
                socket: None,
                tracks: Vec::new(),
                proxy_tlvs: None,
                ..SessionFacts::nobody()
            },
            stream: StreamFacts::default(),
            req: None,
            res: None,
            body: Vec::new(),
            payload: None,
            no_more: true,
            vars: Vars::default(),
            names: VarNames::default(),
            refs: PatternRefs::default(),
            deferred: Vec::new(),
            diags: Diagnostics::default(),
        }
    }
}

impl Stage {
    /// A stage on which a request stands: its target and its fields.
    pub fn request(method: &str, uri: &str, fields: &[(&str, &str)]) -> Self {
        let mut head = Head::default();
        head.set_method(method.as_bytes());
        head.set_uri(uri.as_bytes());
        for (name, value) in fields {
            head.add(name.as_bytes(), value.as_bytes());
        }
        let mut line = format!("{method} {uri} HTTP/1.1").into_bytes();
        line.truncate(StreamFacts::LINE_KEPT);
        Self {
            req: Some(head),
            stream: StreamFacts {
                begun: true,
                first_request: true,
                request_line: line,
                ..StreamFacts::default()
            },
            ..Self::default()
        }
    }

    /// What expressions see.
    pub fn env(&self) -> Env<'_> {
        let body = Body {
            bytes: &self.body,
            complete: true,
            announced: Some(self.body.len() as u64),
            ..Body::default()
        };
        Env {
            now: Now {
                wall_us: self.sess.accept_us,
                mono_ms: 0,
            },
            sess: &self.sess,
            stream: &self.stream,
            req: self.req.as_ref(),
            res: self.res.as_ref(),
            req_body: body,
            res_body: Body::default(),
            payload: self.payload.as_ref().map(|(bytes, complete)| Body {
                bytes,
                complete: *complete,
                ..Body::default()
            }),
            no_more: self.no_more,
            vars: &self.vars,
            world: &self.world,
        }
    }

    /// Gives `f` what compiling needs.
    pub fn compile<R>(&mut self, f: impl FnOnce(&mut Compile<'_>) -> R) -> R {
        f(&mut Compile {
            files: &NoFiles,
            diags: &mut self.diags,
            deferred: &mut self.deferred,
            within: None,
            vars: &mut self.names,
            refs: &mut self.refs,
            wanted: &mut Wanted::default(),
            version: None,
        })
    }

    pub fn expr(&mut self, text: impl AsRef<[u8]>) -> Result<Expr, Diagnostic> {
        self.compile(|cx| Expr::compile(text, here(), cx))
    }

    /// A compiled expression's value as text, as an error message where it does not compile.
    pub fn eval(&mut self, text: &str) -> Result<Result<String, Absent>, String> {
        let expr = self.expr(text).map_err(|d| d.message)?;
        let env = self.env();
        Ok(expr.eval(&env).map(|v| String::from_utf8_lossy(&v.into_str()).into_owned()))
    }

    /// A condition written in one line, from `if` or `unless` on, in a proxy with these ACLs.
    pub fn condition(&mut self, acls: &[&str], text: &str) -> Result<Arc<Condition>, Diagnostic> {
        self.compile(|cx| {
            let mut set = AclSet::default();
            for line in acls {
                set.add(&tokens(line), cx)?;
            }
            Condition::parse(&tokens(text), &set, cx)
        })
    }

    /// What a condition comes to, or why it does not compile.
    pub fn verdict(&mut self, acls: &[&str], text: &str) -> Result<Verdict, String> {
        let cond = self.condition(acls, text).map_err(|d| d.message)?;
        Ok(cond.eval(&self.env()))
    }

    /// What a log-format string writes into a log line, or why it does not compile.
    pub fn log(&mut self, text: &str) -> Result<String, String> {
        let format = self.compile(|cx| LogFormat::compile(text.as_bytes(), here(), cx));
        self.written(format)
    }

    /// What a log-format string writes into a message, or why it does not compile.
    pub fn http(&mut self, text: &str) -> Result<String, String> {
        let format = self.compile(|cx| LogFormat::compile_http(text.as_bytes(), here(), cx));
        self.written(format)
    }

    fn written(&self, format: Result<LogFormat, Diagnostic>) -> Result<String, String> {
        let format = format.map_err(|d| d.message)?;
        let mut out = Vec::new();
        format.write(&self.env(), &mut out);
        Ok(String::from_utf8_lossy(&out).into_owned())
    }
}

/// Some place in some file.
fn here() -> Span {
    Span::line(FileId(0), 1)
}

/// The words of a line, split at single spaces; nothing is quoted.
fn tokens(line: &str) -> Vec<Token<'_>> {
    line.split(' ')
        .filter(|w| !w.is_empty())
        .map(|w| Token {
            bytes: w.as_bytes(),
            span: here(),
        })
        .collect()
}
