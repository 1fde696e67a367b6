//! What a former process left: each server gets the row of the state file that stands there for it.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use hapax_balance::notice::{Cause, Event, FarmView, Notice};
use hapax_diag::{Diagnostic, Severity};
use hapax_value::Endpoint;

use super::proxy::Ids;
use crate::codes;
use crate::draft::Draft;
use crate::plan::saved::{self, Owner, Row, Unreadable};
use crate::plan::{Proxy, Saved, Server};
use crate::reader::Reader;
use crate::topic::server_state::StateFrom;

/// The file's text is gone by then.
struct Line {
    backend_id: String,
    backend: String,
    server: String,
    row: Row,
}
type Rows = Vec<Line>;

impl Line {
    fn new(owner: Owner<'_>, row: Row) -> Self {
        Self {
            backend_id: owner.backend_id.to_owned(),
            backend: owner.backend.to_owned(),
            server: owner.server.to_owned(),
            row,
        }
    }
}

/// Bits of rows: maintenance that was asked for, a line with `disabled`, and a drain that was asked for.
const FMAINT: u32 = 0x01;
const CMAINT: u32 = 0x04;
const FDRAIN: u32 = 0x08;

pub(super) fn load(reader: &mut Reader<'_>, drafts: &mut [Box<Draft>]) {
    counters(reader);
    let global = reader.global.server_state_file.clone();
    let rows = global.as_ref().map_or_else(Rows::new, |file| read(reader, file, None));
    let mut ids = Ids::new(&reader.proxy_ids);
    for draft in drafts.iter_mut() {
        let id = ids.of(draft.id.map_or(0, |(id, _)| id));
        if !draft.is_back() || draft.proxy.servers.is_empty() {
            continue;
        }
        match draft.state_from {
            StateFrom::None => {}
            StateFrom::Global if global.is_none() => tell(
                reader,
                Severity::Warning,
                format!(
                    "{} '{}' configured to load server state file from global section 'server-state-file' directive. \
                     Unfortunately, 'server-state-file' is not set!",
                    draft.kind_name(),
                    draft.proxy.name
                ),
            ),
            StateFrom::Global => give(reader, draft, &rows),
            StateFrom::Local => {
                let file = draft.state_file.clone().unwrap_or_else(|| Arc::clone(&draft.proxy.name));
                let rows = read(reader, &file, Some(&draft.proxy.name));
                tell_strangers(reader, draft, id, &rows);
                give(reader, draft, &rows);
            }
        }
        addresses(reader, draft);
    }
}

fn tell(reader: &mut Reader<'_>, severity: Severity, message: String) {
    reader
        .diags
        .push(super::told(Diagnostic::new(&codes::MISSING_FILE, severity, message)));
}

/// `stats-file`: read here, understood where the counters are.
fn counters(reader: &mut Reader<'_>) {
    let Some(path) = reader.global.stats_file.clone() else { return };
    if let Ok(text) = reader.files.read(&path) {
        reader.global.kept_counters = Some(text);
    } else {
        let message = format!("Can't load stats-file '{path}': cannot open file.");
        tell(reader, Severity::Warning, message);
    }
}

/// A file that is not there, or not whole, is an empty one: the first start has none.
fn read(reader: &mut Reader<'_>, file: &str, own: Option<&str>) -> Rows {
    let base = reader.global.server_state_base.as_deref().unwrap_or("");
    let path = Path::new(base).join(file).to_string_lossy().into_owned();
    let (whose, what) = match own {
        None => ("config".to_owned(), "global server state file"),
        Some(name) => (format!("Proxy '{name}'"), "server state file"),
    };
    let bytes = match reader.files.read(&path) {
        Ok(bytes) => bytes,
        // A directory can be opened, and there is nothing in it to read.
        Err(why) if why.starts_with("Is a directory") => Vec::new().into(),
        Err(why) => {
            let end = if own.is_some() { "." } else { "" };
            tell(reader, Severity::Notice, format!("{whose}: Can't open {what} '{path}': {why}{end}"));
            return Rows::new();
        }
    };
    let (severity, message) = match Saved::rows(&String::from_utf8_lossy(&bytes)) {
        Ok(rows) => return rows.into_iter().map(|(owner, row)| Line::new(owner, row)).collect(),
        Err(Unreadable::Empty) => (Severity::Notice, format!("{whose}: Empty {what} '{path}'.")),
        Err(Unreadable::Version) => (Severity::Warning, format!("{whose}: Can't get version of the {what} '{path}'.")),
        Err(Unreadable::Corrupted(line)) => (Severity::Warning, format!("{whose}: corrupted {what} '{path}' at line {line}.")),
    };
    tell(reader, severity, message);
    Rows::new()
}

