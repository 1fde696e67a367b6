//! `redirect`: to a location, to a prefix before the path, or to another scheme.

use hapax_diag::{Diagnostic, Span};
use hapax_proto::http::{Head, uri};
use hapax_sample::acl::{AclSet, Token};
use hapax_sample::logformat::LogFormat;
use hapax_sample::{Compile, Env};

use crate::{Action, ActionRow, Effect, ParseAction, Reply, Rule, RuleSets, Site, Txn, codes};

pub(crate) static ROWS: &[ActionRow] = &[ActionRow {
    name: "redirect",
    rulesets: RuleSets::HTTP_REQ.union(RuleSets::HTTP_RES),
    doc: "Answers with a redirection to a location, to a prefix put before the path, or to another scheme. Responses take `location` only, and `keep-query` changes nothing there.",
    ok: &[
        "redirect location /login?from=%[src]",
        "redirect location / code 301 set-cookie SEEN=1",
        "redirect location /x clear-cookie SEEN= ignore-empty keep-query if TRUE",
        "redirect location /x set-cookie-fmt A=%[src]",
    ],
    bad: &[
        "redirect",
        "redirect location",
        "redirect code 302",
        "redirect location / code 300",
        "redirect location / code 304",
        "redirect location / code 309",
        "redirect to /",
        "redirect location / set-cookie",
    ],
    parse: |p| {
        let spec = Redirect::parse(p, true)?;
        ParseAction::done(spec)
    },
    ..ActionRow::BASE
}];

