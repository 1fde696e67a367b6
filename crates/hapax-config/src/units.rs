//! Times and sizes as configuration words write them (manual, 2.5 and 2.6).

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
    pub const fn micros(self) -> u64 {
        match self {
            Self::Us => 1,
            Self::Ms => 1_000,
            Self::S => 1_000_000,
            Self::Min => 60_000_000,
            Self::H => 3_600_000_000,
            Self::D => 86_400_000_000,
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
    /// Beyond the highest value, or below the lowest that is not zero.
    Over,
    Under,
    Char(u8),
}

/// What follows the unit of a time, as in `15min`: HAProxy warns of it and reads on.
pub fn after_unit(text: &[u8]) -> Option<u8> {
    let unit = &text[text.iter().take_while(|b| b.is_ascii_digit()).count()..];
    let len = if matches!(unit, [b'u' | b'm', b's', ..]) { 2 } else { 1 };
    unit.get(len).copied()
}

/// A time in microseconds; `top` is in `unit`. What follows the unit is passed over.
pub fn parse_time(text: &[u8], unit: Unit, top: u64) -> Result<u64, TimeError> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let mut n: u64 = 0;
    for b in &text[..digits] {
        n = n
            .checked_mul(10)
            .and_then(|n| n.checked_add(u64::from(b - b'0')))
            .ok_or(TimeError::Over)?;
    }
    let of = match &text[digits..] {
        [] if digits > 0 => unit,
        [b'u', b's', ..] => Unit::Us,
        [b'm', b's', ..] => Unit::Ms,
        [b's', ..] => Unit::S,
        [b'm', ..] => Unit::Min,
        [b'h', ..] => Unit::H,
        [b'd', ..] => Unit::D,
        rest => return Err(TimeError::Char(rest.first().copied().unwrap_or(b'?'))),
    };
    if digits == 0 {
        return Err(TimeError::Char(text[0]));
    }
    let micros = n.checked_mul(of.micros()).ok_or(TimeError::Over)?;
    if n > 0 && micros < unit.micros() {
        return Err(TimeError::Under);
    }
    if micros / unit.micros() > top {
        return Err(TimeError::Over);
    }
    Ok(micros)
}

/// A size in bytes: `64k`, `1m`, `2g` (powers of 1024).
pub fn parse_size(text: &[u8]) -> Option<u64> {
    let (number, shift) = match text.split_last()? {
        (b'k' | b'K', n) => (n, 10),
        (b'm' | b'M', n) => (n, 20),
        (b'g' | b'G', n) => (n, 30),
        _ => (text, 0),
    };
    let n: u64 = std::str::from_utf8(number).ok()?.parse().ok()?;
    n.checked_mul(1 << shift)
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
            ("1500us", Ok(1500)),
            ("2m", Ok(120_000_000)),
            ("24d", Ok(24 * 86_400_000_000)),
            ("25d", Err(TimeError::Over)),
            ("1us", Err(TimeError::Under)),
            ("5x", Err(TimeError::Char(b'x'))),
            ("5sec", Ok(5_000_000)),
            ("5min", Ok(300_000_000)),
            ("5us", Err(TimeError::Under)),
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
