//! AES in its CBC and GCM modes; keys, nonces, tags and additional data are in base 64, in place or in variables.

use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hapax_value::{Type, Value};

use super::digests::{base64_now, base64_or_var};
use super::{arg, gcm_any_nonce};
use crate::vars::StoreIf;
use crate::{Absent, Arg, ArgKind, Compile, Converter, Env, Sampled};

pub(super) const TAG_LEN: usize = 16;
const CBC: &[ArgKind] = &[ArgKind::Sint, ArgKind::Str, ArgKind::Str, ArgKind::Str];
const GCM: &[ArgKind] = &[ArgKind::Sint, ArgKind::Str, ArgKind::Str, ArgKind::Str, ArgKind::Str];

pub(super) static ROWS: &[Converter] = &[
    Converter::new(
        "aes_cbc_dec",
        Type::Bin,
        Type::Bin,
        "Decrypts AES-CBC with a key of so many bits: bits, initialisation vector, key.",
        |a, v, e| cbc(a, v, e, cbc_decrypt),
    )
    .args(CBC, 3)
    .check(check_cbc)
    .cases(
        &["bin(00),aes_cbc_dec(128,txn.iv,Zm9vb2Zvb29mb29wZm9vbw==)"],
        &[
            "bin(00),aes_cbc_dec(127,txn.iv,Zm9v)",
            "bin(00),aes_cbc_dec(128,txn.iv)",
            "bin(00),aes_cbc_dec(128,!,Zm9v)",
        ],
    ),
    Converter::new(
        "aes_cbc_enc",
        Type::Bin,
        Type::Bin,
        "Encrypts with AES-CBC and a key of so many bits: bits, initialisation vector, key.",
        |a, v, e| cbc(a, v, e, cbc_encrypt),
    )
    .args(CBC, 3)
    .check(check_cbc)
    .cases(&["str(a),aes_cbc_enc(128,txn.iv,txn.key)"], &["bin(00),aes_cbc_enc(128,txn.iv,!)"]),
    Converter::new(
        "aes_gcm_dec",
        Type::Bin,
        Type::Bin,
        "Decrypts AES-GCM with a key of so many bits: bits, nonce, key, tag, additional data. There is no \
         result where the tag does not fit.",
        gcm_decrypt,
    )
    .args(GCM, 4)
    .check(|args, cx| {
        check_common(args, cx)?;
        base64_or_var(args, 3, cx).map_err(|e| format!("failed to parse aead_tag : {e}"))?;
        base64_or_var(args, 4, cx).map_err(|e| format!("failed to parse aad : {e}"))
    })
    .cases(
        &[
            "bin(00),aes_gcm_dec(128,txn.n,txn.k,txn.t)",
            "bin(00),aes_gcm_dec(256,txn.n,txn.k,txn.t,Zm9v)",
        ],
        &["bin(00),aes_gcm_dec(128,txn.n,txn.k)", "bin(00),aes_gcm_dec(1,txn.n,txn.k,txn.t)"],
    ),
    Converter::new(
        "aes_gcm_enc",
        Type::Bin,
        Type::Bin,
        "Encrypts with AES-GCM and a key of so many bits: bits, nonce, key, the variable that takes the tag, \
         additional data.",
        gcm_encrypt,
    )
    .args(GCM, 4)
    .check(|args, cx| {
        check_common(args, cx)?;
        arg::var(args, 3, cx).map_err(|e| format!("failed to parse aead_tag : {e}"))?;
        base64_or_var(args, 4, cx).map_err(|e| format!("failed to parse aad : {e}"))
    })
    .cases(
        &["str(a),aes_gcm_enc(128,txn.n,txn.k,txn.t)"],
        &["str(a),aes_gcm_enc(128,txn.n,txn.k,Zm9v)", "str(a),aes_gcm_enc(128,txn.n,txn.k)"],
    ),
];

fn check_common(args: &mut Vec<Arg>, cx: &mut Compile<'_>) -> Result<(), String> {
    if !matches!(arg::int(args, 0), Some(128 | 192 | 256)) {
        return Err("key size must be 128, 192 or 256 (bits).".to_owned());
    }
    base64_or_var(args, 1, cx).map_err(|e| format!("failed to parse nonce : {e}"))?;
    base64_or_var(args, 2, cx).map_err(|e| format!("failed to parse key : {e}"))
}

fn check_cbc(args: &mut Vec<Arg>, cx: &mut Compile<'_>) -> Result<(), String> {
    check_common(args, cx)?;
    base64_or_var(args, 3, cx).map_err(|e| format!("failed to parse aad : {e}"))
}

