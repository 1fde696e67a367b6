//! Waiting for a condition, with a limit that only a broken test meets.

use std::time::{Duration, Instant};

/// How long anything may take on a machine that is slow, busy, and stands still at times.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Until `ready` answers something.
pub fn until<T>(what: &str, ready: impl FnMut() -> Option<T>) -> T {
    until_within(PATIENCE, what, ready)
}

/// The same, for what takes its time by itself.
pub fn until_within<T>(patience: Duration, what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + patience;
    loop {
        if let Some(v) = ready() {
            return v;
        }
        assert!(Instant::now() < end, "waited {patience:?} for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Until `ready` is true.
pub fn until_true(what: &str, mut ready: impl FnMut() -> bool) {
    until(what, || ready().then_some(()));
}
