//! Certificates that are no longer valid, or soon will not be.

use hapax_diag::{Code, Severity};
use x509_parser::parse_x509_certificate;

use super::{Facts, Found, Lint};
use crate::plan::Certificate;

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
    let (Some(plan), Some(now)) = (facts.plan, facts.around.now) else {
        return;
    };
    let mut told: Vec<&str> = Vec::new();
    for bind in plan.proxies.iter().flat_map(|p| &p.binds) {
        for cert in bind.tls.iter().flat_map(|tls| &tls.certs) {
            if told.contains(&cert.path.as_str()) {
                continue;
            }
            if let Some(what) = leaf(cert).and_then(|(from, until)| verdict(from, until, now)) {
                told.push(&cert.path);
                found.say(bind.span, format!("the certificate {} {what}", cert.path), "renew it");
            }
        }
    }
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
