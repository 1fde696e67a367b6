//! From the text to items.

use hapax_diag::{Diagnostic, Span, suggest};

use super::LogFormat;
use super::alias::{self, ALIASES};
use super::item::{Forced, Item, Label, Options};
use crate::expr::Expr;
use crate::{Compile, codes};

struct Parser<'t> {
    text: &'t [u8],
    at: usize,
    span: Span,
    /// Flags that `%{...}o` set for what follows.
    common: Options,
    items: Vec<Item>,
    literal: Vec<u8>,
}

pub(super) fn compile(text: &[u8], base: Options, span: Span, cx: &mut Compile<'_>) -> Result<LogFormat, Diagnostic> {
    let mut parser = Parser {
        text,
        at: 0,
        span,
        common: base,
        items: Vec::new(),
        literal: Vec::new(),
    };
    parser.run(cx)?;
    Ok(LogFormat {
        whole: parser.common,
        items: parser.items,
    })
}

impl Parser<'_> {
    fn fail(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::alert(&codes::LOG_FORMAT, message).at(self.span)
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(self.text).into_owned()
    }

    fn run(&mut self, cx: &mut Compile<'_>) -> Result<(), Diagnostic> {
        while let Some(b) = self.peek() {
            self.at += 1;
            match b {
                b'%' if self.peek() == Some(b'%') => {
                    self.at += 1;
                    self.literal.push(b'%');
                }
                b'%' => {
                    self.flush();
                    self.item(cx)?;
                }
                b' ' if self.common.contains(Options::MERGE_SPACES) => {
                    self.flush();
                    if !matches!(self.items.last(), Some(Item::Space)) {
                        self.items.push(Item::Space);
                    }
                }
                _ => self.literal.push(b),
            }
        }
        self.flush();
        Ok(())
    }

    fn flush(&mut self) {
        if !self.literal.is_empty() {
            self.items.push(Item::Text(std::mem::take(&mut self.literal).into()));
        }
    }

    /// One item, the `%` already read.
    fn item(&mut self, cx: &mut Compile<'_>) -> Result<(), Diagnostic> {
        let label = self.label()?;
        let (options, flags) = self.options()?;
        match self.peek() {
            Some(b'[') => {
                self.at += 1;
                let expr = std::sync::Arc::new(self.expr(cx)?);
                self.items.push(Item::Expr { expr, options, label });
            }
            Some(b) if b.is_ascii_alphanumeric() => {
                let len = self.text[self.at..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
                let name = String::from_utf8_lossy(&self.text[self.at..self.at + len]).into_owned();
                self.at += len;
                if name == "o" {
                    self.common = options;
                } else {
                    let alias = alias::find(&name).ok_or_else(|| self.unknown(&name))?;
                    if let Some(wants) = alias.wants {
                        wants(cx.wanted);
                    }
                    self.items.push(Item::Alias { alias, options, label });
                }
            }
            Some(b) => {
                if let Some(flags) = flags {
                    return Err(self.fail(format!("parse argument modifier without alias name near '%{{{flags}}}'")));
                }
                return Err(self.fail(format!(
                    "unexpected alias name near '{}' at position {} line : '{}'. Maybe you want to write a single '%', use the syntax '%%'",
                    b as char,
                    self.at + 1,
                    self.shown()
                )));
            }
            None => {
                let after = flags.unwrap_or_else(|| "%".to_owned());
                return Err(self.fail(format!("truncated line after '{after}'")));
            }
        }
        Ok(())
    }

    fn unknown(&self, name: &str) -> Diagnostic {
        let d = self.fail(format!(
            "no such format alias '{name}'. If you wanted to emit the '%' character verbatim, you need to use '%%'"
        ));
        match suggest(name, ALIASES.iter().map(|a| a.name)) {
            Some(near) => d.help(format!("did you mean '%{near}'?")),
            None => d,
        }
    }

    /// `(name)`, `(name:type)`
    fn label(&mut self) -> Result<Label, Diagnostic> {
        if self.peek() != Some(b'(') {
            return Ok(Label::default());
        }
        let rest = &self.text[self.at + 1..];
        let Some(len) = rest.iter().position(|b| *b == b')') else {
            return Err(self.fail("truncated line after '%('"));
        };
        let inner = String::from_utf8_lossy(&rest[..len]).into_owned();
        self.at += len + 2;
        let (name, forced) = match inner.split_once(':') {
            None => (inner.as_str(), None),
            Some((name, kind)) => (
                name,
                Some(match kind {
                    "str" => Forced::Str,
                    "sint" => Forced::Sint,
                    "bool" => Forced::Bool,
                    "raw" => Forced::Raw,
                    _ => {
                        return Err(self.fail(format!(
                            "unexpected output type '{kind}' at position {} line : '{}'. Supported types are: str, sint, bool, raw",
                            self.at,
                            self.shown()
                        )));
                    }
                }),
            ),
        };
        if let Some(bad) = name.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))) {
            return Err(self.fail(format!(
                "invalid character in custom name near '{bad}' at position {} line : '{}'",
                self.at,
                self.shown()
            )));
        }
        Ok(Label { name: name.into(), forced })
    }

    /// `{+Q,-E}` on top of the common flags; the text too, for messages.
    fn options(&mut self) -> Result<(Options, Option<String>), Diagnostic> {
        let mut options = self.common;
        if self.peek() != Some(b'{') {
            return Ok((options, None));
        }
        let rest = &self.text[self.at + 1..];
        let Some(len) = rest.iter().position(|b| *b == b'}') else {
            let rest = String::from_utf8_lossy(rest);
            return Err(self.fail(format!("truncated line after '{rest}'")));
        };
        let flags = String::from_utf8_lossy(&rest[..len]).into_owned();
        self.at += len + 2;
        // An encoding of the whole does not hold for single items as well.
        for flag in flags.split(',') {
            let (on, name) = match flag.as_bytes() {
                [b'+', name @ ..] => (true, name),
                [b'-', name @ ..] => (false, name),
                // HAProxy passes over what has no sign.
                _ => continue,
            };
            let bit = match name {
                b"Q" => Options::QUOTE,
                b"X" => Options::HEX,
                b"E" => Options::ESCAPE,
                // Nothing but text goes into the head of an HTTP message.
                b"bin" | b"json" | b"cbor" if self.common.contains(Options::HTTP) => continue,
                b"bin" => Options::BIN,
                b"json" => Options::JSON,
                b"cbor" => Options::CBOR,
                _ => continue,
            };
            options.set(bit, on);
        }
        Ok((options, Some(flags)))
    }

    /// An expression up to its closing bracket.
    fn expr(&mut self, cx: &mut Compile<'_>) -> Result<Expr, Diagnostic> {
        let rest = &self.text[self.at..];
        let (expr, used) = Expr::compile_prefix(rest, self.span, cx).map_err(|d| Diagnostic {
            message: format!(
                "failed to parse sample expression <{}> : {}",
                String::from_utf8_lossy(rest),
                d.message
            ),
            ..d
        })?;
        let taken = String::from_utf8_lossy(&rest[..used]);
        match rest.get(used) {
            Some(b']') => {
                self.at += used + 1;
                Ok(expr)
            }
            Some(b) => Err(self.fail(format!("expected ']' after '{taken}', but found '{}'", *b as char))),
            None => Err(self.fail(format!("missing ']' after '{taken}'"))),
        }
    }
}
