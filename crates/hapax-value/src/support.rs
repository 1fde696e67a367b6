//! How much of a word's work is done: the one statement that `check`, the pages and the ledger are derived from.

/// State of the work behind a word. A word accepted and not acted on must say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// Does what the manual says.
    Full,
    /// Does part of it; the text says what is missing. `check` warns once per use.
    Partial(&'static str),
    /// Accepted: there is nothing here for it to act on, and the text says why. `check` tells it as a note.
    NoEffect(&'static str),
    /// Accepted, not acted on yet; the text names the subsystem that is missing. `check` warns once per use.
    NotYet(&'static str),
    /// Not accepted, and the text says why and what to use.
    Refused(&'static str),
}
