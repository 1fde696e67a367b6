//! How much memory this process uses, and whether that is as much as it may: what keeps a check of any input within bounds.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Pages that may be in use.
static MOST: AtomicU64 = AtomicU64::new(u64::MAX);

/// Bytes of a page, by the C library: it also knows where the auxiliary vector is another's, under valgrind for one.
fn page_size() -> u64 {
    // SAFETY: no pointer is passed.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    u64::try_from(size).unwrap_or(4096)
}

/// Sets the limit, in mebibytes. A twentieth of it is left for what is made between two questions.
pub fn limit(mebibytes: u64) {
    let bytes = mebibytes.saturating_mul(1 << 20);
    MOST.store((bytes - bytes / 20) / page_size(), Ordering::Relaxed);
}

/// Raises the limit by so many bytes: what is read honestly may take room in proportion.
pub fn allow(bytes: u64) {
    let pages = bytes.div_ceil(page_size());
    // An addition that would go beyond the end stays there.
    let _ = MOST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |most| Some(most.saturating_add(pages)));
}

/// Bytes of memory that this machine has; `None`: this system does not tell.
pub fn of_the_machine() -> Option<u64> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = info.lines().find_map(|l| l.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib << 10)
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
    fn the_machine_has_more_than_this_process_uses() {
        let all = of_the_machine().expect("Linux tells") / page_size();
        assert!(all > resident().expect("Linux tells"));
    }

    #[test]
    fn memory_in_use_is_seen() {
        let before = resident().expect("Linux tells");
        let block = vec![1_u8; 64 << 20];
        let after = resident().expect("Linux tells");
        let pages = (64 << 20) / page_size();
        assert!(after > before + pages / 2, "{before} {after} {}", block.len());
    }
}
