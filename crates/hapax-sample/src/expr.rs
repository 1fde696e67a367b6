//! A compiled expression: a fetch and its chain of converters (manual, 7.3).
//!
//! Compiling checks names, arguments and types once; what is left at run time is a call per step. Values borrow from the
//! message or the configuration wherever a step does not make new ones. What a step makes is no longer than a buffer: chains
//! cannot be made to eat memory.

use hapax_diag::{Diagnostic, Span, suggest};
use hapax_value::Type;

use crate::args::{self, ArgsError};
use crate::codes::{self, tell_support};
use crate::registry;
use crate::since;
use crate::{Absent, Arg, Call, Compile, Converter, Env, Fetch, Iter, Needs, Sampled};

/// No buffer is smaller: values below it fit without asking.
const SMALL: usize = 1024;

/// `fetch(args),conv(args),...`
#[derive(Debug)]
pub struct Expr {
    text: Box<str>,
    fetch: &'static Fetch,
    args: Box<[Arg]>,
    steps: Box<[Step]>,
    out: Type,
}

/// One converter of the chain.
#[derive(Debug)]
struct Step {
    /// Turn the value into this first; `None` where it is of the right type already.
    cast: Option<Type>,
    conv: &'static Converter,
    args: Box<[Arg]>,
}

impl Expr {
    /// Compiles a whole expression; trailing text is an error. `at` is where the text starts.
    pub fn compile(text: impl AsRef<[u8]>, at: Span, cx: &mut Compile<'_>) -> Result<Self, Diagnostic> {
        let text = text.as_ref();
        let (expr, used) = Self::compile_prefix(text, at, cx)?;
        match text.get(used) {
            None => Ok(expr),
            Some(_) => Err(match expr.steps.last() {
                None => Diagnostic::alert(&codes::FETCH, "missing comma after fetch keyword"),
                Some(step) => Diagnostic::alert(&codes::CONVERTER, format!("missing comma after converter '{}'", step.conv.name)),
            }
            .at(at)),
        }
    }

    /// Compiles the expression at the start of `text` and tells how many bytes it took.
    pub fn compile_prefix(text: &[u8], at: Span, cx: &mut Compile<'_>) -> Result<(Self, usize), Diagnostic> {
        let name = word(text);
        let fail = |message: String| Diagnostic::alert(&codes::FETCH, message).at(at);
        if name.is_empty() {
            return Err(fail("missing fetch method".to_owned()));
        }
        let Some(fetch) = registry::fetch(name).filter(|_| cx.knows(since::fetch(name))) else {
            let known = registry::all_fetches().map(|f| f.name);
            return Err(with_hint(
                fail(format!("unknown fetch method '{name}'")),
                name,
                known,
                since::fetch(name),
            ));
        };
        Self::compile_with(fetch, text, at, cx)
    }

    /// As [`Self::compile_prefix`], where the word at the start of `text` stands for `fetch` (`path_beg` for `path`).
    pub(crate) fn compile_with(fetch: &'static Fetch, text: &[u8], at: Span, cx: &mut Compile<'_>) -> Result<(Self, usize), Diagnostic> {
        let name = word(text);
        cx.refs.at = at;
        let fail = |message: String| Diagnostic::alert(&codes::FETCH, message).at(at);
        let mut used = name.len();
        let (mut fetch_args, len) = args::read(&text[used..], fetch.args, fetch.required, at, cx).map_err(|e| {
            let head = if e.meaning {
                "invalid args in fetch method"
            } else {
                "fetch method"
            };
            fail(format!("{head} '{name}' : {}", e.text))
        })?;
        used += len;
        if let Some(check) = fetch.check {
            check(&mut fetch_args, cx).map_err(|e| fail(format!("invalid args in fetch method '{name}' : {e}")))?;
        }
        tell_support(name, "fetch method", fetch.support, at, cx.diags)?;
        let mut out = fetch.out;
        let mut steps = Vec::new();
        while text.get(used) == Some(&b',') {
            // Of several commas, HAProxy passes over all but one.
            used += text[used..].iter().take_while(|b| **b == b',').count();
            if used == text.len() {
                // Those at the end of a word say nothing.
                break;
            }
            let (step, len) = Step::compile(&text[used..], out, at, cx)?;
            used += len;
            out = match step.conv.to {
                Type::Same => out,
                to => to,
            };
            steps.push(step);
        }
        let expr = Self {
            text: String::from_utf8_lossy(&text[..used]).into(),
            fetch,
            args: fetch_args.into(),
            steps: steps.into(),
            out,
        };
        Ok((expr, used))
    }

    /// The type it gives.
    pub fn out(&self) -> Type {
        self.out
    }

