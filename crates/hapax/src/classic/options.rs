//! The options, one row each: how it is written, what follows it, what it sets, and its line of help.
//!
//! As HAProxy reads them: the longest row that begins an argument wins and what is left over is the option's attached value, so
//! `-dMno-merge` is `-dM` with a value and `-dfoo` is `-d`.

mod rows;

pub(crate) use rows::ROWS;

use std::iter::Peekable;

/// What follows an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    Nothing,
    /// The rest of the same argument.
    Attached,
    /// The next argument.
    Next,
    /// The next argument where nothing is attached and it begins with no `-`.
    AttachedOrNext,
    /// Every following argument up to one that begins with `-`.
    Pids,
}

pub(crate) struct Row {
    /// Without the leading `-`.
    pub(crate) flag: &'static str,
    pub(crate) takes: Takes,
    /// The line of help; empty where another row's line tells it.
    pub(crate) help: &'static str,
    pub(crate) set: fn(&mut Options, &str) -> Result<(), Stop>,
}

/// Why no run follows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Usage(Option<String>),
    Alert(String),
    Print(String),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    #[default]
    Run,
    Check,
    Condition(String),
}

/// Which signal older processes get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// `-sf`: finish what is in flight.
    Finish,
    /// `-st`: stop at once.
    Terminate,
}

/// The command line as written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) files: Vec<String>,
    pub(crate) mode: Mode,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    pub(crate) debug: bool,
    pub(crate) foreground: bool,
    pub(crate) daemon: bool,
    pub(crate) master: bool,
    pub(crate) systemd: bool,
    pub(crate) zero_warning: bool,
    pub(crate) diag: bool,
    pub(crate) directory: Option<String>,
    pub(crate) pid_file: Option<String>,
    pub(crate) local_peer: Option<String>,
    pub(crate) maxconn: Option<u32>,
    /// `-N`: of proxies that say nothing.
    pub(crate) proxy_maxconn: Option<u32>,
    pub(crate) memory_mb: Option<u64>,
    pub(crate) no_splice: bool,
    pub(crate) no_reuseport: bool,
    pub(crate) no_server_verify: bool,
    /// `-4`
    pub(crate) ipv4_only: bool,
    pub(crate) dump_keywords: Option<String>,
    pub(crate) dump_libraries: bool,
    pub(crate) old_pids: Vec<i32>,
    pub(crate) farewell: Option<Farewell>,
    pub(crate) old_socket: Option<String>,
    /// `-S`: the address of the master's command line, and its options, by commas.
    pub(crate) master_socket: Option<String>,
    /// Options that were accepted and do nothing here, with the reason.
    pub(crate) idle: Vec<String>,
}

impl Options {
    fn has_no_effect(&mut self, option: &str, why: &str) {
        self.idle.push(format!("option '{option}' is accepted and has no effect: {why}"));
    }

    /// The command line of a worker: what of this one concerns it, in the foreground.
    pub(crate) fn worker_args(&self) -> Vec<String> {
        let mut args = vec!["-db".to_owned()];
        let switches = [
            (self.quiet, "-q"),
            (self.verbose, "-V"),
            (self.debug, "-d"),
            (self.diag, "-dD"),
            (self.no_splice, "-dS"),
            (self.no_reuseport, "-dR"),
            (self.no_server_verify, "-dV"),
            (self.ipv4_only, "-4"),
        ];
        args.extend(switches.iter().filter(|(on, _)| *on).map(|(_, s)| (*s).to_owned()));
        let values = [
            ("-n", self.maxconn.map(|n| n.to_string())),
            ("-N", self.proxy_maxconn.map(|n| n.to_string())),
            ("-m", self.memory_mb.map(|n| n.to_string())),
            ("-L", self.local_peer.clone()),
        ];
        for (option, value) in values {
            if let Some(v) = value {
                args.extend([option.to_owned(), v]);
            }
        }
        args.push("--".to_owned());
        args.extend(self.files.iter().cloned());
        args
    }

    /// What is to be told about accepted options: only to those who asked to hear more, as scripts pass them by habit.
    pub(crate) fn notes(&self) -> Vec<String> {
        if self.verbose || self.diag { self.idle.clone() } else { Vec::new() }
    }
}

pub(crate) fn parse(args: impl Iterator<Item = String>) -> Result<Options, Stop> {
    let mut options = Options::default();
    let mut args = args.peekable();
    while let Some(arg) = args.next() {
        if arg == "--" {
            options.files.extend(args);
            return Ok(options);
        }
        let Some(flag) = arg.strip_prefix('-').filter(|f| !f.is_empty()) else {
            return Err(Stop::Usage(None));
        };
        let row = ROWS.iter().filter(|r| flag.starts_with(r.flag)).max_by_key(|r| r.flag.len());
        let Some(row) = row else { return Err(Stop::Usage(None)) };
        apply(row, &flag[row.flag.len()..], &mut args, &mut options)?;
    }
    Ok(options)
}

fn apply(row: &Row, attached: &str, args: &mut Peekable<impl Iterator<Item = String>>, o: &mut Options) -> Result<(), Stop> {
    let not_an_option = |a: &String| !a.starts_with('-');
    match row.takes {
        Takes::Nothing => (row.set)(o, ""),
        Takes::Attached => (row.set)(o, attached),
        Takes::Next => {
            let Some(value) = args.next() else {
                return Err(Stop::Usage(Some(format!("option '-{}' expects an argument", row.flag))));
            };
            (row.set)(o, &value)
        }
        Takes::AttachedOrNext => {
            let next = if attached.is_empty() { args.next_if(not_an_option) } else { None };
            (row.set)(o, next.as_deref().unwrap_or(attached))
        }
        Takes::Pids => {
            (row.set)(o, "")?;
            while let Some(pid) = args.next_if(not_an_option) {
                match pid.trim().parse::<i32>() {
                    Ok(n) if n > 0 => o.old_pids.push(n),
                    Ok(_) => return Err(Stop::Usage(None)),
                    Err(_) => return Err(Stop::Alert(format!("-{} option: failed to parse {{{pid}}}", row.flag))),
                }
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
