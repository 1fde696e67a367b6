//! Which rules and ACLs a run of tests has looked at, and which it has taken.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hapax_config::Plan;
use hapax_diag::{Sources, Span};
use serde::Serialize;

use crate::report::{Report, Step};

/// How often a rule was met.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RuleUse {
    pub set: &'static str,
    pub proxy: String,
    pub looked_at: u32,
    pub taken: u32,
}

/// How often an ACL with a name was met.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AclUse {
    pub name: String,
    pub proxy: String,
    pub looked_at: u32,
    pub matched: u32,
}

/// File and line.
type Place = (u32, u32);

/// Every rule and every named ACL of a plan, by its place.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    rules: BTreeMap<Place, (String, RuleUse)>,
    acls: BTreeMap<Place, (String, AclUse)>,
}

/// Things met, and all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    pub met: usize,
    pub all: usize,
}

impl Share {
    /// Rounded down; of nothing, all is met.
    pub fn percent(self) -> usize {
        (self.met * 100).checked_div(self.all).unwrap_or(100)
    }
}

impl Coverage {
    /// All the rules and ACLs of the plan, none of them met.
    pub fn new(plan: &Plan, sources: &Sources) -> Self {
        let mut out = Self::default();
        let place = |span: Span| format!("{}:{}", sources.name(span.file), span.line);
        for proxy in plan.proxies.iter().filter(|p| !p.name.starts_with('<')) {
            let mut add = |set: &'static str, span: Span| {
                let rule = RuleUse {
                    set,
                    proxy: proxy.name.to_string(),
                    ..RuleUse::default()
                };
                // A rule of a defaults section stands once, in however many proxies it runs.
                out.rules.entry((span.file.0, span.line)).or_insert((place(span), rule));
            };
            for (set, rules) in proxy.rule_sets() {
                for rule in rules {
                    add(set, rule.span);
                }
            }
            for rule in &proxy.switching {
                add("use_backend", rule.span);
            }
            for (name, span) in &proxy.acls {
                let acl = AclUse {
                    name: name.to_string(),
                    proxy: proxy.name.to_string(),
                    ..AclUse::default()
                };
                out.acls.entry((span.file.0, span.line)).or_insert((place(*span), acl));
            }
        }
        out
    }

    pub(crate) fn count(&mut self, report: &Report) {
        for step in &report.steps {
            let Step::Rule(rule) = step else { continue };
            if let Some((_, known)) = self.rules.values_mut().find(|(place, _)| *place == rule.place) {
                known.looked_at += 1;
                known.taken += u32::from(rule.taken);
            }
        }
        for (at, matched) in &report.acls {
            if let Some((_, known)) = self.acls.get_mut(&(at.file.0, at.line)) {
                known.looked_at += 1;
                known.matched += u32::from(*matched);
            }
        }
    }

    /// Every rule with its place, in the order of the files.
    pub fn rules(&self) -> impl Iterator<Item = (&str, &RuleUse)> {
        self.rules.values().map(|(place, rule)| (place.as_str(), rule))
    }

    /// Every named ACL with the place of its first line, in the order of the files.
    pub fn acls(&self) -> impl Iterator<Item = (&str, &AclUse)> {
        self.acls.values().map(|(place, acl)| (place.as_str(), acl))
    }

    /// Rules taken at least once.
    pub fn rules_taken(&self) -> Share {
        Share {
            met: self.rules().filter(|(_, r)| r.taken > 0).count(),
            all: self.rules.len(),
        }
    }

    /// ACLs looked at at least once.
    pub fn acls_reached(&self) -> Share {
        Share {
            met: self.acls().filter(|(_, a)| a.looked_at > 0).count(),
            all: self.acls.len(),
        }
    }

    /// A summary, the rules that no test has taken, and the ACLs that no test has looked at or seen match.
    pub fn render(&self) -> String {
        let Share { met, all } = self.rules_taken();
        let mut out = format!("rules taken: {met} of {all}\n");
        for (place, rule) in self.rules().filter(|(_, r)| r.taken == 0) {
            let how = if rule.looked_at > 0 { "never taken" } else { "never reached" };
            let _ = writeln!(out, "  {place}: {} of {}: {how}", rule.set, rule.proxy);
        }
        let Share { met, all } = self.acls_reached();
        if all > 0 {
            let _ = writeln!(out, "ACLs reached: {met} of {all}");
        }
        for (place, acl) in self.acls().filter(|(_, a)| a.matched == 0 || a.matched == a.looked_at) {
            let how = match acl.looked_at {
                0 => "never reached",
                _ if acl.matched == 0 => "never matched",
                _ => "always matched",
            };
            let _ = writeln!(out, "  {place}: {} of {}: {how}", acl.name, acl.proxy);
        }
        out
    }
}
