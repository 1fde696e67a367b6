//! The statistics page open to everybody.

use hapax_diag::{Code, Severity};
use hapax_syntax::Line;

use super::outline::{Section, condition, starts, text, whole};
use super::{Facts, Found, Lint};

pub(super) static LINT: Lint = Lint {
    name: "open-stats",
    code: Code {
        id: "HX0511",
        title: "statistics page open to everybody",
        explain: "The page shows every server's address and state. It is served on an address that others reach, and no password and no rule \
                  guards it.",
    },
    severity: Severity::Warning,
    run,
    ok: &[
        "listen s\n bind 127.0.0.1:1936\n stats enable\n",
        "listen s\n bind :1936\n stats enable\n stats auth a:b\n",
        "listen s\n bind :1936\n stats uri /s\n http-request deny unless { src 10.0.0.0/8 }\n",
        "listen s\n bind :1936\n stats enable\n stats http-request auth unless { http_auth(u) }\n",
        "listen s\n bind unix@/run/s\n stats enable\n",
        "defaults\n stats auth a:b\nlisten s\n bind :1936\n stats enable\n",
    ],
    bad: &[
        "listen s\n bind :1936\n stats enable\n",
        "frontend s\n bind *:80\n stats uri /haproxy\n",
        "defaults\n stats enable\nlisten s\n bind 10.0.0.1:1936\n",
    ],
};

fn run(facts: &Facts<'_>, found: &mut Found<'_>) {
    for section in facts.outline.proxies() {
        let Some(bind) = open_bind(section) else { continue };
        let lines = || facts.outline.with_defaults(section);
        let Some(stats) = lines().find(|l| starts(l, &["stats", "enable"]) || starts(l, &["stats", "uri"])) else {
            continue;
        };
        if !lines().any(guards) {
            let help =
                "add 'stats auth USER:PASSWORD', a rule such as 'http-request deny unless { src 10.0.0.0/8 }', or listen on 127.0.0.1";
            let other = (whole(bind), "others reach it here");
            found.say_with(whole(stats), "the statistics page is open to everybody", help, other);
        }
    }
}

/// A rule that may turn somebody away, or a password.
fn guards(line: &Line<'_>) -> bool {
    if starts(line, &["stats", "auth"]) || starts(line, &["stats", "http-request"]) {
        return true;
    }
    let action = match text(line, 0) {
        "http-request" => text(line, 1),
        "tcp-request" => text(line, 2),
        _ => return false,
    };
    matches!(action, "auth" | "deny" | "reject" | "silent-drop" | "tarpit") && condition(line).is_some()
}

/// A bind line on an address that is not this machine's own.
fn open_bind<'s, 'a>(section: &'s Section<'a>) -> Option<&'s Line<'a>> {
    section.lines_of(&["bind"]).find(|line| text(line, 1).split(',').any(is_open))
}

/// Whether others reach the address.
pub(super) fn is_open(address: &str) -> bool {
    let address = address
        .trim_start_matches("ipv4@")
        .trim_start_matches("ipv6@")
        .trim_start_matches("tcp@")
        .trim_start_matches("tcp4@")
        .trim_start_matches("tcp6@");
    let local = [
        "127.",
        "localhost:",
        "::1:",
        "[::1]:",
        "/",
        "unix@",
        "abns@",
        "abnsz@",
        "fd@",
        "sockpair@",
        "uxst@",
        "uxdg@",
    ];
    !address.is_empty() && !local.iter().any(|lead| address.starts_with(lead))
}
