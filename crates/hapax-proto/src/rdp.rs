//! The routing token of Remote Desktop: the server that a client's session is on, as its connection request names it.

use std::net::{Ipv4Addr, SocketAddrV4};

/// The server that a token such as `3640205228.15629.0000` names: address and port as numbers whose bytes are in the other order.
pub fn server_of(token: &[u8]) -> Option<SocketAddrV4> {
    let mut parts = token.split(|b| *b == b'.');
    let (address, port) = (number(parts.next()?)?, number(parts.next()?)?);
    // What follows the second dot is of no interest, but the dot has to be there.
    parts.next()?;
    let port = u16::try_from(port).ok()?;
    Some(SocketAddrV4::new(Ipv4Addr::from(address.to_le_bytes()), port.swap_bytes()))
}

fn number(digits: &[u8]) -> Option<u32> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_name_a_server_or_none() {
        for (token, want) in [
            ("3640205228.15629.0000", Some("172.31.249.216:3389")),
            ("16777343.36937.", Some("127.0.0.1:18832")),
            ("16777343.36937.12ab", Some("127.0.0.1:18832")),
            ("16777343.36937", None),
            ("16777343.65536.0000", None),
            ("4294967296.1.0000", None),
            (".1.0000", None),
            ("abc", None),
            ("", None),
        ] {
            assert_eq!(server_of(token.as_bytes()).map(|a| a.to_string()).as_deref(), want, "{token}");
        }
    }
}
