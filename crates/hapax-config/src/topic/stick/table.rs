//! The words of a `stick-table` line, and of `table` in a peers section.

use std::sync::Arc;

use hapax_balance::table::{Column, DataType, KeyType, Shape};
use hapax_diag::{Diagnostic, Span};
use hapax_value::Millis;

use super::wrong;
use crate::args::Args;
use crate::codes;
use crate::plan::StickTable;
use crate::units::{TIMER_MAX, TimeError, Unit, parse_size, parse_time};

/// Most elements of an array of data.
const MAX_ELEMENTS: u8 = 100;

/// Kinds that cannot be in one table.
const RIVALS: &[(&str, &[&str])] = &[
    ("gpt", &["gpt0"]),
    ("gpc", &["gpc0", "gpc1"]),
    ("gpc_rate", &["gpc0_rate", "gpc1_rate"]),
];

/// What a line said of the table, and of others.
pub(super) struct Parsed {
    pub table: StickTable,
    /// The name after `write-to`.
    pub write_to: Option<(Arc<str>, Span)>,
}

/// Reads the line's words from the one at `from` on.
pub(super) fn parse(name: Arc<str>, a: &Args<'_>, from: usize, warnings: &mut Vec<Diagnostic>) -> Result<Parsed, Diagnostic> {
    let (mut key, mut size, mut write_to) = (None, None, None);
    let mut table = StickTable {
        peer_name: name.clone(),
        name,
        span: a.line,
        key: KeyType::Integer,
        size: 0,
        expire: None,
        nopurge: false,
        recv_only: false,
        columns: Vec::new(),
        brates_factor: 1,
        server_address: false,
        write_to: None,
        peers: None,
        peers_id: None,
    };
    let mut i = from;
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
                table.recv_only |= word == "recv-only";
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
                    read_store(a, i + 1, text, &mut table.columns, warnings)?;
                }
                2
            }
            "srvkey" if matches!(a.str(i + 1), "name" | "addr") => {
                table.server_address = a.str(i + 1) == "addr";
                2
            }
            "srvkey" => {
                return Err(wrong(a, i + 1, &format!("unknown server key type '{}'.", a.show(i + 1))));
            }
            "write-to" if value.is_empty() => return Err(wrong(a, i, "write-to requires table name.")),
            // Tables of a peers section are shared by it.
            "peers" if from == 0 => {
                table.peers = Some((a.arc_str(i + 1), a.at(i + 1)));
                2
            }
            "write-to" => {
                write_to = Some((a.arc_str(i + 1), a.at(i + 1)));
                2
            }
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
    rivals(a, &table.columns)?;
    Ok(Parsed { table, write_to })
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
fn read_key(a: &Args<'_>, i: usize) -> Result<(KeyType, usize), Diagnostic> {
    let length = || match a.str(i + 1) {
        "len" => a
            .str(i + 2)
            .parse()
            .ok()
            .filter(|n| *n > 0)
            .map(|n| (n, 3))
            .ok_or_else(|| wrong(a, i + 2, "'len' expects a positive integer argument.")),
        // A string of 32 bytes with its end.
        _ => Ok((if a.str(i) == "string" { 31 } else { 32 }, 1)),
    };
    Ok(match a.str(i) {
        "ip" | "ipv4" => (KeyType::Ip, 1),
        "ipv6" => (KeyType::Ipv6, 1),
        "integer" => (KeyType::Integer, 1),
        "string" => {
            let (len, used) = length()?;
            (KeyType::String(len), used)
        }
        "binary" => {
            let (len, used) = length()?;
            (KeyType::Binary(len), used)
        }
        _ => return Err(wrong(a, i, &format!("unknown type '{}'.", a.show(i)))),
    })
}

/// One kind of data, such as `http_req_rate(10s)`.
fn read_store(a: &Args<'_>, i: usize, text: &str, columns: &mut Vec<Column>, warnings: &mut Vec<Diagnostic>) -> Result<(), Diagnostic> {
    let (name, argument) = match text.split_once('(') {
        None => (text, None),
        Some((name, rest)) => {
            let unclosed = || wrong(a, i, &format!("missing closing parenthesis after store option '{name}'."));
            (name, Some(rest.strip_suffix(')').ok_or_else(unclosed)?))
        }
    };
    let Some(data) = DataType::named(name) else {
        let near = hapax_diag::suggest(name, DataType::ALL.into_iter().map(DataType::name));
        let d = wrong(a, i, &format!("unknown store option '{name}'."));
        return Err(match near {
            Some(near) => d.help(format!("did you mean '{near}'?")),
            None => d,
        });
    };
    if columns.iter().any(|c| c.data == data) {
        let message = format!("{}: store option '{name}' already enabled, ignored.", a.name);
        warnings.push(Diagnostic::warning(&codes::DUPLICATE, message).at(a.at(i)));
        return Ok(());
    }
    let mut column = Column {
        data,
        elements: 1,
        period: 0,
    };
    match (data.is_array(), data.shape() == Shape::Rate, argument) {
        (false, false, None) => {}
        (false, false, Some(_)) => {
            return Err(wrong(a, i, &format!("unexpected argument to store option '{name}'.")));
        }
        (_, _, None | Some("")) => return Err(wrong(a, i, &format!("missing argument to store option '{name}'."))),
        (false, true, Some(text)) => column.period = read_period(a, i, name, text)?,
        (true, false, Some(text)) => column.elements = read_elements(a, i, name, text)?,
        (true, true, Some(text)) => {
            let (count, period) = text.split_once(',').unwrap_or((text, ""));
            column.elements = read_elements(a, i, name, count)?;
            column.period = read_period(a, i, name, period)?;
        }
    }
    if matches!(data, DataType::GlitchCnt | DataType::GlitchRate) {
        let message = format!("{}: '{name}' stays at 0: no glitches are counted yet.", a.name);
        warnings.push(Diagnostic::warning(&codes::NOT_YET, message).at(a.at(i)));
    }
    columns.push(column);
    Ok(())
}

fn read_elements(a: &Args<'_>, i: usize, name: &str, text: &str) -> Result<u8, Diagnostic> {
    text.parse().ok().filter(|n| (1..=MAX_ELEMENTS).contains(n)).ok_or_else(|| {
        let message = format!("array size is out of allowed range (1-{MAX_ELEMENTS}) for store option '{name}'.");
        wrong(a, i, &message)
    })
}

fn read_period(a: &Args<'_>, i: usize, name: &str, text: &str) -> Result<u32, Diagnostic> {
    let micros = parse_time(text.as_bytes(), Unit::Ms, TIMER_MAX)
        .ok()
        .filter(|us| *us > 0)
        .ok_or_else(|| wrong(a, i, &format!("error when processing store option '{name}'.")))?;
    Ok(micros.div_ceil(1000) as u32)
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

fn rivals(a: &Args<'_>, columns: &[Column]) -> Result<(), Diagnostic> {
    let has = |name: &str| columns.iter().any(|c| c.data.name() == name);
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
