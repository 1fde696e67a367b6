use super::*;

fn env() -> Environment {
    let vars = [("port", "8080"), ("ip", "10.0.0.1"), ("fd", "7")];
    Environment::new(
        vars.map(|(k, v)| (k.as_bytes().to_vec(), v.as_bytes().to_vec())),
        hapax_syntax::BuildFacts::default(),
    )
}

fn parse(text: &str, accept: Accept) -> Result<Address, String> {
    super::parse(text, accept, &env())
}

#[test]
fn addresses_are_read() {
    let ip = |s: &str| Host::Ip(s.parse().unwrap());
    for (text, host, port) in [
        ("*:80", Host::Any, Port::Fixed(80)),
        (":80", Host::Any, Port::Fixed(80)),
        ("10.0.0.1:80-90", ip("10.0.0.1"), Port::Range(80, 90)),
        ("[::1]:443", ip("::1"), Port::Fixed(443)),
        (":::443", ip("::"), Port::Fixed(443)),
        ("ipv6@:443", Host::Any, Port::Fixed(443)),
        ("/run/h.sock", Host::Unix("/run/h.sock".to_owned()), Port::None),
        ("unix@h.sock", Host::Unix("h.sock".to_owned()), Port::None),
        ("abns@x", Host::Abstract(Arc::from(&b"x"[..]), false), Port::None),
        ("fd@3", Host::Fd(3), Port::None),
        ("example.org:80", Host::Name("example.org".to_owned()), Port::Fixed(80)),
        ("${ip}:${port}", ip("10.0.0.1"), Port::Fixed(8080)),
        ("$ip:$port", ip("10.0.0.1"), Port::Fixed(8080)),
        ("fd@${fd}", Host::Fd(7), Port::None),
        ("${ip:80", ip("10.0.0.1"), Port::Fixed(80)),
        ("ipv6@10.0.0.1:80", Host::Name("10.0.0.1".to_owned()), Port::Fixed(80)),
    ] {
        let a = parse(text, Accept::BIND).unwrap();
        assert_eq!((a.host, a.port), (host, port), "{text}");
    }
}

#[test]
fn what_a_place_does_not_take_is_refused() {
    for (text, accept, want) in [
        ("", Accept::BIND, "'' resolves to an empty address (environment variable missing?)"),
        ("10.0.0.1", Accept::BIND, "missing port specification in '10.0.0.1'"),
        (":+80", Accept::BIND, "port offset not permitted here in ':+80'"),
        (":80-90", Accept::SERVER, "port range not permitted here in ':80-90'"),
        (":0", Accept::BIND, "invalid port '0'"),
        (":70000", Accept::BIND, "invalid port '70000'"),
        (":90-80", Accept::BIND, "invalid port range '90-80'"),
        (":x8", Accept::BIND, "invalid character 'x' in port number 'x8' in ':x8'"),
        (":80-9x", Accept::BIND, "invalid character 'x' in port number '9x' in ':80-9x'"),
        (":8x", Accept::BIND, "invalid character 'x' in port number '8x' in ':8x'"),
        (":+8x", Accept::SERVER, "invalid character 'x' in port number '8x' in ':+8x'"),
        (
            "${no}",
            Accept::BIND,
            "'${no}' resolves to an empty address (environment variable missing?)",
        ),
        (":${no}", Accept::BIND, "missing port specification in ':${no}'"),
        ("fd@3", Accept::SERVER, "a file descriptor is not acceptable here in 'fd@3'"),
        ("fd@", Accept::SERVER, "file descriptor '' is not a valid integer in 'fd@'"),
        ("fd@-1", Accept::BIND, "file descriptor '-1' is not a valid integer in 'fd@-1'"),
        ("udp@:53", Accept::BIND, "dgram-type address not acceptable in 'udp@:53'"),
        ("fd@x", Accept::BIND, "file descriptor 'x' is not a valid integer in 'fd@x'"),
    ] {
        assert_eq!(parse(text, accept).unwrap_err(), want, "{text}");
    }
}

#[test]
fn older_versions_passed_over_what_follows_a_port() {
    let mut env = env();
    for (version, taken) in [("2.8.0", true), ("2.9.0", false)] {
        version.clone_into(&mut env.facts.version);
        let read = super::parse(":8x", Accept::BIND, &env);
        assert_eq!(read.map(|a| a.port).ok(), taken.then_some(Port::Fixed(8)), "{version}");
    }
}

#[test]
fn offsets_are_for_servers() {
    assert_eq!(parse("10.0.0.1:+1000", Accept::SERVER).unwrap().port, Port::Offset(1000));
    assert_eq!(parse("10.0.0.1", Accept::SERVER).unwrap().port, Port::None);
}
