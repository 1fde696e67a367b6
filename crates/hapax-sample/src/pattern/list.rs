//! A list of patterns that ACLs and maps share, and its versions.
//!
//! Readers see the current version only. A short list (the patterns written on an ACL's line) is replaced as a whole on
//! every change; a list from a file is changed in place under a lock that readers share without touching one another.
//! Versions being prepared are a writer's private matter until they are committed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use arc_swap::ArcSwap;
use crossbeam_utils::sync::ShardedLock;

use super::index::{Index, Resolve, Spec, no_resolver};
use super::store::{Record, Store};
use super::{ListUse, Subject};
use crate::regexp::Regexp;

/// Gives the compiled form of the entry found, when the method is `reg`.
pub(crate) type GiveRegexp<'g> = &'g dyn Fn() -> Option<Arc<Regexp>>;

/// What the second column of a map must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueKind {
    Any,
    Int,
    Ip,
}

impl ValueKind {
    fn check(self, value: &[u8]) -> Result<(), String> {
        let text = String::from_utf8_lossy(value);
        let good = match self {
            Self::Any => true,
            Self::Int => text.parse::<i64>().is_ok(),
            Self::Ip => text.parse::<std::net::IpAddr>().is_ok(),
        };
        if good { Ok(()) } else { Err(format!("unable to parse '{text}'")) }
    }
}

/// One version: its entries and what finds them.
#[derive(Clone, Debug, Default)]
struct Generation {
    store: Store,
    /// In the order the uses were registered: a use knows its place.
    indexes: Vec<Index>,
}

/// Why a change was not made; the text is for the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    #[error("{0}")]
    BadEntry(String),
    #[error("Key or pattern not found.")]
    NotFound,
    #[error("Version number out of range.")]
    BadVersion,
    #[error("list of patterns too large")]
    TooLarge,
}

/// Names one entry of one version until it is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryRef(pub u64);

impl EntryRef {
    fn new(version: u32, id: u32) -> Self {
        // Entries count from 1: zero would look like a null pointer where HAProxy prints one.
        Self((u64::from(version) << 32) | (u64::from(id) + 1))
    }

    fn split(self) -> Option<(u32, u32)> {
        Some(((self.0 >> 32) as u32, (self.0 as u32).checked_sub(1)?))
    }
}

/// The version being matched and the last one handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    pub current: u32,
    pub next: u32,
}

enum Shared {
    Short(ArcSwap<Generation>),
    Long(Box<ShardedLock<Generation>>),
}

