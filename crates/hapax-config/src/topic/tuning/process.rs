//! The process: its privileges, its exit, its debugging aids, its shared statistics.

use hapax_diag::Diagnostic;

use crate::args::Args;
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::once::Once;
use crate::plan::DnsFamilies;
use crate::reader::Reader;
use crate::shape::{Shape, list};
use crate::topic::{Topic, no_inherit};
use crate::units::{TIMER_MAX, Unit};

pub(in crate::topic) static TOPIC: Topic = Topic {
    name: "process",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("anonkey", Sections::GLOBAL)
        .usage("<key>")
        .shape(Shape::Long(0, u32::MAX as i64))
        .lenient()
        .doc("Key that hides names and addresses in dumps.")
        .since(2, 7)
        .not_yet("anonymised output")
        .ok(&["anonkey 1 2", "anonkey 4294967295"])
        .bad(&["anonkey", "anonkey 4294967296"]),
    Row::new("close-spread-time", Sections::GLOBAL)
        .usage("{ <time> | infinite }")
        .shape(Shape::TimeOr("infinite", Unit::Ms, TIMER_MAX))
        .lenient()
        .doc("Time over which idle connections are closed when the process stops.")
        .since(2, 6)
        .not_yet("spreading of closes on a soft stop")
        .ok(&["close-spread-time 1s x", "close-spread-time 10s", "close-spread-time infinite"])
        .bad(&["close-spread-time", "close-spread-time x"]),
    Row::new("dns-accept-family", Sections::GLOBAL)
        .usage("<family>[,...]")
        .shape(Shape::Word("<family>[,...]"))
        .doc("Address families that name servers are asked for: `ipv4`, `ipv6`, or `auto`, which is IPv6 only where the machine has a way for it; `auto` by default.")
        .since(3, 2)
        .ok(&["dns-accept-family ipv4,ipv6", "dns-accept-family auto"])
        .bad(&["dns-accept-family", "dns-accept-family one two", "dns-accept-family ipv5"])
        .set(|cx, a| {
            let mut families = DnsFamilies { v4: false, v6: false };
            let mut auto = false;
            for word in a.str(0).split(',') {
                match word {
                    "ipv4" => families.v4 = true,
                    "ipv6" => families.v6 = true,
                    "auto" => auto = true,
                    other => return Err(a.bad(0, format!("'dns-accept-family' expects 'ipv4', 'ipv6' or 'auto', found '{other}'."))),
                }
            }
            cx.global.dns_families = (!auto).then_some(families);
            Ok(())
        }),
    Row::new("expose-deprecated-directives", Sections::GLOBAL)
        .read_first()
        .shape(Shape::Nothing)
        .doc("Silences the warnings of deprecated words.")
        .since(3, 0)
        .ok(&["expose-deprecated-directives"])
        .bad(&["expose-deprecated-directives extra"]),
    Row::new("expose-experimental-directives", Sections::GLOBAL)
        .shape(Shape::Nothing)
        .doc("Allows words that HAProxy calls experimental.")
        .ok(&["expose-experimental-directives"])
        .bad(&["expose-experimental-directives extra"])
        .set(|cx, _| {
            cx.experimental = true;
            Ok(())
        }),
    Row::new("force-cfg-parser-pause", Sections::GLOBAL)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .doc("Debugging: pauses the reading of the configuration.")
        .since(3, 1)
        .no_effect("reading a configuration is not slowed down on purpose")
        .experimental()
        .ok(&["force-cfg-parser-pause 100ms"])
        .bad(&["force-cfg-parser-pause", "force-cfg-parser-pause 5x"]),
    Row::new("external-check", Sections::GLOBAL)
        .usage("[preserve-env]")
        .shape(Shape::Each(0, 1, &["preserve-env"]))
        .doc("Allows health checks that run a program; `preserve-env` hands them our environment.")
        .ok(&["external-check", "external-check preserve-env"])
        .bad(&["external-check x", "external-check preserve-env x"])
        .set(|cx, a| {
            cx.global.external_check = true;
            cx.global.external_check_env = a.str(0) == "preserve-env";
            Ok(())
        }),
    Row::new("insecure-fork-wanted", Sections::GLOBAL)
        .shape(Shape::Nothing)
        .doc("Allows programs to be started while serving; a warning of `option external-check` depends on it, the programs do not.")
        .negatable()
        .ok(&["insecure-fork-wanted"])
        .bad(&["insecure-fork-wanted extra"])
        .set(|cx, a| {
            cx.fork_wanted = !a.negated();
            Ok(())
        }),
    Row::new("insecure-setuid-wanted", Sections::GLOBAL)
        .shape(Shape::Nothing)
        .doc("Allows programs started by the process to change users.")
        .no_effect("setuid programs are not barred")
        .ok(&["insecure-setuid-wanted"])
        .bad(&["insecure-setuid-wanted extra"]),
    Row::new("mworker-max-reloads", Sections::GLOBAL)
        .read_first()
        .usage("<number>")
        .shape(Shape::Lax(0, i64::MAX))
        .doc("Reloads after which an old worker is stopped by force.")
        .not_yet("a limit of reloads an old worker survives")
        .ok(&["mworker-max-reloads 10"])
        .bad(&["mworker-max-reloads"]),
    Row::new("nogetaddrinfo", Sections::GLOBAL)
        .shape(Shape::Nothing)
        .doc("Resolves names without getaddrinfo.")
        .no_effect("names are always resolved with getaddrinfo")
        .ok(&["nogetaddrinfo"])
        .bad(&["nogetaddrinfo extra"]),
    Row::new("noreuseport", Sections::GLOBAL)
        .shape(Shape::Nothing)
        .doc("Does not use SO_REUSEPORT.")
        .no_effect("workers share an address through SO_REUSEPORT")
        .ok(&["noreuseport"])
        .bad(&["noreuseport extra"]),
    Row::new("nosplice", Sections::GLOBAL)
        .shape(Shape::Nothing)
        .doc("Does not splice.")
        .no_effect("data is spliced wherever both connections are plain TCP; `-dS` turns it off")
        .ok(&["nosplice"])
        .bad(&["nosplice extra"]),
    Row::new("pp2-never-send-local", Sections::GLOBAL)
        .shape(Shape::Nothing)
        .doc("Health checks announce the address of the check rather than LOCAL.")
        .not_yet("the LOCAL form of PROXY v2")
        .ok(&["pp2-never-send-local"])
        .bad(&["pp2-never-send-local extra"]),
    Row::new("quick-exit", Sections::GLOBAL)
        .shape(Shape::Nothing)
        .doc("Exits without freeing memory.")
        .since(2, 7)
        .no_effect("exiting frees nothing that takes time")
        .ok(&["quick-exit"])
        .bad(&["quick-exit extra"]),
    Row::new("setcap", Sections::GLOBAL)
        .usage("<name>[,<name>...]")
        .shape(Shape::Word("one word"))
        .lenient()
        .doc("Capabilities kept after privileges are dropped.")
        .since(2, 9)
        .not_yet("capabilities")
        .ok(&["setcap cap_net_raw cap_net_admin", "setcap cap_net_bind_service"])
        .bad(&["setcap", "setcap cap_chown"])
        .set(capabilities),
    Row::new("set-dumpable", Sections::GLOBAL)
        .usage("[ on | off | libs ]")
        .shape(Shape::Each(0, 1, &["on", "off", "libs"]))
        .doc("Allows core dumps.")
        .negatable()
        .not_yet("core dumps")
        .ok(&["set-dumpable", "set-dumpable off"])
        .bad(&["set-dumpable x", "set-dumpable on x"]),
    Row::new("shm-stats-file", Sections::GLOBAL)
        .once(Once::refused("already specified."))
        .usage("<name>")
        .shape(Shape::Word("<name>"))
        .lenient()
        .doc("Shared memory that keeps counters across reloads.")
        .since(3, 3)
        .not_yet("statistics kept across reloads")
        .ok(&["shm-stats-file one two", "shm-stats-file /dev/shm/hapax"])
        .bad(&["shm-stats-file"]),
    Row::new("shm-stats-file-max-objects", Sections::GLOBAL)
        .once(Once::refused("already specified."))
        .usage("<number>")
        .shape(Shape::Lax(i64::MIN, i64::MAX))
        .lenient()
        .doc("Objects the shared memory has room for.")
        .since(3, 3)
        .not_yet("statistics kept across reloads")
        .ok(&["shm-stats-file-max-objects 0 x", "shm-stats-file-max-objects 10"])
        .bad(&[
            "shm-stats-file-max-objects",
            ]),
    Row::new("stats-file", Sections::GLOBAL)
        .usage("<path>")
        .shape(Shape::Word("<path>"))
        .lenient()
        .doc("File of counters to start from, as `dump stats-file` writes it: those of proxies and servers with a `guid`.")
        .since(3, 0)
        .partial("counters of single listeners are not kept")
        .ok(&["stats-file one two", "stats-file /var/lib/hapax/stats"])
        .bad(&["stats-file"])
        .set(|cx, a| {
            cx.global.stats_file = Some(a.show(0));
            Ok(())
        }),
    Row::new("strict-limits", Sections::GLOBAL)
        .shape(Shape::Nothing)
        .doc("Refuses to start when limits cannot be raised.")
        .negatable()
        .no_effect("limits that cannot be set are warnings")
        .ok(&["strict-limits"])
        .bad(&["strict-limits extra"]),
    Row::new("stress-level", Sections::GLOBAL)
        .usage("<level>")
        .shape(Shape::Number(0, 9))
        .doc("Debugging: makes rare situations more frequent.")
        .since(3, 2)
        .no_effect("there are no stress points")
        .ok(&["stress-level 0"])
        .bad(&["stress-level", "stress-level many", "stress-level 10"]),
    Row::new("profiling.tasks", Sections::GLOBAL)
        .usage("{ auto | on | off | lock | no-lock | memory | no-memory }...")
        .shape(Shape::Each(1, 8, &["auto", "on", "off", "lock", "no-lock", "memory", "no-memory"]))
        .doc("Measures the time tasks take.")
        .no_effect("tasks are not profiled")
        .ok(&["profiling.tasks auto", "profiling.tasks on lock"])
        .bad(&["profiling.tasks", "profiling.tasks x", "profiling.tasks on x"]),
    Row::new("profiling.memory", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("Measures memory use by function.")
        .no_effect("allocations are not profiled")
        .ok(&["profiling.memory on", "profiling.memory off"])
        .bad(&["profiling.memory", "profiling.memory maybe"]),
    Row::new("debug.counters", Sections::GLOBAL)
        .since(3, 2)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("Debugging: counts events in the code.")
        .no_effect("there are no code counters")
        .ok(&["debug.counters on", "debug.counters off"])
        .bad(&["debug.counters", "debug.counters maybe"]),
    Row::new("cluster-secret", Sections::GLOBAL)
        .once(Once::LOUD)
        .usage("<secret>")
        .shape(Shape::Word("<secret>"))
        .doc("Secret shared by the nodes of a cluster.")
        .since(2, 6)
        .no_effect("only QUIC derives keys from it")
        .ok(&["cluster-secret swordfish"])
        .bad(&["cluster-secret", "cluster-secret one two"]),
    Row::new("max-spread-checks", Sections::GLOBAL)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .doc("Longest time over which the first health checks are spread.")
        .ok(&["max-spread-checks 100ms"])
        .bad(&["max-spread-checks", "max-spread-checks 5x"])
        .set(|cx, a| {
            cx.global.max_spread_checks = a.millis();
            Ok(())
        }),
    Row::new("server-state-base", Sections::GLOBAL)
        .once(Once::LOUD)
        .usage("<directory>")
        .shape(Shape::Word("<directory>"))
        .lenient()
        .doc("Folder of server state files.")
        .ok(&["server-state-base one two", "server-state-base /var/lib/hapax"])
        .bad(&["server-state-base"])
        .set(|cx, a| {
            cx.global.server_state_base = Some(a.show(0));
            Ok(())
        }),
    Row::new("server-state-file", Sections::GLOBAL)
        .once(Once::LOUD)
        .usage("<file>")
        .shape(Shape::Word("<file>"))
        .lenient()
        .doc("File of the state servers start from.")
        .ok(&["server-state-file one two", "server-state-file global"])
        .bad(&["server-state-file"])
        .set(|cx, a| {
            cx.global.server_state_file = Some(a.show(0));
            Ok(())
        }),
    Row::new("unix-bind", Sections::GLOBAL)
        .usage("[prefix <prefix>] [mode <mode>] [user <user>] [uid <uid>] [group <group>] [gid <gid>]")
        .shape(Shape::Words(0, 10))
        .doc("Defaults of UNIX `bind` lines.")
        .ok(&["unix-bind prefix /run/hapax mode 660 user root"])
        .bad(&["unix-bind x", "unix-bind mode", "unix-bind user no-such-user"])
        .set(unix_bind),
    Row::new("harden.reject-privileged-ports.tcp", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .lenient()
        .doc("Refuses TCP connections that come from a privileged port.")
        .since(3, 0)
        .not_yet("refusal of privileged source ports")
        .ok(&["harden.reject-privileged-ports.tcp on x", "harden.reject-privileged-ports.tcp on", "harden.reject-privileged-ports.tcp off"])
        .bad(&["harden.reject-privileged-ports.tcp", "harden.reject-privileged-ports.tcp maybe"]),
    Row::new("acme.scheduler", Sections::GLOBAL)
        .usage("{ auto | off }")
        .shape(Shape::OneOf(&["auto", "off"]))
        .doc("Whether certificates are renewed on their own.")
        .since(3, 2)
        .not_yet("ACME")
        .ok(&["acme.scheduler auto", "acme.scheduler off"])
        .bad(&["acme.scheduler", "acme.scheduler other"]),
];

/// The defaults of UNIX sockets: pairs of a word and its value.
fn unix_bind(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    for i in (0..a.len()).step_by(2) {
        if !matches!(a.str(i), "prefix" | "mode" | "user" | "uid" | "group" | "gid") {
            return Err(a.bad(
                i,
                "'unix-bind' only supports the 'prefix', 'mode', 'uid', 'gid', 'user' and 'group' options.",
            ));
        }
        if a.len() <= i + 1 {
            return Err(a.missing(format!("'unix-bind' : missing value after '{}'.", a.str(i))));
        }
        let value = a.str(i + 1);
        // As HAProxy reads it: the digits at the start, and nothing where there are none.
        let number = |radix| {
            let digits = value.find(|c: char| !c.is_digit(radix)).map_or(value, |end| &value[..end]);
            u32::from_str_radix(digits, radix).unwrap_or(0)
        };
        let (user, group) = (crate::accounts::user(cx.files, value), crate::accounts::group(cx.files, value));
        let set = &mut cx.global.unix_bind;
        match a.str(i) {
            "prefix" => set.prefix = Some(value.to_owned()),
            "mode" => set.mode = Some(number(8)),
            "uid" => set.uid = Some(number(10)),
            "gid" => set.gid = Some(number(10)),
            "user" if user.is_some() => set.uid = user,
            "group" if group.is_some() => set.gid = group,
            name => {
                let message = format!("'unix-bind' : unknown {name} name '{value}'.");
                cx.diags.push(a.bad(i + 1, message).missing());
            }
        }
    }
    Ok(())
}

const CAPABILITIES: &[&str] = &["cap_net_raw", "cap_net_admin", "cap_net_bind_service", "cap_sys_admin"];

fn capabilities(_: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    match a.str(0).split(',').find(|name| !CAPABILITIES.contains(name)) {
        Some(other) => Err(a.bad(
            0,
            format!("'setcap' : unsupported capability '{other}'; there are {}.", list(CAPABILITIES)),
        )),
        None => Ok(()),
    }
}
