//! A process that leaves teaches its successor all that it knows.

use std::time::Duration;

use hapax_config::plan::BindAddress;
use hapax_sys::listen::Listener;
use hapax_value::Endpoint;

use super::link::Role;
use super::talk::End;
use super::{Section, connect, talk};

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

/// Teaches, and returns when that is done or nobody is there.
pub(super) async fn run(section: &Section, home: Option<Endpoint>) {
    let local = section.conf().local;
    let known = |t: &u32| section.shared.tables.get(*t).is_some_and(|t| t.table.used() > 0);
    let Some(home) = home.filter(|_| section.conf().tables.iter().any(known)) else {
        return;
    };
    for _ in 0..ATTEMPTS {
        match connect::open(section, local, Some(&home), connect::MINOR).await {
            Ok((stream, rest, ends)) => {
                let end = talk::run(section, local, Role::New, connect::MINOR, stream, &rest, (false, ends)).await;
                if end == End::HandedOver {
                    return;
                }
            }
            Err(refused) if refused.absent || refused.lasting => return,
            Err(_) => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
    tracing::warn!(peers = %section.conf().name, "the process that follows did not learn what is in the stick tables");
}
