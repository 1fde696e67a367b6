//! Compression of bodies: what is offered, what is worth it, and which way.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_rules::filters::compression::{Algorithm, Settings, Way};

use super::Topic;
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::draft::Draft;
use crate::keyword::Sections;
use crate::reader::Reader;
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "compression",
    rows: ROWS,
    inherit,
};

static ROWS: &[Row] = &[
    Row::new("compression algo", Sections::PROXY)
        .usage("{ identity | gzip | deflate | raw-deflate } ...")
        .shape(Shape::Words(1, 16))
        .doc("Algorithms that responses are compressed with, as the client prefers.")
        .ok(&["compression algo gzip deflate"])
        .bad(&[
            "compression algo",
            "compression algo gzip br",
            "compression algo x x x x x x x x x x x x x x x x x",
        ])
        .set(|cx, a| algorithms(cx, a, |s| &mut s.response)),
    Row::new("compression algo-req", Sections::PROXY)
        .usage("{ identity | gzip | deflate | raw-deflate }")
        .shape(Shape::Word("<algorithm>"))
        .lenient()
        .doc("Algorithm requests are compressed with.")
        .since(2, 8)
        .ok(&["compression algo-req gzip x", "compression algo-req gzip"])
        .bad(&["compression algo-req", "compression algo-req lzma"])
        .set(|cx, a| algorithms(cx, a, |s| &mut s.request)),
    Row::new("compression algo-res", Sections::PROXY)
        .usage("{ identity | gzip | deflate | raw-deflate } ...")
        .shape(Shape::Words(1, 16))
        .doc("Algorithms that responses are compressed with, as the client prefers.")
        .since(2, 8)
        .ok(&["compression algo-res gzip"])
        .bad(&["compression algo-res", "compression algo-res x x x x x x x x x x x x x x x x x"])
        .set(|cx, a| algorithms(cx, a, |s| &mut s.response)),
    Row::new("compression type", Sections::PROXY)
        .usage("<mime type> ...")
        .shape(Shape::Words(1, 64))
        .doc("Content types that are compressed; without it, all of them.")
        .ok(&["compression type text/html text/css"])
        .bad(&["compression type"])
        .set(|cx, a| {
            types(cx, a, |s| &mut s.response);
            Ok(())
        }),
    Row::new("compression type-req", Sections::PROXY)
        .usage("<mime type> ...")
        .shape(Shape::Words(1, 64))
        .doc("Content types of requests that are compressed.")
        .since(2, 8)
        .ok(&["compression type-req application/json"])
        .bad(&["compression type-req"])
        .set(|cx, a| {
            types(cx, a, |s| &mut s.request);
            Ok(())
        }),
    Row::new("compression type-res", Sections::PROXY)
        .usage("<mime type> ...")
        .shape(Shape::Words(1, 64))
        .doc("Content types of responses that are compressed.")
        .since(2, 8)
        .ok(&["compression type-res text/html"])
        .bad(&["compression type-res"])
        .set(|cx, a| {
            types(cx, a, |s| &mut s.response);
            Ok(())
        }),
    Row::new("compression minsize-req", Sections::PROXY)
        .usage("<size>")
        .shape(Shape::Size32)
        .lenient()
        .doc("Smallest request that is compressed.")
        .since(3, 2)
        .ok(&["compression minsize-req 64k x", "compression minsize-req 64k"])
        .bad(&[
            "compression minsize-req 5g",
            "compression minsize-req",
            "compression minsize-req big",
        ])
        .set(|cx, a| {
            settings(cx).request.min_size = a.size();
            Ok(())
        }),
    Row::new("compression minsize-res", Sections::PROXY)
        .usage("<size>")
        .shape(Shape::Size32)
        .lenient()
        .doc("Smallest response that is compressed.")
        .since(3, 2)
        .ok(&["compression minsize-res 64k x", "compression minsize-res 64k"])
        .bad(&[
            "compression minsize-res 5g",
            "compression minsize-res",
            "compression minsize-res big",
        ])
        .set(|cx, a| {
            settings(cx).response.min_size = a.size();
            Ok(())
        }),
    Row::new("compression direction", Sections::PROXY)
        .usage("{ request | response | both }")
        .shape(Shape::OneOf(&["request", "response", "both"]))
        .lenient()
        .doc("Which bodies are compressed.")
        .since(2, 8)
        .ok(&[
            "compression direction both x",
            "compression direction request",
            "compression direction response",
            "compression direction both",
        ])
        .bad(&["compression direction", "compression direction other"])
        .set(|cx, a| {
            settings(cx).directions = Some([(true, false), (false, true), (true, true)][a.choice()]);
            Ok(())
        }),
    Row::new("compression offload", Sections::PROXY)
        .shape(Shape::Nothing)
        .lenient()
        .doc("Hides the client's `Accept-Encoding` from servers.")
        .ok(&["compression offload extra", "compression offload"])
        .set(|cx, a| {
            offload(cx, a);
            Ok(())
        }),
];

fn inherit(draft: &mut Draft, defaults: &Draft) {
    draft.proxy.compression.clone_from(&defaults.proxy.compression);
}

fn settings<'r>(cx: &'r mut Reader<'_>) -> &'r mut Settings {
    Arc::make_mut(cx.proxy().proxy.compression.get_or_insert_default())
}

fn algorithms(cx: &mut Reader<'_>, a: &Args<'_>, way: fn(&mut Settings) -> &mut Way) -> Result<(), Diagnostic> {
    for i in 0..a.len() {
        let Some(algorithm) = Algorithm::named(a.bytes(i)) else {
            return Err(a.bad(i, format!("'compression' : '{}' is not a supported algorithm.", a.show(i))));
        };
        way(settings(cx)).algorithms.push(algorithm);
    }
    Ok(())
}

fn types(cx: &mut Reader<'_>, a: &Args<'_>, way: fn(&mut Settings) -> &mut Way) {
    let words = (0..a.len()).map(|i| a.arc_bytes(i));
    way(settings(cx)).types.extend(words);
}

fn offload(cx: &mut Reader<'_>, a: &Args<'_>) {
    if cx.proxy().is_defaults() {
        let told = "'compression' : 'offload' ignored in 'defaults' section.";
        cx.diags.push(Diagnostic::warning(&codes::BAD_ARGUMENT, told).at(a.span));
    } else {
        settings(cx).offload = true;
    }
}
