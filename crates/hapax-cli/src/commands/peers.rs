//! Peers while running: who is connected, and how far each table is told (management guide, 9.3).

use hapax_config::plan::{Peers, Server, SocketLevel};
use hapax_runtime::peers::{self, Link};
use hapax_runtime::state::{PeersState, Shared};
use hapax_value::{Endpoint, Support};

use super::own::row;
use crate::command::{Answer, Call, Command};

pub(super) static ROWS: &[Command] = &[row!(
    &["show", "peers"],
    User,
    "show peers [dict|-] [section]",
    "show who shares the stick tables, and how far each of them is",
    show
)];

/// Numbers of texts that are shown on one line.
const PER_LINE: u64 = 4;
/// Numbers that texts may have.
const NUMBERS: u64 = 128;

fn show(c: &mut Call<'_>) -> Answer {
    let dict = c.arg(0) == "dict";
    let wanted = c.arg(usize::from(dict || c.arg(0) == "-"));
    let shared = c.control.shared();
    let all = shared.plan.peers.iter().zip(&shared.peers).enumerate();
    let chosen: Vec<_> = all.filter(|(_, (conf, _))| wanted.is_empty() || *conf.name == *wanted).collect();
    if chosen.is_empty() && !wanted.is_empty() {
        return Answer::err("No such peers");
    }
    let mut out = String::new();
    for (i, (conf, state)) in chosen {
        let view = View {
            shared,
            conf,
            state,
            section: i as u64,
            now: peers::clock(shared),
            dict,
        };
        view.section(c.control.now_us(), &mut out);
    }
    Answer::Text(out)
}

/// One section at one moment.
struct View<'s> {
    shared: &'s Shared,
    conf: &'s Peers,
    state: &'s PeersState,
    section: u64,
    now: u64,
    dict: bool,
}

