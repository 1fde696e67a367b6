//! Stick-table entries: those tracked by `track-sc` rules, and that of the client's address (manual, 7.3.3).
//!
//! The tables live behind [`World`](crate::World); a row only says which entry and which of its data.

use std::net::IpAddr;

use hapax_value::{Endpoint, Type, Value};

use crate::{Absent, ArgKind, Call, Eval, Fetch, Needs, Sampled, TableAnswer, TableRead};

const TABLE: &[ArgKind] = &[ArgKind::Table];
const NUMBER_TABLE: &[ArgKind] = &[ArgKind::Sint, ArgKind::Table];
const NUMBERS_TABLE: &[ArgKind] = &[ArgKind::Sint, ArgKind::Sint, ArgKind::Table];

/// A row that gives an integer.
const fn int(name: &'static str, needs: Needs, doc: &'static str, args: &'static [ArgKind], required: usize, eval: Eval) -> Fetch {
    Fetch::new(name, Type::Sint, needs, doc, eval).args(args, required)
}

/// The five words of each kind of data: of the entries of trackers 0 to 2, of a tracker by number, of the client's address.
macro_rules! counters {
    ($($word:literal, $needs:ident, $read:expr, $doc:literal;)*) => {
        &[$(
            int(concat!("sc0_", $word), Needs::$needs, concat!("Of the entry of tracker 0: ", $doc, "."), TABLE, 0, |c| tracked(c, 0, 0, $read)),
            int(concat!("sc1_", $word), Needs::$needs, concat!("Of the entry of tracker 1: ", $doc, "."), TABLE, 0, |c| tracked(c, 1, 0, $read)),
            int(concat!("sc2_", $word), Needs::$needs, concat!("Of the entry of tracker 2: ", $doc, "."), TABLE, 0, |c| tracked(c, 2, 0, $read)),
            int(concat!("sc_", $word), Needs::$needs, concat!("Of the entry of a tracker: ", $doc, "."), NUMBER_TABLE, 1, |c| tracked_by_arg(c, 1, $read)),
            int(concat!("src_", $word), Needs::LAYER4, concat!("Of the entry of the client's address: ", $doc, "."), TABLE, 1, |c| source(c, 0, $read)),
        )*]
    };
}

pub(super) static COUNTERS: &[Fetch] = counters! {
    "bytes_in_rate", PROCESS, TableRead::BytesInRate, "bytes per period from the client";
    "bytes_out_rate", PROCESS, TableRead::BytesOutRate, "bytes per period to the client";
    "clr_gpc0", PROCESS, TableRead::ClearGpc01(0), "the first general counter, which is then cleared";
    "clr_gpc1", PROCESS, TableRead::ClearGpc01(1), "the second general counter, which is then cleared";
    "conn_cnt", PROCESS, TableRead::ConnCnt, "connections counted";
    "conn_cur", PROCESS, TableRead::ConnCur, "connections open now";
    "conn_rate", PROCESS, TableRead::ConnRate, "connections per period";
    "get_gpc0", PROCESS, TableRead::Gpc01(0), "the first general counter";
    "get_gpc1", PROCESS, TableRead::Gpc01(1), "the second general counter";
    "get_gpt0", PROCESS, TableRead::Gpt0, "the first general tag";
    "glitch_cnt", PROCESS, TableRead::GlitchCnt, "protocol glitches counted";
    "glitch_rate", PROCESS, TableRead::GlitchRate, "protocol glitches per period";
    "gpc0_rate", PROCESS, TableRead::Gpc01Rate(0), "how fast the first general counter grows";
    "gpc1_rate", PROCESS, TableRead::Gpc01Rate(1), "how fast the second general counter grows";
    "http_err_cnt", PROCESS, TableRead::HttpErrCnt, "request errors counted";
    "http_err_rate", PROCESS, TableRead::HttpErrRate, "request errors per period";
    "http_fail_cnt", PROCESS, TableRead::HttpFailCnt, "server failures counted";
    "http_fail_rate", PROCESS, TableRead::HttpFailRate, "server failures per period";
    "http_req_cnt", PROCESS, TableRead::HttpReqCnt, "requests counted";
    "http_req_rate", PROCESS, TableRead::HttpReqRate, "requests per period";
    "inc_gpc0", PROCESS, TableRead::IncGpc01(0), "the first general counter, after adding one to it";
    "inc_gpc1", PROCESS, TableRead::IncGpc01(1), "the second general counter, after adding one to it";
    "kbytes_in", LAYER4, TableRead::KbytesIn, "kilobytes from the client";
    "kbytes_out", LAYER4, TableRead::KbytesOut, "kilobytes to the client";
    "sess_cnt", PROCESS, TableRead::SessCnt, "sessions counted";
    "sess_rate", PROCESS, TableRead::SessRate, "sessions per period";
};

