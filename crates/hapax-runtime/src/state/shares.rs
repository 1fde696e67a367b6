//! Bandwidth that the streams of a key share (`filter bwlim-in NAME key ...`): the byte rate of a stick-table entry, spent by all.

use hapax_balance::table::{DataType, Handle};
use hapax_rules::filters::{Direction, Pass, SharedRates};
use hapax_sample::Track;
use hapax_value::{Millis, Value};

use super::Shared;

/// Into how many parts a period's bytes are split: a stream that has to wait comes again when one of them is free.
const PARTS: u64 = 20;

/// What one stream may send of what all of them may.
fn share(limit: u64, spent: u64, streams: u64, period: Millis, want: u64, least: u64) -> Pass {
    let fair = limit.div_ceil(streams.max(1)).max(1);
    let left = limit.saturating_sub(spent);
    let mut bytes = want.min(fair).min(left);
    // A last packet may be smaller, any other is not worth being sent.
    let worth = want.min(least.min(limit));
    if bytes < worth {
        bytes = 0;
    }
    if bytes == want {
        return Pass {
            bytes: bytes as usize,
            again_in: None,
        };
    }
    // A rate falls by its limit within a period: so long does it take until there is room for another part.
    let part = (want - bytes).min((limit / PARTS).max(worth));
    let missing = part.saturating_sub(left - bytes).max(1);
    Pass {
        bytes: bytes as usize,
        again_in: Some((missing * period).div_ceil(limit).clamp(1, period.max(1))),
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
    fn hold(&self, table: u32, key: Value<'_>) -> Option<Track> {
        let live = self.tables.get(table)?;
        let key = live.table.spec().key.key(key)?;
        let mut e = live.table.obtain(&key, now())?;
        let handle = e.hold();
        e.touch();
        Some(Track {
            table,
            entry: handle.to_bits(),
        })
    }

    fn spend(&self, entry: Track, direction: Direction, limit: u64, want: u64, least: u64) -> Pass {
        let all = Pass {
            bytes: want as usize,
            again_in: None,
        };
        let Some(live) = self.tables.get(entry.table) else { return all };
        let data = rate(direction);
        let mut e = live.table.held(Handle::from_bits(entry.entry), now());
        let Some(blocks) = e.get(data, 0) else { return all };
        let factor = live.brates_factor();
        let period = u64::from(live.table.layout().period(data));
        let pass = share(limit, blocks * factor, u64::from(e.refs()), period, want, least);
        if pass.bytes > 0 {
            e.add(data, 0, (pass.bytes as u64).div_ceil(factor));
            e.touch();
        }
        pass
    }

    fn release(&self, entry: Track) {
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
            ((0, 1, 500, 0), (500, None)),
            ((0, 1, 1500, 0), (1000, Some(50))),
            ((0, 4, 1500, 0), (250, Some(1))),
            ((900, 1, 500, 0), (100, Some(50))),
            ((900, 1, 100, 0), (100, None)),
            ((900, 1, 500, 200), (0, Some(100))),
            ((900, 1, 90, 200), (90, None)),
            ((950, 1, 90, 200), (0, Some(40))),
            ((1000, 1, 500, 0), (0, Some(50))),
            ((5000, 9, 500, 0), (0, Some(50))),
        ] {
            let pass = share(1000, spent, streams, 1000, want, least);
            assert_eq!((pass.bytes, pass.again_in), (bytes, again), "{spent} {streams} {want} {least}");
        }
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
