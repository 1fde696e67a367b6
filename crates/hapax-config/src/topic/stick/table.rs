//! The words of a `stick-table` line, and of `table` in a peers section.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_value::Millis;

use super::wrong;
use crate::args::Args;
use crate::codes;
use crate::plan::{StickTable, Store, TableKey};
use crate::units::{TIMER_MAX, TimeError, Unit, parse_size, parse_time};

/// What the argument of a kind of data is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Period,
    Elements,
    ElementsAndPeriod,
}

/// Every kind of data that a table may keep.
const DATA: &[(&str, Takes)] = &[
    ("bytes_in_cnt", Takes::Nothing),
    ("bytes_in_rate", Takes::Period),
    ("bytes_out_cnt", Takes::Nothing),
    ("bytes_out_rate", Takes::Period),
    ("conn_cnt", Takes::Nothing),
    ("conn_cur", Takes::Nothing),
    ("conn_rate", Takes::Period),
    ("glitch_cnt", Takes::Nothing),
    ("glitch_rate", Takes::Period),
    ("gpc", Takes::Elements),
    ("gpc0", Takes::Nothing),
    ("gpc0_rate", Takes::Period),
    ("gpc1", Takes::Nothing),
    ("gpc1_rate", Takes::Period),
    ("gpc_rate", Takes::ElementsAndPeriod),
    ("gpt", Takes::Elements),
    ("gpt0", Takes::Nothing),
    ("http_err_cnt", Takes::Nothing),
    ("http_err_rate", Takes::Period),
    ("http_fail_cnt", Takes::Nothing),
    ("http_fail_rate", Takes::Period),
    ("http_req_cnt", Takes::Nothing),
    ("http_req_rate", Takes::Period),
    ("server_id", Takes::Nothing),
    ("server_key", Takes::Nothing),
    ("sess_cnt", Takes::Nothing),
    ("sess_rate", Takes::Period),
];

/// Most elements of an array of data.
const MAX_ELEMENTS: u32 = 100;

/// Kinds that cannot be in one table.
const RIVALS: &[(&str, &[&str])] = &[
    ("gpt", &["gpt0"]),
    ("gpc", &["gpc0", "gpc1"]),
    ("gpc_rate", &["gpc0_rate", "gpc1_rate"]),
];

/// Reads the line's words after the name.
pub(super) fn parse(name: Arc<str>, a: &Args<'_>, warnings: &mut Vec<Diagnostic>) -> Result<StickTable, Diagnostic> {
    let (mut key, mut size) = (None, None);
    let mut table = StickTable {
        name,
        span: a.line,
        key: TableKey::Integer,
        size: 0,
        expire: None,
        nopurge: false,
        stores: Vec::new(),
        brates_factor: 1,
    };
    let mut i = 0;
    while i < a.len() {
        let word = a.str(i);
        let value = a.bytes(i + 1);
        i += match word {
            "type" => {
                let (parsed, used) = read_key(a, i + 1)?;
                key = Some(parsed);
                1 + used
            }
            "nopurge" | "recv-only" => {
                table.nopurge |= word == "nopurge";
                1
            }
            "size" | "expire" | "peers" | "store" | "brates-factor" if value.is_empty() => {
                return Err(wrong(a, i, &format!("missing argument after '{word}'.")));
            }
            "size" => {
                let bad = || wrong(a, i + 1, "unexpected character in argument of 'size'.");
                size = Some(parse_size(value).ok_or_else(bad)?);
                2
            }
            "expire" => {
                table.expire = Some(read_time(a, i + 1, "expire")?);
                2
            }
            "store" => {
                for text in split(a.str(i + 1)) {
                    read_store(a, i + 1, text, &mut table.stores, warnings)?;
                }
                2
            }
            "srvkey" if matches!(a.str(i + 1), "name" | "addr") => 2,
            "srvkey" => {
                return Err(wrong(a, i + 1, &format!("unknown server key type '{}'.", a.show(i + 1))));
            }
            "write-to" if value.is_empty() => return Err(wrong(a, i, "write-to requires table name.")),
            "peers" | "write-to" => 2,
            "brates-factor" => {
                table.brates_factor = std::str::from_utf8(value)
                    .ok()
                    .and_then(|v| v.parse().ok())
                    .filter(|n| (1..=1024).contains(n))
                    .ok_or_else(|| {
                        wrong(
                            a,
                            i + 1,
                            "argument 'brates-factor' must be greater than 0 and lower or equal than 1024.",
                        )
                    })?;
                2
            }
            _ => return Err(wrong(a, i, &format!("unknown argument '{}'.", a.show(i)))),
        };
    }
    table.size = size.ok_or_else(|| a.missing(format!("{}: missing size.", a.name)))?;
    table.key = key.ok_or_else(|| a.missing(format!("{}: missing type.", a.name)))?;
    rivals(a, &table.stores)?;
    Ok(table)
}

/// Cuts at commas, but for those of arguments: `gpc_rate(2,10s),conn_cur`.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    text.split(move |c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    })
}

