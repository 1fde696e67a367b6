//! Codes of the diagnostics that rules give (`HX04xx`).

use hapax_diag::Code;

pub static MISSING_ARG: Code = Code {
    id: "HX0401",
    title: "an action lacks an argument",
    explain: "The action needs another word here. The manual's section 4.4 lists the arguments of every action.",
};

pub static UNKNOWN_ACTION: Code = Code {
    id: "HX0402",
    title: "no such action in this rule set",
    explain: "Each rule set takes some of the actions only: the manual's section 4.3 is the table. A word may be misspelt, or belong \
              to another rule set (`accept` in TCP rules is `allow` in HTTP rules).",
};

pub static LEFTOVER: Code = Code {
    id: "HX0403",
    title: "words are left after an action",
    explain: "After the action's own arguments only `if` or `unless` with a condition may stand. A value with spaces needs quotes.",
};

pub static BAD_ARG: Code = Code {
    id: "HX0404",
    title: "an action's argument is not valid",
    explain: "The word is there but the action cannot take it: out of range, not one of the words it knows, or in the wrong form.",
};

pub static EXPERIMENTAL: Code = Code {
    id: "HX0405",
    title: "an experimental action is used without permission",
    explain: "This action may still change. `expose-experimental-directives` in the global section, before this line, permits it.",
};

pub static WRONG_PLACE: Code = Code {
    id: "HX0406",
    title: "an action or expression stands where its facts do not exist",
    explain: "The proxy or rule set has no such facts: a backend has no capture slots, and a connection rule has seen no request.",
};

pub static IGNORED_ARG: Code = Code {
    id: "HX0407",
    title: "an argument of an action has no effect",
    explain: "The argument is valid but the other arguments make it moot, so it is ignored.",
};

pub static FILE: Code = Code {
    id: "HX0408",
    title: "a file that a rule needs cannot be used",
    explain: "The file could not be read, or its content is not what the rule sends: check the path, its rights and its content.",
};

pub static NOT_ACTED_ON: Code = Code {
    id: "HX0409",
    title: "an action is accepted but not acted on",
    explain: "The word is understood and checked, but the part of the proxy that would do its work is missing or has nothing to act on.",
};

/// Every code of this crate, for `--explain`.
pub static CODES: &[&Code] = &[
    &MISSING_ARG,
    &UNKNOWN_ACTION,
    &LEFTOVER,
    &BAD_ARG,
    &EXPERIMENTAL,
    &WRONG_PLACE,
    &IGNORED_ARG,
    &FILE,
    &NOT_ACTED_ON,
];

pub static UNKNOWN_FILTER: Code = Code {
    id: "HX0410",
    title: "no such filter",
    explain: "The word after `filter` is none of those that the manual's section 9 describes.",
};
