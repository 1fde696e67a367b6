//! A process that leaves teaches its successor all that it knows.

use std::time::Duration;

use hapax_config::plan::BindAddress;
use hapax_sys::listen::Listener;
use hapax_value::Endpoint;

use super::link::{Role, SUCCESSOR};
use super::talk::End;
use super::{Section, connect, talk};
use crate::state::LiveTable;

/// Attempts while somebody is there who cannot be taught yet, and the pause between them.
const ATTEMPTS: usize = 10;
const PAUSE: Duration = Duration::from_millis(200);

/// Where the local peer listens: there the successor will be.
pub(super) fn home(section: &Section, listeners: &[Listener]) -> Option<Endpoint> {
    let first = section.conf().binds.first()?;
    match &first.address {
        BindAddress::At(at) => Some(at.clone()),
        BindAddress::Fd(_) => listeners.first().and_then(Listener::local_addr).map(Endpoint::Ip),
    }
}

/// Teaches, and then tells what changes while the last streams go on. Returns when they have ended, or nobody is there.
pub(super) async fn run(section: &Section, home: Option<Endpoint>) {
    let local = section.conf().local;
    let Some(home) = home else { return };
    let (mut taught, mut attempts) = (false, 0);
    while attempts < ATTEMPTS {
        if !until_news(section, taught).await {
            return;
        }
        match connect::open(section, local, Some(&home), connect::MINOR).await {
            Ok((stream, rest, ends)) => {
                match talk::run(section, local, Role::New { taught }, connect::MINOR, stream, &rest, (false, ends)).await {
                    End::HandedOver => return,
                    // What changed since is told in another session, and to the one that replaces it in turn: as often as ever.
                    End::Taught if !taught => (taught, attempts) = (true, 0),
                    _ => {}
                }
            }
            Err(refused) if refused.absent || refused.lasting => return,
            Err(_) => {}
        }
        attempts += 1;
        tokio::time::sleep(PAUSE).await;
    }
    let missed = if taught { "changed last" } else { "is" };
    tracing::warn!(peers = %section.conf().name, "the process that follows did not learn what {missed} in the stick tables");
}

/// Waits until there is something to tell; `false`: there will not be anything.
async fn until_news(section: &Section, taught: bool) -> bool {
    loop {
        let changed = section.state().changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        let drained = section.state().is_drained();
        let tables = section.conf().tables.iter().filter_map(|t| section.shared.tables.get(*t));
        let mut news = false;
        for LiveTable { table, .. } in tables {
            table.listen();
            if taught {
                table.rewind(SUCCESSOR, false);
                table.changes(SUCCESSOR, &mut 0, 1, section.reach().wall, |_| {
                    news = true;
                    false
                });
            } else {
                news |= table.used() > 0;
            }
        }
        if news || drained {
            return news;
        }
        changed.await;
    }
}
