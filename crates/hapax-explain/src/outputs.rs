//! Results for build servers: the Test Anything Protocol (version 14) and JUnit's XML.

use std::fmt::Write as _;

use crate::judge::CaseResult;

/// `1..N` and a line for each case; what failed stands in comments below it.
pub fn tap(results: &[CaseResult]) -> String {
    let mut out = format!("TAP version 14\n1..{}\n", results.len());
    for (i, result) in results.iter().enumerate() {
        let verdict = if result.passed() { "ok" } else { "not ok" };
        // A hash would start a directive.
        let name = result.name.replace('\\', "\\\\").replace('#', "\\#").replace('\n', " ");
        let _ = writeln!(out, "{verdict} {} - {name}", i + 1);
        for failure in &result.failures {
            let _ = writeln!(out, "# {}", failure.replace('\n', " "));
        }
    }
    out
}

/// One suite of that name.
pub fn junit(suite: &str, results: &[CaseResult]) -> String {
    let failed = results.iter().filter(|r| !r.passed()).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let name = xml(suite);
    let _ = writeln!(out, "<testsuites tests=\"{0}\" failures=\"{failed}\" errors=\"0\">", results.len());
    let _ = writeln!(
        out,
        "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"0\">",
        results.len()
    );
    for result in results {
        let case = xml(&result.name);
        if result.passed() {
            let _ = writeln!(out, "    <testcase classname=\"{name}\" name=\"{case}\"/>");
            continue;
        }
        let _ = writeln!(out, "    <testcase classname=\"{name}\" name=\"{case}\">");
        for failure in &result.failures {
            let _ = writeln!(out, "      <failure message=\"{}\" type=\"expectation\"/>", xml(failure));
        }
        let _ = writeln!(out, "    </testcase>");
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// Text as XML holds it; characters that XML cannot hold become U+FFFD.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            c if (c < ' ' && c != '\t') || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results() -> Vec<CaseResult> {
        let case = |name: &str, failures: &[&str]| CaseResult {
            name: name.into(),
            failures: failures.iter().map(|f| (*f).to_owned()).collect(),
            report: None,
        };
        vec![case("a #1 <ok>", &[]), case("b", &["status is 200, not 404", "x\n\"y\""])]
    }

    #[test]
    fn tap_tells_every_case() {
        let want = "TAP version 14\n1..2\nok 1 - a \\#1 <ok>\nnot ok 2 - b\n# status is 200, not 404\n# x \"y\"\n";
        assert_eq!(tap(&results()), want);
    }

    #[test]
    fn junit_counts_and_escapes() {
        let out = junit("f.toml", &results());
        assert!(out.contains("<testsuites tests=\"2\" failures=\"1\" errors=\"0\">"), "{out}");
        assert!(out.contains("name=\"a #1 &lt;ok&gt;\"/>"), "{out}");
        assert!(out.contains("message=\"x&#10;&quot;y&quot;\" type=\"expectation\"/>"), "{out}");
    }
}
