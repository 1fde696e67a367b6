//! Servers and backends that come while the process runs (management guide, `add server`, `add backend`): the same words as in
//! the configuration, without a file.

use std::sync::Arc;

use hapax_diag::{Severity, Span};
use hapax_sample::vars::VarNames;
use hapax_sample::{Deferred, Files};
use hapax_syntax::{Environment, Word};

use crate::args::{ArgValue, Args};
use crate::bind::BindCx;
use crate::draft::Draft;
use crate::keyword::{Prefix, Sections};
use crate::load::LoadOptions;
use crate::paths::RelativeFiles;
use crate::plan::{Balance, BindTls, Mode, Plan, Proxy, Script, Server, Stored};
use crate::reader::{Current, Reader, TlsDefaults};
use crate::server::{InitAddr, ServerDraft, every_option};

/// What of the configuration counts for those who come later.
#[derive(Debug, Default)]
pub struct Later {
    pub(crate) tls: TlsDefaults,
    /// `expose-experimental-directives`
    pub(crate) experimental: bool,
    templates: Vec<Template>,
    /// What `healthcheck` sections say.
    checks: Vec<(Arc<str>, Arc<Script>)>,
}

/// A `defaults` section with a name, as a backend that starts from it has it.
#[derive(Debug)]
struct Template {
    name: Arc<str>,
    /// It says `mode`.
    mode: Option<Mode>,
    tcp: Proxy,
    http: Proxy,
}

/// Options that only servers of the configuration may have.
const STATIC_ONLY: &[&str] = &[
    "cc",
    "check-sni-auto",
    "enabled",
    "init-addr",
    "log-bufsize",
    "log-proto",
    "max-reuse",
    "namespace",
    "no-agent-check",
    "no-check",
    "no-check-reuse-pool",
    "no-check-send-proxy",
    "no-check-ssl",
    "no-send-proxy-v2-ssl",
    "no-send-proxy-v2-ssl-cn",
    "no-ssl",
    "non-stick",
    "redir",
    "resolve-net",
    "resolve-opts",
    "resolve-prefer",
    "resolvers",
    "sni-auto",
    "socks4",
    "ssl-reuse",
    "stick",
    "tcp-md5sig",
    "tcp-ut",
];

/// An option for a protocol that is not there: unknown to servers that come while running.
const NOT_BUILT: &str = "quic-cc-algo";

/// The options that a server of this kind may have, for `add server help`.
pub fn server_options() -> impl Iterator<Item = &'static str> {
    every_option()
        .map(|r| r.name)
        .filter(|n| *n != NOT_BUILT && !STATIC_ONLY.contains(n))
}

/// Algorithms that take servers in while they run (management guide, `add server`).
pub fn takes_servers(proxy: &Proxy) -> bool {
    match &proxy.balance {
        Balance::StaticRr => false,
        hash if hash.is_hash() => proxy.hash_type.consistent,
        _ => true,
    }
}

/// What the parsing may reach of a running process.
pub struct Running<'a> {
    pub plan: &'a Plan,
    pub files: &'a dyn Files,
    /// Names of variables so far; new ones are added.
    pub vars: &'a mut VarNames,
    /// The settings of the servers of a backend, by the backend's name and their own.
    pub server: &'a dyn Fn(&str, &str) -> Option<Server>,
    pub backend: &'a dyn Fn(&str) -> Option<&'a Proxy>,
}

/// A server, and whom it tracks: `[backend/]server`.
pub type Made = (Server, Option<String>);

/// Reads the words of `add server` after `backend/`: the name, the address and the options. What is wrong is one line of text.
pub fn server(running: &mut Running<'_>, backend: &Proxy, name: &str, words: &[String]) -> Result<Made, String> {
    let opts = LoadOptions::default();
    let files = RelativeFiles::new(running.files);
    let mut reader = Reader::new(&files, &opts);
    reader.env = Environment::default();
    reader.tls = running.plan.later.tls.clone();
    reader.experimental = running.plan.later.experimental;
    reader.vars = std::mem::take(running.vars);
    let mut draft = Draft::inherit(
        Sections::BACKEND,
        backend.name.clone(),
        Span::default(),
        &Draft::initial(None, None),
    );
    draft.proxy.mode = backend.mode;
    reader.proxies.push(Box::new(draft));
    reader.current = Current::Proxy(0);
    let made = read(&mut reader, running, backend, name, words);
    *running.vars = std::mem::take(&mut reader.vars);
    let told = reader.diags.iter().find(|d| d.severity == Severity::Alert);
    match (made, told) {
        (Err(e), _) => Err(e),
        (Ok(_), Some(d)) => Err(d.message.clone()),
        (Ok(made), None) => Ok(made),
    }
}

