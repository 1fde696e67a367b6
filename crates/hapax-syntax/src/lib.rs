//! Bytes to lines to words: quoting, escaping, environment variables, conditional blocks (manual, chapter 2).
//!
//! Knows no keyword. What a word means is the dictionary's business (`hapax-config`).
#![forbid(unsafe_code)]

mod word;

pub use word::{Line, Word};
