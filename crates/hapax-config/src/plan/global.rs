//! The `global` section (manual, 3).

use std::sync::Arc;

use hapax_proto::h1::write::CaseMap;
use hapax_sample::vars::VarLimits;
use hapax_sample::vars::process::ProcessVar;
use hapax_value::Millis;

use super::{Bind, LogTarget, Statuses};

/// Settings of UNIX sockets that `bind` lines leave open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnixBind {
    /// Stands before every path.
    pub prefix: Option<String>,
    pub mode: Option<u32>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
}

#[derive(Debug, Default)]
pub struct Global {
    /// `server-state-file`, `server-state-base`
    pub server_state_file: Option<String>,
    /// `stats-file`, and what stands in it.
    pub stats_file: Option<String>,
    pub kept_counters: Option<Arc<[u8]>>,
    pub server_state_base: Option<String>,
    /// `jwt.decrypt_alg_list` and `jwt.decrypt_enc_list`
    pub jwe_algs: Allowed,
    pub jwe_encs: Allowed,
    /// `set-var` and `set-var-fmt`, in their order.
    pub start_vars: Vec<Arc<ProcessVar>>,
    /// `tune.ssl.capture-buffer-size`; 0: hellos are not kept.
    pub hello_capture: usize,
    /// `tune.ssl.keylog`: the secrets of TLS sessions are kept for expressions.
    pub keylog: bool,
    /// `tune.h1.fe.glitches-threshold` and `tune.h1.be.glitches-threshold`; 0: none.
    pub client_glitches: u32,
    pub server_glitches: u32,
    /// `tune.vars.*-max-size`
    pub var_limits: VarLimits,
    pub daemon: bool,
    /// Asked with `maxconn`; `None`: derived from the file limit.
    pub maxconn: Option<u32>,
    pub ulimit_n: Option<u32>,
    /// `fd-hard-limit`: descriptors that the process gives itself at most where nothing says how many it needs.
    pub fd_hard_limit: Option<u64>,
    /// `tune.renice.runtime`: the nice value of what serves.
    pub nice: Option<i32>,
    /// `unix-bind`: what `bind` lines with a path start from.
    pub unix_bind: UnixBind,
    pub nbthread: Option<u32>,
    /// CPUs of `cpu-map`, by thread (from 0).
    pub cpu_map: Vec<Vec<u32>>,
    pub user: Option<String>,
    pub group: Option<String>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub chroot: Option<String>,
    pub pidfile: Option<String>,
    pub node: Option<String>,
    pub description: Option<String>,
    pub log: Vec<LogTarget>,
    pub log_tag: Option<Arc<str>>,
    /// `log-send-hostname`
    pub log_hostname: Option<Arc<str>>,
    /// `tune.peers.max-updates-at-once`
    pub peers_updates_at_once: u32,
    /// `tune.cli.max-payload-size`
    pub max_payload: Option<usize>,
    /// `thread-hard-limit`: threads at most, where `nbthread` does not say how many.
    pub thread_limit: Option<usize>,
    pub stats_sockets: Vec<StatsSocket>,
    pub stats_timeout: Option<Millis>,
    pub stats_maxconn: Option<u32>,
    pub spread_checks: u32,
    /// `max-spread-checks`; 0: as long as the shortest interval.
    pub max_spread_checks: Millis,
    /// `tune.max-checks-per-thread`; 0: no limit.
    pub max_checks_per_thread: u32,
    /// `external-check`, and whether its programs get our environment.
    pub external_check: bool,
    pub external_check_env: bool,
    pub hard_stop_after: Option<Millis>,
    pub grace: Option<Millis>,
    /// `tune.bufsize`, bytes (default 16384) and `tune.maxrewrite` (default 1024), `tune.http.maxhdr` (default 101).
    pub bufsize: usize,
    /// `tune.bufsize.large`; 0: there are no large buffers.
    pub bufsize_large: usize,
    pub maxrewrite: usize,
    /// `tune.http.logurilen`: bytes of a request line that are kept.
    pub logged_line: usize,
    pub maxhdr: usize,
    /// `tune.http.cookielen`: one more than a captured cookie may be long.
    pub cookielen: usize,
    /// `h1-case-adjust`, `h1-case-adjust-file`
    pub case_map: CaseMap,
    /// `h1-do-not-close-on-insecure-transfer-encoding`
    pub keep_insecure_coding: bool,
    /// `tune.comp.maxlevel` (default 1), `maxcomprate` in bytes per second (0: no limit), `maxcompcpuusage` (100: no limit).
    pub comp_level: u8,
    pub comp_rate: u64,
    pub comp_cpu: u8,
    /// `tune.idle-pool.shared`: workers take idle connections to servers from each other.
    pub share_idle: bool,
    /// `tune.pool-low-fd-ratio` and `tune.pool-high-fd-ratio`: percents of the descriptors.
    pub pool_low_fds: u32,
    pub pool_high_fds: u32,
    /// `http-err-codes` and `http-fail-codes`; `None`: as they are by default.
    pub err_codes: Option<Statuses>,
    pub fail_codes: Option<Statuses>,
    /// `tune.{rcvbuf,sndbuf,notsent-lowat}.{client,server}`
    pub client_buffers: SocketBuffers,
    pub server_buffers: SocketBuffers,
    /// `maxconnrate`, `maxsessrate`, `maxsslrate`, per second; 0: no limit.
    pub conn_rate_limit: u32,
    pub sess_rate_limit: u32,
    pub ssl_rate_limit: u32,
    /// Default `ssl-default-bind-*` and `ssl-default-server-*`, applied to binds and servers when they are resolved.
    /// `dns-accept-family`; `None`: IPv4, and IPv6 where the machine has a way for it.
    pub dns_families: Option<DnsFamilies>,
    pub quiet: bool,
    pub zero_warning: bool,
    /// Environment after `setenv` and the like, for `show env`.
    pub env: Vec<(String, String)>,
}

