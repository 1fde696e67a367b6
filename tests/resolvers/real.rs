//! Beside a name server that others wrote: `dnsmasq`, where it is installed.

use std::process::{Child, Command, Stdio};

use hapax_tests::ports::Port;
use hapax_tests::{Builder, Program, wait};

use super::{HEAD, SECTION, counter, state, wait_state};

struct Dnsmasq {
    port: Port,
    child: Child,
}

impl Drop for Dnsmasq {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `None`, said aloud: it is not there.
fn start(test: &str, records: &[String]) -> Option<Dnsmasq> {
    let port = Port::reserve();
    let number = port.addr().rsplit(':').next().unwrap().to_owned();
    let child = Command::new("dnsmasq")
        .args([
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--no-resolv",
            "--no-hosts",
            "--log-facility=-",
        ])
        .args([
            "--listen-address=127.0.0.1",
            "--bind-interfaces",
            "--pid-file=",
            "--user=root",
            "--local=/test/",
        ])
        .arg(format!("--port={number}"))
        .args(records)
        .stderr(Stdio::null())
        .spawn();
    let Ok(child) = child else {
        eprintln!("{test}: skipped, there is no 'dnsmasq' to ask");
        return None;
    };
    let server = Dnsmasq { port, child };
    wait::until_true("dnsmasq to listen", || std::net::TcpStream::connect(server.port.addr()).is_ok());
    Some(server)
}

#[test]
fn records_of_every_kind() {
    let mut records: Vec<String> = [
        "--host-record=web.test,127.0.0.5",
        "--host-record=six.test,::5",
        "--cname=alias.test,web.test",
        "--srv-host=_web._tcp.test,web.test,8005,0,512",
    ]
    .map(str::to_owned)
    .to_vec();
    // More than fits into one datagram without the client saying that it takes more.
    records.extend((1..=80).map(|n| format!("--host-record=many.test,127.0.1.{n}")));
    let Some(dns) = start("records_of_every_kind", &records) else {
        return;
    };
    let config = "backend b\n  default-server resolvers r init-addr none resolve-prefer ipv4\n  server a web.test:80\n  server c alias.test:80\n  \
                  server six six.test:80\n  server-template s 1 _web._tcp.test\n  server-template m 80 many.test:80\n";
    let p = Builder::new(Program::Hapax, &format!("{HEAD}{SECTION}{config}"))
        .set("dns", &dns.port.addr())
        .set("retry", "5s")
        .start();
    for (server, address) in [("a", "127.0.0.5"), ("c", "127.0.0.5"), ("six", "::5"), ("s1", "127.0.0.5")] {
        wait_state(&p, server, "srv_addr", address);
    }
    assert_eq!(
        (state(&p, "s1", "srv_port"), state(&p, "s1", "srv_uweight")),
        ("8005".into(), "2".into())
    );
    wait_state(&p, "m80", "srv_op_state", "2");
    assert!(counter(&p, "truncated") > 0);
}
