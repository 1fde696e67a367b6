//! The lines of a configuration by section, as words: what is enough for advice on how it is written.

use std::collections::HashMap;

use hapax_diag::{Diagnostics, Sources, Span};
use hapax_syntax::{Environment, Line, Reader, Word};

use crate::section;

/// Every section, in the order of the files.
#[derive(Debug, Default)]
pub struct Outline<'a> {
    pub sections: Vec<Section<'a>>,
}

#[derive(Debug)]
pub struct Section<'a> {
    pub keyword: &'static str,
    pub head: Line<'a>,
    pub lines: Vec<Line<'a>>,
    /// Index of the `defaults` section that its lines add to.
    pub defaults: Option<usize>,
}

impl<'a> Outline<'a> {
    /// Reads the files again. What is wrong with them was told before. `None`: there is no memory for it, as `full` says.
    pub fn read(sources: &'a Sources, mut env: Environment, full: Option<fn() -> bool>) -> Option<Self> {
        let mut outline = Self::default();
        let mut named = HashMap::new();
        let mut last_defaults = None;
        for (id, source) in sources.iter() {
            let mut reader = Reader::new(id, &source.name, &source.bytes);
            let mut line = Line::default();
            while reader.next_line(&env, &mut Diagnostics::default(), &mut line) {
                if line.span.line.is_multiple_of(64) && full.is_some_and(|full| full()) {
                    return None;
                }
                change_environment(&mut env, &line);
                let Some(row) = section::find(text(&line, 0), None) else {
                    if let Some(section) = outline.sections.last_mut() {
                        section.lines.push(line.clone());
                    }
                    continue;
                };
                let name = text(&line, 1);
                reader.set_section(if name.is_empty() { row.name } else { name }.as_bytes());
                let from = line.words.iter().position(|w| w == "from").map(|at| text(&line, at + 1));
                let defaults = match from {
                    Some(name) => named.get(name.as_bytes()).copied(),
                    None if row.name == "defaults" => None,
                    None => last_defaults,
                };
                if row.name == "defaults" {
                    last_defaults = Some(outline.sections.len());
                    named.insert(name.as_bytes().to_vec(), outline.sections.len());
                }
                outline.sections.push(Section {
                    keyword: row.name,
                    head: line.clone(),
                    lines: Vec::new(),
                    defaults,
                });
            }
        }
        Some(outline)
    }

    /// Frontends, backends and listens.
    pub fn proxies(&self) -> impl Iterator<Item = &Section<'a>> {
        self.sections
            .iter()
            .filter(|s| matches!(s.keyword, "frontend" | "backend" | "listen"))
    }

    /// The lines of a proxy after those of its defaults.
    pub fn with_defaults<'s>(&'s self, section: &'s Section<'a>) -> impl Iterator<Item = &'s Line<'a>> {
        let inherited = section.defaults.and_then(|at| self.sections.get(at));
        inherited.into_iter().flat_map(|d| &d.lines).chain(&section.lines)
    }
}

impl<'a> Section<'a> {
    pub fn name(&self) -> &str {
        text(&self.head, 1)
    }

    /// Lines that start with these words.
    pub fn lines_of<'s>(&'s self, keyword: &'s [&str]) -> impl Iterator<Item = &'s Line<'a>> {
        self.lines.iter().filter(move |line| starts(line, keyword))
    }
}

/// The word at this place, `""` where there is none.
pub fn text<'l>(line: &'l Line<'_>, at: usize) -> &'l str {
    line.words.get(at).map_or("", Word::str)
}

/// Whether the line starts with these words.
pub fn starts(line: &Line<'_>, words: &[&str]) -> bool {
    words.iter().enumerate().all(|(at, word)| text(line, at) == *word)
}

/// Whether any word from `from` on is this one.
pub fn has(line: &Line<'_>, from: usize, word: &str) -> bool {
    line.words.iter().skip(from).any(|w| w == word)
}

/// The place of a word, or of the line.
pub fn span(line: &Line<'_>, at: usize) -> Span {
    line.words.get(at).map_or(line.span, |w| w.span)
}

/// The place of all words.
pub fn whole(line: &Line<'_>) -> Span {
    match (line.words.first(), line.words.last()) {
        (Some(first), Some(last)) => first.span.to(last.span),
        _ => line.span,
    }
}

/// Where the condition of a rule starts: its `if` or `unless`.
pub fn condition(line: &Line<'_>) -> Option<usize> {
    line.words.iter().rposition(|w| w == "if" || w == "unless")
}

fn change_environment(env: &mut Environment, line: &Line<'_>) {
    let word = |at: usize| line.words.get(at).map_or(&[][..], |w| &*w.bytes);
    match text(line, 0) {
        "setenv" => env.set(word(1), word(2)),
        "presetenv" => env.preset(word(1), word(2)),
        "unsetenv" => line.words.iter().skip(1).for_each(|w| env.unset(&w.bytes)),
        "resetenv" => {
            let keep: Vec<&[u8]> = line.words.iter().skip(1).map(|w| &*w.bytes).collect();
            env.reset(&keep);
        }
        _ => {}
    }
}
