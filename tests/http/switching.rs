//! Which backend rules may choose, and how much they may write into a head.

use hapax_tests::{Builder, Origin, Program};

use crate::{TIMEOUTS, before};

#[test]
fn backends_that_are_not_offered_are_passed_over() {
    let template = format!(
        "{TIMEOUTS}frontend f\n  bind @f@\n  force-be-switch if {{ hdr(x-force) 1 }}\n  use_backend %[hdr(x-to)] if {{ hdr(x-to) -m found }}\n  \
         use_backend first\n  use_backend second\n  default_backend last\n\
         backend hidden\n  be-unpublished\n  http-request return status 200 content-type text/plain string hidden\n\
         backend off\n  disabled\n  http-request return status 200 content-type text/plain string off\n\
         backend first\n  http-request return status 200 content-type text/plain string first\n\
         backend second\n  http-request return status 200 content-type text/plain string second\n\
         backend last\n  http-request return status 200 content-type text/plain string last\n"
    );
    let p = Builder::new(Program::Hapax, &template).start();
    let goes = |headers: &str| p.connect("f").get_with("/", headers).text();
    assert_eq!(goes(""), "first");
    for (to, open, forced) in [("hidden", "first", "hidden"), ("off", "first", "off"), ("nowhere", "last", "last")] {
        assert_eq!(goes(&format!("X-To: {to}\r\n")), open, "{to}");
        assert_eq!(goes(&format!("X-To: {to}\r\nX-Force: 1\r\n")), forced, "{to}");
    }
}

#[test]
fn an_edit_beyond_the_room_for_rewrites_fails_the_message() {
    let origin = Origin::saying("ok");
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "global\n  tune.bufsize 2048\n  tune.maxrewrite 128\n{TIMEOUTS}  option http-buffer-request\n\
             frontend f\n  bind @f@\n  http-request strict-mode off if {{ path /lenient }}\n  \
             http-request set-header x-one %[str({x})]\n  http-request set-header x-two %[str({x})] if !{{ path /one }}\n  \
             default_backend b\nbackend b\n  server s @s@\n",
            x = "x".repeat(60)
        ),
    )
    .set("s", &origin.addr())
    .start();
    let full = |path: &str| {
        let mut c = p.connect("f");
        c.send(format!(
            "POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: 2000\r\n\r\n{}",
            "b".repeat(2000)
        ));
        c.answer().status
    };
    assert_eq!((full("/one"), full("/two"), full("/lenient")), (200, 500, 200));
    let seen = origin.requests();
    assert!(seen[1].header("x-one").is_some() && seen[1].header("x-two").is_none());
    // Without a body there is room.
    assert_eq!(p.connect("f").get("/two").status, 200);
}

#[test]
fn forwardfor_is_added_where_one_side_insists() {
    let origin = Origin::saying("ok");
    for (front, back, count) in [(" if-none", " if-none", 1), ("", " if-none", 2), (" if-none", "", 2)] {
        let option = |w: &str| format!("  option forwardfor{w}\n");
        let p = before(&origin, &option(front), &option(back));
        p.connect("f").get_with("/", "X-Forwarded-For: 192.0.2.1\r\n");
        let seen = origin.requests();
        assert_eq!(seen.last().map(|r| r.all("x-forwarded-for").len()), Some(count), "{front}/{back}");
    }
}
