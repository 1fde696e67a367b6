//! Conditional blocks and the directives that only tell something: `.if`, `.elif`, `.else`, `.endif`, `.notice`, `.warning`, `.alert`,
//! `.diag` (manual, 2.4).

use hapax_diag::{Code, Diagnostic, Severity};

use crate::excerpt::excerpt;
use crate::{Environment, Line, codes, condition};

/// `.if` blocks that may be open, plus one.
const MAX_NESTED: usize = 100;

/// Every directive there is.
const DIRECTIVES: [&str; 8] = [".if", ".elif", ".else", ".endif", ".notice", ".warning", ".alert", ".diag"];

/// What an open block does with the lines that follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    /// Lines count.
    Take,
    /// Lines are dropped; a later branch may still be taken.
    Drop,
    /// Lines are dropped, and so is every later branch: one was taken before, or an outer block drops them.
    Skip,
    ElseTake,
    ElseDrop,
}

/// The blocks that are open, outermost first.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    open: Vec<Block>,
}

/// What a line was.
pub(crate) enum Outcome {
    /// A configuration line: hand it out.
    Line,
    /// Handled here.
    Done,
    /// Handled here, with something to say.
    Say(Diagnostic),
    /// Reading ends, and the checks of the end of the file are made.
    Stop(Diagnostic),
    /// Reading ends at once.
    Abort(Diagnostic),
}

impl Blocks {
    pub(crate) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    fn dropping(&self) -> bool {
        matches!(self.open.last(), Some(Block::Drop | Block::Skip | Block::ElseDrop))
    }

    /// Acts on a line whose first word is not empty.
    pub(crate) fn line(&mut self, line: &Line<'_>, env: &Environment) -> Outcome {
        let Some(first) = line.words.first() else { return Outcome::Done };
        if !first.bytes.starts_with(b".") {
            return if self.dropping() { Outcome::Done } else { Outcome::Line };
        }
        match &*first.bytes {
            b".if" => self.on_if(line, env),
            b".elif" => self.on_elif(line, env),
            b".else" => self.on_else(line),
            b".endif" => self.on_endif(line),
            _ if self.dropping() => Outcome::Done,
            b".notice" => tell(line, Severity::Notice, &codes::TOLD_NOTICE),
            b".warning" => tell(line, Severity::Warning, &codes::TOLD_WARNING),
            b".diag" => tell(line, Severity::Diag, &codes::TOLD_DIAG),
            b".alert" => tell(line, Severity::Alert, &codes::TOLD_ALERT),
            _ => Outcome::Stop(unknown(line)),
        }
    }

    fn on_if(&mut self, line: &Line<'_>, env: &Environment) -> Outcome {
        if self.open.len() + 1 >= MAX_NESTED {
            let message = format!("too many nested '.if', max is {MAX_NESTED}.");
            return Outcome::Abort(at_word(line, 0, &codes::NESTED_TOO_DEEP, message));
        }
        let block = if self.dropping() {
            Block::Skip
        } else {
            match decide(line, env) {
                Ok(true) => Block::Take,
                Ok(false) => Block::Drop,
                Err(d) => return Outcome::Abort(d),
            }
        };
        self.open.push(block);
        Outcome::Done
    }

    fn on_elif(&mut self, line: &Line<'_>, env: &Environment) -> Outcome {
        let Some(block) = self.open.last_mut() else {
            return Outcome::Abort(lone(line));
        };
        match block {
            Block::ElseTake | Block::ElseDrop => return Outcome::Abort(after_else(line)),
            Block::Take | Block::Skip => *block = Block::Skip,
            Block::Drop => match decide(line, env) {
                Ok(taken) => *block = if taken { Block::Take } else { Block::Drop },
                Err(d) => return Outcome::Abort(d),
            },
        }
        Outcome::Done
    }