/// In a file of its own, a backend should find its own servers alone.
fn tell_strangers(reader: &mut Reader<'_>, draft: &Draft, id: u32, rows: &Rows) {
    let me = &draft.proxy.name;
    let mut seen = HashSet::new();
    for line in rows.iter().filter(|l| seen.insert((&l.backend, &l.server))) {
        let (named, numbered) = (line.backend.as_str() == &**me, line.backend_id == id.to_string());
        let other = match (named, numbered) {
            (true, true) => None,
            (true, false) => Some(("ID", &line.backend_id, id.to_string())),
            (false, true) => Some(("name", &line.backend, me.to_string())),
            (false, false) => continue,
        };
        if let Some((what, theirs, ours)) = other {
            let message =
                format!("Proxy '{me}': backend {what} mismatch: from server state file: '{theirs}', from running config '{ours}'");
            tell(reader, Severity::Warning, message);
        }
        if named && !draft.proxy.servers.iter().any(|s| *s.name == *line.server) {
            let message = format!("Proxy '{me}': can't find server '{}' in backend '{me}'", line.server);
            tell(reader, Severity::Warning, message);
        }
    }
}

fn give(reader: &mut Reader<'_>, draft: &mut Draft, rows: &Rows) {
    let backend = draft.proxy.name.to_string();
    let mut own: HashMap<&str, &Row> = HashMap::new();
    for line in rows.iter().filter(|l| l.backend == backend) {
        // Of several rows, the first counts.
        own.entry(&line.server).or_insert(&line.row);
    }
    for server in &mut draft.proxy.servers {
        match own.get(&*server.name) {
            None => {}
            Some(Err(wrong)) => {
                let message = format!("server-state application failed for server '{backend}/{}', {wrong}", server.name);
                tell(reader, Severity::Warning, message);
            }
            Some(Ok(saved)) => {
                server.saved = Some(Box::new(saved.clone()));
                if let Err(wrong) = check_targets(saved, server) {
                    let message = format!("server-state partially applied for server '{backend}/{}', {wrong}", server.name);
                    tell(reader, Severity::Warning, message);
                }
            }
        }
    }
}

/// Where checks and agents go, as a row has it, must suit a server that has such.
fn check_targets(saved: &Saved, server: &Server) -> Result<(), String> {
    let (port, address) = (saved::port(&saved.check_port), saved::address(&saved.check_address));
    if server.check.is_none() && (port != Ok(None) || address != Ok(None)) {
        return Err("health checks are not enabled on this server".to_owned());
    }
    port?;
    address?;
    let (port, address) = (saved::port(&saved.agent_port), saved::address(&saved.agent_address));
    if server.agent.is_none() && (port != Ok(None) || address != Ok(None)) {
        return Err("agent checks are not enabled on this server".to_owned());
    }
    port?;
    address?;
    Ok(())
}

/// Names keep the address they had (`init-addr last`), whether or not they were found now.
fn addresses(reader: &mut Reader<'_>, draft: &mut Draft) {
    for (index, told) in std::mem::take(&mut draft.last_addresses) {
        let server = &mut draft.proxy.servers[index];
        match server.saved.as_ref().and_then(|s| s.address) {
            Some(ip) => server.address = Some(Endpoint::Ip((ip, server.port).into())),
            None => told.into_iter().for_each(|d| reader.diags.push(d)),
        }
    }
}

/// A server as the messages below see it.
#[derive(Clone, Copy)]
struct Standing {
    up: bool,
    usable: bool,
}

const LEFT_MAINTENANCE: Event<'_> = Event::LeaveMaint {
    forced: true,
    up: true,
    draining: false,
};

