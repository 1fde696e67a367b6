//! Regular expressions: the `regex` crate, which runs in linear time, and a backtracking engine for what it cannot say
//! (look-around, back-references, possessive quantifiers). Which one runs is decided once, per expression, at load.
//!
//! Expressions are written for PCRE, which looks at bytes: [`pcre`] turns them into what the two engines read.

mod pcre;

use std::borrow::Cow;
use std::sync::atomic::{AtomicU32, Ordering};

use regex::bytes::{Regex, RegexBuilder};
use smallvec::SmallVec;

/// Memory that one compiled expression may take: repetition counts multiply.
const SIZE_LIMIT: usize = 64 << 20;
/// Expressions that would have taken more. Each halves what the next may take: a configuration of very many of them is to be refused
/// in a time that people wait.
static TOO_BIG: AtomicU32 = AtomicU32::new(0);
/// Steps of the backtracking engine before an attempt counts as no match, as PCRE's own limit does.
const STEPS: usize = 1_000_000;

/// Start and end of the whole match and of each group.
pub type Groups = SmallVec<[Option<(usize, usize)>; 10]>;

/// What runs an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    /// Time grows with the subject only.
    Linear,
    /// Time is bounded by a number of steps.
    Backtracking,
}

/// A compiled expression.
#[derive(Clone, Debug)]
pub struct Regexp {
    source: Box<[u8]>,
    icase: bool,
    engine: Engine,
}

#[derive(Clone, Debug)]
enum Engine {
    Linear(Regex),
    Backtracking(Box<fancy_regex::Regex>),
}

impl Regexp {
    /// The error is in words for the user.
    pub fn new(pattern: &[u8], icase: bool) -> Result<Self, String> {
        let pcre::Translated { text, possessive } = pcre::translate(pattern);
        let limit = SIZE_LIMIT >> TOO_BIG.load(Ordering::Relaxed).min(6);
        let invalid = |e: String| format!("regex '{}' is invalid (error={e})", String::from_utf8_lossy(pattern));
        let linear = (!possessive).then(|| {
            let mut builder = RegexBuilder::new(&text);
            builder.unicode(false).case_insensitive(icase).size_limit(limit).build()
        });
        let linear = match linear {
            Some(Err(e @ regex::Error::CompiledTooBig(_))) => {
                TOO_BIG.fetch_add(1, Ordering::Relaxed);
                return Err(invalid(e.to_string()));
            }
            other => other.and_then(Result::ok),
        };
        let engine = match linear {
            Some(r) => Engine::Linear(r),
            None => fancy_regex::RegexBuilder::new(&text)
                .case_insensitive(icase)
                .backtrack_limit(STEPS)
                .delegate_size_limit(limit)
                .build()
                .map(|r| Engine::Backtracking(Box::new(r)))
                .map_err(|e| invalid(e.to_string()))?,
        };
        Ok(Self {
            source: pattern.into(),
            icase,
            engine,
        })
    }

    /// As written.
    pub fn source(&self) -> &[u8] {
        &self.source
    }

    pub fn is_icase(&self) -> bool {
        self.icase
    }

    pub fn engine(&self) -> EngineKind {
        match self.engine {
            Engine::Linear(_) => EngineKind::Linear,
            Engine::Backtracking(_) => EngineKind::Backtracking,
        }
    }

    /// The expression as the linear engine reads it, where that engine runs it.
    pub fn as_linear(&self) -> Option<&str> {
        match &self.engine {
            Engine::Linear(r) => Some(r.as_str()),
            Engine::Backtracking(_) => None,
        }
    }

    pub fn is_match(&self, subject: &[u8]) -> bool {
        match &self.engine {
            Engine::Linear(r) => r.is_match(subject),
            Engine::Backtracking(r) => r.is_match(&latin1(subject)).unwrap_or(false),
        }
    }

