//! Kernel buffers of sockets.

use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::once::Once;
use crate::shape::Shape;
use crate::topic::{Topic, no_inherit};

pub(in crate::topic) static TOPIC: Topic = Topic {
    name: "sockets",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("tune.rcvbuf.client", Sections::GLOBAL)
        .once(Once::WARNED)
        .usage("<size>")
        .shape(Shape::Size32)
        .doc("Kernel receive buffer of client connections.")
        .ok(&["tune.rcvbuf.client 64k"])
        .bad(&["tune.rcvbuf.client", "tune.rcvbuf.client big"])
        .set(|cx, a| {
            cx.global.client_buffers.receive = u32::try_from(a.size()).unwrap_or(u32::MAX);
            Ok(())
        }),
    Row::new("tune.rcvbuf.server", Sections::GLOBAL)
        .once(Once::WARNED)
        .usage("<size>")
        .shape(Shape::Size32)
        .doc("Kernel receive buffer of server connections.")
        .ok(&["tune.rcvbuf.server 64k"])
        .bad(&["tune.rcvbuf.server", "tune.rcvbuf.server big"])
        .set(|cx, a| {
            cx.global.server_buffers.receive = u32::try_from(a.size()).unwrap_or(u32::MAX);
            Ok(())
        }),
    Row::new("tune.sndbuf.client", Sections::GLOBAL)
        .once(Once::WARNED)
        .usage("<size>")
        .shape(Shape::Size32)
        .doc("Kernel send buffer of client connections.")
        .ok(&["tune.sndbuf.client 64k"])
        .bad(&["tune.sndbuf.client 4g", "tune.sndbuf.client", "tune.sndbuf.client big"])
        .set(|cx, a| {
            cx.global.client_buffers.send = u32::try_from(a.size()).unwrap_or(u32::MAX);
            Ok(())
        }),
    Row::new("tune.sndbuf.server", Sections::GLOBAL)
        .once(Once::WARNED)
        .usage("<size>")
        .shape(Shape::Size32)
        .doc("Kernel send buffer of server connections.")
        .ok(&["tune.sndbuf.server 64k"])
        .bad(&["tune.sndbuf.server 4g", "tune.sndbuf.server", "tune.sndbuf.server big"])
        .set(|cx, a| {
            cx.global.server_buffers.send = u32::try_from(a.size()).unwrap_or(u32::MAX);
            Ok(())
        }),
    Row::new("tune.rcvbuf.frontend", Sections::GLOBAL)
        .once(Once::IGNORED)
        .usage("<size>")
        .shape(Shape::Size32)
        .doc("Kernel receive buffer of listening datagram sockets.")
        .since(2, 9)
        .no_effect("it is for datagram sockets of QUIC, and there are none")
        .ok(&["tune.rcvbuf.frontend 64k"])
        .bad(&["tune.rcvbuf.frontend", "tune.rcvbuf.frontend big"]),
    Row::new("tune.rcvbuf.backend", Sections::GLOBAL)
        .once(Once::IGNORED)
        .usage("<size>")
        .shape(Shape::Size32)
        .doc("Kernel receive buffer of datagram sockets to servers.")
        .since(2, 9)
        .no_effect("it is for datagram sockets of QUIC, and there are none")
        .ok(&["tune.rcvbuf.backend 64k"])
        .bad(&["tune.rcvbuf.backend", "tune.rcvbuf.backend big"]),
    Row::new("tune.sndbuf.frontend", Sections::GLOBAL)
        .once(Once::IGNORED)
        .usage("<size>")
        .shape(Shape::Size32)
        .doc("Kernel send buffer of listening datagram sockets.")
        .since(2, 9)
        .no_effect("it is for datagram sockets of QUIC, and there are none")
        .ok(&["tune.sndbuf.frontend 64k"])
        .bad(&["tune.sndbuf.frontend 4g", "tune.sndbuf.frontend", "tune.sndbuf.frontend big"]),
    Row::new("tune.sndbuf.backend", Sections::GLOBAL)
        .once(Once::IGNORED)
        .usage("<size>")
        .shape(Shape::Size32)
        .doc("Kernel send buffer of datagram sockets to servers.")
        .since(2, 9)
        .no_effect("it is for datagram sockets of QUIC, and there are none")
        .ok(&["tune.sndbuf.backend 64k"])
        .bad(&["tune.sndbuf.backend 4g", "tune.sndbuf.backend", "tune.sndbuf.backend big"]),
    Row::new("tune.notsent-lowat.client", Sections::GLOBAL)
        .once(Once::WARNED)
        .usage("<size>")
        .shape(Shape::Size32)
        .doc("Unsent bytes a client socket may hold beyond its window.")
        .since(3, 2)
        .ok(&["tune.notsent-lowat.client 64k"])
        .bad(&[
            "tune.notsent-lowat.client",
            "tune.notsent-lowat.client big",
            "tune.notsent-lowat.client 4g",
        ])
        .set(|cx, a| {
            cx.global.client_buffers.unsent = u32::try_from(a.size()).unwrap_or(u32::MAX);
            Ok(())
        }),
    Row::new("tune.notsent-lowat.server", Sections::GLOBAL)
        .once(Once::WARNED)
        .usage("<size>")
        .shape(Shape::Size32)
        .doc("Unsent bytes a server socket may hold beyond its window.")
        .since(3, 2)
        .ok(&["tune.notsent-lowat.server 64k"])
        .bad(&[
            "tune.notsent-lowat.server",
            "tune.notsent-lowat.server big",
            "tune.notsent-lowat.server 4g",
        ])
        .set(|cx, a| {
            cx.global.server_buffers.unsent = u32::try_from(a.size()).unwrap_or(u32::MAX);
            Ok(())
        }),
];
