use std::io::Read;

use super::*;

fn packed(algorithm: Algorithm, parts: &[&[u8]], limits: &[u8]) -> Vec<u8> {
    let mut codec = Codec::new(algorithm, limits[0]);
    let mut out = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        codec.write(part, limits[i % limits.len()], &mut out);
    }
    codec.finish(&mut out);
    out
}

fn unpacked(algorithm: Algorithm, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let read = match algorithm {
        Algorithm::Identity => {
            out.extend_from_slice(bytes);
            Ok(0)
        }
        Algorithm::Gzip => flate2::read::GzDecoder::new(bytes).read_to_end(&mut out),
        Algorithm::Deflate => flate2::read::ZlibDecoder::new(bytes).read_to_end(&mut out),
        Algorithm::RawDeflate => flate2::read::DeflateDecoder::new(bytes).read_to_end(&mut out),
    };
    read.expect("a whole stream");
    out
}

#[test]
fn what_goes_in_comes_out() {
    let noise: Vec<u8> = (0u32..70_000).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let text = b"the same words again and again, ".repeat(3000);
    let parts: [&[u8]; 5] = [&noise, b"", &text, b"x", &noise[..5000]];
    for algorithm in [Algorithm::Identity, Algorithm::Gzip, Algorithm::Deflate, Algorithm::RawDeflate] {
        for limits in [&[1][..], &[9], &[6, 0, 0, 9]] {
            let got = unpacked(algorithm, &packed(algorithm, &parts, limits));
            assert!(got == parts.concat(), "{algorithm:?} {limits:?}");
        }
        assert!(unpacked(algorithm, &packed(algorithm, &[], &[1])).is_empty(), "{algorithm:?}");
    }
    assert!(packed(Algorithm::Gzip, &[&text], &[1]).len() * 10 < text.len());
}

#[test]
fn every_write_can_be_read_at_once() {
    let mut codec = Codec::new(Algorithm::RawDeflate, 1);
    let mut z = flate2::Decompress::new(false);
    for part in [&b"one"[..], b"two", b"three"] {
        let mut out = Vec::new();
        codec.write(part, 1, &mut out);
        let mut plain = Vec::with_capacity(100);
        z.decompress_vec(&out, &mut plain, flate2::FlushDecompress::Sync).expect("valid");
        assert_eq!(plain, part);
    }
}
