//! Names of objects that are unique in the whole configuration (`guid`).

use std::collections::HashMap;
use std::sync::Arc;

/// The longest there may be.
const MOST: usize = 127;

/// Why `text` is no such name.
pub fn fault(text: &str) -> Option<String> {
    let odd = |c: &char| !(c.is_ascii_alphanumeric() || ".:-_".contains(*c));
    if let Some(c) = text.chars().find(odd) {
        return Some(format!("invalid character '{c}'"));
    }
    (text.len() > MOST).then(|| "invalid length".to_owned())
}

/// The names that are taken, and what has them: `server b/s1`, `frontend f`.
#[derive(Debug, Default)]
pub(crate) struct Guids(HashMap<Arc<str>, String>);

impl Guids {
    /// Gives `owner` a name in the place of the one it had; else why not.
    pub(crate) fn claim(&mut self, guid: &Arc<str>, former: Option<&Arc<str>>, owner: String) -> Result<(), String> {
        if let Some(former) = former {
            self.0.remove(former);
        }
        if let Some(other) = self.0.get(guid) {
            return Err(taken(other));
        }
        self.0.insert(Arc::clone(guid), owner);
        Ok(())
    }
}

/// Why a name that `other` has is not to be had.
pub fn taken(other: &str) -> String {
    format!("duplicate entry with {other}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_of_letters_digits_and_a_few_marks() {
        assert_eq!(fault("web-1.a:b_C"), None);
        assert_eq!(fault("a/b").as_deref(), Some("invalid character '/'"));
        assert_eq!(fault(&"x".repeat(127)), None);
        assert_eq!(fault(&"x".repeat(128)).as_deref(), Some("invalid length"));
    }

    #[test]
    fn one_object_has_a_name_until_it_takes_another() {
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        let mut guids = Guids::default();
        assert_eq!(guids.claim(&a, None, "backend x".into()), Ok(()));
        assert_eq!(
            guids.claim(&a, None, "backend y".into()),
            Err("duplicate entry with backend x".into())
        );
        assert_eq!(guids.claim(&b, Some(&a), "backend x".into()), Ok(()));
        assert_eq!(guids.claim(&a, None, "backend y".into()), Ok(()));
    }
}
