//! `resolvers`: name servers, and how their answers are kept.

use super::{Topic, no_inherit};
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;
use crate::units::{TIMER_MAX, Unit};

pub(super) static TOPIC: Topic = Topic {
    name: "resolvers",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("nameserver", Sections::RESOLVERS)
        .usage("<name> <address>[:<port>]")
        .shape(Shape::Words(2, 2))
        .doc("A name server.")
        .not_yet("run-time name resolution")
        .ok(&["nameserver local 127.0.0.1:53"])
        .bad(&["nameserver x", "nameserver x x x"]),
    Row::new("parse-resolv-conf", Sections::RESOLVERS)
        .shape(Shape::Nothing)
        .doc("Adds the name servers of `/etc/resolv.conf`.")
        .not_yet("run-time name resolution")
        .ok(&["parse-resolv-conf"])
        .bad(&["parse-resolv-conf extra"]),
    Row::new("hold", Sections::RESOLVERS)
        .usage("{ nx | obsolete | other | refused | timeout | valid } <time>")
        .shape(Shape::Words(2, 2))
        .doc("How long the last answer of this kind is kept.")
        .not_yet("run-time name resolution")
        .ok(&["hold valid 10s"])
        .bad(&["hold x", "hold x x x"]),
    Row::new("accepted_payload_size", Sections::RESOLVERS)
        .usage("<size>")
        .shape(Shape::Number(512, 65535))
        .doc("Largest answer asked for.")
        .not_yet("run-time name resolution")
        .ok(&["accepted_payload_size 65535"])
        .bad(&[
            "accepted_payload_size",
            "accepted_payload_size many",
            "accepted_payload_size 65536",
            "accepted_payload_size 511",
        ]),
    Row::new("resolution_pool_size", Sections::RESOLVERS)
        .usage("<number>")
        .shape(Shape::Words(0, 64))
        .doc("Word that no stable version knew.")
        .refused("'resolution_pool_size' directive is not supported anymore (it never appeared in a stable release).")
        .bad(&["resolution_pool_size x"]),
    Row::new("resolve_retries", Sections::RESOLVERS)
        .usage("<number>")
        .shape(Shape::Number(1, i64::MAX))
        .doc("Queries before a name counts as failed.")
        .not_yet("run-time name resolution")
        .ok(&["resolve_retries 10"])
        .bad(&["resolve_retries", "resolve_retries many", "resolve_retries 0"]),
    Row::new("timeout resolve", Sections::RESOLVERS)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .doc("Time between two resolutions of one name.")
        .not_yet("run-time name resolution")
        .ok(&["timeout resolve 100ms"])
        .bad(&["timeout resolve", "timeout resolve 5x"]),
    Row::new("timeout retry", Sections::RESOLVERS)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .doc("Time between two queries when no answer came.")
        .not_yet("run-time name resolution")
        .ok(&["timeout retry 100ms"])
        .bad(&["timeout retry", "timeout retry 5x"]),
];
