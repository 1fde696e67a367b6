//! `comp-req`, `comp-res`, `compression`: the place of compression among the filters.

use std::sync::Arc;

use hapax_value::Support;

use super::{FilterRow, FilterSpec};

const MISSING: Support = Support::NotYet("compression");

pub(super) static ROWS: &[FilterRow] = &[
    FilterRow {
        name: "comp-req",
        doc: "Compresses requests, as the `compression` lines say.",
        ok: &["comp-req"],
        bad: &["comp-req gzip"],
        support: MISSING,
        parse: |_| Ok(Arc::new(Compression)),
    },
    FilterRow {
        name: "comp-res",
        doc: "Compresses responses, as the `compression` lines say.",
        ok: &["comp-res"],
        bad: &["comp-res gzip"],
        support: MISSING,
        parse: |_| Ok(Arc::new(Compression)),
    },
    FilterRow {
        name: "compression",
        doc: "The older name of both `comp-req` and `comp-res`.",
        ok: &["compression"],
        bad: &["compression gzip"],
        support: MISSING,
        parse: |_| Ok(Arc::new(Compression)),
    },
];

#[derive(Debug)]
struct Compression;

impl FilterSpec for Compression {}
