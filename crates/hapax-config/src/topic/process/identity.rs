//! User and group the process becomes, and the variables it reads the rest of the file with.

use hapax_diag::Diagnostic;

use crate::accounts;
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::once::Once;
use crate::reader::Reader;
use crate::shape::Shape;

const fn global(name: &'static str) -> Row {
    Row::new(name, Sections::GLOBAL)
}

pub(super) static ROWS: &[Row] = &[
    global("user")
        .once(Once::LOUD.shares("uid").called("user/uid").zero_counts())
        .usage("<name>")
        .shape(Shape::Word("<name>"))
        .doc("User the process becomes once it has bound its sockets.")
        .ok(&["user root"])
        .bad(&["user", "user a b", "user no-such-user-here"])
        .set(|cx, a| {
            let id = accounts::user(cx.files, a.str(0)).ok_or_else(|| unknown(a, "user"))?;
            cx.global.uid = Some(id);
            cx.global.user = Some(a.show(0));
            Ok(())
        }),
    global("group")
        .once(Once::LOUD.shares("gid").called("gid/group was").zero_counts())
        .usage("<name>")
        .shape(Shape::Word("<name>"))
        .doc("Group the process becomes.")
        .ok(&["group root"])
        .bad(&["group", "group a b", "group no-such-group-here"])
        .set(|cx, a| {
            let id = accounts::group(cx.files, a.str(0)).ok_or_else(|| unknown(a, "group"))?;
            cx.global.gid = Some(id);
            cx.global.group = Some(a.show(0));
            Ok(())
        }),
    global("uid")
        .once(Once::LOUD.called("user/uid").zero_counts())
        .usage("<number>")
        .shape(Shape::Word("<number>"))
        .doc("User the process becomes, by number.")
        .ok(&["uid 0"])
        .bad(&["uid"])
        .set(|cx, a| {
            cx.global.uid = number(cx, a, "user");
            Ok(())
        }),
    global("gid")
        .once(Once::LOUD.called("group/gid").zero_counts())
        .usage("<number>")
        .shape(Shape::Word("<number>"))
        .doc("Group the process becomes, by number.")
        .ok(&["gid 0"])
        .bad(&["gid"])
        .set(|cx, a| {
            cx.global.gid = number(cx, a, "group");
            Ok(())
        }),
    global("setenv")
        .read_first()
        .usage("<name> <value>")
        .shape(Shape::Any)
        .doc("Sets a variable for the lines that follow.")
        .ok(&["setenv NAME value"])
        .bad(&["setenv", "setenv NAME", "setenv NAME a b"])
        .set(|cx, a| {
            pair(a)?;
            cx.env.set(a.bytes(0), a.bytes(1));
            Ok(())
        }),
    global("presetenv")
        .read_first()
        .usage("<name> <value>")
        .shape(Shape::Any)
        .doc("Sets a variable that has no value yet.")
        .ok(&["presetenv NAME value"])
        .bad(&["presetenv", "presetenv NAME"])
        .set(|cx, a| {
            pair(a)?;
            cx.env.preset(a.bytes(0), a.bytes(1));
            Ok(())
        }),
    global("unsetenv")
        .read_first()
        .usage("<name>...")
        .shape(Shape::Any)
        .doc("Removes variables.")
        .ok(&["unsetenv NAME OTHER"])
        .bad(&["unsetenv"])
        .set(|cx, a| {
            if a.is_empty() {
                return Err(a.missing(format!("'{}' expects at least one variable name.", a.name)));
            }
            for w in a.words {
                cx.env.unset(&w.bytes);
            }
            Ok(())
        }),
    global("resetenv")
        .read_first()
        .usage("[<name>...]")
        .shape(Shape::Any)
        .doc("Removes every variable that is not named.")
        .ok(&["resetenv", "resetenv PATH"])
        .set(|cx, a| {
            let keep: Vec<&[u8]> = a.words.iter().map(|w| &*w.bytes).collect();
            cx.env.reset(&keep);
            Ok(())
        }),
];

fn unknown(a: &Args<'_>, what: &str) -> Diagnostic {
    Diagnostic::alert(
        &codes::MISSING_FILE,
        format!("cannot find {what} id for '{}' (0:Success)", a.show(0)),
    )
    .at(a.at(0))
    .help(format!("create the {what} on this machine, or name one that exists"))
    .missing()
}

fn number(cx: &mut Reader<'_>, a: &Args<'_>, other: &str) -> Option<u32> {
    let parsed = a.str(0).parse().ok();
    if parsed.is_none() {
        let message = format!(
            " {}: string '{}' is not a number.\n   | You might want to use the '{other}' parameter to use a system {other} name.",
            a.name,
            a.show(0)
        );
        cx.diags.push(Diagnostic::warning(&codes::BAD_ARGUMENT, message).at(a.at(0)));
    }
    parsed
}

fn pair(a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.len() < 2 {
        return Err(a.missing(format!("'{}' expects a name and a value.", a.name)));
    }
    a.at_most(2)
}
