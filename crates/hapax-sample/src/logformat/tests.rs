use super::*;
use crate::still::Stage;
use crate::{ProxyId, ServerId, Timers, TlsFacts};

/// The stream that HAProxy logged in the cases below.
fn stage() -> Stage {
    let mut s = Stage::request("GET", "/a\"?x=%41", &[("Host", "h"), ("C", "\"q\"]\\")]);
    s.stream.status = 200;
    s.stream.id = 8;
    s.stream.timers = Timers {
        handshake: 0,
        idle: 1,
        request: 2,
        queue: -1,
        connect: -1,
        response: -1,
        data: 3,
        total: 9,
        active: 7,
    };
    s.stream.bytes_out = 65;
    s.stream.bytes_in = 49;
    s.stream.termination = *b"LR";
    s.stream.cookie_flags = *b"--";
    s
}

fn check(stage: &mut Stage, cases: &[(&str, &str)]) {
    for (text, want) in cases {
        assert_eq!(stage.log(text).as_deref(), Ok(*want), "{text}");
    }
}

#[test]
fn aliases_write_what_haproxy_writes() {
    let mut s = stage();
    check(
        &mut s,
        &[
            (
                "%s %b %si %sp %bi %bp %sc %sq %bq %rc %fc %bc %ts %tsc %ST %B %U %f %ft %fi %fp",
                "<NOSRV> fe - - - - 0 0 0 0 1 0 LR LR-- 200 65 49 fe fe 127.0.0.2 8080",
            ),
            ("%Ta %Tc %Td %Th %Ti %Tq %TR %Tr %Tt %Tu %Tw", "7 -1 3 0 1 3 2 -1 9 8 -1"),
            (
                "%ID %HM %HP %HPO %HQ %HU %HV %sslc %sslv",
                "- GET /a#22 /a#22 ?x=%41 /a#22?x=%41 HTTP/1.1 - -",
            ),
            (
                "%T|%Tl|%Ts|%t|%ms",
                "23/Nov/2026:09:43:55 +0000|23/Nov/2026:09:43:55 +0000|1795427035|23/Nov/2026:09:43:55.036|036",
            ),
            (
                "%tr|%trg|%trl",
                "23/Nov/2026:09:43:55.036|23/Nov/2026:09:43:55 +0000|23/Nov/2026:09:43:55 +0000",
            ),
            ("%r|%{+Q}r", "GET /a#22?x=%41 HTTP/1.1|\"GET /a#22?x=%41 HTTP/1.1\""),
            ("%CC %CS %{+Q}CC", "- - \"\""),
            (
                "%{+Q}o%HM %T %t %ts %ID %Ts %ft",
                "\"GET\" 23/Nov/2026:09:43:55 +0000 23/Nov/2026:09:43:55.036 LR \"\" 1795427035 \"fe\"",
            ),
            ("%{+Q}o %ci %cp %s %b %CC", "\"127.0.0.1\" 40000 \"<NOSRV>\" \"fe\" \"\""),
            ("%{+X}ci %{+X}cp %{+X}rt %{+X}Ts", "7F000001 9C40 0008 6B040ADB"),
            ("%OG", "unspec"),
        ],
    );
    s.stream.backend = Some(ProxyId(1));
    s.stream.server = Some(ServerId(0));
    s.stream.redispatched = true;
    s.stream.retries = 2;
    s.stream.log_soon = true;
    s.sess.tls = Some(Box::new(TlsFacts {
        version: "TLSv1.3",
        cipher: "TLS_AES_128_GCM_SHA256",
        ..TlsFacts::default()
    }));
    check(
        &mut s,
        &[(
            "%b/%s %rc %B %Tt %ft %{+Q}ft %sslv/%sslc",
            "be/srv +2 +65 +9 fe~ \"fe~\" TLSv1.3/TLS_AES_128_GCM_SHA256",
        )],
    );
}

