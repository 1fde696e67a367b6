//! Sets of HTTP statuses, as `http-err-codes` and `http-fail-codes` name them.

/// A set of statuses from 100 to 599.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Statuses([u64; 8]);

const FIRST: u16 = 100;
const LAST: u16 = 599;

impl Statuses {
    pub const NONE: Self = Self([0; 8]);

    /// Errors that clients make: 400 to 499.
    pub fn errors() -> Self {
        let mut all = Self::NONE;
        all.put(400, 499, true);
        all
    }

    /// Failures of servers: 500 to 599, but not what asks too much of them.
    pub fn failures() -> Self {
        let mut all = Self::NONE;
        all.put(500, 599, true);
        all.put(501, 501, false);
        all.put(505, 505, false);
        all
    }

    pub fn contains(self, status: u16) -> bool {
        let bit = usize::from(status.wrapping_sub(FIRST));
        bit < 512 && self.0[bit / 64] >> (bit % 64) & 1 == 1
    }

    fn put(&mut self, from: u16, to: u16, within: bool) {
        for bit in usize::from(from - FIRST)..=usize::from(to - FIRST) {
            let mask = 1 << (bit % 64);
            if within {
                self.0[bit / 64] |= mask;
            } else {
                self.0[bit / 64] &= !mask;
            }
        }
    }

    /// Changes the set by one word: `+` adds ranges, `-` takes them away, neither begins anew. `Err`: the range that is none.
    pub fn change<'w>(&mut self, word: &'w str) -> Result<(), &'w str> {
        let (ranges, within) = match word.as_bytes().first() {
            Some(b'+') => (&word[1..], true),
            Some(b'-') => (&word[1..], false),
            _ => {
                *self = Self::NONE;
                (word, true)
            }
        };
        for range in ranges.split(',') {
            let (from, to) = range.split_once('-').unwrap_or((range, range));
            let number = |text: &str| text.parse().ok().filter(|n| (FIRST..=LAST).contains(n));
            match (number(from), number(to)) {
                (Some(from), Some(to)) if from <= to => self.put(from, to, within),
                _ => return Err(range),
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Statuses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries((FIRST..=LAST).filter(|s| self.contains(*s))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets() {
        let cases: &[(&[&str], &[u16], &[u16])] = &[
            (&["220", "+300-499", "-300-399"], &[220, 400, 499], &[200, 300, 399, 500]),
            (&["-550-580", "+555,599,556-566"], &[500, 555, 560, 599], &[501, 550, 567]),
            (&["+501"], &[500, 501, 502], &[505, 400]),
        ];
        for (words, inside, outside) in cases {
            let mut s = Statuses::failures();
            for w in *words {
                s.change(w).expect(w);
            }
            assert!(inside.iter().all(|n| s.contains(*n)), "{words:?} {s:?}");
            assert!(!outside.iter().any(|n| s.contains(*n)), "{words:?} {s:?}");
        }
        for bad in ["", "99", "600", "400-300", "4x", "+", "400,"] {
            assert!(Statuses::errors().change(bad).is_err(), "{bad:?}");
        }
        assert!(!Statuses::errors().contains(0) && !Statuses::errors().contains(999));
    }
}
