//! Weight, role and limits of a server.

use super::ServerRow;
use crate::keyword::Sections;
use crate::shape::Shape;

pub(super) static ROWS: &[ServerRow] = &[
    ServerRow::new("backup", Sections::SERVER)
        .shape(Shape::Nothing)
        .doc("Used only when no other server is.")
        .ok(&["server s1 127.0.0.1:80 backup"])
        .set(|cx, _| {
            cx.draft.backup = true;
            Ok(())
        }),
    ServerRow::new("weight", Sections::SERVER)
        .usage("<weight>")
        .shape(Shape::Number(0, 256))
        .doc("Share of the traffic, against the other servers' (1 by default).")
        .ok(&["server s1 127.0.0.1:80 weight 10"])
        .bad(&["server s1 127.0.0.1:80 weight 257", "server s1 127.0.0.1:80 weight"])
        .set(|cx, a| {
            cx.draft.weight = Some(a.number() as u32);
            Ok(())
        }),
];
