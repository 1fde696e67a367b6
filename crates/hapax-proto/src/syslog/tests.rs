use super::*;

type Parts = (
    Form,
    Option<u32>,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

#[test]
fn headers_are_taken_apart() {
    use Form::{Priority, Raw, Rfc3164, Rfc5424};
    let time = "Jan  2 03:04:05";
    let iso = "2003-10-11T22:14:15.003Z";
    let cases: &[(&str, Parts)] = &[
        (
            "<14>Jan  2 03:04:05 box app[123]: hello",
            (Rfc3164, Some(14), time, "box", "app", "123", "hello"),
        ),
        (
            "<14>Jan  2 03:04:05 app[123]: hello",
            (Rfc3164, Some(14), time, "app[123]:", "", "", "hello"),
        ),
        (
            "<14>Jan  2 03:04:05 box app: hello",
            (Rfc3164, Some(14), time, "box", "app", "", "hello"),
        ),
        (
            "<14>Jan  2 03:04:05 box a/x.y[1]:",
            (Rfc3164, Some(14), time, "box", "a/x.y", "1", ""),
        ),
        (
            "<14>Jan  2 03:04:05 box only text",
            (Rfc3164, Some(14), time, "box", "", "", "only text"),
        ),
        (
            "<14>Jan  2 03:04:05 box a[1] b: c",
            (Rfc3164, Some(14), time, "box", "", "", "a[1] b: c"),
        ),
        (
            "<14>Jun 32 3:04:05 box x: y",
            (Priority, Some(14), "", "", "", "", "Jun 32 3:04:05 box x: y"),
        ),
        ("<14>text", (Priority, Some(14), "", "", "", "", "text")),
        ("<7>", (Priority, Some(7), "", "", "", "", "")),
        ("text", (Raw, None, "", "", "", "", "text")),
        ("<1234>x", (Raw, None, "", "", "", "", "<1234>x")),
        ("<>x", (Raw, None, "", "", "", "", "<>x")),
        ("<14", (Raw, None, "", "", "", "", "<14")),
        ("", (Raw, None, "", "", "", "", "")),
        (
            "<165>1 2003-10-11T22:14:15.003Z box app 77 ID47 [a b=\"]\\\"\"][c d=\"e\"] text",
            (Rfc5424, Some(165), iso, "box", "app", "77", "text"),
        ),
        (
            "<165>1 2003-10-11T22:14:15.003Z - - - - - text",
            (Rfc5424, Some(165), iso, "", "", "", "text"),
        ),
        (
            "<165>1 2003-10-11T22:14:15.003Z box a 1 2 -",
            (Rfc5424, Some(165), iso, "box", "a", "1", ""),
        ),
        (
            "<165>1 - box a 1 2 [open",
            (Priority, Some(165), "", "", "", "", "1 - box a 1 2 [open"),
        ),
        ("<9>1 x", (Priority, Some(9), "", "", "", "", "1 x")),
    ];
    for (line, want) in cases {
        let m = Message::parse(line.as_bytes());
        let text = |b| std::str::from_utf8(b).unwrap();
        let got = (
            m.form,
            m.priority,
            text(m.time),
            text(m.host),
            text(m.tag),
            text(m.pid),
            text(m.text),
        );
        assert_eq!(got, *want, "{line}");
    }
    let m = Message::parse(b"<165>1 - - app - ID [a b=\"c\"][d] -");
    assert_eq!((m.id, m.structured, m.text), (&b"ID"[..], &b"[a b=\"c\"][d]"[..], &b"-"[..]));
}

#[test]
fn times_change_their_form() {
    for (from, want) in [
        ("Jan  2 03:04:05", Some("2026-01-02T03:04:05-00:00")),
        ("Dec 31 23:59:59", Some("2026-12-31T23:59:59-00:00")),
        ("Dec 31 23:59", None),
    ] {
        let mut out = Vec::new();
        let done = modern_time(from.as_bytes(), 2026, &mut out);
        assert_eq!(done.then(|| String::from_utf8(out).unwrap()).as_deref(), want, "{from}");
    }
    for (from, want) in [
        ("2003-10-11T22:14:15.003Z", Some("Oct 11 22:14:15")),
        ("2003-01-02T03:04:05+02:00", Some("Jan  2 03:04:05")),
        ("2003-13-02T03:04:05Z", None),
        ("2003-1", None),
        ("", None),
    ] {
        let mut out = Vec::new();
        let done = legacy_time(from.as_bytes(), &mut out);
        assert_eq!(done.then(|| String::from_utf8(out).unwrap()).as_deref(), want, "{from}");
    }
}

#[test]
fn streams_are_cut_into_messages() {
    use Framed::{Bad, Message, More};
    let message = |start, end, next| Message { start, end, next };
    let cases: &[(&str, bool, Framed)] = &[
        ("", false, More),
        ("5 <1>ab5", false, message(2, 7, 7)),
        ("5 <1>a", false, More),
        ("12", false, More),
        ("99 x", false, Bad),
        ("99999999999999999999999 x", false, Bad),
        ("5x", false, Bad),
        ("<1>ab\n<2>", false, message(0, 5, 6)),
        ("<1>ab\0<2>", false, message(0, 5, 6)),
        ("<1>ab", false, More),
        ("<1>abcdefghijklmnopqrstuvw", false, Bad),
        ("text\n", false, Bad),
        ("text\n", true, message(0, 4, 5)),
        ("5 <1>ab\n", true, message(0, 7, 8)),
    ];
    for (bytes, lines, want) in cases {
        assert_eq!(framed(bytes.as_bytes(), *lines, 20), *want, "{bytes}");
    }
}
