//! Stick tables while running: shown, filled and emptied (management guide, 9.3).

use std::borrow::Cow;
use std::net::IpAddr;

use hapax_balance::table::{Column, DataType, Entry, Handle, Key, KeyType, Shape};
use hapax_config::plan::SocketLevel;
use hapax_runtime::state::LiveTable;
use hapax_value::{Support, Value};

use super::own::row;
use crate::command::{Answer, Call, Command};

/// Filters that one command may have.
const MOST_FILTERS: usize = 4;
/// Slots looked at under one lock.
const BATCH: u32 = 256;

pub(super) static ROWS: &[Command] = &[
    row!(
        &["show", "table"],
        User,
        "show table [<table> [<filter>]*]",
        "list the stick tables, or one table's entries",
        show
    ),
    row!(
        &["set", "table"],
        User,
        "set table <table> key <k> [data.* <v>]*",
        "make or change an entry of a stick table",
        set
    ),
    row!(
        &["clear", "table"],
        User,
        "clear table <table> [<filter>]*",
        "remove entries from a stick table",
        clear
    ),
];

/// What the word before a key or a pointer asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Show,
    Set,
    Clear,
}

fn find<'c>(c: &'c Call<'_>) -> Result<&'c LiveTable, Answer> {
    let name = c.arg(0);
    let found = c.control.shared().tables.all().iter().find(|t| &*t.name == name);
    found.ok_or_else(|| Answer::err("No such table"))
}

fn show(c: &mut Call<'_>) -> Answer {
    let now = c.control.now_ms();
    let mut out = String::new();
    if c.arg(0).is_empty() {
        // The one that was declared last comes first.
        for t in c.control.shared().tables.all().iter().rev() {
            head(t, now, &mut out);
        }
        return Answer::Text(out);
    }
    let table = match find(c) {
        Ok(t) => t,
        Err(answer) => return answer,
    };
    match c.arg(1) {
        "key" | "ptr" => {
            let found = match one(c, table, Act::Show, now) {
                Ok(found) => found,
                Err(answer) => return answer,
            };
            if let Some(entry) = found {
                let mut text = String::new();
                line(table, &entry, &mut text);
                // The head asks all shards, this one too.
                drop(entry);
                head(table, now, &mut out);
                out.push_str(&text);
            }
            return Answer::Text(out);
        }
        word if !word.is_empty() && !word.starts_with("data.") => {
            return Answer::err("Optional argument only supports \"data.<store_data_type>\" <operator> <value> or key <key> or ptr <ptr>");
        }
        _ => {}
    }
    let filters = match filters(c, table) {
        Ok(f) => f,
        Err(answer) => return answer,
    };
    head(table, now, &mut out);
    if c.session.level < SocketLevel::Operator {
        out.push_str("# contents not dumped due to insufficient privileges\n");
        return Answer::Text(out);
    }
    each(table, now, |e| {
        if filters.iter().all(|f| f.holds(e)) {
            line(table, e, &mut out);
        }
    });
    Answer::Text(out)
}