/// Families of addresses that name servers are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DnsFamilies {
    pub v4: bool,
    pub v6: bool,
}

/// What the kernel holds of a connection; 0: as the system has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SocketBuffers {
    pub receive: u32,
    pub send: u32,
    /// Bytes not sent yet beyond which the socket takes no more.
    pub unsent: u32,
}

/// Rights of a runtime API connection (management guide, 9.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum SocketLevel {
    User,
    #[default]
    Operator,
    Admin,
}

/// `stats socket ADDRESS ...`
#[derive(Debug)]
pub struct StatsSocket {
    pub bind: Bind,
    pub level: SocketLevel,
    pub expose_fd: bool,
    pub severity: SeverityOutput,
}

/// How a command of the runtime API tells the severity of its message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SeverityOutput {
    #[default]
    None,
    Number,
    Word,
}

impl SeverityOutput {
    /// By its name in a configuration and on the command line.
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "none" => Some(Self::None),
            "number" => Some(Self::Number),
            "string" => Some(Self::Word),
            _ => None,
        }
    }
}

/// A list of names that are allowed, as `ALL:!ECDH-ES` writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// `None`: everything is, but for RSA1_5, whose padding tells too much of the key (RFC 8725, section 3.2).
    list: Option<Vec<String>>,
}

impl Allowed {
    pub fn parse(text: &str) -> Self {
        let words = text.split(':').filter(|w| !w.is_empty());
        Self {
            list: Some(words.map(str::to_owned).collect()),
        }
    }

    pub fn allows(&self, name: &str) -> bool {
        let Some(list) = &self.list else { return name != "RSA1_5" };
        let banned = list.iter().any(|w| w.strip_prefix('!') == Some(name));
        !banned && list.iter().any(|w| w == "ALL" || w == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_allow_what_they_name() {
        for (text, name, want) in [
            ("ALL:!ECDH-ES", "dir", true),
            ("ALL:!ECDH-ES", "ECDH-ES", false),
            ("A128GCM:A256GCM", "A256GCM", true),
            ("A128GCM:A256GCM", "A192GCM", false),
        ] {
            assert_eq!(Allowed::parse(text).allows(name), want, "{text} {name}");
        }
        assert!(Allowed::default().allows("dir") && !Allowed::default().allows("RSA1_5"));
        assert!(Allowed::parse("ALL").allows("RSA1_5"));
    }
}
