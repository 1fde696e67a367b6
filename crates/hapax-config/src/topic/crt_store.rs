//! `crt-store`: certificates by name.

use super::{Topic, no_inherit};
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "crt store",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("crt-base", Sections::CRT_STORE)
        .usage("<dir>")
        .shape(Shape::Word("<dir>"))
        .doc("Folder of certificates with a relative name.")
        .since(3, 0)
        .not_yet("certificate stores")
        .ok(&["crt-base /etc/ssl/certs"])
        .bad(&["crt-base", "crt-base one two"]),
    Row::new("key-base", Sections::CRT_STORE)
        .usage("<dir>")
        .shape(Shape::Word("<dir>"))
        .doc("Folder of keys with a relative name.")
        .since(3, 0)
        .not_yet("certificate stores")
        .ok(&["key-base /etc/ssl/private"])
        .bad(&["key-base", "key-base one two"]),
    Row::new("load", Sections::CRT_STORE)
        .usage("crt <file> [param*]")
        .shape(Shape::Words(2, 64))
        .doc("Loads a certificate with its key and further files.")
        .since(3, 0)
        .not_yet("certificate stores")
        .ok(&["load crt site.pem alias site"])
        .bad(&["load x"]),
];
