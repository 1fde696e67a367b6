use super::*;
use crate::{Code, Diagnostic};

static ONE: Code = Code {
    id: "HX0901",
    title: "one",
    explain: "",
};

#[test]
fn comments_silence_their_line_or_the_next() {
    let table = [
        ("a # hapax: ignore=HX0901", 0),
        ("a # haproxy: ignore=HX0900,HX0901 because", 0),
        ("a # hapax: ignore=hx0901", 0),
        ("a # hapax: ignore=all", 0),
        ("a # hapax: ignore=HX0902", 1),
        ("a # ignore=HX0901", 1),
        ("a", 1),
    ];
    for (line, left) in table {
        let mut sources = Sources::default();
        let file = sources.add("f", format!("{line}\n").into_bytes());
        let mut diags = Diagnostics::default();
        diags.push(Diagnostic::warning(&ONE, "x").at(Span::line(file, 1)));
        suppress(&mut diags, &sources);
        assert_eq!(diags.len(), left, "{line}");
    }
    let above = [("  # hapax: ignore=HX0901\na\n", 0), ("b # hapax: ignore=HX0901\na\n", 1)];
    for (text, left) in above {
        let mut sources = Sources::default();
        let file = sources.add("f", text.as_bytes());
        let mut diags = Diagnostics::default();
        diags.push(Diagnostic::warning(&ONE, "x").at(Span::line(file, 2)));
        suppress(&mut diags, &sources);
        assert_eq!(diags.len(), left, "{text}");
    }
}

#[test]
fn errors_are_never_silenced() {
    let mut sources = Sources::default();
    let file = sources.add("f", b"a # hapax: ignore=all\n".as_slice());
    let mut diags = Diagnostics::default();
    diags.push(Diagnostic::alert(&ONE, "x").at(Span::line(file, 1)));
    assert_eq!(suppress(&mut diags, &sources), 0);
}
