//! Socket options, by the names the manual gives them. Each takes anything that lends a descriptor and answers the kernel's error
//! as it is; whether an error matters is the caller's to decide.

use std::io;
use std::mem::size_of;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use rustix::net::sockopt as rx;
use socket2::SockRef;

/// Sets an integer option.
fn set_int(fd: BorrowedFd<'_>, level: i32, name: i32, value: i32) -> io::Result<()> {
    // SAFETY: the pointer is to a live i32 and the length is its size; the descriptor is borrowed, so open.
    let rc = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            level,
            name,
            (&raw const value).cast(),
            size_of::<i32>() as libc::socklen_t,
        )
    };
    if rc == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Several sockets may listen on one address; the kernel spreads connections over them.
pub fn set_reuseport(fd: impl AsFd, on: bool) -> io::Result<()> {
    Ok(rx::set_socket_reuseport(fd, on)?)
}

pub fn set_reuseaddr(fd: impl AsFd, on: bool) -> io::Result<()> {
    Ok(rx::set_socket_reuseaddr(fd, on)?)
}

pub fn set_nodelay(fd: impl AsFd, on: bool) -> io::Result<()> {
    Ok(rx::set_tcp_nodelay(fd, on)?)
}

/// Whether received data is acknowledged at once. The kernel leaves this mode by itself: set it again where it matters.
pub fn set_quickack(fd: impl AsFd, on: bool) -> io::Result<()> {
    Ok(rx::set_tcp_quickack(fd, on)?)
}

/// Hold back partial segments until `false` is set.
pub fn set_cork(fd: impl AsFd, on: bool) -> io::Result<()> {
    Ok(rx::set_tcp_cork(fd, on)?)
}

/// `mss`: the largest segment announced.
pub fn set_maxseg(fd: impl AsFd, bytes: i32) -> io::Result<()> {
    set_int(fd.as_fd(), libc::IPPROTO_TCP, libc::TCP_MAXSEG, bytes)
}

/// `tcp-ut`: milliseconds that sent data may stay unacknowledged.
pub fn set_user_timeout(fd: impl AsFd, millis: u32) -> io::Result<()> {
    Ok(rx::set_tcp_user_timeout(fd, millis)?)
}

/// `tfo` on a listening socket: how many unfinished fast opens may wait.
pub fn set_fastopen(fd: impl AsFd, queue: i32) -> io::Result<()> {
    set_int(fd.as_fd(), libc::IPPROTO_TCP, libc::TCP_FASTOPEN, queue)
}

/// `tfo` on a server: data may travel with the SYN.
pub fn set_fastopen_connect(fd: impl AsFd, on: bool) -> io::Result<()> {
    set_int(fd.as_fd(), libc::IPPROTO_TCP, libc::TCP_FASTOPEN_CONNECT, i32::from(on))
}

/// `defer-accept`: the connection is not given to the process until data came, or for `seconds`.
pub fn set_defer_accept(fd: impl AsFd, seconds: i32) -> io::Result<()> {
    set_int(fd.as_fd(), libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, seconds)
}

/// `transparent` and `usesrc`: addresses that are not this host's. Falls back to `IP_FREEBIND`, which needs no privilege.
pub fn set_transparent(fd: impl AsFd, v6: bool) -> io::Result<()> {
    let fd = fd.as_fd();
    let (level, name) = if v6 {
        (libc::IPPROTO_IPV6, libc::IPV6_TRANSPARENT)
    } else {
        (libc::IPPROTO_IP, libc::IP_TRANSPARENT)
    };
    set_int(fd, level, name, 1).or_else(|_| set_freebind(fd, v6))
}

/// Bind to an address that does not exist yet.
pub fn set_freebind(fd: impl AsFd, v6: bool) -> io::Result<()> {
    if v6 {
        Ok(rx::set_ipv6_freebind(fd, true)?)
    } else {
        Ok(rx::set_ip_freebind(fd, true)?)
    }
}

/// Choose the source port when connecting, not when binding: the same port may then serve several destinations.
pub fn set_bind_address_no_port(fd: impl AsFd) -> io::Result<()> {
    set_int(fd.as_fd(), libc::IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT, 1)
}

/// `set-mark` (`set-fc-mark`): netfilter mark of packets sent.
pub fn set_mark(fd: impl AsFd, mark: u32) -> io::Result<()> {
    SockRef::from(&fd).set_mark(mark)
}

/// `set-tos` (`set-fc-tos`): the DS field of packets sent.
pub fn set_tos(fd: impl AsFd, v6: bool, tos: u8) -> io::Result<()> {
    if v6 {
        Ok(rx::set_ipv6_tclass(fd, u32::from(tos))?)
    } else {
        Ok(rx::set_ip_tos(fd, tos)?)
    }
}

/// `interface`: only traffic of this device.
pub fn bind_device(fd: impl AsFd, interface: &str) -> io::Result<()> {
    SockRef::from(&fd).bind_device(Some(interface.as_bytes()))
}

