//! The system's file of name servers.

use super::*;

#[test]
fn name_servers_of_the_system() {
    let mut draft = ResolversDraft::new("default".into(), Span::default());
    let mut told = Vec::new();
    let text = "# made by hand\nsearch example.org\nnameserver 10.0.0.1\nnameserver\t10.0.0.2 # second\nnameserver fd00::1\nnameserver\n\
                nameserver fe80::1%eth0\nnameservers 10.0.0.9\nnameserver 10.0.0.1\noptions edns0\n";
    read_resolv_conf(&mut draft, text, &mut told);
    let all: Vec<String> = draft
        .section
        .nameservers
        .iter()
        .map(|n| format!("{} {} {}", n.name, n.address, n.tcp))
        .collect();
    assert_eq!(
        all,
        [
            "10.0.0.1 10.0.0.1:53 false",
            "10.0.0.2 10.0.0.2:53 false",
            "fd00::1 [fd00::1]:53 false"
        ]
    );
    assert_eq!(
        told,
        [
            "parsing [/etc/resolv.conf:6] : nameserver line is missing address.",
            "parsing [/etc/resolv.conf:7] : address 'fe80::1%eth0' could not be recognized, nameserver will be excluded.",
            "Parsing [/etc/resolv.conf:9] : generated name for /etc/resolv.conf nameserver '10.0.0.1' conflicts with another nameserver \
             (declared at /etc/resolv.conf:3), it appears to be a duplicate and will be excluded.",
        ]
    );
}
