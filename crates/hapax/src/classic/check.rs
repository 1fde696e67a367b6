//! The verdict on a loaded configuration: what is said about it, and the exit code where the process ends here.

use std::process::ExitCode;

use hapax_config::Loaded;

use super::options::{Mode, Options};
use super::{keywords, libraries};
use crate::report::{Report, print};

/// Tells every finding; `Some` when nothing is to be started.
pub(super) fn judge(report: &Report, options: &Options, loaded: &Loaded) -> Option<ExitCode> {
    if loaded.plan.as_ref().is_some_and(|p| p.global.quiet) && !options.verbose {
        report.hush();
    }
    report.findings(loaded);
    if loaded.diags.has_alert() {
        return Some(ExitCode::FAILURE);
    }
    if options.zero_warning && report.warnings() > 0 {
        report.alert("Some warnings were found and 'zero-warning' is set. Aborting.");
        return Some(ExitCode::FAILURE);
    }
    if let Some(classes) = &options.dump_keywords {
        print(&keywords::list(classes));
    }
    if options.dump_libraries {
        print(&libraries::list());
    }
    if options.mode != Mode::Check {
        return None;
    }
    if report.warnings() > 0 && (!options.quiet || options.verbose) {
        print("Warnings were found.\n");
    }
    if options.verbose {
        print("Configuration file is valid\n");
    }
    Some(ExitCode::SUCCESS)
}
