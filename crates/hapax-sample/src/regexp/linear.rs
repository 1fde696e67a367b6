//! From PCRE's syntax to the one the linear engine reads: the same expression wherever it can say it.
//!
//! PCRE is run on bytes here, without Unicode: bytes beyond ASCII become `\xNN`, and `\d`, `\s`, `\w` their ASCII sets. What comes
//! here is an expression that PCRE has compiled. Constructs that the linear engine does not know are left as they are, so that it
//! refuses them; those that it would read as something else are told.

/// An expression in the linear engine's syntax.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Translated {
    pub(super) text: String,
    /// It has what the linear engine would read as something else.
    pub(super) beyond: bool,
    /// It asks for the end of the subject where a line feed may follow.
    pub(super) at_end: bool,
}

/// Sets of `\d`, `\s`, `\w`, `\h`, `\v` as written inside brackets.
fn set_of(letter: u8) -> Option<&'static str> {
    Some(match letter.to_ascii_lowercase() {
        b'd' => "0-9",
        b's' => r"\t-\r\x20",
        b'w' => "0-9A-Z_a-z",
        b'h' => r"\t\x20\xa0",
        b'v' => r"\n-\r\x85",
        _ => return None,
    })
}

struct Translator<'p> {
    rest: &'p [u8],
    /// Groups with a number so far.
    groups: usize,
    out: String,
    beyond: bool,
    at_end: bool,
}

pub(super) fn translate(pattern: &[u8]) -> Translated {
    let mut t = Translator {
        rest: pattern,
        groups: 0,
        out: String::with_capacity(pattern.len() + 8),
        beyond: false,
        at_end: false,
    };
    while let Some(b) = t.next() {
        match b {
            b'\\' => t.escape(),
            b'[' if t.rest.starts_with(b"[:<:]]") || t.rest.starts_with(b"[:>:]]") => t.beyond = true,
            b'[' => t.class(),
            b'(' => t.group(),
            b'{' => t.brace(),
            b'}' | b']' => t.literal(b),
            b'*' | b'+' | b'?' => {
                t.out.push(char::from(b));
                t.after_quantifier();
            }
            b'$' => {
                t.at_end = true;
                t.out.push('$');
            }
            b'^' | b'.' | b'|' | b')' => t.out.push(char::from(b)),
            _ => t.plain(b),
        }
    }
    Translated {
        text: t.out,
        beyond: t.beyond,
        at_end: t.at_end,
    }
}

