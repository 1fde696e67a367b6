//! `server`, `default-server` and `server-template` lines (manual, 5.2): an address, then options, each a row of its own class.

use std::sync::{Arc, LazyLock};

use hapax_diag::{Diagnostic, Span};
use hapax_sample::Compile;
use hapax_syntax::{Environment, Word};
use hapax_value::{Endpoint, Millis};

use crate::args::{ArgValue, Args};
use crate::certs::CertStore;
use crate::codes;
use crate::dictionary::Index;
use crate::dispatch::run_row;
use crate::keyword::{Class, Keyword, Prefix, Sections, Version};
use crate::plan::{Agent, Check, Script, Server, ServerTls};
use crate::reader::{Reader, TlsDefaults};

mod basic;
mod check;
mod connect;
mod names;
mod rare;
mod tls;

pub(crate) use connect::{known_mux, use_source};

/// The class of `server` options.
pub struct ServerOption;

/// A row of a `server` option.
pub type ServerRow = Keyword<ServerOption>;

/// What the options of one `server` line fill.
pub struct ServerCx<'a> {
    pub draft: ServerDraft,
    /// `default-server`: some options are refused.
    pub is_default: bool,
    pub cx: Compile<'a>,
    pub certs: &'a mut CertStore,
    pub defaults: &'a TlsDefaults,
    pub env: &'a Environment,
    /// What stands in parentheses behind the option's name.
    pub glued: String,
    version: Option<Version>,
    experimental: bool,
}

impl<'a> ServerCx<'a> {
    pub fn new(reader: &'a mut Reader<'_>, draft: ServerDraft, is_default: bool) -> Self {
        let (version, experimental) = (reader.opts.for_version, reader.experimental);
        let (cx, certs, defaults, env) = reader.split();
        Self {
            draft,
            is_default,
            cx,
            certs,
            defaults,
            env,
            glued: String::new(),
            version,
            experimental,
        }
    }
}

/// The options of health checks, which count once `check` is given.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckDraft {
    pub on: bool,
    pub inter: Millis,
    pub fastinter: Option<Millis>,
    pub downinter: Option<Millis>,
    pub rise: u32,
    pub fall: u32,
    pub address: Option<Endpoint>,
    pub port: Option<u16>,
    pub send_proxy: bool,
    /// `check-ssl`, `no-check-ssl`; where not said, as the traffic.
    pub tls: Option<bool>,
    pub sni: Option<String>,
    pub sni_auto: bool,
    pub alpn: Vec<Vec<u8>>,
    pub via_socks4: bool,
    /// `check-reuse-pool`
    pub reuse_pool: bool,
    /// `check-pool-conn-name`
    pub pool_name: Option<Arc<str>>,
    /// An option says how checks connect.
    pub own_way: bool,
    /// `healthcheck`: the section that says how.
    pub named: Option<(Arc<str>, Span)>,
}

impl Default for CheckDraft {
    fn default() -> Self {
        Self {
            on: false,
            inter: 2000,
            fastinter: None,
            downinter: None,
            rise: 2,
            fall: 3,
            address: None,
            port: None,
            send_proxy: false,
            tls: None,
            sni: None,
            sni_auto: true,
            alpn: Vec::new(),
            via_socks4: false,
            reuse_pool: false,
            pool_name: None,
            own_way: false,
            named: None,
        }
    }
}

/// `agent-*`
#[derive(Clone, Debug, Default)]
pub struct AgentDraft {
    pub on: bool,
    pub port: u16,
    pub address: Option<Endpoint>,
    pub inter: Option<Millis>,
    pub send: Option<Arc<[u8]>>,
}

/// A way in which a name becomes an address at start (`init-addr`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitAddr {
    /// The address of the state file.
    Last,
    /// The system's resolver.
    Libc,
    /// No address is no error.
    None,
    Ip(std::net::IpAddr),
}

/// `resolvers` and its neighbours.
#[derive(Clone, Debug, Default)]
pub struct ResolveDraft {
    /// The section, and where it is named.
    pub section: Option<(Arc<str>, Span)>,
    pub wish: hapax_balance::names::Wish,
    pub ignore_weight: bool,
}

