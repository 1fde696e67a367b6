//! `balance`: how a server is chosen, and what a hash algorithm hashes (manual, 4.2 `balance`).

use std::borrow::Cow;
use std::sync::Arc;

use hapax_balance::{HashFunction, HashType, UriKey, domain, source_key};
use hapax_sample::Env;
use hapax_sample::expr::Expr;
use hapax_value::{Endpoint, Type, Value};

use crate::keyword::Version;

/// `balance`
#[derive(Clone, Debug)]
pub enum Balance {
    RoundRobin,
    StaticRr,
    LeastConn,
    First,
    Random(u32),
    Source,
    Uri(UriKey),
    /// `url_param`: in the URL, and with `check_post` in the body of a POST.
    Param {
        url: Arc<Expr>,
        body: Option<Arc<Expr>>,
    },
    Header(Arc<Expr>),
    /// `hdr(<name>) use_domain_only`
    Domain(Arc<Expr>),
    RdpCookie(Arc<Expr>),
    /// `balance hash EXPR`
    Hash(Arc<Expr>),
    /// `log-hash`: converters over the message.
    LogHash(Arc<Expr>),
    /// One server as long as it is up.
    Sticky,
}

impl Default for Balance {
    fn default() -> Self {
        Self::Random(Self::DRAWS)
    }
}

/// What a request is placed by.
pub enum Key<'e> {
    Number(u32),
    Bytes(Cow<'e, [u8]>),
}

impl Key<'_> {
    /// The place on the map or the ring.
    pub fn place(&self, hash: HashType) -> u32 {
        match self {
            Self::Number(n) => hash.number(*n),
            Self::Bytes(b) => hash.hash(b),
        }
    }
}

impl Balance {
    /// Draws of `random` where no number is given.
    pub const DRAWS: u32 = 2;

    /// What a backend without the word does: it drew lots from 3.3 on, and took turns before.
    pub fn unsaid(version: Option<Version>) -> Self {
        match version {
            Some(v) if v < (3, 3) => Self::RoundRobin,
            _ => Self::default(),
        }
    }

    /// A hash decides.
    pub fn is_hash(&self) -> bool {
        !matches!(
            self,
            Self::RoundRobin | Self::StaticRr | Self::LeastConn | Self::First | Self::Random(_) | Self::Sticky
        )
    }

    /// `url_param ... check_post`: the body of a POST has to be there.
    pub fn needs_body(&self) -> bool {
        matches!(self, Self::Param { body: Some(_), .. })
    }

    /// What this request is hashed by; `None`: nothing, servers take turns.
    pub fn key<'e>(&'e self, hash: HashType, env: &'e Env<'e>) -> Option<Key<'e>> {
        match self {
            Self::Source => Some(Key::Number(source_key(env.src().and_then(Endpoint::ip)?))),
            Self::Uri(part) => Some(Key::Bytes(part.part(env.req?.uri()).into())),
            Self::Param { url, body } => {
                let found = text(url, env);
                let post = || env.req.is_some_and(|r| r.method() == b"POST");
                let body = || body.as_ref().filter(|_| post()).and_then(|b| text(b, env));
                found.or_else(body).map(Key::Bytes)
            }
            Self::Header(expr) => text(expr, env).filter(|b| !b.is_empty()).map(Key::Bytes),
            Self::RdpCookie(expr) => text(expr, env).map(Key::Bytes),
            Self::Domain(expr) => Some(Key::Bytes(match text(expr, env).filter(|b| !b.is_empty())? {
                Cow::Borrowed(host) => domain(host).into(),
                Cow::Owned(host) => domain(&host).to_vec().into(),
            })),
            // A number that is not to be hashed counts as it is; all else is hashed as bytes.
            Self::Hash(expr) if hash.function == HashFunction::None => text(expr, env).map(Key::Bytes),
            Self::Hash(expr) => match expr.eval(env).ok()?.cast(Type::Bin)? {
                Value::Bin(b) | Value::Str(b) => Some(Key::Bytes(b)),
                _ => None,
            },
            _ => None,
        }
    }
}

/// A value as text.
fn text<'e>(expr: &'e Expr, env: &'e Env<'e>) -> Option<Cow<'e, [u8]>> {
    Some(match expr.eval(env).ok()? {
        Value::Str(b) | Value::Bin(b) => b,
        other => {
            let mut out = Vec::new();
            other.write_str(&mut out);
            out.into()
        }
    })
}
