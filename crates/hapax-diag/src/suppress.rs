//! Comments that silence diagnostics: `# hapax: ignore=HX0123,HX0456` at the end of the line, or alone on the lines above.
//!
//! `haproxy:` may stand for `hapax:`, the name of a piece of advice for its code, and `all` for every code. Errors are never silenced.
//! A word that names nothing silences nothing, so whoever wrote it is told.

use std::collections::HashMap;

use crate::{Code, Diagnostic, Diagnostics, FileId, Severity, Sources, Span, suggest};

pub static UNKNOWN: Code = Code {
    id: "HX0901",
    title: "comment that silences nothing",
    explain: "A comment asks to leave out what no diagnostic is named. `--list-codes` lists the codes, `--list-lints` the names of advice.",
};

/// The codes of this module, for `--explain`.
pub static CODES: &[&Code] = &[&UNKNOWN];

/// What a comment asks to leave out.
struct Entry<'s> {
    word: &'s str,
    /// The code that it stands for; `all` stands for every one.
    code: Option<&'s str>,
    at: Span,
    /// Written for this program, and not for another that reads the same comments.
    ours: bool,
}

/// A name that `ignore=` may take, and its code.
pub type Name<'n> = (&'n str, &'n str);

/// Takes out what comments silence, and tells of comments that name nothing; answers how many were taken out.
pub fn suppress(diags: &mut Diagnostics, sources: &Sources, names: &[Name<'_>]) -> usize {
    let mut entries: HashMap<(FileId, u32), Vec<Entry<'_>>> = HashMap::new();
    for (id, source) in sources.iter() {
        if contains(&source.bytes, b"ignore") {
            read(id, &source.bytes, names, &mut entries);
        }
    }
    if entries.is_empty() {
        return 0;
    }
    let before = diags.len();
    diags.retain(|d| {
        let place = d.span.and_then(|span| entries.get(&(span.file, span.line)));
        let hit = |e: &Entry<'_>| e.code.is_some_and(|c| c == "all" || c == d.code.id);
        d.severity == Severity::Alert || !place.is_some_and(|list| list.iter().any(hit))
    });
    let taken = before - diags.len();
    let mut unknown: Vec<&Entry<'_>> = entries.values().flatten().filter(|e| e.code.is_none() && e.ours).collect();
    unknown.sort_by_key(|e| (e.at.file, e.at.line, e.at.start));
    for e in unknown {
        let d = Diagnostic::new(
            &UNKNOWN,
            Severity::Note,
            format!("'{}' names nothing that could be ignored", e.word),
        )
        .at(e.at);
        let near = suggest(e.word, names.iter().flat_map(|(name, code)| [*name, *code]));
        diags.push(match near {
            Some(near) => d.help(format!("did you mean '{near}'?")),
            None => d,
        });
    }
    taken
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    memchr::memmem::find(bytes, word).is_some()
}

/// Puts the entries of a file under the lines that they are for: their own, or the next one that is no comment.
fn read<'s>(file: FileId, bytes: &'s [u8], names: &[Name<'s>], entries: &mut HashMap<(FileId, u32), Vec<Entry<'s>>>) {
    let mut above: Vec<Entry<'s>> = Vec::new();
    for (line, number) in bytes.split(|&b| b == b'\n').zip(1..) {
        let alone = line.trim_ascii_start().starts_with(b"#");
        if above.is_empty() && !contains(line, b"ignore") {
            continue;
        }
        comments(line, |word, start, ours| {
            let place = (start as u32, (start + word.len()) as u32);
            above.push(Entry {
                word,
                code: code(word, names),
                at: Span {
                    file,
                    line: number,
                    start: place.0,
                    end: place.1,
                },
                ours,
            });
        });
        if !alone && !above.is_empty() {
            entries.entry((file, number)).or_default().append(&mut above);
        }
    }
    if !above.is_empty() {
        entries.entry((file, 0)).or_default().append(&mut above);
    }
}

fn code<'s>(word: &str, names: &[Name<'s>]) -> Option<&'s str> {
    if word == "all" {
        return Some("all");
    }
    let named = |(name, code): &&Name<'_>| word == *name || word.eq_ignore_ascii_case(code);
    names.iter().find(named).map(|(_, code)| *code)
}

/// Calls `found` with each word that comments of the line list, where it starts, and whether it can only be meant for this program.
fn comments<'s>(line: &'s [u8], mut found: impl FnMut(&'s str, usize, bool)) {
    let mut at = 0;
    while let Some(hash) = line[at..].iter().position(|&b| b == b'#') {
        at += hash + 1;
        let end = line[at..].iter().position(|&b| b == b'#').map_or(line.len(), |next| at + next);
        let Ok(text) = std::str::from_utf8(&line[at..end]) else { continue };
        let Some((who, list)) = lead(text) else { continue };
        let from = at + text.len() - list.len();
        let mut pos = 0;
        for (i, item) in list.split(',').enumerate() {
            let trimmed = item.trim_start();
            let word = trimmed.split_ascii_whitespace().next().unwrap_or("");
            if !word.is_empty() {
                let coded = word.len() == 6 && word.as_bytes()[..2].eq_ignore_ascii_case(b"hx");
                found(word, from + pos + item.len() - trimmed.len(), who == "hapax" || coded);
            }
            // Behind the list, the reason may be given.
            if word.len() != trimmed.trim_end().len() || (word.is_empty() && i > 0) {
                break;
            }
            pos += item.len() + 1;
        }
    }
}

/// Who is spoken to, and what follows the equals sign of `hapax: ignore=`.
fn lead(text: &str) -> Option<(&str, &str)> {
    let (who, rest) = text.split_once(':')?;
    let rest = rest.trim_start().strip_prefix("ignore")?.trim_start();
    let who = who.trim();
    matches!(who, "hapax" | "haproxy").then_some((who, rest.strip_prefix('=')?))
}

#[cfg(test)]
mod tests;
