//! From bytes to a [`Plan`]: every line of every file, then the names and cross checks.

use std::sync::Arc;

use hapax_diag::{Diagnostics, Sources};
use hapax_sample::Files;
use hapax_syntax::{Line, Word};

use crate::keyword::Version;
use crate::plan::Plan;
use crate::reader::Reader;

/// One configuration file, in the order of the command line.
#[derive(Clone, Debug)]
pub struct Input {
    pub name: String,
    pub bytes: Arc<[u8]>,
}

/// What the loading may know of the world.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// The process's environment.
    pub env: Vec<(String, String)>,
    /// Files, users and names that this machine lacks are notes, not alerts.
    pub offline: bool,
    /// Judge by this version's keywords.
    pub for_version: Option<Version>,
}

/// What came of it. The plan is there where no diagnostic is an alert.
#[derive(Debug)]
pub struct Loaded {
    pub plan: Option<Plan>,
    pub diags: Diagnostics,
    pub sources: Sources,
}

/// Reads, checks and resolves a configuration. Every mistake is told in one run.
pub fn load(inputs: Vec<Input>, files: &dyn Files, opts: &LoadOptions) -> Loaded {
    let mut sources = Sources::default();
    let mut reader = Reader::new(files, opts);
    for input in inputs {
        let file = sources.add(input.name, input.bytes.clone());
        read_lines(&input.bytes, file, &mut reader);
    }
    reader.end_section();
    let (plan, diags) = (Plan::default(), reader.diags);
    Loaded {
        plan: (!diags.has_alert()).then_some(plan),
        diags,
        sources,
    }
}

fn read_lines(bytes: &[u8], file: hapax_diag::FileId, reader: &mut Reader<'_>) {
    for (i, raw) in bytes.split(|b| *b == b'\n').enumerate() {
        let span = hapax_diag::Span::line(file, i as u32 + 1);
        let words: Vec<Word<'_>> = raw
            .split(|b| b.is_ascii_whitespace())
            .filter(|w| !w.is_empty())
            .map(|w| Word::new(w, span))
            .collect();
        if !words.is_empty() && !words[0].bytes.starts_with(b"#") {
            reader.line(&Line { span, words });
        }
    }
}
