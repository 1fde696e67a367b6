//! A syslog server over UDP, and the masking that makes log lines of two runs comparable.

use std::io::ErrorKind;
use std::net::UdpSocket;

use crate::wait;

/// Receives log lines.
#[derive(Debug)]
pub struct Syslog {
    socket: UdpSocket,
}

impl Syslog {
    pub fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(wait::PATIENCE)).unwrap();
        Self { socket }
    }

    pub fn addr(&self) -> String {
        self.socket.local_addr().unwrap().to_string()
    }

    /// The next datagram.
    pub fn next(&self) -> String {
        let mut buf = vec![0; 65_536];
        let n = loop {
            match self.socket.recv(&mut buf) {
                // A machine that was stopped and goes on interrupts waits that have a limit.
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                received => break received.expect("a log line"),
            }
        };
        String::from_utf8_lossy(&buf[..n]).into_owned()
    }

    /// The next datagram that holds `part`; others (starts and stops of proxies) are skipped.
    pub fn next_with(&self, part: &str) -> String {
        loop {
            let line = self.next();
            if line.contains(part) {
                return line;
            }
        }
    }
}

impl Default for Syslog {
    fn default() -> Self {
        Self::new()
    }
}

/// Replaces what differs between two runs: dates, process ids, ports of clients, timers, and the count of bytes (HAProxy counts
/// heads in its own inner form). Runs of digits become one `0` there;
/// the rest stays byte for byte, and so does a timer of `-1`, which tells that a phase was not reached.
pub fn mask(line: &str) -> String {
    let mut timers_seen = false;
    // Words until the count of bytes: right after three timers, after the status behind five.
    let mut to_bytes = usize::MAX;
    let mut after_tag = false;
    let (fields, quoted) = line.find('"').map_or((line, ""), |at| line.split_at(at));
    let masked: Vec<String> = fields
        .split(' ')
        .map(|word| {
            // RFC 5424 has the process id in a field of its own; the tests' tag stands before it.
            if std::mem::replace(&mut after_tag, word == "tag") {
                return digits_to_zero(word);
            }
            let slashes = word.matches('/').count();
            let numbers = slashes >= 2 && word.bytes().all(|b| b.is_ascii_digit() || b"/-+".contains(&b));
            to_bytes = to_bytes.saturating_sub(1);
            if to_bytes == 0 {
                to_bytes = usize::MAX;
                return digits_to_zero(word);
            }
            if numbers && !timers_seen {
                timers_seen = true;
                to_bytes = if slashes == 2 { 1 } else { 2 };
                let one = |p: &str| if p == "-1" { p.to_owned() } else { digits_to_zero(p) };
                return word.split('/').map(one).collect::<Vec<_>>().join("/");
            }
            let date = word.starts_with('[') && word.contains(':');
            let clock = word.matches(':').count() >= 2 && word.contains(|c: char| c.is_ascii_digit());
            let tag = word.contains('[') && word.ends_with("]:");
            if let Some(at) = word.find("127.0.0.1:").filter(|at| *at == 0 || word.starts_with('<')) {
                format!("{}127.0.0.1:0", &word[..at])
            } else if date || clock || tag {
                digits_to_zero(word)
            } else {
                word.to_owned()
            }
        })
        .collect();
    masked.join(" ") + quoted
}

fn digits_to_zero(word: &str) -> String {
    let mut out = String::new();
    for c in word.chars() {
        match c {
            '0'..='9' if out.ends_with('0') => {}
            '0'..='9' => out.push('0'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_masked_and_the_rest_stays() {
        let line = "<134>Nov 23 09:04:30 haproxy[21327]: 127.0.0.1:54216 [23/Nov/2026:09:04:27.593] f b/s 0/0/-1/-1/3004 503 217 - - SC-- 1/1/0/0/3 0/0 \"GET /x HTTP/1.1\"";
        assert_eq!(
            mask(line),
            "<134>Nov 23 0:0:0 haproxy[0]: 127.0.0.1:0 [0/Nov/0:0:0:0.0] f b/s 0/0/-1/-1/0 503 0 - - SC-- 1/1/0/0/3 0/0 \"GET /x HTTP/1.1\""
        );
        let done = "f b/s x y z 1/0/12/3/16 200 90 - - ---- 2/1/0/0/0 0/0";
        assert_eq!(mask(done), "f b/s x y z 0/0/0/0/0 200 0 - - ---- 2/1/0/0/0 0/0");
    }
}
