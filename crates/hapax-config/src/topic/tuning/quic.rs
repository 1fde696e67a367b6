//! QUIC and HTTP/3. Nothing listens with QUIC, so that its settings have nothing to act on.

use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;
use crate::topic::{Topic, no_inherit};
use crate::units::{TIMER_MAX, Unit};

const QUIC: &str = "nothing listens or connects with QUIC";

pub(in crate::topic) static TOPIC: Topic = Topic {
    name: "quic",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("limited-quic", Sections::GLOBAL)
        .shape(Shape::Nothing)
        .doc("Allows QUIC with a TLS library that lacks part of what it needs.")
        .since(2, 9)
        .not_yet("QUIC")
        .ok(&["limited-quic"])
        .bad(&["no limited-quic", "limited-quic extra"])
        .set(|cx, a| {
            cx.limited_quic = !a.negated();
            Ok(())
        }),
    Row::new("tune.quic.be.cc.cubic-min-losses", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Number(1, i64::MAX))
        .doc("Lost packets that count as one loss event, towards servers.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.be.cc.cubic-min-losses 10"])
        .bad(&[
            "tune.quic.be.cc.cubic-min-losses",
            "tune.quic.be.cc.cubic-min-losses many",
            "tune.quic.be.cc.cubic-min-losses 0",
        ]),
    Row::new("tune.quic.fe.cc.cubic-min-losses", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Number(1, i64::MAX))
        .doc("Lost packets that count as one loss event, towards clients.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.fe.cc.cubic-min-losses 10"])
        .bad(&[
            "tune.quic.fe.cc.cubic-min-losses",
            "tune.quic.fe.cc.cubic-min-losses many",
            "tune.quic.fe.cc.cubic-min-losses 0",
        ]),
    Row::new("tune.quic.be.cc.hystart", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("HyStart++ towards servers.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.be.cc.hystart on", "tune.quic.be.cc.hystart off"])
        .bad(&["tune.quic.be.cc.hystart", "tune.quic.be.cc.hystart maybe"]),
    Row::new("tune.quic.fe.cc.hystart", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("HyStart++ towards clients.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.fe.cc.hystart on", "tune.quic.fe.cc.hystart off"])
        .bad(&["tune.quic.fe.cc.hystart", "tune.quic.fe.cc.hystart maybe"]),
    Row::new("tune.quic.be.cc.max-frame-loss", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Number(0, i64::MAX))
        .doc("Losses of one frame after which a server connection is closed.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.be.cc.max-frame-loss 10"])
        .bad(&["tune.quic.be.cc.max-frame-loss", "tune.quic.be.cc.max-frame-loss many"]),
    Row::new("tune.quic.fe.cc.max-frame-loss", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Number(0, i64::MAX))
        .doc("Losses of one frame after which a client connection is closed.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.fe.cc.max-frame-loss 10"])
        .bad(&["tune.quic.fe.cc.max-frame-loss", "tune.quic.fe.cc.max-frame-loss many"]),
    Row::new("tune.quic.be.cc.max-win-size", Sections::GLOBAL)
        .usage("<size>")
        .shape(Shape::Size)
        .doc("Largest congestion window towards servers.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.be.cc.max-win-size 64k"])
        .bad(&["tune.quic.be.cc.max-win-size", "tune.quic.be.cc.max-win-size big"]),
    Row::new("tune.quic.fe.cc.max-win-size", Sections::GLOBAL)
        .usage("<size>")
        .shape(Shape::Size)
        .doc("Largest congestion window towards clients.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.fe.cc.max-win-size 64k"])
        .bad(&["tune.quic.fe.cc.max-win-size", "tune.quic.fe.cc.max-win-size big"]),
    Row::new("tune.quic.be.cc.reorder-ratio", Sections::GLOBAL)
        .usage("<percent>")
        .shape(Shape::Number(0, 100))
        .doc("Tolerance of reordered packets from servers.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.be.cc.reorder-ratio 100"])
        .bad(&[
            "tune.quic.be.cc.reorder-ratio",
            "tune.quic.be.cc.reorder-ratio many",
            "tune.quic.be.cc.reorder-ratio 101",
        ]),
    Row::new("tune.quic.fe.cc.reorder-ratio", Sections::GLOBAL)
        .usage("<percent>")
        .shape(Shape::Number(0, 100))
        .doc("Tolerance of reordered packets from clients.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.fe.cc.reorder-ratio 100"])
        .bad(&[
            "tune.quic.fe.cc.reorder-ratio",
            "tune.quic.fe.cc.reorder-ratio many",
            "tune.quic.fe.cc.reorder-ratio 101",
        ]),
    Row::new("tune.quic.be.max-idle-timeout", Sections::GLOBAL)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .doc("Idle timeout of server connections.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.be.max-idle-timeout 100ms"])
        .bad(&["tune.quic.be.max-idle-timeout", "tune.quic.be.max-idle-timeout 5x"]),
    Row::new("tune.quic.fe.max-idle-timeout", Sections::GLOBAL)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .doc("Idle timeout of client connections.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.fe.max-idle-timeout 100ms"])
        .bad(&["tune.quic.fe.max-idle-timeout", "tune.quic.fe.max-idle-timeout 5x"]),
    Row::new("tune.quic.be.sec.glitches-threshold", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Number(0, i64::MAX))
        .doc("Protocol oddities after which a server connection is closed.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.be.sec.glitches-threshold 10"])
        .bad(&["tune.quic.be.sec.glitches-threshold", "tune.quic.be.sec.glitches-threshold many"]),
    Row::new("tune.quic.fe.sec.glitches-threshold", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Number(0, i64::MAX))
        .doc("Protocol oddities after which a client connection is closed.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.fe.sec.glitches-threshold 10"])
        .bad(&["tune.quic.fe.sec.glitches-threshold", "tune.quic.fe.sec.glitches-threshold many"]),
    Row::new("tune.quic.fe.sec.retry-threshold", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Number(0, i64::MAX))
        .doc("Half-open connections after which address validation is asked.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.fe.sec.retry-threshold 10"])
        .bad(&["tune.quic.fe.sec.retry-threshold", "tune.quic.fe.sec.retry-threshold many"]),
    Row::new("tune.quic.fe.sock-per-conn", Sections::GLOBAL)
        .usage("{ default-on | force-off }")
        .shape(Shape::OneOf(&["default-on", "force-off"]))
        .doc("Whether each client connection has its own socket.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.fe.sock-per-conn default-on", "tune.quic.fe.sock-per-conn force-off"])
        .bad(&["tune.quic.fe.sock-per-conn", "tune.quic.fe.sock-per-conn other"]),
    Row::new("tune.quic.be.stream.data-ratio", Sections::GLOBAL)
        .usage("<percent>")
        .shape(Shape::Number(1, 100))
        .doc("Share of the receive window one stream of a server connection may take.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.be.stream.data-ratio 100"])
        .bad(&[
            "tune.quic.be.stream.data-ratio",
            "tune.quic.be.stream.data-ratio many",
            "tune.quic.be.stream.data-ratio 101",
            "tune.quic.be.stream.data-ratio 0",
        ]),
    Row::new("tune.quic.fe.stream.data-ratio", Sections::GLOBAL)
        .usage("<percent>")
        .shape(Shape::Number(1, 100))
        .doc("Share of the receive window one stream of a client connection may take.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.fe.stream.data-ratio 100"])
        .bad(&[
            "tune.quic.fe.stream.data-ratio",
            "tune.quic.fe.stream.data-ratio many",
            "tune.quic.fe.stream.data-ratio 101",
            "tune.quic.fe.stream.data-ratio 0",
        ]),
    Row::new("tune.quic.be.stream.max-concurrent", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Number(0, i64::MAX))
        .doc("Streams of a server connection at once.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.be.stream.max-concurrent 10"])
        .bad(&["tune.quic.be.stream.max-concurrent", "tune.quic.be.stream.max-concurrent many"]),
    Row::new("tune.quic.fe.stream.max-concurrent", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Number(0, i64::MAX))
        .doc("Streams of a client connection at once.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.fe.stream.max-concurrent 10"])
        .bad(&["tune.quic.fe.stream.max-concurrent", "tune.quic.fe.stream.max-concurrent many"]),
    Row::new("tune.quic.fe.stream.max-total", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Number(0, i64::MAX))
        .doc("Streams after which a client connection is closed gracefully.")
        .since(3, 4)
        .no_effect(QUIC)
        .ok(&["tune.quic.fe.stream.max-total 10"])
        .bad(&["tune.quic.fe.stream.max-total", "tune.quic.fe.stream.max-total many"]),
    Row::new("tune.quic.be.stream.rxbuf", Sections::GLOBAL)
        .usage("<size>")
        .shape(Shape::Size)
        .doc("Receive buffer of a server connection.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.be.stream.rxbuf 64k"])
        .bad(&["tune.quic.be.stream.rxbuf", "tune.quic.be.stream.rxbuf big"]),
    Row::new("tune.quic.fe.stream.rxbuf", Sections::GLOBAL)
        .usage("<size>")
        .shape(Shape::Size)
        .doc("Receive buffer of a client connection.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.fe.stream.rxbuf 64k"])
        .bad(&["tune.quic.fe.stream.rxbuf", "tune.quic.fe.stream.rxbuf big"]),
    Row::new("tune.quic.be.tx.pacing", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("Paced emission towards servers.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.be.tx.pacing on", "tune.quic.be.tx.pacing off"])
        .bad(&["tune.quic.be.tx.pacing", "tune.quic.be.tx.pacing maybe"]),
    Row::new("tune.quic.fe.tx.pacing", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("Paced emission towards clients.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.fe.tx.pacing on", "tune.quic.fe.tx.pacing off"])
        .bad(&["tune.quic.fe.tx.pacing", "tune.quic.fe.tx.pacing maybe"]),
    Row::new("tune.quic.be.tx.udp-gso", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("UDP segmentation offload towards servers.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.be.tx.udp-gso on", "tune.quic.be.tx.udp-gso off"])
        .bad(&["tune.quic.be.tx.udp-gso", "tune.quic.be.tx.udp-gso maybe"]),
    Row::new("tune.quic.fe.tx.udp-gso", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("UDP segmentation offload towards clients.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.fe.tx.udp-gso on", "tune.quic.fe.tx.udp-gso off"])
        .bad(&["tune.quic.fe.tx.udp-gso", "tune.quic.fe.tx.udp-gso maybe"]),
    Row::new("tune.quic.listen", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("Whether QUIC `bind` lines listen.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.listen on", "tune.quic.listen off"])
        .bad(&["tune.quic.listen", "tune.quic.listen maybe"]),
    Row::new("tune.quic.mem.tx-max", Sections::GLOBAL)
        .usage("<size>")
        .shape(Shape::Size)
        .doc("Memory for data in flight on all QUIC connections.")
        .since(3, 3)
        .no_effect(QUIC)
        .ok(&["tune.quic.mem.tx-max 64k"])
        .bad(&["tune.quic.mem.tx-max", "tune.quic.mem.tx-max big"]),
    Row::new("harden.reject-privileged-ports.quic", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .lenient()
        .doc("Refuses QUIC datagrams that come from a privileged port.")
        .since(3, 0)
        .no_effect(QUIC)
        .ok(&[
            "harden.reject-privileged-ports.quic on x",
            "harden.reject-privileged-ports.quic on",
            "harden.reject-privileged-ports.quic off",
        ])
        .bad(&["harden.reject-privileged-ports.quic", "harden.reject-privileged-ports.quic maybe"]),
    Row::new("no-quic", Sections::GLOBAL)
        .shape(Shape::Nothing)
        .doc("Old way to turn QUIC listeners off.")
        .until(
            3,
            3,
            "'no-quic' is not supported any more since HAProxy 3.3. Use 'tune.quic.listen off'.",
        )
        .no_effect(QUIC)
        .ok(&["no-quic"])
        .bad(&["no-quic extra"]),
    Row::new("tune.quic.backend.max-idle-timeou", Sections::GLOBAL)
        .usage("<time>")
        .shape(Shape::Word("<time>"))
        .doc("Misspelt word of old versions.")
        .since(2, 6)
        .until(
            2,
            9,
            "'tune.quic.backend.max-idle-timeou' never existed under its full name. Use \
'tune.quic.be.max-idle-timeout'.",
        )
        .no_effect(QUIC)
        .ok(&["tune.quic.backend.max-idle-timeou 30s"])
        .bad(&["tune.quic.backend.max-idle-timeou", "tune.quic.backend.max-idle-timeou one two"]),
    Row::new("tune.quic.cc-hystart", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("Old name of `tune.quic.fe.cc.hystart`.")
        .since(3, 1)
        .until(
            3,
            5,
            "'tune.quic.cc-hystart' is not supported any more since HAProxy 3.5. Use \
'tune.quic.fe.cc.hystart'.",
        )
        .no_effect(QUIC)
        .ok(&["tune.quic.cc-hystart on", "tune.quic.cc-hystart off"])
        .bad(&["tune.quic.cc-hystart", "tune.quic.cc-hystart maybe"]),
    Row::new("tune.quic.cc.cubic.min-losses", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Number(1, i64::MAX))
        .doc("Old name of `tune.quic.fe.cc.cubic-min-losses`.")
        .since(3, 1)
        .until(
            3,
            5,
            "'tune.quic.cc.cubic.min-losses' is not supported any more since HAProxy 3.5. Use \
'tune.quic.fe.cc.cubic-min-losses'.",
        )
        .no_effect(QUIC)
        .ok(&["tune.quic.cc.cubic.min-losses 10"])
        .bad(&[
            "tune.quic.cc.cubic.min-losses",
            "tune.quic.cc.cubic.min-losses many",
            "tune.quic.cc.cubic.min-losses 0",
        ]),
    Row::new("tune.quic.disable-tx-pacing", Sections::GLOBAL)
        .shape(Shape::Nothing)
        .doc("Old name of `tune.quic.fe.tx.pacing`.")
        .since(3, 2)
        .until(
            3,
            5,
            "'tune.quic.disable-tx-pacing' is not supported any more since HAProxy 3.5. Use \
'tune.quic.fe.tx.pacing off'.",
        )
        .no_effect(QUIC)
        .ok(&["tune.quic.disable-tx-pacing"])
        .bad(&["tune.quic.disable-tx-pacing extra"]),
    Row::new("tune.quic.disable-udp-gso", Sections::GLOBAL)
        .shape(Shape::Nothing)
        .doc("Old name of `tune.quic.fe.tx.udp-gso`.")
        .since(3, 1)
        .until(
            3,
            5,
            "'tune.quic.disable-udp-gso' is not supported any more since HAProxy 3.5. Use \
'tune.quic.fe.tx.udp-gso off'.",
        )
        .no_effect(QUIC)
        .ok(&["tune.quic.disable-udp-gso"])
        .bad(&["tune.quic.disable-udp-gso extra"]),
    Row::new("tune.quic.frontend.conn-tx-buffers.limit", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Number(0, i64::MAX))
        .doc("Old limit of buffers of one QUIC connection.")
        .since(2, 6)
        .until(
            3,
            3,
            "'tune.quic.frontend.conn-tx-buffers.limit' is not supported any more since HAProxy 3.3. Use \
'tune.quic.mem.tx-max'.",
        )
        .no_effect(QUIC)
        .ok(&["tune.quic.frontend.conn-tx-buffers.limit 10"])
        .bad(&[
            "tune.quic.frontend.conn-tx-buffers.limit",
            "tune.quic.frontend.conn-tx-buffers.limit many",
        ]),
    Row::new("tune.quic.frontend.default-max-window-size", Sections::GLOBAL)
        .usage("<size>")
        .shape(Shape::Size)
        .doc("Old name of `tune.quic.fe.cc.max-win-size`.")
        .since(3, 1)
        .until(
            3,
            5,
            "'tune.quic.frontend.default-max-window-size' is not supported any more since HAProxy 3.5. Use \
'tune.quic.fe.cc.max-win-size'.",
        )
        .no_effect(QUIC)
        .ok(&["tune.quic.frontend.default-max-window-size 64k"])
        .bad(&[
            "tune.quic.frontend.default-max-window-size",
            "tune.quic.frontend.default-max-window-size big",
        ]),
    Row::new("tune.quic.frontend.glitches-threshold", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Number(0, i64::MAX))
        .doc("Old name of `tune.quic.fe.sec.glitches-threshold`.")
        .since(3, 0)
        .until(
            3,
            5,
            "'tune.quic.frontend.glitches-threshold' is not supported any more since HAProxy 3.5. Use \
'tune.quic.fe.sec.glitches-threshold'.",
        )
        .no_effect(QUIC)
        .ok(&["tune.quic.frontend.glitches-threshold 10"])
        .bad(&[
            "tune.quic.frontend.glitches-threshold",
            "tune.quic.frontend.glitches-threshold many",
        ]),
    Row::new("tune.quic.frontend.max-data-size", Sections::GLOBAL)
        .usage("<size>")
        .shape(Shape::Size)
        .doc("Old name of `tune.quic.fe.stream.rxbuf`.")
        .since(3, 2)
        .until(
            3,
            5,
            "'tune.quic.frontend.max-data-size' is not supported any more since HAProxy 3.5. Use \
'tune.quic.fe.stream.rxbuf'.",
        )
        .no_effect(QUIC)
        .ok(&["tune.quic.frontend.max-data-size 64k"])
        .bad(&["tune.quic.frontend.max-data-size", "tune.quic.frontend.max-data-size big"]),
    Row::new("tune.quic.frontend.max-idle-timeout", Sections::GLOBAL)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .doc("Old name of `tune.quic.fe.max-idle-timeout`.")
        .since(2, 6)
        .until(
            3,
            5,
            "'tune.quic.frontend.max-idle-timeout' is not supported any more since HAProxy 3.5. Use \
'tune.quic.fe.max-idle-timeout'.",
        )
        .no_effect(QUIC)
        .ok(&["tune.quic.frontend.max-idle-timeout 100ms"])
        .bad(&["tune.quic.frontend.max-idle-timeout", "tune.quic.frontend.max-idle-timeout 5x"]),
    Row::new("tune.quic.frontend.max-streams-bidi", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Number(0, i64::MAX))
        .doc("Old name of `tune.quic.fe.stream.max-concurrent`.")
        .since(2, 6)
        .until(
            3,
            5,
            "'tune.quic.frontend.max-streams-bidi' is not supported any more since HAProxy 3.5. Use \
'tune.quic.fe.stream.max-concurrent'.",
        )
        .no_effect(QUIC)
        .ok(&["tune.quic.frontend.max-streams-bidi 10"])
        .bad(&["tune.quic.frontend.max-streams-bidi", "tune.quic.frontend.max-streams-bidi many"]),
    Row::new("tune.quic.frontend.max-tx-mem", Sections::GLOBAL)
        .usage("<size>")
        .shape(Shape::Size)
        .doc("Old name of `tune.quic.mem.tx-max`.")
        .since(3, 2)
        .until(
            3,
            5,
            "'tune.quic.frontend.max-tx-mem' is not supported any more since HAProxy 3.5. Use \
'tune.quic.mem.tx-max'.",
        )
        .no_effect(QUIC)
        .ok(&["tune.quic.frontend.max-tx-mem 64k"])
        .bad(&["tune.quic.frontend.max-tx-mem", "tune.quic.frontend.max-tx-mem big"]),
    Row::new("tune.quic.frontend.stream-data-ratio", Sections::GLOBAL)
        .usage("<percent>")
        .shape(Shape::Number(1, 100))
        .doc("Old name of `tune.quic.fe.stream.data-ratio`.")
        .since(3, 2)
        .until(
            3,
            5,
            "'tune.quic.frontend.stream-data-ratio' is not supported any more since HAProxy 3.5. Use \
'tune.quic.fe.stream.data-ratio'.",
        )
        .no_effect(QUIC)
        .ok(&["tune.quic.frontend.stream-data-ratio 100"])
        .bad(&[
            "tune.quic.frontend.stream-data-ratio",
            "tune.quic.frontend.stream-data-ratio many",
            "tune.quic.frontend.stream-data-ratio 101",
            "tune.quic.frontend.stream-data-ratio 0",
        ]),
    Row::new("tune.quic.max-frame-loss", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Number(0, i64::MAX))
        .doc("Old name of `tune.quic.fe.cc.max-frame-loss`.")
        .since(2, 8)
        .until(
            3,
            5,
            "'tune.quic.max-frame-loss' is not supported any more since HAProxy 3.5. Use \
'tune.quic.fe.cc.max-frame-loss'.",
        )
        .no_effect(QUIC)
        .ok(&["tune.quic.max-frame-loss 10"])
        .bad(&["tune.quic.max-frame-loss", "tune.quic.max-frame-loss many"]),
    Row::new("tune.quic.reorder-ratio", Sections::GLOBAL)
        .usage("<percent>")
        .shape(Shape::Number(0, 100))
        .doc("Old name of `tune.quic.fe.cc.reorder-ratio`.")
        .since(3, 0)
        .until(
            3,
            5,
            "'tune.quic.reorder-ratio' is not supported any more since HAProxy 3.5. Use \
'tune.quic.fe.cc.reorder-ratio'.",
        )
        .no_effect(QUIC)
        .ok(&["tune.quic.reorder-ratio 100"])
        .bad(&[
            "tune.quic.reorder-ratio",
            "tune.quic.reorder-ratio many",
            "tune.quic.reorder-ratio 101",
        ]),
    Row::new("tune.quic.retry-threshold", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Number(0, i64::MAX))
        .doc("Old name of `tune.quic.fe.sec.retry-threshold`.")
        .since(2, 6)
        .until(
            3,
            5,
            "'tune.quic.retry-threshold' is not supported any more since HAProxy 3.5. Use \
'tune.quic.fe.sec.retry-threshold'.",
        )
        .no_effect(QUIC)
        .ok(&["tune.quic.retry-threshold 10"])
        .bad(&["tune.quic.retry-threshold", "tune.quic.retry-threshold many"]),
    Row::new("tune.quic.socket-owner", Sections::GLOBAL)
        .usage("{ connection | listener }")
        .shape(Shape::OneOf(&["connection", "listener"]))
        .doc("Old name of `tune.quic.fe.sock-per-conn`.")
        .since(2, 8)
        .until(
            3,
            5,
            "'tune.quic.socket-owner' is not supported any more since HAProxy 3.5. Use \
'tune.quic.fe.sock-per-conn'.",
        )
        .no_effect(QUIC)
        .ok(&["tune.quic.socket-owner connection", "tune.quic.socket-owner listener"])
        .bad(&["tune.quic.socket-owner", "tune.quic.socket-owner other"]),
];
