use super::*;

fn env() -> Environment {
    let vars = [("A", "a b  c"), ("E", ""), ("PORT", "8080"), ("TAIL", "x ")];
    Environment::new(
        vars.map(|(k, v)| (k.as_bytes().to_vec(), v.as_bytes().to_vec())),
        crate::BuildFacts::default(),
    )
}

/// Lines as `number:word|word`, then diagnostics as `number: message`.
fn read(text: &[u8]) -> (Vec<String>, Vec<String>) {
    let (mut lines, mut diags, mut line) = (Vec::new(), Diagnostics::default(), Line::default());
    let mut reader = Reader::new(FileId(0), "t.cfg", text);
    while reader.next_line(&env(), &mut diags, &mut line) {
        let words: Vec<_> = line.words.iter().map(|w| w.text().into_owned()).collect();
        lines.push(format!("{}:{}", line.span.line, words.join("|")));
    }
    let said = diags
        .iter()
        .map(|d| format!("{}: {}", d.span.map_or(0, |s| s.line), d.message))
        .collect();
    (lines, said)
}

fn words(line: &str) -> Vec<String> {
    let (lines, said) = read(format!("{line}\n").as_bytes());
    assert_eq!(said, Vec::<String>::new(), "{line}");
    match lines.first() {
        Some(first) => first[2..].split('|').map(str::to_owned).collect(),
        None => Vec::new(),
    }
}

#[test]
fn words_are_cut_as_haproxy_cuts_them() {
    let table: &[(&str, &[&str])] = &[
        ("a b", &["a", "b"]),
        ("  a\tb  ", &["a", "b"]),
        ("a#b", &["a"]),
        ("a \\#b", &["a", "#b"]),
        ("a 'b # c' d", &["a", "b # c", "d"]),
        ("a b\" c\"d", &["a", "b cd"]),
        ("a 'x\\y\"'", &["a", "x\\y\""]),
        ("a x\\ y", &["a", "x y"]),
        ("a \\\"x\\1", &["a", "\"x\\1"]),
        ("a \"b\\'c\"", &["a", "b'c"]),
        ("a x\\$y \"x\\$y\"", &["a", "x\\$y", "x$y"]),
        ("a \\x41\\x42 \\t", &["a", "AB", "\t"]),
        ("a \\x41\\x00b", &["a", "A"]),
        ("a b\\", &["a", "b\\"]),
        ("a \"$A\"", &["a", "a b  c"]),
        ("a $A", &["a", "$A"]),
        ("a '$A'", &["a", "$A"]),
        ("a \"${A[*]}\"", &["a", "a", "b", "c"]),
        ("a \"x${A[*]}y\"z", &["a", "xa", "b", "cyz"]),
        ("a \"${E[*]}\"", &["a"]),
        ("a \"${NOPE[*]}\" b", &["a", "b"]),
        ("a \"${TAIL[*]}\"", &["a", "x"]),
        ("a \"${NOPE-de f}\"", &["a", "de f"]),
        ("a \"${NOPE[*]-de f}\"", &["a", "de", "f"]),
        ("a \"${PORT-1}\"", &["a", "8080"]),
        ("a \"$A[*]\"", &["a", "a b  c[*]"]),
        ("a \":$PORT.x\"", &["a", ":8080.x"]),
        ("a \"$.LINE:$.FILE\"", &["a", "1:t.cfg"]),
        ("a b\rc", &["a", "b"]),
        ("a b \rc", &["a", "b", "c"]),
        ("\"\" a", &[]),
        ("# a", &[]),
        ("   ", &[]),
        ("[scope] # here", &[]),
    ];
    for (line, want) in table {
        assert_eq!(&words(line), want, "{line}");
    }
}

