use std::sync::Arc;

use hapax_config::Plan;
use hapax_config::plan::{Check, CopyOnWrite, Mode, Proxy, ProxyCaps, Server, SocketLevel};
use hapax_runtime::state::Shared;
use hapax_runtime::stats::ProcessFacts;
use hapax_sample::Files;
use hapax_sample::pattern::{MatchMethod, PatternFlags, PatternRefs, PatternSet};
use hapax_value::{Endpoint, Support};

use crate::command::every_command;
use crate::control::Control;
use crate::line;
use crate::session::Session;

struct Still {
    shared: Arc<Shared>,
}

impl Control for Still {
    fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn facts(&self) -> ProcessFacts {
        ProcessFacts {
            pid: 42,
            ..ProcessFacts::default()
        }
    }

    fn sockets(&self) -> Vec<(String, SocketLevel)> {
        vec![("unix@/run/x.sock".into(), SocketLevel::Admin)]
    }

    fn startup_logs(&self) -> String {
        "nothing to tell\n".into()
    }

    fn files(&self) -> &dyn Files {
        &NoFiles
    }

    fn now_us(&self) -> u64 {
        2_000_000_000
    }
}

struct NoFiles;

impl Files for NoFiles {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, String> {
        match path {
            "/m.map" => Ok(Arc::from(&b"a 1\nb two words\nb 3\n"[..])),
            _ => Err("no such file".into()),
        }
    }
}

fn control() -> Arc<dyn Control> {
    let server = |name: &str, id, backup| Server {
        name: name.into(),
        id,
        weight: 10,
        rise: 2,
        backup,
        address: Some(Endpoint::Ip("127.0.0.1:22001".parse().expect("an address"))),
        check: (!backup).then(|| {
            CopyOnWrite::from(Check {
                rise: 2,
                fall: 3,
                ..Check::default()
            })
        }),
        ..Server::default()
    };
    let front = Proxy {
        name: "f".into(),
        iid: 2,
        caps: ProxyCaps::FRONTEND,
        mode: Mode::Http,
        ..Proxy::default()
    };
    let back = Proxy {
        name: "b".into(),
        iid: 3,
        caps: ProxyCaps::BACKEND,
        mode: Mode::Http,
        servers: vec![server("s1", 1, false), server("s2", 2, true)],
        ..Proxy::default()
    };
    let mut patterns = PatternRefs::default();
    let two_columns = PatternFlags {
        map_file: true,
        ..PatternFlags::default()
    };
    for (method, icase) in [(MatchMethod::Str, false), (MatchMethod::End, true)] {
        let flags = PatternFlags { icase, ..two_columns };
        let used = PatternSet::new(method).add_file("/m.map", flags, &mut patterns, &NoFiles);
        used.expect("a map");
    }
    patterns.finish();
    let mut plan = Plan {
        proxies: vec![front, back],
        patterns,
        ..Plan::default()
    };
    plan.global.env = vec![("HOME".into(), "/root".into())];
    Arc::new(Still {
        shared: Arc::new(Shared::new(Arc::new(plan), 2, 100, 1_000_000_000)),
    })
}

/// Answers a line, as an administrator in a new connection of `control`.
fn ask(control: &Arc<dyn Control>, text: &str) -> String {
    ask_payload(control, text, None)
}

fn ask_payload(control: &Arc<dyn Control>, text: &str, payload: Option<&str>) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let mut session = Session::new(SocketLevel::Admin, 1000);
    runtime.block_on(session.line(control, &line::parse(text), payload))
}

