//! The servers whose names a section looks up, and what answers do to them.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use hapax_balance::names::{Move, Place, pick, settle};
use hapax_balance::notice::level;
use hapax_config::plan::Resolve;
use hapax_proto::dns::{Kind, normal_name};
use hapax_sample::{ProxyId, ServerId};
use hapax_value::Endpoint;

use super::section::Section;
use crate::state::Updater;

/// A server whose name is looked up.
#[derive(Debug)]
pub(super) struct Member {
    p: ProxyId,
    s: ServerId,
    resolve: Resolve,
    /// Whose place it was when this began: another server may have it later.
    tenure: u32,
    /// The name that is looked up for its host.
    name: Option<usize>,
    group: Option<usize>,
    /// Of servers of a service.
    place: Option<Place>,
    /// The line's own.
    port: u16,
    /// The address that an answer gave it.
    given: Option<IpAddr>,
}

/// The servers of one farm that share the places of a service.
#[derive(Debug)]
struct Group {
    members: Vec<usize>,
    /// Those without a place, by their place among the members; the first is the next to get one.
    free: VecDeque<usize>,
    name: usize,
}

#[derive(Debug, Default)]
pub(super) struct Members {
    all: Vec<Member>,
    by_server: HashMap<(ProxyId, ServerId), usize>,
    groups: Vec<Group>,
    /// Servers whose names lead somewhere again; they work once all that has come in is read.
    found: Vec<usize>,
}

impl Members {
    /// The name that is looked up for a server now.
    pub(super) fn name_of(&self, p: ProxyId, s: ServerId) -> Option<usize> {
        let member = &self.all[*self.by_server.get(&(p, s))?];
        member.name.or_else(|| Some(self.groups[member.group?].name))
    }
}

fn now_ms() -> u64 {
    hapax_sys::clock::realtime_us() / 1000
}

impl Section {
    /// Every server of the configuration that names this section.
    pub(super) fn enrol(&mut self) {
        let plan = Arc::clone(&self.shared.plan);
        let mut services: HashMap<(usize, String), usize> = HashMap::new();
        for (p, proxy) in plan.proxies.iter().enumerate().filter(|(_, p)| !p.disabled) {
            for (s, server) in proxy.servers.iter().enumerate() {
                let Some(resolve) = server.resolve.as_deref().filter(|r| r.section as usize == self.index()) else {
                    continue;
                };
                let (p, s) = (ProxyId(p as u32), ServerId(s as u32));
                let m = self.members.all.len();
                self.members.by_server.insert((p, s), m);
                self.members.all.push(Member {
                    p,
                    s,
                    resolve: resolve.clone(),
                    tenure: self.shared.server(p, s).tenure.load(Relaxed),
                    name: None,
                    group: None,
                    place: None,
                    port: server.port,
                    given: None,
                });
                let Some(host) = &server.hostname else { continue };
                if resolve.service {
                    let key = (p.0 as usize, normal_name(host));
                    let known = services.get(&key).copied();
                    let g = known.unwrap_or_else(|| self.new_group(&key.1));
                    services.insert(key, g);
                    let group = &mut self.members.groups[g];
                    group.free.push_back(group.members.len());
                    group.members.push(m);
                    self.members.all[m].group = Some(g);
                } else {
                    self.follow(m, host);
                }
            }
        }
    }

    fn new_group(&mut self, service: &str) -> usize {
        let g = self.members.groups.len();
        let name = self.watch((service.to_owned(), Kind::Srv));
        self.names[name].groups.push(g);
        self.members.groups.push(Group {
            members: Vec::new(),
            free: VecDeque::new(),
            name,
        });
        g
    }

    /// A server's host is looked up from now on.
    fn follow(&mut self, m: usize, host: &str) {
        self.unfollow(m);
        let first = if self.members.all[m].resolve.wish.v4_first {
            Kind::A
        } else {
            Kind::Aaaa
        };
        let n = self.watch((normal_name(host), first));
        if self.names[n].users.is_empty() {
            self.names[n].since = self.now();
            self.look_now(n);
        }
        self.names[n].users.push(m);
        let member = &mut self.members.all[m];
        member.name = Some(n);
        member.given = None;
    }

    fn unfollow(&mut self, m: usize) {
        if let Some(n) = self.members.all[m].name.take() {
            self.names[n].users.retain(|u| *u != m);
        }
    }

