//! Descriptors known by number only: what a parent process left open for us (`fd@N`, `stdout`).

use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

/// A duplicate of descriptor `n`, closed on exec; `n` itself stays open.
pub fn duplicate(n: RawFd) -> io::Result<OwnedFd> {
    if n < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: ManuallyDrop never closes it, and a number that is not open only makes the duplication below fail with EBADF.
    let borrowed = unsafe { ManuallyDrop::new(OwnedFd::from_raw_fd(n)) };
    Ok(rustix::io::fcntl_dupfd_cloexec(&*borrowed, 3)?)
}

/// Fails where descriptor `n` is not open, or is no socket.
pub fn is_socket(n: RawFd) -> io::Result<()> {
    rustix::net::sockopt::socket_type(duplicate(n)?)?;
    Ok(())
}

/// Takes descriptor `n` for good: a duplicate, closed on exec, in its place.
pub fn take(n: RawFd) -> io::Result<OwnedFd> {
    let copy = duplicate(n)?;
    if n > 2 {
        // SAFETY: the number was open a moment ago, was given to this process by its parent by name, and nothing else here owns it.
        drop(unsafe { OwnedFd::from_raw_fd(n) });
    }
    Ok(copy)
}

/// Another descriptor of the same open file.
pub fn copy(fd: impl AsFd) -> io::Result<OwnedFd> {
    Ok(rustix::io::fcntl_dupfd_cloexec(fd, 3)?)
}

/// A pipe: its reading and its writing end, both closed on exec.
pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?)
}

/// A copy of a descriptor that a child process will find open under the same number, until this is dropped.
#[derive(Debug)]
pub struct Passed(OwnedFd);

impl Passed {
    pub fn new(fd: impl AsFd) -> io::Result<Self> {
        // Above the standard streams, which a child may get anew.
        let copy = rustix::io::fcntl_dupfd_cloexec(fd, 3)?;
        rustix::io::fcntl_setfd(&copy, rustix::io::FdFlags::empty())?;
        Ok(Self(copy))
    }

    pub fn number(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// Whether a descriptor is a terminal.
pub fn is_terminal(fd: impl AsFd) -> bool {
    rustix::termios::isatty(fd)
}

/// Makes reads and writes answer `WouldBlock` where they would wait.
pub fn set_nonblocking(fd: impl AsFd) -> io::Result<()> {
    Ok(rustix::io::ioctl_fionbio(fd, true)?)
}
