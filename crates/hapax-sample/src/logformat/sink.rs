//! Where an item writes: the buffer, the flags, and what they make of values.

use std::fmt::Write as _;
use std::net::IpAddr;

use hapax_value::{Endpoint, Value, write_v4, write_v6};

use super::item::Options;
use crate::Env;
use crate::expr::Expr;

/// Bytes to write as a mark and two hexadecimal digits.
type Unsafe = fn(u8) -> bool;

/// In a URI: what is no printable ASCII, quotes, and the mark itself.
pub(super) fn unsafe_in_uri(b: u8) -> bool {
    !(32..127).contains(&b) || matches!(b, b'"' | b'#')
}

/// In captured fields: also what parts them.
pub(super) fn unsafe_in_field(b: u8) -> bool {
    unsafe_in_uri(b) || matches!(b, b'{' | b'|' | b'}')
}

/// In an HTTP message: control characters, except the tab.
fn unsafe_in_http(b: u8) -> bool {
    b < 32 && b != b'\t' || b == 127
}

fn always_safe(_: u8) -> bool {
    false
}

pub(super) struct Sink<'s, 'e> {
    pub(super) env: &'s Env<'e>,
    pub(super) out: &'s mut Vec<u8>,
    options: Options,
}

impl<'s, 'e> Sink<'s, 'e> {
    pub(super) fn new(env: &'s Env<'e>, out: &'s mut Vec<u8>, options: Options) -> Self {
        Self { env, out, options }
    }

    /// Bytes as they are, whatever the flags.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    pub(super) fn int(&mut self, n: i64) {
        self.raw(itoa::Buffer::new().format(n).as_bytes());
    }

    /// A number that is of four hexadecimal digits at least under the flag `X`.
    pub(super) fn word(&mut self, n: i64) {
        if self.options.contains(Options::HEX) {
            // Writing to a Vec cannot fail.
            let _ = std::io::Write::write_fmt(self.out, format_args!("{n:04X}"));
        } else {
            self.int(n);
        }
    }

    /// A text, quoted and escaped as the flags say; `-` or nothing where there is none.
    pub(super) fn text(&mut self, text: Option<&[u8]>) {
        self.encoded(text, b'#', always_safe);
    }

    /// A text in which some bytes are written in hexadecimal.
    pub(super) fn encoded(&mut self, text: Option<&[u8]>, mark: u8, is_unsafe: Unsafe) {
        let quote = self.options.contains(Options::QUOTE);
        if quote {
            self.out.push(b'"');
        }
        match text.filter(|t| !t.is_empty()) {
            Some(text) => self.escape(text, mark, is_unsafe),
            None if !quote && self.options.contains(Options::MANDATORY) => self.out.push(b'-'),
            None => {}
        }
        if quote {
            self.out.push(b'"');
        }
    }

    fn escape(&mut self, text: &[u8], mark: u8, is_unsafe: Unsafe) {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        let backslashed = |b: u8| matches!(b, b'"' | b'\\' | b']');
        let escape = self.options.contains(Options::ESCAPE);
        let mut start = 0;
        for (i, &b) in text.iter().enumerate() {
            let hex = is_unsafe(b);
            let slash = escape && backslashed(b);
            if !(hex || slash) {
                continue;
            }
            self.out.extend_from_slice(&text[start..i]);
            if hex {
                self.out
                    .extend_from_slice(&[mark, DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]]);
                start = i + 1;
            } else {
                self.out.push(b'\\');
                start = i;
            }
        }
        self.out.extend_from_slice(&text[start..]);
    }

    /// An expression's value as text.
    pub(super) fn expr(&mut self, expr: &Expr) {
        let value = expr.eval(self.env).ok();
        let http = self.options.contains(Options::HTTP);
        if !self.options.intersects(Options::QUOTE | Options::ESCAPE) || http && !self.options.contains(Options::ESCAPE) {
            match value {
                // No byte of these needs a look.
                Some(v @ (Value::Int(_) | Value::Bool(_) | Value::V4(_) | Value::V6(_))) => v.write_str(self.out),
                Some(Value::Bin(b)) if self.options.contains(Options::BIN) => self.raw(&b),
                Some(v) if http => {
                    let start = self.out.len();
                    v.write_str(self.out);
                    if self.out[start..].iter().any(|b| unsafe_in_http(*b)) {
                        let text = self.out.split_off(start);
                        self.escape(&text, b'%', unsafe_in_http);
                    }
                }
                Some(v) => {
                    let start = self.out.len();
                    v.write_str(self.out);
                    if self.out.len() == start && self.options.contains(Options::MANDATORY) {
                        self.out.push(b'-');
                    }
                }
                None if self.options.contains(Options::MANDATORY) => self.out.push(b'-'),
                None => {}
            }
            return;
        }
        let text = value.map(Value::into_str);
        if http {
            // In messages, quotes are the text's own business.
            self.options.remove(Options::QUOTE);
            self.encoded(text.as_deref(), b'%', unsafe_in_http);
        } else {
            self.text(text.as_deref());
        }
    }

    /// An address without its port.
    pub(super) fn ip(&mut self, e: Option<&Endpoint>) {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = match e {
            Some(Endpoint::Ip(a)) if self.options.contains(Options::HEX) => match a.ip() {
                IpAddr::V4(v4) => write!(text, "{:08X}", v4.to_bits()),
                IpAddr::V6(v6) => write!(text, "{:032X}", v6.to_bits()),
            },
            Some(Endpoint::Ip(a)) if !self.options.contains(Options::QUOTE) => {
                match a.ip() {
                    IpAddr::V4(v4) => write_v4(v4, self.out),
                    IpAddr::V6(v6) => write_v6(v6, self.out),
                }
                return;
            }
            Some(Endpoint::Ip(a)) => write!(text, "{}", a.ip()),
            Some(_) => write!(text, "unix"),
            None => Ok(()),
        };
        self.text((!text.is_empty()).then_some(text.as_bytes()));
    }

    /// The port of an address; that of a UNIX socket is the bind line's number.
    pub(super) fn port(&mut self, e: Option<&Endpoint>) {
        match e {
            Some(Endpoint::Ip(a)) => self.word(i64::from(a.port())),
            Some(_) => self.int(i64::from(self.env.sess.listener_id)),
            None => self.text(None),
        }
    }

    pub(super) fn is_quoted(&self) -> bool {
        self.options.contains(Options::QUOTE)
    }

    /// A list of captured fields: `{a|b}`, or `a b` in the common log format's way.
    pub(super) fn captures(&mut self, slots: &[Option<Box<[u8]>>], list: bool) {
        if slots.is_empty() {
            return;
        }
        if list {
            for (i, slot) in slots.iter().enumerate() {
                if i > 0 {
                    self.out.push(b' ');
                }
                // Of one that was there and is empty nothing is told, not even that.
                if self.is_quoted() || slot.as_ref().is_none_or(|text| !text.is_empty()) {
                    self.encoded(slot.as_deref(), b'#', unsafe_in_field);
                }
            }
            return;
        }
        let quote = self.is_quoted();
        if quote {
            self.out.push(b'"');
        }
        self.out.push(b'{');
        for (i, slot) in slots.iter().enumerate() {
            if i > 0 {
                self.out.push(b'|');
            }
            if let Some(text) = slot {
                self.escape(text, b'#', unsafe_in_field);
            }
        }
        self.out.push(b'}');
        if quote {
            self.out.push(b'"');
        }
    }
}
