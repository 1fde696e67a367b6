//! `-cc`: a condition of `.if`, answered by the exit code.

use std::process::ExitCode;

use hapax_syntax::condition;

use crate::report::Report;

/// 0: true, 1: false, 2: not a condition.
pub(super) fn run(report: &Report, text: &str) -> ExitCode {
    let env = crate::environment::variables(&[], None);
    match condition::evaluate_argument(text.as_bytes(), &env) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(e) => {
            report.alert(&format!("config : {e}"));
            ExitCode::from(2)
        }
    }
}