    fn on_else(&mut self, line: &Line<'_>) -> Outcome {
        if let Some(d) = argument(line, 1, "") {
            return Outcome::Stop(d);
        }
        match self.open.last_mut() {
            None => return Outcome::Abort(lone(line)),
            Some(Block::ElseTake | Block::ElseDrop) => return Outcome::Abort(after_else(line)),
            Some(block @ Block::Drop) => *block = Block::ElseTake,
            Some(block) => *block = Block::ElseDrop,
        }
        Outcome::Done
    }

    fn on_endif(&mut self, line: &Line<'_>) -> Outcome {
        if let Some(d) = argument(line, 1, "") {
            return Outcome::Stop(d);
        }
        match self.open.pop() {
            Some(_) => Outcome::Done,
            None => Outcome::Stop(lone(line)),
        }
    }
}

fn at_word(line: &Line<'_>, word: usize, code: &'static Code, message: String) -> Diagnostic {
    let span = line.words.get(word).map_or(line.span, |w| w.span);
    Diagnostic::alert(code, message).at(span).tight()
}

fn unknown(line: &Line<'_>) -> Diagnostic {
    let name = keyword(line);
    let d = at_word(line, 0, &codes::UNKNOWN_DIRECTIVE, format!("unknown directive '{name}'."));
    match hapax_diag::suggest(name, DIRECTIVES.iter().copied()) {
        Some(near) => d.help(format!("did you mean '{near}'?")),
        None => d.help(format!("the directives are {}", DIRECTIVES.join(", "))),
    }
}

fn keyword<'l>(line: &'l Line<'_>) -> &'l str {
    line.words.first().map_or("", |w| w.str())
}

fn lone(line: &Line<'_>) -> Diagnostic {
    let message = format!("lone '{}' with no matching '.if'.", keyword(line));
    at_word(line, 0, &codes::LONE_DIRECTIVE, message)
}

fn after_else(line: &Line<'_>) -> Diagnostic {
    let message = format!("'{}' after '.else' is not permitted.", keyword(line));
    at_word(line, 0, &codes::AFTER_ELSE, message)
}

/// Complains of a word at `index`, where none may stand.
fn argument(line: &Line<'_>, index: usize, more: &str) -> Option<Diagnostic> {
    let word = line.words.get(index).filter(|w| !w.bytes.is_empty())?;
    let message = format!("Unexpected argument '{}' for '{}'.{more}", word.text(), keyword(line));
    Some(at_word(line, index, &codes::DIRECTIVE_ARGUMENT, message))
}

fn tell(line: &Line<'_>, severity: Severity, code: &'static Code) -> Outcome {
    if let Some(d) = argument(line, 2, " Use quotes if the message should contain spaces.") {
        return Outcome::Say(d);
    }
    let text = line.words.get(1).map(|w| w.text()).unwrap_or_default();
    let span = line.words.first().map_or(line.span, |w| w.span);
    let said = Diagnostic::new(code, severity, format!("'{text}'.")).at(span).tight();
    if severity == Severity::Alert {
        Outcome::Abort(said)
    } else {
        Outcome::Say(said)
    }
}

/// Evaluates what follows `.if` or `.elif`.
fn decide(line: &Line<'_>, env: &Environment) -> Result<bool, Diagnostic> {
    let words = line.words.get(1..).unwrap_or_default();
    let text = condition::join(words);
    condition::evaluate(&text, env).map_err(|e| {
        let keyword = keyword(line);
        let lead = format!("{keyword} ");
        let width = 79 - lead.len();
        // The word that the place falls in: the text is the words with a space between each.
        let mut before = 0;
        let word = words.iter().position(|w| {
            before += w.bytes.len() + 1;
            e.at < before
        });
        let span = word.map_or_else(|| words.last().map_or(line.span, |w| w.span), |i| words[i].span);
        let message = format!("{} in '{keyword}' at position {}:", e.message, e.at + 1);
        Diagnostic::alert(&codes::BAD_CONDITION, message)
            .at(span)
            .tight()
            .excerpt(excerpt(&lead, &text, e.at, width))
    })
}
