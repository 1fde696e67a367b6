//! Names that checks over TLS ask for.

use hapax_tests::tls::Authority;
use hapax_tests::{Builder, Program};

use super::{TIMEOUTS, wait_status};

#[test]
fn an_http_check_over_tls_asks_for_its_host() {
    let ca = Authority::new();
    // The listener is well for who asks for one name, and sick for everybody else.
    let front = "listen t\n  bind @t@ ssl crt @dir@/one.pem\n  http-request return status 200 if { ssl_fc_sni want.test }\n  \
                 http-request return status 503\n";
    let server = "server SERVER @t@ check inter 50ms rise 1 fall 1 check-ssl verify none";
    let line = |name: &str, more: &str| format!("  {}{more}\n", server.replace("SERVER", name));
    let send = "  option httpchk\n  http-check send meth GET uri / ver HTTP/1.1 hdr host want.test:8443\n";
    let config = format!(
        "{TIMEOUTS}{front}backend a\n{send}{}{}{}backend b\n{send}  http-check connect ssl\n  http-check send meth GET uri / ver HTTP/1.1 hdr \
         host want.test\n{}",
        line("auto", ""),
        line("off", " no-check-sni-auto"),
        line("other", " check-sni other.test"),
        line("own", ""),
    );
    let p = Builder::new(Program::Hapax, &config)
        .file("one.pem", &ca.issue(&["want.test"]).both())
        .start();
    for (server, want) in [("auto", "UP"), ("off", "DOWN"), ("other", "DOWN"), ("own", "DOWN")] {
        wait_status(&p, server, want);
    }
    // It stays so.
    wait_status(&p, "auto", "UP");
}
