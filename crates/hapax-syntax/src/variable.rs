//! The grammar of a variable reference inside double quotes: `$NAME`, `${NAME}`, `${NAME-default}`, `${NAME[*]}`, `${NAME[*]-default}`
//! and the pseudo variables `.FILE`, `.LINE`, `.SECTION`.

use nom::bytes::complete::{tag, take_while, take_while_m_n};
use nom::character::complete::char;
use nom::combinator::{cut, opt, peek, recognize};
use nom::error::{ErrorKind, ParseError};
use nom::sequence::{pair, preceded, terminated};
use nom::{IResult, Parser};

use crate::tokenize::Mistake;

/// What stands after a dollar.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reference<'a> {
    pub(crate) name: Name<'a>,
    /// `[*]`: each space-separated part of the value is a word.
    pub(crate) expand: bool,
    pub(crate) default: Option<&'a [u8]>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Name<'a> {
    Variable(&'a [u8]),
    Line,
    File,
    Section,
}

/// What is wrong, and how many bytes were left where it is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) mistake: Mistake,
    pub(crate) left: usize,
}

impl<'a> ParseError<&'a [u8]> for Trouble {
    fn from_error_kind(input: &'a [u8], _: ErrorKind) -> Self {
        Self {
            mistake: Mistake::VariableName,
            left: input.len(),
        }
    }

    fn append(_: &'a [u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

type Parsed<'a, T> = IResult<&'a [u8], T, Trouble>;

/// Reads what follows a `$`.
pub(crate) fn reference(input: &[u8]) -> Parsed<'_, Reference<'_>> {
    let (rest, brace) = opt(char('{')).parse(input)?;
    let (rest, name) = name(rest)?;
    if brace.is_none() {
        return Ok((
            rest,
            Reference {
                name,
                expand: false,
                default: None,
            },
        ));
    }
    let (rest, expand) = opt(preceded(
        peek(char('[')),
        blame(Mistake::WordExpansion, rest, cut(tag(&b"[*]"[..]))),
    ))
    .parse(rest)?;
    let unmatched = |_| {
        nom::Err::Failure(Trouble {
            mistake: Mistake::Brace,
            left: input.len(),
        })
    };
    let default = opt(preceded(char('-'), take_while(|b| b != b'}')));
    let (rest, default) = terminated(default, char('}'))
        .parse(rest)
        .map_err(|e: nom::Err<Trouble>| unmatched(e))?;
    Ok((
        rest,
        Reference {
            name,
            expand: expand.is_some(),
            default,
        },
    ))
}

fn name(input: &[u8]) -> Parsed<'_, Name<'_>> {
    let first = take_while_m_n(1, 1, |b: u8| b.is_ascii_alphabetic() || b == b'_' || b == b'.');
    let rest = take_while(|b: u8| b.is_ascii_alphanumeric() || b == b'_');
    let (left, name) = recognize(pair(first, rest)).parse(input)?;
    let name = match name {
        b".LINE" => Name::Line,
        b".FILE" => Name::File,
        b".SECTION" => Name::Section,
        [b'.', ..] => return Err(nom::Err::Failure(Trouble::from_error_kind(input, ErrorKind::Tag))),
        plain => Name::Variable(plain),
    };
    Ok((left, name))
}

/// Turns a failure of `parser` into `mistake` at `place`.
fn blame<'a, O>(
    mistake: Mistake,
    place: &'a [u8],
    mut parser: impl Parser<&'a [u8], Output = O, Error = Trouble>,
) -> impl Parser<&'a [u8], Output = O, Error = Trouble> {
    move |input: &'a [u8]| {
        parser.parse(input).map_err(|e| {
            e.map(|_| Trouble {
                mistake,
                left: place.len(),
            })
        })
    }
}
