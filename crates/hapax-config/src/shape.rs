//! The shapes that arguments come in, checked in one place so that every word refuses the same mistakes in the same words.

use hapax_diag::Diagnostic;
use hapax_sample::expr::Expr;
use hapax_sample::logformat::LogFormat;
use hapax_syntax::Word;

use crate::args::{ArgValue, Args};
use crate::keyword::Class;
use crate::units::{self, TimeError, Unit};

/// What may follow a keyword.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// No argument.
    Nothing,
    /// Exactly one word; the text says what it is (`<name>`).
    Word(&'static str),
    /// At most one word.
    OptWord(&'static str),
    /// A whole number within these limits.
    Number(i64, i64),
    /// The same, and 0 where no argument stands.
    OptNumber(i64, i64),
    /// A whole number as C reads an `int`: as far as there are digits, 0 where there are none, and its lowest 32 bits. What is read
    /// otherwise than it is written is noted.
    Lax(i64, i64),
    /// The same, and where no argument stands, that is 0 too.
    OptLax(i64, i64),
    /// As C reads a `long`.
    Long(i64, i64),
    /// A time; the unit of a bare number, and the highest in that unit.
    Time(Unit, u64),
    /// Bytes, with `k`, `m`, `g`.
    Size,
    /// Bytes that must fit in 32 bits.
    Size32,
    /// `on` or `off`.
    OnOff,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// At least so many words, at most so many.
    Words(usize, usize),
    /// So many words at least and at most, each one of these.
    Each(usize, usize, &'static [&'static str]),
    /// A time as `Time` reads it, or this word.
    TimeOr(&'static str, Unit, u64),
    /// One sample expression.
    Expr,
    /// One log-format string.
    LogFormat,
    /// Whatever the setter takes; it checks by itself. An option of a `bind` or `server` line must say how many words it takes
    /// and uses [`Shape::Count`].
    Any,
    /// An option of a line that takes so many of the words that follow.
    Count(fn(&[Word<'_>]) -> usize),
}

impl Shape {
    /// How many words an option of a `bind` or `server` line takes of those that follow it.
    pub fn arity(&self, rest: &[Word<'_>]) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Words(_, max) | Self::Each(_, max, _) => (*max).min(rest.len()),
            Self::Any => rest.len(),
            Self::Count(f) => f(rest).min(rest.len()),
            _ => 1.min(rest.len()),
        }
    }

    /// Checks the arguments; what it makes of the first one goes to the setter.
    pub fn check<K: Class>(&self, args: &Args<'_>, cx: &mut K::Cx<'_>) -> Result<ArgValue, Diagnostic> {
        let (min, max) = self.bounds();
        if args.len() < min || (min == 1 && args.bytes(0).is_empty()) {
            return Err(args.missing(self.wants(args.name)));
        }
        args.at_most(max)?;
        if args.is_empty() {
            return self.nothing::<K>(args, cx);
        }
        match *self {
            Self::Number(low, high) | Self::OptNumber(low, high) => number(args, low, high),
            Self::Lax(low, high) | Self::OptLax(low, high) => {
                let n = hapax_value::leading_number(args.str(0)) as i32;
                lax::<K>(args, n.into(), low, high, cx)
            }
            Self::Long(low, high) => lax::<K>(args, hapax_value::leading_number(args.str(0)), low, high, cx),
            Self::Each(_, _, words) => match (0..args.len()).find(|i| !words.contains(&args.str(*i))) {
                Some(i) => Err(args.bad(i, format!("'{}' expects {}, found '{}'.", args.name, list(words), args.show(i)))),
                None => Ok(ArgValue::None),
            },
            Self::TimeOr(word, ..) if args.str(0) == word => Ok(ArgValue::None),
            Self::Time(unit, top) | Self::TimeOr(_, unit, top) => {
                let read = time(args, unit, top)?;
                if let Some(c) = units::after_unit(args.bytes(0)) {
                    let message = format!(
                        "unexpected character '{}' after the timer value '{}', only (us=microseconds,ms=milliseconds,s=seconds,m=minutes,\
                         h=hours,d=days) are supported. This will be reported as an error in next versions.",
                        char::from(c),
                        args.show(0)
                    );
                    let d = Diagnostic::warning(&crate::codes::BAD_ARGUMENT, message).at(args.at(0));
                    let d = d.lead(hapax_diag::Lead::Config);
                    K::compile(cx).diags.push(d);
                }
                Ok(read)
            }
            Self::Size | Self::Size32 => units::parse_size(args.bytes(0))
                .filter(|n| matches!(self, Self::Size) || u32::try_from(*n).is_ok())
                .map(ArgValue::Size)
                .ok_or_else(|| args.bad(0, format!("'{}' expects a size, found '{}'.", args.name, args.show(0)))),
            Self::OnOff => match args.str(0) {
                "on" => Ok(ArgValue::On(true)),
                "off" => Ok(ArgValue::On(false)),
                other => Err(args.bad(0, format!("'{}' expects 'on' or 'off', found '{other}'.", args.name))),
            },
            Self::OneOf(words) => words.iter().position(|w| *w == args.str(0)).map(ArgValue::Choice).ok_or_else(|| {
                let d = args.bad(0, format!("'{}' expects {}, found '{}'.", args.name, list(words), args.show(0)));
                match hapax_diag::suggest(args.str(0), words.iter().copied()) {
                    Some(near) => d.help(format!("did you mean '{near}'?")),
                    None => d,
                }
            }),
            Self::Expr => {
                Expr::compile(args.show(0), args.at(0), &mut K::compile(cx))?;
                Ok(ArgValue::None)
            }
            Self::LogFormat => {
                LogFormat::compile(args.bytes(0), args.at(0), &mut K::compile(cx))?;
                Ok(ArgValue::None)
            }
            _ => Ok(ArgValue::None),
        }
    }

    /// What no argument at all means, where that is allowed.
    fn nothing<K: Class>(&self, args: &Args<'_>, cx: &mut K::Cx<'_>) -> Result<ArgValue, Diagnostic> {
        let (Self::OptLax(low, high) | Self::OptNumber(low, high)) = *self else {
            return Ok(ArgValue::None);
        };
        within(args, 0, low, high)?;
        note::<K>(
            cx,
            args.span,
            format!("'{}' has no number behind it, which is read as 0", args.name),
        );
        Ok(ArgValue::Number(0))
    }

    /// How many words it takes at least and at most.
    pub(crate) fn bounds(&self) -> (usize, usize) {
        match *self {
            Self::Nothing => (0, 0),
            Self::OptWord(_) | Self::OptLax(..) | Self::OptNumber(..) => (0, 1),
            Self::Words(min, max) | Self::Each(min, max, _) => (min, max),
            Self::Any | Self::Count(_) => (0, usize::MAX),
            _ => (1, 1),
        }
    }

    /// What is said where an argument is missing.
    fn wants(&self, name: &str) -> String {
        match *self {
            Self::Number(..) | Self::Lax(..) | Self::Long(..) => format!("'{name}' expects an integer argument."),
            Self::Time(..) => format!("'{name}' expects a time value."),
            Self::Size | Self::Size32 => format!("'{name}' expects a size."),
            Self::OnOff => format!("'{name}' expects 'on' or 'off'."),
            Self::OneOf(words) => format!("'{name}' expects {}.", list(words)),
            Self::Word(what) | Self::OptWord(what) => format!("'{name}' expects {what} as argument."),
            Self::Expr => format!("'{name}' expects a sample expression."),
            Self::LogFormat => format!("'{name}' expects a log-format string."),
            _ => format!("'{name}' : missing argument."),
        }
    }
}

fn number(args: &Args<'_>, low: i64, high: i64) -> Result<ArgValue, Diagnostic> {
    let n: i64 = args
        .str(0)
        .parse()
        .map_err(|_| args.bad(0, format!("'{}' expects an integer argument, found '{}'.", args.name, args.show(0))))?;
    within(args, n, low, high)
}

/// `n` is what C makes of the argument.
fn lax<K: Class>(args: &Args<'_>, n: i64, low: i64, high: i64, cx: &mut K::Cx<'_>) -> Result<ArgValue, Diagnostic> {
    let value = within(args, n, low, high)?;
    if args.str(0).parse() != Ok(n) {
        note::<K>(cx, args.at(0), format!("'{}' is read as {n} by '{}'", args.show(0), args.name));
    }
    Ok(value)
}

pub(crate) fn note<K: Class>(cx: &mut K::Cx<'_>, at: hapax_diag::Span, message: String) {
    let d = Diagnostic::new(&crate::codes::BAD_ARGUMENT, hapax_diag::Severity::Note, message);
    K::compile(cx).diags.push(d.at(at));
}

fn within(args: &Args<'_>, n: i64, low: i64, high: i64) -> Result<ArgValue, Diagnostic> {
    if (low..=high).contains(&n) {
        return Ok(ArgValue::Number(n));
    }
    let range = match (low, high) {
        (low, i64::MAX) => format!("of at least {low}"),
        (low, high) => format!("between {low} and {high}"),
    };
    Err(args.bad(0, format!("'{}' expects an integer {range}, found '{n}'.", args.name)))
}

fn time(args: &Args<'_>, unit: Unit, top: u64) -> Result<ArgValue, Diagnostic> {
    let (name, shown, u) = (args.name, args.show(0), unit.name());
    units::parse_time(args.bytes(0), unit, top)
        .map(ArgValue::Time)
        .map_err(|e| match e {
            TimeError::Over => args.bad(
                0,
                format!("timer overflow in argument '{shown}' to '{name}' (maximum value is {top} {u})"),
            ),
            TimeError::Char(c) => args
                .bad(0, format!("unexpected character '{}' in '{name}'", char::from(c)))
                .help("the units are us, ms, s, m, h and d: 500ms, 30s"),
        })
}

/// `'a', 'b' or 'c'`
pub(crate) fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|w| format!("'{w}'")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}
