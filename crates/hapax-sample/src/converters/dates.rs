//! Dates as texts and back.

pub(crate) mod calendar;
mod strftime;

use hapax_value::{Type, Value};

use super::arg;
use super::numbers::number;
use crate::{Absent, Arg, ArgKind, Compile, Converter, Env, Sampled, Zone};
use calendar::{Date, MONTHS, WEEKDAYS};

const FORMAT: &[ArgKind] = &[ArgKind::Str, ArgKind::Sint];

const fn formatted(name: &'static str, doc: &'static str, ok: &'static [&'static str], eval: super::Eval) -> Converter {
    Converter::new(name, Type::Sint, Type::Str, doc, eval)
        .args(FORMAT, 1)
        .cases(ok, &["int(0),utime(%Y,x)", "int(0),ltime(%Y,1,2)"])
}

pub(super) static ROWS: &[Converter] = &[
    formatted(
        "ltime",
        "A date in seconds since the epoch, plus an offset, in local time and in a format of strftime(3).",
        &["int(0),ltime(%Y)", "int(0),ltime(%Y,-1)"],
        |a, v, e| time(a, v, e, 1, true),
    ),
    formatted(
        "ms_ltime",
        "As ltime, for a date in milliseconds, the offset in seconds; `%N` gives the fraction in nanoseconds, `%3N` its first three digits.",
        &["int(0),ms_ltime(%3N)"],
        |a, v, e| time(a, v, e, 1000, true),
    ),
    formatted(
        "us_ltime",
        "As ltime, for a date in microseconds, the offset in seconds; `%N` gives the fraction in nanoseconds, `%6N` its first six digits.",
        &["int(0),us_ltime(%6N)"],
        |a, v, e| time(a, v, e, 1_000_000, true),
    ),
    formatted(
        "utime",
        "A date in seconds since the epoch, plus an offset, in universal time and in a format of strftime(3).",
        &["int(0),utime(%Y)", "int(0),utime(%Y,-1)"],
        |a, v, e| time(a, v, e, 1, false),
    ),
    formatted(
        "ms_utime",
        "As utime, for a date in milliseconds, the offset in seconds; `%N` gives the fraction in nanoseconds, `%3N` its first three digits.",
        &["int(0),ms_utime(%3N)"],
        |a, v, e| time(a, v, e, 1000, false),
    ),
    formatted(
        "us_utime",
        "As utime, for a date in microseconds, the offset in seconds; `%N` gives the fraction in nanoseconds, `%6N` its first six digits.",
        &["int(0),us_utime(%6N)"],
        |a, v, e| time(a, v, e, 1_000_000, false),
    ),
    Converter::new(
        "http_date",
        Type::Sint,
        Type::Str,
        "A date since the epoch, plus an offset, as HTTP headers have it; in seconds, or in the unit given (`ms`, `us`), \
         whose fraction is then written too.",
        http_date,
    )
    .args(&[ArgKind::Sint, ArgKind::Str], 0)
    .check(check_unit)
    .cases(
        &["int(0),http_date", "int(0),http_date(60)", "int(0),http_date(0,ms)"],
        &["int(0),http_date(0,m)"],
    ),
    Converter::new(
        "date",
        Type::Str,
        Type::Sint,
        "The seconds since the epoch of a date of an HTTP header, in any of its three forms.",
        |_, v, _| {
            let text = arg::bytes(v)?;
            calendar::parse_http(&text).map(Value::Int).ok_or(Absent::Never)
        },
    )
    .cases(&["str(x),date"], &["str(x),date(1)"]),
];

/// Years beyond this mask would wrap.
const SECONDS_MASK: i64 = 0x007f_ffff_ffff_ffff;

fn time<'e>(args: &'e [Arg], value: Value<'e>, env: &'e Env<'e>, unit: i64, local: bool) -> Sampled<'e> {
    let offset = arg::int(args, 1).unwrap_or(0);
    let (seconds, nanos) = if unit == 1 {
        ((number(&value)? & SECONDS_MASK).wrapping_add(offset), 0)
    } else {
        let stamp = number(&value)?;
        ((stamp / unit).wrapping_add(offset), stamp % unit * (1_000_000_000 / unit))
    };
    let zone = if local {
        env.world.zone_at(seconds)
    } else {
        Zone {
            offset: 0,
            abbreviation: "GMT".into(),
        }
    };
    let mut out = Vec::with_capacity(64);
    let moment = strftime::Moment {
        seconds,
        fraction: (unit > 1).then_some(nanos as u64),
        zone: &zone,
    };
    moment.write(arg::text(args, 0).unwrap_or_default(), &mut out);
    Ok(Value::Str(out.into()))
}

fn check_unit(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    let unit = match arg::text(args, 1) {
        None => return Ok(()),
        Some(b"s") => 1,
        Some(b"ms") => 1000,
        Some(b"us") => 1_000_000,
        Some(other) => return Err(format!("expects 's', 'ms' or 'us', got '{}'", String::from_utf8_lossy(other))),
    };
    arg::put(args, 1, Arg::Int(unit));
    Ok(())
}

fn http_date<'e>(args: &'e [Arg], value: Value<'e>, _: &'e Env<'e>) -> Sampled<'e> {
    let unit = arg::int(args, 1).unwrap_or(1);
    let stamp = number(&value)?.wrapping_add(arg::int(args, 0).unwrap_or(0));
    let date = Date::at((stamp / unit) & SECONDS_MASK);
    let fraction = if unit == 1 { String::new() } else { format!(".{}", stamp % unit) };
    let text = format!(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02}{fraction} GMT",
        &WEEKDAYS[date.weekday as usize][..3],
        date.day,
        &MONTHS[date.month as usize - 1][..3],
        date.year,
        date.hour,
        date.minute,
        date.second,
    );
    Ok(Value::Str(text.into_bytes().into()))
}
