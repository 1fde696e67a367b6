//! Conditions of `.if`, `.elif` and `-cc` (manual, 2.4): integers, predicates, `!`, `&&`, `||` and parentheses.
//!
//! The grammar is read with nom into a small tree, then evaluated left to right; what is not reached is not evaluated.

mod arguments;
mod predicates;
mod version;

use hapax_diag::FileId;
use nom::branch::alt;
use nom::bytes::complete::{tag_no_case, take_while, take_while1};
use nom::character::complete::{char, digit1, hex_digit1, one_of};
use nom::combinator::{opt, recognize};
use nom::error::{ErrorKind, ParseError};
use nom::sequence::{pair, preceded};
use nom::{IResult, Parser};

use crate::tokenize::{Mistake, Place, tokenize};
use crate::{Environment, MAX_WORDS, Word};

pub use predicates::{PREDICATES, Predicate};

/// Parentheses may nest this deep.
const MAX_DEPTH: usize = 300;

/// Why a condition has no answer, as HAProxy words it, and the byte of the text it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionError {
    pub message: String,
    pub at: usize,
}

/// Evaluates the text of a condition. An empty text is false.
pub fn evaluate(text: &[u8], env: &Environment) -> Result<bool, ConditionError> {
    if text.is_empty() {
        return Ok(false);
    }
    let whole = |message, at| ConditionError { message, at };
    let (rest, tree) = expression(text, MAX_DEPTH).map_err(|e| match e {
        nom::Err::Failure(Trouble {
            message: Some(message),
            left,
        }) => whole(message, text.len() - left),
        _ => whole(format!("unparsable conditional expression '{}'", show(text)), 0),
    })?;
    let rest = blanks(rest);
    if let Some(&first) = rest.first() {
        return Err(whole(
            format!(
                "unexpected character '{}' at the end of conditional expression '{}'",
                show(&[first]),
                show(text)
            ),
            text.len() - rest.len(),
        ));
    }
    tree.evaluate(env).map_err(|message| whole(message, text.len()))
}

/// Evaluates the argument of `-cc`: quotes and variables are resolved first, as on a line of a file.
///
/// The error is what HAProxy says after `[ALERT] (pid) : config : `.
pub fn evaluate_argument(text: &[u8], env: &Environment) -> Result<bool, String> {
    let place = Place {
        env,
        file: FileId::default(),
        name: "",
        line: 0,
        shift: 0,
        section: None,
        comments: false,
    };
    let mut words = Vec::new();
    tokenize(text, &place, &mut words).map_err(|e| {
        match e.mistake {
            Mistake::Quote => "Syntax Error in condition: Unmatched quote.",
            Mistake::Hex => "Syntax Error in condition: Truncated or invalid hexadecimal sequence.",
            Mistake::TooLong => "Error in condition: Too long.",
            Mistake::TooManyWords => "Error in condition: Too many words.",
            Mistake::Brace | Mistake::VariableName | Mistake::WordExpansion => "Syntax Error in condition: bad variable reference.",
        }
        .to_owned()
    })?;
    evaluate(&join(&words), env).map_err(|e| format!("Failed to evaluate condition: {}", e.message))
}