fn each(table: &LiveTable, now: u64, mut act: impl FnMut(&mut Entry<'_>)) {
    let mut from = Some(Handle::from_bits(0));
    while let Some(at) = from {
        from = table.table.visit(at, BATCH, now, &mut act);
    }
}

fn head(t: &LiveTable, now: u64, out: &mut String) {
    while t.table.sweep(now, BATCH as usize) > 0 {}
    let spec = t.table.spec();
    let (name, kind, size, used) = (&t.name, spec.key.name(), spec.size, t.table.used());
    put!(*out, "# table: {name}, type: {kind}, size:{size}, used:{used}\n");
}

/// `<ptr>: key=<key> use=<n> exp=<ms> shard=<n> <data>=<value>...`
fn line(t: &LiveTable, e: &Entry<'_>, out: &mut String) {
    put!(*out, "{:#x}: key=", pointer(e.handle()));
    t.table.spec().key.show(&e.key(), out);
    put!(
        *out,
        " use={} exp={} shard={}",
        e.refs(),
        e.expires_in(),
        hapax_runtime::peers::shard_of(t, &e.key())
    );
    for Column { data, elements, period } in t.table.layout().columns() {
        for i in 0..usize::from(*elements) {
            let value = e.get(*data, i).unwrap_or(0);
            out.push(' ');
            match data {
                DataType::Gpt => put!(*out, "gpt{i}"),
                DataType::Gpc => put!(*out, "gpc{i}"),
                DataType::GpcRate => put!(*out, "gpc{i}_rate"),
                other => out.push_str(other.name()),
            }
            match data.shape() {
                Shape::Rate => put!(*out, "({period})={value}"),
                Shape::Text => put!(*out, "={}", t.table.text(value as u32).as_deref().unwrap_or("-")),
                Shape::Word | Shape::Long => put!(*out, "={value}"),
            }
        }
    }
    out.push('\n');
}

/// Entries have no address: shard and slot stand for it, and 0 is none.
fn pointer(handle: Handle) -> u64 {
    (handle.to_bits() >> 32 << 24 | handle.to_bits() & 0xff_ffff) << 4 | 0x1000_0000_0000
}

fn from_pointer(pointer: u64) -> Option<Handle> {
    let bits = (pointer ^ 0x1000_0000_0000) >> 4;
    pointer
        .is_multiple_of(16)
        .then(|| Handle::from_bits(bits >> 24 << 32 | bits & 0xff_ffff))
}

/// A filter by data: `data.<type> <operator> <value>`.
struct Filter {
    data: DataType,
    element: usize,
    operator: usize,
    value: i64,
}

const NO_OPERATOR: &str = "Require and operator among \"eq\", \"ne\", \"le\", \"ge\", \"lt\", \"gt\"";
const OPERATORS: [&str; 6] = ["eq", "ne", "le", "ge", "lt", "gt"];

impl Filter {
    fn holds(&self, e: &Entry<'_>) -> bool {
        let Some(have) = e.get(self.data, self.element) else {
            return false;
        };
        let order = (have as i64).cmp(&self.value);
        match self.operator {
            0 => order.is_eq(),
            1 => order.is_ne(),
            2 => order.is_le(),
            3 => order.is_ge(),
            4 => order.is_lt(),
            _ => order.is_gt(),
        }
    }
}

/// `<type>` or `<type>[<index>]`.
fn data_type(word: &str) -> Option<(DataType, usize)> {
    let Some((name, index)) = word.split_once('[') else {
        return Some((DataType::named(word)?, 0));
    };
    let data = DataType::named(name).filter(|d| d.is_array())?;
    Some((data, index.strip_suffix(']')?.parse().ok()?))
}

fn filters(c: &Call<'_>, table: &LiveTable) -> Result<Vec<Filter>, Answer> {
    let words = c.args().get(1..).unwrap_or_default();
    let mut out = Vec::new();
    for (n, three) in words.chunks(3).enumerate() {
        if n == MOST_FILTERS {
            let place = c.skip + 2 + 3 * MOST_FILTERS;
            let before = &words[3 * MOST_FILTERS - 1];
            let message = format!(
                "Detected extra data in filter, {place}{} word of input, after '{before}'",
                ordinal(place)
            );
            return Err(Answer::err(message));
        }
        let wrong = |what: &str| Answer::err(format!("Filter entry #{}: {what}", n + 1));
        let word = |i: usize| three.get(i).map_or("", String::as_str);
        let Some(name) = word(0).strip_prefix("data.") else {
            return Err(wrong(if word(1).is_empty() { NO_OPERATOR } else { "Unknown data type" }));
        };
        let (data, element) = data_type(name).ok_or_else(|| wrong("Unknown data type"))?;
        if !table.table.layout().has(data) {
            return Err(wrong("Data type not stored in this table"));
        }
        let operator = OPERATORS.iter().position(|o| *o == word(1)).ok_or_else(|| wrong(NO_OPERATOR))?;
        let value = word(2)
            .parse()
            .map_err(|_| wrong("Require a valid integer value to compare against"))?;
        out.push(Filter {
            data,
            element,
            operator,
            value,
        });
    }
    Ok(out)
}

fn ordinal(n: usize) -> &'static str {
    match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

/// The entry that `key <key>` or `ptr <ptr>` names; `set` makes one.
fn one<'t>(c: &Call<'_>, table: &'t LiveTable, act: Act, now: u64) -> Result<Option<Entry<'t>>, Answer> {
    if c.session.level < SocketLevel::Operator {
        return Err(Answer::err("Permission denied"));
    }
    let text = c.arg(2);
    if c.arg(1) == "ptr" {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let bits = u64::from_str_radix(digits, 16).map_err(|_| Answer::err("Pointer expected (0xffff notation)"))?;
        let found = from_pointer(bits).and_then(|h| table.table.by_handle(h, now));
        return found.map(Some).ok_or_else(|| Answer::err("No entry can be found matching ptr."));
    }
    if text.is_empty() {
        return Err(Answer::err("Key value expected"));
    }
    let key = key(table.table.spec().key, text, act)?;
    if act == Act::Set {
        let made = table.table.obtain(&key, now);
        return made.map(Some).ok_or_else(|| Answer::err("Unable to allocate a new entry"));
    }
    Ok(table.table.get(&key, now))
}

fn key(kind: KeyType, text: &str, act: Act) -> Result<Key<'_>, Answer> {
    let invalid = || Answer::err("Invalid key");
    match kind {
        KeyType::Binary(_) => {
            let doing = match act {
                Act::Show => "Showing keys from",
                Act::Set => "Inserting keys into",
                Act::Clear => "Removing keys from",
            };
            let message = format!("{doing} tables of type other than ip, ipv6, string and integer is not supported");
            return Err(Answer::err(message));
        }
        KeyType::Integer => {
            // As far as it is a number, whatever else stands there.
            let number = super::weights::leading(text).0;
            return kind.key(Value::Int(number)).ok_or_else(invalid);
        }
        KeyType::Ip | KeyType::Ipv6 => match (kind, text.parse::<IpAddr>()) {
            // Each is a key of the other family's tables where it has a counterpart there.
            (KeyType::Ip, Ok(IpAddr::V6(a))) => {
                let v4 = a.to_ipv4().ok_or_else(invalid)?;
                return kind.key(Value::V4(v4)).ok_or_else(invalid);
            }
            (_, Ok(IpAddr::V4(a))) if kind == KeyType::Ipv6 => return kind.key(Value::V6(a.to_ipv6_mapped())).ok_or_else(invalid),
            _ => {}
        },
        KeyType::String(_) => {}
    }
    kind.key(Value::Str(Cow::Borrowed(text.as_bytes()))).ok_or_else(invalid)
}