/// Options of a server; `default-server` hands them to the servers that follow.
#[derive(Clone, Debug)]
pub struct ServerDraft {
    pub server: Server,
    pub check: CheckDraft,
    pub ssl: bool,
    /// `ssl` was written, or the servers before start from it.
    pub ssl_known: bool,
    pub tls: ServerTls,
    pub track: Option<(Arc<str>, Span)>,
    /// Empty: as it is by default.
    pub init_addr: Vec<InitAddr>,
    pub agent: AgentDraft,
    pub resolve: ResolveDraft,
    /// It comes while the process runs: checks do not do as the traffic does unless told so.
    pub dynamic: bool,
    /// A `default-server` line made it what it is.
    pub given: bool,
}

impl Default for ServerDraft {
    fn default() -> Self {
        Self {
            server: Server {
                weight: 1,
                ..Server::default()
            },
            check: CheckDraft::default(),
            ssl: false,
            ssl_known: false,
            tls: ServerTls::default(),
            track: None,
            init_addr: Vec::new(),
            agent: AgentDraft::default(),
            resolve: ResolveDraft::default(),
            dynamic: false,
            given: false,
        }
    }
}

impl ServerDraft {
    /// The options of a server, for one that starts from it.
    pub fn of(server: &Server) -> Self {
        let mut check = CheckDraft {
            rise: server.rise,
            fall: server.fall,
            ..server.unused_check.as_deref().cloned().unwrap_or_default()
        };
        if let Some(c) = &server.check {
            check = CheckDraft {
                on: true,
                inter: c.inter,
                fastinter: c.fastinter,
                downinter: c.downinter,
                rise: c.rise,
                fall: c.fall,
                address: c.address.clone(),
                port: c.port,
                send_proxy: c.send_proxy,
                tls: Some(c.tls),
                sni: c.sni.clone(),
                sni_auto: c.sni_auto,
                alpn: c.alpn.clone(),
                via_socks4: c.via_socks4,
                reuse_pool: c.reuse_pool,
                pool_name: c.pool_name.clone(),
                own_way: false,
                named: check.named,
            };
        }
        let agent = server.agent.as_ref().map_or_else(AgentDraft::default, |a| AgentDraft {
            on: true,
            port: a.port,
            address: a.address.clone(),
            inter: Some(a.inter),
            send: Some(Arc::clone(&a.send)),
        });
        let mut draft = Self {
            server: Server {
                id: 0,
                address: None,
                hostname: None,
                port_offset: None,
                referenced: false,
                check: None,
                track: None,
                resolve: None,
                guid: None,
                cookie: server.cookie.clone().filter(|_| !server.cookie_made),
                cookie_made: false,
                ..server.clone()
            },
            check,
            ssl: server.tls_for_traffic,
            ssl_known: server.tls_for_traffic,
            tls: server.tls.as_deref().or(server.spare_tls.as_deref()).cloned().unwrap_or_default(),
            agent,
            init_addr: server.init_addr.clone(),
            resolve: server.resolve.as_ref().map_or_else(ResolveDraft::default, |r| ResolveDraft {
                section: Some((r.name.clone(), server.span)),
                wish: r.wish.clone(),
                ignore_weight: r.ignore_weight,
            }),
            ..Self::default()
        };
        if draft.server.agent.is_some() {
            draft.server.agent = None;
        }
        draft
    }

    /// Keeps the options of checks that have no effect on this server but may on those that start from it.
    pub fn keep_check(&mut self) {
        let kept = self.server.unused_check.as_deref();
        if self.check.on && self.check.named.is_none() || self.check == CheckDraft::default() {
            if kept.is_some() {
                self.server.unused_check = None;
            }
        } else if kept != Some(&self.check) {
            self.server.unused_check = Some(Arc::new(self.check.clone()));
        }
    }

