//! A rate in three words of an entry: the start of its period, the count of the period, and that of the one before.
//!
//! Times are milliseconds in 32 bits, which wrap around; only distances count.

/// Brings the periods up to `now`. After two periods without an event the next one starts at the event.
fn turn(w: &mut [u32; 3], now: u32, period: u32) {
    let passed = now.wrapping_sub(w[0]);
    if passed < period {
        return;
    }
    if passed - period < period && (w[1] | w[2]) != 0 {
        w[0] = w[0].wrapping_add(period);
        w[2] = w[1];
    } else {
        w[0] = now;
        w[2] = 0;
    }
    w[1] = 0;
}

pub(super) fn add(w: &mut [u32; 3], now: u32, period: u32, n: u32) {
    if w[1] | w[2] == 0 {
        w[0] = now;
    }
    turn(w, now, period);
    w[1] = w[1].wrapping_add(n);
}

/// Events over the last period: those of this one, and a share of the last one's.
pub(super) fn read(mut w: [u32; 3], now: u32, period: u32) -> u32 {
    turn(&mut w, now, period);
    // One event long ago is not a rate.
    if w[2] <= 1 && w[1] == 0 {
        return 0;
    }
    let left = period - now.wrapping_sub(w[0]).min(period);
    w[1].wrapping_add((u64::from(w[2]) * u64::from(left) / u64::from(period)) as u32)
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
    fn one_event_long_ago_is_no_rate() {
        let mut w = [0; 3];
        add(&mut w, 5000, 1000, 1);
        assert_eq!((read(w, 5999, 1000), read(w, 6000, 1000)), (1, 0));
        set(&mut w, 9000, 7);
        assert_eq!((read(w, 9001, 1000), read(w, 10_500, 1000)), (7, 3));
    }
}
