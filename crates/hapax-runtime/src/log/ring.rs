//! Rings: bounded buffers of messages, written by whoever logs and read by forwarders and by `show events`.
//!
//! Messages stand one behind the other, each after its length, in a block of memory that is used in a circle. The oldest make room
//! for the newest, but for those that a forwarder has yet to send: then the newest is dropped and counted. Nobody ever waits.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hapax_config::plan::{self, LogWire};
use tokio::sync::Notify;

/// Bytes before each message.
const LENGTH: usize = 4;

#[derive(Debug)]
pub struct Ring {
    pub name: Arc<str>,
    pub description: String,
    /// `None`: as the target says, whose own the ring is.
    pub format: Option<LogWire>,
    /// Longest message; 0: no limit but the ring's size.
    pub maxlen: usize,
    store: Mutex<Store>,
    /// Told of every message.
    pub news: Notify,
    dropped: AtomicU64,
}

#[derive(Debug)]
struct Store {
    bytes: Box<[u8]>,
    /// Places count on for ever; where they stand in `bytes` is the remainder.
    tail: u64,
    head: u64,
    /// What each forwarder has yet to send begins here.
    held: Vec<u64>,
    file: Option<Arc<File>>,
}

impl Ring {
    /// `size`: of the memory where the ring does not say.
    pub(crate) fn new(ring: &plan::Ring, size: usize) -> Self {
        let size = if ring.size > 0 { ring.size } else { size };
        let description = ring.description.clone().unwrap_or_else(|| ring.name.to_string());
        let format = match ring.format {
            LogWire::Unset => LogWire::Raw,
            wire => wire,
        };
        Self {
            name: Arc::clone(&ring.name),
            description,
            format: (!ring.implicit).then_some(format),
            maxlen: ring.maxlen,
            store: Mutex::new(Store {
                bytes: vec![0; size.max(64)].into(),
                tail: 0,
                head: 0,
                held: vec![0; ring.servers.len()],
                file: None,
            }),
            news: Notify::new(),
            dropped: AtomicU64::new(0),
        }
    }

    /// What is written from now on is written to the file too.
    pub(crate) fn back(&self, file: Arc<File>) {
        self.lock().file = Some(file);
    }

    /// `false`: there is no room, and the message is lost.
    pub(crate) fn push(&self, message: &[u8]) -> bool {
        let done = self.lock().push(message);
        if done {
            self.news.notify_waiters();
        } else {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        done
    }

    /// Messages lost so far.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// The places of the oldest message and of the one to come.
    pub fn bounds(&self) -> (u64, u64) {
        let store = self.lock();
        (store.tail, store.head)
    }

    /// Hands messages from the place `at` on to `each`, about `most` bytes of them, and answers with the place behind the last.
    /// A reader that was overtaken goes on with the oldest message there is.
    pub fn read(&self, at: u64, most: usize, mut each: impl FnMut(&[u8])) -> u64 {
        let store = self.lock();
        let mut at = at.max(store.tail);
        let mut scratch = Vec::new();
        let mut taken = 0;
        while at < store.head && taken < most {
            let len = store.length(at);
            scratch.clear();
            store.copy(at + LENGTH as u64, len, &mut scratch);
            each(&scratch);
            taken += len;
            at += (LENGTH + len) as u64;
        }
        at
    }

    /// Where forwarder `i` goes on.
    pub(crate) fn held(&self, i: usize) -> u64 {
        self.lock().held.get(i).copied().unwrap_or(0)
    }

    /// Forwarder `i` has sent what stands before the place `at`.
    pub(crate) fn release(&self, i: usize, at: u64) {
        if let Some(held) = self.lock().held.get_mut(i) {
            *held = at;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        // Its places are set after the bytes: a panic in between leaves an older, whole state.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    fn push(&mut self, message: &[u8]) -> bool {
        let need = LENGTH + message.len();
        if need > self.bytes.len() {
            return false;
        }
        let kept = self.held.iter().copied().min().unwrap_or(u64::MAX);
        let mut tail = self.tail;
        while (self.head - tail) as usize + need > self.bytes.len() {
            if tail >= kept {
                return false;
            }
            tail += (LENGTH + self.length(tail)) as u64;
        }
        self.tail = tail;
        let len = u32::try_from(message.len()).unwrap_or(u32::MAX).to_le_bytes();
        self.put(self.head, &len);
        self.put(self.head + LENGTH as u64, message);
        self.head += need as u64;
        true
    }

    fn put(&mut self, at: u64, from: &[u8]) {
        let size = self.bytes.len();
        let at = (at % size as u64) as usize;
        let first = from.len().min(size - at);
        self.bytes[at..at + first].copy_from_slice(&from[..first]);
        self.bytes[..from.len() - first].copy_from_slice(&from[first..]);
        if let Some(file) = &self.file {
            // For those who look after a crash; a full disk is no reason to lose the message here.
            let _ = file.write_all_at(&from[..first], at as u64);
            let _ = file.write_all_at(&from[first..], 0);
        }
    }

    fn copy(&self, at: u64, len: usize, out: &mut Vec<u8>) {
        let size = self.bytes.len();
        let at = (at % size as u64) as usize;
        let first = len.min(size - at);
        out.extend_from_slice(&self.bytes[at..at + first]);
        out.extend_from_slice(&self.bytes[..len - first]);
    }

    fn length(&self, at: u64) -> usize {
        let size = self.bytes.len() as u64;
        let byte = |i: u64| self.bytes[((at + i) % size) as usize];
        u32::from_le_bytes([byte(0), byte(1), byte(2), byte(3)]) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(size: usize, servers: usize) -> Ring {
        let plan = plan::Ring {
            size,
            servers: (0..servers).map(|_| plan::Server::default()).collect(),
            ..plan::Ring::default()
        };
        Ring::new(&plan, 0)
    }

    fn all(r: &Ring, from: u64) -> (Vec<String>, u64) {
        let mut out = Vec::new();
        let at = r.read(from, usize::MAX, |m| out.push(String::from_utf8_lossy(m).into_owned()));
        (out, at)
    }

    #[test]
    fn the_oldest_make_room() {
        let r = ring(64, 0);
        // A lap of the circle has no whole number of messages: every cut comes to pass.
        for n in 0..1000 {
            assert!(r.push(format!("message {n}").as_bytes()));
            let (have, end) = all(&r, 0);
            assert_eq!(have.last().map(String::as_str), Some(format!("message {n}").as_str()));
            assert!(have.len() <= 5 && (n < 4 || have.len() >= 3), "{have:?}");
            assert_eq!(end, r.bounds().1);
        }
        assert_eq!(r.dropped(), 0);
        assert!(!r.push(&[b'x'; 61]));
        assert_eq!(r.dropped(), 1);
    }

    #[test]
    fn what_a_forwarder_has_yet_to_send_stays() {
        let r = ring(64, 2);
        let pushed = (0..10).filter(|n| r.push(format!("message {n}").as_bytes())).count();
        assert_eq!((pushed, r.dropped()), (4, 6));
        let (have, end) = all(&r, r.held(0));
        assert_eq!(have, ["message 0", "message 1", "message 2", "message 3"]);
        r.release(0, end);
        assert!(!r.push(b"message x"), "the other one has sent nothing");
        r.release(1, end);
        assert!(r.push(b"message y"));
        assert_eq!(all(&r, end).0, ["message y"]);
    }
}
