//! Looking a path up in a JSON document, which is read no further than the value found: what follows may be cut or wrong.

/// Containers within containers.
const MAX_DEPTH: usize = 20;

/// A value as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'j> {
    Null,
    True,
    False,
    Number(&'j [u8]),
    /// Between the quotes, escapes and all.
    String(&'j [u8]),
    /// With its brackets.
    Array(&'j [u8]),
    Object,
}

/// One step of a path.
enum Step<'p> {
    /// A name, in which a backslash takes its meaning off what follows.
    Key(&'p [u8]),
    Index(usize),
}

/// The first step of a path and what is left.
fn step(path: &[u8]) -> Option<(Step<'_>, &[u8])> {
    match path {
        [b'.', rest @ ..] => {
            let mut end = 0;
            while let Some(&b) = rest.get(end) {
                match b {
                    b'\\' => end += 2,
                    b'.' | b'[' => break,
                    _ => end += 1,
                }
            }
            let end = end.min(rest.len());
            Some((Step::Key(&rest[..end]), &rest[end..]))
        }
        [b'[', rest @ ..] => {
            let end = rest.iter().position(|&b| b == b']')?;
            let digits = std::str::from_utf8(&rest[..end]).ok()?;
            // `[*]` has always meant the first one.
            let index = if digits == "*" { 0 } else { digits.parse().ok()? };
            Some((Step::Index(index), &rest[end + 1..]))
        }
        _ => None,
    }
}

fn same_key(name: &[u8], key: &[u8]) -> bool {
    let mut left = key.iter();
    let mut right = name.iter();
    loop {
        let wanted = match right.next() {
            Some(b'\\') => right.next(),
            other => other,
        };
        match (left.next(), wanted) {
            (None, None) => return true,
            (Some(l), Some(r)) if l == r => {}
            _ => return false,
        }
    }
}

struct Reader<'j> {
    rest: &'j [u8],
}

/// The value at `path`, which starts with `$`.
pub(crate) fn find<'j>(document: &'j [u8], path: &[u8]) -> Option<Token<'j>> {
    let mut path = path.strip_prefix(b"$")?;
    let mut r = Reader { rest: document };
    for _ in 0..=MAX_DEPTH {
        if path.is_empty() {
            return r.value(0);
        }
        let (step, rest) = step(path)?;
        match step {
            Step::Key(name) => r.enter_key(name)?,
            Step::Index(n) => r.enter_index(n)?,
        }
        path = rest;
    }
    None
}

impl<'j> Reader<'j> {
    fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.first().copied()
    }

    fn take(&mut self, b: u8) -> Option<()> {
        (self.peek()? == b).then(|| self.rest = &self.rest[1..])
    }

    /// Moves to the value of a name of the object here.
    fn enter_key(&mut self, name: &[u8]) -> Option<()> {
        self.take(b'{')?;
        loop {
            let key = self.string()?;
            self.take(b':')?;
            if same_key(name, key) {
                return Some(());
            }
            self.value(0)?;
            self.take(b',')?;
        }
    }

    /// Moves to an element of the array here.
    fn enter_index(&mut self, n: usize) -> Option<()> {
        self.take(b'[')?;
        for _ in 0..n {
            self.value(0)?;
            self.take(b',')?;
        }
        (self.peek()? != b']').then_some(())
    }

    fn string(&mut self) -> Option<&'j [u8]> {
        self.take(b'"')?;
        let mut end = 0;
        loop {
            match self.rest.get(end)? {
                b'\\' => end += 2,
                b'"' => break,
                0 => return None,
                _ => end += 1,
            }
        }
        let text = &self.rest[..end];
        self.rest = &self.rest[end + 1..];
        Some(text)
    }

    fn word(&mut self, word: &[u8], token: Token<'j>) -> Option<Token<'j>> {
        self.rest = self.rest.strip_prefix(word)?;
        Some(token)
    }

    /// Reads one value.
    fn value(&mut self, depth: usize) -> Option<Token<'j>> {
        match self.peek()? {
            b'"' => self.string().map(Token::String),
            b't' => self.word(b"true", Token::True),
            b'f' => self.word(b"false", Token::False),
            b'n' => self.word(b"null", Token::Null),
            b'-' | b'0'..=b'9' => {
                let is_part = |b: &u8| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
                let end = self.rest.iter().position(|b| !is_part(b)).unwrap_or(self.rest.len());
                let (number, rest) = self.rest.split_at(end);
                self.rest = rest;
                Some(Token::Number(number))
            }
            b'[' if depth < MAX_DEPTH => {
                let start = self.rest;
                self.container(b'[', b']', depth)?;
                Some(Token::Array(&start[..start.len() - self.rest.len()]))
            }
            b'{' if depth < MAX_DEPTH => {
                self.container(b'{', b'}', depth)?;
                Some(Token::Object)
            }
            _ => None,
        }
    }

    fn container(&mut self, open: u8, close: u8, depth: usize) -> Option<()> {
        self.take(open)?;
        if self.take(close).is_some() {
            return Some(());
        }
        loop {
            if open == b'{' {
                self.string()?;
                self.take(b':')?;
            }
            self.value(depth + 1)?;
            if self.take(close).is_some() {
                return Some(());
            }
            self.take(b',')?;
        }
    }
}

/// The text of a string. Only the escapes of single bytes are known: `\u0000` to `\u00ff` are one byte each.
pub(crate) fn unescape(raw: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw.iter();
    while let Some(&b) = rest.next() {
        if b != b'\\' {
            out.push(b);
            continue;
        }
        out.push(match rest.next()? {
            b'b' => 8,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            c @ (b'"' | b'\\' | b'/') => *c,
            b'u' => {
                let digits = rest.as_slice().get(..4)?;
                let n = u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
                rest = rest.as_slice().get(4..)?.iter();
                u8::try_from(n).ok()?
            }
            _ => return None,
        });
    }
    Some(out)
}
