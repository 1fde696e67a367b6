//! Options that shape the socket.

use super::BindRow;
use crate::keyword::Sections;
use crate::shape::Shape;

pub(super) static ROWS: &[BindRow] = &[
    BindRow::new("accept-proxy", Sections::BIND)
        .shape(Shape::Nothing)
        .doc("Expects the PROXY protocol (version 1 or 2) from every client.")
        .ok(&["bind :80 accept-proxy"])
        .bad(&[])
        .set(|cx, _| {
            cx.draft.accept_proxy = true;
            Ok(())
        }),
    BindRow::new("name", Sections::BIND)
        .usage("<name>")
        .shape(Shape::Word("<name>"))
        .doc("Name of the listener in statistics.")
        .ok(&["bind :80 name main"])
        .bad(&["bind :80 name"])
        .set(|cx, a| {
            cx.draft.name = Some(a.arc_str(0));
            Ok(())
        }),
];
