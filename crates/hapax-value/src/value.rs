//! The typed values that fetches give and converters turn.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A sample's type (manual, 7.3). `Addr` is "ipv4 or ipv6, decided at run time"; `Any` is any type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Type {
    Any,
    Same,
    Bool,
    Sint,
    Addr,
    Ipv4,
    Ipv6,
    Str,
    Bin,
    Meth,
}

/// An HTTP method as a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method<'a> {
    Options,
    Get,
    Head,
    Post,
    Put,
    Delete,
    Trace,
    Connect,
    Other(Cow<'a, [u8]>),
}

/// A sample's value, borrowing from the message or the configuration where it can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    Bool(bool),
    Int(i64),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
    Str(Cow<'a, [u8]>),
    Bin(Cow<'a, [u8]>),
    Method(Method<'a>),
}

impl Value<'_> {
    pub fn kind(&self) -> Type {
        match self {
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Sint,
            Self::V4(_) => Type::Ipv4,
            Self::V6(_) => Type::Ipv6,
            Self::Str(_) => Type::Str,
            Self::Bin(_) => Type::Bin,
            Self::Method(_) => Type::Meth,
        }
    }

    /// The same value, owning its bytes.
    #[must_use]
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Bool(b) => Value::Bool(b),
            Self::Int(i) => Value::Int(i),
            Self::V4(a) => Value::V4(a),
            Self::V6(a) => Value::V6(a),
            Self::Str(s) => Value::Str(Cow::Owned(s.into_owned())),
            Self::Bin(s) => Value::Bin(Cow::Owned(s.into_owned())),
            Self::Method(m) => Value::Method(m.into_owned()),
        }
    }
}

impl<'a> Method<'a> {
    pub fn from_cow(b: Cow<'a, [u8]>) -> Self {
        match b {
            Cow::Borrowed(b) => Self::from_bytes(b),
            Cow::Owned(b) => match Method::from_bytes(&b) {
                Method::Other(_) => Self::Other(Cow::Owned(b)),
                known => known.into_owned(),
            },
        }
    }

    #[must_use]
    pub fn into_cow(self) -> Cow<'a, [u8]> {
        match self {
            Self::Options => Cow::Borrowed(b"OPTIONS"),
            Self::Get => Cow::Borrowed(b"GET"),
            Self::Head => Cow::Borrowed(b"HEAD"),
            Self::Post => Cow::Borrowed(b"POST"),
            Self::Put => Cow::Borrowed(b"PUT"),
            Self::Delete => Cow::Borrowed(b"DELETE"),
            Self::Trace => Cow::Borrowed(b"TRACE"),
            Self::Connect => Cow::Borrowed(b"CONNECT"),
            Self::Other(o) => o,
        }
    }

    pub fn from_bytes(b: &'a [u8]) -> Self {
        match b {
            b"OPTIONS" => Self::Options,
            b"GET" => Self::Get,
            b"HEAD" => Self::Head,
            b"POST" => Self::Post,
            b"PUT" => Self::Put,
            b"DELETE" => Self::Delete,
            b"TRACE" => Self::Trace,
            b"CONNECT" => Self::Connect,
            other => Self::Other(Cow::Borrowed(other)),
        }
    }

    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Options => b"OPTIONS",
            Self::Get => b"GET",
            Self::Head => b"HEAD",
            Self::Post => b"POST",
            Self::Put => b"PUT",
            Self::Delete => b"DELETE",
            Self::Trace => b"TRACE",
            Self::Connect => b"CONNECT",
            Self::Other(o) => o,
        }
    }

    #[must_use]
    pub fn into_owned(self) -> Method<'static> {
        match self {
            Self::Other(o) => Method::Other(Cow::Owned(o.into_owned())),
            Self::Options => Method::Options,
            Self::Get => Method::Get,
            Self::Head => Method::Head,
            Self::Post => Method::Post,
            Self::Put => Method::Put,
            Self::Delete => Method::Delete,
            Self::Trace => Method::Trace,
            Self::Connect => Method::Connect,
        }
    }
}
