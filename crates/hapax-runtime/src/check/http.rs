//! What an HTTP check sends, and what it makes of the answer (manual, `option httpchk`).

use hapax_balance::CheckStatus;
use hapax_config::plan::ExpectStatus;

/// The request of a check. `headers` as configured; `connection` and `content-length` are ours to add.
pub(super) fn request(method: &[u8], uri: &[u8], version: &[u8], headers: &[(Vec<u8>, Vec<u8>)], body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(128 + body.len());
    for (i, part) in [method, uri, version].into_iter().enumerate() {
        if i > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(part);
    }
    out.extend_from_slice(b"\r\n");
    for (name, value) in headers {
        out.extend(name.iter().map(u8::to_ascii_lowercase));
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    }
    if !body.is_empty() {
        out.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
    }
    if version == b"HTTP/1.1" {
        out.extend_from_slice(b"connection: close\r\n");
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
    out
}

/// An answer, as far as it has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// More is needed.
    Partial,
    Bad,
    /// A whole head.
    Head {
        code: u16,
        reason: String,
    },
}

/// Headers an answer may have.
const MAX_HEADERS: usize = 101;

pub(super) fn parse(bytes: &[u8]) -> Answer {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    match response.parse(bytes) {
        Ok(httparse::Status::Complete(_)) => Answer::Head {
            code: response.code.unwrap_or(0),
            reason: response.reason.unwrap_or_default().to_owned(),
        },
        Ok(httparse::Status::Partial) => Answer::Partial,
        Err(_) => Answer::Bad,
    }
}

/// The reason is told for statuses that do not pass.
pub(super) fn judge(code: u16, reason: String, expect: &ExpectStatus) -> (CheckStatus, u16, String) {
    if expect.passes(code) {
        (CheckStatus::L7Ok, code, String::new())
    } else {
        (CheckStatus::L7Status, code, reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Case<'a> = (&'a [u8], &'a [u8], &'a [u8], &'a [(Vec<u8>, Vec<u8>)], &'a [u8], &'a str);

    #[test]
    fn requests_are_haproxys() {
        let host = [(b"Host".to_vec(), b"abc".to_vec())];
        let cases: &[Case<'_>] = &[
            (b"OPTIONS", b"/", b"HTTP/1.0", &[], b"", "OPTIONS / HTTP/1.0\r\n\r\n"),
            (
                b"HEAD",
                b"/x",
                b"HTTP/1.1",
                &host,
                b"",
                "HEAD /x HTTP/1.1\r\nhost: abc\r\nconnection: close\r\n\r\n",
            ),
            (
                b"POST",
                b"/z",
                b"HTTP/1.1",
                &host,
                b"abc",
                "POST /z HTTP/1.1\r\nhost: abc\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabc",
            ),
        ];
        for (method, uri, version, headers, body, want) in cases {
            assert_eq!(String::from_utf8_lossy(&request(method, uri, version, headers, body)), *want);
        }
    }

    #[test]
    fn answers() {
        let head = |code, reason: &str| Answer::Head {
            code,
            reason: reason.into(),
        };
        let cases = [
            ("HTTP/1.1 200 OK\r\n\r\n", head(200, "OK")),
            ("HTTP/1.0 404 Not Found Here\r\na: b\r\n\r\n", head(404, "Not Found Here")),
            ("HTTP/1.1 200", Answer::Partial),
            ("", Answer::Partial),
            ("HTTP/1.1 200 OK\r\nA: b\r\n", Answer::Partial),
            ("hello\r\n\r\n", Answer::Bad),
        ];
        for (bytes, want) in cases {
            assert_eq!(parse(bytes.as_bytes()), want, "{bytes:?}");
        }
        let usual = ExpectStatus::default();
        assert_eq!(judge(302, "Found".into(), &usual).0, CheckStatus::L7Ok);
        assert_eq!(
            judge(100, "Continue".into(), &usual),
            (CheckStatus::L7Status, 100, "Continue".into())
        );
        assert_eq!(judge(500, String::new(), &usual).0, CheckStatus::L7Status);
        let mut own = ExpectStatus {
            ranges: vec![(401, 401), (500, 599)],
            negated: false,
        };
        assert_eq!(judge(401, String::new(), &own).0, CheckStatus::L7Ok);
        assert_eq!(judge(200, "OK".into(), &own).0, CheckStatus::L7Status);
        own.negated = true;
        assert_eq!(judge(200, "OK".into(), &own).0, CheckStatus::L7Ok);
        assert_eq!(judge(503, String::new(), &own).0, CheckStatus::L7Status);
    }
}
