//! `fcgi-app`: how a FastCGI application is spoken to.

use hapax_diag::{Diagnostic, Lead};
use hapax_sample::acl::{AclSet, Condition};

use super::{Topic, no_inherit};
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::reader::Reader;
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "fcgi app",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("acl", Sections::FCGI_APP)
        .usage("<name> <criterion> [flags] [operator] <value> ...")
        .shape(Shape::Words(2, 64))
        .doc("A named condition.")
        .not_yet("FastCGI")
        .set(acl)
        .ok(&["acl is_php path_end .php"])
        .bad(&["acl x nothing_known", "acl x"]),
    Row::new("docroot", Sections::FCGI_APP)
        .usage("<path>")
        .shape(Shape::Word("<path>"))
        .doc("Where the application's files are.")
        .not_yet("FastCGI")
        .ok(&["docroot /var/www"])
        .bad(&["docroot", "docroot one two"]),
    Row::new("index", Sections::FCGI_APP)
        .usage("<script name>")
        .shape(Shape::Word("<script name>"))
        .doc("Script of addresses that end with a slash.")
        .not_yet("FastCGI")
        .ok(&["index index.php"])
        .bad(&["index", "index one two"]),
    Row::new("log-stderr", Sections::FCGI_APP)
        .usage("{ global | <target> [len <length>] [format <format>] <facility> [<level> [<minlevel>]] }")
        .shape(Shape::Words(1, 64))
        .doc("Where the application's error output goes.")
        .not_yet("FastCGI")
        .set(|_, a| {
            let complete = a.len() == 1 && a.str(0) == "global" || a.len() > 1;
            complete
                .then_some(())
                .ok_or_else(|| a.missing("log-stderr : expects <address> and <facility> or global as arguments"))
        })
        .ok(&["log-stderr global"])
        .bad(&["log-stderr x", "log-stderr"]),
    Row::new("pass-header", Sections::FCGI_APP)
        .usage("<name> [{ if | unless } <condition>]")
        .shape(Shape::Words(1, 64))
        .doc("Header that is passed although it usually is not.")
        .not_yet("FastCGI")
        .set(|cx, a| rest(cx, a, 1))
        .ok(&["pass-header x-powered-by"])
        .bad(&["pass-header x if nobody", "pass-header x y", "pass-header"]),
    Row::new("path-info", Sections::FCGI_APP)
        .usage("<regex>")
        .shape(Shape::Word("<regex>"))
        .doc("How the path is split into script and path information.")
        .not_yet("FastCGI")
        .set(|_, a| {
            let why = hapax_sample::regexp::Regexp::new(a.bytes(0), false);
            why.map(|_| ()).map_err(|e| a.bad(0, format!("'{}' : {e}.", a.show(0))))
        })
        .ok(&["path-info ^(/.+\\.php)(/.*)?$"])
        .bad(&["path-info (", "path-info", "path-info one two"]),
    Row::new("option get-values", Sections::FCGI_APP)
        .shape(Shape::Nothing)
        .doc("Asks the application what it can do.")
        .negatable()
        .not_yet("FastCGI")
        .ok(&["option get-values"])
        .bad(&["option get-values extra"]),
    Row::new("option keep-conn", Sections::FCGI_APP)
        .shape(Shape::Nothing)
        .doc("Asks the application to keep connections.")
        .negatable()
        .not_yet("FastCGI")
        .ok(&["option keep-conn"])
        .bad(&["option keep-conn extra"]),
    Row::new("option max-reqs", Sections::FCGI_APP)
        .usage("<number>")
        .shape(Shape::Lax(1, i64::MAX))
        .doc("Requests one connection may carry at once.")
        .not_yet("FastCGI")
        .ok(&["option max-reqs 10"])
        .bad(&["option max-reqs 0x", "option max-reqs", "option max-reqs 0"]),
    Row::new("option mpxs-conns", Sections::FCGI_APP)
        .shape(Shape::Nothing)
        .doc("Sends several requests over one connection.")
        .negatable()
        .not_yet("FastCGI")
        .ok(&["option mpxs-conns"])
        .bad(&["option mpxs-conns extra"]),
    Row::new("set-param", Sections::FCGI_APP)
        .usage("<name> <format> [{ if | unless } <condition>]")
        .shape(Shape::Words(2, 64))
        .doc("Sets a parameter of the request.")
        .not_yet("FastCGI")
        .set(|cx, a| {
            hapax_sample::logformat::LogFormat::compile_text(a.bytes(1), a.at(1), &mut cx.compile())?;
            rest(cx, a, 2)
        })
        .ok(&["set-param REMOTE_USER %[src]"])
        .bad(&["set-param x y z", "set-param x"]),
];

/// The ACLs of the section are its own.
fn with_acls<R>(cx: &mut Reader<'_>, f: impl FnOnce(&mut AclSet, &mut Reader<'_>) -> R) -> R {
    let mut acls = std::mem::take(&mut cx.app_acls);
    let made = f(&mut acls, cx);
    cx.app_acls = acls;
    made
}

fn acl(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    with_acls(cx, |acls, cx| acls.add(&a.tokens(0), &mut cx.compile())).map_err(|d| {
        let message = format!(
            "error detected while parsing ACL '{}' : {}.",
            a.show(0),
            d.message.trim_end_matches('.')
        );
        Diagnostic { message, ..d }
    })
}

/// What stands behind the first `from` words: nothing, or a condition.
fn rest(cx: &mut Reader<'_>, a: &Args<'_>, from: usize) -> Result<(), Diagnostic> {
    if a.len() <= from {
        return Ok(());
    }
    if !matches!(a.str(from), "if" | "unless") {
        return Err(a.unexpected(from));
    }
    let cond = with_acls(cx, |acls, cx| Condition::parse(&a.tokens(from), acls, &mut cx.compile()));
    cond.map(|_| ()).map_err(|d| d.prefixed(&format!("'{}' : ", a.show(0))))
}

/// What the section must have said by its end.
pub(crate) fn end(cx: &mut Reader<'_>) -> Result<(), Diagnostic> {
    let name = cx.section_name();
    cx.app_acls = AclSet::default();
    let alert = |message: String| Err(Diagnostic::alert(&codes::MISSING_ARGUMENT, message).lead(Lead::Config));
    if cx.said("docroot").is_none() {
        return alert(format!("fcgi-app '{name}': no docroot configured."));
    }
    let many = cx.said("option max-reqs").is_some_and(|(n, _)| hapax_value::leading_number(n) > 1);
    if many && cx.said("option mpxs-conns").is_none() {
        return alert(format!(
            "fcgi-app '{name}': multiplexing not supported, ignore the option 'max-reqs'."
        ));
    }
    Ok(())
}
