//! One direction of a message or of a tunnel: bytes from a source to a destination, written once for every protocol.
//!
//! A [`Half`] reads into its buffer, finds out how much of it is body, and writes what is ready: first `out` (heads, re-framed
//! chunks), then `raw` bytes straight from the buffer. Large bodies of known or open length between two TCP sockets go through
//! a pipe by `splice(2)` and are never seen.

mod splice;
mod tap;

use std::io;
use std::task::{Context, Poll};

use hapax_proto::h1::{BodyLen, ChunkDecoder, ChunkEvent, write};
use hapax_proto::http::Head;
use hapax_sys::splice::Pipe;

use crate::buf::{BULK, Buf};
use crate::io::Io;
pub(crate) use tap::Tap;

/// A stream is bulk after this many reads in a row that filled the buffer.
const BULK_READS: u8 = 2;

/// A body of so many bytes is cheaper to put behind its head than to point the kernel at.
const JOINED: usize = 2048;

/// What is left of the body on the reading side.
#[derive(Debug, Default)]
enum Body {
    #[default]
    Done,
    Length(u64),
    Chunked(ChunkDecoder),
    Close,
}

/// How the body is framed on the writing side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Coding {
    /// As bytes: the length is announced, or the end of the connection ends it.
    #[default]
    Plain,
    Chunked,
}

/// Why a half stopped. Which party is the source is the caller's knowledge.
#[derive(Debug)]
pub enum HalfError {
    /// The source failed.
    Source(io::Error),
    /// The source ended before the body did.
    Truncated,
    /// The source broke the chunked coding.
    Malformed,
    /// The destination failed.
    Destination(io::Error),
}

/// One direction of an exchange.
#[derive(Debug, Default)]
pub(crate) struct Half {
    pub buf: Buf,
    out: Vec<u8>,
    out_pos: usize,
    raw: usize,
    body: Body,
    coding: Coding,
    trailers: Head,
    started: bool,
    /// The source has ended.
    pub eof: bool,
    /// The end of the source is passed on to the destination (tunnels).
    pub pass_end: bool,
    /// The destination is closed once it has everything.
    pub closes: bool,
    ended: bool,
    /// What is to be written has not waited yet for others to read.
    hasty: bool,
    /// It waits for that now.
    waits: bool,
    /// The last read took all there was.
    read_up: bool,
    /// Bytes of body read, as HAProxy counts them: names and values of trailers, too, and the end of chunks as one.
    pub payload: u64,
    /// Bytes written to the destination.
    pub written: u64,
    /// Bytes that came from the source, and that went to the destination, whatever they were and however often.
    pub wire_in: u64,
    pub wire_out: u64,
    /// Something moved since the caller last looked.
    pub moved: bool,
    /// Reads that filled the buffer, in a row: a bulk transfer.
    full_reads: u8,
    pipe: Option<Pipe>,
    splice: bool,
    /// Bytes of body that went through a pipe.
    pub spliced: u64,
    /// What is still to come of a chunk whose size was written already.
    framed: u64,
    /// Trailers end here.
    pub drop_trailers: bool,
    /// The body is read over: its reader has asked for the head alone.
    pub discard: bool,
    /// What was written so far, where it may have to be written again.
    kept: Option<Vec<u8>>,
    /// How much of that is the head.
    kept_head: usize,
    /// Filters that the body goes through.
    pub tap: Option<Box<Tap>>,
}

impl Half {
    /// Makes it ready for another message, keeping its memory and whatever is buffered.
    pub(crate) fn reset(&mut self) {
        self.out.clear();
        self.out_pos = 0;
        self.raw = 0;
        self.body = Body::Done;
        self.coding = Coding::Plain;
        self.trailers.clear();
        self.started = false;
        self.eof = false;
        self.pass_end = false;
        self.closes = false;
        self.ended = false;
        self.hasty = true;
        self.waits = false;
        self.read_up = false;
        self.payload = 0;
        self.written = 0;
        self.wire_in = 0;
        self.wire_out = 0;
        self.moved = false;
        self.full_reads = 0;
        self.pipe = None;
        self.splice = false;
        self.spliced = 0;
        self.framed = 0;
        self.drop_trailers = false;
        self.discard = false;
        self.kept = None;
        self.tap = None;
        if self.buf.is_empty() && self.buf.capacity() >= BULK {
            self.buf = Buf::default();
        }
        if self.out.capacity() > 65536 {
            self.out = Vec::new();
        }
    }

