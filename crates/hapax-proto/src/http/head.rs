//! A message head: start line and fields as ranges over one reused byte arena, edited in place.
//!
//! All bytes of a head live in one `Vec<u8>`. Parsing copies the head in once; an edit appends its bytes and changes a range,
//! so that a head reused for the next message of a connection allocates nothing. Names are held in lower case.

/// A run of bytes in the arena of a [`Head`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Span {
    pub off: u32,
    pub len: u32,
}

impl Span {
    fn range(self) -> std::ops::Range<usize> {
        self.off as usize..self.off as usize + self.len as usize
    }
}

/// One header field: a lower-case name and a value without surrounding white space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: Span,
    pub value: Span,
}

/// The version on the message's start line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Version {
    H09,
    H10,
    #[default]
    H11,
    H2,
    H3,
}

impl Version {
    /// `(major, minor)`.
    pub fn parts(self) -> (u8, u8) {
        match self {
            Self::H09 => (0, 9),
            Self::H10 => (1, 0),
            Self::H11 => (1, 1),
            Self::H2 => (2, 0),
            Self::H3 => (3, 0),
        }
    }
}

/// The head of a request or of a response.
#[derive(Clone, Debug, Default)]
pub struct Head {
    bytes: Vec<u8>,
    fields: Vec<Field>,
    /// Request: the method. Response: empty.
    method: Span,
    /// Request: the target as received. Response: the reason phrase.
    text: Span,
    /// The version as received, where it is none of those that are written by their number.
    version_text: Span,
    /// Response: the status; 0 in a request.
    pub status: u16,
    pub version: Version,
    /// Fields that are none, and were passed over where that is allowed.
    pub strayed: u32,
}

/// Makes a token lower case, eight bytes at a time: names are too short for what the compiler makes of a loop over bytes.
fn lower(name: &mut [u8]) {
    let mut words = name.chunks_exact_mut(8);
    for word in &mut words {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(word);
        word.copy_from_slice(&lower_word(u64::from_ne_bytes(bytes)).to_ne_bytes());
    }
    for b in words.into_remainder() {
        *b = b.to_ascii_lowercase();
    }
}

/// The same for eight bytes of ASCII.
fn lower_word(word: u64) -> u64 {
    const fn all(b: u8) -> u64 {
        u64::from_ne_bytes([b; 8])
    }
    // The high bit of each byte that is at least `A`, and of each that is beyond `Z`.
    let (from_a, beyond_z) = (word + all(0x80 - b'A'), word + all(0x80 - b'Z' - 1));
    word | ((from_a & !beyond_z & all(0x80)) >> 2)
}

