//! The internal HTTP client, used by Lua and by OCSP updates.

use hapax_diag::{Diagnostic, Severity};

use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;
use crate::topic::{Topic, no_inherit};
use crate::units::{TIMER_MAX, Unit};

pub(in crate::topic) static TOPIC: Topic = Topic {
    name: "httpclient",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("httpclient.resolvers.disabled", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("Does not resolve names for the HTTP client.")
        .since(2, 8)
        .not_yet("the internal HTTP client")
        .ok(&["httpclient.resolvers.disabled on", "httpclient.resolvers.disabled off"])
        .bad(&["httpclient.resolvers.disabled", "httpclient.resolvers.disabled maybe"]),
    Row::new("httpclient.resolvers.id", Sections::GLOBAL)
        .usage("<resolvers id>")
        .shape(Shape::Word("<resolvers id>"))
        .doc("`resolvers` section the HTTP client uses.")
        .since(2, 6)
        .not_yet("the internal HTTP client")
        .ok(&["httpclient.resolvers.id default"])
        .bad(&["httpclient.resolvers.id", "httpclient.resolvers.id one two"]),
    Row::new("httpclient.resolvers.prefer", Sections::GLOBAL)
        .usage("{ ipv4 | ipv6 }")
        .shape(Shape::OneOf(&["ipv4", "ipv6"]))
        .doc("Address family the HTTP client prefers.")
        .since(2, 6)
        .not_yet("the internal HTTP client")
        .ok(&["httpclient.resolvers.prefer ipv4", "httpclient.resolvers.prefer ipv6"])
        .bad(&["httpclient.resolvers.prefer", "httpclient.resolvers.prefer other"]),
    Row::new("httpclient.retries", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Lax(i64::MIN, i64::MAX))
        .doc("How often the HTTP client tries again.")
        .since(2, 9)
        .not_yet("the internal HTTP client")
        .ok(&["httpclient.retries 10"])
        .bad(&["httpclient.retries"]),
    Row::new("httpclient.ssl.ca-file", Sections::GLOBAL)
        .usage("<file>")
        .shape(Shape::OptWord("<file>"))
        .doc("Authorities the HTTP client trusts.")
        .since(2, 6)
        .not_yet("the internal HTTP client")
        .ok(&["httpclient.ssl.ca-file", "httpclient.ssl.ca-file @system-ca"])
        .bad(&["httpclient.ssl.ca-file one two"])
        .set(|cx, a| {
            // What it needs it cannot have, which stops nothing else.
            super::there(cx, a).or_else(|d| {
                cx.diags.push(Diagnostic {
                    severity: Severity::Warning,
                    ..d
                });
                Ok(())
            })
        }),
    Row::new("httpclient.ssl.verify", Sections::GLOBAL)
        .usage("{ none | required }")
        .shape(Shape::OneOf(&["none", "required"]))
        .doc("Whether the HTTP client verifies servers.")
        .since(2, 6)
        .not_yet("the internal HTTP client")
        .ok(&["httpclient.ssl.verify none", "httpclient.ssl.verify required"])
        .bad(&["httpclient.ssl.verify", "httpclient.ssl.verify other"]),
    Row::new("httpclient.timeout.connect", Sections::GLOBAL)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .doc("How long the HTTP client waits for a connection.")
        .since(2, 9)
        .not_yet("the internal HTTP client")
        .ok(&["httpclient.timeout.connect 100ms"])
        .bad(&["httpclient.timeout.connect", "httpclient.timeout.connect 5x"]),
];
