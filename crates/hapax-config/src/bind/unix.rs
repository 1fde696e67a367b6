//! Options of UNIX sockets: mode and owner.

use super::BindRow;
use crate::keyword::Sections;
use crate::shape::Shape;

pub(super) static ROWS: &[BindRow] = &[
    BindRow::new("mode", Sections::BIND)
        .usage("<octal>")
        .shape(Shape::Word("<octal>"))
        .doc("Permissions of the socket's file.")
        .ok(&["bind /run/h.sock mode 660", "bind /run/h.sock mode -1"])
        .bad(&["bind /run/h.sock mode", "bind /run/h.sock mode 68", "bind /run/h.sock mode rw"])
        .set(|cx, a| {
            let text = a.str(0);
            let digits = text.trim_start_matches(['+', '-']);
            if digits.is_empty() || text.len() - digits.len() > 1 || !digits.bytes().all(|b| matches!(b, b'0'..=b'7')) {
                let shown = a.show(0);
                return Err(a.bad(0, format!("'mode' : missing or invalid mode '{shown}' (octal integer expected)")));
            }
            // As C reads it: what is too large is the largest, a sign turns it round, and the lowest bits count.
            let n = i64::from_str_radix(digits, 8).unwrap_or(i64::MAX);
            let n = if text.starts_with('-') { -n } else { n };
            cx.bind.mode = Some(n as u32 & 0o7777);
            Ok(())
        }),
    BindRow::new("uid", Sections::BIND)
        .usage("<number>")
        .shape(Shape::Lax(i64::MIN, i64::MAX))
        .doc("Owner of the socket's file, by number.")
        .ok(&["bind /run/h.sock uid -1", "bind /run/h.sock uid 0"])
        .bad(&["bind /run/h.sock uid"])
        .set(|cx, a| {
            cx.bind.uid = Some(a.number() as u32);
            Ok(())
        }),
    BindRow::new("gid", Sections::BIND)
        .usage("<number>")
        .shape(Shape::Lax(i64::MIN, i64::MAX))
        .doc("Group of the socket's file, by number.")
        .ok(&["bind /run/h.sock gid -1", "bind /run/h.sock gid 0"])
        .bad(&["bind /run/h.sock gid"])
        .set(|cx, a| {
            cx.bind.gid = Some(a.number() as u32);
            Ok(())
        }),
    BindRow::new("user", Sections::BIND)
        .usage("<name>")
        .shape(Shape::Word("<name>"))
        .doc("Owner of the socket's file.")
        .ok(&["bind /run/h.sock user root"])
        .bad(&["bind /run/h.sock user", "bind /run/h.sock user no-such-user-here"])
        .set(|cx, a| {
            let id = crate::accounts::user(cx.cx.files, a.str(0));
            cx.bind.uid = Some(id.ok_or_else(|| a.bad(0, format!("'user' : unknown user name '{}'", a.show(0))).missing())?);
            cx.bind.user = Some(a.show(0));
            Ok(())
        }),
    BindRow::new("group", Sections::BIND)
        .usage("<name>")
        .shape(Shape::Word("<name>"))
        .doc("Group of the socket's file.")
        .ok(&["bind /run/h.sock group root"])
        .bad(&["bind /run/h.sock group", "bind /run/h.sock group no-such-group-here"])
        .set(|cx, a| {
            let id = crate::accounts::group(cx.cx.files, a.str(0));
            cx.bind.gid = Some(id.ok_or_else(|| a.bad(0, format!("'group' : unknown group name '{}'", a.show(0))).missing())?);
            cx.bind.group = Some(a.show(0));
            Ok(())
        }),
];
