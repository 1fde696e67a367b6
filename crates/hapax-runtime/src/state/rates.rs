//! Rates and average times, with a cell per worker: each worker writes its own alone, readers add them up.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use super::raise;

/// Events per second, and the most there were in a second.
#[derive(Debug)]
pub struct RateMeter {
    cells: Box<[Cell]>,
    max: AtomicU32,
    /// Seconds up to this one were forgotten by `clear counters`.
    forgotten: AtomicU64,
}

#[derive(Debug, Default)]
struct Cell {
    second: AtomicU64,
    current: AtomicU32,
    previous: AtomicU32,
}

impl RateMeter {
    pub fn new(workers: usize) -> Self {
        Self {
            cells: (0..=workers).map(|_| Cell::default()).collect(),
            max: AtomicU32::new(0),
            forgotten: AtomicU64::new(0),
        }
    }

    /// Counts one event. `worker` must be the caller's own index; `now_ms`: wall clock.
    pub fn tick(&self, worker: usize, now_ms: u64) {
        self.add(worker, now_ms, 1);
    }

    /// Counts `n` events.
    pub fn add(&self, worker: usize, now_ms: u64, n: u32) {
        let (cell, second) = (&self.cells[worker], now_ms / 1000);
        let last = cell.second.load(Relaxed);
        if last == second {
            cell.current.store(cell.current.load(Relaxed).wrapping_add(n), Relaxed);
            return;
        }
        if last > self.forgotten.load(Relaxed) {
            raise(&self.max, self.count_in(last));
        }
        let previous = if last + 1 == second { cell.current.load(Relaxed) } else { 0 };
        cell.previous.store(previous, Relaxed);
        cell.current.store(n, Relaxed);
        cell.second.store(second, Relaxed);
    }

    /// Events over the last second, sliding.
    pub fn read(&self, now_ms: u64) -> u32 {
        let second = now_ms / 1000;
        let (current, previous) = (self.count_in(second), self.count_in(second.wrapping_sub(1)));
        raise(&self.max, current.max(previous));
        if previous <= 1 && current == 0 {
            // A single event does not flap between one and none.
            return previous;
        }
        let left = 1000 - now_ms % 1000;
        current + (u64::from(previous) * left / 1000) as u32
    }

    /// The most events of one second.
    pub fn max(&self) -> u32 {
        // Nobody may have asked or counted since the last busy second, so that it stands in the cells alone.
        let forgotten = self.forgotten.load(Relaxed);
        for cell in &self.cells {
            let second = cell.second.load(Relaxed);
            if second > forgotten {
                raise(&self.max, self.count_in(second));
            }
        }
        self.max.load(Relaxed)
    }

    /// `clear counters`: the maximum starts over.
    pub fn clear_max(&self) {
        let last = self.cells.iter().map(|c| c.second.load(Relaxed)).max();
        self.forgotten.store(last.unwrap_or(0), Relaxed);
        self.max.store(0, Relaxed);
    }

    fn count_in(&self, second: u64) -> u32 {
        let of = |c: &Cell| match c.second.load(Relaxed) {
            s if s == second => c.current.load(Relaxed),
            s if s == second + 1 => c.previous.load(Relaxed),
            _ => 0,
        };
        self.cells.iter().map(of).sum()
    }
}

/// A sliding average over about the last 512 values of each worker, and the largest value.
#[derive(Debug)]
pub struct Average {
    cells: Box<[Slide]>,
    max: AtomicU32,
}

#[derive(Debug, Default)]
struct Slide {
    sum: AtomicU64,
    count: AtomicU32,
}

/// Values that an average looks back on.
const WINDOW: u64 = 512;

impl Average {
    pub fn new(workers: usize) -> Self {
        Self {
            cells: (0..=workers).map(|_| Slide::default()).collect(),
            max: AtomicU32::new(0),
        }
    }

    pub fn add(&self, worker: usize, value: u32) {
        let cell = &self.cells[worker];
        let count = u64::from(cell.count.load(Relaxed));
        let sum = cell.sum.load(Relaxed);
        // While the window fills, every value counts fully; then each new one takes the place of an average one.
        let kept = if count < WINDOW {
            cell.count.store(count as u32 + 1, Relaxed);
            sum
        } else {
            sum - sum.div_ceil(WINDOW)
        };
        cell.sum.store(kept + u64::from(value), Relaxed);
        raise(&self.max, value);
    }

    pub fn read(&self) -> u32 {
        let (mut sum, mut count) = (0, 0);
        for c in &self.cells {
            sum += c.sum.load(Relaxed);
            count += u64::from(c.count.load(Relaxed));
        }
        if count == 0 { 0 } else { sum.div_ceil(count) as u32 }
    }

    pub fn max(&self) -> u32 {
        self.max.load(Relaxed)
    }

    pub fn clear_max(&self) {
        self.max.store(0, Relaxed);
    }
}

/// The average times of a backend or a server, milliseconds.
#[derive(Debug)]
pub struct Times {
    pub queue: Average,
    pub connect: Average,
    pub response: Average,
    pub total: Average,
}

impl Times {
    pub fn new(workers: usize) -> Self {
        let mk = || Average::new(workers);
        Self {
            queue: mk(),
            connect: mk(),
            response: mk(),
            total: mk(),
        }
    }

    /// The timers of a finished stream; negative: the step was not reached.
    pub fn record(&self, worker: usize, queue: i64, connect: i64, response: i64, total: i64) {
        let all = [
            (&self.queue, queue),
            (&self.connect, connect),
            (&self.response, response),
            (&self.total, total),
        ];
        for (average, value) in all {
            if value >= 0 {
                average.add(worker, u32::try_from(value).unwrap_or(u32::MAX));
            }
        }
    }

    pub fn clear_max(&self) {
        for a in [&self.queue, &self.connect, &self.response, &self.total] {
            a.clear_max();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_of_two_workers_add_up() {
        let r = RateMeter::new(2);
        for t in 0..1000 {
            r.tick(0, 5000 + t);
            if t % 2 == 0 {
                r.tick(1, 5000 + t);
            }
        }
        assert_eq!(r.read(5999), 1500);
        assert_eq!(r.read(6500), 750);
        r.tick(0, 6500);
        assert_eq!((r.read(6500), r.max()), (751, 1500));
        assert_eq!(r.read(9000), 0);
        r.clear_max();
        r.tick(0, 9000);
        r.tick(0, 9001);
        assert_eq!((r.read(9002), r.max()), (2, 2));
    }

    #[test]
    fn a_busy_second_is_remembered_however_late_one_asks() {
        let r = RateMeter::new(2);
        for (worker, n) in [(0, 5), (1, 7)] {
            r.add(worker, 5000, n);
        }
        assert_eq!((r.read(60_000), r.max()), (0, 12));
        r.clear_max();
        assert_eq!((r.read(60_000), r.max()), (0, 0));
        r.tick(1, 61_000);
        assert_eq!(r.max(), 1);
    }

    #[test]
    fn averages_follow() {
        let a = Average::new(2);
        assert_eq!(a.read(), 0);
        for v in [10, 20, 30] {
            a.add(0, v);
        }
        a.add(1, 40);
        assert_eq!((a.read(), a.max()), (25, 40));
        for _ in 0..5000 {
            a.add(0, 7);
        }
        assert!((7..=9).contains(&a.read()), "{}", a.read());
    }
}
