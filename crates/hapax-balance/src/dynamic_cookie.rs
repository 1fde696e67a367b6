//! Cookies that are made of a server's address (`cookie ... dynamic`): several machines with the same key agree on them without telling
//! each other anything.

use std::net::{IpAddr, SocketAddr};

use xxhash_rust::xxh64::xxh64;

/// The cookie of the server at `address`: 16 hexadecimal digits of the XXH64 of the key, the address and the port in 32 bits, both
/// in network order (as HAProxy was seen to make it; manual, `dynamic-cookie-key`).
pub fn dynamic_cookie(key: &[u8], address: SocketAddr) -> String {
    let mut seed = key.to_vec();
    match address.ip() {
        IpAddr::V4(ip) => seed.extend(ip.octets()),
        IpAddr::V6(ip) => seed.extend(ip.octets()),
    }
    seed.extend(u32::from(address.port()).to_be_bytes());
    format!("{:016x}", xxh64(&seed, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_haproxy_makes_them() {
        for (address, cookie) in [("127.0.0.1:18432", "26c9745ffdadf6fb"), ("[::1]:18432", "6160c6c8ab527e82")] {
            let address: SocketAddr = address.parse().expect("an address");
            assert_eq!(dynamic_cookie(b"mykey", address), cookie);
        }
    }
}
