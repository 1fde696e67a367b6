//! A scripted client: sends what it is told, when it is told, and reads answers.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use crate::{Response, wait};

/// One client connection.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    pub fn connect(port: u16) -> Self {
        Self::try_connect(port).unwrap()
    }

    pub fn try_connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(wait::PATIENCE))?;
        stream.set_write_timeout(Some(wait::PATIENCE))?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    pub fn local_addr(&self) -> SocketAddr {
        self.stream.get_ref().local_addr().unwrap()
    }

    pub fn stream(&self) -> &TcpStream {
        self.stream.get_ref()
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).unwrap();
    }

    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes.as_ref())
    }

    /// Sends in two pieces that arrive apart.
    pub fn send_split(&mut self, bytes: &[u8], at: usize) {
        self.send(&bytes[..at]);
        // The only way to let a piece be seen alone: nothing tells a sender that the other side has read.
        std::thread::sleep(Duration::from_millis(2));
        self.send(&bytes[at..]);
    }

    /// Nothing more will be sent; answers are still read.
    pub fn finish(&mut self) {
        self.stream.get_ref().shutdown(Shutdown::Write).unwrap();
    }

    /// The next response, to a request of this method.
    pub fn answer_to(&mut self, method: &str) -> Response {
        self.try_answer_to(method).unwrap()
    }

    pub fn try_answer_to(&mut self, method: &str) -> io::Result<Response> {
        Response::read(&mut self.stream, method)
    }

    pub fn answer(&mut self) -> Response {
        self.answer_to("GET")
    }

    /// `GET path` on this connection, and its response.
    pub fn get(&mut self, path: &str) -> Response {
        self.get_with(path, "")
    }

    /// As [`get`](Self::get), with further header lines, each with its CRLF.
    pub fn get_with(&mut self, path: &str, headers: &str) -> Response {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n{headers}\r\n"));
        self.answer()
    }

    /// The next `n` bytes.
    pub fn bytes(&mut self, n: usize) -> Vec<u8> {
        let mut buf = vec![0; n];
        self.stream.read_exact(&mut buf).unwrap();
        buf
    }

    /// Everything up to the end of the connection.
    pub fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        self.stream.read_to_end(&mut all)?;
        Ok(all)
    }

    /// What has come and was not taken, or else what comes next.
    fn next_bytes(&mut self) -> io::Result<&[u8]> {
        // A machine that was stopped and goes on interrupts waits that have a limit.
        while self.stream.buffer().is_empty() {
            match self.stream.fill_buf() {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
                Ok([]) => break,
                Ok(_) => {}
            }
        }
        Ok(self.stream.buffer())
    }

    /// Whether the other side ended the connection, in order or by a reset, with nothing more to read.
    pub fn is_closed(&mut self) -> bool {
        match self.next_bytes() {
            Ok(b) => b.is_empty(),
            Err(e) => matches!(e.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
        }
    }

    /// Whether nothing comes for a while and the connection stays.
    pub fn is_quiet_for(&mut self, time: Duration) -> bool {
        self.stream.get_ref().set_read_timeout(Some(time)).unwrap();
        let quiet = self
            .next_bytes()
            .is_err_and(|e| matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
        self.stream.get_ref().set_read_timeout(Some(wait::PATIENCE)).unwrap();
        quiet
    }

    /// Ends with a reset.
    pub fn reset(self) {
        let stream = self.stream.into_inner();
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    }
}
