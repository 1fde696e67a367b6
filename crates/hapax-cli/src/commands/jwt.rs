//! Which certificates converters of tokens may use.

use super::own::row;
use crate::command::{Answer, Call, Command};
use hapax_config::plan::SocketLevel;
use hapax_value::Support;

pub(super) static ROWS: &[Command] = &[
    row!(
        &["add", "ssl", "jwt"],
        Admin,
        "add ssl jwt <filename>",
        "let converters of tokens use a certificate",
        |c| { set(c, true) }
    ),
    row!(
        &["del", "ssl", "jwt"],
        Admin,
        "del ssl jwt <filename>",
        "keep converters of tokens from using a certificate",
        |c| { set(c, false) }
    ),
    row!(
        &["show", "ssl", "jwt"],
        Operator,
        "show ssl jwt",
        "list the certificates that converters of tokens may use",
        |c| {
            let names = c.control.shared().plan.patterns.jwt.usable();
            Answer::Text(
                std::iter::once("# filename".to_owned())
                    .chain(names)
                    .fold(String::new(), |all, n| all + &n + "\n"),
            )
        }
    ),
];

fn set(c: &mut Call<'_>, usable: bool) -> Answer {
    let name = c.arg(0);
    if name.is_empty() {
        return Answer::err("'add ssl cert' expects a filename");
    }
    let shared = c.control.shared();
    let jwt = &shared.plan.patterns.jwt;
    if jwt.set_usable(name, usable) {
        return Answer::Done;
    }
    // Those of `bind` lines, and new ones, are not kept for converters until somebody asks for it.
    match shared.certs.lock().stored.certs.get(name) {
        Some(cert) if usable => {
            let pem = cert.to_pem();
            jwt.add(name, pem.as_bytes(), pem.as_bytes(), true);
            Answer::Done
        }
        Some(_) => Answer::Done,
        None => Answer::err("Can't display the certificate: Not found or the certificate is a bundle!"),
    }
}
