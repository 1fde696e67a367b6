//! Every word of the language in one list: what the pages, the ledger and the duplicate check are derived from.
//!
//! The rows stay in their crates; this gathers what they say about themselves.

use hapax_config::keyword::{Class, Keyword, Version};
use hapax_config::section;
use hapax_rules::RuleSets;
use hapax_value::Support;

/// The kinds of words, in the order of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Keyword,
    Bind,
    Server,
    Action,
    Fetch,
    Converter,
    Acl,
    Filter,
    Command,
}

impl Kind {
    pub(crate) const ALL: &[Self] = &[
        Self::Keyword,
        Self::Bind,
        Self::Server,
        Self::Action,
        Self::Fetch,
        Self::Converter,
        Self::Acl,
        Self::Filter,
        Self::Command,
    ];

    /// What a table calls it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Keyword => "Configuration keywords",
            Self::Bind => "`bind` options",
            Self::Server => "`server` options",
            Self::Action => "Actions",
            Self::Fetch => "Sample fetches",
            Self::Converter => "Converters",
            Self::Acl => "ACL criteria",
            Self::Filter => "Filters",
            Self::Command => "Runtime API commands",
        }
    }
}

/// One word in one place.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    /// Section or rule set; empty where the word is valid wherever its kind is.
    pub(crate) place: &'static str,
    pub(crate) name: &'static str,
    pub(crate) usage: String,
    pub(crate) doc: &'static str,
    pub(crate) since: Version,
    pub(crate) until: Option<Version>,
    pub(crate) support: Support,
    pub(crate) example: Option<&'static str>,
    /// Tells what a family has; no word of its own.
    pub(crate) family: bool,
}

/// Every word in every place it is valid in, kind by kind.
pub(crate) fn entries() -> Vec<Entry> {
    let mut list = Vec::new();
    for row in hapax_config::every_keyword() {
        for s in section::ALL.iter().filter(|s| row.sections.contains(s.bit)) {
            list.push(of_keyword(Kind::Keyword, s.name, row));
        }
    }
    list.extend(hapax_config::bind::every_option().map(|row| of_keyword(Kind::Bind, "", row)));
    list.extend(hapax_config::server::every_option().map(|row| of_keyword(Kind::Server, "", row)));
    list.extend(actions());
    list.extend(samples());
    list.extend(others());
    list
}

/// A word that is no configuration keyword, valid wherever its kind is.
fn plain(kind: Kind, name: &'static str, doc: &'static str, support: Support) -> Entry {
    Entry {
        kind,
        place: "",
        name,
        usage: String::new(),
        doc,
        since: (0, 0),
        until: None,
        support,
        example: None,
        family: false,
    }
}

fn actions() -> Vec<Entry> {
    let mut list = Vec::new();
    for row in hapax_rules::registry::all() {
        for (place, set) in RULE_SETS.iter().filter(|(_, set)| row.rulesets.contains(*set)) {
            let _ = set;
            list.push(Entry {
                place,
                example: row.ok.first().copied(),
                ..plain(Kind::Action, row.name, row.doc, row.support)
            });
        }
    }
    list
}

fn samples() -> Vec<Entry> {
    let fetches = hapax_sample::registry::all_fetches().map(|row| Entry {
        usage: format!("{}: {}", arguments(row.args, row.required), type_name(row.out)),
        example: row.ok.first().copied(),
        ..plain(Kind::Fetch, row.name, row.doc, row.support)
    });
    let converters = hapax_sample::converters::all().map(|row| Entry {
        usage: format!(
            "{}: {} => {}",
            arguments(row.args, row.required),
            type_name(row.from),
            type_name(row.to)
        ),
        example: row.ok.first().copied(),
        ..plain(Kind::Converter, row.name, row.doc, row.support)
    });
    fetches.chain(converters).collect()
}

fn others() -> Vec<Entry> {
    let criteria = hapax_sample::acl::CRITERIA.iter().map(|c| Entry {
        usage: format!("= {} -m {:?}", c.fetch, c.method).to_lowercase(),
        ..plain(Kind::Acl, c.name, "Short for the fetch with this way to match.", Support::Full)
    });
    let filters = hapax_rules::filters::all().map(|row| Entry {
        example: row.ok.first().copied(),
        ..plain(Kind::Filter, row.name, row.doc, row.support)
    });
    // A command's path is a list of words: joined once, for the life of the chore.
    let commands = hapax_cli::every_command().map(|row| Entry {
        usage: row.usage.to_owned(),
        ..plain(Kind::Command, row.path.join(" ").leak(), row.doc, row.support)
    });
    criteria.chain(filters).chain(commands).collect()
}

/// Rule sets by the words that start their rules.
pub(crate) const RULE_SETS: &[(&str, RuleSets)] = &[
    ("quic-initial", RuleSets::QUIC_INIT),
    ("tcp-request connection", RuleSets::TCP_CONN),
    ("tcp-request session", RuleSets::TCP_SESS),
    ("tcp-request content", RuleSets::TCP_REQ),
    ("tcp-response content", RuleSets::TCP_RES),
    ("http-request", RuleSets::HTTP_REQ),
    ("http-response", RuleSets::HTTP_RES),
    ("http-after-response", RuleSets::HTTP_AFTER),
];

fn of_keyword<K: Class>(kind: Kind, place: &'static str, row: &Keyword<K>) -> Entry {
    Entry {
        kind,
        place,
        name: row.name,
        usage: row.usage.to_owned(),
        doc: row.doc,
        since: row.since,
        until: row.until.map(|(version, _)| version),
        support: row.support,
        example: row.ok.first().copied(),
        family: row.family,
    }
}

/// `(<str>[,<int>])`
fn arguments(args: &[hapax_sample::ArgKind], required: usize) -> String {
    let text: String = args
        .iter()
        .enumerate()
        .map(|(i, arg)| {
            let word = format!("{arg:?}").to_lowercase();
            let word = word.split('(').next().unwrap_or(&word);
            let comma = if i == 0 { "" } else { "," };
            if i < required {
                format!("{comma}<{word}>")
            } else {
                format!("[{comma}<{word}>]")
            }
        })
        .collect();
    if text.is_empty() { text } else { format!("({text})") }
}

fn type_name(t: hapax_value::Type) -> String {
    format!("{t:?}").to_lowercase()
}
