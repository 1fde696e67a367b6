//! `slowstart` (manual, 5.2): a server that has come up takes its share little by little.

use crate::SCALE;

/// The share of its weight that a server has, in [`SCALE`]ths, so many seconds after it came up; `slowstart`: seconds, not 0.
pub fn share(elapsed: u64, slowstart: u64) -> u32 {
    let slowstart = slowstart.max(1);
    let share = (u64::from(SCALE) * elapsed + slowstart) / slowstart;
    share.min(u64::from(SCALE)) as u32
}

/// The streams it may have meanwhile, of `max`.
pub fn limit(max: u32, percent: u32) -> u32 {
    let part = u64::from(max) * u64::from(percent.min(100)) / 100;
    if max == 0 { 0 } else { part.max(1) as u32 }
}

/// Percent of the time that is over.
pub fn percent(elapsed: u64, slowstart: u64) -> u32 {
    (elapsed * 100 / slowstart.max(1)).min(100) as u32
}

/// Milliseconds from one look at the clock to the next: a twentieth of the time, and a second at least.
pub fn pause_ms(slowstart_ms: u64) -> u64 {
    (slowstart_ms / 20).max(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_from_one_to_all() {
        assert_eq!([0, 1, 5, 10, 15, 16, 100].map(|s| share(s, 16)), [1, 2, 6, 11, 16, 16, 16]);
        assert_eq!([0, 30, 60].map(|s| share(s, 60)), [1, 9, 16]);
        let all: Vec<u32> = (0..=40).map(|s| share(s, 40)).collect();
        assert!(all.is_sorted() && all[0] == 1 && all[40] == 16);
        assert_eq!(
            [(0, 0), (30, 0), (30, 1), (30, 50), (30, 100)].map(|(m, p)| limit(m, p)),
            [0, 1, 1, 15, 30]
        );
        assert_eq!((percent(3, 60), percent(70, 60)), (5, 100));
        assert_eq!((pause_ms(5000), pause_ms(60_000)), (1000, 3000));
    }
}
