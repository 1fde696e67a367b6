use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::IntoRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use super::*;

fn any_port() -> Address<'static> {
    Address::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
}

#[test]
fn tcp_listens_and_its_port_can_be_shared() {
    let one = listen(any_port(), &Options::default(), &mut Vec::new()).unwrap();
    let at = one.local_addr().unwrap();
    let two = listen(Address::Tcp(at), &Options::default(), &mut Vec::new()).unwrap();
    assert_eq!(two.local_addr(), Some(at));
    assert!(bound_to(&two, Address::Tcp(at)));
    TcpStream::connect(at).unwrap();
}

#[test]
fn a_taken_port_is_told_in_words() {
    let o = Options {
        reuseport: false,
        ..Options::default()
    };
    let one = listen(any_port(), &o, &mut Vec::new()).unwrap();
    let e = listen(Address::Tcp(one.local_addr().unwrap()), &o, &mut Vec::new()).unwrap_err();
    assert_eq!(e.to_string(), "cannot bind socket (Address already in use)");
}

#[test]
fn unix_path_replaces_an_old_socket() {
    let dir = tempdir();
    let path = dir.join("s.sock");
    let old = listen(Address::Unix(&path), &Options::default(), &mut Vec::new()).unwrap();
    let o = Options {
        unix: UnixAccess {
            mode: Some(0o600),
            ..UnixAccess::default()
        },
        ..Options::default()
    };
    let Listener::Unix(new) = listen(Address::Unix(&path), &o, &mut Vec::new()).unwrap() else {
        panic!("a UNIX listener")
    };
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(bound_to(&new, Address::Unix(&path)));
    let mut c = UnixStream::connect(&path).unwrap();
    new.set_nonblocking(false).unwrap();
    let (mut s, _) = new.accept().unwrap();
    c.write_all(b"x").unwrap();
    s.read_exact(&mut [0]).unwrap();
    drop(old);
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 1, "no temporary name stays");
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn abstract_names_of_both_kinds() {
    let name = format!("hapax-test-{}", std::process::id());
    for zero_terminated in [false, true] {
        let a = Address::Abstract {
            name: name.as_bytes(),
            zero_terminated,
        };
        let l = listen(a, &Options::default(), &mut Vec::new()).unwrap();
        assert!(bound_to(&l, a));
        let again = listen(a, &Options::default(), &mut Vec::new()).unwrap_err();
        assert_eq!(again.source.raw_os_error(), Some(libc::EADDRINUSE));
    }
}

#[test]
fn an_inherited_descriptor_stays_open() {
    let raw = TcpListener::bind("127.0.0.1:0").unwrap().into_raw_fd();
    let one = listen(Address::Fd(raw), &Options::default(), &mut Vec::new()).unwrap();
    let two = listen(Address::Fd(raw), &Options::default(), &mut Vec::new()).unwrap();
    assert_eq!(one.local_addr(), two.local_addr());
    assert!(
        listen(Address::Fd(9999), &Options::default(), &mut Vec::new())
            .unwrap_err()
            .to_string()
            .contains("Bad file descriptor")
    );
}

fn tempdir() -> std::path::PathBuf {
    let dir = std::env::temp_dir().join(format!("hapax-sys-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}
