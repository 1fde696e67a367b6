//! SOCKS4: a proxy is asked to connect to an IPv4 address, and says whether it did.

use std::net::SocketAddrV4;

/// Length of an answer.
pub const ANSWER: usize = 8;

/// The request for a connection to `to`.
pub fn connect(to: SocketAddrV4) -> Vec<u8> {
    let mut ask = vec![4, 1];
    ask.extend_from_slice(&to.port().to_be_bytes());
    ask.extend_from_slice(&to.ip().octets());
    // The user, by the name that proxies of this kind know.
    ask.extend_from_slice(b"HAProxy\0");
    ask
}

/// Whether an answer says that the connection is there.
pub fn granted(answer: &[u8; ANSWER]) -> bool {
    answer[0] == 0 && answer[1] == 90
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_and_answers() {
        let ask = connect(SocketAddrV4::new([127, 0, 0, 1].into(), 0x1234));
        assert_eq!(ask, b"\x04\x01\x12\x34\x7f\0\0\x01HAProxy\0");
        assert!(granted(&[0, 90, 1, 2, 3, 4, 5, 6]));
        assert!(!granted(&[0, 91, 0, 0, 0, 0, 0, 0]) && !granted(&[4, 90, 0, 0, 0, 0, 0, 0]));
    }
}