fn down(cause: Cause<'_>) -> Event<'_> {
    Event::Down { cause, expected: false }
}

/// Tells what rows of state files change of what the configuration alone would start with.
pub(super) fn tell_changes(reader: &mut Reader<'_>, proxies: &[Proxy]) {
    if !proxies.iter().any(|p| p.servers.iter().any(|s| s.saved.is_some())) {
        return;
    }
    let fresh = |s: &Server| {
        let up = !s.disabled && s.init_state.is_up() && (s.address.is_some() || s.hostname.is_none());
        Standing {
            up,
            usable: up && s.weight > 0,
        }
    };
    let mut farms: Vec<Vec<Standing>> = proxies.iter().map(|p| p.servers.iter().map(fresh).collect()).collect();
    let mut trackers: HashMap<(usize, usize), Vec<(usize, usize)>> = HashMap::new();
    for (p, proxy) in proxies.iter().enumerate() {
        for (s, server) in proxy.servers.iter().enumerate() {
            if let Some((tp, ts)) = server.track {
                trackers.entry((tp as usize, ts as usize)).or_default().push((p, s));
            }
        }
    }
    for (p, proxy) in proxies.iter().enumerate() {
        for (s, server) in proxy.servers.iter().enumerate() {
            let Some(saved) = server.saved.as_deref().filter(|_| server.track.is_none()) else {
                continue;
            };
            let after_reload = Cause::Words("changed from server-state after a reload");
            let (event, inherited) = match saved.oper {
                _ if server.disabled => {
                    let ready = saved.admin & CMAINT != 0 && saved.admin & FMAINT == 0;
                    (ready.then_some(LEFT_MAINTENANCE), None)
                }
                0 if farms[p][s].up => (Some(down(after_reload)), Some(down(Cause::Told))),
                3 if farms[p][s].up => (Some(Event::Stopping(after_reload)), Some(Event::Stopping(Cause::Told))),
                _ => (None, None),
            };
            let away = saved.admin & FMAINT != 0 && (server.disabled || saved.admin & CMAINT == 0);
            let weight = if saved.iweight == server.weight {
                saved.uweight
            } else {
                server.weight
            };
            let stays = matches!(event, None | Some(Event::LeaveMaint { .. })) && !away && saved.admin & FDRAIN == 0;
            let leaves_maintenance = matches!(event, Some(Event::LeaveMaint { .. }));
            let (was, quiet) = (farms[p][s], event.is_none());
            farms[p][s] = Standing {
                up: (was.up || leaves_maintenance) && stays,
                usable: (was.up || leaves_maintenance) && stays && weight > 0,
            };
            if let Some(event) = event {
                tell(reader, Severity::Warning, notice(proxies, &farms, (p, s), None, event));
            }
            // Those that track it go where it goes; into maintenance and drain without a word.
            if stays {
                continue;
            }
            let mut chain = trackers.get(&(p, s)).cloned().unwrap_or_default();
            while let Some((tp, ts)) = chain.pop() {
                let was = std::mem::replace(&mut farms[tp][ts], Standing { up: false, usable: false });
                if let Some(event) = inherited.filter(|_| was.up && !quiet) {
                    let via = format!("{}/{}", proxy.name, server.name);
                    tell(reader, Severity::Warning, notice(proxies, &farms, (tp, ts), Some(&via), event));
                }
                chain.extend(trackers.get(&(tp, ts)).into_iter().flatten());
            }
        }
    }
}

fn notice(proxies: &[Proxy], farms: &[Vec<Standing>], (p, s): (usize, usize), via: Option<&str>, event: Event<'_>) -> String {
    let proxy = &proxies[p];
    let usable = |backup: bool| {
        let all = farms[p].iter().zip(&proxy.servers);
        all.filter(|(standing, s)| standing.usable && s.backup == backup).count() as u32
    };
    let notice = Notice {
        backend: &proxy.name,
        server: &proxy.servers[s].name,
        backup: proxy.servers[s].backup,
        via,
        event,
        farm: FarmView {
            act: usable(false),
            bck: usable(true),
            ..FarmView::default()
        },
    };
    notice.to_string()
}
