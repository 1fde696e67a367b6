use hapax_diag::{Diagnostics, FileId};
use proptest::prelude::*;

use super::*;
use crate::{BuildFacts, Environment, Line, Reader};

const STYLE: Style<'static> = Style {
    sections: &["global", "defaults", "frontend", "backend"],
    indent: 4,
};

fn shaped(text: &str) -> String {
    String::from_utf8(format(text.as_bytes(), &STYLE)).expect("text")
}

#[test]
fn files_take_one_shape() {
    let table = [
        ("", ""),
        ("global\nmaxconn   10", "global\n    maxconn 10\n"),
        ("  global#x\n\tmaxconn 10  # y \n\n\n", "global #x\n    maxconn 10 # y\n\n\n"),
        ("global\r\n  daemon  \r\n\r\n", "global\r\n    daemon\r\n\r\n"),
        (
            "# top\n  # in\nglobal\n# zero\n\t#one\n a\n",
            "# top\n# in\nglobal\n# zero\n    #one\n    a\n",
        ),
        // Aligned by the author: stays so, at the nearest column.
        (
            "defaults\n\tlog\tglobal\n\tmode\thttp\n\toption\thttplog\n",
            "defaults\n    log    global\n    mode   http\n    option httplog\n",
        ),
        (
            "defaults\n  timeout connect 5s\n  timeout client  50s\n  timeout server  50s\n",
            "defaults\n    timeout connect 5s\n    timeout client  50s\n    timeout server  50s\n",
        ),
        // Not aligned: single spaces.
        (
            "defaults\n  log   global\n  mode http\n",
            "defaults\n    log global\n    mode http\n",
        ),
        (
            "backend a\n  server x    1:1   check # one\n  server yyyy 2:2   check # two\n",
            "backend a\n    server x    1:1 check # one\n    server yyyy 2:2 check # two\n",
        ),
        // What is quoted or escaped stays.
        (
            "global\n  a  \"b   c\"  'd  \\'  e\\   f \"${X-\"  \"}\"  g\n",
            "global\n    a \"b   c\" 'd  \\' e\\  f \"${X-\"  \"}\" g\n",
        ),
        // What cannot be read stays.
        (
            "global\n  a  'b\n\tc  \"$1\"\n  d  \\xz\n",
            "global\n  a  'b\n\tc  \"$1\"\n  d  \\xz\n",
        ),
        (
            "global\n.if 1\na\n.if  2\nb\n# c\n # d\n.else\ne\n.endif\n.endif\nf\n",
            "global\n.if 1\n    a\n    .if 2\n        b\n# c\n        # d\n    .else\n        e\n    .endif\n.endif\n    f\n",
        ),
        (".if 1\n  frontend a\nbind :1\n.endif\n", ".if 1\nfrontend a\n    bind :1\n.endif\n"),
        ("  [scope]  # x \nglobal\n", "[scope]  # x\nglobal\n"),
    ];
    for (text, want) in table {
        assert_eq!(shaped(text), want, "{text}");
        assert_eq!(shaped(want), want, "twice: {text}");
    }
}

type Lines = Vec<(u32, Vec<Vec<u8>>)>;
type Mistakes = Vec<(u32, &'static str)>;

/// Each line's number and words, and what is wrong where.
fn lexed(text: &[u8]) -> (Lines, Mistakes) {
    let vars = [("A", "x y"), ("E", "")].map(|(k, v)| (k.as_bytes().to_vec(), v.as_bytes().to_vec()));
    let env = Environment::new(vars, BuildFacts::default());
    let (mut lines, mut diags, mut line) = (Vec::new(), Diagnostics::default(), Line::default());
    let mut reader = Reader::new(FileId(0), "f", text);
    while reader.next_line(&env, &mut diags, &mut line) {
        lines.push((line.span.line, line.words.iter().map(|w| w.bytes.to_vec()).collect()));
    }
    let wrong = diags.iter().map(|d| (d.span.map_or(0, |s| s.line), d.code.id)).collect();
    (lines, wrong)
}

fn any_text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        proptest::sample::select(vec![
            "global", "server", "mode", "timeout", " ", "  ", "\t", "\n", "\n", "#", "\"", "'", "\\", "\\ ", "\\x41", "\\x", "${A[*]}",
            "${E}", "$A", "${B-\"c}", ".if 1", ".endif", ".else", "[s]", "\r\n", "\u{e9}", "\u{feff}", "a", "bb", "ccc",
        ])
        .prop_map(|s| s.as_bytes().to_vec()),
        any::<u8>().prop_map(|b| vec![b]),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn formatting_twice_is_formatting_once(text in any_text()) {
        let once = format(&text, &STYLE);
        prop_assert_eq!(format(&once, &STYLE), once);
    }

    #[test]
    fn no_word_of_any_line_changes(mut text in any_text()) {
        // A last line without a line feed is mended, which is the one thing that may change.
        text.push(b'\n');
        prop_assert_eq!(lexed(&format(&text, &STYLE)), lexed(&text));
    }
}
