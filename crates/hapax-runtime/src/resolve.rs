//! Names looked up while the process runs: one task per `resolvers` section, on the control thread.
//!
//! What to ask, whom, and when is `hapax_proto::dns::Lookup`'s to say; which server takes which address is `hapax_balance::names`'s.
//! Here are the sockets (`transport`), the names of one section (`section`) and what answers do to servers (`servers`).

mod families;
mod section;
mod servers;
mod transport;

use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use crate::state::Shared;
use crate::tls::TlsTables;
use section::Section;

/// Questions that are put before answers are looked at again: a start with ten thousand names must not drown their answers.
const AT_ONCE: usize = 64;

/// Looks names up until the process stops.
pub(crate) async fn run(shared: Arc<Shared>, tls: Arc<TlsTables>) {
    let mut tasks = tokio::task::JoinSet::new();
    for index in 0..shared.plan.resolvers.len() {
        if let Some(inbox) = shared.resolvers[index].take_inbox() {
            let (shared, tls) = (Arc::clone(&shared), Arc::clone(&tls));
            tasks.spawn_local(async move {
                let mut inbox = inbox;
                let mut section = Section::new(shared, index, &tls);
                loop {
                    let more = section.due(AT_ONCE);
                    let next = if more { Instant::now() } else { section.next() };
                    tokio::select! {
                        biased;
                        heard = section.hear() => section.heard(heard),
                        // Nothing more has come in for now.
                        () = std::future::ready(()), if section.has_found() => section.let_work(),
                        letter = inbox.recv() => match letter {
                            Some(letter) => section.asked(letter),
                            None => return,
                        },
                        () = sleep_until(next) => {}
                    }
                }
            });
        }
    }
    while tasks.join_next().await.is_some() {}
}
