//! How a section comes to know what others know: first from the process it replaces, then from any peer that knows everything.
//!
//! ```text
//!            5 s without it                    asked, and it knew everything
//!   Local -------------------> Remote (one is asked) -----------------> Done
//!     | it taught everything      |  ^ ^ it knew not everything, or left
//!     +---------> Done            |  +-+
//!                                 +-> Done, after 5 s without anyone to ask
//! ```

use std::collections::HashSet;

/// How long somebody to learn from is waited for, milliseconds.
const WAIT: u64 = 5000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Local,
    Remote,
    Done,
}

/// Whom something is learned from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Teacher {
    /// The process that this one replaces.
    Old,
    Peer(usize),
}

/// Where a section stands.
#[derive(Debug)]
pub struct Resync {
    phase: Phase,
    teacher: Option<Teacher>,
    /// Those who said that they do not know everything.
    ignorant: HashSet<usize>,
    until: u64,
}

impl Resync {
    /// `replaces`: there is an older process that will teach.
    pub fn new(replaces: bool, now: u64) -> Self {
        Self {
            phase: if replaces { Phase::Local } else { Phase::Remote },
            teacher: None,
            ignorant: HashSet::new(),
            until: now + WAIT,
        }
    }

    /// The old process is there, and begins to teach.
    pub fn old_process(&mut self) {
        if self.phase == Phase::Local {
            self.teacher = Some(Teacher::Old);
        }
    }

    /// Whether this connected peer is to be asked now; then it is asked.
    pub fn ask(&mut self, peer: usize) -> bool {
        let free = self.phase == Phase::Remote && self.teacher.is_none() && !self.ignorant.contains(&peer);
        if free {
            self.teacher = Some(Teacher::Peer(peer));
        }
        free
    }

    /// Whether this one is teaching us.
    pub fn is_teacher(&self, who: Teacher) -> bool {
        self.teacher == Some(who)
    }

    /// It has taught all that it knows; `all`: that is everything.
    pub fn taught(&mut self, who: Teacher, all: bool, now: u64) {
        if self.teacher != Some(who) {
            return;
        }
        self.teacher = None;
        self.until = now + WAIT;
        if all {
            self.phase = Phase::Done;
        } else if let Teacher::Peer(p) = who {
            self.ignorant.insert(p);
        }
    }

    /// Its session is over.
    pub fn lost(&mut self, who: Teacher, now: u64) {
        if self.teacher == Some(who) {
            self.teacher = None;
            self.until = now + WAIT;
        }
    }

    /// Time passes: nobody to learn from is found for ever.
    pub fn tick(&mut self, now: u64) {
        if self.teacher.is_some() || now < self.until {
            return;
        }
        match self.phase {
            Phase::Local => {
                self.phase = Phase::Remote;
                self.until = now + WAIT;
            }
            Phase::Remote => self.phase = Phase::Done,
            Phase::Done => {}
        }
    }

    /// When [`Self::tick`] has something to do.
    pub fn next_tick(&self) -> Option<u64> {
        (self.phase != Phase::Done && self.teacher.is_none()).then_some(self.until)
    }

    /// All is known that can be known: who asks may be told that it is everything.
    pub fn is_done(&self) -> bool {
        self.phase == Phase::Done
    }

    /// For tools: until when somebody is waited for.
    pub fn until(&self) -> u64 {
        self.until
    }

    /// For tools: whether the old process, and the peers, need not be waited for any more.
    pub fn phases_over(&self) -> (bool, bool) {
        (self.phase != Phase::Local, self.phase == Phase::Done)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_old_process_first() {
        let mut r = Resync::new(true, 0);
        assert!(!r.ask(0), "the old process may still come");
        r.old_process();
        assert!(r.is_teacher(Teacher::Old));
        r.tick(60_000);
        r.taught(Teacher::Old, true, 60_000);
        assert!(r.is_done() && !r.ask(0));
    }

    #[test]
    fn one_peer_after_the_other() {
        let mut r = Resync::new(true, 0);
        r.tick(4999);
        assert!(!r.ask(0));
        r.tick(5000);
        assert!(r.ask(0) && !r.ask(1), "one at a time");
        r.taught(Teacher::Peer(0), false, 6000);
        assert!(!r.ask(0) && r.ask(1), "who knows not everything is not asked again");
        r.lost(Teacher::Peer(1), 7000);
        assert_eq!(r.next_tick(), Some(12_000));
        assert!(r.ask(1), "who left may be asked again");
        r.taught(Teacher::Peer(0), true, 8000);
        assert!(!r.is_done(), "it was not asked");
        r.taught(Teacher::Peer(1), true, 8000);
        assert!(r.is_done());
    }

    #[test]
    fn alone_is_knowing_everything() {
        let mut r = Resync::new(false, 100);
        assert!(r.ask(0));
        r.lost(Teacher::Peer(0), 200);
        r.tick(5199);
        assert!(!r.is_done());
        r.tick(5200);
        assert!(r.is_done() && r.next_tick().is_none());
    }

    proptest! {
        /// Whatever happens, there is one teacher at most, and it ends when everybody leaves.
        #[test]
        fn it_ends(ops in prop::collection::vec((0..5_u8, 0..3_usize, 0..4000_u64), 0..60), replaces in any::<bool>()) {
            let (mut r, mut now) = (Resync::new(replaces, 0), 0);
            for (op, peer, wait) in ops {
                now += wait;
                let done = r.is_done();
                match op {
                    0 => { let teaching = r.teacher.is_some(); prop_assert!(!(r.ask(peer) && teaching)); }
                    1 => r.taught(Teacher::Peer(peer), peer == 0, now),
                    2 => r.lost(Teacher::Peer(peer), now),
                    3 => r.old_process(),
                    _ => r.tick(now),
                }
                prop_assert!(!done || r.is_done(), "what is known stays known");
            }
            for who in [Teacher::Old, Teacher::Peer(0), Teacher::Peer(1), Teacher::Peer(2)] {
                r.lost(who, now);
            }
            r.tick(now + WAIT);
            r.tick(now + 2 * WAIT);
            prop_assert!(r.is_done());
        }
    }
}
