//! Servers whose names are looked up while the process runs: what changes when an answer comes, and when none does.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, PoisonError};

use hapax_balance::notice::{Event, level};
use hapax_config::plan;
use hapax_sample::{ProxyId, ServerId};
use hapax_value::Endpoint;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use super::{Admin, Oper, ServerState, Shared};

/// By what names a server is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    /// The host; `None`: none yet, or no longer.
    pub fqdn: Option<String>,
    /// The service whose places give it a host.
    pub service: Option<String>,
    /// The port of its line, or of its place.
    pub port: u16,
}

impl Naming {
    pub(super) fn new(server: &plan::Server) -> Self {
        let service = server.resolve.as_ref().is_some_and(|r| r.service);
        let name = server.hostname.clone();
        let port = server.port;
        if service {
            Self {
                fqdn: None,
                service: name,
                port,
            }
        } else {
            Self {
                fqdn: name,
                service: None,
                port,
            }
        }
    }
}

/// Who gives a server an address.
#[derive(Clone, Copy, Debug)]
pub enum Updater<'a> {
    /// The answer of a name server: section and server.
    NameServer(&'a str, &'a str),
    /// An answer that another server of the farm was given before.
    Cache,
    /// An address that came along with the place of a service.
    Additional,
}

impl fmt::Display for Updater<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameServer(section, server) => write!(f, "{section}/{server}"),
            Self::Cache => f.write_str("DNS cache"),
            Self::Additional => f.write_str("DNS additional record"),
        }
    }
}

/// What the task of a section is asked for.
#[derive(Debug)]
pub enum Asked {
    /// `do-resolve`: an address for a name.
    Address {
        host: String,
        v4_first: bool,
        reply: oneshot::Sender<Option<IpAddr>>,
    },
    /// The name of a server was changed.
    Renamed(ProxyId, ServerId),
    /// A check of the server timed out: its name may have another address by now.
    Hurry(ProxyId, ServerId),
}

/// What became of questions to one name server (management guide, `show resolvers`).
#[derive(Debug, Default)]
pub struct NameServerCounters {
    pub sent: AtomicU64,
    pub snd_error: AtomicU64,
    pub valid: AtomicU64,
    pub update: AtomicU64,
    pub cname: AtomicU64,
    pub cname_error: AtomicU64,
    pub any_err: AtomicU64,
    pub nx: AtomicU64,
    pub timeout: AtomicU64,
    pub refused: AtomicU64,
    pub other: AtomicU64,
    pub invalid: AtomicU64,
    pub too_big: AtomicU64,
    pub truncated: AtomicU64,
    pub outdated: AtomicU64,
}

impl NameServerCounters {
    /// Names and values, in the order they are shown in.
    pub fn all(&self) -> [(&'static str, u64); 15] {
        [
            ("sent", &self.sent),
            ("snd_error", &self.snd_error),
            ("valid", &self.valid),
            ("update", &self.update),
            ("cname", &self.cname),
            ("cname_error", &self.cname_error),
            ("any_err", &self.any_err),
            ("nx", &self.nx),
            ("timeout", &self.timeout),
            ("refused", &self.refused),
            ("other", &self.other),
            ("invalid", &self.invalid),
            ("too_big", &self.too_big),
            ("truncated", &self.truncated),
            ("outdated", &self.outdated),
        ]
        .map(|(name, n)| (name, n.load(Relaxed)))
    }
}

/// Live side of a `resolvers` section.
#[derive(Debug)]
pub struct ResolversState {
    /// By name server.
    pub counters: Vec<NameServerCounters>,
    door: UnboundedSender<Asked>,
    inbox: Mutex<Option<UnboundedReceiver<Asked>>>,
}

impl ResolversState {
    pub(super) fn new(section: &plan::Resolvers) -> Self {
        let (door, inbox) = unbounded_channel();
        Self {
            counters: section.nameservers.iter().map(|_| NameServerCounters::default()).collect(),
            door,
            inbox: Mutex::new(Some(inbox)),
        }
    }

    /// Letters to the section's task; nobody answers where the process ends.
    pub fn ask(&self, what: Asked) {
        let _ = self.door.send(what);
    }

