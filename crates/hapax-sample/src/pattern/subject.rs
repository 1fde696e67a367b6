//! A sample as a matching method wants it.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use hapax_value::{Type, Value};

use super::MatchMethod;

/// What is compared with patterns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject<'v> {
    Int(i64),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
    Bytes(Cow<'v, [u8]>),
}

impl<'v> Subject<'v> {
    /// Turns a sample into what `method` compares; `None` where it cannot be, which is no match.
    pub fn of(value: &'v Value<'_>, method: MatchMethod) -> Option<Self> {
        let borrowed = match value {
            Value::Str(s) => Value::Str(Cow::Borrowed(s)),
            Value::Bin(s) => Value::Bin(Cow::Borrowed(s)),
            other => other.clone(),
        };
        match method {
            MatchMethod::Found => Some(Self::Int(1)),
            MatchMethod::Bin => Some(Self::Bytes(borrowed.into_bin())),
            _ => match borrowed.cast(method.takes())? {
                Value::Int(n) => Some(Self::Int(n)),
                Value::V4(a) => Some(Self::V4(a)),
                Value::V6(a) => Some(Self::V6(a)),
                other => Some(Self::Bytes(other.into_str())),
            },
        }
    }
}

impl MatchMethod {
    /// A sample of this type may be compared with this method.
    pub fn accepts(self, kind: Type) -> bool {
        kind.casts_to(self.takes())
    }
}