/// The rule of the `redirect` keyword: its texts are taken as they are, without log-format.
pub fn parse_static_redirect(
    words: &[Token<'_>],
    acls: &AclSet,
    site: &mut Site,
    cx: &mut Compile<'_>,
    at: Span,
) -> Result<Rule, Diagnostic> {
    crate::parse::parse_with(RuleSets::HTTP_REQ, words, acls, site, cx, at, "redirect", |p| {
        Redirect::parse(p, false).and_then(ParseAction::done)
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    Location,
    Prefix,
    Scheme,
}

/// A text of the configuration, with or without log-format in it.
#[derive(Debug)]
enum Text {
    Fixed(Box<[u8]>),
    Format(LogFormat),
}

impl Text {
    fn write(&self, env: &Env<'_>, out: &mut Vec<u8>) {
        match self {
            Self::Fixed(t) => out.extend_from_slice(t),
            Self::Format(f) => f.write(env, out),
        }
    }
}

bitflags::bitflags! {
    #[derive(Clone, Copy, Debug, Default)]
    struct Flags: u8 {
        const DROP_QUERY   = 1;
        const KEEP_QUERY   = 2;
        const APPEND_SLASH = 4;
        const IGNORE_EMPTY = 8;
    }
}

#[derive(Debug)]
struct Redirect {
    to: To,
    text: Text,
    code: u16,
    flags: Flags,
    cookie: Option<Text>,
}

impl Action for Redirect {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        let env = txn.env();
        let mut location = Vec::new();
        if !self.location(&env, &mut location) {
            return Effect::Continue;
        }
        super::header::one_line(&mut location);
        let mut fields = vec![(b"location".to_vec(), location)];
        // The others may be kept by a cache unless it is told not to.
        if matches!(self.code, 302 | 303 | 307) {
            fields.push((b"cache-control".to_vec(), b"no-cache".to_vec()));
        }
        if let Some(cookie) = &self.cookie {
            let mut value = Vec::new();
            cookie.write(&env, &mut value);
            super::header::one_line(&mut value);
            fields.push((b"set-cookie".to_vec(), value));
        }
        Effect::Return(Box::new(Reply {
            status: self.code,
            fields,
            length_first: true,
            ..Reply::default()
        }))
    }

    fn is_final(&self) -> bool {
        !self.flags.contains(Flags::IGNORE_EMPTY)
    }
}

impl Redirect {
    /// `false`: there is nowhere to go to, and the rule is passed over.
    fn location(&self, env: &Env<'_>, out: &mut Vec<u8>) -> bool {
        let pathq = |head: &Head| uri::split(head.uri()).pathq.map(<[u8]>::to_vec);
        match self.to {
            To::Location => {
                self.text.write(env, out);
                if out.is_empty() && self.flags.contains(Flags::IGNORE_EMPTY) {
                    return false;
                }
                if self.flags.contains(Flags::KEEP_QUERY)
                    && let Some(query) = env.req.and_then(|h| uri::split(h.uri()).query()).filter(|q| !q.is_empty())
                {
                    match out.iter().position(|b| *b == b'?') {
                        None => out.push(b'?'),
                        Some(i) if i + 1 < out.len() => out.push(b'&'),
                        Some(_) => {}
                    }
                    out.extend_from_slice(query);
                }
                return true;
            }
            To::Scheme => {
                self.text.write(env, out);
                out.extend_from_slice(b"://");
                let host = env.req.and_then(|h| h.first(b"host")).unwrap_or_default();
                out.extend_from_slice(host.split(|b| *b == b',').next().unwrap_or_default());
            }
            To::Prefix => self.text.write(env, out),
        }
        let mut path = env.req.and_then(pathq).unwrap_or_else(|| b"/".to_vec());
        if self.flags.contains(Flags::DROP_QUERY)
            && let Some(i) = path.iter().position(|b| *b == b'?')
        {
            path.truncate(i);
        }
        out.extend_from_slice(&path);
        if self.flags.contains(Flags::APPEND_SLASH) && out.last().is_some_and(|b| *b != b'/') {
            out.push(b'/');
        }
        true
    }

    fn parse(p: &mut ParseAction<'_, '_>, formats: bool) -> Result<Self, Diagnostic> {
        let mut target: Option<(To, Token<'_>)> = None;
        let mut cookie: Option<(Token<'_>, &str)> = None;
        let mut code = 302;
        let mut flags = Flags::empty();
        while !p.at_end() {
            let Some(word) = p.next() else { break };
            match word.bytes {
                b"location" => target = Some((To::Location, after(p)?)),
                b"prefix" => target = Some((To::Prefix, after(p)?)),
                b"scheme" => target = Some((To::Scheme, after(p)?)),
                b"set-cookie" => cookie = Some((after(p)?, "set")),
                b"set-cookie-fmt" => cookie = Some((after(p)?, "fmt")),
                b"clear-cookie" => cookie = Some((after(p)?, "clear")),
                b"code" => code = status(p)?,
                b"drop-query" => flags |= Flags::DROP_QUERY,
                b"keep-query" => flags |= Flags::KEEP_QUERY,
                b"append-slash" => flags |= Flags::APPEND_SLASH,
                b"ignore-empty" => flags |= Flags::IGNORE_EMPTY,
                _ => {
                    return Err(p.bad(format!(
                        "expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', 'set-cookie-fmt', 'clear-cookie', \
                         'drop-query', 'keep-query', 'ignore-empty' or 'append-slash' (was '{}')",
                        crate::parse::text(word)
                    )));
                }
            }
        }
        let Some((to, word)) = target else {
            return Err(p.fail(&codes::MISSING_ARG, "redirection type expected ('prefix', 'location', or 'scheme')"));
        };
        if to != To::Location && p.ruleset != RuleSets::HTTP_REQ {
            return Err(p
                .fail(&codes::WRONG_PLACE, "response only supports redirect type 'location'")
                .at(word.span));
        }
        // HAProxy looks for the query in the message at hand, where a response has none.
        if p.ruleset != RuleSets::HTTP_REQ {
            flags -= Flags::KEEP_QUERY;
        }
        // A prefix of one slash adds nothing: a redirection to oneself, with a cookie say.
        let text = if to == To::Prefix && word.bytes == b"/" {
            Text::Fixed(Box::default())
        } else if formats {
            Text::Format(p.head_format(word.bytes, word.span)?)
        } else {
            Text::Fixed(word.bytes.into())
        };
        let cookie = match cookie {
            None => None,
            Some((word, "set")) => Some(Text::Fixed([word.bytes, b"; path=/;"].concat().into())),
            Some((word, "clear")) => Some(Text::Fixed([word.bytes, b"; path=/; Max-Age=0;"].concat().into())),
            Some((word, _)) => {
                let text = [word.bytes, b"; path=/;"].concat();
                Some(Text::Format(p.head_format(&text, word.span)?))
            }
        };
        Ok(Self {
            to,
            text,
            code,
            flags,
            cookie,
        })
    }
}

fn after<'p>(p: &mut ParseAction<'p, '_>) -> Result<Token<'p>, Diagnostic> {
    let name = p
        .words
        .get(p.pos.wrapping_sub(1))
        .map(|w| crate::parse::text(*w))
        .unwrap_or_default();
    p.next().filter(|w| !w.bytes.is_empty()).ok_or_else(|| {
        p.fail(&codes::MISSING_ARG, format!("missing argument for '{name}'"))
            .at(p.last_span())
    })
}

fn status(p: &mut ParseAction<'_, '_>) -> Result<u16, Diagnostic> {
    let word = crate::parse::text(after(p)?);
    match word.parse() {
        Ok(code @ (301..=303 | 307 | 308)) => Ok(code),
        _ => Err(p.bad(format!(
            "'code': unsupported HTTP code '{word}' (must be one of 301, 302, 303, 307 or 308)"
        ))),
    }
}

#[cfg(test)]
mod tests;
