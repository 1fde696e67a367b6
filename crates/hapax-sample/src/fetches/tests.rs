use std::collections::{BTreeMap, BTreeSet};

use hapax_diag::Severity;
use hapax_proto::http::Head;
use hapax_value::Support;

use crate::still::Stage;
use crate::{Absent, ArgKind, Fetch, Needs, StreamFacts, registry};

/// Every fetch of HAProxy 3.5: name, arguments, type, and a bit per column of its matrix of places.
const FACTS: &str = include_str!("tests/facts.txt");

struct Fact {
    args: String,
    out: String,
    needs: u32,
}

fn facts() -> BTreeMap<&'static str, Fact> {
    FACTS
        .lines()
        .map(|line| {
            let parts: Vec<&str> = line.split(' ').collect();
            let fact = Fact {
                args: parts[1].to_owned(),
                out: parts[2].to_owned(),
                needs: u32::from_str_radix(parts[3], 16).expect("mask"),
            };
            (parts[0], fact)
        })
        .collect()
}

/// The arguments in the words of the list; those that a row types more narrowly count as what the list calls them.
fn written(row: &Fetch) -> String {
    let kind = |k: &ArgKind| match k {
        ArgKind::Sint => "integer",
        ArgKind::Ipv4 => "IPv4_address",
        ArgKind::Ipv6 => "IPv6_address",
        ArgKind::Frontend => "frontend",
        ArgKind::Backend => "backend",
        ArgKind::Table => "table",
        ArgKind::Server => "server",
        ArgKind::Userlist => "user_list",
        _ => "string",
    };
    let mut out = String::new();
    for (i, k) in row.args.iter().enumerate() {
        if i == row.required {
            out.push('[');
        }
        if i > 0 {
            out.push(',');
        }
        out.push_str(kind(k));
    }
    if out.is_empty() {
        return "-".to_owned();
    }
    if row.args.len() > row.required {
        out.push(']');
    }
    out
}

#[test]
fn rows_are_those_of_haproxy() {
    let facts = facts();
    let rows: Vec<&Fetch> = registry::all_fetches().collect();
    let names: BTreeSet<&str> = rows.iter().map(|r| r.name).collect();
    assert_eq!(names.len(), rows.len(), "a name has two rows");
    let missing: Vec<_> = facts.keys().filter(|n| !names.contains(*n)).collect();
    let extra: Vec<_> = names.iter().filter(|n| !facts.contains_key(*n)).collect();
    assert!(missing.is_empty() && extra.is_empty(), "missing {missing:?}, extra {extra:?}");
}

