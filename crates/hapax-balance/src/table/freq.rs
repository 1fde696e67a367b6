//! A rate in three words of an entry: the start of its period, the count of the period, and that of the one before.
//!
//! Times are milliseconds in 32 bits, which wrap around; only distances count.

/// Counts events. A period ends when its time is over and something is counted; after two without an event the next one starts at
/// the event, as does the first.
pub(super) fn add(w: &mut [u32; 3], now: u32, period: u32, n: u32) {
    if *w == [0; 3] {
        w[0] = now;
    }
    let passed = now.wrapping_sub(w[0]);
    if passed >= period {
        *w = if passed - period < period {
            [w[0].wrapping_add(period), 0, w[1]]
        } else {
            [now, 0, 0]
        };
    }
    w[1] = w[1].wrapping_add(n);
}

/// Events over the last period: those of this one, and a share of the last one's. In the very millisecond in which a period is over
/// it is still the current one.
pub(super) fn read([start, current, previous]: [u32; 3], now: u32, period: u32) -> u32 {
    let (passed, period) = (u64::from(now.wrapping_sub(start)), u64::from(period.max(1)));
    let (current, previous, left) = match passed {
        _ if passed <= period => (current, previous, period - passed),
        _ if passed <= 2 * period => (0, current, 2 * period - passed),
        _ => return 0,
    };
    // A single event does not flap between one and none.
    if previous <= 1 && current == 0 {
        return previous;
    }
    current.wrapping_add((u64::from(previous) * left / period) as u32)
}

/// As if so many events had come just now, and none before.
pub(super) fn set(w: &mut [u32; 3], now: u32, n: u32) {
    *w = [now, n, 0];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slides() {
        let mut w = [0; 3];
        let start = u32::MAX - 1500;
        for t in 0..10 {
            add(&mut w, start.wrapping_add(t * 100), 1000, 10);
        }
        // The period begins with the first event, and the numbers wrap around within it.
        let cases = [(999, 100), (1000, 100), (1500, 50), (1990, 1), (2000, 0), (9000, 0)];
        for (after, want) in cases {
            assert_eq!(read(w, start.wrapping_add(after), 1000), want, "after {after}");
        }
        add(&mut w, start.wrapping_add(1200), 1000, 5);
        assert_eq!(w[1..], [5, 100]);
        add(&mut w, start.wrapping_add(7300), 1000, 1);
        assert_eq!(w, [start.wrapping_add(7300), 1, 0]);
    }

    #[test]
    fn one_event_is_one_until_two_periods_are_over() {
        let mut w = [0; 3];
        add(&mut w, 5000, 1000, 1);
        assert_eq!([5999, 6000, 6001, 7000, 7001].map(|now| read(w, now, 1000)), [1, 1, 1, 1, 0]);
        set(&mut w, 9000, 7);
        assert_eq!((read(w, 9001, 1000), read(w, 10_500, 1000)), (7, 3));
    }

    /// Events at the same pace read as that pace, whatever the period and wherever it began.
    #[test]
    fn a_steady_pace() {
        for (period, every) in [(1000, 1), (1000, 10), (700, 7), (10_000, 100), (60_000, 1000)] {
            let (mut w, start) = ([0; 3], u32::MAX - 2 * period);
            let pace = period / every;
            for n in 0..6 * pace {
                let now = start.wrapping_add(n * every);
                add(&mut w, now, period, 1);
                if n > 2 * pace {
                    let got = read(w, now, period);
                    assert!(got.abs_diff(pace) <= 1, "{got}, not {pace}, event {n} of a period of {period}");
                }
            }
        }
    }

    proptest::proptest! {
        /// Never more than what happened within two periods, never less than what happened in the current one, and nothing once
        /// two are over.
        #[test]
        fn bounds(gaps in proptest::collection::vec((0_u32..800, 0_u32..5), 1..100), after in 0_u32..2500) {
            let (mut w, mut now, mut events) = ([0; 3], 4_294_960_000_u32, Vec::new());
            for (gap, n) in gaps {
                now = now.wrapping_add(gap);
                add(&mut w, now, 1000, n);
                events.push((now, n));
            }
            let asked = now.wrapping_add(after);
            let since = |ms: u32| events.iter().filter(|(t, _)| asked.wrapping_sub(*t) <= ms).map(|(_, n)| n).sum::<u32>();
            let got = read(w, asked, 1000);
            proptest::prop_assert!(got <= since(2000), "{got} of {}", since(2000));
            if asked.wrapping_sub(w[0]) <= 1000 {
                proptest::prop_assert!(got >= w[1]);
            }
            if after > 2000 {
                proptest::prop_assert_eq!(got, 0);
            }
        }
    }
}
