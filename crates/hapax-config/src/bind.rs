//! `bind` lines (manual, 5.1): addresses, then options, each a row of its own class.

use hapax_diag::{Diagnostic, Span};
use hapax_sample::Compile;
use hapax_syntax::Word;

use crate::args::{ArgValue, Args};
use crate::codes;
use crate::dictionary::Index;
use crate::dispatch::run_row;
use crate::keyword::{Class, Keyword, Prefix, Sections};
use std::sync::LazyLock;

mod rare;
mod socket;

/// The class of `bind` options.
pub struct BindOption;

/// A row of a `bind` option.
pub type BindRow = Keyword<BindOption>;

/// What the options of one `bind` line fill.
pub struct BindCx<'a> {
    pub draft: BindDraft,
    pub cx: Compile<'a>,
}

/// Options of a `bind` line; every address of the line gets them.
#[derive(Clone, Debug, Default)]
pub struct BindDraft {
    pub name: Option<std::sync::Arc<str>>,
    pub accept_proxy: bool,
}

impl Class for BindOption {
    type Cx<'a> = BindCx<'a>;

    fn compile<'x>(cx: &'x mut BindCx<'_>) -> Compile<'x> {
        crate::reader::reborrow(&mut cx.cx)
    }
}

/// Families of `bind` options.
pub static ALL: &[&[BindRow]] = &[socket::ROWS, rare::ROWS];

static INDEX: LazyLock<Index<BindOption>> = LazyLock::new(|| Index::new(every_option()));

/// Every `bind` option.
pub fn every_option() -> impl Iterator<Item = &'static BindRow> {
    ALL.iter().flat_map(|rows| rows.iter())
}

/// Reads the options `words` of a line that starts with `head` (`'bind :80' in section 'frontend'` in messages).
pub(crate) fn read_options(cx: &mut BindCx<'_>, head: &str, words: &[Word<'_>], line: Span) -> Result<(), Diagnostic> {
    let mut rest = words;
    while let Some(first) = rest.first() {
        let Some(found) = INDEX.find(rest, Sections::BIND) else {
            let best = closest(&first.text());
            let message = match best {
                Some(best) => format!("{head}: unknown keyword '{}'; did you mean '{best}' maybe ?", first.text()),
                None => format!("{head}: unknown keyword '{}'.", first.text()),
            };
            return Err(Diagnostic::alert(&codes::UNKNOWN_KEYWORD, message).at(first.span));
        };
        let after = &rest[found.words..];
        let taken = found.row.shape.arity(after);
        let mut args = Args {
            name: found.row.name,
            prefix: Prefix::None,
            span: first.span.to(rest[found.words - 1].span),
            line,
            words: &after[..taken],
            value: ArgValue::None,
        };
        run_row(cx, found.row, &mut args)?;
        rest = &after[taken..];
    }
    Ok(())
}

fn closest(word: &str) -> Option<&'static str> {
    hapax_diag::suggest(word, INDEX.names(Sections::BIND))
}
