//! What the setters of section keywords fill: the configuration as far as it is read.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::Arc;

use hapax_diag::{Diagnostic, Diagnostics, FileId, Span};
use hapax_rules::errors::Pages;
use hapax_rules::{Rule, RuleSets, Site, parse_rule, parse_static_redirect};
use hapax_sample::acl::{AclSet, Condition, Token};
use hapax_sample::expr::Expr;
use hapax_sample::logformat::LogFormat;
use hapax_sample::pattern::PatternRefs;
use hapax_sample::vars::VarNames;
use hapax_sample::{Compile, Deferred, Files, NameKind, Needs, Wanted, registry};
use hapax_syntax::Environment;
use hapax_value::Endpoint;

use crate::address::{Address, Host};
use crate::args::Args;
use crate::certs::CertStore;
use crate::codes;
use crate::draft::{Draft, PeersDraft};
use crate::keyword::{Class, Sections, Version};
use crate::load::LoadOptions;
use crate::paths::RelativeFiles;
use crate::plan::{BindTls, Global, LogForward, LogProfile, Mailers, Ring, ServerTls, StickTable, Userlist};
use crate::section::SectionRow;
use crate::topic::checks::CheckRules;
use crate::topic::resolvers::ResolversDraft;
use crate::topic::userlist::Membership;

/// The class of section keywords.
pub struct Section;

impl Class for Section {
    type Cx<'a> = Reader<'a>;

    fn compile<'x>(cx: &'x mut Reader<'_>) -> Compile<'x> {
        cx.compile()
    }

    fn version(cx: &Reader<'_>) -> Option<Version> {
        cx.opts.for_version
    }

    fn experimental(cx: &Reader<'_>) -> bool {
        cx.experimental
    }
}

/// Which draft the lines go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Current {
    /// A section that is no proxy, or none yet.
    #[default]
    Other,
    Defaults(usize),
    Proxy(usize),
    Peers(usize),
}

/// A section that was started, in the order of the files.
#[derive(Clone, Debug)]
pub struct Started {
    pub row: &'static SectionRow,
    pub name: Arc<str>,
    pub span: Span,
}

