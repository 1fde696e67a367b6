//! Log formats: HAProxy's own ones by name, and those that lines give, compiled once the proxy is known in full.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_sample::Needs;
use hapax_sample::logformat::LogFormat;

use super::proxy::One;
use crate::codes;
use crate::draft::{Draft, FormatText};
use crate::plan::{CopyOnWrite, LogFormats, LogKind, LogWire};
use crate::reader::placed;

const TCP: &str = "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq";
const TCP_CLF: &str = "%{+Q}o %{-Q}ci - - [%T] \"TCP \" 000 %B \"\" \"\" %cp %ms %ft %b %s %Th %Tw %Tc %Tt %U %ts-- %ac %fc %bc %sc %rc %sq %bq \
                       \"\" \"\"";
const HTTP: &str = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r";
const HTTP_CLF: &str = "%{+Q}o %{-Q}ci - - [%trg] %r %ST %B \"\" \"\" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC \
                        %CS %hrl %hsl";
const HTTPS: &str = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r \
                     %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc";
const STRUCTURED: &str = "- ";

/// Compiles what the proxy logs. Backends log nothing of their own.
pub(super) fn compile(cx: &mut One<'_, '_>, draft: &mut Draft) {
    if !draft.is_front() {
        if let Some(text) = draft.formats.unique_id.clone() {
            draft.proxy.formats.unique_id = one(cx, draft, &text, "unique-id").map(Arc::new);
        }
        // It is looked at, though nothing is logged with it.
        if let Some(text) = draft.formats.error.clone() {
            let _ = one(cx, draft, &text, "error-log-format");
        }
        return;
    }
    let standard = match draft.proxy.log_kind {
        LogKind::Tcp => Some(TCP),
        LogKind::TcpClf => Some(TCP_CLF),
        LogKind::Http => Some(HTTP),
        LogKind::HttpClf => Some(HTTP_CLF),
        LogKind::Https => Some(HTTPS),
        LogKind::Default | LogKind::Custom => None,
    };
    let texts = (*draft.formats).clone();
    let own = |text: &str| FormatText {
        text: text.as_bytes().into(),
        span: draft.formats.asked.unwrap_or(draft.proxy.span),
    };
    let main = standard.map(own).or(texts.main);
    let structured = draft.proxy.log.iter().any(|l| l.format == LogWire::Rfc5424);
    let sd = texts.sd.or_else(|| structured.then(|| own(STRUCTURED)));
    draft.proxy.formats = CopyOnWrite::from(LogFormats {
        main: main.and_then(|t| one(cx, draft, &t, "log-format")),
        sd: sd.and_then(|t| one(cx, draft, &t, "log-format-sd")),
        unique_id: texts.unique_id.and_then(|t| one(cx, draft, &t, "unique-id")).map(Arc::new),
        error: texts.error.and_then(|t| one(cx, draft, &t, "error-log-format")),
    });
}

fn one(cx: &mut One<'_, '_>, draft: &Draft, text: &FormatText, word: &str) -> Option<LogFormat> {
    let mut compile = cx.reader.compile_for(&draft.proxy.name);
    let made = if word == "unique-id" {
        LogFormat::compile_unique_id(&text.text, text.span, &mut compile)
    } else {
        LogFormat::compile(&text.text, text.span, &mut compile)
    };
    let place = match word {
        "unique-id" if draft.is_front() => Needs::FE_HRQ_H,
        "unique-id" => Needs::BE_HRQ_H,
        _ => Needs::LOG,
    };
    match made.and_then(|format| placed(format, place, text.span)) {
        Ok(format) => Some(format),
        Err(d) => {
            let message = format!("failed to parse {word} : {}", d.message);
            let d = Diagnostic {
                message,
                code: &codes::BAD_ARGUMENT,
                ..d
            };
            cx.push(d.or_at(text.span));
            None
        }
    }
}