#[test]
fn spans_tell_the_bytes_of_the_raw_line() {
    let text = "  srv \"a b\"c ${x '' \"${A[*]}\"\n";
    let (mut diags, mut line) = (Diagnostics::default(), Line::default());
    let mut reader = Reader::new(FileId(3), "t", b"a\n");
    assert!(reader.next_line(&env(), &mut diags, &mut line));
    assert_eq!(
        line.words[0].span,
        Span {
            file: FileId(3),
            line: 1,
            start: 0,
            end: 1
        }
    );
    let place = Place {
        env: &env(),
        file: FileId(0),
        name: "",
        line: 1,
        shift: 0,
        section: None,
        comments: true,
    };
    let mut words = Vec::new();
    tokenize(text.trim_end().as_bytes(), &place, &mut words).expect("valid");
    let shown: Vec<_> = words.iter().map(|w| &text[w.span.start as usize..w.span.end as usize]).collect();
    assert_eq!(shown[..4], ["srv", "\"a b\"c", "${x", "''"]);
    assert_eq!(shown[4..], ["\"${A[*]}", "${A[*]}", "${A[*]}\""]);
}

#[test]
fn plain_words_and_wholly_quoted_ones_borrow_the_file() {
    let mut line = Line::default();
    let mut reader = Reader::new(FileId(0), "t", b"a \"b c\" 'd' e'f'\n");
    assert!(reader.next_line(&env(), &mut Diagnostics::default(), &mut line));
    let borrowed: Vec<_> = line
        .words
        .iter()
        .map(|w| matches!(w.bytes, std::borrow::Cow::Borrowed(_)))
        .collect();
    assert_eq!(borrowed, [true, true, true, false]);
}

/// Texts and places as HAProxy gives them.
#[test]
fn mistakes_are_told_as_haproxy_tells_them() {
    let many = (0..70).fold(String::new(), |all, i| format!("{all} {i}"));
    let table: &[(String, &[&str])] = &[
        ("a\n  log \"abc def\n".into(), &["2: unmatched quote at position 7:"]),
        ("  log 'abc\n".into(), &["1: unmatched quote at position 7:"]),
        ("a \"x\ry\"\n".into(), &["1: unmatched quote at position 3:"]),
        (
            "  maxconn \"\\xZZ\"\n".into(),
            &["1: truncated or invalid hexadecimal sequence at position 12:"],
        ),
        (
            "  maxconn \\x1\n".into(),
            &["1: truncated or invalid hexadecimal sequence at position 11:"],
        ),
        (
            "  maxconn \"$1\"\n".into(),
            &["1: forbidden first char in environment variable name at position 13:"],
        ),
        (
            "  maxconn \"$\"\n".into(),
            &["1: forbidden first char in environment variable name at position 13:"],
        ),
        (
            ".notice \"$.FOO\"\n".into(),
            &["1: forbidden first char in environment variable name at position 11:"],
        ),
        (
            "  maxconn \"${A\"\n".into(),
            &["1: unmatched brace in environment variable name at position 13:"],
        ),
        (
            "  maxconn \"${A[1]}\"\n".into(),
            &["1: truncated or invalid word expansion sequence at position 15:"],
        ),
        (
            format!("  maxconn{many}\n"),
            &["1: too many words, truncating after word 64, position 185: <62>."],
        ),
        (
            "a\nb 10".into(),
            &["2: Missing LF on last line, file might have been truncated at position 5."],
        ),
        ("a\nb\0c\nd\n".into(), &["2: Stray NUL character at position 2."]),
        (
            "a \"$NOPE\" b\n".into(),
            &["1: argument number 1 at position 5 is empty and marks the end of the argument list:"],
        ),
        (
            "a ''\n".into(),
            &["1: argument number 1 at position 4 is empty and marks the end of the argument list:"],
        ),
        (".if 1\n".into(), &["1: non-terminated '.if' block."]),
        (".endif\n".into(), &["1: lone '.endif' with no matching '.if'."]),
        (".else\n".into(), &["1: lone '.else' with no matching '.if'."]),
        (".elif 1\n".into(), &["1: lone '.elif' with no matching '.if'."]),
        (
            ".if 1\n.else\n.else\n.endif\n".into(),
            &["3: '.else' after '.else' is not permitted."],
        ),
        (
            ".if 1\n.else\n.elif 1\n.endif\n".into(),
            &["3: '.elif' after '.else' is not permitted."],
        ),
        (
            ".if 1\n.endif foo\n".into(),
            &["2: Unexpected argument 'foo' for '.endif'.", "2: non-terminated '.if' block."],
        ),
        (
            ".notice \"a b\" c\n.warning\n".into(),
            &[
                "1: Unexpected argument 'c' for '.notice'. Use quotes if the message should contain spaces.",
                "2: ''.",
            ],
        ),
        (".foo\na\n".into(), &["1: unknown directive '.foo'."]),
        (".alert no\n.alert more\n".into(), &["1: 'no'."]),
        (
            ".if foo\n".into(),
            &["1: unparsable conditional expression 'foo' in '.if' at position 1:"],
        ),
        (
            ".if defined(\n".into(),
            &["1: expected ')' in argument 1 of predicate 'defined' used in conditional expression in '.if' at position 9:"],
        ),
        (
            ".if 0\n.elif  streq(A)\n".into(),
            &[
                "2: missing arguments (got 1/2), type 'string' expected in argument 1 of predicate 'streq' used in conditional \
                 expression in '.elif' at position 8:",
            ],
        ),
        ("[foo\n".into(), &["1: empty scope name is forbidden."]),
        ("[a b]\n".into(), &["1: character ' ' is not permitted in a scope name."]),
        ("[foo] x\n".into(), &["1: character 'x' is not permitted after scope declaration."]),
        (".if 1\n".repeat(110), &["100: too many nested '.if', max is 100."]),
    ];
    for (text, want) in table {
        assert_eq!(&read(text.as_bytes()).1, want, "{text}");
    }
}