pub(super) static ROWS: &[Fetch] = &[
    int(
        "sc0_trackers",
        Needs::PROCESS,
        "How many streams track the entry of tracker 0.",
        TABLE,
        0,
        |c| tracked(c, 0, 0, TableRead::Trackers),
    ),
    int(
        "sc1_trackers",
        Needs::PROCESS,
        "How many streams track the entry of tracker 1.",
        TABLE,
        0,
        |c| tracked(c, 1, 0, TableRead::Trackers),
    ),
    int(
        "sc2_trackers",
        Needs::PROCESS,
        "How many streams track the entry of tracker 2.",
        TABLE,
        0,
        |c| tracked(c, 2, 0, TableRead::Trackers),
    ),
    int(
        "sc_trackers",
        Needs::PROCESS,
        "How many streams track the entry of a tracker.",
        NUMBER_TABLE,
        1,
        |c| tracked_by_arg(c, 1, TableRead::Trackers),
    ),
    int(
        "sc_clr_gpc",
        Needs::PROCESS,
        "Of the entry of a tracker: the general counter of that number, which is then cleared.",
        NUMBERS_TABLE,
        2,
        |c| tracked_at(c, TableRead::ClearGpc),
    ),
    int(
        "src_clr_gpc",
        Needs::LAYER4,
        "Of the entry of the client's address: the general counter of that number, which is then cleared.",
        NUMBER_TABLE,
        2,
        |c| source_at(c, TableRead::ClearGpc),
    ),
    int(
        "sc_get_gpc",
        Needs::PROCESS,
        "Of the entry of a tracker: the general counter of that number.",
        NUMBERS_TABLE,
        2,
        |c| tracked_at(c, TableRead::Gpc),
    ),
    int(
        "src_get_gpc",
        Needs::LAYER4,
        "Of the entry of the client's address: the general counter of that number.",
        NUMBER_TABLE,
        2,
        |c| source_at(c, TableRead::Gpc),
    ),
    int(
        "sc_get_gpt",
        Needs::PROCESS,
        "Of the entry of a tracker: the general tag of that number.",
        NUMBERS_TABLE,
        2,
        |c| tracked_at(c, TableRead::Gpt),
    ),
    int(
        "src_get_gpt",
        Needs::LAYER4,
        "Of the entry of the client's address: the general tag of that number.",
        NUMBER_TABLE,
        2,
        |c| source_at(c, TableRead::Gpt),
    ),
    int(
        "sc_gpc_rate",
        Needs::PROCESS,
        "Of the entry of a tracker: the growth of the general counter of that number.",
        NUMBERS_TABLE,
        2,
        |c| tracked_at(c, TableRead::GpcRate),
    ),
    int(
        "src_gpc_rate",
        Needs::LAYER4,
        "Of the entry of the client's address: the growth of the general counter of that number.",
        NUMBER_TABLE,
        2,
        |c| source_at(c, TableRead::GpcRate),
    ),
    int(
        "sc_inc_gpc",
        Needs::PROCESS,
        "Of the entry of a tracker: the general counter of that number, after adding one to it.",
        NUMBERS_TABLE,
        2,
        |c| tracked_at(c, TableRead::IncGpc),
    ),
    int(
        "src_inc_gpc",
        Needs::LAYER4,
        "Of the entry of the client's address: the general counter of that number, after adding one to it.",
        NUMBER_TABLE,
        2,
        |c| source_at(c, TableRead::IncGpc),
    ),
    int(
        "sc1_clr_gpc",
        Needs::PROCESS,
        "Of the entry of tracker 1: the general counter of that number, which is then cleared.",
        NUMBER_TABLE,
        1,
        |c| tracked(c, 1, 1, TableRead::ClearGpc(index(c, 0)?)),
    ),
    Fetch::new(
        "sc0_tracked",
        Type::Bool,
        Needs::PROCESS,
        "Whether tracker 0 tracks an entry.",
        |c| Ok(Value::Bool(is_tracked(c, 0, 0))),
    )
    .args(TABLE, 0),
    Fetch::new("sc0_key", Type::Any, Needs::PROCESS, "The key of the entry of tracker 0.", |c| {
        key(c, 0)
    }),
    Fetch::new(
        "sc1_tracked",
        Type::Bool,
        Needs::PROCESS,
        "Whether tracker 1 tracks an entry.",
        |c| Ok(Value::Bool(is_tracked(c, 1, 0))),
    )
    .args(TABLE, 0),
    Fetch::new("sc1_key", Type::Any, Needs::PROCESS, "The key of the entry of tracker 1.", |c| {
        key(c, 1)
    }),
    Fetch::new(
        "sc2_tracked",
        Type::Bool,
        Needs::PROCESS,
        "Whether tracker 2 tracks an entry.",
        |c| Ok(Value::Bool(is_tracked(c, 2, 0))),
    )
    .args(TABLE, 0),
    Fetch::new("sc2_key", Type::Any, Needs::PROCESS, "The key of the entry of tracker 2.", |c| {
        key(c, 2)
    }),
    Fetch::new(
        "sc_tracked",
        Type::Bool,
        Needs::PROCESS,
        "Whether a tracker tracks an entry.",
        |c| Ok(Value::Bool(is_tracked(c, counter(c)?, 1))),
    )
    .args(NUMBER_TABLE, 1),
    Fetch::new("sc_key", Type::Any, Needs::PROCESS, "The key of the entry of a tracker.", |c| {
        key(c, counter(c)?)
    })
    .args(&[ArgKind::Sint], 1),
    int(
        "src_updt_conn_cnt",
        Needs::LAYER4,
        "Counts a connection of the client's address, and tells how many there were.",
        TABLE,
        1,
        |c| source(c, 0, TableRead::UpdateConnCnt),
    ),
    int("table_avl", Needs::PROCESS, "Free entries of a table.", TABLE, 1, |c| {
        Ok(Value::Int(c.env.world.table_free(table(c, 0).ok_or(Absent::Never)?)))
    }),
    int("table_cnt", Needs::PROCESS, "Entries in use of a table.", TABLE, 1, |c| {
        Ok(Value::Int(c.env.world.table_used(table(c, 0).ok_or(Absent::Never)?)))
    }),
];

