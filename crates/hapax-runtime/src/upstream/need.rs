//! How many connections a server needs, and so how many idle ones are too many.
//!
//! The need rises at once with what is in use, and falls by half of the difference each time idle connections are looked through, which
//! happens at the pace of `pool-purge-delay` while there are any.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::state::raise;

/// What is known of the connections to one server that clients may share.
#[derive(Debug, Default)]
pub struct Need {
    /// In use now, and the most at once since idle ones were looked through.
    used: AtomicU32,
    most: AtomicU32,
    level: AtomicU32,
}

impl Need {
    pub fn used(&self) -> u32 {
        self.used.load(Ordering::Relaxed)
    }

    pub fn needed(&self) -> u32 {
        self.level.load(Ordering::Relaxed)
    }

    pub fn most(&self) -> u32 {
        self.most.load(Ordering::Relaxed)
    }

    /// One more is in use, until what is returned is dropped. One that nobody else may use counts for the moment it is opened.
    pub(crate) fn begin(&self) -> InUse<'_> {
        let used = self.used.fetch_add(1, Ordering::Relaxed) + 1;
        raise(&self.most, used);
        raise(&self.level, used);
        InUse(self)
    }

    /// It is time to look through `idle` idle connections: how many are too many. The need is estimated anew.
    pub fn review(&self, idle: u32) -> u32 {
        let (used, most, need) = (self.used(), self.most(), self.needed());
        let surplus = i64::from(used) + i64::from(idle) - i64::from(need);
        let next = if need < most { most } else { u32::midpoint(need, most) };
        self.level.store(next, Ordering::Relaxed);
        self.most.store(used, Ordering::Relaxed);
        // Half of them, the odd one with them. As in HAProxy one missing is as odd as one too many.
        u32::try_from(surplus / 2 + (surplus & 1)).unwrap_or(0)
    }
}

/// A connection in use.
#[derive(Debug)]
pub(crate) struct InUse<'n>(&'n Need);

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        self.0.used.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(peak: u32) -> Need {
        let need = Need::default();
        let used: Vec<_> = (0..peak).map(|_| need.begin()).collect();
        drop(used);
        need
    }

    /// Closes what is too many until nothing is left; one more than the share goes each time. What was closed each time.
    fn pace(need: &Need, mut idle: u32) -> Vec<u32> {
        let mut closed = Vec::new();
        while idle > 0 && closed.len() < 20 {
            let gone = match need.review(idle) {
                0 => 0,
                n => (n + 1).min(idle),
            };
            idle -= gone;
            closed.push(gone);
        }
        closed
    }

    #[test]
    fn idle_connections_go_by_halves_after_two_quiet_looks() {
        for (peak, idle, closed) in [
            (1, 1, &[0, 0, 1][..]),
            (2, 2, &[0, 0, 2]),
            (3, 3, &[0, 0, 2, 1]),
            (4, 4, &[0, 0, 2, 2]),
            (5, 5, &[0, 0, 3, 2]),
            // More than were ever needed.
            (3, 8, &[4, 2, 2]),
            (3, 5, &[2, 0, 2, 1]),
            // Fewer: one missing counts as one too many.
            (4, 3, &[2, 0, 1]),
            (4, 2, &[0, 0, 0, 2]),
            (4, 1, &[0, 0, 1]),
            (5, 3, &[0, 0, 2, 0, 1]),
        ] {
            assert_eq!(pace(&after(peak), idle), closed, "{peak} used, {idle} idle");
        }
    }

    #[test]
    fn the_need_rises_at_once_and_falls_by_halves() {
        let need = after(6);
        let _used: Vec<_> = (0..3).map(|_| need.begin()).collect();
        let mut seen = Vec::new();
        for _ in 0..4 {
            need.review(1);
            seen.push(need.needed());
        }
        assert_eq!(seen, [6, 4, 3, 3], "three are still in use");
        drop(need.begin());
        assert_eq!((need.used(), need.needed()), (3, 4));
    }
}
