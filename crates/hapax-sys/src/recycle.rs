//! Boxes whose memory stays with the thread for the next one of their kind: for what is made and ends with every request.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::RefCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::ptr::NonNull;

/// Blocks kept per thread and kind at most.
const KEPT: usize = 256;

/// The free blocks of one layout. What is left is given back when the thread ends.
struct Shelf {
    layout: Layout,
    blocks: Vec<NonNull<u8>>,
}

thread_local! {
    static SHELVES: RefCell<Vec<Shelf>> = const { RefCell::new(Vec::new()) };
}

impl Drop for Shelf {
    fn drop(&mut self) {
        for block in &self.blocks {
            // SAFETY: it was allocated with this layout, and nobody has it.
            unsafe { dealloc(block.as_ptr(), self.layout) }
        }
    }
}

/// A block for `layout`, whose size is not 0.
fn take(layout: Layout) -> NonNull<u8> {
    let kept = SHELVES.try_with(|shelves| {
        let mut shelves = shelves.borrow_mut();
        shelves.iter_mut().find(|s| s.layout == layout)?.blocks.pop()
    });
    if let Ok(Some(block)) = kept {
        return block;
    }
    // SAFETY: the size is not 0.
    NonNull::new(unsafe { alloc(layout) }).unwrap_or_else(|| handle_alloc_error(layout))
}

/// Keeps a block that came from [`take`] with the same layout, or frees it.
fn give(block: NonNull<u8>, layout: Layout) {
    let kept = SHELVES.try_with(|shelves| {
        let mut shelves = shelves.borrow_mut();
        let at = shelves.iter().position(|s| s.layout == layout).unwrap_or_else(|| {
            shelves.push(Shelf {
                layout,
                blocks: Vec::with_capacity(KEPT),
            });
            shelves.len() - 1
        });
        let blocks = &mut shelves[at].blocks;
        if blocks.len() == KEPT {
            return false;
        }
        blocks.push(block);
        true
    });
    if kept != Ok(true) {
        // SAFETY: it was allocated with this layout, and nobody has it any more.
        unsafe { dealloc(block.as_ptr(), layout) }
    }
}

/// A `Box<T>` whose memory is recycled. It stays on the thread that made it.
pub struct Recycled<T> {
    at: NonNull<T>,
}

impl<T> Recycled<T> {
    /// Takes memory first, so that what `make` makes is built where it will live.
    pub fn pin(make: impl FnOnce() -> T) -> Pin<Self> {
        let layout = Layout::new::<T>();
        let at = if layout.size() == 0 {
            NonNull::dangling()
        } else {
            take(layout).cast()
        };
        // SAFETY: the block is large enough for a `T`, aligned for it, and ours alone. Should `make` panic, its memory is lost, no more.
        unsafe { at.write(make()) };
        let this = Self { at };
        // SAFETY: the value is never moved out of its block: `Recycled` has no way to give it away, and drops it in place.
        unsafe { Pin::new_unchecked(this) }
    }
}

impl<T> Deref for Recycled<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: it holds a value until it is dropped, which nobody else has.
        unsafe { self.at.as_ref() }
    }
}

impl<T> DerefMut for Recycled<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`.
        unsafe { self.at.as_mut() }
    }
}

impl<T> Drop for Recycled<T> {
    fn drop(&mut self) {
        // SAFETY: the value is whole, and nobody sees it again. Its memory came from `take` with the layout of its type, on this
        // thread: a `NonNull` does not leave it.
        unsafe { self.at.drop_in_place() };
        let layout = Layout::new::<T>();
        if layout.size() > 0 {
            give(self.at.cast(), layout);
        }
    }
}

impl<T> fmt::Debug for Recycled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recycled").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    #[repr(align(64))]
    struct Counted(Rc<Cell<u32>>, [u8; 100]);

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }

    fn addr<T>(p: &Pin<Recycled<T>>) -> usize {
        std::ptr::from_ref(&**p).addr()
    }

    #[test]
    fn the_block_of_the_last_one_is_used_again() {
        let dropped = Rc::new(Cell::new(0));
        let make = |fill| Recycled::pin(|| Counted(Rc::clone(&dropped), [fill; 100]));
        let (a, b) = (make(1), make(2));
        let (at_a, at_b) = (addr(&a), addr(&b));
        assert_ne!(at_a, at_b);
        assert_eq!((at_a % 64, at_b % 64), (0, 0));
        drop(a);
        let mut c = make(3);
        assert_eq!(addr(&c), at_a);
        // SAFETY: nothing is moved.
        unsafe { c.as_mut().get_unchecked_mut() }.1[99] = 4;
        assert_eq!((b.1, c.1[0], c.1[99]), ([2; 100], 3, 4));
        drop((b, c));
        assert_eq!(dropped.get(), 3);
    }

    #[test]
    fn kinds_do_not_share_and_nothing_needs_no_block() {
        let a = Recycled::pin(|| [1u8; 100]);
        let at = addr(&a);
        drop(a);
        let b = Recycled::pin(|| [2u64; 100]);
        assert_ne!(addr(&b), at);
        assert_eq!(*b, [2; 100]);
        drop(Recycled::pin(|| ()));
    }

    #[test]
    fn a_crowd_is_not_kept() {
        let all: Vec<_> = (0..2 * KEPT).map(|i| Recycled::pin(move || [i; 33])).collect();
        assert!(all.iter().enumerate().all(|(i, b)| **b == [i; 33]));
        drop(all);
        let layout = Layout::new::<[usize; 33]>();
        let kept = SHELVES.with_borrow(|s| s.iter().find(|s| s.layout == layout).map(|s| s.blocks.len()));
        assert_eq!(kept, Some(KEPT));
    }

    #[test]
    fn a_future_runs_in_it() {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let mut once = false;
        let mut f = Recycled::pin(|| {
            std::future::poll_fn(|_| {
                if std::mem::replace(&mut once, true) {
                    std::task::Poll::Ready(7)
                } else {
                    std::task::Poll::Pending
                }
            })
        });
        assert!(f.as_mut().poll(&mut cx).is_pending());
        assert_eq!(f.as_mut().poll(&mut cx), std::task::Poll::Ready(7));
    }
}
