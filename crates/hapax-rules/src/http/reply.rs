//! Answers made of arguments: `return`, `deny`, `tarpit`; and the reading of those arguments, which `http-error` shares.

use std::sync::Arc;

use hapax_diag::{Diagnostic, Span};
use hapax_sample::acl::Token;
use hapax_sample::logformat::LogFormat;
use hapax_sample::{Env, NameKind, NameRef};

use crate::errors::is_error_status;
use crate::reply::parse_errorfile;
use crate::{Action, ActionRow, Effect, ParseAction, Reply, ReplySource, RuleSets, Txn, codes};

pub(crate) static ROWS: &[ActionRow] = &[
    ActionRow {
        name: "return",
        rulesets: RuleSets::HTTP_REQ.union(RuleSets::HTTP_RES),
        doc: "Answers at once with a response made of the arguments, and ends the rule set.",
        ok: &[
            "return",
            "return status 404",
            "return status 503 content-type text/plain string down hdr Retry-After 5",
            "return content-type text/plain lf-string \"hello %[src]\" if TRUE",
            "return status 429 default-errorfiles",
        ],
        bad: &[
            "return status",
            "return status 100",
            "return status 600",
            "return string hello",
            "return content-type a string \"\"",
            "return lf-string hello",
            "return content-type",
            "return hdr a",
            "return string a file b content-type c",
            "return status 418 default-errorfiles",
            "return status 204 content-type a string b",
            "return deny_status 403",
            "return errorfile /nowhere/200.http",
            "return content-type a file /nowhere/x",
        ],
        parse: |p| answer(p, Kind::Return),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "deny",
        rulesets: RuleSets::HTTP_REQ.union(RuleSets::HTTP_RES),
        doc: "Refuses the message: with the error message of 403 (502 for responses), or with one made of the arguments.",
        ok: &[
            "deny",
            "deny deny_status 429 if TRUE",
            "deny status 451 content-type text/plain string no",
            "deny deny_status 400 hdr x-why %[src]",
        ],
        bad: &[
            "deny deny_status",
            "deny deny_status 418",
            "deny deny_status 10",
            "deny content-type a string",
            "deny 403",
        ],
        parse: |p| answer(p, Kind::Deny),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "tarpit",
        rulesets: RuleSets::HTTP_REQ,
        doc: "Holds the request for `timeout tarpit`, then refuses it: with the error message of 500, or as the arguments say.",
        ok: &[
            "tarpit",
            "tarpit deny_status 429 if TRUE",
            "tarpit status 200 content-type text/plain string ok",
        ],
        bad: &["tarpit deny_status 418", "tarpit 5s"],
        parse: |p| answer(p, Kind::Tarpit),
        ..ActionRow::BASE
    },
];

#[derive(Clone, Copy, Debug)]
enum Kind {
    Return,
    Deny,
    Tarpit,
}

#[derive(Debug)]
struct Answer {
    kind: Kind,
    response: bool,
    reply: ReplySpec,
}

impl Action for Answer {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        // Formats of the reply may quote the status it is given with, and how the stream ends by it.
        txn.stream.status = self.reply.status;
        txn.stream.termination = match (self.kind, self.response) {
            (Kind::Return, false) => *b"LR",
            (Kind::Return, true) => *b"LH",
            (Kind::Deny, false) => *b"PR",
            (Kind::Deny, true) => *b"PH",
            (Kind::Tarpit, _) => *b"PT",
        };
        let mut env = txn.env();
        // Nothing can be quoted of the message that this stands in the place of, nor of one that was held back.
        if self.response {
            env.res = None;
        }
        if matches!(self.kind, Kind::Tarpit) {
            env.req = None;
        }
        let reply = Box::new(self.reply.make(&env));
        match self.kind {
            Kind::Return => Effect::Return(reply),
            Kind::Deny => Effect::Deny(reply),
            Kind::Tarpit => Effect::Tarpit(reply),
        }
    }

    fn is_final(&self) -> bool {
        true
    }
}

fn answer(p: &mut ParseAction<'_, '_>, kind: Kind) -> Result<Arc<dyn Action>, Diagnostic> {
    let default = match kind {
        Kind::Return => 200,
        Kind::Deny if p.ruleset == RuleSets::HTTP_REQ => 403,
        Kind::Deny => 502,
        Kind::Tarpit => 500,
    };
    let reply = if matches!(kind, Kind::Return) {
        ReplySpec::parse(p, default)?
    } else {
        refusal(p, default)?
    };
    let response = p.ruleset != RuleSets::HTTP_REQ;
    ParseAction::done(Answer { kind, response, reply })
}

/// `deny` and `tarpit`: nothing at all, or a bare `deny_status`, means the proxy's error message; else all is as in `return`.
fn refusal(p: &mut ParseAction<'_, '_>, default: u16) -> Result<ReplySpec, Diagnostic> {
    if p.at_end() {
        return Ok(ReplySpec::error(default));
    }
    if !p.take("deny_status") {
        return ReplySpec::parse(p, default);
    }
    let status = status(p, "deny_status")?;
    if !p.at_end() {
        return ReplySpec::parse(p, status);
    }
    if !is_error_status(status) {
        return Err(p.bad(format!(
            "status code '{status}' not handled by default with 'default-errorfiles' argument."
        )));
    }
    Ok(ReplySpec::error(status))
}