/// The type of the keys, and how many words it took.
fn read_key(a: &Args<'_>, i: usize) -> Result<(TableKey, usize), Diagnostic> {
    let length = || match a.str(i + 1) {
        "len" => a
            .str(i + 2)
            .parse()
            .ok()
            .filter(|n| *n > 0)
            .map(|n| (n, 3))
            .ok_or_else(|| wrong(a, i + 2, "'len' expects a positive integer argument.")),
        _ => Ok((32, 1)),
    };
    Ok(match a.str(i) {
        "ip" => (TableKey::Ip, 1),
        "ipv6" => (TableKey::Ipv6, 1),
        "integer" => (TableKey::Integer, 1),
        "string" => {
            let (len, used) = length()?;
            (TableKey::String(len), used)
        }
        "binary" => {
            let (len, used) = length()?;
            (TableKey::Binary(len), used)
        }
        _ => return Err(wrong(a, i, &format!("unknown type '{}'.", a.show(i)))),
    })
}

/// One kind of data, such as `http_req_rate(10s)`.
fn read_store(a: &Args<'_>, i: usize, text: &str, stores: &mut Vec<Store>, warnings: &mut Vec<Diagnostic>) -> Result<(), Diagnostic> {
    let (name, argument) = match text.split_once('(') {
        None => (text, None),
        Some((name, rest)) => {
            let unclosed = || wrong(a, i, &format!("missing closing parenthesis after store option '{name}'."));
            (name, Some(rest.strip_suffix(')').ok_or_else(unclosed)?))
        }
    };
    let Some((name, takes)) = DATA.iter().find(|(n, _)| *n == name) else {
        let near = hapax_diag::suggest(name, DATA.iter().map(|(n, _)| *n));
        let d = wrong(a, i, &format!("unknown store option '{name}'."));
        return Err(match near {
            Some(near) => d.help(format!("did you mean '{near}'?")),
            None => d,
        });
    };
    if stores.iter().any(|s| s.name == *name) {
        let message = format!("{}: store option '{name}' already enabled, ignored.", a.name);
        warnings.push(Diagnostic::warning(&codes::DUPLICATE, message).at(a.at(i)));
        return Ok(());
    }
    let mut store = Store {
        name,
        period: None,
        elements: None,
    };
    match (takes, argument) {
        (Takes::Nothing, None) => {}
        (Takes::Nothing, Some(_)) => {
            return Err(wrong(a, i, &format!("unexpected argument to store option '{name}'.")));
        }
        (_, None | Some("")) => return Err(wrong(a, i, &format!("missing argument to store option '{name}'."))),
        (Takes::Period, Some(text)) => store.period = Some(read_period(a, i, name, text)?),
        (Takes::Elements, Some(text)) => store.elements = Some(read_elements(a, i, name, text)?),
        (Takes::ElementsAndPeriod, Some(text)) => {
            let (count, period) = text.split_once(',').unwrap_or((text, ""));
            store.elements = Some(read_elements(a, i, name, count)?);
            store.period = Some(read_period(a, i, name, period)?);
        }
    }
    stores.push(store);
    Ok(())
}

fn read_elements(a: &Args<'_>, i: usize, name: &str, text: &str) -> Result<u32, Diagnostic> {
    text.parse().ok().filter(|n| (1..=MAX_ELEMENTS).contains(n)).ok_or_else(|| {
        let message = format!("array size is out of allowed range (1-{MAX_ELEMENTS}) for store option '{name}'.");
        wrong(a, i, &message)
    })
}

fn read_period(a: &Args<'_>, i: usize, name: &str, text: &str) -> Result<Millis, Diagnostic> {
    let micros = parse_time(text.as_bytes(), Unit::Ms, TIMER_MAX)
        .ok()
        .filter(|us| *us > 0)
        .ok_or_else(|| wrong(a, i, &format!("error when processing store option '{name}'.")))?;
    Ok(micros.div_ceil(1000))
}

fn read_time(a: &Args<'_>, i: usize, word: &str) -> Result<Millis, Diagnostic> {
    let shown = a.show(i);
    match parse_time(a.bytes(i), Unit::Ms, TIMER_MAX) {
        Ok(us) => Ok(us.div_ceil(1000)),
        Err(TimeError::Over) => {
            let message = format!("timer overflow in argument <{shown}> to <{word}>, maximum value is 2147483647 ms (~24.8 days).");
            Err(wrong(a, i, &message))
        }
        Err(TimeError::Char(c)) => {
            let message = format!("unexpected character '{}' in argument of '{word}'.", char::from(c));
            Err(wrong(a, i, &message))
        }
    }
}

fn rivals(a: &Args<'_>, stores: &[Store]) -> Result<(), Diagnostic> {
    let has = |name: &str| stores.iter().any(|s| s.name == name);
    for (array, singles) in RIVALS {
        if has(array) && singles.iter().any(|s| has(s)) {
            let message = format!(
                "simultaneous usage of '{array}' and '{}' in a same table is not permitted.",
                singles.join("', '")
            );
            return Err(wrong(a, 0, &message));
        }
    }
    Ok(())
}
