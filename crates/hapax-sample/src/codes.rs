//! Codes of the diagnostics that expressions give (`HX03xx`).

use hapax_diag::{Code, Diagnostic, Diagnostics, Severity, Span};
use hapax_value::Support;

pub static FETCH: Code = Code {
    id: "HX0301",
    title: "a sample fetch cannot be used like that",
    explain: "An expression starts with a sample fetch: a name and, in parentheses, the arguments it declares. \
              The manual's sections 7.3.2 to 7.3.7 list them with the types of their arguments.",
};

pub static CONVERTER: Code = Code {
    id: "HX0302",
    title: "a converter cannot be used like that",
    explain: "Converters follow a fetch, separated by commas. Each declares its arguments and the type of value it takes; \
              the value before it must be of that type, or one that can be turned into it.",
};

pub static ACL: Code = Code {
    id: "HX0303",
    title: "an ACL is not understood",
    explain: "An ACL is a name, a criterion (a fetch, with converters, or a word such as 'path_beg'), flags, and patterns.",
};

pub static CONDITION: Code = Code {
    id: "HX0304",
    title: "a condition is not understood",
    explain: "A condition is 'if' or 'unless' and ACL names or anonymous ACLs '{ ... }', each after an optional '!', \
              side by side where all must match, with 'or' or '||' between alternatives.",
};

pub static NEVER_MATCHES: Code = Code {
    id: "HX0305",
    title: "an ACL never matches",
    explain: "The ACL has no pattern to compare with, or looks at something that does not exist where it is used.",
};

pub static LOG_FORMAT: Code = Code {
    id: "HX0306",
    title: "a log-format string is not understood",
    explain: "After '%' comes an alias such as 'ci', an expression in brackets such as '[src]', or a second '%' for the \
              character itself. Flags stand in braces right after the '%'.",
};

pub static WRONG_PLACE: Code = Code {
    id: "HX0307",
    title: "an expression looks at something that is not there yet, or not any more",
    explain: "Every fetch has facts that exist in some phases only: response headers, say, do not exist while a request is \
              handled.",
};

pub static NOT_ACTED_ON: Code = Code {
    id: "HX0308",
    title: "a word of an expression is accepted, but does not do all that it should",
    explain: "The configuration is right, but this word is not fully built yet, or has nothing to act on here.",
};

/// Tells what a word does not do; nothing where it does all.
pub(crate) fn tell_support(name: &str, kind: &str, support: Support, at: Span, diags: &mut Diagnostics) -> Result<(), Diagnostic> {
    let (severity, text) = match support {
        Support::Full => return Ok(()),
        Support::Partial(what) => (Severity::Warning, format!("{kind} '{name}' is acted on in part: {what}")),
        Support::NotYet(what) => (
            Severity::Warning,
            format!("{kind} '{name}' is accepted but not acted on yet: {what}"),
        ),
        Support::NoEffect(why) => (Severity::Note, format!("{kind} '{name}' has no effect here: {why}")),
        Support::Refused(why) => {
            return Err(Diagnostic::alert(&NOT_ACTED_ON, format!("{kind} '{name}' is not supported: {why}")).at(at));
        }
    };
    diags.push(Diagnostic::new(&NOT_ACTED_ON, severity, text).at(at));
    Ok(())
}