/// The table named at that place; `None`: not named.
fn table(c: &Call<'_, '_>, at: usize) -> Option<u32> {
    c.name_id(at).map(|id| id as u32)
}

/// The tracker's number, the first argument.
fn counter(c: &Call<'_, '_>) -> Result<u8, Absent> {
    index(c, 0)
}

fn index(c: &Call<'_, '_>, at: usize) -> Result<u8, Absent> {
    c.int(at).and_then(|n| u8::try_from(n).ok()).ok_or(Absent::Never)
}

/// Data of a tracked entry. What is not tracked, or not kept, has no value; what no entry tells is 0.
fn tracked<'e>(c: &Call<'_, 'e>, sc: u8, at: usize, what: TableRead) -> Sampled<'e> {
    let entry = c.env.track(sc).ok_or(Absent::Never)?;
    let answer = c.env.world.tracked(entry, table(c, at), what, c.env.now);
    answer.number().map(Value::Int).ok_or(Absent::Never)
}

fn tracked_by_arg<'e>(c: &Call<'_, 'e>, at: usize, what: TableRead) -> Sampled<'e> {
    tracked(c, counter(c)?, at, what)
}

/// `(idx,sc[,table])`
fn tracked_at<'e>(c: &Call<'_, 'e>, what: fn(u8) -> TableRead) -> Sampled<'e> {
    tracked(c, index(c, 1)?, 2, what(index(c, 0)?))
}

/// Data of the entry of the client's address.
fn source<'e>(c: &Call<'_, 'e>, at: usize, what: TableRead) -> Sampled<'e> {
    let key = match c.env.src().and_then(Endpoint::ip).ok_or(Absent::Never)? {
        IpAddr::V4(a) => Value::V4(a),
        IpAddr::V6(a) => Value::V6(a),
    };
    let table = table(c, at).ok_or(Absent::Never)?;
    let answer = c.env.world.looked_up(table, key, what, c.env.now);
    answer.number().map(Value::Int).ok_or(Absent::Never)
}

/// `(idx,table)`
fn source_at<'e>(c: &Call<'_, 'e>, what: fn(u8) -> TableRead) -> Sampled<'e> {
    source(c, 1, what(index(c, 0)?))
}

fn is_tracked(c: &Call<'_, '_>, sc: u8, at: usize) -> bool {
    let world = c.env.world;
    c.env.track(sc).is_some_and(|entry| match table(c, at) {
        None => true,
        other => world.tracked(entry, other, TableRead::Exists, c.env.now) == TableAnswer::Value(1),
    })
}

fn key<'e>(c: &Call<'_, 'e>, sc: u8) -> Sampled<'e> {
    let entry = c.env.track(sc).ok_or(Absent::Never)?;
    c.env.world.track_key(entry).ok_or(Absent::Never)
}
