use super::super::tests::{NOW, shared};
use super::*;

fn conf() -> StatsUri {
    StatsUri {
        uri: Arc::from(&b"/stats"[..]),
        refresh: Some(5),
        auth: vec!["admin:secret".into(), "u:p".into()],
        hide_version: true,
        ..StatsUri::default()
    }
}

fn ask<'a>(method: &'a [u8], uri: &'a [u8], body: &'a [u8], admin: bool) -> Ask<'a> {
    Ask {
        method,
        uri,
        authorization: Some(b"Basic YWRtaW46c2VjcmV0"),
        body,
        admin,
        own: ProxyId(0),
        now_ms: NOW,
        version: "9.9",
    }
}

fn field<'r>(r: &'r Reply, name: &str) -> Option<&'r str> {
    let f = r.fields.iter().find(|f| f.0 == name.as_bytes())?;
    std::str::from_utf8(&f.1).ok()
}

#[test]
fn only_users_get_in() {
    let (shared, conf) = (shared(), conf());
    let cases: &[(Option<&[u8]>, u16)] = &[
        (Some(b"Basic YWRtaW46c2VjcmV0"), 200),
        (Some(b"basic dTpw"), 200),
        (Some(b"Basic YWRtaW46c2VjcmV1"), 401),
        (Some(b"Basic %%%"), 401),
        (Some(b"Bearer YWRtaW46c2VjcmV0"), 401),
        (Some(b"x"), 401),
        (None, 401),
    ];
    for (authorization, status) in cases {
        let r = answer(
            &shared,
            &conf,
            &Ask {
                authorization: *authorization,
                ..ask(b"GET", b"/stats", b"", false)
            },
        );
        assert_eq!(r.status, *status, "{authorization:?}");
        let challenge = (r.status == 401).then_some("Basic realm=\"HAProxy Statistics\"");
        assert_eq!(field(&r, "www-authenticate"), challenge);
    }
}

#[test]
fn forms_of_the_page() {
    let (shared, conf) = (shared(), conf());
    let cases: &[(&str, &str, &str, Option<&str>)] = &[
        ("/stats", "text/html", "<!DOCTYPE html>", Some("5")),
        ("/stats;norefresh", "text/html", "<!DOCTYPE html>", None),
        ("/stats;up?scope=zz", "text/html", "<!DOCTYPE html>", Some("5")),
        ("/stats;csv", "text/plain", "# pxname,", Some("5")),
        ("/stats;csv;norefresh", "text/plain", "# pxname,", None),
        ("/stats?;csv;norefresh", "text/plain", "# pxname,", None),
        ("/stats;json", "application/json", "[[{", Some("5")),
    ];
    for (uri, kind, start, refresh) in cases {
        let r = answer(&shared, &conf, &ask(b"GET", uri.as_bytes(), b"", false));
        assert_eq!((r.status, field(&r, "content-type")), (200, Some(*kind)), "{uri}");
        assert!(r.body.starts_with(start.as_bytes()), "{uri}");
        assert_eq!(
            (field(&r, "refresh"), field(&r, "cache-control")),
            (*refresh, Some("no-cache")),
            "{uri}"
        );
    }
}

#[test]
fn the_page_escapes_and_hides() {
    let (shared, conf) = (shared(), conf());
    let text = |uri: &str, admin| {
        let r = answer(&shared, &conf, &ask(b"GET", uri.as_bytes(), b"", admin));
        String::from_utf8_lossy(&r.body).into_owned()
    };
    let page = text("/stats", false);
    assert!(page.contains("b,&quot;x&quot;") && !page.contains("b,\"x\""));
    assert!(!page.contains("9.9") && !page.contains("<form"));
    assert!(text("/stats", true).contains("<form method=\"post\" action=\"/stats\">"));
    assert!(!text("/stats?scope=zz", false).contains("<table>"));
    for (uri, rows) in [("/stats;csv", 5), ("/stats?;csv;scope=B", 4), ("/stats;csv?scope=zz", 1)] {
        assert_eq!(text(uri, false).lines().filter(|l| !l.is_empty()).count(), rows, "{uri}");
    }
    assert!(text("/stats;st=DONE", false).contains("Action processed."));
}

#[test]
fn buttons_act_for_administrators() {
    let (shared, conf) = (shared(), conf());
    let server = |i| shared.server(ProxyId(1), ServerId(i));
    let cases: &[(&str, bool, &str, bool)] = &[
        ("s=s1&action=maint&b=%233", false, "DENY", true),
        ("s=s1&action=maint&b=%233", true, "DONE", false),
        ("s=s1&s=zz&action=ready&b=%233", true, "PART", true),
        ("s=zz&action=ready&b=%233", true, "NONE", true),
        ("nothing of a form", true, "NONE", true),
        ("s=s1&action=fly&b=%233", true, "ERRP", true),
        ("s=s1&action=drain&b=nobody", true, "ERRP", true),
        ("s=s1&action=hdown&b=b%2C%22x%22", true, "DONE", false),
    ];
    for (body, admin, outcome, up) in cases {
        let r = answer(&shared, &conf, &ask(b"POST", b"/stats", body.as_bytes(), *admin));
        assert_eq!(
            (r.status, field(&r, "location")),
            (303, Some(&*format!("/stats;st={outcome}"))),
            "{body}"
        );
        assert_eq!(server(0).is_up(), *up, "{body}");
    }
    assert!(server(1).is_up(), "the others are left alone");
}
