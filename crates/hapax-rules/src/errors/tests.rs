use super::*;

#[test]
fn every_status_has_its_page() {
    let all: Vec<u16> = statuses().collect();
    assert!(all.is_sorted() && all.len() == COUNT);
    for status in all {
        assert!(is_error_status(status));
        let pages = Pages::default();
        let page = pages.get(status);
        assert_eq!(page.head.status, status);
        let length = String::from_utf8_lossy(page.head.first(b"content-length").unwrap_or_default()).into_owned();
        assert_eq!(length, page.body.len().to_string());
        let raw = String::from_utf8_lossy(raw(status)).into_owned();
        assert!(raw.ends_with(&*String::from_utf8_lossy(&page.body)), "{raw}");
        assert!(
            raw.contains(&format!("\r\ncontent-length: {length}\r\ncache-control: no-cache\r\n")),
            "{raw}"
        );
        assert_eq!(raw.contains("connection: close"), matches!(status, 400 | 408), "{raw}");
    }
    assert_eq!(Pages::default().get(418).head.status, 500);
    assert!(!is_error_status(418));
}

/// Lengths as HAProxy announces them: a change of a letter would show.
#[test]
fn lengths_are_the_known_ones() {
    for (status, length) in [
        (200, 58),
        (400, 90),
        (401, 112),
        (403, 93),
        (404, 83),
        (405, 147),
        (407, 112),
        (408, 110),
        (410, 114),
        (413, 106),
        (414, 110),
        (421, 104),
        (422, 116),
        (425, 80),
        (429, 117),
        (431, 105),
        (500, 97),
        (501, 135),
        (502, 107),
        (503, 107),
        (504, 92),
    ] {
        assert_eq!(Pages::default().get(status).body.len(), length, "{status}");
    }
}

#[test]
fn own_pages_come_first() {
    let page = |status: u16| {
        let mut head = Head::default();
        head.status = status;
        Message::Page(Arc::new(Page {
            head,
            body: b"own"[..].into(),
        }))
    };
    let mut pages = Pages::default();
    assert!(pages.set(503, page(503)));
    assert!(!pages.set(418, page(418)));
    assert_eq!(&*pages.get(503).body, b"own");
    assert!(pages.own(504).is_none());
}

#[test]
fn reasons() {
    for (status, want) in [
        (200, "OK"),
        (404, "Not Found"),
        (418, "I'm a teapot"),
        (299, "Success"),
        (599, "Server Error"),
        (700, "Other"),
    ] {
        assert_eq!(reason(status), want);
    }
    assert!(REASONS.is_sorted_by_key(|(s, _)| *s));
}
