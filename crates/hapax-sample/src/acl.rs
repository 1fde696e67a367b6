//! ACLs and the conditions made of them (manual, 7.1 and 7.2).
//!
//! An ACL is a list of tests of one name: it matches when one of them does. Conditions hold the ACL itself, so a line of that
//! name that comes later counts too, as in HAProxy.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use hapax_diag::{Diagnostic, Span};

use crate::codes;
use crate::{Compile, Env, NameKind, Needs};

mod condition;
pub mod gate;
mod predefined;
mod test;
mod trace;
mod words;

pub use condition::Condition;
use test::Test;
pub use trace::{TermTrace, TestTrace, Trace};
pub use words::{CRITERIA, Criterion};

/// A word of a configuration line, as conditions are made of.
#[derive(Clone, Copy, Debug)]
pub struct Token<'t> {
    pub bytes: &'t [u8],
    pub span: Span,
}

impl<'t> Token<'t> {
    /// The word as text; one that is no UTF-8 equals no keyword.
    fn text(self) -> &'t str {
        std::str::from_utf8(self.bytes).unwrap_or("\u{fffd}")
    }
}

/// What a test gives when bytes may still come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Pass,
    Fail,
    /// Not known yet: content rules wait for more.
    Wait,
}

impl Verdict {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Fail, _) | (_, Self::Fail) => Self::Fail,
            (Self::Wait, _) | (_, Self::Wait) => Self::Wait,
            _ => Self::Pass,
        }
    }

    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Pass, _) | (_, Self::Pass) => Self::Pass,
            (Self::Wait, _) | (_, Self::Wait) => Self::Wait,
            _ => Self::Fail,
        }
    }

    fn negate(self) -> Self {
        match self {
            Self::Pass => Self::Fail,
            Self::Fail => Self::Pass,
            Self::Wait => Self::Wait,
        }
    }
}

/// The tests of one name. Tests are only ever added, at load, so readers need no lock.
#[derive(Debug)]
struct Acl {
    /// Empty: anonymous.
    name: Box<str>,
    /// Its first line; `None`: it is anonymous or predefined.
    at: Option<Span>,
    /// Most have one test.
    first: OnceLock<Box<Test>>,
    more: OnceLock<Box<Block>>,
    /// What the tests need together.
    needs: AtomicU32,
}

/// Room for further tests: each block has twice that of the one before, so a name may have very many lines.
#[derive(Debug)]
struct Block {
    tests: Box<[OnceLock<Test>]>,
    next: OnceLock<Box<Block>>,
}

/// Tests of the first block.
const BLOCK: usize = 4;

impl Block {
    fn new(room: usize) -> Self {
        Self {
            tests: std::iter::repeat_with(OnceLock::new).take(room).collect(),
            next: OnceLock::new(),
        }
    }

    fn used(&self) -> usize {
        self.tests.partition_point(|t| t.get().is_some())
    }
}

impl Acl {
    fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            at: None,
            first: OnceLock::new(),
            more: OnceLock::new(),
            needs: AtomicU32::new(0),
        }
    }

    fn blocks(&self) -> impl Iterator<Item = &Block> {
        std::iter::successors(self.more.get(), |b| b.next.get()).map(|b| &**b)
    }

    fn tests(&self) -> impl Iterator<Item = &Test> {
        let more = self.blocks().flat_map(|b| b.tests.iter().map_while(OnceLock::get));
        self.first.get().map(|t| &**t).into_iter().chain(more)
    }

    /// The test number `nth`, from 0.
    fn test(&self, nth: usize) -> Option<&Test> {
        let Some(mut nth) = nth.checked_sub(1) else {
            return self.first.get().map(|t| &**t);
        };
        for block in self.blocks() {
            if nth < block.tests.len() {
                return block.tests[nth].get();
            }
            nth -= block.tests.len();
        }
        None
    }

    fn push(&self, test: Test) {
        self.needs.fetch_or(test.needs().bits(), Ordering::Relaxed);
        if self.first.get().is_none() {
            let _ = self.first.set(Box::new(test));
            return;
        }
        let (mut slot, mut room) = (&self.more, BLOCK);
        loop {
            let block = slot.get_or_init(|| Box::new(Block::new(room)));
            if let Some(free) = block.tests.get(block.used()) {
                let _ = free.set(test);
                return;
            }
            (slot, room) = (&block.next, block.tests.len() * 2);
        }
    }

    fn eval(&self, env: &Env<'_>) -> Verdict {
        let mut found = Verdict::Fail;
        for test in self.tests() {
            found = found.or(test.eval(env));
            if found == Verdict::Pass {
                break;
            }
        }
        found
    }

    fn needs(&self) -> Needs {
        Needs::from_bits_truncate(self.needs.load(Ordering::Relaxed))
    }
}

/// An ACL that an expression calls by its name.
#[derive(Debug)]
pub struct Named(Arc<Acl>);

impl Named {
    pub fn eval(&self, env: &Env<'_>) -> Verdict {
        let verdict = self.0.eval(env);
        if let Some(at) = self.0.at {
            env.world.asked_acl(at, verdict == Verdict::Pass);
        }
        verdict
    }
}

/// The ACLs of one proxy, by name; several lines of one name are alternatives.
#[derive(Debug, Default)]
pub struct AclSet {
    by_name: HashMap<Box<str>, Arc<Acl>>,
    /// Names whose line was refused.
    broken: HashSet<Box<str>>,
}

impl AclSet {
    /// Adds `acl NAME CRITERION [flags] [patterns]...` (the words after `acl`).
    pub fn add(&mut self, words: &[Token<'_>], cx: &mut Compile<'_>) -> Result<(), Diagnostic> {
        let Some((name, rest)) = words.split_first() else {
            return Err(Diagnostic::alert(&codes::ACL, "missing ACL name"));
        };
        let text = name.text();
        if let Some(bad) = text.chars().find(|c| !is_name_char(*c)) {
            let message = format!("character '{bad}' is not permitted in acl name '{text}'");
            return Err(Diagnostic::alert(&codes::ACL, message).at(name.span));
        }
        if text.eq_ignore_ascii_case("or") {
            let message = format!("acl name '{text}' will never match. 'or' is used to express a logical disjunction within a condition");
            cx.diags.push(Diagnostic::warning(&codes::NEVER_MATCHES, message).at(name.span));
        }
        let test = Test::compile(rest, name.span, cx).inspect_err(|_| {
            self.broken.insert(text.into());
        })?;
        self.by_name
            .entry(text.into())
            .or_insert_with(|| {
                let at = Some(name.span);
                Arc::new(Acl { at, ..Acl::new(text) })
            })
            .push(test);
        Ok(())
    }

    /// Whether an ACL of that name was declared.
    pub fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// Looks up what expressions call by name (`acl(...)`): to be done once the lines of the proxy are read. Other names are left
    /// in `deferred`.
    pub fn resolve(&self, cx: &mut Compile<'_>) {
        let (acls, others) = std::mem::take(cx.deferred).into_iter().partition(|n| n.kind == NameKind::Acl);
        *cx.deferred = others;
        for name in acls {
            let text = name.name.trim_start_matches('!');
            let word = Token {
                bytes: text.as_bytes(),
                span: name.span,
            };
            match condition::named(text, word, self, cx) {
                Ok(acl) => {
                    let _ = name.acl.set(Named(acl));
                }
                Err(d) => cx.diags.push(d),
            }
        }
    }

    fn get(&self, name: &str) -> Option<Arc<Acl>> {
        self.by_name.get(name).cloned()
    }
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':')
}

#[cfg(test)]
mod tests;
