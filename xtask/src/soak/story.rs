//! The story of a request that failed: its line in the log, and what befell the servers while it was under way, and shortly before.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use super::clients::Failure;
use super::farm::Blow;

/// How long before a request its servers' fates matter: a check needs a while to notice.
const BEFORE: Duration = Duration::from_secs(2);

pub(super) fn of(f: &Failure, lines: &[(SystemTime, String)], blows: &[Blow]) -> String {
    let (from, to) = (f.began.checked_sub(BEFORE).unwrap_or(f.began), f.ended + Duration::from_millis(100));
    let mark = format!("id={} ", f.id);
    let mut events: Vec<(SystemTime, String)> = Vec::new();
    let within = |at: SystemTime| from <= at && at <= to;
    for b in blows.iter().filter(|b| within(b.at)) {
        events.push((b.at, format!("s{} {}", b.server, b.what)));
    }
    for (at, line) in lines {
        let its = line.contains(&mark);
        if its || (within(*at) && !line.contains("REQ ")) {
            // What stands before is the log's own header.
            let start = line.find("REQ ").or_else(|| line.find("Server ")).unwrap_or(0);
            events.push((*at, line[start..].trim_end().to_owned()));
        }
    }
    events.push((f.began, "the request begins".to_owned()));
    events.push((f.ended, format!("the client sees: {}", f.why)));
    events.sort_by_key(|(at, _)| *at);
    let mut out = format!("request {}", f.id);
    for (at, what) in events {
        let _ = write!(out, "\n  {:+5} ms  {what}", since(f.began, at));
    }
    out
}

/// Milliseconds from one to the other; negative where the other was before.
fn since(a: SystemTime, b: SystemTime) -> i64 {
    let ms = |d: Duration| i64::try_from(d.as_millis()).unwrap_or(i64::MAX);
    match b.duration_since(a) {
        Ok(d) => ms(d),
        Err(e) => -ms(e.duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_belongs_to_it() {
        let t = |ms: u64| SystemTime::UNIX_EPOCH + Duration::from_millis(10_000 + ms);
        let f = Failure {
            id: "3-14".to_owned(),
            why: "status 503".to_owned(),
            began: t(5000),
            ended: t(5700),
        };
        let blow = |ms, server, what| Blow { at: t(ms), server, what };
        let lines = [
            (t(2000), "<5>Server be/s1 is DOWN".to_owned()),
            (t(5300), "<5>Server be/s2 is DOWN".to_owned()),
            (t(5650), "<6>REQ sH 504 /2b?id=3-144 server s4".to_owned()),
            (t(5701), "<6>REQ SC 503 /2b?id=3-14 server s2".to_owned()),
        ];
        let got = of(
            &f,
            &lines,
            &[blow(100, 1, "killed"), blow(4900, 2, "killed"), blow(9000, 3, "paused")],
        );
        assert_eq!(
            got,
            "request 3-14\n   -100 ms  s2 killed\n     +0 ms  the request begins\n   +300 ms  Server be/s2 is DOWN\n   +700 ms  the client sees: status 503\n   \
             +701 ms  REQ SC 503 /2b?id=3-14 server s2"
        );
    }
}
