//! Words of `global` whose value is given once: what HAProxy says of a second line, which it passes over more often than it refuses it.

use hapax_diag::{Diagnostic, Severity, Standing};

use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::reader::Reader;

/// What becomes of a second line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    /// Told as a mistake, and yet it is none.
    Loudly,
    /// The same, but for a warning since 3.1.
    Warned,
    Ignored,
    Refused(&'static str),
}

/// That a word is given once, as its row says it.
#[derive(Clone, Copy, Debug)]
pub struct Once {
    again: Again,
    /// The word whose value it is, where that is another.
    of: Option<&'static str>,
    /// What HAProxy says in place of the quoted word.
    called: Option<&'static str>,
    /// What its warning has that those of others lack.
    verb: &'static str,
    /// 0 is a value like others, and not as good as none.
    zero_counts: bool,
}

impl Once {
    pub const LOUD: Self = Self::new(Again::Loudly);
    pub const WARNED: Self = Self::new(Again::Warned);
    pub const IGNORED: Self = Self::new(Again::Ignored);

    const fn new(again: Again) -> Self {
        Self {
            again,
            of: None,
            called: None,
            verb: "",
            zero_counts: false,
        }
    }

    pub const fn refused(why: &'static str) -> Self {
        Self::new(Again::Refused(why))
    }

    /// Its value is that of another word, too.
    #[must_use]
    pub const fn shares(mut self, word: &'static str) -> Self {
        self.of = Some(word);
        self
    }

    #[must_use]
    pub const fn called(mut self, name: &'static str) -> Self {
        self.called = Some(name);
        self
    }

    /// Its warning is a whole sentence.
    #[must_use]
    pub const fn spelled_out(mut self) -> Self {
        self.verb = "is ";
        self
    }

    #[must_use]
    pub const fn zero_counts(mut self) -> Self {
        self.zero_counts = true;
        self
    }
}

/// Whether the line gives a value that an earlier line gave: then it is not to be read, and that is told.
pub(crate) fn given_again(cx: &mut Reader<'_>, row: &Row, a: &Args<'_>) -> Result<bool, Diagnostic> {
    let Some(once) = row.once.filter(|_| !a.is_empty()) else {
        return Ok(false);
    };
    let key = once.of.unwrap_or(row.name);
    let Some((_, first)) = cx.given_once.iter().find(|(k, _)| *k == key) else {
        return Ok(false);
    };
    let what = once.called.map_or_else(|| format!("'{}'", row.name), str::to_owned);
    let old = cx.opts.for_version.is_some_and(|v| v < (3, 1));
    let message = match once.again {
        Again::Refused(why) => format!("{what} {why}"),
        Again::Ignored => format!("ignoring {what} which was already specified."),
        Again::Warned if !old => format!("{what} {}already specified. Continuing.", once.verb),
        _ => format!("{what} already specified. Continuing."),
    };
    let mut d = Diagnostic::warning(&codes::DUPLICATE, message)
        .at(a.span)
        .related(*first, "it was given here, and that counts");
    if once.again == Again::Loudly || once.again == Again::Warned && old {
        d.standing = Standing::Grave;
    }
    if matches!(once.again, Again::Refused(_)) {
        d.severity = Severity::Alert;
        return Err(d);
    }
    cx.diags.push(d);
    Ok(true)
}

/// Keeps in mind that the line gave its value, which was taken.
pub(crate) fn given(cx: &mut Reader<'_>, row: &Row, a: &Args<'_>) {
    if let Some(once) = row.once
        && (once.zero_counts || a.str(0) != "0")
    {
        cx.given_once.push((once.of.unwrap_or(row.name), a.line));
    }
}
