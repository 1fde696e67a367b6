use hapax_sample::acl::Token;

use super::*;
use crate::kit::{Bench, words};

fn filter(bench: &mut Bench, line: &str) -> Result<Arc<dyn FilterSpec>, Diagnostic> {
    let words = words(line);
    let span = Span::default();
    let tokens: Vec<Token<'_>> = words.iter().map(|w| Token { bytes: w, span }).collect();
    bench.compile(|cx, _, site| parse_filter(&tokens, site, cx, span))
}

#[test]
fn cases_of_every_row() {
    let mut names = Vec::new();
    for row in all() {
        assert!(row.doc.ends_with('.') && !row.ok.is_empty() && !row.bad.is_empty(), "{}", row.name);
        names.push(row.name);
        for case in row.ok {
            let mut bench = Bench::new();
            assert!(
                filter(&mut bench, case).is_ok(),
                "{case}: {:?}",
                filter(&mut Bench::new(), case).err().map(|d| d.message)
            );
            let told = bench.diags.iter().filter(|d| !d.missing).count();
            assert_eq!(told, usize::from(row.support != Support::Full), "{case}");
        }
        for case in row.bad {
            assert!(filter(&mut Bench::new(), case).is_err(), "{case}");
        }
    }
    names.sort_unstable();
    let known = [
        "bwlim-in",
        "bwlim-out",
        "cache",
        "comp-req",
        "comp-res",
        "compression",
        "fcgi-app",
        "spoe",
        "trace",
    ];
    assert_eq!(names, known);
}

#[test]
fn names_and_mistakes() {
    let named = |line| filter(&mut Bench::new(), line).expect(line).name().map(str::to_owned);
    assert_eq!(named("bwlim-in up default-limit 1m default-period 1s").as_deref(), Some("up"));
    assert_eq!(named("spoe engine e config /f").as_deref(), Some("e"));
    assert_eq!(named("compression"), None);
    let d = filter(&mut Bench::new(), "tracer").expect_err("unknown");
    assert!(d.message.starts_with("'filter' : unknown keyword 'tracer'."), "{}", d.message);
    assert_eq!(d.help.as_deref(), Some("did you mean 'trace'?"));
    let mut defaults = Bench::new();
    defaults.site.side = Side::DEFAULTS | Side::FRONTEND;
    assert!(filter(&mut defaults, "trace").is_err());
}
