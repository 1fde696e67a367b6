//! Servers and backends that come and go while the process runs (management guide, `add server`, `del server`, `add backend`,
//! `del backend`). One thread, the one that runs the runtime API, changes them; workers see each change with their next look.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use hapax_config::plan::{Proxy, Server, ServerTls, Stored};
use hapax_sample::{ProxyId, ServerId};
use rustls::ClientConfig;

use super::build::Home;
use super::{Admin, Origin, ProxyState, ServerState, Shared, WorkerCommand};

/// Why a server or a backend stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A server that is not in maintenance.
    Serving,
    /// Connections or streams are on it.
    Busy,
}

impl Shared {
    /// Takes a server in, in maintenance and with its checks off. `server` has its number already.
    pub fn add_server(&self, p: ProxyId, server: Server, tls: Option<Arc<ClientConfig>>, now_ms: u64) -> ServerId {
        let (proxy, server) = (self.proxy(p), Arc::new(server));
        let place = if let Some(place) = proxy.servers.vacant(ServerState::is_free) {
            proxy.servers[place].let_to(Arc::clone(&server), now_ms);
            place
        } else {
            let state = ServerState::new(self.workers, Origin::Own(Arc::clone(&server)), Vec::new(), now_ms);
            proxy.servers.push(state)
        };
        let (s, state) = (ServerId(place as u32), &proxy.servers[place]);
        if let Some(config) = tls {
            state.set_own_tls(config);
        }
        state.admin.store(Admin::FMAINT, Relaxed);
        state.newborn.store(true, Relaxed);
        state.set_oper(super::Oper::Stopped);
        state.check_enabled.store(false, Relaxed);
        self.renew_cookie(p, s, state.endpoint().as_ref());
        if let Some(agent) = state.agent() {
            agent.enabled.store(false, Relaxed);
        }
        if let Some((tp, ts)) = server.track {
            let tracked = self.server(ProxyId(tp), ServerId(ts));
            tracked.tracking().push((p, s));
            // As if a line of the configuration tracked it: it stays, whatever becomes of who does.
            let mut conf = (*tracked.conf()).clone();
            if !conf.referenced {
                conf.referenced = true;
                tracked.replace(Arc::new(conf));
            }
            if tracked.in_maintenance() {
                state.admin.fetch_or(Admin::IMAINT, Relaxed);
            }
            if tracked.admin() & Admin::DRAIN != 0 {
                state.admin.fetch_or(Admin::IDRAIN, Relaxed);
            }
        }
        proxy.live.admit(place, state);
        proxy.waiting.look_again();
        proxy.servers.admit(place);
        if server.check.is_some() || server.agent.is_some() {
            self.newcomers.tell(News::Checked(p, s));
        }
        s
    }

    /// Whether a server may go now.
    pub fn server_removable(&self, p: ProxyId, s: ServerId) -> Result<(), Kept> {
        let server = self.server(p, s);
        if !server.in_maintenance() {
            return Err(Kept::Serving);
        }
        if server.is_free() { Ok(()) } else { Err(Kept::Busy) }
    }

    /// Asks the workers to close the connections to a server that no stream uses.
    pub fn drop_idle(&self, p: ProxyId, s: ServerId) {
        self.mail.broadcast(&WorkerCommand::DropIdle { proxy: p, server: s });
    }

    /// Takes a server out for good. Whoever calls has asked [`server_removable`](Self::server_removable).
    pub fn remove_server(&self, p: ProxyId, s: ServerId) {
        let (proxy, place) = (self.proxy(p), s.0 as usize);
        let server = &proxy.servers[place];
        if let Some((tp, ts)) = server.conf().track {
            self.server(ProxyId(tp), ServerId(ts)).tracking().retain(|t| *t != (p, s));
        }
        proxy.servers.dismiss(place);
        proxy.live.dismiss(place, server);
        proxy.waiting.look_again();
        server.tenure.fetch_add(1, Relaxed);
        // Connections that clients hold on to are not used again.
        server.address_epoch.fetch_add(1, Relaxed);
        server.check_soon.notify_one();
    }

    /// `set server ... name`
    pub fn rename_server(&self, p: ProxyId, s: ServerId, name: &str) {
        let server = self.server(p, s);
        let mut conf = (*server.conf()).clone();
        conf.name = name.into();
        server.replace(Arc::new(conf));
        self.proxy(p).servers.mark_changed();
    }

