//! The clock, read once for each time a task wakes up.
//!
//! What a task does between two waits takes microseconds, and asks for the time a dozen times: to move deadlines, to count rates, to
//! mark the phases of a stream. One reading serves all of them.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use super::Timers;

/// Every look reads the clock.
const FREE: u64 = u64::MAX;
/// The next look reads the clock, and those that follow see what it saw.
const NEXT: u64 = u64::MAX - 1;

/// What the clock said, in microseconds since the start.
#[derive(Debug)]
pub(super) struct Reading(Cell<u64>);

impl Default for Reading {
    fn default() -> Self {
        Self(Cell::new(FREE))
    }
}

impl Reading {
    pub(super) fn of(&self, start: Instant) -> u64 {
        let held = self.0.get();
        if held < NEXT {
            return held;
        }
        let us = start.elapsed().as_micros() as u64;
        if held == NEXT {
            self.0.set(us);
        }
        us
    }
}

pin_project_lite::pin_project! {
    /// A task for which time stands still from when it wakes up until it waits again.
    pub(crate) struct AtOneTime<F> {
        timers: Rc<Timers>,
        #[pin]
        task: F,
    }
}

impl<F> AtOneTime<F> {
    pub(crate) fn new(timers: &Rc<Timers>, task: F) -> Self {
        Self {
            timers: Rc::clone(timers),
            task,
        }
    }
}

impl<F: Future> Future for AtOneTime<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.timers.reading.0.set(NEXT);
        // Also where the task panics.
        let _free = Release(&this.timers.reading);
        this.task.poll(cx)
    }
}

struct Release<'r>(&'r Reading);

impl Drop for Release<'_> {
    fn drop(&mut self) {
        self.0.0.set(FREE);
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;
    use std::time::Duration;

    use super::*;

    #[test]
    fn time_stands_still_while_a_task_is_awake_and_no_longer() {
        let timers = Timers::new(Instant::now());
        let pause = || std::thread::sleep(Duration::from_millis(2));
        let (t, mut seen) = (Rc::clone(&timers), Vec::new());
        let mut task = Box::pin(AtOneTime::new(
            &timers,
            std::future::poll_fn(move |_| {
                let first = t.now_us();
                pause();
                assert_eq!(t.now_us(), first);
                seen.push(first);
                if seen.len() == 2 {
                    Poll::Ready(seen.clone())
                } else {
                    Poll::Pending
                }
            }),
        ));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(task.as_mut().poll(&mut cx).is_pending());
        let between = timers.now_us();
        pause();
        assert!(timers.now_us() > between);
        let Poll::Ready(seen) = task.as_mut().poll(&mut cx) else {
            panic!("it was to end")
        };
        assert!(seen[0] < between && between < seen[1]);
    }
}
