//! What compression costs the process, and how much of it may go on: `maxcomprate`, `maxcompcpuusage`, `tune.comp.maxlevel`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};

use hapax_config::plan::Global;

use super::{RateMeter, Shared};

/// The use of the processor is looked at no more often than that.
const SAMPLE_MS: u64 = 500;

/// Rates, and the level that follows from them.
#[derive(Debug)]
pub struct Compression {
    /// The level at which bodies may be compressed now; 0: no others than those under way, which go down to it.
    pub level: Arc<AtomicU8>,
    /// Bytes in and out per second.
    pub rate_in: RateMeter,
    pub rate_out: RateMeter,
    /// Wall clock milliseconds and processor nanoseconds of the last sample, and the percentage used before it.
    sampled_ms: AtomicU64,
    sampled_cpu: AtomicU64,
    busy: AtomicU8,
}

impl Compression {
    pub(super) fn new(global: &Global, workers: usize) -> Self {
        Self {
            level: Arc::new(AtomicU8::new(global.comp_level)),
            rate_in: RateMeter::new(workers),
            rate_out: RateMeter::new(workers),
            sampled_ms: AtomicU64::new(0),
            sampled_cpu: AtomicU64::new(0),
            busy: AtomicU8::new(0),
        }
    }

    pub(crate) fn count(&self, worker: usize, into: u64, out: u64) {
        let now_ms = hapax_sys::clock::realtime_us() / 1000;
        self.rate_in.add(worker, now_ms, into as u32);
        self.rate_out.add(worker, now_ms, out as u32);
    }

    /// Sets the level by what was used lately. Costs nothing where there is no limit.
    pub(crate) fn refresh(&self, shared: &Shared) {
        let global = &shared.plan.global;
        let most = shared.limits.compression.load(Relaxed);
        if most == 0 && global.comp_cpu >= 100 {
            return;
        }
        let now_ms = hapax_sys::clock::realtime_us() / 1000;
        let fast = most > 0 && u64::from(self.rate_in.read(now_ms)) > most;
        let busy = global.comp_cpu < 100 && self.busy_percent(now_ms, shared.workers) > global.comp_cpu;
        self.level.store(if fast || busy { 0 } else { global.comp_level }, Relaxed);
    }

    /// Percent of the workers' time that was spent working, over the last sample.
    fn busy_percent(&self, now_ms: u64, workers: usize) -> u8 {
        let last = self.sampled_ms.load(Relaxed);
        let passed = now_ms.saturating_sub(last);
        let mine = passed >= SAMPLE_MS && self.sampled_ms.compare_exchange(last, now_ms, Relaxed, Relaxed).is_ok();
        if mine {
            let cpu = hapax_sys::clock::process_cpu_ns();
            let used_ms = cpu.saturating_sub(self.sampled_cpu.swap(cpu, Relaxed)) / 1_000_000;
            if last > 0 {
                let percent = used_ms * 100 / (passed * workers.max(1) as u64);
                self.busy.store(percent.min(100) as u8, Relaxed);
            }
        }
        self.busy.load(Relaxed)
    }
}
