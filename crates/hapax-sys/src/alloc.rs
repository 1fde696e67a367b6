//! The allocator of the program: mimalloc, and before it a few blocks of the size of a TLS record, kept per thread.
//!
//! A TLS library takes a fresh block for each record it seals and frees it once the record is sent. mimalloc hands out the blocks
//! of a page in turn, so that each record lands on memory that has left the cache: for a large body that costs more than the
//! encryption. Here the block freed last is the one given next.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::ptr;

use mimalloc::MiMalloc;

/// What a kept block holds: a record of 16 KiB with its header, padding byte and tag, and room to spare.
const BLOCK: usize = 17 * 1024;
/// Sizes that such a block serves.
const SIZES: std::ops::RangeInclusive<usize> = 16 * 1024 + 1..=BLOCK;
/// What mimalloc aligns blocks of that size and above to (`MI_MAX_ALIGN_SIZE`).
const ALIGN: usize = 16;
/// Blocks kept per thread at most.
const KEPT: usize = 8;

/// The global allocator.
#[derive(Debug)]
pub struct Allocator;

/// The free blocks of a thread, the last one freed on top.
struct Shelf {
    blocks: [Cell<*mut u8>; KEPT],
    filled: Cell<usize>,
    /// How many may be kept: none in a thread that did not ask for it.
    room: Cell<usize>,
}

thread_local! {
    static SHELF: Shelf = const {
        Shelf {
            blocks: [const { Cell::new(ptr::null_mut()) }; KEPT],
            filled: Cell::new(0),
            room: Cell::new(0),
        }
    };
}

/// From now on this thread keeps blocks of the size of a TLS record. For threads that live as long as the process: what they
/// keep is not given back when they end.
pub fn keep_records() {
    SHELF.with(|s| s.room.set(KEPT));
}

/// From now on what is freed goes back to the system at once, and not only after some milliseconds: for a process that reads very
/// much, keeps a part of it, and ends. To be called while there is one thread.
pub fn give_back_at_once() {
    /// `mi_option_purge_delay`, milliseconds; the crate has no name for it.
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    // SAFETY: an assignment to an entry of mimalloc's table of options, which no other thread reads now.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, 0) }
}

impl Shelf {
    fn pop(&self) -> Option<*mut u8> {
        let top = self.filled.get().checked_sub(1)?;
        self.filled.set(top);
        Some(self.blocks[top].get())
    }

    fn push(&self, block: *mut u8) -> bool {
        let top = self.filled.get();
        if top >= self.room.get() {
            return false;
        }
        self.blocks[top].set(block);
        self.filled.set(top + 1);
        true
    }
}

/// The layout that is really asked for.
fn rounded(layout: Layout) -> Layout {
    if is_record(layout) {
        // Both constants are valid: a power of two, and a size far from overflow.
        Layout::from_size_align(BLOCK, ALIGN).unwrap_or(layout)
    } else {
        layout
    }
}

fn is_record(layout: Layout) -> bool {
    SIZES.contains(&layout.size()) && layout.align() <= ALIGN
}

/// Whether every block of that size is aligned like that anyway, so that the shorter way may be taken.
fn is_natural(layout: Layout) -> bool {
    layout.align() <= ALIGN && layout.align() <= layout.size()
}

// SAFETY: every block comes from mimalloc with the layout of `rounded`, which covers the one asked for, and goes back to it with
// the same; a block on a shelf belongs to nobody else until it is popped, and shelves are per thread.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_record(layout)
            && let Some(block) = SHELF.with(Shelf::pop)
        {
            return block;
        }
        let layout = rounded(layout);
        if is_natural(layout) {
            // SAFETY: any size will do.
            return unsafe { libmimalloc_sys::mi_malloc(layout.size()) }.cast();
        }
        // SAFETY: the caller's promise: a size that is not zero.
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_record(layout) && SHELF.with(|s| s.push(block)) {
            return;
        }
        // SAFETY: `block` came from `alloc` with this layout, so from mimalloc with the rounded one.
        unsafe { MiMalloc.dealloc(block, rounded(layout)) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as `alloc`; the rounded layout covers the one asked for.
        unsafe { MiMalloc.alloc_zeroed(rounded(layout)) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise: the size does not overflow when rounded up to the alignment.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        if is_record(layout) && is_record(wanted) {
            return block;
        }
        // SAFETY: the block has the rounded layout, and mimalloc keeps the alignment; the new size is the rounded one.
        unsafe { MiMalloc.realloc(block, rounded(layout), rounded(wanted).size()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, 1).expect("a layout")
    }

    #[test]
    fn the_block_freed_last_is_given_next() {
        keep_records();
        // SAFETY: each block is written within its size and freed once with its own layout.
        unsafe {
            let (a, b) = (Allocator.alloc(layout(16_406)), Allocator.alloc(layout(17_000)));
            a.write_bytes(1, 16_406);
            b.write_bytes(2, 17_000);
            Allocator.dealloc(a, layout(16_406));
            Allocator.dealloc(b, layout(17_000));
            assert_eq!(Allocator.alloc(layout(16_400)), b);
            assert_eq!(Allocator.alloc(layout(BLOCK)), a);
            a.write_bytes(3, BLOCK);
            Allocator.dealloc(a, layout(BLOCK));
            Allocator.dealloc(b, layout(16_400));
        }
    }

    #[test]
    fn every_block_is_aligned() {
        for size in 1..=2048 {
            for align in [1, 2, 4, 8, 16, 32, 64, 4096] {
                let layout = Layout::from_size_align(size, align).expect("a layout");
                // SAFETY: as above.
                unsafe {
                    let p = Allocator.alloc(layout);
                    assert_eq!(p.addr() % align, 0, "{layout:?}");
                    Allocator.dealloc(p, layout);
                }
            }
        }
    }

    #[test]
    fn blocks_grow_and_shrink_across_the_sizes_kept() {
        // SAFETY: as above.
        unsafe {
            let mut p = Allocator.alloc(layout(100));
            p.write_bytes(7, 100);
            let mut size = 100;
            for next in [16_384, 16_385, BLOCK, BLOCK + 1, 16_500, 200] {
                p = Allocator.realloc(p, layout(size), next);
                size = next;
                assert!((0..100).all(|i| *p.add(i) == 7));
                p.add(size - 1).write(7);
            }
            Allocator.dealloc(p, layout(size));
        }
    }

    #[test]
    fn a_thread_that_did_not_ask_keeps_nothing() {
        std::thread::spawn(|| {
            // SAFETY: as above.
            unsafe { Allocator.dealloc(Allocator.alloc(layout(17_000)), layout(17_000)) };
            assert_eq!(SHELF.with(|s| s.filled.get()), 0);
        })
        .join()
        .expect("the thread");
    }
}
