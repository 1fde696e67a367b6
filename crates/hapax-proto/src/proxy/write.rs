//! PROXY headers as they are sent. Ends of different families are both told as IPv6.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::{Ends, SIGNATURE, tlv};

/// Appends a header of version 1.
pub fn write_v1(ends: Ends, out: &mut Vec<u8>) {
    let line = match ends {
        None => "PROXY UNKNOWN\r\n".to_owned(),
        Some((SocketAddr::V4(f), SocketAddr::V4(t))) => format!("PROXY TCP4 {} {} {} {}\r\n", f.ip(), t.ip(), f.port(), t.port()),
        Some((f, t)) => format!("PROXY TCP6 {} {} {} {}\r\n", v6(f.ip()), v6(t.ip()), f.port(), t.port()),
    };
    out.extend_from_slice(line.as_bytes());
}

/// Appends a header of version 2 with these TLVs (each whole), and between the two groups the checksum of all of it where it is asked
/// for.
pub fn write_v2(ends: Ends, (first, tlvs): (&[u8], &[u8]), checksum: bool, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(SIGNATURE);
    out.extend_from_slice(&[0x21, 0, 0, 0]);
    if let Some((f, t)) = ends {
        if let (IpAddr::V4(a), IpAddr::V4(b)) = (f.ip(), t.ip()) {
            out[start + 13] = 0x11;
            out.extend_from_slice(&a.octets());
            out.extend_from_slice(&b.octets());
        } else {
            out[start + 13] = 0x21;
            out.extend_from_slice(&v6(f.ip()).octets());
            out.extend_from_slice(&v6(t.ip()).octets());
        }
        out.extend_from_slice(&f.port().to_be_bytes());
        out.extend_from_slice(&t.port().to_be_bytes());
    }
    // The length has two bytes.
    let fits = |out: &[u8], more: &[u8]| u16::try_from(out.len() - start - 16 + more.len() + 7).is_ok();
    if fits(out, first) {
        out.extend_from_slice(first);
    }
    let sum_at = checksum.then(|| {
        tlv::push(tlv::CRC32C, &[0; 4], out);
        out.len() - 4
    });
    if fits(out, tlvs) {
        out.extend_from_slice(tlvs);
    }
    let len = (out.len() - start - 16) as u16;
    out[start + 14..start + 16].copy_from_slice(&len.to_be_bytes());
    if let Some(at) = sum_at {
        let sum = tlv::crc32c(&out[start..]);
        out[at..at + 4].copy_from_slice(&sum.to_be_bytes());
    }
}

fn v6(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(a) => a.to_ipv6_mapped(),
        IpAddr::V6(a) => a,
    }
}
