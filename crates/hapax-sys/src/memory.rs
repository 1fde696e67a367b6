//! How much memory this process uses, and whether that is as much as it may: what keeps a check of any input within bounds.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Pages that may be in use.
static MOST: AtomicU64 = AtomicU64::new(u64::MAX);

/// Sets the limit, in mebibytes. A twentieth of it is left for what is made between two questions.
pub fn limit(mebibytes: u64) {
    let bytes = mebibytes.saturating_mul(1 << 20);
    MOST.store((bytes - bytes / 20) / rustix::param::page_size() as u64, Ordering::Relaxed);
}

/// The limit is reached.
pub fn is_full() -> bool {
    resident().is_some_and(|pages| pages >= MOST.load(Ordering::Relaxed))
}

/// Pages in memory; `None`: this system does not tell.
fn resident() -> Option<u64> {
    static STATM: OnceLock<Option<File>> = OnceLock::new();
    let file = STATM.get_or_init(|| File::open("/proc/self/statm").ok()).as_ref()?;
    let mut text = [0; 128];
    let len = file.read_at(&mut text, 0).ok()?;
    std::str::from_utf8(&text[..len]).ok()?.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_in_use_is_seen() {
        let before = resident().expect("Linux tells");
        let block = vec![1_u8; 64 << 20];
        let after = resident().expect("Linux tells");
        let pages = (64 << 20) / rustix::param::page_size() as u64;
        assert!(after > before + pages / 2, "{before} {after} {}", block.len());
    }
}
