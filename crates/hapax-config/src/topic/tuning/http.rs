//! HTTP/1 and HTTP/2: limits of the two protocols.

use hapax_diag::Diagnostic;

use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::plan::Statuses;
use crate::reader::Reader;
use crate::shape::Shape;
use crate::topic::{Topic, no_inherit};

pub(in crate::topic) static TOPIC: Topic = Topic {
    name: "http",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("tune.http.cookielen", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Lax(i64::MIN, i64::MAX))
        .doc("Longest cookie value that `capture cookie` keeps.")
        .ok(&["tune.http.cookielen 10"])
        .bad(&["tune.http.cookielen"])
        .set(|cx, a| {
            // As in HAProxy, the number counts an end of text.
            cx.global.cookielen = a.number().max(0) as usize + 1;
            Ok(())
        }),
    Row::new("tune.h1.be.glitches-threshold", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::OptLax(0, i64::MAX))
        .doc("Protocol oddities after which an HTTP/1 server connection is closed; 0 means never.")
        .since(3, 4)
        .ok(&["tune.h1.be.glitches-threshold 10"])
        .bad(&["tune.h1.be.glitches-threshold 1 2"])
        .set(|cx, a| {
            cx.global.server_glitches = u32::try_from(a.number()).unwrap_or(u32::MAX);
            Ok(())
        }),
    Row::new("tune.h1.fe.glitches-threshold", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::OptLax(0, i64::MAX))
        .doc("Protocol oddities after which an HTTP/1 client connection is closed; 0 means never.")
        .since(3, 4)
        .ok(&["tune.h1.fe.glitches-threshold 10"])
        .bad(&["tune.h1.fe.glitches-threshold 1 2"])
        .set(|cx, a| {
            cx.global.client_glitches = u32::try_from(a.number()).unwrap_or(u32::MAX);
            Ok(())
        }),
    Row::new("tune.glitches.kill.cpu-usage", Sections::GLOBAL)
        .usage("<percent>")
        .shape(Shape::Lax(0, 100))
        .doc("CPU use below which connections are not closed for their glitches.")
        .since(3, 2)
        .not_yet("glitch counting")
        .ok(&["tune.glitches.kill.cpu-usage 100"])
        .bad(&["tune.glitches.kill.cpu-usage", "tune.glitches.kill.cpu-usage 101"]),
    Row::new("h1-accept-payload-with-any-method", Sections::GLOBAL)
        .shape(Shape::Nothing)
        .doc("Accepts bodies with methods that usually have none.")
        .since(2, 6)
        .no_effect("bodies of GET, HEAD and DELETE requests are always relayed")
        .ok(&["h1-accept-payload-with-any-method"])
        .bad(&["h1-accept-payload-with-any-method extra"]),
    Row::new("h1-do-not-close-on-insecure-transfer-encoding", Sections::GLOBAL)
        .shape(Shape::Nothing)
        .doc("Keeps the connection open after a message whose framing is ambiguous.")
        .since(3, 1)
        .ok(&["h1-do-not-close-on-insecure-transfer-encoding"])
        .bad(&["h1-do-not-close-on-insecure-transfer-encoding extra"])
        .set(|cx, _| {
            cx.global.keep_insecure_coding = true;
            Ok(())
        }),
    Row::new("h1-case-adjust", Sections::GLOBAL)
        .usage("<from> <to>")
        .shape(Shape::Words(2, 2))
        .doc("How one HTTP/1 header name is written to peers that are particular about case (`option h1-case-adjust-bogus-*`).")
        .ok(&["h1-case-adjust content-length Content-Length"])
        .bad(&[
            "h1-case-adjust x",
            "h1-case-adjust x x x",
            "h1-case-adjust Host host",
            "h1-case-adjust host Hosts",
        ])
        .set(|cx, a| case_adjust(cx, a.bytes(0), a.bytes(1)).map_err(|why| a.bad(0, format!("'{}' : {why}.", a.name)))),
    Row::new("h1-case-adjust-file", Sections::GLOBAL)
        .usage("<file>")
        .shape(Shape::Word("<file>"))
        .doc("File of header names as they are written to peers that are particular about case.")
        .ok(&["h1-case-adjust-file headers.txt"])
        .bad(&["h1-case-adjust-file", "h1-case-adjust-file one two"])
        .set(case_adjust_file),
    Row::new("h2-workaround-bogus-websocket-clients", Sections::GLOBAL)
        .shape(Shape::Nothing)
        .doc("Does not tell HTTP/2 clients that WebSocket is possible.")
        .since(2, 5)
        .not_yet("WebSocket over HTTP/2")
        .ok(&["h2-workaround-bogus-websocket-clients"])
        .bad(&[
            "no h2-workaround-bogus-websocket-clients",
            "h2-workaround-bogus-websocket-clients extra",
        ]),
    Row::new("tune.h2.be.glitches-threshold", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::OptLax(0, i64::MAX))
        .doc("Protocol oddities after which an HTTP/2 server connection is closed; 0 means never.")
        .since(3, 0)
        .not_yet("glitch counting")
        .ok(&["tune.h2.be.glitches-threshold 10"])
        .bad(&["tune.h2.be.glitches-threshold 1 2"]),
    Row::new("tune.h2.fe.glitches-threshold", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::OptLax(0, i64::MAX))
        .doc("Protocol oddities after which an HTTP/2 client connection is closed; 0 means never.")
        .since(3, 0)
        .not_yet("glitch counting")
        .ok(&["tune.h2.fe.glitches-threshold 10"])
        .bad(&["tune.h2.fe.glitches-threshold 1 2"]),
    Row::new("tune.h2.be.max-frames-at-once", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::OptLax(i64::MIN, i64::MAX))
        .doc("Frames of a server connection handled in one go.")
        .since(3, 4)
        .no_effect("the relay gives way after every buffer")
        .ok(&["tune.h2.be.max-frames-at-once 10"])
        .bad(&["tune.h2.be.max-frames-at-once 1 2"]),
    Row::new("tune.h2.fe.max-frames-at-once", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::OptLax(i64::MIN, i64::MAX))
        .doc("Frames of a client connection handled in one go.")
        .since(3, 4)
        .no_effect("the relay gives way after every buffer")
        .ok(&["tune.h2.fe.max-frames-at-once 10"])
        .bad(&["tune.h2.fe.max-frames-at-once 1 2"]),
    Row::new("tune.h2.fe.max-rst-at-once", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::OptLax(i64::MIN, i64::MAX))
        .doc("Stream resets handled in one go.")
        .since(3, 4)
        .not_yet("limits on stream resets")
        .ok(&["tune.h2.fe.max-rst-at-once 10"])
        .bad(&["tune.h2.fe.max-rst-at-once 1 2"]),
    Row::new("tune.h2.log-errors", Sections::GLOBAL)
        .usage("{ none | connection | stream }")
        .shape(Shape::OneOf(&["none", "connection", "stream"]))
        .doc("Which HTTP/2 errors are worth a log line.")
        .since(3, 4)
        .not_yet("logging of HTTP/2 errors")
        .ok(&[
            "tune.h2.log-errors none",
            "tune.h2.log-errors connection",
            "tune.h2.log-errors stream",
        ])
        .bad(&["tune.h2.log-errors", "tune.h2.log-errors other"]),
    Row::new("tune.h2.be.rxbuf", Sections::GLOBAL)
        .usage("<size>")
        .shape(Shape::Size32)
        .doc("Receive buffer of an HTTP/2 server connection.")
        .since(3, 1)
        .not_yet("HTTP/2 receive windows")
        .ok(&["tune.h2.be.rxbuf 64k"])
        .bad(&["tune.h2.be.rxbuf", "tune.h2.be.rxbuf big", "tune.h2.be.rxbuf 4g"]),
    Row::new("tune.h2.fe.rxbuf", Sections::GLOBAL)
        .usage("<size>")
        .shape(Shape::Size32)
        .doc("Receive buffer of an HTTP/2 client connection.")
        .since(3, 1)
        .not_yet("HTTP/2 receive windows")
        .ok(&["tune.h2.fe.rxbuf 64k"])
        .bad(&["tune.h2.fe.rxbuf", "tune.h2.fe.rxbuf big", "tune.h2.fe.rxbuf 4g"]),
    Row::new("tune.h2.header-table-size", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Lax(4096, 65536))
        .doc("Size of the dynamic table of header compression.")
        .not_yet("the size of HPACK tables")
        .ok(&["tune.h2.header-table-size 65536"])
        .bad(&[
            "tune.h2.header-table-size",
            "tune.h2.header-table-size many",
            "tune.h2.header-table-size 65537",
            "tune.h2.header-table-size 4095",
        ]),
    Row::new("tune.h2.initial-window-size", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::OptLax(0, i64::MAX))
        .doc("Initial window of each stream, both sides.")
        .not_yet("HTTP/2 receive windows")
        .ok(&["tune.h2.initial-window-size 10"])
        .bad(&["tune.h2.initial-window-size 1 2"]),
    Row::new("tune.h2.be.initial-window-size", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::OptLax(0, i64::MAX))
        .doc("Initial window of each stream of a server connection.")
        .since(2, 8)
        .not_yet("HTTP/2 receive windows")
        .ok(&["tune.h2.be.initial-window-size 10"])
        .bad(&["tune.h2.be.initial-window-size 1 2"]),
    Row::new("tune.h2.fe.initial-window-size", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::OptLax(0, i64::MAX))
        .doc("Initial window of each stream of a client connection.")
        .since(2, 8)
        .not_yet("HTTP/2 receive windows")
        .ok(&["tune.h2.fe.initial-window-size 10"])
        .bad(&["tune.h2.fe.initial-window-size 1 2"]),
    Row::new("tune.h2.max-concurrent-streams", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::OptLax(0, i64::MAX))
        .doc("Streams a connection may have at once, both sides.")
        .not_yet("HTTP/2 stream limits")
        .ok(&["tune.h2.max-concurrent-streams 10"])
        .bad(&["tune.h2.max-concurrent-streams 1 2"]),
    Row::new("tune.h2.be.max-concurrent-streams", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::OptLax(0, i64::MAX))
        .doc("Streams a server connection may have at once.")
        .since(2, 8)
        .not_yet("HTTP/2 stream limits")
        .ok(&["tune.h2.be.max-concurrent-streams 10"])
        .bad(&["tune.h2.be.max-concurrent-streams 1 2"]),
    Row::new("tune.h2.fe.max-concurrent-streams", Sections::GLOBAL)
        .usage("<number> [args...]")
        .shape(Shape::Words(0, 5))
        .doc("Streams a client connection may have at once.")
        .since(2, 8)
        .not_yet("HTTP/2 stream limits")
        .set(most_streams)
        .ok(&[
            "tune.h2.fe.max-concurrent-streams 10 rq-load auto min 5",
            "tune.h2.fe.max-concurrent-streams",
            "tune.h2.fe.max-concurrent-streams 100",
        ])
        .bad(&[
            "tune.h2.fe.max-concurrent-streams 10 other",
            "tune.h2.fe.max-concurrent-streams 10 min x",
            "tune.h2.fe.max-concurrent-streams 10 rq-load",
            "tune.h2.fe.max-concurrent-streams -1",
            "tune.h2.fe.max-concurrent-streams x x x x x x",
        ]),
    Row::new("tune.h2.fe.max-total-streams", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::OptLax(0, i64::MAX))
        .doc("Streams after which a client connection is closed gracefully; 0 means never.")
        .since(3, 0)
        .not_yet("HTTP/2 stream limits")
        .ok(&["tune.h2.fe.max-total-streams 10"])
        .bad(&["tune.h2.fe.max-total-streams 1 2"]),
    Row::new("tune.h2.max-frame-size", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Lax(16384, 16_777_215))
        .doc("Largest frame a peer may send.")
        .not_yet("HTTP/2 frame sizes")
        .ok(&["tune.h2.max-frame-size 16777215"])
        .bad(&[
            "tune.h2.max-frame-size",
            "tune.h2.max-frame-size many",
            "tune.h2.max-frame-size 16777216",
            "tune.h2.max-frame-size 16383",
        ]),
    Row::new("tune.streams-elasticity", Sections::GLOBAL)
        .usage("<percent>")
        .shape(Shape::Number(0, i32::MAX as i64))
        .doc("Streams per connection, in percent of `maxconn`, that are granted when many connections are open.")
        .since(3, 4)
        .not_yet("HTTP/2 stream limits")
        .set(|_, a| match a.number() {
            1..=99 => Err(a.bad(0, format!("'{}' expects 0 or a positive percentage value of 100 or above", a.name))),
            _ => Ok(()),
        })
        .ok(&["tune.streams-elasticity 100"])
        .bad(&[
            "tune.streams-elasticity 99",
            "tune.streams-elasticity",
            "tune.streams-elasticity many",
        ]),
    Row::new("http-err-codes", Sections::GLOBAL)
        .usage("[+-]<range>[,...] [...]")
        .shape(Shape::Words(1, 64))
        .doc("Statuses that count as errors in the `http_err` counters.")
        .since(3, 0)
        .ok(&["http-err-codes 400-499 -404"])
        .bad(&["http-err-codes", "http-err-codes 99", "http-err-codes 400,x"])
        .set(|cx, a| {
            let codes = cx.global.err_codes.get_or_insert_with(Statuses::errors);
            (0..a.len()).try_for_each(|i| change(a, i, codes))
        }),
    Row::new("http-fail-codes", Sections::GLOBAL)
        .usage("[+-]<range>[,...] [...]")
        .shape(Shape::Words(1, 64))
        .doc("Statuses that count as failures in the `http_fail` counters.")
        .since(3, 0)
        .ok(&["http-fail-codes 500-599", "http-fail-codes +429 -501,503"])
        .bad(&["http-fail-codes", "http-fail-codes 99", "http-fail-codes 400,x"])
        .set(|cx, a| {
            let codes = cx.global.fail_codes.get_or_insert_with(Statuses::failures);
            (0..a.len()).try_for_each(|i| change(a, i, codes))
        }),
];