    /// The server as the plan has it, but for what waits for the last line.
    pub fn finish(mut self) -> Server {
        self.keep_check();
        let mut server = self.server;
        server.id_given = server.id != 0;
        // Equal settings stay shared.
        if server.init_addr != self.init_addr {
            server.init_addr = self.init_addr;
        }
        server.rise = self.check.rise;
        server.fall = self.check.fall;
        if self.check.on {
            let c = &self.check;
            let alike = !self.dynamic && c.address.is_none() && c.port.is_none();
            let check = Check {
                inter: c.inter,
                fastinter: c.fastinter,
                downinter: c.downinter,
                rise: c.rise,
                fall: c.fall,
                address: c.address.clone(),
                port: c.port,
                // What the traffic does, where nothing else is said.
                send_proxy: c.send_proxy || (server.send_proxy > 0 && alike),
                tls: c.tls.unwrap_or(self.ssl && alike),
                sni: c.sni.clone(),
                sni_auto: c.sni_auto,
                alpn: c.alpn.clone(),
                via_socks4: c.via_socks4,
                reuse_pool: c.reuse_pool && !c.own_way && alike,
                pool_name: c.pool_name.clone(),
                script: Script::none(),
            };
            server.check = Some(check.into());
        }
        if self.agent.on {
            server.agent = Some(Agent {
                port: self.agent.port,
                address: self.agent.address,
                inter: self.agent.inter.unwrap_or(self.check.inter),
                send: self.agent.send.unwrap_or_default(),
            });
        }
        // `check-ssl` alone checks nothing, yet the settings must be sound.
        let check_tls = self.check.tls == Some(true) || server.check.as_ref().is_some_and(|c| c.tls);
        server.tls_for_traffic = self.ssl;
        server.tls_possible = self.ssl_known;
        if self.ssl_known || check_tls {
            server.tls = Some(Box::new(self.tls));
        } else if server.check.is_some() && !self.tls.is_plain() {
            // A step of the check may ask for it yet.
            server.spare_tls = Some(Box::new(self.tls));
        }
        server
    }
}

impl Class for ServerOption {
    type Cx<'a> = ServerCx<'a>;

    fn compile<'x>(cx: &'x mut ServerCx<'_>) -> Compile<'x> {
        crate::reader::reborrow(&mut cx.cx)
    }

    fn version(cx: &ServerCx<'_>) -> Option<Version> {
        cx.version
    }

    fn experimental(cx: &ServerCx<'_>) -> bool {
        cx.experimental
    }
}

/// Families of `server` options.
pub static ALL: &[&[ServerRow]] = &[basic::ROWS, rare::ROWS, check::ROWS, connect::ROWS, names::ROWS, tls::ROWS];

static INDEX: LazyLock<Index<ServerOption>> = LazyLock::new(|| Index::new(every_option()));

/// Every `server` option.
pub fn every_option() -> impl Iterator<Item = &'static ServerRow> {
    ALL.iter().flat_map(|rows| rows.iter())
}

/// Reads the options `words` of a line; `hint` ends the message about a word that no option has.
///
/// `fail` makes a refusal the line's own. What this machine lacks is told, and the reading goes on.
pub(crate) fn read_options(
    cx: &mut ServerCx<'_>,
    words: &[Word<'_>],
    line: Span,
    hint: &str,
    fail: impl Fn(Diagnostic) -> Diagnostic,
) -> Result<(), Diagnostic> {
    let mut rest = words;
    while let Some(first) = rest.first() {
        let Some(found) = INDEX.find(rest, Sections::SERVER) else {
            let shown = first.text();
            let message = match hapax_diag::suggest(&shown, INDEX.names(Sections::SERVER)) {
                Some(best) => format!("unknown keyword '{shown}'; did you mean '{best}' maybe ?{hint}"),
                None => format!("unknown keyword '{shown}'.{hint}"),
            };
            return Err(fail(Diagnostic::alert(&codes::UNKNOWN_KEYWORD, message).at(first.span)));
        };
        let after = &rest[found.words..];
        let taken = found.row.shape.arity(after);
        let mut args = Args {
            name: found.row.name,
            prefix: Prefix::None,
            span: first.span.to(rest[found.words - 1].span),
            line,
            words: &after[..taken],
            value: ArgValue::None,
        };
        let word = rest[found.words - 1].str();
        cx.glued.clear();
        cx.glued
            .push_str(word.split_once('(').map_or("", |(_, inner)| inner.trim_end_matches(')')));
        match run_row(cx, found.row, &mut args) {
            Err(d) if d.missing => cx.cx.diags.push(fail(d).or_at(line)),
            done => done.map_err(&fail)?,
        }
        rest = &after[taken..];
    }
    Ok(())
}
