//! From bytes to a [`Plan`]: every line of every file, then the names and cross checks.

use std::sync::Arc;

use hapax_diag::{Diagnostic, Diagnostics, FileId, Severity, Sources, Standing};
use hapax_sample::Files;
use hapax_syntax::{Environment, Line};

use crate::codes;
use crate::keyword::Version;
use crate::paths::{PathPolicy, RelativeFiles};
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
    /// The process's environment, and the facts about the program that `.if` may ask for.
    pub env: Environment,
    /// This machine's name.
    pub hostname: String,
    /// Our own name among peers (`-L`); else the variable `HAPROXY_LOCALPEER` says it.
    pub local_peer: Option<String>,
    /// How grave it is that this machine lacks a file, a user or a name; where it is told, that is an alert.
    pub lacking: Option<Severity>,
    /// `maxconn` of proxies that say nothing (`-N`).
    pub proxy_maxconn: Option<u32>,
    /// Judge by this version's keywords.
    pub for_version: Option<Version>,
    /// Tell every line with an error, not only the first 50.
    pub all_errors: bool,
    /// Says that so much memory is in use that the loading has to end; asked every few lines.
    pub full: Option<fn() -> bool>,
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
    let files = RelativeFiles::new(files);
    let (mut reader, sources) = read(inputs, &files, opts);
    crate::topic::errors::resolve(&mut reader);
    crate::topic::userlist::resolve(&mut reader);
    let (plan, mut diags) = crate::resolve::resolve(reader);
    // Since 3.1, HAProxy cuts all lines of all files before it reads any in earnest, so what is wrong there is told first.
    if cuts_first(opts) {
        diags.sort_by_key(|d| !(hapax_syntax::codes::first_pass(d) || d.severity == Severity::Alert && d.standing == Standing::Early));
    }
    // Some of what HAProxy takes all the same it tells as it tells what it refuses: beside a mistake it counts as one.
    if diags.has_alert() {
        let old = opts.for_version.is_some_and(|v| v < (3, 0));
        let grave = |d: &Diagnostic| {
            d.standing == Standing::Grave || d.code.id == codes::SECTION_NAME.id || old && d.code.id == codes::AMBIGUOUS_DEFAULTS.id
        };
        diags
            .iter_mut()
            .filter(|d| d.severity == Severity::Warning && grave(d))
            .for_each(|d| d.severity = Severity::Alert);
    }
    if let Some(lacking) = opts.lacking {
        diags
            .iter_mut()
            .filter(|d| d.missing)
            .for_each(|d| d.severity = d.severity.min(lacking));
    }
    Loaded {
        plan: (!diags.has_alert()).then_some(plan),
        diags,
        sources,
    }
}

/// Whether HAProxy cuts all lines of all files before it reads any in earnest.
fn cuts_first(opts: &LoadOptions) -> bool {
    opts.for_version.is_none_or(|v| v >= (3, 1))
}

/// Every line of every file, before names are looked for.
pub(crate) fn read<'a>(inputs: Vec<Input>, files: &'a RelativeFiles<'a>, opts: &'a LoadOptions) -> (Reader<'a>, Sources) {
    let mut sources = Sources::default();
    let mut reader = Reader::new(files, opts);
    if let Some((major, minor)) = opts.for_version {
        reader.env.facts.version = format!("{major}.{minor}.0");
        reader.env.set(b"HAPROXY_BRANCH", format!("{major}.{minor}").as_bytes());
    }
    for input in inputs {
        let file = sources.add(input.name.clone(), input.bytes.clone());
        reader.file_names.push(input.name.clone());
        files.enter(&input.name);
        if !read_lines(&input, file, &mut reader) {
            break;
        }
    }
    reader.end_section();
    files.set_policy(PathPolicy::Current);
    (reader, sources)
}

/// Hands the file's lines to the dictionary, one by one: what a line does to the environment is seen by those after it.
/// `false` where no further file is to be read.
fn read_lines(input: &Input, file: FileId, reader: &mut Reader<'_>) -> bool {
    let mut lexer = hapax_syntax::Reader::new(file, &input.name, &input.bytes);
    if reader.opts.all_errors {
        lexer = lexer.to_the_end();
    }
    if reader.opts.for_version.is_some_and(|v| v < (3, 2)) {
        lexer = lexer.bearing_empty_words();
    }
    let mut line = Line::default();
    let mut section = reader.started.len();
    while lexer.next_line(&reader.env, &mut reader.diags, &mut line) {
        reader.line(&line);
        if reader.is_full() {
            reader.tell_full(line.span);
            return false;
        }
        if reader.started.len() != section {
            section = reader.started.len();
            let (name, keyword) = (reader.section_name(), reader.section().map_or("", |s| s.name));
            lexer.set_section(if name.is_empty() { keyword } else { &name }.as_bytes());
        }
    }
    let aborted = lexer.aborted();
    if cuts_first(reader.opts) && lexer.skim() {
        reader.diags.extend(skim(&mut lexer, &reader.env));
    }
    !aborted
}

/// What HAProxy's first pass tells of the lines that nobody reads in earnest any more, after too many errors.
fn skim(lexer: &mut hapax_syntax::Reader<'_>, env: &Environment) -> Diagnostics {
    let (mut found, mut line) = (Diagnostics::default(), Line::default());
    while lexer.next_line(env, &mut found, &mut line) {
        if let Some(d) = crate::dispatch::prefix_of_nothing(&line) {
            found.push(d);
        }
    }
    found.retain(|d| hapax_syntax::codes::first_pass(d) || d.standing == Standing::Early);
    found
}
