//! Message digests and authentication codes.

use aws_lc_rs::digest::{self as aws, Context};
use hapax_value::{Type, Value};
use md5::{Digest as _, Md5};

use super::arg;
use super::encodings::BASE64;
use crate::{Absent, Arg, ArgKind, Compile, Converter, Env, Sampled};
use base64::Engine as _;

pub(super) static ROWS: &[Converter] = &[
    Converter::new("sha1", Type::Bin, Type::Bin, "The SHA-1 digest.", |_, v, _| {
        Ok(Value::Bin(SHA1.digest(&[&arg::bytes(v)?]).into()))
    })
    .cases(&["str(a),sha1"], &["str(a),sha1(1)"]),
    Converter::new(
        "sha2",
        Type::Bin,
        Type::Bin,
        "The SHA-2 digest of so many bits: 224, 256, 384 or 512; 256 by default.",
        digest,
    )
    .args(&[ArgKind::Sint], 0)
    .check(check_sha2)
    .cases(&["str(a),sha2", "str(a),sha2(512)"], &["str(a),sha2(1)", "str(a),sha2(x)"]),
    Converter::new(
        "digest",
        Type::Bin,
        Type::Bin,
        "The digest of that name: md5, sha1, sha224, sha256, sha384, sha512, sha512-256, sha3-256, sha3-384, sha3-512 or \
         md5-sha1.",
        digest,
    )
    .args(&[ArgKind::Str], 1)
    .check(|args, _| check_name(args))
    .cases(
        &["str(a),digest(md5)", "str(a),digest(SHA256)"],
        &["str(a),digest(nope)", "str(a),digest"],
    ),
    Converter::new(
        "hmac",
        Type::Bin,
        Type::Bin,
        "The authentication code by a digest and a key in base 64, which may be in a variable.",
        hmac,
    )
    .args(&[ArgKind::Str, ArgKind::Str], 2)
    .check(|args, cx| {
        check_name(args)?;
        base64_or_var(args, 1, cx).map_err(|e| format!("failed to parse key : {e}"))
    })
    .cases(
        &["str(a),hmac(sha256,Zm9v)", "str(a),hmac(sha1,txn.key)"],
        &["str(a),hmac(sha256)", "str(a),hmac(nope,Zm9v)", "str(a),hmac(sha256,!!)"],
    ),
];

/// A digest that we can compute.
#[derive(Clone, Copy)]
struct Digest {
    name: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Aws(&'static aws::Algorithm),
    Md5,
    Md5Sha1,
}

const SHA1: Digest = Digest {
    name: "sha1",
    kind: Kind::Aws(&aws::SHA1_FOR_LEGACY_USE_ONLY),
};

static DIGESTS: &[Digest] = &[
    SHA1,
    row("sha224", &aws::SHA224),
    row("sha256", &aws::SHA256),
    row("sha384", &aws::SHA384),
    row("sha512", &aws::SHA512),
    row("sha512-256", &aws::SHA512_256),
    row("sha3-256", &aws::SHA3_256),
    row("sha3-384", &aws::SHA3_384),
    row("sha3-512", &aws::SHA3_512),
    Digest {
        name: "md5",
        kind: Kind::Md5,
    },
    Digest {
        name: "md5-sha1",
        kind: Kind::Md5Sha1,
    },
];

/// Digests of OpenSSL that are not here.
const ELSEWHERE: &[&str] = &[
    "blake2b512",
    "blake2s256",
    "md4",
    "mdc2",
    "ripemd",
    "ripemd160",
    "rmd160",
    "sha3-224",
    "sha512-224",
    "shake128",
    "shake256",
    "sm3",
    "whirlpool",
];

const fn row(name: &'static str, algorithm: &'static aws::Algorithm) -> Digest {
    Digest {
        name,
        kind: Kind::Aws(algorithm),
    }
}

impl Digest {
    /// The digest of some parts, one after the other.
    fn digest(self, parts: &[&[u8]]) -> Vec<u8> {
        let aws = |algorithm| {
            let mut context = Context::new(algorithm);
            for part in parts {
                context.update(part);
            }
            context.finish().as_ref().to_vec()
        };
        let md5 = || {
            let mut hasher = Md5::new();
            for part in parts {
                hasher.update(part);
            }
            hasher.finalize().to_vec()
        };
        match self.kind {
            Kind::Aws(algorithm) => aws(algorithm),
            Kind::Md5 => md5(),
            Kind::Md5Sha1 => [md5(), aws(&aws::SHA1_FOR_LEGACY_USE_ONLY)].concat(),
        }
    }

