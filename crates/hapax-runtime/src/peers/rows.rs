//! Tables and their entries as the peers protocol writes them, and what is kept of those that come.

use hapax_balance::table::{Column, DataType, Entry, KeyType, Shape};
use hapax_config::plan::StickTable;
use hapax_proto::peers::{Data, Definition, Field, Update};
use hapax_value::Millis;

use crate::state::LiveTable;

/// Numbers of the types of keys.
fn key_type(key: KeyType) -> (u64, u64) {
    match key {
        KeyType::Integer => (2, 4),
        KeyType::Ip => (4, 4),
        KeyType::Ipv6 => (5, 16),
        // One more than the longest.
        KeyType::String(n) => (6, u64::from(n) + 1),
        KeyType::Binary(n) => (7, n.into()),
    }
}

/// The table as others are told of it, under that number.
pub(super) fn definition(conf: &StickTable, live: &LiveTable, id: u64) -> Definition {
    let (key_type, key_len) = key_type(live.table.spec().key);
    let data = |c: &Column| Data {
        number: c.data as u8,
        elements: c.elements.max(1).into(),
        period: if c.data.shape() == Shape::Rate { c.period } else { 0 },
    };
    Definition {
        id,
        name: conf.peer_name.to_string(),
        key_type,
        key_len,
        data: live.table.layout().columns().iter().map(data).collect(),
        expire: live.table.spec().expire.unwrap_or(0),
    }
}

/// What an entry holds, in the order of the definition.
pub(super) fn fields(live: &LiveTable, entry: &Entry<'_>) -> Vec<Field> {
    let mut out = Vec::new();
    for c in live.table.layout().columns() {
        for i in 0..usize::from(c.elements.max(1)) {
            out.push(match c.data.shape() {
                Shape::Word | Shape::Long => Field::Number(entry.get(c.data, i).unwrap_or(0)),
                Shape::Rate => Field::Rate(entry.rate(c.data, i).unwrap_or_default()),
                Shape::Text => {
                    let number = entry.get(c.data, i).unwrap_or(0);
                    let text = live.table.text(number as u32).map(|t| t.to_string());
                    Field::Text { id: 0, text }
                }
            });
        }
    }
    out
}

/// A table of the other side that is one of ours: which of its fields are kept, and as what.
#[derive(Clone, Debug)]
pub(super) struct Mapping {
    /// The table's index in the plan.
    pub(super) table: u32,
    /// Of each field.
    takes: Vec<Option<(DataType, usize)>>,
}

impl Mapping {
    /// `None`: keys of another kind, so that nothing can be learned.
    pub(super) fn new(table: u32, conf: &StickTable, live: &LiveTable, theirs: &Definition) -> Option<Self> {
        if key_type(live.table.spec().key) != (theirs.key_type, theirs.key_len) {
            return None;
        }
        let mut takes = Vec::new();
        for d in &theirs.data {
            let data = DataType::ALL.get(usize::from(d.number)).copied().filter(|data| {
                // Connections open elsewhere are not ours, unless the table is only there to be looked at.
                let own = *data == DataType::ConnCur && !conf.recv_only;
                let same_period = data.shape() != Shape::Rate || live.table.layout().period(*data) == d.period;
                !own && same_period && live.table.layout().has(*data)
            });
            takes.extend((0..usize::from(d.elements)).map(|i| data.map(|data| (data, i))));
        }
        Some(Self { table, takes })
    }

    /// Puts what came into the table; where nothing may be dropped and there is no room, it is lost.
    pub(super) fn learn(&self, live: &LiveTable, update: &Update, also: Option<&LiveTable>, now: Millis) {
        let key = match live.table.spec().key {
            KeyType::String(max) => &update.key[..update.key.len().min(max as usize)],
            _ => &update.key[..],
        };
        self.store(live, key, update, now, |_| true, |entry| entry.learned(update.left));
        if let Some(also) = also.filter(|a| a.table.spec().key == live.table.spec().key) {
            // What is counted here is not mixed with what is counted elsewhere.
            let plain = |d| matches!(d, DataType::ServerId | DataType::ServerKey | DataType::Gpt0 | DataType::Gpt);
            #[expect(clippy::redundant_closure_for_method_calls, reason = "the method alone is for one lifetime only")]
            self.store(also, key, update, now, plain, |entry| entry.touch());
        }
    }

    fn store(
        &self,
        live: &LiveTable,
        key: &[u8],
        update: &Update,
        now: Millis,
        wanted: impl Fn(DataType) -> bool,
        end: impl FnOnce(&mut Entry<'_>),
    ) {
        let text_id = |f: &Field| match f {
            Field::Text { text: Some(t), .. } => live.table.text_id(t),
            _ => 0,
        };
        let taken: Vec<(DataType, usize, &Field, u32)> = self
            .takes
            .iter()
            .zip(&update.fields)
            .filter_map(|(take, field)| take.filter(|t| wanted(t.0)).map(|(data, i)| (data, i, field, text_id(field))))
            .collect();
        let Some(mut entry) = live.table.obtain(key, now) else { return };
        for (data, i, field, text) in taken {
            match (data.shape(), field) {
                (Shape::Rate, Field::Rate(r)) => entry.set_rate(data, i, *r),
                (Shape::Text, Field::Text { .. }) => _ = entry.set(data, i, text.into()),
                (Shape::Word | Shape::Long, Field::Number(n)) => _ = entry.set(data, i, *n),
                _ => {}
            }
        }
        end(&mut entry);
    }
}

/// The part of the keys that this one belongs to, for peers that get a part each; 0: every peer gets all.
pub fn shard_of(live: &LiveTable, key: &[u8]) -> u32 {
    shard(&live.name, live.table.spec().key, key, live.shards)
}

/// The part of the keys that an entry belongs to, of so many; the first is 1. 0: they are not dealt out.
fn shard(table: &str, key: KeyType, bytes: &[u8], shards: u32) -> u32 {
    use xxhash_rust::xxh64::xxh64;
    if shards == 0 {
        return 0;
    }
    let seed = xxh64(table.as_bytes(), 0);
    let hash = match (key, bytes.first_chunk()) {
        // As the number stands in memory.
        (KeyType::Integer, Some(four)) => xxh64(&u32::from_be_bytes(*four).to_ne_bytes(), seed),
        _ => xxh64(bytes, seed),
    };
    (hash % u64::from(shards)) as u32 + 1
}
