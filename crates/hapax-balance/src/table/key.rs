//! Keys: how a sample becomes one, and how one is shown.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Deref;

use hapax_value::{Type, Value, write_v6};

/// What the keys of a table are. Lengths are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    Ip,
    Ipv6,
    Integer,
    /// The longest text.
    String(u32),
    /// The length of every key.
    Binary(u32),
}

/// A key as a table compares it. Short ones need no memory of their own.
#[derive(Clone, Debug)]
pub enum Key<'v> {
    Short([u8; 16], u8),
    Bytes(Cow<'v, [u8]>),
}

impl Deref for Key<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Short(bytes, len) => &bytes[..usize::from(*len)],
            Self::Bytes(b) => b,
        }
    }
}

fn short(bytes: &[u8]) -> Key<'static> {
    let mut all = [0; 16];
    all[..bytes.len()].copy_from_slice(bytes);
    Key::Short(all, bytes.len() as u8)
}

impl KeyType {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::Ipv6 => "ipv6",
            Self::Integer => "integer",
            Self::String(_) => "string",
            Self::Binary(_) => "binary",
        }
    }

    /// The type that samples are cast to.
    pub fn value_type(self) -> Type {
        match self {
            Self::Ip => Type::Ipv4,
            Self::Ipv6 => Type::Ipv6,
            Self::Integer => Type::Sint,
            Self::String(_) => Type::Str,
            Self::Binary(_) => Type::Bin,
        }
    }

    /// Bytes of a key that has always as many; `None`: as long as it is.
    pub(super) fn fixed(self) -> Option<usize> {
        match self {
            Self::Ip | Self::Integer => Some(4),
            Self::Ipv6 => Some(16),
            Self::Binary(n) => Some(n as usize),
            Self::String(_) => None,
        }
    }

    /// `None`: the sample is no key of this type.
    pub fn key(self, value: Value<'_>) -> Option<Key<'_>> {
        Some(match (self, value.cast(self.value_type())?) {
            (_, Value::V4(a)) => short(&a.octets()),
            (_, Value::V6(a)) => short(&a.octets()),
            (_, Value::Int(i)) => short(&(i as u32).to_be_bytes()),
            (Self::String(max), Value::Str(s)) => Key::Bytes(cut(s, max as usize)),
            (Self::Binary(len), Value::Bin(b)) => {
                let len = len as usize;
                if b.len() >= len {
                    Key::Bytes(cut(b, len))
                } else if len <= 16 {
                    let mut all = [0; 16];
                    all[..b.len()].copy_from_slice(&b);
                    Key::Short(all, len as u8)
                } else {
                    let mut padded = b.into_owned();
                    padded.resize(len, 0);
                    Key::Bytes(Cow::Owned(padded))
                }
            }
            _ => return None,
        })
    }

    /// The sample that such a key is.
    pub fn value(self, key: &[u8]) -> Value<'static> {
        match self {
            Self::Ip => Value::V4(Ipv4Addr::from(four(key))),
            Self::Integer => Value::Int(i64::from(u32::from_be_bytes(four(key)))),
            Self::Ipv6 => {
                let mut all = [0; 16];
                let n = key.len().min(16);
                all[..n].copy_from_slice(&key[..n]);
                Value::V6(Ipv6Addr::from(all))
            }
            Self::String(_) => Value::Str(Cow::Owned(key.to_vec())),
            Self::Binary(_) => Value::Bin(Cow::Owned(key.to_vec())),
        }
    }

    /// Text as `show table` prints it: what would end a word is escaped, binary is hexadecimal.
    pub fn show(self, key: &[u8], out: &mut String) {
        // Writing to a string cannot fail.
        match self {
            Self::Ip => _ = write!(out, "{}", Ipv4Addr::from(four(key))),
            Self::Integer => _ = write!(out, "{}", u32::from_be_bytes(four(key))),
            Self::Ipv6 => {
                let mut text = Vec::new();
                if let Value::V6(a) = self.value(key) {
                    write_v6(a, &mut text);
                }
                out.push_str(&String::from_utf8_lossy(&text));
            }
            Self::String(_) => show_text(key, out),
            Self::Binary(_) => key.iter().for_each(|b| _ = write!(out, "{b:02X}")),
        }
    }
}

fn four(key: &[u8]) -> [u8; 4] {
    let mut all = [0; 4];
    let n = key.len().min(4);
    all[..n].copy_from_slice(&key[..n]);
    all
}

fn cut(bytes: Cow<'_, [u8]>, max: usize) -> Cow<'_, [u8]> {
    match bytes {
        Cow::Borrowed(b) => Cow::Borrowed(&b[..b.len().min(max)]),
        Cow::Owned(mut b) => {
            b.truncate(max);
            Cow::Owned(b)
        }
    }
}

fn show_text(text: &[u8], out: &mut String) {
    for &b in text {
        match b {
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            0x1b => out.push_str("\\e"),
            b'\\' | b'=' | b' ' => {
                out.push('\\');
                out.push(char::from(b));
            }
            0x21..=0x7e => out.push(char::from(b)),
            _ => _ = write!(out, "\\x{b:02X}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(s: &str) -> Value<'_> {
        Value::Str(Cow::Borrowed(s.as_bytes()))
    }

    #[test]
    fn keys() {
        let cases: &[(KeyType, Value<'_>, Option<&[u8]>)] = &[
            (KeyType::Ip, text("1.2.3.4"), Some(&[1, 2, 3, 4])),
            (KeyType::Ip, text("x"), None),
            (KeyType::Ip, Value::Int(257), Some(&[0, 0, 1, 1])),
            (KeyType::Ip, Value::V6("::ffff:9.8.7.6".parse().unwrap()), Some(&[9, 8, 7, 6])),
            (KeyType::Ip, Value::V6("2001::1".parse().unwrap()), None),
            (
                KeyType::Ipv6,
                Value::V4("9.8.7.6".parse().unwrap()),
                Some(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 9, 8, 7, 6]),
            ),
            (KeyType::Integer, Value::Int(-1), Some(&[255; 4])),
            (KeyType::Integer, text("12"), Some(&[0, 0, 0, 12])),
            (KeyType::String(3), text("abcdef"), Some(b"abc")),
            (KeyType::String(3), text(""), Some(b"")),
            (KeyType::Binary(3), text("abcdef"), Some(b"abc")),
            (KeyType::Binary(4), text("ab"), Some(b"ab\0\0")),
            (KeyType::Binary(18), text("ab"), Some(b"ab\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")),
        ];
        for (kind, value, want) in cases {
            let got = kind.key(value.clone());
            assert_eq!(got.as_deref(), *want, "{kind:?} {value:?}");
        }
    }

    #[test]
    fn shown() {
        let cases: &[(KeyType, &[u8], &str)] = &[
            (KeyType::Ip, &[127, 0, 0, 1], "127.0.0.1"),
            (KeyType::Integer, &[255; 4], "4294967295"),
            (KeyType::Ipv6, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7, 0, 0], "::1.7.0.0"),
            (
                KeyType::Ipv6,
                &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 9, 8, 7, 6],
                "::ffff:9.8.7.6",
            ),
            (KeyType::String(9), b"a b=\x01\n\xc3", "a\\ b\\=\\x01\\n\\xC3"),
            (KeyType::Binary(4), b"ab\0\xff", "616200FF"),
        ];
        for (kind, key, want) in cases {
            let mut out = String::new();
            kind.show(key, &mut out);
            assert_eq!(out, *want, "{kind:?}");
        }
    }
}
