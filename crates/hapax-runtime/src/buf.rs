//! Receive buffers of `tune.bufsize`, borrowed from a per-thread pool: an idle connection holds none.

use std::cell::RefCell;

/// Free buffers kept per thread at most; beyond that they go back to the allocator.
const KEPT: usize = 1024;

/// The size of a buffer for a bulk transfer whose bytes must be touched: fewer and larger reads and writes.
pub(crate) const BULK: usize = 64 * 1024;
/// Free bulk buffers kept per thread at most.
const KEPT_BULK: usize = 64;

thread_local! {
    static POOL: RefCell<Vec<Box<[u8]>>> = const { RefCell::new(Vec::new()) };
    static BULK_POOL: RefCell<Vec<Box<[u8]>>> = const { RefCell::new(Vec::new()) };
}

/// A fixed-size buffer of which `start..end` is filled. Returns to the pool when dropped.
#[derive(Debug, Default)]
pub(crate) struct Buf {
    data: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Buf {
    /// Borrows a buffer of `size` bytes.
    pub(crate) fn take(size: usize) -> Self {
        let pool = if size >= BULK { &BULK_POOL } else { &POOL };
        let data = pool.with_borrow_mut(|p| {
            // All but the large buffers of a run have one size.
            p.pop().filter(|b| b.len() == size)
        });
        Self {
            data: data.unwrap_or_else(|| vec![0; size].into_boxed_slice()),
            start: 0,
            end: 0,
        }
    }

    /// Bytes not consumed yet.
    pub(crate) fn filled(&self) -> &[u8] {
        &self.data[self.start..self.end]
    }

    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// 0: not taken from the pool yet.
    pub(crate) fn capacity(&self) -> usize {
        self.data.len()
    }

    /// Nothing more fits, even after moving what is there to the front.
    pub(crate) fn is_full(&self) -> bool {
        self.len() == self.data.len()
    }

    pub(crate) fn consume(&mut self, n: usize) {
        self.start = (self.start + n).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Room to read into; what is filled is moved to the front when the end is reached.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        if self.end == self.data.len() && self.start > 0 {
            self.data.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        &mut self.data[self.end..]
    }

    /// Takes a larger buffer in place of this one, what is filled with it.
    pub(crate) fn grow(&mut self, size: usize) {
        let mut larger = Self::take(size.max(self.data.len()));
        larger.space()[..self.len()].copy_from_slice(self.filled());
        larger.advance(self.len());
        *self = larger;
    }

    /// So many bytes of [`space`](Self::space) were filled.
    pub(crate) fn advance(&mut self, n: usize) {
        self.end = (self.end + n).min(self.data.len());
    }
}

impl Drop for Buf {
    fn drop(&mut self) {
        if self.data.is_empty() {
            return;
        }
        let data = std::mem::take(&mut self.data);
        // The pool is gone while the thread ends: then the buffer simply is freed.
        let (pool, most) = if data.len() >= BULK {
            (&BULK_POOL, KEPT_BULK)
        } else {
            (&POOL, KEPT)
        };
        let _ = pool.try_with(|p| {
            let mut p = p.borrow_mut();
            if p.len() < most {
                p.push(data);
            }
        });
    }
}
