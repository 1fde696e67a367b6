//! Streams that wait for a server of a backend: for one in particular (persistence), or for any.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use hapax_balance::{Place, Queue};

/// Nothing granted yet.
const NONE: usize = usize::MAX;

/// One waiting stream.
#[derive(Debug)]
pub struct Ticket {
    granted: AtomicUsize,
    waker: Mutex<Option<Waker>>,
    place: Place,
    /// The server it insists on.
    target: Option<usize>,
    /// How many had been granted from its queue when it came, then how many were while it waited, itself among them.
    passed: AtomicU32,
}

#[derive(Debug, Default)]
struct Waiting {
    any: Line,
    bound: Vec<Line>,
}

/// One queue, and how many have been granted from it so far (it wraps).
#[derive(Debug, Default)]
struct Line {
    queue: Queue<Arc<Ticket>>,
    granted: u32,
}

impl Line {
    fn pop(&mut self) -> Option<Arc<Ticket>> {
        let next = self.queue.pop()?;
        next.leaves_as(self.granted.wrapping_add(1));
        self.granted = self.granted.wrapping_add(1);
        Some(next)
    }
}

/// The queue of a backend and of its servers.
#[derive(Debug, Default)]
pub struct WaitQueue {
    waiting: Mutex<Waiting>,
    len: AtomicU32,
    /// How often those who wait were told to look again (it wraps).
    changes: AtomicU32,
}

impl Ticket {
    /// It is the `n`th that is out of its queue.
    fn leaves_as(&self, n: u32) {
        let before = self.passed.load(Ordering::Relaxed);
        self.passed.store(n.wrapping_sub(before), Ordering::Relaxed);
    }

    /// The server whose slot this stream was given.
    pub fn granted(&self) -> Option<usize> {
        Some(self.granted.load(Ordering::Acquire)).filter(|i| *i != NONE)
    }

    /// The server it insists on.
    pub fn target(&self) -> Option<usize> {
        self.target
    }

    /// Once it has left: how many were granted from its queue while it waited, and itself, however it left.
    pub fn passed(&self) -> u32 {
        self.passed.load(Ordering::Relaxed)
    }

    /// Whom to wake when it is granted.
    pub fn watch(&self, waker: &Waker) {
        *self.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(waker.clone());
    }

    fn grant(&self, server: usize) {
        self.granted.store(server, Ordering::Release);
        self.wake();
    }

    fn wake(&self) {
        if let Some(w) = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take() {
            w.wake();
        }
    }
}

