//! Clients, kind and unkind. Each runs until the scene is over and counts what it did.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use super::Dice;

/// What the clients of a scene share.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) over: AtomicBool,
    /// Requests whose head was sent whole, and connections that sent some of a head and no more.
    pub(super) whole: AtomicU64,
    pub(super) broken: AtomicU64,
    /// Of the whole ones, those whose sender reset the connection at once: the kernel may throw them away unread.
    pub(super) torn: AtomicU64,
    /// Whole answers to those that waited for them.
    pub(super) answered: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) failures: Mutex<Vec<Failure>>,
}

/// A request that had to succeed and did not.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// Its `id=`, by which the log knows it.
    pub(super) id: String,
    pub(super) why: String,
    /// When its client began, and when it knew.
    pub(super) began: SystemTime,
    pub(super) ended: SystemTime,
}

impl Tally {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    fn fail(&self, id: String, began: SystemTime, why: String) {
        let ended = SystemTime::now();
        let mut all = self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if all.len() < 1000 {
            all.push(Failure { id, why, began, ended });
        }
    }
}

/// What a client does in one turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Get(&'static str),
    /// A body of that many bytes with its length, or in chunks.
    Post(usize, bool),
    /// Leaves in the middle of its request's body, of a response's, of its head.
    AbortBody,
    AbortResponse,
    AbortHead,
}

pub(super) const KIND: &[Turn] = &[
    Turn::Get("/2b"),
    Turn::Get("/1k"),
    Turn::Get("/64k"),
    Turn::Post(10, false),
    Turn::Post(100_000, false),
    Turn::Post(50_000, true),
];

pub(super) const UNKIND: &[Turn] = &[
    Turn::Get("/1k"),
    Turn::AbortBody,
    Turn::AbortResponse,
    Turn::AbortHead,
    Turn::Post(100_000, true),
];

/// One client's life. `strict`: every answer must be a 200, whole.
pub(super) fn live(port: u16, number: usize, turns: &[Turn], strict: bool, tally: &Tally, mut dice: Dice) {
    let mut conn: Option<TcpStream> = None;
    let mut n = 0_u64;
    while !tally.is_over() {
        n += 1;
        let turn = turns[dice.below(turns.len())];
        let reused = conn.is_some();
        let began = SystemTime::now();
        let mut outcome = take(port, &mut conn, number, n, turn, tally);
        if reused && outcome.as_ref().is_err_and(|e| e.kind() == ErrorKind::ConnectionAborted) {
            // The connection ended between two requests, as it may.
            outcome = take(port, &mut conn, number, n, turn, tally);
        }
        match outcome {
            Ok(200) => {
                tally.answered.fetch_add(1, Ordering::SeqCst);
            }
            Ok(0) => {}
            Ok(status) => {
                tally.refused.fetch_add(1, Ordering::SeqCst);
                if strict {
                    tally.fail(format!("{number}-{n}"), began, format!("{turn:?}: status {status}"));
                }
            }
            Err(e) => {
                conn = None;
                if strict {
                    tally.fail(format!("{number}-{n}"), began, format!("{turn:?}: {e}"));
                }
            }
        }
        std::thread::sleep(Duration::from_millis(dice.below(20) as u64));
    }
}

