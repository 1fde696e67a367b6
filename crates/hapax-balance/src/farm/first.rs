//! `balance first`: the first server, in the order of their ids, that has a free slot.

use super::{Load, View};

pub(super) fn pick(view: &View<'_>, load: &impl Fn(usize) -> Load) -> Option<usize> {
    let mut best: Option<usize> = None;
    let mut spare = None;
    for &i in view.live {
        let id = view.members[i].id;
        if best.is_some_and(|b| view.members[b].id <= id) || load(i).full {
            continue;
        }
        if view.avoid == Some(i) {
            spare = Some(i);
        } else {
            best = Some(i);
        }
    }
    best.or(spare)
}
