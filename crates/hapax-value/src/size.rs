//! Sizes, as the manual's chapter 2.6 has them: an integer and one of `k m g`, in any case.

/// Why a text is no size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    #[error("missing size value")]
    Empty,
    /// The byte that made it none; the last digit or the unit where the value is too large, as HAProxy tells it.
    #[error("unexpected character '{}'", *.0 as char)]
    Unexpected(u8),
}

/// Parses a size of at most `max` bytes.
pub fn parse_size(text: &[u8], max: u64) -> Result<u64, SizeError> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 {
        return Err(text.first().map_or(SizeError::Empty, |b| SizeError::Unexpected(*b)));
    }
    let mut number = 0_u64;
    for b in &text[..digits] {
        number = number
            .checked_mul(10)
            .and_then(|n| n.checked_add(u64::from(b - b'0')))
            .filter(|n| *n <= max)
            .ok_or(SizeError::Unexpected(*b))?;
    }
    let (unit, rest) = match &text[digits..] {
        [] => return Ok(number),
        [unit, rest @ ..] => (*unit, rest),
    };
    let shift = match unit {
        b'k' | b'K' => 10,
        b'm' | b'M' => 20,
        b'g' | b'G' => 30,
        _ => return Err(SizeError::Unexpected(unit)),
    };
    if let Some(b) = rest.first() {
        return Err(SizeError::Unexpected(*b));
    }
    number
        .checked_mul(1 << shift)
        .filter(|n| *n <= max)
        .ok_or(SizeError::Unexpected(unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_in_any_case() {
        for (text, want) in [
            ("0", 0),
            ("16384", 16384),
            ("1k", 1024),
            ("1K", 1024),
            ("3m", 3 << 20),
            ("2G", 2 << 30),
        ] {
            assert_eq!(parse_size(text.as_bytes(), u64::from(u32::MAX)), Ok(want), "{text}");
        }
    }

    #[test]
    fn the_byte_at_fault_is_named() {
        for (text, want) in [
            ("1x", b'x'),
            ("1kb", b'b'),
            ("k", b'k'),
            ("-1", b'-'),
            ("5g", b'g'),
            ("4294967296", b'6'),
        ] {
            assert_eq!(
                parse_size(text.as_bytes(), u64::from(u32::MAX)),
                Err(SizeError::Unexpected(want)),
                "{text}"
            );
        }
        assert_eq!(parse_size(b"", 1), Err(SizeError::Empty));
        assert_eq!(parse_size(b"5g", u64::MAX), Ok(5 << 30));
    }
}