#[test]
fn answers_are_haproxys() {
    // As HAProxy 2.6 answers, but for what only 3.5 has.
    let cases: &[(&str, &str)] = &[
        ("show cli level", "admin\n\n"),
        (
            "operator;show cli level;user;show cli level;operator",
            "\noperator\n\n\nuser\n\nPermission denied\n\n",
        ),
        ("operator;set weight b/s1 1", "\nPermission denied\n\n"),
        ("show cli sockets", "# socket lvl processes\nunix@/run/x.sock admin all\n\n"),
        ("show env HOME", "HOME=/root\n\n"),
        ("show env ZZZ", "Variable not found\n\n"),
        ("show backend", "# name\nb\n\n"),
        ("show sess", "\n"),
        ("show sess 0x12", "Session not found.\n\n"),
        ("shutdown session 0x1", "No such session (use 'show sess').\n\n"),
        ("shutdown session x", "Session pointer expected (use 'show sess').\n\n"),
        ("shutdown session", "Session pointer expected (use 'show sess').\n\n"),
        ("shutdown sessions server", "Require 'backend/server'.\n\n"),
        ("get weight b/s1", "10 (initial 10)\n\n"),
        ("set weight b/s1 50%;get weight b/s1", "\n5 (initial 10)\n\n"),
        ("get weight x/y", "No such backend.\n\n"),
        ("get weight b/y", "No such server.\n\n"),
        ("get weight b/#2", "10 (initial 10)\n\n"),
        (
            "set weight b/s1 300",
            "Absolute weight can only be between 0 and 256 inclusive.\n\n",
        ),
        ("set server b/s1 weight", "Require <weight> or <weight%>.\n\n"),
        (
            "set server b/s1 state foo",
            "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n\n",
        ),
        (
            "set server b/s1 health foo",
            "'set server <srv> health' expects 'up', 'stopping', or 'down'.\n\n",
        ),
        ("set server b/s1 addr foo", "Invalid addr 'foo'\n\n"),
        (
            "set server b/s1 addr 127.0.0.2",
            "IP changed from '127.0.0.1' to '127.0.0.2' by 'stats socket command'\n\n",
        ),
        (
            "set server b/s1 addr 127.0.0.1 port 22002",
            "IP changed from '127.0.0.2' to '127.0.0.1', port changed from '22001' to '22002' by 'stats socket command'\n\n",
        ),
        ("set server b/s1 addr 127.0.0.1", "nothing changed\n\n"),
        (
            "set server b/s1 addr 127.0.0.1 port 22003",
            "port changed from '22002' to '22003' by 'stats socket command'\n\n",
        ),
        ("set server b/s1 addr 127.0.0.1 port x", "problem converting port 'x' to an int\n\n"),
        (
            "enable health b/s2",
            "Health check was not configured on this server, cannot enable.\n\n",
        ),
        ("disable frontend f;disable frontend f", "\nAll sockets are already disabled.\n\n"),
        ("enable frontend f;enable frontend f", "\nAll sockets are already enabled.\n\n"),
        ("disable frontend zz", "No such frontend.\n\n"),
        ("set maxconn frontend f", "Integer value expected.\n\n"),
        ("set maxconn global 101", "Value out of range.\n\n"),
        ("set maxconn global 50;set maxconn global 0", "\n\n"),
        ("set maxconn server b/s1 x", "maxconn string empty or preceded by garbage\n\n"),
        ("set timeout cli x", "Invalid timeout value.\n\n"),
        ("set timeout foo 1", "'set timeout' only supports 'cli'.\n\n"),
        (
            "set severity-output number;set weight b/s1",
            "\n[3]: Require <weight> or <weight%>.\n\n",
        ),
        ("set severity-output string;disable server x/y", "\n[err]: No such backend.\n\n"),
        ("clear counters all;clear counters", "\n\n"),
        ("show ssl jwt", "# filename\n\n"),
        (
            "add ssl jwt none.pem;del ssl jwt",
            "Can't display the certificate: Not found or the certificate is a bundle!\n\n'add ssl cert' expects a filename\n\n",
        ),
        ("show events nothing", "No such event sink\n\n"),
        ("debug dev log x", "This command is restricted to expert mode only.\n\n"),
        ("expert-mode on;expert-mode", "\nExpert mode is ON\n\n"),
        ("show startup-logs", "nothing to tell\n\n"),
        ("echo a b", "a b\n\n"),
        ("wait 1ms;echo x", "Done.\n\nx\n\n"),
        ("show stat x y z", "# pxname"),
        ("show stat zz 4 -1", "No such proxy.\n\n"),
        ("show servers state zz", "Can't find backend.\n\n"),
        ("trace", "'trace' is not supported by this version.\n\n"),
        (
            "shutdown frontend f;enable frontend f",
            "\nFrontend was previously shut down, cannot enable.\n\n",
        ),
        ("disable frontend f", "Frontend was previously shut down, cannot disable.\n\n"),
        ("set maxconn server b/s1 10x", "Trailing garbage in maxconn string\n\n"),
    ];
    answer(cases);
}

