//! `cargo xtask corpus DIR`: agreement with HAProxy's verdicts over real configuration files.
//!
//! DIR holds `prepared/` (the files), `verdicts/` (`<file>.<version>.txt`: a line `rc=N`, then HAProxy's output) and
//! `LABELS.tsv` (the list of the files). Everything is read with DIR as the working directory.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use hapax_config::keyword::Version;
use hapax_config::{Input, LoadOptions, load};
use hapax_diag::Severity;
use hapax_syntax::{BuildFacts, Environment};

use crate::files::Folder;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Folder of the files and verdicts
    dir: PathBuf,
    /// Version to agree with, and whose language is asked for
    #[arg(long = "for", default_value = "3.5")]
    version: String,
    /// Only files whose name contains this
    #[arg(long)]
    only: Option<String>,
    /// Show every message of the files that differ
    #[arg(long)]
    verbose: bool,
}

/// Accepted or not, and the line of the first alert that has one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Verdict {
    accepted: bool,
    line: Option<u32>,
    first: String,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    std::env::set_current_dir(&options.dir).with_context(|| options.dir.display().to_string())?;
    let version = parse_version(&options.version)?;
    let labels = std::fs::read_to_string("LABELS.tsv").context("LABELS.tsv")?;
    let files: Vec<&str> = labels
        .lines()
        .skip(1)
        .filter_map(|l| l.split('\t').next())
        .filter(|f| options.only.as_ref().is_none_or(|o| f.contains(o.as_str())))
        .collect();
    let (mut same_verdict, mut refused, mut same_line) = (0, 0, 0);
    for file in &files {
        let theirs = their_verdict(file, &options.version)?;
        let (ours, told) = our_verdict(file, version)?;
        let agree = ours.accepted == theirs.accepted;
        same_verdict += usize::from(agree);
        refused += usize::from(!theirs.accepted);
        let agree_line = agree && (theirs.accepted || theirs.line.is_none() || ours.line == theirs.line);
        same_line += usize::from(!theirs.accepted && agree_line);
        if !agree_line {
            println!("{file}");
            println!("  theirs: {}", show(&theirs));
            println!("  ours:   {}", show(&ours));
            if options.verbose {
                for line in told {
                    println!("    {line}");
                }
            }
        }
    }
    println!("verdict: {same_verdict} of {}", files.len());
    println!("first refused line: {same_line} of {refused}");
    if same_verdict < files.len() || same_line < refused {
        bail!("HAProxy {} judges some files differently", options.version);
    }
    Ok(())
}

fn show(v: &Verdict) -> String {
    match (v.accepted, v.line) {
        (true, _) => "accepted".to_owned(),
        (false, Some(line)) => format!("refused at {line}: {}", v.first),
        (false, None) => format!("refused: {}", v.first),
    }
}

fn parse_version(text: &str) -> Result<Version> {
    let (major, minor) = text.split_once('.').context("a version is `major.minor`")?;
    Ok((major.parse()?, minor.parse()?))
}

fn their_verdict(file: &str, version: &str) -> Result<Verdict> {
    let path = format!("verdicts/{file}.{version}.txt");
    let bytes = std::fs::read(&path).context(path)?;
    Ok(read_verdict(&String::from_utf8_lossy(&bytes), file))
}

fn read_verdict(text: &str, file: &str) -> Verdict {
    // Status 2 is a file "without error" that will not start, for lack of a listener.
    let accepted = matches!(text.lines().next(), Some("rc=0" | "rc=2"));
    let place = format!("prepared/{file}:");
    let located = text.lines().filter(|l| l.starts_with("[ALERT]")).find_map(|l| {
        let rest = l.split_once(&place)?.1;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        Some((digits.parse().ok()?, rest))
    });
    Verdict {
        accepted,
        line: located.map(|(line, _)| line),
        first: located.map_or_else(String::new, |(_, rest)| {
            rest.trim_start_matches(|c: char| c.is_ascii_digit()).to_owned()
        }),
    }
}

fn our_verdict(file: &str, version: Version) -> Result<(Verdict, Vec<String>)> {
    let name = format!("prepared/{file}");
    let bytes = std::fs::read(&name).context(name.clone())?;
    let opts = LoadOptions {
        env: environment(version),
        for_version: Some(version),
        ..LoadOptions::default()
    };
    let loaded = load(
        vec![Input {
            name,
            bytes: Arc::from(bytes),
        }],
        &Folder(PathBuf::new()),
        &opts,
    );
    let alerts = || loaded.diags.iter().filter(|d| d.severity == Severity::Alert);
    let first = alerts().find(|d| d.span.is_some()).or_else(|| alerts().next());
    let told = loaded
        .diags
        .iter()
        .map(|d| format!("{:?} {}: {}", d.severity, d.span.map_or(0, |s| s.line), d.message))
        .collect();
    let verdict = Verdict {
        accepted: first.is_none(),
        line: first.and_then(|d| d.span).map(|s| s.line),
        first: first.map_or_else(String::new, |d| d.message.clone()),
    };
    Ok((verdict, told))
}

/// What the HAProxy that gave a version's verdicts was built with and we are not: files ask for it with `.if feature(...)`.
static BUILDS: &[(Version, &[&str])] = &[((2, 6), &["LUA", "OT"]), ((3, 5), &["LUA", "QUIC", "QUIC_OPENSSL_COMPAT", "ZLIB"])];

/// Our own variables, and those that HAProxy sets.
fn environment(version: Version) -> Environment {
    let own = std::env::vars_os().map(|(k, v)| (k.into_encoded_bytes(), v.into_encoded_bytes()));
    let mut facts = BuildFacts::default();
    if let Some((_, features)) = BUILDS.iter().find(|(v, _)| *v == version) {
        facts.features.extend(features.iter().map(|f| (*f).to_owned()));
    }
    let mut all = Environment::new(own, facts);
    for (name, format) in hapax_config::log_format_variables() {
        all.set(name.as_bytes(), format.as_bytes());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_read_from_the_first_located_alert() {
        let text = "rc=1\n--- stderr\n[WARNING]  (PID) : config : parsing [prepared/x.cfg:2] : hm\n[ALERT]    (PID) : config : parsing \
                    [prepared/x.cfg:11] : unknown keyword 'debug'\n[ALERT]    (PID) : config : parsing [prepared/x.cfg:12] : more\n";
        let v = read_verdict(text, "x.cfg");
        assert!(!v.accepted);
        assert_eq!(v.line, Some(11));
        assert!(v.first.contains("unknown keyword"));
        assert!(read_verdict("rc=0\n", "x.cfg").accepted);
        assert!(read_verdict("rc=2\n", "x.cfg").accepted);
    }
}
