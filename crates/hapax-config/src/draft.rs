//! A proxy while its lines are read: the plan's [`Proxy`] as far as it is known, and the names that wait for the last line.

use std::collections::HashMap;
use std::sync::Arc;

use hapax_diag::{Diagnostic, Span};
use hapax_rules::{RuleSets, Side, Site};
use hapax_sample::acl::{AclSet, Condition};
use hapax_value::Endpoint;

use crate::keyword::{Sections, Version};
use crate::plan::{Balance, Bind, BindTls, CopyOnWrite, Global, LogKind, Proxy, ProxyCaps, Script};
use crate::server::ServerDraft;
use crate::topic::alerts::AlertsDraft;
use crate::topic::checks::CheckRules;
use crate::topic::errors::PendingErrors;
use crate::topic::server_state::StateFrom;

/// A log-format string as written; compiled once the proxy is known in full.
#[derive(Clone, Debug)]
pub struct FormatText {
    pub text: Arc<[u8]>,
    pub span: Span,
}

/// The log formats of a proxy as written.
#[derive(Clone, Debug, Default)]
pub struct FormatTexts {
    pub main: Option<FormatText>,
    pub sd: Option<FormatText>,
    pub error: Option<FormatText>,
    pub unique_id: Option<FormatText>,
    /// Which line asked for the traffic log's format last, for warnings.
    pub asked: Option<Span>,
}

/// `use_backend` before its name is resolved.
#[derive(Clone, Debug)]
pub struct PendingSwitch {
    pub name: Arc<[u8]>,
    pub cond: Option<Arc<Condition>>,
    pub span: Span,
    pub name_span: Span,
}

crate::plan::usual!(FormatTexts, CheckRules, AlertsDraft);

/// A frontend, backend, listen or defaults section as far as it is read.
#[derive(Debug)]
pub struct Draft {
    pub proxy: Proxy,
    /// The one bit of its kind of section.
    pub kind: Sections,
    /// The `defaults` section it starts from, in the reader's list.
    pub parent: usize,
    /// What rules may ask of the section, and the capture slots they add.
    pub site: Site,
    pub acls: AclSet,
    pub default_backend: Option<(Arc<str>, Span)>,
    pub switching: Vec<PendingSwitch>,
    pub use_server: Vec<PendingSwitch>,
    pub server_names: HashMap<Arc<str>, u32>,
    /// Options that the servers of the section start from.
    pub default_server: Arc<ServerDraft>,
    /// The same by the name that `default-server` lines give them.
    pub named_servers: Vec<(Arc<str>, Arc<ServerDraft>)>,
    /// What servers wait for: indices by server.
    pub tracks: Vec<(usize, String, Span)>,
    /// `healthcheck` sections of servers, by the same.
    pub named_checks: Vec<(usize, Arc<str>, Span)>,
    /// `resolvers` sections of servers, by the same.
    pub named_resolvers: Vec<(usize, Arc<str>, Span)>,
    /// Servers that take their address from a state file, where one has it; else this is told.
    pub last_addresses: Vec<(usize, Option<Diagnostic>)>,
    pub formats: CopyOnWrite<FormatTexts>,
    /// How its servers are checked.
    pub checks: CopyOnWrite<CheckRules>,
    /// The word after `balance`, for checks that depend on the proxy's mode.
    pub balance_name: Option<(Arc<str>, Span)>,
    /// `dispatch`, and where it stands; `option transparent`
    pub dispatch: Option<(Endpoint, Span)>,
    pub transparent: bool,
    /// Where words stand that only HTTP proxies act on, told if the proxy is none.
    pub asked: HashMap<&'static str, Span>,
    /// Of a `defaults` section with rules: the kind of proxy that has taken them over last.
    pub rules_used_by: Option<Sections>,
    /// How many rules of each set came from `defaults`.
    pub inherited_rules: Vec<(RuleSets, usize)>,
    /// `errorfiles`, until every section is known.
    pub pending_errors: Vec<PendingErrors>,
    /// Addresses that ask for QUIC.
    pub quic: Vec<Span>,
    /// `load-server-state-from-file`, `server-state-file-name`
    pub state_from: StateFrom,
    pub state_file: Option<Arc<str>>,
    /// A `mode` line of its own, or of its `defaults`.
    pub mode_given: bool,
    /// A `defaults` section that a heading names after `from`, and one that another heading uses by standing after it.
    pub named_by: bool,
    pub followed_by: bool,
    /// Ids given by `id` lines.
    pub id: Option<(u32, Span)>,
    /// `email-alert`
    pub alerts: CopyOnWrite<AlertsDraft>,
    /// `filter-sequence` for requests and for responses: the names as written.
    pub filter_sequence: [Option<(Arc<str>, Span)>; 2],
}

