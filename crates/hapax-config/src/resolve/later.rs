//! Named `defaults` sections as the backends that start from them while the process runs will have them.

use super::proxy::{self, One};
use super::{Index, Peer};
use crate::draft::Draft;
use crate::dynamic::Later;
use crate::keyword::Sections;
use crate::plan::{Mode, Proxy};
use crate::reader::Reader;

pub(super) fn finish(reader: &mut Reader<'_>, index: &Index, peers: &[Peer]) -> Later {
    let mut later = Later::new(reader);
    let told = reader.diags.len();
    for i in 1..reader.defaults.len() {
        let defaults = &reader.defaults[i];
        if defaults.proxy.name.is_empty() || reader.defaults_purged {
            continue;
        }
        let (name, mode) = (defaults.proxy.name.clone(), defaults.mode_given.then_some(defaults.proxy.mode));
        let tcp = template(reader, index, peers, i, Mode::Tcp);
        let http = template(reader, index, peers, i, Mode::Http);
        later.add_template(name, mode, tcp, http);
    }
    // What there is to say of a section has been said of those that the configuration makes of it.
    let mut n = 0;
    reader.diags.retain(|_| {
        n += 1;
        n <= told
    });
    later
}

fn template(reader: &mut Reader<'_>, index: &Index, peers: &[Peer], defaults: usize, mode: Mode) -> Proxy {
    let from = &reader.defaults[defaults];
    let mut draft = Draft::inherit(Sections::BACKEND, from.proxy.name.clone(), from.proxy.span, from);
    draft.proxy.mode = mode;
    let mut cx = One {
        reader,
        index,
        peers,
        server_names: &[],
        checked: &[],
        me: peers.len(),
    };
    proxy::finish(&mut cx, draft)
}
