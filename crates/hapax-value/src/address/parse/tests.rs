use super::*;

fn bind(text: &str) -> Result<(Host, Ports), String> {
    parse(text, Allowed::BIND).map(|p| (p.host, p.ports))
}

fn ip(text: &str) -> Host {
    Host::Ip(text.parse().expect(text))
}

#[test]
fn what_bind_accepts() {
    for (text, host, ports) in [
        (":80", ip("0.0.0.0"), Ports::One(80)),
        ("*:80", ip("0.0.0.0"), Ports::One(80)),
        ("[::]:80", ip("::"), Ports::One(80)),
        (":::80", ip("::"), Ports::One(80)),
        ("::1:80", ip("::1"), Ports::One(80)),
        ("[::1]:80", ip("::1"), Ports::One(80)),
        ("ipv6@[::1]:80", ip("::1"), Ports::One(80)),
        ("ipv6@:80", ip("::"), Ports::One(80)),
        ("ipv6@*:80", ip("::"), Ports::One(80)),
        ("ipv4@:80", ip("0.0.0.0"), Ports::One(80)),
        ("tcp4@127.0.0.1:080", ip("127.0.0.1"), Ports::One(80)),
        ("1.2.3.4:80-90", ip("1.2.3.4"), Ports::Range(80, 90)),
        ("localhost:80", Host::Name("localhost".into()), Ports::One(80)),
        ("/run/x.sock", Host::Path("/run/x.sock".into()), Ports::None),
        ("unix@x.sock", Host::Path("x.sock".into()), Ports::None),
        ("abns@x", Host::Path("x".into()), Ports::None),
        ("fd@3", Host::Fd(3), Ports::None),
        ("sockpair@4", Host::Fd(4), Ports::None),
        ("rhttp@be/srv", Host::Rhttp("be/srv".into()), Ports::None),
        ("stream+ipv4@:80", ip("0.0.0.0"), Ports::One(80)),
        ("mptcp@:80", ip("0.0.0.0"), Ports::One(80)),
        ("quic4@:443", ip("0.0.0.0"), Ports::One(443)),
    ] {
        assert_eq!(bind(text), Ok((host, ports)), "{text}");
    }
}

#[test]
fn what_bind_refuses_and_why() {
    for (text, why) in [
        ("", "'' resolves to an empty address (environment variable missing?)"),
        ("1.2.3.4", "missing port specification in '1.2.3.4'"),
        (":", "missing port specification in ':'"),
        ("::", "missing port specification in '::'"),
        ("stdout", "missing port specification in 'stdout'"),
        ("1.2.3.4:0", "invalid port '0'"),
        (":5-0", "invalid port '0'"),
        ("1.2.3.4:70000", "invalid port '70000'"),
        ("1.2.3.4:90-80", "invalid port range '90-80'"),
        ("1.2.3.4:65535-65536", "invalid port '65536'"),
        ("1.2.3.4:80-", "invalid port ''"),
        ("1.2.3.4:abc", "invalid character 'a' in port number 'abc' in '1.2.3.4:abc'"),
        ("1.2.3.4:80x", "invalid character 'x' in port number '80x' in '1.2.3.4:80x'"),
        ("1.2.3.4:+1", "port offset not permitted here in '1.2.3.4:+1'"),
        ("ipv4@[::1]:80", "invalid address: '[::1]' in 'ipv4@[::1]:80'"),
        ("ipv6@1.2.3.4:80", "invalid address: '1.2.3.4' in 'ipv6@1.2.3.4:80'"),
        ("fd@x", "file descriptor 'x' is not a valid integer in 'fd@x'"),
        ("udp@:80", "dgram-type address not acceptable in 'udp@:80'"),
        ("uxdg@/tmp/z", "dgram-type address not acceptable in 'uxdg@/tmp/z'"),
    ] {
        assert_eq!(bind(text), Err(why.to_owned()), "{text}");
    }
}

#[test]
fn servers_take_offsets_and_no_port() {
    for (text, host, ports) in [
        ("1.2.3.4", ip("1.2.3.4"), Ports::None),
        ("1.2.3.4:", ip("1.2.3.4"), Ports::None),
        ("1.2.3.4:+10", ip("1.2.3.4"), Ports::Offset(10)),
        ("1.2.3.4:-10", ip("1.2.3.4"), Ports::Offset(-10)),
        ("1.2.3.4:0", ip("1.2.3.4"), Ports::One(0)),
        ("[::1]", ip("::1"), Ports::None),
        ("web.example:80", Host::Name("web.example".into()), Ports::One(80)),
    ] {
        let p = parse(text, Allowed::SERVER).expect(text);
        assert_eq!((p.host, p.ports, p.transport), (host, ports, Transport::Stream), "{text}");
    }
    for (text, why) in [
        ("localhost:80-90", "port range not permitted here in 'localhost:80-90'"),
        ("fd@3", "a file descriptor is not acceptable here in 'fd@3'"),
    ] {
        assert_eq!(parse(text, Allowed::SERVER), Err(why.to_owned()), "{text}");
    }
}

#[test]
fn log_targets() {
    for (text, host, transport) in [
        ("stdout", Host::Stdout, Transport::Dgram),
        ("ring@r", Host::Ring("r".into()), Transport::Dgram),
        ("backend@b", Host::Backend("b".into()), Transport::Dgram),
        ("127.0.0.1", ip("127.0.0.1"), Transport::Dgram),
        ("tcp@127.0.0.1:5", ip("127.0.0.1"), Transport::Stream),
        ("fd@2", Host::Fd(2), Transport::Dgram),
        ("/dev/log", Host::Path("/dev/log".into()), Transport::Dgram),
    ] {
        let p = parse(text, Allowed::LOG).expect(text);
        assert_eq!((p.host, p.transport), (host, transport), "{text}");
    }
}

#[test]
fn lists_split_at_commas() {
    assert_eq!(split_list(":80,:81").collect::<Vec<_>>(), [":80", ":81"]);
    assert_eq!(split_list(":80,").collect::<Vec<_>>(), [":80"]);
    assert_eq!(split_list(",:80").collect::<Vec<_>>(), ["", ":80"]);
}

#[test]
fn names_that_no_resolver_knows() {
    assert!(may_be_name("web-1.example_x"));
    assert!(!may_be_name("[::1"));
    assert!(!may_be_name("1.2.3.4:80,1.2.3.4"));
    assert!(!may_be_name(""));
}
