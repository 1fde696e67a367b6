//! One diagnostic, and the list they are gathered in.

use crate::Span;

/// How bad it is. The order is by weight: `max()` of a list is its verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Something this machine lacks, or advice; never changes the verdict.
    Note,
    /// HAProxy's `[DIAG]`: told with `-dD` only.
    Diag,
    /// HAProxy's `[NOTICE]`.
    Notice,
    /// HAProxy's `[WARNING]`: valid, but not what the user means.
    Warning,
    /// HAProxy's `[ALERT]`: the configuration is refused.
    Alert,
}

/// A stable name of a kind of diagnostic, such as `HX0101`.
///
/// `explain` is the longer text of `hapax check --explain`.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    pub id: &'static str,
    pub title: &'static str,
    pub explain: &'static str,
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}
impl Eq for Code {}

/// What stands before a message in HAProxy's own output. The other renderers show the place in their own way, whatever this says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Lead {
    /// `config : parsing [file:line] : `, or `config : ` where there is no place.
    #[default]
    Parsing,
    /// `config : parsing [file:line]: `
    ParsingTight,
    /// `config : [file:line] : `, as `server` lines have it.
    Place,
    /// `config : `, whether there is a place or not.
    Config,
    /// Nothing: many messages of the checks after the last line.
    Bare,
}

/// How a diagnostic stands among others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Standing {
    #[default]
    Own,
    /// It comes of another mistake that was told: HAProxy tells it too, people need not be told.
    Follows,
    /// HAProxy tells it before it reads any line in earnest, and then tells nothing else.
    Early,
    /// HAProxy tells it as it tells mistakes, and takes the file all the same.
    Grave,
}

/// What is wrong, where, and what to write instead.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    pub code: &'static Code,
    pub severity: Severity,
    /// `None`: about the configuration as a whole.
    pub span: Option<Span>,
    /// One sentence as HAProxy would say it after `[ALERT] (pid) : config : `; no place, no trailing period needed.
    pub message: String,
    /// What people are told in its place, where HAProxy's sentence is a list they would have to search.
    pub plain: Option<Box<str>>,
    /// The cure: what to write instead.
    pub help: Option<Box<str>>,
    /// Other places that matter ("first defined here").
    pub related: Box<[(Span, String)]>,
    /// Set when the file may be right but this machine lacks something (a certificate, a user, a name).
    pub missing: bool,
    pub standing: Standing,
    /// Lines HAProxy prints under the message (the input and a caret); the annotated renderer draws its own.
    pub excerpt: Option<Box<str>>,
    /// What HAProxy writes before the message.
    pub lead: Lead,
}

impl Diagnostic {
    pub fn new(code: &'static Code, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            span: None,
            message: message.into(),
            plain: None,
            help: None,
            related: Box::default(),
            missing: false,
            standing: Standing::Own,
            excerpt: None,
            lead: Lead::Parsing,
        }
    }

    pub fn alert(code: &'static Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Alert, message)
    }

    pub fn warning(code: &'static Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message)
    }

    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// Puts `text` before the message: which line or option it is about.
    #[must_use]
    pub fn prefixed(mut self, text: &str) -> Self {
        self.message.insert_str(0, text);
        self
    }

    /// Gives a place only where none is known yet: the innermost place wins.
    #[must_use]
    pub fn or_at(mut self, span: Span) -> Self {
        self.span.get_or_insert(span);
        self
    }

    /// Says it in these words to everybody but those who read HAProxy's own lines.
    #[must_use]
    pub fn plainly(mut self, text: impl Into<Box<str>>) -> Self {
        self.plain = Some(text.into());
        self
    }

    /// The message for people.
    #[must_use]
    pub fn words(&self) -> &str {
        self.plain.as_deref().unwrap_or(&self.message)
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<Box<str>>) -> Self {
        self.help = Some(help.into());
        self
    }

    #[must_use]
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        let mut places = std::mem::take(&mut self.related).into_vec();
        places.push((span, label.into()));
        self.related = places.into();
        self
    }

    /// What HAProxy prints under the message.
    #[must_use]
    pub fn excerpt(mut self, lines: impl Into<Box<str>>) -> Self {
        self.excerpt = Some(lines.into());
        self
    }

    /// No space between the place and its colon, as HAProxy's line reader writes it.
    #[must_use]
    pub fn tight(self) -> Self {
        self.lead(Lead::ParsingTight)
    }

    #[must_use]
    pub fn lead(mut self, lead: Lead) -> Self {
        self.lead = lead;
        self
    }

    /// Marks it as "this machine lacks X" rather than "the configuration is wrong".
    #[must_use]
    pub fn missing(mut self) -> Self {
        self.missing = true;
        self
    }
}

/// Diagnostics in the order they were found.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    /// What came when there were too many already.
    dropped: usize,
}

impl Diagnostics {
    /// Holds at most this many; so many alerts may come in addition.
    pub const MOST: usize = 20_000;

    /// Adds one, unless there are so many already that nobody reads them; those are only counted.
    pub fn push(&mut self, d: Diagnostic) {
        let room = if d.severity == Severity::Alert {
            2 * Self::MOST
        } else {
            Self::MOST
        };
        if self.list.len() < room {
            self.list.push(d);
        } else {
            self.dropped += 1;
        }
    }

    /// How many there were no room for.
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The weight of the worst one.
    pub fn worst(&self) -> Option<Severity> {
        self.list.iter().map(|d| d.severity).max()
    }

    pub fn has_alert(&self) -> bool {
        self.worst() == Some(Severity::Alert)
    }

    pub fn extend(&mut self, other: Self) {
        self.dropped += other.dropped;
        other.list.into_iter().for_each(|d| self.push(d));
    }

    /// How many there are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|d| d.severity == severity).count()
    }

    pub fn retain(&mut self, keep: impl FnMut(&Diagnostic) -> bool) {
        self.list.retain(keep);
    }

    /// Puts them in another order; equals stay as they were found.
    pub fn sort_by_key<K: Ord>(&mut self, key: impl FnMut(&Diagnostic) -> K) {
        self.list.sort_by_key(key);
    }

    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, Diagnostic> {
        self.list.iter_mut()
    }

    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.list
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<T: IntoIterator<Item = Diagnostic>>(iter: T) -> Self {
        Self {
            list: iter.into_iter().collect(),
            dropped: 0,
        }
    }
}

impl<'a> IntoIterator for &'a mut Diagnostics {
    type Item = &'a mut Diagnostic;
    type IntoIter = std::slice::IterMut<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}
