//! What the configuration names, and what the runtime API adds to it: places that keep their number and their address.
//!
//! A worker holds plain references for as long as it runs, so nothing is ever moved or freed here. What the configuration brought
//! stands in one slice, and reading it costs what reading a slice does; what is added later stands in blocks beside it. A place
//! that is given up leaves the order in which all are listed, and waits for the next that comes.

use std::ops::Index;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwapOption;

/// Members by place.
#[derive(Debug)]
pub struct Roster<T> {
    fixed: Box<[T]>,
    added: OnceLock<Box<boxcar::Vec<Box<T>>>>,
    /// The order is no longer that of `fixed`.
    changed: AtomicBool,
    order: ArcSwapOption<Vec<usize>>,
}

impl<T> Roster<T> {
    pub fn new(fixed: Vec<T>) -> Self {
        Self {
            fixed: fixed.into(),
            added: OnceLock::new(),
            changed: AtomicBool::new(false),
            order: ArcSwapOption::empty(),
        }
    }

    pub fn get(&self, place: usize) -> Option<&T> {
        match self.fixed.get(place) {
            Some(t) => Some(t),
            None => self.added.get()?.get(place - self.fixed.len()).map(|t| &**t),
        }
    }

    /// Somebody came or went since the start, or was renamed.
    pub fn is_changed(&self) -> bool {
        self.changed.load(Ordering::Acquire)
    }

    /// A member is not what it was at the start.
    pub fn mark_changed(&self) {
        self.reorder(|_| {});
    }

    /// How many the configuration brought; those have the first places.
    pub fn fixed(&self) -> usize {
        self.fixed.len()
    }

    /// How many places there are, given up or not.
    pub fn places(&self) -> usize {
        self.fixed.len() + self.added.get().map_or(0, |a| a.count())
    }

    /// How many are listed.
    pub fn len(&self) -> usize {
        self.order().map_or(self.fixed.len(), |o| o.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everybody listed, in order, by place.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        let order = self.order();
        let n = order.as_ref().map_or(self.fixed.len(), |o| o.len());
        (0..n).map(move |k| {
            let place = order.as_ref().map_or(k, |o| o[k]);
            (place, &self[place])
        })
    }

    /// The place of the first that fits.
    pub fn position(&self, mut fits: impl FnMut(&T) -> bool) -> Option<usize> {
        self.iter().find(|(_, t)| fits(t)).map(|(place, _)| place)
    }

    /// Makes a place, which is not listed yet. Only one thread changes a roster.
    pub fn push(&self, t: T) -> usize {
        self.fixed.len() + self.added.get_or_init(Box::default).push(Box::new(t))
    }

    /// Lists a place, after all others.
    pub fn admit(&self, place: usize) {
        self.reorder(|order| order.push(place));
    }

    /// Lists a place no longer.
    pub fn dismiss(&self, place: usize) {
        self.reorder(|order| order.retain(|p| *p != place));
    }

    /// A place that was given up and fits.
    pub fn vacant(&self, mut fits: impl FnMut(&T) -> bool) -> Option<usize> {
        let order = self.order()?;
        (0..self.places()).find(|p| !order.contains(p) && fits(&self[*p]))
    }

    fn order(&self) -> Option<Arc<Vec<usize>>> {
        self.changed.load(Ordering::Acquire).then(|| self.order.load_full()).flatten()
    }

    fn reorder(&self, change: impl FnOnce(&mut Vec<usize>)) {
        let mut order = self.order().map_or_else(|| (0..self.fixed.len()).collect(), |o| (*o).clone());
        change(&mut order);
        self.order.store(Some(Arc::new(order)));
        self.changed.store(true, Ordering::Release);
    }
}

impl<T> Index<usize> for Roster<T> {
    type Output = T;

    fn index(&self, place: usize) -> &T {
        match self.fixed.get(place) {
            Some(t) => t,
            None => self.get(place).expect("places stay"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(r: &Roster<char>) -> String {
        r.iter().map(|(_, c)| *c).collect()
    }

    #[test]
    fn places_stay_and_are_used_again() {
        let r = Roster::new(vec!['a', 'b', 'c']);
        assert_eq!((listed(&r).as_str(), r.len(), r.vacant(|_| true)), ("abc", 3, None));
        let d = r.push('d');
        assert_eq!((d, r[d], listed(&r).as_str()), (3, 'd', "abc"));
        r.admit(d);
        r.dismiss(1);
        assert_eq!((listed(&r).as_str(), r[1], r.len()), ("acd", 'b', 3));
        assert_eq!(r.vacant(|c| *c == 'b'), Some(1));
        assert_eq!(r.vacant(|c| *c == 'd'), None);
        r.admit(1);
        assert_eq!((listed(&r).as_str(), r.position(|c| *c == 'b')), ("acdb", Some(1)));
        assert_eq!((r.get(4), r.places(), r.fixed()), (None, 4, 3));
    }
}
