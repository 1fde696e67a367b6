//! What a scripted origin answers: a message, or a misbehaviour.

use std::fmt::Write as _;
use std::io::{self, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How the body is framed, or what is done instead of a body.
#[derive(Clone, Debug)]
enum Body {
    Sized(Vec<u8>),
    /// Chunks as given, then the trailer lines (each with its CRLF).
    Chunked(Vec<Vec<u8>>, String),
    /// Ends with the connection.
    UntilClose(Vec<u8>),
    /// A head with no framing header at all.
    None,
    /// These bytes instead of any message.
    Raw(Vec<u8>),
    /// After the head, bytes are sent back as they come.
    Echo,
}

/// One answer of an origin.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: String,
    body: Body,
    interim: String,
    delay: Duration,
    close: bool,
    reset: bool,
    silent: bool,
}

impl Reply {
    fn new(status: u16, body: Body) -> Self {
        Self {
            status,
            headers: String::new(),
            body,
            interim: String::new(),
            delay: Duration::ZERO,
            close: false,
            reset: false,
            silent: false,
        }
    }

    /// 200 with a `Content-Length`.
    pub fn ok(body: impl AsRef<[u8]>) -> Self {
        Self::status(200, body)
    }

    pub fn status(status: u16, body: impl AsRef<[u8]>) -> Self {
        Self::new(status, Body::Sized(body.as_ref().to_vec()))
    }

    /// 200, chunk by chunk.
    pub fn chunked(chunks: &[&[u8]]) -> Self {
        Self::new(200, Body::Chunked(chunks.iter().map(|c| c.to_vec()).collect(), String::new()))
    }

    /// 200 whose body ends with the connection.
    pub fn until_close(body: impl AsRef<[u8]>) -> Self {
        Self::new(200, Body::UntilClose(body.as_ref().to_vec())).closing()
    }

    /// A status that has no body (204, 304).
    pub fn bodiless(status: u16) -> Self {
        Self::new(status, Body::None)
    }

    /// Any bytes, then the end of the connection.
    pub fn raw(bytes: impl AsRef<[u8]>) -> Self {
        Self::new(0, Body::Raw(bytes.as_ref().to_vec())).closing()
    }

    /// 101 to a WebSocket handshake with the key of RFC 6455's own example, then every byte comes back.
    pub fn websocket() -> Self {
        Self::new(101, Body::Echo)
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    /// Never answers.
    pub fn silence() -> Self {
        let mut r = Self::new(0, Body::Raw(Vec::new()));
        r.silent = true;
        r
    }

    /// Cuts the connection with a reset instead of answering.
    pub fn reset() -> Self {
        let mut r = Self::new(0, Body::Raw(Vec::new()));
        r.reset = true;
        r
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        // Writing to a string cannot fail.
        let _ = write!(self.headers, "{name}: {value}\r\n");
        self
    }

    /// Trailers of a chunked body.
    #[must_use]
    pub fn trailer(mut self, name: &str, value: &str) -> Self {
        if let Body::Chunked(_, trailers) = &mut self.body {
            // Writing to a string cannot fail.
            let _ = write!(trailers, "{name}: {value}\r\n");
        }
        self
    }

    /// An interim response first, such as `103 Early Hints`.
    #[must_use]
    pub fn after_interim(mut self, status_line: &str) -> Self {
        // Writing to a string cannot fail.
        let _ = write!(self.interim, "HTTP/1.1 {status_line}\r\n\r\n");
        self
    }

    /// Waits before answering.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Ends the connection after this answer, and says so.
    #[must_use]
    pub fn closing(mut self) -> Self {
        self.close = true;
        self
    }

    /// Writes it; `false`: the connection is done.
    pub(super) fn write(self, stream: &mut BufReader<TcpStream>, head_only: bool) -> io::Result<bool> {
        std::thread::sleep(self.delay);
        if self.reset {
            socket2::SockRef::from(stream.get_ref()).set_linger(Some(Duration::ZERO))?;
            return Ok(false);
        }
        if self.silent {
            // Until the other side gives up.
            io::copy(stream, &mut io::sink())?;
            return Ok(false);
        }
        let out = stream.get_mut();
        if let Body::Raw(bytes) = &self.body {
            out.write_all(bytes)?;
            return Ok(false);
        }
        if !self.interim.is_empty() {
            out.write_all(self.interim.as_bytes())?;
            // An interim response is sent for being early.
            std::thread::sleep(Duration::from_millis(20));
        }
        let framing = match &self.body {
            Body::Sized(b) => format!("Content-Length: {}\r\n", b.len()),
            Body::Chunked(..) => "Transfer-Encoding: chunked\r\n".to_owned(),
            _ => String::new(),
        };
        let closing = if self.close { "Connection: close\r\n" } else { "" };
        let head = format!("HTTP/1.1 {} Scripted\r\n{}{framing}{closing}\r\n", self.status, self.headers);
        out.write_all(head.as_bytes())?;
        if !head_only {
            match self.body {
                Body::Sized(b) | Body::UntilClose(b) => out.write_all(&b)?,
                Body::Chunked(chunks, trailers) => {
                    for c in chunks {
                        out.write_all(format!("{:x}\r\n", c.len()).as_bytes())?;
                        out.write_all(&c)?;
                        out.write_all(b"\r\n")?;
                    }
                    out.write_all(format!("0\r\n{trailers}\r\n").as_bytes())?;
                }
                Body::Echo => {
                    echo(stream)?;
                    return Ok(false);
                }
                Body::None | Body::Raw(_) => {}
            }
        }
        Ok(!self.close)
    }
}

fn echo(stream: &mut BufReader<TcpStream>) -> io::Result<()> {
    let mut buf = [0; 4096];
    loop {
        let n = stream.read(&mut buf)?;
        if n == 0 {
            return Ok(());
        }
        stream.get_mut().write_all(&buf[..n])?;
    }
}
