//! Stick tables along a stream: what is counted in the entries that are tracked for it, and the server that its key is bound to.

use hapax_balance::table::DataType;
use hapax_config::plan::{Options, StickRule};
use hapax_sample::Env;
use hapax_sample::acl::Verdict;
use hapax_value::{Endpoint, Millis};
use smallvec::SmallVec;

use super::exchange::Exchange;
use crate::session::Client;
use crate::state::{Event, LiveTable, ProxyState};
use crate::worker::Worker;

/// Most keys that one stream stores.
const MOST_STORES: usize = 8;

/// A key whose server is stored once it is certain.
#[derive(Debug)]
pub(super) struct Store {
    table: u32,
    key: StoreKey,
    of_response: bool,
}

/// Most keys need no memory of their own, and most streams have one.
type StoreKey = SmallVec<[u8; 32]>;
pub(super) type Stores = SmallVec<[Store; 1]>;

fn wall_ms(w: &Worker) -> Millis {
    w.now().wall_us / 1000
}

impl Client {
    /// Counts in the entries that are tracked for the connection.
    pub(crate) fn count(&self, w: &Worker, event: Event) {
        if self.facts.tracks.is_empty() {
            return;
        }
        let now = wall_ms(w);
        for (_, t) in &self.facts.tracks {
            w.shared.tables.count(*t, event, now);
        }
    }

    /// The connection ends: its entries are tracked no more.
    pub(crate) fn release_tracks(&mut self, w: &Worker) {
        if self.facts.tracks.is_empty() {
            return;
        }
        let now = wall_ms(w);
        for (_, t) in self.facts.tracks.drain(..) {
            w.shared.tables.release(t, now);
        }
    }
}

