//! Filters in the way of a body: what was read goes through each of them in turn, at the pace that they allow.
//!
//! Bytes that a filter holds back wait in its own queue, and nothing more is read from the source meanwhile: what is held is
//! bounded by one buffer. A half without filters has no tap, and pays one test for each read.

use std::rc::Rc;
use std::task::Context;

use hapax_rules::filters::{Direction, Interest};
use hapax_value::Millis;

use crate::stream::filters::{Ledger, Shown};
use crate::timer::{Deadline, Timers};

/// How long a filter that says nothing of when to come again is left alone.
const PATIENCE: Millis = 10;

#[derive(Debug)]
struct Stage {
    filter: Shown,
    /// It replaces what it is shown.
    changes: bool,
    /// What it has not passed on yet.
    queue: Vec<u8>,
    /// Reused for what it makes.
    made: Vec<u8>,
}

/// The filters of one direction of a stream.
#[derive(Debug)]
pub(crate) struct Tap {
    direction: Direction,
    stages: Vec<Stage>,
    ledger: Rc<Ledger>,
    timers: Rc<Timers>,
    wake: Deadline,
    /// The earliest time at which a filter wants to be asked again; the clock's reading of this round.
    due: Option<Millis>,
    now: Millis,
    /// The source has ended, and so many of the filters know.
    closing: bool,
    told: usize,
    /// What came through.
    ready: Vec<u8>,
}

impl Tap {
    pub(crate) fn new(direction: Direction, wants: Vec<(Shown, Interest)>, ledger: Rc<Ledger>, timers: &Rc<Timers>) -> Self {
        let stage = |(filter, interest)| Stage {
            filter,
            changes: interest == Interest::Change,
            queue: Vec::new(),
            made: Vec::new(),
        };
        Self {
            direction,
            stages: wants.into_iter().map(stage).collect(),
            ledger,
            timers: Rc::clone(timers),
            wake: timers.deadline(),
            due: None,
            now: 0,
            closing: false,
            told: 0,
            ready: Vec::new(),
        }
    }

    /// Another body begins (a tunnel after its handshake): those that change bodies have done their work.
    pub(super) fn open(&mut self) {
        if self.closing {
            self.stages.retain(|s| !s.changes);
            self.closing = false;
            self.told = 0;
        }
    }

    /// Bytes of body; what comes through at once is in [`Self::ready`].
    pub(super) fn push(&mut self, data: &[u8]) {
        self.now = self.timers.now();
        self.offer(0, data);
        self.ledger.settle(&self.stages[..], |s| &s.filter);
    }

    /// The body is over.
    pub(super) fn close(&mut self) {
        self.closing = true;
    }

    /// Asks again those that hold something back, the last ones first, and tells the end to those that are through.
    pub(super) fn pump(&mut self) {
        self.now = self.timers.now();
        self.due = None;
        for i in (0..self.stages.len()).rev() {
            if !self.stages[i].queue.is_empty() {
                let queue = std::mem::take(&mut self.stages[i].queue);
                self.offer(i, &queue);
            }
        }
        while self.closing && self.told < self.stages.len() && self.stages[self.told].queue.is_empty() {
            let stage = &mut self.stages[self.told];
            let mut made = std::mem::take(&mut stage.made);
            stage.filter.borrow_mut().end(self.direction, &mut made);
            self.told += 1;
            self.offer(self.told, &made);
            made.clear();
            self.stages[self.told - 1].made = made;
        }
        self.ledger.settle(&self.stages[..], |s| &s.filter);
    }

    /// Hands `data` to stage `i`, and to those after it what it lets through.
    fn offer(&mut self, i: usize, data: &[u8]) {
        let Some(stage) = self.stages.get_mut(i) else {
            self.ready.extend_from_slice(data);
            return;
        };
        if !stage.queue.is_empty() {
            stage.queue.extend_from_slice(data);
            return;
        }
        let mut made = std::mem::take(&mut stage.made);
        let (filter, changes) = (Rc::clone(&stage.filter), stage.changes);
        let mut at = 0;
        while at < data.len() {
            let rest = &data[at..];
            let pass = filter.borrow_mut().data(self.direction, rest, self.now, &mut made);
            let used = pass.bytes.min(rest.len());
            at += used;
            if changes {
                self.offer(i + 1, &made);
                made.clear();
            } else if used > 0 {
                self.offer(i + 1, &rest[..used]);
            }
            let again = match (pass.again_in, used) {
                (Some(t), 0) => t.max(1),
                (Some(t), _) => t,
                (None, 0) => PATIENCE,
                (None, _) => continue,
            };
            let due = self.now + again;
            self.due = Some(self.due.map_or(due, |d| d.min(due)));
            break;
        }
        let stage = &mut self.stages[i];
        stage.made = made;
        stage.queue.extend_from_slice(&data[at..]);
    }

    /// What came through since this was last emptied.
    pub(super) fn ready(&mut self) -> &mut Vec<u8> {
        &mut self.ready
    }

    /// Nothing is held back, and the end has come through where there was one.
    pub(super) fn is_clear(&self) -> bool {
        self.stages.iter().all(|s| s.queue.is_empty()) && (!self.closing || self.is_closed())
    }

    /// All filters know of the end.
    pub(super) fn is_closed(&self) -> bool {
        self.closing && self.told == self.stages.len()
    }

    /// Whether there is something to ask for now; if not, the task is woken when there is.
    pub(super) fn is_due(&self, cx: &Context<'_>) -> bool {
        match self.due {
            Some(due) if due > self.timers.now() => {
                self.wake.set(due);
                self.wake.expired(cx)
            }
            _ => true,
        }
    }
}
