//! Which CPUs a thread runs on (`cpu-map`), and how many there are for the default of `nbthread`.

use std::io;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// CPUs the process may run on, ascending.
pub fn allowed() -> Vec<usize> {
    match sched_getaffinity(None) {
        Ok(set) => (0..CpuSet::MAX_CPU).filter(|c| set.is_set(*c)).collect(),
        Err(_) => (0..std::thread::available_parallelism().map_or(1, usize::from)).collect(),
    }
}

/// Binds the calling thread to `cpus`; numbers the kernel cannot hold are left out.
pub fn pin(cpus: impl IntoIterator<Item = usize>) -> io::Result<()> {
    let mut set = CpuSet::new();
    for c in cpus.into_iter().filter(|c| *c < CpuSet::MAX_CPU) {
        set.set(c);
    }
    Ok(sched_setaffinity(None, &set)?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_thread_is_pinned() {
        let all = super::allowed();
        std::thread::spawn(move || {
            super::pin([all[0]]).unwrap();
            assert_eq!(super::allowed(), [all[0]]);
        })
        .join()
        .unwrap();
    }
}