    /// Bytes to be written before anything else.
    pub(crate) fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// Starts the body: how it is read and how it is written. `splice`: bulk transfers may go through a pipe.
    pub(crate) fn start(&mut self, body: BodyLen, coding: Coding, splice: bool) -> Result<(), HalfError> {
        self.body = match body {
            BodyLen::None => Body::Done,
            BodyLen::Length(n) => Body::Length(n),
            BodyLen::Chunked => Body::Chunked(ChunkDecoder::default()),
            BodyLen::UntilClose => Body::Close,
        };
        self.coding = coding;
        self.started = true;
        let framing_kept = coding == Coding::Plain || matches!(self.body, Body::Chunked(_));
        self.splice = splice && framing_kept && self.tap.is_none() && !self.discard;
        if let Some(tap) = &mut self.tap {
            tap.open();
            if matches!(self.body, Body::Done) {
                self.finish();
            }
        }
        self.digest()
    }

    /// The head stands in `out`, and nothing is written yet. `keep`: what is written from here on is kept, up to the size of a
    /// buffer.
    pub(crate) fn head_stands(&mut self, keep: bool) {
        self.kept_head = self.out.len();
        self.kept = keep.then(Vec::new);
    }

    /// Nothing has to be written again.
    pub(crate) fn forget(&mut self) {
        self.kept = None;
    }

    /// Writes everything again, with the head that stands in `head`; `false`: it was not kept.
    pub(crate) fn rewind(&mut self, head: &[u8]) -> bool {
        let recording = self.kept.is_some();
        let kept = match self.kept.take() {
            Some(kept) => kept,
            None if self.written == 0 => Vec::new(),
            None => return false,
        };
        let unsent = self.out[self.out_pos..].to_vec();
        let whole = [&kept[..], &unsent[..]].concat();
        let body = whole.get(self.kept_head..).unwrap_or_default();
        self.out.clear();
        self.out.extend_from_slice(head);
        self.kept_head = self.out.len();
        self.out.extend_from_slice(body);
        self.out_pos = 0;
        self.written = 0;
        self.kept = recording.then(Vec::new);
        true
    }

    /// Copies what is about to be counted as written.
    fn remember(&mut self, n: usize) {
        let most = self.buf.capacity();
        let Some(kept) = &mut self.kept else { return };
        if kept.len() + n > most {
            self.kept = None;
            return;
        }
        let of_out = n.min(self.out.len() - self.out_pos);
        kept.extend_from_slice(&self.out[self.out_pos..self.out_pos + of_out]);
        kept.extend_from_slice(&self.buf.filled()[..n - of_out]);
    }

    /// Takes the source as ended: nothing more is expected of it.
    pub(crate) fn cut(&mut self) {
        self.eof = true;
        self.finish();
    }

    /// It is known how the body is delimited.
    pub(crate) fn is_started(&self) -> bool {
        self.started
    }

    /// All of the body was read.
    pub(crate) fn is_read(&self) -> bool {
        matches!(self.body, Body::Done)
    }

    /// The end of the source was passed on.
    pub(crate) fn is_ended(&self) -> bool {
        self.ended
    }

    /// Nothing waits to be written.
    pub(crate) fn is_flushed(&self) -> bool {
        self.out_pos == self.out.len()
            && self.raw == 0
            && self.pipe.as_ref().is_none_or(Pipe::is_empty)
            && self.tap.as_ref().is_none_or(|t| t.is_clear())
    }

    /// Splits what is in the buffer into body (to be written) and the rest.
    fn digest(&mut self) -> Result<(), HalfError> {
        match &mut self.body {
            Body::Done => {}
            Body::Close => {
                let n = self.buf.len() - self.raw;
                self.payload += n as u64;
                self.emit(n);
            }
            Body::Length(left) => {
                let n = (self.buf.len() - self.raw).min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= n as u64;
                let done = *left == 0;
                self.payload += n as u64;
                self.emit(n);
                if done {
                    self.finish();
                }
            }
            Body::Chunked(_) => return self.digest_chunks(),
        }
        Ok(())
    }

    fn digest_chunks(&mut self) -> Result<(), HalfError> {
        loop {
            let Body::Chunked(decoder) = &mut self.body else { return Ok(()) };
            match decoder.next(self.buf.filled(), &mut self.trailers) {
                Err(_) => return Err(HalfError::Malformed),
                Ok(ChunkEvent::NeedMore) if self.buf.is_full() => return Err(HalfError::Malformed),
                Ok(ChunkEvent::NeedMore) => return Ok(()),
                Ok(ChunkEvent::Skip(n)) => self.buf.consume(n),
                Ok(ChunkEvent::Data(n)) => {
                    self.payload += n as u64;
                    if self.discard {
                        self.buf.consume(n);
                        continue;
                    }
                    if let Some(tap) = &mut self.tap {
                        tap.push(&self.buf.filled()[..n]);
                        self.buf.consume(n);
                        self.collect();
                        continue;
                    }
                    match self.coding {
                        Coding::Chunked if self.framed == 0 => write::chunk(&self.buf.filled()[..n], &mut self.out),
                        _ => self.out.extend_from_slice(&self.buf.filled()[..n]),
                    }
                    self.buf.consume(n);
                    self.leave_frame(n as u64);
                }
                Ok(ChunkEvent::End(n)) => {
                    self.payload += 1 + self.trailers.fields_len();
                    self.buf.consume(n);
                    self.finish();
                }
            }
        }
    }

