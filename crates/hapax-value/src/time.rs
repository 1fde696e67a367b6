//! Durations in milliseconds, as the manual's chapter 2.5 has them.

/// A duration in milliseconds; HAProxy's timeouts hold no finer unit.
pub type Millis = u64;

/// A parsed time: the manual's 2.5, kept in microseconds because `us` is one of its units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Duration {
    pub micros: u64,
}

impl Duration {
    pub fn from_millis(ms: Millis) -> Self {
        Self {
            micros: ms.saturating_mul(1000),
        }
    }

    /// Milliseconds, rounded up: a timeout of `1us` is not one of zero.
    pub fn millis(self) -> Millis {
        self.micros.div_ceil(1000)
    }
}
