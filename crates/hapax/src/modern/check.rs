//! `hapax check FILE...`: everything that is wrong with a configuration, with its place and its cure, without running it.

mod policy;

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use hapax_config::lint::{self, Around, Lint};
use hapax_config::{LoadOptions, Loaded};
use hapax_diag::baseline::Baseline;
use hapax_diag::render::{self, Closing, Human, Tool};
use hapax_diag::{Diagnostics, Severity, Sources, Standing, suggest, suppress};
use hapax_sys::memory;

use crate::asked_version::{self, AskedVersion};
use crate::report::print;
use crate::{codes, environment, files, inputs};

use policy::{Deny, Missing, OfflineFiles};

const TOOL: Tool = Tool {
    name: "hapax",
    version: env!("CARGO_PKG_VERSION"),
};

/// What cannot be checked at all: unreadable files, unknown codes.
const USAGE: u8 = 2;

#[derive(Args)]
pub(crate) struct Options {
    /// Configuration files, or directories of which every *.cfg is read; `-` is the standard input
    #[arg(required_unless_present_any = ["explain", "list_lints", "list_codes", "more_files"])]
    files: Vec<String>,
    /// As HAProxy takes them
    #[arg(short = 'f', value_name = "FILE", hide = true)]
    more_files: Vec<String>,
    /// How to tell what was found
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Fail on these too
    #[arg(long, value_enum)]
    deny: Option<Deny>,
    /// Do not look up names; what this machine lacks is only noted
    #[arg(long)]
    offline: bool,
    /// How grave it is that this machine lacks something (a file, a user, a name)
    #[arg(long, value_enum)]
    missing: Option<Missing>,
    /// Judge strictly as this HAProxy version would, 2.4 to 3.5 (as HAPAX_FOR in the environment)
    #[arg(long = "for", value_name = "VERSION")]
    for_version: Option<AskedVersion>,
    /// This machine's name among peers, where it is not that of the machine the check runs on
    #[arg(short = 'L', long, value_name = "NAME")]
    local_peer: Option<String>,
    /// Explain a code, such as HX0101, or a piece of advice by its name
    #[arg(long, value_name = "CODE")]
    explain: Option<String>,
    /// Hide the warnings this file lists
    #[arg(long, value_name = "FILE")]
    baseline: Option<String>,
    /// Write the warnings found to the baseline file
    #[arg(long, requires = "baseline")]
    write_baseline: bool,
    /// Leave out this piece of advice, by its name or its code
    #[arg(long, value_name = "LINT", value_parser = lint_name)]
    allow: Vec<&'static str>,
    /// Only say what HAProxy would
    #[arg(long)]
    no_lints: bool,
    /// Print the names of all advice that can be given
    #[arg(long)]
    list_lints: bool,
    /// Print every code that a diagnostic can have
    #[arg(long)]
    list_codes: bool,
    /// Show diagnostics of the least weight too, as haproxy -dD does
    #[arg(long)]
    diag: bool,
    /// HAProxy's switches: -dW is --deny warnings, -dD is --diag
    #[arg(short = 'd', value_name = "SWITCH", value_enum)]
    switches: Vec<Switch>,
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    color: Color,
    /// Memory that the check may use; a configuration that takes more is not checked to its end
    #[arg(long, value_name = "MEBIBYTES", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(64..))]
    memory: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The source with the words underlined
    Human,
    /// HAProxy's own lines
    Haproxy,
    Json,
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    Junit,
}

/// What HAProxy writes after `-d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Switch {
    /// Warnings fail too
    #[value(name = "W")]
    Warnings,
    /// Diagnostics of the least weight are shown too
    #[value(name = "D")]
    Diag,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

pub(super) fn run(o: &Options) -> ExitCode {
    match check(o) {
        Ok(code) => code,
        Err(why) => {
            tell(&why);
            ExitCode::from(USAGE)
        }
    }
}

