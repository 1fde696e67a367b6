//! Makes the head and body that are sent for a [`Reply`], and reads errorfiles.

use std::borrow::Cow;
use std::sync::Arc;

use hapax_proto::h1::{self, BodyLen};
use hapax_proto::http::Head;

use hapax_sample::Env;

use crate::errors::{self, Message, Page, Pages, reason};
use crate::{Reply, ReplySource};

impl Reply {
    /// The proxy's message for `status`.
    pub fn error(status: u16) -> Self {
        Self {
            status,
            source: ReplySource::Errors,
            ..Self::default()
        }
    }

    /// The reply itself, or what `http-error` makes for it of the message at hand. A section that has nothing for the status leaves
    /// it to the built-in message.
    pub fn settle(&self, pages: &Pages, sections: &[Pages], env: &Env<'_>) -> Cow<'_, Self> {
        let (ReplySource::Errors, Some(Message::Spec(spec))) = (&self.source, pages.own(self.status)) else {
            return Cow::Borrowed(self);
        };
        let mut made = spec.make(env);
        let lacking = match made.source {
            ReplySource::Errors => true,
            ReplySource::Section(i) => sections.get(i as usize).is_none_or(|s| s.own(made.status).is_none()),
            _ => false,
        };
        if lacking {
            made.source = ReplySource::Builtin;
        }
        made.fields.extend(self.fields.iter().cloned());
        Cow::Owned(made)
    }

    /// Fills `head` (emptied first) and gives the body. `pages` are the proxy's messages, `sections` those of the
    /// `http-errors` sections.
    ///
    /// A response to `HEAD` has the same head: whoever sends it leaves the body out. Status 0 in the head: nothing is to be sent.
    pub fn render(&self, pages: &Pages, sections: &[Pages], head: &mut Head) -> Arc<[u8]> {
        match &self.source {
            ReplySource::Own => self.render_own(head),
            ReplySource::Errors => self.render_page(pages.get(self.status), head),
            ReplySource::Builtin => self.render_page(errors::builtin_page(self.status), head),
            ReplySource::Page(page) => self.render_page(page, head),
            ReplySource::Section(i) => match sections.get(*i as usize) {
                Some(section) if section.own(self.status).is_some() => self.render_page(section.get(self.status), head),
                // A status that the section lacks is answered with no body at all.
                _ => self.render_own(head),
            },
        }
    }

    fn render_page(&self, page: &Page, head: &mut Head) -> Arc<[u8]> {
        head.clone_from(&page.head);
        if head.status == 0 {
            return Arc::default();
        }
        for (name, value) in &self.fields {
            head.set(name, value);
        }
        page.body.clone()
    }

    fn render_own(&self, head: &mut Head) -> Arc<[u8]> {
        head.clear();
        head.status = self.status;
        if self.reason.is_empty() {
            head.set_reason(reason(self.status).as_bytes());
        } else {
            head.set_reason(&self.reason);
        }
        // RFC 9110, 8.6: no length where the status says that there is no body.
        let stands = self.fields.iter().any(|(name, _)| name == b"content-length");
        let with_length = self.status >= 200 && self.status != 204 && !stands;
        let mut digits = itoa::Buffer::new();
        let length = digits.format(self.body.len()).as_bytes();
        if with_length && self.length_first {
            head.add(b"content-length", length);
        }
        for (name, value) in &self.fields {
            head.add(name, value);
        }
        if with_length && !self.length_first {
            head.add(b"content-length", length);
        }
        if let Some(t) = self.content_type.as_ref().filter(|_| !self.body.is_empty()) {
            head.add(b"content-type", t);
        }
        self.body.clone()
    }
}

/// Reads an errorfile: a whole HTTP response, or nothing at all. The error is in words for the user.
pub fn parse_errorfile(raw: &[u8]) -> Result<Page, String> {
    let mut head = Head::default();
    if raw.is_empty() {
        head.status = 0;
        return Ok(Page {
            head,
            body: Arc::default(),
        });
    }
    let used = match h1::parse_response(raw, &mut head, h1::Limits::default()) {
        Ok(Some(n)) => n,
        Ok(None) => return Err("unable to parse headers (the end of the headers is missing)".into()),
        Err(e) => return Err(format!("unable to parse headers ({e})")),
    };
    let status = head.status;
    if status < 200 && status != 101 {
        return Err(format!("invalid http status code for an error message ({status})"));
    }
    let meta = h1::framing::response(&head, b"GET", false).map_err(|e| format!("unable to parse headers ({e})"))?;
    let body = &raw[used..];
    match meta.body {
        BodyLen::Chunked => return Err("chunk-encoded payload not supported".into()),
        BodyLen::None if !body.is_empty() => return Err("message payload not expected".into()),
        BodyLen::Length(n) if n == 0 && !body.is_empty() => return Err("message payload not expected".into()),
        BodyLen::Length(n) if n != body.len() as u64 => {
            return Err(format!(
                "payload size does not match the announced content-length ({} != {n})",
                body.len()
            ));
        }
        _ => {}
    }
    Ok(Page { head, body: body.into() })
}

#[cfg(test)]
mod tests;
