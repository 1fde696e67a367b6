//! What this machine is called. Read once: the name is in every log line and in the peers' protocol.

use std::sync::OnceLock;

/// The host's name as `gethostname` tells it.
pub fn name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| rustix::system::uname().nodename().to_string_lossy().into_owned())
}

/// Operating system, its release, version and machine, as `uname -srvm` shows them.
pub fn system() -> String {
    let u = rustix::system::uname();
    let part = |c: &std::ffi::CStr| c.to_string_lossy().into_owned();
    format!(
        "{} {} {} {}",
        part(u.sysname()),
        part(u.release()),
        part(u.version()),
        part(u.machine())
    )
}
