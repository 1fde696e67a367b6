//! ACLs and the conditions made of them (manual, 7.1 and 7.2).

use std::sync::Arc;

use hapax_diag::{Diagnostic, Span};

use crate::{Compile, Env, Needs};

/// A word of a configuration line, as conditions are made of.
#[derive(Clone, Copy, Debug)]
pub struct Token<'t> {
    pub bytes: &'t [u8],
    pub span: Span,
}

/// What a test gives when bytes may still come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Pass,
    Fail,
    /// Not known yet: content rules wait for more.
    Wait,
}

/// The ACLs of one proxy, by name; several lines of one name are alternatives.
#[derive(Debug, Default)]
pub struct AclSet {}

impl AclSet {
    /// Adds `acl NAME CRITERION [flags] [patterns]...` (the words after `acl`).
    pub fn add(&mut self, words: &[Token<'_>], cx: &mut Compile<'_>) -> Result<(), Diagnostic> {
        let _ = (words, cx);
        todo!()
    }
}

/// `if|unless` over ACL names, anonymous ACLs, `!`, `or`, `||`.
#[derive(Debug)]
pub struct Condition {}

impl Condition {
    /// `words` starts at `if` or `unless`.
    pub fn parse(words: &[Token<'_>], acls: &AclSet, cx: &mut Compile<'_>) -> Result<Arc<Self>, Diagnostic> {
        let _ = (words, acls, cx);
        todo!()
    }

    pub fn eval(&self, env: &Env<'_>) -> Verdict {
        let _ = env;
        todo!()
    }

    /// Facts that every evaluation may need.
    pub fn needs(&self) -> Needs {
        todo!()
    }
}
