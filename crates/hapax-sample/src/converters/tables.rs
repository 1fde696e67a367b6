//! Stick tables: what they keep about the input. The tables live behind [`World`](crate::World).

use hapax_value::{Type, Value};

use super::arg;
use crate::{Absent, Arg, ArgKind, Compile, Converter, Env, Sampled, TableAnswer, TableRead};

const TABLE: &[ArgKind] = &[ArgKind::Table];
const TABLE_DEFAULT: &[ArgKind] = &[ArgKind::Table, ArgKind::Sint];
const NUMBER_TABLE: &[ArgKind] = &[ArgKind::Sint, ArgKind::Table];

macro_rules! data {
    ($( $name:literal, $read:expr, $what:literal; )*) => {
        pub(super) static DATA: &[Converter] = &[$(
            Converter::new(
                $name,
                Type::Any,
                Type::Sint,
                concat!("Of the table's entry for the input: ", $what, "; 0 without an entry."),
                |a, v, e| number(read(a, v, e, 0, $read)?),
            )
            .args(TABLE, 1)
            .cases(&[concat!("str(a),", $name), concat!("str(a),", $name, "(t)")], &[concat!("str(a),", $name, "(t,1)")])
        ),*];
    };
}

macro_rules! numbered {
    ($( $name:literal, $read:expr, $what:literal; )*) => {
        pub(super) static NUMBERED: &[Converter] = &[$(
            Converter::new(
                $name,
                Type::Any,
                Type::Sint,
                concat!("Of the table's entry for the input: ", $what, "; 0 without an entry."),
                |a, v, e| {
                    let index = arg::int(a, 0).and_then(|n| u8::try_from(n).ok()).ok_or(Absent::Never)?;
                    number(read(a, v, e, 1, $read(index))?)
                },
            )
            .args(NUMBER_TABLE, 2)
            .check(check_number)
            .cases(
                &[concat!("str(a),", $name, "(1,t)"), concat!("str(a),", $name, "(1,)")],
                &[concat!("str(a),", $name), concat!("str(a),", $name, "(100,t)"), concat!("str(a),", $name, "(x,t)")],
            )
        ),*];
    };
}

data! {
    "table_bytes_in_rate", TableRead::BytesInRate, "bytes per period from the client";
    "table_bytes_out_rate", TableRead::BytesOutRate, "bytes per period to the client";
    "table_conn_cnt", TableRead::ConnCnt, "connections so far";
    "table_conn_cur", TableRead::ConnCur, "connections now";
    "table_conn_rate", TableRead::ConnRate, "connections per period";
    "table_glitch_cnt", TableRead::GlitchCnt, "glitches so far";
    "table_glitch_rate", TableRead::GlitchRate, "glitches per period";
    "table_gpc0", TableRead::Gpc01(0), "the first general counter";
    "table_gpc0_rate", TableRead::Gpc01Rate(0), "the growth of the first general counter";
    "table_gpc1", TableRead::Gpc01(1), "the second general counter";
    "table_gpc1_rate", TableRead::Gpc01Rate(1), "the growth of the second general counter";
    "table_gpt0", TableRead::Gpt0, "the general tag";
    "table_clr_gpc0", TableRead::ClearGpc01(0), "the first general counter, which is then cleared";
    "table_clr_gpc1", TableRead::ClearGpc01(1), "the second general counter, which is then cleared";
    "table_inc_gpc0", TableRead::IncGpc01(0), "the first general counter, increased";
    "table_inc_gpc1", TableRead::IncGpc01(1), "the second general counter, increased";
    "table_http_err_cnt", TableRead::HttpErrCnt, "HTTP errors so far";
    "table_http_err_rate", TableRead::HttpErrRate, "HTTP errors per period";
    "table_http_fail_cnt", TableRead::HttpFailCnt, "HTTP failures so far";
    "table_http_fail_rate", TableRead::HttpFailRate, "HTTP failures per period";
    "table_http_req_cnt", TableRead::HttpReqCnt, "HTTP requests so far";
    "table_http_req_rate", TableRead::HttpReqRate, "HTTP requests per period";
    "table_kbytes_in", TableRead::KbytesIn, "kilobytes from the client so far";
    "table_kbytes_out", TableRead::KbytesOut, "kilobytes to the client so far";
    "table_server_id", TableRead::ServerId, "the server's number";
    "table_sess_cnt", TableRead::SessCnt, "sessions so far";
    "table_sess_rate", TableRead::SessRate, "sessions per period";
    "table_trackers", TableRead::Trackers, "how many streams track it";
}

numbered! {
    "table_clr_gpc", TableRead::ClearGpc, "the general counter of that number, which is then cleared";
    "table_inc_gpc", TableRead::IncGpc, "the general counter of that number, increased";
    "table_gpc", TableRead::Gpc, "the general counter of that number";
    "table_gpc_rate", TableRead::GpcRate, "the growth of the general counter of that number";
    "table_gpt", TableRead::Gpt, "the general tag of that number";
}

pub(super) static ROWS: &[Converter] = &[
    Converter::new(
        "in_table",
        Type::Any,
        Type::Bool,
        "Whether the table has an entry for the input.",
        |a, v, e| match read(a, v, e, 0, TableRead::Exists)? {
            TableAnswer::NoEntry | TableAnswer::Nothing => Ok(Value::Bool(false)),
            answer @ TableAnswer::Value(_) => Ok(Value::Bool(answer == TableAnswer::Value(1))),
        },
    )
    .args(TABLE, 1)
    .cases(&["str(a),in_table", "str(a),in_table(t)"], &["str(a),in_table(t,u)"]),
    Converter::new(
        "table_expire",
        Type::Any,
        Type::Sint,
        "Milliseconds until the table's entry for the input goes; the default without an entry.",
        |a, v, e| or_default(a, v, e, TableRead::Expire),
    )
    .args(TABLE_DEFAULT, 1)
    .cases(&["str(a),table_expire", "str(a),table_expire(t,5)"], &["str(a),table_expire(t,x)"]),
    Converter::new(
        "table_idle",
        Type::Any,
        Type::Sint,
        "Milliseconds since the table's entry for the input was last used; the default without an entry.",
        |a, v, e| or_default(a, v, e, TableRead::Idle),
    )
    .args(TABLE_DEFAULT, 1)
    .cases(&["str(a),table_idle", "str(a),table_idle(t,5)"], &["str(a),table_idle(t,x)"]),
];

fn check_number(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    match arg::int(args, 0) {
        Some(0..=99) => Ok(()),
        other => Err(format!("invalid index {} : it goes from 0 to 99", other.unwrap_or_default())),
    }
}

fn read(args: &[Arg], key: Value<'_>, env: &Env<'_>, at: usize, what: TableRead) -> Result<TableAnswer, Absent> {
    let Some(Arg::Name(name)) = args.get(at) else {
        return Err(Absent::Never);
    };
    let table = name.id.get().and_then(|&id| u32::try_from(id).ok()).ok_or(Absent::Never)?;
    Ok(env.world.looked_up(table, key, what, env.now))
}

fn number<'e>(answer: TableAnswer) -> Sampled<'e> {
    answer.number().map(Value::Int).ok_or(Absent::Never)
}

fn or_default<'e>(args: &[Arg], key: Value<'e>, env: &Env<'_>, what: TableRead) -> Sampled<'e> {
    let number = match read(args, key, env, 0, what)? {
        TableAnswer::Value(n) => Some(n),
        TableAnswer::NoEntry => arg::int(args, 1),
        TableAnswer::Nothing => None,
    };
    number.map(Value::Int).ok_or(Absent::Never)
}
