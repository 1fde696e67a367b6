//! Clock reads. The coarse clocks cost a few nanoseconds and tick every few milliseconds: right for timeouts and timestamps of
//! logs to the second, wrong for measuring a request.

use libc::{clockid_t, timespec};

/// By the C library: it also works where there is no vDSO to be found, under valgrind for one.
fn clock_gettime(clock: clockid_t) -> timespec {
    let mut t = timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to one live timespec, which the kernel fills.
    let rc = unsafe { libc::clock_gettime(clock, &raw mut t) };
    debug_assert_eq!(rc, 0, "the clock is one of those that every Linux has");
    t
}

/// Nanoseconds since some point in the past; never goes back.
pub fn monotonic_ns() -> u64 {
    nanos(clock_gettime(libc::CLOCK_MONOTONIC))
}

/// Milliseconds of the coarse monotonic clock.
pub fn monotonic_coarse_ms() -> u64 {
    nanos(clock_gettime(libc::CLOCK_MONOTONIC_COARSE)) / 1_000_000
}

/// Microseconds since the epoch.
pub fn realtime_us() -> u64 {
    nanos(clock_gettime(libc::CLOCK_REALTIME)) / 1000
}

/// Seconds and microseconds since the epoch, of the coarse clock.
pub fn realtime_coarse() -> (i64, u32) {
    let t = clock_gettime(libc::CLOCK_REALTIME_COARSE);
    (t.tv_sec, (t.tv_nsec / 1000) as u32)
}

/// CPU time the calling thread used, nanoseconds.
pub fn thread_cpu_ns() -> u64 {
    nanos(clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID))
}

/// CPU time all threads of the process used, nanoseconds.
pub fn process_cpu_ns() -> u64 {
    nanos(clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID))
}

fn nanos(t: timespec) -> u64 {
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}

/// A moment split into the local calendar, and how far local time is from UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Calendar {
    pub year: i32,
    /// 0 to 11.
    pub month: u32,
    pub day: u32,
    pub hour: u32,
    pub minute: u32,
    pub second: u32,
    /// Seconds east of UTC.
    pub offset: i32,
}

/// Local time, by the zone the process started with.
pub fn local(seconds: i64) -> Calendar {
    // SAFETY: tm is plain integers and one pointer, for which all-zero is a value.
    let mut tm: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live values; localtime_r keeps its state to itself and is safe among threads.
    unsafe { libc::localtime_r(&raw const seconds, &raw mut tm) };
    Calendar {
        year: tm.tm_year + 1900,
        month: tm.tm_mon as u32,
        day: tm.tm_mday as u32,
        hour: tm.tm_hour as u32,
        minute: tm.tm_min as u32,
        second: tm.tm_sec as u32,
        offset: tm.tm_gmtoff as i32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_agree_with_each_other() {
        let a = monotonic_ns();
        assert!(monotonic_ns() >= a);
        let (s, _) = realtime_coarse();
        assert!((realtime_us() / 1_000_000).abs_diff(s as u64) <= 1);
        let c = local(s);
        assert!(c.year >= 2024 && c.month < 12 && (1..=31).contains(&c.day));
    }
}
