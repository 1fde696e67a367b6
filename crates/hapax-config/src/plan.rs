//! The resolved configuration that the runtime executes: immutable, every name already an index.

mod balance;
mod bind;
mod certs;
mod check;
mod cookie;
mod copy_on_write;
mod forwarded;
mod forwardfor;
mod global;
mod log;
mod peers;
mod proxy;
mod resolvers;
pub mod saved;
mod server;
mod statuses;
mod table;

pub use balance::{Balance, Key};
pub use bind::{Bind, BindAddress, BindTls, Ignored, Verify};
pub use certs::{CertSource, Certificate, CrtEntry, CrtList, Origin, PemFile, Stored};
pub use check::{
    Act, Check, CheckPort, Connect, Expect, External, HeaderPattern, HttpCheckOptions, HttpSend, Pattern, ReplyReader, Script, ScriptKind,
    Step, StrMatch, StrMethod, Text, VarValue,
};
pub use cookie::{Cookie, CookieMode, CookieSeen, capture_cookie, leaks_cookie};
pub(crate) use copy_on_write::usual;
pub use copy_on_write::{CopyOnWrite, Usual};
pub use forwarded::{Forwarded, ForwardedPart, HeaderNames, Told};
pub use forwardfor::ForwardFor;
pub use global::{Allowed, DnsFamilies, Global, SeverityOutput, SocketBuffers, SocketLevel, StatsSocket, UnixBind};
pub use log::{
    LogFormats, LogForward, LogHost, LogProfile, LogProto, LogSample, LogStep, LogTarget, LogTransport, LogWire, ProfileStep, Ring,
};
pub use peers::Peers;
pub use proxy::{
    HttpMode, LogKind, Mode, Options, Persist, Proxy, ProxyCaps, RetryOn, ServerTarget, StatsAdmin, StatsUri, SwitchRule, SwitchTarget,
    TcpKeepAlive, Timeouts, UseServer, UseSource,
};
pub use resolvers::{Hold, MailAlerts, Mailer, Mailers, NameServer, Resolve, Resolvers};
pub use saved::Saved;
pub use server::{Agent, HashKey, Observe, OnError, ProxyParts, Server, ServerRest, ServerTls};
pub use statuses::Statuses;
pub use table::{StickRule, StickTable};

use hapax_rules::errors::Pages;
use hapax_sample::Wanted;
use hapax_sample::pattern::PatternRefs;
pub use hapax_sample::users::{Password, User, Userlist};
use hapax_sample::vars::VarNames;

/// Everything a run needs.
#[derive(Debug, Default)]
pub struct Plan {
    pub global: Global,
    /// Every frontend, backend and listen, by [`ProxyId`](hapax_sample::ProxyId), in the order of the files.
    pub proxies: Vec<Proxy>,
    pub userlists: Vec<Userlist>,
    /// Stick tables, by the index that fetches and rules know them by.
    pub tables: Vec<StickTable>,
    /// The `peers` sections that are on, and that this process is part of.
    pub peers: Vec<Peers>,
    /// The `http-errors` sections.
    pub error_sections: Vec<Pages>,
    pub vars: VarNames,
    /// The `log-profile` sections, by the index that `log` lines and rules know them by.
    pub log_profiles: Vec<LogProfile>,
    /// The `ring` sections, and those that stream targets make.
    pub rings: Vec<Ring>,
    pub log_forwards: Vec<LogForward>,
    /// The `resolvers` sections, by the index that servers and rules know them by.
    pub resolvers: Vec<Resolvers>,
    /// The `mailers` sections, by the index that proxies know them by.
    pub mailers: Vec<Mailers>,
    /// The names of the files, by the number that spans know them by.
    pub file_names: Vec<String>,
    /// Map and ACL lists, for the runtime API.
    pub patterns: PatternRefs,
    /// Certificates and what is beside them, as they were when the configuration was read.
    pub stored: Stored,
    /// What comes while the process runs starts from here.
    pub later: crate::dynamic::Later,
    /// What expressions ask to be gathered.
    pub wanted: Wanted,
}

impl Plan {
    /// The first ring that a `log` line names and no section makes: a check lets it pass, a start does not.
    pub fn unknown_ring(&self) -> Option<&hapax_sample::NameRef> {
        let forwards = self.log_forwards.iter().flat_map(|f| &f.log);
        let proxies = self.proxies.iter().flat_map(|p| &p.log);
        let targets = self.global.log.iter().chain(forwards).chain(proxies);
        targets
            .filter_map(|t| match &t.transport {
                LogTransport::Ring(name) => Some(&**name),
                _ => None,
            })
            .find(|name| name.id.get().is_none())
    }
}
