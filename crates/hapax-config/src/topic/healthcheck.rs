//! `healthcheck`: health checks that servers refer to by name.

use super::{Topic, no_inherit};
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "healthcheck",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("type", Sections::HEALTHCHECK)
        .usage(
            "{ tcp-check | httpchk | ssl-hello-chk | smtpchk | pgsql-check | redis-check | mysql-check | \
ldap-check | spop-check } [<argument>...]",
        )
        .shape(Shape::Words(1, 64))
        .doc("Kind of the check, with the arguments of the option of that name.")
        .since(3, 4)
        .not_yet("named health checks")
        .ok(&["type tcp-check"])
        .bad(&["type"]),
    Row::new("tcp-check", Sections::HEALTHCHECK)
        .usage("<rule> ...")
        .shape(Shape::Words(1, 64))
        .doc("A step of a TCP check.")
        .since(3, 4)
        .not_yet("named health checks")
        .ok(&["tcp-check connect"])
        .bad(&["tcp-check"]),
    Row::new("http-check", Sections::HEALTHCHECK)
        .usage("<rule> ...")
        .shape(Shape::Words(1, 64))
        .doc("A step of an HTTP check.")
        .since(3, 4)
        .not_yet("named health checks")
        .ok(&["http-check expect status 200"])
        .bad(&["http-check"]),
];
