//! Descriptors known by number only: what a parent process left open for us (`fd@N`, `stdout`).

use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// A duplicate of descriptor `n`, closed on exec; `n` itself stays open.
pub fn duplicate(n: RawFd) -> io::Result<OwnedFd> {
    if n < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: ManuallyDrop never closes it, and a number that is not open only makes the duplication below fail with EBADF.
    let borrowed = unsafe { ManuallyDrop::new(OwnedFd::from_raw_fd(n)) };
    Ok(rustix::io::fcntl_dupfd_cloexec(&*borrowed, 3)?)
}

/// Whether a descriptor is a terminal.
pub fn is_terminal(fd: impl std::os::fd::AsFd) -> bool {
    rustix::termios::isatty(fd)
}

/// Makes reads and writes answer `WouldBlock` where they would wait.
pub fn set_nonblocking(fd: impl std::os::fd::AsFd) -> io::Result<()> {
    Ok(rustix::io::ioctl_fionbio(fd, true)?)
}
