//! Syslog messages of others (RFC 3164, RFC 5424) and their framing over streams (RFC 6587).
//!
//! Much of what calls itself syslog follows no RFC: whatever does not look like a header is text, and nothing of it is lost.

/// How a message came, as far as it could be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Form {
    /// No priority: all of it is text.
    #[default]
    Raw,
    /// `<N>` and text.
    Priority,
    Rfc3164,
    Rfc5424,
}

/// A message's parts; what is not there is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Message<'a> {
    pub form: Form,
    /// Facility and severity as they came.
    pub priority: Option<u32>,
    /// `Jan  2 03:04:05` or `2003-10-11T22:14:15.003Z`, by the form.
    pub time: &'a [u8],
    pub host: &'a [u8],
    pub tag: &'a [u8],
    pub pid: &'a [u8],
    pub id: &'a [u8],
    pub structured: &'a [u8],
    pub text: &'a [u8],
}

/// The largest priority whose digits are taken for one.
const MAX_PRIORITY: u32 = 999;

impl<'a> Message<'a> {
    /// All of it as text.
    pub fn raw(bytes: &'a [u8]) -> Self {
        Self {
            text: bytes,
            ..Self::default()
        }
    }

    /// Takes a message apart.
    pub fn parse(bytes: &'a [u8]) -> Self {
        let Some((priority, rest)) = priority(bytes) else {
            return Self::raw(bytes);
        };
        let bare = Self {
            form: Form::Priority,
            priority: Some(priority),
            text: rest,
            ..Self::default()
        };
        modern(bare).or_else(|| legacy(bare)).unwrap_or(bare)
    }
}

/// `<N>`: up to three digits.
fn priority(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let rest = bytes.strip_prefix(b"<")?;
    let digits = rest.iter().take(4).position(|b| !b.is_ascii_digit()).filter(|n| *n > 0)?;
    let number = rest[..digits].iter().fold(0, |n, d| n * 10 + u32::from(d - b'0'));
    (number <= MAX_PRIORITY).then_some(())?;
    Some((number, rest[digits..].strip_prefix(b">")?))
}

