//! `mailers`: mail servers that receive alerts.

use hapax_diag::{Diagnostic, Lead};

use super::{Topic, no_inherit};
use crate::address::{self, Accept};
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::plan::{Mailer, Mailers};
use crate::reader::Reader;
use crate::shape::Shape;
use crate::units::{TIMER_MAX, Unit};

pub(super) static TOPIC: Topic = Topic {
    name: "mailers",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("mailer", Sections::MAILERS)
        .usage("<name> <address>:<port>")
        .shape(Shape::Words(2, 2))
        .lenient()
        .doc("A mail server; every one of the section gets every alert.")
        .ok(&["mailer main 127.0.0.1:25 x", "mailer main 127.0.0.1:25"])
        .bad(&["mailer x", "mailer x 127.0.0.1"])
        .set(mailer),
    Row::new("timeout mail", Sections::MAILERS)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .lenient()
        .doc("How long the sending of a mail may take; 10 s by default.")
        .ok(&["timeout mail 1s x", "timeout mail 100ms"])
        .bad(&["timeout mail", "timeout mail 5x"])
        .set(|cx, a| {
            if let Some(section) = cx.mailers.last_mut() {
                section.timeout = a.millis();
            }
            Ok(())
        }),
];

/// The heading.
pub(crate) fn start(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let name = a.arc_str(0);
    let of_kind = |s: &&crate::reader::Started| s.row.bit == Sections::MAILERS && s.name == name && s.span != a.line;
    if let Some(other) = cx.started.iter().find(of_kind).map(|s| s.span) {
        let message = format!(
            "Parsing [{}:{}]: mailers section '{name}' has the same name as another mailers section declared at {}:{}.",
            cx.file_name(a.line.file),
            a.line.line,
            cx.file_name(other.file),
            other.line
        );
        return Err(Diagnostic::alert(&codes::DUPLICATE_NAME, message).at(a.at(0)).lead(Lead::Config));
    }
    cx.mailers.push(Mailers {
        name,
        mailers: Vec::new(),
        timeout: 10_000,
    });
    Ok(())
}

fn mailer(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let text = a.show(1);
    let head = format!("'mailer {}' : ", a.show(0));
    let parsed = address::parse(&text, Accept::WITH_PORT, &cx.env).map_err(|e| a.bad(1, format!("{head}{e}")))?;
    if let Some(address) = cx.resolve(&parsed, &text, a.at(1), &head)?
        && let Some(section) = cx.mailers.last_mut()
    {
        section.mailers.push(Mailer {
            name: a.arc_str(0),
            address,
        });
    }
    Ok(())
}
