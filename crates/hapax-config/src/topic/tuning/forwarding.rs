//! Zero-copy forwarding: the switches that turn short cuts off.

use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;
use crate::topic::{Topic, no_inherit};

pub(in crate::topic) static TOPIC: Topic = Topic {
    name: "forwarding",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("tune.disable-fast-forward", Sections::GLOBAL)
        .shape(Shape::Nothing)
        .doc("Debugging: forwards through the slow path only (experimental).")
        .since(2, 8)
        .no_effect("the relay has one loop and no shortcut of this name")
        .ok(&["tune.disable-fast-forward"])
        .bad(&["tune.disable-fast-forward extra"]),
    Row::new("tune.disable-zero-copy-forwarding", Sections::GLOBAL)
        .shape(Shape::Nothing)
        .doc("Forwards through buffers always.")
        .since(2, 9)
        .no_effect("data is spliced wherever both connections are plain TCP; `-dS` turns it off")
        .ok(&["tune.disable-zero-copy-forwarding"])
        .bad(&["tune.disable-zero-copy-forwarding extra"]),
    Row::new("tune.applet.zero-copy-forwarding", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("Zero-copy answers of applets.")
        .since(3, 0)
        .no_effect("answers of our own are written from where they are")
        .ok(&["tune.applet.zero-copy-forwarding on", "tune.applet.zero-copy-forwarding off"])
        .bad(&["tune.applet.zero-copy-forwarding", "tune.applet.zero-copy-forwarding maybe"]),
    Row::new("tune.pt.zero-copy-forwarding", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("Zero-copy forwarding of plain TCP.")
        .since(2, 9)
        .no_effect("data is spliced wherever both connections are plain TCP; `-dS` turns it off")
        .ok(&["tune.pt.zero-copy-forwarding on", "tune.pt.zero-copy-forwarding off"])
        .bad(&["tune.pt.zero-copy-forwarding", "tune.pt.zero-copy-forwarding maybe"]),
    Row::new("tune.h1.zero-copy-fwd-recv", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("Zero-copy reception of HTTP/1 bodies.")
        .since(2, 9)
        .no_effect("data is spliced wherever both connections are plain TCP; `-dS` turns it off")
        .ok(&["tune.h1.zero-copy-fwd-recv on", "tune.h1.zero-copy-fwd-recv off"])
        .bad(&["tune.h1.zero-copy-fwd-recv", "tune.h1.zero-copy-fwd-recv maybe"]),
    Row::new("tune.h1.zero-copy-fwd-send", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("Zero-copy emission of HTTP/1 bodies.")
        .since(2, 9)
        .no_effect("data is spliced wherever both connections are plain TCP; `-dS` turns it off")
        .ok(&["tune.h1.zero-copy-fwd-send on", "tune.h1.zero-copy-fwd-send off"])
        .bad(&["tune.h1.zero-copy-fwd-send", "tune.h1.zero-copy-fwd-send maybe"]),
    Row::new("tune.h2.zero-copy-fwd-send", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("Zero-copy emission of HTTP/2 bodies.")
        .since(2, 9)
        .no_effect("data is spliced wherever both connections are plain TCP; `-dS` turns it off")
        .ok(&["tune.h2.zero-copy-fwd-send on", "tune.h2.zero-copy-fwd-send off"])
        .bad(&["tune.h2.zero-copy-fwd-send", "tune.h2.zero-copy-fwd-send maybe"]),
    Row::new("tune.quic.zero-copy-fwd-send", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("Zero-copy emission of HTTP/3 bodies.")
        .since(2, 9)
        .no_effect("QUIC is not supported")
        .ok(&["tune.quic.zero-copy-fwd-send on", "tune.quic.zero-copy-fwd-send off"])
        .bad(&["tune.quic.zero-copy-fwd-send", "tune.quic.zero-copy-fwd-send maybe"]),
];
