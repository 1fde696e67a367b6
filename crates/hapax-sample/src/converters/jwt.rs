//! JSON Web Tokens (RFC 7515, 7519): reading their parts and verifying their signatures.

mod key;

use std::borrow::Cow;

use base64::Engine as _;
use hapax_value::{Support, Type, Value};

use super::encodings::BASE64URL;
use super::{arg, json};
use crate::{Absent, Arg, ArgKind, Compile, Converter, Env, Sampled};
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
    .check(|args, cx| check_verify(args, cx, false))
    .support(Support::Partial("a variable may hold a secret, but no path of a public key"))
    .cases(
        &[
            "str(a),jwt_verify(HS256,secret)",
            "str(a),jwt_verify(txn.alg,secret)",
            "str(a),jwt_verify(none,x)",
        ],
        &[
            "str(a),jwt_verify(HS256)",
            "str(a),jwt_verify(XX,x)",
            "str(a),jwt_verify(RS256,/none)",
        ],
    ),
    Converter::new(
        "jwt_verify_cert",
        Type::Bin,
        Type::Sint,
        "Verifies a token's signature with an algorithm and the path of a certificate; the result is as jwt_verify's.",
        verify,
    )
    .args(&[ArgKind::Str, ArgKind::Str], 2)
    .check(|args, cx| check_verify(args, cx, true))
    .support(Support::Partial("the certificate's path may not be in a variable"))
    .cases(
        &["str(a),jwt_verify_cert(RS256,txn.cert)"],
        &["str(a),jwt_verify_cert(RS256,/none)", "str(a),jwt_verify_cert(XX,/none)"],
    ),
];

const INVALID_TOKEN: i64 = -3;
const UNKNOWN_ALGORITHM: i64 = -1;
const UNKNOWN_KEY: i64 = -5;

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

fn check_verify(args: &mut Vec<Arg>, cx: &mut Compile<'_>, certificate: bool) -> Result<(), String> {
    arg::str_or_var(args, 0, cx);
    arg::str_or_var(args, 1, cx);
    let named = match arg::word(args, 0) {
        None => None,
        Some(name) => Some(Algorithm::parse(name.as_bytes()).ok_or_else(|| format!("unknown JWT algorithm: {name}"))?),
    };
    let by_secret = named.is_some_and(Algorithm::is_secret);
    let Some(path) = arg::word(args, 1).filter(|_| !by_secret) else {
        return Ok(());
    };
    let loaded = cx.files.read(path).and_then(|pem| PublicKey::from_pem(&pem, certificate));
    match loaded {
        Ok(key) => arg::put_custom(args, 2, key),
        // It may be a secret, when only a variable tells the algorithm; without one, nothing to verify needs no key.
        Err(_) if named.is_none() && !certificate || named == Some(Algorithm::None) => {}
        Err(why) => return Err(format!("failed to load '{path}': {why}")),
    }
    Ok(())
}

fn verify<'e>(args: &'e [Arg], value: Value<'e>, env: &'e Env<'e>) -> Sampled<'e> {
    let token = arg::bytes(value)?;
    let name = arg::text_now(args, 0, env).ok_or(Absent::Never)?;
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
    let decoded = BASE64URL.decode(signature).ok();
    let fits = |s: &Vec<u8>| !s.is_empty() && algorithm.signature_len().is_none_or(|len| s.len() == len);
    let Some(signature) = decoded.filter(fits) else {
        return Ok(Value::Int(INVALID_TOKEN));
    };
    let good = if algorithm.is_secret() {
        let secret = arg::bytes_now(args, 1, env).ok_or(Absent::Never)?;
        algorithm.verify_secret(&secret, &token[..signed], &signature)
    } else {
        let Some(key) = arg::custom::<PublicKey>(args, 2) else {
            return Ok(Value::Int(UNKNOWN_KEY));
        };
        key.verify(algorithm, &token[..signed], &signature)
    };
    Ok(Value::Int(i64::from(good)))
}