impl Shared {
    fn read<R>(&self, f: impl FnOnce(&Generation) -> R) -> R {
        match self {
            Self::Short(swap) => f(&swap.load()),
            Self::Long(lock) => f(&lock.read().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    fn write<R>(&self, f: impl FnOnce(&mut Generation) -> R) -> R {
        match self {
            Self::Short(swap) => {
                let mut copy = Generation::clone(&swap.load());
                let result = f(&mut copy);
                swap.store(Arc::new(copy));
                result
            }
            Self::Long(lock) => f(&mut lock.write().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}

/// What only writers look at.
#[derive(Debug, Default)]
struct Writer {
    current: u32,
    next: u32,
    specs: Vec<Spec>,
    kinds: Vec<ValueKind>,
    prepared: BTreeMap<u32, Generation>,
    uses: Vec<ListUse>,
    /// Lowered with the first change: others have copied what the list had when the configuration was read.
    copies: Vec<Arc<AtomicBool>>,
}

impl Writer {
    fn changed(&self) {
        for copy in &self.copies {
            copy.store(false, Ordering::Release);
        }
    }
}

/// A list of patterns, with a second column where maps use it.
pub struct PatternList {
    id: OnceLock<u32>,
    name: Option<Arc<str>>,
    has_values: bool,
    shared: Shared,
    writer: Mutex<Writer>,
}

impl fmt::Debug for PatternList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PatternList")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("entries", &self.len(None))
            .finish_non_exhaustive()
    }
}

impl Generation {
    fn empty(specs: &[Spec]) -> Self {
        Self {
            store: Store::default(),
            indexes: specs.iter().copied().map(Index::new).collect(),
        }
    }

    fn insert(&mut self, r: &Record<'_>) -> Result<(), ListError> {
        let id = self.store.push(r).map_err(|_| ListError::TooLarge)?;
        for done in 0..self.indexes.len() {
            let Some(index) = self.indexes.get_mut(done) else { break };
            if let Err(why) = index.insert(&mut self.store, id, &no_resolver) {
                // The indexes before this one know the entry already.
                for index in self.indexes.iter_mut().take(done) {
                    index.remove(&self.store, id);
                }
                self.store.remove(id);
                return Err(ListError::BadEntry(why));
            }
        }
        Ok(())
    }

    fn remove(&mut self, id: u32) {
        for index in &mut self.indexes {
            index.remove(&self.store, id);
        }
        self.store.remove(id);
    }

    fn finish(&mut self) {
        for index in &mut self.indexes {
            index.finish(&self.store);
        }
        self.store.shrink();
    }
}

impl PatternList {
    pub(crate) fn new(name: Option<Arc<str>>, id: Option<u32>, has_values: bool) -> Self {
        Self {
            shared: if name.is_some() {
                Shared::Long(Box::new(ShardedLock::new(Generation::default())))
            } else {
                Shared::Short(ArcSwap::default())
            },
            id: id.map(OnceLock::from).unwrap_or_default(),
            name,
            has_values,
            writer: Mutex::default(),
        }
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The name of the file, without `file@` or `opt@`; `virt@` is part of a name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The number that names it on the command line; every list has one once the configuration is read.
    pub fn id(&self) -> Option<u32> {
        self.id.get().copied()
    }

    pub(crate) fn give_id(&self, id: u32) {
        // A second call is a no-op: an id once given stays.
        let _ = self.id.set(id);
    }

    /// Entries have a value.
    pub fn has_values(&self) -> bool {
        self.has_values
    }

    /// Who uses it, in the order of the configuration.
    pub fn uses(&self) -> Vec<ListUse> {
        self.writer().uses.clone()
    }

    pub(crate) fn add_use(&self, new: ListUse) {
        self.writer().uses.push(new);
    }

    /// Fills the list while a configuration is read, before anything looks at it.
    pub(crate) fn load<'r>(&self, records: impl Iterator<Item = Record<'r>>) -> Result<(), ListError> {
        self.shared.write(|g| {
            for r in records {
                g.store.push(&r).map_err(|_| ListError::TooLarge)?;
            }
            g.store.shrink();
            Ok(())
        })
    }

    /// Adds one entry to all that uses the list, while a configuration is read; [`Self::settle_all`] ends that.
    pub(crate) fn push(&self, key: &[u8], resolve: Resolve<'_>) -> Result<(), String> {
        self.shared.write(|g| {
            let record = Record { line: 0, key, value: None };
            let id = g.store.push(&record).map_err(|_| ListError::TooLarge.to_string())?;
            let Generation { store, indexes } = g;
            for index in indexes {
                index.insert(store, id, resolve)?;
            }
            Ok(())
        })
    }

    /// Makes the list ready to be looked at in one way; the error names the line where there is one.
    pub(crate) fn index(&self, spec: Spec, kind: ValueKind, resolve: Resolve<'_>) -> Result<usize, String> {
        let mut writer = self.writer();
        if kind != ValueKind::Any && !writer.kinds.contains(&kind) {
            self.shared.read(|g| {
                g.store
                    .iter()
                    .try_for_each(|(_, r)| kind.check(r.value.unwrap_or_default()).map_err(|why| self.at_line(&why, r.line)))
            })?;
            writer.kinds.push(kind);
        }
        if let Some(place) = writer.specs.iter().position(|s| *s == spec) {
            return Ok(place);
        }
        self.shared.write(|g| {
            let mut index = Index::new(spec);
            for id in 0..g.store.end() {
                let Some(line) = g.store.get(id).map(|r| r.line) else { continue };
                index.insert(&mut g.store, id, resolve).map_err(|why| self.at_line(&why, line))?;
            }
            index.finish(&g.store);
            g.indexes.push(index);
            Ok::<_, String>(())
        })?;
        writer.specs.push(spec);
        Ok(writer.specs.len() - 1)
    }

    fn at_line(&self, why: &str, line: u32) -> String {
        match &self.name {
            Some(name) if line > 0 => format!("{why} at line {line} of file '{name}'"),
            _ => why.to_owned(),
        }
    }

    /// Whether some entry matches.
    pub(crate) fn matches(&self, place: usize, subject: &Subject<'_>) -> bool {
        self.shared
            .read(|g| g.indexes.get(place).is_some_and(|index| index.find(&g.store, subject).is_some()))
    }

    /// The same for a text, which is what most samples are.
    pub(crate) fn matches_text(&self, place: usize, text: &[u8]) -> bool {
        self.shared
            .read(|g| g.indexes.get(place).is_some_and(|index| index.matches_text(&g.store, text)))
    }

    /// Shows the matching entry (key, value, what gives its expression) to `f`.
    pub(crate) fn find<R>(
        &self,
        place: usize,
        subject: &Subject<'_>,
        f: impl FnOnce(&[u8], Option<&[u8]>, GiveRegexp<'_>) -> R,
    ) -> Option<R> {
        self.shared.read(|g| {
            let index = g.indexes.get(place)?;
            let id = index.find(&g.store, subject)?;
            let r = g.store.get(id)?;
            Some(f(r.key, r.value, &|| index.regexp(id, r.key)))
        })
    }

    /// How the use of that place looks at the list.
    pub(crate) fn spec(&self, place: usize) -> Option<Spec> {
        self.writer().specs.get(place).copied()
    }

    /// Lowers `valid` when the current version is changed.
    pub(crate) fn watch(&self, valid: &Arc<AtomicBool>) {
        self.writer().copies.push(Arc::clone(valid));
    }

    /// Bytes that the current version holds.
    pub fn memory(&self) -> usize {
        self.shared
            .read(|g| g.store.memory() + g.indexes.iter().map(Index::memory).sum::<usize>())
    }

    pub fn versions(&self) -> Versions {
        let writer = self.writer();
        Versions {
            current: writer.current,
            next: writer.next,
        }
    }

    /// Entries of a version (`None`: the current one).
    pub fn len(&self, version: Option<u32>) -> usize {
        let writer = self.writer();
        match version.filter(|&v| v != writer.current) {
            None => self.shared.read(|g| g.store.len()),
            Some(v) => writer.prepared.get(&v).map_or(0, |g| g.store.len()),
        }
    }

    /// Shows every entry of a version to `f`, in order.
    pub fn for_each(&self, version: Option<u32>, mut f: impl FnMut(EntryRef, &[u8], Option<&[u8]>)) {
        let writer = self.writer();
        let version = version.unwrap_or(writer.current);
        let mut show = |g: &Generation| {
            for (id, r) in g.store.iter() {
                f(EntryRef::new(version, id), r.key, r.value);
            }
        };
        if version == writer.current {
            self.shared.read(show);
        } else if let Some(g) = writer.prepared.get(&version) {
            show(g);
        }
    }

    /// Adds an entry to a version (`None`: the current one, seen at once).
    pub fn add(&self, version: Option<u32>, key: &[u8], value: Option<&[u8]>) -> Result<(), ListError> {
        let mut writer = self.writer();
        check_value(&writer.kinds, value)?;
        let record = Record { line: 0, key, value };
        match version.filter(|&v| v != writer.current) {
            None => {
                writer.changed();
                self.shared.write(|g| g.insert(&record))?;
                self.settle(&writer.specs);
                Ok(())
            }
            Some(v) => {
                if v > writer.next || v < writer.current {
                    return Err(ListError::BadVersion);
                }
                let specs = std::mem::take(&mut writer.specs);
                let done = writer
                    .prepared
                    .entry(v)
                    .or_insert_with(|| Generation::empty(&specs))
                    .insert(&record);
                writer.specs = specs;
                done
            }
        }
    }

    /// Adds an entry to the current version, unless one with this key is there.
    pub fn add_missing(&self, key: &[u8]) -> Result<(), ListError> {
        if self.shared.read(|g| g.store.find(key).is_some()) {
            return Ok(());
        }
        self.add(None, key, None)
    }

    /// The configuration is read: from now on every look-up is as quick as it gets.
    pub(crate) fn settle_all(&self) {
        let writer = self.writer();
        self.settle(&writer.specs);
    }

    /// Sorts and compiles what the last change left aside, away from the readers.
    fn settle(&self, specs: &[Spec]) {
        let count = self.shared.read(|g| g.indexes.len());
        for place in 0..count {
            let built = self.shared.read(|g| {
                let index = g.indexes.get(place).filter(|index| index.wants_finish())?;
                let mut copy = index.clone();
                copy.finish(&g.store);
                Some(copy)
            });
            if let Some(index) = built {
                self.shared.write(|g| {
                    if let Some(slot) = g.indexes.get_mut(place) {
                        *slot = index;
                    }
                });
            }
        }
        let compacted = self.shared.read(|g| g.store.wants_compaction().then(|| rebuilt(g, specs)));
        if let Some(Ok(fresh)) = compacted {
            self.shared.write(|g| *g = fresh);
        }
    }

    /// Runs `change` on the generation of an entry, with the numbers of the entries of its key.
    fn change(&self, which: Which<'_>, mut change: impl FnMut(&mut Generation, u32) -> Result<(), ListError>) -> Result<(), ListError> {
        let mut writer = self.writer();
        let mut run = |g: &mut Generation, only: Option<u32>| {
            let ids = match (which, only) {
                (Which::Key(key), _) => g.store.find_all(key),
                (Which::Entry(_), id) => id.into_iter().filter(|&id| g.store.get(id).is_some()).collect(),
            };
            if ids.is_empty() {
                return Err(ListError::NotFound);
            }
            ids.into_iter().try_for_each(|id| change(g, id))
        };
        let (version, id) = match which {
            Which::Key(_) => (writer.current, None),
            Which::Entry(entry) => {
                let (version, id) = entry.split().ok_or(ListError::NotFound)?;
                (version, Some(id))
            }
        };
        if version == writer.current {
            writer.changed();
            self.shared.write(|g| run(g, id))?;
            self.settle(&writer.specs);
            Ok(())
        } else {
            let g = writer.prepared.get_mut(&version).ok_or(ListError::NotFound)?;
            run(g, id)
        }
    }

    /// Removes every entry with this key from the current version.
    pub fn delete(&self, key: &[u8]) -> Result<(), ListError> {
        self.change(Which::Key(key), |g, id| {
            g.remove(id);
            Ok(())
        })
    }

    pub fn delete_entry(&self, entry: EntryRef) -> Result<(), ListError> {
        self.change(Which::Entry(entry), |g, id| {
            g.remove(id);
            Ok(())
        })
    }

    /// Gives every entry with this key in the current version another value.
    pub fn set(&self, key: &[u8], value: &[u8]) -> Result<(), ListError> {
        check_value(&self.writer().kinds, Some(value))?;
        self.change(Which::Key(key), |g, id| {
            g.store.set_value(id, value).map_err(|_| ListError::TooLarge)
        })
    }

    pub fn set_entry(&self, entry: EntryRef, value: &[u8]) -> Result<(), ListError> {
        check_value(&self.writer().kinds, Some(value))?;
        self.change(Which::Entry(entry), |g, id| {
            g.store.set_value(id, value).map_err(|_| ListError::TooLarge)
        })
    }

    /// Empties a version.
    pub fn clear(&self, version: Option<u32>) {
        let mut writer = self.writer();
        match version.filter(|&v| v != writer.current) {
            None => {
                writer.changed();
                self.replace(Generation::empty(&writer.specs));
            }
            Some(v) => {
                writer.prepared.remove(&v);
            }
        }
    }

    fn replace(&self, fresh: Generation) {
        // The old generation is dropped here, once readers are let in again.
        drop(self.shared.write(|g| std::mem::replace(g, fresh)));
    }

    /// A new version number, for entries to be added to.
    pub fn prepare(&self) -> u32 {
        let mut writer = self.writer();
        writer.next = writer.next.wrapping_add(1);
        writer.next
    }

    /// Makes a version the current one and forgets those before it.
    pub fn commit(&self, version: u32) -> Result<(), ListError> {
        let mut writer = self.writer();
        if version > writer.next || version < writer.current {
            return Err(ListError::BadVersion);
        }
        if version == writer.current {
            return Ok(());
        }
        let mut fresh = writer.prepared.remove(&version).unwrap_or_else(|| Generation::empty(&writer.specs));
        fresh.finish();
        writer.changed();
        self.replace(fresh);
        writer.prepared.retain(|&v, _| v > version);
        writer.current = version;
        Ok(())
    }
}

/// The same entries without the holes that removals left.
fn rebuilt(g: &Generation, specs: &[Spec]) -> Result<Generation, ListError> {
    let mut fresh = Generation::empty(specs);
    for (_, r) in g.store.iter() {
        fresh.insert(&r)?;
    }
    fresh.finish();
    Ok(fresh)
}

#[derive(Clone, Copy)]
enum Which<'k> {
    Key(&'k [u8]),
    Entry(EntryRef),
}

fn check_value(kinds: &[ValueKind], value: Option<&[u8]>) -> Result<(), ListError> {
    kinds
        .iter()
        .try_for_each(|kind| kind.check(value.unwrap_or_default()))
        .map_err(ListError::BadEntry)
}
