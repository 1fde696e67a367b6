//! A number that a rule takes as it is or computes for each message: times, marks, tags, retries.

use hapax_diag::Diagnostic;
use hapax_sample::expr::Expr;
use hapax_sample::{Env, Needs};
use hapax_value::{Duration, TimeError, TimeUnit, Type, Value};

use crate::{ParseAction, codes, place};

#[derive(Debug)]
pub(crate) enum Amount {
    Fixed(i64),
    Of(Expr),
}

impl Amount {
    /// The number for this message; `None` where the expression gives none.
    pub(crate) fn get(&self, env: &Env<'_>) -> Option<i64> {
        match self {
            Self::Fixed(n) => Some(*n),
            Self::Of(expr) => match expr.eval(env).ok()?.cast(Type::Sint)? {
                Value::Int(n) => Some(n),
                _ => None,
            },
        }
    }

    /// A time in milliseconds, not null, or an expression that gives one.
    pub(crate) fn time(p: &mut ParseAction<'_, '_>, rule: &str) -> Result<Self, Diagnostic> {
        let word = p.peek().ok_or_else(|| {
            p.fail(
                &codes::MISSING_ARG,
                format!("expects a time or an expression as argument to '{rule}'"),
            )
        })?;
        match Duration::parse(word.bytes, TimeUnit::Ms) {
            Ok(t) if t.trailing.is_none() => {
                p.pos += 1;
                if t.value.millis() == 0 {
                    return Err(p.bad(format!("null value is not valid for a '{rule}' rule")));
                }
                Ok(Self::Fixed(t.value.millis() as i64))
            }
            Err(TimeError::Overflow) => {
                p.pos += 1;
                Err(p.bad(format!(
                    "timer overflow in argument '{}' to rule '{rule}' (maximum value is 2147483647 ms or ~24.8 days)",
                    crate::parse::text(word)
                )))
            }
            _ => Ok(Self::Of(p.expr()?)),
        }
    }

    /// An integer in any of C's notations, or an expression. Facts of a request head are allowed wherever the rule stands.
    pub(crate) fn integer(p: &mut ParseAction<'_, '_>) -> Result<Self, Diagnostic> {
        let word = p.peek().ok_or_else(|| p.fail(&codes::MISSING_ARG, "expects an argument"))?;
        if let Some(n) = c_integer(word.bytes) {
            p.pos += 1;
            return Ok(Self::Fixed(n));
        }
        Ok(Self::Of(p.expr_at(request_place(p))?))
    }
}

/// Where `set-src`, `set-mark` and their like look for their facts, in TCP rules too.
pub(crate) fn request_place(p: &ParseAction<'_, '_>) -> Needs {
    place(crate::RuleSets::HTTP_REQ, p.site.side)
}

/// A whole word as an integer: decimal, `0x` hexadecimal, or octal after a `0`.
pub(crate) fn c_integer(word: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(word).ok()?;
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let lower = digits.to_ascii_lowercase();
    let n = if let Some(hex) = lower.strip_prefix("0x") {
        i64::from_str_radix(hex, 16).ok()?
    } else if lower.len() > 1 && lower.starts_with('0') {
        i64::from_str_radix(&lower[1..], 8).ok()?
    } else {
        lower.bytes().all(|b| b.is_ascii_digit()).then(|| lower.parse().ok())??
    };
    Some(sign * n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_as_c_writes_them() {
        for (word, want) in [
            ("0", Some(0)),
            ("12", Some(12)),
            ("-3", Some(-3)),
            ("0x1F", Some(31)),
            ("010", Some(8)),
            ("", None),
            ("-", None),
            ("1a", None),
            ("0x", None),
            ("08", None),
            ("src", None),
        ] {
            assert_eq!(c_integer(word.as_bytes()), want, "{word}");
        }
    }
}