    /// Another server may have taken the place, which then is no member's.
    fn is_present(&self, m: usize) -> bool {
        let member = &self.members.all[m];
        self.shared.server(member.p, member.s).tenure.load(Relaxed) == member.tenure
    }

    /// `set server ... fqdn`
    pub(super) fn renamed(&mut self, p: ProxyId, s: ServerId) {
        let Some(&m) = self.members.by_server.get(&(p, s)) else { return };
        let fqdn = self.shared.server(p, s).naming().and_then(|n| n.fqdn.clone());
        if let Some(host) = fqdn {
            self.follow(m, &host);
        }
    }

    /// The addresses of a name are known anew: every server of it looks whether its own is still good. `true`: one has another now.
    pub(super) fn addresses_changed(&mut self, n: usize, by: Updater<'_>) -> bool {
        let users = self.names[n].users.clone();
        let mut by = by;
        let mut changed = false;
        for m in users {
            if self.is_present(m) {
                let (ok, new) = self.choose(n, m, by);
                changed |= new;
                self.members.found.extend(ok.then_some(m));
                // The others have it second hand.
                by = Updater::Cache;
            }
        }
        changed
    }

    pub(super) fn has_found(&self) -> bool {
        !self.members.found.is_empty()
    }

    /// Lets servers work that have an address again.
    pub(super) fn let_work(&mut self) {
        for m in std::mem::take(&mut self.members.found) {
            if self.is_present(m) {
                let member = &self.members.all[m];
                self.shared.resolves(member.p, member.s, true, now_ms());
            }
        }
    }

    /// A server's name leads nowhere, for a reason.
    fn lose(&mut self, m: usize, why: &str) {
        self.members.found.retain(|f| *f != m);
        let member = &self.members.all[m];
        self.shared.resolves_no_more(member.p, member.s, why, now_ms());
    }

    fn address(&self, m: usize) -> Option<IpAddr> {
        let member = &self.members.all[m];
        self.shared.server(member.p, member.s).endpoint().and_then(|e| e.ip())
    }

    /// The address of one server among those of its name: whether there is one, and whether it is another than before.
    fn choose(&mut self, n: usize, m: usize, by: Updater<'_>) -> (bool, bool) {
        let member = &self.members.all[m];
        let (p, s, current) = (member.p, member.s, self.address(m));
        // What it was given it keeps as long as the name has it, and so it keeps what a command gave it in its place.
        if member.given.is_some_and(|own| self.names[n].addresses.iter().any(|a| *a == own)) {
            return (true, false);
        }
        let taken = |ip: IpAddr| self.is_taken(n, m, ip);
        let found = pick(self.names[n].addresses.iter().copied(), current, taken, &member.resolve.wish);
        let port = member.place.as_ref().map_or(member.port, |p| p.port);
        self.members.all[m].given = found;
        let Some(ip) = found else {
            self.lose(m, "No IP for server ");
            return (false, false);
        };
        (true, self.shared.set_resolved(p, s, SocketAddr::new(ip, port), by))
    }

    /// Whether another server of the same farm and name was given the address.
    fn is_taken(&self, n: usize, m: usize, ip: IpAddr) -> bool {
        let me = &self.members.all[m];
        self.names[n].users.iter().any(|&u| {
            let other = &self.members.all[u];
            u != m && other.p == me.p && other.given == Some(ip) && self.is_present(u)
        })
    }

    /// A name has led nowhere for too long.
    pub(super) fn lapsed(&mut self, n: usize, why: &'static str) {
        for m in self.names[n].users.clone() {
            if self.is_present(m) {
                self.members.all[m].given = None;
                self.lose(m, why);
            }
        }
        let gone: Vec<Place> = std::mem::take(&mut self.names[n].places).iter().cloned().collect();
        self.settle(n, &gone, &[]);
    }

    /// The places of a service are known anew; some are gone.
    pub(super) fn settle(&mut self, n: usize, gone: &[Place], additional: &[(String, IpAddr)]) -> bool {
        let mut changed = false;
        for g in self.names[n].groups.clone() {
            changed |= self.settle_group(n, g, gone, additional);
        }
        changed
    }