/// Asks for each in turn; an answer without an end is the beginning of one.
fn answer(cases: &[(&str, &str)]) {
    let control = control();
    for (line, want) in cases {
        let got = ask(&control, line);
        assert!(got == *want || (!want.ends_with('\n') && got.starts_with(want)), "{line}: {got:?}");
    }
}

#[test]
fn ports_may_follow_the_clients() {
    answer(&[
        (
            "set server b/s1 addr 127.0.0.1 port 22003",
            "port changed from '22001' to '22003' by 'stats socket command'\n\n",
        ),
        (
            "set server b/s1 addr 127.0.0.1 port +1",
            "can't change <port> to port map because it is incompatible with current health check port configuration (use 'port' \
             statement from the 'server' directive). by 'stats socket command'\n\n",
        ),
        (
            "set server b/s2 addr 127.0.0.1 port -5",
            "port changed from '22001' to '+65531' by 'stats socket command'\n\n",
        ),
        (
            "set server b/s2 addr ::1",
            "IP changed from '127.0.0.1' to '::1' by 'stats socket command'\n\n",
        ),
        (
            "set server b/s2 addr 127.0.0.1 port 22001x",
            "IP changed from '::1' to '127.0.0.1', port changed from '+65531' to '22001' by 'stats socket command'\n\n",
        ),
        ("set server b/s2 check-port 7", "health checks are not enabled on this server\n\n"),
        (
            "disable health b/s1;set server b/s1 check-addr 127.0.0.9",
            "\nhealth checks are not enabled on this server\n\n",
        ),
    ]);
}

#[test]
fn waits_tell_how_they_end() {
    answer(&[
        ("wait", "Expects a duration in milliseconds.\n\n"),
        ("wait 0", "Invalid duration.\n\n"),
        ("wait x", "Invalid duration.\n\n"),
        ("wait 5 something", "Usage: wait "),
        ("wait 5 -h", "Usage: wait "),
        ("wait 5 srv-removable", "Missing server name (<backend>/<server>).\n\n"),
        ("wait 5 srv-removable b", "Require 'backend/server'.\n\n"),
        ("wait 5 srv-removable z/z", "Failed. No such backend.\n\n"),
        ("wait 5 srv-removable b/z", "Failed. No such server.\n\n"),
        ("wait 5 be-removable", "Missing backend name.\n\n"),
        ("wait 5 be-removable z", "Failed. No such backend.\n\n"),
        (
            "wait 5 be-removable b",
            "Failed. Backend must be unpublished prior to its deletion.\n\n",
        ),
        ("add server /x 127.0.0.1:1", "Require 'backend/server'.\n\n"),
        ("show default-server z", "Can't find backend.\n\n"),
    ]);
}

#[test]
fn server_states_have_haproxys_form() {
    let control = control();
    let state = |c: &Arc<dyn Control>| {
        ask(c, "show servers state b")
            .lines()
            .skip(2)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        state(&control)[..2],
        [
            "3 b 1 s1 127.0.0.1 2 0 10 10 1000 1 0 0 6 0 0 0 - 22001 - 0 0 - - 0",
            "3 b 2 s2 127.0.0.1 2 0 10 10 1000 1 0 0 0 0 0 0 - 22001 - 0 0 - - 0"
        ]
    );
    ask(&control, "disable server b/s1");
    assert_eq!(
        state(&control)[0],
        "3 b 1 s1 127.0.0.1 0 1 10 10 0 1 0 0 14 0 0 0 - 22001 - 0 0 - - 0"
    );
    let conn = ask(&control, "show servers conn");
    assert!(
        conn.ends_with("b/s2 3/2 127.0.0.1 22001 - 5000 0 0 0 0 0 0 0 -1 0 0 0\n\n"),
        "{conn}"
    );
}

