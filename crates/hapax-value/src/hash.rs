//! The 32-bit hash functions that load balancing and converters share (manual, 4.2 and 7.3.1). Their values are part of the
//! language: a farm keeps each client on its server, and tables keep their keys, across programs.

pub fn sdbm(key: &[u8]) -> u32 {
    key.iter().fold(0u32, |h, &b| h.wrapping_mul(65_599).wrapping_add(u32::from(b)))
}

pub fn djb2(key: &[u8]) -> u32 {
    key.iter().fold(5381u32, |h, &b| h.wrapping_mul(33).wrapping_add(u32::from(b)))
}

/// Two registers turned by amounts that depend on what was read.
pub fn wt6(key: &[u8]) -> u32 {
    let (mut h0, mut h1) = (0xa53c_965a_u32, 0x5ca6_953a_u32);
    let (mut step0, mut step1) = (6u32, 18u32);
    for &b in key {
        // Bytes count as unsigned, as they do since HAProxy 3.x; before, it was as the machine's C compiler had it.
        let t = u32::from(b);
        h0 = !(h0 ^ t);
        h1 = !h1.wrapping_add(t);
        (h0, h1) = (h1.rotate_left(step0), h0.rotate_left(step1));
        let t = ((h0 >> 16) ^ h1) & 0xffff;
        step0 = t & 0x1f;
        step1 = t >> 11;
    }
    h0 ^ h1
}

const fn crc_table(polynomial: u32) -> [u32; 256] {
    let mut table = [0; 256];
    let mut n = 0;
    while n < table.len() {
        let mut crc = n as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ polynomial } else { crc >> 1 };
            bit += 1;
        }
        table[n] = crc;
        n += 1;
    }
    table
}

fn crc(key: &[u8], table: &[u32; 256]) -> u32 {
    !key.iter().fold(u32::MAX, |crc, &b| crc >> 8 ^ table[usize::from(crc as u8 ^ b)])
}

/// The CRC of Ethernet and zip.
pub fn crc32(key: &[u8]) -> u32 {
    static TABLE: [u32; 256] = crc_table(0xedb8_8320);
    crc(key, &TABLE)
}

/// The CRC of SCTP (RFC 4960, appendix B).
pub fn crc32c(key: &[u8]) -> u32 {
    static TABLE: [u32; 256] = crc_table(0x82f6_3b78);
    crc(key, &TABLE)
}

/// Bob Jenkins' full avalanche over 32 bits, then a large odd multiplier that spreads the result around a ring.
pub fn spread(n: u32) -> u32 {
    let mut a = n;
    a = a.wrapping_add(0x7ed5_5d16).wrapping_add(a << 12);
    a = (a ^ 0xc761_c23c) ^ (a >> 19);
    a = a.wrapping_add(0x1656_67b1).wrapping_add(a << 5);
    a = a.wrapping_add(0xd3a2_646c) ^ (a << 9);
    a = a.wrapping_add(0xfd70_46c5).wrapping_add(a << 3);
    a = (a ^ 0xb55a_4f09) ^ (a >> 16);
    a.wrapping_mul(3_221_225_473)
}
