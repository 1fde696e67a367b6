//! OCSP stapling updates.

use hapax_diag::Diagnostic;

use crate::address::{self, Accept};
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::reader::{Reader, lookup};
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
        .shape(Shape::OptWord("on or off"))
        .lenient()
        .doc("Turns the fetching of OCSP responses off altogether.")
        .since(3, 0)
        .no_effect("stapled responses are not fetched by the process")
        .set(on_or_off)
        .ok(&[
            "ocsp-update.disable maybe",
            "ocsp-update.disable",
            "ocsp-update.disable on",
            "ocsp-update.disable off",
        ]),
    Row::new("ocsp-update.httpproxy", Sections::GLOBAL)
        .usage("<address>[:port]")
        .shape(Shape::Word("<address>[:port]"))
        .doc("Proxy through which OCSP responses are fetched.")
        .since(3, 0)
        .not_yet("OCSP updates")
        .set(|cx, a| {
            let text = a.str(0);
            let read = address::parse(text, Accept::PLAIN, &cx.env)
                .and_then(|parsed| lookup(cx.files, &parsed, text, a.at(0)).map_err(|d| d.message));
            let told = |why: String| a.bad(0, format!("ocsp-update: Failed to parse destination address in {why}"));
            read.map(|_| ()).map_err(told)
        })
        .ok(&["ocsp-update.httpproxy 127.0.0.1:3128"])
        .bad(&[
            "ocsp-update.httpproxy abc:x",
            "ocsp-update.httpproxy",
            "ocsp-update.httpproxy one two",
        ]),
    Row::new("ocsp-update.maxdelay", Sections::GLOBAL)
        .usage("<seconds>")
        .shape(Shape::Lax(1, i64::MAX))
        .doc("Longest time between two fetches of one OCSP response.")
        .since(3, 0)
        .not_yet("OCSP updates")
        .set(longest)
        .ok(&["ocsp-update.maxdelay 300"])
        .bad(&[
            "ocsp-update.maxdelay 10",
            "ocsp-update.maxdelay",
            "ocsp-update.maxdelay many",
            "ocsp-update.maxdelay 0",
        ]),
    Row::new("ocsp-update.mindelay", Sections::GLOBAL)
        .usage("<seconds>")
        .shape(Shape::Lax(0, i64::MAX))
        .lenient()
        .doc("Shortest time between two fetches of one OCSP response.")
        .since(3, 0)
        .not_yet("OCSP updates")
        .set(shortest)
        .ok(&["ocsp-update.mindelay 10 x", "ocsp-update.mindelay 10"])
        .bad(&["ocsp-update.mindelay 3601", "ocsp-update.mindelay"]),
    Row::new("ocsp-update.mode", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OptWord("on or off"))
        .lenient()
        .doc("Whether OCSP responses are fetched for certificates that do not say.")
        .since(3, 0)
        .not_yet("OCSP updates")
        .set(on_or_off)
        .ok(&[
            "ocsp-update.mode maybe",
            "ocsp-update.mode",
            "ocsp-update.mode on",
            "ocsp-update.mode off",
        ]),
    Row::new("tune.ssl.ocsp-update.maxdelay", Sections::GLOBAL)
        .usage("<seconds>")
        .shape(Shape::Lax(1, i64::MAX))
        .doc("Old name of `ocsp-update.maxdelay`.")
        .since(2, 8)
        .not_yet("OCSP updates")
        .set(longest)
        .ok(&["tune.ssl.ocsp-update.maxdelay 300"])
        .bad(&[
            "tune.ssl.ocsp-update.maxdelay 10",
            "tune.ssl.ocsp-update.maxdelay",
            "tune.ssl.ocsp-update.maxdelay many",
            "tune.ssl.ocsp-update.maxdelay 0",
        ]),
    Row::new("tune.ssl.ocsp-update.mindelay", Sections::GLOBAL)
        .usage("<seconds>")
        .shape(Shape::Lax(0, i64::MAX))
        .lenient()
        .doc("Old name of `ocsp-update.mindelay`.")
        .since(2, 8)
        .not_yet("OCSP updates")
        .set(shortest)
        .ok(&["tune.ssl.ocsp-update.mindelay 10"])
        .bad(&["tune.ssl.ocsp-update.mindelay 3601", "tune.ssl.ocsp-update.mindelay"]),
];

/// HAProxy takes any other word for `off`, and says so.
#[allow(clippy::unnecessary_wraps, reason = "setters end with it")]
fn on_or_off(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if !matches!(a.str(0), "on" | "off") {
        let message = format!("'{}' : expecting <on|off>", a.name);
        cx.diags.push(Diagnostic::warning(&codes::BAD_ARGUMENT, message).at(a.at(0)));
    }
    Ok(())
}

fn shortest(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.number() > cx.ocsp_delays.1 {
        return Err(a.bad(0, format!("'{}' can not be higher than tune.ssl.ocsp-update.maxdelay.", a.name)));
    }
    cx.ocsp_delays.0 = a.number();
    Ok(())
}

fn longest(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.number() < cx.ocsp_delays.0 {
        return Err(a.bad(0, format!("'{}' can not be lower than tune.ssl.ocsp-update.mindelay.", a.name)));
    }
    cx.ocsp_delays.1 = a.number();
    Ok(())
}
