//! The digests that OpenSSL knows, by all the names that it knows them by, and what computes them.

use aws_lc_rs::digest::{self as aws, Context};
use md5::digest::{ExtendableOutput, Update};
use md5::{Digest as Hash, Md5};

/// A digest.
#[derive(Clone, Copy)]
pub(super) struct Digest {
    /// In small letters.
    names: &'static [&'static str],
    kind: Kind,
    /// Bytes of a block, for authentication codes; 0 where there are none of this digest.
    block: usize,
}

/// The digest of some parts, one after the other.
type Run = fn(&[&[u8]]) -> Vec<u8>;

#[derive(Clone, Copy)]
enum Kind {
    Aws(&'static aws::Algorithm),
    Other(Run),
    /// OpenSSL knows the name, and does not compute it unless it is told to load what is outdated.
    Outdated,
}

const fn aws(algorithm: &'static aws::Algorithm, block: usize, names: &'static [&'static str]) -> Digest {
    Digest {
        names,
        kind: Kind::Aws(algorithm),
        block,
    }
}

const fn other(run: Run, block: usize, names: &'static [&'static str]) -> Digest {
    Digest {
        names,
        kind: Kind::Other(run),
        block,
    }
}

const fn outdated(names: &'static [&'static str]) -> Digest {
    Digest {
        names,
        kind: Kind::Outdated,
        block: 0,
    }
}

pub(super) const SHA1: Digest = aws(
    &aws::SHA1_FOR_LEGACY_USE_ONLY,
    64,
    &[
        "sha1",
        "sha-1",
        "ssl3-sha1",
        "rsa-sha1",
        "rsa-sha1-2",
        "sha1withrsa",
        "sha1withrsaencryption",
        "1.3.14.3.2.26",
    ],
);

static DIGESTS: &[Digest] = &[
    SHA1,
    aws(
        &aws::SHA224,
        64,
        &[
            "sha224",
            "sha-224",
            "sha2-224",
            "rsa-sha224",
            "sha224withrsaencryption",
            "2.16.840.1.101.3.4.2.4",
        ],
    ),
    aws(
        &aws::SHA256,
        64,
        &[
            "sha256",
            "sha-256",
            "sha2-256",
            "rsa-sha256",
            "sha256withrsaencryption",
            "2.16.840.1.101.3.4.2.1",
        ],
    ),
    aws(
        &aws::SHA384,
        128,
        &[
            "sha384",
            "sha-384",
            "sha2-384",
            "rsa-sha384",
            "sha384withrsaencryption",
            "2.16.840.1.101.3.4.2.2",
        ],
    ),
    aws(
        &aws::SHA512,
        128,
        &[
            "sha512",
            "sha-512",
            "sha2-512",
            "rsa-sha512",
            "sha512withrsaencryption",
            "2.16.840.1.101.3.4.2.3",
        ],
    ),
    aws(
        &aws::SHA512_256,
        128,
        &[
            "sha512-256",
            "sha-512/256",
            "sha2-512/256",
            "rsa-sha512/256",
            "sha512-256withrsaencryption",
            "2.16.840.1.101.3.4.2.6",
        ],
    ),
    other(
        over::<sha2::Sha512_224>,
        128,
        &[
            "sha512-224",
            "sha-512/224",
            "sha2-512/224",
            "rsa-sha512/224",
            "sha512-224withrsaencryption",
            "2.16.840.1.101.3.4.2.5",
        ],
    ),
    other(
        over::<sha3::Sha3_224>,
        144,
        &[
            "sha3-224",
            "rsa-sha3-224",
            "id-rsassa-pkcs1-v1_5-with-sha3-224",
            "2.16.840.1.101.3.4.2.7",
        ],
    ),
    aws(
        &aws::SHA3_256,
        136,
        &[
            "sha3-256",
            "rsa-sha3-256",
            "id-rsassa-pkcs1-v1_5-with-sha3-256",
            "2.16.840.1.101.3.4.2.8",
        ],
    ),
    aws(
        &aws::SHA3_384,
        104,
        &[
            "sha3-384",
            "rsa-sha3-384",
            "id-rsassa-pkcs1-v1_5-with-sha3-384",
            "2.16.840.1.101.3.4.2.9",
        ],
    ),
    aws(
        &aws::SHA3_512,
        72,
        &[
            "sha3-512",
            "rsa-sha3-512",
            "id-rsassa-pkcs1-v1_5-with-sha3-512",
            "2.16.840.1.101.3.4.2.10",
        ],
    ),
    other(
        extended::<shake::Shake128, 16>,
        0,
        &["shake128", "shake-128", "2.16.840.1.101.3.4.2.11"],
    ),
    other(
        extended::<shake::Shake256, 32>,
        0,
        &["shake256", "shake-256", "2.16.840.1.101.3.4.2.12"],
    ),
    other(
        over::<blake2::Blake2b512>,
        128,
        &["blake2b512", "blake2b-512", "1.3.6.1.4.1.1722.12.2.1.16"],
    ),
    other(
        over::<blake2::Blake2s256>,
        64,
        &["blake2s256", "blake2s-256", "1.3.6.1.4.1.1722.12.2.2.8"],
    ),
    other(
        over::<ripemd::Ripemd160>,
        64,
        &[
            "ripemd160",
            "ripemd-160",
            "rmd160",
            "ripemd",
            "rsa-ripemd160",
            "ripemd160withrsa",
            "1.3.36.3.2.1",
        ],
    ),
    other(
        over::<sm3::Sm3>,
        64,
        &["sm3", "rsa-sm3", "sm3withrsaencryption", "1.2.156.10197.1.401"],
    ),
    other(
        over::<Md5>,
        64,
        &[
            "md5",
            "ssl3-md5",
            "rsa-md5",
            "md5withrsa",
            "md5withrsaencryption",
            "1.2.840.113549.2.5",
        ],
    ),
    other(md5_sha1, 64, &["md5-sha1"]),
    outdated(&["md4", "rsa-md4", "md4withrsaencryption", "1.2.840.113549.2.4"]),
    outdated(&["whirlpool"]),
];

