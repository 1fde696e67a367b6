//! Certificates, authorities and crt-lists that change while the process runs, over the runtime API.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use hapax_tests::tls::{Authority, Identity, TlsClient, der, tls_origin};
use hapax_tests::{Builder, Origin, Program, Proxy, wait};

const HEAD: &str = "global\n  stats socket @dir@/stats.sock mode 600 level admin\n  crt-base @dir@\ndefaults\n  mode http\n  timeout connect 2s\n  timeout client 10s\n  timeout server 10s\n";

/// `set ssl cert` and its kin, with a payload.
fn set(p: &Proxy, what: &str, name: &str, text: &str) -> String {
    p.cli(&format!("{what} {} <<END\n{text}END", path(p, name)))
}

fn on(p: &Proxy, what: &str, name: &str) -> String {
    p.cli(&format!("{what} {}", path(p, name)))
}

fn path(p: &Proxy, name: &str) -> String {
    p.dir().join(name).display().to_string()
}

fn replace(p: &Proxy, name: &str, with: &Identity) {
    let told = set(p, "set ssl cert", name, &with.both());
    assert!(told.contains("Transaction created for certificate"), "{told}");
    let told = on(p, "commit ssl cert", name);
    assert!(told.contains("Committing") && told.contains("Success!"), "{told}");
}

/// A proxy that shows `identity`, from `c.pem`.
fn listening(identity: &Identity, origin: &Origin) -> Proxy {
    let text = format!("{HEAD}listen l\n  bind @l@ ssl crt @dir@/c.pem\n  server s @s@\n");
    let builder = Builder::new(Program::Hapax, &text).file("c.pem", &identity.both());
    builder.set("s", &origin.addr()).start()
}

/// The certificate that a new client is shown.
fn served(p: &Proxy, ca: &Authority) -> Vec<u8> {
    let c = TlsClient::connect(p.port("l"), "one.test", &ca.client(&[], None)).unwrap();
    c.server_certificate()
}

