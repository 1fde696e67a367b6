//! Casts between sample types (manual, 7.3): which exist, and what they do.
//!
//! A chain of fetch and converters is type-checked once with [`Type::casts_to`]; at run time a cast may still fail (a string
//! that is no address), and then the sample has no value.

use std::borrow::Cow;
use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::{Method, Type, Value};

impl Type {
    /// Whether a value of this type may be used where `to` is expected.
    pub fn casts_to(self, to: Self) -> bool {
        use Type::{Addr, Any, Bin, Bool, Ipv4, Ipv6, Meth, Same, Sint, Str};
        match (self, to) {
            (Any | Same | Str, _) | (_, Any | Same) => true,
            (Bool, to) => matches!(to, Bool | Sint | Str | Bin),
            (Sint, to) => to != Meth,
            (Addr, to) => matches!(to, Addr | Ipv4 | Ipv6 | Str | Bin),
            (Ipv4, to) => !matches!(to, Bool | Meth),
            (Ipv6, to) => matches!(to, Addr | Ipv4 | Ipv6 | Str | Bin),
            (Bin | Meth, to) => matches!(to, Str | Bin | Meth),
        }
    }

    /// The name used in messages and pages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Same => "same",
            Self::Bool => "bool",
            Self::Sint => "sint",
            Self::Addr => "addr",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Str => "str",
            Self::Bin => "bin",
            Self::Meth => "meth",
        }
    }
}

/// Reads an integer as casts do: an optional sign, then as many digits as there are; other bytes end it, saturating.
/// Nothing at all is no integer; a text without digits is 0.
pub fn parse_int(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [] => return None,
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let mut n = 0_i64;
    for b in digits.iter().take_while(|b| b.is_ascii_digit()) {
        let d = i64::from(b - b'0');
        // Summed on the negative side, which reaches one further.
        n = n.saturating_mul(10).saturating_sub(d);
    }
    Some(if negative { n } else { n.checked_neg().unwrap_or(i64::MAX) })
}

/// Reads the integer that `hdr_val` and its kin give: 32 bits, of which it wraps around; a minus sign before it or not, and 0 where
/// there is none.
pub fn parse_val(text: &[u8]) -> i64 {
    let (sign, digits) = match text {
        [b'-', rest @ ..] => (-1_i32, rest),
        rest => (1, rest),
    };
    let digits = digits.iter().take_while(|b| b.is_ascii_digit());
    let n = digits.fold(0_i32, |n, b| n.wrapping_mul(10).wrapping_add(i32::from(b - b'0')));
    i64::from(n.wrapping_mul(sign))
}

/// The number that a text starts with, as C reads it: blanks and a sign before it or not, as far as 64 bits go; 0 where it starts
/// with none.
pub fn leading_number(text: &str) -> i64 {
    let text = text.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
    parse_int(text.as_bytes()).unwrap_or(0)
}

fn text<T: std::str::FromStr>(bytes: &[u8]) -> Option<T> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

/// The IPv4 address that a text starts with, and what follows: four numbers, which may have leading zeros, between dots. Anything
/// but another dot may follow, such as a port.
pub fn leading_v4(bytes: &[u8]) -> Option<(Ipv4Addr, &[u8])> {
    let mut octets = [0u8; 4];
    let mut rest = bytes;
    for (n, octet) in octets.iter_mut().enumerate() {
        if n > 0 {
            rest = rest.strip_prefix(b".")?;
        }
        let len = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let (digits, after) = rest.split_at(len);
        rest = after;
        let more = |n: u8, b: &u8| n.checked_mul(10)?.checked_add(b - b'0');
        *octet = digits.first().and(digits.iter().try_fold(0, more))?;
    }
    (rest.first() != Some(&b'.')).then(|| (octets.into(), rest))
}

/// The IPv4 address inside an IPv6 one: mapped, compatible or 6to4.
pub fn embedded_v4(a: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = a.to_bits();
    match bits >> 32 {
        0 | 0xffff => Some(Ipv4Addr::from_bits(bits as u32)),
        _ if bits >> 112 == 0x2002 => Some(Ipv4Addr::from_bits((bits >> 80) as u32)),
        _ => None,
    }
}

/// Appends an IPv6 address as the C library writes it: one that is compatible with IPv4 ends in dots too.
pub fn write_v6(a: Ipv6Addr, out: &mut Vec<u8>) {
    let bits = a.to_bits();
    if bits >> 32 == 0 && bits >> 16 != 0 {
        out.extend_from_slice(b"::");
        write_v4(Ipv4Addr::from_bits(bits as u32), out);
    } else {
        // Writing to a Vec cannot fail.
        drop(write!(out, "{a}"));
    }
}

/// A binary ends at its first NUL when it becomes a string.
fn to_nul(bytes: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    match memchr::memchr(0, &bytes) {
        None => bytes,
        Some(at) => match bytes {
            Cow::Borrowed(b) => Cow::Borrowed(&b[..at]),
            Cow::Owned(mut b) => {
                b.truncate(at);
                Cow::Owned(b)
            }
        },
    }
}

