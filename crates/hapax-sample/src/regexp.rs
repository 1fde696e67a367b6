//! Regular expressions: PCRE2's. Those that the `regex` crate runs to the same end, in linear time, are run by it; the others by
//! PCRE2 itself (look-around, back-references, recursion, verbs). Which one runs is decided once, per expression, at load.
//!
//! PCRE2 compiles every expression first: it says which are refused, and in which words.

mod dialect;
mod linear;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use pcre2::bytes::Regex as Pcre;
use regex::bytes::{Regex, RegexBuilder};
use smallvec::SmallVec;

/// Memory that one expression of the linear engine may take: repetition counts multiply.
const SIZE_LIMIT: usize = 64 << 20;
/// Expressions that would have taken more. Each halves what the next may take: a configuration of very many of them is to be loaded
/// in a time that people wait.
static TOO_BIG: AtomicU32 = AtomicU32::new(0);

/// Start and end of the whole match and of each group.
pub type Groups = SmallVec<[Option<(usize, usize)>; 10]>;

/// What runs an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    /// Time grows with the subject only.
    Linear,
    /// Time is bounded by a number of steps, PCRE2's own.
    Backtracking,
}

/// A compiled expression.
#[derive(Clone, Debug)]
pub struct Regexp {
    source: Box<[u8]>,
    icase: bool,
    grouped: bool,
    engine: Engine,
}

#[derive(Clone, Debug)]
enum Engine {
    Linear(Linear),
    Backtracking(Pcre),
}

#[derive(Clone, Debug)]
struct Linear {
    regex: Regex,
    /// `$` is also true before a last line feed, which this engine cannot say: such subjects are for the other, made when the first
    /// one comes.
    at_line_feed: Option<Arc<OnceLock<Option<Pcre>>>>,
}

impl Linear {
    /// Where this subject is for the other engine.
    fn instead(&self, subject: &[u8], of: &Regexp) -> Option<&Pcre> {
        let lazy = self.at_line_feed.as_ref().filter(|_| subject.ends_with(b"\n"))?;
        lazy.get_or_init(|| dialect::compile(&of.source, of.icase, of.grouped, true).ok())
            .as_ref()
    }
}

impl Regexp {
    /// The error is in words for the user.
    pub fn new(pattern: &[u8], icase: bool) -> Result<Self, String> {
        Self::compile(pattern, icase, true)
    }

    /// One whose parentheses capture nothing, so that no number refers to them: of ACLs, maps and checks.
    pub fn without_groups(pattern: &[u8], icase: bool) -> Result<Self, String> {
        Self::compile(pattern, icase, false)
    }

    fn compile(pattern: &[u8], icase: bool, grouped: bool) -> Result<Self, String> {
        dialect::compile(pattern, icase, grouped, false)?;
        let engine = match linear_engine(pattern, icase) {
            Some(linear) => Engine::Linear(linear),
            None => Engine::Backtracking(dialect::compile(pattern, icase, grouped, true)?),
        };
        Ok(Self {
            source: pattern.into(),
            icase,
            grouped,
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

    /// The expression as the linear engine reads it, where that engine runs it for every subject that has no
    /// line feed at its end.
    pub fn as_linear(&self) -> Option<&str> {
        match &self.engine {
            Engine::Linear(l) => Some(l.regex.as_str()),
            Engine::Backtracking(_) => None,
        }
    }

    /// What PCRE2 is to run on this subject.
    fn pcre(&self, subject: &[u8]) -> Result<&Pcre, &Regex> {
        match &self.engine {
            Engine::Linear(l) => l.instead(subject, self).ok_or(&l.regex),
            Engine::Backtracking(r) => Ok(r),
        }
    }

    pub fn is_match(&self, subject: &[u8]) -> bool {
        match self.pcre(subject) {
            Ok(pcre) => pcre.is_match(subject).unwrap_or(false),
            Err(linear) => linear.is_match(subject),
        }
    }

    /// The first match that starts at `from` or later, with its groups.
    pub fn groups_at(&self, subject: &[u8], from: usize) -> Option<Groups> {
        match self.pcre(subject) {
            Ok(pcre) => {
                let mut places = pcre.capture_locations();
                pcre.captures_read_at(&mut places, subject, from).ok().flatten()?;
                Some((0..places.len()).map(|n| places.get(n)).collect())
            }
            Err(linear) => {
                let mut places = linear.capture_locations();
                linear.captures_read_at(&mut places, subject, from)?;
                Some((0..places.len()).map(|n| places.get(n)).collect())
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

/// The linear engine, where it runs this expression as PCRE2 would.
fn linear_engine(pattern: &[u8], icase: bool) -> Option<Linear> {
    let linear::Translated { text, beyond, at_end } = linear::translate(pattern);
    if beyond {
        return None;
    }
    let mut builder = RegexBuilder::new(&text);
    let limit = SIZE_LIMIT >> TOO_BIG.load(Ordering::Relaxed).min(6);
    match builder.unicode(false).case_insensitive(icase).size_limit(limit).build() {
        Ok(regex) => Some(Linear {
            regex,
            at_line_feed: at_end.then(Arc::default),
        }),
        Err(regex::Error::CompiledTooBig(_)) => {
            TOO_BIG.fetch_add(1, Ordering::Relaxed);
            None
        }
        Err(_) => None,
    }
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
