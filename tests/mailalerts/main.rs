//! Mail alerts, received by scripted mail servers.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use hapax_tests::origin::TcpOrigin;
use hapax_tests::{Builder, Program, Proxy, wait};

/// What a mail server was told, mail by mail.
type Mails = Arc<Mutex<Vec<Vec<String>>>>;

/// Takes every mail, or refuses the receiver.
fn mail_server(refuse: bool) -> (TcpOrigin, Mails) {
    let mails = Mails::default();
    let own = Arc::clone(&mails);
    let server = TcpOrigin::new(move |stream| {
        let told = converse(stream, refuse);
        own.lock().unwrap().push(told);
    });
    (server, mails)
}

fn converse(mut stream: TcpStream, refuse: bool) -> Vec<String> {
    let (mut told, mut in_body) = (Vec::new(), false);
    let mut lines = BufReader::new(stream.try_clone().unwrap());
    // In two pieces, as replies may come.
    stream.write_all(b"220-mail.test\r\n22").unwrap();
    stream.write_all(b"0 ready\r\n").unwrap();
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).unwrap_or(0) == 0 {
            return told;
        }
        let line = line.strip_suffix("\r\n").unwrap_or("no end of line").to_owned();
        let reply: &[u8] = match line.as_str() {
            "." if in_body => {
                in_body = false;
                b"250 taken\r\n"
            }
            _ if in_body => b"",
            "DATA" => {
                in_body = true;
                b"354 go on\r\n"
            }
            "QUIT" => b"221 bye\r\n",
            l if refuse && l.starts_with("RCPT") => b"550 nobody here\r\n",
            _ => b"250 fine\r\n",
        };
        told.push(line);
        stream.write_all(reply).unwrap();
    }
}

fn start(level: &str, mailers: &[(&str, &TcpOrigin)]) -> Proxy {
    let lines: Vec<String> = mailers.iter().map(|(name, _)| format!("  mailer {name} @{name}@\n")).collect();
    let lines = lines.concat();
    let config = format!(
        "defaults\n  mode http\n  timeout connect 10s\n  timeout client 2m\n  timeout server 2m\nmailers post\n{lines}frontend f\n  bind \
         @f@\nbackend b\n  email-alert mailers post\n  email-alert from proxy@test\n  email-alert to admin@test\n  email-alert myhostname \
         me.test\n{level}  server s 127.0.0.1:9\n  server t 127.0.0.1:9\n"
    );
    let mut builder = Builder::new(Program::Hapax, &config);
    for (name, server) in mailers {
        builder = builder.set(name, &server.addr());
    }
    builder.start()
}

fn subjects(mails: &Mails) -> Vec<String> {
    let mails = mails.lock().unwrap();
    let subject = |m: &Vec<String>| {
        m.iter()
            .find_map(|l| l.strip_prefix("Subject: [HAProxy Alert] "))
            .unwrap_or("?")
            .to_owned()
    };
    mails.iter().map(subject).collect()
}

fn wait_mails(mails: &Mails, n: usize) {
    wait::until_true(&format!("{n} mails"), || mails.lock().unwrap().len() >= n);
}

#[test]
fn a_server_that_goes_down_is_mailed() {
    let ((server, mails), (second, also)) = (mail_server(false), mail_server(false));
    let p = start("", &[("one", &server), ("two", &second)]);
    p.cli("set server b/s health down");
    // Each conversation is noted when it ends: one at a time, so that they stand in order.
    wait_mails(&mails, 1);
    wait_mails(&also, 1);
    // Not as bad as to be mailed.
    p.cli("set server b/s health up");
    p.cli("set server b/t health down");
    wait_mails(&mails, 2);
    wait_mails(&also, 2);
    let text =
        "Server b/s is DOWN, changed from CLI. 1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue";
    let told = mails.lock().unwrap()[0].clone();
    let date = told.iter().find(|l| l.starts_with("Date: ")).unwrap();
    let subject = format!("Subject: [HAProxy Alert] {text}");
    assert_eq!(
        told,
        [
            "HELO me.test",
            "MAIL FROM:<proxy@test>",
            "RCPT TO:<admin@test>",
            "DATA",
            "From: proxy@test",
            "To: admin@test",
            date,
            &subject,
            "",
            text,
            "",
            ".",
            "QUIT"
        ]
    );
    assert!(subjects(&mails)[1].starts_with("Server b/t is DOWN"));
    assert_eq!(subjects(&mails), subjects(&also));
}

#[test]
fn the_level_says_what_else_is_mailed() {
    let (server, mails) = mail_server(false);
    let p = start("  email-alert level notice\n", &[("one", &server)]);
    for (command, n) in [
        ("set server b/s state drain", 1),
        ("set server b/s health down", 2),
        ("set server b/s health up", 3),
        ("set server b/t state maint", 3),
        ("set server b/t state ready", 3),
        ("set server b/t health stopping", 4),
    ] {
        p.cli(command);
        wait_mails(&mails, n);
    }
    let starts = [
        "Server b/s enters drain state",
        "Server b/s is DOWN",
        "Server b/s is UP",
        "Server b/t is stopping",
    ];
    let got = subjects(&mails);
    assert!(got.len() == 4 && got.iter().zip(starts).all(|(g, s)| g.starts_with(s)), "{got:?}");
}

#[test]
fn a_mail_server_that_refuses_or_is_gone_does_no_harm() {
    let ((server, mails), (bad, refused)) = (mail_server(false), mail_server(true));
    let p = start("", &[("bad", &bad), ("good", &server)]);
    p.cli("set server b/s health down");
    wait_mails(&mails, 1);
    wait_mails(&refused, 1);
    assert!(!refused.lock().unwrap()[0].contains(&"DATA".to_owned()));
    assert!(p.cli("show info").contains("Uptime"));
}
