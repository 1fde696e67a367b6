//! `program`: helpers that the master starts and stops. The section is gone since HAProxy 3.3.

use super::{Topic, no_inherit};
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "program",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("command", Sections::PROGRAM)
        .usage("<command> [<argument>...]")
        .shape(Shape::Words(1, 64))
        .doc("What to start.")
        .until(
            3,
            3,
            "the 'program' section is not supported any more since HAProxy 3.3. Start the program from the service manager.",
        )
        .not_yet("programs started by the master")
        .ok(&["command /usr/bin/helper --now"])
        .bad(&["command"]),
    Row::new("user", Sections::PROGRAM)
        .usage("<user name>")
        .shape(Shape::Word("<user name>"))
        .doc("User the program runs as.")
        .until(
            3,
            3,
            "the 'program' section is not supported any more since HAProxy 3.3. Start the program from the service manager.",
        )
        .not_yet("programs started by the master")
        .ok(&["user nobody"])
        .bad(&["user", "user one two"]),
    Row::new("group", Sections::PROGRAM)
        .usage("<group name>")
        .shape(Shape::Word("<group name>"))
        .doc("Group the program runs as.")
        .until(
            3,
            3,
            "the 'program' section is not supported any more since HAProxy 3.3. Start the program from the service manager.",
        )
        .not_yet("programs started by the master")
        .ok(&["group nogroup"])
        .bad(&["group", "group one two"]),
    Row::new("option start-on-reload", Sections::PROGRAM)
        .shape(Shape::Nothing)
        .doc("Starts the program again on reload.")
        .until(
            3,
            3,
            "the 'program' section is not supported any more since HAProxy 3.3. Start the program from the service manager.",
        )
        .negatable()
        .not_yet("programs started by the master")
        .ok(&["option start-on-reload"])
        .bad(&["option start-on-reload extra"]),
];