impl Translator<'_> {
    fn next(&mut self) -> Option<u8> {
        let (&b, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(b)
    }

    fn take(&mut self, prefix: &[u8]) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// A byte that means itself, escaped where the engine would read more into it.
    fn literal(&mut self, b: u8) {
        match b {
            b'\\' | b'.' | b'+' | b'*' | b'?' | b'(' | b')' | b'|' | b'[' | b']' | b'{' | b'}' | b'^' | b'$' | b'#' | b'&' | b'-'
            | b'~' => {
                self.out.push('\\');
                self.out.push(char::from(b));
            }
            0x20..0x7f => self.out.push(char::from(b)),
            _ => self.byte(b),
        }
    }

    /// The same for a byte that was not escaped: blanks and `#` keep the meaning that `(?x)` gives them.
    fn plain(&mut self, b: u8) {
        match b {
            b'\t' | b'\n' | 0x20..0x7f => self.out.push(char::from(b)),
            _ => self.byte(b),
        }
    }

    fn byte(&mut self, b: u8) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        self.out.push_str("\\x");
        self.out.push(char::from(DIGITS[usize::from(b >> 4)]));
        self.out.push(char::from(DIGITS[usize::from(b & 15)]));
    }

    /// After a quantifier, `?` makes it lazy and `+` possessive.
    fn after_quantifier(&mut self) {
        if self.take(b"?") {
            self.out.push('?');
        } else if self.take(b"+") {
            self.out.push('+');
            self.beyond = true;
        }
    }

    /// `{` opens a count only where what follows is one; elsewhere it means itself.
    fn brace(&mut self) {
        let end = self.rest.iter().position(|&b| b == b'}');
        let inner = end.and_then(|end| self.rest.get(..end)).unwrap_or_default();
        let mut numbers = inner.split(|&b| b == b',');
        let digits = |n: &[u8]| n.iter().all(u8::is_ascii_digit);
        let low = numbers.next().is_some_and(|n| !n.is_empty() && digits(n));
        let high = numbers.next().is_none_or(digits);
        if !(low && high && numbers.next().is_none()) {
            self.literal(b'{');
            return;
        }
        self.out.push('{');
        self.out.push_str(&String::from_utf8_lossy(inner));
        self.out.push('}');
        self.rest = self.rest.get(inner.len() + 1..).unwrap_or_default();
        self.after_quantifier();
    }

    fn group(&mut self) {
        if self.take(b"?#") {
            let end = self.rest.iter().position(|&b| b == b')').map_or(self.rest.len(), |at| at + 1);
            self.rest = self.rest.get(end..).unwrap_or_default();
        } else if self.take(b"?'") {
            self.groups += 1;
            self.out.push_str("(?<");
            self.name_until(b'\'');
            self.out.push('>');
        } else if self.take(b"?") {
            // The question mark is no quantifier here.
            let named = matches!(self.rest, [b'P', b'<', ..]) || matches!(self.rest, [b'<', c, ..] if !matches!(c, b'=' | b'!'));
            self.groups += usize::from(named);
            // Of the flags, those of lines and of blanks differ in what they do.
            let flags = self.rest.iter().take_while(|b| b.is_ascii_alphabetic() || **b == b'-');
            self.beyond |= flags.clone().any(|b| !matches!(b, b'i' | b's' | b'U' | b'P' | b'-')) && !named;
            self.out.push_str("(?");
        } else {
            self.groups += usize::from(self.rest.first() != Some(&b'*'));
            self.out.push('(');
        }
    }

    fn name_until(&mut self, end: u8) {
        while let Some(b) = self.next() {
            if b == end {
                return;
            }
            self.plain(b);
        }
    }

    /// `\Q...\E`
    fn quoted(&mut self) {
        while !self.rest.is_empty() && !self.take(b"\\E") {
            if let Some(b) = self.next() {
                self.literal(b);
            }
        }
    }

    /// Escapes that mean one byte, in and out of brackets; tells whether `c` began one.
    fn one_byte(&mut self, c: u8) -> bool {
        let byte = match c {
            b'e' => 0x1b,
            b'a' => 7,
            b'f' => 0x0c,
            b'c' => match self.next() {
                Some(b) => b.to_ascii_uppercase() ^ 0x40,
                None => return false,
            },
            b'x' if self.rest.first() != Some(&b'{') => self.digits(16, 2),
            b'0' => self.digits(8, 2),
            b'o' => match self.braced_octal() {
                Some(byte) => byte,
                None => return false,
            },
            _ => return false,
        };
        self.byte(byte);
        true
    }

    fn digits(&mut self, radix: u32, most: usize) -> u8 {
        let mut n = 0;
        for _ in 0..most {
            let Some(digit) = self.rest.first().and_then(|&b| char::from(b).to_digit(radix)) else {
                break;
            };
            self.next();
            n = n * radix + digit;
        }
        n as u8
    }

    /// What stands behind a backslash, unless it is one byte and written by now.
    fn escaped(&mut self) -> Option<u8> {
        let Some(c) = self.next() else {
            self.out.push('\\');
            return None;
        };
        (!self.one_byte(c)).then_some(c)
    }

    fn escape(&mut self) {
        let Some(c) = self.escaped() else { return };
        if let Some(set) = set_of(c) {
            self.out.push_str(if c.is_ascii_uppercase() { "[^" } else { "[" });
            self.out.push_str(set);
            self.out.push(']');
            return;
        }
        match c {
            b'Q' => self.quoted(),
            b'E' => {}
            b'N' => self.out.push_str(r"[^\n]"),
            // What these took, they do not give back.
            b'R' | b'X' => self.beyond = true,
            b'Z' => {
                self.at_end = true;
                self.out.push_str(r"\z");
            }
            b'C' => self.out.push_str(r"[\x00-\xff]"),
            b'1'..=b'7' if self.is_octal(c) => self.octal(c),
            b'a'..=b'z' | b'A'..=b'Z' | b'1'..=b'9' => {
                self.out.push('\\');
                self.out.push(char::from(c));
            }
            _ => self.literal(c),
        }
    }

    /// A number of two digits or more names a group only where there are so many before it.
    fn is_octal(&self, first: u8) -> bool {
        let more = self.rest.iter().take(3).take_while(|b| b.is_ascii_digit());
        let number = more.fold(usize::from(first - b'0'), |n, b| n * 10 + usize::from(b - b'0'));
        number > 9 && number > self.groups
    }

    /// Up to three octal digits, the first of which was read.
    fn octal(&mut self, first: u8) {
        let more = self.rest.iter().take(2).take_while(|b| (b'0'..=b'7').contains(b)).count();
        let rest = self.digits(8, more);
        self.byte((u32::from(first - b'0') << (3 * more) | u32::from(rest)) as u8);
    }

    /// `\o{...}`
    fn braced_octal(&mut self) -> Option<u8> {
        let inner = self.rest.strip_prefix(b"{")?;
        let end = inner.iter().position(|&b| b == b'}').filter(|&end| (1..=3).contains(&end))?;
        let byte = u8::from_str_radix(std::str::from_utf8(&inner[..end]).ok()?, 8).ok()?;
        self.rest = &inner[end + 1..];
        Some(byte)
    }

    fn class(&mut self) {
        self.out.push('[');
        if self.take(b"^") {
            self.out.push('^');
        }
        if self.take(b"]") {
            self.out.push_str(r"\]");
        }
        while let Some(b) = self.next() {
            match b {
                b']' => {
                    self.out.push(']');
                    return;
                }
                b'[' => self.posix_or_bracket(),
                b'\\' => self.class_escape(),
                b'&' | b'~' | b'^' | b'#' => self.literal(b),
                b'-' if matches!(self.rest.first(), Some(b'-' | b']')) => self.literal(b),
                0x21..0x7f => self.out.push(char::from(b)),
                _ => self.byte(b),
            }
        }
    }

    /// `[:alpha:]`, or a bracket that means itself.
    fn posix_or_bracket(&mut self) {
        let name_end = self.rest.windows(2).position(|w| w == b":]");
        let is_name = |name: &[u8]| name.iter().all(|b| b.is_ascii_lowercase() || *b == b'^');
        match (self.rest.first(), name_end) {
            (Some(b':'), Some(end)) if end > 0 && is_name(&self.rest[1..end]) => {
                self.out.push('[');
                self.out.push_str(&String::from_utf8_lossy(&self.rest[..end + 2]));
                self.rest = &self.rest[end + 2..];
                self.dash_after_set();
            }
            _ => self.literal(b'['),
        }
    }

    /// A dash after a set is no range.
    fn dash_after_set(&mut self) {
        if self.take(b"-") {
            self.literal(b'-');
        }
    }

    fn class_escape(&mut self) {
        let Some(c) = self.escaped() else { return };
        if let Some(set) = set_of(c) {
            if c.is_ascii_uppercase() {
                self.out.push_str("[^");
                self.out.push_str(set);
                self.out.push(']');
            } else {
                self.out.push_str(set);
            }
            self.dash_after_set();
            return;
        }
        match c {
            b'b' => self.byte(8),
            b'Q' => self.quoted(),
            b'E' => {}
            b'1'..=b'7' => self.octal(c),
            b'a'..=b'z' | b'A'..=b'Z' | b'8' | b'9' => {
                self.out.push('\\');
                self.out.push(char::from(c));
            }
            _ => self.literal(c),
        }
    }
}
