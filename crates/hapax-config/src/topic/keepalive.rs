//! TCP keep-alive probes.

use super::Topic;
use crate::args::Args;
use crate::dictionary::Row;
use crate::draft::Draft;
use crate::keyword::Sections;
use crate::shape::Shape;
use crate::units::{TIMER_MAX, Unit};

pub(super) static TOPIC: Topic = Topic {
    name: "keepalive",
    rows: ROWS,
    inherit,
};

/// 0 leaves it to the system.
fn seconds(a: &Args<'_>) -> Option<u32> {
    Some(a.millis().div_ceil(1000) as u32).filter(|n| *n > 0)
}

static ROWS: &[Row] = &[
    Row::new("clitcpka-cnt", Sections::FRONT)
        .usage("<count>")
        .shape(Shape::Number(i64::MIN, i64::MAX))
        .lenient()
        .doc("Probes before a client connection counts as dead.")
        .ok(&["clitcpka-cnt 0 x", "clitcpka-cnt 10"])
        .bad(&["clitcpka-cnt", "clitcpka-cnt many"])
        .set(|cx, a| {
            cx.proxy().proxy.client_keepalive.count = u32::try_from(a.number()).ok().filter(|n| *n > 0);
            Ok(())
        }),
    Row::new("clitcpka-idle", Sections::FRONT)
        .usage("<time>")
        .shape(Shape::Time(Unit::S, TIMER_MAX))
        .lenient()
        .doc("Silence before the first probe to a client.")
        .ok(&["clitcpka-idle 10 x", "clitcpka-idle 300", "clitcpka-idle 1h"])
        .bad(&["clitcpka-idle", "clitcpka-idle 5x"])
        .set(|cx, a| {
            cx.proxy().proxy.client_keepalive.idle = seconds(a);
            Ok(())
        }),
    Row::new("clitcpka-intvl", Sections::FRONT)
        .usage("<time>")
        .shape(Shape::Time(Unit::S, TIMER_MAX))
        .lenient()
        .doc("Time between probes to a client.")
        .ok(&["clitcpka-intvl 10 x", "clitcpka-intvl 300", "clitcpka-intvl 1h"])
        .bad(&["clitcpka-intvl", "clitcpka-intvl 5x"])
        .set(|cx, a| {
            cx.proxy().proxy.client_keepalive.interval = seconds(a);
            Ok(())
        }),
    Row::new("srvtcpka-cnt", Sections::BACK)
        .usage("<count>")
        .shape(Shape::Number(i64::MIN, i64::MAX))
        .lenient()
        .doc("Probes before a server connection counts as dead.")
        .ok(&["srvtcpka-cnt 0 x", "srvtcpka-cnt 10"])
        .bad(&["srvtcpka-cnt", "srvtcpka-cnt many"])
        .set(|cx, a| {
            cx.proxy().proxy.server_keepalive.count = u32::try_from(a.number()).ok().filter(|n| *n > 0);
            Ok(())
        }),
    Row::new("srvtcpka-idle", Sections::BACK)
        .usage("<time>")
        .shape(Shape::Time(Unit::S, TIMER_MAX))
        .lenient()
        .doc("Silence before the first probe to a server.")
        .ok(&["srvtcpka-idle 10 x", "srvtcpka-idle 300", "srvtcpka-idle 1h"])
        .bad(&["srvtcpka-idle", "srvtcpka-idle 5x"])
        .set(|cx, a| {
            cx.proxy().proxy.server_keepalive.idle = seconds(a);
            Ok(())
        }),
    Row::new("srvtcpka-intvl", Sections::BACK)
        .usage("<time>")
        .shape(Shape::Time(Unit::S, TIMER_MAX))
        .lenient()
        .doc("Time between probes to a server.")
        .ok(&["srvtcpka-intvl 10 x", "srvtcpka-intvl 300", "srvtcpka-intvl 1h"])
        .bad(&["srvtcpka-intvl", "srvtcpka-intvl 5x"])
        .set(|cx, a| {
            cx.proxy().proxy.server_keepalive.interval = seconds(a);
            Ok(())
        }),
];

fn inherit(to: &mut Draft, from: &Draft) {
    if to.is_front() {
        to.proxy.client_keepalive = from.proxy.client_keepalive;
    }
    if to.is_back() {
        to.proxy.server_keepalive = from.proxy.server_keepalive;
    }
}