    /// `set server ... addr ... port +<n>`: the port is the client's plus so much from now on, or one of its own again.
    pub fn map_port(&self, p: ProxyId, s: ServerId, offset: Option<i32>) {
        let server = self.server(p, s);
        let mut conf = (*server.conf()).clone();
        conf.port_offset = offset;
        server.replace(Arc::new(conf));
        self.proxy(p).servers.mark_changed();
    }

    /// The least number that no server of the backend has.
    pub fn free_server_id(&self, p: ProxyId) -> u32 {
        let mut taken: Vec<u32> = self.proxy(p).servers.iter().map(|(_, s)| s.conf().id).collect();
        taken.sort_unstable();
        taken.dedup();
        let gap = (1..).zip(&taken).find(|(free, id)| free != *id).map(|(free, _)| free);
        gap.unwrap_or(taken.len() as u32 + 1)
    }

    /// Takes a backend in, without servers, to be published later.
    pub fn add_backend(&self, mut conf: Proxy, now_us: u64) -> ProxyId {
        // After all that there are. 1 is the process's own.
        conf.iid = self.every_proxy().map(|(_, p)| p.iid).fold(1, u32::max) + 1;
        // No frontend is known to lead to it: where no line says when it is full, it always is.
        let fullconn = conf.fullconn;
        let same = |old: &ProxyState| {
            old.own.as_deref().is_some_and(|o| {
                o.name == conf.name && o.iid == conf.iid && o.span == conf.span && o.mode == conf.mode && o.guid == conf.guid
            })
        };
        let place = self.proxies.vacant(same).unwrap_or_else(|| {
            let conf = Arc::new(conf);
            let id = ProxyId(self.proxies.places() as u32);
            self.proxies
                .push(ProxyState::new(id, Home::Own(&conf), fullconn, self.workers, now_us))
        });
        let state = &self.proxies[place];
        state.published.store(false, Relaxed);
        state.cookies.restart(self.conf(state.id));
        state.be.clear();
        self.proxies.admit(place);
        state.id
    }

    /// How to speak TLS to a server that comes while running.
    pub fn client_config(&self, tls: &ServerTls) -> Result<Arc<ClientConfig>, String> {
        self.adopt_certs(tls);
        self.client_config_in(tls, &self.certs.lock().stored)
    }

    pub(crate) fn client_config_in(&self, tls: &ServerTls, stored: &Stored) -> Result<Arc<ClientConfig>, String> {
        let no_verify = self.no_server_verify.load(Relaxed);
        crate::tls::client_config(tls, stored, no_verify, crate::tls::Keep::of(&self.plan)).map(Arc::new)
    }

    /// The backend has a stick table.
    pub fn tables_of(&self, p: ProxyId) -> bool {
        let name = &self.conf(p).name;
        self.plan.tables.iter().any(|t| t.name == *name)
    }

    /// Whether streams are in the backend yet.
    pub fn backend_busy(&self, p: ProxyId) -> bool {
        self.proxy(p).be_cur.load(Relaxed) > 0
    }

    /// Takes a backend out for good, which has no server and no stream any more.
    pub fn remove_backend(&self, p: ProxyId) {
        let proxy = self.proxy(p);
        proxy.published.store(false, Relaxed);
        self.proxies.dismiss(p.0 as usize);
    }
}

impl ServerState {
    /// No stream is on it, none waits for it, and no connection to it is open.
    pub fn is_free(&self) -> bool {
        [&self.cur_sess, &self.queue_cur, &self.idle].iter().all(|n| n.load(Relaxed) == 0)
    }
}

/// What the control thread is to look after from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// A server with checks came while running.
    Checked(ProxyId, ServerId),
    /// A server with `slowstart` has come up.
    Warming(ProxyId, ServerId),
}

/// The way to the control thread for news of servers.
#[derive(Debug, Default)]
pub struct Newcomers {
    door: std::sync::Mutex<Option<tokio::sync::mpsc::UnboundedSender<News>>>,
}

impl Newcomers {
    /// Who tells is heard here from now on.
    pub fn open(&self) -> tokio::sync::mpsc::UnboundedReceiver<News> {
        let (tx, rx) = tokio::sync::mpsc::unbounded_channel();
        *self.door.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(tx);
        rx
    }

    pub(super) fn tell(&self, news: News) {
        if let Some(door) = &*self.door.lock().unwrap_or_else(std::sync::PoisonError::into_inner) {
            // Nobody listens where the process ends.
            let _ = door.send(news);
        }
    }
}
