//! Where TLS is spoken: every line of a plan that has settings of it.

use hapax_config::Plan;
use hapax_config::plan::{BindTls, ServerTls};

/// A line with TLS settings, by its place in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// (proxy, bind) and (proxy, server)
    Bind(u32, u32),
    Server(u32, u32),
    /// Of peers: by section, and by section and place in it.
    PeerBind(usize),
    Peer(usize, usize),
    NameServer(usize, usize),
    /// (ring, server) and (log-forward section, bind)
    RingServer(u32, u32),
    LogBind(u32, u32),
}

/// Its settings.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Spec<'p> {
    Bind(&'p BindTls),
    Server(&'p ServerTls),
}

impl Place {
    /// As messages name it.
    pub(super) fn text(self, plan: &Plan) -> String {
        let proxy = |p: u32| &plan.proxies[p as usize];
        match self {
            Self::Bind(p, _) => format!("bind of '{}'", proxy(p).name),
            Self::Server(p, s) => format!("server '{}/{}'", proxy(p).name, proxy(p).servers[s as usize].name),
            Self::PeerBind(i) => format!("bind of peers '{}'", plan.peers[i].name),
            Self::Peer(i, p) => format!("peer '{}/{}'", plan.peers[i].name, plan.peers[i].peers[p].name),
            Self::NameServer(i, n) => {
                let section = &plan.resolvers[i];
                format!("name server '{}/{}'", section.name, section.nameservers[n].name)
            }
            Self::RingServer(r, s) => {
                let ring = &plan.rings[r as usize];
                format!("server '{}/{}'", ring.name, ring.servers[s as usize].name)
            }
            Self::LogBind(f, _) => format!("bind of '{}'", plan.log_forwards[f as usize].name),
        }
    }
}

/// Every one of them.
pub(super) fn places(plan: &Plan) -> impl Iterator<Item = (Place, Spec<'_>)> {
    of_proxies(plan).chain(of_peers(plan)).chain(of_helpers(plan))
}

fn of_proxies(plan: &Plan) -> impl Iterator<Item = (Place, Spec<'_>)> {
    plan.proxies.iter().zip(0u32..).flat_map(|(proxy, p)| {
        let binds = proxy.binds.iter().zip(0u32..);
        let binds = binds.filter_map(move |(bind, b)| Some((Place::Bind(p, b), Spec::Bind(bind.tls.as_deref()?))));
        let servers = proxy.servers.iter().zip(0u32..);
        let servers = servers.filter_map(move |(server, s)| Some((Place::Server(p, s), Spec::Server(server.tls.as_ref()?))));
        binds.chain(servers)
    })
}

fn of_peers(plan: &Plan) -> impl Iterator<Item = (Place, Spec<'_>)> {
    plan.peers.iter().enumerate().flat_map(|(i, section)| {
        let bind = section.binds.first().and_then(|b| b.tls.as_deref());
        let peers = section.peers.iter().enumerate();
        let peers = peers.filter_map(move |(p, peer)| Some((Place::Peer(i, p), Spec::Server(peer.tls.as_ref()?))));
        bind.map(|tls| (Place::PeerBind(i), Spec::Bind(tls))).into_iter().chain(peers)
    })
}

/// Name servers, the servers of rings, and the listeners for messages.
fn of_helpers(plan: &Plan) -> impl Iterator<Item = (Place, Spec<'_>)> {
    let names = plan.resolvers.iter().enumerate().flat_map(|(i, section)| {
        let servers = section.nameservers.iter().enumerate();
        servers.filter_map(move |(n, ns)| {
            let tls = ns.server.as_ref()?.tls.as_ref()?;
            Some((Place::NameServer(i, n), Spec::Server(tls)))
        })
    });
    let rings = plan.rings.iter().zip(0u32..).flat_map(|(ring, r)| {
        ring.servers.iter().zip(0u32..).filter_map(move |(server, s)| {
            let tls = server.tls.as_ref().filter(|_| server.tls_for_traffic)?;
            Some((Place::RingServer(r, s), Spec::Server(tls)))
        })
    });
    let logs = plan.log_forwards.iter().zip(0u32..).flat_map(|(forward, f)| {
        let binds = forward.binds.iter().zip(0u32..);
        binds.filter_map(move |(bind, b)| Some((Place::LogBind(f, b), Spec::Bind(bind.tls.as_deref()?))))
    });
    names.chain(rings).chain(logs)
}