fn set(c: &mut Call<'_>) -> Answer {
    const SET: &str = "Required arguments: <table> key <key> [data.<store_data_type> <value>]* or <table> ptr <ptr> \
                       [data.<store_data_type> <value>]*";
    if c.arg(0).is_empty() {
        return Answer::err(SET);
    }
    let table = match find(c) {
        Ok(t) => t,
        Err(answer) => return answer,
    };
    match c.arg(1) {
        "key" | "ptr" => {}
        word if word.starts_with("data.") => {
            return Answer::err("content-based lookup is only supported with the \"show\" and \"clear\" actions");
        }
        "" => return Answer::Done,
        _ => return Answer::err(SET),
    }
    let mut entry = match one(c, table, Act::Set, c.control.now_ms()) {
        Ok(Some(entry)) => entry,
        Ok(None) => return Answer::err("Entry not found"),
        Err(answer) => return answer,
    };
    for pair in c.args().get(3..).unwrap_or_default().chunks(2) {
        let Some(word) = pair[0].strip_prefix("data.") else {
            return Answer::err("\"data.<type>\" followed by a value expected");
        };
        let Some((data, element)) = data_type(word) else {
            return Answer::err("Unknown data type");
        };
        if !table.table.layout().has(data) {
            return Answer::err("Data type not stored in this table");
        }
        let Some(value) = pair.get(1).and_then(|v| v.parse::<i64>().ok()) else {
            return Answer::err("Require a valid integer value to store");
        };
        // A number names no text: it is taken, and changes nothing.
        if data.shape() == Shape::Text {
            continue;
        }
        if entry.set(data, element, value.cast_unsigned()).is_none() {
            return Answer::err("index out of range in this data array");
        }
    }
    entry.touch();
    Answer::Done
}

fn clear(c: &mut Call<'_>) -> Answer {
    const ARGUMENTS: &str =
        "Required arguments: <table> \"data.<store_data_type>\" <operator> <value> or <table> key <key> or <table> ptr <ptr>";
    if c.arg(0).is_empty() {
        return Answer::err(ARGUMENTS);
    }
    let table = match find(c) {
        Ok(t) => t,
        Err(answer) => return answer,
    };
    let now = c.control.now_ms();
    match c.arg(1) {
        "key" | "ptr" => match one(c, table, Act::Clear, now) {
            Ok(Some(entry)) => {
                if entry.remove() {
                    Answer::Done
                } else {
                    Answer::err("Entry currently in use, cannot remove")
                }
            }
            Ok(None) => Answer::Done,
            Err(answer) => answer,
        },
        word if !word.is_empty() && !word.starts_with("data.") => Answer::err(ARGUMENTS),
        _ if c.session.level < SocketLevel::Operator => Answer::err("Permission denied"),
        "" => {
            table.table.clear();
            Answer::Done
        }
        _ => {
            let filters = match filters(c, table) {
                Ok(f) => f,
                Err(answer) => return answer,
            };
            let mut chosen = Vec::new();
            each(table, now, |e| {
                if filters.iter().all(|f| f.holds(e)) {
                    chosen.push(e.key());
                }
            });
            // Those in use stay.
            for key in chosen {
                table.table.get(&key, now).map(Entry::remove);
            }
            Answer::Done
        }
    }
}
