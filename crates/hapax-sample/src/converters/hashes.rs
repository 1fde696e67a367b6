//! Hashes that are not cryptographic. Those that load balancing uses give the very same numbers.

use hapax_value::{Type, Value, hash};
use xxhash_rust::{xxh3::xxh3_64_with_seed, xxh32::xxh32, xxh64::xxh64};

use super::arg;
use crate::{Arg, ArgKind, Converter, Sampled};

const AVALANCHE: &[ArgKind] = &[ArgKind::Sint];

const fn hash32(name: &'static str, doc: &'static str, ok: &'static [&'static str], eval: super::Eval) -> Converter {
    Converter::new(name, Type::Bin, Type::Sint, doc, eval)
        .args(AVALANCHE, 0)
        .cases(ok, &["str(a),crc32(x)", "str(a),wt6(1,2)"])
}

pub(super) static ROWS: &[Converter] = &[
    hash32(
        "crc32",
        "The CRC of Ethernet and zip; an argument other than 0 adds a mixing step.",
        &["str(a),crc32", "str(a),crc32(1)"],
        |a, v, _| mixed(a, v, hash::crc32),
    ),
    hash32(
        "crc32c",
        "The CRC of SCTP (RFC 4960); an argument other than 0 adds a mixing step.",
        &["str(a),crc32c", "str(a),crc32c(1)"],
        |a, v, _| mixed(a, v, hash::crc32c),
    ),
    hash32(
        "djb2",
        "The DJB2 hash; an argument other than 0 adds a mixing step.",
        &["str(a),djb2", "str(a),djb2(1)"],
        |a, v, _| mixed(a, v, hash::djb2),
    ),
    hash32(
        "sdbm",
        "The SDBM hash; an argument other than 0 adds a mixing step.",
        &["str(a),sdbm", "str(a),sdbm(1)"],
        |a, v, _| mixed(a, v, hash::sdbm),
    ),
    hash32(
        "wt6",
        "The WT6 hash; an argument other than 0 adds a mixing step.",
        &["str(a),wt6", "str(a),wt6(1)"],
        |a, v, _| mixed(a, v, hash::wt6),
    ),
    hash32(
        "xxh32",
        "The 32-bit xxHash, with an optional seed.",
        &["str(a),xxh32", "str(a),xxh32(5)"],
        |a, v, _| Ok(Value::Int(i64::from(xxh32(&arg::bytes(v)?, seed(a) as u32)))),
    ),
    hash32(
        "xxh64",
        "The 64-bit xxHash as a signed number, with an optional seed.",
        &["str(a),xxh64", "str(a),xxh64(5)"],
        |a, v, _| Ok(Value::Int(xxh64(&arg::bytes(v)?, seed(a)) as i64)),
    ),
    hash32(
        "xxh3",
        "The 64-bit XXH3 as a signed number, with an optional seed.",
        &["str(a),xxh3", "str(a),xxh3(5)"],
        |a, v, _| Ok(Value::Int(xxh3_64_with_seed(&arg::bytes(v)?, seed(a)) as i64)),
    ),
];

fn seed(args: &[Arg]) -> u64 {
    arg::int(args, 0).unwrap_or(0) as u64
}

fn mixed<'e>(args: &[Arg], value: Value<'e>, function: fn(&[u8]) -> u32) -> Sampled<'e> {
    let h = function(&arg::bytes(value)?);
    Ok(Value::Int(i64::from(if seed(args) == 0 { h } else { hash::spread(h) })))
}
