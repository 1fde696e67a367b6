//! Stick-table entries: those tracked by `track-sc` rules, and that of the client's address (manual, 7.3.3).
//!
//! The tables live behind [`World`](crate::World); a row only says which entry and which of its data.

use std::borrow::Cow;
use std::net::IpAddr;

use hapax_value::{Endpoint, Support, Type, Value};

use crate::{Absent, ArgKind, Call, Fetch, Needs, Sampled, TableRead};

pub(super) static ROWS: &[Fetch] = &[
    Fetch::new(
        "sc0_bytes_in_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: bytes per period from the client.",
        |c| tracked(c, 0, 0, TableRead::BytesInRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_bytes_in_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: bytes per period from the client.",
        |c| tracked(c, 1, 0, TableRead::BytesInRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_bytes_in_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: bytes per period from the client.",
        |c| tracked(c, 2, 0, TableRead::BytesInRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_bytes_in_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: bytes per period from the client.",
        |c| tracked_by_arg(c, 1, TableRead::BytesInRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_bytes_in_rate",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: bytes per period from the client.",
        |c| source(c, 0, TableRead::BytesInRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_bytes_out_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: bytes per period to the client.",
        |c| tracked(c, 0, 0, TableRead::BytesOutRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_bytes_out_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: bytes per period to the client.",
        |c| tracked(c, 1, 0, TableRead::BytesOutRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_bytes_out_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: bytes per period to the client.",
        |c| tracked(c, 2, 0, TableRead::BytesOutRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_bytes_out_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: bytes per period to the client.",
        |c| tracked_by_arg(c, 1, TableRead::BytesOutRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_bytes_out_rate",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: bytes per period to the client.",
        |c| source(c, 0, TableRead::BytesOutRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_clr_gpc0",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: the first general counter, which is then cleared.",
        |c| tracked(c, 0, 0, TableRead::ClearGpc(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_clr_gpc0",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: the first general counter, which is then cleared.",
        |c| tracked(c, 1, 0, TableRead::ClearGpc(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_clr_gpc0",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: the first general counter, which is then cleared.",
        |c| tracked(c, 2, 0, TableRead::ClearGpc(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_clr_gpc0",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: the first general counter, which is then cleared.",
        |c| tracked_by_arg(c, 1, TableRead::ClearGpc(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_clr_gpc0",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: the first general counter, which is then cleared.",
        |c| source(c, 0, TableRead::ClearGpc(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_clr_gpc1",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: the second general counter, which is then cleared.",
        |c| tracked(c, 0, 0, TableRead::ClearGpc(1)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_clr_gpc1",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: the second general counter, which is then cleared.",
        |c| tracked(c, 1, 0, TableRead::ClearGpc(1)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_clr_gpc1",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: the second general counter, which is then cleared.",
        |c| tracked(c, 2, 0, TableRead::ClearGpc(1)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_clr_gpc1",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: the second general counter, which is then cleared.",
        |c| tracked_by_arg(c, 1, TableRead::ClearGpc(1)),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_clr_gpc1",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: the second general counter, which is then cleared.",
        |c| source(c, 0, TableRead::ClearGpc(1)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_conn_cnt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: connections counted.",
        |c| tracked(c, 0, 0, TableRead::ConnCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_conn_cnt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: connections counted.",
        |c| tracked(c, 1, 0, TableRead::ConnCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_conn_cnt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: connections counted.",
        |c| tracked(c, 2, 0, TableRead::ConnCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_conn_cnt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: connections counted.",
        |c| tracked_by_arg(c, 1, TableRead::ConnCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_conn_cnt",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: connections counted.",
        |c| source(c, 0, TableRead::ConnCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_conn_cur",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: connections open now.",
        |c| tracked(c, 0, 0, TableRead::ConnCur),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_conn_cur",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: connections open now.",
        |c| tracked(c, 1, 0, TableRead::ConnCur),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_conn_cur",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: connections open now.",
        |c| tracked(c, 2, 0, TableRead::ConnCur),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_conn_cur",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: connections open now.",
        |c| tracked_by_arg(c, 1, TableRead::ConnCur),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_conn_cur",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: connections open now.",
        |c| source(c, 0, TableRead::ConnCur),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_conn_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: connections per period.",
        |c| tracked(c, 0, 0, TableRead::ConnRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_conn_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: connections per period.",
        |c| tracked(c, 1, 0, TableRead::ConnRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_conn_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: connections per period.",
        |c| tracked(c, 2, 0, TableRead::ConnRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_conn_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: connections per period.",
        |c| tracked_by_arg(c, 1, TableRead::ConnRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_conn_rate",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: connections per period.",
        |c| source(c, 0, TableRead::ConnRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_get_gpc0",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: the first general counter.",
        |c| tracked(c, 0, 0, TableRead::Gpc(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_get_gpc0",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: the first general counter.",
        |c| tracked(c, 1, 0, TableRead::Gpc(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_get_gpc0",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: the first general counter.",
        |c| tracked(c, 2, 0, TableRead::Gpc(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_get_gpc0",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: the first general counter.",
        |c| tracked_by_arg(c, 1, TableRead::Gpc(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_get_gpc0",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: the first general counter.",
        |c| source(c, 0, TableRead::Gpc(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_get_gpc1",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: the second general counter.",
        |c| tracked(c, 0, 0, TableRead::Gpc(1)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_get_gpc1",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: the second general counter.",
        |c| tracked(c, 1, 0, TableRead::Gpc(1)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_get_gpc1",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: the second general counter.",
        |c| tracked(c, 2, 0, TableRead::Gpc(1)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_get_gpc1",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: the second general counter.",
        |c| tracked_by_arg(c, 1, TableRead::Gpc(1)),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_get_gpc1",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: the second general counter.",
        |c| source(c, 0, TableRead::Gpc(1)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_get_gpt0",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: the first general tag.",
        |c| tracked(c, 0, 0, TableRead::Gpt(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_get_gpt0",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: the first general tag.",
        |c| tracked(c, 1, 0, TableRead::Gpt(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_get_gpt0",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: the first general tag.",
        |c| tracked(c, 2, 0, TableRead::Gpt(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_get_gpt0",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: the first general tag.",
        |c| tracked_by_arg(c, 1, TableRead::Gpt(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_get_gpt0",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: the first general tag.",
        |c| source(c, 0, TableRead::Gpt(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_glitch_cnt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: protocol glitches counted.",
        |c| tracked(c, 0, 0, TableRead::GlitchCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_glitch_cnt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: protocol glitches counted.",
        |c| tracked(c, 1, 0, TableRead::GlitchCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_glitch_cnt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: protocol glitches counted.",
        |c| tracked(c, 2, 0, TableRead::GlitchCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_glitch_cnt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: protocol glitches counted.",
        |c| tracked_by_arg(c, 1, TableRead::GlitchCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_glitch_cnt",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: protocol glitches counted.",
        |c| source(c, 0, TableRead::GlitchCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_glitch_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: protocol glitches per period.",
        |c| tracked(c, 0, 0, TableRead::GlitchRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_glitch_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: protocol glitches per period.",
        |c| tracked(c, 1, 0, TableRead::GlitchRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_glitch_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: protocol glitches per period.",
        |c| tracked(c, 2, 0, TableRead::GlitchRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_glitch_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: protocol glitches per period.",
        |c| tracked_by_arg(c, 1, TableRead::GlitchRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_glitch_rate",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: protocol glitches per period.",
        |c| source(c, 0, TableRead::GlitchRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_gpc0_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: how fast the first general counter grows.",
        |c| tracked(c, 0, 0, TableRead::GpcRate(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_gpc0_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: how fast the first general counter grows.",
        |c| tracked(c, 1, 0, TableRead::GpcRate(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_gpc0_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: how fast the first general counter grows.",
        |c| tracked(c, 2, 0, TableRead::GpcRate(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_gpc0_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: how fast the first general counter grows.",
        |c| tracked_by_arg(c, 1, TableRead::GpcRate(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_gpc0_rate",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: how fast the first general counter grows.",
        |c| source(c, 0, TableRead::GpcRate(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_gpc1_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: how fast the second general counter grows.",
        |c| tracked(c, 0, 0, TableRead::GpcRate(1)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_gpc1_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: how fast the second general counter grows.",
        |c| tracked(c, 1, 0, TableRead::GpcRate(1)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_gpc1_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: how fast the second general counter grows.",
        |c| tracked(c, 2, 0, TableRead::GpcRate(1)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_gpc1_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: how fast the second general counter grows.",
        |c| tracked_by_arg(c, 1, TableRead::GpcRate(1)),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_gpc1_rate",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: how fast the second general counter grows.",
        |c| source(c, 0, TableRead::GpcRate(1)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_http_err_cnt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: request errors counted.",
        |c| tracked(c, 0, 0, TableRead::HttpErrCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_http_err_cnt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: request errors counted.",
        |c| tracked(c, 1, 0, TableRead::HttpErrCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_http_err_cnt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: request errors counted.",
        |c| tracked(c, 2, 0, TableRead::HttpErrCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_http_err_cnt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: request errors counted.",
        |c| tracked_by_arg(c, 1, TableRead::HttpErrCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_http_err_cnt",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: request errors counted.",
        |c| source(c, 0, TableRead::HttpErrCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_http_err_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: request errors per period.",
        |c| tracked(c, 0, 0, TableRead::HttpErrRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_http_err_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: request errors per period.",
        |c| tracked(c, 1, 0, TableRead::HttpErrRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_http_err_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: request errors per period.",
        |c| tracked(c, 2, 0, TableRead::HttpErrRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_http_err_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: request errors per period.",
        |c| tracked_by_arg(c, 1, TableRead::HttpErrRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_http_err_rate",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: request errors per period.",
        |c| source(c, 0, TableRead::HttpErrRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_http_fail_cnt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: server failures counted.",
        |c| tracked(c, 0, 0, TableRead::HttpFailCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_http_fail_cnt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: server failures counted.",
        |c| tracked(c, 1, 0, TableRead::HttpFailCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_http_fail_cnt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: server failures counted.",
        |c| tracked(c, 2, 0, TableRead::HttpFailCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_http_fail_cnt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: server failures counted.",
        |c| tracked_by_arg(c, 1, TableRead::HttpFailCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_http_fail_cnt",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: server failures counted.",
        |c| source(c, 0, TableRead::HttpFailCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_http_fail_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: server failures per period.",
        |c| tracked(c, 0, 0, TableRead::HttpFailRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_http_fail_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: server failures per period.",
        |c| tracked(c, 1, 0, TableRead::HttpFailRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_http_fail_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: server failures per period.",
        |c| tracked(c, 2, 0, TableRead::HttpFailRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_http_fail_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: server failures per period.",
        |c| tracked_by_arg(c, 1, TableRead::HttpFailRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_http_fail_rate",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: server failures per period.",
        |c| source(c, 0, TableRead::HttpFailRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_http_req_cnt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: requests counted.",
        |c| tracked(c, 0, 0, TableRead::HttpReqCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_http_req_cnt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: requests counted.",
        |c| tracked(c, 1, 0, TableRead::HttpReqCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_http_req_cnt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: requests counted.",
        |c| tracked(c, 2, 0, TableRead::HttpReqCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_http_req_cnt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: requests counted.",
        |c| tracked_by_arg(c, 1, TableRead::HttpReqCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_http_req_cnt",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: requests counted.",
        |c| source(c, 0, TableRead::HttpReqCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_http_req_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: requests per period.",
        |c| tracked(c, 0, 0, TableRead::HttpReqRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_http_req_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: requests per period.",
        |c| tracked(c, 1, 0, TableRead::HttpReqRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_http_req_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: requests per period.",
        |c| tracked(c, 2, 0, TableRead::HttpReqRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_http_req_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: requests per period.",
        |c| tracked_by_arg(c, 1, TableRead::HttpReqRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_http_req_rate",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: requests per period.",
        |c| source(c, 0, TableRead::HttpReqRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_inc_gpc0",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: the first general counter, after adding one to it.",
        |c| tracked(c, 0, 0, TableRead::IncGpc(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_inc_gpc0",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: the first general counter, after adding one to it.",
        |c| tracked(c, 1, 0, TableRead::IncGpc(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_inc_gpc0",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: the first general counter, after adding one to it.",
        |c| tracked(c, 2, 0, TableRead::IncGpc(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_inc_gpc0",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: the first general counter, after adding one to it.",
        |c| tracked_by_arg(c, 1, TableRead::IncGpc(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_inc_gpc0",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: the first general counter, after adding one to it.",
        |c| source(c, 0, TableRead::IncGpc(0)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_inc_gpc1",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: the second general counter, after adding one to it.",
        |c| tracked(c, 0, 0, TableRead::IncGpc(1)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_inc_gpc1",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: the second general counter, after adding one to it.",
        |c| tracked(c, 1, 0, TableRead::IncGpc(1)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_inc_gpc1",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: the second general counter, after adding one to it.",
        |c| tracked(c, 2, 0, TableRead::IncGpc(1)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_inc_gpc1",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: the second general counter, after adding one to it.",
        |c| tracked_by_arg(c, 1, TableRead::IncGpc(1)),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_inc_gpc1",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: the second general counter, after adding one to it.",
        |c| source(c, 0, TableRead::IncGpc(1)),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_kbytes_in",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of tracker 0: kilobytes from the client.",
        |c| tracked(c, 0, 0, TableRead::KbytesIn),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_kbytes_in",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of tracker 1: kilobytes from the client.",
        |c| tracked(c, 1, 0, TableRead::KbytesIn),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_kbytes_in",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of tracker 2: kilobytes from the client.",
        |c| tracked(c, 2, 0, TableRead::KbytesIn),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_kbytes_in",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of a tracker: kilobytes from the client.",
        |c| tracked_by_arg(c, 1, TableRead::KbytesIn),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_kbytes_in",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: kilobytes from the client.",
        |c| source(c, 0, TableRead::KbytesIn),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_kbytes_out",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of tracker 0: kilobytes to the client.",
        |c| tracked(c, 0, 0, TableRead::KbytesOut),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_kbytes_out",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of tracker 1: kilobytes to the client.",
        |c| tracked(c, 1, 0, TableRead::KbytesOut),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_kbytes_out",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of tracker 2: kilobytes to the client.",
        |c| tracked(c, 2, 0, TableRead::KbytesOut),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_kbytes_out",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of a tracker: kilobytes to the client.",
        |c| tracked_by_arg(c, 1, TableRead::KbytesOut),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_kbytes_out",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: kilobytes to the client.",
        |c| source(c, 0, TableRead::KbytesOut),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_sess_cnt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: sessions counted.",
        |c| tracked(c, 0, 0, TableRead::SessCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_sess_cnt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: sessions counted.",
        |c| tracked(c, 1, 0, TableRead::SessCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_sess_cnt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: sessions counted.",
        |c| tracked(c, 2, 0, TableRead::SessCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_sess_cnt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: sessions counted.",
        |c| tracked_by_arg(c, 1, TableRead::SessCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_sess_cnt",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: sessions counted.",
        |c| source(c, 0, TableRead::SessCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_sess_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: sessions per period.",
        |c| tracked(c, 0, 0, TableRead::SessRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_sess_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: sessions per period.",
        |c| tracked(c, 1, 0, TableRead::SessRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_sess_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: sessions per period.",
        |c| tracked(c, 2, 0, TableRead::SessRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_sess_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: sessions per period.",
        |c| tracked_by_arg(c, 1, TableRead::SessRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "src_sess_rate",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: sessions per period.",
        |c| source(c, 0, TableRead::SessRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new(
        "sc0_trackers",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 0: how many streams track the entry.",
        |c| tracked(c, 0, 0, TableRead::Trackers),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc1_trackers",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: how many streams track the entry.",
        |c| tracked(c, 1, 0, TableRead::Trackers),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc2_trackers",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 2: how many streams track the entry.",
        |c| tracked(c, 2, 0, TableRead::Trackers),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new(
        "sc_trackers",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: how many streams track the entry.",
        |c| tracked_by_arg(c, 1, TableRead::Trackers),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "sc_clr_gpc",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: the general counter of that number, which is then cleared.",
        |c| tracked_at(c, TableRead::ClearGpc),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Sint, ArgKind::Table], 2),
    Fetch::new(
        "src_clr_gpc",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: the general counter of that number, which is then cleared.",
        |c| source_at(c, TableRead::ClearGpc),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 2),
    Fetch::new(
        "sc_get_gpc",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: the general counter of that number.",
        |c| tracked_at(c, TableRead::Gpc),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Sint, ArgKind::Table], 2),
    Fetch::new(
        "src_get_gpc",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: the general counter of that number.",
        |c| source_at(c, TableRead::Gpc),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 2),
    Fetch::new(
        "sc_get_gpt",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: the general tag of that number.",
        |c| tracked_at(c, TableRead::Gpt),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Sint, ArgKind::Table], 2),
    Fetch::new(
        "src_get_gpt",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: the general tag of that number.",
        |c| source_at(c, TableRead::Gpt),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 2),
    Fetch::new(
        "sc_gpc_rate",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: the growth of the general counter of that number.",
        |c| tracked_at(c, TableRead::GpcRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Sint, ArgKind::Table], 2),
    Fetch::new(
        "src_gpc_rate",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: the growth of the general counter of that number.",
        |c| source_at(c, TableRead::GpcRate),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 2),
    Fetch::new(
        "sc_inc_gpc",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of a tracker: the general counter of that number, after adding one to it.",
        |c| tracked_at(c, TableRead::IncGpc),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Sint, ArgKind::Table], 2),
    Fetch::new(
        "src_inc_gpc",
        Type::Sint,
        Needs::LAYER4,
        "Of the entry of the client's address: the general counter of that number, after adding one to it.",
        |c| source_at(c, TableRead::IncGpc),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 2),
    Fetch::new(
        "sc1_clr_gpc",
        Type::Sint,
        Needs::PROCESS,
        "Of the entry of tracker 1: the general counter of that number, which is then cleared.",
        |c| {
            let n = index(c, 0)?;
            tracked(c, 1, 1, TableRead::ClearGpc(n))
        },
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new(
        "sc0_tracked",
        Type::Bool,
        Needs::PROCESS,
        "Whether tracker 0 tracks an entry.",
        |c| Ok(Value::Bool(is_tracked(c, 0, 0))),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new("sc0_key", Type::Any, Needs::PROCESS, "The key of the entry of tracker 0.", |c| {
        key(c, 0)
    })
    .support(TABLES),
    Fetch::new(
        "sc1_tracked",
        Type::Bool,
        Needs::PROCESS,
        "Whether tracker 1 tracks an entry.",
        |c| Ok(Value::Bool(is_tracked(c, 1, 0))),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new("sc1_key", Type::Any, Needs::PROCESS, "The key of the entry of tracker 1.", |c| {
        key(c, 1)
    })
    .support(TABLES),
    Fetch::new(
        "sc2_tracked",
        Type::Bool,
        Needs::PROCESS,
        "Whether tracker 2 tracks an entry.",
        |c| Ok(Value::Bool(is_tracked(c, 2, 0))),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 0),
    Fetch::new("sc2_key", Type::Any, Needs::PROCESS, "The key of the entry of tracker 2.", |c| {
        key(c, 2)
    })
    .support(TABLES),
    Fetch::new(
        "sc_tracked",
        Type::Bool,
        Needs::PROCESS,
        "Whether a tracker tracks an entry.",
        |c| Ok(Value::Bool(is_tracked(c, counter(c)?, 1))),
    )
    .support(TABLES)
    .args(&[ArgKind::Sint, ArgKind::Table], 1),
    Fetch::new("sc_key", Type::Any, Needs::PROCESS, "The key of the entry of a tracker.", |c| {
        key(c, counter(c)?)
    })
    .support(TABLES)
    .args(&[ArgKind::Sint], 1),
    Fetch::new(
        "src_updt_conn_cnt",
        Type::Sint,
        Needs::LAYER4,
        "Counts a connection of the client's address, and tells how many there were.",
        |c| source(c, 0, TableRead::UpdateConnCnt),
    )
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new("table_avl", Type::Sint, Needs::PROCESS, "Free entries of a table.", |c| {
        Ok(Value::Int(c.env.world.table_free(table(c, 0).ok_or(Absent::Never)?)))
    })
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
    Fetch::new("table_cnt", Type::Sint, Needs::PROCESS, "Entries in use of a table.", |c| {
        Ok(Value::Int(c.env.world.table_used(table(c, 0).ok_or(Absent::Never)?)))
    })
    .support(TABLES)
    .args(&[ArgKind::Table], 1),
];

/// The one switch of this family, for the day the runtime has tables.
const TABLES: Support = Support::NotYet("stick tables");

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

/// Data of a tracked entry. What is tracked and has no such data counts 0; what is not tracked has no value.
fn tracked<'e>(c: &Call<'_, 'e>, sc: u8, at: usize, what: TableRead) -> Sampled<'e> {
    let entry = c.env.track(sc).ok_or(Absent::Never)?;
    let value = c.env.world.tracked(entry, table(c, at), what);
    value.map(Value::Int).ok_or(Absent::Never)
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
    Ok(Value::Int(c.env.world.looked_up(table, key, what).unwrap_or(0)))
}

/// `(idx,table)`
fn source_at<'e>(c: &Call<'_, 'e>, what: fn(u8) -> TableRead) -> Sampled<'e> {
    source(c, 1, what(index(c, 0)?))
}

fn is_tracked(c: &Call<'_, '_>, sc: u8, at: usize) -> bool {
    let world = c.env.world;
    c.env.track(sc).is_some_and(|entry| match table(c, at) {
        None => true,
        other => world.tracked(entry, other, TableRead::Exists) == Some(1),
    })
}

fn key<'e>(c: &Call<'_, 'e>, sc: u8) -> Sampled<'e> {
    let entry = c.env.track(sc).ok_or(Absent::Never)?;
    Ok(Value::Bin(Cow::Borrowed(&entry.key)))
}
