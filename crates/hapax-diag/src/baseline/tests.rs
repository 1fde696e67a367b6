use super::*;
use crate::{Code, Span};

static ONE: Code = Code {
    id: "HX0901",
    title: "one",
    explain: "",
};
static TWO: Code = Code {
    id: "HX0902",
    title: "two",
    explain: "",
};

fn at(text: &str, lines: &[(u32, &'static Code)]) -> (Diagnostics, Sources) {
    let mut sources = Sources::default();
    let file = sources.add("f", text.as_bytes());
    let diags = lines
        .iter()
        .map(|(n, code)| Diagnostic::warning(code, "w").at(Span::line(file, *n)))
        .collect();
    (diags, sources)
}

#[test]
fn known_ones_are_hidden_though_lines_move() {
    let (diags, sources) = at("a\nb\n", &[(1, &ONE), (2, &ONE)]);
    let baseline = Baseline::parse(&Baseline::of(&diags, &sources).to_json()).expect("own output");
    assert_eq!(baseline, Baseline::of(&diags, &sources));
    let (mut later, sources) = at("new\n  a\n", &[(2, &ONE), (2, &ONE), (2, &TWO), (1, &ONE)]);
    assert_eq!(baseline.hide(&mut later, &sources), 1);
    let left: Vec<_> = later.iter().map(|d| (d.code.id, d.span.map(|s| s.line))).collect();
    assert_eq!(left, [("HX0901", Some(2)), ("HX0902", Some(2)), ("HX0901", Some(1))]);
}

#[test]
fn errors_are_neither_kept_nor_hidden() {
    let (mut diags, sources) = at("a\n", &[(1, &ONE)]);
    let baseline = Baseline::of(&diags, &sources);
    for d in &mut diags {
        d.severity = Severity::Alert;
    }
    assert_eq!(Baseline::of(&diags, &sources), Baseline::default());
    assert_eq!(baseline.hide(&mut diags, &sources), 0);
}

#[test]
fn other_files_are_refused() {
    assert!(matches!(Baseline::parse("x"), Err(BaselineError::Json(_))));
    assert_eq!(Baseline::parse("{}"), Err(BaselineError::Shape("its version is not 1")));
    let lacking = "{\"version\":1,\"known\":[{\"code\":\"HX0901\"}]}";
    assert_eq!(
        Baseline::parse(lacking),
        Err(BaselineError::Shape("an entry lacks its code, file or line"))
    );
}
