//! What a fetch and a converter are: one row beside the function that does the work.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use bitflags::bitflags;
use hapax_value::{Support, Type, Value};

use crate::{Compile, Env, NameKind, NameRef};

bitflags! {
    /// Where a fetch's facts exist: one bit per column of HAProxy's own fetch matrix, in its order.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Needs: u32 {
        const FE_CONN   = 1 << 0;
        const FE_SESS   = 1 << 1;
        const FE_CONTENT= 1 << 2;
        const FE_HRQ_H  = 1 << 3;
        const FE_HRQ_B  = 1 << 4;
        const FE_SWITCH = 1 << 5;
        const BE_CONTENT= 1 << 6;
        const BE_HRQ_H  = 1 << 7;
        const BE_HRQ_B  = 1 << 8;
        const BE_SRV    = 1 << 9;
        const SRV_SRC   = 1 << 10;
        const BE_RES    = 1 << 11;
        const BE_HRS_H  = 1 << 12;
        const BE_HRS_B  = 1 << 13;
        const BE_STORE  = 1 << 14;
        const FE_RES    = 1 << 15;
        const FE_HRS_H  = 1 << 16;
        const FE_HRS_B  = 1 << 17;
        const LOG       = 1 << 18;
        const BE_CHECK  = 1 << 19;
        const CFG       = 1 << 20;
        const CLI       = 1 << 21;
        const ALL       = (1 << 22) - 1;

        /// Anywhere but in the configuration parser: the state of the process.
        const PROCESS   = Self::ALL.bits() & !Self::CFG.bits();
        /// Wherever a connection or a check is at hand: facts of layer 4.
        const LAYER4    = Self::ALL.bits() & !(Self::CFG.bits() | Self::CLI.bits());
        /// A client session at hand, up to its log.
        const SESSION   = Self::LAYER4.bits() & !Self::BE_CHECK.bits();
        /// From the session's start (after the handshakes) up to its log: facts of layer 5.
        const LAYER5    = Self::SESSION.bits() & !Self::FE_CONN.bits();
        /// A stream at hand, up to its log.
        const STREAM    = Self::LAYER5.bits() & !Self::FE_SESS.bits();
        /// While a request is handled.
        const REQUEST   = Self::FE_CONTENT.bits() | Self::FE_HRQ_H.bits() | Self::FE_HRQ_B.bits() | Self::FE_SWITCH.bits()
            | Self::BE_CONTENT.bits() | Self::BE_HRQ_H.bits() | Self::BE_HRQ_B.bits() | Self::BE_SRV.bits() | Self::SRV_SRC.bits();
        /// While a response is handled, or a check's answer.
        const RESPONSE  = Self::BE_RES.bits() | Self::BE_HRS_H.bits() | Self::BE_HRS_B.bits() | Self::BE_STORE.bits()
            | Self::FE_RES.bits() | Self::FE_HRS_H.bits() | Self::FE_HRS_B.bits() | Self::BE_CHECK.bits();
        /// While a request or a response is handled.
        const MESSAGE   = Self::REQUEST.bits() | Self::RESPONSE.bits();
        /// From the response on.
        const SERVER_SIDE = Self::RESPONSE.bits() | Self::LOG.bits();
        /// Once a server was chosen.
        const SERVER    = Self::SERVER_SIDE.bits() | Self::SRV_SRC.bits();
        /// From the server's choice up to the log.
        const TRANSFER  = (Self::SERVER.bits() | Self::BE_SRV.bits()) & !Self::BE_CHECK.bits();
        /// Once a backend was chosen.
        const BACKEND   = Self::SERVER.bits() | Self::BE_CONTENT.bits() | Self::BE_HRQ_H.bits() | Self::BE_HRQ_B.bits()
            | Self::BE_SRV.bits();
    }
}

impl Needs {
    /// What the place is called in messages; the first one where there are several.
    pub fn rule_name(self) -> &'static str {
        let bit = self.bits().trailing_zeros() as usize;
        RULE_NAMES.get(bit).copied().unwrap_or("nowhere")
    }
}

