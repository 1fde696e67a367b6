//! Blocks of bytes: parts, control characters, comparison in constant time; and masks of addresses.

use std::net::{Ipv4Addr, Ipv6Addr};

use hapax_value::{Type, Value, embedded_v4};

use super::arg;
use crate::{Absent, Arg, ArgKind, Compile, Converter, Env, Sampled};

pub(super) static ROWS: &[Converter] = &[
    Converter::new(
        "bytes",
        Type::Bin,
        Type::Bin,
        "The bytes from an offset on, as many as the length says where one is given; both are numbers or variables.",
        bytes,
    )
    .args(&[ArgKind::Str, ArgKind::Str], 1)
    .check(|args, cx| {
        let with_length = matches!(args.get(1), Some(Arg::Str(_)));
        arg::int_or_var(args, 0, cx)?;
        arg::int_or_var(args, 1, cx)?;
        // Variables may stand there since 2.9, and since then not every number.
        let old = !cx.knows((2, 9));
        match (args.first(), args.get(1)) {
            (Some(Arg::Var(_)), _) | (_, Some(Arg::Var(_))) if old => Err("expects an integer".to_owned()),
            (Some(Arg::Int(..0)), _) if !old => Err("expects a non-negative integer.".to_owned()),
            (_, Some(Arg::Int(..1))) if with_length && !old => Err("expects a positive integer.".to_owned()),
            _ => Ok(()),
        }
    })
    .cases(
        &["str(abc),bytes(1)", "str(abc),bytes(1,1)", "str(abc),bytes(txn.a,txn.b)"],
        &[
            "str(abc),bytes(x)",
            "str(abc),bytes(1,2,3)",
            "str(abc),bytes(-1)",
            "str(abc),bytes(1,0)",
            "str(abc),bytes(1,-1)",
        ],
    ),
    Converter::new(
        "has_ctl",
        Type::Bin,
        Type::Bool,
        "Whether there is a control character of the mask: bits 0 to 31 for those numbers, bit 32 for DEL; `any`, or `http` \
         for CR, LF and NUL. All but the tab by default.",
        |a, v, _| {
            let mask = arg::int(a, 0).unwrap_or_default();
            let hit = |b: &u8| match b {
                0..0x20 => mask >> b & 1 == 1,
                0x7f => mask >> 32 & 1 == 1,
                _ => false,
            };
            Ok(Value::Bool(arg::bytes(v)?.iter().any(hit)))
        },
    )
    .args(&[ArgKind::Str], 0)
    .check(check_mask)
    .cases(
        &[
            "str(a),has_ctl",
            "str(a),has_ctl(any)",
            "str(a),has_ctl(http)",
            "str(a),has_ctl(0x2401)",
        ],
        &["str(a),has_ctl(all)", "str(a),has_ctl(0x200000000)"],
    ),
    Converter::new(
        "secure_memcmp",
        Type::Bin,
        Type::Bool,
        "Whether the input is the same as a variable, in a time that does not tell where they differ.",
        |a, v, e| {
            let left = arg::bytes(v)?;
            let right = arg::bytes_now(a, 0, e).ok_or(Absent::Never)?;
            Ok(Value::Bool(
                aws_lc_rs::constant_time::verify_slices_are_equal(&left, &right).is_ok(),
            ))
        },
    )
    .args(&[ArgKind::Str], 1)
    .check(|args, cx| arg::var(args, 0, cx))
    .cases(
        &["str(a),secure_memcmp(txn.x)"],
        &["str(a),secure_memcmp(x)", "str(a),secure_memcmp"],
    ),
    Converter::new(
        "ipmask",
        Type::Addr,
        Type::Addr,
        "The network of an address by the mask of its family; an IPv6 address has none when only the mask for IPv4 is given.",
        |a, v, _| match (v, a) {
            (Value::V4(ip), [Arg::V4(mask), ..]) => Ok(Value::V4(Ipv4Addr::from_bits(ip.to_bits() & mask.to_bits()))),
            // One that holds an address of the other family stands for it.
            (Value::V6(ip), [Arg::V4(mask), ..]) if embedded_v4(ip).is_some() => {
                let ip = embedded_v4(ip).map_or(0, Ipv4Addr::to_bits);
                Ok(Value::V4(Ipv4Addr::from_bits(ip & mask.to_bits())))
            }
            (Value::V6(ip), [_, Arg::V6(mask)]) => Ok(Value::V6(Ipv6Addr::from_bits(ip.to_bits() & mask.to_bits()))),
            _ => Err(Absent::Never),
        },
    )
    .args(&[ArgKind::Mask4, ArgKind::Mask6], 1)
    .cases(
        &[
            "ipv4(1.2.3.4),ipmask(24)",
            "ipv6(::1),ipmask(255.0.0.0,64)",
            "ipv6(::1),ipmask(8,ffff::)",
        ],
        &["ipv4(1.2.3.4),ipmask(33)", "ipv4(1.2.3.4),ipmask", "ipv4(1.2.3.4),ipmask(8,129)"],
    ),
];

fn bytes<'e>(args: &'e [Arg], value: Value<'e>, env: &'e Env<'e>) -> Sampled<'e> {
    let block = arg::bytes(value)?;
    let size = |at| usize::try_from(arg::int_now(args, at, env)?).map_err(|_| Absent::Never);
    // What is not there now may still come.
    let missing = if env.no_more { Absent::Never } else { Absent::NotYet };
    let start = size(0)?;
    if start >= block.len() {
        return if env.no_more {
            Ok(Value::Bin((&[][..]).into()))
        } else {
            Err(missing)
        };
    }
    let left = block.len() - start;
    let len = if args.len() > 1 { size(1)? } else { left };
    if len > left && !env.no_more {
        return Err(missing);
    }
    Ok(Value::Bin(arg::part(block, start..start + len.min(left))))
}

fn check_mask(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    const ALL: i64 = 0x1_ffff_ffff;
    let mask = match arg::word(args, 0).unwrap_or_default() {
        "" => ALL & !(1 << b'\t'),
        "any" => ALL,
        "http" => 1 << b'\r' | 1 << b'\n' | 1,
        text => {
            let parsed = match text.strip_prefix("0x") {
                Some(hex) => i64::from_str_radix(hex, 16).ok(),
                None => text.parse().ok(),
            };
            parsed.ok_or_else(|| format!("cannot parse value '{text}'; expecting an integer value (decimal or hex with '0x' prefix)"))?
        }
    };
    if mask & !ALL != 0 {
        return Err(format!("unsupported excess bits {:#x} in argument value", mask & !ALL));
    }
    arg::put(args, 0, Arg::Int(mask));
    Ok(())
}