/// Whatever a test comes to, those who load the proxy end.
struct Stopping<'a>(&'a AtomicBool);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_certificate_is_replaced_under_load_without_a_failed_handshake() {
    let ca = Authority::new();
    let (old, new) = (ca.issue(&["one.test"]), ca.issue(&["one.test"]));
    let origin = Origin::saying("ok");
    let p = listening(&old, &origin);
    let config = ca.client(&[], None);
    let mut lasting = TlsClient::connect(p.port("l"), "one.test", &config).unwrap();
    assert_eq!(lasting.get("/").text(), "ok");
    let (stop, shaken, failed) = (AtomicBool::new(false), AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|threads| {
        let _stopping = Stopping(&stop);
        for _ in 0..2 {
            threads.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let got = TlsClient::connect(p.port("l"), "one.test", &ca.client(&[], None)).and_then(|mut c| c.try_get("/"));
                    if let Err(e) = got {
                        failed.lock().unwrap().push(e.to_string());
                        return;
                    }
                    shaken.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for version in [&new, &old, &new, &old, &new] {
            let before = shaken.load(Ordering::Relaxed);
            replace(&p, "c.pem", version);
            let c = TlsClient::connect(p.port("l"), "one.test", &ca.client(&[], None)).unwrap();
            assert_eq!(c.server_certificate(), der(&version.cert));
            wait::until_true("handshakes go on", || {
                shaken.load(Ordering::Relaxed) > before + 2 || !failed.lock().unwrap().is_empty()
            });
        }
    });
    assert_eq!(failed.into_inner().unwrap(), Vec::<String>::new());
    // Who was there before goes on as before.
    assert_eq!(lasting.get("/").text(), "ok");
    assert_eq!(lasting.server_certificate(), der(&old.cert));
}

#[test]
fn what_is_prepared_counts_only_once_it_is_committed() {
    let ca = Authority::new();
    let (old, new) = (ca.issue(&["one.test"]), ca.issue(&["one.test"]));
    let origin = Origin::saying("ok");
    let p = listening(&old, &origin);
    let shown = || served(&p, &ca);
    set(&p, "set ssl cert", "c.pem", &new.both());
    let list = p.cli("show ssl cert");
    assert!(
        list.starts_with(&format!("# transaction\n*{}\n# filename\n", path(&p, "c.pem"))),
        "{list}"
    );
    assert!(
        p.cli(&format!("show ssl cert *{}", path(&p, "c.pem")))
            .contains("Status: Uncommitted\n")
    );
    assert_eq!(shown(), der(&old.cert));
    // One thing at a time.
    p.cli("new ssl cert other.pem");
    let told = p.cli(&format!("set ssl cert other.pem <<END\n{}END", new.both()));
    assert!(told.starts_with("The ongoing transaction is about '"), "{told}");
    assert!(on(&p, "abort ssl cert", "c.pem").starts_with("Transaction aborted for certificate '"));
    assert!(on(&p, "commit ssl cert", "c.pem").starts_with("No ongoing transaction! !\nCan't commit "));
    assert_eq!(shown(), der(&old.cert));
}

#[test]
fn what_cannot_be_used_is_refused_and_changes_nothing() {
    let ca = Authority::new();
    let (old, new) = (ca.issue(&["one.test"]), ca.issue(&["one.test"]));
    let origin = Origin::saying("ok");
    let p = listening(&old, &origin);
    let shown = || served(&p, &ca);
    let told = set(&p, "set ssl cert", "c.pem", "no certificate\n");
    assert!(
        told.contains("unable to load certificate") && told.contains("Can't load the payload\nCan't update "),
        "{told}"
    );
    let told = set(&p, "set ssl cert", "c.pem", &new.cert);
    assert!(told.starts_with("Transaction created"), "{told}");
    let told = on(&p, "commit ssl cert", "c.pem");
    assert!(
        told.contains("inconsistencies between private key and certificate loaded '"),
        "{told}"
    );
    assert!(told.contains("Can't commit "), "{told}");
    assert_eq!(shown(), der(&old.cert));
    // What is kept without an effect says so.
    assert!(set(&p, "set ssl cert", "c.pem.ocsp", "AAECAwQ=\n").contains("not sent to clients"));
    // The change is still there, and the key makes it good.
    let told = set(&p, "set ssl cert", "c.pem.key", &new.key);
    assert!(told.starts_with("Transaction updated"), "{told}");
    assert!(on(&p, "commit ssl cert", "c.pem").contains("Success!"));
    assert_eq!(shown(), der(&new.cert));
    let dumped = on(&p, "dump ssl cert", "c.pem");
    assert!(dumped.starts_with("-----BEGIN PRIVATE KEY-----\n") && dumped.contains("-----BEGIN CERTIFICATE-----\n"));
    assert!(
        p.cli("set ssl cert unknown.pem <<END\nx\nEND")
            .starts_with("Can't replace a certificate which is not referenced")
    );
    assert!(on(&p, "del ssl cert", "c.pem").contains("in use, can't be deleted!"));
}

#[test]
fn a_new_certificate_comes_and_goes_by_a_list() {
    let ca = Authority::new();
    let (one, two) = (ca.issue(&["one.test"]), ca.issue(&["two.test"]));
    let origin = Origin::saying("ok");
    let p = Builder::new(
        Program::Hapax,
        &format!("{HEAD}listen l\n  bind @l@ ssl strict-sni crt-list @dir@/list\n  server s @s@\n"),
    )
    .file("one.pem", &one.both())
    .file("list", "# certificates\none.pem [alpn http/1.1] *.one.test one.test !no.one.test\n")
    .set("s", &origin.addr())
    .start();
    let any = ca.client(&["http/1.1"], None);
    let connect = |name: &str| TlsClient::connect(p.port("l"), name, &any);
    let first = connect("one.test").unwrap();
    assert_eq!(first.state().alpn_protocol(), Some(&b"http/1.1"[..]));
    assert!(connect("two.test").is_err());
    assert!(connect("no.one.test").is_err(), "a negative name");
    p.cli("new ssl cert two.pem");
    assert!(
        p.cli(&format!("add ssl crt-list {} two.pem", path(&p, "list")))
            .contains("certificate 'two.pem' is empty!")
    );
    p.cli(&format!("set ssl cert two.pem <<END\n{}END", two.both()));
    p.cli("commit ssl cert two.pem");
    assert!(p.cli("show ssl cert two.pem").contains("Status: Unused\n"));
    let told = p.cli(&format!(
        "add ssl crt-list {} <<END\ntwo.pem [alpn http/1.0] two.test\nEND",
        path(&p, "list")
    ));
    assert!(
        told.starts_with("Inserting certificate 'two.pem' in crt-list '") && told.contains("Success!"),
        "{told}"
    );
    assert!(p.cli("show ssl cert two.pem").contains("Status: Used\n"));
    let config = ca.client(&["http/1.0"], None);
    let c = TlsClient::connect(p.port("l"), "two.test", &config).unwrap();
    assert_eq!(c.server_certificate(), der(&two.cert));
    assert_eq!(c.state().alpn_protocol(), Some(&b"http/1.0"[..]));
    let shown = p.cli(&format!("show ssl crt-list -n {}", path(&p, "list")));
    assert!(
        shown.contains("/one.pem:2 [alpn http/1.1] *.one.test one.test !no.one.test\ntwo.pem:3 [alpn http/1.0] two.test\n"),
        "{shown}"
    );
    let names = p.cli("show ssl sni -f l");
    assert!(
        names.contains("\ttwo.test\t-\tecdsa\ttwo.pem\t") && names.contains("\t*.one.test\t!no.one.test \t"),
        "{names}"
    );
    assert!(p.cli("del ssl cert two.pem").contains("in use"));
    assert!(
        p.cli(&format!("del ssl crt-list {} two.pem", path(&p, "list")))
            .starts_with("Entry 'two.pem' deleted in crtlist '")
    );
    assert!(TlsClient::connect(p.port("l"), "two.test", &config).is_err());
    assert!(p.cli("del ssl cert two.pem").starts_with("Certificate 'two.pem' deleted!"));
}

#[test]
fn other_authorities_count_for_clients_and_servers_at_once() {
    let (old, new) = (Authority::new(), Authority::new());
    let ours = old.issue(&["one.test"]);
    let origin = tls_origin(&new.issue(&["origin.test"]));
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{HEAD}listen l\n  bind @l@ ssl crt @dir@/c.pem verify required ca-file @dir@/ca.pem\n  retries 0\n  server s @s@ ssl verify required ca-file @dir@/ca.pem sni str(origin.test)\n"
        ),
    )
    .file("c.pem", &ours.both())
    .file("ca.pem", &old.pem())
    .set("s", &origin.addr())
    .start();
    let status = |with: &Authority| {
        let config = old.client(&[], Some(&with.issue(&["client.test"])));
        let got = TlsClient::connect(p.port("l"), "one.test", &config).and_then(|mut c| c.try_get("/"));
        got.map(|r| r.status).ok()
    };
    assert_eq!((status(&old), status(&new)), (Some(503), None));
    set(&p, "set ssl ca-file", "ca.pem", &new.pem());
    assert!(p.cli("show ssl ca-file").contains("ca.pem - 1 certificate(s)\n# filename\n"));
    assert_eq!(status(&new), None);
    assert!(on(&p, "commit ssl ca-file", "ca.pem").contains("Success!"));
    assert_eq!((status(&old), status(&new)), (None, Some(200)));
    assert!(set(&p, "add ssl ca-file", "ca.pem", &old.pem()).starts_with("transaction created for CA "));
    on(&p, "commit ssl ca-file", "ca.pem");
    assert_eq!((status(&old), status(&new)), (Some(200), Some(200)));
    let shown = on(&p, "show ssl ca-file", "ca.pem:2");
    assert!(
        shown.contains("Status: Used\n \nCertificate #2:\nSerial: ") && !shown.contains("#1"),
        "{shown}"
    );
    assert!(on(&p, "del ssl ca-file", "ca.pem").contains("in use, can't be deleted!"));
}