    /// So many bytes of the chunk whose size was written are on their way; its end follows the last.
    fn leave_frame(&mut self, n: u64) {
        if self.framed > 0 {
            self.framed -= n.min(self.framed);
            if self.framed == 0 {
                self.out.extend_from_slice(b"\r\n");
            }
        }
    }

    /// Hands the next `n` bytes of the buffer to the writing side.
    fn emit(&mut self, n: usize) {
        if self.discard {
            self.buf.consume(n);
            return;
        }
        if let Some(tap) = &mut self.tap {
            tap.push(&self.buf.filled()[..n]);
            self.buf.consume(n);
            self.collect();
            return;
        }
        match self.coding {
            Coding::Plain => self.raw += n,
            Coding::Chunked => {
                write::chunk(&self.buf.filled()[..n], &mut self.out);
                self.buf.consume(n);
            }
        }
    }

    /// The source has told all of the body.
    fn finish(&mut self) {
        self.body = Body::Done;
        match &mut self.tap {
            None => self.end_coding(),
            Some(tap) => {
                tap.close();
                self.pump();
            }
        }
    }

    /// Asks the filters for what they hold back.
    fn pump(&mut self) {
        let Some(tap) = &mut self.tap else { return };
        let was_closed = tap.is_closed();
        tap.pump();
        let closed = tap.is_closed() && !was_closed;
        self.collect();
        if closed {
            self.end_coding();
        }
    }

    /// Frames what came through the filters.
    fn collect(&mut self) {
        let Some(tap) = &mut self.tap else { return };
        let ready = tap.ready();
        match self.coding {
            Coding::Chunked => write::chunk(ready, &mut self.out),
            Coding::Plain => self.out.extend_from_slice(ready),
        }
        ready.clear();
    }

    /// Moves on what filters hold back; `Some`: before anything else can happen.
    fn poll_tap(&mut self, cx: &mut Context<'_>, dst: &mut Io) -> Option<Poll<Result<(), HalfError>>> {
        loop {
            match &self.tap {
                Some(tap) if !tap.is_clear() => {
                    if !tap.is_due(cx) {
                        return Some(match dst.poll_flush(cx) {
                            Poll::Ready(Err(e)) => Poll::Ready(Err(HalfError::Destination(e))),
                            _ => Poll::Pending,
                        });
                    }
                }
                _ => return None,
            }
            self.pump();
            if self.out_pos < self.out.len() {
                match self.poll_write(cx, dst) {
                    Poll::Ready(Ok(())) => {}
                    other => return Some(other),
                }
            }
        }
    }

    /// Writes what ends the body.
    fn end_coding(&mut self) {
        if self.coding == Coding::Chunked && !self.discard {
            self.out.extend_from_slice(b"0\r\n");
            let trailers = if self.drop_trailers { None } else { Some(&self.trailers) };
            for (name, value) in trailers.into_iter().flatten() {
                self.out.extend_from_slice(name);
                self.out.extend_from_slice(b": ");
                self.out.extend_from_slice(value);
                self.out.extend_from_slice(b"\r\n");
            }
            self.out.extend_from_slice(b"\r\n");
        }
    }

