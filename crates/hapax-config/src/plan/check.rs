//! How servers are checked (manual, 5.2 `check`; 4.2 `tcp-check`, `http-check`): a check is a list of steps.
//!
//! Checks of protocols (`option redis-check` and its kin) are lists of the same steps, made when the configuration is loaded.

use std::sync::{Arc, LazyLock};

use hapax_balance::CheckStatus;
use hapax_sample::expr::Expr;
use hapax_sample::logformat::LogFormat;
use hapax_sample::regexp::Regexp;
use hapax_sample::vars::{StoreIf, VarId};
use hapax_value::{Endpoint, Millis};

/// Active checks of a server (manual, `check`).
#[derive(Clone, Debug, Default)]
pub struct Check {
    pub script: Arc<Script>,
    pub inter: Millis,
    pub fastinter: Option<Millis>,
    pub downinter: Option<Millis>,
    pub rise: u32,
    pub fall: u32,
    /// `addr` and `port`, where they differ from the server's.
    pub address: Option<Endpoint>,
    pub port: Option<u16>,
    pub send_proxy: bool,
    pub via_socks4: bool,
    pub tls: bool,
    /// `check-sni`
    pub sni: Option<String>,
    /// Where there is none, the host that an HTTP check asks for (`check-sni-auto`).
    pub sni_auto: bool,
    /// `check-alpn`
    pub alpn: Vec<Vec<u8>>,
    /// `check-reuse-pool`: over connections of the server's pool, where nothing says how checks connect.
    pub reuse_pool: bool,
    /// `check-pool-conn-name`
    pub pool_name: Option<Arc<str>>,
}

impl Check {
    /// Servers that are checked alike may share one.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let plain = |c: &Self| {
            let times = (c.inter, c.fastinter, c.downinter, c.rise, c.fall, c.port);
            (times, [c.send_proxy, c.via_socks4, c.tls, c.sni_auto, c.reuse_pool])
        };
        plain(self) == plain(other)
            && Arc::ptr_eq(&self.script, &other.script)
            && self.address == other.address
            && self.sni == other.sni
            && self.alpn == other.alpn
            && self.pool_name == other.pool_name
    }
}

/// What kind of check a script is, as far as its results are worded differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ScriptKind {
    /// A connection, and nothing more.
    #[default]
    Connect,
    /// `option tcp-check`: failures name the step.
    Tcp,
    Http,
    /// A protocol's own check.
    Protocol,
    /// `option external-check`: a program.
    External,
}

/// A check as a list of steps.
#[derive(Debug, Default)]
pub struct Script {
    pub kind: ScriptKind,
    pub steps: Vec<Arc<Step>>,
    pub http: HttpCheckOptions,
    pub external: Option<External>,
}

impl Script {
    /// The script of checks whose own is not known yet, shared by all of them.
    pub fn none() -> Arc<Self> {
        static NONE: LazyLock<Arc<Script>> = LazyLock::new(Arc::default);
        Arc::clone(&NONE)
    }

    /// No line says what to do: a connection is enough.
    pub fn is_bare(&self) -> bool {
        self.steps.iter().all(|s| s.number == 0)
    }

    /// A step of it opens a connection over TLS.
    pub fn asks_for_tls(&self) -> bool {
        self.steps.iter().any(|s| matches!(&s.act, Act::Connect(c) if c.tls))
    }
}

/// `http-check disable-on-404` and `http-check send-state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct HttpCheckOptions {
    pub disable_on_404: bool,
    pub send_state: bool,
}

/// `external-check command`, `external-check path`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct External {
    pub command: String,
    pub path: Option<String>,
}

#[derive(Debug)]
pub struct Step {
    /// Number in the order of the lines, from 1; 0: none of the lines asked for it.
    pub number: u32,
    /// Its own, or that of the `comment` line before it.
    pub comment: Option<Arc<str>>,
    pub act: Act,
}

#[derive(Debug)]
pub enum Act {
    Connect(Box<Connect>),
    Send(Text),
    /// Hexadecimal digits, once evaluated.
    SendHex(LogFormat),
    SendHttp(Box<HttpSend>),
    Expect(Box<Expect>),
    SetVar {
        var: VarId,
        when: StoreIf,
        to: VarValue,
    },
    UnsetVar(VarId),
}