fn status(p: &mut ParseAction<'_, '_>, after: &str) -> Result<u16, Diagnostic> {
    let word = p
        .next()
        .ok_or_else(|| p.fail(&codes::MISSING_ARG, format!("'{after}' expects <status_code> as argument")))?;
    let text = crate::parse::text(word);
    let status = text.parse().unwrap_or(0);
    if !(200..=599).contains(&status) {
        return Err(p.bad(format!("Unexpected status code '{text}'")));
    }
    Ok(status)
}

/// What the response is made of.
#[derive(Debug)]
enum Payload {
    Empty,
    Errors,
    Page(Arc<crate::errors::Page>),
    Section(Arc<NameRef>),
    Raw(Arc<[u8]>),
    Format(LogFormat),
}

/// A response as the configuration describes it; [`make`](Self::make) gives one for a message.
#[derive(Debug)]
pub struct ReplySpec {
    pub status: u16,
    content_type: Option<Arc<[u8]>>,
    payload: Payload,
    fields: Vec<(Box<[u8]>, LogFormat)>,
}

impl ReplySpec {
    /// The proxy's error message for `status`.
    pub fn error(status: u16) -> Self {
        Self {
            status,
            content_type: None,
            payload: Payload::Errors,
            fields: Vec::new(),
        }
    }

    pub fn make(&self, env: &Env<'_>) -> Reply {
        let (source, body) = match &self.payload {
            Payload::Empty => (ReplySource::Own, Arc::default()),
            Payload::Raw(bytes) => (ReplySource::Own, bytes.clone()),
            Payload::Format(fmt) => {
                let mut out = Vec::new();
                fmt.write(env, &mut out);
                (ReplySource::Own, out.into())
            }
            Payload::Errors => (ReplySource::Errors, Arc::default()),
            Payload::Page(page) => (ReplySource::Page(page.clone()), Arc::default()),
            Payload::Section(name) => (
                name.id.get().map_or(ReplySource::Errors, |i| ReplySource::Section(*i)),
                Arc::default(),
            ),
        };
        let mut fields = Vec::with_capacity(self.fields.len());
        for (name, fmt) in &self.fields {
            let mut value = Vec::new();
            fmt.write(env, &mut value);
            super::header::one_line(&mut value);
            if !value.is_empty() {
                fields.push((name.to_vec(), value));
            }
        }
        Reply {
            status: self.status,
            fields,
            content_type: self.content_type.clone(),
            body,
            source,
            ..Reply::default()
        }
    }

    /// Reads the arguments of `return` (and of `http-error`) up to the first word that is none of them.
    pub fn parse(p: &mut ParseAction<'_, '_>, default_status: u16) -> Result<Self, Diagnostic> {
        let mut spec = Self {
            status: default_status,
            content_type: None,
            payload: Payload::Empty,
            fields: Vec::new(),
        };
        // The text of a log-format payload is compiled once all the words are known to be right.
        let mut source: Option<&'static str> = None;
        let mut format: Option<(Arc<[u8]>, Span)> = None;
        while let Some(word) = p.peek() {
            match word.bytes {
                b"status" => {
                    p.pos += 1;
                    spec.status = status(p, "status")?;
                }
                b"content-type" => {
                    p.pos += 1;
                    spec.content_type = Some(argument(p, "content-type", "<ctype>")?.bytes.into());
                }
                b"hdr" => {
                    p.pos += 1;
                    spec.field(p)?;
                }
                other => {
                    let Some(name) = SOURCES.iter().find(|s| s.as_bytes() == other) else {
                        break;
                    };
                    if let Some(first) = source {
                        p.pos += 1;
                        return Err(p.bad(format!("unexpected '{name}' argument, '{first}' already defined")));
                    }
                    source = Some(name);
                    p.pos += 1;
                    spec.payload = payload(p, name, &mut format)?;
                }
            }
        }
        spec.check(p, source.unwrap_or_default(), format)?;
        Ok(spec)
    }

    fn field(&mut self, p: &mut ParseAction<'_, '_>) -> Result<(), Diagnostic> {
        let pair = p.next().zip(p.next()).filter(|(n, v)| !n.bytes.is_empty() && !v.bytes.is_empty());
        let (name, value) = pair.ok_or_else(|| {
            p.fail(&codes::MISSING_ARG, "'hdr' expects <name> and <value> as arguments")
                .at(p.last_span())
        })?;
        let lower = name.bytes.to_ascii_lowercase();
        if matches!(&lower[..], b"content-length" | b"transfer-encoding" | b"content-type") {
            p.warn(format!("header '{}' always ignored by the http reply.", crate::parse::text(name)));
            return Ok(());
        }
        self.fields.push((lower.into(), p.head_format(value.bytes, value.span)?));
        Ok(())
    }

