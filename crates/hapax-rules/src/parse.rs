//! The cursor an action's parser reads its words from.

use hapax_diag::{Diagnostic, Span};
use hapax_sample::acl::Token;
use hapax_sample::{Compile, Needs};

use crate::RuleSets;

/// The words of one rule after the action's name, up to `if`/`unless`, and what compiling them needs.
pub struct ParseAction<'p, 'c> {
    /// The action's own word, as written.
    pub name: Token<'p>,
    pub words: &'p [Token<'p>],
    pub pos: usize,
    pub ruleset: RuleSets,
    /// Where the facts of this rule set exist.
    pub place: Needs,
    pub cx: &'p mut Compile<'c>,
}

impl<'p> ParseAction<'p, '_> {
    pub fn next(&mut self) -> Option<Token<'p>> {
        let w = self.words.get(self.pos).copied()?;
        self.pos += 1;
        Some(w)
    }

    pub fn peek(&self) -> Option<Token<'p>> {
        self.words.get(self.pos).copied()
    }

    /// Where the next word stands, or the last one where none is left.
    pub fn span(&self) -> Span {
        self.peek().or(self.words.last().copied()).unwrap_or(self.name).span
    }

    pub fn need(&mut self, what: &str) -> Result<Token<'p>, Diagnostic> {
        let span = self.span();
        let name = String::from_utf8_lossy(self.name.bytes).into_owned();
        self.next()
            .ok_or_else(|| Diagnostic::alert(&crate::codes::MISSING_ARG, format!("'{name}' expects {what}")).at(span))
    }
}