/// `v6only` and `v4v6`.
pub fn set_v6only(fd: impl AsFd, only: bool) -> io::Result<()> {
    Ok(rx::set_ipv6_v6only(fd, only)?)
}

/// TCP keep-alive and, where given, its idle time, interval and count (`clitcpka-*`, `srvtcpka-*`).
pub fn set_keepalive(fd: impl AsFd, idle: Option<Duration>, interval: Option<Duration>, count: Option<u32>) -> io::Result<()> {
    let fd = fd.as_fd();
    rx::set_socket_keepalive(fd, true)?;
    // One that the system refuses does not keep it from the others.
    let mut done = Ok(());
    if let Some(v) = idle {
        done = done.and(rx::set_tcp_keepidle(fd, v));
    }
    if let Some(v) = interval {
        done = done.and(rx::set_tcp_keepintvl(fd, v));
    }
    if let Some(v) = count {
        done = done.and(rx::set_tcp_keepcnt(fd, v));
    }
    Ok(done?)
}

/// Sizes of the kernel's buffers, doubled by the kernel for its own use; 0: left alone.
pub fn set_buffers(fd: impl AsFd, receive: u32, send: u32, unsent: u32) -> io::Result<()> {
    let fd = fd.as_fd();
    let size = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    if receive > 0 {
        set_int(fd, libc::SOL_SOCKET, libc::SO_RCVBUF, size(receive))?;
    }
    if send > 0 {
        set_int(fd, libc::SOL_SOCKET, libc::SO_SNDBUF, size(send))?;
    }
    if unsent > 0 {
        set_int(fd, libc::IPPROTO_TCP, libc::TCP_NOTSENT_LOWAT, size(unsent))?;
    }
    Ok(())
}

/// `cc`: the congestion control algorithm, which the kernel must have.
pub fn set_congestion(fd: impl AsFd, name: &str) -> io::Result<()> {
    Ok(rx::set_tcp_congestion(fd, name)?)
}

/// `close` will send a reset and forget what is unsent (`option nolinger`, `silent-drop`'s fallback).
pub fn set_reset_on_close(fd: impl AsFd) -> io::Result<()> {
    Ok(rx::set_socket_linger(fd, Some(Duration::ZERO))?)
}

/// TCP_REPAIR: the next `close` sends nothing at all. Needs CAP_NET_ADMIN (`silent-drop`).
pub fn set_repair(fd: impl AsFd, on: bool) -> io::Result<()> {
    set_int(fd.as_fd(), libc::IPPROTO_TCP, libc::TCP_REPAIR, i32::from(on))
}

pub fn set_send_buffer(fd: impl AsFd, bytes: usize) -> io::Result<()> {
    Ok(rx::set_socket_send_buffer_size(fd, bytes)?)
}

pub fn set_recv_buffer(fd: impl AsFd, bytes: usize) -> io::Result<()> {
    Ok(rx::set_socket_recv_buffer_size(fd, bytes)?)
}

/// Where the client meant to go before a netfilter redirection (`SO_ORIGINAL_DST`).
pub fn original_dst(fd: impl AsFd, v6: bool) -> io::Result<SocketAddr> {
    if v6 {
        Ok(SocketAddr::V6(rx::ipv6_original_dst(fd)?))
    } else {
        Ok(SocketAddr::V4(rx::ip_original_dst(fd)?))
    }
}

/// The pending error of a socket, cleared by reading it.
pub fn take_error(fd: impl AsFd) -> io::Result<Option<io::Error>> {
    Ok(rx::socket_error(fd)?.err().map(io::Error::from))
}

/// The address the socket is bound to; `None` for a family that has no IP address.
pub fn local_addr(fd: impl AsFd) -> io::Result<Option<SocketAddr>> {
    Ok(SockRef::from(&fd).local_addr()?.as_socket())
}

/// The address of the other side; `None` for a family that has no IP address.
pub fn peer_addr(fd: impl AsFd) -> io::Result<Option<SocketAddr>> {
    Ok(SockRef::from(&fd).peer_addr()?.as_socket())
}

/// Smoothed round-trip time and its variation, microseconds (`fc_rtt`, `fc_rttvar` and the other `tcp_info` fetches).
pub fn tcp_info(fd: impl AsFd) -> io::Result<TcpInfo> {
    tcp_info_of(fd.as_fd().as_raw_fd())
}

/// Makes a listening socket keep the packets that open its connections: 1 from their IP header on, 2 with the Ethernet header too.
pub fn set_save_syn(fd: impl AsFd, mode: u8) -> io::Result<()> {
    set_int(fd.as_fd(), libc::IPPROTO_TCP, libc::TCP_SAVE_SYN, i32::from(mode))
}