#[test]
fn only_the_taken_branch_is_handed_out() {
    let table: &[(&str, &[&str])] = &[
        (".if\na\n.else\nb\n.endif\nc\n", &["4:b", "6:c"]),
        (".if 1\na\n.elif 1\nb\n.else\nc\n.endif\n", &["2:a"]),
        (".if 0\na\n.elif 0\nb\n.elif 1\nc\n.elif 1\nd\n.else\ne\n.endif\n", &["6:c"]),
        (".if 0\n.if 1\na\n.else\nb\n.endif\n.bad\n.else\nc\n.endif\n", &["9:c"]),
        (".if defined(A) && !defined(NOPE)\na\n.endif\n", &["2:a"]),
        (".if streq(\"$PORT\",8080)\na\n.endif\n", &["2:a"]),
        (".if streq(\"$PORT\", 8080)\na\n.endif\nb\n", &["4:b"]),
    ];
    for (text, want) in table {
        let (lines, said) = read(text.as_bytes());
        assert_eq!(said, Vec::<String>::new(), "{text}");
        assert_eq!(&lines, want, "{text}");
    }
}

#[test]
fn reading_stops_after_fifty_lines_with_errors() {
    let (lines, said) = read("a 'b\n".repeat(80).as_bytes());
    assert_eq!(lines.len(), 0);
    assert_eq!(said.len(), 51);
    assert_eq!(said[50], "51: too many fatal errors (50), stopping now.");
}

#[test]
fn excerpts_point_at_the_place() {
    let tail = |text: &str| {
        let mut diags = Diagnostics::default();
        let mut reader = Reader::new(FileId(0), "t", text.as_bytes());
        while reader.next_line(&env(), &mut diags, &mut Line::default()) {}
        let said = diags.iter().next().and_then(|d| d.excerpt.clone());
        said.map(String::from).unwrap_or_default()
    };
    assert_eq!(tail("  log \"abc def\n"), "  log \"abc def\n      ^");
    assert_eq!(tail(".if defined(A) B\n"), "  .if defined(A) B\n                 ^");
    let long = tail(&format!(".notice {}\"\tb\n", "a".repeat(103)));
    assert_eq!(long, format!("  ...{}\" b...\n  {:>41}", "a".repeat(37), "^"));
}

