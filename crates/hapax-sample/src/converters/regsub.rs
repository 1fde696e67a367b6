//! Replacing what a regular expression matches.

use std::sync::Arc;

use hapax_value::{Type, Value};

use super::arg;
use crate::regexp::{Regexp, Template};
use crate::{Absent, Arg, ArgKind, Compile, Converter, Env, Sampled};

pub(super) static ROWS: &[Converter] = &[Converter::new(
    "regsub",
    Type::Str,
    Type::Str,
    "Replaces the first match of a regular expression, or all of them with the flag `g`, ignoring case with `i`. `\\0` to \
         `\\9` in the replacement stand for the match and its groups.",
    regsub,
)
.args(&[ArgKind::Regex, ArgKind::Str, ArgKind::Str], 2)
.check(check)
.cases(
    &["str(a),regsub(a,b)", "str(a),regsub(a,)", "str(a),regsub(A,b,gi)"],
    &["str(a),regsub(a)", "str(a),regsub(a,b,x)", "str(a),regsub(\"(\",b)"],
)];

/// What the flags ask for.
struct Substitution {
    template: Template,
    all: bool,
}

fn check(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    let flags = arg::text(args, 2).unwrap_or_default();
    if let Some(bad) = flags.iter().find(|b| !matches!(b, b'i' | b'g')) {
        return Err(format!("invalid regex flag '{}', only 'i' and 'g' are supported", char::from(*bad)));
    }
    let (icase, all) = (flags.contains(&b'i'), flags.contains(&b'g'));
    if let (true, Some(Arg::Regex(regex))) = (icase, args.first()) {
        let again = Regexp::new(regex.source(), true)?;
        arg::put(args, 0, Arg::Regex(Arc::new(again)));
    }
    let template = Template::new(arg::text(args, 1).unwrap_or_default())?;
    arg::put_custom(args, 1, Substitution { template, all });
    Ok(())
}

fn regsub<'e>(args: &'e [Arg], value: Value<'e>, env: &'e Env<'e>) -> Sampled<'e> {
    let (Some(Arg::Regex(regex)), Some(subst)) = (args.first(), arg::custom::<Substitution>(args, 1)) else {
        return Err(Absent::Never);
    };
    let text = arg::bytes(value)?;
    let mut out = Vec::with_capacity(text.len() + 32);
    let matched = regex.replace(&text, &subst.template, subst.all, env.world.buf_size(), &mut out);
    Ok(Value::Str(if matched { out.into() } else { text }))
}