#[derive(Debug)]
pub enum VarValue {
    Expr(Expr),
    Format(LogFormat),
}

/// Text as written, or made for each check.
#[derive(Clone, Debug)]
pub enum Text {
    Fixed(Arc<[u8]>),
    Format(Arc<LogFormat>),
}

impl Default for Text {
    fn default() -> Self {
        Self::Fixed(Arc::default())
    }
}

/// `connect`
#[derive(Debug, Default)]
pub struct Connect {
    /// The server's settings where the step has none (`default`); also the step that no line asked for.
    pub like_server: bool,
    pub port: Option<CheckPort>,
    pub address: Option<Endpoint>,
    pub send_proxy: bool,
    pub via_socks4: bool,
    pub tls: bool,
    pub sni: Option<String>,
    pub alpn: Vec<Vec<u8>>,
    /// Close in good order, not with a reset.
    pub linger: bool,
    /// Another protocol than the server's is asked for.
    pub proto: bool,
}

impl Connect {
    /// It says nothing of how to connect that differs from what the server's traffic does.
    pub fn is_plain(&self) -> bool {
        let flags = self.send_proxy || self.via_socks4 || self.tls || self.linger || self.proto;
        !flags && self.port.is_none() && self.address.is_none() && self.sni.is_none() && self.alpn.is_empty()
    }
}

#[derive(Debug)]
pub enum CheckPort {
    Fixed(u16),
    Expr(Expr),
}

/// `http-check send`
#[derive(Clone, Debug)]
pub struct HttpSend {
    pub method: Arc<[u8]>,
    pub uri: Text,
    pub version: Arc<[u8]>,
    pub headers: Vec<(Arc<[u8]>, Text)>,
    pub body: Text,
}

impl Default for HttpSend {
    fn default() -> Self {
        Self {
            method: b"OPTIONS"[..].into(),
            uri: Text::Fixed(b"/"[..].into()),
            version: b"HTTP/1.0"[..].into(),
            headers: Vec::new(),
            body: Text::default(),
        }
    }
}

/// `expect`
#[derive(Debug)]
pub struct Expect {
    pub pattern: Pattern,
    pub negated: bool,
    /// Bytes that must have come; `None`: the wait ends with the match.
    pub min_recv: Option<usize>,
    /// Statuses of the check, where others than the pattern's own are asked for.
    pub ok: Option<CheckStatus>,
    pub error: Option<CheckStatus>,
    pub timeout: Option<CheckStatus>,
    pub on_success: Option<LogFormat>,
    pub on_error: Option<LogFormat>,
    pub code: Option<Expr>,
}

impl Expect {
    pub fn new(pattern: Pattern) -> Self {
        Self {
            pattern,
            negated: false,
            min_recv: None,
            ok: None,
            error: None,
            timeout: None,
            on_success: None,
            on_error: None,
            code: None,
        }
    }
}

#[derive(Debug)]
pub enum Pattern {
    String(Arc<[u8]>),
    Binary(Arc<[u8]>),
    Regex(Regexp),
    /// Over the hexadecimal form.
    BinaryRegex(Regexp),
    Format(LogFormat),
    /// Hexadecimal digits, once evaluated.
    BinaryFormat(LogFormat),
    /// `custom`, for which no line can name a function: whatever comes will do.
    Anything,
    /// From and to, both included.
    Status(Vec<(u16, u16)>),
    StatusRegex(Regexp),
    Header(Box<HeaderPattern>),
    Body(Arc<[u8]>),
    BodyRegex(Regexp),
    BodyFormat(LogFormat),
    /// A protocol's own reading of an answer.
    Reply(ReplyReader),
}

/// A reader of answers; it gets all that has come, and whether nothing more can come.
pub type ReplyReader = fn(&[u8], bool) -> hapax_proto::checks::Reply;

#[derive(Debug)]
pub struct HeaderPattern {
    pub name: StrMatch,
    pub value: Option<StrMatch>,
    /// `fhdr`: commas do not separate values.
    pub full: bool,
}

#[derive(Debug)]
pub enum StrMatch {
    Text(StrMethod, Text),
    Regex(Regexp),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StrMethod {
    Exact,
    Begins,
    Ends,
    Contains,
}
