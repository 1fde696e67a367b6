//! Whether a message may be compressed, with what, and what its head says then.

use hapax_proto::http::Head;

use super::super::Message;
use super::Algorithm;

/// The limits of one direction.
pub(super) struct Rules<'a> {
    pub types: &'a [std::sync::Arc<[u8]>],
    pub min_size: u64,
    /// Of responses, which may forbid it.
    pub response: bool,
}

impl Rules<'_> {
    /// Neither the message nor the configuration objects.
    pub(super) fn allow(&self, head: &Head, message: &Message) -> bool {
        message.modern
            && message.framed
            && !message.empty
            && message.length != Some(0)
            && message.length.or(message.whole).is_none_or(|n| n >= self.min_size)
            && !head.contains(b"content-encoding")
            && !(self.response && words(head, b"cache-control").any(|w| w.eq_ignore_ascii_case(b"no-transform")))
            && self.allows_type(head.first(b"content-type"))
            && one_valid_etag(head)
    }

    fn allows_type(&self, value: Option<&[u8]>) -> bool {
        let begins = |v: &[u8], with: &[u8]| v.get(..with.len()).is_some_and(|v| v.eq_ignore_ascii_case(with));
        match value {
            Some(v) if self.response && begins(v, b"multipart") => false,
            Some(v) => self.types.is_empty() || self.types.iter().any(|t| begins(v, t)),
            None => self.types.is_empty(),
        }
    }
}

/// The statuses whose bodies are what they seem.
pub(super) fn status(status: u16) -> bool {
    (200..=203).contains(&status)
}

fn words<'h>(head: &'h Head, name: &'h [u8]) -> impl Iterator<Item = &'h [u8]> {
    head.values(name).flat_map(|v| v.split(|b| *b == b',')).map(<[u8]>::trim_ascii)
}

fn one_valid_etag(head: &Head) -> bool {
    let mut tags = head.values(b"etag");
    match (tags.next(), tags.next()) {
        (None, _) => true,
        (Some(tag), None) => {
            let opaque = tag.strip_prefix(b"W/").unwrap_or(tag);
            opaque.len() >= 2 && opaque.first() == Some(&b'"') && opaque.last() == Some(&b'"')
        }
        _ => false,
    }
}

/// What the request's `Accept-Encoding` makes of `algorithms`; `identity` needs no leave, and `*` means the last of them.
pub(super) fn accepted(head: &Head, algorithms: &[Algorithm]) -> Option<Algorithm> {
    if outdated(head) {
        return None;
    }
    let (mut best, mut chosen) = (0, None);
    for word in words(head, b"accept-encoding") {
        let mut parts = word.split(|b| *b == b';').map(<[u8]>::trim_ascii);
        let coding = parts.next().unwrap_or_default();
        let coding = coding.split(|b| matches!(b, b' ' | b'\t')).next().unwrap_or_default();
        let q = parts.find_map(|p| p.strip_prefix(b"q=").or_else(|| p.strip_prefix(b"Q=")));
        let q = q.map_or(1000, thousandths);
        let found = algorithms
            .iter()
            .rev()
            .find(|a| coding == b"*" || coding.eq_ignore_ascii_case(a.coding()));
        if q > best && found.is_some() {
            (best, chosen) = (q, found.copied());
        }
    }
    chosen.or_else(|| algorithms.iter().copied().find(|a| *a == Algorithm::Identity))
}

/// A quality of RFC 9110: at most three digits after the point. One that is none is as good as the best.
fn thousandths(text: &[u8]) -> u32 {
    let digits = match text {
        [b'0', b'.', part @ ..] => part,
        [b'0', ..] => return 0,
        _ => return 1000,
    };
    let digits: Vec<u32> = digits
        .iter()
        .take(3)
        .take_while(|b| b.is_ascii_digit())
        .map(|b| u32::from(b - b'0'))
        .collect();
    if digits.is_empty() {
        return 1000;
    }
    digits.iter().zip([100, 10, 1]).map(|(d, of)| d * of).sum()
}

