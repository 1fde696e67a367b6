//! The messages sent for errors: the built-in ones, those read from errorfiles, and the table of a proxy that holds both.

use std::sync::{Arc, LazyLock};

use hapax_proto::http::Head;

use crate::ReplySpec;

/// One built-in message.
struct Builtin {
    status: u16,
    reason: &'static str,
    text: &'static str,
    /// Sent before a request is known: says that the connection ends.
    close: bool,
}

const fn builtin(status: u16, reason: &'static str, text: &'static str) -> Builtin {
    Builtin {
        status,
        reason,
        text,
        close: matches!(status, 400 | 408),
    }
}

/// The statuses that have a message of their own, in ascending order.
const BUILTIN: [Builtin; COUNT] = [
    builtin(200, "OK", "Service ready."),
    builtin(400, "Bad request", "Your browser sent an invalid request."),
    builtin(401, "Unauthorized", "You need a valid user and password to access this content."),
    builtin(403, "Forbidden", "Request forbidden by administrative rules."),
    builtin(404, "Not Found", "The resource could not be found."),
    builtin(
        405,
        "Method Not Allowed",
        "A request was made of a resource using a request method not supported by that resource.",
    ),
    builtin(407, "Unauthorized", "You need a valid user and password to access this content."),
    builtin(408, "Request Time-out", "Your browser didn't send a complete request in time."),
    builtin(410, "Gone", "The resource is no longer available and will not be available again."),
    builtin(413, "Payload Too Large", "The request entity exceeds the maximum allowed."),
    builtin(414, "URI Too Long", "The URI provided was too long for the server to process."),
    builtin(421, "Misdirected Request", "Request sent to a non-authoritative server."),
    builtin(
        422,
        "Unprocessable Content",
        "The server cannot process the contained instructions.",
    ),
    builtin(425, "Too Early", "Your browser sent early data."),
    builtin(
        429,
        "Too Many Requests",
        "You have sent too many requests in a given amount of time.",
    ),
    builtin(431, "Request Header Fields Too Large", "Request Header Fields Too Large."),
    builtin(500, "Internal Server Error", "An internal server error occurred."),
    builtin(
        501,
        "Not Implemented",
        "The server does not support the functionality required to fulfill the request.",
    ),
    builtin(502, "Bad Gateway", "The server returned an invalid or incomplete response."),
    builtin(503, "Service Unavailable", "No server is available to handle this request."),
    builtin(504, "Gateway Time-out", "The server didn't respond in time."),
];

const COUNT: usize = 21;

/// The statuses that error messages exist for, in ascending order.
pub fn statuses() -> impl Iterator<Item = u16> {
    BUILTIN.iter().map(|b| b.status)
}

fn slot(status: u16) -> Option<usize> {
    BUILTIN.binary_search_by_key(&status, |b| b.status).ok()
}

/// Whether there is an error message for `status` (`errorfile`, `deny_status`).
pub fn is_error_status(status: u16) -> bool {
    slot(status).is_some()
}

/// A whole response, ready to be sent any number of times. Status 0: nothing is sent at all (an empty errorfile).
#[derive(Clone, Debug)]
pub struct Page {
    pub head: Head,
    pub body: Arc<[u8]>,
}

impl PartialEq for Page {
    fn eq(&self, other: &Self) -> bool {
        self.head.status == other.head.status && self.head.iter().eq(other.head.iter()) && self.body == other.body
    }
}

impl Eq for Page {}

impl Builtin {
    fn body(&self) -> String {
        format!(
            "<html><body><h1>{} {}</h1>\n{}\n</body></html>\n",
            self.status, self.reason, self.text
        )
    }

    fn page(&self) -> Page {
        let body = self.body();
        let mut head = Head::default();
        head.status = self.status;
        head.set_reason(self.reason.as_bytes());
        head.add(b"content-length", body.len().to_string().as_bytes());
        head.add(b"cache-control", b"no-cache");
        head.add(b"content-type", b"text/html");
        if self.close {
            head.add(b"connection", b"close");
        }
        Page {
            head,
            body: body.into_bytes().into(),
        }
    }

    fn raw(&self) -> Vec<u8> {
        let body = self.body();
        let close = if self.close { "connection: close\r\n" } else { "" };
        format!(
            "HTTP/1.1 {} {}\r\ncontent-length: {}\r\ncache-control: no-cache\r\n{close}content-type: text/html\r\n\r\n{body}",
            self.status,
            self.reason,
            body.len()
        )
        .into_bytes()
    }
}

static PAGES: LazyLock<[Arc<Page>; COUNT]> = LazyLock::new(|| std::array::from_fn(|i| Arc::new(BUILTIN[i].page())));
static RAW: LazyLock<[Vec<u8>; COUNT]> = LazyLock::new(|| std::array::from_fn(|i| BUILTIN[i].raw()));

