//! What a list makes of a text, in each of the ways it is looked at: what `get acl` and `get map` show.

use std::borrow::Cow;

use hapax_value::Value;

use super::list::PatternList;
use super::{MatchMethod, Subject};

/// One way to look at a list, and what it finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub method: MatchMethod,
    pub icase: bool,
    pub found: Option<Found>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// HAProxy keeps such patterns in a tree, others in a list.
    pub tree: bool,
    /// `None`: the method looks at no pattern.
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
}

impl PatternList {
    pub fn ask(&self, text: &[u8]) -> Vec<Asked> {
        let value = Value::Str(Cow::Borrowed(text));
        let ask = |place: usize| {
            let spec = self.spec(place)?;
            let found = Subject::of(&value, spec.method).and_then(|subject| match spec.method {
                MatchMethod::Found => Some((None, None)),
                MatchMethod::Bool => (subject != Subject::Int(0)).then_some((None, None)),
                _ => self.find(place, &subject, |key, value, _| (Some(key.to_vec()), value.map(<[u8]>::to_vec))),
            });
            let tree = match spec.method {
                MatchMethod::Ip => true,
                MatchMethod::Str | MatchMethod::Beg => !spec.icase,
                _ => false,
            };
            Some(Asked {
                method: spec.method,
                icase: spec.icase,
                found: found.map(|(key, value)| Found { tree, key, value }),
            })
        };
        (0..).map_while(ask).collect()
    }
}
