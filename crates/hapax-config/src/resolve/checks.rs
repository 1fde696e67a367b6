//! Health checks that cannot work: nowhere to connect to, no program to run.

use hapax_diag::{Diagnostic, Lead};
use hapax_value::Endpoint;

use super::proxy::One;
use crate::codes;
use crate::draft::Draft;
use crate::plan::{Act, CheckPort, Connect, Script, ScriptKind, Server};
use crate::topic::checks::CheckType;

pub(super) fn finish(cx: &mut One<'_, '_>, draft: &Draft) {
    external(cx, draft);
    let kind = draft.kind_name();
    for s in &draft.proxy.servers {
        let Some(lack) = lack_of_port(s) else { continue };
        let message = format!(
            "config: {kind} '{}': server '{}' has neither service port nor check port{lack}",
            draft.proxy.name, s.name
        );
        cx.push(Diagnostic::alert(&codes::SERVER, message).at(s.span).lead(Lead::Bare));
    }
}

/// What the message about a check without a port ends with; `None`: there is one, or none is needed.
pub(crate) fn lack_of_port(s: &Server) -> Option<&'static str> {
    let check = s.check.as_ref()?;
    let to = check.address.as_ref().or(s.address.as_ref());
    let Some(Endpoint::Ip(to)) = to else { return None };
    if to.ip().is_unspecified() {
        // Nobody can tell yet where such a check goes.
        return None;
    }
    let own = if s.port_offset.is_some() { 0 } else { s.port };
    if check.port.is_some() || own != 0 || (check.address.is_some() && to.port() != 0) {
        return None;
    }
    without_port(&check.script)
}

fn without_port(script: &Script) -> Option<&'static str> {
    let mut connects = script.steps.iter().filter_map(|s| match &s.act {
        Act::Connect(c) => Some(&**c),
        _ => None,
    });
    let bare = script.kind == ScriptKind::Tcp && script.is_bare();
    if bare || matches!(script.kind, ScriptKind::Connect | ScriptKind::External) {
        return Some(".");
    }
    match connects.next() {
        Some(first) if has_port(first) => (!connects.all(has_port)).then_some(", and a tcp_check rule 'connect' with no port information."),
        _ => Some(" nor tcp_check rule 'connect' with port information."),
    }
}

fn has_port(c: &Connect) -> bool {
    let of_address = matches!(&c.address, Some(Endpoint::Ip(a)) if a.port() != 0);
    of_address || matches!(c.port, Some(CheckPort::Fixed(n)) if n != 0)
}

/// `option external-check` and what belongs to it.
fn external(cx: &mut One<'_, '_>, draft: &Draft) {
    let (kind, name, rules) = (draft.kind_name(), &draft.proxy.name, &draft.checks);
    let at = draft.proxy.span;
    let given = &rules.external;
    if rules.kind != Some(CheckType::External) {
        for (word, given) in [("command", !given.command.is_empty()), ("path", given.path.is_some())] {
            if given {
                let message = format!("'external-check {word}' will be ignored for {kind} '{name}' (requires 'option external-check').");
                let d = Diagnostic::warning(&codes::SERVER, message).at(at);
                cx.push(d.lead(Lead::Bare));
            }
        }
    }
    if !given.command.is_empty() && !given.command.starts_with('/') && given.path.is_none() {
        let message = format!("Proxy '{name}': 'external-check command' does not have a leading '/' and 'external-check path' is not set.");
        let d = Diagnostic::alert(&codes::SERVER, message).at(at);
        cx.reader.diags.push(d.lead(Lead::Bare));
    }
    if rules.kind != Some(CheckType::External) {
        return;
    }
    let mut refuse = |message: String| {
        let d = Diagnostic::alert(&codes::SERVER, message).at(at);
        cx.reader.diags.push(d.lead(Lead::Bare));
    };
    if !cx.reader.global.external_check {
        refuse(format!(
            "Proxy '{name}' : 'option external-check' unable to find required 'global.external-check'."
        ));
    }
    if given.command.is_empty() {
        refuse(format!(
            "Proxy '{name}' : 'option external-check' unable to find required 'external-check command'."
        ));
    }
    if !cx.reader.fork_wanted {
        let message =
            format!("Proxy '{name}' : 'insecure-fork-wanted' not enabled in the global section, 'option external-check' will likely fail.");
        cx.push(Diagnostic::warning(&codes::SERVER, message).at(at).lead(Lead::Bare));
    }
}