impl WaitQueue {
    pub fn len(&self) -> u32 {
        self.len.load(Ordering::Relaxed)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn join(&self, target: Option<usize>, class: i32, now_ms: u64, offset_ms: i32) -> Arc<Ticket> {
        let mut waiting = self.lock();
        self.len.fetch_add(1, Ordering::Relaxed);
        let line = waiting.of(target);
        let granted = line.granted;
        line.queue.push_with(class, now_ms, offset_ms, |place| {
            Arc::new(Ticket {
                granted: AtomicUsize::new(NONE),
                waker: Mutex::new(None),
                place,
                target,
                passed: AtomicU32::new(granted),
            })
        })
    }

    /// Leaves before its turn; `false`: it was granted meanwhile.
    pub fn leave(&self, ticket: &Ticket) -> bool {
        let mut waiting = self.lock();
        let line = waiting.of(ticket.target);
        let left = line.queue.remove(ticket.place).is_some();
        if left {
            ticket.leaves_as(line.granted.wrapping_add(1));
            self.len.fetch_sub(1, Ordering::Relaxed);
        }
        left
    }

    /// A server may take streams that wait, or they have to look for another one: all of them look again.
    pub fn look_again(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        if self.is_empty() {
            return;
        }
        let waiting = self.lock();
        let bound = waiting.bound.iter().flat_map(|line| line.queue.iter());
        for ticket in waiting.any.queue.iter().chain(bound) {
            ticket.wake();
        }
    }

    /// Moves whenever there is something to look at again.
    pub fn changes(&self) -> u32 {
        self.changes.load(Ordering::Acquire)
    }

    /// Hands a free slot of `server` to whoever is next; `false`: nobody waits for it.
    pub fn hand(&self, server: usize) -> bool {
        if self.is_empty() {
            return false;
        }
        let mut waiting = self.lock();
        let any = waiting.any.queue.first();
        let bound = waiting.bound.get(server).and_then(|l| l.queue.first());
        let next = match (any, bound) {
            (Some(a), Some(b)) if a < b => waiting.any.pop(),
            (_, Some(_)) => waiting.bound[server].pop(),
            _ => waiting.any.pop(),
        };
        drop(waiting);
        let Some(ticket) = next else { return false };
        self.len.fetch_sub(1, Ordering::Relaxed);
        ticket.grant(server);
        true
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn of(&mut self, target: Option<usize>) -> &mut Line {
        let Some(i) = target else { return &mut self.any };
        if self.bound.len() <= i {
            self.bound.resize_with(i + 1, Line::default);
        }
        &mut self.bound[i]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_goes_to_the_first_who_can_use_it() {
        let q = WaitQueue::default();
        let any = q.join(None, 0, 10, 0);
        let second = q.join(Some(1), 0, 5, 0);
        assert!(q.hand(0));
        assert_eq!((any.granted(), second.granted()), (Some(0), None));
        assert_eq!(any.passed(), 1);
        assert!(!q.hand(0));
        assert!(q.hand(1));
        assert_eq!((second.granted(), q.len()), (Some(1), 0));
        assert!(!q.leave(&second));
    }

    #[test]
    fn who_leaves_is_not_granted() {
        let q = WaitQueue::default();
        let [t, last] = [1, 2].map(|now| q.join(None, 0, now, 0));
        assert!(q.leave(&t));
        assert_eq!(t.passed(), 1, "itself");
        assert!(q.leave(&last));
        assert_eq!(last.passed(), 1, "itself alone: the other one was not served");
        assert!(!q.hand(0) && q.is_empty());
    }

    #[test]
    fn whoever_waits_is_told_to_look_again() {
        struct Woken(AtomicU32);
        impl std::task::Wake for Woken {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let q = WaitQueue::default();
        let woken = Arc::new(Woken(AtomicU32::new(0)));
        let tickets = [None, Some(2), Some(0)].map(|target| q.join(target, 0, 1, 0));
        for ticket in &tickets {
            ticket.watch(&woken.clone().into());
        }
        let seen = q.changes();
        q.look_again();
        assert_eq!(woken.0.load(Ordering::Relaxed), 3);
        assert_ne!(q.changes(), seen);
        assert!(tickets.iter().all(|t| t.granted().is_none()) && q.len() == 3);
    }

    /// Who waits, as a list: the server it insists on, its class and time, and its ticket.
    type Waiter = (Option<usize>, (i32, i64), Arc<Ticket>);

    proptest::proptest! {
        /// Against a plain list: a slot goes to nobody who left, who insists on another server or who has somebody of his kind before
        /// him, and to nobody twice; and it goes to somebody wherever there is one who can use it.
        #[test]
        fn slots_go_to_those_whose_turn_it_is(
            ops in proptest::collection::vec((0u8..5, 0usize..4, -2i32..3, 0u64..40, -20i32..20), 0..200)
        ) {
            let q = WaitQueue::default();
            let mut list: Vec<Waiter> = Vec::new();
            for (op, n, class, now, offset) in ops {
                match op {
                    0 | 1 => {
                        let target = (n < 3).then_some(n).filter(|_| op == 0);
                        let ticket = q.join(target, class, now, offset);
                        list.push((target, (class, now as i64 + i64::from(offset)), ticket));
                    }
                    2 if !list.is_empty() => {
                        let (_, _, ticket) = list.remove(now as usize % list.len());
                        proptest::prop_assert!(q.leave(&ticket), "it had no turn yet");
                        proptest::prop_assert!(!q.leave(&ticket), "one leaves once");
                    }
                    2 => {}
                    _ => {
                        let can = |w: &Waiter| w.0.is_none_or(|t| t == n);
                        let handed = q.hand(n);
                        proptest::prop_assert_eq!(handed, list.iter().any(can));
                        if !handed {
                            continue;
                        }
                        let at = list.iter().position(|w| w.2.granted().is_some());
                        let (target, key, ticket) = list.remove(at.expect("somebody has it"));
                        proptest::prop_assert_eq!(ticket.granted(), Some(n));
                        proptest::prop_assert!(target.is_none_or(|t| t == n));
                        // Nobody of a better class or time was left standing; nor, of those in one line, who came before.
                        proptest::prop_assert!(list.iter().filter(|w| can(w)).all(|w| w.1 >= key));
                        let first = list.iter().position(|w| w.0 == target && w.1 == key);
                        proptest::prop_assert!(first.is_none_or(|f| f >= at.unwrap_or(0)));
                        proptest::prop_assert!(!q.leave(&ticket), "its turn has come");
                    }
                }
                proptest::prop_assert_eq!(q.len() as usize, list.len());
            }
        }
    }
}
