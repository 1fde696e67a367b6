//! Times and sizes as configuration words write them (manual, 2.5 and 2.6).

use hapax_value::{Duration, TimeUnit};

/// The unit of a number that has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Us,
    Ms,
    S,
    Min,
    H,
    D,
}

impl Unit {
    pub fn micros(self) -> u64 {
        self.as_value().micros()
    }

    fn as_value(self) -> TimeUnit {
        match self {
            Self::Us => TimeUnit::Us,
            Self::Ms => TimeUnit::Ms,
            Self::S => TimeUnit::Second,
            Self::Min => TimeUnit::Minute,
            Self::H => TimeUnit::Hour,
            Self::D => TimeUnit::Day,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Us => "us",
            Self::Ms => "ms",
            Self::S => "s",
            Self::Min => "m",
            Self::H => "h",
            Self::D => "d",
        }
    }
}

/// Milliseconds in a signed 32-bit integer, about 24.8 days: the longest timer.
pub const TIMER_MAX: u64 = 2_147_483_647;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeError {
    /// Beyond the highest value.
    Over,
    Char(u8),
}

/// What follows the unit of a time, as in `15min`: HAProxy warns of it and reads on.
pub fn after_unit(text: &[u8]) -> Option<u8> {
    Duration::parse(text, TimeUnit::Us).ok().and_then(|p| p.trailing)
}

/// A time in microseconds, rounded up to whole units; `top` is in `unit`. What follows the unit is passed over.
pub fn parse_time(text: &[u8], unit: Unit, top: u64) -> Result<u64, TimeError> {
    let parsed = Duration::parse(text, unit.as_value()).map_err(|e| match e {
        hapax_value::TimeError::Empty => TimeError::Char(b'?'),
        hapax_value::TimeError::Unexpected(c) => TimeError::Char(c),
        hapax_value::TimeError::Overflow => TimeError::Over,
    })?;
    if parsed.value.micros / unit.micros() > top {
        return Err(TimeError::Over);
    }
    Ok(parsed.value.micros)
}

/// A size in bytes: `64k`, `1m`, `2g` (powers of 1024).
pub fn parse_size(text: &[u8]) -> Option<u64> {
    hapax_value::parse_size(text, u64::MAX).ok()
}

/// A count as C reads it: what is below 0 is 0, and what is beyond 32 bits is the most.
pub fn lax_u32(text: &str) -> u32 {
    hapax_value::leading_number(text).clamp(0, i64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_take_units_and_limits() {
        for (text, want) in [
            ("0", Ok(0)),
            ("5000", Ok(5_000_000)),
            ("5s", Ok(5_000_000)),
            ("1500us", Ok(2000)),
            ("2m", Ok(120_000_000)),
            ("24d", Ok(24 * 86_400_000_000)),
            ("25d", Err(TimeError::Over)),
            ("1us", Ok(1000)),
            ("5x", Err(TimeError::Char(b'x'))),
            ("5sec", Ok(5_000_000)),
            ("5min", Ok(300_000_000)),
            ("5us", Ok(1000)),
            ("5u", Err(TimeError::Char(b'u'))),
            ("s", Err(TimeError::Char(b's'))),
            ("", Err(TimeError::Char(b'?'))),
        ] {
            assert_eq!(parse_time(text.as_bytes(), Unit::Ms, TIMER_MAX), want, "{text}");
        }
    }

    #[test]
    fn sizes_are_powers_of_1024() {
        for (text, want) in [
            ("16384", Some(16384)),
            ("16k", Some(16384)),
            ("1m", Some(1 << 20)),
            ("k", None),
            ("1x", None),
        ] {
            assert_eq!(parse_size(text.as_bytes()), want, "{text}");
        }
    }
}