/// Browsers of the fourth Mozilla generation claim to read what they cannot, but for the later ones of Microsoft.
fn outdated(head: &Head) -> bool {
    let Some(agent) = head.first(b"user-agent").filter(|a| a.starts_with(b"Mozilla/4")) else {
        return false;
    };
    let at = agent.windows(5).position(|w| w == b"MSIE ");
    let version = at.map_or(0, |i| match agent[i + 5..] {
        [a, b, ..] if a.is_ascii_digit() && b.is_ascii_digit() => (a - b'0') * 10 + (b - b'0'),
        [a, ..] if a.is_ascii_digit() => a - b'0',
        _ => 0,
    });
    version < 6 || (version == 6 && !agent.windows(3).any(|w| w == b"SV1"))
}

/// Says in the head what the body becomes. The framing is the caller's business.
pub(super) fn label(head: &mut Head, algorithm: Algorithm) {
    weaken_etag(head);
    vary(head);
    if algorithm != Algorithm::Identity {
        head.add(b"content-encoding", algorithm.coding());
    }
}

/// Other bytes that mean the same: a strong tag would promise too much.
fn weaken_etag(head: &mut Head) {
    let Some(i) = head.iter().position(|(n, v)| n == b"etag" && !v.starts_with(b"W/")) else {
        return;
    };
    let weak = [b"W/", head.get(head.fields()[i].value)].concat();
    head.set_value(i, &weak);
}

fn vary(head: &mut Head) {
    if words(head, b"vary").any(|w| w.eq_ignore_ascii_case(b"accept-encoding")) {
        return;
    }
    let Some(i) = head.iter().collect::<Vec<_>>().iter().rposition(|(n, _)| *n == b"vary") else {
        head.add(b"vary", b"Accept-Encoding");
        return;
    };
    let mut value = head.get(head.fields()[i].value).to_vec();
    if !value.is_empty() {
        value.push(b',');
    }
    value.extend_from_slice(b"Accept-Encoding");
    head.set_value(i, &value);
}

#[cfg(test)]
mod tests {
    use hapax_proto::h1::{Limits, parse_request, parse_response};

    use super::*;

    fn request(fields: &str) -> Head {
        let mut h = Head::default();
        let text = format!("GET / HTTP/1.1\r\n{fields}\r\n");
        parse_request(text.as_bytes(), &mut h, Limits::default()).expect("valid");
        h
    }

    fn response(fields: &str) -> Head {
        let mut h = Head::default();
        let text = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
        parse_response(text.as_bytes(), &mut h, Limits::default()).expect("valid");
        h
    }

    #[test]
    fn the_best_of_what_is_accepted() {
        use Algorithm::{Deflate, Gzip, Identity, RawDeflate};
        let both = &[Gzip, Deflate][..];
        for (accept, of, want) in [
            ("gzip", both, Some(Gzip)),
            ("GZIP", both, Some(Gzip)),
            ("deflate, gzip", both, Some(Deflate)),
            ("*;q=0, gzip;q=0.750, deflate;q=0.500", both, Some(Gzip)),
            ("*;q=0, gzip;q=0.500, deflate;q=0.750", both, Some(Deflate)),
            ("gzip;q=0", both, None),
            ("gzip;q=0.0, *;q=0.001", both, Some(Deflate)),
            ("*", both, Some(Deflate)),
            ("br", both, None),
            ("deflate", &[RawDeflate][..], Some(RawDeflate)),
            ("br", &[Gzip, Identity][..], Some(Identity)),
            ("gzip;q=0.5;x=1", both, Some(Gzip)),
            ("gzip;q=x, deflate;q=0.9", both, Some(Gzip)),
            ("gzip;q=", both, Some(Gzip)),
            ("gzip;q=0.", both, Some(Gzip)),
            ("gzip;q=00.5", both, None),
            ("gzip;q=0.0001", both, None),
            ("gzip br", both, Some(Gzip)),
        ] {
            let head = request(&format!("Accept-Encoding: {accept}\r\n"));
            assert_eq!(accepted(&head, of), want, "{accept}");
        }
        assert_eq!(accepted(&request(""), both), None);
        assert_eq!(accepted(&request(""), &[Identity]), Some(Identity));
    }

