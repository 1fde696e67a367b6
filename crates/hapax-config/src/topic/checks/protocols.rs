//! Checks of protocols, written in the steps that `tcp-check` lines have.

use std::sync::Arc;

use hapax_balance::CheckStatus;
use hapax_diag::{Diagnostics, Span};
use hapax_proto::checks;
use hapax_sample::logformat::LogFormat;
use hapax_sample::pattern::PatternRefs;
use hapax_sample::regexp::Regexp;
use hapax_sample::vars::VarNames;
use hapax_sample::{Compile, Deferred, Files, Wanted};

use super::rules::{CheckType, silent};
use crate::plan::{Act, Expect, Pattern, Step, Text};

/// These formats and expressions name no file.
struct NoFiles;

impl Files for NoFiles {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, String> {
        Err(format!("{path} is not read here"))
    }
}

/// Compiles a text of ours; one that did not compile would be told by a test of this file.
fn compile<T>(make: impl FnOnce(&mut Compile<'_>) -> Option<T>) -> Option<T> {
    make(&mut Compile {
        files: &NoFiles,
        diags: &mut Diagnostics::default(),
        deferred: &mut Deferred::default(),
        within: None,
        vars: &mut VarNames::default(),
        refs: &mut PatternRefs::default(),
        wanted: &mut Wanted::default(),
        version: None,
    })
}

fn format(text: &str) -> Option<LogFormat> {
    compile(|cx| LogFormat::compile_text(text.as_bytes(), Span::default(), cx).ok())
}

fn send(bytes: impl Into<Arc<[u8]>>) -> Arc<Step> {
    silent(Act::Send(Text::Fixed(bytes.into())))
}

fn expect(e: Expect) -> Arc<Step> {
    silent(Act::Expect(Box::new(e)))
}

fn binary_regex(pattern: &str) -> Option<Expect> {
    Regexp::without_groups(pattern.as_bytes(), true)
        .ok()
        .map(|r| Expect::new(Pattern::BinaryRegex(r)))
}

/// The steps after the connection.
pub(super) fn steps(kind: &CheckType) -> Vec<Arc<Step>> {
    let made = match kind {
        CheckType::Tcp | CheckType::Http | CheckType::External => Some(Vec::new()),
        CheckType::Ssl => Some(ssl()),
        CheckType::Ldap => Some(vec![send(checks::LDAP_BIND), reply(checks::read_ldap)]),
        CheckType::Redis => Some(redis()),
        CheckType::Spop => Some(vec![send(checks::spop_hello()), reply(checks::read_spop)]),
        CheckType::Smtp { hello } => Some(smtp(hello)),
        CheckType::Mysql { user, login } => Some(mysql(user.as_deref(), *login)),
        CheckType::Pgsql { user } => pgsql(user),
    };
    // Failures are told with the number of the step, the connection being the first of those that listen first.
    let first = match kind {
        CheckType::Smtp { .. } | CheckType::Mysql { .. } | CheckType::Pgsql { .. } => 2,
        _ => 1,
    };
    let numbered = |(n, mut s): (u32, Arc<Step>)| {
        if let Some(s) = Arc::get_mut(&mut s) {
            s.number = n;
        }
        s
    };
    (first..).zip(made.unwrap_or_default()).map(numbered).collect()
}

fn reply(read: crate::plan::ReplyReader) -> Arc<Step> {
    expect(Expect::new(Pattern::Reply(read)))
}

fn ssl() -> Vec<Arc<Step>> {
    // Nobody compares the time in it.
    let hello = send(checks::ssl_hello(0));
    let answer = Expect {
        ok: Some(CheckStatus::L6Ok),
        error: Some(CheckStatus::L6Rsp),
        timeout: Some(CheckStatus::L6Timeout),
        ..Expect::new(Pattern::Reply(checks::read_ssl))
    };
    vec![hello, expect(answer)]
}

fn redis() -> Vec<Arc<Step>> {
    let pong = Expect {
        error: Some(CheckStatus::L7Status),
        on_error: format("%[res.payload(0,0),cut_crlf]"),
        on_success: format("Redis server is ok"),
        ..Expect::new(Pattern::String(b"+PONG\r\n"[..].into()))
    };
    vec![send(checks::REDIS_PING), expect(pong)]
}

fn smtp(hello: &[u8]) -> Vec<Arc<Step>> {
    vec![
        reply(checks::read_smtp_greeting),
        send([hello, b"\r\n"].concat()),
        reply(checks::read_smtp_hello),
        send(&b"QUIT\r\n"[..]),
        reply(checks::read_smtp_bye),
    ]
}

fn mysql(user: Option<&[u8]>, login: checks::Login) -> Vec<Arc<Step>> {
    let mut steps = vec![reply(checks::read_mysql_greeting)];
    if let Some(user) = user {
        steps.insert(0, send(checks::mysql_login(user, login)));
        steps.push(reply(checks::read_mysql_result));
    }
    steps
}

fn pgsql(user: &[u8]) -> Option<Vec<Arc<Step>>> {
    let refused = Expect {
        negated: true,
        min_recv: Some(5),
        error: Some(CheckStatus::L7Rsp),
        on_error: format("%[res.payload(6,0)]"),
        ..binary_regex("^45")?
    };
    // A request for authentication that somebody still makes: none, a password in some form, SSPI, or SASL.
    let asked = Expect {
        min_recv: Some(9),
        error: Some(CheckStatus::L7Status),
        on_error: format("PostgreSQL unknown error"),
        on_success: format("PostgreSQL server is ok"),
        ..binary_regex("^52000000[0-9A-F]{2}000000(00|0[2-79]|0A)")?
    };
    Some(vec![send(checks::pgsql_startup(user)), expect(refused), expect(asked)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_protocol_has_steps() {
        let kinds = [
            (CheckType::Ssl, 2),
            (CheckType::Ldap, 2),
            (CheckType::Redis, 2),
            (CheckType::Spop, 2),
            (
                CheckType::Smtp {
                    hello: b"HELO localhost"[..].into(),
                },
                5,
            ),
            (
                CheckType::Mysql {
                    user: None,
                    login: checks::Login::Post41,
                },
                1,
            ),
            (
                CheckType::Mysql {
                    user: Some(b"u"[..].into()),
                    login: checks::Login::Pre41,
                },
                3,
            ),
            (CheckType::Pgsql { user: b"u"[..].into() }, 3),
        ];
        for (kind, n) in kinds {
            let steps = steps(&kind);
            assert_eq!(steps.len(), n, "{kind:?}");
            for e in steps
                .iter()
                .filter_map(|s| if let Act::Expect(e) = &s.act { Some(e) } else { None })
            {
                assert!(matches!(e.pattern, Pattern::Reply(_)) || e.on_error.is_some(), "{kind:?}");
            }
        }
    }
}