/// The packet that opened the connection of the socket of this number; the kernel gives it away once.
pub fn saved_syn(fd: RawFd) -> io::Result<Vec<u8>> {
    let mut packet = vec![0_u8; 512];
    let mut len = packet.len() as libc::socklen_t;
    // SAFETY: the pointer and the length describe the live buffer; the kernel writes at most `len` bytes.
    let rc = unsafe { libc::getsockopt(fd, libc::IPPROTO_TCP, libc::TCP_SAVED_SYN, packet.as_mut_ptr().cast(), &raw mut len) };
    if rc != 0 {
        return Err(io::Error::last_os_error());
    }
    packet.truncate(len as usize);
    Ok(packet)
}

/// Copies what has come and leaves it where it is; 0: no more will come.
pub fn peek(fd: BorrowedFd<'_>, room: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the pointer and the length describe the live buffer, of which the kernel writes no more.
    let n = unsafe { libc::recv(fd.as_raw_fd(), room.as_mut_ptr().cast(), room.len(), libc::MSG_PEEK) };
    usize::try_from(n).map_err(|_| io::Error::last_os_error())
}

/// Sends two slices of which the last segment may wait for what follows (`MSG_MORE`); at the latest the end of the connection
/// takes it along.
pub fn send_more(fd: BorrowedFd<'_>, a: &[u8], b: &[u8]) -> io::Result<usize> {
    let flags = rustix::net::SendFlags::MORE | rustix::net::SendFlags::NOSIGNAL;
    match (a, b) {
        (one, []) | ([], one) => return Ok(rustix::net::send(fd, one, flags)?),
        _ => {}
    }
    let slices = [io::IoSlice::new(a), io::IoSlice::new(b)];
    Ok(rustix::net::sendmsg(
        fd,
        &slices,
        &mut rustix::net::SendAncillaryBuffer::default(),
        flags,
    )?)
}

/// [`tcp_info`] of whichever socket has this number; an error where none has.
pub fn tcp_info_of(fd: RawFd) -> io::Result<TcpInfo> {
    // SAFETY: tcp_info is plain integers, for which all-zero is a value.
    let mut raw: libc::tcp_info = unsafe { std::mem::zeroed() };
    let mut len = size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: the pointer and the length describe one live tcp_info; the kernel writes at most `len` bytes.
    let rc = unsafe { libc::getsockopt(fd, libc::IPPROTO_TCP, libc::TCP_INFO, (&raw mut raw).cast(), &raw mut len) };
    if rc != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(TcpInfo {
        rtt_us: raw.tcpi_rtt,
        rttvar_us: raw.tcpi_rttvar,
        unacked: raw.tcpi_unacked,
        sacked: raw.tcpi_sacked,
        lost: raw.tcpi_lost,
        retrans: raw.tcpi_retrans,
        fackets: raw.tcpi_fackets,
        reordering: raw.tcpi_reordering,
    })
}

/// What the `fc_*` and `bc_*` fetches read of a TCP connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpInfo {
    pub rtt_us: u32,
    pub rttvar_us: u32,
    pub unacked: u32,
    pub sacked: u32,
    pub lost: u32,
    pub retrans: u32,
    pub fackets: u32,
    pub reordering: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    fn pair() -> (TcpStream, TcpStream) {
        let l = TcpListener::bind("127.0.0.1:0").unwrap();
        let a = TcpStream::connect(l.local_addr().unwrap()).unwrap();
        (a, l.accept().unwrap().0)
    }

    #[test]
    fn options_are_taken_by_the_kernel() {
        let (a, b) = pair();
        set_nodelay(&a, true).unwrap();
        assert!(a.nodelay().unwrap());
        set_user_timeout(&a, 4000).unwrap();
        assert_eq!(rx::tcp_user_timeout(&a).unwrap(), 4000);
        set_keepalive(&a, Some(Duration::from_secs(7)), Some(Duration::from_secs(3)), Some(5)).unwrap();
        assert_eq!(rx::tcp_keepcnt(&a).unwrap(), 5);
        set_tos(&a, false, 0x20).unwrap();
        assert_eq!(rx::ip_tos(&a).unwrap(), 0x20);
        assert_eq!(local_addr(&a).unwrap(), peer_addr(&b).unwrap());
        assert!(tcp_info(&a).unwrap().rtt_us > 0);
    }

    #[test]
    fn bytes_that_wait_for_more_leave_with_the_end() {
        for (first, second) in [(&b"all of it"[..], &b""[..]), (b"", b"all of it"), (b"all ", b"of it")] {
            let (a, mut b) = pair();
            assert_eq!(send_more(a.as_fd(), first, second).unwrap(), 9);
            drop(a);
            let mut got = String::new();
            io::Read::read_to_string(&mut b, &mut got).unwrap();
            assert_eq!(got, "all of it");
        }
    }

    #[test]
    fn a_reset_on_close_is_seen_by_the_peer() {
        let (a, mut b) = pair();
        set_reset_on_close(&a).unwrap();
        drop(a);
        let e = io::Read::read(&mut b, &mut [0; 1]).unwrap_err();
        assert_eq!(e.kind(), io::ErrorKind::ConnectionReset);
    }
}
