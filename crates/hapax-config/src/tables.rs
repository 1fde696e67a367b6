//! The stick tables of a plan at work: what rules and fetches ask of them, and what is counted in tracked entries.
//!
//! Functions of (state, now), which serve live traffic and offline questions alike.

use std::sync::Arc;

use hapax_balance::table::{DataType, Entry, Handle, Spec, Table};
use hapax_sample::{TableAnswer, TableChange, TableRead, Track, TrackStart};
use hapax_value::{Millis, Value};

use crate::Plan;
use crate::plan::{Statuses, StickTable};

/// Entries taken from each shard at a time when those whose time is over are swept.
const SWEPT_AT_A_TIME: usize = 200;

/// Every table of the plan, by its index there.
#[derive(Debug)]
pub struct Tables {
    all: Vec<LiveTable>,
    errors: Statuses,
    failures: Statuses,
}

/// A table and what its line said beside.
#[derive(Debug)]
pub struct LiveTable {
    pub name: Arc<str>,
    pub table: Table,
    /// How many bytes a byte rate counts as one.
    brates_factor: u64,
    /// Servers are known by address rather than by name.
    pub server_address: bool,
    /// Parts that its keys are dealt out in to peers; 0: none.
    pub shards: u32,
}

/// What happens to whom an entry is tracked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Session,
    Request,
    /// A request was refused, or its response says that it was wrong.
    Error,
    /// The server failed to answer, or says that it failed.
    Failure,
    /// The client strayed from the protocol so often, and was let.
    Glitches(u32),
    Bytes {
        received: u64,
        sent: u64,
    },
}

impl Tables {
    /// `seed`: something that nobody outside knows.
    pub fn new(plan: &Plan, seed: u64) -> Self {
        let live = |(i, t): (usize, &StickTable)| LiveTable {
            name: Arc::clone(&t.name),
            table: Table::new(Spec {
                key: t.key,
                size: usize::try_from(t.size).unwrap_or(usize::MAX),
                expire: t.expire,
                nopurge: t.nopurge,
                columns: t.columns.clone(),
                seed: seed.rotate_left(i as u32) ^ i as u64,
                // One follows at least: when the process leaves, the one that replaces it.
                followers: t.peers_id.map_or(0, |p| plan.peers[p as usize].remotes().count().max(1)),
            }),
            brates_factor: u64::from(t.brates_factor),
            server_address: t.server_address,
            shards: t.peers_id.map_or(0, |p| plan.peers[p as usize].shards),
        };
        Self {
            all: plan.tables.iter().enumerate().map(live).collect(),
            errors: plan.global.err_codes.unwrap_or_else(Statuses::errors),
            failures: plan.global.fail_codes.unwrap_or_else(Statuses::failures),
        }
    }

    pub fn all(&self) -> &[LiveTable] {
        &self.all
    }

    pub fn get(&self, id: u32) -> Option<&LiveTable> {
        self.all.get(id as usize)
    }

    pub fn is_error(&self, status: u16) -> bool {
        self.errors.contains(status)
    }

    pub fn is_failure(&self, status: u16) -> bool {
        self.failures.contains(status)
    }

    /// Takes entries away whose time is over; `true`: there may be more.
    pub fn sweep(&self, now: Millis) -> bool {
        let swept = self.all.iter().map(|t| t.table.sweep(now, SWEPT_AT_A_TIME));
        swept.max().is_some_and(|most| most >= SWEPT_AT_A_TIME)
    }

    pub fn track(&self, table: u32, key: Value<'_>, start: TrackStart, now: Millis) -> Option<Track> {
        let live = self.get(table)?;
        let key = live.table.spec().key.key(key)?;
        let mut e = live.table.obtain(&key, now)?;
        let handle = e.hold();
        e.add(DataType::ConnCur, 0, 1);
        count(&mut e, DataType::ConnCnt, DataType::ConnRate);
        if start.request {
            count(&mut e, DataType::HttpReqCnt, DataType::HttpReqRate);
        }
        if self.is_error(start.status) {
            count(&mut e, DataType::HttpErrCnt, DataType::HttpErrRate);
        }
        if self.is_failure(start.status) {
            count(&mut e, DataType::HttpFailCnt, DataType::HttpFailRate);
        }
        e.touch();
        Some(Track {
            table,
            entry: handle.to_bits(),
        })
    }

    /// The entry is tracked no more.
    pub fn release(&self, track: Track, now: Millis) {
        let Some(live) = self.get(track.table) else { return };
        let mut e = live.table.held(Handle::from_bits(track.entry), now);
        if let Some(open) = e.get(DataType::ConnCur, 0) {
            e.set(DataType::ConnCur, 0, open.saturating_sub(1));
            e.touch();
        }
        e.release();
    }