/// One turn; the status, or 0 where the client left before there was one.
fn take(port: u16, conn: &mut Option<TcpStream>, number: usize, n: u64, turn: Turn, tally: &Tally) -> io::Result<u16> {
    let mut s = match conn.take() {
        Some(s) => s,
        None => open(port)?,
    };
    let head = |method: &str, path: &str, more: &str| format!("{method} {path}?id={number}-{n} HTTP/1.1\r\nHost: soak\r\n{more}\r\n");
    match turn {
        Turn::Get(path) => whole(&mut s, head("GET", path, "").as_bytes(), tally)?,
        Turn::Post(len, false) => {
            whole(
                &mut s,
                head("POST", "/post", &format!("Content-Length: {len}\r\n")).as_bytes(),
                tally,
            )?;
            forgive(s.write_all(&vec![b'x'; len]))?;
        }
        Turn::Post(len, true) => {
            whole(&mut s, head("POST", "/post", "Transfer-Encoding: chunked\r\n").as_bytes(), tally)?;
            for piece in vec![b'x'; len].chunks(7000) {
                forgive(s.write_all(&[format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()))?;
            }
            forgive(s.write_all(b"0\r\n\r\n"))?;
        }
        Turn::AbortBody => {
            whole(&mut s, head("POST", "/post", "Content-Length: 100000\r\n").as_bytes(), tally)?;
            s.write_all(&[b'x'; 5000])?;
            tally.torn.fetch_add(1, Ordering::SeqCst);
            reset(&s);
            return Ok(0);
        }
        Turn::AbortResponse => {
            whole(&mut s, head("GET", "/1m", "").as_bytes(), tally)?;
            let mut some = [0; 5000];
            let _ = s.read(&mut some)?;
            reset(&s);
            return Ok(0);
        }
        Turn::AbortHead => {
            s.write_all(b"GET /2b HTTP/1.1\r\nHost: so")?;
            tally.broken.fetch_add(1, Ordering::SeqCst);
            let _ = s.shutdown(Shutdown::Both);
            return Ok(0);
        }
    }
    let (status, keep) = answer(&mut s)?;
    if keep {
        *conn = Some(s);
    }
    Ok(status)
}

fn open(port: u16) -> io::Result<TcpStream> {
    let s = TcpStream::connect(("127.0.0.1", port))?;
    s.set_nodelay(true)?;
    s.set_read_timeout(Some(Duration::from_mins(1)))?;
    s.set_write_timeout(Some(Duration::from_mins(1)))?;
    Ok(s)
}

/// Sends a head in one write; it counts once it is sent.
fn whole(s: &mut TcpStream, head: &[u8], tally: &Tally) -> io::Result<()> {
    // A connection that ended before is found out by looking, so that no request is sent into it.
    s.set_nonblocking(true)?;
    let ended = !matches!(s.peek(&mut [0]), Err(e) if e.kind() == ErrorKind::WouldBlock);
    s.set_nonblocking(false)?;
    if ended {
        return Err(ErrorKind::ConnectionAborted.into());
    }
    s.write_all(head)?;
    tally.whole.fetch_add(1, Ordering::SeqCst);
    Ok(())
}

/// A proxy may answer and close before it has read a whole body: then the answer tells.
fn forgive(sent: io::Result<()>) -> io::Result<()> {
    match sent {
        Err(e) if matches!(e.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => Ok(()),
        other => other,
    }
}

fn reset(s: &TcpStream) {
    let _ = hapax_sys::sockopt::set_reset_on_close(s);
}

/// Reads one response to its end: its status, and whether the connection goes on.
fn answer(s: &mut TcpStream) -> io::Result<(u16, bool)> {
    let mut got = Vec::new();
    let mut buf = vec![0; 65_536];
    let head_end = loop {
        if let Some(at) = got.windows(4).position(|w| w == b"\r\n\r\n") {
            break at + 4;
        }
        match s.read(&mut buf)? {
            0 if got.is_empty() => return Err(ErrorKind::UnexpectedEof.into()),
            0 => return Err(io::Error::new(ErrorKind::InvalidData, "the head was cut")),
            k => got.extend_from_slice(&buf[..k]),
        }
    };
    let head = String::from_utf8_lossy(&got[..head_end]).to_ascii_lowercase();
    let status = head.split(' ').nth(1).and_then(|w| w.parse().ok()).unwrap_or(0);
    let length = head
        .lines()
        .find_map(|l| l.strip_prefix("content-length:"))
        .and_then(|v| v.trim().parse::<usize>().ok());
    let keep = !head.contains("connection: close") && length.is_some();
    let mut have = got.len() - head_end;
    loop {
        if length.is_some_and(|l| have >= l) {
            return Ok((status, keep));
        }
        match s.read(&mut buf)? {
            0 if length.is_none() => return Ok((status, false)),
            0 => return Err(io::Error::new(ErrorKind::InvalidData, "the body was cut")),
            k => have += k,
        }
    }
}

/// Sends a byte of a head now and then, on many connections, and opens another for each that is closed.
pub(super) fn loris(port: u16, crowd: usize, tally: &Tally) {
    let mut all: Vec<Option<TcpStream>> = (0..crowd).map(|_| None).collect();
    while !tally.is_over() {
        for slot in &mut all {
            let fine = match slot {
                Some(s) => s.write_all(b"x").is_ok() && !hung_up(s),
                None => false,
            };
            if !fine {
                *slot = begin(port, tally);
            }
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}

fn begin(port: u16, tally: &Tally) -> Option<TcpStream> {
    let mut s = open(port).ok()?;
    s.write_all(b"GET /loris HTTP/1.1\r\nX-Slow: ").ok()?;
    tally.broken.fetch_add(1, Ordering::SeqCst);
    Some(s)
}

/// The other side has answered (408) or gone.
fn hung_up(s: &TcpStream) -> bool {
    let _ = s.set_nonblocking(true);
    let quiet = matches!(s.peek(&mut [0]), Err(e) if e.kind() == ErrorKind::WouldBlock);
    let _ = s.set_nonblocking(false);
    !quiet
}
