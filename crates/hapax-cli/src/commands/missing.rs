//! Commands of HAProxy 3.5 whose subsystem is not there yet. They are known, ask for the level they will ask for, and say so.

use crate::command::{Command, not_yet};
use hapax_config::plan::SocketLevel;
use hapax_value::Support;

macro_rules! missing {
    ($path:expr, $level:ident, $usage:literal, $doc:literal, $what:literal) => {
        Command {
            path: $path,
            level: SocketLevel::$level,
            usage: $usage,
            doc: $doc,
            support: Support::NotYet($what),
            run: not_yet,
        }
    };
}

#[rustfmt::skip]
pub(super) static ROWS: &[Command] = &[
    missing!(&["acme", "challenge_ready"], Admin, "acme challenge_ready", "renew or watch certificates of challenge_ready", "ACME"),
    missing!(&["acme", "renew"], Admin, "acme renew", "renew or watch certificates of renew", "ACME"),
    missing!(&["acme", "status"], Admin, "acme status", "renew or watch certificates of status", "ACME"),
    missing!(&["debug", "counters"], Admin, "debug counters", "look into counters", "debugging"),
    missing!(&["debug", "dev", "abort"], Admin, "debug dev abort", "look into dev abort", "debugging"),
    missing!(&["debug", "dev", "bug"], Admin, "debug dev bug", "look into dev bug", "debugging"),
    missing!(&["debug", "dev", "check"], Admin, "debug dev check", "look into dev check", "debugging"),
    missing!(&["debug", "dev", "close"], Admin, "debug dev close", "look into dev close", "debugging"),
    missing!(&["debug", "dev", "deadlock"], Admin, "debug dev deadlock", "look into dev deadlock", "debugging"),
    missing!(&["debug", "dev", "delay"], Admin, "debug dev delay", "look into dev delay", "debugging"),
    missing!(&["debug", "dev", "exit"], Admin, "debug dev exit", "look into dev exit", "debugging"),
    missing!(&["debug", "dev", "fd"], Admin, "debug dev fd", "look into dev fd", "debugging"),
    missing!(&["debug", "dev", "hash"], Admin, "debug dev hash", "look into dev hash", "debugging"),
    missing!(&["debug", "dev", "hex"], Admin, "debug dev hex", "look into dev hex", "debugging"),
    missing!(&["debug", "dev", "loop"], Admin, "debug dev loop", "look into dev loop", "debugging"),
    missing!(&["debug", "dev", "panic"], Admin, "debug dev panic", "look into dev panic", "debugging"),
    missing!(&["debug", "dev", "sched"], Admin, "debug dev sched", "look into dev sched", "debugging"),
    missing!(&["debug", "dev", "stream"], Admin, "debug dev stream", "look into dev stream", "debugging"),
    missing!(&["debug", "dev", "sym"], Admin, "debug dev sym", "look into dev sym", "debugging"),
    missing!(&["debug", "dev", "task"], Admin, "debug dev task", "look into dev task", "debugging"),
    missing!(&["debug", "dev", "tkill"], Admin, "debug dev tkill", "look into dev tkill", "debugging"),
    missing!(&["debug", "dev", "warn"], Admin, "debug dev warn", "look into dev warn", "debugging"),
    missing!(&["debug", "dev", "write"], Admin, "debug dev write", "look into dev write", "debugging"),
    missing!(&["httpclient"], Admin, "httpclient", "send a request", "the HTTP client"),
    missing!(&["set", "anon", "global-key"], Admin, "set anon global-key", "change anon global-key", "anonymised output"),
    missing!(&["set", "anon", "off"], Admin, "set anon off", "change anon off", "anonymised output"),
    missing!(&["set", "anon", "on"], Admin, "set anon on", "change anon on", "anonymised output"),
    missing!(&["set", "profiling"], Admin, "set profiling", "change profiling", "profiling"),
    missing!(&["set", "ssl", "ocsp-response"], Admin, "set ssl ocsp-response", "change TLS ocsp-response", "certificates changed while running"),
    missing!(&["set", "ssl", "tls-key"], Admin, "set ssl tls-key", "change TLS tls-key", "certificates changed while running"),
    missing!(&["show", "anon"], Operator, "show anon", "show anon", "anonymised output"),
    missing!(&["show", "cache"], Admin, "show cache", "show cache", "the cache"),
    missing!(&["show", "dev"], Operator, "show dev", "show dev", "developer facts"),
    missing!(&["show", "fd"], Operator, "show fd [num]", "show fd", "file descriptors"),
    missing!(&["show", "libs"], Operator, "show libs", "show libs", "loaded libraries"),
    missing!(&["show", "profiling"], Admin, "show profiling", "show profiling", "profiling"),
    missing!(&["show", "quic"], Operator, "show quic", "show quic", "QUIC"),
    missing!(&["show", "ssl", "ocsp-response"], Operator, "show ssl ocsp-response", "show TLS ocsp-response", "certificates changed while running"),
    missing!(&["show", "ssl", "ocsp-updates"], Operator, "show ssl ocsp-updates", "show TLS ocsp-updates", "certificates changed while running"),
    missing!(&["show", "ssl", "providers"], Operator, "show ssl providers", "show TLS providers", "certificates changed while running"),
    missing!(&["show", "tasks"], User, "show tasks", "show tasks", "tasks"),
    missing!(&["show", "threads"], User, "show threads", "show threads", "thread internals"),
    missing!(&["show", "tls-keys"], User, "show tls-keys [id|*]", "show tls-keys", "TLS ticket keys"),
    missing!(&["show", "trace"], Operator, "show trace [<module>]", "show trace", "traces"),
    missing!(&["trace"], Operator, "trace [<module>|0] [cmd [args...]]", "trace what happens", "traces"),
    missing!(&["update", "ssl", "ocsp-response"], Admin, "update ssl ocsp-response", "renew TLS ocsp-response", "certificates changed while running"),
];
