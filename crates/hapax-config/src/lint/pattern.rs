//! The tests of ACLs and anonymous ACLs, taken apart: sample expression, flags, patterns.

use hapax_syntax::Line;

use super::outline::{Outline, text};

/// One comparison of a sample with patterns.
pub(super) struct Test<'l, 'a> {
    pub(super) line: &'l Line<'a>,
    /// The sample expression: a fetch and its converters.
    pub(super) fetch: &'l str,
    /// Of `-m`.
    pub(super) method: Option<&'l str>,
    /// `-i`
    pub(super) ignores_case: bool,
    /// Index of the word, and its text; those of files are not there.
    pub(super) patterns: Vec<(usize, &'l str)>,
}

/// Shows every test of every section to `see`.
pub(super) fn patterns<'l, 'a>(outline: &'l Outline<'a>, mut see: impl FnMut(Test<'l, 'a>)) {
    for line in outline.sections.iter().flat_map(|s| &s.lines) {
        if text(line, 0) == "acl" {
            see(test(line, 2, line.words.len()));
            continue;
        }
        let mut at = 1;
        while let Some(open) = (at..line.words.len()).find(|&i| text(line, i) == "{" || text(line, i) == "!{") {
            let close = (open + 1..line.words.len())
                .find(|&i| text(line, i) == "}")
                .unwrap_or(line.words.len());
            see(test(line, open + 1, close));
            at = close;
        }
    }
}

fn test<'l, 'a>(line: &'l Line<'a>, from: usize, to: usize) -> Test<'l, 'a> {
    let mut test = Test {
        line,
        fetch: text(line, from),
        method: None,
        ignores_case: false,
        patterns: Vec::new(),
    };
    let mut at = from + 1;
    while at < to {
        match text(line, at) {
            "-i" => test.ignores_case = true,
            "-n" => {}
            "-m" => {
                at += 1;
                test.method = Some(text(line, at));
            }
            "-f" | "-M" | "-u" => at += usize::from(text(line, at) != "-M"),
            "--" => {
                at += 1;
                break;
            }
            _ => break,
        }
        at += 1;
    }
    test.patterns = (at..to).map(|i| (i, text(line, i))).collect();
    test
}