#[test]
fn maps_change_as_in_haproxy() {
    let control = control();
    let entries = |c: &Arc<dyn Control>| {
        let text = ask(c, "show map /m.map");
        text.lines()
            .filter_map(|l| l.split_once(' ').map(|x| x.1.to_owned()))
            .collect::<Vec<_>>()
            .join("|")
    };
    let steps: &[(&str, Option<&str>, &str, &str)] = &[
        (
            "get map /m.map b",
            None,
            "type=str, case=sensitive, found=yes, idx=tree, key=\"b\", value=\"two words\", type=\"str\"\n\
             type=end, case=insensitive, found=yes, idx=list, key=\"b\", value=\"two words\", type=\"str\"\n\n",
            "a 1|b two words|b 3",
        ),
        (
            "get acl /m.map xA",
            None,
            "type=str, case=sensitive, match=no\ntype=end, case=insensitive, match=yes, idx=list, pattern=\"a\"\n\n",
            "a 1|b two words|b 3",
        ),
        (
            "get acl /m.map",
            None,
            "Missing ACL identifier and/or key.\n\n",
            "a 1|b two words|b 3",
        ),
        (
            "get map /m.map q",
            None,
            "type=str, case=sensitive, found=no\ntype=end, case=insensitive, found=no\n\n",
            "a 1|b two words|b 3",
        ),
        ("add map /m.map k v w", None, "\n", "a 1|b two words|b 3|k v"),
        ("set map /m.map k new", None, "\n", "a 1|b two words|b 3|k new"),
        ("set map /m.map zz new", None, "entry not found.\n\n", "a 1|b two words|b 3|k new"),
        ("del map /m.map b", None, "\n", "a 1|k new"),
        ("del map /m.map b", None, "Key not found.\n\n", "a 1|k new"),
        (
            "del map /m.map",
            None,
            "This command expects two parameters: map identifier and key.\n\n",
            "a 1|k new",
        ),
        ("prepare map /m.map", None, "New version created: 1\n\n", "a 1|k new"),
        ("add map @1 /m.map q r", None, "\n", "a 1|k new"),
        (
            "add map @77 /m.map q r",
            None,
            "Version number in the future, please use 'prepare map' before.\n\n",
            "a 1|k new",
        ),
        ("commit map @1 /m.map", None, "\n", "q r"),
        ("commit map @9 /m.map", None, "Version number out of range.\n\n", "q r"),
        ("commit map /m.map", None, "Missing version number.\n\n", "q r"),
        ("add map #0 <<", Some("x y z\nq\n"), "Missing value for key 'q'.\n\n", "q r|x y z"),
        (
            "add acl #0 x",
            None,
            "This ACL is shared with a map containing samples. You must use the command 'add map' to add values.\n\n",
            "q r|x y z",
        ),
        ("clear map /m.map", None, "\n", ""),
        ("clear map", None, "Missing map identifier.\n\n", ""),
        ("show acl #9", None, "Unknown ACL identifier. Please use #<id> or <file>.\n\n", ""),
        (
            "add map zz a b",
            None,
            "Unknown map identifier. Please use #<id> or <file>.\n\n",
            "",
        ),
    ];
    for (line, payload, want, after) in steps {
        assert_eq!(ask_payload(&control, line, *payload), *want, "{line}");
        assert_eq!(entries(&control), *after, "after {line}");
    }
    let list = ask(&control, "show map");
    assert!(
        list.starts_with("# id (file) description\n0 (/m.map) ") && list.ends_with(" curr_ver=1 next_ver=1 entry_cnt=0\n\n"),
        "{list}"
    );
}

#[test]
fn rows_are_well_made() {
    let mut seen = std::collections::HashSet::new();
    for c in every_command() {
        assert!(seen.insert(c.path), "{:?} is there twice", c.path);
        assert!(c.usage.starts_with(&c.path.join(" ")), "{:?}: {}", c.path, c.usage);
        assert!(
            !c.doc.is_empty() && c.doc.is_ascii() && !c.doc.ends_with('.'),
            "{:?}: {}",
            c.path,
            c.doc
        );
        assert!(c.path.iter().all(|w| w.is_ascii() && !w.contains(' ')));
    }
    assert!(seen.len() > 150, "{}", seen.len());
}