/// The words of a condition as one text.
pub(crate) fn join(words: &[Word<'_>]) -> Vec<u8> {
    debug_assert!(words.len() <= MAX_WORDS);
    let mut text = Vec::new();
    for (i, word) in words.iter().enumerate() {
        if i > 0 {
            text.push(b' ');
        }
        text.extend_from_slice(&word.bytes);
    }
    text
}

fn show(text: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(text)
}

/// A condition that was read.
enum Tree {
    Constant(bool),
    Call(&'static Predicate, Vec<Vec<u8>>),
    Not(Box<Tree>),
    All(Vec<Tree>),
    Any(Vec<Tree>),
}

impl Tree {
    fn evaluate(&self, env: &Environment) -> Result<bool, String> {
        match self {
            Self::Constant(value) => Ok(*value),
            Self::Call(predicate, args) => (predicate.eval)(args, env).ok_or_else(|| {
                format!(
                    "invalid argument to conditional expression predicate '{}': '{}'",
                    predicate.name,
                    args.first().map(|a| show(a)).unwrap_or_default()
                )
            }),
            Self::Not(inner) => inner.evaluate(env).map(|value| !value),
            Self::All(list) => {
                for tree in list {
                    if !tree.evaluate(env)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Any(list) => {
                for tree in list {
                    if tree.evaluate(env)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }
}

/// Without a message: nothing stands where an operand should, which the caller words.
#[derive(Debug)]
struct Trouble {
    message: Option<String>,
    left: usize,
}

impl<'a> ParseError<&'a [u8]> for Trouble {
    fn from_error_kind(input: &'a [u8], _: ErrorKind) -> Self {
        Self {
            message: None,
            left: input.len(),
        }
    }

    fn append(_: &'a [u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

type Parsed<'a, T> = IResult<&'a [u8], T, Trouble>;

fn failure<T>(message: String, at: &[u8]) -> Parsed<'_, T> {
    Err(nom::Err::Failure(Trouble {
        message: Some(message),
        left: at.len(),
    }))
}

fn nothing<T>(at: &[u8]) -> Parsed<'_, T> {
    Err(nom::Err::Error(Trouble {
        message: None,
        left: at.len(),
    }))
}

fn blanks(input: &[u8]) -> &[u8] {
    input.trim_ascii_start()
}

/// `and || and ...`
fn expression(input: &[u8], depth: usize) -> Parsed<'_, Tree> {
    let mut list = Vec::new();
    let mut rest = input;
    loop {
        if rest.is_empty() {
            return nothing(input);
        }
        let (after, tree) = match conjunction(rest, depth) {
            Err(nom::Err::Error(Trouble { left, .. })) => {
                let at = &input[input.len() - left..];
                return failure(format!("unparsable conditional expression '{}'", show(at)), at);
            }
            other => other?,
        };
        list.push(tree);
        rest = after;
        match rest.strip_prefix(b"||") {
            Some(more) => rest = blanks(more),
            None => return Ok((rest, one_or(list, Tree::Any))),
        }
    }
}

/// `term && term ...`
fn conjunction(input: &[u8], depth: usize) -> Parsed<'_, Tree> {
    let mut list = Vec::new();
    let mut rest = input;
    loop {
        let (after, tree) = match term(rest, depth) {
            Err(nom::Err::Error(_)) => return nothing(rest),
            other => other?,
        };
        list.push(tree);
        rest = blanks(after);
        match rest.strip_prefix(b"&&") {
            Some(more) if blanks(more).is_empty() => return nothing(rest),
            Some(more) => rest = blanks(more),
            None => return Ok((rest, one_or(list, Tree::All))),
        }
    }
}

fn one_or(mut list: Vec<Tree>, many: fn(Vec<Tree>) -> Tree) -> Tree {
    match list.pop() {
        Some(only) if list.is_empty() => only,
        Some(last) => {
            list.push(last);
            many(list)
        }
        None => Tree::Constant(false),
    }
}

/// An integer, a parenthesised condition or a predicate, with any number of `!` before it.
fn term(input: &[u8], depth: usize) -> Parsed<'_, Tree> {
    let mut rest = blanks(input);
    if rest.is_empty() {
        return nothing(input);
    }
    let unparsable = || failure(format!("unparsable conditional expression '{}'", show(input)), input);
    if depth == 0 {
        return unparsable();
    }
    let mut negated = false;
    while let Some(more) = rest.strip_prefix(b"!") {
        negated = !negated;
        rest = blanks(more);
    }
    let (rest, tree) = if let Ok((after, value)) = integer(rest) {
        (after, Tree::Constant(value))
    } else if let Some(inside) = rest.strip_prefix(b"(") {
        let (after, tree) = match expression(blanks(inside), depth - 1) {
            Err(nom::Err::Error(_)) => return unparsable(),
            other => other?,
        };
        match blanks(after).strip_prefix(b")") {
            Some(after) => (blanks(after), tree),
            None => return failure(format!("expected ')' after conditional expression '{}'", show(input)), input),
        }
    } else {
        let Ok((after, name)) = word(rest) else { return unparsable() };
        let Some(predicate) = PREDICATES.iter().find(|p| p.name.as_bytes() == name) else {
            return unparsable();
        };
        let (after, args) = arguments::arguments(after, predicate)?;
        (after, Tree::Call(predicate, args))
    };
    Ok((rest, if negated { Tree::Not(Box::new(tree)) } else { tree }))
}

/// A predicate's name goes up to a space or a parenthesis, so that `defined||1` names no predicate.
fn word(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_while1(|b: u8| b != b' ' && b != b'(').parse(input)
}

/// Like C's `strtol` with base 0; only whether it is zero matters, so no size is too large.
fn integer(input: &[u8]) -> Parsed<'_, bool> {
    let digits = alt((
        preceded(tag_no_case(&b"0x"[..]), hex_digit1),
        recognize(pair(char('0'), take_while(|b| matches!(b, b'0'..=b'7')))),
        digit1,
    ));
    let (rest, digits) = preceded(opt(one_of("+-")), digits).parse(input)?;
    Ok((rest, digits.iter().any(|&d| d != b'0')))
}

#[cfg(test)]
mod tests;
