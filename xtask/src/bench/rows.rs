//! The rows: what is configured and what load is put on it. One configuration text serves HAProxy and Hapax; nginx has its own
//! where the row makes sense for it.

use std::fmt::Write;

use super::load::{Load, Wrk};
use super::peer::Ports;

pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) load: Load,
    /// The sections after `global` and `defaults`.
    config: fn(&Ports) -> String,
    nginx: Option<fn(&Ports) -> String>,
}

const fn wrk(path: &'static str, connections: usize) -> Wrk {
    Wrk {
        path,
        connections,
        tls: false,
        close: false,
    }
}

pub(crate) static ROWS: &[Row] = &[
    Row {
        name: "http-2b",
        what: "HTTP/1 keep-alive, 2-byte body",
        load: Load::Wrk(wrk("/2b", 64)),
        config: |p| http(p, "", ""),
        nginx: Some(|p| nginx(p, "")),
    },
    Row {
        name: "http-1k",
        what: "HTTP/1 keep-alive, 1 KiB body",
        load: Load::Wrk(wrk("/1k", 64)),
        config: |p| http(p, "", ""),
        nginx: Some(|p| nginx(p, "")),
    },
    Row {
        name: "http-close",
        what: "HTTP/1, a client connection per request",
        load: Load::Wrk(Wrk {
            close: true,
            ..wrk("/2b", 64)
        }),
        config: |p| http(p, "", ""),
        nginx: Some(|p| nginx(p, "")),
    },
    Row {
        name: "http-1m",
        what: "HTTP/1, 1 MiB body",
        load: Load::Wrk(wrk("/1m", 16)),
        config: |p| http(p, "", ""),
        nginx: Some(|p| nginx(p, "")),
    },
    Row {
        name: "rules",
        what: "60 ACLs, 5 header edits, a regex",
        load: Load::Wrk(wrk("/2b", 64)),
        config: |p| http(p, &rules(), ""),
        nginx: None,
    },
    Row {
        name: "log-udp",
        what: "option httplog to UDP",
        load: Load::Wrk(wrk("/2b", 64)),
        config: |p| http(p, &format!("    option httplog\n    log 127.0.0.1:{} local0\n", p.udp), ""),
        nginx: None,
    },
    Row {
        name: "cookie",
        what: "cookie insert indirect",
        load: Load::Wrk(wrk("/2b", 64)),
        config: |p| http(p, "", "    cookie SRV insert indirect nocache\n"),
        nginx: None,
    },
    Row {
        name: "stick",
        what: "stick table tracking and a deny rule",
        load: Load::Wrk(wrk("/2b", 64)),
        config: |p| {
            let track = "    stick-table type ip size 100k expire 30s store http_req_rate(10s)\n    http-request track-sc0 src\n    http-request deny if { sc_http_req_rate(0) gt 100000000 }\n";
            http(p, track, "")
        },
        nginx: None,
    },
    Row {
        name: "tcp-2b",
        what: "TCP mode, small keep-alive exchanges",
        load: Load::Wrk(wrk("/2b", 64)),
        config: tcp,
        nginx: None,
    },
    Row {
        name: "tcp-conn",
        what: "TCP mode, a connection per request",
        load: Load::Wrk(Wrk {
            close: true,
            ..wrk("/2b", 64)
        }),
        config: tcp,
        nginx: None,
    },
    Row {
        name: "tcp-10m",
        what: "TCP mode, 10 MiB",
        load: Load::Wrk(wrk("/10m", 8)),
        config: tcp,
        nginx: None,
    },
    Row {
        name: "tls-2b",
        what: "TLS 1.3 keep-alive, 2-byte body (P-256)",
        load: Load::Wrk(Wrk {
            tls: true,
            ..wrk("/2b", 64)
        }),
        config: |p| tls(p),
        nginx: Some(|p| nginx(p, " ssl")),
    },
    Row {
        name: "tls-handshake",
        what: "TLS 1.3, a full handshake per request",
        load: Load::Wrk(Wrk {
            tls: true,
            close: true,
            ..wrk("/2b", 32)
        }),
        config: |p| tls(p),
        nginx: Some(|p| nginx(p, " ssl")),
    },
    Row {
        name: "tls-1m",
        what: "TLS, 1 MiB body",
        load: Load::Wrk(Wrk {
            tls: true,
            ..wrk("/1m", 16)
        }),
        config: |p| tls(p),
        nginx: Some(|p| nginx(p, " ssl")),
    },
    Row {
        name: "h2-2b",
        what: "HTTP/2 over TLS, 2-byte body",
        load: Load::H2("/2b"),
        config: |p| tls(p),
        nginx: Some(|p| nginx(p, " ssl http2")),
    },
    Row {
        name: "h2-1m",
        what: "HTTP/2 over TLS, 1 MiB body",
        load: Load::H2("/1m"),
        config: |p| tls(p),
        nginx: Some(|p| nginx(p, " ssl http2")),
    },
    Row {
        name: "idle",
        what: "resident memory per idle connection after one request",
        load: Load::Idle(6000),
        config: |p| http(p, "", ""),
        nginx: Some(|p| nginx(p, "")),
    },
];

