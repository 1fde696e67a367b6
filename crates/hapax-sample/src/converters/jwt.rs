//! JSON Web Tokens (RFC 7515, 7519): reading their parts and verifying their signatures.

mod certs;
mod key;

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use hapax_value::{Type, Value};

use super::encodings::BASE64URL;
use super::{arg, json};
use crate::{Absent, Arg, ArgKind, Compile, Converter, Env, Sampled};
pub use certs::JwtCerts;
use certs::Lack;
use key::{Algorithm, PublicKey};

pub(super) static ROWS: &[Converter] = &[
    Converter::new(
        "jwt_header_query",
        Type::Bin,
        Type::Any,
        "The decoded header of a token, or what a JSON path finds in it; see json_query.",
        |a, v, _| query(a, v, 0),
    )
    .args(&[ArgKind::Str, ArgKind::Str], 0)
    .check(check_query)
    .cases(
        &[
            "str(a),jwt_header_query",
            "str(a),jwt_header_query($.alg)",
            "str(a),jwt_header_query($.n,int)",
        ],
        &["str(a),jwt_header_query($.alg,str)"],
    ),
    Converter::new(
        "jwt_payload_query",
        Type::Bin,
        Type::Any,
        "The decoded payload of a signed token, or what a JSON path finds in it; see json_query.",
        |a, v, _| query(a, v, 1),
    )
    .args(&[ArgKind::Str, ArgKind::Str], 0)
    .check(check_query)
    .cases(
        &[
            "str(a),jwt_payload_query",
            "str(a),jwt_payload_query($.iss)",
            "str(a),jwt_payload_query($.exp,int)",
        ],
        &["str(a),jwt_payload_query($.exp,x)"],
    ),
    Converter::new(
        "jwt_verify",
        Type::Bin,
        Type::Sint,
        "Verifies a token's signature with an algorithm and a secret or the path of a public key, which may be in variables: \
         1 when it is good, 0 when it is not, less than 0 on errors.",
        verify,
    )
    .args(&[ArgKind::Str, ArgKind::Str], 2)
    .check(check_verify)
    .cases(
        &["str(a),jwt_verify(HS256,secret)", "str(a),jwt_verify(txn.alg,secret)"],
        &[
            "str(a),jwt_verify(none,x)",
            "str(a),jwt_verify(HS256)",
            "str(a),jwt_verify(XX,x)",
            "str(a),jwt_verify(RS256,/none)",
        ],
    ),
    Converter::new(
        "jwt_verify_cert",
        Type::Bin,
        Type::Sint,
        "Verifies a token's signature with an algorithm and a certificate, by its path or its name in a crt-store, which may be \
         in a variable; the result is as jwt_verify's, and -7 for a certificate that is not meant for it.",
        verify_by_cert,
    )
    .args(&[ArgKind::Str, ArgKind::Str], 2)
    .check(check_cert)
    .cases(
        &["str(a),jwt_verify_cert(RS256,txn.cert)", "str(a),jwt_verify_cert(RS256,/none)"],
        &["str(a),jwt_verify_cert(HS256,txn.cert)", "str(a),jwt_verify_cert(XX,/none)"],
    ),
];

const INVALID_TOKEN: i64 = -3;
const UNKNOWN_ALGORITHM: i64 = -1;
const UNMANAGED_ALGORITHM: i64 = -2;
const UNKNOWN_KEY: i64 = -5;
const UNUSABLE_CERT: i64 = -7;

fn check_query(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    if arg::text(args, 0).is_none() && arg::text(args, 1).is_none() {
        return Ok(());
    }
    json::check_query(args, 0)
}

/// A part of a token: header, payload or signature, as it is written.
fn part(token: &[u8], n: usize) -> Option<&[u8]> {
    let mut parts = token.split(|&b| b == b'.');
    let found = parts.nth(n)?;
    // The first two are always followed by another.
    (n >= 2 || parts.next().is_some()).then_some(found)
}

fn query<'e>(args: &'e [Arg], value: Value<'e>, n: usize) -> Sampled<'e> {
    let token = arg::bytes(value)?;
    let decoded = part(&token, n).and_then(|part| BASE64URL.decode(part).ok()).ok_or(Absent::Never)?;
    if arg::text(args, 0).is_none() {
        return Ok(Value::Str(Cow::Owned(decoded)));
    }
    json::lookup(&decoded, args)
}

/// The algorithm, where it is named.
fn named_algorithm(args: &mut Vec<Arg>, cx: &mut Compile<'_>) -> Result<Option<Algorithm>, String> {
    arg::str_or_var(args, 0, cx);
    arg::str_or_var(args, 1, cx);
    let Some(name) = arg::word(args, 0) else { return Ok(None) };
    let known = Algorithm::parse(name.as_bytes());
    known.map(Some).ok_or_else(|| format!("unknown JWT algorithm: {name}"))
}