/// The verdict, or why there is none.
fn check(o: &Options) -> Result<ExitCode, String> {
    if let Some(id) = &o.explain {
        return explain(id);
    }
    if o.list_lints {
        print(&lint_list());
        return Ok(ExitCode::SUCCESS);
    }
    if o.list_codes {
        print(&code_list());
        return Ok(ExitCode::SUCCESS);
    }
    hapax_sys::alloc::give_back_at_once();
    memory::limit(o.memory);
    // Of what a file makes, its bytes are the smallest part.
    let most = o.memory * (1 << 20) / 8;
    let read = inputs::read_within(&[&o.files[..], &o.more_files].concat(), Some(most))?;
    let names: Vec<String> = read.iter().map(|input| input.name.clone()).collect();
    let missing = Missing::of(o.missing, o.offline);
    let env = environment::variables(&names, o.local_peer.as_deref());
    let options = LoadOptions {
        env,
        local_peer: o.local_peer.clone(),
        lacking: missing.severity(),
        for_version: asked_version::or_environment(o.for_version)?,
        all_errors: true,
        full: Some(memory::is_full),
        ..LoadOptions::default()
    };
    let files = files::DiskFiles { most: Some(most), room: 0 };
    let Loaded { mut diags, sources, plan } = if o.offline {
        hapax_config::load(read, &OfflineFiles(files), &options)
    } else {
        hapax_config::load(read, &files, &options)
    };
    if !o.no_lints && !diags.has_alert() {
        let wanted = |lint: &Lint| !o.allow.contains(&lint.name);
        diags.extend(lint::run(&sources, &options.env, plan, around(o.offline), wanted));
    }
    let diag = o.diag || o.switches.contains(&Switch::Diag);
    diags.retain(|d| diag || d.severity != Severity::Diag);
    suppress::suppress(&mut diags, &sources, &codes::names());
    if let Some(path) = &o.baseline {
        baseline(path, o.write_baseline, &mut diags, &sources)?;
    }
    if o.format != Format::Haproxy {
        diags.retain(|d| d.standing != Standing::Follows);
        diags.sort_by_key(|d| d.span.map_or((u32::MAX, 0), |s| (s.file.0, s.line)));
    }
    print(&draw(o, &diags, &sources));
    if diags.dropped() > 0 {
        tell(&format!("{} more findings are not shown", diags.dropped()));
    }
    let deny = o.deny.or_else(|| o.switches.contains(&Switch::Warnings).then_some(Deny::Warnings));
    // Neither right nor wrong, where nothing else is.
    let alerts = || diags.iter().filter(|d| d.severity == Severity::Alert);
    if alerts().next().is_some() && alerts().all(|d| d.code.id == hapax_config::codes::TOO_LARGE.id) {
        return Ok(ExitCode::from(USAGE));
    }
    let denied = diags.has_alert() || deny.is_some_and(|deny| deny.hits(&diags));
    Ok(if denied { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn draw(o: &Options, diags: &Diagnostics, sources: &Sources) -> String {
    match o.format {
        Format::Human => render::human(diags, sources, style(o.color)),
        Format::Haproxy => render::haproxy(diags, sources, std::process::id(), Closing::Verdict),
        Format::Json => render::json(diags, sources, TOOL),
        Format::Sarif => render::sarif(diags, sources, TOOL),
        Format::Github => render::github(diags, sources),
        Format::Junit => render::junit(diags, sources),
    }
}

fn style(color: Color) -> Human {
    let var = |name| std::env::var(name).unwrap_or_default();
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(var).into_iter().find(|v| !v.is_empty());
    let terminal = std::io::stdout().is_terminal();
    Human {
        color: match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && var("NO_COLOR").is_empty(),
        },
        unicode: terminal && locale.is_some_and(|l| l.to_ascii_lowercase().replace('-', "").contains("utf8")),
        width: var("COLUMNS").parse().unwrap_or(Human::default().width),
    }
}

/// For `--allow`: the name of a lint, whichever way it was given.
fn lint_name(text: &str) -> Result<&'static str, String> {
    lint::find(text).map(|lint| lint.name).ok_or_else(|| {
        let near = suggest(text, lint::ALL.iter().map(|l| l.name));
        let list = "no such advice (--list-lints lists it)".to_owned();
        near.map_or(list, |near| format!("did you mean {near}?"))
    })
}

fn lint_list() -> String {
    lint::ALL.iter().fold(String::new(), |mut all, lint| {
        let _ = writeln!(all, "{:<22} {}  {}", lint.name, lint.code.id, lint.code.title);
        all
    })
}

fn code_list() -> String {
    let mut all: Vec<_> = codes::all().collect();
    all.sort_by_key(|code| code.id);
    all.into_iter().fold(String::new(), |mut list, code| {
        let _ = writeln!(list, "{}  {}", code.id, code.title);
        list
    })
}

fn around(offline: bool) -> Around {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Around {
        now: since.ok().and_then(|d| i64::try_from(d.as_secs()).ok()),
        full: Some(memory::is_full),
        open_files: (!offline && !hapax_sys::privileges::is_root()).then(|| hapax_sys::limits::open_files().1),
    }
}

fn explain(id: &str) -> Result<ExitCode, String> {
    let Some(code) = codes::find(id) else {
        let near = suggest(id, codes::names().into_iter().flat_map(|(name, code)| [name, code]));
        let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        return Err(format!("no code is named {id}{hint}"));
    };
    print(&format!("{}: {}\n\n{}\n", code.id, code.title, code.explain));
    Ok(ExitCode::SUCCESS)
}

/// Writes the baseline, or hides what it lists.
fn baseline(path: &str, write: bool, diags: &mut Diagnostics, sources: &Sources) -> Result<(), String> {
    let at = |e: std::io::Error| format!("{path}: {}", inputs::reason(&e));
    let known = if write {
        let found = Baseline::of(diags, sources);
        std::fs::write(path, found.to_json()).map_err(at)?;
        found
    } else {
        Baseline::parse(&std::fs::read_to_string(path).map_err(at)?).map_err(|e| format!("{path}: {e}"))?
    };
    let gone = known.len() - known.hide(diags, sources);
    // Where there are errors, not all is looked for that may be found.
    if gone > 0 && !diags.has_alert() {
        tell(&format!(
            "{path}: {gone} of its entries were not found again; --write-baseline takes them out"
        ));
    }
    Ok(())
}

fn tell(why: &str) {
    use std::io::Write;
    for line in why.lines() {
        // Nobody is left to be told of a broken stderr.
        let _ = writeln!(std::io::stderr().lock(), "hapax check: {line}");
    }
}