    /// The first match that starts at `from` or later, with its groups.
    pub fn groups_at(&self, subject: &[u8], from: usize) -> Option<Groups> {
        match &self.engine {
            Engine::Linear(r) => {
                let mut places = r.capture_locations();
                r.captures_read_at(&mut places, subject, from)?;
                Some((0..places.len()).map(|n| places.get(n)).collect())
            }
            Engine::Backtracking(r) => {
                let text = latin1(subject);
                let start = char_start(&text, subject.len(), from);
                let found = r.captures_from_pos(&text, start).ok().flatten()?;
                let place = |at: usize| byte_place(&text, subject.len(), at);
                Some(
                    (0..found.len())
                        .map(|n| found.get(n).map(|m| (place(m.start()), place(m.end()))))
                        .collect(),
                )
            }
        }
    }

    /// Appends `subject` with the first match (or all of them) replaced; tells whether there was one. An empty match stands
    /// before a byte, which is kept; one may follow another match, even at the very end. No more than `limit` bytes are given.
    pub fn replace(&self, subject: &[u8], template: &Template, all: bool, limit: usize, out: &mut Vec<u8>) -> bool {
        let start = out.len();
        let matched = self.replace_until(subject, template, all, start.saturating_add(limit), out);
        out.truncate(start.saturating_add(limit));
        matched
    }

    /// The same, which does not look for another match once there are so many bytes.
    fn replace_until(&self, subject: &[u8], template: &Template, all: bool, enough: usize, out: &mut Vec<u8>) -> bool {
        let mut at = 0;
        let mut matched = false;
        while (all || !matched) && out.len() <= enough {
            let Some(groups) = self.groups_at(subject, at) else { break };
            let Some(Some((start, end))) = groups.first().copied() else { break };
            matched = true;
            out.extend_from_slice(&subject[at..start]);
            template.write(subject, &groups, out);
            if at >= subject.len() {
                return true;
            }
            if end == at {
                out.push(subject[at]);
                at += 1;
            } else {
                at = end;
            }
        }
        out.extend_from_slice(&subject[at..]);
        matched
    }
}

/// Bytes as characters of the same numbers, for the engine that reads text only.
fn latin1(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
    }
}

/// Where byte `n` of the subject is in its text.
fn char_start(text: &str, bytes: usize, n: usize) -> usize {
    if text.len() == bytes {
        return n;
    }
    text.char_indices().nth(n).map_or(text.len(), |(at, _)| at)
}

/// Which byte of the subject a place in its text is.
fn byte_place(text: &str, bytes: usize, at: usize) -> usize {
    if text.len() == bytes {
        return at;
    }
    text.get(..at).map_or(bytes, |before| before.chars().count())
}

/// What replaces a match: text with `\0` to `\9` for groups, `\xHH` for bytes, and `\` before any other character for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(Vec<u8>),
    Group(usize),
}

impl Template {
    /// The error is in words for the user.
    pub fn new(text: &[u8]) -> Result<Self, String> {
        let invalid = || {
            format!(
                "invalid character sequence in the replacement string '{}'",
                String::from_utf8_lossy(text)
            )
        };
        let mut parts = Vec::new();
        let mut literal = Vec::new();
        let mut rest = text.iter();
        while let Some(&b) = rest.next() {
            if b != b'\\' {
                literal.push(b);
                continue;
            }
            match *rest.next().ok_or_else(invalid)? {
                digit @ b'0'..=b'9' => {
                    if !literal.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut literal)));
                    }
                    parts.push(Part::Group(usize::from(digit - b'0')));
                }
                b'x' => {
                    let mut digit = || char::from(*rest.next()?).to_digit(16);
                    let byte = digit().zip(digit()).ok_or_else(invalid)?;
                    literal.push((byte.0 << 4 | byte.1) as u8);
                }
                other => literal.push(other),
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self(parts))
    }

    /// Appends the replacement of one match; a group that took no part is empty.
    pub fn write(&self, subject: &[u8], groups: &Groups, out: &mut Vec<u8>) {
        for part in &self.0 {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Group(n) => {
                    if let Some(Some((start, end))) = groups.get(*n) {
                        out.extend_from_slice(subject.get(*start..*end).unwrap_or_default());
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
