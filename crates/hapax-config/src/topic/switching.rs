//! ACLs and the choice of a backend: `acl`, `use_backend`, `default_backend`.

use hapax_diag::Diagnostic;
use hapax_rules::Rule;
use hapax_sample::Needs;

use super::Topic;
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::draft::{Draft, PendingSwitch};
use crate::keyword::Sections;
use crate::reader::Reader;
use crate::section::invalid_char;

pub(super) static TOPIC: Topic = Topic {
    name: "switching",
    rows: ROWS,
    inherit,
};

static ROWS: &[Row] = &[
    Row::new("acl", Sections::REAL.union(Sections::DEFAULTS))
        .usage("<name> <criterion> [<flag>...] [<operator>] <value>...")
        .named_defaults()
        .doc("Names a test for the conditions of the section.")
        .ok(&["acl local src 127.0.0.0/8", "acl api path_beg /api/"])
        .bad(&[
            "acl",
            "acl local",
            "acl a!b src 127.0.0.1",
            "acl or src 127.0.0.1",
            "acl x no_such_fetch",
        ])
        .set(acl),
    Row::new("use_backend", Sections::FRONTEND.union(Sections::LISTEN))
        .usage("<backend> [{ if | unless } <condition>]")
        .doc("Chooses the backend when the condition holds; its name may be a log format.")
        .ok(&["use_backend b if TRUE", "use_backend b unless { src 127.0.0.1 }", "use_backend b"])
        .bad(&["use_backend", "use_backend b when TRUE", "use_backend b if no_such_acl"])
        .set(use_backend),
    Row::new("default_backend", Sections::FRONT)
        .usage("<backend>")
        .doc("The backend when no `use_backend` line chooses one.")
        .ok(&["default_backend b"])
        .bad(&["default_backend", "default_backend a b"])
        .set(|cx, a| {
            if a.is_empty() {
                return Err(a.missing("'default_backend' expects a backend name."));
            }
            a.at_most(1)?;
            cx.proxy().default_backend = Some((a.arc_str(0), a.at(0)));
            Ok(())
        }),
    Row::new("redirect", Sections::REAL)
        .usage("{ location <format> | prefix <format> | scheme <format> } [code <status>] [<option>...] [{ if | unless } <condition>]")
        .doc("Old form of `http-request redirect`.")
        .ok(&["redirect location /new if TRUE", "redirect scheme https code 301"])
        .bad(&["redirect", "redirect nowhere"])
        .set(redirect),
];

fn acl(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if let Some(c) = invalid_char(a.bytes(0)) {
        return Err(a.bad(
            0,
            format!("character '{}' is not permitted in acl name '{}'.", char::from(c), a.show(0)),
        ));
    }
    if a.str(0).eq_ignore_ascii_case("or") {
        return Err(a.bad(
            0,
            format!(
                "acl name '{}' will never match. 'or' is used to express a disjunction within a condition.",
                a.show(0)
            ),
        ));
    }
    let mut acls = std::mem::take(&mut cx.proxy().acls);
    let first = !acls.contains(a.str(0));
    let added = acls.add(&a.tokens(0), &mut cx.compile());
    cx.proxy().acls = acls;
    if first && added.is_ok() {
        cx.proxy().proxy.acls.push((a.arc_str(0), a.at(0)));
    }
    added.map_err(|d| Diagnostic {
        message: format!(
            "error detected while parsing ACL '{}' : {}.",
            a.show(0),
            d.message.trim_end_matches('.')
        ),
        ..d
    })
}

fn use_backend(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.is_empty() {
        return Err(a.missing("'use_backend' expects a backend name."));
    }
    let cond = match a.str(1) {
        "if" | "unless" => cx.condition(a, 1).map_err(|d| {
            let message = format!("error detected while parsing switching rule : {}.", d.message.trim_end_matches('.'));
            Diagnostic { message, ..d }
        })?,
        "" if a.len() < 2 => None,
        other => {
            return Err(a.bad(
                1,
                format!("unexpected keyword '{other}' after switching rule, only 'if' and 'unless' are allowed."),
            ));
        }
    };
    if !cx.proxy().is_front() {
        return Ok(());
    }
    if !cx.proxy().use_server.is_empty() {
        tell_order(cx, a, "use_backend", "use-server");
    }
    if let Some(why) = cond.as_ref().and_then(|c| c.misplaced(Needs::FE_SWITCH, None)) {
        let d = Diagnostic::warning(&hapax_sample::codes::NEVER_MATCHES, why).at(a.at(1));
        cx.diags.push(d);
    }
    cx.proxy().switching.push(PendingSwitch {
        name: a.arc_bytes(0),
        cond,
        span: a.line,
        name_span: a.at(0),
    });
    Ok(())
}

/// A `redirect` line is an `http-request redirect` rule without log-format, and stands after all of them.
fn redirect(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let word = hapax_sample::acl::Token {
        bytes: b"redirect",
        span: a.span,
    };
    let mut words = vec![word];
    words.extend(a.tokens(0));
    let (kind, name) = (cx.proxy().kind_name(), cx.section_name());
    let rule: Rule = cx.static_redirect(&words, a.line).map_err(|d| {
        // The rule's own prologue names a rule set that the line does not.
        let said = d.message.split_once(" rule : ").map_or(d.message.as_str(), |(_, m)| m);
        let message = format!("error detected in {kind} '{name}' while parsing redirect rule : {said}");
        Diagnostic { message, ..d }
    })?;
    let (switched, served) = (!cx.proxy().switching.is_empty(), !cx.proxy().use_server.is_empty());
    if switched || served {
        tell_order(cx, a, "redirect", if switched { "use_backend" } else { "use-server" });
    }
    let d = cx.proxy();
    d.proxy.redirects.push(rule);
    d.asked.entry("redirect").or_insert(a.line);
    Ok(())
}

/// Warns that a line placed after others is run before them all the same.
pub(super) fn tell_order(cx: &mut Reader<'_>, a: &Args<'_>, what: &str, after: &str) {
    let article = if after.starts_with("http") { "an" } else { "a" };
    let message = format!("a '{what}' rule placed after {article} '{after}' rule will still be processed before.");
    cx.diags.push(Diagnostic::warning(&codes::RULE_ORDER, message).at(a.span));
}

fn inherit(to: &mut Draft, from: &Draft) {
    // Rules of a defaults section look at its own ACLs.
    to.proxy.acls.clone_from(&from.proxy.acls);
    if to.is_front() {
        to.default_backend.clone_from(&from.default_backend);
    }
}
