//! What a former process left: each server gets the row of the state file that stands there for it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_value::Endpoint;

use crate::codes;
use crate::draft::Draft;
use crate::plan::Saved;
use crate::reader::Reader;
use crate::topic::server_state::StateFrom;

/// Rows by backend and server.
type Rows = HashMap<(String, String), Saved>;

pub(super) fn load(reader: &mut Reader<'_>, drafts: &mut [Box<Draft>]) {
    counters(reader);
    let mut global: Option<Rows> = None;
    for draft in drafts.iter_mut().filter(|d| !d.proxy.servers.is_empty()) {
        match draft.state_from {
            _ if !draft.is_back() => {}
            StateFrom::None => {}
            StateFrom::Global => {
                let rows = global.get_or_insert_with(|| {
                    let file = reader.global.server_state_file.clone();
                    file.map_or_else(Rows::new, |f| read(reader, &f, true))
                });
                give(draft, rows);
            }
            StateFrom::Local => {
                let file = draft.state_file.clone().unwrap_or_else(|| Arc::clone(&draft.proxy.name));
                let rows = read(reader, &file, false);
                give(draft, &rows);
            }
        }
        addresses(reader, draft);
    }
}

/// `stats-file`: read here, understood where the counters are.
fn counters(reader: &mut Reader<'_>) {
    let Some(path) = reader.global.stats_file.clone() else { return };
    if let Ok(text) = reader.files.read(&path) {
        reader.global.kept_counters = Some(text);
    } else {
        let message = format!("Can't load stats-file '{path}': cannot open file.");
        reader.diags.push(super::told(Diagnostic::warning(&codes::MISSING_FILE, message)));
    }
}

/// A file that is not there is an empty one: the first start has none.
fn read(reader: &mut Reader<'_>, file: &str, global: bool) -> Rows {
    let base = reader.global.server_state_base.as_deref().unwrap_or("");
    let path = Path::new(base).join(file).to_string_lossy().into_owned();
    match reader.files.read(&path) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            let rows = Saved::rows(&text);
            rows.map(|(b, s, saved)| ((b.to_owned(), s.to_owned()), saved)).collect()
        }
        Err(why) => {
            if global {
                let message = format!("Can't open global server state file '{path}': {why}.");
                reader.diags.push(super::told(Diagnostic::warning(&codes::MISSING_FILE, message)));
            }
            Rows::new()
        }
    }
}

fn give(draft: &mut Draft, rows: &Rows) {
    let backend = draft.proxy.name.to_string();
    for server in &mut draft.proxy.servers {
        let Some(saved) = rows.get(&(backend.clone(), server.name.to_string())) else {
            continue;
        };
        server.saved = Some(Box::new(saved.clone()));
    }
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