#[test]
fn an_unset_variable_near_a_set_one_is_suggested() {
    let mut diags = Diagnostics::default();
    let mut reader = Reader::new(FileId(0), "t", b"a \"$PROT\"\n");
    assert!(!reader.next_line(&env(), &mut diags, &mut Line::default()));
    let help = diags.iter().next().and_then(|d| d.help.clone()).unwrap_or_default();
    assert!(help.ends_with("did you mean PORT?"), "{help}");
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(proptest::sample::select(b"ab \t\"'\\$#{}[]*-.\n\r\0x4().if".to_vec()), 0..200)) {
        let _ = read(&bytes);
    }
}

#[test]
fn lines_beyond_all_measure_are_refused() {
    let mut env = Environment::default();
    env.set(b"A", &vec![b'a'; MAX_LINE / 4]);
    let told = |text: &[u8]| {
        let (mut reader, mut line, mut diags) = (Reader::new(FileId(0), "a.cfg", text), Line::default(), Diagnostics::default());
        let mut lines = 0;
        while reader.next_line(&env, &mut diags, &mut line) {
            lines += 1;
        }
        (lines, diags.iter().map(|d| d.code.id).collect::<Vec<_>>())
    };
    assert_eq!(told(b"x \"$A$A$A$A\"\ny z\n"), (2, vec![]));
    assert_eq!(told(b"x \"$A$A$A$A$A\"\ny z\n"), (1, vec!["HX0123"]));
    let mut long = vec![b'x'; MAX_LINE + 1];
    long.extend_from_slice(b"\ny z\n");
    assert_eq!(told(&long), (1, vec!["HX0123"]));
}

#[test]
fn what_the_first_pass_finds_is_found_behind_too_many_errors() {
    let text = format!("{}ok\nlast \"one", "bad\n".repeat(60));
    let (mut reader, mut line, mut diags) = (
        Reader::new(FileId(0), "a.cfg", text.as_bytes()),
        Line::default(),
        Diagnostics::default(),
    );
    while reader.next_line(&Environment::default(), &mut diags, &mut line) {
        diags.push(Diagnostic::alert(&codes::BAD_SCOPE, "no such word").at(line.span));
    }
    assert_eq!(diags.len(), 51, "50 lines, and that there are too many");
    let mut found = Diagnostics::default();
    assert!(reader.skim());
    let mut lines = 0;
    while reader.next_line(&Environment::default(), &mut found, &mut line) {
        lines += 1;
    }
    assert_eq!(lines, 11, "the rest, from the line on that was not read any more");
    let told: Vec<_> = found.iter().map(|d| d.code.id).collect();
    assert_eq!(told, [codes::UNMATCHED_QUOTE.id, codes::MISSING_LF.id]);
    assert!(!reader.skim(), "it came to the end");
}

#[test]
fn the_first_pass_obeys_no_directive_that_says_something() {
    let text = b".alert stop\n.unknown\nlast \"one\n";
    let (mut reader, mut line, mut diags) = (Reader::new(FileId(0), "a.cfg", text), Line::default(), Diagnostics::default());
    assert!(!reader.next_line(&Environment::default(), &mut diags, &mut line));
    assert!(reader.aborted());
    assert!(reader.skim());
    let mut found = Diagnostics::default();
    assert!(!reader.next_line(&Environment::default(), &mut found, &mut line));
    let told: Vec<_> = found.iter().map(|d| (d.code.id, codes::first_pass(d))).collect();
    assert_eq!(told, [(codes::UNMATCHED_QUOTE.id, true)]);
}

#[test]
fn empty_words_ended_lines_in_silence_once() {
    let text = b"one two \"\" three\n";
    let (mut line, mut diags) = (Line::default(), Diagnostics::default());
    let mut reader = Reader::new(FileId(0), "a.cfg", text).bearing_empty_words();
    assert!(reader.next_line(&Environment::default(), &mut diags, &mut line));
    assert_eq!(line.words.len(), 2);
    assert!(!diags.has_alert());
}
