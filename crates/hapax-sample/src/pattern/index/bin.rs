//! Equal blocks of bytes, written in hexadecimal.

use std::collections::BTreeMap;

use super::super::parse;
use super::super::store::Store;

#[derive(Clone, Debug, Default)]
pub(crate) struct BinIndex {
    blocks: BTreeMap<Box<[u8]>, Vec<u32>>,
}

impl BinIndex {
    pub(super) fn insert(&mut self, store: &Store, id: u32) -> Result<(), String> {
        let block = parse::hex(&String::from_utf8_lossy(store.key(id)))?;
        self.blocks.entry(block).or_default().push(id);
        Ok(())
    }

    pub(super) fn remove(&mut self, store: &Store, id: u32) {
        let Ok(block) = parse::hex(&String::from_utf8_lossy(store.key(id))) else {
            return;
        };
        if let Some(ids) = self.blocks.get_mut(&block) {
            ids.retain(|&other| other != id);
            if ids.is_empty() {
                self.blocks.remove(&block);
            }
        }
    }

    pub(super) fn find(&self, subject: &[u8]) -> Option<u32> {
        self.blocks.get(subject).and_then(|ids| ids.first()).copied()
    }
}
