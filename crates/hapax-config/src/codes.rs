//! Codes of the diagnostics that the dictionary and the cross checks give (`HX02xx`, `HX03xx`).

use hapax_diag::Code;

macro_rules! codes {
    ($($name:ident = $id:literal, $title:literal, $explain:literal;)*) => {
        $(pub static $name: Code = Code { id: $id, title: $title, explain: $explain };)*

        /// Every code of this room, for `--explain` and the reference pages.
        pub static ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    UNKNOWN_KEYWORD = "HX0201", "unknown keyword", "No keyword of this section has this name. The message names the closest one that has.";
    WRONG_SECTION = "HX0202", "keyword in the wrong section", "The keyword exists, but belongs in another section. Move the line there.";
    OUT_OF_SECTION = "HX0203", "keyword before the first section", "A configuration starts with a section: global, defaults, frontend, backend, listen...";
    PREFIX = "HX0204", "prefix not valid here", "`no` and `default` may stand before few keywords: options, `log`, and some global switches.";
    MISSING_ARGUMENT = "HX0205", "missing argument", "The keyword needs another word.";
    UNEXPECTED_ARGUMENT = "HX0206", "unexpected argument", "The keyword takes fewer words. Spaces inside one argument must be quoted or escaped.";
    BAD_ARGUMENT = "HX0207", "invalid argument", "The word is not one the keyword can take here.";
    SMALL_TIME = "HX0509", "very short time", "A number without a unit is in milliseconds. A connection or a message rarely makes it within this many: write the unit to say what is meant, 5s or 5ms.";
    NO_SUCH_SIDE = "HX0208", "no effect in this proxy", "The keyword acts on a frontend or on a backend, and this section is the other one.";
    REMOVED = "HX0209", "keyword no longer supported", "The keyword was removed from the language. The message says what to write instead.";
    NOT_YET = "HX0210", "accepted, not acted on yet", "The line is valid and is read, but what it asks for is not done by this version.";
    NO_EFFECT = "HX0211", "nothing to act on", "The line is valid, and there is nothing here that it could change.";
    REFUSED = "HX0212", "not accepted here", "The line is valid for HAProxy and cannot be honoured by this program, so it is refused rather than ignored.";
    OTHER_VERSION = "HX0213", "not known to the version asked for", "The keyword is newer, or older, than the version given with --for.";
    DUPLICATE = "HX0214", "already specified", "The value is given once; a second one would silently win or lose.";
    SECTION_NAME = "HX0215", "section heading", "The heading's words are not what the section takes.";
    DUPLICATE_NAME = "HX0216", "name used twice", "Two sections or servers of one kind share a name, so that nothing can tell them apart.";
    MISSING_FILE = "HX0217", "file cannot be read", "A file the configuration names cannot be read on this machine.";
    ADDRESS = "HX0218", "invalid address", "Addresses are `host:port`, `[v6]:port`, `*:port`, `/path`, `unix@`, `abns@`, `fd@`.";
    DESCRIPTOR = "HX0222", "descriptor not handed over", "The address is a descriptor that the parent process leaves open (`fd@N`), and no socket is there on this machine.";
    CERTIFICATE = "HX0219", "certificate", "A certificate or key could not be loaded.";
    LAST_LINE = "HX0220", "last line lacks its newline", "The file may have been cut. End it with a newline.";
    EXPERIMENTAL = "HX0221", "experimental word", "HAProxy calls the word experimental, and wants `expose-experimental-directives` in `global` before it.";
    AMBIGUOUS_DEFAULTS = "HX0223", "defaults used by name and by place", "Some sections name this `defaults` section after `from`, others get it because they stand after it. Name it everywhere, or let a nameless one follow it.";
    TOO_LARGE = "HX0224", "configuration too large to check", "A check uses no more memory than it is given, and ends where that is used up. `--memory` gives it more.";
    UNKNOWN_PROXY = "HX0301", "unknown proxy or server", "A rule names a backend or server that no section declares.";
    MODES = "HX0302", "modes do not fit", "A frontend and its backend must both be `mode http` or both be `mode tcp`.";
    TIMEOUTS = "HX0303", "missing timeouts", "Without these timeouts, dead peers hold connections for ever.";
    NEEDS_HTTP = "HX0304", "needs mode http", "The keyword acts on HTTP messages, and the proxy is in TCP mode.";
    NO_BIND = "HX0305", "frontend without bind", "A frontend that listens nowhere receives nothing.";
    NO_LOG = "HX0306", "log format without log", "A log format is set and no `log` line says where to send the messages.";
    BIND_CONFLICT = "HX0307", "address bound twice", "Two bind lines ask for the same address.";
    FALLBACK = "HX0308", "setting replaced by another", "The setting cannot work with the others of this proxy; what is used instead is in the message.";
    RULE_ORDER = "HX0309", "rule order", "Rule sets run in a fixed order, whatever the order of the lines. Write them in that order to see what happens.";
    DEFAULTS_RULES = "HX0319", "rules of defaults", "The rules of a defaults section cannot run in every proxy that takes them. Give each kind of proxy a defaults section of its own.";
    USERLIST = "HX0310", "user list", "A user, group or user list is not as expected.";
    ENVIRONMENT = "HX0311", "environment", "A variable is used or set in a way that cannot work.";
    SERVER = "HX0312", "server", "A server's line is not as expected.";
    MISSING_FILTER = "HX0313", "filter not declared", "A line of the proxy needs a `filter` line of the same proxy, or names a filter that it does not have.";
}
