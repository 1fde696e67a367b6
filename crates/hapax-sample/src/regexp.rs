//! Regular expressions: the `regex` crate, and a backtracking engine for what it cannot say.

/// A compiled expression.
#[derive(Debug)]
pub struct Regexp {}
