//! The client's half of SMTP, as far as one short mail needs it (RFC 5321): what to say to each reply. No socket, no clock.

/// One mail, on its way.
#[derive(Debug)]
pub struct Mail<'a> {
    /// Our name.
    pub host: &'a str,
    pub from: &'a str,
    pub to: &'a str,
    /// As the header has it.
    pub date: &'a str,
    pub subject: &'a str,
    pub text: &'a str,
}

/// Where the conversation is: what the next reply answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Greeting,
    Hello,
    From,
    To,
    Data,
    Body,
    Quit,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The reply is not complete.
    Wait,
    Send(Vec<u8>),
    /// The mail was taken, and the server has said good bye.
    Done,
    /// The server said no, or nonsense.
    Failed(String),
}

/// A conversation about one mail.
#[derive(Debug)]
pub struct Client<'a> {
    mail: Mail<'a>,
    state: State,
    buf: Vec<u8>,
}

/// A reply longer than this is none.
const MOST: usize = 8192;

/// Text of one line: what would end it, or is no text, is a space.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl<'a> Client<'a> {
    pub fn new(mail: Mail<'a>) -> Self {
        Self {
            mail,
            state: State::Greeting,
            buf: Vec::new(),
        }
    }

    /// Bytes of the server.
    pub fn hear(&mut self, bytes: &[u8]) -> Step {
        self.buf.extend_from_slice(bytes);
        while let Some(end) = self.buf.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = self.buf.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            let code = line.get(..3).and_then(|c| c.parse::<u16>().ok());
            match (code, line.as_bytes().get(3)) {
                // More lines of this reply follow.
                (Some(_), Some(b'-')) => {}
                (Some(code), _) => return self.reply(code, &line),
                (None, _) => return Step::Failed(line),
            }
        }
        if self.buf.len() > MOST {
            return Step::Failed("a reply without an end".to_owned());
        }
        Step::Wait
    }

    fn reply(&mut self, code: u16, line: &str) -> Step {
        let wanted = match self.state {
            State::Greeting => 220,
            State::Hello | State::From | State::To | State::Body => 250,
            State::Data => 354,
            // The mail has been taken already.
            State::Quit => return Step::Done,
        };
        if code != wanted && !(self.state == State::To && code == 251) {
            return Step::Failed(line.to_owned());
        }
        let m = &self.mail;
        let (next, say) = match self.state {
            State::Greeting => (State::Hello, format!("HELO {}\r\n", one_line(m.host))),
            State::Hello => (State::From, format!("MAIL FROM:<{}>\r\n", one_line(m.from))),
            State::From => (State::To, format!("RCPT TO:<{}>\r\n", one_line(m.to))),
            State::To => (State::Data, "DATA\r\n".to_owned()),
            State::Data => (State::Body, self.body()),
            State::Body | State::Quit => (State::Quit, "QUIT\r\n".to_owned()),
        };
        self.state = next;
        Step::Send(say.into_bytes())
    }

    fn body(&self) -> String {
        let m = &self.mail;
        let mut out = format!(
            "From: {}\r\nTo: {}\r\nDate: {}\r\nSubject: {}\r\n\r\n",
            one_line(m.from),
            one_line(m.to),
            one_line(m.date),
            one_line(m.subject)
        );
        for line in m.text.lines() {
            // A dot alone would be the end.
            if line.starts_with('.') {
                out.push('.');
            }
            out.push_str(&one_line(line));
            out.push_str("\r\n");
        }
        out.push_str("\r\n.\r\n");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(text: &'static str) -> Client<'static> {
        Client::new(Mail {
            host: "me",
            from: "a@x",
            to: "b@x",
            date: "Thu, 1 Jan 1970 00:00:00 +0000",
            subject: "down\r\nBcc: c@x",
            text,
        })
    }

    fn send(text: &str) -> Step {
        Step::Send(text.as_bytes().to_vec())
    }

    #[test]
    fn a_mail_is_delivered() {
        let mut c = client("one\n.two\n.");
        let body = "From: a@x\r\nTo: b@x\r\nDate: Thu, 1 Jan 1970 00:00:00 +0000\r\nSubject: down  Bcc: c@x\r\n\r\none\r\n..two\r\n..\r\n\r\n.\r\n";
        let steps = [
            ("220-x\r\n", Step::Wait),
            ("220 y\r\n", send("HELO me\r\n")),
            ("25", Step::Wait),
            ("0 hello\r\n", send("MAIL FROM:<a@x>\r\n")),
            ("250\n", send("RCPT TO:<b@x>\r\n")),
            ("251 elsewhere\r\n", send("DATA\r\n")),
            ("354 go\r\n", send(body)),
            ("250 taken\r\n", send("QUIT\r\n")),
            ("221 bye\r\n", Step::Done),
        ];
        for (said, want) in steps {
            assert_eq!(c.hear(said.as_bytes()), want, "{said:?}");
        }
    }

    #[test]
    fn refusals_end_it() {
        assert_eq!(client("x").hear(b"554 go away\r\n"), Step::Failed("554 go away".into()));
        assert_eq!(client("x").hear(b"what?\r\n"), Step::Failed("what?".into()));
        assert!(matches!(client("x").hear(&[b'a'; 9000]), Step::Failed(_)));
        let mut c = client("x");
        c.hear(b"220 x\r\n");
        assert_eq!(c.hear(b"550 no\r\n"), Step::Failed("550 no".into()));
    }
}