    /// The other end, for the task; once.
    pub(crate) fn take_inbox(&self) -> Option<UnboundedReceiver<Asked>> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Shared {
    /// The task that looks a server's name up is told that a check timed out.
    pub(crate) fn look_up_soon(&self, p: ProxyId, s: ServerId) {
        if let Some(resolve) = &self.server_conf(p, s).resolve
            && let Some(section) = self.resolvers.get(resolve.section as usize)
        {
            section.ask(Asked::Hurry(p, s));
        }
    }

    /// Gives a server the address of an answer. `true`: it is another one than before.
    pub(crate) fn set_resolved(&self, p: ProxyId, s: ServerId, to: SocketAddr, by: Updater<'_>) -> bool {
        let server = self.server(p, s);
        let old = match server.endpoint() {
            Some(Endpoint::Ip(old)) => Some(old),
            _ => None,
        };
        if old == Some(to) {
            return false;
        }
        let conf = server.conf();
        let port_text = || match (old, by) {
            (Some(old), _) => old.port().to_string(),
            // Without an address, a server whose line has no port is as one whose port follows the client's.
            (None, Updater::Additional) if conf.port == 0 => "+0".to_owned(),
            (None, Updater::Additional) => conf.port.to_string(),
            // It has the port of its line or of its place before its first address.
            (None, _) => to.port().to_string(),
        };
        let old_port = port_text();
        let mut changes = Vec::new();
        if old.map(|o| o.ip()) != Some(to.ip()) {
            let was = old.map_or_else(|| "(none)".to_owned(), |o| o.ip().to_string());
            changes.push(format!("IP changed from '{was}' to '{}'", to.ip()));
        }
        if old_port != to.port().to_string() {
            changes.push(format!("port changed from '{old_port}' to '{}'", to.port()));
        }
        if !changes.is_empty() {
            let text = format!("{}: {} by '{by}'.", self.server_name(p, s), changes.join(", "));
            self.events.tell(p, level::NOTICE, &text);
        }
        self.set_address(p, s, Endpoint::Ip(to));
        true
    }

    /// A server's name has an address, so that nothing keeps it from working on that account.
    pub fn resolves(&self, p: ProxyId, s: ServerId, announce: bool, now_ms: u64) {
        let server = self.server(p, s);
        let before = server.admin.fetch_and(!Admin::RMAINT, Relaxed);
        if before & Admin::RMAINT == 0 {
            return;
        }
        let elsewise = before & !Admin::RMAINT & Admin::MAINT != 0;
        let had = self.proxy(p).live.usable();
        let conf = self.server_conf(p, s);
        let tracked = conf.track.map(|(tp, ts)| self.server(ProxyId(tp), ServerId(ts)).is_up());
        let up = tracked.unwrap_or_else(|| conf.init_state.is_up());
        if !elsewise {
            server.check().health.restart(conf.init_state);
            self.set_state(p, s, if up { Oper::Running } else { Oper::Stopped }, now_ms);
        }
        let fqdn = server.naming().and_then(|n| n.fqdn.clone());
        let fqdn = fqdn.or_else(|| server.conf().hostname.clone()).unwrap_or_default();
        let event = Event::Resolved {
            fqdn: &fqdn,
            up,
            draining: before & Admin::DRAIN != 0,
            elsewise,
        };
        self.after(p, s, had, event, None, now_ms);
        if announce {
            let text = format!(
                "Server {} administratively READY thanks to valid DNS answer.",
                self.server_name(p, s)
            );
            self.events.tell(p, level::NOTICE, &text);
        }
        if !elsewise {
            for (tp, ts) in server.trackers() {
                self.leave_maint(tp, ts, Admin::IMAINT, now_ms);
            }
        }
    }

    /// At the start: who tracks a server is in maintenance, in drain or down with it.
    pub(super) fn inherit_states(&self) {
        let mut stack: Vec<(&ServerState, Vec<(ProxyId, ServerId)>)> = Vec::new();
        for (_, proxy) in self.proxies.iter() {
            // Chains begin at servers that track none.
            let first = proxy.servers.iter().filter(|(_, s)| s.conf().track.is_none());
            stack.extend(first.map(|(_, s)| (s, s.trackers())).filter(|(_, t)| !t.is_empty()));
        }
        while let Some((tracked, trackers)) = stack.pop() {
            let restored = tracked.conf().saved.is_some() || tracked.conf().track.is_some();
            for (p, s) in trackers {
                let server = self.server(p, s);
                if tracked.in_maintenance() {
                    server.admin.fetch_or(Admin::IMAINT, Relaxed);
                    server.set_oper(Oper::Stopped);
                } else if restored {
                    server.set_oper(tracked.oper());
                }
                if tracked.admin() & Admin::DRAIN != 0 {
                    server.admin.fetch_or(Admin::IDRAIN, Relaxed);
                }
                self.proxy(p).server_changed(s);
                stack.push((server, server.trackers()));
            }
        }
    }

    /// A server's name leads nowhere: it waits in maintenance, without an address.
    pub(crate) fn resolves_no_more(&self, p: ProxyId, s: ServerId, why: &str, now_ms: u64) {
        let server = self.server(p, s);
        *server.address.lock().unwrap_or_else(PoisonError::into_inner) = None;
        server.address_epoch.fetch_add(1, Relaxed);
        let before = server.admin.fetch_or(Admin::RMAINT, Relaxed);
        if before & Admin::MAINT != 0 {
            return;
        }
        let was_up = server.oper() != Oper::Stopped;
        let had = self.proxy(p).live.usable();
        self.set_state(p, s, Oper::Stopped, now_ms);
        self.after(p, s, had, Event::Unresolved { was_up, why }, None, now_ms);
        let name = self.server_name(p, s);
        for (tp, ts) in server.trackers() {
            self.enter_maint(tp, ts, Admin::IMAINT, Some(&name), now_ms);
        }
    }

    /// Another name for a server: of the runtime API (`by`: who), or of a service's place, with its port. What is to be told of it.
    pub fn set_fqdn(&self, p: ProxyId, s: ServerId, fqdn: &str, port: u16, by: &str) -> Option<String> {
        let server = self.server(p, s);
        let old = {
            let mut naming = server.naming()?;
            naming.port = port;
            naming.fqdn.replace(fqdn.to_owned())
        };
        server.admin.fetch_or(Admin::HMAINT, Relaxed);
        let old = old.as_deref().unwrap_or("(null)");
        Some(format!(
            "{} changed its FQDN from {old} to {fqdn} by '{by}'",
            self.server_name(p, s)
        ))
    }

    /// The place of a service is gone, and with it the server's host.
    pub(crate) fn forget_fqdn(&self, p: ProxyId, s: ServerId) {
        if let Some(mut naming) = self.server(p, s).naming() {
            naming.fqdn = None;
            naming.port = 0;
        }
    }
}
