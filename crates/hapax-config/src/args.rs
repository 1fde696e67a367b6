//! The words of one line as a setter sees them: the arguments after the keyword, and what the row's shape made of them.

use std::sync::Arc;

use hapax_diag::{Diagnostic, Span};
use hapax_sample::acl::Token;
use hapax_syntax::Word;
use hapax_value::Millis;

use crate::codes;
use crate::keyword::Prefix;

/// What the shape made of the first argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ArgValue {
    #[default]
    None,
    Number(i64),
    /// Microseconds.
    Time(u64),
    Size(u64),
    On(bool),
    /// Index in `Shape::OneOf`.
    Choice(usize),
}

/// One use of a keyword.
#[derive(Clone, Copy, Debug)]
pub struct Args<'w> {
    /// The row's name: `timeout connect`.
    pub name: &'static str,
    pub prefix: Prefix,
    /// The keyword's own words.
    pub span: Span,
    /// The line.
    pub line: Span,
    /// The arguments.
    pub words: &'w [Word<'w>],
    pub value: ArgValue,
}

impl<'w> Args<'w> {
    pub fn len(&self) -> usize {
        self.words.len()
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Argument `i` as text, `""` where there is none (or where it is no UTF-8: no keyword is).
    pub fn str(&self, i: usize) -> &'w str {
        self.words.get(i).map_or("", Word::str)
    }

    /// Argument `i` as the user should see it in a message.
    pub fn show(&self, i: usize) -> String {
        self.words.get(i).map_or_else(String::new, |w| w.text().into_owned())
    }

    pub fn bytes(&self, i: usize) -> &'w [u8] {
        self.words.get(i).map_or(&[], |w| &w.bytes)
    }

    pub fn arc_str(&self, i: usize) -> Arc<str> {
        Arc::from(self.show(i))
    }

    pub fn arc_bytes(&self, i: usize) -> Arc<[u8]> {
        Arc::from(self.bytes(i))
    }

    /// Where argument `i` stands; the keyword where there is no such argument.
    pub fn at(&self, i: usize) -> Span {
        self.words.get(i).map_or(self.span, |w| w.span)
    }

    /// The number of `Shape::Number` (0 for other shapes).
    pub fn number(&self) -> i64 {
        match self.value {
            ArgValue::Number(n) => n,
            _ => 0,
        }
    }

    /// The time of `Shape::Time`, in milliseconds rounded up.
    pub fn millis(&self) -> Millis {
        match self.value {
            ArgValue::Time(us) => us.div_ceil(1000),
            _ => 0,
        }
    }

    pub fn size(&self) -> u64 {
        match self.value {
            ArgValue::Size(n) => n,
            _ => 0,
        }
    }

    /// `Shape::OnOff`: `on`.
    pub fn on(&self) -> bool {
        self.value == ArgValue::On(true)
    }

    pub fn choice(&self) -> usize {
        match self.value {
            ArgValue::Choice(i) => i,
            _ => 0,
        }
    }

    /// `no` stood before the keyword.
    pub fn negated(&self) -> bool {
        self.prefix == Prefix::No
    }

    /// A small number of milliseconds without a unit, whose seconds are rather meant: what HAProxy says of it.
    pub fn suspicious(&self, owner: &str) -> Option<Diagnostic> {
        let bare = self.bytes(0).iter().all(u8::is_ascii_digit);
        let ms = self.millis();
        if !bare || !(1..100).contains(&ms) {
            return None;
        }
        let (name, text) = (self.name, self.show(0));
        let message = format!(
            "'{name} {text}' in {owner} is suspiciously small for a value in milliseconds. Please use an explicit unit ('{text}ms') if that was the intent."
        );
        let d = Diagnostic::warning(&codes::SMALL_TIME, message).at(self.at(0));
        Some(d.help(format!("write {ms}s if seconds are meant, {ms}ms if not")))
    }

    /// An alert about argument `i`.
    pub fn bad(&self, i: usize, message: impl Into<String>) -> Diagnostic {
        Diagnostic::alert(&codes::BAD_ARGUMENT, message).at(self.at(i))
    }

    /// An alert about what is missing at the end of the line.
    pub fn missing(&self, message: impl Into<String>) -> Diagnostic {
        let at = self.words.last().map_or(self.span, |w| w.span);
        Diagnostic::alert(&codes::MISSING_ARGUMENT, message).at(at)
    }

    /// The alert of a word that nothing waits for.
    pub fn unexpected(&self, i: usize) -> Diagnostic {
        let before: Vec<String> = (0..i).map(|j| self.show(j)).collect();
        let kw = if before.is_empty() {
            self.name.to_owned()
        } else {
            format!("{} {}", self.name, before.join(" "))
        };
        Diagnostic::alert(
            &codes::UNEXPECTED_ARGUMENT,
            format!("'{kw}' cannot handle unexpected argument '{}'.", self.show(i)),
        )
        .at(self.at(i))
    }

    /// Refuses arguments beyond the first `max`.
    pub fn at_most(&self, max: usize) -> Result<(), Diagnostic> {
        if self.words.len() > max {
            Err(self.unexpected(max))
        } else {
            Ok(())
        }
    }

    /// The arguments from `from` on, as conditions and rules read them.
    pub fn tokens(&self, from: usize) -> Vec<Token<'w>> {
        self.words
            .get(from..)
            .unwrap_or(&[])
            .iter()
            .map(|w| Token {
                bytes: &w.bytes,
                span: w.span,
            })
            .collect()
    }
}
