//! A second reader beside ours: what the stricter `httparse` takes for a whole request head, ours takes for the same one.

use hapax_proto::h1::{Limits, parse_request};
use hapax_proto::http::Head;

#[test]
fn what_a_strict_reader_accepts_is_read_the_same() {
    let methods = ["GET", "POST", "OPTIONS", "X-OWN"];
    let targets = ["/", "/a/b?c=d&e", "/%7Euser", "http://h/x"];
    let fields = [
        "Host: h\r\n",
        "Host: h\r\nAccept: */*\r\n",
        "Host:h\r\nX-Empty:\r\nX-Blank:  v \t\r\n",
        "host: h\r\nCookie: a=b; c=d\r\nCookie: e=f\r\n",
        "Host: h\r\nX-High: caf\u{e9}\r\n",
    ];
    let mut compared = 0;
    for (m, t, f, v) in methods
        .iter()
        .flat_map(|m| targets.iter().map(move |t| (m, t)))
        .flat_map(|(m, t)| fields.iter().flat_map(move |f| [0, 1].map(|v| (*m, *t, *f, v))))
    {
        let text = format!("{m} {t} HTTP/1.{v}\r\n{f}\r\nbody");
        let mut room = [httparse::EMPTY_HEADER; 16];
        let mut strict = httparse::Request::new(&mut room);
        let Ok(httparse::Status::Complete(length)) = strict.parse(text.as_bytes()) else {
            continue;
        };
        let mut head = Head::default();
        let ours = parse_request(text.as_bytes(), &mut head, Limits::default());
        assert_eq!(ours, Ok(Some(length)), "{text:?}");
        assert_eq!(head.method(), strict.method.unwrap_or_default().as_bytes(), "{text:?}");
        let read: Vec<_> = head
            .fields()
            .iter()
            .map(|f| (head.get(f.name).to_vec(), head.get(f.value).to_vec()))
            .collect();
        let want: Vec<_> = strict
            .headers
            .iter()
            .map(|h| (h.name.to_ascii_lowercase().into_bytes(), h.value.to_vec()))
            .collect();
        assert_eq!(read, want, "{text:?}");
        compared += 1;
    }
    assert!(compared > 100, "only {compared} heads were compared");
}
