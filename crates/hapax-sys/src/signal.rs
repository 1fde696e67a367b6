//! Signals taken one by one in the main thread: they are blocked everywhere, and waited for where there is time to act.

use std::io;
use std::mem::MaybeUninit;
use std::time::Duration;

/// The signals the process answers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: stop now.
    Terminate,
    /// SIGINT: stop now.
    Interrupt,
    /// SIGUSR1: finish what is in flight, then stop.
    Finish,
    /// SIGUSR2: reload (master) or nothing.
    Reload,
    /// SIGHUP: show what runs.
    Dump,
    /// SIGQUIT: memory report.
    Quit,
    /// SIGTTOU: pause listening, as an older process is asked to.
    Pause,
    /// SIGTTIN: listen again.
    Resume,
    /// SIGCHLD.
    Child,
}

const TAKEN: [(i32, Signal); 9] = [
    (libc::SIGTERM, Signal::Terminate),
    (libc::SIGINT, Signal::Interrupt),
    (libc::SIGUSR1, Signal::Finish),
    (libc::SIGUSR2, Signal::Reload),
    (libc::SIGHUP, Signal::Dump),
    (libc::SIGQUIT, Signal::Quit),
    (libc::SIGTTOU, Signal::Pause),
    (libc::SIGTTIN, Signal::Resume),
    (libc::SIGCHLD, Signal::Child),
];

/// The set of signals that are blocked and waited for.
#[derive(Clone, Copy)]
pub struct Waiter {
    set: libc::sigset_t,
}

impl Waiter {
    /// Blocks the signals in the calling thread and in those it will start. To be called before threads start; SIGPIPE is ignored
    /// by Rust's own start-up.
    pub fn block() -> io::Result<Self> {
        let mut set = MaybeUninit::uninit();
        // SAFETY: sigemptyset initialises the set it is given; the others only read or change that set.
        unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            for (number, _) in TAKEN {
                libc::sigaddset(set.as_mut_ptr(), number);
            }
            let set = set.assume_init();
            match libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) {
                0 => Ok(Self { set }),
                e => Err(io::Error::from_raw_os_error(e)),
            }
        }
    }

    /// Waits for the next signal, or until `patience` is over (`None`).
    pub fn next(&self, patience: Option<Duration>) -> Option<Signal> {
        let limit = patience.map(|d| libc::timespec {
            tv_sec: d.as_secs().min(i64::MAX as u64) as i64,
            tv_nsec: i64::from(d.subsec_nanos()),
        });
        let limit = limit.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        // SAFETY: the set is initialised, the info may be null, and the limit is null or points to a live timespec.
        let number = unsafe { libc::sigtimedwait(&raw const self.set, std::ptr::null_mut(), limit) };
        TAKEN.iter().find(|(n, _)| *n == number).map(|(_, s)| *s)
    }
}

/// Ends the process as the signal itself would have: whoever waits for it sees that it was killed by `SIGTERM` or `SIGINT`.
pub fn die_of(interrupt: bool) -> ! {
    let number = if interrupt { libc::SIGINT } else { libc::SIGTERM };
    let mut set = MaybeUninit::uninit();
    // SAFETY: the set is initialised before use; the default action is restored and the signal let through, which does not return.
    unsafe {
        libc::signal(number, libc::SIG_DFL);
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), number);
        libc::raise(number);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, set.as_ptr(), std::ptr::null_mut());
    }
    std::process::exit(128 + number)
}

impl std::fmt::Debug for Waiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiter").finish_non_exhaustive()
    }
}
