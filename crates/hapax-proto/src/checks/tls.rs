//! The start of a handshake, for servers whose TLS is only asked whether it is there (`option ssl-hello-chk`).

/// Suites that servers of any age know at least one of.
const SUITES: &[u16] = &[
    0x0039, 0x0038, 0x0035, 0x0016, 0x0013, 0x000a, 0x0033, 0x0032, 0x002f, 0x0007, 0x0005, 0x0004, 0x0015, 0x0012, 0x0009,
];

/// A `ClientHello` of SSL 3.0 whose random starts with `seconds`, as it was the custom. Whoever speaks TLS answers it, be it
/// with an alert.
pub fn client_hello(seconds: u32) -> Vec<u8> {
    let mut hello = vec![3, 0];
    hello.extend_from_slice(&seconds.to_be_bytes());
    // Nothing is kept secret here.
    hello.extend((0..28_u8).map(|i| i.wrapping_mul(73) ^ seconds as u8));
    hello.push(0);
    hello.extend_from_slice(&(SUITES.len() as u16 * 2).to_be_bytes());
    hello.extend(SUITES.iter().flat_map(|s| s.to_be_bytes()));
    hello.extend_from_slice(&[1, 0]);
    let len = hello.len() as u32;
    let mut out = vec![0x16, 3, 0];
    out.extend_from_slice(&(len as u16 + 4).to_be_bytes());
    out.push(1);
    out.extend_from_slice(&len.to_be_bytes()[1..]);
    out.extend_from_slice(&hello);
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn lengths_fit() {
        let h = super::client_hello(1);
        assert_eq!(usize::from(u16::from_be_bytes([h[3], h[4]])), h.len() - 5);
        assert_eq!(usize::from(u16::from_be_bytes([h[7], h[8]])), h.len() - 9);
    }
}
