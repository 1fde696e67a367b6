//! `defaults`, `frontend`, `listen` and `backend`: headings, names, and which defaults they start from.

use std::sync::Arc;

use hapax_diag::{Diagnostic, Severity, Span};

use super::other::invalid_char;
use super::{BASE, SectionRow};
use crate::args::Args;
use crate::codes;
use crate::draft::Draft;
use crate::keyword::Sections;
use crate::reader::{Current, Reader};

pub(super) const DEFAULTS: SectionRow = SectionRow {
    name: "defaults",
    bit: Sections::DEFAULTS,
    usage: "[<name>] [from <defaults>]",
    doc: "Values for the proxies that follow.",
    start: start_defaults,
    ..BASE
};
pub(super) const FRONTEND: SectionRow = SectionRow {
    name: "frontend",
    bit: Sections::FRONTEND,
    usage: "<name> [from <defaults>]",
    doc: "Accepts client connections.",
    start: start_proxy,
    ..BASE
};
pub(super) const LISTEN: SectionRow = SectionRow {
    name: "listen",
    bit: Sections::LISTEN,
    usage: "<name> [from <defaults>]",
    doc: "A frontend and its backend in one section.",
    start: start_proxy,
    ..BASE
};
pub(super) const BACKEND: SectionRow = SectionRow {
    name: "backend",
    bit: Sections::BACKEND,
    usage: "<name> [from <defaults>]",
    doc: "Servers that requests are sent to.",
    start: start_proxy,
    ..BASE
};

fn heading(message: String, at: Span) -> Diagnostic {
    Diagnostic::alert(&codes::SECTION_NAME, message).at(at)
}

fn bad_char(args: &Args<'_>) -> Option<Diagnostic> {
    let c = invalid_char(args.bytes(0))?;
    Some(heading(
        format!(
            "character '{}' is not permitted in '{}' name '{}'.",
            char::from(c),
            args.name,
            args.show(0)
        ),
        args.at(0),
    ))
}

fn start_defaults(cx: &mut Reader<'_>, args: &Args<'_>) -> Result<(), Diagnostic> {
    let named = !args.is_empty() && args.str(0) != "from";
    let name: Arc<str> = if named { args.arc_str(0) } else { Arc::from("") };
    let parent = match named_parent(cx, args, usize::from(named)) {
        Ok(p) => Ok(p.unwrap_or(0)),
        Err(d) => Err(d),
    };
    let base = parent.as_ref().map_or(0, |p| *p);
    let mut draft = Draft::inherit(Sections::DEFAULTS, name, args.line, &cx.defaults[base]);
    draft.proxy.caps = crate::plan::ProxyCaps::all();
    cx.defaults.push(draft);
    cx.last_defaults = cx.defaults.len() - 1;
    cx.current = Current::Defaults(cx.last_defaults);
    let parent = parent?;
    if parent > 0 {
        use_defaults(cx, parent, true, args);
    }
    if base != 0 && has_rules(&cx.defaults[base]) {
        let message = "a defaults section cannot inherit from a defaults section defining TCP/HTTP rules";
        return Err(inherited_rules(cx, base, message, true, args));
    }
    Ok(())
}

/// Notes how a `defaults` section is used. One that is used both by its name and by its place is told.
fn use_defaults(cx: &mut Reader<'_>, index: usize, by_name: bool, args: &Args<'_>) {
    let defaults = &mut cx.defaults[index];
    if by_name {
        defaults.named_by = true;
    } else {
        defaults.followed_by = true;
    }
    let (name, span) = (defaults.proxy.name.clone(), defaults.proxy.span);
    if !(defaults.named_by && defaults.followed_by) || name.is_empty() {
        return;
    }
    let message = format!(
        "defaults section '{name}' (declared at {}:{}) is explicitly referenced by another proxy and implicitly used here. To avoid any \
         ambiguity don't mix both usage. Add a last defaults section not explicitly used or always use explicit references.",
        cx.file_name(span.file),
        span.line
    );
    let d = Diagnostic::warning(&codes::AMBIGUOUS_DEFAULTS, message).at(args.span);
    cx.diags.push(d.related(span, "this section"));
}

fn start_proxy(cx: &mut Reader<'_>, args: &Args<'_>) -> Result<(), Diagnostic> {
    let kind = cx.section().map_or(Sections::LISTEN, |s| s.bit);
    let name = args.arc_str(0);
    let parent = named_parent(cx, args, 1);
    let base = match &parent {
        Ok(Some(p)) => *p,
        _ => cx.last_defaults,
    };
    if parent.is_ok() && base > 0 {
        use_defaults(cx, base, matches!(parent, Ok(Some(_))), args);
    }
    cx.proxies
        .push(Box::new(Draft::inherit(kind, name.clone(), args.line, &cx.defaults[base])));
    let index = cx.proxies.len() - 1;
    cx.current = Current::Proxy(index);
    if args.bytes(0).is_empty() {
        return Err(args.missing(format!("'{}' expects an <id> argument", args.name)));
    }
    if let Some(d) = bad_char(args) {
        // 3.5 says so with no less gravity than before, and takes the name all the same.
        if cx.opts.for_version.is_some_and(|v| v < (3, 5)) {
            return Err(d);
        }
        cx.diags.push(Diagnostic {
            severity: Severity::Warning,
            ..d
        });
    }
    let taken = same_name(cx, index, args);
    cx.proxy_names.entry(name).or_default().push(index);
    match taken {
        Some(d) if d.severity == Severity::Alert => return Err(d),
        Some(d) => cx.diags.push(d),
        None => {}
    }
    parent?;
    match misused_rules(cx, base, kind, args) {
        Some(d) => Err(d),
        None => Ok(()),
    }
}

