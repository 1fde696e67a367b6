//! `bwlim-in` and `bwlim-out`: so many bytes for each period, of a stream or of all that share a key.

use std::fmt;
use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_sample::expr::Expr;
use hapax_sample::{Keyed, KeyedBy, NameKind, NameRef, Track};
use hapax_value::{Duration, Millis, Support, TimeUnit, parse_size};

use super::{Attach, Direction, Filter, FilterRow, FilterSpec, Interest, Message, Pass, SharedRates};
use crate::{ParseAction, Txn, codes};

pub(super) static ROWS: &[FilterRow] = &[
    FilterRow {
        name: "bwlim-in",
        doc: "Limits what clients send. `set-bandwidth-limit` turns it on.",
        ok: &[
            "bwlim-in up default-limit 1m default-period 1s",
            "bwlim-in up limit 1m key src table t min-size 2896",
        ],
        bad: &[
            "bwlim-in",
            "bwlim-in up",
            "bwlim-in up default-limit 1m",
            "bwlim-in up default-period 1s",
            "bwlim-in up limit 1m",
            "bwlim-in up key src",
            "bwlim-in up limit 1m key src default-period 1s",
            "bwlim-in up default-limit x default-period 1s",
            "bwlim-in up default-limit 1m default-period 1s hexdump",
        ],
        support: Support::Full,
        parse: |p| parse(p, Direction::Request),
    },
    FilterRow {
        name: "bwlim-out",
        doc: "Limits what clients are sent. `set-bandwidth-limit` turns it on.",
        ok: &[
            "bwlim-out down default-limit 1m default-period 1s",
            "bwlim-out down key src limit 10k",
        ],
        bad: &["bwlim-out", "bwlim-out down", "bwlim-out down default-limit 1m default-period 1x"],
        support: Support::Full,
        parse: |p| parse(p, Direction::Response),
    },
];

#[derive(Debug)]
enum Scope {
    Stream { limit: u64, period: Millis },
    Shared { limit: u64, key: Arc<Expr>, table: Arc<NameRef> },
}

#[derive(Debug)]
struct Bandwidth {
    name: String,
    direction: Direction,
    scope: Scope,
    min_size: u64,
}

impl FilterSpec for Bandwidth {
    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn kind(&self) -> &'static str {
        match self.direction {
            Direction::Request => "bwlim-in",
            Direction::Response => "bwlim-out",
        }
    }

    fn attach(&self, cx: &Attach<'_>) -> Option<Box<dyn Filter>> {
        match &self.scope {
            Scope::Stream { limit, period } => Some(Box::new(Bucket {
                id: cx.id,
                direction: self.direction,
                limit: *limit,
                period: *period,
                min_size: self.min_size,
                since: None,
                sent: 0,
            })),
            Scope::Shared { limit, key, table } => Some(Box::new(Share {
                id: cx.id,
                direction: self.direction,
                limit: *limit,
                min_size: self.min_size,
                key: Arc::clone(key),
                table: table.id.get().map(|t| *t as u32),
                rates: Arc::clone(cx.rates),
                entry: None,
            })),
        }
    }
}

/// Counts the bytes of the current period.
#[derive(Debug)]
struct Bucket {
    id: u32,
    direction: Direction,
    limit: u64,
    period: Millis,
    min_size: u64,
    since: Option<Millis>,
    sent: u64,
}

impl Filter for Bucket {
    fn begin(&mut self, direction: Direction, _: &Message, txn: &mut Txn<'_>) -> Interest {
        // Nothing is limited before a rule says so, with the filter's own numbers or with others.
        let asked = txn.controls.bandwidth.iter().find(|b| b.filter == self.id);
        match asked {
            Some(asked) if direction == self.direction => {
                self.limit = asked.limit.unwrap_or(self.limit);
                self.period = asked.period.unwrap_or(self.period);
                Interest::Look
            }
            _ => Interest::None,
        }
    }

    fn data(&mut self, direction: Direction, data: &[u8], now: Millis, _: &mut Vec<u8>) -> Pass {
        let all = data.len() as u64;
        if direction != self.direction || all == 0 || self.limit == 0 || self.period == 0 {
            return Pass::all(data);
        }
        let since = *self.since.get_or_insert(now);
        if now.saturating_sub(since) >= self.period {
            self.since = Some(now);
            self.sent = 0;
        }
        let elapsed = now.saturating_sub(self.since.unwrap_or(now));
        let left = self.limit.saturating_sub(self.sent);
        let wait = self.period.saturating_sub(elapsed).max(1);
        // A last packet may be smaller, any other is not worth being sent.
        if left < all && left < self.min_size.min(self.limit) {
            return Pass {
                bytes: 0,
                again_in: Some(wait),
            };
        }
        let bytes = left.min(all);
        self.sent += bytes;
        Pass {
            bytes: bytes as usize,
            again_in: (bytes < all).then_some(wait),
        }
    }
}

/// A part of what the streams of a key may send together.
struct Share {
    id: u32,
    direction: Direction,
    limit: u64,
    min_size: u64,
    key: Arc<Expr>,
    table: Option<u32>,
    rates: Arc<dyn SharedRates>,
    /// The rate of the key, held while the stream lives.
    entry: Option<Track>,
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Share").field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl Filter for Share {
    fn begin(&mut self, direction: Direction, _: &Message, txn: &mut Txn<'_>) -> Interest {
        if !txn.controls.bandwidth.iter().any(|b| b.filter == self.id) {
            return Interest::None;
        }
        // The key is that of the message whose rules turned it on, whichever way the bytes go that are limited.
        if self.entry.is_none() {
            let env = txn.env();
            // Without a key there is nobody to share with, and no limit.
            let (Some(table), Ok(key)) = (self.table, self.key.eval(&env)) else {
                return Interest::None;
            };
            self.entry = self.rates.hold(table, key, self.direction);
        }
        match self.entry {
            Some(_) if direction == self.direction => Interest::Look,
            _ => Interest::None,
        }
    }

