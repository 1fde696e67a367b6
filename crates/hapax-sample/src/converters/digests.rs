//! Message digests and authentication codes.

mod table;

use hapax_value::{Type, Value};

use super::arg;
use super::encodings::BASE64;
use crate::{Absent, Arg, ArgKind, Compile, Converter, Env, Sampled};
use base64::Engine as _;
use table::{Digest, SHA1, find};

pub(super) static ROWS: &[Converter] = &[
    Converter::new("sha1", Type::Bin, Type::Bin, "The SHA-1 digest.", |_, v, _| {
        Ok(Value::Bin(SHA1.digest(&[&arg::bytes(v)?]).ok_or(Absent::Never)?.into()))
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
        "The digest of that name: md5, sha1, sha224, sha256, sha384, sha512, sha512-224, sha512-256, sha3-224, sha3-256, sha3-384, \
         sha3-512, shake128, shake256, blake2b512, blake2s256, ripemd160, sm3 or md5-sha1; OpenSSL's other names of them are known. \
         Its md4 and whirlpool are accepted and give nothing.",
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

fn check_name(args: &mut Vec<Arg>) -> Result<(), String> {
    let name = arg::word(args, 0).unwrap_or_default();
    if let Some(found) = find(name) {
        arg::put_custom(args, 0, *found);
        return Ok(());
    }
    Err("algorithm must be a valid OpenSSL message digest name.".to_owned())
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
    Ok(Value::Bin(algorithm.digest(&[&arg::bytes(value)?]).ok_or(Absent::Never)?.into()))
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
    Ok(Value::Bin(algorithm.hmac(&key, &arg::bytes(value)?).ok_or(Absent::Never)?.into()))
}
