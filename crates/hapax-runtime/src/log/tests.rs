use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use hapax_config::plan::LogSample;
use hapax_value::Endpoint;

use super::*;

fn target(transport: LogTransport) -> LogTarget {
    LogTarget {
        transport,
        len: 1024,
        format: LogWire::Raw,
        facility: 16,
        max_level: 7,
        min_level: 0,
        sample: None,
        profile: None,
    }
}

fn receiver() -> (UdpSocket, LogTarget) {
    let s = UdpSocket::bind("127.0.0.1:0").unwrap();
    s.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let t = target(LogTransport::Datagram(Endpoint::Ip(s.local_addr().unwrap())));
    (s, t)
}

fn next(s: &UdpSocket) -> String {
    let mut buf = [0; 2048];
    let n = s.recv(&mut buf).unwrap();
    String::from_utf8_lossy(&buf[..n]).into_owned()
}

fn shared() -> Arc<Shared> {
    Arc::new(Shared::new(Arc::default(), 1, 1, 0))
}

fn logger() -> (Logger, Arc<AtomicU64>) {
    let dropped = Arc::new(AtomicU64::new(0));
    (Logger::new(None, Arc::clone(&dropped)), dropped)
}

#[test]
fn each_format_has_its_header() {
    // The moment is noon-ish UTC of a day with one digit, so that the padding shows.
    let now = (1_793_966_582, 7_001);
    let c = hapax_sys::clock::local(now.0);
    let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][c.month as usize];
    let legacy = format!("{month} {:2} {:02}:{:02}:{:02}", c.day, c.hour, c.minute, c.second);
    let sign = if c.offset < 0 { '-' } else { '+' };
    let east = c.offset.abs();
    let iso = format!(
        "{}-{:02}-{:02}T{:02}:{:02}:{:02}.007001{sign}{:02}:{:02}",
        c.year,
        c.month + 1,
        c.day,
        c.hour,
        c.minute,
        c.second,
        east / 3600,
        east % 3600 / 60
    );
    for (wire, host, want) in [
        (LogWire::Unset, None, format!("<134>{legacy} tag[42]: ")),
        (LogWire::Unset, Some("h1"), format!("<134>{legacy} h1 tag[42]: ")),
        (LogWire::Local, Some("h1"), format!("<134>{legacy} tag[42]: ")),
        (LogWire::Rfc3164, None, format!("<134>{legacy} localhost tag[42]: ")),
        (LogWire::Rfc5424, None, format!("<134>1 {iso} - tag 42 - [a@1 b=\"c\"] ")),
        (LogWire::Timed, None, format!("<6>{iso} ")),
        (LogWire::Iso, None, format!("{iso} ")),
        (LogWire::Short, None, "<6>".to_owned()),
        (LogWire::Priority, None, "<134>".to_owned()),
        (LogWire::Raw, None, String::new()),
    ] {
        let mut h = Header::new(host.map(Arc::from), 42);
        let mut out = Vec::new();
        h.write_at(&mut out, wire, 16, 6, "tag", b"[a@1 b=\"c\"] ", now);
        assert_eq!(String::from_utf8_lossy(&out), want, "{wire:?}");
    }
}

#[test]
fn levels_are_filtered_and_raised() {
    let (s, mut t) = receiver();
    t.format = LogWire::Short;
    t.max_level = level::NOTICE;
    t.min_level = level::ERR;
    let (mut l, _) = logger();
    let targets = [t];
    l.send(&shared(), &targets, "x", level::INFO, b"too chatty");
    l.send(&shared(), &targets, "x", level::EMERG, b"softened\n");
    l.send(&shared(), &targets, "x", level::NOTICE, b"kept");
    assert_eq!(next(&s), "<3>softened\n");
    assert_eq!(next(&s), "<5>kept\n");
}

#[test]
fn a_message_is_cut_to_the_length_with_its_header() {
    let (s, mut t) = receiver();
    t.format = LogWire::Priority;
    t.len = 80;
    let (mut l, _) = logger();
    l.send(&shared(), &[t], "x", level::INFO, &[b'a'; 500]);
    let got = next(&s);
    assert_eq!((got.len(), &got[..6], &got[78..]), (80, "<134>a", "a\n"));
}

#[test]
fn sampling_sends_its_share() {
    let (s, mut t) = receiver();
    t.sample = Some(Arc::new(LogSample::new(vec![(1, 1), (4, 5)], 5)));
    let (mut l, _) = logger();
    let targets = [t];
    for i in 1..=10 {
        l.send(&shared(), &targets, "x", level::INFO, format!("{i}").as_bytes());
    }
    let got: Vec<_> = (0..6).map(|_| next(&s)).collect();
    assert_eq!(got, ["1\n", "4\n", "5\n", "6\n", "9\n", "10\n"]);
}

#[test]
fn a_full_socket_drops_and_counts() {
    let dir = tempdir();
    let path = dir.join("log");
    let s = UnixDatagram::bind(&path).unwrap();
    let t = [target(LogTransport::Datagram(Endpoint::Unix(path.to_str().unwrap().into())))];
    let (mut l, dropped) = logger();
    // The kernel queues a few messages (net.unix.max_dgram_qlen); nobody reads them here.
    for _ in 0..5000 {
        l.send(&shared(), &t, "x", level::INFO, b"m");
    }
    assert!(dropped.load(Ordering::Relaxed) > 0);
    let mut buf = [0; 16];
    assert_eq!(s.recv(&mut buf).unwrap(), 2);
    // A syslog daemon that restarts is a new socket behind the same path.
    drop(s);
    std::fs::remove_file(&path).unwrap();
    let s = UnixDatagram::bind(&path).unwrap();
    l.send(&shared(), &t, "x", level::INFO, b"again");
    let n = s.recv(&mut buf).unwrap();
    assert_eq!(&buf[..n], b"again\n");
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_refused_datagram_does_not_stop_the_next() {
    let (s, t) = receiver();
    let at = s.local_addr().unwrap();
    drop(s);
    let (mut l, _) = logger();
    let targets = [t];
    l.send(&shared(), &targets, "x", level::INFO, b"into the void");
    let s = UdpSocket::bind(at).unwrap();
    s.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    l.send(&shared(), &targets, "x", level::INFO, b"heard");
    assert_eq!(next(&s), "heard\n");
}

fn tempdir() -> std::path::PathBuf {
    let dir = std::env::temp_dir().join(format!("hapax-log-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}
