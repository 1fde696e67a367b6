//! The rows themselves, in the order of the help text.

use super::Takes::{Attached, AttachedOrNext, Next, Nothing, Pids};
use super::{Farewell, Mode, Options, Row, Stop};
use crate::classic::version;
use hapax_value::leading_number;

pub(crate) static ROWS: &[Row] = &[
    Row {
        flag: "v",
        takes: Attached,
        help: "displays version ; -vv shows what this program was built with ; -vq/-vqs/-vqb only the version, short version, branch.",
        set: |_, rest| Err(Stop::Print(version::asked(rest))),
    },
    Row {
        flag: "f",
        takes: Next,
        help: "",
        set: |o, v| {
            o.files.push(v.to_owned());
            Ok(())
        },
    },
    Row {
        flag: "d",
        takes: Nothing,
        help: "enters debug mode ; -db only disables background mode.",
        set: |o, _| {
            o.debug = true;
            Ok(())
        },
    },
    Row {
        flag: "db",
        takes: Nothing,
        help: "",
        set: |o, _| {
            o.foreground = true;
            Ok(())
        },
    },
    Row {
        flag: "dM",
        takes: Attached,
        help: "[<byte>,help,...] memory debugging: accepted, memory here cannot be poisoned",
        set: |o, v| {
            if v.split(',').any(|w| w == "help") {
                return Err(Stop::Print(
                    "-dM: no memory debugging option has an effect in this program.\n".to_owned(),
                ));
            }
            o.has_no_effect("-dM", "memory safety does not rest on pools that could be poisoned");
            Ok(())
        },
    },
    Row {
        flag: "dt",
        takes: AttachedOrNext,
        help: "activates traces on stderr: accepted",
        set: |o, _| {
            o.has_no_effect("-dt", "there are no trace sources yet");
            Ok(())
        },
    },
    Row {
        flag: "V",
        takes: Nothing,
        help: "enters verbose mode (disables quiet mode)",
        set: |o, _| {
            o.verbose = true;
            Ok(())
        },
    },
    Row {
        flag: "D",
        takes: Nothing,
        help: "goes daemon ; -C changes to <dir> before loading files.",
        set: |o, _| {
            o.daemon = true;
            Ok(())
        },
    },
    Row {
        flag: "C",
        takes: Next,
        help: "",
        set: |o, v| {
            o.directory = Some(v.to_owned());
            Ok(())
        },
    },
    Row {
        flag: "W",
        takes: Nothing,
        help: "master-worker mode.",
        set: |o, _| {
            o.master = true;
            Ok(())
        },
    },
    Row {
        flag: "Ws",
        takes: Nothing,
        help: "master-worker mode with systemd notify support.",
        set: |o, _| {
            o.master = true;
            o.systemd = true;
            o.foreground = true;
            Ok(())
        },
    },
    Row {
        flag: "q",
        takes: Nothing,
        help: "quiet mode : don't display messages",
        set: |o, _| {
            o.quiet = true;
            Ok(())
        },
    },
    Row {
        flag: "c",
        takes: Nothing,
        help: "check mode : only check config files and exit",
        set: |o, _| {
            o.mode = Mode::Check;
            Ok(())
        },
    },
    Row {
        flag: "cc",
        takes: Next,
        help: "check condition : evaluate a condition and exit",
        set: |o, v| {
            o.mode = Mode::Condition(v.to_owned());
            Ok(())
        },
    },
    Row {
        flag: "4",
        takes: Nothing,
        help: "resolvers consider IPv4 responses only",
        set: |o, _| {
            o.ipv4_only = true;
            Ok(())
        },
    },
    Row {
        flag: "n",
        takes: Next,
        help: "sets the maximum total # of connections",
        set: |o, v| {
            o.maxconn = Some(leading_number(v).max(0) as u32);
            Ok(())
        },
    },
    Row {
        flag: "m",
        takes: Next,
        help: "limits the usable amount of memory (in MB)",
        set: |o, v| {
            o.memory_mb = u64::try_from(leading_number(v)).ok().filter(|n| *n > 0);
            Ok(())
        },
    },
    Row {
        flag: "N",
        takes: Next,
        help: "sets the default, per-proxy maximum # of connections",
        set: |o, v| {
            o.proxy_maxconn = Some(leading_number(v).max(0) as u32).filter(|n| *n > 0);
            Ok(())
        },
    },
    Row {
        flag: "L",
        takes: Next,
        help: "set local peer name (default to hostname)",
        set: |o, v| {
            o.local_peer = Some(v.to_owned());
            Ok(())
        },
    },
    Row {
        flag: "p",
        takes: Next,
        help: "writes the pid to this file",
        set: |o, v| {
            o.pid_file = Some(v.to_owned());
            Ok(())
        },
    },
    Row {
        flag: "dC",
        takes: Attached,
        help: "[[key],line] displays the configuration file: accepted, see 'hapax fmt'",
        set: |o, _| {
            o.has_no_effect("-dC", "'hapax fmt' shows the configuration as it is understood");
            Ok(())
        },
    },
    Row {
        flag: "de",
        takes: Nothing,
        help: "disables epoll() usage: accepted",
        set: |o, _| {
            o.has_no_effect("-de", "epoll is the only poller");
            Ok(())
        },
    },
    Row {
        flag: "dp",
        takes: Nothing,
        help: "disables poll() usage: accepted",
        set: |o, _| {
            o.has_no_effect("-dp", "epoll is the only poller");
            Ok(())
        },
    },
    Row {
        flag: "dS",
        takes: Nothing,
        help: "disables splice usage",
        set: |o, _| {
            o.no_splice = true;
            Ok(())
        },
    },
    Row {
        flag: "dG",
        takes: Nothing,
        help: "disables getaddrinfo() usage: accepted",
        set: |o, _| {
            o.has_no_effect("-dG", "names are resolved by the system's resolver");
            Ok(())
        },
    },
    Row {
        flag: "dR",
        takes: Nothing,
        help: "disables SO_REUSEPORT usage",
        set: |o, _| {
            o.no_reuseport = true;
            Ok(())
        },
    },
    Row {
        flag: "dL",
        takes: Nothing,
        help: "dumps loaded object files after config checks",
        set: |o, _| {
            o.dump_libraries = true;
            Ok(())
        },
    },
    Row {
        flag: "dA",
        takes: Attached,
        help: "[file] collects libs into a tar file: accepted",
        set: |o, v| {
            if v.is_empty() {
                return Err(Stop::Alert("-dA: missing output file name".to_owned()));
            }
            o.has_no_effect("-dA", "-dL lists the few libraries there are");
            Ok(())
        },
    },
    Row {
        flag: "dc",
        takes: Nothing,
        help: "dumps the list of selected and evicted CPUs: accepted",
        set: |o, _| {
            o.has_no_effect("-dc", "threads use the CPUs that 'cpu-map' or the system give them");
            Ok(())
        },
    },
    Row {
        flag: "dK",
        takes: Attached,
        help: "{class[,...]} dump registered keywords (use 'help' for list)",
        set: |o, v| {
            o.dump_keywords = Some(v.to_owned());
            Ok(())
        },
    },
    Row {
        flag: "dr",
        takes: Nothing,
        help: "ignores server address resolution failures",
        set: |o, _| {
            o.has_no_effect("-dr", "a server whose name does not resolve starts down");
            Ok(())
        },
    },
    Row {
        flag: "dV",
        takes: Nothing,
        help: "disables SSL verify on servers side",
        set: |o, _| {
            o.no_server_verify = true;
            Ok(())
        },
    },
    Row {
        flag: "dW",
        takes: Nothing,
        help: "fails if any warning is emitted",
        set: |o, _| {
            o.zero_warning = true;
            Ok(())
        },
    },
    Row {
        flag: "dD",
        takes: Nothing,
        help: "diagnostic mode : warn about suspicious configuration statements",
        set: |o, _| {
            o.diag = true;
            Ok(())
        },
    },
    Row {
        flag: "dF",
        takes: Nothing,
        help: "disable fast-forward",
        set: no_zero_copy,
    },
    Row {
        flag: "dI",
        takes: Nothing,
        help: "enable insecure fork: accepted",
        set: |o, _| {
            o.has_no_effect("-dI", "this program never forks once it runs");
            Ok(())
        },
    },
    Row {
        flag: "dZ",
        takes: Nothing,
        help: "disable zero-copy forwarding",
        set: no_zero_copy,
    },
    Row {
        flag: "dT",
        takes: Nothing,
        help: "disable kTLS: accepted",
        set: |o, _| {
            o.has_no_effect("-dT", "TLS is never handed to the kernel");
            Ok(())
        },
    },
    Row {
        flag: "sf",
        takes: Pids,
        help: "/-st [pid ]* finishes/terminates old pids.",
        set: |o, _| {
            o.farewell = Some(Farewell::Finish);
            Ok(())
        },
    },
    Row {
        flag: "st",
        takes: Pids,
        help: "",
        set: |o, _| {
            o.farewell = Some(Farewell::Terminate);
            Ok(())
        },
    },
    Row {
        flag: "x",
        takes: Next,
        help: "<unix_socket> get listening sockets from a unix socket",
        set: |o, v| {
            o.old_socket = Some(v.to_owned());
            Ok(())
        },
    },
    Row {
        flag: "S",
        takes: Next,
        help: "<bind>[,<bind options>...] new master CLI",
        set: |o, v| {
            o.master_socket = Some(v.to_owned());
            Ok(())
        },
    },
];

#[allow(clippy::unnecessary_wraps, reason = "the shape of every row's setter")]
fn no_zero_copy(o: &mut Options, _: &str) -> Result<(), Stop> {
    o.no_splice = true;
    Ok(())
}