    /// Moves what can be moved. Ready when the whole body has reached the destination (and its end, where that is passed on).
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, src: &mut Io, dst: &mut Io) -> Poll<Result<(), HalfError>> {
        loop {
            if self.let_others_read(cx) {
                return Poll::Pending;
            }
            // Where the end has come behind the bytes, both leave together.
            let look = std::mem::take(&mut self.read_up) && self.pass_end && self.tap.is_none() && !self.is_read();
            let ending = look && src.poll_readable(cx).is_ready();
            if !ending && self.poll_write(cx, dst)?.is_pending() {
                return Poll::Pending;
            }
            if let Some(held) = self.poll_tap(cx, dst) {
                return held;
            }
            if self.is_read() {
                return self.poll_end(cx, dst);
            }
            if let Some(result) = self.poll_splice(cx, src, dst)? {
                if result.is_pending() {
                    return Poll::Pending;
                }
                continue;
            }
            if self.full_reads >= BULK_READS && self.kept.is_none() && self.buf.is_empty() && self.buf.capacity() < BULK {
                self.buf = Buf::take(BULK);
            }
            let room = self.buf.space();
            let size = room.len();
            // What was looked for a moment ago need not be looked for again.
            let read = if look && !ending { Poll::Pending } else { src.poll_read(cx, room) };
            match read {
                Poll::Pending if ending => {}
                Poll::Pending => {
                    self.full_reads = 0;
                    return match dst.poll_flush(cx) {
                        Poll::Ready(Err(e)) => Poll::Ready(Err(HalfError::Destination(e))),
                        _ => Poll::Pending,
                    };
                }
                Poll::Ready(Err(e)) => {
                    if ending {
                        // What came before is passed on as far as the destination takes it.
                        let _ = self.poll_write(cx, dst)?;
                    }
                    return Poll::Ready(Err(HalfError::Source(e)));
                }
                Poll::Ready(Ok(0)) => {
                    self.eof = true;
                    if !matches!(self.body, Body::Close) {
                        return Poll::Ready(Err(HalfError::Truncated));
                    }
                    self.finish();
                }
                Poll::Ready(Ok(n)) => {
                    self.read_up = n < size;
                    self.hasty = self.read_up;
                    self.full_reads = if n == size { self.full_reads.saturating_add(1) } else { 0 };
                    self.moved = true;
                    self.wire_in += n as u64;
                    self.buf.advance(n);
                    self.digest()?;
                }
            }
        }
    }

    /// Puts off writing until whoever else was woken has read; `true`: until then.
    ///
    /// Writing to a socket of the same machine takes its reader along: what is written close together wakes a reader once.
    /// And the kernel's code for reading, ours, and the kernel's for writing each run hot for many streams in a row.
    fn let_others_read(&mut self, cx: &mut Context<'_>) -> bool {
        self.waits = self.hasty && !self.is_flushed();
        if self.waits {
            self.hasty = false;
            cx.waker().wake_by_ref();
        }
        self.waits
    }

    /// What it has to write waits for others to read, not for its destination.
    pub(crate) fn stands_back(&self) -> bool {
        self.waits
    }

    /// The same of the first bytes of a message: there is nothing else to see to then.
    pub(crate) fn stands_back_at_first(&self) -> bool {
        self.waits && self.written == 0
    }

    /// What is still to come of the body goes nowhere.
    pub(crate) fn forsake(&mut self) {
        self.out.clear();
        self.out_pos = 0;
        self.buf.consume(self.raw);
        self.raw = 0;
        self.kept = None;
        self.tap = None;
        self.discard = true;
    }

    /// Reads the body over, to its end.
    pub(crate) fn poll_over(&mut self, cx: &mut Context<'_>, src: &mut Io) -> Poll<Result<(), HalfError>> {
        self.digest()?;
        while !self.is_read() {
            match src.poll_read(cx, self.buf.space()) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(e)) => return Poll::Ready(Err(HalfError::Source(e))),
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(HalfError::Truncated)),
                Poll::Ready(Ok(n)) => {
                    self.moved = true;
                    self.wire_in += n as u64;
                    self.buf.advance(n);
                    self.digest()?;
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Writes all that is ready to be written.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>, dst: &mut Io) -> Poll<Result<(), HalfError>> {
        if (1..=JOINED).contains(&self.raw) && self.out_pos < self.out.len() {
            self.out.extend_from_slice(&self.buf.filled()[..self.raw]);
            self.buf.consume(self.raw);
            self.raw = 0;
        }
        let last = (self.pass_end || self.closes) && self.is_read() && self.tap.is_none();
        while self.out_pos < self.out.len() || self.raw > 0 {
            let (head, body) = (&self.out[self.out_pos..], &self.buf.filled()[..self.raw]);
            let n = match dst.poll_write2(cx, head, body, last) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(e)) => return Poll::Ready(Err(HalfError::Destination(e))),
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(HalfError::Destination(io::ErrorKind::WriteZero.into()))),
                Poll::Ready(Ok(n)) => n,
            };
            self.moved = true;
            self.written += n as u64;
            self.wire_out += n as u64;
            if self.kept.is_some() {
                self.remember(n);
            }
            let of_out = n.min(self.out.len() - self.out_pos);
            self.out_pos += of_out;
            if self.out_pos == self.out.len() {
                self.out.clear();
                self.out_pos = 0;
            }
            self.raw -= n - of_out;
            self.buf.consume(n - of_out);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_end(&mut self, cx: &mut Context<'_>, dst: &mut Io) -> Poll<Result<(), HalfError>> {
        if self.pass_end && !self.ended {
            // A peer that is gone already has no use for our end: not an error.
            if dst.poll_shutdown(cx).is_pending() {
                return Poll::Pending;
            }
            self.ended = true;
        }
        dst.poll_flush(cx).map_err(HalfError::Destination)
    }
}

impl From<HalfError> for io::Error {
    fn from(e: HalfError) -> Self {
        match e {
            HalfError::Source(e) | HalfError::Destination(e) => e,
            HalfError::Truncated => io::ErrorKind::UnexpectedEof.into(),
            HalfError::Malformed => io::ErrorKind::InvalidData.into(),
        }
    }
}
