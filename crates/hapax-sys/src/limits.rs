//! How many descriptors the process may hold, and what that makes of `maxconn`.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Soft and hard limit of open descriptors; no limit at all is `u64::MAX`.
pub fn open_files() -> (u64, u64) {
    let l = getrlimit(Resource::Nofile);
    (l.current.unwrap_or(u64::MAX), l.maximum.unwrap_or(u64::MAX))
}

/// Gives the calling thread, and those that it starts, another priority (a nice value).
pub fn set_nice(nice: i32) -> io::Result<()> {
    Ok(rustix::process::setpriority_process(None, nice)?)
}

/// Raises (or lowers) the soft limit to `wanted`, and the hard one where it stands below and the system lets us. Answers what the
/// soft limit then is.
pub fn set_open_files(wanted: u64) -> io::Result<u64> {
    let (_, hard) = open_files();
    let full = Rlimit {
        current: Some(wanted),
        maximum: Some(wanted.max(hard)),
    };
    if setrlimit(Resource::Nofile, full).is_err() {
        setrlimit(
            Resource::Nofile,
            Rlimit {
                current: Some(wanted.min(hard)),
                maximum: Some(hard),
            },
        )?;
    }
    Ok(open_files().0)
}

/// `-m`: megabytes of address space.
pub fn set_memory(megabytes: u64) -> io::Result<()> {
    let bytes = megabytes.saturating_mul(1 << 20);
    Ok(setrlimit(
        Resource::As,
        Rlimit {
            current: Some(bytes),
            maximum: Some(bytes),
        },
    )?)
}

/// Descriptors that are not connections: listeners, checks, threads (an epoll and a waker each), standard streams and logs.
#[derive(Clone, Copy, Debug, Default)]
pub struct FixedUse {
    pub listeners: u64,
    pub checks: u64,
    pub threads: u64,
}

impl FixedUse {
    fn descriptors(self) -> u64 {
        // Three streams and a reserve for logs, pid file and resolving.
        16 + self.listeners + self.checks + 3 * self.threads
    }
}

/// `maxconn` where the configuration has none: both ends of each connection, and a pipe for a quarter of them, must fit.
pub fn maxconn_for(limit: u64, fixed: FixedUse) -> u32 {
    let room = limit.min(1 << 20).saturating_sub(fixed.descriptors());
    // 2 sockets + 2/4 pipe ends = 2.5 descriptors per connection.
    u32::try_from((room * 2 / 5).max(1)).unwrap_or(u32::MAX)
}

/// Descriptors needed for a `maxconn`.
pub fn needed_for(maxconn: u32, fixed: FixedUse) -> u64 {
    fixed.descriptors() + u64::from(maxconn) * 5 / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maxconn_and_limit_agree() {
        let fixed = FixedUse {
            listeners: 4,
            checks: 10,
            threads: 2,
        };
        for limit in [64, 1024, 20_000, 1 << 20] {
            let m = maxconn_for(limit, fixed);
            assert!(needed_for(m, fixed) <= limit, "{limit}: {m}");
        }
        assert_eq!(maxconn_for(3, fixed), 1, "never none");
    }

    #[test]
    fn the_soft_limit_moves_within_the_hard_one() {
        let (soft, hard) = open_files();
        let aim = soft.min(hard).min(4096);
        assert_eq!(set_open_files(aim).unwrap(), aim);
    }
}