fn over<D: Hash>(parts: &[&[u8]]) -> Vec<u8> {
    let mut hasher = D::new();
    for part in parts {
        Hash::update(&mut hasher, part);
    }
    hasher.finalize().to_vec()
}

/// One whose digest may be of any length.
fn extended<D: Default + Update + ExtendableOutput, const N: usize>(parts: &[&[u8]]) -> Vec<u8> {
    let mut hasher = D::default();
    for part in parts {
        hasher.update(part);
    }
    let mut out = vec![0; N];
    hasher.finalize_xof_into(&mut out);
    out
}

fn by_aws(algorithm: &'static aws::Algorithm, parts: &[&[u8]]) -> Vec<u8> {
    let mut context = Context::new(algorithm);
    for part in parts {
        context.update(part);
    }
    context.finish().as_ref().to_vec()
}

fn md5_sha1(parts: &[&[u8]]) -> Vec<u8> {
    [over::<Md5>(parts), by_aws(&aws::SHA1_FOR_LEGACY_USE_ONLY, parts)].concat()
}

pub(super) fn find(name: &str) -> Option<&'static Digest> {
    DIGESTS.iter().find(|d| d.names.iter().any(|n| n.eq_ignore_ascii_case(name)))
}

impl Digest {
    /// The digest of some parts, one after the other.
    pub(super) fn digest(self, parts: &[&[u8]]) -> Option<Vec<u8>> {
        match self.kind {
            Kind::Aws(algorithm) => Some(by_aws(algorithm, parts)),
            Kind::Other(run) => Some(run(parts)),
            Kind::Outdated => None,
        }
    }

    /// RFC 2104 over any digest with blocks.
    pub(super) fn hmac(self, key: &[u8], message: &[u8]) -> Option<Vec<u8>> {
        if self.block == 0 {
            return None;
        }
        let mut block = if key.len() > self.block {
            self.digest(&[key])?
        } else {
            key.to_vec()
        };
        block.resize(self.block, 0);
        let padded = |with: u8| block.iter().map(|b| b ^ with).collect::<Vec<u8>>();
        let inner = self.digest(&[&padded(0x36), message])?;
        self.digest(&[&padded(0x5c), &inner])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_as_long_as_the_libraries_say() {
        for d in DIGESTS {
            if let Kind::Aws(algorithm) = d.kind {
                assert_eq!(d.block, algorithm.block_len(), "{}", d.names[0]);
            }
            assert!(d.names.iter().all(|n| n.to_ascii_lowercase() == *n), "{}", d.names[0]);
        }
    }
}
