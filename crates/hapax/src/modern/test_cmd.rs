//! `hapax test`: files of requests and of what is expected to become of them.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use hapax_explain::{CaseResult, Coverage, Suite};

use super::explain::{complete, load, read};
use crate::asked_version::AskedVersion;
use crate::report::print;

/// The tests cannot be run.
const USAGE: u8 = 2;

#[derive(Args)]
pub(crate) struct Options {
    /// Configuration file, or directory of which every *.cfg is read; may be given several times
    #[arg(short = 'f', long = "file", required = true)]
    files: Vec<String>,
    /// Files of tests, in TOML
    #[arg(required = true)]
    tests: Vec<String>,
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// List the rules that no test has taken, and the ACLs that no test has reached, or seen match or not match
    #[arg(long)]
    coverage: bool,
    /// Fail where less than this share of the rules is taken, in percent
    #[arg(long, value_name = "PERCENT")]
    min_coverage: Option<u8>,
    /// Judge the configuration as this HAProxy version would (as HAPAX_FOR in the environment)
    #[arg(long = "for", value_name = "VERSION")]
    for_version: Option<AskedVersion>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// What failed, and a summary
    Human,
    /// Test Anything Protocol
    Tap,
    Junit,
}

pub(super) fn run(o: &Options) -> ExitCode {
    match test(o) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{}", why.trim_end());
            ExitCode::from(USAGE)
        }
    }
}

/// Whether everything holds.
fn test(o: &Options) -> Result<bool, String> {
    let (plan, sources) = load(&o.files, o.for_version)?;
    let mut coverage = Coverage::new(&plan, &sources);
    let mut results = Vec::new();
    for path in &o.tests {
        let mut suite = Suite::parse(&read(path)?).map_err(|e| format!("{path}: {e}"))?;
        for case in &mut suite.cases {
            complete(&mut case.request)?;
        }
        results.extend(hapax_explain::run_suite(&plan, &sources, &suite, &mut coverage));
    }
    print(&match o.format {
        Format::Human => human(&results),
        Format::Tap => hapax_explain::tap(&results),
        Format::Junit => hapax_explain::junit(&o.tests.join(" "), &results),
    });
    let percent = coverage.rules_taken().percent();
    let enough = o.min_coverage.is_none_or(|min| percent >= usize::from(min));
    if o.coverage || !enough {
        // Beside the results, not among them: a build server reads those.
        eprint!("{}", coverage.render());
    }
    if !enough {
        eprintln!("coverage is {percent} %, less than asked for");
    }
    Ok(enough && results.iter().all(CaseResult::passed))
}

fn human(results: &[CaseResult]) -> String {
    let mut out = String::new();
    for result in results.iter().filter(|r| !r.passed()) {
        let _ = writeln!(out, "FAILED {}", result.name);
        for failure in &result.failures {
            let _ = writeln!(out, "    {}", failure.replace('\n', "\n    "));
        }
    }
    let failed = results.iter().filter(|r| !r.passed()).count();
    let _ = writeln!(out, "{} passed, {failed} failed", results.len() - failed);
    out
}
