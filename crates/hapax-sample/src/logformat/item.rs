//! The items that a log-format string is compiled to.

use bitflags::bitflags;

use super::alias::Alias;
use crate::expr::Expr;

bitflags! {
    /// Flags of an item, as written in braces or implied by where the text goes.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) struct Options: u16 {
        /// `Q`: in quotes.
        const QUOTE = 1 << 0;
        /// `X`: numbers and addresses in hexadecimal.
        const HEX = 1 << 1;
        /// `E`: quotes, backslashes and closing brackets escaped.
        const ESCAPE = 1 << 2;
        /// `bin`: binary samples as they are.
        const BIN = 1 << 3;
        const JSON = 1 << 4;
        const CBOR = 1 << 5;
        /// The text goes into an HTTP message.
        const HTTP = 1 << 6;
        /// What is missing is written `-`.
        const MANDATORY = 1 << 7;
        const MERGE_SPACES = 1 << 8;

        const ENCODED = Self::JSON.bits() | Self::CBOR.bits();
    }
}

/// The type that a name forces (`%(name:sint)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forced {
    Str,
    Sint,
    Bool,
    /// As it is, whatever the encoding.
    Raw,
}

/// What stands in parentheses right after the `%`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) name: Box<str>,
    pub(super) forced: Option<Forced>,
}

/// One part of the text.
#[derive(Clone, Debug)]
pub(super) enum Item {
    Text(Box<[u8]>),
    /// A run of spaces where these are merged.
    Space,
    Alias {
        alias: &'static Alias,
        options: Options,
        label: Label,
    },
    Expr {
        expr: std::sync::Arc<Expr>,
        options: Options,
        label: Label,
    },
}
