//! Which server gets a request: `balance`, `hash-type`, `hash-balance-factor` (manual, 4.2).

use std::sync::Arc;

use hapax_balance::{Affinity, HashFunction, HashType, UriKey};
use hapax_diag::{Diagnostic, Severity, Span};
use hapax_sample::Needs;
use hapax_sample::expr::Expr;

use super::Topic;
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::draft::Draft;
use crate::keyword::{Misplaced, Sections};
use crate::plan::Balance;
use crate::reader::{Reader, placed_expr};
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "balance",
    rows: ROWS,
    inherit,
};

static ROWS: &[Row] = &[
    Row::new("balance", Sections::BACK)
        .usage("<algorithm> [<argument>...]")
        .doc("How a server is chosen; by lot (`random`) where nothing is said, and in turns before version 3.3.")
        .ok(&[
            "balance roundrobin",
            "balance leastconn",
            "balance source",
            "balance uri whole",
            "balance uri len 10 depth 3",
            "balance url_param id check_post 64",
            "balance hdr(host) use_domain_only",
            "balance random(2)",
            "balance hash src",
            "balance rdp-cookie",
        ])
        .bad(&[
            "balance fairly",
            "balance uri around",
            "balance url_param",
            "balance hdr",
            "balance random(0)",
            "balance hash",
            "balance hash no_such_fetch",
        ])
        .set(balance),
    Row::new("hash-type", Sections::BACK)
        .usage("{ map-based | consistent } [{ sdbm | djb2 | wt6 | crc32 | none }] [avalanche]")
        .doc("How the hash of `balance` chooses among servers.")
        .ok(&[
            "hash-type consistent",
            "hash-type map-based djb2 avalanche",
            "hash-type consistent sdbm",
        ])
        .bad(&[
            "hash-type",
            "hash-type random",
            "hash-type consistent md5",
            "hash-type consistent sdbm x",
        ])
        .set(hash_type),
    Row::new("hash-balance-factor", Sections::BACK)
        .usage("<percent>")
        .doc("Load over the average at which consistent hashing takes the next server.")
        .ok(&["hash-balance-factor 150", "hash-balance-factor 0"])
        .bad(&["hash-balance-factor", "hash-balance-factor 50", "hash-balance-factor -1"])
        .set(|cx, a| {
            if a.is_empty() {
                return Err(a.missing("'hash-balance-factor' expects an integer argument."));
            }
            match hapax_value::leading_number(a.str(0)) as i32 {
                i32::MIN..=-1 | 1..=100 => return Err(a.bad(0, "'hash-balance-factor' must be 0 or greater than 100.")),
                n => cx.proxy().proxy.spill.factor = n as u32,
            }
            Ok(())
        }),
    Row::new("hash-preserve-affinity", Sections::BACK)
        .usage("{ always | maxconn | maxqueue }")
        .shape(Shape::OneOf(&["always", "maxconn", "maxqueue"]))
        .misplaced(Misplaced::Refused)
        .lenient()
        .doc("Whether a key of a consistent hash waits for its server where that is full.")
        .since(3, 2)
        .ok(&[
            "hash-preserve-affinity always x",
            "hash-preserve-affinity always",
            "hash-preserve-affinity maxconn",
            "hash-preserve-affinity maxqueue",
        ])
        .bad(&["hash-preserve-affinity", "hash-preserve-affinity other"])
        .set(|cx, a| {
            cx.proxy().proxy.spill.affinity = match a.str(0) {
                "maxconn" => Affinity::MaxConn,
                "maxqueue" => Affinity::MaxQueue,
                _ => Affinity::Always,
            };
            Ok(())
        }),
    Row::new("persist rdp-cookie", Sections::BACK)
        .usage("[(<name>)]")
        .doc("Keeps a client on the server its RDP cookie names.")
        .shape(Shape::Words(0, 64))
        .bad(&["persist rdp-cookie(mstshash) x"])
        .ok(&["persist rdp-cookie", "persist rdp-cookie x", "persist rdp-cookie(mstshash)"])
        .set(|cx, a| {
            if !cx.glued.is_empty() {
                a.at_most(0)?;
            } else if !a.is_empty() {
                let d = Diagnostic::new(
                    &codes::BAD_ARGUMENT,
                    Severity::Note,
                    "'persist rdp-cookie' does not look at what stands here",
                );
                cx.diags.push(d.at(a.at(0)));
            }
            let name = if cx.glued.is_empty() { "msts" } else { &cx.glued };
            let text = format!("req.rdp_cookie({name})");
            cx.proxy().proxy.persist_rdp = Some(expression(cx, &text, a.span)?);
            Ok(())
        }),
];

