//! The command line: what is said, where, and with which exit code.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

mod explain;
mod foretold;

use std::fs;
use std::path::Path;
use std::process::Output;

use hapax_tests::{Program, compare};
use tempfile::TempDir;

const GOOD: &str = "defaults\n  mode http\n  timeout client 1s\n  timeout server 1s\n  timeout connect 1s\nfrontend f\n  bind 127.0.0.1:12345\n  default_backend b\nbackend b\n  server s 127.0.0.1:1\n";
/// A frontend without timeouts is a warning.
const WARNED: &str =
    "frontend f\n  mode http\n  bind 127.0.0.1:12345\n  default_backend b\nbackend b\n  mode http\n  server s 127.0.0.1:1\n";
const BAD: &str = "defaults\n  timeout client 1s\nfrontend f\n  bogus\n  bind 127.0.0.1:12345\n";
const DEAF: &str = "backend b\n  timeout server 1s\n  timeout connect 1s\n  server s 127.0.0.1:1\n";

fn folder() -> TempDir {
    let dir = TempDir::new().unwrap();
    for (name, text) in [("good.cfg", GOOD), ("warned.cfg", WARNED), ("bad.cfg", BAD), ("deaf.cfg", DEAF)] {
        fs::write(dir.path().join(name), text).unwrap();
    }
    fs::create_dir(dir.path().join("parts")).unwrap();
    let (head, tail) = GOOD.split_at(GOOD.find("\nbackend b").unwrap() + 1);
    fs::write(dir.path().join("parts/1.cfg"), head).unwrap();
    fs::write(dir.path().join("parts/2.cfg"), tail).unwrap();
    fs::write(dir.path().join("parts/.hidden.cfg"), "nonsense\n").unwrap();
    fs::write(dir.path().join("parts/readme.txt"), "nonsense\n").unwrap();
    dir
}

fn run(program: Program, dir: &Path, line: &str) -> Output {
    let mut args: Vec<&str> = line.split_whitespace().collect();
    if line.is_empty() {
        args.clear();
    }
    program.command().args(args).current_dir(dir).output().unwrap()
}

/// Exit code, stdout, and the messages of stderr without process ids and without who speaks.
fn seen(program: Program, dir: &Path, line: &str) -> (Option<i32>, String, Vec<String>) {
    let out = run(program, dir, line);
    let stderr = String::from_utf8_lossy(&out.stderr);
    let messages = stderr
        .lines()
        .filter(|l| l.starts_with('[') && !l.contains("haproxy version is") && !l.contains("path to executable"))
        .map(|l| {
            let (label, rest) = l.split_once('(').unwrap();
            // Later versions say `config : ` before fewer messages than the one that may be at hand.
            format!(
                "{}{}",
                label.trim_end(),
                rest.split_once(')')
                    .unwrap()
                    .1
                    .replace(": config : missing", ": missing")
                    .replace(": config : Some warnings", ": Some warnings")
            )
        })
        .collect();
    let mut verdict = String::from_utf8_lossy(&out.stdout).into_owned();
    if !line.contains("-V") {
        // Earlier versions said so to everybody.
        verdict = verdict.replace("Configuration file is valid\n", "");
    }
    (out.status.code(), verdict, messages)
}

#[test]
fn a_check_says_what_haproxy_says() {
    let dir = folder();
    for line in [
        "-c -f good.cfg",
        "-c -V -f good.cfg",
        "-c -q -f good.cfg",
        "-c -q -f bad.cfg",
        "-c -f parts",
        "-c -- parts/1.cfg parts/2.cfg",
        "-c -f bad.cfg",
        "-c -f warned.cfg",
        "-c -dW -f warned.cfg",
        "-c -f absent.cfg",
        "-c -D -f good.cfg",
        "-c -db -dM -dI -dV -dS -dG -dR -dr -de -dp -f good.cfg",
        "-c -n 100 -N 50 -m 4096 -L me -p /tmp/none -C . -f good.cfg",
        "-c -W -f good.cfg",
        "-c -sf 999999 999998 -f good.cfg",
    ] {
        compare::same(&format!("'{line}'"), |program| seen(program, dir.path(), line));
    }
}

