//! Setting and unsetting variables on the way.

use hapax_value::{Type, Value};

use super::arg;
use crate::vars::StoreIf;
use crate::{Absent, Arg, ArgKind, Compile, Converter, Env, Sampled};

pub(super) static ROWS: &[Converter] = &[
    Converter::new(
        "set-var",
        Type::Any,
        Type::Any,
        "Keeps the input in a variable, when the conditions given hold: `ifexists`, `ifnotexists`, `ifempty`, `ifnotempty`, \
         `ifset`, `ifnotset`, `ifgt`, `iflt`. The result is the input, or nothing where they do not hold.",
        |a, v, e| match (a.first(), a.get(1)) {
            (Some(Arg::Var(id)), Some(Arg::Int(when))) if e.set_var(*id, v.clone(), StoreIf::from_bits_truncate(*when as u8)) => Ok(v),
            _ => Err(Absent::Never),
        },
    )
    .args(&[ArgKind::Str; 5], 1)
    .check(check_set)
    .cases(
        &["str(a),set-var(txn.x)", "str(a),set-var(txn.x,ifexists,ifnotempty)"],
        &[
            "str(a),set-var(x)",
            "str(a),set-var(nowhere.x)",
            "str(a),set-var(txn.x,ifx)",
            "str(a),set-var",
        ],
    ),
    Converter::new(
        "unset-var",
        Type::Any,
        Type::Any,
        "Forgets a variable. The result is the input.",
        unset,
    )
    .args(&[ArgKind::Str], 1)
    .check(|args, cx| arg::var(args, 0, cx))
    .cases(&["str(a),unset-var(txn.x)"], &["str(a),unset-var(x)", "str(a),unset-var"]),
];

fn check_set(args: &mut Vec<Arg>, cx: &mut Compile<'_>) -> Result<(), String> {
    arg::var(args, 0, cx)?;
    let mut when = StoreIf::default();
    for at in 1..args.len() {
        if let Some(word) = arg::word(args, at) {
            when |= StoreIf::from_word(word)?;
        }
    }
    args.truncate(1);
    arg::put(args, 1, Arg::Int(i64::from(when.bits())));
    Ok(())
}

fn unset<'e>(args: &'e [Arg], value: Value<'e>, env: &'e Env<'e>) -> Sampled<'e> {
    if let Some(Arg::Var(id)) = args.first() {
        env.unset_var(*id);
    }
    Ok(value)
}