fn check_verify(args: &mut Vec<Arg>, cx: &mut Compile<'_>) -> Result<(), String> {
    let named = named_algorithm(args, cx)?;
    let by_secret = named.is_some_and(Algorithm::is_secret);
    if let Some(path) = arg::word(args, 1).filter(|_| !by_secret) {
        match cx.files.read(path).and_then(|pem| PublicKey::from_pem(&pem, false)) {
            Ok(key) => cx.refs.jwt.add_key(path, &Arc::new(key)),
            // It may be a secret, when only a variable tells the algorithm.
            Err(_) if named.is_none() => {}
            Err(why) => return Err(format!("failed to load '{path}': {why}")),
        }
    }
    arg::put(args, 2, Arg::Custom(cx.refs.jwt.clone()));
    Ok(())
}

fn check_cert(args: &mut Vec<Arg>, cx: &mut Compile<'_>) -> Result<(), String> {
    if named_algorithm(args, cx)?.is_some_and(Algorithm::is_secret) {
        return Err("HMAC-signed tokens can't be processed by this converter".to_owned());
    }
    // One that is not there now is looked for again whenever a token comes: the runtime API may bring it.
    let _ = load_cert(args, 1, cx, |pem| PublicKey::from_pem(pem, true).map(|_| ()));
    arg::put(args, 2, Arg::Custom(cx.refs.jwt.clone()));
    Ok(())
}

/// Makes sure that the certificate of an argument is known, where it is named: one that no crt-store has is loaded.
/// `fits`: whether the file holds what is needed of it.
pub(super) fn load_cert(
    args: &[Arg],
    at: usize,
    cx: &mut Compile<'_>,
    fits: impl FnOnce(&[u8]) -> Result<(), String>,
) -> Result<(), String> {
    let Some(path) = arg::word(args, at).filter(|p| !cx.refs.jwt.knows(p)) else {
        return Ok(());
    };
    let failed = |why: String| format!("failed to load '{path}': {why}");
    if path.starts_with('@') {
        return Err(failed("no crt-store has loaded it".to_owned()));
    }
    let pem = cx.files.read(path).map_err(failed)?;
    fits(&pem).map_err(failed)?;
    cx.refs.jwt.add(path, &pem, &pem, true);
    Ok(())
}

fn verify<'e>(args: &'e [Arg], value: Value<'e>, env: &'e Env<'e>) -> Sampled<'e> {
    verify_by(args, value, env, |certs, name| certs.key(name).ok_or(Lack::Unknown))
}

fn verify_by_cert<'e>(args: &'e [Arg], value: Value<'e>, env: &'e Env<'e>) -> Sampled<'e> {
    let algorithm = arg::text_now(args, 0, env).and_then(|name| Algorithm::parse(&name));
    verify_by(args, value, env, JwtCerts::public).map(|result| match result {
        // A certificate holds no secret.
        Value::Int(0 | 1) if algorithm.is_some_and(Algorithm::is_secret) => Value::Int(UNMANAGED_ALGORITHM),
        other => other,
    })
}

fn verify_by<'e>(
    args: &'e [Arg],
    value: Value<'e>,
    env: &'e Env<'e>,
    find: impl FnOnce(&JwtCerts, &[u8]) -> Result<Arc<PublicKey>, Lack>,
) -> Sampled<'e> {
    let token = arg::bytes(value)?;
    let name = arg::text_now(args, 0, env).ok_or(Absent::Never)?;
    if matches!(args.get(1), Some(Arg::Var(_))) && arg::bytes_now(args, 1, env).is_none() {
        return Err(Absent::Never);
    }
    let Some(algorithm) = Algorithm::parse(&name) else {
        return Ok(Value::Int(UNKNOWN_ALGORITHM));
    };
    let dots = memchr::memchr_iter(b'.', &token).count();
    let signed = memchr::memrchr(b'.', &token).filter(|_| dots == 2);
    let Some(signed) = signed else {
        return Ok(Value::Int(INVALID_TOKEN));
    };
    let signature = &token[signed + 1..];
    if algorithm == Algorithm::None {
        return Ok(Value::Int(i64::from(signature.is_empty())));
    }
    let Some(signature) = BASE64URL.decode(signature).ok().filter(|s| !s.is_empty()) else {
        return Ok(Value::Int(INVALID_TOKEN));
    };
    let good = if algorithm.is_secret() {
        let secret = arg::bytes_now(args, 1, env).ok_or(Absent::Never)?;
        algorithm.verify_secret(&secret, &token[..signed], &signature)
    } else {
        let name = arg::bytes_now(args, 1, env).unwrap_or_default();
        let certs = arg::custom::<JwtCerts>(args, 2).ok_or(Absent::Never)?;
        let key = match find(certs, &name) {
            Ok(key) => key,
            Err(Lack::Unknown) => return Ok(Value::Int(UNKNOWN_KEY)),
            Err(Lack::Unusable) => return Ok(Value::Int(UNUSABLE_CERT)),
        };
        if algorithm.signature_len().is_some_and(|len| signature.len() != len) {
            return Ok(Value::Int(INVALID_TOKEN));
        }
        key.verify(algorithm, &token[..signed], &signature)
    };
    Ok(Value::Int(i64::from(good)))
}
