//! One use of some lists with one matching method: what an ACL or a map converter holds.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use hapax_value::Value;

use super::index::Spec;
use super::list::{GiveRegexp, PatternList};
use super::{ListUse, MatchMethod, PatternRefs, Subject, ValueKind};
use crate::Files;
use crate::regexp::Regexp;

/// The flags before a pattern: they hold for those after them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PatternFlags {
    /// `-i`
    pub icase: bool,
    /// `-n`
    pub no_dns: bool,
    /// `-M`: files have two columns.
    pub map_file: bool,
    /// `-u`
    pub id: Option<u32>,
}

/// Lists to compare a sample with, in order.
#[derive(Clone, Debug)]
pub struct PatternSet {
    method: MatchMethod,
    version: bool,
    groups: bool,
    /// A list and the place of our index in it.
    uses: Vec<(Arc<PatternList>, usize)>,
    /// Patterns were given, or a file of them.
    given: bool,
    /// The list of the patterns given one by one, and the flags they had.
    inline: Option<(Arc<PatternList>, PatternFlags)>,
}

/// The entry that a sample matched.
pub struct MapHit<'h> {
    pub key: &'h [u8],
    pub value: Option<&'h [u8]>,
    regexp: GiveRegexp<'h>,
}

impl MapHit<'_> {
    /// The key compiled, when the method is `reg`; the first time, that may take as long as a look-up of thousands.
    pub fn regexp(&self) -> Option<Arc<Regexp>> {
        (self.regexp)()
    }
}

fn resolver(files: &dyn Files) -> impl Fn(&str) -> Option<Ipv4Addr> {
    |host| {
        files.lookup(host).ok()?.into_iter().find_map(|addr| match addr {
            IpAddr::V4(a) => Some(a),
            IpAddr::V6(_) => None,
        })
    }
}

impl PatternSet {
    pub fn new(method: MatchMethod) -> Self {
        Self {
            method,
            version: false,
            groups: false,
            uses: Vec::new(),
            given: false,
            inline: None,
        }
    }

    /// Integers are `major.minor` (`req.ssl_ver` and its like).
    #[must_use]
    pub fn of_versions(mut self) -> Self {
        self.version = true;
        self
    }

    /// The groups of its expressions are asked for.
    #[must_use]
    pub fn with_groups(mut self) -> Self {
        self.groups = true;
        self
    }

    pub fn method(&self) -> MatchMethod {
        self.method
    }

    /// No pattern was given.
    pub fn is_empty(&self) -> bool {
        !self.given
    }

    /// The lists it looks at, each with how it does.
    pub(crate) fn specs(&self) -> impl Iterator<Item = (&Arc<PatternList>, Option<Spec>)> {
        self.uses.iter().map(|(list, place)| (list, list.spec(*place)))
    }

    /// The lists it looks at, in order.
    pub fn lists(&self) -> impl Iterator<Item = &Arc<PatternList>> {
        self.uses.iter().map(|(list, _)| list)
    }

    fn spec(&self, flags: PatternFlags) -> Spec {
        Spec {
            method: self.method,
            icase: flags.icase && self.method.has_case(),
            no_dns: flags.no_dns && self.method == MatchMethod::Ip,
            version: self.version,
            groups: self.groups,
        }
    }

    /// Makes the list of the patterns that stand on an ACL's line, be there any or not: the runtime API knows it by its number.
    pub(crate) fn open(
        &mut self,
        flags: PatternFlags,
        keyword: &'static str,
        refs: &mut PatternRefs,
        files: &dyn Files,
    ) -> Result<(), String> {
        let list = refs.inline(flags.id, Some(keyword));
        let place = list.index(self.spec(flags), ValueKind::Any, &resolver(files))?;
        self.uses.push((Arc::clone(&list), place));
        self.inline = Some((list, flags));
        Ok(())
    }

    /// Adds a pattern written in the configuration.
    pub fn add(&mut self, pattern: &[u8], flags: PatternFlags, refs: &mut PatternRefs, files: &dyn Files) -> Result<(), String> {
        let resolve = resolver(files);
        let list = match &self.inline {
            Some((list, had)) if *had == flags => Arc::clone(list),
            _ => {
                let list = refs.inline(flags.id, None);
                let place = list.index(self.spec(flags), ValueKind::Any, &resolve)?;
                self.uses.push((Arc::clone(&list), place));
                self.inline = Some((Arc::clone(&list), flags));
                list
            }
        };
        self.given = true;
        list.push(pattern, &resolve)
    }

    /// Adds the patterns of a file (`-f`).
    pub fn add_file(
        &mut self,
        name: &str,
        flags: PatternFlags,
        refs: &mut PatternRefs,
        files: &dyn Files,
    ) -> Result<Arc<PatternList>, String> {
        let list = refs.file(name, flags.map_file, files)?;
        list.add_use(ListUse {
            map: false,
            keyword: None,
            at: refs.at,
        });
        self.add_list(&list, flags, ValueKind::Any, files)?;
        Ok(list)
    }

    pub(crate) fn add_list(
        &mut self,
        list: &Arc<PatternList>,
        flags: PatternFlags,
        kind: ValueKind,
        files: &dyn Files,
    ) -> Result<(), String> {
        let place = list.index(self.spec(flags), kind, &resolver(files))?;
        self.uses.push((Arc::clone(list), place));
        self.given = true;
        Ok(())
    }

    /// Whether the sample matches.
    pub fn matches(&self, value: &Value<'_>) -> bool {
        if self.method.compares_text()
            && let Value::Str(bytes) = value
        {
            return self.uses.iter().any(|(list, place)| list.matches_text(*place, bytes));
        }
        let Some(subject) = Subject::of(value, self.method) else {
            return false;
        };
        match self.method {
            MatchMethod::Found => true,
            MatchMethod::Bool => subject != Subject::Int(0),
            _ => self.uses.iter().any(|(list, place)| list.matches(*place, &subject)),
        }
    }

    /// Shows the entry that the sample matches to `f`; the list is held meanwhile, so `f` must be brief.
    pub fn find<R>(&self, value: &Value<'_>, f: impl FnOnce(MapHit<'_>) -> R) -> Option<R> {
        let subject = Subject::of(value, self.method)?;
        let mut f = Some(f);
        self.uses.iter().find_map(|(list, place)| {
            list.find(*place, &subject, |key, value, regexp| {
                f.take().map(|f| f(MapHit { key, value, regexp }))
            })
            .flatten()
        })
    }
}
