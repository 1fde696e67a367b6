//! The reference pages: one for each kind of word, or section, with what each row says of itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hapax_config::keyword::Version;
use hapax_value::Support;

use super::Page;
use crate::dictionary::{Entry, Kind, entries};

const MARK: &str = "<!-- Made by `cargo xtask generate` from the rows. Edit those. -->\n\n";

/// Every page, and the index of them.
pub(super) fn reference() -> Vec<Page> {
    let entries = entries();
    let mut pages = Vec::new();
    let mut index =
        format!("# Reference\n\n{MARK}Every word of the configuration language that Hapax knows, from the same rows that read it.\n\n");
    for (file, title, words) in groups(&entries) {
        let _ = writeln!(index, "- [{title}]({file}.md): {} words", words.len());
        pages.push(Page {
            path: format!("docs/keywords/{file}.md"),
            text: page(&title, &words),
        });
    }
    pages.push(Page {
        path: "docs/keywords/README.md".to_owned(),
        text: index,
    });
    pages
}

/// A word and the places it is valid in.
struct Word<'e> {
    entry: &'e Entry,
    places: Vec<&'static str>,
}

/// Pages: file name, title, words by name.
fn groups(entries: &[Entry]) -> Vec<(String, String, Vec<Word<'_>>)> {
    type Words<'e> = BTreeMap<(&'e str, &'e str), Word<'e>>;
    let mut by_page: BTreeMap<(u8, String, String), Words<'_>> = BTreeMap::new();
    for e in entries.iter().filter(|e| !e.family) {
        let (order, file, title) = page_of(e);
        // Two rows of one name in one page differ in what they say.
        by_page
            .entry((order, file, title))
            .or_default()
            .entry((e.name, e.doc))
            .or_insert_with(|| Word {
                entry: e,
                places: Vec::new(),
            })
            .places
            .push(e.place);
    }
    by_page
        .into_iter()
        .map(|((_, file, title), words)| (file, title, words.into_values().collect()))
        .collect()
}

fn page_of(e: &Entry) -> (u8, String, String) {
    let (order, file, title) = match (e.kind, e.place) {
        (Kind::Keyword, "global") => (0, "global", "The `global` section"),
        (Kind::Keyword, "defaults" | "frontend" | "listen" | "backend") => (1, "proxies", "Proxies"),
        (Kind::Bind, _) => (2, "bind", "Options of `bind` lines"),
        (Kind::Server, _) => (3, "server", "Options of `server` lines"),
        (Kind::Action, _) => (4, "actions", "Actions"),
        (Kind::Fetch, _) => (5, "fetches", "Sample fetches"),
        (Kind::Converter, _) => (6, "converters", "Converters"),
        (Kind::Acl, _) => (7, "acls", "ACL criteria"),
        (Kind::Filter, _) => (8, "filters", "Filters"),
        (Kind::Command, _) => (9, "commands", "Commands of the runtime API"),
        (Kind::Keyword, place) => return (10, place.to_owned(), format!("The `{place}` section")),
    };
    (order, file.to_owned(), title.to_owned())
}

fn page(title: &str, words: &[Word<'_>]) -> String {
    let mut text = format!("# {title}\n\n{MARK}");
    for word in words {
        let e = word.entry;
        let usage = match e.kind {
            Kind::Fetch | Kind::Converter => format!("{}{}", e.name, e.usage),
            Kind::Command => e.usage.clone(),
            _ => format!("{} {}", e.name, e.usage),
        };
        let _ = write!(
            text,
            "## {}\n\n```\n{}\n```\n\n{}\n\n",
            e.name.replace('*', "\\*"),
            usage.trim_end(),
            e.doc
        );
        let mut facts = Vec::new();
        if word.places.iter().any(|p| !p.is_empty()) && (word.places.len() > 1 || matches!(e.kind, Kind::Action)) {
            facts.push(format!("In: {}", word.places.join(", ")));
        }
        if e.since > (0, 0) {
            facts.push(format!("Since {}", dotted(e.since)));
        }
        if let Some(gone) = e.until {
            facts.push(format!("Gone since {}", dotted(gone)));
        }
        facts.push(support(e.support));
        if let Some(example) = e.example {
            facts.push(format!("Example: `{example}`"));
        }
        for fact in facts {
            let _ = writeln!(text, "- {fact}");
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn dotted((major, minor): Version) -> String {
    format!("{major}.{minor}")
}

/// One line on how much of the word is done.
pub(super) fn support(s: Support) -> String {
    match s {
        Support::Full => "Supported".to_owned(),
        Support::Partial(what) => format!("Supported in part: {what}"),
        Support::NoEffect(why) => format!("Accepted, nothing to act on: {why}"),
        Support::NotYet(what) => format!("Accepted, **not acted on yet**: {what}"),
        Support::Refused(why) => format!("Refused: {why}"),
    }
}
