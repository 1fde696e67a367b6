//! Events per period over a sliding window, and sliding averages: how `rate` and `qtime` of the statistics are computed.

/// Counts of the current and of the last period; the window slides by taking a share of the last one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    pub start_ms: u64,
    pub current: u32,
    pub previous: u32,
}

impl Rate {
    /// Counts `n` events now and gives the count of the current period.
    pub fn add(&mut self, now_ms: u64, period_ms: u64, n: u32) -> u32 {
        self.turn(now_ms, period_ms);
        self.current = self.current.saturating_add(n);
        self.current
    }

    /// Events over the last period.
    pub fn read(mut self, now_ms: u64, period_ms: u64) -> u32 {
        self.turn(now_ms, period_ms);
        // One event long ago is not a rate.
        if self.previous <= 1 && self.current == 0 {
            return 0;
        }
        let left = period_ms - (now_ms - self.start_ms).min(period_ms);
        self.current + (u64::from(self.previous) * left / period_ms) as u32
    }

    /// Milliseconds until one event more would stay within `limit` per period; 0: now.
    pub fn wait(mut self, now_ms: u64, period_ms: u64, limit: u32) -> u64 {
        self.turn(now_ms, period_ms);
        if limit == 0 {
            return period_ms;
        }
        if self.read(now_ms, period_ms) < limit {
            return 0;
        }
        let over = u64::from(self.current + self.previous).saturating_sub(u64::from(limit)) + 1;
        (over * period_ms / u64::from(self.previous.max(limit))).clamp(1, period_ms)
    }

    fn turn(&mut self, now_ms: u64, period_ms: u64) {
        let passed = now_ms.saturating_sub(self.start_ms) / period_ms;
        if passed == 0 {
            return;
        }
        self.previous = if passed == 1 { self.current } else { 0 };
        self.current = 0;
        self.start_ms += passed * period_ms;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slides() {
        let mut r = Rate::default();
        for t in 0..10 {
            r.add(5000 + t * 100, 1000, 10);
        }
        let cases = [(5999, 100), (6000, 100), (6500, 50), (6990, 1), (7000, 0), (9000, 0)];
        for (now, want) in cases {
            assert_eq!(r.read(now, 1000), want, "at {now}");
        }
    }

    #[test]
    fn a_steady_stream_reads_steady() {
        let mut r = Rate::default();
        for t in 0..5000 {
            r.add(t, 1000, 2);
            if t > 2000 {
                let got = r.read(t, 1000);
                assert!((1990..=2010).contains(&got), "{got} at {t}");
            }
        }
    }

    #[test]
    fn waiting_brings_under_the_limit() {
        let mut r = Rate::default();
        for t in 0..50 {
            r.add(10_000 + t, 1000, 1);
        }
        for limit in [1, 10, 40, 50] {
            let mut now = 10_050;
            let mut rounds = 0;
            loop {
                let w = r.wait(now, 1000, limit);
                if w == 0 {
                    break;
                }
                now += w;
                rounds += 1;
                assert!(rounds < 50, "limit {limit}");
            }
            assert!(r.read(now, 1000) < limit);
        }
        assert_eq!(Rate::default().wait(5, 1000, 1), 0);
    }
}