#[test]
fn captures_are_braced_listed_and_escaped() {
    let mut s = stage();
    check(&mut s, &[("%hr|%hrl|%hs|%hsl", "|||")]);
    let slot = |t: &[u8]| Some(Box::from(t));
    s.stream.req_captures = vec![slot(b"a\"b{|}#\\]\t\xe9"), None, slot(b"\"q\" {x|y} #")];
    check(
        &mut s,
        &[
            ("%hr", "{a#22b#7B#7C#7D#23\\]#09#E9||#22q#22 #7Bx#7Cy#7D #23}"),
            ("%hrl", "a#22b#7B#7C#7D#23\\]#09#E9 - #22q#22 #7Bx#7Cy#7D #23"),
            ("%{+Q}hr", "\"{a#22b#7B#7C#7D#23\\]#09#E9||#22q#22 #7Bx#7Cy#7D #23}\""),
            ("%{+Q}hrl", "\"a#22b#7B#7C#7D#23\\]#09#E9\" \"\" \"#22q#22 #7Bx#7Cy#7D #23\""),
            ("%{+E}hr", "{a#22b#7B#7C#7D#23\\\\\\]#09#E9||#22q#22 #7Bx#7Cy#7D #23}"),
        ],
    );
    // One that is there and empty leaves its place empty.
    s.stream.req_captures = vec![None, slot(b""), slot(b"a"), slot(b"")];
    check(&mut s, &[("%hr|%hrl|", "{||a|}|-  a |")]);
}

#[test]
fn requests_that_never_came() {
    let mut s = Stage::default();
    check(
        &mut s,
        &[("%r|%HM|%HU|%HP|%HV|%hr|%CC", "<BADREQ>|<BADREQ>|<BADREQ>|<BADREQ>|<BADREQ>||-")],
    );
}

#[test]
fn expressions_and_spaces() {
    let mut s = stage();
    check(
        &mut s,
        &[
            ("  a   b  %ci  c  ", "a b 127.0.0.1 c "),
            (
                "%[int(5)] %{+Q}[int(5)] %{+X}[int(255)] %{+X}[src] %[bool(true)] %[bin(410042)]",
                "5 \"5\" 255 127.0.0.1 1 A",
            ),
            ("%[var(txn.no)]|%{+Q}[var(txn.no)]|%{+E}[var(txn.no)]", "-|\"\"|-"),
            (
                "%[hdr(c)]|%{+Q}[hdr(c)]|%{+E}[hdr(c)]|%{+Q,+E}[hdr(c)]",
                "\"q\"]\\|\"\"q\"]\\\"|\\\"q\\\"\\]\\\\|\"\\\"q\\\"\\]\\\\\"",
            ),
            ("a%%b%%", "a%b%"),
            ("%{Q}ci %{+Z}ci", "127.0.0.1 127.0.0.1"),
        ],
    );
}

#[test]
fn messages_get_no_control_characters() {
    let mut s = stage();
    for (text, want) in [
        ("  a   b  %ci  c  ", "  a   b  127.0.0.1  c  "),
        ("%CC|%s|%[hdr(zz)]|%{+Q}[hdr(zz)]|%{+Q}CC", "|<NOSRV>|||\"\""),
        ("%[bin(0109)]", "%01\t"),
        ("%[str(\"a\\r\\nb%\")]", "a%0D%0Ab%"),
        ("%[bin(7fc3a9)]", "%7F\u{e9}"),
        ("%{+E}[hdr(c)]", "\\\"q\\\"\\]\\\\"),
        ("%{+Q}[hdr(host)]", "h"),
        ("%{+Q}o %[hdr(host)] %{-Q}[hdr(host)]", " h h"),
    ] {
        assert_eq!(s.http(text).as_deref(), Ok(want), "{text}");
    }
}