impl View<'_> {
    /// There are no addresses to show: the places stand for them.
    fn pointer(&self, kind: u64, place: u64) -> u64 {
        0x2000_0000_0000 | self.section << 32 | kind << 24 | place << 4
    }

    /// A time to come.
    fn left(&self, at: Option<u64>) -> String {
        match at {
            None => "<NEVER>".to_owned(),
            Some(at) if at <= self.now => "<PAST>".to_owned(),
            Some(at) => brief(at - self.now),
        }
    }

    fn section(&self, now_us: u64, out: &mut String) {
        let (local, remote, until) = {
            let resync = self.state.resync();
            let (local, remote) = resync.phases_over();
            (local, remote, resync.until())
        };
        let flags = u8::from(local) | u8::from(remote) << 1;
        let until = self.left(Some(if remote { 0 } else { until }));
        put!(
            *out,
            "{:#x}: [{}] id={} disabled=0 flags={flags:#x} resync_timeout={until} task_calls=0\n",
            self.pointer(0, 0),
            peers::date(now_us),
            self.conf.name
        );
        // The one declared last comes first.
        for (i, peer) in self.conf.peers.iter().enumerate().rev() {
            self.peer(i, peer, out);
        }
    }

    fn peer(&self, i: usize, peer: &Server, out: &mut String) {
        let state = &self.state.peers[i];
        let v = state.view().clone();
        let kind = if i == self.conf.local { "local" } else { "remote" };
        let active = if v.connected { "active" } else { "inactive" };
        let address = peer.address.as_ref().map_or_else(|| "-".to_owned(), address);
        put!(
            *out,
            "  {:#x}: id={}({kind},{active}) addr={address} app_state={} learn_state=NOTASSIGNED last_status={} last_hdshk={}\n",
            self.pointer(1, i as u64),
            peer.name,
            if v.connected { "RUNNING" } else { "STOPPED" },
            v.status,
            v.last_handshake
                .map_or_else(|| "<NEVER>".to_owned(), |at| brief(self.now.saturating_sub(at)))
        );
        put!(
            *out,
            "        reconnect={} heartbeat={} confirm={} tx_hbt={} rx_hbt={} no_hbt={} new_conn={} proto_err={} coll={}\n",
            self.left(v.reconnect),
            self.left(v.heartbeat.filter(|_| v.connected)),
            v.confirms,
            v.sent_beats,
            v.got_beats,
            v.silences,
            v.new_conn,
            v.wrong,
            v.collisions
        );
        let flags = u32::from(v.connected) | u32::from(v.incoming) << 1;
        put!(*out, "        flags={flags:#x}");
        if v.connected {
            put!(*out, " appctx:{:#x} st0=7 st1=0 task_calls=0 state=EST", self.pointer(2, i as u64));
        }
        out.push('\n');
        if let Some((src, dst)) = v.ends.filter(|_| v.connected) {
            let xprt = if peer.tls.is_some() { "SSL" } else { "RAW" };
            put!(*out, "        xprt={xprt} src={src} addr={dst}\n");
        }
        if state.look(|link| self.link(i, link, out)).is_none() {
            out.push_str("        shared tables:\n");
            let unknown = (1..).map(|local_id| peers::TableView {
                local_id,
                ..peers::TableView::default()
            });
            self.tables(i, unknown, None, out);
        }
    }

    fn link(&self, i: usize, link: &Link, out: &mut String) {
        let views = link.views();
        let (ours, theirs) = link.current();
        for (what, place) in [("remote_table", theirs), ("last_local_table", ours)] {
            let Some((place, v)) = place.and_then(|p| Some((p, views.get(p)?))) else {
                continue;
            };
            put!(
                *out,
                "        {what}:{:#x} id={} local_id={} remote_id={}\n",
                self.pointer(3 + i as u64, place as u64),
                self.table_name(place),
                v.local_id,
                v.remote_id
            );
        }
        out.push_str("        shared tables:\n");
        self.tables(i, views, Some(link), out);
    }

    fn table_name(&self, place: usize) -> &str {
        let id = self.conf.tables.get(place);
        id.map_or("-", |id| &self.shared.plan.tables[*id as usize].name)
    }

    fn tables(&self, peer: usize, views: impl IntoIterator<Item = peers::TableView>, link: Option<&Link>, out: &mut String) {
        let of_section = self.conf.tables.iter().zip(views).enumerate();
        // The one declared last comes first.
        let all: Vec<_> = of_section.collect();
        for (place, (id, v)) in all.into_iter().rev() {
            let Some(live) = self.shared.tables.get(*id) else { continue };
            let changes = live.table.change_count();
            put!(
                *out,
                "          {:#x} local_id={} remote_id={} flags=0x0 remote_data={:#x}\n",
                self.pointer(3 + peer as u64, place as u64),
                v.local_id,
                v.remote_id,
                v.remote_data
            );
            put!(
                *out,
                "              last_acked={} last_pushed={} last_get={} teaching_origin=0 update={}\n",
                v.last_acked,
                v.last_pushed,
                v.last_get,
                v.last_acked
            );
            put!(
                *out,
                "              table:{:#x} id={} update={changes} localupdate={changes} refcnt=1\n",
                self.pointer(255, u64::from(*id)),
                live.name
            );
            match link.filter(|_| self.dict) {
                Some(link) => dictionaries(link, out),
                None => out.push_str("        Dictionary cache not dumped (use \"show peers dict\")\n"),
            }
        }
    }
}

fn dictionaries(link: &Link, out: &mut String) {
    out.push_str("        TX dictionary cache:\n");
    for (n, text) in link.sent_texts() {
        put!(*out, "          {n:3} -> {text}\n");
    }
    out.push_str("        RX dictionary cache:\n");
    for first in (1..=NUMBERS).step_by(PER_LINE as usize) {
        out.push_str("        ");
        (first..first + PER_LINE).for_each(|n| put!(*out, "  {n:3} -> {}", link.text_heard(n).unwrap_or("-")));
        out.push('\n');
    }
}

fn address(at: &Endpoint) -> String {
    match at {
        Endpoint::Ip(a) => a.to_string(),
        Endpoint::Unix(path) => path.to_string(),
        Endpoint::Abstract(name, _) => format!("abns@{}", String::from_utf8_lossy(name)),
    }
}

/// In the largest unit that is not zero.
fn brief(ms: u64) -> String {
    let s = ms / 1000;
    match s {
        0..60 => format!("{s}s"),
        60..3600 => format!("{}m{}s", s / 60, s % 60),
        3600..86_400 => format!("{}h{}m", s / 3600, s % 3600 / 60),
        _ => format!("{}d{}h", s / 86_400, s % 86_400 / 3600),
    }
}
