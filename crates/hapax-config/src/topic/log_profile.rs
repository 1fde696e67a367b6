//! `log-profile`: log formats by step of a request.

use hapax_diag::Diagnostic;
use hapax_sample::Needs;
use hapax_sample::logformat::LogFormat;

use super::{Topic, no_inherit};
use crate::args::Args;
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::plan::{LogProfile, LogStep, ProfileStep};
use crate::reader::{Reader, placed};
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "log profile",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("log-tag", Sections::LOG_PROFILE)
        .usage("<tag>")
        .shape(Shape::Word("<tag>"))
        .lenient()
        .doc("Tag of the messages.")
        .ok(&["log-tag one two", "log-tag web"])
        .bad(&["log-tag"])
        .set(|cx, a| {
            let tag = a.str(0).to_owned();
            section(cx).tag = Some(tag);
            Ok(())
        }),
    Row::new("on", Sections::LOG_PROFILE)
        .usage("<step> [drop] [format <format>] [sd <format>]")
        .doc(
            "Format of the messages of one step, or that there are none. Steps are accept, request, connect, response, close, \
error, the rule sets of `do-log` (http-req, tcp-req-cont, ...), and any.",
        )
        .since(3, 1)
        .ok(&["on error drop", "on any format \"%ci\"", "on http-req format a sd b"])
        .bad(&["on", "on x", "on any format", "on any loudly", "on any format %[nothing_known]"])
        .set(on),
];

/// Steps beside those that lines are written at by themselves.
const OTHERS: [&str; 10] = [
    "any",
    "error",
    "quic-init",
    "tcp-req-conn",
    "tcp-req-sess",
    "tcp-req-cont",
    "tcp-res-cont",
    "http-req",
    "http-res",
    "http-after-res",
];

/// The section being read. Sections are numbered as they start, those without a line too.
fn section<'r>(cx: &'r mut Reader<'_>) -> &'r mut LogProfile {
    let count = cx.started.iter().filter(|s| s.row.bit == Sections::LOG_PROFILE).count();
    cx.log_profiles.resize_with(count.max(1), LogProfile::default);
    &mut cx.log_profiles[count.max(1) - 1]
}

fn on(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let word = a.str(0);
    if !LogStep::ALL.iter().any(|s| s.word() == word) && !OTHERS.contains(&word) {
        return Err(a.bad(0, format!("'on' expects a log step, not '{}'.", a.show(0))));
    }
    let mut step = ProfileStep::default();
    let mut i = 1;
    while i < a.len() {
        let format = |cx: &mut Reader<'_>| {
            if a.bytes(i + 1).is_empty() {
                return Err(a.missing(format!("'{}' expects a log format.", a.str(i))));
            }
            let made = LogFormat::compile(a.bytes(i + 1), a.at(i + 1), &mut cx.compile())?;
            placed(made, Needs::LOG, a.at(i + 1))
        };
        match a.str(i) {
            "drop" => step.drop = true,
            "format" => {
                step.format = Some(format(cx)?);
                i += 1;
            }
            "sd" => {
                step.sd = Some(format(cx)?);
                i += 1;
            }
            other => return Err(a.bad(i, format!("'on {word}' : unexpected '{other}', expects 'drop', 'format' or 'sd'."))),
        }
        i += 1;
    }
    let word = word.into();
    section(cx).steps.push((word, step));
    Ok(())
}
