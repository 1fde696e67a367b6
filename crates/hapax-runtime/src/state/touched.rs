//! Servers whose load has changed since the farm last looked: marked by every worker without a lock, taken by whoever chooses next.

use std::sync::atomic::{AtomicU64, Ordering};

const BITS: usize = u64::BITS as usize;

/// A bit per server, and above them a bit per word of those.
#[derive(Debug)]
pub(super) struct Touched {
    words: Box<[AtomicU64]>,
    summary: Box<[AtomicU64]>,
}

impl Touched {
    /// Servers that come later share the bits of others: to look at one too many does no harm.
    pub(super) fn new(servers: usize) -> Self {
        let bits = |n: usize| (0..n.div_ceil(BITS).max(1)).map(|_| AtomicU64::new(0)).collect::<Box<[_]>>();
        let words = bits(servers);
        Self {
            summary: bits(words.len()),
            words,
        }
    }

    /// Marks a server; to be called after the change.
    pub(super) fn mark(&self, server: usize) {
        // Always written, be the bit set or not: whoever takes it then sees the change that came before.
        let word = server / BITS % self.words.len();
        self.words[word].fetch_or(1 << (server % BITS), Ordering::Release);
        self.summary[word / BITS].fetch_or(1 << (word % BITS), Ordering::Release);
    }

    /// Takes the marks, and gives each of `servers` that may be meant.
    pub(super) fn take(&self, servers: usize, mut each: impl FnMut(usize)) {
        for (n, summary) in self.summary.iter().enumerate() {
            for word in taken(summary) {
                let word = n * BITS + word;
                for bit in taken(&self.words[word]) {
                    let step = self.words.len() * BITS;
                    (word * BITS + bit..servers).step_by(step).for_each(&mut each);
                }
            }
        }
    }
}

/// The bits that were set; none is from now on.
fn taken(bits: &AtomicU64) -> impl Iterator<Item = usize> {
    let nothing = bits.load(Ordering::Relaxed) == 0;
    let mut left = if nothing { 0 } else { bits.swap(0, Ordering::Acquire) };
    std::iter::from_fn(move || {
        let next = (left != 0).then(|| left.trailing_zeros() as usize)?;
        left &= left - 1;
        Some(next)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn all(t: &Touched, servers: usize) -> Vec<usize> {
        let mut seen = Vec::new();
        t.take(servers, |i| seen.push(i));
        seen
    }

    #[test]
    fn marks_are_taken_once() {
        for (servers, marks) in [
            (0, vec![]),
            (3, vec![0, 2]),
            (64, vec![63]),
            (65, vec![0, 64]),
            (9000, vec![1, 64, 4095, 4096, 8999]),
        ] {
            let t = Touched::new(servers);
            marks.iter().rev().chain(&marks).for_each(|i| t.mark(*i));
            assert_eq!(all(&t, servers), marks, "{servers}");
            assert!(all(&t, servers).is_empty());
        }
    }

    #[test]
    fn who_comes_later_shares_a_bit() {
        let t = Touched::new(70);
        t.mark(128 + 5);
        assert_eq!(all(&t, 200), [5, 133]);
    }

    #[test]
    fn no_mark_is_lost_among_threads() {
        let t = Touched::new(300);
        let mut seen = BTreeSet::new();
        std::thread::scope(|s| {
            for start in 0..3 {
                let t = &t;
                s.spawn(move || (start..300).step_by(3).for_each(|i| t.mark(i)));
            }
            for _ in 0..100 {
                t.take(300, |i| {
                    seen.insert(i);
                });
            }
        });
        t.take(300, |i| {
            seen.insert(i);
        });
        assert_eq!(seen.len(), 300);
    }
}
