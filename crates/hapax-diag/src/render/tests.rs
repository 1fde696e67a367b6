use super::*;
use crate::{Code, Diagnostic, Lead, Sources, Span};

static CODE: Code = Code {
    id: "HX0901",
    title: "a title",
    explain: "At length.",
};
const TOOL: Tool = Tool {
    name: "hapax",
    version: "1.2.3",
};

fn sample() -> (Diagnostics, Sources) {
    let mut sources = Sources::default();
    let file = sources.add("conf d/a,b.cfg", "global\n\tmaxconn é<x> 'q'\n".as_bytes());
    let word = Span {
        file,
        line: 2,
        start: 9,
        end: 14,
    };
    let mut diags = Diagnostics::default();
    diags.push(Diagnostic::alert(&CODE, "'maxconn' got 100% \"bad\".").at(word).help("say 10"));
    diags.push(
        Diagnostic::warning(&CODE, "unmatched at position 3:")
            .at(Span::line(file, 2))
            .tight()
            .excerpt("  x\n  ^")
            .related(Span::line(file, 1), "opened here"),
    );
    diags.push(Diagnostic::warning(&CODE, "missing timeouts").at(word).lead(Lead::Bare));
    diags.push(Diagnostic::new(&CODE, Severity::Diag, "no place"));
    (diags, sources)
}

#[test]
fn haproxys_own_lines() {
    let (diags, sources) = sample();
    let want = "\
[ALERT]    (42) : config : parsing [conf d/a,b.cfg:2] : 'maxconn' got 100% \"bad\".
[ALERT]    (42) : config : Error(s) found in configuration file : conf d/a,b.cfg
[WARNING]  (42) : config : parsing [conf d/a,b.cfg:2]: unmatched at position 3:
  x
  ^
[WARNING]  (42) : missing timeouts
[DIAG]     (42) : config : no place
[ALERT]    (42) : config : Fatal errors found in configuration.
";
    assert_eq!(haproxy(&diags, &sources, 42, Closing::Verdict), want);
}

#[test]
fn warnings_alone_close_otherwise() {
    let mut diags = Diagnostics::default();
    diags.push(Diagnostic::warning(&CODE, "w"));
    let out = haproxy(&diags, &Sources::default(), 1, Closing::Verdict);
    assert_eq!(out, "[WARNING]  (1) : config : w\nWarnings were found.\n");
    assert_eq!(
        haproxy(&diags, &Sources::default(), 1, Closing::None),
        "[WARNING]  (1) : config : w\n"
    );
}

#[test]
fn annotated_source_underlines_the_words() {
    let (diags, sources) = sample();
    let out = human(&diags, &sources, Human::default());
    let first: Vec<&str> = out.lines().take(6).collect();
    assert_eq!(
        first,
        [
            "error[HX0901]: 'maxconn' got 100% \"bad\".",
            " --> conf d/a,b.cfg:2:10",
            "  |",
            "2 |     maxconn é<x> 'q'",
            "  |             ^^^^",
            "  |",
        ]
    );
    assert!(out.contains("= help: say 10"), "{out}");
    assert!(out.contains("warning[HX0901]: unmatched at position 3\n"), "{out}");
    assert!(out.contains("opened here"), "{out}");
    assert!(out.ends_with("1 file: not valid, 1 error, 2 warnings, 1 note\n"), "{out}");
}

#[test]
fn bytes_that_are_no_text_are_shown_safely() {
    let mut sources = Sources::default();
    let file = sources.add("f", b"a \xff\x1b[2J b\n".as_slice());
    let mut diags = Diagnostics::default();
    diags.push(Diagnostic::alert(&CODE, "esc \x1b[2J").at(Span {
        file,
        line: 1,
        start: 2,
        end: 7,
    }));
    let out = human(&diags, &sources, Human::default());
    assert!(!out.contains('\x1b'), "{out:?}");
    assert!(out.contains("^^^^^"), "{out}");
}

#[test]
fn a_place_beyond_the_file_is_no_crash() {
    let mut sources = Sources::default();
    let file = sources.add("f", b"a\n".as_slice());
    let mut diags = Diagnostics::default();
    diags.push(Diagnostic::alert(&CODE, "x").at(Span {
        file,
        line: 9,
        start: 2,
        end: 7,
    }));
    assert!(human(&diags, &sources, Human::default()).contains("f:9"));
    for out in [
        json(&diags, &sources, TOOL),
        sarif(&diags, &sources, TOOL),
        github(&diags, &sources),
    ] {
        assert!(out.contains('9'), "{out}");
    }
}

#[test]
fn json_is_one_object_with_places_in_characters() {
    let (diags, sources) = sample();
    let v: serde_json::Value = serde_json::from_str(&json(&diags, &sources, TOOL)).expect("valid JSON");
    assert_eq!(
        v["summary"],
        serde_json::json!({"valid": false, "errors": 1, "warnings": 2, "notes": 1})
    );
    let first = &v["diagnostics"][0];
    assert_eq!(first["severity"], "error");
    assert_eq!(
        first["place"],
        serde_json::json!({"file": "conf d/a,b.cfg", "line": 2, "column": 10, "end_column": 14})
    );
    assert_eq!(v["diagnostics"][1]["place"]["column"], serde_json::Value::Null);
    assert_eq!(v["diagnostics"][1]["related"][0]["place"]["line"], 1);
    assert_eq!(v["diagnostics"][3]["place"], serde_json::Value::Null);
}

#[test]
fn sarif_has_each_rule_once_and_results_that_point_at_it() {
    let (diags, sources) = sample();
    let v: serde_json::Value = serde_json::from_str(&sarif(&diags, &sources, TOOL)).expect("valid JSON");
    let run = &v["runs"][0];
    assert_eq!(v["version"], "2.1.0");
    assert_eq!(run["tool"]["driver"]["rules"].as_array().map(Vec::len), Some(1));
    assert_eq!(run["results"].as_array().map(Vec::len), Some(4));
    let place = &run["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "conf%20d/a%2Cb.cfg");
    assert_eq!(
        place["region"],
        serde_json::json!({"startLine": 2, "startColumn": 10, "endColumn": 14})
    );
    assert_eq!(run["results"][0]["message"]["text"], "'maxconn' got 100% \"bad\".\nsay 10");
    assert!(run["results"][3].get("locations").is_none());
}

#[test]
fn github_commands_are_escaped() {
    let (diags, sources) = sample();
    let out = github(&diags, &sources);
    let first = out.lines().next().unwrap_or_default();
    assert_eq!(
        first,
        "::error file=conf d/a%2Cb.cfg,line=2,col=10,endColumn=13,title=HX0901 a title::'maxconn' got 100%25 \"bad\".%0Asay 10"
    );
    assert_eq!(out.lines().count(), 4);
}

#[test]
fn junit_fails_on_errors_only() {
    let (diags, sources) = sample();
    let out = junit(&diags, &sources);
    assert!(
        out.contains("<testsuite name=\"conf d/a,b.cfg\" tests=\"3\" failures=\"1\">"),
        "{out}"
    );
    assert!(out.contains("got 100% &quot;bad&quot;."), "{out}");
    assert!(
        out.contains("<testsuite name=\"configuration\" tests=\"2\" failures=\"0\">"),
        "{out}"
    );
    let valid = junit(&Diagnostics::default(), &sources);
    assert!(valid.contains("name=\"valid\"/>"), "{valid}");
}
