//! Mail alerts.

use std::sync::Arc;

use hapax_diag::Span;

use super::Topic;
use crate::args::Args;
use crate::dictionary::Row;
use crate::draft::Draft;
use crate::keyword::Sections;
use crate::reader::Reader;
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "alerts",
    rows: ROWS,
    inherit: |to, from| to.alerts = from.alerts.clone(),
};

/// The lines of a proxy as far as they are read.
#[derive(Clone, Debug, Default)]
pub struct AlertsDraft {
    pub mailers: Option<(Arc<str>, Span)>,
    pub from: Option<Arc<str>>,
    pub to: Option<Arc<str>>,
    pub myhostname: Option<Arc<str>>,
    pub level: Option<u8>,
    /// Where the last of the lines stands.
    pub asked: Option<Span>,
}

/// In the order of syslog's numbers.
const LEVELS: &[&str] = &["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

static ROWS: &[Row] = &[
    Row::new("email-alert from", Sections::PROXY)
        .usage("<address>")
        .shape(Shape::OptWord("one word"))
        .lenient()
        .doc("Sender of the alerts.")
        .ok(&["email-alert from one two", "email-alert from proxy@example.com"])
        .set(|cx, a| {
            draft(cx, a).from = Some(a.arc_str(0));
            Ok(())
        }),
    Row::new("email-alert level", Sections::PROXY)
        .usage("{ emerg | alert | crit | err | warning | notice | info | debug }")
        .shape(Shape::OneOf(LEVELS))
        .lenient()
        .doc("Least severe level that is mailed; `alert` by default.")
        .ok(&[
            "email-alert level alert x",
            "email-alert level emerg",
            "email-alert level alert",
            "email-alert level crit",
            "email-alert level err",
            "email-alert level warning",
            "email-alert level notice",
            "email-alert level info",
            "email-alert level debug",
        ])
        .bad(&["email-alert level", "email-alert level other"])
        .set(|cx, a| {
            draft(cx, a).level = Some(a.choice() as u8);
            Ok(())
        }),
    Row::new("email-alert mailers", Sections::PROXY)
        .usage("<mailers section>")
        .shape(Shape::OptWord("one word"))
        .lenient()
        .doc("Section of the mail servers.")
        .ok(&["email-alert mailers one two", "email-alert mailers post"])
        .set(|cx, a| {
            draft(cx, a).mailers = Some((a.arc_str(0), a.at(0)));
            Ok(())
        }),
    Row::new("email-alert myhostname", Sections::PROXY)
        .usage("<host name>")
        .shape(Shape::OptWord("one word"))
        .lenient()
        .doc("Name given to the mail server; the machine's own by default.")
        .ok(&["email-alert myhostname one two", "email-alert myhostname proxy1"])
        .set(|cx, a| {
            draft(cx, a).myhostname = Some(a.arc_str(0));
            Ok(())
        }),
    Row::new("email-alert to", Sections::PROXY)
        .usage("<address>")
        .shape(Shape::OptWord("one word"))
        .lenient()
        .doc("Receiver of the alerts.")
        .ok(&["email-alert to one two", "email-alert to admin@example.com"])
        .set(|cx, a| {
            draft(cx, a).to = Some(a.arc_str(0));
            Ok(())
        }),
];

fn draft<'c>(cx: &'c mut Reader<'_>, a: &Args<'_>) -> &'c mut AlertsDraft {
    let Draft { alerts, .. } = cx.proxy();
    alerts.asked = Some(a.line);
    alerts
}
