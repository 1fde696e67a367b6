//! `fcgi-app`: how a FastCGI application is spoken to.

use super::{Topic, no_inherit};
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "fcgi app",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("acl", Sections::FCGI_APP)
        .usage("<name> <criterion> [flags] [operator] <value> ...")
        .shape(Shape::Words(2, 64))
        .doc("A named condition.")
        .not_yet("FastCGI")
        .ok(&["acl is_php path_end .php"])
        .bad(&["acl x"]),
    Row::new("docroot", Sections::FCGI_APP)
        .usage("<path>")
        .shape(Shape::Word("<path>"))
        .doc("Where the application's files are.")
        .not_yet("FastCGI")
        .ok(&["docroot /var/www"])
        .bad(&["docroot", "docroot one two"]),
    Row::new("index", Sections::FCGI_APP)
        .usage("<script name>")
        .shape(Shape::Word("<script name>"))
        .doc("Script of addresses that end with a slash.")
        .not_yet("FastCGI")
        .ok(&["index index.php"])
        .bad(&["index", "index one two"]),
    Row::new("log-stderr", Sections::FCGI_APP)
        .usage("{ global | <target> [len <length>] [format <format>] <facility> [<level> [<minlevel>]] }")
        .shape(Shape::Words(1, 64))
        .doc("Where the application's error output goes.")
        .not_yet("FastCGI")
        .ok(&["log-stderr global"])
        .bad(&["log-stderr"]),
    Row::new("pass-header", Sections::FCGI_APP)
        .usage("<name> [{ if | unless } <condition>]")
        .shape(Shape::Words(1, 64))
        .doc("Header that is passed although it usually is not.")
        .not_yet("FastCGI")
        .ok(&["pass-header x-powered-by"])
        .bad(&["pass-header"]),
    Row::new("hide-header", Sections::FCGI_APP)
        .usage("<name> [{ if | unless } <condition>]")
        .shape(Shape::Words(1, 64))
        .doc("Header of the application that is not passed on.")
        .not_yet("FastCGI")
        .ok(&["hide-header x-powered-by"])
        .bad(&["hide-header"]),
    Row::new("unset-param", Sections::FCGI_APP)
        .usage("<name> [{ if | unless } <condition>]")
        .shape(Shape::Words(1, 64))
        .doc("Removes a parameter of the request.")
        .not_yet("FastCGI")
        .ok(&["unset-param HTTP_PROXY"])
        .bad(&["unset-param"]),
    Row::new("path-info", Sections::FCGI_APP)
        .usage("<regex>")
        .shape(Shape::Word("<regex>"))
        .doc("How the path is split into script and path information.")
        .not_yet("FastCGI")
        .ok(&["path-info ^(/.+\\.php)(/.*)?$"])
        .bad(&["path-info", "path-info one two"]),
    Row::new("option get-values", Sections::FCGI_APP)
        .shape(Shape::Nothing)
        .doc("Asks the application what it can do.")
        .negatable()
        .not_yet("FastCGI")
        .ok(&["option get-values"])
        .bad(&["option get-values extra"]),
    Row::new("option keep-conn", Sections::FCGI_APP)
        .shape(Shape::Nothing)
        .doc("Asks the application to keep connections.")
        .negatable()
        .not_yet("FastCGI")
        .ok(&["option keep-conn"])
        .bad(&["option keep-conn extra"]),
    Row::new("option max-reqs", Sections::FCGI_APP)
        .usage("<number>")
        .shape(Shape::Number(1, i64::MAX))
        .doc("Requests one connection may carry at once.")
        .negatable()
        .not_yet("FastCGI")
        .ok(&["option max-reqs 10"])
        .bad(&["option max-reqs", "option max-reqs many", "option max-reqs 0"]),
    Row::new("option mpxs-conns", Sections::FCGI_APP)
        .shape(Shape::Nothing)
        .doc("Sends several requests over one connection.")
        .negatable()
        .not_yet("FastCGI")
        .ok(&["option mpxs-conns"])
        .bad(&["option mpxs-conns extra"]),
    Row::new("set-param", Sections::FCGI_APP)
        .usage("<name> <format> [{ if | unless } <condition>]")
        .shape(Shape::Words(2, 64))
        .doc("Sets a parameter of the request.")
        .not_yet("FastCGI")
        .ok(&["set-param REMOTE_USER %[src]"])
        .bad(&["set-param x"]),
];