impl Head {
    /// Makes it empty, keeping its memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.fields.clear();
        self.method = Span::default();
        self.text = Span::default();
        self.version_text = Span::default();
        self.status = 0;
        self.strayed = 0;
        self.version = Version::H11;
    }

    /// Appends bytes to the arena.
    pub fn store(&mut self, bytes: &[u8]) -> Span {
        let off = self.bytes.len() as u32;
        self.bytes.extend_from_slice(bytes);
        Span {
            off,
            len: bytes.len() as u32,
        }
    }

    /// Takes a whole head as received, into which the fields pushed before point: names become lower case. `folded`: there are line
    /// ends within values, which become spaces.
    pub(crate) fn adopt(&mut self, raw: &[u8], folded: bool) {
        self.bytes.extend_from_slice(raw);
        for f in &self.fields {
            lower(&mut self.bytes[f.name.range()]);
        }
        if folded {
            for f in &self.fields {
                let value = &mut self.bytes[f.value.range()];
                value.iter_mut().filter(|b| matches!(b, b'\r' | b'\n')).for_each(|b| *b = b' ');
            }
        }
    }

    pub(crate) fn set_version_text(&mut self, at: (u32, u32)) {
        self.version_text = Span { off: at.0, len: at.1 };
    }

    /// The version as it stands on the start line.
    pub fn version_text(&self) -> &[u8] {
        if self.version_text.len > 0 {
            return self.get(self.version_text);
        }
        if self.version <= Version::H10 { b"HTTP/1.0" } else { b"HTTP/1.1" }
    }

    /// The version as it is sent: all that is newer than 1.1 is spoken as 1.1.
    pub(crate) fn version_sent(&self) -> &[u8] {
        if self.version <= Version::H10 {
            self.version_text()
        } else {
            b"HTTP/1.1"
        }
    }

    pub(crate) fn set_start_request(&mut self, method: (u32, u32), uri: (u32, u32)) {
        self.method = Span {
            off: method.0,
            len: method.1,
        };
        self.text = Span { off: uri.0, len: uri.1 };
    }

    pub(crate) fn set_start_response(&mut self, status: u16, reason: (u32, u32)) {
        self.status = status;
        self.text = Span {
            off: reason.0,
            len: reason.1,
        };
    }

    /// Adds a field of the bytes that are adopted afterwards.
    pub(crate) fn push_parsed(&mut self, name: (u32, u32), value: (u32, u32)) {
        self.fields.push(Field {
            name: Span { off: name.0, len: name.1 },
            value: Span {
                off: value.0,
                len: value.1,
            },
        });
    }

    pub fn get(&self, span: Span) -> &[u8] {
        &self.bytes[span.range()]
    }

    pub fn is_request(&self) -> bool {
        self.status == 0
    }

    pub fn method(&self) -> &[u8] {
        self.get(self.method)
    }

    pub fn set_method(&mut self, m: &[u8]) {
        self.method = self.store(m);
    }

    /// The request target as it stands on the request line (origin, absolute, authority or `*` form).
    pub fn uri(&self) -> &[u8] {
        self.get(self.text)
    }

    pub fn set_uri(&mut self, uri: &[u8]) {
        self.text = self.store(uri);
    }

    pub fn reason(&self) -> &[u8] {
        self.get(self.text)
    }

    pub fn set_reason(&mut self, reason: &[u8]) {
        self.text = self.store(reason);
    }

    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    pub fn field_count(&self) -> usize {
        self.fields.len()
    }

    /// Every field as `(name, value)`, in wire order.
    pub fn iter(&self) -> FieldIter<'_> {
        FieldIter { head: self, next: 0 }
    }

    /// Values of every field of that lower-case name, whole (commas are not split), in wire order.
    pub fn values<'h>(&'h self, name: &'h [u8]) -> impl Iterator<Item = &'h [u8]> + 'h {
        self.fields.iter().filter(|f| self.is_named(f, name)).map(|f| self.get(f.value))
    }

    /// The first field of that lower-case name.
    pub fn first(&self, name: &[u8]) -> Option<&[u8]> {
        self.fields.iter().find(|f| self.is_named(f, name)).map(|f| self.get(f.value))
    }

    /// Most names are told apart by their length.
    fn is_named(&self, f: &Field, name: &[u8]) -> bool {
        f.name.len as usize == name.len() && self.get(f.name) == name
    }

    pub fn contains(&self, name: &[u8]) -> bool {
        self.first(name).is_some()
    }

    /// Adds a field at the end; the name is written in lower case.
    pub fn add(&mut self, name: &[u8], value: &[u8]) {
        // Stored as it will stand on the wire, so that writing is one copy.
        let name = self.store(name);
        self.bytes[name.range()].make_ascii_lowercase();
        self.bytes.extend_from_slice(b": ");
        let value = self.store(value);
        self.bytes.extend_from_slice(b"\r\n");
        self.fields.push(Field { name, value });
    }

    /// Adds a field at the end, given as its line on the wire, the first `name_len` bytes of which are its lower-case name.
    pub fn add_line(&mut self, line: &[u8], name_len: usize) {
        let line = self.store(line);
        let name = Span {
            len: name_len as u32,
            ..line
        };
        let value = Span {
            off: line.off + name.len + 2,
            len: line.len.saturating_sub(name.len + 4),
        };
        self.fields.push(Field { name, value });
    }

    /// Adds a field before the one at `index`.
    pub fn insert(&mut self, index: usize, name: &[u8], value: &[u8]) {
        self.add(name, value);
        if let Some(f) = self.fields.pop() {
            let index = index.min(self.fields.len());
            self.fields.insert(index, f);
        }
    }

    /// The field's line as it stands in the arena, `name: value CRLF`, where it stands there in that very form.
    pub(crate) fn wire_line(&self, f: Field) -> Option<std::ops::Range<usize>> {
        let name_end = f.name.off as usize + f.name.len as usize;
        let value_end = f.value.off as usize + f.value.len as usize;
        (f.value.off as usize == name_end + 2
            && self.bytes.get(name_end..name_end + 2) == Some(b": ")
            && self.bytes.get(value_end..value_end + 2) == Some(b"\r\n"))
        .then_some(f.name.off as usize..value_end + 2)
    }

    /// Bytes of the head as HAProxy counts them (`%U`, `%B`, statistics): the words of its first line and the names and values of
    /// its fields, a start line of 20 bytes and one for the end.
    pub fn counted_len(&self) -> u64 {
        let line = if self.is_request() {
            self.method().len() + self.uri().len()
        } else {
            3 + self.reason().len()
        };
        (20 + 8 + 1 + line) as u64 + self.fields_len()
    }

    /// What the head takes of a buffer as HAProxy reckons: what it counts, eight bytes for each line and for the end, and some to spare.
    /// More than `tune.bufsize` less `tune.maxrewrite` is too much.
    pub fn reckoned_len(&self) -> usize {
        self.counted_len() as usize + self.reckoned_extra()
    }

    fn reckoned_extra(&self) -> usize {
        8 * (self.field_count() + 2) + 17
    }

    /// Whether a head that took `n` bytes takes more than `most` as [`reckoned_len`](Self::reckoned_len) has it.
    pub fn exceeds(&self, n: usize, most: usize) -> bool {
        // What it counts is no more than it took and what a first line counts for; so most need not be counted.
        n + 29 + self.reckoned_extra() > most && self.reckoned_len() > most
    }

    /// Bytes of the names and values of its fields.
    pub fn fields_len(&self) -> u64 {
        self.iter().map(|(n, v)| (n.len() + v.len()) as u64).sum()
    }

    /// Bytes the head took as received, or would take at least.
    pub fn wire_len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn arena(&self) -> &[u8] {
        &self.bytes
    }

    /// Removes every field of that lower-case name; tells how many went.
    pub fn remove(&mut self, name: &[u8]) -> usize {
        // Nearly always there is none.
        let Some(first) = self.fields.iter().position(|f| self.is_named(f, name)) else {
            return 0;
        };
        let mut kept = first;
        for i in first + 1..self.fields.len() {
            if !self.is_named(&self.fields[i], name) {
                self.fields[kept] = self.fields[i];
                kept += 1;
            }
        }
        let gone = self.fields.len() - kept;
        self.fields.truncate(kept);
        gone
    }

    /// Removes every field for which `pred(name, value)` holds; tells how many went.
    pub fn remove_if(&mut self, mut pred: impl FnMut(&[u8], &[u8]) -> bool) -> usize {
        let before = self.fields.len();
        let bytes = &self.bytes;
        self.fields.retain(|f| !pred(&bytes[f.name.range()], &bytes[f.value.range()]));
        before - self.fields.len()
    }

    /// Removes the fields of that name, then adds one at the end (HAProxy's `set-header`).
    pub fn set(&mut self, name: &[u8], value: &[u8]) {
        let lower = name.to_ascii_lowercase();
        self.remove(&lower);
        self.add(&lower, value);
    }

    /// Gives the field at `index` another value, in its place.
    pub fn set_value(&mut self, index: usize, value: &[u8]) {
        let value = self.store(value);
        if let Some(f) = self.fields.get_mut(index) {
            f.value = value;
        }
    }

    /// Removes the field at `index`.
    pub fn remove_at(&mut self, index: usize) {
        if index < self.fields.len() {
            self.fields.remove(index);
        }
    }
}

impl<'h> IntoIterator for &'h Head {
    type Item = (&'h [u8], &'h [u8]);
    type IntoIter = FieldIter<'h>;

    fn into_iter(self) -> FieldIter<'h> {
        self.iter()
    }
}

/// Iterates over `(name, value)`.
#[derive(Clone, Debug)]
pub struct FieldIter<'h> {
    head: &'h Head,
    next: usize,
}

impl<'h> Iterator for FieldIter<'h> {
    type Item = (&'h [u8], &'h [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let f = self.head.fields.get(self.next)?;
        self.next += 1;
        Some((self.head.get(f.name), self.head.get(f.value)))
    }
}

#[cfg(test)]
mod tests;
