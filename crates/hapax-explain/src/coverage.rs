//! Which rules a run of tests has looked at, and which it has taken.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hapax_config::Plan;
use hapax_diag::{Sources, Span};

use crate::report::{Report, Step};

/// How often a rule was met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleUse {
    pub set: &'static str,
    pub proxy: String,
    pub looked_at: u32,
    pub taken: u32,
}

/// Every rule of a plan, by its place.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    rules: BTreeMap<(u32, u32), (String, RuleUse)>,
}

impl Coverage {
    /// All the rules of the plan, none of them met.
    pub fn new(plan: &Plan, sources: &Sources) -> Self {
        let mut out = Self::default();
        for proxy in plan.proxies.iter().filter(|p| !p.name.starts_with('<')) {
            let mut add = |set: &'static str, span: Span| {
                let place = format!("{}:{}", sources.name(span.file), span.line);
                let rule = RuleUse {
                    set,
                    proxy: proxy.name.to_string(),
                    ..RuleUse::default()
                };
                // A rule of a defaults section stands once, in however many proxies it runs.
                out.rules.entry((span.file.0, span.line)).or_insert((place, rule));
            };
            for (set, rules) in [
                ("tcp-request connection", &proxy.tcp_conn_rules),
                ("tcp-request session", &proxy.tcp_sess_rules),
                ("tcp-request content", &proxy.tcp_req_rules),
                ("http-request", &proxy.http_req_rules),
                ("redirect", &proxy.redirects),
                ("tcp-response content", &proxy.tcp_res_rules),
                ("http-response", &proxy.http_res_rules),
                ("http-after-response", &proxy.http_after_rules),
            ] {
                for rule in rules {
                    add(set, rule.span);
                }
            }
            for rule in &proxy.switching {
                add("use_backend", rule.span);
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
    }

    /// Every rule with its place, in the order of the files.
    pub fn rules(&self) -> impl Iterator<Item = (&str, &RuleUse)> {
        self.rules.values().map(|(place, rule)| (place.as_str(), rule))
    }

    /// Rules taken at least once, and all rules.
    pub fn totals(&self) -> (usize, usize) {
        (self.rules().filter(|(_, r)| r.taken > 0).count(), self.rules.len())
    }

    /// A summary, and the rules that no test has taken.
    pub fn render(&self) -> String {
        let (taken, all) = self.totals();
        let mut out = format!("rules taken: {taken} of {all}\n");
        for (place, rule) in self.rules().filter(|(_, r)| r.taken == 0) {
            let how = if rule.looked_at > 0 { "never taken" } else { "never reached" };
            let _ = writeln!(out, "  {place}: {} of {}: {how}", rule.set, rule.proxy);
        }
        out
    }
}
