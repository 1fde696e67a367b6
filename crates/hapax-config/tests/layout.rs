//! What a file means does not depend on how it is laid out: its plan is the same before and after `hapax fmt`, however it was
//! indented and spaced.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hapax_config::{Input, LoadOptions, load};
use hapax_diag::Severity;
use hapax_sample::Files;
use hapax_syntax::fmt::{self, Style};
use proptest::prelude::*;

struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Result<Arc<[u8]>, String> {
        Err("No such file or directory".to_owned())
    }
}

/// Every line of the plan as it is shown, how often it stands there, without places in the source. Maps have no order, so the lines
/// have none here; `None`: the file is refused.
fn plan(text: &[u8]) -> Option<BTreeMap<String, usize>> {
    let input = Input {
        name: "haproxy.cfg".into(),
        bytes: text.into(),
    };
    let options = LoadOptions {
        // What this machine lacks does not matter here.
        lacking: Some(Severity::Note),
        ..LoadOptions::default()
    };
    let shown = format!("{:#?}", load(vec![input], &NoFiles, &options).plan?);
    let mut lines = BTreeMap::new();
    for line in shown.lines().map(str::trim_start).filter(|l| !is_place(l)) {
        *lines.entry(line.to_owned()).or_default() += 1;
    }
    Some(lines)
}

fn shaped(text: &str) -> Vec<u8> {
    let sections: Vec<&str> = hapax_config::section::ALL.iter().map(|s| s.name).collect();
    let style = Style {
        sections: &sections,
        indent: 4,
    };
    fmt::format(text.as_bytes(), &style)
}

fn is_place(line: &str) -> bool {
    ["line: ", "start: ", "end: "].iter().any(|p| line.starts_with(p))
}

fn samples() -> Vec<(PathBuf, String)> {
    fn collect(dir: &Path, into: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                collect(&path, into);
            } else if path.extension().is_some_and(|e| e == "cfg") {
                let text = std::fs::read_to_string(&path).unwrap();
                into.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../haproxy-cfg-samples"), &mut found);
    found.sort();
    found
}

#[test]
fn samples_mean_the_same_once_formatted() {
    let mut compared = 0;
    for (path, text) in samples() {
        let before = plan(text.as_bytes());
        let shaped = shaped(&text);
        assert_eq!(plan(&shaped), before, "{}", path.display());
        compared += usize::from(before.is_some());
    }
    assert!(compared >= 10, "only {compared} samples have a plan");
}

/// The same words in another layout: what stands before and after the words of a line, by the numbers in turn. Runs between words
/// are left alone: they may stand in quotes.
fn laid_out(text: &str, choices: &[u8]) -> String {
    let mut choices = choices.iter().cycle().copied();
    let mut next = |from: &[&'static str]| from[choices.next().unwrap_or(0) as usize % from.len()];
    let mut out = String::new();
    for line in text.lines() {
        let words = line.trim();
        // What ends in a backslash has its last blank quoted.
        if words.ends_with('\\') {
            return text.to_owned();
        }
        out += next(&["", " ", "\t", "        ", "  \t "]);
        out += words;
        out += next(&["", " ", "\t  "]);
        out += next(&["\n", "\n", "\n\n", "\n   \n", "\n# a remark\n"]);
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_layout_means_the_same_once_formatted(sample in 0usize..1000, choices in proptest::collection::vec(any::<u8>(), 1..40)) {
        let all = samples();
        let (path, text) = &all[sample % all.len()];
        let messy = laid_out(text, &choices);
        let shaped = shaped(&messy);
        prop_assert_eq!(plan(&shaped), plan(messy.as_bytes()), "{}", path.display());
        // A file that speaks of its own lines means something else once they have moved.
        if !text.contains("{.LINE}") {
            prop_assert_eq!(plan(&shaped), plan(text.as_bytes()), "{}", path.display());
        }
    }
}
