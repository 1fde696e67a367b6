//! `healthcheck`: health checks that servers refer to by name.

use super::{Topic, checks, no_inherit};
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "healthcheck",
    rows: ROWS,
    inherit: no_inherit,
};

/// `tcp-check` and `http-check` lines are those of proxies.
static ROWS: &[Row] = &[Row::new("type", Sections::HEALTHCHECK)
    .usage(
        "{ tcp-check | httpchk | ssl-hello-chk | smtpchk | pgsql-check | redis-check | mysql-check | \
ldap-check | spop-check } [<argument>...]",
    )
    .shape(Shape::Words(1, 64))
    .doc("Kind of the check, with the arguments of the option of that name.")
    .since(3, 4)
    .ok(&["type tcp-check", "type httpchk GET /health", "type pgsql-check user postgres"])
    .bad(&["type", "type telnet", "type pgsql-check", "type redis-check now"])
    .set(checks::named_type)];
