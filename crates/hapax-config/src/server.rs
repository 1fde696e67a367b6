//! `server`, `default-server` and `server-template` lines (manual, 5.2): an address, then options, each a row of its own class.

use hapax_diag::{Diagnostic, Span};
use hapax_sample::Compile;
use hapax_syntax::Word;

use crate::args::{ArgValue, Args};
use crate::codes;
use crate::dictionary::Index;
use crate::dispatch::run_row;
use crate::keyword::{Class, Keyword, Prefix, Sections};
use std::sync::LazyLock;

mod basic;
mod rare;

/// The class of `server` options.
pub struct ServerOption;

/// A row of a `server` option.
pub type ServerRow = Keyword<ServerOption>;

/// What the options of one `server` line fill.
pub struct ServerCx<'a> {
    pub draft: ServerDraft,
    pub cx: Compile<'a>,
    /// `default-server`: no address, and some options are refused.
    pub is_default: bool,
}

/// Options of a server; `default-server` hands them to the servers that follow.
#[derive(Clone, Debug, Default)]
pub struct ServerDraft {
    pub weight: Option<u32>,
    pub backup: bool,
}

impl Class for ServerOption {
    type Cx<'a> = ServerCx<'a>;

    fn compile<'x>(cx: &'x mut ServerCx<'_>) -> Compile<'x> {
        crate::reader::reborrow(&mut cx.cx)
    }
}

/// Families of `server` options.
pub static ALL: &[&[ServerRow]] = &[basic::ROWS, rare::ROWS];

static INDEX: LazyLock<Index<ServerOption>> = LazyLock::new(|| Index::new(every_option()));

/// Every `server` option.
pub fn every_option() -> impl Iterator<Item = &'static ServerRow> {
    ALL.iter().flat_map(|rows| rows.iter())
}

/// Reads the options `words` of a line; `head` opens the messages.
pub(crate) fn read_options(cx: &mut ServerCx<'_>, head: &str, words: &[Word<'_>], line: Span) -> Result<(), Diagnostic> {
    let mut rest = words;
    while let Some(first) = rest.first() {
        let Some(found) = INDEX.find(rest, Sections::SERVER) else {
            let best = hapax_diag::suggest(&first.text(), INDEX.names(Sections::SERVER));
            let message = match best {
                Some(best) => format!("{head}unknown keyword '{}'; did you mean '{best}' maybe ?", first.text()),
                None => format!("{head}unknown keyword '{}'.", first.text()),
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
