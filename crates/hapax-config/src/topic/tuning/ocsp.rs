//! OCSP stapling updates.

use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;
use crate::topic::{Topic, no_inherit};

pub(in crate::topic) static TOPIC: Topic = Topic {
    name: "ocsp",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("ocsp-update.disable", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("Turns the fetching of OCSP responses off altogether.")
        .since(3, 0)
        .no_effect("stapled responses are not fetched by the process")
        .ok(&["ocsp-update.disable on", "ocsp-update.disable off"])
        .bad(&["ocsp-update.disable", "ocsp-update.disable maybe"]),
    Row::new("ocsp-update.httpproxy", Sections::GLOBAL)
        .usage("<address>[:port]")
        .shape(Shape::Word("<address>[:port]"))
        .doc("Proxy through which OCSP responses are fetched.")
        .since(3, 0)
        .not_yet("OCSP updates")
        .ok(&["ocsp-update.httpproxy 127.0.0.1:3128"])
        .bad(&["ocsp-update.httpproxy", "ocsp-update.httpproxy one two"]),
    Row::new("ocsp-update.maxdelay", Sections::GLOBAL)
        .usage("<seconds>")
        .shape(Shape::Number(1, i64::MAX))
        .doc("Longest time between two fetches of one OCSP response.")
        .since(3, 0)
        .not_yet("OCSP updates")
        .ok(&["ocsp-update.maxdelay 10"])
        .bad(&["ocsp-update.maxdelay", "ocsp-update.maxdelay many", "ocsp-update.maxdelay 0"]),
    Row::new("ocsp-update.mindelay", Sections::GLOBAL)
        .usage("<seconds>")
        .shape(Shape::Lax(0, i64::MAX))
        .doc("Shortest time between two fetches of one OCSP response.")
        .since(3, 0)
        .not_yet("OCSP updates")
        .ok(&["ocsp-update.mindelay 10"])
        .bad(&["ocsp-update.mindelay"]),
    Row::new("ocsp-update.mode", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("Whether OCSP responses are fetched for certificates that do not say.")
        .since(3, 0)
        .not_yet("OCSP updates")
        .ok(&["ocsp-update.mode on", "ocsp-update.mode off"])
        .bad(&["ocsp-update.mode", "ocsp-update.mode maybe"]),
    Row::new("tune.ssl.ocsp-update.maxdelay", Sections::GLOBAL)
        .usage("<seconds>")
        .shape(Shape::Number(1, i64::MAX))
        .doc("Old name of `ocsp-update.maxdelay`.")
        .since(2, 8)
        .not_yet("OCSP updates")
        .ok(&["tune.ssl.ocsp-update.maxdelay 10"])
        .bad(&[
            "tune.ssl.ocsp-update.maxdelay",
            "tune.ssl.ocsp-update.maxdelay many",
            "tune.ssl.ocsp-update.maxdelay 0",
        ]),
    Row::new("tune.ssl.ocsp-update.mindelay", Sections::GLOBAL)
        .usage("<seconds>")
        .shape(Shape::Number(1, i64::MAX))
        .doc("Old name of `ocsp-update.mindelay`.")
        .since(2, 8)
        .not_yet("OCSP updates")
        .ok(&["tune.ssl.ocsp-update.mindelay 10"])
        .bad(&[
            "tune.ssl.ocsp-update.mindelay",
            "tune.ssl.ocsp-update.mindelay many",
            "tune.ssl.ocsp-update.mindelay 0",
        ]),
];