fn change(a: &Args<'_>, i: usize, codes: &mut Statuses) -> Result<(), Diagnostic> {
    codes.change(a.str(i)).map_err(|range| {
        let message = format!("{}: invalid range '{range}': it goes from 100 to 599.", a.name);
        a.bad(i, message)
    })
}

/// One name and how it is written.
fn case_adjust(cx: &mut Reader<'_>, from: &[u8], to: &[u8]) -> Result<(), String> {
    let shown = String::from_utf8_lossy(from);
    if from.iter().any(u8::is_ascii_uppercase) {
        return Err(format!("'{shown}' must be in lower case"));
    }
    if !from.eq_ignore_ascii_case(to) {
        let to = String::from_utf8_lossy(to);
        return Err(format!("<from> and <to> must not differ except the case, got '{shown}' and '{to}'"));
    }
    if !cx.global.case_map.add(from, to) {
        return Err(format!("duplicate entry '{shown}'"));
    }
    Ok(())
}

/// Two names a line; empty lines and comments do not count.
fn case_adjust_file(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let text = cx.files.read(a.str(0)).map_err(|why| {
        let message = format!("'{}' : error opening file '{}'.", a.name, a.show(0));
        Diagnostic::alert(&codes::MISSING_FILE, message).at(a.at(0)).help(why).missing()
    })?;
    for (i, line) in text.split(|b| *b == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() || line[0] == b'#' {
            continue;
        }
        let mut words = line.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty());
        let made = match (words.next(), words.next(), words.next()) {
            (Some(from), Some(to), None) => case_adjust(cx, from, to),
            _ => Err("two names are expected".to_owned()),
        };
        made.map_err(|why| a.bad(0, format!("'{}' : {}:{} : {why}.", a.name, a.show(0), i + 1)))?;
    }
    Ok(())
}

/// `<number> [rq-load { auto | ignore | <number> }] [min <number>]`
fn most_streams(_: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let number = |i: usize| hapax_value::leading_number(a.str(i)) as i32;
    let fail = |i: usize, what: &str| Err(a.bad(i, format!("'{}' expects {what}.", a.name)));
    if number(0) < 0 {
        return fail(0, "a positive numeric value");
    }
    let mut i = 1;
    while i < a.len() {
        match a.str(i) {
            "rq-load" if matches!(a.str(i + 1), "auto" | "ignore") || number(i + 1) > 0 => {}
            "rq-load" => return fail(i + 1, "a strictly positive run-queue length, or 'auto' or 'ignore'"),
            "min" if number(i + 1) > 0 => {}
            "min" => return fail(i + 1, "a strictly positive minimum number of streams"),
            other => {
                let message = format!(
                    "'{}' only supports 'rq-load' or 'min' after the numeric value, but found '{other}'.",
                    a.name
                );
                return Err(a.bad(i, message));
            }
        }
        i += 2;
    }
    Ok(())
}