    /// Where the fetch's facts exist.
    pub fn needs(&self) -> Needs {
        self.fetch.needs
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The fetch it starts with.
    pub fn fetch(&self) -> &'static Fetch {
        self.fetch
    }

    /// Whether no converter follows the fetch.
    pub fn is_plain(&self) -> bool {
        self.steps.is_empty()
    }

    /// Why the expression cannot be used where only `place` exists.
    pub fn misplaced(&self, place: Needs) -> Option<String> {
        if self.needs().intersects(place) {
            return None;
        }
        Some(format!(
            "sample fetch <{}> may not be reliably used here because it needs '{}' which is not available here",
            self.fetch.name,
            self.fetch.source()
        ))
    }

    /// The first value.
    pub fn eval<'e>(&'e self, env: &'e Env<'e>) -> Sampled<'e> {
        self.eval_at(env, &mut Iter::default())
    }

    /// The value of one occurrence.
    #[inline]
    pub fn eval_at<'e>(&'e self, env: &'e Env<'e>, iter: &mut Iter) -> Sampled<'e> {
        // The value is written where the caller wants it: moving one costs more than most fetches do.
        if self.steps.is_empty() {
            return self.fetched(env, iter);
        }
        self.converted(env, iter)
    }

    #[inline]
    fn fetched<'e>(&'e self, env: &'e Env<'e>, iter: &mut Iter) -> Sampled<'e> {
        (self.fetch.eval)(&mut Call {
            args: &self.args,
            env,
            iter,
            name: self.fetch.name,
        })
    }

    fn converted<'e>(&'e self, env: &'e Env<'e>, iter: &mut Iter) -> Sampled<'e> {
        let mut value = self.fetched(env, iter)?;
        for step in &self.steps {
            if let Some(to) = step.cast {
                value = value.cast(to).ok_or(Absent::Never)?;
            }
            let before = value.bytes().map_or(0, <[u8]>::len);
            value = (step.conv.eval)(&step.args, value, env)?;
            let after = value.bytes().map_or(0, <[u8]>::len);
            if after > before && after >= SMALL && after > env.world.buf_size() {
                return Err(Absent::Never);
            }
        }
        Ok(value)
    }

    /// The first value as bytes, cast to a string where it is none; `false` where there is no value.
    pub fn eval_str(&self, env: &Env<'_>, out: &mut Vec<u8>) -> bool {
        match &self.eval(env) {
            Ok(value) => {
                value.write_str(out);
                true
            }
            Err(_) => false,
        }
    }
}

impl Step {
    fn compile(text: &[u8], from: Type, at: Span, cx: &mut Compile<'_>) -> Result<(Self, usize), Diagnostic> {
        let name = word(text);
        let fail = |message: String| Diagnostic::alert(&codes::CONVERTER, message).at(at);
        let Some(conv) = registry::converter(name).filter(|_| cx.knows(since::converter(name))) else {
            let known = registry::all_converters().map(|c| c.name);
            return Err(with_hint(
                fail(format!("unknown converter '{name}'")),
                name,
                known,
                since::converter(name),
            ));
        };
        if !from.casts_to(conv.from) {
            let help = format!("'{name}' takes {}, and there is {} before it", conv.from.name(), from.name());
            return Err(fail(format!("converter '{name}' cannot be applied")).help(help));
        }
        let (mut conv_args, len) = args::read(&text[name.len()..], conv.args, conv.required, at, cx).map_err(|e: ArgsError| match e {
            ArgsError { meaning: true, text, .. } => fail(format!("invalid args in converter '{name}' : {text}")),
            ArgsError { position, text, .. } => fail(format!("invalid arg {position} in converter '{name}' : {text}")),
        })?;
        if let Some(check) = conv.check {
            check(&mut conv_args, cx).map_err(|e| fail(format!("invalid args in converter '{name}' : {e}")))?;
        }
        tell_support(name, "converter", conv.support, at, cx.diags)?;
        let step = Self {
            cast: (conv.from != Type::Any && conv.from != Type::Same && conv.from != from).then_some(conv.from),
            conv,
            args: conv_args.into(),
        };
        Ok((step, name.len() + len))
    }
}

/// The keyword at the start of a text.
pub(crate) fn word(text: &[u8]) -> &str {
    let end = text
        .iter()
        .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+' | b':')))
        .unwrap_or(text.len());
    // Only ASCII was let through.
    std::str::from_utf8(&text[..end]).unwrap_or_default()
}

fn with_hint(d: Diagnostic, name: &str, known: impl Iterator<Item = &'static str>, since: since::Version) -> Diagnostic {
    if since > (0, 0) {
        return d.help(format!("'{name}' exists since version {}.{}", since.0, since.1));
    }
    match suggest(name, known) {
        Some(near) => d.help(format!("did you mean '{near}'?")),
        None => d,
    }
}

#[cfg(test)]
mod tests;
