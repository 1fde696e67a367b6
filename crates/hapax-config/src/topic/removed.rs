//! Words of old versions that are gone, each with what to write instead.

use super::{Topic, no_inherit};
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "removed",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("clitimeout", Sections::PROXY)
        .usage("<time>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `timeout client`.")
        .refused("the 'clitimeout' directive is not supported anymore since HAProxy 2.1. Use 'timeout client'.")
        .bad(&["clitimeout x"]),
    Row::new("contimeout", Sections::PROXY)
        .usage("<time>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `timeout connect`.")
        .refused("the 'contimeout' directive is not supported anymore since HAProxy 2.1. Use 'timeout connect'.")
        .bad(&["contimeout x"]),
    Row::new("srvtimeout", Sections::PROXY)
        .usage("<time>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `timeout server`.")
        .refused("the 'srvtimeout' directive is not supported anymore since HAProxy 2.1. Use 'timeout server'.")
        .bad(&["srvtimeout x"]),
    Row::new("redispatch", Sections::PROXY)
        .shape(Shape::Words(0, 64))
        .doc("Old form of `option redispatch`.")
        .refused(
            "keyword 'redispatch' directive is not supported anymore since HAProxy 2.1. Use 'option \
redispatch'.",
        )
        .bad(&["redispatch x"]),
    Row::new("redisp", Sections::PROXY)
        .shape(Shape::Words(0, 64))
        .doc("Old form of `option redispatch`.")
        .refused("keyword 'redisp' directive is not supported anymore since HAProxy 2.1. Use 'option redispatch'.")
        .bad(&["redisp x"]),
    Row::new("block", Sections::PROXY)
        .usage("{ if | unless } <condition>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `http-request deny`.")
        .refused(
            "The 'block' directive is not supported anymore since HAProxy 2.1. Use 'http-request deny' which \
uses the exact same syntax.",
        )
        .bad(&["block x"]),
    Row::new("cliexp", Sections::PROXY)
        .usage("<search> <string>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `http-request replace-header`.")
        .refused(
            "The 'cliexp' directive is not supported anymore since HAProxy 2.1. Use 'http-request \
replace-path', 'http-request replace-uri' or 'http-request replace-header' instead.",
        )
        .bad(&["cliexp x"]),
    Row::new("reqrep", Sections::PROXY)
        .usage("<search> <string>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `http-request replace-header`, `replace-uri` and `replace-path`.")
        .refused(
            "The 'reqrep' directive is not supported anymore since HAProxy 2.1. Use 'http-request \
replace-path', 'http-request replace-uri' or 'http-request replace-header' instead.",
        )
        .bad(&["reqrep x"]),
    Row::new("reqirep", Sections::PROXY)
        .usage("<search> <string>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `http-request replace-header`.")
        .refused(
            "The 'reqirep' directive is not supported anymore since HAProxy 2.1. Use 'http-request \
replace-header' instead.",
        )
        .bad(&["reqirep x"]),
    Row::new("reqdel", Sections::PROXY)
        .usage("<search>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `http-request del-header`.")
        .refused(
            "The 'reqdel' directive is not supported anymore since HAProxy 2.1. Use 'http-request del-header' \
instead.",
        )
        .bad(&["reqdel x"]),
    Row::new("reqidel", Sections::PROXY)
        .usage("<search>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `http-request del-header`.")
        .refused(
            "The 'reqidel' directive is not supported anymore since HAProxy 2.1. Use 'http-request \
del-header' instead.",
        )
        .bad(&["reqidel x"]),
    Row::new("reqdeny", Sections::PROXY)
        .usage("<search>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `http-request deny`.")
        .refused("The 'reqdeny' not supported anymore since HAProxy 2.1. Use 'http-request deny' instead.")
        .bad(&["reqdeny x"]),
    Row::new("reqideny", Sections::PROXY)
        .usage("<search>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `http-request deny`.")
        .refused(
            "The 'reqideny' directive is not supported anymore since HAProxy 2.1. Use 'http-request deny' \
instead.",
        )
        .bad(&["reqideny x"]),
    Row::new("reqpass", Sections::PROXY)
        .usage("<search>")
        .shape(Shape::Words(0, 64))
        .doc("Old rule that left a header alone.")
        .refused("The 'reqpass' not supported anymore since HAProxy 2.1.")
        .bad(&["reqpass x"]),
    Row::new("reqipass", Sections::PROXY)
        .usage("<search>")
        .shape(Shape::Words(0, 64))
        .doc("Old rule that left a header alone.")
        .refused("The 'reqipass' directive is not supported anymore since HAProxy 2.1.")
        .bad(&["reqipass x"]),
    Row::new("reqallow", Sections::PROXY)
        .usage("<search>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `http-request allow`.")
        .refused(
            "The 'reqallow' directive is not supported anymore since HAProxy 2.1. Use 'http-request allow' \
instead.",
        )
        .bad(&["reqallow x"]),
    Row::new("reqiallow", Sections::PROXY)
        .usage("<search>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `http-request allow`.")
        .refused(
            "The 'reqiallow' directive is not supported anymore since HAProxy 2.1. Use 'http-request allow' \
instead.",
        )
        .bad(&["reqiallow x"]),
    Row::new("reqtarpit", Sections::PROXY)
        .usage("<search>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `http-request tarpit`.")
        .refused(
            "The 'reqtarpit' directive is not supported anymore since HAProxy 2.1. Use 'http-request tarpit' \
instead.",
        )
        .bad(&["reqtarpit x"]),
    Row::new("reqitarpit", Sections::PROXY)
        .usage("<search>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `http-request tarpit`.")
        .refused(
            "The 'reqitarpit' directive is not supported anymore since HAProxy 2.1. Use 'http-request tarpit' \
instead.",
        )
        .bad(&["reqitarpit x"]),
    Row::new("reqadd", Sections::PROXY)
        .usage("<header>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `http-request add-header`.")
        .refused(
            "The 'reqadd' directive is not supported anymore since HAProxy 2.1. Use 'http-request add-header' \
instead.",
        )
        .bad(&["reqadd x"]),
    Row::new("srvexp", Sections::PROXY)
        .usage("<search> <string>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `http-response replace-header`.")
        .refused(
            "The 'srvexp' directive is not supported anymore since HAProxy 2.1. Use 'http-response \
replace-header' instead.",
        )
        .bad(&["srvexp x"]),
    Row::new("rsprep", Sections::PROXY)
        .usage("<search> <string>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `http-response replace-header`.")
        .refused(
            "The 'rsprep' directive is not supported anymore since HAProxy 2.1. Use 'http-response \
replace-header' instead.",
        )
        .bad(&["rsprep x"]),
    Row::new("rspirep", Sections::PROXY)
        .usage("<search> <string>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `http-response replace-header`.")
        .refused(
            "The 'rspirep' directive is not supported anymore since HAProxy 2.1. Use 'http-response \
replace-header' instead.",
        )
        .bad(&["rspirep x"]),
    Row::new("rspdel", Sections::PROXY)
        .usage("<search>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `http-response del-header`.")
        .refused(
            "The 'rspdel' directive is not supported anymore since HAProxy 2.1. Use 'http-response \
del-header' instead.",
        )
        .bad(&["rspdel x"]),
    Row::new("rspidel", Sections::PROXY)
        .usage("<search>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `http-response del-header`.")
        .refused(
            "The 'rspidel' directive is not supported anymore since HAProxy 2.1. Use 'http-response \
del-header' instead.",
        )
        .bad(&["rspidel x"]),
    Row::new("rspdeny", Sections::PROXY)
        .usage("<search>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `http-response deny`.")
        .refused(
            "The 'rspdeny' directive is not supported anymore since HAProxy 2.1. Use 'http-response deny' \
instead.",
        )
        .bad(&["rspdeny x"]),
    Row::new("rspideny", Sections::PROXY)
        .usage("<search>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `http-response deny`.")
        .refused(
            "The 'rspideny' directive is not supported anymore since HAProxy 2.1. Use 'http-response deny' \
instead.",
        )
        .bad(&["rspideny x"]),
    Row::new("rspadd", Sections::PROXY)
        .usage("<header>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `http-response add-header`.")
        .refused(
            "The 'rspadd' directive is not supported anymore since HAProxy 2.1. Use 'http-response \
add-header' instead.",
        )
        .bad(&["rspadd x"]),
    Row::new("appsession", Sections::PROXY)
        .usage("<cookie> len <length> timeout <time>")
        .shape(Shape::Words(0, 64))
        .doc("Old form of `stick on` with a cookie.")
        .refused("'appsession' is not supported anymore since HAProxy 1.6.")
        .bad(&["appsession x"]),
    Row::new("monitor-net", Sections::PROXY)
        .usage("<source>")
        .shape(Shape::Words(0, 64))
        .doc("Old way to answer a load balancer's probes.")
        .refused(
            "'monitor-net' is not supported anymore since HAProxy 2.2. Use 'http-request return status 200' \
with a condition on 'src', or 'tcp-request connection reject'.",
        )
        .bad(&["monitor-net x"]),
    Row::new("bind-process", Sections::PROXY)
        .usage("<set>")
        .shape(Shape::Words(0, 64))
        .doc("Bound a proxy to some processes.")
        .until(2, 5, "'bind-process' is not supported anymore.")
        .no_effect("there is one worker process")
        .ok(&["bind-process 1"]),
    Row::new("grace", Sections::PROXY)
        .usage("<time>")
        .shape(Shape::Words(0, 64))
        .doc("Delay before a proxy stopped.")
        .until(2, 5, "the 'grace' keyword is not supported any more since HAProxy version 2.5.")
        .no_effect("listeners of every proxy close at the same time")
        .ok(&["grace 10s"]),
    Row::new("option forceclose", Sections::PROXY)
        .shape(Shape::Words(0, 64))
        .doc("Old form of `option httpclose`.")
        .negatable()
        .refused(
            "option 'forceclose' is not supported any more since HAProxy 2.0, please just remove it, or use \
'option httpclose' if absolutely needed.",
        )
        .bad(&["option forceclose x"]),
    Row::new("option http-tunnel", Sections::PROXY)
        .shape(Shape::Words(0, 64))
        .doc("Old mode of HTTP proxies.")
        .negatable()
        .refused(
            "option 'http-tunnel' is not supported any more since HAProxy 2.1, please just remove it, it \
shouldn't be needed.",
        )
        .bad(&["option http-tunnel x"]),
    Row::new("option http_proxy", Sections::PROXY)
        .shape(Shape::Words(0, 64))
        .doc("Connected to the address in the request.")
        .until(
            2,
            5,
            "option 'http_proxy' is not supported any more since HAProxy 2.5. This option stopped working in \
HAProxy 1.9 and usually had nasty side effects. It can be more reliably implemented with \
combinations of 'http-request set-dst' and 'http-request set-uri', and even 'http-request \
do-resolve' if DNS resolution is desired.",
        )
        .negatable()
        .no_effect("it did nothing since HAProxy 1.9")
        .ok(&["option http_proxy"]),
];