fn cbc<'e>(
    args: &'e [Arg],
    value: Value<'e>,
    env: &Env<'_>,
    run: fn(UnboundCipherKey, FixedLength<16>, Vec<u8>) -> Option<Vec<u8>>,
) -> Sampled<'e> {
    // Additional data say nothing in this mode, but must be such.
    if let Some(Arg::Var(_)) = args.get(3) {
        base64_now(args, 3, env).ok_or(Absent::Never)?;
    }
    let iv = base64_now(args, 1, env).ok_or(Absent::Never)?;
    // A vector of another length is cut, or filled up with zeros.
    let mut block = [0; 16];
    block.iter_mut().zip(&iv).for_each(|(b, i)| *b = *i);
    let iv = FixedLength::from(block);
    let algorithm = match arg::int(args, 0) {
        Some(128) => &AES_128,
        Some(192) => &AES_192,
        _ => &AES_256,
    };
    let key = base64_now(args, 2, env).ok_or(Absent::Never)?;
    let key = UnboundCipherKey::new(algorithm, &key).map_err(|_| Absent::Never)?;
    let out = run(key, iv, arg::bytes(value)?.into_owned()).ok_or(Absent::Never)?;
    Ok(Value::Bin(out.into()))
}

/// Removes PKCS#7 padding too.
pub(super) fn cbc_decrypt(key: UnboundCipherKey, iv: FixedLength<16>, mut text: Vec<u8>) -> Option<Vec<u8>> {
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?;
    let len = key.decrypt(&mut text, DecryptionContext::Iv128(iv)).ok()?.len();
    text.truncate(len);
    Some(text)
}

fn cbc_encrypt(key: UnboundCipherKey, iv: FixedLength<16>, mut text: Vec<u8>) -> Option<Vec<u8>> {
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).ok()?;
    key.less_safe_encrypt(&mut text, EncryptionContext::Iv128(iv)).ok()?;
    Some(text)
}

/// A key for GCM, whose length in bits tells the variant.
pub(super) fn gcm_key(bits: usize, key: &[u8]) -> Option<LessSafeKey> {
    let algorithm = match bits {
        128 => &AES_128_GCM,
        192 => &AES_192_GCM,
        256 => &AES_256_GCM,
        _ => return None,
    };
    UnboundKey::new(algorithm, key).ok().map(LessSafeKey::new)
}

/// What both directions need of the arguments: key, nonce and additional data.
struct GcmParts {
    bits: usize,
    key: Vec<u8>,
    nonce: Vec<u8>,
    aad: Vec<u8>,
}

fn gcm_parts(args: &[Arg], env: &Env<'_>) -> Option<GcmParts> {
    let bits = usize::try_from(arg::int(args, 0)?).ok()?;
    let aad = match args.get(4) {
        Some(Arg::Str(_) | Arg::Var(_)) => base64_now(args, 4, env)?,
        _ => Vec::new(),
    };
    Some(GcmParts {
        bits,
        key: base64_now(args, 2, env)?,
        nonce: base64_now(args, 1, env)?,
        aad,
    })
}

impl GcmParts {
    /// The nonce where it has the length that all but some protocols use.
    fn common_nonce(&self) -> Option<Nonce> {
        let nonce: [u8; NONCE_LEN] = self.nonce.as_slice().try_into().ok()?;
        Some(Nonce::assume_unique_for_key(nonce))
    }

    fn open(&self, mut text: Vec<u8>, tag: &[u8]) -> Option<Vec<u8>> {
        let Some(nonce) = self.common_nonce() else {
            return gcm_any_nonce::open(self.bits, &self.key, &self.nonce, &self.aad, text, tag);
        };
        text.extend_from_slice(tag);
        let key = gcm_key(self.bits, &self.key)?;
        let len = key.open_in_place(nonce, Aad::from(&self.aad), &mut text).ok()?.len();
        text.truncate(len);
        Some(text)
    }

    /// The text encrypted in place, and its tag.
    fn seal(&self, text: &mut [u8]) -> Option<[u8; TAG_LEN]> {
        let Some(nonce) = self.common_nonce() else {
            return gcm_any_nonce::seal(self.bits, &self.key, &self.nonce, &self.aad, text);
        };
        let key = gcm_key(self.bits, &self.key)?;
        let tag = key.seal_in_place_separate_tag(nonce, Aad::from(&self.aad), text).ok()?;
        tag.as_ref().try_into().ok()
    }
}

fn gcm_decrypt<'e>(args: &'e [Arg], value: Value<'e>, env: &'e Env<'e>) -> Sampled<'e> {
    let parts = gcm_parts(args, env).ok_or(Absent::Never)?;
    let tag = base64_now(args, 3, env).filter(|tag| tag.len() == TAG_LEN).ok_or(Absent::Never)?;
    let text = parts.open(arg::bytes(value)?.into_owned(), &tag).ok_or(Absent::Never)?;
    Ok(Value::Bin(text.into()))
}

fn gcm_encrypt<'e>(args: &'e [Arg], value: Value<'e>, env: &'e Env<'e>) -> Sampled<'e> {
    let parts = gcm_parts(args, env).ok_or(Absent::Never)?;
    let mut text = arg::bytes(value)?.into_owned();
    let tag = parts.seal(&mut text).ok_or(Absent::Never)?;
    if let Some(Arg::Var(id)) = args.get(3) {
        let tag = STANDARD.encode(tag).into_bytes();
        env.set_var(*id, Value::Str(tag.into()), StoreIf::default());
    }
    Ok(Value::Bin(text.into()))
}
