//! Listening sockets taken over from a running process, by HAProxy's `_getsocks` exchange on its stats socket (`-x`).
//!
//! The asker sends the command; the owner answers a 32-bit count, then messages of up to 252 descriptors whose data tells the name
//! space, the interface and the options of each; the asker acknowledges with one 32-bit word.

use std::collections::HashSet;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use crate::fdpass;

/// Data that goes with each descriptor: two empty names with their length byte, and 32 bits of options.
const PER_FD: usize = 6;
/// An owner that does not answer in this time is not worth waiting for: its sockets are bound anew.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the process behind `path` for its listening sockets.
pub fn fetch(path: &Path) -> io::Result<Vec<OwnedFd>> {
    let mut socket = UnixStream::connect(path)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.write_all(b"_getsocks\n")?;
    let mut count = [0; 4];
    let (n, early) = fdpass::receive(&socket, &mut count)?;
    if n != count.len() {
        return Err(io::Error::new(ErrorKind::InvalidData, "no count of sockets in the answer"));
    }
    let wanted = usize::try_from(i32::from_ne_bytes(count)).unwrap_or(0);
    let mut fds = early;
    // Names of up to 255 bytes may stand beside each descriptor.
    let mut data = vec![0; fdpass::MAX_FDS * 520];
    while fds.len() < wanted {
        let (n, more) = fdpass::receive(&socket, &mut data)?;
        if n == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        fds.extend(more);
    }
    // An owner waits for this word before it closes; one that has closed already gave all the same.
    let _ = socket.write_all(&[0; 4]);
    Ok(fds)
}

/// Each socket once: descriptors of one and the same socket are dropped but for the first.
pub fn distinct(fds: Vec<OwnedFd>) -> Vec<OwnedFd> {
    let mut seen = HashSet::new();
    fds.into_iter()
        .filter(|fd| rustix::fs::fstat(fd).is_ok_and(|s| seen.insert(s.st_ino)))
        .collect()
}

/// Answers a `_getsocks` command and waits until the asker has all of them.
pub fn answer(socket: &UnixStream, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    give(socket, fds)?;
    let mut word = [0; 4];
    (&mut &*socket).read_exact(&mut word)
}

/// Answers a `_getsocks` command that was read from `socket` (in blocking mode).
pub fn give(socket: &UnixStream, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    let count = i32::try_from(fds.len()).unwrap_or(0);
    fdpass::send(socket, &count.to_ne_bytes(), &[])?;
    for group in fds.chunks(fdpass::MAX_FDS) {
        fdpass::send(socket.as_fd(), &vec![0; group.len() * PER_FD], group)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::os::unix::net::UnixListener;

    #[test]
    fn sockets_change_hands() {
        let path = std::env::temp_dir().join(format!("hapax-handover-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let door = UnixListener::bind(&path).unwrap();
        let listeners: Vec<_> = (0..300).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let addresses: Vec<_> = listeners.iter().map(|l| l.local_addr().unwrap()).collect();
        let owner = std::thread::spawn(move || {
            let (mut s, _) = door.accept().unwrap();
            let mut command = [0; 10];
            s.read_exact(&mut command).unwrap();
            assert_eq!(&command, b"_getsocks\n");
            let fds: Vec<_> = listeners.iter().map(AsFd::as_fd).collect();
            give(&s, &fds).unwrap();
            let mut ack = [0; 4];
            s.read_exact(&mut ack).unwrap();
        });
        let got = fetch(&path).unwrap();
        owner.join().unwrap();
        let got: Vec<_> = got.into_iter().map(|fd| TcpListener::from(fd).local_addr().unwrap()).collect();
        assert_eq!(got, addresses);
        std::fs::remove_file(path).unwrap();
    }
}