impl Exchange<'_> {
    /// Counts in the entries that are tracked for the stream and for its connection.
    pub(super) fn count_tracked(&self, event: Event) {
        self.c.count(self.w, event);
        if self.p.facts.tracks.is_empty() {
            return;
        }
        let now = wall_ms(self.w);
        for (_, t) in &self.p.facts.tracks {
            self.w.shared.tables.count(*t, event, now);
        }
    }

    /// What the status of the server's response tells of the client and of the server.
    pub(super) fn count_status(&self, status: u16) {
        if self.c.facts.tracks.is_empty() && self.p.facts.tracks.is_empty() {
            return;
        }
        let tables = &self.w.shared.tables;
        if tables.is_error(status) {
            self.count_tracked(Event::Error);
        }
        if tables.is_failure(status) {
            self.count_tracked(Event::Failure);
        }
    }

    /// The stream ends: its entries are tracked no more.
    pub(super) fn release_tracks(&mut self) {
        if self.p.facts.tracks.is_empty() {
            return;
        }
        let now = wall_ms(self.w);
        for (_, t) in self.p.facts.tracks.drain(..) {
            self.w.shared.tables.release(t, now);
        }
    }

    /// Whether a server that the stream is bound to may be tried.
    pub(super) fn may_persist(&self, server: usize) -> bool {
        self.persistence.forced || self.be.options.contains(Options::PERSIST) || self.be_state().servers[server].is_up()
    }

    /// `force-persist` and `ignore-persist`: the first whose condition holds.
    pub(super) fn judge_persistence(&mut self) {
        let holds = |c: &hapax_sample::acl::Condition| c.eval(&self.env(false)) == Verdict::Pass;
        match self.be.persist_rules.iter().find(|(_, c)| holds(c)) {
            Some((true, _)) => self.persistence.forced = true,
            Some((false, _)) => self.persistence.ignored = true,
            None => {}
        }
    }

    /// `persist rdp-cookie`: binds the stream to the server that the first bytes name, unless a rule has chosen one.
    pub(super) fn read_rdp_token(&mut self) {
        let Some(expr) = self.be.persist_rdp.as_ref().filter(|_| !self.persistence.ignored) else {
            return;
        };
        let mut token = Vec::new();
        if !expr.eval_str(&self.tcp_env(self.p.req.buf.filled()), &mut token) || self.ruled_server().is_some() {
            return;
        }
        let Some(at) = hapax_proto::rdp::server_of(&token) else { return };
        let named = self.be_state().servers.position(|s| s.endpoint() == Some(Endpoint::Ip(at.into())));
        if let Some(i) = named.filter(|i| self.may_persist(*i)) {
            self.persistence.server = Some(i);
        }
    }

    /// `stick match`, `stick on` and `stick store-request`: finds the server that a key is bound to, and keeps the keys that are
    /// to be stored. A server chosen by cookie or rule stays.
    pub(super) fn stick_request(&mut self, env: fn(&Self) -> Env<'_>) {
        if self.be.stick_rules.is_empty() {
            return;
        }
        let now = wall_ms(self.w);
        let mut chosen = self.persistence.server.or_else(|| self.ruled_server());
        for rule in self.be.stick_rules.iter().filter(|r| r.matches || r.stores) {
            let Some((table, key)) = self.stick_key(rule, false, env) else {
                continue;
            };
            let Some(live) = self.w.shared.tables.get(table) else { continue };
            if rule.matches && chosen.is_none() {
                chosen = self.bound_server(live, &key, now);
                self.persistence.server = chosen;
            }
            if rule.stores {
                self.keep(table, key, false);
            }
        }
    }

    /// The key of a rule that applies; `None`: it does not, or a rule before it has stored in its table.
    fn stick_key(&self, rule: &StickRule, of_response: bool, env: fn(&Self) -> Env<'_>) -> Option<(u32, StoreKey)> {
        let table = *rule.table.id.get()? as u32;
        let stores = rule.stores || rule.stores_response;
        if stores && self.stores.iter().any(|s| s.table == table && s.of_response == of_response) {
            return None;
        }
        let env = env(self);
        if rule.cond.as_ref().is_some_and(|c| c.eval(&env) != Verdict::Pass) {
            return None;
        }
        let kind = self.w.shared.tables.get(table)?.table.spec().key;
        let key = kind.key(rule.expr.eval(&env).ok()?)?;
        Some((table, StoreKey::from_slice(&key)))
    }

    fn keep(&mut self, table: u32, key: StoreKey, of_response: bool) {
        if self.stores.len() < MOST_STORES {
            self.stores.push(Store { table, key, of_response });
        }
    }

    /// The server of a key's entry, where it may be used; the entry is used by that.
    fn bound_server(&self, live: &LiveTable, key: &[u8], now: Millis) -> Option<usize> {
        let mut entry = live.table.get(key, now)?;
        entry.touch();
        let id = entry.get(DataType::ServerId, 0).unwrap_or(0);
        let text = entry.get(DataType::ServerKey, 0).unwrap_or(0);
        drop(entry);
        let state = self.be_state();
        let name = live.table.text(text as u32);
        let named = name.and_then(|name| {
            if live.server_address {
                server_at(state, &name)
            } else {
                state.server_named(&name)
            }
        });
        let server = named.or_else(|| state.server_numbered(id as u32))?;
        self.may_persist(server).then_some(server)
    }

    /// `stick store-response`, then everything that is to be stored: the server has answered.
    pub(super) fn stick_response(&mut self, env: fn(&Self) -> Env<'_>) {
        if self.be.stick_rules.is_empty() {
            return;
        }
        for rule in self.be.stick_rules.iter().filter(|r| r.stores_response) {
            if let Some((table, key)) = self.stick_key(rule, true, env) {
                self.keep(table, key, true);
            }
        }
        let stores = std::mem::take(&mut self.stores);
        let Some(i) = self.server else { return };
        let conf = self.server_conf(i);
        if conf.non_stick {
            return;
        }
        let now = wall_ms(self.w);
        for store in stores {
            let Some(live) = self.w.shared.tables.get(store.table) else {
                continue;
            };
            let text = if live.server_address {
                let at = self.be_state().servers[i].endpoint();
                at.and_then(|a| address_text(&a)).map_or(0, |a| live.table.text_id(&a))
            } else {
                live.table.text_id(&conf.name)
            };
            // A full table that drops nothing keeps nothing new.
            if let Some(mut entry) = live.table.obtain(&store.key, now) {
                entry.set(DataType::ServerId, 0, conf.id.into());
                entry.set(DataType::ServerKey, 0, text.into());
                entry.touch();
            }
        }
    }
}

/// The server of an address; addresses may change while running.
fn server_at(state: &ProxyState, address: &str) -> Option<usize> {
    state
        .servers
        .position(|s| s.endpoint().and_then(|a| address_text(&a)).as_deref() == Some(address))
}

fn address_text(at: &Endpoint) -> Option<String> {
    match at {
        Endpoint::Ip(a) => Some(a.to_string()),
        _ => None,
    }
}
