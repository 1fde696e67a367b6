//! Bytes moved between sockets without a copy through user memory: `splice(2)` over pipes that are kept and used again.
//!
//! A pipe goes back to its pool only when it is empty; one that still holds bytes of a broken stream is closed instead.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::pipe::{PipeFlags, SpliceFlags};

/// A pipe and how many bytes are in it.
#[derive(Debug)]
pub struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
    held: usize,
    capacity: usize,
}

impl Pipe {
    /// `capacity` is a wish (`tune.pipesize`); 0 leaves the system's.
    pub fn new(capacity: usize) -> io::Result<Self> {
        let (read, write) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        if capacity > 0 {
            // Over the user's limit: the system's own size serves as well.
            let _ = rustix::pipe::fcntl_setpipe_size(&write, capacity);
        }
        let capacity = rustix::pipe::fcntl_getpipe_size(&write)?;
        Ok(Self {
            read,
            write,
            held: 0,
            capacity,
        })
    }

    /// Bytes taken in and not yet given out.
    pub fn held(&self) -> usize {
        self.held
    }

    pub fn is_empty(&self) -> bool {
        self.held == 0
    }

    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Moves up to `max` bytes from a socket into the pipe. `Ok(0)`: the peer has finished. `WouldBlock`: nothing to read, or
    /// the pipe is full (see [`held`](Self::held)).
    pub fn fill(&mut self, from: impl AsFd, max: usize) -> io::Result<usize> {
        let n = rustix::pipe::splice(from, None, &self.write, None, max, SpliceFlags::MOVE | SpliceFlags::NONBLOCK)?;
        self.held += n;
        Ok(n)
    }

    /// Moves what is in the pipe to a socket. `more`: further bytes will follow, so a partial segment may wait for them.
    pub fn drain(&mut self, to: impl AsFd, more: bool) -> io::Result<usize> {
        let mut flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
        flags.set(SpliceFlags::MORE, more);
        let n = rustix::pipe::splice(&self.read, None, to, None, self.held, flags)?;
        self.held -= n;
        Ok(n)
    }
}

/// Empty pipes of one worker.
#[derive(Debug)]
pub struct PipePool {
    idle: Vec<Pipe>,
    capacity: usize,
    keep: usize,
    live: usize,
    max: usize,
}

impl PipePool {
    /// `capacity`: size of new pipes (0: the system's); `keep`: idle pipes kept; `max`: pipes in use and idle (`maxpipes`).
    pub fn new(capacity: usize, keep: usize, max: usize) -> Self {
        Self {
            idle: Vec::new(),
            capacity,
            keep,
            live: 0,
            max,
        }
    }

    /// An empty pipe; `None` at the limit or when the system has no descriptors left: the caller then copies.
    pub fn take(&mut self) -> Option<Pipe> {
        if let Some(p) = self.idle.pop() {
            return Some(p);
        }
        if self.live >= self.max {
            return None;
        }
        let p = Pipe::new(self.capacity).ok()?;
        self.live += 1;
        Some(p)
    }

    /// Gives a pipe back. One that holds bytes is closed: they belong to a stream that is gone.
    pub fn put(&mut self, pipe: Pipe) {
        if pipe.is_empty() && self.idle.len() < self.keep {
            self.idle.push(pipe);
        } else {
            self.live -= 1;
        }
    }

    /// Pipes in use and idle.
    pub fn counts(&self) -> (usize, usize) {
        (self.live - self.idle.len(), self.idle.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    #[test]
    fn bytes_pass_and_the_pipe_is_used_again() {
        let (mut client, inside) = UnixStream::pair().unwrap();
        let (outside, mut server) = UnixStream::pair().unwrap();
        let mut pool = PipePool::new(0, 4, 8);
        let mut pipe = pool.take().unwrap();
        client.write_all(b"hello").unwrap();
        assert_eq!(pipe.fill(&inside, 1 << 16).unwrap(), 5);
        assert_eq!(pipe.held(), 5);
        assert_eq!(pipe.drain(&outside, false).unwrap(), 5);
        let mut got = [0; 5];
        server.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"hello");
        drop(client);
        assert_eq!(pipe.fill(&inside, 1 << 16).unwrap(), 0, "the end of the stream");
        pool.put(pipe);
        assert_eq!(pool.counts(), (0, 1));
    }

    #[test]
    fn a_pipe_with_bytes_is_not_kept() {
        let (mut client, inside) = UnixStream::pair().unwrap();
        let mut pool = PipePool::new(0, 4, 1);
        let mut pipe = pool.take().unwrap();
        assert!(pool.take().is_none(), "at the limit");
        client.write_all(b"left over").unwrap();
        pipe.fill(&inside, 100).unwrap();
        pool.put(pipe);
        assert_eq!(pool.counts(), (0, 0));
        assert!(pool.take().is_some());
    }
}