#[test]
fn encodings() {
    let mut s = stage();
    check(
        &mut s,
        &[
            (
                "%{+json}o %(request)r %(st)ST %(none)[hdr(zz)] %(b)[bool(true)] %(s:str)[int(5)] %(n:sint)[str(7x)] unnamed %ci",
                "{\"request\": \"GET /a#22?x=%41 HTTP/1.1\", \"st\": 200, \"none\": \"\", \"b\": true, \"s\": \"5\", \"n\": 7}",
            ),
            (
                "%{+json}o %(r:raw)[str(a)] %(n:raw)[int(5)] %(hrl)hrl %(hs)hs %(cc)CC",
                "{\"r\": a, \"n\": 5, \"hrl\": null, \"hs\": null, \"cc\": \"\"}",
            ),
            ("x=%{+json}[hdr(c)] %{+json}ST", "x=\"\\\"q\\\"]\\\\\" 200"),
            ("%{+cbor}o %(a)ST %(b)[hdr(host)]", "BF616118C861626168FF"),
            // Escapes are parts of their own, of a text whose length is not said.
            (
                "%{+cbor}o %(r)r",
                "BF61727F66474554202F61632332326F3F783D25343120485454502F312E31FFFF",
            ),
            // Types are for numbers and samples; CBOR has no use for a number in letters.
            ("%{+cbor}o %(n:str)ST %(b:bool)ST %(m:sint)HM", "BF616E18C86162F5616D7F63474554FFFF"),
            (
                "%{+json}o %(m:sint)HM %(i:sint)[src] %(x:bool)[src] %(n:str)ST",
                "{\"m\": \"GET\", \"i\": 2130706433, \"x\": \"\", \"n\": \"200\"}",
            ),
            ("%{+cbor}[hdr(c),base64,b64dec]", "5F452271225D5CFF"),
            ("%(name)ci", "127.0.0.1"),
            ("%(:bool)[int(3)]", "3"),
        ],
    );
}

#[test]
fn mistakes_are_told_in_haproxys_words() {
    let mut s = Stage::default();
    for (text, want) in [
        ("%[foo]", "failed to parse sample expression <foo]> : unknown fetch method 'foo'"),
        ("%[hdr(a)x]", "expected ']' after 'hdr(a)', but found 'x'"),
        ("%[src", "missing ']' after 'src'"),
        ("%[ src]", "failed to parse sample expression < src]> : missing fetch method"),
        ("%", "truncated line after '%'"),
        ("%r%", "truncated line after '%'"),
        ("%{+Q", "truncated line after '+Q'"),
        (
            "%zz",
            "no such format alias 'zz'. If you wanted to emit the '%' character verbatim, you need to use '%%'",
        ),
        (
            "%cifoo",
            "no such format alias 'cifoo'. If you wanted to emit the '%' character verbatim, you need to use '%%'",
        ),
        ("%{+Q} x", "parse argument modifier without alias name near '%{+Q}'"),
        (
            "50% off",
            "unexpected alias name near ' ' at position 4 line : '50% off'. Maybe you want to write a single '%', use the syntax '%%'",
        ),
        (
            "%(a:x)ci",
            "unexpected output type 'x' at position 6 line : '%(a:x)ci'. Supported types are: str, sint, bool, raw",
        ),
    ] {
        assert_eq!(s.log(text), Err(want.to_owned()), "{text}");
    }
}

#[test]
fn defaults_compile_and_constants_are_known() {
    let mut s = stage();
    for text in [TCP, TCP_CLF, HTTP, HTTP_CLF, HTTPS] {
        let line = s.log(text).expect(text);
        assert!(line.contains("127.0.0.1"), "{line}");
    }
    assert!(s.log(HTTP).expect("http").ends_with("0/0 \"GET /a#22?x=%41 HTTP/1.1\""));
    for (text, want) in [
        ("abc", Some("abc")),
        ("", Some("")),
        ("a%%", Some("a%")),
        ("%ci", None),
        ("a%[src]", None),
    ] {
        let f = s
            .compile(|cx| LogFormat::compile_http(text.as_bytes(), Span::default(), cx))
            .expect(text);
        assert_eq!(f.as_const(), want.map(str::as_bytes), "{text}");
    }
    let f = s
        .compile(|cx| LogFormat::compile(b"%ci %[res.hdr(a)]", Span::default(), cx))
        .expect("format");
    assert_eq!(f.http_alias(), None);
    assert!(f.misplaced(Needs::FE_HRQ_H).is_some());
    assert!(f.misplaced(Needs::BE_HRS_H).is_none());
}

#[test]
fn encodings_do_not_reach_the_head_of_a_message() {
    let mut s = stage();
    for (text, want) in [
        ("%{+json}o %(i)[int(10)] %(a)[str(x)]", " 10 x"),
        ("%{+cbor,+bin}o%(a)[str(0123456789)]", "0123456789"),
        ("%{+bin}o%[bin(0d0a41)]", "%0D%0AA"),
    ] {
        let f = s
            .compile(|cx| LogFormat::compile_http(text.as_bytes(), Span::default(), cx))
            .expect(text);
        let mut out = Vec::new();
        f.write(&s.env(), &mut out);
        assert_eq!(String::from_utf8_lossy(&out), want, "{text}");
    }
}