fn has_rules(d: &Draft) -> bool {
    d.proxy.rule_sets().iter().any(|(_, rules)| !rules.is_empty())
}

fn inherited_rules(cx: &Reader<'_>, base: usize, message: &str, with_place: bool, args: &Args<'_>) -> Diagnostic {
    let at = cx.defaults[base].proxy.span;
    let place = format!(" (defaults section at {}:{})", cx.file_name(at.file), at.line);
    let message = format!("{message}{}.", if with_place { &place } else { "" });
    let d = Diagnostic::alert(&codes::DEFAULTS_RULES, message).at(args.span).tight();
    d.related(at, "the rules are defined here")
}

/// Rules of a `defaults` section run in the proxies of one side only, and only where their rule set exists.
fn misused_rules(cx: &mut Reader<'_>, base: usize, kind: Sections, args: &Args<'_>) -> Option<Diagnostic> {
    let defaults = &mut cx.defaults[base];
    if !has_rules(defaults) {
        return None;
    }
    if kind == Sections::LISTEN {
        let message = "a listen section cannot inherit from a defaults section defining TCP/HTTP rules";
        return Some(inherited_rules(cx, base, message, false, args));
    }
    let front = kind == Sections::FRONTEND;
    let other = defaults.rules_used_by.replace(kind).is_some_and(|k| k != kind);
    let p = &defaults.proxy;
    let message = if other {
        "frontends and backends cannot inherit from the same defaults section if it defines TCP/HTTP rules"
    } else if !(front || p.tcp_conn_rules.is_empty() && p.tcp_sess_rules.is_empty()) {
        "a backend section cannot inherit from a defaults section defining 'tcp-request connection' or 'tcp-request session' rules"
    } else if front && !p.tcp_res_rules.is_empty() {
        "a frontend section cannot inherit from a defaults section defining 'tcp-response content' rules"
    } else {
        return None;
    };
    Some(inherited_rules(cx, base, message, true, args))
}

/// Another proxy of this name. One frontend and one backend could share a name until 3.3: they still may, with a warning,
/// unless such a version is asked for.
fn same_name(cx: &Reader<'_>, index: usize, args: &Args<'_>) -> Option<Diagnostic> {
    let (name, new) = (args.show(0), &cx.proxies[index]);
    let others = || cx.proxy_names.get(name.as_str()).into_iter().flatten().map(|i| &cx.proxies[*i]);
    let clash = others().find(|o| o.proxy.caps.intersects(new.proxy.caps));
    let other = clash.or_else(|| others().next())?;
    let severity = match (clash, cx.opts.for_version) {
        (None, Some(v)) if v < (3, 3) => return None,
        (None, None) => Severity::Warning,
        _ => Severity::Alert,
    };
    let (a, b) = (new.kind_name(), other.kind_name());
    let (file, line) = (cx.file_name(other.proxy.span.file), other.proxy.span.line);
    let mut message = format!("{a} '{name}' has the same name as {b} '{name}' declared at {file}:{line}.");
    if clash.is_none() {
        message += " This is no longer supported as of 3.3. Please rename one or the other.";
    }
    let d = Diagnostic::new(&codes::DUPLICATE_NAME, severity, message);
    Some(d.at(args.at(0)).related(other.proxy.span, "first declared here"))
}

/// The section after `from`, where there is one; what else stands in the heading is refused.
fn named_parent(cx: &Reader<'_>, args: &Args<'_>, after: usize) -> Result<Option<usize>, Diagnostic> {
    if args.len() <= after {
        return Ok(None);
    }
    if args.str(after) != "from" {
        // HAProxy passes over further words here, and only here: behind such a backend it refuses the next line.
        if args.name == "defaults" {
            return Ok(None);
        }
        return Err(heading(
            "please use the 'bind' keyword for listening addresses.".to_owned(),
            args.at(after),
        ));
    }
    let name = args.show(after + 1);
    if args.name != "defaults" {
        args.at_most(after + 2)?;
    }
    match cx
        .defaults
        .iter()
        .rposition(|d| &*d.proxy.name == name.as_str() && !name.is_empty())
    {
        Some(i) => Ok(Some(i)),
        None => Err(heading(
            format!("defaults section '{name}' not found for {} '{}'.", args.name, args.show(0)),
            args.at(after + 1),
        )),
    }
}