    fn block_len(self) -> usize {
        match self.kind {
            Kind::Aws(algorithm) => algorithm.block_len(),
            Kind::Md5 | Kind::Md5Sha1 => 64,
        }
    }

    /// RFC 2104 over any digest.
    fn hmac(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        let mut block = if key.len() > self.block_len() {
            self.digest(&[key])
        } else {
            key.to_vec()
        };
        block.resize(self.block_len(), 0);
        let padded = |with: u8| block.iter().map(|b| b ^ with).collect::<Vec<u8>>();
        let inner = self.digest(&[&padded(0x36), message]);
        self.digest(&[&padded(0x5c), &inner])
    }
}

fn find(name: &str) -> Option<&'static Digest> {
    DIGESTS.iter().find(|d| d.name.eq_ignore_ascii_case(name))
}

fn check_name(args: &mut Vec<Arg>) -> Result<(), String> {
    let name = arg::word(args, 0).unwrap_or_default();
    if let Some(found) = find(name) {
        arg::put_custom(args, 0, *found);
        return Ok(());
    }
    Err(if ELSEWHERE.iter().any(|other| other.eq_ignore_ascii_case(name)) {
        format!("algorithm '{name}' is not available in this build")
    } else {
        "algorithm must be a valid OpenSSL message digest name.".to_owned()
    })
}

fn check_sha2(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    let name = match arg::int(args, 0) {
        None | Some(256) => "sha256",
        Some(224) => "sha224",
        Some(384) => "sha384",
        Some(512) => "sha512",
        Some(other) => return Err(format!("Unsupported number of bits: '{other}'")),
    };
    if let Some(found) = find(name) {
        arg::put_custom(args, 0, *found);
    }
    Ok(())
}

fn digest<'e>(args: &'e [Arg], value: Value<'e>, _: &'e Env<'e>) -> Sampled<'e> {
    let algorithm = arg::custom::<Digest>(args, 0).ok_or(Absent::Never)?;
    Ok(Value::Bin(algorithm.digest(&[&arg::bytes(value)?]).into()))
}

/// Turns a text argument into a variable, or into the bytes that its base 64 stands for.
pub(super) fn base64_or_var(args: &mut Vec<Arg>, at: usize, cx: &mut Compile<'_>) -> Result<(), String> {
    arg::str_or_var(args, at, cx);
    if let Some(text) = arg::text(args, at) {
        let bytes = BASE64
            .decode(text)
            .map_err(|_| "argument needs to be base64 encoded, and can either be a string or a variable")?;
        arg::put(args, at, Arg::Str(bytes.into()));
    }
    Ok(())
}

/// The bytes of such an argument now: what a variable holds is in base 64 too.
pub(super) fn base64_now(args: &[Arg], at: usize, env: &Env<'_>) -> Option<Vec<u8>> {
    match args.get(at) {
        Some(Arg::Str(bytes)) => Some(bytes.to_vec()),
        Some(Arg::Var(_)) => BASE64.decode(arg::text_now(args, at, env)?).ok(),
        _ => None,
    }
}

fn hmac<'e>(args: &'e [Arg], value: Value<'e>, env: &'e Env<'e>) -> Sampled<'e> {
    let algorithm = arg::custom::<Digest>(args, 0).ok_or(Absent::Never)?;
    let key = base64_now(args, 1, env).ok_or(Absent::Never)?;
    Ok(Value::Bin(algorithm.hmac(&key, &arg::bytes(value)?).into()))
}
