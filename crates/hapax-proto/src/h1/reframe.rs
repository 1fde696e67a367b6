//! The fields that frame messages, where rules have edited them. A message is sent as it is framed, whatever rules say: two
//! readings of one message are how requests are smuggled (RFC 9112, 11.2).

use super::framing::BodyLen;
use crate::http::Head;

const LENGTH: &[u8] = b"content-length";
const CODING: &[u8] = b"transfer-encoding";

/// A rule announces another length than the body has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the length announced is not that of the body")]
pub struct Contradiction;

/// Adds a field whose name an option gives; whether it is one that frames the message, which [`request`] then has to settle. What a
/// `TE` field says of transfer codings is between a peer and us, and no option may say it for us.
pub fn add(head: &mut Head, name: &[u8], value: &[u8]) -> bool {
    if name.eq_ignore_ascii_case(b"te") {
        return false;
    }
    head.add(name, value);
    [LENGTH, CODING, b"connection"].iter().any(|n| name.eq_ignore_ascii_case(n))
}

/// A request with this body, after all rules: a length or a coding that was taken away is said again.
pub fn request(head: &mut Head, body: BodyLen) -> Result<(), Contradiction> {
    agree(head, body)?;
    match body {
        BodyLen::Length(n) if !head.contains(LENGTH) => head.add(LENGTH, n.to_string().as_bytes()),
        BodyLen::Chunked if !head.contains(CODING) => head.add(CODING, b"chunked"),
        _ => {}
    }
    Ok(())
}

/// A response with this body, after all rules; whether the body is still announced as it came. `bodiless`: none follows the head.
pub fn response(head: &mut Head, body: BodyLen, bodiless: bool) -> Result<bool, Contradiction> {
    if bodiless {
        // There a length is one of what would have come.
        head.remove(CODING);
        return Ok(true);
    }
    agree(head, body)?;
    Ok(match body {
        BodyLen::Length(_) => head.contains(LENGTH),
        BodyLen::Chunked => head.contains(CODING),
        BodyLen::None | BodyLen::UntilClose => true,
    })
}

/// An answer of the proxy's own, with a body of so many bytes.
pub fn own(head: &mut Head, len: usize) {
    head.remove(CODING);
    if !is_bodiless(head.status) && head.contains(LENGTH) {
        only_value(head, LENGTH, len.to_string().as_bytes());
    }
}

/// No body follows a final response of this status.
pub fn is_bodiless(status: u16) -> bool {
    matches!(status, 204 | 304)
}

/// Leaves one field of that name, where the first stands, with that value.
fn only_value(head: &mut Head, name: &[u8], value: &[u8]) {
    let Some(at) = head.iter().position(|(n, _)| n == name) else {
        return;
    };
    head.remove(name);
    head.insert(at, name, value);
}

/// Leaves of the framing fields what is true of `body`.
fn agree(head: &mut Head, body: BodyLen) -> Result<(), Contradiction> {
    match body {
        BodyLen::Chunked => {
            head.remove(LENGTH);
            if head.contains(CODING) {
                only_value(head, CODING, b"chunked");
            }
        }
        BodyLen::UntilClose => {
            head.remove(LENGTH);
            head.remove(CODING);
        }
        BodyLen::Length(_) | BodyLen::None => {
            head.remove(CODING);
            let n = if let BodyLen::Length(n) = body { n } else { 0 };
            let text = n.to_string();
            if head.values(LENGTH).any(|v| v.trim_ascii() != text.as_bytes()) {
                return Err(Contradiction);
            }
            if head.contains(LENGTH) {
                only_value(head, LENGTH, text.as_bytes());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreed(body: BodyLen, fields: &[(&str, &str)]) -> Option<String> {
        let mut head = Head::default();
        for (name, value) in fields {
            head.add(name.as_bytes(), value.as_bytes());
        }
        agree(&mut head, body).ok()?;
        let words = head
            .iter()
            .map(|(n, v)| format!("{}={}", String::from_utf8_lossy(n), String::from_utf8_lossy(v)));
        Some(words.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn fields_that_options_name_are_settled() {
        for (name, value, body, want) in [
            ("x-forwarded-for", "1.2.3.4", BodyLen::None, Some((false, "x-forwarded-for"))),
            ("te", "chunked", BodyLen::None, Some((false, ""))),
            ("content-length", "5", BodyLen::None, None),
            ("content-length", "5", BodyLen::Length(5), Some((true, "content-length"))),
            ("content-length", "5", BodyLen::Chunked, Some((true, "transfer-encoding"))),
            ("transfer-encoding", "1.2.3.4", BodyLen::None, Some((true, ""))),
            ("connection", "close", BodyLen::None, Some((true, "connection"))),
        ] {
            let mut head = Head::default();
            let frames = add(&mut head, name.as_bytes(), value.as_bytes());
            let got = request(&mut head, body).ok().map(|()| {
                let names = head.iter().map(|(n, _)| String::from_utf8_lossy(n).into_owned());
                (frames, names.collect::<Vec<_>>().join(" "))
            });
            assert_eq!(got, want.map(|(f, n)| (f, n.to_owned())), "{name}: {value} {body:?}");
        }
    }

    #[test]
    fn only_what_is_true_of_the_body_stays() {
        let (cl, te) = ("content-length", "transfer-encoding");
        for (body, fields, want) in [
            (BodyLen::Length(3), &[(cl, "3"), (te, "chunked")][..], Some("content-length=3")),
            (
                BodyLen::Length(3),
                &[(cl, "3"), ("a", "b"), (cl, "3")],
                Some("content-length=3 a=b"),
            ),
            (BodyLen::Length(3), &[(cl, "4")], None),
            (BodyLen::Length(3), &[(cl, "3"), (cl, "30")], None),
            (BodyLen::Length(3), &[], Some("")),
            (BodyLen::None, &[(te, "chunked")], Some("")),
            (BodyLen::None, &[(cl, "0")], Some("content-length=0")),
            (BodyLen::None, &[(cl, "5")], None),
            (BodyLen::Chunked, &[(te, "chunked"), (cl, "5")], Some("transfer-encoding=chunked")),
            (BodyLen::Chunked, &[(te, "gzip"), (te, "x")], Some("transfer-encoding=chunked")),
            (BodyLen::UntilClose, &[(te, "chunked"), (cl, "5")], Some("")),
        ] {
            assert_eq!(agreed(body, fields).as_deref(), want, "{body:?} {fields:?}");
        }
    }
}
