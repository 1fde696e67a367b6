//! Texts of patterns: integer ranges, networks, hexadecimal blocks.

use std::net::{Ipv4Addr, Ipv6Addr};

/// A range of integers; a missing bound is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) low: Option<i64>,
    pub(crate) high: Option<i64>,
}

/// A network: an address and a mask, which for IPv4 need not be contiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Net {
    V4 { addr: u32, mask: u32 },
    V6 { addr: u128, bits: u8 },
}

/// A whole number, digits only after an optional minus; `None` where it does not fit 64 bits either.
fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if text.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    if digits.is_empty() { Some(0) } else { text.parse().ok() }
}

/// `major.minor`, as one number that orders like the pair.
fn version(text: &str) -> Option<i64> {
    let (major, minor) = match text.split_once('.') {
        Some((major, minor)) => (integer(major)?, integer(minor)?),
        None => (integer(text)?, 0),
    };
    (major < 65536 && minor < 65536).then_some(major << 16 | (minor & 0xffff))
}

fn range_of(text: &str, one: fn(&str) -> Option<i64>, what: &str) -> Result<Range, String> {
    let bad_range = || format!("'{text}' is not a valid {what} range");
    // Operators make ranges of negative numbers (`-4:`), so a colon goes first.
    let Some(cut) = text.find(':').or_else(|| text.find('-')) else {
        if text.is_empty() {
            return Err(bad_range());
        }
        let n = one(text).ok_or_else(|| format!("'{text}' is not a {what}"))?;
        return Ok(Range {
            low: Some(n),
            high: Some(n),
        });
    };
    let bound = |part: &str| {
        if part.is_empty() {
            Ok(None)
        } else {
            one(part).map(Some).ok_or_else(bad_range)
        }
    };
    let range = Range {
        low: bound(&text[..cut])?,
        high: bound(&text[cut + 1..])?,
    };
    match range {
        Range { low: None, high: None } => Err(bad_range()),
        Range {
            low: Some(low),
            high: Some(high),
        } if low > high => Err(bad_range()),
        _ => Ok(range),
    }
}

/// `5`, `5:9`, `5:`, `:9`; a dash does as the colon does, so that no pattern is negative.
pub(crate) fn range(text: &str) -> Result<Range, String> {
    range_of(text, integer, "number")
}

/// The same over `major.minor`.
pub(crate) fn version_range(text: &str) -> Result<Range, String> {
    range_of(text, version, "dotted number")
}

/// The word is `eq`, `ge`, `gt`, `le`, `lt`, or the `ne` that HAProxy reads and then takes for `eq`.
pub fn is_int_operator(word: &str) -> bool {
    matches!(word, "eq" | "ge" | "gt" | "le" | "lt" | "ne")
}

/// The range that an operator before an integer pattern means, as the text of a pattern. `eq` leaves ranges as they are;
/// the others take one number.
pub fn int_with_operator(op: &str, text: &str) -> Result<String, String> {
    if matches!(op, "eq" | "ne") || text.contains(':') {
        return Ok(text.to_owned());
    }
    let n = text
        .parse::<i64>()
        .map_err(|_| format!("'{text}' is neither a number nor a supported operator"))?;
    Ok(match op {
        "ge" => format!("{n}:"),
        "gt" => format!("{}:", n.saturating_add(1)),
        "le" => format!(":{n}"),
        _ => format!(":{}", n.saturating_sub(1)),
    })
}

/// An IPv4 address in the short forms that the C library's resolver knows: up to three leading bytes and a last part that fills
/// the rest, in decimal or octal. A hexadecimal one is no name that HAProxy would look up.
fn v4_abbreviated(text: &str) -> Option<u32> {
    let parts = text
        .split('.')
        .map(|p| {
            if p.len() > 1 && p.starts_with('0') {
                u32::from_str_radix(p, 8).ok()
            } else if p.bytes().all(|b| b.is_ascii_digit()) {
                p.parse().ok()
            } else {
                None
            }
        })
        .collect::<Option<Vec<u32>>>()?;
    let (&last, leading) = parts.split_last()?;
    if leading.len() > 3 || leading.iter().any(|&p| p > 255) {
        return None;
    }
    let free = 32 - 8 * leading.len() as u32;
    if free < 32 && last >> free != 0 {
        return None;
    }
    let high = leading.iter().fold(0, |high, p| high << 8 | p);
    Some(if free == 32 { last } else { high << free | last })
}

fn prefix_v4(bits: u32) -> u32 {
    u32::MAX.checked_shl(32 - bits).unwrap_or(0)
}

fn mask_v4(text: &str) -> Option<u32> {
    if text.contains('.') {
        return text.parse::<Ipv4Addr>().ok().map(u32::from);
    }
    text.parse().ok().filter(|&bits| bits <= 32).map(prefix_v4)
}

/// `addr[/mask]`, the mask dotted or a number of bits; abbreviated addresses only when `abbreviated`.
pub fn net_v4(text: &str, abbreviated: bool) -> Option<(Ipv4Addr, Ipv4Addr)> {
    let (addr, mask) = match text.rsplit_once('/') {
        Some((addr, mask)) => (addr, mask_v4(mask)?),
        None => (text, u32::MAX),
    };
    let addr = match addr.parse::<Ipv4Addr>() {
        Ok(addr) => addr,
        Err(_) if abbreviated => Ipv4Addr::from(v4_abbreviated(addr)?),
        Err(_) => return None,
    };
    Some((addr, Ipv4Addr::from(mask)))
}

/// `addr[/bits]`.
pub fn net_v6(text: &str) -> Option<(Ipv6Addr, u8)> {
    let (addr, bits) = match text.rsplit_once('/') {
        Some((addr, bits)) => (addr, bits.parse().ok().filter(|&b: &u8| b <= 128)?),
        None => (text, 128),
    };
    addr.parse().ok().map(|addr| (addr, bits))
}

/// A network of either family. Abbreviated addresses are what the resolver makes of them, so `-n` forbids them too.
pub(crate) fn net(text: &str, no_dns: bool) -> Result<Net, String> {
    if let Some((addr, mask)) = net_v4(text, false) {
        return Ok(Net::V4 {
            addr: addr.into(),
            mask: mask.into(),
        });
    }
    if let Some((addr, bits)) = net_v6(text) {
        return Ok(Net::V6 { addr: addr.into(), bits });
    }
    match net_v4(text, true).filter(|_| !no_dns) {
        Some((addr, mask)) => Ok(Net::V4 {
            addr: addr.into(),
            mask: mask.into(),
        }),
        None => Err(format!("'{text}' is not a valid IPv4 or IPv6 address")),
    }
}

/// Bytes written as pairs of hexadecimal digits.
pub(crate) fn hex(text: &str) -> Result<Box<[u8]>, String> {
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(2) {
        return Err("an even number of hex digit is expected".to_owned());
    }
    bytes
        .chunks_exact(2)
        .map(|pair| {
            let digit = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
            Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)
        })
        .collect::<Option<_>>()
        .ok_or_else(|| "an hex digit is expected".to_owned())
}
