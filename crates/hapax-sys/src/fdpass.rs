//! Descriptors over a UNIX socket (`SCM_RIGHTS`): how a new process takes the listening sockets of an old one (`-x`).

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

/// Most descriptors one message may carry (the kernel's limit is 253).
pub const MAX_FDS: usize = 252;

const SPACE: usize = rustix::cmsg_space!(ScmRights(MAX_FDS));

/// Sends `data` (at least one byte) with `fds` attached to it.
pub fn send(socket: impl AsFd, data: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); SPACE];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(io::Error::from_raw_os_error(libc::EMSGSIZE));
    }
    Ok(sendmsg(socket, &[IoSlice::new(data)], &mut control, SendFlags::NOSIGNAL)?)
}

/// Receives into `data`; the descriptors that came with it, closed on exec.
pub fn receive(socket: impl AsFd, data: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); SPACE];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let got = recvmsg(socket, &mut [IoSliceMut::new(data)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut fds = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            fds.extend(rights);
        }
    }
    Ok((got.bytes, fds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_listening_socket_travels() {
        let (a, b) = UnixStream::pair().unwrap();
        let l = TcpListener::bind("127.0.0.1:0").unwrap();
        send(&a, b"1", &[l.as_fd(), l.as_fd()]).unwrap();
        let mut data = [0; 8];
        let (n, fds) = receive(&b, &mut data).unwrap();
        assert_eq!((n, fds.len()), (1, 2));
        let other = TcpListener::from(fds.into_iter().next().unwrap());
        assert_eq!(other.local_addr().unwrap(), l.local_addr().unwrap());
    }
}
