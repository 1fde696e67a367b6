//! Scheduling, polling and accepting: how a worker divides its time. The runtime is tokio, one single-threaded worker per thread.

use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::once::Once;
use crate::shape::Shape;
use crate::topic::{Topic, no_inherit};
use crate::units::Unit;

pub(in crate::topic) static TOPIC: Topic = Topic {
    name: "scheduler",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("tune.runqueue-depth", Sections::GLOBAL)
        .once(Once::WARNED)
        .usage("<number>")
        .shape(Shape::Lax(i64::MIN, i64::MAX))
        .doc("Tasks run in one go before the poller is asked again.")
        .no_effect("the scheduler is tokio's")
        .ok(&["tune.runqueue-depth 10"])
        .bad(&["tune.runqueue-depth 1 2", "tune.runqueue-depth"]),
    Row::new("tune.sched.low-latency", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("Favours short waits over throughput when picking tasks.")
        .no_effect("the scheduler is tokio's")
        .ok(&["tune.sched.low-latency on", "tune.sched.low-latency off"])
        .bad(&["tune.sched.low-latency", "tune.sched.low-latency maybe"]),
    Row::new("tune.maxpollevents", Sections::GLOBAL)
        .once(Once::WARNED)
        .usage("<number>")
        .shape(Shape::Lax(i64::MIN, 1_000_000))
        .doc("Events taken from the poller in one call.")
        .no_effect("the poller is tokio's")
        .ok(&["tune.maxpollevents 1000000"])
        .bad(&["tune.maxpollevents", "tune.maxpollevents 1000001"]),
    Row::new("tune.epoll.mask-events", Sections::GLOBAL)
        .usage("<event>[,...]")
        .shape(Shape::OptWord("<event>[,...]"))
        .doc("Debugging: kernel events that the poller leaves out.")
        .since(3, 2)
        .no_effect("the poller is tokio's")
        .set(|_, a| {
            let known = ["err", "hup", "rdhup"];
            match a.str(0).split(',').find(|w| !a.is_empty() && !known.contains(w)) {
                None => Ok(()),
                Some(w) => {
                    let list = "a comma-delimited list of 'err', 'hup' and 'rdhup'";
                    Err(a.bad(0, format!("'{}' expects {list} but got '{w}'.", a.name)))
                }
            }
        })
        .ok(&["tune.epoll.mask-events", "tune.epoll.mask-events err,hup"])
        .bad(&["tune.epoll.mask-events err,other", "tune.epoll.mask-events one two"]),
    Row::new("tune.fd.edge-triggered", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("Polls sockets edge-triggered.")
        .no_effect("sockets are always polled edge-triggered")
        .experimental()
        .ok(&["tune.fd.edge-triggered on", "tune.fd.edge-triggered off"])
        .bad(&["tune.fd.edge-triggered", "tune.fd.edge-triggered maybe"]),
    Row::new("tune.fd.tables", Sections::GLOBAL)
        .usage("{ shared | per-thread-group }")
        .shape(Shape::OneOf(&["shared", "per-thread-group"]))
        .doc("Whether thread groups have file tables of their own.")
        .since(3, 5)
        .no_effect("the process has one file table")
        .experimental()
        .ok(&["tune.fd.tables shared", "tune.fd.tables per-thread-group"])
        .bad(&["tune.fd.tables", "tune.fd.tables other"]),
    Row::new("tune.max-rules-at-once", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Lax(0, i64::MAX))
        .doc("Rules evaluated before giving way to other work.")
        .since(3, 2)
        .no_effect("rule sets run in one go, bounded by their length")
        .ok(&["tune.max-rules-at-once 10"])
        .bad(&["tune.max-rules-at-once"]),
    Row::new("tune.max-checks-per-thread", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::OptLax(i64::MIN, i64::MAX))
        .doc("Health checks under way at once for each thread, above which others wait; 0: as many as there are.")
        .since(2, 9)
        .ok(&["tune.max-checks-per-thread 10"])
        .bad(&["tune.max-checks-per-thread 1 2"])
        .set(|cx, a| {
            cx.global.max_checks_per_thread = u32::try_from(a.number()).unwrap_or(u32::MAX);
            Ok(())
        }),
    Row::new("tune.listener.default-shards", Sections::GLOBAL)
        .usage("{ by-process | by-thread | by-group }")
        .shape(Shape::OneOf(&["by-process", "by-thread", "by-group"]))
        .doc("How many sockets a `bind` line opens when it does not say.")
        .since(2, 8)
        .no_effect("every worker has its own listening socket")
        .ok(&[
            "tune.listener.default-shards by-process",
            "tune.listener.default-shards by-thread",
            "tune.listener.default-shards by-group",
        ])
        .bad(&["tune.listener.default-shards", "tune.listener.default-shards other"]),
    Row::new("tune.listener.multi-queue", Sections::GLOBAL)
        .usage("{ on | fair | off }")
        .shape(Shape::OneOf(&["on", "fair", "off"]))
        .doc("How connections are spread over threads.")
        .no_effect("the kernel spreads connections over the workers' sockets")
        .ok(&[
            "tune.listener.multi-queue on",
            "tune.listener.multi-queue fair",
            "tune.listener.multi-queue off",
        ])
        .bad(&["tune.listener.multi-queue", "tune.listener.multi-queue other"]),
    Row::new("tune.idletimer", Sections::GLOBAL)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, 65535))
        .doc("Silence after which a stream counts as idle, so that its next TLS records are small again.")
        .not_yet("sizing of TLS records after a pause")
        .ok(&["tune.idletimer 100ms"])
        .bad(&["tune.idletimer", "tune.idletimer 5x"]),
    Row::new("tune.renice.runtime", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::OptNumber(-20, 19))
        .doc("Priority (nice value) of the process once it runs.")
        .since(3, 1)
        .ok(&["tune.renice.runtime", "tune.renice.runtime -20"])
        .bad(&["tune.renice.runtime many", "tune.renice.runtime 20", "tune.renice.runtime -21"])
        .set(|cx, a| {
            cx.global.nice = i32::try_from(a.number()).ok();
            Ok(())
        }),
    Row::new("tune.renice.startup", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::OptNumber(-20, 19))
        .doc("Priority (nice value) of the process while it starts.")
        .since(3, 1)
        .not_yet("process priorities")
        .ok(&["tune.renice.startup", "tune.renice.startup -20"])
        .bad(&["tune.renice.startup many", "tune.renice.startup 20", "tune.renice.startup -21"]),
    Row::new("tune.takeover-other-tg-connections", Sections::GLOBAL)
        .usage("{ none | restricted | full }")
        .shape(Shape::OneOf(&["none", "restricted", "full"]))
        .doc("Whether a thread may take idle connections of other thread groups.")
        .since(3, 2)
        .no_effect("there are no thread groups: `tune.idle-pool.shared` says what threads share")
        .ok(&[
            "tune.takeover-other-tg-connections none",
            "tune.takeover-other-tg-connections restricted",
            "tune.takeover-other-tg-connections full",
        ])
        .bad(&["tune.takeover-other-tg-connections", "tune.takeover-other-tg-connections other"]),
    Row::new("tune.idle-pool.shared", Sections::GLOBAL)
        .usage("{ full | on | off }")
        .shape(Shape::OneOf(&["full", "on", "off"]))
        .doc("Whether threads share idle connections to servers.")
        .ok(&[
            "tune.idle-pool.shared full",
            "tune.idle-pool.shared on",
            "tune.idle-pool.shared off",
        ])
        .bad(&["tune.idle-pool.shared", "tune.idle-pool.shared other"])
        .set(|cx, a| {
            cx.global.share_idle = a.str(0) != "off";
            Ok(())
        }),
    Row::new("tune.pool-high-fd-ratio", Sections::GLOBAL)
        .usage("<percent>")
        .shape(Shape::Lax(0, 100))
        .doc("Share of descriptors in use above which idle connections are closed to make room.")
        .ok(&["tune.pool-high-fd-ratio 100"])
        .bad(&["tune.pool-high-fd-ratio", "tune.pool-high-fd-ratio 101"])
        .set(|cx, a| {
            cx.global.pool_high_fds = a.number() as u32;
            Ok(())
        }),
    Row::new("tune.pool-low-fd-ratio", Sections::GLOBAL)
        .usage("<percent>")
        .shape(Shape::Lax(0, 100))
        .doc("Share of descriptors in use above which connections are no longer kept idle.")
        .ok(&["tune.pool-low-fd-ratio 100"])
        .bad(&["tune.pool-low-fd-ratio", "tune.pool-low-fd-ratio 101"])
        .set(|cx, a| {
            cx.global.pool_low_fds = a.number() as u32;
            Ok(())
        }),
    Row::new("busy-polling", Sections::GLOBAL)
        .shape(Shape::Nothing)
        .doc("Never sleeps while polling: less latency, more power.")
        .negatable()
        .no_effect("the poller is tokio's")
        .ok(&["busy-polling"])
        .bad(&["busy-polling extra"]),
    Row::new("noepoll", Sections::GLOBAL)
        .read_first()
        .shape(Shape::Nothing)
        .doc("Does not use epoll.")
        .no_effect("epoll is the only poller")
        .ok(&["noepoll"])
        .bad(&["noepoll extra"]),
    Row::new("nopoll", Sections::GLOBAL)
        .read_first()
        .shape(Shape::Nothing)
        .doc("Does not use poll.")
        .no_effect("epoll is the only poller")
        .ok(&["nopoll"])
        .bad(&["nopoll extra"]),
    Row::new("nokqueue", Sections::GLOBAL)
        .read_first()
        .shape(Shape::Nothing)
        .doc("Does not use kqueue.")
        .no_effect("epoll is the only poller")
        .ok(&["nokqueue"])
        .bad(&["nokqueue extra"]),
    Row::new("noevports", Sections::GLOBAL)
        .read_first()
        .shape(Shape::Nothing)
        .doc("Does not use event ports.")
        .no_effect("epoll is the only poller")
        .ok(&["noevports"])
        .bad(&["noevports extra"]),
    Row::new("no-memory-trimming", Sections::GLOBAL)
        .shape(Shape::Nothing)
        .doc("Does not give memory back to the system on reload.")
        .since(2, 6)
        .no_effect("memory is never trimmed explicitly")
        .ok(&["no-memory-trimming"])
        .bad(&["no-memory-trimming extra"]),
    Row::new("warn-blocked-traffic-after", Sections::GLOBAL)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, 1000))
        .lenient()
        .doc("Time after which a task that blocks traffic is reported.")
        .since(3, 1)
        .not_yet("a watchdog for blocked workers")
        .ok(&["warn-blocked-traffic-after 100ms x", "warn-blocked-traffic-after 100ms"])
        .bad(&["warn-blocked-traffic-after", "warn-blocked-traffic-after 5x"]),
];