    #[test]
    fn old_browsers() {
        for (agent, old) in [
            ("Mozilla/4", true),
            ("Mozilla/4.0 (compatible; MSIE 5.5; Windows NT 5.0)", true),
            ("Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)", true),
            ("Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)", false),
            ("Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.0)", false),
            ("Mozilla/4.0 (compatible; MSIE 10.0; Windows NT 6.1)", false),
            ("Mozilla/5.0 (X11)", false),
            ("curl/8", false),
        ] {
            assert_eq!(outdated(&request(&format!("User-Agent: {agent}\r\n"))), old, "{agent}");
        }
    }

    #[test]
    fn what_forbids() {
        let types: [std::sync::Arc<[u8]>; 2] = [b"text/html"[..].into(), b"text/plain"[..].into()];
        let rules = Rules {
            types: &types,
            min_size: 10,
            response: true,
        };
        let message = Message {
            http: true,
            length: Some(10),
            whole: None,
            framed: true,
            modern: true,
            empty: false,
        };
        let plain = "Content-Type: text/plain; charset=utf-8\r\n";
        for (fields, want) in [
            (plain.to_owned(), true),
            (String::new(), false),
            ("Content-Type: image/png\r\n".to_owned(), false),
            (format!("{plain}Content-Encoding: br\r\n"), false),
            (format!("{plain}Cache-Control: private, No-Transform\r\n"), false),
            (format!("{plain}ETag: \"a\"\r\n"), true),
            (format!("{plain}ETag: W/\"\"\r\n"), true),
            (format!("{plain}ETag: a\r\n"), false),
            (format!("{plain}ETag: \"\r\n"), false),
            (format!("{plain}ETag: \"a\"\r\nETag: \"a\"\r\n"), false),
        ] {
            assert_eq!(rules.allow(&response(&fields), &message), want, "{fields}");
        }
        let head = response(plain);
        for other in [
            Message {
                length: Some(9),
                ..message
            },
            Message {
                length: Some(0),
                ..message
            },
            Message {
                length: None,
                whole: Some(9),
                ..message
            },
            Message { framed: false, ..message },
            Message { modern: false, ..message },
            Message { empty: true, ..message },
        ] {
            assert!(!rules.allow(&head, &other), "{other:?}");
        }
        for whole in [None, Some(10)] {
            let message = Message {
                length: None,
                whole,
                ..message
            };
            assert!(rules.allow(&head, &message), "{whole:?}");
        }
        for (of_response, want) in [(true, false), (false, true)] {
            let any = Rules {
                types: &[],
                min_size: 0,
                response: of_response,
            };
            assert!(any.allow(&response(""), &message));
            for fields in ["Content-Type: multipart/mixed\r\n", "Cache-Control: no-transform\r\n"] {
                assert_eq!(any.allow(&response(fields), &message), want, "{fields}");
            }
        }
    }

    #[test]
    fn labels() {
        for (fields, want) in [
            ("", "vary: Accept-Encoding|content-encoding: gzip"),
            (
                "ETag: \"1\"\r\nVary: Other\r\n",
                "etag: W/\"1\"|vary: Other,Accept-Encoding|content-encoding: gzip",
            ),
            (
                "ETag: W/\"1\"\r\nVary: accept-encoding\r\n",
                "etag: W/\"1\"|vary: accept-encoding|content-encoding: gzip",
            ),
            ("Vary:\r\n", "vary: Accept-Encoding|content-encoding: gzip"),
            ("Vary: *\r\n", "vary: *,Accept-Encoding|content-encoding: gzip"),
        ] {
            let mut head = response(fields);
            label(&mut head, Algorithm::Gzip);
            let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
            let got: Vec<String> = head.iter().map(|(n, v)| format!("{}: {}", text(n), text(v))).collect();
            assert_eq!(got.join("|"), want, "{fields}");
        }
    }
}
