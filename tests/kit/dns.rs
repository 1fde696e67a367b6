//! A name server that answers from a list of records, or misbehaves as it is told; over UDP and TCP on one port. A few lines of wire
//! format of its own, so that it shares no mistake with what it is used to test.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::ports::Port;

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Well,
    /// Not at all.
    Silent,
    /// With this error code.
    Code(u8),
    /// Cut over UDP, whole over TCP.
    Cut,
    /// With a head that promises what is not there.
    Dust,
}

/// Questions that were asked: name, type, over TCP.
type Asked = Vec<(String, u16, bool)>;

#[derive(Debug)]
struct Shared {
    records: Mutex<Vec<String>>,
    mood: Mutex<Mood>,
    asked: Mutex<Asked>,
    stopping: AtomicBool,
}

/// The server. It ends when it is dropped.
#[derive(Debug)]
pub struct Dns {
    port: Port,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Dns {
    /// Records are lines: `a.test A 127.0.0.1`, `a.test AAAA ::1`, `a.test CNAME b.test`, `_x._tcp.test SRV 0 10 80 a.test`. A `+`
    /// before one of A or AAAA sends it along with every answer to a question for services.
    pub fn new(records: &[&str]) -> Self {
        let (port, udp, tcp) = sockets();
        let shared = Arc::new(Shared {
            records: Mutex::default(),
            mood: Mutex::new(Mood::Well),
            asked: Mutex::default(),
            stopping: AtomicBool::new(false),
        });
        udp.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        tcp.set_nonblocking(true).unwrap();
        let (for_udp, for_tcp) = (Arc::clone(&shared), Arc::clone(&shared));
        let threads = vec![
            std::thread::spawn(move || serve_udp(&udp, &for_udp)),
            std::thread::spawn(move || serve_tcp(&tcp, &for_tcp)),
        ];
        let dns = Self { port, shared, threads };
        dns.set(records);
        dns
    }

    pub fn addr(&self) -> String {
        self.port.addr()
    }

    /// Other records from now on.
    pub fn set(&self, records: &[&str]) {
        *self.shared.records.lock().unwrap() = records.iter().map(|r| (*r).to_owned()).collect();
    }

    pub fn mood(&self, mood: Mood) {
        *self.shared.mood.lock().unwrap() = mood;
    }

    /// How often the name was asked for; `tcp`: over TCP only.
    pub fn asked(&self, name: &str, tcp: bool) -> usize {
        let asked = self.shared.asked.lock().unwrap();
        asked.iter().filter(|(n, _, t)| n == name && (*t || !tcp)).count()
    }

    /// The types that were asked for, in order: 1 A, 28 AAAA, 33 SRV.
    pub fn types(&self, name: &str) -> Vec<u16> {
        let asked = self.shared.asked.lock().unwrap();
        asked.iter().filter(|(n, ..)| n == name).map(|(_, t, _)| *t).collect()
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        for t in self.threads.drain(..) {
            let _ = t.join();
        }
    }
}

/// A port that is free for both: where outgoing sockets get theirs from the same range, one may have been taken meanwhile.
fn sockets() -> (Port, UdpSocket, TcpListener) {
    for _ in 0..50 {
        let port = Port::reserve();
        if let (Ok(udp), Ok(tcp)) = (UdpSocket::bind(port.addr()), TcpListener::bind(port.addr())) {
            return (port, udp, tcp);
        }
    }
    panic!("no port is free for UDP and TCP");
}

fn serve_udp(socket: &UdpSocket, shared: &Shared) {
    let mut buf = [0; 2048];
    while !shared.stopping.load(Ordering::SeqCst) {
        let Ok((n, from)) = socket.recv_from(&mut buf) else { continue };
        if let Some(answer) = shared.answer(&buf[..n], false) {
            let _ = socket.send_to(&answer, from);
        }
    }
}

fn serve_tcp(listener: &TcpListener, shared: &Arc<Shared>) {
    while !shared.stopping.load(Ordering::SeqCst) {
        match listener.accept() {
            Ok((stream, _)) => {
                let shared = Arc::clone(shared);
                std::thread::spawn(move || {
                    let _ = serve_stream(stream, &shared);
                });
            }
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

fn serve_stream(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    loop {
        let mut len = [0; 2];
        stream.read_exact(&mut len)?;
        let mut question = vec![0; usize::from(u16::from_be_bytes(len))];
        stream.read_exact(&mut question)?;
        if let Some(answer) = shared.answer(&question, true) {
            let mut out = (answer.len() as u16).to_be_bytes().to_vec();
            out.extend_from_slice(&answer);
            stream.write_all(&out)?;
        }
    }
}

impl Shared {
    fn answer(&self, question: &[u8], tcp: bool) -> Option<Vec<u8>> {
        let (name, kind, end) = read_question(question)?;
        self.asked.lock().unwrap().push((name.clone(), kind, tcp));
        let mood = *self.mood.lock().unwrap();
        let (code, cut) = match mood {
            Mood::Silent => return None,
            Mood::Dust => return Some([&question[..2], &[0x80, 0, 0xff, 0xff, 0, 9, 0, 0, 0, 0, 3, 0xc0]].concat()),
            Mood::Code(code) => (code, false),
            Mood::Cut => (0, !tcp),
            Mood::Well => (0, false),
        };
        let records = self.records.lock().unwrap();
        let known = records.iter().any(|r| r.split(' ').next() == Some(&name));
        let code = if code == 0 && !known { 3 } else { code };
        let (mut answers, mut along) = (Vec::new(), Vec::new());
        if code == 0 && !cut {
            collect(&records, &name, kind, &mut answers);
            if kind == 33 {
                along.extend(records.iter().filter_map(|r| r.strip_prefix('+')).filter_map(encode));
            }
        }
        let flags = 0x8180 | u16::from(code) | u16::from(cut) << 9;
        let mut out = question[..2].to_vec();
        for n in [flags, 1, answers.len() as u16, 0, along.len() as u16] {
            out.extend_from_slice(&n.to_be_bytes());
        }
        out.extend_from_slice(&question[12..end]);
        out.extend(answers.concat());
        out.extend(along.concat());
        Some(out)
    }
}

/// The records of a name and of what it is another name for.
fn collect(records: &[String], name: &str, kind: u16, into: &mut Vec<Vec<u8>>) {
    for line in records {
        let words: Vec<&str> = line.split(' ').collect();
        if words[0] == name && words[1] == "CNAME" {
            into.extend(encode(line));
            collect(records, words[2], kind, into);
        } else if words[0] == name && number(words[1]) == kind {
            into.extend(encode(line));
        }
    }
}

fn read_question(message: &[u8]) -> Option<(String, u16, usize)> {
    let mut at = 12;
    let mut labels = Vec::new();
    loop {
        let len = usize::from(*message.get(at)?);
        at += 1;
        if len == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(message.get(at..at + len)?).into_owned());
        at += len;
    }
    let kind = u16::from_be_bytes(*message.get(at..)?.first_chunk()?);
    Some((labels.join("."), kind, at + 4))
}

fn number(kind: &str) -> u16 {
    match kind {
        "A" => 1,
        "CNAME" => 5,
        "AAAA" => 28,
        _ => 33,
    }
}

fn write_name(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in name.split('.') {
        out.push(label.len() as u8);
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
    out
}

/// One record on the wire.
fn encode(line: &str) -> Option<Vec<u8>> {
    let words: Vec<&str> = line.split(' ').collect();
    let data = match words[1] {
        "A" | "AAAA" => match words[2].parse().ok()? {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        },
        "CNAME" => write_name(words[2]),
        _ => {
            let mut data = Vec::new();
            for n in &words[2..5] {
                data.extend_from_slice(&n.parse::<u16>().ok()?.to_be_bytes());
            }
            data.extend(write_name(words[5]));
            data
        }
    };
    let mut out = write_name(words[0]);
    for n in [number(words[1]), 1, 0, 30, data.len() as u16] {
        out.extend_from_slice(&n.to_be_bytes());
    }
    out.extend(data);
    Some(out)
}
