//! The answer of an HTTP check as far as it has come: its head, and its body without the coding.

use hapax_proto::h1::{BodyLen, ChunkDecoder, ChunkEvent, Limits, framing, parse_response};
use hapax_proto::http::Head;

/// What is known of an answer.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// The head, once it is whole.
    pub head: Option<Box<Head>>,
    pub body: Vec<u8>,
    /// Nothing more belongs to it.
    pub complete: bool,
    pub bad: bool,
    /// Another request may follow on its connection, as far as the server is asked.
    pub lasting: bool,
}

impl Answer {
    pub(super) fn status(&self) -> Option<u16> {
        self.head.as_ref().map(|h| h.status)
    }

    /// Reads it anew from all that came after the request; `method`: what was asked for.
    pub(super) fn read(bytes: &[u8], closed: bool, method: &[u8]) -> Self {
        let mut answer = Self::default();
        let mut head = Box::<Head>::default();
        match parse_response(bytes, &mut head, Limits::default()) {
            // An interim answer is as good as any: HAProxy, too, judges the first that comes.
            Ok(Some(n)) => {
                if answer.body(&head, &bytes[n..], closed, method) {
                    answer.head = Some(head);
                }
            }
            Ok(None) => {}
            Err(_) => answer.bad = true,
        }
        answer
    }

    /// `false`: the head does not say what belongs to it, so that it is none.
    fn body(&mut self, head: &Head, rest: &[u8], closed: bool, method: &[u8]) -> bool {
        let Ok(meta) = framing::response(head, method, false) else {
            self.bad = true;
            return false;
        };
        let rest = match meta.body {
            BodyLen::None => {
                self.complete = true;
                rest
            }
            BodyLen::Length(n) => {
                let have = usize::try_from(n).unwrap_or(usize::MAX).min(rest.len());
                self.body.extend_from_slice(&rest[..have]);
                self.complete = have as u64 == n;
                &rest[have..]
            }
            BodyLen::UntilClose => {
                self.body.extend_from_slice(rest);
                self.complete = closed;
                &[]
            }
            BodyLen::Chunked => self.chunks(rest),
        };
        self.lasting = self.complete && meta.keep_alive && head.status >= 200 && rest.is_empty() && !closed;
        true
    }

    /// Takes the body out of its chunks; what is left over does not belong to it.
    fn chunks<'r>(&mut self, mut rest: &'r [u8]) -> &'r [u8] {
        let (mut decoder, mut trailers) = (ChunkDecoder::default(), Head::default());
        loop {
            match decoder.next(rest, &mut trailers) {
                Ok(ChunkEvent::Skip(n)) => rest = &rest[n..],
                Ok(ChunkEvent::Data(n)) => {
                    self.body.extend_from_slice(&rest[..n]);
                    rest = &rest[n..];
                }
                Ok(ChunkEvent::End(n)) => {
                    self.complete = true;
                    return &rest[n..];
                }
                Ok(ChunkEvent::NeedMore) => return rest,
                Err(_) => {
                    self.bad = true;
                    return rest;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        let read = |text: &str, closed| {
            let a = Answer::read(text.as_bytes(), closed, b"GET");
            (a.status(), String::from_utf8_lossy(&a.body).into_owned(), a.complete, a.bad)
        };
        let cases = [
            ("", false, (None, "", false, false)),
            ("HTTP/1.1 200", false, (None, "", false, false)),
            ("what?\r\n\r\n", false, (None, "", false, true)),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel",
                false,
                (Some(200), "hel", false, false),
            ),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhello",
                false,
                (Some(200), "hel", true, false),
            ),
            ("HTTP/1.0 503 No\r\n\r\nbusy", false, (Some(503), "busy", false, false)),
            ("HTTP/1.0 503 No\r\n\r\nbusy", true, (Some(503), "busy", true, false)),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
                false,
                (Some(200), "abc", true, false),
            ),
            (
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
                false,
                (Some(100), "", true, false),
            ),
            // Nobody asked for another protocol: what follows may be a body.
            ("HTTP/1.1 101 Go\r\nupgrade: x\r\n\r\n", false, (Some(101), "", false, false)),
        ];
        for (text, closed, (status, body, complete, bad)) in cases {
            assert_eq!(read(text, closed), (status, body.to_owned(), complete, bad), "{text:?}");
        }
    }
}