#[test]
fn the_verdict_is_the_exit_code() {
    let dir = folder();
    for (line, code, stdout) in [
        ("-c -f good.cfg", 0, ""),
        ("-c -V -f good.cfg", 0, "Configuration file is valid\n"),
        ("-c -q -f good.cfg", 0, ""),
        ("-c -f bad.cfg", 1, ""),
        ("-c -f warned.cfg", 0, "Warnings were found.\n"),
        ("-c -dW -f warned.cfg", 1, ""),
        ("-f deaf.cfg", 1, ""),
    ] {
        let out = run(Program::Hapax, dir.path(), line);
        assert_eq!(
            (out.status.code(), String::from_utf8_lossy(&out.stdout).as_ref()),
            (Some(code), stdout),
            "{line}"
        );
    }
}

#[test]
fn a_mistake_is_told_with_its_place() {
    let dir = folder();
    let (_, _, messages) = seen(Program::Hapax, dir.path(), "-c -f bad.cfg");
    assert!(
        messages[0].starts_with("[ALERT] : config : parsing [bad.cfg:4] : unknown keyword 'bogus'"),
        "{messages:?}"
    );
    assert_eq!(messages.last().unwrap(), "[ALERT] : config : Fatal errors found in configuration.");
}

#[test]
fn what_is_no_option_shows_the_usage() {
    let dir = folder();
    for line in ["", "-Z", "good.cfg", "-c"] {
        let out = run(Program::Hapax, dir.path(), line);
        assert_eq!(out.status.code(), Some(1), "{line}");
        assert!(String::from_utf8_lossy(&out.stdout).starts_with("HAProxy version "), "{line}");
        assert!(String::from_utf8_lossy(&out.stderr).contains("Usage : "), "{line}");
    }
}

#[test]
fn conditions_are_answered_by_the_exit_code() {
    let dir = folder();
    for (condition, code) in [
        ("streq(a,a)", 0),
        ("streq(a,b)", 1),
        ("!streq(a,b)", 0),
        ("version_atleast(2.4)", 0),
        ("nonsense", 2),
    ] {
        let out = run(Program::Hapax, dir.path(), &format!("-cc {condition}"));
        assert_eq!(out.status.code(), Some(code), "{condition}");
    }
}

#[test]
fn the_version_is_where_tools_look_for_it() {
    let dir = folder();
    let out = run(Program::Hapax, dir.path(), "-v");
    assert!(out.status.success() && String::from_utf8_lossy(&out.stdout).starts_with("HAProxy version 3.5"));
    let out = run(Program::Hapax, dir.path(), "-vv");
    let text = String::from_utf8_lossy(&out.stdout);
    for part in ["Build options", "Feature list : +", "epoll"] {
        assert!(text.contains(part), "{part}");
    }
    assert_eq!(run(Program::Hapax, dir.path(), "-vqb").stdout, b"3.5\n");
}

#[test]
fn named_commands_have_help_and_completions() {
    let dir = folder();
    let out = run(Program::Hapax, dir.path(), "--help");
    assert!(out.status.success() && String::from_utf8_lossy(&out.stdout).contains("run"));
    for shell in ["bash", "zsh", "fish"] {
        let out = run(Program::Hapax, dir.path(), &format!("completions {shell}"));
        assert!(
            out.status.success() && String::from_utf8_lossy(&out.stdout).contains("hapax"),
            "{shell}"
        );
    }
}

#[test]
fn a_port_in_use_is_told_with_its_line() {
    let dir = folder();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap();
    fs::write(dir.path().join("taken.cfg"), GOOD.replace("127.0.0.1:12345", &addr.to_string())).unwrap();
    let (code, _, messages) = seen(Program::Hapax, dir.path(), "-db -f taken.cfg");
    assert_eq!(code, Some(1));
    let line = messages
        .iter()
        .find(|m| m.contains("Binding [taken.cfg:7] for frontend f"))
        .unwrap();
    assert!(
        line.contains("cannot bind socket (Address already in use)") && line.contains(&addr.to_string()),
        "{line}"
    );
}

/// A check does not look for the rings of `log` lines, a start does.
#[test]
fn a_ring_that_is_not_there_is_missed_at_start() {
    let dir = folder();
    let text = GOOD.replacen("frontend f\n", "frontend f\n  log ring@nowhere local0\n", 1);
    assert_ne!(text, GOOD);
    fs::write(dir.path().join("ring.cfg"), text).unwrap();
    for program in [Program::Hapax, Program::Haproxy] {
        if matches!(program, Program::Haproxy) && !Program::oracle("a_ring_that_is_not_there_is_missed_at_start") {
            continue;
        }
        assert_eq!(run(program, dir.path(), "-c -f ring.cfg").status.code(), Some(0));
        let started = run(program, dir.path(), "-db -f ring.cfg");
        assert_eq!(started.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&started.stderr).contains("unknown ring named 'nowhere'"));
    }
}
