//! The load of a row: wrk or h2load for a while, or connections that are opened and held.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::idle;
use super::peer::Running;

/// One measurement.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sample {
    /// Processor time of the proxy per request, microseconds (for [`Load::Idle`]: bytes per connection).
    pub(crate) cost: f64,
    pub(crate) per_second: f64,
    /// 99th percentile of latency, milliseconds.
    pub(crate) p99_ms: f64,
    /// Answers that were no success, and broken connections.
    pub(crate) errors: u64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Wrk {
    pub(crate) path: &'static str,
    pub(crate) connections: usize,
    pub(crate) tls: bool,
    /// A connection per request.
    pub(crate) close: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Load {
    Wrk(Wrk),
    /// h2load on this path: 8 connections of 32 streams.
    H2(&'static str),
    /// So many connections, one request each, then held.
    Idle(usize),
}

impl Load {
    pub(crate) fn is_idle(self) -> bool {
        matches!(self, Self::Idle(_))
    }

    pub(crate) fn run(self, proxy: &mut Running, length: Duration) -> Result<Sample> {
        match self {
            Self::Wrk(w) => w.run(proxy, length),
            Self::H2(path) => h2load(path, proxy, length),
            Self::Idle(n) => idle::run(proxy, n),
        }
    }
}

impl Wrk {
    fn run(&self, proxy: &Running, length: Duration) -> Result<Sample> {
        let scheme = if self.tls { "https" } else { "http" };
        let url = format!("{scheme}://127.0.0.1:{}{}", proxy.port, self.path);
        let mut command = Command::new("wrk");
        // wrk knows whole seconds only.
        let seconds = length.as_secs_f64().ceil().max(1.0) as u64;
        command
            .arg("-t1")
            .arg(format!("-c{}", self.connections))
            .arg(format!("-d{seconds}s"))
            .arg("--latency");
        if self.close {
            command.args(["-H", "Connection: close"]);
        }
        let before = proxy.process.cpu();
        let out = command.arg(&url).output().context("wrk")?;
        let spent = proxy.process.cpu().saturating_sub(before);
        let text = String::from_utf8_lossy(&out.stdout);
        let requests = number_before(&text, " requests in ").unwrap_or(0.0);
        if requests < 1.0 {
            bail!("no request was answered");
        }
        Ok(Sample {
            cost: spent.as_secs_f64() * 1e6 / requests,
            per_second: after(&text, "Requests/sec:").and_then(|w| w.parse().ok()).unwrap_or(0.0),
            p99_ms: after(&text, "99%").and_then(millis).unwrap_or(0.0),
            errors: errors(&text),
        })
    }
}

fn h2load(path: &str, proxy: &Running, length: Duration) -> Result<Sample> {
    let url = format!("https://127.0.0.1:{}{path}", proxy.port);
    let before = proxy.process.cpu();
    let out = Command::new("h2load")
        .args(["-c8", "-m32", "-t1", "--warm-up-time", "0", "-D"])
        .arg(format!("{}", length.as_secs_f64().ceil().max(1.0)))
        .arg(&url)
        .output()
        .context("h2load")?;
    let spent = proxy.process.cpu().saturating_sub(before);
    let text = String::from_utf8_lossy(&out.stdout);
    if !text.contains("Application protocol: h2") {
        bail!("HTTP/2 was not negotiated");
    }
    let done = number_before(&text, " succeeded").unwrap_or(0.0);
    if done < 1.0 {
        bail!("no request was answered");
    }
    Ok(Sample {
        cost: spent.as_secs_f64() * 1e6 / done,
        per_second: number_before(&text, " req/s").unwrap_or(0.0),
        p99_ms: 0.0,
        errors: number_before(&text, " failed").unwrap_or(0.0) as u64,
    })
}

/// The number that ends right before `mark`.
fn number_before(text: &str, mark: &str) -> Option<f64> {
    let head = &text[..text.find(mark)?];
    head.rsplit(|c: char| !c.is_ascii_digit() && c != '.').next()?.parse().ok()
}

/// The word that follows `mark`.
fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text[text.find(mark)? + mark.len()..].split_whitespace().next()
}

/// `950.00us`, `1.23ms`, `2.00s`
fn millis(word: &str) -> Option<f64> {
    let unit = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let n: f64 = word[..word.len() - unit.len()].parse().ok()?;
    match unit {
        "us" => Some(n / 1000.0),
        "ms" => Some(n),
        "s" => Some(n * 1000.0),
        "m" => Some(n * 60_000.0),
        _ => None,
    }
}

fn errors(text: &str) -> u64 {
    let bad: u64 = after(text, "Non-2xx or 3xx responses:").and_then(|w| w.parse().ok()).unwrap_or(0);
    // Reads that ended are how wrk counts a connection that was closed as announced.
    let sockets: u64 = ["Socket errors: connect ", " write ", " timeout "]
        .iter()
        .filter_map(|m| after(text, m)?.trim_end_matches(',').parse::<u64>().ok())
        .sum();
    bad + sockets
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUT: &str = "Running 1s test @ http://127.0.0.1:1/\n  1 threads and 64 connections\n  Latency Distribution\n     50%  500.00us\n     99%    1.50ms\n  33614 requests in 1.10s, 5.10MB read\n  Socket errors: connect 0, read 12, write 3, timeout 1\n  Non-2xx or 3xx responses: 5\nRequests/sec:  30558.73\n";

    #[test]
    fn the_output_of_wrk_is_read() {
        assert_eq!(number_before(OUT, " requests in "), Some(33614.0));
        assert_eq!(after(OUT, "99%").and_then(millis), Some(1.5));
        assert_eq!(after(OUT, "Requests/sec:"), Some("30558.73"));
        assert_eq!(errors(OUT), 9);
        assert_eq!(millis("250.00us"), Some(0.25));
    }
}