#[test]
fn what_is_missing_says_so() {
    let control = control();
    for c in every_command().filter(|c| matches!(c.support, Support::NotYet(_))) {
        let words = c.path.join(" ");
        if words.contains("agent") {
            continue;
        }
        assert_eq!(ask(&control, &words), format!("'{words}' is not supported by this version.\n\n"));
    }
}

#[test]
fn what_is_asked_wrongly_is_told_in_haproxys_words() {
    let control = control();
    for (command, want) in [
        ("add backend", "Require backend name."),
        ("add backend x", "Usage: add backend <name> from <defproxy>."),
        ("add backend x! from d", "Invalid character '!' in backend name."),
        (
            "add backend x from d mode log",
            "Dynamic backends are compatible with only TCP or HTTP mode.",
        ),
        (
            "add backend x from d foo",
            "Usage: add backend <name> from <defproxy> [mode <px_mode>] [guid <val>].",
        ),
        ("show errors nobody", "No such proxy."),
    ] {
        assert_eq!(ask(&control, command).trim_end(), want, "{command}");
    }
}

#[test]
fn unknown_words_get_help() {
    let control = control();
    assert!(ask(&control, "foo").starts_with("Unknown command. Please enter one of the following commands only:\n"));
    assert!(ask(&control, "").starts_with("Unknown command. Please enter one of the following commands only:\n"));
    let near = ask(&control, "shutdown sessions");
    assert!(
        near.starts_with("Unknown command: 'shutdown', but maybe one of the following ones is a better match:\n  shutdown sessions server"),
        "{near}"
    );
    assert!(ask(&control, "help").starts_with("The following commands are valid at this level:\n"));
}

mod wire {
    use std::io::{Read, Write};
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::control;
    use crate::serve::{Listener, Settings, serve};
    use hapax_config::plan::SocketLevel;

    /// What comes back for `sent`, until the other side closes.
    fn exchange(sent: &str) -> String {
        let dir = std::env::temp_dir().join(format!("hapax-cli-{}-{}", std::process::id(), sent.len()));
        let _ = std::fs::remove_file(&dir);
        let listener = UnixListener::bind(&dir).expect("a socket");
        listener.set_nonblocking(true).expect("non-blocking");
        let mut client = UnixStream::connect(&dir).expect("a connection");
        let settings = Settings {
            level: SocketLevel::Admin,
            timeout_ms: 300,
            ..Settings::default()
        };
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let server = std::thread::spawn(move || {
            let rt = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            let set = tokio::task::LocalSet::new();
            let control = control();
            set.block_on(&rt, async move {
                tokio::select! {
                    r = serve(Listener::Unix(listener), settings, control) => { r.expect("serving"); }
                    _ = stopped => {}
                }
            });
        });
        client.write_all(sent.as_bytes()).expect("sent");
        let mut got = String::new();
        client.read_to_string(&mut got).expect("an answer");
        let _ = stop.send(());
        server.join().expect("no panic");
        let _ = std::fs::remove_file(&dir);
        got
    }

    #[test]
    fn connections() {
        // As HAProxy 2.6 answers, byte by byte; but an empty line at a prompt only brings the next prompt.
        let cases: &[(&str, &str)] = &[
            ("show cli level\n", "admin\n\n"),
            ("show cli level;show cli level\n", "admin\n\nadmin\n\n"),
            ("prompt\nshow cli level\n\nquit\n", "\n> admin\n\n> \n> "),
            ("prompt\nadd map #0 <<\nx y\n\nshow cli level\nquit\n", "\n> + + \n> admin\n\n> "),
            ("prompt i\nshow cli level\nshow cli level\nquit\n", "\nadmin\n\nadmin\n\n"),
            ("quit\n", ""),
            ("prompt timed\nquit\n", "\n[0:00:16:40]> "),
            // Nobody ends the line: the timeout does.
            ("show version", ""),
        ];
        for (sent, want) in cases {
            assert_eq!(exchange(sent), *want, "{sent:?}");
        }
    }
}