/// The index of 500, which answers for statuses that have no message.
const INTERNAL: usize = 16;

/// The built-in bytes for `status`, as they are sent on an HTTP/1 connection before a stream exists (a bad request line, a
/// client that never sent one); 500 where the status has none.
pub fn raw(status: u16) -> &'static [u8] {
    &RAW[slot(status).unwrap_or(INTERNAL)]
}

/// What is sent for a status.
#[derive(Clone, Debug)]
pub enum Message {
    /// Always the same bytes (`errorfile`).
    Page(Arc<Page>),
    /// Made of the request at hand (`http-error`).
    Spec(Arc<ReplySpec>),
}

/// The error messages of a proxy or of an `http-errors` section.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    own: [Option<Message>; COUNT],
}

impl Pages {
    /// Sets the message for `status`; `false` where there is no message for it.
    pub fn set(&mut self, status: u16, message: Message) -> bool {
        let Some(i) = slot(status) else { return false };
        self.own[i] = Some(message);
        true
    }

    /// The message set for `status`, if one was.
    pub fn own(&self, status: u16) -> Option<&Message> {
        self.own[slot(status)?].as_ref()
    }

    /// The page for `status`: the one set, or the built-in one (of 500 where there is none).
    pub fn get(&self, status: u16) -> &Arc<Page> {
        match &self.own[slot(status).unwrap_or(INTERNAL)] {
            Some(Message::Page(page)) => page,
            _ => builtin_page(status),
        }
    }
}

/// The built-in page for `status`; that of 500 where there is none.
pub fn builtin_page(status: u16) -> &'static Arc<Page> {
    &PAGES[slot(status).unwrap_or(INTERNAL)]
}

/// The standard reason phrase.
pub fn reason(status: u16) -> &'static str {
    REASONS
        .binary_search_by_key(&status, |(s, _)| *s)
        .map_or_else(|_| class_reason(status), |i| REASONS[i].1)
}

fn class_reason(status: u16) -> &'static str {
    match status {
        100..200 => "Informational",
        200..300 => "Success",
        300..400 => "Redirection",
        400..500 => "Client Error",
        500..600 => "Server Error",
        _ => "Other",
    }
}

/// In ascending order.
static REASONS: &[(u16, &str)] = &[
    (100, "Continue"),
    (101, "Switching Protocols"),
    (102, "Processing"),
    (200, "OK"),
    (201, "Created"),
    (202, "Accepted"),
    (203, "Non-Authoritative Information"),
    (204, "No Content"),
    (205, "Reset Content"),
    (206, "Partial Content"),
    (207, "Multi-Status"),
    (210, "Content Different"),
    (226, "IM Used"),
    (300, "Multiple Choices"),
    (301, "Moved Permanently"),
    (302, "Found"),
    (303, "See Other"),
    (304, "Not Modified"),
    (305, "Use Proxy"),
    (307, "Temporary Redirect"),
    (308, "Permanent Redirect"),
    (310, "Too many Redirects"),
    (400, "Bad Request"),
    (401, "Unauthorized"),
    (402, "Payment Required"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (405, "Method Not Allowed"),
    (406, "Not Acceptable"),
    (407, "Proxy Authentication Required"),
    (408, "Request Time-out"),
    (409, "Conflict"),
    (410, "Gone"),
    (411, "Length Required"),
    (412, "Precondition Failed"),
    (413, "Request Entity Too Large"),
    (414, "Request-URI Too Long"),
    (415, "Unsupported Media Type"),
    (416, "Requested range unsatisfiable"),
    (417, "Expectation failed"),
    (418, "I'm a teapot"),
    (421, "Misdirected Request"),
    (422, "Unprocessable Content"),
    (423, "Locked"),
    (424, "Method failure"),
    (425, "Too Early"),
    (426, "Upgrade Required"),
    (428, "Precondition Required"),
    (429, "Too Many Requests"),
    (431, "Request Header Fields Too Large"),
    (449, "Retry With"),
    (450, "Blocked by Windows Parental Controls"),
    (451, "Unavailable For Legal Reasons"),
    (456, "Unrecoverable Error"),
    (499, "client has closed connection"),
    (500, "Internal Server Error"),
    (501, "Not Implemented"),
    (502, "Bad Gateway or Proxy Error"),
    (503, "Service Unavailable"),
    (504, "Gateway Time-out"),
    (505, "HTTP Version not supported"),
    (506, "Variant also negotiate"),
    (507, "Insufficient storage"),
    (508, "Loop detected"),
    (509, "Bandwidth Limit Exceeded"),
    (510, "Not extended"),
    (511, "Network authentication required"),
    (520, "Web server is returning an unknown error"),
];

#[cfg(test)]
mod tests;
