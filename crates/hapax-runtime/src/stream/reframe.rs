//! The fields that frame messages, where rules have edited them. A message is sent as it is framed, whatever rules say: two
//! readings of one message are how requests are smuggled.

use hapax_proto::h1::framing::BodyLen;
use hapax_proto::http::Head;

use super::Step;
use super::edit;
use super::exchange::Exchange;
use crate::outcome::{Blame, End, Phase};

const LENGTH: &[u8] = b"content-length";
const CODING: &[u8] = b"transfer-encoding";

/// A rule announces another length than the body has.
struct Contradiction;

impl Exchange<'_> {
    /// The request, after all rules: a length or a coding that was taken away is said again.
    pub(super) fn reframe_request(&mut self) -> Step<()> {
        if !std::mem::take(&mut self.p.controls.framing_edited) {
            return Ok(());
        }
        let (head, body) = (&mut self.p.req_head, self.meta.body);
        self.single_use |= edit::connection_closes(head);
        agree(head, body).map_err(|Contradiction| End::new(Blame::Internal, Phase::Headers))?;
        match body {
            BodyLen::Length(n) if !head.contains(LENGTH) => head.add(LENGTH, n.to_string().as_bytes()),
            BodyLen::Chunked if !head.contains(CODING) => head.add(CODING, b"chunked"),
            _ => {}
        }
        Ok(())
    }

    /// An answer of our own, after the rules that may edit it; whether its status allows no body.
    pub(super) fn reframe_own(&mut self, len: usize) -> bool {
        let head = &mut self.p.res_head;
        if informs(head.status) {
            head.status = self.p.facts.status;
        }
        let bodiless = matches!(head.status, 204 | 304);
        if std::mem::take(&mut self.p.controls.framing_edited) {
            head.remove(CODING);
            if !bodiless && head.contains(LENGTH) {
                edit::only_value(head, LENGTH, len.to_string().as_bytes());
            }
        }
        bodiless
    }

    /// The response, after all rules; whether its body is still announced as it came. Where it is not, it ends with its connection.
    pub(super) fn reframe_response(&mut self, body: BodyLen, bodiless: bool) -> Step<bool> {
        if !std::mem::take(&mut self.p.controls.framing_edited) {
            return Ok(true);
        }
        let head = &mut self.p.res_head;
        self.keep_alive &= !edit::connection_closes(head);
        if bodiless {
            // There a length is one of what would have come.
            head.remove(CODING);
            return Ok(true);
        }
        agree(head, body).map_err(|Contradiction| End::new(Blame::Internal, Phase::Headers))?;
        let announced = match body {
            BodyLen::Length(_) => head.contains(LENGTH),
            BodyLen::Chunked => head.contains(CODING),
            BodyLen::None | BodyLen::UntilClose => true,
        };
        self.keep_alive &= announced;
        Ok(announced)
    }
}

/// A status that says more is to come, as none that is the last word may.
fn informs(status: u16) -> bool {
    (100..200).contains(&status)
}

/// Leaves of the framing fields what is true of `body`.
fn agree(head: &mut Head, body: BodyLen) -> Result<(), Contradiction> {
    match body {
        BodyLen::Chunked => {
            head.remove(LENGTH);
            if head.contains(CODING) {
                edit::only_value(head, CODING, b"chunked");
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
                edit::only_value(head, LENGTH, text.as_bytes());
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
