//! Bytes to lines to words: quoting, escaping, environment variables, conditional blocks (manual, chapter 2).
//!
//! Knows no keyword. What a word means is the dictionary's business (`hapax-config`).
#![forbid(unsafe_code)]

pub mod codes;
pub mod condition;
mod directive;
mod environment;
mod excerpt;
pub mod fmt;
pub mod fuzz;
mod reader;
mod tokenize;
mod variable;
mod word;

pub use codes::CODES;
pub use environment::{BuildFacts, Environment};
pub use reader::Reader;
pub use word::{Line, Word};

/// Most words a line may have (the keyword included), as HAProxy has it.
pub const MAX_WORDS: usize = 64;

/// Longest line, as written and once its variables are in place. HAProxy has no such limit, and nobody writes lines like that; but
/// a few lines of `setenv` can double a value until memory ends.
pub const MAX_LINE: usize = 1 << 20;
