//! nginx as the server behind the proxies, and the certificate of their front.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::peer::{Process, free_port};

pub(crate) struct Origin {
    pub(crate) port: u16,
    /// Certificate and key in one file.
    pub(crate) pem: String,
    _process: Process,
}

/// What nginx needs in every configuration here: nothing outside `dir`, one worker, no logs.
pub(super) fn nginx_frame(dir: &Path, name: &str, http: &str, workers: usize) -> String {
    let dir = dir.display();
    let mut temp = String::new();
    for t in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        // Writing to a string cannot fail.
        let _ = writeln!(temp, "  {t}_temp_path {dir}/{name}-{t};");
    }
    format!(
        "daemon off;\nuser root;\nworker_processes {workers};\npid {dir}/{name}.pid;\nerror_log {dir}/{name}.log crit;\nworker_rlimit_nofile 30000;\nevents {{ worker_connections 15000; }}\nhttp {{\n  access_log off;\n{temp}  keepalive_timeout 60s;\n  {http}}}\n"
    )
}

impl Origin {
    pub(crate) fn start(dir: &Path) -> Result<Self> {
        let files = dir.join("files");
        fs::create_dir_all(&files)?;
        for (name, size) in [("1k", 1 << 10), ("1m", 1 << 20), ("10m", 10 << 20)] {
            fs::write(files.join(name), vec![b'x'; size])?;
        }
        let port = free_port()?;
        let http = format!(
            "sendfile on;\n  tcp_nopush on;\n  open_file_cache max=16;\n  server {{\n    listen 127.0.0.1:{port} backlog=4096;\n    keepalive_requests 1000000000;\n    root {};\n    location = /2b {{ return 200 \"ok\"; }}\n  }}\n",
            files.display()
        );
        let conf = dir.join("origin.conf");
        fs::write(&conf, nginx_frame(dir, "origin", &http, 1))?;
        let child = Command::new("nginx")
            .arg("-c")
            .arg(&conf)
            .arg("-p")
            .arg(dir)
            .stderr(Stdio::null())
            .spawn()
            .context("nginx")?;
        let mut process = Process::new(child);
        process.wait_for(port)?;
        Ok(Self {
            port,
            pem: certificate(dir)?,
            _process: process,
        })
    }
}

fn certificate(dir: &Path) -> Result<String> {
    let (key, cert) = (dir.join("key.pem"), dir.join("cert.pem"));
    let status = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=localhost",
        ])
        .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&cert)
        .stderr(Stdio::null())
        .status()
        .context("openssl")?;
    if !status.success() {
        bail!("openssl made no certificate");
    }
    let pem = dir.join("both.pem");
    fs::write(&pem, fs::read_to_string(cert)? + &fs::read_to_string(key)?)?;
    Ok(pem.display().to_string())
}