/// Appends an IPv4 address; several times as fast as the formatter, and written for every log line.
pub fn write_v4(a: Ipv4Addr, out: &mut Vec<u8>) {
    for (i, octet) in a.octets().into_iter().enumerate() {
        if i > 0 {
            out.push(b'.');
        }
        if octet >= 100 {
            out.push(b'0' + octet / 100);
        }
        if octet >= 10 {
            out.push(b'0' + octet / 10 % 10);
        }
        out.push(b'0' + octet % 10);
    }
}

impl<'a> Value<'a> {
    /// This value as one of type `to`; `None` where it cannot be.
    #[must_use]
    pub fn cast(self, to: Type) -> Option<Self> {
        match to {
            Type::Any | Type::Same => Some(self),
            Type::Bool => match self {
                Self::V4(_) => None,
                other => other.cast_int().map(|i| Self::Bool(i != 0)),
            },
            Type::Sint => self.cast_int().map(Self::Int),
            Type::Ipv4 => self.cast_v4().map(Self::V4),
            Type::Ipv6 => self.cast_v6().map(Self::V6),
            Type::Addr => match self {
                Self::V4(_) | Self::V6(_) => Some(self),
                Self::Int(i) => Some(Self::V4(Ipv4Addr::from_bits(i as u32))),
                Self::Str(s) => leading_v4(&s).map(|(a, _)| Self::V4(a)).or_else(|| text(&s).map(Self::V6)),
                Self::Bool(_) | Self::Bin(_) | Self::Method(_) => None,
            },
            Type::Str => Some(Self::Str(self.into_str())),
            Type::Bin => Some(Self::Bin(self.into_bin())),
            Type::Meth => match self {
                Self::Method(_) => Some(self),
                Self::Str(s) | Self::Bin(s) => Some(Self::Method(Method::from_cow(s))),
                _ => None,
            },
        }
    }

    fn cast_int(&self) -> Option<i64> {
        match self {
            Self::Bool(b) => Some(i64::from(*b)),
            Self::Int(i) => Some(*i),
            Self::V4(a) => Some(i64::from(a.to_bits())),
            Self::Str(s) => parse_int(s),
            Self::V6(_) | Self::Bin(_) | Self::Method(_) => None,
        }
    }

    fn cast_v4(&self) -> Option<Ipv4Addr> {
        match self {
            Self::V4(a) => Some(*a),
            Self::V6(a) => embedded_v4(*a),
            Self::Int(i) => Some(Ipv4Addr::from_bits(*i as u32)),
            Self::Str(s) => leading_v4(s).map(|(a, _)| a),
            Self::Bool(_) | Self::Bin(_) | Self::Method(_) => None,
        }
    }

    fn cast_v6(&self) -> Option<Ipv6Addr> {
        match self {
            Self::V4(a) => Some(a.to_ipv6_mapped()),
            Self::V6(a) => Some(*a),
            Self::Int(i) => Some(Ipv4Addr::from_bits(*i as u32).to_ipv6_mapped()),
            Self::Str(s) => text(s),
            Self::Bool(_) | Self::Bin(_) | Self::Method(_) => None,
        }
    }

    /// The value as text: every type has one.
    #[must_use]
    pub fn into_str(self) -> Cow<'a, [u8]> {
        match self {
            Self::Str(s) => s,
            Self::Bin(s) => to_nul(s),
            Self::Method(m) => m.into_cow(),
            Self::Bool(b) => Cow::Borrowed(if b { b"1" } else { b"0" }),
            other => {
                let mut out = Vec::with_capacity(24);
                other.write_str(&mut out);
                Cow::Owned(out)
            }
        }
    }

    /// The value's raw bytes: text as it is, booleans and integers as eight bytes and addresses in network order.
    #[must_use]
    pub fn into_bin(self) -> Cow<'a, [u8]> {
        match self {
            Self::Bool(b) => Cow::Borrowed(if b { &[0, 0, 0, 0, 0, 0, 0, 1] } else { &[0; 8] }),
            Self::Int(i) => Cow::Owned(i.to_be_bytes().to_vec()),
            Self::V4(a) => Cow::Owned(a.octets().to_vec()),
            Self::V6(a) => Cow::Owned(a.octets().to_vec()),
            Self::Str(s) | Self::Bin(s) => s,
            Self::Method(m) => m.into_cow(),
        }
    }

    /// Appends the value as text without allocating for it.
    pub fn write_str(&self, out: &mut Vec<u8>) {
        match self {
            Self::Bool(b) => out.push(b'0' + u8::from(*b)),
            Self::Int(i) => out.extend_from_slice(itoa::Buffer::new().format(*i).as_bytes()),
            Self::V4(a) => write_v4(*a, out),
            Self::V6(a) => write_v6(*a, out),
            Self::Str(s) => out.extend_from_slice(s),
            Self::Bin(s) => {
                let end = memchr::memchr(0, s).unwrap_or(s.len());
                out.extend_from_slice(&s[..end]);
            }
            Self::Method(m) => out.extend_from_slice(m.as_bytes()),
        }
    }

    /// The bytes of a text, binary or method value, as they are.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Str(s) | Self::Bin(s) => Some(s),
            Self::Method(m) => Some(m.as_bytes()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
