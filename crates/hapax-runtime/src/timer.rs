//! Deadlines that cost nothing while they are kept: setting one later is a store, firing is lazy.
//!
//! A stream moves its deadline several times per request and hardly ever lets it expire. So a deadline's entry in the heap
//! stays where it is while the deadline moves away; when the entry comes up, it is queued again at the time that is valid then.
//! Nodes are reused by later connections, queued or not.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use hapax_value::Millis;

mod reading;

pub(crate) use reading::AtOneTime;
use reading::Reading;

/// No deadline.
pub(crate) const NEVER: Millis = Millis::MAX;

#[derive(Debug)]
struct Node {
    at: Cell<Millis>,
    /// When the task is to be woken once, whatever the deadline is; see [`Deadline::has_waited`].
    glance: Cell<Millis>,
    /// Earliest entry in the heap.
    queued: Cell<Millis>,
    waker: RefCell<Option<Waker>>,
}

#[derive(Debug)]
struct Entry(Millis, Rc<Node>);

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

/// The deadlines of one worker.
#[derive(Debug)]
pub(crate) struct Timers {
    start: Instant,
    reading: Reading,
    heap: RefCell<BinaryHeap<Reverse<Entry>>>,
    free: RefCell<Vec<Rc<Node>>>,
    /// Time of the last firing: a deadline at or before it has expired.
    fired: Cell<Millis>,
    /// When the driver will wake, and how to wake it earlier.
    wakes_at: Cell<Millis>,
    driver: RefCell<Option<Waker>>,
}

impl Timers {
    pub(crate) fn new(start: Instant) -> Rc<Self> {
        Rc::new(Self {
            start,
            reading: Reading::default(),
            heap: RefCell::default(),
            free: RefCell::default(),
            fired: Cell::new(0),
            wakes_at: Cell::new(NEVER),
            driver: RefCell::new(None),
        })
    }

    /// Milliseconds since the start of the process, never 0.
    pub(crate) fn now(&self) -> Millis {
        self.now_us() / 1000 + 1
    }

    /// Microseconds since the start of the process.
    pub(crate) fn now_us(&self) -> u64 {
        self.reading.of(self.start)
    }

    /// A deadline, unset.
    pub(crate) fn deadline(self: &Rc<Self>) -> Deadline {
        let node = self.free.borrow_mut().pop().unwrap_or_else(|| {
            Rc::new(Node {
                at: Cell::new(NEVER),
                glance: Cell::new(NEVER),
                queued: Cell::new(NEVER),
                waker: RefCell::new(None),
            })
        });
        Deadline {
            timers: Rc::clone(self),
            node,
        }
    }

    /// Waits for the earliest deadline over and over; runs as a task of its own.
    pub(crate) async fn drive(self: Rc<Self>) {
        let sleep = tokio::time::sleep(Duration::ZERO);
        tokio::pin!(sleep);
        std::future::poll_fn(|cx| self.poll_drive(cx, sleep.as_mut())).await;
    }

    fn poll_drive(&self, cx: &mut Context<'_>, mut sleep: std::pin::Pin<&mut tokio::time::Sleep>) -> Poll<()> {
        let known = self.driver.borrow().as_ref().is_some_and(|w| w.will_wake(cx.waker()));
        if !known {
            *self.driver.borrow_mut() = Some(cx.waker().clone());
        }
        loop {
            self.fire(self.now());
            let next = self.heap.borrow().peek().map_or(NEVER, |Reverse(e)| e.0);
            self.wakes_at.set(next);
            if next == NEVER {
                return Poll::Pending;
            }
            let at = self.start + Duration::from_millis(next);
            sleep.as_mut().reset(at.into());
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn fire(&self, now: Millis) {
        self.fired.set(now);
        loop {
            let mut heap = self.heap.borrow_mut();
            if heap.peek().is_none_or(|Reverse(e)| e.0 > now) {
                return;
            }
            let Some(Reverse(Entry(at, node))) = heap.pop() else { return };
            if node.queued.get() != at {
                continue; // an earlier entry took over
            }
            let due = node.at.get();
            node.queued.set(NEVER);
            if due > now {
                let glance = node.glance.get();
                let next = if glance > now { due.min(glance) } else { due };
                node.queued.set(next);
                if next != NEVER {
                    heap.push(Reverse(Entry(next, Rc::clone(&node))));
                }
                // Only the one entry that stood for the glance finds it at its own time.
                if glance < at || glance > now {
                    continue;
                }
            }
            drop(heap);
            if let Some(w) = node.waker.borrow().as_ref() {
                w.wake_by_ref();
            }
        }
    }
}

/// One deadline of a task. Dropping it forgets it.
#[derive(Debug)]
pub(crate) struct Deadline {
    timers: Rc<Timers>,
    node: Rc<Node>,
}

impl Deadline {
    /// Moves it to that time ([`NEVER`]: off).
    pub(crate) fn set(&self, at: Millis) {
        self.node.at.set(at);
        self.queue(at);
    }

    fn queue(&self, at: Millis) {
        if at < self.node.queued.get() {
            self.node.queued.set(at);
            self.timers.heap.borrow_mut().push(Reverse(Entry(at, Rc::clone(&self.node))));
            if at < self.timers.wakes_at.get() {
                self.timers.wakes_at.set(at);
                if let Some(w) = self.timers.driver.borrow().as_ref() {
                    w.wake_by_ref();
                }
            }
        }
    }

    /// Moves it to `timeout` from `now`; `None`: off.
    pub(crate) fn after(&self, now: Millis, timeout: Option<Millis>) {
        self.set(timeout.map_or(NEVER, |t| now.saturating_add(t)));
    }

    pub(crate) fn clear(&self) {
        self.node.at.set(NEVER);
    }

    /// Whether it has passed; if not, the task is woken when it does.
    pub(crate) fn expired(&self, cx: &Context<'_>) -> bool {
        let at = self.node.at.get();
        if at <= self.timers.fired.get() {
            return true;
        }
        if at != NEVER {
            self.wake_for(cx);
        }
        false
    }

    fn wake_for(&self, cx: &Context<'_>) {
        let known = self.node.waker.borrow().as_ref().is_some_and(|w| w.will_wake(cx.waker()));
        if !known {
            *self.node.waker.borrow_mut() = Some(cx.waker().clone());
        }
    }

    /// Whether `time` has passed since this was asked first; if not, the task is woken once when it has. What is worth its cost
    /// only for those who wait long is put off with it.
    pub(crate) fn has_waited(&self, cx: &Context<'_>, time: Millis) -> bool {
        if self.node.glance.get() == NEVER {
            let at = self.timers.now() + time;
            self.node.glance.set(at);
            self.queue(at);
        }
        let waited = self.node.glance.get() <= self.timers.fired.get();
        if !waited {
            self.wake_for(cx);
        }
        waited
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        self.node.at.set(NEVER);
        self.node.glance.set(NEVER);
        *self.node.waker.borrow_mut() = None;
        self.timers.free.borrow_mut().push(Rc::clone(&self.node));
    }
}

#[cfg(test)]
mod tests;
