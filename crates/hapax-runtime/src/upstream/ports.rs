//! `source` with a range of ports: each connection starts from the next one that is free.

use std::sync::atomic::{AtomicU32, Ordering};

use hapax_config::plan::Server;

/// The ports of one server's connections, and whose turn it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports<'c> {
    first: u16,
    last: u16,
    turn: &'c AtomicU32,
}

impl<'c> Ports<'c> {
    pub(super) fn of(server: &Server, turn: &'c AtomicU32) -> Option<Self> {
        let (first, last) = server.source_ports?;
        Some(Self { first, last, turn })
    }

    /// All of them, each once, from the one whose turn it is.
    pub(super) fn each(self) -> impl Iterator<Item = u16> {
        let count = u32::from(self.last.saturating_sub(self.first)) + 1;
        let begin = self.turn.fetch_add(1, Ordering::Relaxed) % count;
        // The next connection starts behind the one that is taken in the end.
        (0..count).map(move |n| {
            if n > 0 {
                self.turn.fetch_add(1, Ordering::Relaxed);
            }
            self.first + ((begin + n) % count) as u16
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_take_turns_and_each_is_tried_once() {
        let turn = AtomicU32::new(0);
        let ports = Ports {
            first: 4000,
            last: 4002,
            turn: &turn,
        };
        assert_eq!(ports.each().next(), Some(4000));
        assert_eq!(ports.each().collect::<Vec<_>>(), [4001, 4002, 4000]);
        assert_eq!(ports.each().next(), Some(4001));
    }
}