    pub fn count(&self, track: Track, event: Event, now: Millis) {
        let Some(live) = self.get(track.table) else { return };
        let mut e = live.table.held(Handle::from_bits(track.entry), now);
        let counted = match event {
            Event::Session => count(&mut e, DataType::SessCnt, DataType::SessRate),
            Event::Request => count(&mut e, DataType::HttpReqCnt, DataType::HttpReqRate),
            Event::Error => count(&mut e, DataType::HttpErrCnt, DataType::HttpErrRate),
            Event::Failure => count(&mut e, DataType::HttpFailCnt, DataType::HttpFailRate),
            Event::Glitches(n) => {
                let n = u64::from(n);
                let counted = [DataType::GlitchCnt, DataType::GlitchRate].map(|d| e.add(d, 0, n).is_some());
                counted.contains(&true)
            }
            Event::Bytes { received, sent } => {
                let block = |n: u64| n.div_ceil(live.brates_factor);
                let all = [
                    (DataType::BytesInCnt, received),
                    (DataType::BytesInRate, block(received)),
                    (DataType::BytesOutCnt, sent),
                    (DataType::BytesOutRate, block(sent)),
                ];
                let counted = all.into_iter().filter(|(data, n)| *n > 0 && e.add(*data, 0, *n).is_some());
                counted.count() > 0
            }
        };
        if counted {
            e.touch();
        }
    }

    pub fn tracked(&self, track: Track, other: Option<u32>, what: TableRead, now: Millis) -> TableAnswer {
        let Some(live) = self.get(track.table) else {
            return TableAnswer::Nothing;
        };
        let mut e = live.table.held(Handle::from_bits(track.entry), now);
        let other = match other {
            Some(id) if id != track.table => self.get(id),
            _ => return answer(live.read(&mut e, what)),
        };
        let Some(other) = other.filter(|o| o.table.spec().key == live.table.spec().key) else {
            return TableAnswer::Nothing;
        };
        let key = e.key();
        drop(e);
        other.look(&key, what, now)
    }

    pub fn key(&self, track: Track) -> Option<Value<'static>> {
        let table = &self.get(track.table)?.table;
        let e = table.by_handle(Handle::from_bits(track.entry), 0)?;
        Some(table.spec().key.value(&e.key()))
    }

    pub fn looked_up(&self, table: u32, key: Value<'_>, what: TableRead, now: Millis) -> TableAnswer {
        let Some(live) = self.get(table) else {
            return TableAnswer::Nothing;
        };
        match live.table.spec().key.key(key) {
            Some(key) => live.look(&key, what, now),
            // What is no key of the table has no entry there.
            None => TableAnswer::NoEntry,
        }
    }

    pub fn update(&self, track: Track, change: TableChange, now: Millis) {
        let Some(live) = self.get(track.table) else { return };
        let mut e = live.table.held(Handle::from_bits(track.entry), now);
        let done = match change {
            TableChange::IncGpc01(n) => increment(&mut e, n).is_some(),
            TableChange::AddGpc(i, n) => {
                let i = usize::from(i);
                let rate = e.add(DataType::GpcRate, i, n.into()).is_some();
                e.add(DataType::Gpc, i, n.into()).is_some() || rate
            }
            TableChange::SetGpt0(n) => {
                let single = e.set(DataType::Gpt0, 0, n.into());
                single.or_else(|| e.set(DataType::Gpt, 0, n.into())).is_some()
            }
            TableChange::SetGpt(i, n) => e.set(DataType::Gpt, i.into(), n.into()).is_some(),
        };
        if done {
            e.touch();
        }
    }
}

fn answer(value: Option<u64>) -> TableAnswer {
    value.map_or(TableAnswer::Nothing, |n| TableAnswer::Value(n as i64))
}

/// One more in the counter and in the rate; `true`: one of them is kept.
fn count(e: &mut Entry<'_>, counter: DataType, rate: DataType) -> bool {
    let rated = e.add(rate, 0, 1).is_some();
    e.add(counter, 0, 1).is_some() || rated
}

/// Where a number may be kept: the first of them that the table has.
type Places = [(DataType, usize); 2];

/// The counter of that number and its rate: of their own, else of the arrays.
fn gpc01(n: u8) -> (Places, Places) {
    let single = if n == 0 {
        (DataType::Gpc0, DataType::Gpc0Rate)
    } else {
        (DataType::Gpc1, DataType::Gpc1Rate)
    };
    (
        [(single.0, 0), (DataType::Gpc, n.into())],
        [(single.1, 0), (DataType::GpcRate, n.into())],
    )
}

fn first(e: &Entry<'_>, places: Places) -> Option<u64> {
    places.into_iter().find_map(|(data, i)| e.get(data, i))
}

