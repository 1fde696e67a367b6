//! The machine formats of `show stat`: CSV, typed lines and JSON.

use std::fmt::Write as _;

use super::columns::{COLUMNS, COMMON};
use super::field::{tags_str, write_json_string, write_json_tags};
use super::kept;
use super::rows::Row;

/// The header of the CSV output. The lone dash ends the columns common to all versions.
pub fn csv_header(out: &mut String) {
    out.push_str("# ");
    for (at, (name, _)) in COLUMNS.iter().enumerate() {
        if at == COMMON {
            out.push_str("-,");
        }
        out.push_str(name);
        out.push(',');
    }
    out.push('\n');
}

/// Ends the field of a column.
fn csv_step(at: &mut usize, out: &mut String) {
    out.push(',');
    *at += 1;
    if *at == COMMON {
        out.push_str("-,");
    }
}

pub fn csv_row(row: &Row<'_>, out: &mut String) {
    let mut at = 0;
    for (col, _, value) in &row.cells {
        while at < *col as usize {
            csv_step(&mut at, out);
        }
        value.write_csv(out);
    }
    while at < COLUMNS.len() {
        csv_step(&mut at, out);
    }
    out.push('\n');
}

/// A line per value: `F.2.0.4.scur.1:MGPV:u32:0`. The last letter of the tags says whether a file can hand it to another process (`P`)
/// or not (`V`).
pub fn typed_row(row: &Row<'_>, describe: bool, out: &mut String) {
    for (col, tags, value) in &row.cells {
        let pos = *col as usize;
        let (letter, kind) = (row.kind.letter(), value.kind());
        let _ = write!(
            out,
            "{letter}.{}.{}.{pos}.{}.1:{}{}:{kind}:",
            row.iid,
            row.sid,
            col.name(),
            tags_str(tags),
            if kept::is_kept(*col) { 'P' } else { 'V' }
        );
        value.write(out);
        if describe {
            let _ = write!(out, ":\"{}\"", COLUMNS[pos].1);
        }
        out.push('\n');
    }
}

/// One object's list of values; the caller puts lists into a list.
pub fn json_row(row: &Row<'_>, describe: bool, out: &mut String) {
    out.push('[');
    for (i, (col, tags, value)) in row.cells.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        let pos = *col as usize;
        let (word, name) = (row.kind.word(), col.name());
        let _ = write!(out, "{{\"objType\":\"{word}\",\"proxyId\":{},\"id\":{},", row.iid, row.sid);
        let _ = write!(out, "\"field\":{{\"pos\":{pos},\"name\":\"{name}\"}},\"processNum\":1,");
        write_json_tags(tags, out);
        let _ = write!(out, ",\"value\":{{\"type\":\"{}\",\"value\":", value.kind());
        value.write_json(out);
        out.push('}');
        if describe {
            out.push_str(",\"desc\":");
            write_json_string(COLUMNS[pos].1, out);
        }
        out.push('}');
    }
    out.push(']');
}