fn balance(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let word = a.str(0);
    let (name, inner) = match word.split_once('(') {
        Some((n, rest)) => (n, rest.strip_suffix(')')),
        None => (word, None),
    };
    let made = match name {
        "" => Balance::unsaid(cx.opts.for_version),
        "roundrobin" => Balance::RoundRobin,
        "static-rr" => Balance::StaticRr,
        "leastconn" => Balance::LeastConn,
        "first" => Balance::First,
        "source" => Balance::Source,
        "random" => {
            let draws = inner.map_or(Some(Balance::DRAWS), |n| n.parse().ok());
            let draws = draws.filter(|n| *n > 0);
            Balance::Random(draws.ok_or_else(|| bad(a, 0, "'random' expects a number of draws of at least 1, in parentheses."))?)
        }
        "uri" => uri(a)?,
        "url_param" => url_param(cx, a)?,
        "hdr" => hdr(cx, a, inner)?,
        "rdp-cookie" => {
            let cookie = inner.unwrap_or("mstshash");
            Balance::RdpCookie(expression(cx, &format!("req.rdp_cookie({cookie})"), a.at(0))?)
        }
        "hash" => {
            if a.len() < 2 {
                return Err(a.missing("balance 'hash' requires a sample expression"));
            }
            if a.len() > 2 {
                return Err(a.bad(2, format!("balance hash takes no other argument (got '{}').", a.show(2))));
            }
            let expr = Expr::compile(a.bytes(1), a.at(1), &mut cx.compile())?;
            Balance::Hash(Arc::new(placed_expr(expr, Needs::BE_SRV, a.at(1), "here")?))
        }
        "log-hash" => log_hash(cx, a)?,
        "sticky" | "log-sticky" => Balance::Sticky,
        _ => {
            let d = bad(
                a,
                0,
                "only supports 'roundrobin', 'static-rr', 'leastconn', 'source', 'uri', 'url_param', 'hash', 'hdr(name)', \
                 'rdp-cookie(name)', 'log-hash' and 'sticky' options.",
            );
            let names = [
                "roundrobin",
                "static-rr",
                "leastconn",
                "first",
                "source",
                "uri",
                "url_param",
                "hash",
                "random",
                "sticky",
            ];
            return Err(match hapax_diag::suggest(a.str(0), names) {
                Some(near) => d.help(format!("did you mean '{near}'?")),
                None => d,
            });
        }
    };
    cx.proxy().proxy.balance = made;
    cx.proxy().balance_name = Some((Arc::from(name), a.line));
    Ok(())
}

fn bad(a: &Args<'_>, i: usize, message: &str) -> Diagnostic {
    a.bad(i, format!("balance {message}"))
}

fn expression(cx: &mut Reader<'_>, text: &str, at: Span) -> Result<Arc<Expr>, Diagnostic> {
    Expr::compile(text.as_bytes(), at, &mut cx.compile()).map(Arc::new)
}

