//! `bind` lines (manual, 5.1): addresses, then options, each a row of its own class.

use std::sync::LazyLock;

use hapax_diag::{Diagnostic, Span};
use hapax_sample::Compile;
use hapax_syntax::Word;

use crate::args::{ArgValue, Args};
use crate::certs::CertStore;
use crate::codes;
use crate::dictionary::Index;
use crate::dispatch::run_row;
use crate::keyword::{Class, Keyword, Prefix, Sections, Version};
use crate::plan::{Bind, BindTls, SeverityOutput, SocketLevel};
use crate::reader::{Reader, TlsDefaults};

pub(crate) mod certs;
mod ignore;
mod rare;
mod socket;
mod tls;

mod unix;

pub(crate) use certs::cert_error;

/// The class of `bind` options.
pub struct BindOption;

/// A row of a `bind` option.
pub type BindRow = Keyword<BindOption>;

/// What the options of one `bind` line fill.
pub struct BindCx<'a> {
    pub bind: Bind,
    pub tls: BindTls,
    /// `ssl` was given: without it, the other TLS options have nothing to act on.
    pub ssl: bool,
    pub level: Option<SocketLevel>,
    pub expose_fd: bool,
    pub severity: SeverityOutput,
    /// What opens the messages: `'bind :80' in section 'frontend'`.
    pub head: String,
    /// A `stats socket` line rather than a `bind` line.
    pub stats: bool,
    /// The proxy is `mode http`, as far as it is known here.
    pub http: bool,
    pub cx: Compile<'a>,
    pub certs: &'a mut CertStore,
    pub defaults: &'a TlsDefaults,
    version: Option<Version>,
    experimental: bool,
}

impl<'a> BindCx<'a> {
    pub fn new(reader: &'a mut Reader<'_>, head: String, stats: bool, http: bool) -> Self {
        let (version, experimental) = (reader.opts.for_version, reader.experimental);
        let (cx, certs, defaults, _) = reader.split();
        Self {
            bind: Bind::default(),
            tls: BindTls::default(),
            ssl: false,
            level: None,
            expose_fd: false,
            severity: SeverityOutput::None,
            head,
            stats,
            http,
            cx,
            certs,
            defaults,
            version,
            experimental,
        }
    }

    /// The line's options put together.
    pub fn finish(mut self) -> Bind {
        if self.ssl {
            self.bind.tls = Some(Box::new(self.tls));
        }
        self.bind
    }
}

impl Class for BindOption {
    type Cx<'a> = BindCx<'a>;

    fn compile<'x>(cx: &'x mut BindCx<'_>) -> Compile<'x> {
        crate::reader::reborrow(&mut cx.cx)
    }

    fn version(cx: &BindCx<'_>) -> Option<Version> {
        cx.version
    }

    fn experimental(cx: &BindCx<'_>) -> bool {
        cx.experimental
    }
}

/// Families of `bind` options.
pub static ALL: &[&[BindRow]] = &[socket::ROWS, rare::ROWS, unix::ROWS, tls::ROWS];

static INDEX: LazyLock<Index<BindOption>> = LazyLock::new(|| Index::new(every_option()));

/// Every `bind` option.
pub fn every_option() -> impl Iterator<Item = &'static BindRow> {
    ALL.iter().flat_map(|rows| rows.iter())
}

/// Reads the options `words` of a line.
pub(crate) fn read_options(cx: &mut BindCx<'_>, words: &[Word<'_>], line: Span) -> Result<(), Diagnostic> {
    let head = cx.head.clone();
    let mut rest = words;
    while let Some(first) = rest.first() {
        let Some(found) = INDEX.find(rest, Sections::BIND) else {
            let shown = first.text();
            let message = match hapax_diag::suggest(&shown, INDEX.names(Sections::BIND)) {
                Some(best) => format!("{head}: unknown keyword '{shown}'; did you mean '{best}' maybe ?"),
                None => format!("{head}: unknown keyword '{shown}'."),
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
        match run_row(cx, found.row, &mut args).map_err(|d| d.prefixed(&format!("{head} : "))) {
            // What this machine lacks is told, and the reading goes on.
            Err(d) if d.missing => cx.cx.diags.push(d.or_at(line)),
            done => done?,
        }
        rest = &after[taken..];
    }
    Ok(())
}