fn read(reader: &mut Reader<'_>, running: &Running<'_>, backend: &Proxy, name: &str, words: &[String]) -> Result<Made, String> {
    let mut start = ServerDraft::default();
    let mut rest = words;
    if words.get(1).is_some_and(|w| w == "from") {
        start = origin(running, backend, words.get(2).map_or("", String::as_str))?;
        rest = &words[3.min(words.len())..];
    }
    for word in rest {
        if STATIC_ONLY.contains(&word.as_str()) {
            return Err(format!("'{word}' option is not accepted for dynamic server"));
        }
        if word == NOT_BUILT {
            return Err(format!("unknown keyword '{word}'."));
        }
    }
    // A name stays a name: nobody looks it up here.
    start.init_addr = vec![InitAddr::None];
    start.dynamic = true;
    reader.proxies[0].default_server = Arc::new(start);
    let word = |w: &str| Word::new(w.as_bytes().to_vec(), Span::default());
    let mut all = vec![word(name)];
    all.extend(words.first().map(|w| word(w)));
    if rest.len() == words.len() {
        rest = words.get(1..).unwrap_or_default();
    }
    all.extend(rest.iter().map(|w| word(w)));
    let args = Args {
        name: "server",
        prefix: Prefix::None,
        span: Span::default(),
        line: Span::default(),
        words: &all,
        value: ArgValue::None,
    };
    crate::topic::servers::server_line(reader, &args).map_err(|d| bare(&d.message, backend, name))?;
    if let Some(unknown) = unresolved(&reader.deferred) {
        return Err(format!("'{unknown}' cannot be named here"));
    }
    let draft = &mut reader.proxies[0];
    let mut server = draft.proxy.servers.pop().ok_or("no server")?;
    if let Some(check) = server.check.as_mut() {
        check.script = Arc::clone(&backend.check_script);
    }
    if let Some((_, section, _)) = draft.named_checks.pop() {
        let known = running.plan.later.checks.iter().find(|(n, _)| *n == section);
        let (_, script) = known.ok_or_else(|| format!("healthcheck section '{section}' not found for server '{name}'."))?;
        if let Some(check) = server.check.as_mut() {
            check.script = Arc::clone(script);
        }
    }
    if let Some(why) = crate::resolve::complete_tls(&mut server, &running.plan.later.tls) {
        return Err(why.to_owned());
    }
    let track = draft.tracks.pop().map(|(_, target, _)| target);
    if track.is_some() && server.check.is_some() {
        return Err("unable to enable checks and tracking at the same time!".to_owned());
    }
    if let Some(lack) = crate::resolve::lack_of_port(&server) {
        let (backend, own) = (&backend.name, "has neither service port nor check port");
        return Err(format!("config: backend '{backend}': server '{name}' {own}{lack}"));
    }
    if track.is_some() && server.init_state_given {
        return Err(crate::resolve::STATE_OF_ITS_OWN.to_owned());
    }
    Ok((server, track))
}

fn unresolved(names: &Deferred) -> Option<&str> {
    names.first().map(|n| &*n.name)
}

/// The message without the place that a line of a file has.
fn bare(message: &str, backend: &Proxy, name: &str) -> String {
    let heads = [format!("'server {}/{name}' : ", backend.name), format!("'server /{name}' : ")];
    let rest = heads.iter().find_map(|h| message.strip_prefix(h.as_str()));
    rest.unwrap_or(message).to_owned()
}

/// `from`: what the settings start from (manual, 5.2).
fn origin(running: &Running<'_>, backend: &Proxy, text: &str) -> Result<ServerDraft, String> {
    let no_backend = |name: &str| format!("from: unknown backend instance '{name}'.");
    match text.split_once(':') {
        None if text == "none" => Ok(ServerDraft::default()),
        Some(("be", "")) => Ok(backend.default_server.as_deref().cloned().unwrap_or_default()),
        Some(("be", name)) => {
            let other = (running.backend)(name).ok_or_else(|| no_backend(name))?;
            Ok(other.default_server.as_deref().cloned().unwrap_or_default())
        }
        Some(("srv", path)) => {
            let (proxy, name) = path.split_once('/').unwrap_or((&backend.name, path));
            let named = || {
                let owner = if proxy == &*backend.name {
                    Some(backend)
                } else {
                    (running.backend)(proxy)
                };
                let found = owner?.named_servers.iter().find(|(n, _)| **n == *name)?;
                Some((*found.1).clone())
            };
            let server = (running.server)(proxy, name).map(|s| ServerDraft::of(&s));
            if proxy != &*backend.name && (running.backend)(proxy).is_none() {
                return Err(no_backend(proxy));
            }
            let missing = || format!("from: unknown server '{name}' in backend '{proxy}'.");
            server.or_else(named).ok_or_else(missing)
        }
        _ if text.is_empty() => Err("from: missing value.".to_owned()),
        _ => Err(format!("invalid '{text}' value for 'from' keyword.")),
    }
}

