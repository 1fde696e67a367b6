//! Name servers asked over TLS. The listener before the scripted one is this process's own.

use hapax_tests::tls::Authority;
use hapax_tests::{Builder, Dns, Program, wait};

use super::{HEAD, state, wait_state};

#[test]
fn a_name_server_is_asked_over_tls() {
    let (ca, other) = (Authority::new(), Authority::new());
    let dns = Dns::new(&["web.test A 127.0.0.7"]);
    let section =
        |name: &str, more: &str| format!("resolvers {name}\n  nameserver n tcp@@t@ {more}\n  timeout resolve 50ms\n  timeout retry 2s\n");
    let line = |name: &str| format!("  server {name} web.test:80 resolvers {name} init-addr none resolve-prefer ipv4\n");
    let config = format!(
        "{HEAD}listen t\n  mode tcp\n  bind @t@ ssl crt @dir@/dns.pem\n  server d @dns@\n{}{}{}backend b\n{}{}{}",
        section("good", "ssl verify required ca-file @dir@/ca.pem verifyhost dns.test"),
        section("lax", "ssl verify none"),
        section("bad", "ssl verify required ca-file @dir@/other.pem verifyhost dns.test"),
        line("good"),
        line("lax"),
        line("bad"),
    );
    let p = Builder::new(Program::Hapax, &config)
        .file("dns.pem", &ca.issue(&["dns.test"]).both())
        .file("ca.pem", &ca.pem())
        .file("other.pem", &other.pem())
        .set("dns", &dns.addr())
        .start();
    wait_state(&p, "good", "srv_addr", "127.0.0.7");
    wait_state(&p, "lax", "srv_addr", "127.0.0.7");
    // Whom nobody trusts is not listened to.
    wait::until_true("a refused connection", || {
        let text = p.cli("show resolvers bad");
        text.lines().any(|l| l.trim_start().starts_with("snd_error:") && !l.ends_with(" 0"))
    });
    assert_eq!(state(&p, "bad", "srv_addr"), "-");
}

#[test]
fn a_name_server_over_tls_needs_authorities() {
    let config = "resolvers r\n  nameserver n tcp@127.0.0.1:53 ssl\nlisten l\n  bind @l@\n";
    let mut b = Builder::new(Program::Hapax, config);
    let told = b.command().arg("-c").output().unwrap();
    let text = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(!told.status.success() && text.contains("'server r/n' : "), "{text}");
}