/// The configuration while its lines are read.
pub struct Reader<'a> {
    pub files: &'a dyn Files,
    /// The same door, for the word that says what relative names start from.
    pub paths: &'a RelativeFiles<'a>,
    pub opts: &'a LoadOptions,
    pub diags: Diagnostics,
    pub deferred: Deferred,
    pub vars: VarNames,
    pub refs: PatternRefs,
    /// What expressions ask to be gathered.
    pub wanted: Wanted,
    /// Variables, as `setenv` and its kin leave them for the lines that follow.
    pub env: Environment,
    /// Names of the files, by their id.
    pub file_names: Vec<String>,
    pub certs: CertStore,
    pub tls: TlsDefaults,
    pub global: Global,
    /// A Lua script is loaded.
    pub scripts: bool,
    /// `expose-experimental-directives` was read.
    pub experimental: bool,
    /// `tune.stick-counters`
    pub counters: u8,
    /// The shortest and the longest time between fetches of an OCSP response, in seconds.
    pub(crate) ocsp_delays: (i64, i64),
    /// ACLs of the `fcgi-app` section.
    pub(crate) app_acls: AclSet,
    /// Keywords of the section, with their first arguments, where its end asks for them.
    pub(crate) words_said: Vec<(&'static str, String, Span)>,
    /// Words of `global` whose first value counts, and the lines that gave it.
    pub(crate) given_once: Vec<(&'static str, Span)>,
    /// `tune.defaults.purge`: no backend starts from a `defaults` section while the process runs.
    pub defaults_purged: bool,
    /// `insecure-fork-wanted` was read.
    pub fork_wanted: bool,
    /// `limited-quic` was read: QUIC addresses are let through.
    pub limited_quic: bool,
    /// Every `defaults` section, after the built-in one.
    pub defaults: Vec<Draft>,
    pub proxies: Vec<Box<Draft>>,
    pub peers: Vec<PeersDraft>,
    /// Our own name among peers.
    pub local_peer: Arc<str>,
    /// Proxies by name; a name may be held by one frontend side and one backend side.
    pub proxy_names: HashMap<Arc<str>, Vec<usize>>,
    /// Proxies by the number their `id` line gives.
    pub proxy_ids: HashMap<u32, usize>,
    pub(crate) guids: crate::guid::Guids,
    /// What stands in parentheses behind the keyword of this line.
    pub(crate) glued: String,
    /// Addresses that `bind` lines took: by which proxy, and where.
    pub bound: HashMap<Endpoint, (usize, Span)>,
    pub userlists: Vec<Userlist>,
    /// Who is in which group, until every line is read.
    pub memberships: Vec<Membership>,
    /// Stick tables by name: a proxy's is named after it, one of a peers section is `peers/table`.
    pub tables: Vec<StickTable>,
    /// `http-errors` sections by name, in the order that replies know them by.
    pub error_sections: Vec<(Arc<str>, Pages)>,
    /// The `log-profile` sections, in their order.
    pub log_profiles: Vec<LogProfile>,
    /// The `ring` sections and those that stream targets make, and the `log-forward` sections.
    pub rings: Vec<Ring>,
    pub log_forwards: Vec<LogForward>,
    /// `healthcheck` sections by name.
    pub healthchecks: Vec<(Arc<str>, CheckRules)>,
    /// The `resolvers` sections, and where their name servers were named.
    pub(crate) resolvers: Vec<ResolversDraft>,
    pub mailers: Vec<Mailers>,
    pub current: Current,
    pub started: Vec<Started>,
    /// The first section of each kind and name.
    headings: HashMap<(Sections, Arc<str>), Span>,
    /// The last heading was not understood, and whether that is so from the next line on.
    pub(crate) lost: bool,
    pub(crate) lost_now: bool,
    /// Where the section that has the kind and the name of the one being read stands.
    same_heading: Option<Span>,
    /// Where the `defaults` that implicit proxies use stands in `defaults`.
    pub last_defaults: usize,
    /// How often it was asked whether there is room for more, and whether there is none left.
    asked_for_room: u32,
    full: bool,
    /// That there is none left is because of the number of listeners or servers of one section.
    too_many: bool,
    /// Unknown names for which a near one is still looked for: that takes as long as there are names.
    hints_left: u32,
}

/// Lines, and things made by one line, after which it is asked once whether there is room for more.
const ROOM_STRIDE: u32 = 16;
/// Listeners or servers of one section: far more than a process may have descriptors for.
const MOST_OF_A_KIND: usize = 500_000;
/// Unknown names of proxies that get a "did you mean".
const HINTS: u32 = 100;

impl<'a> Reader<'a> {
    pub fn new(files: &'a RelativeFiles<'a>, opts: &'a LoadOptions) -> Self {
        let mut refs = PatternRefs::default();
        if opts.lacking.is_some() {
            refs.bear_absence();
        }
        Self {
            files,
            paths: files,
            opts,
            diags: Diagnostics::default(),
            deferred: Deferred::default(),
            vars: VarNames::default(),
            refs,
            wanted: Wanted::default(),
            env: opts.env.clone(),
            file_names: Vec::new(),
            certs: CertStore::default(),
            tls: TlsDefaults::default(),
            global: crate::draft::initial_global(),
            experimental: false,
            scripts: false,
            counters: 3,
            ocsp_delays: (300, 3600),
            app_acls: AclSet::default(),
            words_said: Vec::new(),
            given_once: Vec::new(),
            defaults_purged: false,
            fork_wanted: false,
            limited_quic: false,
            defaults: vec![Draft::initial(opts.proxy_maxconn, opts.for_version)],
            proxies: Vec::new(),
            peers: Vec::new(),
            local_peer: own_name(opts),
            proxy_names: HashMap::new(),
            proxy_ids: HashMap::new(),
            guids: crate::guid::Guids::default(),
            glued: String::new(),
            bound: HashMap::new(),
            userlists: Vec::new(),
            memberships: Vec::new(),
            tables: Vec::new(),
            error_sections: Vec::new(),
            log_profiles: Vec::new(),
            rings: Vec::new(),
            log_forwards: Vec::new(),
            healthchecks: Vec::new(),
            resolvers: Vec::new(),
            mailers: Vec::new(),
            current: Current::Other,
            started: Vec::new(),
            headings: HashMap::new(),
            same_heading: None,
            lost: false,
            lost_now: false,
            last_defaults: 0,
            asked_for_room: 0,
            full: false,
            too_many: false,
            hints_left: HINTS,
        }
    }

    /// No more is to be made: there is no memory for it. To be asked for each line, and for each thing where a line makes many.
    pub(crate) fn is_full(&mut self) -> bool {
        self.asked_for_room = self.asked_for_room.wrapping_add(1);
        if !self.full && self.asked_for_room.is_multiple_of(ROOM_STRIDE) {
            self.full = self.opts.full.is_some_and(|full| full());
        }
        self.full
    }

    /// As [`is_full`](Self::is_full), where one line makes many things of a kind and `made` are there: where memory counts, so many
    /// that their list takes much of it when it grows are too many.
    pub(crate) fn is_full_of(&mut self, made: usize) -> bool {
        self.too_many |= made >= MOST_OF_A_KIND && self.opts.full.is_some();
        self.full |= self.too_many;
        self.is_full()
    }

    pub(crate) fn tell_full(&mut self, at: Span) {
        if self.too_many {
            let message = format!("the line makes more than {MOST_OF_A_KIND} listeners or servers; the configuration was read up to here.");
            let d = Diagnostic::alert(&codes::TOO_LARGE, message).at(at);
            self.diags
                .push(d.help("look for a range with a digit too many: no process has descriptors for so many"));
            return;
        }
        let message = "the configuration takes more memory than a check may use; it was read up to here.";
        let d = Diagnostic::alert(&codes::TOO_LARGE, message).at(at);
        self.diags.push(d.help("give the check more with --memory"));
    }

    /// The name nearest to an unknown one; not for all of very many.
    pub(crate) fn hint<'n>(&mut self, name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
        self.hints_left = self.hints_left.checked_sub(1)?;
        hapax_diag::suggest(name, known)
    }

    /// The section being read.
    pub fn section(&self) -> Option<&'static SectionRow> {
        self.started.last().map(|s| s.row)
    }

    /// Name of the section being read (`""` where it has none).
    pub fn section_name(&self) -> Arc<str> {
        self.started.last().map_or_else(|| Arc::from(""), |s| s.name.clone())
    }

    /// Where another section of the kind and the name of the one being read stands.
    pub(crate) fn same_heading(&self) -> Option<Span> {
        self.same_heading
    }

    /// The first argument of the last line of the section that began with this keyword.
    pub(crate) fn said(&self, keyword: &str) -> Option<(&str, Span)> {
        let line = self.words_said.iter().rfind(|(k, ..)| *k == keyword);
        line.map(|(_, word, at)| (word.as_str(), *at))
    }

    /// The proxy being read. Rows of proxy sections are only called inside one; elsewhere it is the built-in defaults.
    pub fn proxy(&mut self) -> &mut Draft {
        match self.current {
            Current::Proxy(i) => &mut self.proxies[i],
            Current::Defaults(i) => &mut self.defaults[i],
            Current::Peers(i) => &mut self.peers[i].draft,
            Current::Other => &mut self.defaults[0],
        }
    }

    /// What compiling an expression needs.
    pub fn compile(&mut self) -> Compile<'_> {
        let within = match self.current {
            Current::Proxy(i) => Some(self.proxies[i].proxy.name.clone()),
            _ => None,
        };
        Compile {
            files: self.files,
            diags: &mut self.diags,
            deferred: &mut self.deferred,
            within,
            vars: &mut self.vars,
            refs: &mut self.refs,
            wanted: &mut self.wanted,
            version: self.opts.for_version,
        }
    }

    /// The condition that starts at argument `from`, with the proxy's ACLs; `None` where the line ends before it.
    pub(crate) fn condition(&mut self, a: &Args<'_>, from: usize) -> Result<Option<Arc<Condition>>, Diagnostic> {
        if a.len() <= from {
            return Ok(None);
        }
        let acls = std::mem::take(&mut self.proxy().acls);
        let cond = Condition::parse(&a.tokens(from), &acls, &mut self.compile());
        self.proxy().acls = acls;
        cond.map(Some)
    }

    /// The expression that starts at argument `from`, whose converters may stand in words of their own, and where it ends.
    pub(crate) fn expr(&mut self, a: &Args<'_>, from: usize) -> Result<(Expr, usize), Diagnostic> {
        let mut text = a.bytes(from).to_vec();
        let mut next = from + 1;
        while registry::converter(a.str(next).split(['(', ',']).next().unwrap_or("")).is_some() {
            if text.last() != Some(&b',') {
                text.push(b',');
            }
            text.extend_from_slice(a.bytes(next));
            next += 1;
        }
        Ok((Expr::compile(&text, a.at(from), &mut self.compile())?, next))
    }

    /// A text format of a check.
    pub(crate) fn check_format(&mut self, text: &[u8], at: Span) -> Result<LogFormat, Diagnostic> {
        let made = LogFormat::compile_text(text, at, &mut self.compile())?;
        placed(made, Needs::BE_CHECK, at)
    }

    /// What compiling an expression of the proxy `name` needs, once all lines are read.
    pub(crate) fn compile_for(&mut self, name: &Arc<str>) -> Compile<'_> {
        Compile {
            within: Some(name.clone()),
            ..self.compile()
        }
    }

    /// One rule of the section being read: `words` starts at the action.
    pub(crate) fn rule(&mut self, set: RuleSets, words: &[Token<'_>], line: Span) -> Result<Rule, Diagnostic> {
        self.with_site(|acls, site, cx| parse_rule(set, words, acls, site, cx, line))
    }

    /// The rule of a `redirect` line, whose texts hold no log-format. `words[0]` stands for the action.
    pub(crate) fn static_redirect(&mut self, words: &[Token<'_>], line: Span) -> Result<Rule, Diagnostic> {
        self.with_site(|acls, site, cx| parse_static_redirect(words, acls, site, cx, line))
    }

    /// Calls `parse` with the section as rules see it.
    fn with_site<R>(&mut self, parse: impl FnOnce(&AclSet, &mut Site, &mut Compile<'_>) -> R) -> R {
        let (experimental, scripts, counters) = (self.experimental, self.scripts, self.counters);
        let (bufsize, maxrewrite) = (self.global.bufsize, self.global.maxrewrite);
        let draft = self.proxy();
        let acls = std::mem::take(&mut draft.acls);
        let mut site = draft.site.clone();
        site.experimental = experimental;
        site.scripts = scripts;
        site.bufsize = bufsize;
        site.maxrewrite = maxrewrite;
        site.counters = counters;
        let made = parse(&acls, &mut site, &mut self.compile());
        let draft = self.proxy();
        draft.acls = acls;
        draft.site = site;
        made
    }

    /// The compilation context and, apart from it, what options of `bind` and `server` lines need beside it.
    pub(crate) fn split(&mut self) -> (Compile<'_>, &mut CertStore, &TlsDefaults, &Environment) {
        let within = match self.current {
            Current::Proxy(i) => Some(self.proxies[i].proxy.name.clone()),
            _ => None,
        };
        let cx = Compile {
            files: self.files,
            diags: &mut self.diags,
            deferred: &mut self.deferred,
            within,
            vars: &mut self.vars,
            refs: &mut self.refs,
            wanted: &mut self.wanted,
            version: self.opts.for_version,
        };
        (cx, &mut self.certs, &self.tls, &self.env)
    }

    /// The endpoint of an address, its name looked up, its descriptor there. `None`: it is none that this machine could reach, and
    /// that was told, after `head`.
    pub(crate) fn resolve(&mut self, address: &Address, text: &str, at: Span, head: &str) -> Result<Option<Endpoint>, Diagnostic> {
        match lookup(self.files, address, text, at) {
            Ok(ip) => Ok(address.endpoint(ip)),
            Err(d) if d.missing => {
                self.diags.push(d.prefixed(head));
                Ok(None)
            }
            Err(d) => Err(d.prefixed(head)),
        }
    }

    /// ACLs that the section's expressions call by name.
    fn resolve_acls(&mut self) {
        if self.deferred.iter().any(|n| n.kind == NameKind::Acl) {
            let acls = std::mem::take(&mut self.proxy().acls);
            acls.resolve(&mut self.compile());
            self.proxy().acls = acls;
        }
    }

    /// Whether the place is in a `defaults` section that no section starts from.
    pub(crate) fn in_idle_defaults(&self, at: Span) -> bool {
        let before = |d: &Span| (d.file.0, d.line) <= (at.file.0, at.line);
        let last = self.started.iter().rfind(|s| before(&s.span));
        let Some(section) = last.filter(|s| s.row.bit == Sections::DEFAULTS) else {
            return false;
        };
        let draft = self.defaults.iter().find(|d| d.proxy.span == section.span);
        draft.is_some_and(|d| !d.named_by && !d.followed_by)
    }

    pub fn file_name(&self, file: FileId) -> &str {
        self.file_names.get(file.0 as usize).map_or("?", String::as_str)
    }

    pub(crate) fn enter(&mut self, row: &'static SectionRow, args: &Args<'_>) {
        self.current = Current::Other;
        self.words_said.clear();
        let known = self.headings.entry((row.bit, args.arc_str(0)));
        self.same_heading = match known {
            Entry::Occupied(other) => Some(*other.get()),
            Entry::Vacant(free) => {
                free.insert(args.line);
                None
            }
        };
        self.started.push(Started {
            row,
            name: args.arc_str(0),
            span: args.line,
        });
    }

    /// Calls the end of the section being read: at the next heading, and after the last line.
    pub(crate) fn end_section(&mut self) {
        self.resolve_acls();
        if let Current::Proxy(i) = self.current {
            // No more of them will come, and there may be very many sections.
            self.proxies[i].proxy.servers.shrink_to_fit();
        }
        if let Some(s) = self.started.last()
            && let Err(d) = (s.row.end)(self)
        {
            let at = self.started.last().map_or_else(Span::default, |s| s.span);
            self.diags.push(d.or_at(at));
        }
    }
}

/// `-L`, or what stands for it.
fn own_name(opts: &LoadOptions) -> Arc<str> {
    match &opts.local_peer {
        Some(name) => name.as_str().into(),
        None => opts
            .env
            .get(b"HAPROXY_LOCALPEER")
            .map_or_else(|| Arc::from(""), |n| String::from_utf8_lossy(n).into()),
    }
}

/// The address of a name; `None` where the host is no name. Descriptors of the parent must be sockets that are there.
pub(crate) fn lookup(files: &dyn Files, address: &Address, text: &str, at: Span) -> Result<Option<IpAddr>, Diagnostic> {
    let host = match &address.host {
        Host::Name(host) => host,
        Host::Fd(fd) | Host::SockPair(fd) => {
            return files.socket(*fd).map(|()| None).map_err(|why| {
                let message = format!("cannot use file descriptor '{fd}' : {why}.");
                Diagnostic::alert(&codes::DESCRIPTOR, message).at(at).missing()
            });
        }
        _ => return Ok(None),
    };
    let found = files.lookup(host).ok().and_then(|ips| address.choose(&ips));
    found.map(Some).ok_or_else(|| {
        let d = Diagnostic::alert(&codes::ADDRESS, format!("invalid address: '{host}' in '{text}'")).at(at);
        if could_be_a_name(host) { d.missing() } else { d }
    })
}

/// Whether some resolver may know it: an address of the wrong family, or what no name may hold, is a mistake anywhere.
pub(crate) fn could_be_a_name(host: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    host.chars().all(fits) && host.contains(|c: char| c.is_ascii_alphabetic())
}

/// What `global` says about TLS for the `bind` and `server` lines that follow.
#[derive(Clone, Debug, Default)]
pub struct TlsDefaults {
    pub ca_base: Option<String>,
    pub crt_base: Option<String>,
    /// Of keys in crt-stores.
    pub key_base: Option<String>,
    /// `crt-base` and `key-base` of the crt-store being read, where it has them.
    pub store_crt_base: Option<String>,
    pub store_key_base: Option<String>,
    pub bind: BindTls,
    pub server: ServerTls,
    /// `ssl-server-verify none`
    pub server_verify_none: bool,
}

impl TlsDefaults {
    pub fn crt_path(&self, path: &str) -> String {
        under(self.crt_base.as_deref(), path)
    }

    pub fn ca_path(&self, path: &str) -> String {
        under(self.ca_base.as_deref(), path)
    }
}

pub(crate) fn under(base: Option<&str>, path: &str) -> String {
    match base {
        Some(base) if !path.starts_with(['/', '@']) => format!("{base}/{path}"),
        _ => path.to_owned(),
    }
}

/// A format, where all that it quotes exists at `place`.
pub(crate) fn placed(format: LogFormat, place: Needs, at: Span) -> Result<LogFormat, Diagnostic> {
    match format.misplaced(place) {
        None => Ok(format),
        Some(why) => Err(Diagnostic::alert(&codes::BAD_ARGUMENT, why).at(at)),
    }
}

/// An expression, where its facts exist at `place`; `there` names that in the message.
pub(crate) fn placed_expr(expr: Expr, place: Needs, at: Span, there: &str) -> Result<Expr, Diagnostic> {
    if expr.needs().intersects(place) {
        return Ok(expr);
    }
    let why = format!(
        "fetch method '{}' extracts information from '{}', none of which is available {there}.",
        expr.fetch().name,
        expr.fetch().source()
    );
    Err(Diagnostic::alert(&codes::BAD_ARGUMENT, why).at(at))
}

/// The same compilation context, for a shorter while.
pub(crate) fn reborrow<'x>(cx: &'x mut Compile<'_>) -> Compile<'x> {
    Compile {
        files: cx.files,
        diags: cx.diags,
        deferred: cx.deferred,
        within: cx.within.clone(),
        vars: cx.vars,
        refs: cx.refs,
        wanted: cx.wanted,
        version: cx.version,
    }
}
