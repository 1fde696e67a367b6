//! Mail alerts and checks by programs.

use super::{Topic, no_inherit};
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "alerts",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("email-alert from", Sections::PROXY)
        .usage("<address>")
        .shape(Shape::Word("<address>"))
        .doc("Sender of the alerts.")
        .not_yet("mail alerts")
        .ok(&["email-alert from proxy@example.com"])
        .bad(&["email-alert from", "email-alert from one two"]),
    Row::new("email-alert level", Sections::PROXY)
        .usage("{ emerg | alert | crit | err | warning | notice | info | debug }")
        .shape(Shape::OneOf(&[
            "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
        ]))
        .doc("Least severe level that is mailed.")
        .not_yet("mail alerts")
        .ok(&[
            "email-alert level emerg",
            "email-alert level alert",
            "email-alert level crit",
            "email-alert level err",
            "email-alert level warning",
            "email-alert level notice",
            "email-alert level info",
            "email-alert level debug",
        ])
        .bad(&["email-alert level", "email-alert level other"]),
    Row::new("email-alert mailers", Sections::PROXY)
        .usage("<mailers section>")
        .shape(Shape::Word("<mailers section>"))
        .doc("Section of the mail servers.")
        .not_yet("mail alerts")
        .ok(&["email-alert mailers post"])
        .bad(&["email-alert mailers", "email-alert mailers one two"]),
    Row::new("email-alert myhostname", Sections::PROXY)
        .usage("<host name>")
        .shape(Shape::Word("<host name>"))
        .doc("Name given to the mail server.")
        .not_yet("mail alerts")
        .ok(&["email-alert myhostname proxy1"])
        .bad(&["email-alert myhostname", "email-alert myhostname one two"]),
    Row::new("email-alert to", Sections::PROXY)
        .usage("<address>")
        .shape(Shape::Word("<address>"))
        .doc("Receiver of the alerts.")
        .not_yet("mail alerts")
        .ok(&["email-alert to admin@example.com"])
        .bad(&["email-alert to", "email-alert to one two"]),
];
