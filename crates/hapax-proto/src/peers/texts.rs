//! Texts that were sent once and are known by number afterwards: as many numbers as HAProxy has, those used longest ago given to
//! new texts.

use std::collections::HashMap;

use super::message::{Field, WireError};

/// Numbers from 1 on.
const NUMBERS: usize = 128;

/// Texts that we have sent.
#[derive(Debug, Default)]
pub struct Said {
    numbers: HashMap<String, u64>,
    /// By number less one: the text, and when it was used.
    texts: Vec<(String, u64)>,
    clock: u64,
}

/// Texts that were sent to us.
#[derive(Debug, Default)]
pub struct Heard {
    texts: HashMap<u64, String>,
}

impl Said {
    /// Gives a text its number, and leaves it out where the other side knows the number.
    pub(super) fn shorten(&mut self, field: &mut Field) {
        let Field::Text { id, text } = field else { return };
        let Some(given) = text.take().filter(|t| !t.is_empty()) else {
            *id = 0;
            return;
        };
        self.clock += 1;
        if let Some(known) = self.numbers.get(&given) {
            *id = *known;
            self.texts[*known as usize - 1].1 = self.clock;
            return;
        }
        let place = if self.texts.len() < NUMBERS {
            self.texts.push((String::new(), 0));
            self.texts.len() - 1
        } else {
            let oldest = self.texts.iter().enumerate().min_by_key(|(_, t)| t.1);
            oldest.map_or(0, |(i, _)| i)
        };
        self.numbers.remove(&self.texts[place].0);
        self.texts[place] = (given.clone(), self.clock);
        *id = place as u64 + 1;
        self.numbers.insert(given.clone(), *id);
        *text = Some(given);
    }

    /// In the order of their numbers, from 1.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|t| t.0.as_str())
    }
}

impl Heard {
    /// Puts the text in where only its number came.
    pub(super) fn complete(&mut self, field: &mut Field) -> Result<(), WireError> {
        let Field::Text { id, text } = field else { return Ok(()) };
        if *id == 0 {
            return Ok(());
        }
        if *id > NUMBERS as u64 {
            return Err(WireError::UnknownText);
        }
        match text {
            Some(t) => _ = self.texts.insert(*id, t.clone()),
            None => *text = Some(self.texts.get(id).ok_or(WireError::UnknownText)?.clone()),
        }
        Ok(())
    }

    /// The text of a number.
    pub fn get(&self, id: u64) -> Option<&str> {
        self.texts.get(&id).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(t: &str) -> Field {
        Field::Text {
            id: 0,
            text: Some(t.to_owned()),
        }
    }

    #[test]
    fn both_sides_agree() {
        let (mut said, mut heard) = (Said::default(), Heard::default());
        let mut sent = 0;
        // More texts than numbers, some of them often.
        for n in 0..2000_u32 {
            let name = if n % 3 == 0 {
                "often".to_owned()
            } else {
                format!("s{}", n * 7 % 300)
            };
            let mut field = text(&name);
            said.shorten(&mut field);
            sent += usize::from(matches!(&field, Field::Text { text: Some(_), .. }));
            heard.complete(&mut field).expect("known");
            let Field::Text { id, text } = field else { panic!("no text") };
            assert_eq!(text.as_deref(), Some(&*name));
            assert!((1..=128).contains(&id));
        }
        assert_eq!(sent, 1334, "the one that is there often was sent in full once");
        assert_eq!(said.all().filter(|t| *t == "often").count(), 1);
    }

    #[test]
    fn nothing_and_nonsense() {
        let (mut said, mut heard) = (Said::default(), Heard::default());
        let mut none = text("");
        said.shorten(&mut none);
        assert_eq!(none, Field::Text { id: 0, text: None });
        assert_eq!(heard.complete(&mut none), Ok(()));
        for id in [5, 129] {
            assert_eq!(heard.complete(&mut Field::Text { id, text: None }), Err(WireError::UnknownText));
        }
    }
}
