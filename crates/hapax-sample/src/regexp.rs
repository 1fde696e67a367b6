//! Regular expressions: the `regex` crate, and a backtracking engine for what it cannot say.

use regex::bytes::{Regex, RegexBuilder};

/// A compiled expression.
#[derive(Clone, Debug)]
pub struct Regexp {
    engine: Engine,
}

#[derive(Clone, Debug)]
enum Engine {
    Linear(Regex),
    Backtracking(fancy_regex::Regex),
}

impl Regexp {
    /// The error is in words for the user.
    pub fn new(pattern: &[u8], icase: bool) -> Result<Self, String> {
        let text = String::from_utf8_lossy(pattern);
        let linear = RegexBuilder::new(&text).unicode(false).case_insensitive(icase).build();
        let engine = match linear {
            Ok(r) => Engine::Linear(r),
            Err(_) => fancy_regex::RegexBuilder::new(&text)
                .case_insensitive(icase)
                .build()
                .map(Engine::Backtracking)
                .map_err(|e| format!("regex '{text}' is invalid (error={e})"))?,
        };
        Ok(Self { engine })
    }

    /// The text of an expression that runs in linear time.
    pub fn as_linear(&self) -> Option<&str> {
        match &self.engine {
            Engine::Linear(r) => Some(r.as_str()),
            Engine::Backtracking(_) => None,
        }
    }

    pub fn is_match(&self, subject: &[u8]) -> bool {
        match &self.engine {
            Engine::Linear(r) => r.is_match(subject),
            Engine::Backtracking(r) => r.is_match(&String::from_utf8_lossy(subject)).unwrap_or(false),
        }
    }
}
