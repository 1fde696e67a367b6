//! IPv4 and IPv6 networks: an address and a mask, as ACL patterns, maps and converters' arguments write them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network. The mask need not be a prefix (`/255.0.255.0`) in IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Net {
    V4 { addr: Ipv4Addr, mask: u32 },
    V6 { addr: Ipv6Addr, prefix: u8 },
}

impl Net {
    /// `1.2.3.4`, `1.2.3.0/24`, `1.2.0.0/255.255.0.0`, `::1`, `fe80::/10`. No name is looked up.
    pub fn parse(text: &str) -> Option<Self> {
        let (addr, mask) = match text.split_once('/') {
            Some((a, m)) => (a, Some(m)),
            None => (text, None),
        };
        match addr.parse().ok()? {
            IpAddr::V4(addr) => Some(Self::V4 {
                addr,
                mask: mask.map_or(Some(u32::MAX), parse_mask4)?,
            }),
            IpAddr::V6(addr) => Some(Self::V6 {
                addr,
                prefix: mask.map_or(Some(128), parse_prefix6)?,
            }),
        }
    }

    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self, ip) {
            (Self::V4 { addr, mask }, IpAddr::V4(ip)) => (ip.to_bits() ^ addr.to_bits()) & mask == 0,
            (Self::V6 { addr, prefix }, IpAddr::V6(ip)) => (ip.to_bits() ^ addr.to_bits()) & mask6(*prefix) == 0,
            _ => false,
        }
    }
}

/// The mask of an IPv6 prefix length.
pub fn mask6(prefix: u8) -> u128 {
    match prefix {
        0 => 0,
        1..128 => u128::MAX << (128 - prefix),
        _ => u128::MAX,
    }
}

/// `24` or `255.255.255.0`.
pub fn parse_mask4(text: &str) -> Option<u32> {
    if text.contains('.') {
        return text.parse::<Ipv4Addr>().ok().map(Ipv4Addr::to_bits);
    }
    match parse_prefix(text, 32)? {
        0 => Some(0),
        len => Some(u32::MAX << (32 - len)),
    }
}

/// `64`, or the mask written as an address (`ffff:ffff::`).
pub fn parse_mask6(text: &str) -> Option<u128> {
    if text.contains(':') {
        return text.parse::<Ipv6Addr>().ok().map(Ipv6Addr::to_bits);
    }
    parse_prefix6(text).map(mask6)
}

fn parse_prefix6(text: &str) -> Option<u8> {
    parse_prefix(text, 128)
}

fn parse_prefix(text: &str, max: u8) -> Option<u8> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|n| *n <= max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses() {
        for (net, ip, want) in [
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.1.2.3", false),
            ("10.9.9.9/255.0.0.0", "10.1.2.3", true),
            ("10.0.7.0/255.0.255.0", "10.200.7.1", true),
            ("10.0.7.0/255.0.255.0", "10.200.8.1", false),
            ("1.2.3.4", "1.2.3.4", true),
            ("1.2.3.4/0", "9.9.9.9", true),
            ("1.2.3.4/08", "1.9.9.9", true),
            ("fe80::/10", "febf::1", true),
            ("fe80::/10", "fec0::1", false),
            ("::1", "::1", true),
            ("::/0", "2001:db8::1", true),
            ("::/0", "1.2.3.4", false),
        ] {
            let net_value = Net::parse(net).expect(net);
            assert_eq!(net_value.contains(ip.parse().expect(ip)), want, "{ip} in {net}");
        }
    }

    #[test]
    fn what_is_no_network() {
        for text in [
            "",
            "10/8",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "1.2.3.4/8x",
            "1.2.3.4/255.255",
            "::1/129",
            "::1/",
            "fe80::/ffff::",
            "[::1]",
            "localhost",
            "1.2.3",
        ] {
            assert_eq!(Net::parse(text), None, "{text}");
        }
    }

    #[test]
    fn masks_of_converters() {
        assert_eq!(parse_mask4("24"), Some(0xffff_ff00));
        assert_eq!(parse_mask4("255.255.0.0"), Some(0xffff_0000));
        assert_eq!(parse_mask4("33"), None);
        assert_eq!(parse_mask6("64"), Some(u128::from(u64::MAX) << 64));
        assert_eq!(parse_mask6("ffff::"), Some(0xffff << 112));
    }
}