impl Row {
    /// The whole file for HAProxy and Hapax.
    pub(crate) fn haproxy(&self, p: &Ports, threads: usize) -> String {
        format!(
            "global\n    maxconn 8000\n    nbthread {threads}\n\ndefaults\n    timeout connect 5s\n    timeout client 60s\n    timeout server 60s\n    timeout http-keep-alive 60s\n\n{}",
            (self.config)(p)
        )
    }

    pub(crate) fn nginx(&self, p: &Ports) -> Option<String> {
        self.nginx.map(|f| f(p))
    }
}

fn http(p: &Ports, front: &str, back: &str) -> String {
    let cookie = if back.contains("cookie") { " cookie s1" } else { "" };
    format!(
        "frontend fe\n    mode http\n    bind 127.0.0.1:{}\n{front}    default_backend be\n\nbackend be\n    mode http\n{back}    server s1 127.0.0.1:{}{cookie}\n",
        p.front, p.origin
    )
}

fn tls(p: &Ports) -> String {
    format!(
        "frontend fe\n    mode http\n    bind 127.0.0.1:{} ssl crt {} alpn h2,http/1.1\n    default_backend be\n\nbackend be\n    mode http\n    server s1 127.0.0.1:{}\n",
        p.front, p.pem, p.origin
    )
}

fn tcp(p: &Ports) -> String {
    format!(
        "listen fe\n    mode tcp\n    bind 127.0.0.1:{}\n    server s1 127.0.0.1:{}\n",
        p.front, p.origin
    )
}

fn rules() -> String {
    let mut out = String::new();
    for i in 0..60 {
        // Writing to a string cannot fail.
        let _ = match i % 4 {
            0 => writeln!(out, "    acl a{i} path_beg /nothing/{i}/"),
            1 => writeln!(out, "    acl a{i} hdr(host) -i host{i}.example.com"),
            2 => writeln!(out, "    acl a{i} hdr_sub(user-agent) -i robot-{i}"),
            _ => writeln!(out, "    acl a{i} src 10.{i}.0.0/16"),
        };
    }
    for i in (0..60).step_by(4) {
        let _ = writeln!(out, "    http-request deny if a{i} or a{} or a{} or a{}", i + 1, i + 2, i + 3);
    }
    out.push_str(
        "    http-request set-header X-Forwarded-Proto http\n    http-request set-header X-Real-IP %[src]\n    http-request add-header X-Trace abc\n    http-request del-header X-Remove\n    http-response set-header Strict-Transport-Security max-age=31536000\n    http-request replace-path ^/old/(.*)/([0-9]+)$ /new/\\1/\\2\n",
    );
    out
}

fn nginx(p: &Ports, flags: &str) -> String {
    let tls = if flags.contains("ssl") {
        format!(
            "ssl_certificate {0};\n    ssl_certificate_key {0};\n    ssl_protocols TLSv1.2 TLSv1.3;",
            p.pem
        )
    } else {
        String::new()
    };
    format!(
        "upstream be {{ server 127.0.0.1:{}; keepalive 64; keepalive_requests 1000000000; }}\n  server {{\n    listen 127.0.0.1:{}{flags};\n    keepalive_requests 1000000000;\n    {tls}\n    location / {{ proxy_pass http://be; proxy_http_version 1.1; proxy_set_header Connection \"\"; }}\n  }}\n",
        p.origin, p.front
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn rows_have_names_of_their_own() {
        for (i, r) in super::ROWS.iter().enumerate() {
            assert!(super::ROWS[..i].iter().all(|o| o.name != r.name), "{}", r.name);
        }
    }
}
