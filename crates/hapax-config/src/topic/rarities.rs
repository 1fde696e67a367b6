//! Proxy words that few configurations use.

use std::sync::{Arc, OnceLock};

use hapax_diag::Diagnostic;
use hapax_sample::{NameKind, NameRef};

use super::Topic;
use crate::args::Args;
use crate::bind::certs::of_frontend;
use crate::dictionary::Row;
use crate::draft::Draft;
use crate::keyword::{Misplaced, Sections};
use crate::reader::Reader;
use crate::shape::Shape;

const LISTEN_BACKEND: Sections = Sections::LISTEN.union(Sections::BACKEND);

const FRONT_ONLY: Sections = Sections::FRONTEND.union(Sections::LISTEN);

pub(super) static TOPIC: Topic = Topic {
    name: "rarities",
    rows: ROWS,
    inherit,
};

static ROWS: &[Row] = &[
    Row::new("max-keep-alive-queue", Sections::BACK)
        .usage("<number>")
        .shape(Shape::Number(i64::MIN, i64::MAX))
        .lenient()
        .doc("Queue length above which another server is tried first.")
        .ok(&["max-keep-alive-queue 10 x", "max-keep-alive-queue -1", "max-keep-alive-queue 10"])
        .bad(&["max-keep-alive-queue", "max-keep-alive-queue many"])
        .set(|cx, a| {
            cx.proxy().proxy.keep_alive_queue = u32::try_from(a.number()).ok();
            Ok(())
        }),
    Row::new("max-session-srv-conns", Sections::FRONT)
        .usage("<number>")
        .shape(Shape::Lax(i64::MIN, i64::MAX))
        .lenient()
        .doc("Idle server connections a client connection may hold.")
        .ok(&["max-session-srv-conns 10 x", "max-session-srv-conns 10"])
        .bad(&["max-session-srv-conns"])
        .set(|cx, a| {
            cx.proxy().proxy.max_held = usize::try_from(a.number().max(0)).unwrap_or(usize::MAX);
            Ok(())
        }),
    Row::new("rate-limit sessions", Sections::FRONT)
        .usage("<rate>")
        .shape(Shape::Number(i64::MIN, i64::MAX))
        .lenient()
        .doc("Sessions per second that are accepted.")
        .ok(&["rate-limit sessions -1", "rate-limit sessions 10"])
        .bad(&["rate-limit sessions", "rate-limit sessions many"])
        .set(|cx, a| {
            cx.proxy().proxy.rate_limit = a.number().clamp(0, i64::from(u32::MAX)) as u32;
            Ok(())
        }),
    Row::new("quic-initial", Sections::FRONT)
        .usage("<action> [{ if | unless } <condition>]")
        .shape(Shape::Words(1, 64))
        .doc("What is done with the first packet of a QUIC connection.")
        .since(3, 1)
        .named_defaults()
        .no_effect("nothing listens with QUIC")
        .ok(&["quic-initial accept"])
        .bad(&["quic-initial"]),
    Row::new("be-unpublished", LISTEN_BACKEND)
        .shape(Shape::Nothing)
        .misplaced(Misplaced::Refused)
        .lenient()
        .doc("Keeps `use_backend` from choosing the backend.")
        .since(3, 5)
        .ok(&["be-unpublished extra", "be-unpublished"])
        .set(|cx, _| {
            cx.proxy().proxy.unpublished = true;
            Ok(())
        }),
    Row::new("force-be-switch", FRONT_ONLY)
        .usage("{ if | unless } <condition>")
        .shape(Shape::Words(2, 64))
        .doc("Chooses a backend although it is disabled or unpublished.")
        .since(3, 4)
        .ok(&["force-be-switch if { always_true }"])
        .bad(&["force-be-switch x", "force-be-switch when TRUE", "force-be-switch if no_such_acl"])
        .set(|cx, a| {
            if !matches!(a.str(0), "if" | "unless") {
                return Err(a.bad(0, "'force-be-switch' expects 'if' or 'unless' followed by a condition."));
            }
            let cond = cx.condition(a, 0)?;
            cx.proxy().proxy.force_switch.extend(cond);
            Ok(())
        }),
    Row::new("guid", Sections::REAL)
        .usage("<string>")
        .shape(Shape::Word("<string>"))
        .lenient()
        .doc("A name for the proxy that is unique in the whole configuration.")
        .since(3, 0)
        .ok(&["guid one two", "guid proxy-1"])
        .bad(&["guid", "guid a/b"])
        .set(guid),
    Row::new("ssl-f-use", FRONT_ONLY)
        .usage("[<option>]...")
        .shape(Shape::Words(0, 64))
        .doc("Adds a certificate, with options of its own, to the `bind` lines of the frontend that name none.")
        .since(3, 2)
        .ok(&["ssl-f-use crt site.pem", "ssl-f-use crt site.pem alpn http/1.1"])
        .bad(&["ssl-f-use", "ssl-f-use alpn h2"])
        .set(|cx, a| {
            cx.proxy().asked.insert("ssl-f-use", a.line);
            of_frontend(cx, a)
        }),
    Row::new("crt", FRONT_ONLY)
        .usage("<certificate>")
        .shape(Shape::Words(1, 64))
        .doc("Old form of `ssl-f-use`.")
        .refused("unknown keyword 'crt': certificates of a frontend are named with 'ssl-f-use'.")
        .bad(&["crt site.pem"]),
    Row::new("use-fcgi-app", LISTEN_BACKEND)
        .usage("<name>")
        .shape(Shape::Word("<name>"))
        .doc("Speaks FastCGI to the servers.")
        .not_yet("FastCGI")
        .set(|cx, a| {
            let compile = cx.compile();
            compile.deferred.push(Arc::new(NameRef {
                kind: NameKind::FcgiApp,
                name: a.show(0).into(),
                span: a.at(0),
                within: compile.within.clone(),
                id: OnceLock::new(),
                acl: OnceLock::new(),
                keyed: OnceLock::new(),
                status: OnceLock::new(),
            }));
            Ok(())
        })
        .ok(&["use-fcgi-app php"])
        .bad(&["use-fcgi-app", "use-fcgi-app one two"]),
];

fn inherit(to: &mut Draft, from: &Draft) {
    if to.is_front() {
        to.proxy.max_held = from.proxy.max_held;
    }
    if to.is_back() {
        to.proxy.keep_alive_queue = from.proxy.keep_alive_queue;
    }
}

fn guid(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if let Some(fault) = crate::guid::fault(a.str(0)) {
        return Err(a.bad(0, format!("'guid': {fault}")));
    }
    let guid = a.arc_str(0);
    let d = cx.proxy();
    let (former, owner) = (d.proxy.guid.take(), format!("{} {}", d.kind_name(), d.proxy.name));
    cx.guids
        .claim(&guid, former.as_ref(), owner)
        .map_err(|taken| a.bad(0, format!("'guid': {taken}")))?;
    cx.proxy().proxy.guid = Some(guid);
    Ok(())
}
