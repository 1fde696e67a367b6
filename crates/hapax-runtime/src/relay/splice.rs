//! Bulk bytes through a pipe: they stay in the kernel.

use std::cell::RefCell;
use std::io;
use std::os::fd::AsFd;
use std::task::{Context, Poll};

use hapax_sys::splice::{Pipe, PipePool};
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::{BULK_READS, Body, Coding, Half, HalfError};
use crate::io::Io;

/// A body of at least this many bytes is worth a pipe.
const WORTH: u64 = 64 * 1024;
/// Bytes a pipe may hold.
const CAPACITY: usize = 256 * 1024;

thread_local! {
    static PIPES: RefCell<PipePool> = RefCell::new(PipePool::new(CAPACITY, 64, 4096));
}

impl Half {
    /// `Ok(None)`: not a case for splicing now. `Some(Ready)`: progress was made. `Some(Pending)`: one side must become ready.
    pub(super) fn poll_splice(&mut self, cx: &mut Context<'_>, src: &mut Io, dst: &mut Io) -> Result<Option<Poll<()>>, HalfError> {
        if !self.splice || !self.buf.is_empty() {
            return Ok(None);
        }
        let left = match &self.body {
            Body::Length(n) => *n,
            Body::Close => u64::MAX,
            // What the pipe still holds belongs to a chunk that is read.
            Body::Chunked(d) if d.left_in_chunk() > 0 || self.pipe.is_some() => d.left_in_chunk(),
            Body::Chunked(_) | Body::Done => return Ok(None),
        };
        if self.pipe.is_none() {
            let worth = if left == u64::MAX {
                self.full_reads >= BULK_READS
            } else {
                left >= WORTH
            };
            if !worth || src.plain_tcp().is_none() || dst.plain_tcp().is_none() {
                return Ok(None);
            }
            self.pipe = PIPES.with_borrow_mut(PipePool::take);
            if self.pipe.is_some() && self.coding == Coding::Chunked {
                self.framed = left;
                self.out.extend_from_slice(format!("{left:x}\r\n").as_bytes());
                return Ok(Some(Poll::Ready(())));
            }
        }
        let (Some(mut pipe), Some(from), Some(to)) = (self.pipe.take(), src.plain_tcp(), dst.plain_tcp()) else {
            self.splice = false; // no pipe to be had: copy
            return Ok(None);
        };
        let step = self.splice_step(cx, &mut pipe, from, to, left);
        let read = match &self.body {
            Body::Chunked(d) => d.left_in_chunk() == 0,
            _ => self.is_read(),
        };
        if read && pipe.is_empty() {
            PIPES.with_borrow_mut(|p| p.put(pipe));
        } else {
            self.pipe = Some(pipe);
        }
        step.map(Some)
    }

    fn splice_step(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &mut Pipe,
        from: &TcpStream,
        to: &TcpStream,
        left: u64,
    ) -> Result<Poll<()>, HalfError> {
        if !pipe.is_empty() {
            return Ok(self.drain(cx, pipe, to)?.map(|()| ()));
        }
        let max = usize::try_from(left).unwrap_or(usize::MAX).min(CAPACITY);
        let n = loop {
            if from.poll_read_ready(cx).map_err(HalfError::Source)?.is_pending() {
                return Ok(Poll::Pending);
            }
            match from.try_io(Interest::READABLE, || pipe.fill(from.as_fd(), max)) {
                Ok(n) => break n,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) if e.kind() == io::ErrorKind::InvalidInput => {
                    self.splice = false;
                    return Ok(Poll::Ready(()));
                }
                Err(e) => return Err(HalfError::Source(e)),
            }
        };
        if n == 0 {
            self.eof = true;
            if !matches!(self.body, Body::Close) {
                return Err(HalfError::Truncated);
            }
            self.finish();
            return Ok(Poll::Ready(()));
        }
        self.moved = true;
        self.payload += n as u64;
        self.spliced += n as u64;
        self.wire_in += n as u64;
        match &mut self.body {
            Body::Length(l) => *l -= n as u64,
            Body::Chunked(d) => {
                d.pass_over(n as u64);
                self.framed = self.framed.saturating_sub(n as u64);
            }
            Body::Close | Body::Done => {}
        }
        let drained = self.drain(cx, pipe, to)?;
        if drained.is_ready() && matches!(self.body, Body::Length(0)) {
            self.finish();
        }
        Ok(drained.map(|()| ()))
    }

    /// Empties the pipe into `to` as far as it takes it.
    fn drain(&mut self, cx: &mut Context<'_>, pipe: &mut Pipe, to: &TcpStream) -> Result<Poll<()>, HalfError> {
        while !pipe.is_empty() {
            if to.poll_write_ready(cx).map_err(HalfError::Destination)?.is_pending() {
                return Ok(Poll::Pending);
            }
            match to.try_io(Interest::WRITABLE, || pipe.drain(to.as_fd(), false)) {
                Ok(n) => {
                    self.moved = true;
                    self.written += n as u64;
                    self.wire_out += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) => return Err(HalfError::Destination(e)),
            }
        }
        if matches!(self.body, Body::Length(0)) {
            self.finish();
        }
        if let Body::Chunked(d) = &self.body
            && d.left_in_chunk() == 0
            && self.coding == Coding::Chunked
        {
            self.out.extend_from_slice(b"\r\n");
        }
        Ok(Poll::Ready(()))
    }
}