#[test]
fn rows_have_the_arguments_types_and_places_of_haproxy() {
    let facts = facts();
    let mut wrong = Vec::new();
    for row in registry::all_fetches() {
        let Some(fact) = facts.get(row.name) else { continue };
        if written(row) != fact.args {
            wrong.push(format!("{}: arguments {} for {}", row.name, written(row), fact.args));
        }
        if row.out.name() != fact.out {
            wrong.push(format!("{}: type {} for {}", row.name, row.out.name(), fact.out));
        }
        if row.needs.bits() != fact.needs {
            wrong.push(format!("{}: places {:x} for {:x}", row.name, row.needs.bits(), fact.needs));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rows_say_what_they_do() {
    for row in registry::all_fetches() {
        assert!(row.doc.ends_with('.') && row.doc.len() > 4, "{}: {}", row.name, row.doc);
        assert!(row.required <= row.args.len(), "{}", row.name);
    }
}

#[test]
fn cases_of_rows_compile_or_not() {
    for row in registry::all_fetches() {
        let mut stage = Stage::default();
        if row.required == 0 {
            assert!(stage.expr(row.name).is_ok(), "{}", row.name);
        }
        let told = stage.diags.worst().is_some_and(|w| w >= Severity::Note);
        if row.required == 0 {
            assert_eq!(told, row.support != Support::Full, "{}: {:?}", row.name, stage.diags);
        }
        for text in row.ok {
            if let Err(d) = stage.expr(text) {
                panic!("{text}: {}", d.message);
            }
        }
        for text in row.bad {
            assert!(stage.expr(text).is_err(), "{text} compiled");
        }
    }
}

#[test]
fn no_row_panics_where_there_is_nothing() {
    let args = |row: &Fetch| -> String {
        let one = |k: &ArgKind| match k {
            ArgKind::Sint | ArgKind::Size | ArgKind::Time => "4",
            ArgKind::Ipv4 | ArgKind::Mask4 => "1.2.3.4",
            ArgKind::Ipv6 | ArgKind::Mask6 => "::1",
            ArgKind::Var => "txn.a",
            ArgKind::Choice(words) => words[0],
            _ => "a0",
        };
        row.args[..row.required].iter().map(one).collect::<Vec<_>>().join(",")
    };
    for row in registry::all_fetches() {
        let text = match row.required {
            0 => row.name.to_owned(),
            _ => format!("{}({})", row.name, args(row)),
        };
        let mut stage = Stage::default();
        let Ok(expr) = stage.expr(&text) else { continue };
        let env = stage.env();
        let value = expr.eval(&env);
        if let (Ok(v), true) = (&value, row.out != hapax_value::Type::Any) {
            let fits = v.kind() == row.out || row.out == hapax_value::Type::Addr;
            assert!(fits, "{text} gave {v:?}");
        }
    }
}

/// What HAProxy gave for the same request.
fn request() -> Stage {
    Stage::request(
        "GET",
        "http://abs.example:81/a/b.php;x?q=1&r=2&Q=3&e=",
        &[
            ("Host", "abs.example:81"),
            ("A", "10.1.2.3, ::1 ,foo,  \"x,y\" ,"),
            ("A", "second"),
            ("E", ""),
            ("V", "5, 7"),
            ("Cookie", "c=1; d=2; c=3"),
            ("Cookie", "e=\"q\"; c=4"),
            ("X-Forwarded-For", "1.2.3.4, [::1]:80, 5.6.7.8:99"),
        ],
    )
}

fn check(stage: &mut Stage, cases: &[(&str, &str)]) {
    for (text, want) in cases {
        let got = stage.eval(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(got.as_deref(), Ok(*want), "{text}");
    }
}

fn check_absent(stage: &mut Stage, cases: &[&str]) {
    for text in cases {
        let got = stage.eval(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(got, Err(Absent::Never), "{text}");
    }
}

#[test]
fn start_line() {
    check(
        &mut request(),
        &[
            ("method", "GET"),
            ("path", "/a/b.php;x"),
            ("pathq", "/a/b.php;x?q=1&r=2&Q=3&e="),
            ("query", "q=1&r=2&Q=3&e="),
            ("query(with_qm)", "?q=1&r=2&Q=3&e="),
            ("url", "http://abs.example:81/a/b.php;x?q=1&r=2&Q=3&e="),
            ("base", "abs.example:81/a/b.php;x"),
            ("baseq", "abs.example:81/a/b.php;x?q=1&r=2&Q=3&e="),
            ("base32", "3525664895"),
            ("base32+src,hex", "D225607F7F000001"),
            ("url32", "2816281584"),
            ("url32+src,hex", "A7DD0BF07F000001"),
            ("req.ver", "1.1"),
            ("req.proto_http", "1"),
            ("capture.req.uri", "/a/b.php;x?q=1&r=2&Q=3&e="),
            ("capture.req.method", "GET"),
            ("capture.req.ver", "HTTP/1.1"),
            ("http_first_req", "1"),
        ],
    );
    check_absent(&mut request(), &["url_ip", "url_port", "unique-id", "status"]);
    let mut star = Stage::request("OPTIONS", "*", &[("Host", "h:80")]);
    check(
        &mut star,
        &[("base", "h:80"), ("baseq", "h:80"), ("base32", "2480158560"), ("url", "*")],
    );
    check_absent(&mut star, &["path", "pathq", "query", "capture.req.uri"]);
    let mut old = Stage::request("GET", "/p;a=1;b=2?c=3;d=4&d=5&f&g=", &[]);
    check(&mut old, &[("base", "/p;a=1;b=2"), ("url32", "2103424127")]);
    let mut ip = Stage::request("GET", "https://u@1.2.3.4/x?/", &[]);
    check(&mut ip, &[("url_ip", "1.2.3.4"), ("url_port", "443"), ("path", "/x")]);
}

#[test]
fn fields() {
    check(
        &mut request(),
        &[
            ("hdr(a)", "second"),
            ("hdr(a,1)", "10.1.2.3"),
            ("hdr(a,2)", "::1"),
            ("hdr(a,3)", "foo"),
            ("hdr(a,4)", "\"x,y\""),
            ("hdr(a,5)", ""),
            ("hdr(a,6)", "second"),
            ("hdr(a,-1)", "second"),
            ("hdr(a,-2)", ""),
            ("hdr(a,-6)", "10.1.2.3"),
            ("hdr(a,0)", "second"),
            ("hdr(A,)", "second"),
            ("hdr_cnt(a)", "6"),
            ("req.fhdr_cnt(a)", "2"),
            ("req.fhdr(a)", "second"),
            ("req.fhdr(a,1)", "10.1.2.3, ::1 ,foo,  \"x,y\" ,"),
            ("hdr(e)", ""),
            ("hdr_cnt(e)", "1"),
            ("hdr_cnt", "15"),
            ("req.fhdr_cnt", "8"),
            ("hdr_val(v)", "7"),
            ("hdr_val(v,1)", "5"),
            ("hdr_val(host)", "0"),
            ("hdr_ip(a,1)", "10.1.2.3"),
            ("hdr_ip(a,2)", "::1"),
            ("hdr_ip(x-forwarded-for,1)", "1.2.3.4"),
            ("hdr_ip(x-forwarded-for,3)", "5.6.7.8"),
            ("req.hdr_names", "host,a,a,e,v,cookie,cookie,x-forwarded-for"),
            ("req.hdr_names(|)", "host|a|a|e|v|cookie|cookie|x-forwarded-for"),
            ("hdr_cnt(nosuch)", "0"),
            // An empty name is any field's.
            ("hdr()", "5.6.7.8:99"),
        ],
    );
    check_absent(
        &mut request(),
        &[
            "hdr(nosuch)",
            "hdr(a,7)",
            "hdr(a,-7)",
            "hdr_ip(a)",
            "hdr_ip(x-forwarded-for,2)",
            "hdr",
            "req.fhdr",
            "hdr_val",
            "shdr(a)",
        ],
    );
    let mut small = Stage::request("GET", "/", &[("Host", "h"), ("E", "")]);
    check(
        &mut small,
        &[
            ("req.hdrs", "host: h\r\ne: \r\n\r\n"),
            ("req.hdrs_bin,hex", "04686F737401680165000000"),
        ],
    );
}

#[test]
fn cookies() {
    check(
        &mut request(),
        &[
            ("cook(c)", "4"),
            ("cook", "1"),
            ("cook_cnt(c)", "3"),
            ("cook_cnt", "5"),
            ("cook(e)", "\"q\""),
            ("cook_val(d)", "2"),
            ("req.cook_names", "c,d,c,e,c"),
        ],
    );
    check_absent(&mut request(), &["cook(C)", "cook(zz)"]);
    let fields = [("Cookie", "c=1,2; d = 5 ; e; f=a=b;g=\"x;y\""), ("Cookie", "")];
    let mut odd = Stage::request("GET", "/", &fields);
    check(
        &mut odd,
        &[
            ("cook(c)", "1"),
            ("cook(d)", "5"),
            ("cook(f)", "a=b"),
            ("cook(g)", "\"x;y\""),
            ("cook_cnt", "4"),
        ],
    );
    check_absent(&mut odd, &["cook(e)"]);
    let mut answer = Stage::default();
    let mut head = Head::default();
    head.status = 200;
    head.add(b"set-cookie", b"a=1; Path=/; x=2");
    head.add(b"set-cookie", b"b=2");
    answer.res = Some(head);
    check(
        &mut answer,
        &[
            ("scook(a)", "1"),
            ("scook_cnt", "2"),
            ("res.cook_names", "a,b"),
            ("cookie(b)", "2"),
            ("status", "200"),
        ],
    );
    check_absent(&mut answer, &["scook(x)", "cook(a)"]);
}

#[test]
fn parameters() {
    check(
        &mut request(),
        &[
            ("urlp(q)", "1"),
            ("urlp(Q)", "3"),
            ("urlp(Q,?)", "3"),
            ("urlp", "1"),
            ("urlp(e)", ""),
            ("urlp_val(r)", "2"),
            ("urlp(R,,i)", "2"),
        ],
    );
    check_absent(&mut request(), &["urlp(zz)"]);
    let mut odd = Stage::request("GET", "/p;a=1;b=2?c=3;d=4&d=5&f&g=", &[]);
    check(
        &mut odd,
        &[
            ("urlp(a,;)", "1"),
            ("urlp(b,;)", "2?c=3"),
            ("urlp(c)", "3"),
            ("urlp(d)", "4"),
            ("urlp(g)", ""),
            ("urlp()", "3"),
        ],
    );
    check_absent(&mut odd, &["urlp(a)", "urlp(c,;)", "urlp(f)"]);
    let mut form = Stage::request("POST", "/", &[]);
    form.body = b"a=1&B=2".to_vec();
    check(
        &mut form,
        &[
            ("req.body", "a=1&B=2"),
            ("req.body_len", "7"),
            ("req.body_size", "7"),
            ("req.body_param(b,i)", "2"),
            ("req.body_param", "1"),
        ],
    );
    check_absent(&mut form, &["req.body_param(b)"]);
}

#[test]
fn credentials() {
    let mut stage = Stage::request("GET", "/", &[("Authorization", "Basic dXNlcjpwYTpzcw=="), ("X", "Bearer  t ")]);
    check(
        &mut stage,
        &[
            ("http_auth_user", "user"),
            ("http_auth_pass", "pa:ss"),
            ("http_auth_type", "Basic"),
            ("http_auth_bearer(X)", "t"),
        ],
    );
    check_absent(&mut stage, &["http_auth_bearer"]);
    let mut stage = Stage::request("GET", "/", &[("Authorization", "Basic dXNlcjpwYTpzcwB4")]);
    check(&mut stage, &[("http_auth_user", "user"), ("http_auth_pass", "pa:ss")]);
    stage.stream.proxy_auth = true;
    check_absent(&mut stage, &["http_auth_user"]);
    let own = ("Proxy-Authorization", "Basic cHg6cHc=");
    let mut stage = Stage::request("GET", "http://a/", &[("Authorization", "Basic dXNlcjpwYTpzcw=="), own]);
    stage.stream.proxy_auth = true;
    check(&mut stage, &[("http_auth_user", "px"), ("http_auth_pass", "pw")]);
    for (value, scheme) in [
        ("basic dXNlcjpwYXNz", Some("Basic")),
        ("BEARER t", Some("Bearer")),
        ("Basic dXNlcg==", None),
        // A NUL before the colon.
        ("Basic dXMAZXI6cGE6c3M=", None),
        ("Basic !!", None),
        ("Digest a=b", None),
        ("Basic", None),
    ] {
        let mut stage = Stage::request("GET", "/", &[("Authorization", value)]);
        match scheme {
            Some(scheme) => check(&mut stage, &[("http_auth_type", scheme)]),
            None => check_absent(&mut stage, &["http_auth_type"]),
        }
    }
}

#[test]
fn odd_corners() {
    // What begins with a dollar is no cookie; a query may stand without a path; what is not set is 0.
    let mut stage = Stage::request("GET", "http://h?a=2", &[("Host", "h"), ("Cookie", "$Version=1; a=1; $Path=/, b=2")]);
    check(
        &mut stage,
        &[
            ("cook_cnt", "2"),
            ("req.cook_names", "a,b"),
            ("pathq", "?a=2"),
            ("path", ""),
            ("fe_tarpit_timeout", "0"),
            ("cur_tarpit_timeout", "0"),
        ],
    );
    let host = Stage::request("GET", "http://h", &[("Host", "h")]).eval("url32");
    assert_eq!(stage.eval("url32"), host);
    // What outlives the request is cut; integers of fields are read in full, where HAProxy wraps them at 32 bits.
    let long = "z".repeat(2000);
    let mut stage = Stage::request("GET", "/", &[("X", "3000000000")]);
    stage.stream.request_line = format!("GET /{long} HTTP/1.1").into_bytes();
    stage.stream.request_line.truncate(StreamFacts::LINE_KEPT);
    check(
        &mut stage,
        &[
            ("capture.req.uri,length", "1019"),
            ("capture.req.ver", "HTTP/1.1"),
            ("hdr_val(x)", "-1294967296"),
            ("req.len", "44"),
        ],
    );
}

#[test]
fn connection_and_process() {
    let mut stage = request();
    check(
        &mut stage,
        &[
            ("src", "127.0.0.1"),
            ("src_port", "40000"),
            ("dst", "127.0.0.2"),
            ("dst_port", "8080"),
            ("src_is_local", "1"),
            ("fe_name", "fe"),
            // The frontend's own settings hold until a backend is chosen.
            ("be_name", "fe"),
            ("fe_id", "1"),
            ("so_id", "1"),
            ("so_name", "lsn"),
            ("fc_http_major", "1"),
            ("fc_rcvd_proxy", "0"),
            ("fc_err_str", "Success"),
            ("ssl_fc", "0"),
            ("ssl_fc_is_resumed", "0"),
            ("ssl_fc_has_sni", "0"),
            ("date", "1795427035"),
            ("date(-35)", "1795427000"),
            ("date(0,ms)", "1795427035036"),
            ("date_us", "36000"),
            ("accept_date(us)", "1795427035036000"),
            ("rand(1)", "0"),
            ("rand(100)", "0"),
            ("uuid", "01234567-89ab-4def-8123-456789abcdef"),
            ("nbproc", "1"),
            ("prio_class", "0"),
            ("wait_end", "1"),
        ],
    );
    check_absent(
        &mut stage,
        &[
            "ssl_fc_sni",
            "ssl_fc_has_crt",
            "ssl_c_used",
            "bc_dst",
            "bc_err",
            "env(NOSUCH)",
            "res.len",
        ],
    );
    // A connection that no stream came of.
    stage.stream.begun = false;
    check_absent(
        &mut stage,
        &[
            "be_name",
            "be_id",
            "bytes_in",
            "res.bytes_out",
            "txn.status",
            "txn.sess_term_state",
            "txn.conn_retries",
            "fc_http_major",
            "fc_glitches",
            "http_first_req",
            "fs.id",
            "cur_client_timeout",
            "bc_reused",
            "prio_class",
        ],
    );
}

#[test]
fn bytes_that_are_still_coming() {
    let mut stage = Stage {
        payload: Some((b"\x16\x03\x01\x00".to_vec(), false)),
        no_more: false,
        ..Stage::default()
    };
    for text in ["req.ssl_hello_type", "req.ssl_sni", "payload(2,9)", "wait_end", "payload_lv(0,4)"] {
        assert_eq!(stage.eval(text), Ok(Err(Absent::NotYet)), "{text}");
    }
    // No request begins like that; others may.
    for (bytes, want) in [
        (&b"\x16\x03\x01\x00"[..], Absent::Never),
        (b"SSH-2.0-x\r\n", Absent::Never),
        (b"GET /x\r\n", Absent::Never),
        (b" GET", Absent::Never),
        (b"", Absent::NotYet),
        (b"\r\nGE", Absent::NotYet),
        (b"GET /x HTT", Absent::NotYet),
        (b"M-SEARCH * HTTP/1.1\r\nHost:", Absent::NotYet),
    ] {
        let mut stage = Stage {
            payload: Some((bytes.to_vec(), false)),
            no_more: false,
            ..Stage::default()
        };
        for text in ["method", "hdr(a)", "req.proto_http"] {
            assert_eq!(stage.eval(text), Ok(Err(want)), "{text} of {bytes:?}");
        }
    }
    check(
        &mut stage,
        &[("req.len", "4"), ("payload(1,2),hex", "0301"), ("rdp_cookie_cnt", "0")],
    );
    stage.payload = Some((b"\x16\x03\x01\x00".to_vec(), true));
    check_absent(&mut stage, &["req.ssl_hello_type", "payload(2,9)", "method"]);
}

#[test]
fn payloads() {
    let mut stage = Stage {
        payload: Some((b"\x00\x03abcdef\x02XY".to_vec(), true)),
        ..Stage::default()
    };
    check(
        &mut stage,
        &[
            ("payload_lv(0,2)", "abc"),
            ("payload_lv(0,2,3)", "bcd"),
            ("payload_lv(0,2,+1)", "bcd"),
            ("payload_lv(8,1)", "XY"),
            ("payload_lv(8,1,-5)", "cd"),
            ("payload(5,0)", "def\u{2}XY"),
        ],
    );
    check_absent(&mut stage, &["payload_lv(0,1)", "payload(20,1)"]);
    let mut rdp = b"\x03\x00\x00\x2a\x25\xe0\x00\x00\x00\x00\x00Cookie: mstshash=user1\r\n".to_vec();
    rdp.push(0);
    let mut stage = Stage {
        payload: Some((rdp, true)),
        ..Stage::default()
    };
    check(
        &mut stage,
        &[
            ("rdp_cookie", "user1"),
            ("rdp_cookie(MSTShash)", "user1"),
            ("rdp_cookie_cnt(x)", "0"),
        ],
    );
}

#[test]
fn places_are_named_as_haproxy_names_them() {
    let mut stage = Stage::default();
    let expr = stage.expr("res.hdr(a)").expect("res.hdr(a)");
    let why = expr.misplaced(Needs::FE_HRQ_H).expect("misplaced");
    assert!(why.contains("'HTTP response headers' which is not available here"), "{why}");
    assert_eq!(expr.misplaced(Needs::BE_HRS_H), None);
}
