//! `docs/coverage.md` and the "supported today" table of the README: the ledger, for readers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context, Result};
use hapax_value::Support;

use super::Page;
use crate::dictionary::Kind;
use crate::ledger::Ledger;
use crate::repo::Repo;

const BEGIN: &str = "<!-- supported today: made by `cargo xtask generate` -->\n";
const END: &str = "<!-- supported today: end -->";

pub(super) fn page() -> Result<Page> {
    let ledger = Ledger::new()?;
    let mut text = String::from(
        "# Coverage\n\n<!-- Made by `cargo xtask generate` from the rows. Edit those. -->\n\n\
         What of HAProxy 3.5's language is done. A word counts once, at its weakest: a word that is done in one section and not in\n\
         another counts as not done. *No effect* means that there is nothing here for the word to act on; each page says why. Commands\n\
         of the master socket are not counted: there is no such socket.\n\n",
    );
    text += &table(&ledger);
    for (title, pick) in [
        ("Not acted on yet", not_yet as fn(&Support) -> Option<&'static str>),
        ("Done in part", partial),
        ("Refused", refused),
    ] {
        let mut by_reason: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for ((kind, group, name), support) in &ledger.words {
            if let Some(reason) = support.as_ref().and_then(pick) {
                let place = match (*kind, *group) {
                    (Kind::Keyword, "proxies") => String::new(),
                    (Kind::Keyword, section) => format!("{section}: "),
                    (Kind::Bind, _) => "bind: ".to_owned(),
                    (Kind::Server, _) => "server: ".to_owned(),
                    _ => String::new(),
                };
                by_reason.entry(reason).or_default().push(format!("`{place}{name}`"));
            }
        }
        if by_reason.is_empty() {
            continue;
        }
        let _ = write!(text, "\n## {title}\n\n");
        for (reason, words) in by_reason {
            let _ = writeln!(text, "- {reason}: {}", words.join(", "));
        }
    }
    Ok(Page {
        path: "docs/coverage.md".to_owned(),
        text,
    })
}

/// The README with the table between its marks replaced.
pub(super) fn readme(repo: &Repo) -> Result<Page> {
    let text = repo.read("README.md")?;
    let (before, rest) = text.split_once(BEGIN).context("README.md has no \"supported today\" mark")?;
    let (_, after) = rest.split_once(END).context("README.md has no end of \"supported today\"")?;
    Ok(Page {
        path: "README.md".to_owned(),
        text: format!("{before}{BEGIN}\n{}\n{END}{after}", table(&Ledger::new()?)),
    })
}

fn table(ledger: &Ledger) -> String {
    let mut text =
        String::from("| | HAProxy 3.5 knows | done | in part | no effect | not yet | refused |\n|---|---:|---:|---:|---:|---:|---:|\n");
    for kind in Kind::ALL {
        let t = ledger.tally(*kind);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            kind.title(),
            t.known,
            t.full,
            t.partial,
            t.no_effect,
            t.not_yet + t.missing,
            t.refused
        );
    }
    text
}

fn not_yet(s: &Support) -> Option<&'static str> {
    match s {
        Support::NotYet(what) => Some(what),
        _ => None,
    }
}

fn partial(s: &Support) -> Option<&'static str> {
    match s {
        Support::Partial(what) => Some(what),
        _ => None,
    }
}

fn refused(s: &Support) -> Option<&'static str> {
    match s {
        Support::Refused(why) => Some(why),
        _ => None,
    }
}
