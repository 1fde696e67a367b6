//! Bandwidth that the streams of a key share (`filter bwlim-in NAME key ...`): the byte rate of a stick-table entry, spent by all.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hapax_balance::table::{DataType, Handle};
use hapax_rules::filters::{Direction, Pass, SharedRates};
use hapax_sample::Track;
use hapax_value::{Millis, Value};

use super::Shared;

/// How many streams share the rate of an entry, by its table and its handle, and the direction they are limited in.
#[derive(Debug, Default)]
pub(crate) struct Sharers(Mutex<HashMap<(Track, bool), u64>>);

impl Sharers {
    /// One comes, or one goes; 0: asks only. Gives how many there are.
    fn change(&self, entry: Track, direction: Direction, by: i64) -> u64 {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (entry, direction == Direction::Request);
        let now = all.get(&key).copied().unwrap_or(0).saturating_add_signed(by);
        if by != 0 {
            if now == 0 {
                all.remove(&key);
            } else {
                all.insert(key, now);
            }
        }
        now
    }
}

/// Into how many parts a period's bytes are split, so that all streams come to theirs in turn.
const PARTS: u64 = 20;

/// What one stream may send of what all of them may: its part of the limit, in small steps.
fn share(limit: u64, spent: u64, streams: u64, period: Millis, want: u64, least: u64) -> Pass {
    let fair = limit.div_ceil(streams.max(1)).max(1);
    let left = limit.saturating_sub(spent);
    // A last packet may be smaller, any other is not worth being sent.
    let worth = want.min(least.min(limit));
    let step = fair.div_ceil(PARTS).max(worth);
    let mut bytes = want.min(step).min(left);
    if bytes < worth {
        bytes = 0;
    }
    let again = if bytes == want {
        None
    } else if bytes > 0 {
        Some((bytes * period).div_ceil(fair))
    } else {
        // The rate falls by its limit within a period: so long does it take until there is room for a step.
        Some(((want.min(step) - left).max(1) * period).div_ceil(limit))
    };
    Pass {
        bytes: bytes as usize,
        again_in: again.map(|t| t.clamp(1, period.max(1))),
    }
}

fn rate(direction: Direction) -> DataType {
    match direction {
        Direction::Request => DataType::BytesInRate,
        Direction::Response => DataType::BytesOutRate,
    }
}

fn now() -> Millis {
    hapax_sys::clock::realtime_us() / 1000
}

impl SharedRates for Shared {
    fn hold(&self, table: u32, key: Value<'_>, direction: Direction) -> Option<Track> {
        let live = self.tables.get(table)?;
        let key = live.table.spec().key.key(key)?;
        let mut e = live.table.obtain(&key, now())?;
        let handle = e.hold();
        e.touch();
        drop(e);
        let track = Track {
            table,
            entry: handle.to_bits(),
        };
        self.sharers.change(track, direction, 1);
        Some(track)
    }

    fn spend(&self, entry: Track, direction: Direction, limit: u64, want: u64, least: u64) -> Pass {
        let all = Pass {
            bytes: want as usize,
            again_in: None,
        };
        let Some(live) = self.tables.get(entry.table) else { return all };
        let data = rate(direction);
        let streams = self.sharers.change(entry, direction, 0);
        let mut e = live.table.held(Handle::from_bits(entry.entry), now());
        let Some(blocks) = e.get(data, 0) else { return all };
        let factor = live.brates_factor();
        let period = u64::from(live.table.layout().period(data));
        let pass = share(limit, blocks * factor, streams, period, want, least);
        if pass.bytes > 0 {
            e.add(data, 0, (pass.bytes as u64).div_ceil(factor));
            e.touch();
        }
        pass
    }

    fn release(&self, entry: Track, direction: Direction) {
        self.sharers.change(entry, direction, -1);
        if let Some(live) = self.tables.get(entry.table) {
            live.table.held(Handle::from_bits(entry.entry), now()).release();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_shared() {
        // (spent, streams, bytes wanted, at least) -> (bytes, again in)
        for ((spent, streams, want, least), (bytes, again)) in [
            ((0, 1, 50, 0), (50, None)),
            ((0, 1, 1500, 0), (50, Some(50))),
            ((0, 4, 1500, 0), (13, Some(52))),
            ((0, 4, 1500, 100), (100, Some(400))),
            ((980, 1, 500, 0), (20, Some(20))),
            ((980, 1, 20, 0), (20, None)),
            ((900, 1, 500, 200), (0, Some(100))),
            ((900, 1, 90, 200), (90, None)),
            ((950, 1, 90, 200), (0, Some(40))),
            ((1000, 1, 500, 0), (0, Some(50))),
            ((5000, 9, 500, 0), (0, Some(6))),
        ] {
            let pass = share(1000, spent, streams, 1000, want, least);
            assert_eq!((pass.bytes, pass.again_in), (bytes, again), "{spent} {streams} {want} {least}");
        }
    }

    #[test]
    fn sharers_come_and_go() {
        let all = Sharers::default();
        let entry = Track { table: 1, entry: 2 };
        let (up, down) = (Direction::Request, Direction::Response);
        assert_eq!(
            [all.change(entry, up, 1), all.change(entry, up, 1), all.change(entry, down, 1)],
            [1, 2, 1]
        );
        assert_eq!(
            [all.change(entry, up, -1), all.change(entry, up, 0), all.change(entry, up, -1)],
            [1, 1, 0]
        );
        assert_eq!([all.change(entry, up, 0), all.change(entry, down, 0)], [0, 1]);
    }

    proptest::proptest! {
        /// Never beyond the limit, and whoever does not get all is told when to come again.
        #[test]
        fn bounds(limit in 1_u64..1_000_000, spent in 0_u64..2_000_000, streams in 0_u64..50, want in 1_u64..100_000, least in 0_u64..5000) {
            let pass = share(limit, spent, streams, 1000, want, least);
            let bytes = pass.bytes as u64;
            proptest::prop_assert!(bytes == 0 || spent + bytes <= limit);
            proptest::prop_assert!(bytes <= want);
            proptest::prop_assert_eq!(pass.again_in.is_none(), bytes == want);
            proptest::prop_assert!(pass.again_in.is_none_or(|t| (1..=1000).contains(&t)));
        }
    }
}