/// Adds one to `gpc0` or `gpc1` and to its rate. Gives the counter, or the rate where that alone is kept.
fn increment(e: &mut Entry<'_>, n: u8) -> Option<u64> {
    let (counters, rates) = gpc01(n);
    let _ = rates.into_iter().find_map(|(data, i)| e.add(data, i, 1));
    let counter = counters.into_iter().find_map(|(data, i)| e.add(data, i, 1));
    counter.or_else(|| first(e, rates))
}

impl LiveTable {
    /// How many bytes a byte rate counts as one.
    pub fn brates_factor(&self) -> u64 {
        self.brates_factor
    }

    /// Looks at the entry of a key; what changes makes one.
    fn look(&self, key: &[u8], what: TableRead, now: Millis) -> TableAnswer {
        use TableRead as R;
        let makes = matches!(
            what,
            R::ClearGpc(_) | R::ClearGpc01(_) | R::IncGpc(_) | R::IncGpc01(_) | R::UpdateConnCnt
        );
        if makes {
            return match self.table.obtain(key, now) {
                Some(mut e) => answer(self.read(&mut e, what)),
                None => TableAnswer::Nothing,
            };
        }
        match self.table.get(key, now) {
            Some(mut e) => answer(self.read(&mut e, what)),
            None => TableAnswer::NoEntry,
        }
    }

    /// `None`: the table does not keep it.
    fn read(&self, e: &mut Entry<'_>, what: TableRead) -> Option<u64> {
        use DataType as D;
        use TableRead as R;
        let data = match what {
            R::Gpc01(n) => return first(e, gpc01(n).0),
            R::Gpc01Rate(n) => return first(e, gpc01(n).1),
            R::Gpt0 => return first(e, [(D::Gpt0, 0), (D::Gpt, 0)]),
            R::Gpc(i) => return e.get(D::Gpc, i.into()),
            R::GpcRate(i) => return e.get(D::GpcRate, i.into()),
            R::Gpt(i) => return e.get(D::Gpt, i.into()),
            R::Trackers => return Some(e.refs().into()),
            R::Expire => return Some(e.expires_in().into()),
            R::Idle => return Some(e.idle().into()),
            R::Exists => return Some(1),
            R::BytesInRate => return Some(e.get(D::BytesInRate, 0)? * self.brates_factor),
            R::BytesOutRate => return Some(e.get(D::BytesOutRate, 0)? * self.brates_factor),
            R::KbytesIn => return Some(e.get(D::BytesInCnt, 0)? >> 10),
            R::KbytesOut => return Some(e.get(D::BytesOutCnt, 0)? >> 10),
            R::ClearGpc01(_) | R::ClearGpc(_) | R::IncGpc01(_) | R::IncGpc(_) | R::UpdateConnCnt => return change(e, what),
            R::ConnCnt => D::ConnCnt,
            R::ConnCur => D::ConnCur,
            R::ConnRate => D::ConnRate,
            R::GlitchCnt => D::GlitchCnt,
            R::GlitchRate => D::GlitchRate,
            R::HttpErrCnt => D::HttpErrCnt,
            R::HttpErrRate => D::HttpErrRate,
            R::HttpFailCnt => D::HttpFailCnt,
            R::HttpFailRate => D::HttpFailRate,
            R::HttpReqCnt => D::HttpReqCnt,
            R::HttpReqRate => D::HttpReqRate,
            R::SessCnt => D::SessCnt,
            R::SessRate => D::SessRate,
            R::ServerId => D::ServerId,
        };
        e.get(data, 0)
    }
}

/// The reads that change first.
fn change(e: &mut Entry<'_>, what: TableRead) -> Option<u64> {
    let value = match what {
        TableRead::ClearGpc01(n) => {
            let (data, i) = gpc01(n).0.into_iter().find(|(data, i)| e.get(*data, *i).is_some())?;
            clear(e, data, i)?
        }
        TableRead::ClearGpc(i) => clear(e, DataType::Gpc, i.into())?,
        // A counter that the table does not keep stays at 0.
        TableRead::IncGpc01(n) => increment(e, n).unwrap_or(0),
        TableRead::IncGpc(i) => {
            let i = usize::from(i);
            let _ = e.add(DataType::GpcRate, i, 1);
            let counter = e.add(DataType::Gpc, i, 1);
            counter.or_else(|| e.get(DataType::GpcRate, i)).unwrap_or(0)
        }
        _ => e.add(DataType::ConnCnt, 0, 1)?,
    };
    e.touch();
    Some(value)
}

fn clear(e: &mut Entry<'_>, data: DataType, i: usize) -> Option<u64> {
    let old = e.get(data, i)?;
    e.set(data, i, 0)?;
    Some(old)
}
