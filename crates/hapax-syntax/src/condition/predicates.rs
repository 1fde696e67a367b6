//! The predicates of conditions, one row each.

use std::cmp::Ordering;

use super::version;
use crate::Environment;

/// A function of a condition. `eval` answers `None` for an argument it cannot read.
pub struct Predicate {
    pub name: &'static str,
    /// How many arguments it takes.
    pub args: usize,
    pub doc: &'static str,
    pub eval: fn(&[Vec<u8>], &Environment) -> Option<bool>,
}

pub static PREDICATES: &[Predicate] = &[
    Predicate {
        name: "awslc_api_atleast",
        args: 1,
        doc: "Whether the AWS-LC library's API number is this one or a later one.",
        eval: |args, env| Some(awslc(args, env)?.is_ge()),
    },
    Predicate {
        name: "awslc_api_before",
        args: 1,
        doc: "Whether the AWS-LC library's API number is below this one.",
        eval: |args, env| Some(awslc(args, env)?.is_lt()),
    },
    Predicate {
        name: "defined",
        args: 1,
        doc: "Whether the environment has a variable of this name, empty or not.",
        eval: |args, env| Some(env.get(arg(args, 0)).is_some()),
    },
    Predicate {
        name: "enabled",
        args: 1,
        doc: "Whether a run-time option is on: POLL, EPOLL, SPLICE, GETADDRINFO, REUSEPORT, FAST-FORWARD, SERVER-SSL-VERIFY-NONE...",
        eval: |args, env| Some(env.facts.enabled.iter().any(|name| name.as_bytes() == arg(args, 0))),
    },
    Predicate {
        name: "feature",
        args: 1,
        doc: "Whether a build feature of this name is present.",
        eval: |args, env| Some(env.facts.features.iter().any(|name| name.as_bytes() == arg(args, 0))),
    },
    Predicate {
        name: "fips_mode",
        args: 0,
        doc: "Whether the TLS library runs in FIPS mode.",
        eval: |_, env| Some(env.facts.fips),
    },
    Predicate {
        name: "openssl_version_atleast",
        args: 1,
        doc: "Whether the TLS library has the interface of this OpenSSL version or a later one.",
        eval: |args, env| Some(openssl(args, env)?.is_ge()),
    },
    Predicate {
        name: "openssl_version_before",
        args: 1,
        doc: "Whether the TLS library has the interface of an OpenSSL older than this version.",
        eval: |args, env| Some(openssl(args, env)?.is_lt()),
    },
    Predicate {
        name: "ssllib_name_startswith",
        args: 1,
        doc: "Whether the TLS library's name starts so.",
        eval: |args, env| Some(env.facts.ssl_library.as_bytes().starts_with(arg(args, 0))),
    },
    Predicate {
        name: "streq",
        args: 2,
        doc: "Whether the two texts are equal.",
        eval: |args, _| Some(arg(args, 0) == arg(args, 1)),
    },
    Predicate {
        name: "strneq",
        args: 2,
        doc: "Whether the two texts differ.",
        eval: |args, _| Some(arg(args, 0) != arg(args, 1)),
    },
    Predicate {
        name: "strstr",
        args: 2,
        doc: "Whether the second text stands somewhere in the first.",
        eval: |args, _| Some(memchr::memmem::find(arg(args, 0), arg(args, 1)).is_some()),
    },
    Predicate {
        name: "version_atleast",
        args: 1,
        doc: "Whether the HAProxy version spoken is this one or a later one.",
        eval: |args, env| Some(version::compare(env.facts.version.as_bytes(), arg(args, 0)).is_ge()),
    },
    Predicate {
        name: "version_before",
        args: 1,
        doc: "Whether the HAProxy version spoken is older than this one.",
        eval: |args, env| Some(version::compare(env.facts.version.as_bytes(), arg(args, 0)).is_lt()),
    },
];

fn arg(args: &[Vec<u8>], at: usize) -> &[u8] {
    args.get(at).map_or(&[], Vec::as_slice)
}

fn awslc(args: &[Vec<u8>], env: &Environment) -> Option<Ordering> {
    let asked: i64 = std::str::from_utf8(arg(args, 0)).ok()?.trim_start().parse().ok()?;
    Some(env.facts.awslc_api?.cmp(&asked))
}

fn openssl(args: &[Vec<u8>], env: &Environment) -> Option<Ordering> {
    let ours = version::openssl(env.facts.openssl_version.as_bytes())?;
    Some(ours.cmp(&version::openssl(arg(args, 0))?))
}
