//! A compiled expression: a fetch and its chain of converters.

use hapax_diag::Diagnostic;
use hapax_value::Type;

use crate::{Compile, Env, Iter, Needs, Sampled};

/// `fetch(args),conv(args),...`
#[derive(Debug)]
pub struct Expr {}

impl Expr {
    /// Compiles a whole expression; trailing text is an error. `at` is where the text starts.
    pub fn compile(text: &str, at: hapax_diag::Span, cx: &mut Compile<'_>) -> Result<Self, Diagnostic> {
        let _ = (text, at, cx);
        todo!()
    }

    /// The type it gives.
    pub fn out(&self) -> Type {
        todo!()
    }

    /// Where the fetch's facts exist.
    pub fn needs(&self) -> Needs {
        todo!()
    }

    /// The first value.
    pub fn eval<'e>(&'e self, env: &'e Env<'e>) -> Sampled<'e> {
        self.eval_at(env, &mut Iter::default())
    }

    /// The value of one occurrence.
    pub fn eval_at<'e>(&'e self, env: &'e Env<'e>, iter: &mut Iter) -> Sampled<'e> {
        let _ = (env, iter);
        todo!()
    }

    /// The first value as bytes, cast to a string where it is none; `false` where there is no value.
    pub fn eval_str(&self, env: &Env<'_>, out: &mut Vec<u8>) -> bool {
        let _ = (env, out);
        todo!()
    }
}
