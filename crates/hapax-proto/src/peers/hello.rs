//! The lines that a session begins with.

use std::fmt::Write as _;

/// How long a greeting may be: three lines of names and numbers.
const LONGEST: usize = 1024;

/// What a greeting says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The peer that is greeted, and the one that greets.
    pub to: String,
    pub from: String,
    pub pid: u64,
    /// Of the protocol: 2.0 knows no times of entries.
    pub minor: u32,
}

/// Why a greeting is refused, as the status that answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HelloError {
    #[error("not a greeting of the peers protocol")]
    Protocol,
    #[error("a version of the peers protocol that is not spoken here")]
    Version,
}

impl HelloError {
    pub fn status(self) -> u16 {
        match self {
            Self::Protocol => 501,
            Self::Version => 502,
        }
    }
}

impl Hello {
    /// The three lines.
    pub fn write(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = write!(out, "HAProxyS 2.{}\n{}\n{} {} 0\n", self.minor, self.to, self.from, self.pid);
        out
    }

    /// Reads a greeting, and tells how many bytes it took; `None`: it is not whole yet.
    pub fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, HelloError> {
        let mut lines = [""; 3];
        let mut at = 0;
        for line in &mut lines {
            let Some(len) = bytes[at..].iter().position(|b| *b == b'\n') else {
                let wrong = bytes.len() > LONGEST || !could_be(bytes);
                return if wrong { Err(HelloError::Protocol) } else { Ok(None) };
            };
            let text = std::str::from_utf8(&bytes[at..at + len]).map_err(|_| HelloError::Protocol)?;
            *line = text.trim_end_matches('\r');
            at += len + 1;
        }
        let version = lines[0].strip_prefix("HAProxyS ").ok_or(HelloError::Protocol)?;
        let (major, minor) = version.split_once('.').ok_or(HelloError::Version)?;
        // Minor versions only add.
        let minor = minor.parse().ok().filter(|_| major == "2").ok_or(HelloError::Version)?;
        let mut words = lines[2].split(' ');
        let from = words.next().filter(|w| !w.is_empty()).ok_or(HelloError::Protocol)?;
        let pid = words.next().and_then(|w| w.parse().ok()).ok_or(HelloError::Protocol)?;
        let hello = Self {
            to: lines[1].to_owned(),
            from: from.to_owned(),
            pid,
            minor,
        };
        Ok(Some((hello, at)))
    }
}

/// Whether the bytes may become a greeting.
fn could_be(bytes: &[u8]) -> bool {
    let start = b"HAProxyS ";
    let n = bytes.len().min(start.len());
    bytes[..n] == start[..n]
}

/// Reads the status that answers a greeting, and how many bytes it took; `Ok(None)`: it is not whole yet; `Err`: it is none.
pub fn status(bytes: &[u8]) -> Result<Option<(u16, usize)>, HelloError> {
    let Some(len) = bytes.iter().position(|b| *b == b'\n') else {
        return if bytes.len() > 8 { Err(HelloError::Protocol) } else { Ok(None) };
    };
    let text = std::str::from_utf8(&bytes[..len]).map_err(|_| HelloError::Protocol)?;
    let code = text.trim_end().parse().map_err(|_| HelloError::Protocol)?;
    Ok(Some((code, len + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings() {
        let hello = Hello {
            to: "east".into(),
            from: "west".into(),
            pid: 42,
            minor: 1,
        };
        let text = hello.write();
        assert_eq!(text, "HAProxyS 2.1\neast\nwest 42 0\n");
        for n in 0..text.len() {
            assert_eq!(Hello::read(&text.as_bytes()[..n]), Ok(None), "{n}");
        }
        let more = format!("{text}\0\x01");
        assert_eq!(Hello::read(more.as_bytes()), Ok(Some((hello, text.len()))));
    }

    #[test]
    fn strangers() {
        let cases = [
            ("GET / HTTP/1.1\r\n", HelloError::Protocol),
            ("HAProxyS 1.0\na\nb 1 0\n", HelloError::Version),
            ("HAProxyS 2.x\na\nb 1 0\n", HelloError::Version),
            ("HAProxyS 2.1\na\nb\n", HelloError::Protocol),
            ("HAProxyS 2.1\na\n 1 0\n", HelloError::Protocol),
        ];
        for (text, why) in cases {
            assert_eq!(Hello::read(text.as_bytes()), Err(why), "{text:?}");
        }
        let long = format!("HAProxyS 2.1\n{}", "x".repeat(2000));
        assert_eq!(Hello::read(long.as_bytes()), Err(HelloError::Protocol));
        assert_eq!(HelloError::Version.status(), 502);
    }

    #[test]
    fn statuses() {
        assert_eq!(status(b"200\n\x0a"), Ok(Some((200, 4))));
        assert_eq!(status(b"20"), Ok(None));
        assert_eq!(status(b"fine\n"), Err(HelloError::Protocol));
        assert_eq!(status(b"123456789"), Err(HelloError::Protocol));
    }
}