/// `1 TIME HOST APP PID ID DATA TEXT`; a hyphen stands for what is not there.
fn modern(bare: Message<'_>) -> Option<Message<'_>> {
    let mut rest = bare.text.strip_prefix(b"1 ")?;
    let mut word = || {
        let (word, after) = split(rest)?;
        rest = after;
        Some(if word == b"-" { &b""[..] } else { word })
    };
    let [time, host, tag, pid, id] = [word()?, word()?, word()?, word()?, word()?];
    let end = structured(rest)?;
    let (data, text) = rest.split_at(end);
    Some(Message {
        form: Form::Rfc5424,
        time,
        host,
        tag,
        pid,
        id,
        structured: if data == b"-" { b"" } else { data },
        text: text.strip_prefix(b" ").unwrap_or(text),
        ..bare
    })
}

/// A word of at least one byte, and what stands behind the space after it.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|b| *b == b' ').filter(|n| *n > 0)?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

/// Length of `-` or of `[...][...]`, where a space or the end follows it.
fn structured(bytes: &[u8]) -> Option<usize> {
    let mut end = 0;
    if bytes.starts_with(b"-") {
        end = 1;
    } else {
        while bytes.get(end) == Some(&b'[') {
            end += element(&bytes[end..])?;
        }
    }
    (end > 0 && matches!(bytes.get(end), None | Some(b' '))).then_some(end)
}

/// Length of one `[id name="value" ...]`; a bracket inside quotes ends nothing, and a backslash hides what follows it.
fn element(bytes: &[u8]) -> Option<usize> {
    let (mut quoted, mut hidden) = (false, false);
    for (i, b) in bytes.iter().enumerate() {
        match b {
            _ if hidden => hidden = false,
            b'\\' if quoted => hidden = true,
            b'"' => quoted = !quoted,
            b']' if !quoted => return Some(i + 1),
            _ => {}
        }
    }
    None
}

/// Length of `Jan  2 03:04:05`.
const LEGACY: usize = 15;

/// `TIME HOST TAG[PID]: TEXT`, of which the tag is often missing.
fn legacy(bare: Message<'_>) -> Option<Message<'_>> {
    let time = bare.text.get(..LEGACY).filter(|t| is_legacy_time(t))?;
    let rest = bare.text[LEGACY..].strip_prefix(b" ")?;
    let (host, text) = split(rest).unwrap_or((rest, b""));
    let (tag, pid, text) = tag(text).unwrap_or((b"", b"", text));
    Some(Message {
        form: Form::Rfc3164,
        time,
        host,
        tag,
        pid,
        text,
        ..bare
    })
}

fn is_legacy_time(t: &[u8]) -> bool {
    let number = |at: usize, blank: bool| (t[at].is_ascii_digit() || (blank && t[at] == b' ')) && t[at + 1].is_ascii_digit();
    month(&t[..3]).is_some()
        && [3, 6].iter().all(|i| t[*i] == b' ')
        && [9, 12].iter().all(|i| t[*i] == b':')
        && number(4, true)
        && number(7, false)
        && number(10, false)
        && number(13, false)
}

/// `tag:` or `tag[pid]:`, and the text behind the space that follows.
fn tag(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let end = bytes.iter().position(|b| matches!(b, b':' | b'[' | b' ')).filter(|n| *n > 0)?;
    let (tag, rest) = bytes.split_at(end);
    let (pid, rest) = match rest[0] {
        b':' => (&b""[..], &rest[1..]),
        b'[' => {
            let close = rest.iter().position(|b| *b == b']')?;
            (&rest[1..close], rest[close + 1..].strip_prefix(b":")?)
        }
        _ => return None,
    };
    (rest.is_empty() || rest[0] == b' ').then(|| (tag, pid, rest.strip_prefix(b" ").unwrap_or(rest)))
}

const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// 1 to 12.
fn month(name: &[u8]) -> Option<usize> {
    MONTHS.iter().position(|m| &m[..] == name).map(|i| i + 1)
}

/// `Jan  2 03:04:05` in the year `year`, as RFC 5424 writes times. Of which zone it is nobody knows: that is what `-00:00` says.
pub fn modern_time(legacy: &[u8], year: i32, out: &mut Vec<u8>) -> bool {
    if legacy.len() != LEGACY || !is_legacy_time(legacy) {
        return false;
    }
    let Some(month) = month(&legacy[..3]) else { return false };
    let day = if legacy[4] == b' ' { b'0' } else { legacy[4] };
    out.extend_from_slice(format!("{year:04}-{month:02}-").as_bytes());
    out.extend_from_slice(&[day, legacy[5], b'T']);
    out.extend_from_slice(&legacy[7..]);
    out.extend_from_slice(b"-00:00");
    true
}

/// `2003-10-11T22:14:15.003Z` as RFC 3164 writes times; the zone it is of is not told.
pub fn legacy_time(modern: &[u8], out: &mut Vec<u8>) -> bool {
    let digits = |range: std::ops::Range<usize>| {
        let part = modern.get(range)?;
        part.iter()
            .all(u8::is_ascii_digit)
            .then(|| part.iter().fold(0, |n, d| n * 10 + usize::from(d - b'0')))
    };
    let shape = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if !shape.iter().all(|(i, c)| modern.get(*i) == Some(c)) {
        return false;
    }
    let parts = [digits(5..7), digits(8..10), digits(11..13), digits(14..16), digits(17..19)];
    let [Some(month), Some(day), Some(hour), Some(minute), Some(second)] = parts else {
        return false;
    };
    let Some(name) = month.checked_sub(1).and_then(|m| MONTHS.get(m)) else {
        return false;
    };
    out.extend_from_slice(*name);
    out.extend_from_slice(format!(" {day:2} {hour:02}:{minute:02}:{second:02}").as_bytes());
    true
}

/// What a stream of messages begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framed {
    /// A message stands at `start..end`, and the next one begins at `next`.
    Message { start: usize, end: usize, next: usize },
    /// More bytes are needed.
    More,
    /// Neither a count nor a message.
    Bad,
}

/// Finds the first message of a stream. Counted (`12 <14>...`) or ended by a line feed or a zero byte, by what it begins with;
/// `lines`: never counted. A message longer than `limit` is bad.
pub fn framed(bytes: &[u8], lines: bool, limit: usize) -> Framed {
    match bytes.first() {
        None => Framed::More,
        Some(b'1'..=b'9') if !lines => {
            let digits = bytes.iter().position(|b| !b.is_ascii_digit()).unwrap_or(bytes.len());
            let count = bytes[..digits].iter().try_fold(0usize, |n, d| {
                n.checked_mul(10)?.checked_add(usize::from(d - b'0')).filter(|n| *n <= limit)
            });
            match (count, bytes.get(digits)) {
                (Some(_), None) => Framed::More,
                (Some(n), Some(b' ')) => {
                    let (start, end) = (digits + 1, digits + 1 + n);
                    if bytes.len() < end {
                        Framed::More
                    } else {
                        Framed::Message { start, end, next: end }
                    }
                }
                _ => Framed::Bad,
            }
        }
        Some(b'<') => line(bytes, limit),
        Some(_) if lines => line(bytes, limit),
        Some(_) => Framed::Bad,
    }
}

fn line(bytes: &[u8], limit: usize) -> Framed {
    match memchr::memchr2(b'\n', 0, bytes) {
        Some(end) if end <= limit => Framed::Message {
            start: 0,
            end,
            next: end + 1,
        },
        None if bytes.len() <= limit => Framed::More,
        _ => Framed::Bad,
    }
}

#[cfg(test)]
mod tests;
