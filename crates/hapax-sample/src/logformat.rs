//! Log-format strings (manual, 8.2.6).

use hapax_diag::Diagnostic;

use crate::{Compile, Env, Needs};

/// A compiled log-format string.
#[derive(Debug)]
pub struct LogFormat {}

impl LogFormat {
    pub fn compile(text: &[u8], at: hapax_diag::Span, cx: &mut Compile<'_>) -> Result<Self, Diagnostic> {
        let _ = (text, at, cx);
        todo!()
    }

    /// As [`compile`](Self::compile), for a text that goes into an HTTP message: control characters in what samples give
    /// (all but the tab, and 0x7f) are written as `%XX`, so that none of them ends a line.
    pub fn compile_http(text: &[u8], at: hapax_diag::Span, cx: &mut Compile<'_>) -> Result<Self, Diagnostic> {
        Self::compile(text, at, cx)
    }

    /// Appends the text to `out`.
    pub fn write(&self, env: &Env<'_>, out: &mut Vec<u8>) {
        let _ = (env, out);
        todo!()
    }

    pub fn needs(&self) -> Needs {
        todo!()
    }

    /// The whole text when nothing in it varies.
    pub fn as_const(&self) -> Option<&[u8]> {
        todo!()
    }
}