    /// What must and must not stand together.
    fn check(&mut self, p: &mut ParseAction<'_, '_>, source: &str, format: Option<(Arc<[u8]>, Span)>) -> Result<(), Diagnostic> {
        let bodiless = matches!(self.status, 204 | 304);
        let no_body = format!("No body expected for {} responses", self.status);
        match &self.payload {
            Payload::Empty if format.is_some() => {
                if bodiless {
                    return Err(p.bad(no_body));
                }
                if self.content_type.is_none() {
                    return Err(p.bad("a content type must be defined with a log-format payload"));
                }
                if let Some((text, at)) = format {
                    self.payload = Payload::Format(p.text_format(&text, at)?);
                }
            }
            Payload::Empty => self.drop_type(p, "because neither errorfile nor payload defined"),
            Payload::Raw(bytes) => {
                let len = bytes.len();
                if bodiless && len > 0 {
                    return Err(p.bad(no_body));
                }
                if len > 0 && self.content_type.is_none() {
                    return Err(p.bad("a content type must be defined when non-empty payload is configured"));
                }
                if len == 0 {
                    self.drop_type(p, "when used with an empty payload");
                }
                if p.site.bufsize.saturating_sub(len) < p.site.maxrewrite {
                    p.warn(
                        "http reply payload runs over the buffer space reserved to headers rewriting. It may lead to internal errors \
                         if strict rewriting mode is enabled.",
                    );
                }
            }
            Payload::Errors | Payload::Section(_) | Payload::Page(_) => {
                if !matches!(self.payload, Payload::Page(_)) && !is_error_status(self.status) {
                    let status = self.status;
                    return Err(p.bad(format!("status code '{status}' not handled by default with '{source}' argument.")));
                }
                if let Payload::Section(name) = &self.payload {
                    // Whether the section has it is seen once all sections are read.
                    let _ = name.status.set(self.status);
                }
                self.drop_type(p, "when used with an errorfile");
                if !self.fields.is_empty() {
                    p.warn("hdr parameters ignored by the http reply when used with an errorfile.");
                    self.fields.clear();
                }
            }
            Payload::Format(_) => {}
        }
        Ok(())
    }

    fn drop_type(&mut self, p: &mut ParseAction<'_, '_>, why: &str) {
        if let Some(t) = self.content_type.take() {
            p.warn(format!(
                "content-type '{}' ignored by the http reply {why}.",
                String::from_utf8_lossy(&t)
            ));
        }
    }
}

static SOURCES: [&str; 7] = [
    "errorfiles",
    "default-errorfiles",
    "errorfile",
    "file",
    "string",
    "lf-file",
    "lf-string",
];

fn argument<'p>(p: &mut ParseAction<'p, '_>, name: &str, what: &str) -> Result<Token<'p>, Diagnostic> {
    p.next().ok_or_else(|| {
        p.fail(&codes::MISSING_ARG, format!("'{name}' expects {what} as argument"))
            .at(p.last_span())
    })
}

fn payload(p: &mut ParseAction<'_, '_>, name: &str, format: &mut Option<(Arc<[u8]>, Span)>) -> Result<Payload, Diagnostic> {
    match name {
        "default-errorfiles" => Ok(Payload::Errors),
        "errorfiles" => {
            let word = argument(p, name, "<name>")?;
            let section = p.defer(NameKind::HttpErrors, word);
            Ok(Payload::Section(section))
        }
        "errorfile" => {
            let word = argument(p, name, "<file>")?;
            let path = crate::parse::text(word);
            let raw = read(p, &path)?;
            let page = parse_errorfile(&raw).map_err(|e| p.fail(&codes::FILE, format!("'{path}' : {e}")).at(word.span))?;
            Ok(Payload::Page(Arc::new(page)))
        }
        "string" => Ok(Payload::Raw(argument(p, name, "<str>")?.bytes.into())),
        "lf-string" => {
            let word = argument(p, name, "<fmt>")?;
            *format = Some((word.bytes.into(), word.span));
            Ok(Payload::Empty)
        }
        _ => {
            let word = argument(p, name, "<file>")?;
            let path = crate::parse::text(word);
            let bytes = read(p, &path)?;
            if bytes.len() > p.site.bufsize {
                let text = format!("file '{path}' exceeds the buffer size ({} > {})", bytes.len(), p.site.bufsize);
                return Err(p.fail(&codes::FILE, text).at(word.span));
            }
            if name == "lf-file" {
                *format = Some((bytes, word.span));
                return Ok(Payload::Empty);
            }
            Ok(Payload::Raw(bytes))
        }
    }
}

fn read(p: &ParseAction<'_, '_>, path: &str) -> Result<Arc<[u8]>, Diagnostic> {
    p.cx.files.read(path).map_err(|why| {
        let text = format!("error opening file '{path}' ({why})");
        p.fail(&codes::FILE, text).at(p.last_span()).missing()
    })
}

#[cfg(test)]
mod tests;