/// Converters of one word, over the message.
fn log_hash(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<Balance, Diagnostic> {
    if a.str(1).is_empty() {
        return Err(a.missing("balance log-hash requires a converter list."));
    }
    let mut text = b"req.payload(0,0),".to_vec();
    text.extend_from_slice(a.bytes(1));
    let expr = Expr::compile(text, a.at(1), &mut cx.compile())?;
    Ok(Balance::LogHash(Arc::new(expr)))
}

/// Which part of the URI counts.
fn uri(a: &Args<'_>) -> Result<Balance, Diagnostic> {
    let (mut key, mut i) = (UriKey::default(), 1);
    while i < a.len() {
        match a.str(i) {
            "whole" => key.whole = true,
            "path-only" => key.path_only = true,
            word @ ("len" | "depth") => {
                let n = a.str(i + 1).parse::<u32>();
                let n = n.map_err(|_| bad(a, i, &format!("uri '{word}' expects a positive integer (got '{}').", a.show(i + 1))))?;
                *(if word == "len" { &mut key.len } else { &mut key.depth }) = n as usize;
                i += 1;
            }
            other => {
                return Err(bad(
                    a,
                    i,
                    &format!("uri only accepts parameters 'len', 'depth', 'path-only', and 'whole' (got '{other}')."),
                ));
            }
        }
        i += 1;
    }
    Ok(Balance::Uri(key))
}

fn url_param(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<Balance, Diagnostic> {
    let name = a.str(1);
    if name.is_empty() {
        return Err(a.missing("balance url_param requires an URL parameter name."));
    }
    let url = expression(cx, &format!("urlp({name})"), a.at(0))?;
    let body = match a.str(2) {
        "" => None,
        "check_post" => Some(expression(cx, &format!("req.body_param({name})"), a.at(0))?),
        _ => return Err(bad(a, 2, "url_param only accepts check_post modifier.")),
    };
    Ok(Balance::Param { url, body })
}

fn hdr(cx: &mut Reader<'_>, a: &Args<'_>, name: Option<&str>) -> Result<Balance, Diagnostic> {
    let Some(name) = name.filter(|n| !n.is_empty()) else {
        return Err(bad(a, 0, "hdr(name) requires an http header field name."));
    };
    match a.str(1) {
        "" => expression(cx, &format!("req.hdr({name})"), a.at(0)).map(Balance::Header),
        "use_domain_only" => expression(cx, &format!("req.hdr({name})"), a.at(0)).map(Balance::Domain),
        other => Err(bad(
            a,
            1,
            &format!("hdr(name) only accepts 'use_domain_only' modifier (got '{other}')."),
        )),
    }
}

fn hash_type(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let consistent = match a.str(0) {
        "consistent" => true,
        "map-based" => false,
        "avalanche" => {
            return Err(a.bad(
                0,
                "experimental feature 'hash-type avalanche' is not supported anymore, please use 'hash-type map-based sdbm avalanche' \
                 instead.",
            ));
        }
        _ => return Err(a.bad(0, "'hash-type' only supports 'consistent' and 'map-based'.")),
    };
    let function = match a.str(1) {
        "" | "sdbm" => HashFunction::Sdbm,
        "djb2" => HashFunction::Djb2,
        "wt6" => HashFunction::Wt6,
        "crc32" => HashFunction::Crc32,
        "none" => HashFunction::None,
        _ => {
            return Err(a.bad(1, "'hash-type' only supports 'sdbm', 'djb2', 'crc32', or 'wt6' hash functions."));
        }
    };
    let avalanche = match a.str(2) {
        // A consistent hash with the default function mixes its bits.
        "" => consistent && a.len() < 2,
        "avalanche" => true,
        _ => return Err(a.bad(2, "'hash-type' only supports 'avalanche' as a modifier for hash functions.")),
    };
    cx.proxy().proxy.hash_type = HashType {
        consistent,
        function,
        avalanche,
    };
    Ok(())
}

fn inherit(to: &mut Draft, from: &Draft) {
    if to.is_back() {
        to.proxy.balance = from.proxy.balance.clone();
        to.proxy.hash_type = from.proxy.hash_type;
        to.proxy.spill = from.proxy.spill;
        to.proxy.persist_rdp.clone_from(&from.proxy.persist_rdp);
        to.balance_name.clone_from(&from.balance_name);
    }
}
