//! The registry of lists: those from files are shared by name, those written in the configuration are known by number.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use hapax_diag::Span;

use super::list::PatternList;
use super::store::Record;
use crate::Files;

/// Where a list is used, as the runtime API shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListUse {
    /// By a map, else by an ACL.
    pub map: bool,
    /// The fetch of an ACL whose patterns stand on its line.
    pub keyword: Option<&'static str>,
    pub at: Span,
}

/// Map and ACL lists of one configuration.
#[derive(Debug, Default)]
pub struct PatternRefs {
    lists: Vec<Arc<PatternList>>,
    by_name: HashMap<Arc<str>, Arc<PatternList>>,
    wanted: Vec<Arc<LaterList>>,
    /// Where files need not be there, those that were not, until somebody tells of them.
    absent: Option<Vec<String>>,
    /// The place in the configuration that is being read.
    pub(crate) at: Span,
    /// The certificates that converters of tokens know by name: they are shared and changed while running, as the lists are.
    pub jwt: Arc<crate::JwtCerts>,
}

/// A list that is named before the line that loads it may have been read; [`PatternRefs::finish`] looks it up.
#[derive(Debug)]
pub struct LaterList {
    name: String,
    list: OnceLock<Arc<PatternList>>,
}

impl LaterList {
    /// The list, where the configuration loads one of that name.
    pub fn get(&self) -> Option<&PatternList> {
        self.list.get().map(|l| &**l)
    }
}

/// How a list's name asks for its file (manual, 2.7).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    File,
    Optional,
    Virtual,
}

fn source(name: &str) -> (Source, &str) {
    if let Some(path) = name.strip_prefix("file@") {
        (Source::File, path)
    } else if let Some(path) = name.strip_prefix("opt@") {
        (Source::Optional, path)
    } else if name.starts_with("virt@") {
        (Source::Virtual, name)
    } else {
        (Source::File, name)
    }
}

fn is_blank(b: u8) -> bool {
    b == b' ' || b == b'\t'
}

/// Lines that hold an entry: no comment, not empty, leading blanks and the line's end removed.
fn lines(text: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    text.split(|&b| b == b'\n').zip(1..).filter_map(|(line, n)| {
        if line.first() == Some(&b'#') {
            return None;
        }
        let line = line.split(|&b| b == b'\r' || b == 0).next().unwrap_or_default();
        let start = line.iter().position(|&b| !is_blank(b))?;
        Some((n, &line[start..]))
    })
}

fn record(line: u32, text: &[u8], two_columns: bool) -> Record<'_> {
    if !two_columns {
        return Record {
            line,
            key: text,
            value: None,
        };
    }
    let end = text.iter().position(|&b| is_blank(b)).unwrap_or(text.len());
    let (key, rest) = text.split_at(end);
    Record {
        line,
        key,
        value: Some(trim_blanks(rest)),
    }
}

/// Without the spaces and tabs around it.
fn trim_blanks(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|&b| !is_blank(b)).unwrap_or(text.len());
    let end = text.iter().rposition(|&b| !is_blank(b)).map_or(start, |last| last + 1);
    &text[start..end]
}

impl PatternRefs {
    /// The list of a file, read on its first use. A list has one column or two, for all its uses.
    pub fn file(&mut self, name: &str, two_columns: bool, files: &dyn Files) -> Result<Arc<PatternList>, String> {
        let (source, name) = source(name);
        if let Some(list) = self.by_name.get(name) {
            return if list.has_values() == two_columns {
                Ok(Arc::clone(list))
            } else {
                let (is, not) = if two_columns { ("one", "two") } else { ("two", "one") };
                Err(format!(
                    "The file \"{name}\" is already used as {is} column file and cannot be used by as {not} column file."
                ))
            };
        }
        let name: Arc<str> = Arc::from(name);
        let list = Arc::new(PatternList::new(Some(Arc::clone(&name)), None, two_columns));
        let text = match source {
            Source::Virtual => None,
            Source::Optional => files.read(&name).ok(),
            Source::File => match (files.read(&name), &mut self.absent) {
                (Ok(text), _) => Some(text),
                (Err(_), Some(absent)) => {
                    absent.push(name.to_string());
                    None
                }
                (Err(_), None) => return Err(format!("failed to open pattern file <{name}>")),
            },
        };
        if let Some(text) = text {
            list.load(lines(&text).map(|(n, line)| record(n, line, two_columns)))
                .map_err(|why| why.to_string())?;
        }
        self.by_name.insert(name, Arc::clone(&list));
        self.lists.push(Arc::clone(&list));
        Ok(list)
    }

    /// From now on, the list of a file that is not there is empty, and the file is remembered.
    pub fn bear_absence(&mut self) {
        self.absent.get_or_insert_default();
    }

    /// The files that were not there since this was last asked.
    pub fn take_absent(&mut self) -> Vec<String> {
        self.absent.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// A list that some other line loads, before this one or after it.
    pub fn later(&mut self, name: &str) -> Arc<LaterList> {
        let later = Arc::new(LaterList {
            name: name.to_owned(),
            list: OnceLock::new(),
        });
        self.wanted.push(Arc::clone(&later));
        later
    }

    /// A list for patterns written in the configuration; `id` is what `-u` asks for, `keyword` what they are compared with.
    pub fn inline(&mut self, id: Option<u32>, keyword: Option<&'static str>) -> Arc<PatternList> {
        let list = Arc::new(PatternList::new(None, id, false));
        list.add_use(ListUse {
            map: false,
            keyword,
            at: self.at,
        });
        self.lists.push(Arc::clone(&list));
        list
    }

    /// The id is taken by another list.
    pub fn has_id(&self, id: u32) -> bool {
        self.lists.iter().any(|list| list.id() == Some(id))
    }

    /// To be called once, when the whole configuration is read: gives a number to every list that has none, and compiles
    /// what is better compiled at once.
    pub fn finish(&mut self) {
        for later in std::mem::take(&mut self.wanted) {
            if let Some(list) = self.find(&later.name) {
                // A second call is a no-op: the first list found stays.
                let _ = later.list.set(Arc::clone(list));
            }
        }
        let taken: std::collections::HashSet<u32> = self.lists.iter().filter_map(|list| list.id()).collect();
        let mut free = (0..).filter(|id| !taken.contains(id));
        for list in &self.lists {
            list.settle_all();
            if list.id().is_none()
                && let Some(id) = free.next()
            {
                list.give_id(id);
            }
        }
    }

    pub fn lists(&self) -> &[Arc<PatternList>] {
        &self.lists
    }

    /// A list by what the runtime API calls it: `#id` or a name.
    pub fn find(&self, text: &str) -> Option<&Arc<PatternList>> {
        if let Some(id) = text.strip_prefix('#') {
            let id: u32 = id.parse().ok()?;
            return self.lists.iter().find(|list| list.id() == Some(id));
        }
        self.by_name.get(source(text).1)
    }
}