/// Why `add backend` makes none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoBackend {
    /// There is no `defaults` section of that name.
    NoDefaults,
    /// Neither the section nor the command says `mode`.
    NoMode,
    /// The section has something that no backend of this kind may have.
    Unfit(String),
}

impl Later {
    pub(crate) fn new(reader: &Reader<'_>) -> Self {
        Self {
            tls: reader.tls.clone(),
            checks: reader
                .healthchecks
                .iter()
                .map(|(name, rules)| (Arc::clone(name), Arc::new(rules.script())))
                .collect(),
            experimental: reader.experimental,
            templates: Vec::new(),
        }
    }

    pub(crate) fn add_template(&mut self, name: Arc<str>, mode: Option<Mode>, tcp: Proxy, http: Proxy) {
        self.templates.push(Template { name, mode, tcp, http });
    }

    /// The `defaults` sections that backends may start from.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.templates.iter().map(|t| &*t.name)
    }

    /// A backend that starts from a `defaults` section. The last of a name counts.
    pub fn backend(&self, name: &str, defaults: &str, mode: Option<Mode>) -> Result<Proxy, NoBackend> {
        let template = self.templates.iter().rfind(|t| &*t.name == defaults).ok_or(NoBackend::NoDefaults)?;
        let made = match mode.or(template.mode).ok_or(NoBackend::NoMode)? {
            Mode::Tcp => &template.tcp,
            Mode::Http => &template.http,
            other => {
                return Err(NoBackend::Unfit(format!(
                    "Dynamic backends only support TCP or HTTP mode, whereas default proxy '{defaults}' uses 'mode {}'.",
                    crate::resolve::mode_name(other)
                )));
            }
        };
        if !made.tcp_conn_rules.is_empty() || !made.tcp_sess_rules.is_empty() {
            return Err(NoBackend::Unfit(
                "a backend section cannot inherit from a defaults section defining 'tcp-request connection' or 'tcp-request session' rules."
                    .to_owned(),
            ));
        }
        Ok(Proxy {
            name: Arc::from(name),
            unpublished: true,
            disabled: false,
            ..made.clone()
        })
    }
}

/// What lines of crt-lists that come while running may refer to: what is in the store, and no file.
struct Kept<'a>(&'a Stored);

impl Files for Kept<'_> {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, String> {
        let found = self.0.authorities.get(path).or_else(|| self.0.revocations.get(path));
        found
            .filter(|pem| !pem.is_empty())
            .cloned()
            .ok_or_else(|| format!("unable to load {path}"))
    }
}

/// The options of a certificate that comes to a crt-list (`add ssl crt-list`).
pub fn certificate_options(plan: &Plan, stored: &Stored, words: &[String]) -> Result<Option<Arc<BindTls>>, String> {
    let opts = LoadOptions::default();
    let kept = Kept(stored);
    let files = RelativeFiles::new(&kept);
    for two in words.windows(2) {
        if let [option @ ("ca-file" | "ca-verify-file" | "crl-file"), path] = [two[0].as_str(), two[1].as_str()]
            && kept.read(&plan.later.tls.ca_path(path)).is_err()
        {
            return Err(format!("'{option}' : unable to load {path}"));
        }
    }
    let mut reader = Reader::new(&files, &opts);
    reader.tls = plan.later.tls.clone();
    reader.experimental = plan.later.experimental;
    let mut cx = BindCx::new(&mut reader, String::new(), false, true);
    let own = crate::bind::certs::own(&mut cx, Span::default(), words).map_err(|e| format!("parsing [CLI:1]: {e}"))?;
    let told = reader.diags.iter().find(|d| d.severity == Severity::Alert);
    told.map_or(Ok(own), |d| Err(d.message.clone()))
}