/// What the bits are called in messages, in their order.
const RULE_NAMES: [&str; 22] = [
    "frontend tcp-request connection rule",
    "frontend tcp-request session rule",
    "frontend tcp-request content rule",
    "frontend http-request header rule",
    "frontend http-request body rule",
    "frontend use-backend rule",
    "backend tcp-request content rule",
    "backend http-request header rule",
    "backend http-request body rule",
    "backend use-server, balance or stick-match rule",
    "server source selection",
    "backend tcp-response content rule",
    "backend http-response header rule",
    "backend http-response body rule",
    "backend stick-store rule",
    "frontend tcp-response content rule",
    "frontend http-response header rule",
    "frontend http-response body rule",
    "logs",
    "backend tcp-check rule",
    "configuration parser",
    "CLI parser",
];

/// Why a sample has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// There is none and there will be none for this message.
    Never,
    /// More bytes are needed before it is known (HAProxy's "may change"): a content rule waits.
    NotYet,
}

/// What an evaluation gives.
pub type Sampled<'e> = Result<Value<'e>, Absent>;

/// The kinds of argument a row declares; the last ones may be optional.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgKind {
    Str,
    Sint,
    Time,
    Size,
    Ipv4,
    Ipv6,
    Mask4,
    Mask6,
    Frontend,
    Backend,
    Table,
    Server,
    Userlist,
    /// An ACL, maybe with `!` before it.
    Acl,
    Regex,
    Var,
    /// Field numbers of a Protocol Buffers message, dotted; compiled like [`Self::Str`], parsed by the row's check.
    PbField,
    /// One of these words; becomes its index as [`Arg::Int`].
    Choice(&'static [&'static str]),
}

/// A compiled argument.
#[derive(Clone, Debug)]
pub enum Arg {
    /// An optional argument that was left out or is empty.
    None,
    Str(Arc<[u8]>),
    Int(i64),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
    /// A frontend, backend, table, server or user list, known by its index once the whole file is read.
    Name(Arc<NameRef>),
    Regex(Arc<crate::regexp::Regexp>),
    Var(crate::vars::VarId),
    /// What a row's own `check` function made of its words.
    Custom(Arc<dyn std::any::Any + Send + Sync>),
}

/// Position inside a sample that has several values (`hdr`, `cook`, `urlp`): an ACL tries them one by one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Iter {
    /// Which occurrence is asked for, from 0; the fetch may keep any cursor here.
    pub at: usize,
    /// Set by the fetch when another call may give another value.
    pub more: bool,
    /// Set by the fetch when more bytes may change the value it gave: a mismatch is not final.
    pub may_change: bool,
    /// The caller tries every occurrence. Where it does not, fetches of repeated things give the last one.
    pub each: bool,
}

/// Looks at typed arguments once at load; may replace them, and load what they name. The error is in words for the user.
pub type Check = fn(&mut Vec<Arg>, &mut Compile<'_>) -> Result<(), String>;

/// The work of a fetch.
pub type Eval = for<'e> fn(&mut Call<'_, 'e>) -> Sampled<'e>;

/// One evaluation of a fetch.
pub struct Call<'c, 'e> {
    pub args: &'e [Arg],
    pub env: &'e Env<'e>,
    pub iter: &'c mut Iter,
    /// The keyword as written (rows may serve families such as `sc0_*`).
    pub name: &'static str,
}

impl<'e> Call<'_, 'e> {
    /// The argument at `i`, where it was given.
    pub fn arg(&self, i: usize) -> &'e Arg {
        self.args.get(i).unwrap_or(&Arg::None)
    }

    /// A text argument; `None` where it was left out.
    pub fn text(&self, i: usize) -> Option<&'e [u8]> {
        match self.arg(i) {
            Arg::Str(s) => Some(s),
            _ => None,
        }
    }

    pub fn int(&self, i: usize) -> Option<i64> {
        match self.arg(i) {
            Arg::Int(n) => Some(*n),
            _ => None,
        }
    }

    /// What a deferred name turned out to be.
    pub fn name_id(&self, i: usize) -> Option<u64> {
        match self.arg(i) {
            Arg::Name(n) if n.means_the_proxy_at_hand() => {
                let here = match n.kind {
                    NameKind::Frontend => Some(self.env.sess.frontend),
                    _ => self.env.backend(),
                };
                here.map(|p| u64::from(p.0))
            }
            Arg::Name(n) => n.id.get().copied(),
            _ => None,
        }
    }
}