#[test]
fn a_server_is_shown_the_new_certificate_and_an_added_one_too() {
    let ca = Authority::new();
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{HEAD}listen l\n  bind @l@\n  server s @t@ ssl verify none crt @dir@/c.pem\n\
             listen m\n  bind @m@\n  balance roundrobin\n\
             listen t\n  bind @t@ ssl crt @dir@/t.pem verify required ca-file @dir@/ca.pem\n  http-request return status 200 content-type text/plain lf-string %[ssl_c_s_dn(cn)]\n"
        ),
    )
    .file("t.pem", &ca.issue(&["t.test"]).both())
    .file("ca.pem", &ca.pem())
    .file("c.pem", &ca.issue(&["first.test"]).both())
    .start();
    let added = format!("add server m/s 127.0.0.1:{} ssl verify none crt {}", p.port("t"), path(&p, "c.pem"));
    assert!(p.cli(&added).contains("New server registered."));
    p.cli("enable server m/s");
    for proxy in ["l", "m"] {
        assert_eq!(p.connect(proxy).get("/").text(), "first.test", "{proxy}");
    }
    replace(&p, "c.pem", &ca.issue(&["second.test"]));
    for proxy in ["l", "m"] {
        wait::until_true("the new one is shown", || p.connect(proxy).get("/").text() == "second.test");
    }
}

#[test]
fn a_frontend_names_certificates_for_its_lines() {
    let ca = Authority::new();
    let (one, two) = (ca.issue(&["one.test"]), ca.issue(&["two.test"]));
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{HEAD}frontend f\n  bind @l@ ssl\n  ssl-f-use crt @dir@/one.pem\n  ssl-f-use crt @dir@/two.pem ssl-max-ver TLSv1.2\n  http-request return status 200\n"
        ),
    )
    .file("one.pem", &one.both())
    .file("two.pem", &two.cert)
    .file("two.pem.key", &two.key)
    .start();
    let config: Arc<_> = ca.client(&[], None);
    let version = |name: &str| TlsClient::connect(p.port("l"), name, &config).unwrap().state().protocol_version();
    assert_ne!(version("one.test"), version("two.test"));
    assert_eq!(p.cli("show ssl crt-list"), "@f\n\n");
}
