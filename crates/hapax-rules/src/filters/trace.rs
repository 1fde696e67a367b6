//! `trace`: tells on standard error what filters are shown, and may hand it on in random pieces.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_value::{Millis, Support};

use super::{Attach, Direction, Filter, FilterRow, FilterSpec, Interest, Message, Pass, Report};
use crate::{ParseAction, Txn, codes};

pub(super) static ROWS: &[FilterRow] = &[FilterRow {
    name: "trace",
    doc: "Tells on standard error what passes, for those who develop filters.",
    ok: &["trace", "trace name T quiet hexdump random-forwarding random-parsing max-fwd 10"],
    bad: &[
        "trace name",
        "trace max-fwd",
        "trace max-fwd x",
        "trace max-fwd -1",
        "trace loud",
        "trace name A name B",
    ],
    support: Support::Full,
    parse,
}];

#[derive(Clone, Debug, Default)]
struct Trace {
    name: Option<Arc<str>>,
    quiet: bool,
    hexdump: bool,
    random: bool,
    /// Most bytes at a time; 0: all.
    most: u32,
}

impl FilterSpec for Trace {
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn kind(&self) -> &'static str {
        "trace"
    }

    fn attach(&self, cx: &Attach<'_>) -> Option<Box<dyn Filter>> {
        let mut tracer = Tracer {
            conf: self.clone(),
            stream: cx.stream,
            seed: cx.stream.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            said: Vec::new(),
        };
        tracer.say("attached", "");
        Some(Box::new(tracer))
    }
}

fn parse(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn FilterSpec>, Diagnostic> {
    let mut trace = Trace::default();
    while let Some(word) = p.peek() {
        p.pos += 1;
        match word.bytes {
            b"quiet" => trace.quiet = true,
            b"hexdump" => trace.hexdump = true,
            b"random-forwarding" => trace.random = true,
            // There is no parsing apart from forwarding any more, in HAProxy neither.
            b"random-parsing" => {}
            b"name" | b"max-fwd" => {
                let option = crate::parse::text(word);
                let value = p
                    .next()
                    .ok_or_else(|| p.fail(&codes::MISSING_ARG, format!("'{option}' option without value")))?;
                let value = crate::parse::text(value);
                if option == "max-fwd" {
                    let most = value.parse::<u32>();
                    trace.most = most.map_err(|_| p.bad("'max-fwd' expect unsigned integer (0 to 4294967295 expected)"))?;
                } else if trace.name.replace(value.into()).is_some() {
                    return Err(p.bad("'name' option already defined"));
                }
            }
            _ => {
                p.pos -= 1;
                break;
            }
        }
    }
    Ok(Arc::new(trace))
}

#[derive(Debug)]
struct Tracer {
    conf: Trace,
    stream: u64,
    seed: u64,
    said: Vec<u8>,
}

fn side(direction: Direction) -> &'static str {
    match direction {
        Direction::Request => "request",
        Direction::Response => "response",
    }
}

impl Tracer {
    fn say(&mut self, what: &str, more: &str) {
        if !self.conf.quiet {
            let name = self.conf.name.as_deref().unwrap_or("TRACE");
            let line = format!("[{name}] stream {:x}: {what}{more}\n", self.stream);
            self.said.extend_from_slice(line.as_bytes());
        }
    }

    /// How many of `len` bytes go on; at least one.
    fn portion(&mut self, len: usize) -> usize {
        let mut n = len;
        if self.conf.random && len > 1 {
            self.seed ^= self.seed << 13;
            self.seed ^= self.seed >> 7;
            self.seed ^= self.seed << 17;
            n = 1 + (self.seed >> 16) as usize % len;
        }
        if self.conf.most > 0 {
            n = n.min(self.conf.most as usize);
        }
        n
    }

    fn dump(&mut self, data: &[u8]) {
        for (i, row) in data.chunks(16).enumerate() {
            let hex: Vec<String> = row.iter().map(|b| format!("{b:02x}")).collect();
            let text: String = row
                .iter()
                .map(|b| if b.is_ascii_graphic() { char::from(*b) } else { '.' })
                .collect();
            let line = format!("    {:04x}  {:<47}  {text}\n", i * 16, hex.join(" "));
            self.said.extend_from_slice(line.as_bytes());
        }
    }
}

impl Filter for Tracer {
    fn begin(&mut self, direction: Direction, message: &Message, txn: &mut Txn<'_>) -> Interest {
        let line = match (direction, &txn.req, &txn.res) {
            (Direction::Request, Some(head), _) => {
                format!(
                    " {} {}",
                    String::from_utf8_lossy(head.method()),
                    String::from_utf8_lossy(head.uri())
                )
            }
            (Direction::Response, _, Some(head)) => format!(" status {}", head.status),
            _ => String::new(),
        };
        let length = message.length.map_or_else(String::new, |n| format!(", {n} bytes of body"));
        self.say(side(direction), &format!(" begins{line}{length}"));
        Interest::Look
    }

    fn data(&mut self, direction: Direction, data: &[u8], _: Millis, _: &mut Vec<u8>) -> Pass {
        let bytes = self.portion(data.len());
        if !self.conf.quiet {
            self.say(side(direction), &format!(" data: {bytes} of {} bytes forwarded", data.len()));
            if self.conf.hexdump {
                self.dump(&data[..bytes]);
            }
        }
        Pass {
            bytes,
            again_in: (bytes < data.len()).then_some(0),
        }
    }

    fn end(&mut self, direction: Direction, _: &mut Vec<u8>) {
        self.say(side(direction), " ends");
    }

    fn report(&mut self, report: &mut Report) {
        report.said.append(&mut self.said);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_never_empty_and_never_too_large() {
        let mut t = Tracer {
            conf: Trace {
                random: true,
                most: 7,
                ..Trace::default()
            },
            stream: 1,
            seed: 99,
            said: Vec::new(),
        };
        let data = [0u8; 40];
        let mut sizes = std::collections::HashSet::new();
        for _ in 0..200 {
            let n = t.data(Direction::Request, &data, 0, &mut Vec::new()).bytes;
            assert!((1..=7).contains(&n), "{n}");
            sizes.insert(n);
        }
        assert!(sizes.len() > 1);
        let mut report = Report::default();
        t.report(&mut report);
        assert!(report.said.starts_with(b"[TRACE] stream 1: request data: "));
    }
}
