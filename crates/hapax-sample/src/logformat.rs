//! Log-format strings (manual, 8.2.6): texts made of literal parts, aliases (`%ci`) and expressions (`%[src]`).
//!
//! A string is compiled to a list of items; writing it walks the list and appends to one buffer. What each item may contain is
//! made safe for where the text goes: a log line, or an HTTP message.

use hapax_diag::{Diagnostic, Span};

use crate::{Compile, Env, Needs};

mod alias;
mod encode;
mod item;
mod parse;
mod sink;

use item::{Item, Options};
use sink::Sink;

/// `option tcplog`
pub const TCP: &str = "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq";
/// `option tcplog clf`
pub const TCP_CLF: &str =
    "%{+Q}o %{-Q}ci - - [%T] \"TCP \" 000 %B \"\" \"\" %cp %ms %ft %b %s %Th %Tw %Tc %Tt %U %ts-- %ac %fc %bc %sc %rc %sq %bq \"\" \"\" ";
/// `option httplog`
pub const HTTP: &str = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r";
/// `option httplog clf`
pub const HTTP_CLF: &str = "%{+Q}o %{-Q}ci - - [%trg] %r %ST %B \"\" \"\" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl";
/// `option httpslog`
pub const HTTPS: &str = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc";

/// A compiled log-format string.
#[derive(Clone, Debug)]
pub struct LogFormat {
    items: Vec<Item>,
    /// `+json` or `+cbor` for the whole string: only named items are written, as one object.
    whole: Options,
}

impl LogFormat {
    /// For a log line: what is missing is written `-`, runs of spaces count as one.
    pub fn compile(text: &[u8], at: Span, cx: &mut Compile<'_>) -> Result<Self, Diagnostic> {
        parse::compile(text, Options::MANDATORY | Options::MERGE_SPACES, at, cx)
    }

    /// As [`compile`](Self::compile), for a text that goes into an HTTP message: control characters in what samples give
    /// (all but the tab, and 0x7f) are written as `%XX`, so that none of them ends a line.
    pub fn compile_http(text: &[u8], at: Span, cx: &mut Compile<'_>) -> Result<Self, Diagnostic> {
        parse::compile(text, Options::HTTP, at, cx)
    }

    /// For a text that is neither logged nor put into a head, such as a body or a variable: nothing is encoded, what is
    /// missing is empty, and every space stays.
    pub fn compile_text(text: &[u8], at: Span, cx: &mut Compile<'_>) -> Result<Self, Diagnostic> {
        parse::compile(text, Options::empty(), at, cx)
    }

    /// For `unique-id-format`: as for an HTTP message, with runs of spaces counted as one.
    pub fn compile_unique_id(text: &[u8], at: Span, cx: &mut Compile<'_>) -> Result<Self, Diagnostic> {
        parse::compile(text, Options::HTTP | Options::MERGE_SPACES, at, cx)
    }

    /// Appends the text to `out`.
    pub fn write(&self, env: &Env<'_>, out: &mut Vec<u8>) {
        if self.whole.intersects(Options::ENCODED) {
            encode::object(&self.items, self.whole, env, out);
            return;
        }
        let mut after_space = true;
        for item in &self.items {
            let before = out.len();
            match item {
                Item::Text(text) => out.extend_from_slice(text),
                Item::Space if after_space => continue,
                Item::Space => {
                    out.push(b' ');
                    after_space = true;
                    continue;
                }
                Item::Alias { alias, options, .. } => {
                    if options.intersects(Options::ENCODED) {
                        encode::value(item, env, out);
                    } else {
                        (alias.write)(&mut Sink::new(env, out, *options));
                    }
                }
                Item::Expr { expr, options, .. } => {
                    if options.intersects(Options::ENCODED) {
                        encode::value(item, env, out);
                    } else {
                        Sink::new(env, out, *options).expr(expr);
                    }
                }
            }
            after_space &= out.len() == before;
        }
    }

    /// Facts that any of its expressions may need.
    pub fn needs(&self) -> Needs {
        self.exprs().fold(Needs::empty(), |n, e| n | e.needs())
    }

    /// Why the first of its expressions that has nothing to look at where only `place` exists cannot be used there.
    pub fn misplaced(&self, place: Needs) -> Option<String> {
        self.exprs().find_map(|e| e.misplaced(place))
    }

    /// The first alias that only HTTP proxies have something to write for (`%r`).
    pub fn http_alias(&self) -> Option<&'static str> {
        self.items.iter().find_map(|i| match i {
            Item::Alias { alias, .. } if alias.http => Some(alias.name),
            _ => None,
        })
    }

    /// The whole text when nothing in it varies.
    pub fn as_const(&self) -> Option<&[u8]> {
        match self.items.as_slice() {
            [] => Some(b""),
            [Item::Text(text)] if !self.whole.intersects(Options::ENCODED) => Some(text),
            _ => None,
        }
    }

    fn exprs(&self) -> impl Iterator<Item = &crate::expr::Expr> {
        self.items.iter().filter_map(|i| match i {
            Item::Expr { expr, .. } => Some(&**expr),
            _ => None,
        })
    }
}

/// Every alias: its name and what it writes, for the reference pages.
pub fn aliases() -> impl Iterator<Item = (&'static str, &'static str)> {
    alias::ALIASES.iter().map(|a| (a.name, a.doc))
}

#[cfg(test)]
mod tests;
