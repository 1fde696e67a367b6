//! Encrypted JSON Web Tokens (RFC 7516), in their compact form: five parts between dots.

mod cipher;
mod key;

use base64::Engine as _;
use hapax_value::{Type, Value};
use serde_json::Value as Json;

use super::arg;
use super::digests::{base64_now, base64_or_var};
use super::encodings::BASE64URL;
use super::jwt::JwtCerts;
use crate::{Absent, Arg, ArgKind, Compile, Converter, Env, Sampled};
pub(super) use key::Key;

pub(super) static ROWS: &[Converter] = &[
    Converter::new(
        "jwt_decrypt_secret",
        Type::Bin,
        Type::Bin,
        "The decrypted content of a token by a secret in base 64, which may be in a variable; nothing on errors. Algorithms: \
         dir, A128KW to A256KW, A128GCMKW to A256GCMKW.",
        |a, v, e| decrypted(v, base64_now(a, 0, e).map(Key::Secret).as_ref(), e),
    )
    .args(&[ArgKind::Str], 1)
    .check(|args, cx| base64_or_var(args, 0, cx))
    .cases(
        &["str(a),jwt_decrypt_secret(Zm9v)", "str(a),jwt_decrypt_secret(txn.k)"],
        &["str(a),jwt_decrypt_secret(!!)"],
    ),
    Converter::new(
        "jwt_decrypt_jwk",
        Type::Bin,
        Type::Bin,
        "The decrypted content of a token by a JSON Web Key of type oct, RSA or EC, which may be in a variable; nothing on \
         errors.",
        |a, v, e| {
            let key = match arg::custom::<Key>(a, 0) {
                Some(key) => return decrypted(v, Some(key), e),
                None => arg::text_now(a, 0, e).and_then(|text| Key::from_jwk(&text)),
            };
            decrypted(v, key.as_ref(), e)
        },
    )
    .args(&[ArgKind::Str], 1)
    .check(check_jwk)
    .cases(
        &[
            "str(a),jwt_decrypt_jwk(txn.jwk)",
            "str(a),jwt_decrypt_jwk('{\"kty\":\"oct\",\"k\":\"wAsgsg\"}')",
        ],
        &["str(a),jwt_decrypt_jwk(nokey)", "str(a),jwt_decrypt_jwk('{\"kty\":\"xx\"}')"],
    ),
    Converter::new(
        "jwt_decrypt_cert",
        Type::Bin,
        Type::Bin,
        "The decrypted content of a token by the private key of a certificate, RSA or EC, by its path or its name in a \
         crt-store, which may be in a variable; nothing on errors.",
        |a, v, e| {
            let name = arg::bytes_now(a, 0, e).ok_or(Absent::Never)?;
            let certs = arg::custom::<JwtCerts>(a, 1).ok_or(Absent::Never)?;
            let key = certs.private(&name).map_err(|_| Absent::Never)?;
            decrypted(v, Some(&key), e)
        },
    )
    .args(&[ArgKind::Str], 1)
    .check(check_cert)
    .cases(&["str(a),jwt_decrypt_cert(txn.cert)"], &["str(a),jwt_decrypt_cert(/none)"]),
];

fn check_jwk(args: &mut Vec<Arg>, cx: &mut Compile<'_>) -> Result<(), String> {
    let text = arg::text(args, 0).unwrap_or_default().to_vec();
    if let Some(key) = Key::from_jwk(&text) {
        arg::put_custom(args, 0, key);
        return Ok(());
    }
    arg::str_or_var(args, 0, cx);
    match args.first() {
        Some(Arg::Var(_)) => Ok(()),
        _ => Err("the argument is neither a JSON Web Key nor a variable".to_owned()),
    }
}

fn check_cert(args: &mut Vec<Arg>, cx: &mut Compile<'_>) -> Result<(), String> {
    arg::str_or_var(args, 0, cx);
    super::jwt::load_cert(args, 0, cx, |pem| Key::from_pem(pem).map(|_| ()))?;
    arg::put(args, 1, Arg::Custom(cx.refs.jwt.clone()));
    Ok(())
}

/// A token's content, where it can be had.
fn decrypted<'e>(token: Value<'e>, key: Option<&Key>, env: &Env<'_>) -> Sampled<'e> {
    let token = arg::bytes(token)?;
    let key = key.ok_or(Absent::Never)?;
    let content = decrypt(&token, key, env).ok_or(Absent::Never)?;
    Ok(Value::Bin(content.into()))
}

fn decrypt(token: &[u8], key: &Key, env: &Env<'_>) -> Option<Vec<u8>> {
    let mut parts = token.split(|&b| b == b'.');
    let protected = parts.next()?;
    let mut decode = || BASE64URL.decode(parts.next()?).ok();
    let (wrapped, iv, text, tag) = (decode()?, decode()?, decode()?, decode()?);
    if parts.next().is_some() {
        return None;
    }
    let header: Json = serde_json::from_slice(&BASE64URL.decode(protected).ok()?).ok()?;
    let (alg, enc) = (header.get("alg")?.as_str()?, header.get("enc")?.as_str()?);
    if !env.world.jwe_allowed(alg, enc) {
        return None;
    }
    let encryption = cipher::Encryption::parse(enc)?;
    let content_key = key.unwrap(&header, &wrapped, encryption)?;
    encryption.open(&content_key, &iv, protected, text, &tag)
}