    fn data(&mut self, direction: Direction, data: &[u8], _: Millis, _: &mut Vec<u8>) -> Pass {
        match self.entry {
            Some(entry) if direction == self.direction && self.limit > 0 && !data.is_empty() => {
                self.rates.spend(entry, direction, self.limit, data.len() as u64, self.min_size)
            }
            _ => Pass::all(data),
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Some(entry) = self.entry {
            self.rates.release(entry, self.direction);
        }
    }
}

#[derive(Default)]
struct Words {
    limit: Option<u64>,
    period: Option<Millis>,
    key: Option<Expr>,
    table: Option<Arc<NameRef>>,
    min_size: u64,
    shared: bool,
    per_stream: bool,
}

fn parse(p: &mut ParseAction<'_, '_>, direction: Direction) -> Result<Arc<dyn FilterSpec>, Diagnostic> {
    let name = p
        .next()
        .ok_or_else(|| p.fail(&codes::MISSING_ARG, "a name is expected as first argument"))?;
    let name = crate::parse::text(name);
    let mut w = Words::default();
    while let Some(word) = p.peek() {
        let shared = match word.bytes {
            b"key" | b"table" | b"limit" => true,
            b"default-period" | b"default-limit" => false,
            b"min-size" => w.shared,
            _ => break,
        };
        p.pos += 1;
        if word.bytes != b"min-size" {
            if if shared { w.per_stream } else { w.shared } {
                return Err(p.bad("cannot mix per-stream and shared parameter"));
            }
            w.shared |= shared;
            w.per_stream |= !shared;
        }
        w.option(p, word.bytes)?;
    }
    let scope = w.scope(p, &name, direction)?;
    Ok(Arc::new(Bandwidth {
        name,
        direction,
        scope: scope.0,
        min_size: scope.1,
    }))
}

impl Words {
    fn option(&mut self, p: &mut ParseAction<'_, '_>, option: &[u8]) -> Result<(), Diagnostic> {
        let name = String::from_utf8_lossy(option).into_owned();
        if p.peek().is_none() {
            let what = match option {
                b"key" => "sample expression",
                b"table" => "table name",
                _ => "value",
            };
            return Err(p
                .fail(&codes::MISSING_ARG, format!("the {what} is missing for '{name}' option"))
                .at(p.last_span()));
        }
        match option {
            b"key" => self.key = Some(p.expr()?),
            b"table" => {
                let word = p.need("a table name")?;
                self.table = Some(p.defer(NameKind::Table, word));
            }
            b"default-period" => {
                let word = p.need("a period")?;
                let time = Duration::parse(word.bytes, TimeUnit::Ms);
                self.period = Some(
                    time.map_err(|e| p.bad(format!("invalid value for option '{name}' ({e})")))?
                        .value
                        .millis(),
                );
            }
            _ => {
                let word = p.need("a size")?;
                let size = parse_size(word.bytes, u64::from(u32::MAX));
                let size = size.map_err(|e| p.bad(format!("invalid value for option '{name}' ({e})")))?;
                if option == b"min-size" {
                    self.min_size = size;
                } else {
                    self.limit = Some(size);
                }
            }
        }
        Ok(())
    }

    fn scope(self, p: &mut ParseAction<'_, '_>, name: &str, direction: Direction) -> Result<(Scope, u64), Diagnostic> {
        let fail = |p: &ParseAction<'_, '_>, text: &str| Err(p.fail(&codes::MISSING_ARG, text));
        let scope = match (self.shared, self.limit, self.key, self.period) {
            (true, Some(limit), Some(key), _) => {
                let own = hapax_sample::acl::Token {
                    bytes: b"",
                    span: p.name.span,
                };
                let table = self.table.unwrap_or_else(|| p.defer(NameKind::Table, own));
                let rate = match direction {
                    Direction::Request => "bytes_in_rate",
                    Direction::Response => "bytes_out_rate",
                };
                let _ = table.keyed.set(Keyed {
                    out: key.out(),
                    by: KeyedBy::Limit(name.into(), rate),
                });
                Scope::Shared {
                    limit,
                    key: Arc::new(key),
                    table,
                }
            }
            (true, None, ..) => return fail(p, "the limit is missing"),
            (true, ..) => return fail(p, "a key is expected for a shared limitation"),
            (false, Some(limit), _, Some(period)) => Scope::Stream { limit, period },
            (false, ..) => return fail(p, "'default-limit' and 'default-period' are both expected, or 'limit' and 'key'"),
        };
        Ok((scope, self.min_size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_lets_its_bytes_pass() {
        let mut b = Bucket {
            id: 0,
            direction: Direction::Response,
            limit: 100,
            period: 1000,
            min_size: 20,
            since: None,
            sent: 0,
        };
        // (now, bytes at hand, bytes that pass, ask again in)
        for (now, data, pass, again) in [
            (5000, 60, 60, None),
            (5100, 60, 40, Some(900)),
            (5200, 20, 0, Some(800)),
            (6000, 20, 20, None),
            (6500, 70, 70, None),
            (6600, 30, 0, Some(400)),
            (6700, 5, 5, None),
        ] {
            let got = b.data(Direction::Response, &vec![0; data], now, &mut Vec::new());
            assert_eq!((got.bytes, got.again_in), (pass, again), "{now}");
        }
        let other = b.data(Direction::Request, &[0; 500], 6700, &mut Vec::new());
        assert_eq!(other.bytes, 500);
    }
}
