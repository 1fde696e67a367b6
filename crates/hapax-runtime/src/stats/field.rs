//! A value of the statistics with what it means: origin, nature and scope, as the typed formats show them.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Three letters: where a value comes from, what it is, and what it is about (management guide, 9.2).
pub type Tags = &'static [u8; 3];

#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    U32(u32),
    U64(u64),
    S32(i32),
    Str(Cow<'a, str>),
    /// Seconds with a fraction (`show info float`).
    Float(f64),
}

impl<'a> Value<'a> {
    pub fn text(s: impl Into<Cow<'a, str>>) -> Self {
        Self::Str(s.into())
    }

    pub fn kind(&self) -> &'static str {
        match self {
            Self::U32(_) => "u32",
            Self::U64(_) => "u64",
            Self::S32(_) => "s32",
            Self::Str(_) => "str",
            Self::Float(_) => "flt",
        }
    }

    pub fn write(&self, out: &mut String) {
        // Writing to a string does not fail.
        let _ = match self {
            Self::U32(n) => write!(out, "{n}"),
            Self::U64(n) => write!(out, "{n}"),
            Self::S32(n) => write!(out, "{n}"),
            Self::Str(s) => {
                out.push_str(s);
                Ok(())
            }
            Self::Float(f) => write!(out, "{f:.6}"),
        };
    }

    /// As a CSV field: quoted where it has to be, and without the blanks at its end.
    pub fn write_csv(&self, out: &mut String) {
        if let Self::Str(s) = self {
            return Self::csv_text(s.trim_end_matches(' '), out);
        }
        self.write(out);
    }

    fn csv_text(s: &str, out: &mut String) {
        if !s.contains(['"', ',', '\n', '\r']) {
            out.push_str(s);
            return;
        }
        out.push('"');
        for c in s.chars() {
            if c == '"' {
                out.push('"');
            }
            out.push(c);
        }
        out.push('"');
    }

    pub fn write_json(&self, out: &mut String) {
        match self {
            Self::Str(s) => write_json_string(s, out),
            other => other.write(out),
        }
    }
}

pub fn write_json_string(s: &str, out: &mut String) {
    out.push('"');
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// `"tags":{...}`
pub fn write_json_tags(tags: Tags, out: &mut String) {
    let origin = match tags[0] {
        b'M' => "Metric",
        b'S' => "Status",
        b'K' => "Key",
        b'C' => "Config",
        _ => "Product",
    };
    let nature = match tags[1] {
        b'G' => "Gauge",
        b'L' => "Limit",
        b'm' => "Min",
        b'M' => "Max",
        b'R' => "Rate",
        b'C' => "Counter",
        b'D' => "Duration",
        b'A' => "Age",
        b'T' => "Time",
        b'N' => "Name",
        b'O' => "Output",
        _ => "Avg",
    };
    let scope = match tags[2] {
        b'C' => "Cluster",
        b'S' => "Service",
        b'P' => "Process",
        _ => "System",
    };
    let _ = write!(
        out,
        "\"tags\":{{\"origin\":\"{origin}\",\"nature\":\"{nature}\",\"scope\":\"{scope}\"}}"
    );
}

pub fn tags_str(tags: Tags) -> &'static str {
    std::str::from_utf8(tags).unwrap_or("???")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_fields_end_without_blanks() {
        let csv = |s: &str| {
            let mut out = String::new();
            Value::Str(s.into()).write_csv(&mut out);
            out
        };
        assert_eq!([csv("x y  "), csv("a, \"b\" "), csv(" ")], ["x y", "\"a, \"\"b\"\"\"", ""]);
    }
}
