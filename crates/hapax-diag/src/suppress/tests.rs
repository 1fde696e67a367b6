use super::*;
use crate::{Code, Diagnostic};

static ONE: Code = Code {
    id: "HX0901",
    title: "one",
    explain: "",
};
const NAMES: &[Name<'_>] = &[("first-one", "HX0901"), ("HX0900", "HX0900"), ("HX0902", "HX0902")];

#[test]
fn comments_silence_their_line_or_the_next() {
    let table = [
        ("a # hapax: ignore=HX0901", 0),
        ("a # haproxy: ignore=HX0900,HX0901 because", 0),
        ("a # hapax: ignore=hx0901", 0),
        ("a # hapax: ignore=all", 0),
        ("a # hapax: ignore=HX0902", 1),
        ("a #hapax:ignore=HX0901", 0),
        ("a # hapax: ignore = HX0900, HX0901", 0),
        ("a # hapax: ignore=HX0900 HX0901", 1),
        ("a # hapax: ignore=first-one", 0),
        ("a # because # hapax: ignore=HX0901 # and so", 0),
        ("a # hapax: ignore=", 1),
        ("a # ignore=HX0901", 1),
        ("a", 1),
    ];
    for (line, left) in table {
        let mut sources = Sources::default();
        let file = sources.add("f", format!("{line}\n").into_bytes());
        let mut diags = Diagnostics::default();
        diags.push(Diagnostic::warning(&ONE, "x").at(Span::line(file, 1)));
        suppress(&mut diags, &sources, NAMES);
        assert_eq!(diags.len(), left, "{line}");
    }
    let above = [
        ("  # hapax: ignore=HX0901\na\n", 0),
        ("b # hapax: ignore=HX0901\na\n", 1),
        ("# hapax: ignore=all\n", 0),
    ];
    for (text, left) in above {
        let mut sources = Sources::default();
        let file = sources.add("f", text.as_bytes());
        let mut diags = Diagnostics::default();
        diags.push(Diagnostic::warning(&ONE, "x").at(Span::line(file, 2)));
        suppress(&mut diags, &sources, NAMES);
        assert_eq!(diags.len(), left, "{text}");
    }
}

#[test]
fn errors_are_never_silenced() {
    let mut sources = Sources::default();
    let file = sources.add("f", b"a # hapax: ignore=all\n".as_slice());
    let mut diags = Diagnostics::default();
    diags.push(Diagnostic::alert(&ONE, "x").at(Span::line(file, 1)));
    assert_eq!(suppress(&mut diags, &sources, NAMES), 0);
}

#[test]
fn comments_above_add_up_and_go_to_the_next_line() {
    let text = b"# hapax: ignore=HX0900\n# hapax: ignore=HX0901\n# why\na\na\n";
    let mut sources = Sources::default();
    let file = sources.add("f", text.as_slice());
    let mut diags = Diagnostics::default();
    for line in [4, 5] {
        diags.push(Diagnostic::warning(&ONE, "x").at(Span::line(file, line)));
    }
    assert_eq!(suppress(&mut diags, &sources, NAMES), 1);
    assert_eq!(diags.iter().next().unwrap().span.unwrap().line, 5);
}

#[test]
fn a_word_that_names_nothing_is_told() {
    let table: [(&str, &[&str]); 7] = [
        ("a # hapax: ignore=HX0901", &[]),
        ("a # haproxy: ignore=aéabc", &[]),
        ("a # hapax: ignore=HX901, all", &["1:19 'HX901' did you mean 'HX0901'?"]),
        ("# hapax: ignore=frist-one", &["1:17 'frist-one' did you mean 'first-one'?"]),
        ("a # haproxy: ignore=other-tool", &[]),
        ("a # haproxy: ignore=hx1234", &["1:21 'hx1234' "]),
        ("a # hapax: ignore=all because nothing, really", &[]),
    ];
    for (line, want) in table {
        let mut sources = Sources::default();
        sources.add("f", format!("{line}\n").into_bytes());
        let mut diags = Diagnostics::default();
        suppress(&mut diags, &sources, NAMES);
        let told = diags.iter().map(|d| {
            let at = d.span.unwrap();
            let word = d.message.split(' ').next().unwrap();
            format!("{}:{} {word} {}", at.line, at.start + 1, d.help.as_deref().unwrap_or(""))
        });
        assert_eq!(told.collect::<Vec<_>>(), want, "{line}");
    }
}
