//! Compression of bodies.

use super::{Topic, no_inherit};
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "compression",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("compression algo", Sections::PROXY)
        .usage("{ identity | gzip | deflate | raw-deflate } ...")
        .shape(Shape::Words(1, 16))
        .doc("Algorithms offered for responses, best first.")
        .not_yet("compression")
        .ok(&["compression algo gzip deflate"])
        .bad(&["compression algo", "compression algo x x x x x x x x x x x x x x x x x"]),
    Row::new("compression algo-req", Sections::PROXY)
        .usage("{ identity | gzip | deflate | raw-deflate }")
        .shape(Shape::Words(1, 16))
        .doc("Algorithm requests are compressed with.")
        .since(2, 8)
        .not_yet("compression")
        .ok(&["compression algo-req gzip"])
        .bad(&["compression algo-req", "compression algo-req x x x x x x x x x x x x x x x x x"]),
    Row::new("compression algo-res", Sections::PROXY)
        .usage("{ identity | gzip | deflate | raw-deflate } ...")
        .shape(Shape::Words(1, 16))
        .doc("Algorithms offered for responses, best first.")
        .since(2, 8)
        .not_yet("compression")
        .ok(&["compression algo-res gzip"])
        .bad(&["compression algo-res", "compression algo-res x x x x x x x x x x x x x x x x x"]),
    Row::new("compression type", Sections::PROXY)
        .usage("<mime type> ...")
        .shape(Shape::Words(1, 64))
        .doc("Content types that are compressed; without it, all of them.")
        .not_yet("compression")
        .ok(&["compression type text/html text/css"])
        .bad(&["compression type"]),
    Row::new("compression type-req", Sections::PROXY)
        .usage("<mime type> ...")
        .shape(Shape::Words(1, 64))
        .doc("Content types of requests that are compressed.")
        .since(2, 8)
        .not_yet("compression")
        .ok(&["compression type-req application/json"])
        .bad(&["compression type-req"]),
    Row::new("compression type-res", Sections::PROXY)
        .usage("<mime type> ...")
        .shape(Shape::Words(1, 64))
        .doc("Content types of responses that are compressed.")
        .since(2, 8)
        .not_yet("compression")
        .ok(&["compression type-res text/html"])
        .bad(&["compression type-res"]),
    Row::new("compression minsize-req", Sections::PROXY)
        .usage("<size>")
        .shape(Shape::Size)
        .doc("Smallest request that is compressed.")
        .since(3, 2)
        .not_yet("compression")
        .ok(&["compression minsize-req 64k"])
        .bad(&["compression minsize-req", "compression minsize-req big"]),
    Row::new("compression minsize-res", Sections::PROXY)
        .usage("<size>")
        .shape(Shape::Size)
        .doc("Smallest response that is compressed.")
        .since(3, 2)
        .not_yet("compression")
        .ok(&["compression minsize-res 64k"])
        .bad(&["compression minsize-res", "compression minsize-res big"]),
    Row::new("compression direction", Sections::PROXY)
        .usage("{ request | response | both }")
        .shape(Shape::OneOf(&["request", "response", "both"]))
        .doc("Which bodies are compressed.")
        .since(2, 8)
        .not_yet("compression")
        .ok(&[
            "compression direction request",
            "compression direction response",
            "compression direction both",
        ])
        .bad(&["compression direction", "compression direction other"]),
    Row::new("compression offload", Sections::PROXY)
        .shape(Shape::Nothing)
        .doc("Hides the client's `Accept-Encoding` from servers.")
        .not_yet("compression")
        .ok(&["compression offload"])
        .bad(&["compression offload extra"]),
];
