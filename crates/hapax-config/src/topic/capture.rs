//! What of a message is kept for the logs: `capture ...`, `declare capture` (manual, 4.2).

use hapax_diag::{Diagnostic, Severity};

use super::{Topic, no_inherit};
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::reader::Reader;
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "capture",
    rows: ROWS,
    inherit: no_inherit,
};

const PLACES: Sections = Sections::FRONTEND.union(Sections::LISTEN);

static ROWS: &[Row] = &[
    Row::new("capture cookie", PLACES)
        .usage("<name> len <length>")
        .doc("Keeps a cookie of the request and of the response.")
        .ok(&[
            "capture cookie a len 5 x",
            "capture cookie SESSION len 32",
            "capture cookie ASPSESSION= len 63",
            "capture cookie a ln 5",
        ])
        .bad(&[
            "capture cookie a len 5 x y",
            "capture cookie",
            "capture cookie a",
            "capture cookie a len",
        ])
        .set(|cx, a| {
            let len = cookie_length(cx, a)?;
            cx.proxy().proxy.cookie_capture = Some((a.arc_bytes(0), len));
            cx.proxy().asked.insert("capture", a.line);
            Ok(())
        }),
    Row::new("capture request header", PLACES)
        .usage("<name> len <length>")
        .doc("Keeps a header field of the request.")
        .ok(&["capture request header Host len 64"])
        .bad(&["capture request header", "capture request header a", "capture request header a len"])
        .set(|cx, a| {
            let len = length(a, "'capture request' expects 'header' <header_name> 'len' <len>.")?;
            cx.proxy().site.req_captures.push((a.arc_bytes(0), len));
            cx.proxy().asked.insert("capture", a.line);
            Ok(())
        }),
    Row::new("capture response header", PLACES)
        .usage("<name> len <length>")
        .doc("Keeps a header field of the response.")
        .ok(&["capture response header Server len 64"])
        .bad(&["capture response header", "capture response header a len"])
        .set(|cx, a| {
            let len = length(a, "'capture response' expects 'header' <header_name> 'len' <len>.")?;
            cx.proxy().site.res_captures.push((a.arc_bytes(0), len));
            cx.proxy().asked.insert("capture", a.line);
            Ok(())
        }),
    Row::new("capture", PLACES)
        .family()
        .doc("Told when what is to be kept is neither a cookie nor a header field.")
        .bad(&["capture", "capture body", "capture request body"])
        .set(|_, a| Err(a.bad(0, "'capture' expects 'cookie' or 'request header' or 'response header'."))),
    Row::new("declare capture", PLACES)
        .usage("{ request | response } len <length>")
        .shape(Shape::Words(0, 3))
        .lenient()
        .doc("Reserves a slot that rules fill.")
        .ok(&[
            "declare capture request len 64 x",
            "declare capture request len 64",
            "declare capture response len 64",
        ])
        .bad(&[
            "declare capture request len 64x",
            "declare capture",
            "declare capture body len 3",
            "declare capture request len x",
        ])
        .set(declare),
    Row::new("declare", PLACES)
        .family()
        .doc("Told when what is declared is no capture.")
        .bad(&["declare", "declare nothing"])
        .set(|_, a| Err(a.bad(0, "'declare' declaration type is mandatory and must be 'capture'"))),
];

/// As `length`, but HAProxy does not look at the word between the name and the number.
fn cookie_length(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<usize, Diagnostic> {
    if a.len() < 3 {
        return Err(a.bad(0, "'capture' expects 'cookie' <cookie_name> 'len' <len>."));
    }
    a.at_most(4)?;
    if a.len() > 3 {
        let d = Diagnostic::new(
            &codes::BAD_ARGUMENT,
            Severity::Note,
            "'capture cookie' does not look at what stands here",
        );
        cx.diags.push(d.at(a.at(3)));
    }
    if a.str(1) != "len" {
        let message = format!("'len' is expected where '{}' stands; the number behind it is taken", a.show(1));
        cx.diags.push(Diagnostic::warning(&codes::BAD_ARGUMENT, message).at(a.at(1)));
    }
    Ok(super::limits::number(a, 2) as usize)
}

/// `<name> len <length>`
fn length(a: &Args<'_>, usage: &str) -> Result<usize, Diagnostic> {
    if a.len() < 3 || a.str(1) != "len" {
        return Err(a.bad(0, usage));
    }
    a.at_most(3)?;
    Ok(super::limits::number(a, 2) as usize)
}

fn declare(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let request = match a.str(0) {
        "request" => true,
        "response" => false,
        _ => {
            return Err(a.bad(
                0,
                "'declare capture' : wrong usage, use: declare capture [request|response] len <length>",
            ));
        }
    };
    let len = a.str(2).parse::<u32>().unwrap_or(0) as usize;
    if a.str(1) != "len" || len == 0 {
        return Err(a.bad(
            1,
            "'declare capture' : wrong usage, use: declare capture [request|response] len <length>",
        ));
    }
    let site = &mut cx.proxy().site;
    let list = if request { &mut site.req_captures } else { &mut site.res_captures };
    list.push((std::sync::Arc::from(&b""[..]), len));
    Ok(())
}
