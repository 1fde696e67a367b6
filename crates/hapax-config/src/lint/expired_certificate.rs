//! Certificates that are no longer valid, or soon will not be.

use std::collections::HashSet;

use hapax_diag::{Code, Severity, Span};
use x509_parser::parse_x509_certificate;

use super::{Facts, Found, Lint};
use crate::plan::{Certificate, Plan};

pub(super) static LINT: Lint = Lint {
    name: "expired-certificate",
    code: Code {
        id: "HX0516",
        title: "certificate out of date",
        explain: "Clients refuse a certificate whose time is over or has not come yet. Nothing is served wrongly by HAProxy itself, so it says \
                  nothing.",
    },
    severity: Severity::Warning,
    run,
    ok: &["frontend f\n bind :80\n"],
    bad: &[],
};

const DAY: i64 = 24 * 3600;

fn run(facts: &Facts<'_>, found: &mut Found<'_>) {
    let Some(now) = facts.around.now else {
        return;
    };
    for cert in facts.certificates {
        if let Some(what) = verdict(cert.valid.0, cert.valid.1, now) {
            found.say(cert.line, format!("the certificate {} {what}", cert.path), "renew it");
        }
    }
}

/// A certificate that a `bind` line loads.
pub struct Loaded {
    line: Span,
    path: String,
    /// From when until when, in seconds since 1970.
    valid: (i64, i64),
}

/// Every certificate once, where it is loaded first.
pub(super) fn loaded(plan: &Plan) -> Vec<Loaded> {
    let mut known = HashSet::new();
    let mut all = Vec::new();
    for bind in plan.proxies.iter().flat_map(|p| &p.binds) {
        for (cert, _) in bind.tls.iter().flat_map(|tls| plan.stored.entries(tls)) {
            if let Some(valid) = leaf(cert)
                && known.insert(cert.path.as_str())
            {
                all.push(Loaded {
                    line: bind.span,
                    path: cert.path.clone(),
                    valid,
                });
            }
        }
    }
    all
}

/// From when until when the leaf is valid, in seconds since 1970.
fn leaf(cert: &Certificate) -> Option<(i64, i64)> {
    let (_, parsed) = parse_x509_certificate(cert.chain.first()?).ok()?;
    let validity = parsed.validity();
    Some((validity.not_before.timestamp(), validity.not_after.timestamp()))
}

fn verdict(from: i64, until: i64, now: i64) -> Option<String> {
    let days = |seconds: i64| match seconds / DAY {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        n => format!("{n} days"),
    };
    if until < now {
        Some(format!("expired {} ago", days(now - until)))
    } else if now < from {
        Some(format!("becomes valid in {}", days(from - now)))
    } else if until - now < 7 * DAY {
        Some(format!("expires in {}", days(until - now)))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        let (from, until) = (100 * DAY, 200 * DAY);
        let table = [
            (150 * DAY, None),
            (200 * DAY + 1, Some("expired less than a day ago")),
            (203 * DAY, Some("expired 3 days ago")),
            (198 * DAY, Some("expires in 2 days")),
            (99 * DAY, Some("becomes valid in 1 day")),
        ];
        for (now, want) in table {
            assert_eq!(verdict(from, until, now).as_deref(), want, "{now}");
        }
    }
}
