//! ACLs by name as a value (`acl(...)`).

use hapax_value::{Type, Value};

use crate::acl::Verdict;
use crate::{Absent, Arg, ArgKind, Call, Env, Fetch, NameRef, Needs, Sampled};

pub(super) static ROWS: &[Fetch] = &[Fetch::new(
    "acl",
    Type::Bool,
    Needs::ALL,
    "Whether all the named ACLs match, those with `!` before them turned round.",
    all,
)
.args(&[ArgKind::Acl; 12], 1)
.cases(&["acl(TRUE)", "acl(TRUE,!FALSE)"], &["acl", "acl()"])];

fn all<'e>(c: &mut Call<'_, 'e>) -> Sampled<'e> {
    for arg in c.args {
        if let Arg::Name(name) = arg
            && !holds(name, c.env)?
        {
            return Ok(Value::Bool(false));
        }
    }
    Ok(Value::Bool(true))
}

/// Whether the ACL matches, or does not where `!` stands before its name.
pub(crate) fn holds(name: &NameRef, env: &Env<'_>) -> Result<bool, Absent> {
    let matched = match name.acl.get().ok_or(Absent::Never)?.eval(env) {
        Verdict::Pass => true,
        Verdict::Fail => false,
        Verdict::Wait => return Err(Absent::NotYet),
    };
    Ok(matched != name.name.starts_with('!'))
}