/// Words of fetches that look at bytes rather than at a head.
const BUFFERED: [&str; 6] = ["len", "payload", "rdp_cookie", "ssl_hello", "ssl_sni", "ssl_ver"];

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Debug for Converter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A sample fetch (manual, 7.3.2 to 7.3.7).
#[derive(Clone, Copy)]
pub struct Fetch {
    pub name: &'static str,
    pub args: &'static [ArgKind],
    /// How many of `args` must be given.
    pub required: usize,
    pub out: Type,
    pub needs: Needs,
    /// One or two sentences of our own; the reference page is made of them.
    pub doc: &'static str,
    pub ok: &'static [&'static str],
    pub bad: &'static [&'static str],
    pub support: Support,
    /// See [`Fetch::steady`].
    pub steady: bool,
    /// Looks at the typed arguments once at load and may replace them.
    pub check: Option<Check>,
    pub eval: Eval,
}

impl Fetch {
    /// A row without arguments, fully supported; the methods below change that.
    pub const fn new(name: &'static str, out: Type, needs: Needs, doc: &'static str, eval: Eval) -> Self {
        Self {
            name,
            args: &[],
            required: 0,
            out,
            needs,
            doc,
            ok: &[],
            bad: &[],
            support: Support::Full,
            steady: false,
            check: None,
            eval,
        }
    }

    #[must_use]
    pub const fn args(mut self, args: &'static [ArgKind], required: usize) -> Self {
        self.args = args;
        self.required = required;
        self
    }

    /// Expressions that must and must not compile.
    #[must_use]
    pub const fn cases(mut self, ok: &'static [&'static str], bad: &'static [&'static str]) -> Self {
        self.ok = ok;
        self.bad = bad;
        self
    }

    #[must_use]
    pub const fn check(mut self, check: Check) -> Self {
        self.check = Some(check);
        self
    }

    #[must_use]
    pub const fn support(mut self, support: Support) -> Self {
        self.support = support;
        self
    }

    /// Gives the same however often it is asked, at little cost, and changes nothing: rules side by side may share one answer.
    #[must_use]
    pub const fn steady(mut self) -> Self {
        self.steady = true;
        self
    }

    /// What the facts are part of, in the words of HAProxy's messages.
    pub fn source(&self) -> &'static str {
        let (buffered, response) = (BUFFERED.iter().any(|w| self.name.contains(w)), self.name.starts_with("res"));
        match self.needs {
            Needs::REQUEST if buffered => "request buffer",
            Needs::REQUEST => "HTTP request headers",
            Needs::RESPONSE if buffered => "response buffer",
            Needs::RESPONSE => "HTTP response headers",
            Needs::LAYER5 => "client-side connection",
            _ if self.name.starts_with("srv_") => "server",
            _ if self.name.starts_with("be_") || self.name.starts_with("cur_") => "backend",
            _ if self.name.ends_with("status") || response || self.name.starts_with("capture.res") => "HTTP response",
            Needs::SERVER_SIDE | Needs::SERVER | Needs::BACKEND | Needs::TRANSFER => "server address",
            _ => "internal state",
        }
    }

    /// It looks at the bytes of a connection before any protocol is spoken.
    pub fn reads_bytes(&self) -> bool {
        const PARTS: [&str; 4] = ["payload", "rdp_cookie", "ssl_hello", "distcc_"];
        const STARTS: [&str; 2] = ["req.ssl_", "req_ssl_"];
        matches!(self.name, "req.len" | "req_len" | "res.len")
            || PARTS.iter().any(|part| self.name.contains(part))
            || STARTS.iter().any(|start| self.name.starts_with(start))
    }

    /// The same work under another name.
    #[must_use]
    pub const fn alias(mut self, name: &'static str) -> Self {
        self.name = name;
        self.ok = &[];
        self.bad = &[];
        self
    }
}

/// A converter (manual, 7.3.1).
#[derive(Clone, Copy)]
pub struct Converter {
    pub name: &'static str,
    pub args: &'static [ArgKind],
    pub required: usize,
    pub from: Type,
    pub to: Type,
    pub doc: &'static str,
    pub ok: &'static [&'static str],
    pub bad: &'static [&'static str],
    pub support: Support,
    /// Looks at the typed arguments once at load and may replace them: reads maps, names variables, compiles.
    pub check: Option<Check>,
    pub eval: for<'e> fn(&'e [Arg], Value<'e>, &'e Env<'e>) -> Sampled<'e>,
}
