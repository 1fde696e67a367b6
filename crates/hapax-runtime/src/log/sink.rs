//! Where lines go: connected datagram sockets, opened at the first message and again after an error, and inherited descriptors.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixDatagram};
use std::sync::atomic::{AtomicBool, Ordering};

use hapax_sys::{rawfd, sockopt};
use hapax_value::Endpoint;

/// The field that holds an abstract name; `abns@` names fill it with zeroes.
const ABSTRACT: usize = 107;

/// A failing target is told once per process: at one line per message it would drown what it reports.
static TOLD: AtomicBool = AtomicBool::new(false);

#[derive(Debug)]
enum Socket {
    Udp(UdpSocket),
    Unix(UnixDatagram),
}

impl Socket {
    /// Connected: the kernel looks the way up once, not per message.
    fn open(to: &Endpoint) -> io::Result<Self> {
        let socket = match to {
            Endpoint::Ip(addr) => {
                let any: SocketAddr = match addr {
                    SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
                    SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
                };
                let s = UdpSocket::bind(any)?;
                s.set_nonblocking(true)?;
                s.connect(addr)?;
                // Nothing is ever read.
                let _ = sockopt::set_recv_buffer(&s, 0);
                Self::Udp(s)
            }
            Endpoint::Unix(path) => Self::unix(&UnixAddr::from_pathname(&**path)?)?,
            Endpoint::Abstract(name, zero_terminated) => {
                let mut full = name.to_vec();
                if !zero_terminated {
                    full.resize(ABSTRACT, 0);
                }
                Self::unix(&UnixAddr::from_abstract_name(full)?)?
            }
        };
        Ok(socket)
    }

    fn unix(addr: &UnixAddr) -> io::Result<Self> {
        let s = UnixDatagram::unbound()?;
        s.set_nonblocking(true)?;
        s.connect_addr(addr)?;
        Ok(Self::Unix(s))
    }

    fn send(&self, line: &[u8]) -> io::Result<usize> {
        match self {
            Self::Udp(s) => s.send(line),
            Self::Unix(s) => s.send(line),
        }
    }
}

/// The open ways out of one logger. There are a handful at most: a scan finds them faster than a map.
#[derive(Debug, Default)]
pub(super) struct Sinks {
    sockets: Vec<(Endpoint, Socket)>,
    descriptors: Vec<(i32, File)>,
}

impl Sinks {
    /// `false`: the line is lost.
    pub(super) fn datagram(&mut self, to: &Endpoint, line: &[u8]) -> bool {
        // A connected socket tells with the next message that the last one was refused, and a restarted syslog daemon is a new
        // socket behind the old path: both are cured by a second try.
        for _ in 0..2 {
            let at = if let Some(i) = self.sockets.iter().position(|(e, _)| e == to) {
                i
            } else {
                match Socket::open(to) {
                    Ok(s) => self.sockets.push((to.clone(), s)),
                    Err(e) => return tell(&e),
                }
                self.sockets.len() - 1
            };
            match self.sockets[at].1.send(line) {
                Ok(_) => return true,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return false,
                Err(e) if e.kind() == ErrorKind::ConnectionRefused && matches!(to, Endpoint::Ip(_)) => {}
                Err(e) => {
                    self.sockets.swap_remove(at);
                    tell(&e);
                }
            }
        }
        false
    }

    /// `false`: the line is lost.
    pub(super) fn descriptor(&mut self, n: i32, line: &[u8]) -> bool {
        let at = if let Some(i) = self.descriptors.iter().position(|(have, _)| *have == n) {
            i
        } else {
            let Ok(fd) = rawfd::duplicate(n) else { return false };
            if !rawfd::is_terminal(&fd) {
                // A pipe nobody reads must not stop a worker.
                let _ = rawfd::set_nonblocking(&fd);
            }
            self.descriptors.push((n, File::from(fd)));
            self.descriptors.len() - 1
        };
        // One write, so that lines of several workers do not mix.
        self.descriptors[at].1.write(line).is_ok()
    }
}

/// Always `false`: the line is lost.
fn tell(e: &io::Error) -> bool {
    if !TOLD.swap(true, Ordering::Relaxed) {
        let _ = writeln!(
            io::stderr(),
            "[ALERT]    ({}) : cannot send to a log target: {e}",
            std::process::id()
        );
    }
    false
}
