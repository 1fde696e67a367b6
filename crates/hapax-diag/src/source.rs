//! Source files and places in them.

use std::sync::{Arc, OnceLock};

/// Index of a file in [`Sources`], in reading order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct FileId(pub u32);

/// A place in a source file: a run of bytes of one line.
///
/// `line` counts from 1 (0 means the whole file); `start..end` are byte offsets in the raw line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    pub file: FileId,
    pub line: u32,
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// The whole of line `line` of `file`: no words are underlined.
    pub fn line(file: FileId, line: u32) -> Self {
        Self {
            file,
            line,
            start: 0,
            end: 0,
        }
    }

    /// From the start of `self` to the end of `other`, when both stand on one line; `self` otherwise.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        if self.file == other.file && self.line == other.line && other.end >= self.start {
            Self { end: other.end, ..self }
        } else {
            self
        }
    }
}

/// One configuration file: the name as the user gave it, and its bytes.
#[derive(Clone, Debug)]
pub struct Source {
    pub name: String,
    pub bytes: Arc<[u8]>,
    /// Where each line starts; counted when a line is first asked for.
    starts: OnceLock<Vec<usize>>,
}

impl Source {
    /// Line `number` (from 1) without its line ending; empty where there is none.
    pub fn line(&self, number: u32) -> &[u8] {
        let starts = self.starts.get_or_init(|| {
            let after = |(i, &b): (usize, &u8)| (b == b'\n').then_some(i + 1);
            std::iter::once(0).chain(self.bytes.iter().enumerate().filter_map(after)).collect()
        });
        let Some(index) = (number as usize).checked_sub(1) else {
            return &[];
        };
        let Some(&start) = starts.get(index) else { return &[] };
        let end = starts.get(index + 1).map_or(self.bytes.len(), |&next| next - 1);
        let line = &self.bytes[start..end];
        line.strip_suffix(b"\r").unwrap_or(line)
    }
}

/// Every file read, by [`FileId`].
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    pub fn add(&mut self, name: impl Into<String>, bytes: impl Into<Arc<[u8]>>) -> FileId {
        self.files.push(Source {
            name: name.into(),
            bytes: bytes.into(),
            starts: OnceLock::new(),
        });
        FileId(self.files.len() as u32 - 1)
    }

    pub fn get(&self, id: FileId) -> Option<&Source> {
        self.files.get(id.0 as usize)
    }

    /// The line a place is on, without its line ending.
    pub fn line(&self, span: Span) -> &[u8] {
        self.get(span.file).map_or(&[], |source| source.line(span.line))
    }

    pub fn name(&self, id: FileId) -> &str {
        self.get(id).map_or("?", |s| &s.name)
    }

    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        self.files.iter().enumerate().map(|(i, s)| (FileId(i as u32), s))
    }
}
