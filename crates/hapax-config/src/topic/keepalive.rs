//! TCP keep-alive probes.

use super::{Topic, no_inherit};
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;
use crate::units::{TIMER_MAX, Unit};

pub(super) static TOPIC: Topic = Topic {
    name: "keepalive",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("clitcpka-cnt", Sections::FRONT)
        .usage("<count>")
        .shape(Shape::Number(1, i64::MAX))
        .doc("Probes before a client connection counts as dead.")
        .not_yet("tuning of TCP keep-alive")
        .ok(&["clitcpka-cnt 10"])
        .bad(&["clitcpka-cnt", "clitcpka-cnt many", "clitcpka-cnt 0"]),
    Row::new("clitcpka-idle", Sections::FRONT)
        .usage("<time>")
        .shape(Shape::Time(Unit::S, TIMER_MAX))
        .doc("Silence before the first probe to a client.")
        .not_yet("tuning of TCP keep-alive")
        .ok(&["clitcpka-idle 300", "clitcpka-idle 1h"])
        .bad(&["clitcpka-idle", "clitcpka-idle 5x"]),
    Row::new("clitcpka-intvl", Sections::FRONT)
        .usage("<time>")
        .shape(Shape::Time(Unit::S, TIMER_MAX))
        .doc("Time between probes to a client.")
        .not_yet("tuning of TCP keep-alive")
        .ok(&["clitcpka-intvl 300", "clitcpka-intvl 1h"])
        .bad(&["clitcpka-intvl", "clitcpka-intvl 5x"]),
    Row::new("srvtcpka-cnt", Sections::BACK)
        .usage("<count>")
        .shape(Shape::Number(1, i64::MAX))
        .doc("Probes before a server connection counts as dead.")
        .not_yet("tuning of TCP keep-alive")
        .ok(&["srvtcpka-cnt 10"])
        .bad(&["srvtcpka-cnt", "srvtcpka-cnt many", "srvtcpka-cnt 0"]),
    Row::new("srvtcpka-idle", Sections::BACK)
        .usage("<time>")
        .shape(Shape::Time(Unit::S, TIMER_MAX))
        .doc("Silence before the first probe to a server.")
        .not_yet("tuning of TCP keep-alive")
        .ok(&["srvtcpka-idle 300", "srvtcpka-idle 1h"])
        .bad(&["srvtcpka-idle", "srvtcpka-idle 5x"]),
    Row::new("srvtcpka-intvl", Sections::BACK)
        .usage("<time>")
        .shape(Shape::Time(Unit::S, TIMER_MAX))
        .doc("Time between probes to a server.")
        .not_yet("tuning of TCP keep-alive")
        .ok(&["srvtcpka-intvl 300", "srvtcpka-intvl 1h"])
        .bad(&["srvtcpka-intvl", "srvtcpka-intvl 5x"]),
];