/// A `peers` section as far as it is read: its listener and its peers are kept as those of a proxy.
#[derive(Debug, Default)]
pub struct PeersDraft {
    pub draft: Draft,
    pub span: Span,
    pub disabled: bool,
    pub shards: u32,
    /// The local peer: its place among the servers, and its line.
    pub local: Option<(usize, Span)>,
    /// A `bind` line with an address, and a `peer` line, were read.
    pub bound: Option<Span>,
    pub peer_line: bool,
    /// What `default-bind` and `bind` say of the listener.
    pub listener: (Bind, BindTls, bool),
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            proxy: Proxy::default(),
            kind: Sections::DEFAULTS,
            parent: 0,
            site: Site::new("", Side::DEFAULTS),
            acls: AclSet::default(),
            default_backend: None,
            switching: Vec::new(),
            use_server: Vec::new(),
            server_names: HashMap::new(),
            default_server: Arc::default(),
            named_servers: Vec::new(),
            tracks: Vec::new(),
            named_checks: Vec::new(),
            named_resolvers: Vec::new(),
            last_addresses: Vec::new(),
            formats: CopyOnWrite::default(),
            checks: CopyOnWrite::default(),
            balance_name: None,
            dispatch: None,
            transparent: false,
            asked: HashMap::new(),
            rules_used_by: None,
            inherited_rules: Vec::new(),
            pending_errors: Vec::new(),
            quic: Vec::new(),
            state_from: StateFrom::None,
            state_file: None,
            mode_given: false,
            named_by: false,
            followed_by: false,
            id: None,
            alerts: CopyOnWrite::default(),
            filter_sequence: [None, None],
        }
    }
}

impl Draft {
    /// Where the section's own rules begin, after those of its `defaults`.
    pub(crate) fn own_rules(&self, set: RuleSets) -> usize {
        self.inherited_rules.iter().find(|(s, _)| *s == set).map_or(0, |(_, n)| *n)
    }

    /// What every `defaults` section starts from: HAProxy's built-in values in that version, and the command line's `maxconn`.
    pub fn initial(maxconn: Option<u32>, version: Option<Version>) -> Self {
        Self {
            proxy: Proxy {
                caps: ProxyCaps::all(),
                retries: 3,
                max_held: 5,
                options: crate::plan::Options::ABORTONCLOSE,
                maxconn: maxconn.unwrap_or(0),
                log_kind: LogKind::Default,
                balance: Balance::unsaid(version),
                ..Proxy::default()
            },
            ..Self::default()
        }
    }

    /// A new section that starts from `defaults`, each topic handing over its own piece.
    pub fn inherit(kind: Sections, name: Arc<str>, span: Span, defaults: &Self) -> Self {
        let (caps, side) = match kind {
            Sections::FRONTEND => (ProxyCaps::FRONTEND, Side::FRONTEND),
            Sections::BACKEND => (ProxyCaps::BACKEND, Side::BACKEND),
            Sections::DEFAULTS => (ProxyCaps::all(), Side::DEFAULTS),
            _ => (ProxyCaps::all(), Side::FRONTEND | Side::BACKEND),
        };
        let mut draft = Self {
            kind,
            site: Site::new(name.clone(), side),
            ..Self::default()
        };
        draft.proxy.name = name;
        draft.proxy.span = span;
        draft.proxy.caps = caps;
        draft.proxy.check_script = Script::none();
        for topic in crate::topic::ALL {
            (topic.inherit)(&mut draft, defaults);
        }
        draft
    }

    /// `frontend`, `backend` or `proxy` (a listen), `defaults`: as messages name it.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            Sections::FRONTEND => "frontend",
            Sections::BACKEND => "backend",
            Sections::DEFAULTS => "defaults",
            _ => "proxy",
        }
    }

    pub fn is_front(&self) -> bool {
        self.proxy.caps.contains(ProxyCaps::FRONTEND)
    }

    pub fn is_back(&self) -> bool {
        self.proxy.caps.contains(ProxyCaps::BACKEND)
    }

    pub fn is_defaults(&self) -> bool {
        self.kind == Sections::DEFAULTS
    }
}

/// The `global` section's built-in values.
pub fn initial_global() -> Global {
    Global {
        bufsize: 16384,
        maxrewrite: 1024,
        logged_line: hapax_sample::StreamFacts::LINE_KEPT,
        maxhdr: 101,
        cookielen: 64,
        comp_level: 1,
        comp_cpu: 100,
        peers_updates_at_once: 200,
        share_idle: true,
        pool_low_fds: 20,
        pool_high_fds: 25,
        ..Global::default()
    }
}
