//! Dynamic cookies of backends (manual, `cookie ... dynamic`): turned on and off, and their key.

use hapax_config::plan::SocketLevel;
use hapax_sample::ProxyId;
use hapax_value::Support;

use super::own::row;
use crate::command::{Answer, Call, Command};

pub(super) static ROWS: &[Command] = &[
    row!(
        &["disable", "dynamic-cookie", "backend"],
        Admin,
        "disable dynamic-cookie backend <bk>",
        "stop dynamic cookies",
        |c| make_cookies(c, false)
    ),
    row!(
        &["enable", "dynamic-cookie", "backend"],
        Admin,
        "enable dynamic-cookie backend <bk>",
        "start dynamic cookies",
        |c| make_cookies(c, true)
    ),
    row!(
        &["set", "dynamic-cookie-key", "backend"],
        Admin,
        "set dynamic-cookie-key backend <bk> <k>",
        "change the key of dynamic cookies",
        cookie_key
    ),
];

fn backend(c: &Call<'_>) -> Result<ProxyId, Answer> {
    if c.arg(0).is_empty() {
        return Err(Answer::err("A backend name is expected."));
    }
    c.proxy(c.arg(0), true).ok_or_else(|| Answer::err("No such backend."))
}

fn make_cookies(c: &mut Call<'_>, on: bool) -> Answer {
    match backend(c) {
        Ok(p) => {
            c.control.shared().make_cookies(p, on);
            Answer::Done
        }
        Err(a) => a,
    }
}

fn cookie_key(c: &mut Call<'_>) -> Answer {
    match backend(c) {
        Ok(_) if c.arg(1).is_empty() => Answer::err("String value expected."),
        Ok(p) => {
            c.control.shared().set_cookie_key(p, c.arg(1).as_bytes());
            Answer::Done
        }
        Err(a) => a,
    }
}
