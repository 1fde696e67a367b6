//! The arguments of a predicate: a second level of quoting inside the parentheses (manual, 2.2).

use super::{Parsed, Predicate, failure, show};

/// Reads `(a,b)`; no parentheses at all are one empty argument.
pub(super) fn arguments<'a>(input: &'a [u8], predicate: &Predicate) -> Parsed<'a, Vec<Vec<u8>>> {
    let fail = |what: String, got: usize, at: &'a [u8]| {
        failure(
            format!(
                "{what} in argument {got} of predicate '{}' used in conditional expression",
                predicate.name
            ),
            at,
        )
    };
    let want = predicate.args;
    let mut args = Vec::with_capacity(want);
    let Some(mut rest) = input.strip_prefix(b"(") else {
        if want > 1 {
            return fail(format!("missing arguments (got 1/{want}), type 'string' expected"), 1, input);
        }
        args.resize(want, Vec::new());
        return Ok((input, args));
    };
    while args.len() < want {
        let (after, arg) = match one(rest) {
            Ok(read) => read,
            Err((at, so_far)) => {
                let what = format!(
                    "failed to parse '{}' after '{}' as type 'string' at position {}",
                    show(at),
                    show(&so_far),
                    args.len() + 1
                );
                return fail(what, args.len(), at);
            }
        };
        args.push(arg);
        rest = after;
        match rest.strip_prefix(b",") {
            Some(more) if args.len() < want => rest = more,
            _ => break,
        }
    }
    if args.len() < want {
        let got = args.len();
        return fail(format!("missing arguments (got {got}/{want}), type 'string' expected"), got, rest);
    }
    if let Some(after) = rest.strip_prefix(b")") {
        return Ok((after, args));
    }
    let what = if rest.is_empty() {
        "expected ')'".to_owned()
    } else {
        format!("expected ')' before '{}'", show(rest))
    };
    fail(what, if want > 1 { want - 1 } else { want }, rest)
}

/// What is left of the text, and the argument so far.
type Cut<'a> = (&'a [u8], Vec<u8>);

/// One argument, up to an unquoted comma or closing parenthesis; the error is where a lone backslash ends the text.
fn one(mut rest: &[u8]) -> Result<Cut<'_>, Cut<'_>> {
    let mut out = Vec::new();
    let mut quote = None;
    loop {
        rest = match (rest, quote) {
            ([], _) | ([b',' | b')', ..], None) => return Ok((rest, out)),
            ([q, after @ ..], Some(open)) if *q == open => {
                quote = None;
                after
            }
            ([q @ (b'"' | b'\''), after @ ..], None) => {
                quote = Some(*q);
                after
            }
            ([b'\\'], Some(b'"') | None) => return Err((rest, out)),
            ([b'\\', next, after @ ..], Some(b'"') | None) => match next {
                b'\\' | b' ' | b'"' | b'\'' => {
                    out.push(*next);
                    after
                }
                b'r' => {
                    out.push(b'\r');
                    after
                }
                b'n' => {
                    out.push(b'\n');
                    after
                }
                b't' => {
                    out.push(b'\t');
                    after
                }
                _ => {
                    out.push(b'\\');
                    &rest[1..]
                }
            },
            ([b, after @ ..], _) => {
                out.push(*b);
                after
            }
        };
    }
}
