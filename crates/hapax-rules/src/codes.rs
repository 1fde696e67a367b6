//! Codes of the diagnostics that rules give (`HX04xx`).

use hapax_diag::Code;

pub static MISSING_ARG: Code = Code {
    id: "HX0401",
    title: "an action lacks an argument",
    explain: "The action needs another word here. The manual's section 4.4 lists the arguments of every action.",
};
