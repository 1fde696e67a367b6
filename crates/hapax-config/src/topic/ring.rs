//! `ring`: buffers of messages, and the servers they are sent on to.

use super::{Topic, no_inherit, servers};
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::plan::Ring;
use crate::reader::Reader;
use crate::shape::Shape;
use crate::units::{TIMER_MAX, Unit};

pub(super) static TOPIC: Topic = Topic {
    name: "ring",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("backing-file", Sections::RING)
        .usage("<path>")
        .shape(Shape::Word("<path>"))
        .lenient()
        .doc("File that keeps the ring's contents, for those who look after a crash. What it held before is kept with `.bak` behind its name.")
        .since(2, 7)
        .ok(&["backing-file one two", "backing-file /var/log/ring"])
        .bad(&["backing-file"])
        .set(|cx, a| {
            section(cx).backing_file = Some(a.show(0));
            Ok(())
        }),
    Row::new("description", Sections::RING)
        .usage("<text>")
        .shape(Shape::Words(1, 64))
        .doc("What the ring is for.")
        .ok(&["description the last messages"])
        .bad(&["description"])
        .set(|cx, a| {
            let text = super::process::text(a)?;
            section(cx).description = Some(text);
            Ok(())
        }),
    Row::new("format", Sections::RING)
        .usage("{ iso | local | raw | rfc3164 | rfc5424 | short | priority | timed }")
        .shape(Shape::OneOf(&[
            "iso", "local", "raw", "rfc3164", "rfc5424", "short", "priority", "timed",
        ]))
        .lenient()
        .doc("How messages are written; `raw` where nothing is said.")
        .ok(&["format iso x", 
            "format iso",
            "format local",
            "format raw",
            "format rfc3164",
            "format rfc5424",
            "format short",
            "format priority",
            "format timed",
        ])
        .bad(&["format", "format other"])
        .set(|cx, a| {
            let wire = super::logging::target::WIRES.iter().find(|(n, _)| *n == a.str(0));
            if let Some((_, wire)) = wire {
                section(cx).format = *wire;
            }
            Ok(())
        }),
    Row::new("maxlen", Sections::RING)
        .usage("<length>")
        .shape(Shape::Lax(1, i64::MAX))
        .lenient()
        .doc("Longest message, its header included.")
        .ok(&["maxlen 10x y", "maxlen 10"])
        .bad(&["maxlen", "maxlen many", "maxlen 0"])
        .set(|cx, a| {
            section(cx).maxlen = a.number() as usize;
            Ok(())
        }),
    Row::new("server", Sections::RING)
        .usage("<name> <address> [param*]")
        .shape(Shape::Words(2, 64))
        .doc("Server that messages are sent on to over a stream, and over TLS with `ssl`.")
        .ok(&["server collector 127.0.0.1:514 log-proto octet-count"])
        .bad(&["server x", "server x 127.0.0.1:514 nonsense", "server x udp@127.0.0.1:514", "server x 127.0.0.1:514 agent-check", "server x 127.0.0.1:514 track b/s"])
        .set(|cx, a| {
            let server = servers::standalone(cx, a)?;
            section(cx).servers.push(server);
            Ok(())
        }),
    Row::new("size", Sections::RING)
        .usage("<size>")
        .shape(Shape::Size32)
        .lenient()
        .doc("Size of the ring; `tune.bufsize` where nothing is said.")
        .ok(&["size 64k x", "size 64k"])
        .bad(&["size 5g", "size 0", "size", "size big"])
        .set(|cx, a| {
            if a.size() == 0 {
                return Err(a.bad(0, "invalid size '0' for new sink buffer."));
            }
            section(cx).size = a.size() as usize;
            Ok(())
        }),
    Row::new("timeout connect", Sections::RING)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .lenient()
        .doc("How long a connection to the server may take to be made.")
        .ok(&["timeout connect 1s x", "timeout connect 100ms"])
        .bad(&["timeout connect", "timeout connect 5x"])
        .set(|cx, a| {
            section(cx).timeout_connect = Some(a.millis());
            Ok(())
        }),
    Row::new("timeout server", Sections::RING)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .lenient()
        .doc("How long data may wait to be sent.")
        .ok(&["timeout server 1s x", "timeout server 100ms"])
        .bad(&["timeout server", "timeout server 5x"])
        .set(|cx, a| {
            section(cx).timeout_server = Some(a.millis());
            Ok(())
        }),
];

/// The section being read.
fn section<'r>(cx: &'r mut Reader<'_>) -> &'r mut Ring {
    let at = cx.rings.iter().rposition(|r| !r.implicit);
    // Every section begins with one.
    let at = at.unwrap_or_else(|| {
        cx.rings.push(Ring::default());
        cx.rings.len() - 1
    });
    &mut cx.rings[at]
}
