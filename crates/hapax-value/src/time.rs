//! Durations, as the manual's chapter 2.5 has them: an integer and one of `us ms s m h d`.

use thiserror::Error;

/// A duration in milliseconds; HAProxy's timeouts hold no finer unit.
pub type Millis = u64;

/// What a bare number counts, and the grain a parsed time is rounded up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeUnit {
    Us,
    Ms,
    Second,
    Minute,
    Hour,
    Day,
}

impl TimeUnit {
    pub fn micros(self) -> u64 {
        match self {
            Self::Us => 1,
            Self::Ms => 1_000,
            Self::Second => 1_000_000,
            Self::Minute => 60_000_000,
            Self::Hour => 3_600_000_000,
            Self::Day => 86_400_000_000,
        }
    }
}

/// A parsed time, kept in microseconds because `us` is one of its units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Duration {
    pub micros: u64,
}

/// Why a text is no time. The caller words the message: HAProxy's texts differ by keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TimeError {
    /// Nothing was given.
    #[error("missing time value")]
    Empty,
    /// A byte that is neither a digit nor a unit.
    #[error("unexpected character '{}'", *.0 as char)]
    Unexpected(u8),
    /// More than 2147483647 of the keyword's unit.
    #[error("timer overflow")]
    Overflow,
}

/// A time and what HAProxy only warns of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParsedTime {
    pub value: Duration,
    /// A byte that follows the unit (`1sx`): ignored with a warning.
    pub trailing: Option<u8>,
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

    /// Seconds, rounded up.
    pub fn secs(self) -> u64 {
        self.micros.div_ceil(1_000_000)
    }

    /// Parses a time whose bare numbers count `unit`, and rounds it up to a whole one of these.
    ///
    /// The result is at most 2147483647 units, as everywhere in HAProxy.
    pub fn parse(text: &[u8], unit: TimeUnit) -> Result<ParsedTime, TimeError> {
        if text.is_empty() {
            return Err(TimeError::Empty);
        }
        let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return Err(TimeError::Unexpected(text[0]));
        }
        let (scale, used) = suffix(&text[digits..], unit)?;
        let number = text[..digits]
            .iter()
            .try_fold(0_u64, |n, b| n.checked_mul(10)?.checked_add(u64::from(b - b'0')))
            .ok_or(TimeError::Overflow)?;
        let micros = number.checked_mul(scale.micros()).ok_or(TimeError::Overflow)?;
        let units = micros.div_ceil(unit.micros());
        if units > i32::MAX as u64 {
            return Err(TimeError::Overflow);
        }
        Ok(ParsedTime {
            value: Self {
                micros: units * unit.micros(),
            },
            trailing: text.get(digits + used).copied(),
        })
    }

    /// As [`Self::parse`], for milliseconds where a byte after the unit is an error too.
    pub fn parse_strict(text: &[u8]) -> Result<Self, TimeError> {
        let parsed = Self::parse(text, TimeUnit::Ms)?;
        parsed.trailing.map_or(Ok(parsed.value), |b| Err(TimeError::Unexpected(b)))
    }
}

/// The unit at the start of `rest` and its length; `default` where there is none.
fn suffix(rest: &[u8], default: TimeUnit) -> Result<(TimeUnit, usize), TimeError> {
    Ok(match rest {
        [] => (default, 0),
        [b'u', b's', ..] => (TimeUnit::Us, 2),
        [b'm', b's', ..] => (TimeUnit::Ms, 2),
        [b's', ..] => (TimeUnit::Second, 1),
        [b'm', ..] => (TimeUnit::Minute, 1),
        [b'h', ..] => (TimeUnit::Hour, 1),
        [b'd', ..] => (TimeUnit::Day, 1),
        [other, ..] => return Err(TimeError::Unexpected(*other)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> Result<u64, TimeError> {
        Duration::parse(text.as_bytes(), TimeUnit::Ms).map(|p| p.value.millis())
    }

    #[test]
    fn every_unit_scales() {
        for (text, want) in [
            ("0", 0),
            ("1", 1),
            ("1us", 1),
            ("1500us", 2),
            ("7ms", 7),
            ("3s", 3_000),
            ("2m", 120_000),
            ("1h", 3_600_000),
            ("24d", 2_073_600_000),
            ("2147483647", 2_147_483_647),
            ("2147483648us", 2_147_484),
        ] {
            assert_eq!(ms(text), Ok(want), "{text}");
        }
    }

    #[test]
    fn mistakes_are_told_apart() {
        for (text, want) in [
            ("", TimeError::Empty),
            ("s", TimeError::Unexpected(b's')),
            ("-1", TimeError::Unexpected(b'-')),
            ("1x", TimeError::Unexpected(b'x')),
            ("1S", TimeError::Unexpected(b'S')),
            ("1u", TimeError::Unexpected(b'u')),
            ("1.5s", TimeError::Unexpected(b'.')),
            ("25d", TimeError::Overflow),
            ("2147483648", TimeError::Overflow),
            ("99999999999999999999999", TimeError::Overflow),
        ] {
            assert_eq!(ms(text), Err(want), "{text}");
        }
    }

    #[test]
    fn a_byte_after_the_unit_is_kept_for_a_warning() {
        for (text, want) in [("1s5", b'5'), ("1msx", b'x'), ("1sm", b'm'), ("1uss", b's')] {
            let parsed = Duration::parse(text.as_bytes(), TimeUnit::Ms).expect(text);
            assert_eq!(parsed.trailing, Some(want), "{text}");
            assert_eq!(Duration::parse_strict(text.as_bytes()), Err(TimeError::Unexpected(want)), "{text}");
        }
    }

    #[test]
    fn a_bare_number_counts_the_given_unit() {
        let p = Duration::parse(b"5", TimeUnit::Second).expect("5");
        assert_eq!((p.value.secs(), p.value.millis()), (5, 5_000));
        let p = Duration::parse(b"1ms", TimeUnit::Second).expect("1ms");
        assert_eq!(p.value.secs(), 1);
    }
}