    fn settle_group(&mut self, n: usize, g: usize, gone: &[Place], additional: &[(String, IpAddr)]) -> bool {
        let members = self.members.groups[g].members.clone();
        let mut free = std::mem::take(&mut self.members.groups[g].free);
        // A server that was deleted takes nothing any more.
        free.retain(|i| self.is_present(members[*i]));
        let held: Vec<Option<Place>> = members.iter().map(|m| self.members.all[*m].place.clone()).collect();
        let moves = settle(&self.names[n].places, gone, &held, &mut free);
        self.members.groups[g].free = free;
        let mut changed = false;
        for one in moves {
            changed |= !matches!(one, Move::Stay(..));
            match one {
                Move::Leave(i) => self.leave(members[i]),
                Move::Take(i, place) => self.take(members[i], &place, additional),
                Move::Stay(i, place) => self.stay(members[i], place, additional),
            }
        }
        changed
    }

    fn leave(&mut self, m: usize) {
        self.unfollow(m);
        let present = self.is_present(m);
        let member = &mut self.members.all[m];
        member.place = None;
        member.given = None;
        if present {
            let (p, s) = (member.p, member.s);
            self.lose(m, "entry removed from SRV record");
            self.shared.forget_fqdn(p, s);
        }
    }

    fn take(&mut self, m: usize, place: &Place, additional: &[(String, IpAddr)]) {
        if !self.is_present(m) {
            return;
        }
        self.members.all[m].place = Some(place.clone());
        self.weigh(m, place);
        if self.came_along(m, place, additional) {
            self.told_host(m, place);
            self.members.found.push(m);
            return;
        }
        self.told_host(m, place);
        self.follow(m, &place.host);
        // What is known of a host that others have need not be waited for.
        if let Some(n) = self.members.all[m].name
            && self.names[n].users.len() > 1
            && !self.names[n].addresses.is_empty()
            && self.choose(n, m, Updater::Cache).0
        {
            self.members.found.push(m);
        }
    }

    fn told_host(&self, m: usize, place: &Place) {
        let member = &self.members.all[m];
        if let Some(text) = self.shared.set_fqdn(member.p, member.s, &place.host, place.port, "SRV record") {
            self.shared.events.tell(member.p, level::NOTICE, &text);
        }
    }

    /// The server keeps its place; its weight or its address may be another.
    fn stay(&mut self, m: usize, place: Place, additional: &[(String, IpAddr)]) {
        if !self.is_present(m) {
            return;
        }
        if self.members.all[m].place.as_ref() != Some(&place) {
            self.weigh(m, &place);
        }
        if self.came_along(m, &place, additional) {
            self.unfollow(m);
            self.members.found.push(m);
        } else if self.members.all[m].name.is_none() {
            self.follow(m, &place.host);
        }
        self.keep_port(m, place.port);
        self.members.all[m].place = Some(place);
    }

    /// The port is the place's, even where a command gave the server another one.
    fn keep_port(&self, m: usize, port: u16) {
        let member = &self.members.all[m];
        if let Some(Endpoint::Ip(mut at)) = self.shared.server(member.p, member.s).endpoint()
            && at.port() != port
        {
            at.set_port(port);
            self.shared.set_address(member.p, member.s, Endpoint::Ip(at));
        }
    }

    fn weigh(&self, m: usize, place: &Place) {
        let member = &self.members.all[m];
        let weight = place.server_weight();
        let server = self.shared.server(member.p, member.s);
        if !member.resolve.ignore_weight && server.uweight.load(Relaxed) != weight {
            self.shared.set_weight(member.p, member.s, weight);
        }
    }

    /// Takes the address that came along with the place, if one did.
    fn came_along(&mut self, m: usize, place: &Place, additional: &[(String, IpAddr)]) -> bool {
        let families = self.accepted();
        let member = &self.members.all[m];
        let own = additional.iter().filter(|(host, _)| *host == place.host).map(|(_, ip)| *ip);
        let own = own.filter(|ip| if ip.is_ipv4() { families.v4 } else { families.v6 });
        let current = self.shared.server(member.p, member.s).endpoint().and_then(|e| e.ip());
        let Some(ip) = pick(own, current, |_| false, &member.resolve.wish) else {
            return false;
        };
        self.shared
            .set_resolved(member.p, member.s, SocketAddr::new(ip, place.port), Updater::Additional);
        true
    }
}
