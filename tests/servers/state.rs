//! State files: what one process wrote, the next one starts from, whichever of the two programs it is.

use hapax_tests::wait::until_true;
use hapax_tests::{Builder, Origin, Program, Proxy, compare};

use super::TIMEOUTS;

/// Servers of every kind; nobody listens where their checks go, but they come once an hour, and the first check of all, which comes
/// at once, is another server's.
const SERVERS: &str = "backend a\n  server first 127.0.0.1:7000 check inter 1h\nbackend b\n  server plain 127.0.0.1:7001\n  server down 127.0.0.1:7002 check inter 1h\n  \
server drained 127.0.0.1:7003 weight 8\n  server heavy 127.0.0.1:7004 weight 8\n  server off 127.0.0.1:7005 disabled\n  \
server stopping 127.0.0.1:7006 check inter 1h\n  server named localhost:7007\n";

const FRONT: &str = "frontend f\n  bind @f@\n";

const CHANGES: &[&str] = &[
    "set server b/plain state maint",
    "set server b/down health down",
    "set server b/drained state drain",
    "set weight b/heavy 3",
    "set server b/stopping health stopping",
    "set server b/named addr 127.0.0.7 port 7070",
];

fn changed(program: Program) -> String {
    let p = Builder::new(program, &format!("{TIMEOUTS}{FRONT}{SERVERS}")).start();
    for change in CHANGES {
        p.cli(change);
    }
    p.cli("show servers state")
}

/// The count of health is nought in maintenance, unless somebody says there that the server is up.
#[test]
fn health_by_hand_is_seen_in_maintenance() {
    let p = Builder::new(Program::Hapax, &format!("{TIMEOUTS}{FRONT}{SERVERS}")).start();
    for (server, top) in [("plain", "4"), ("down", "4")] {
        let health = |command: &str| {
            p.cli(&format!("set server b/{server} {command}"));
            let all = p.cli("show servers state b");
            let row = all.lines().find(|l| l.contains(&format!(" {server} "))).unwrap();
            row.split(' ').nth(12).unwrap().to_owned()
        };
        assert_eq!(health("state maint"), "0", "{server}");
        assert_eq!(health("health up"), top, "{server}");
        assert_eq!(health("health down"), "0", "{server}");
        assert_eq!(health("health stopping"), top, "{server}");
        health("state ready");
        assert_eq!(health("state maint"), "0", "{server}");
    }
}

/// Counters go on where the former process left them, whichever of the two programs wrote the file; strangers and noise are passed over.
#[test]
fn counters_outlive_a_process() {
    let origin = Origin::saying("x");
    let proxies = "frontend f\n  guid front\n  option socket-stats\n  bind @f@,@g@ guid-prefix door\n  default_backend b\nbackend b\n  guid back\n  server s @o@ guid server\n";
    let start = |program, globals: &str, file: &str| {
        let template = format!("global\n  stats socket @dir@/stats.sock mode 600 level admin\n{globals}{TIMEOUTS}{proxies}");
        Builder::new(program, &template)
            .set("o", &origin.addr())
            .file("counters", file)
            .start()
    };
    let counted = |p: &Proxy| -> Vec<String> {
        let text = p.cli("show stat");
        let rows = text.lines().filter(|l| l.starts_with(['f', 'b']));
        let cells = |l: &str, at: &[usize]| {
            let w: Vec<&str> = l.split(',').collect();
            at.iter().map(|i| w[*i].to_owned()).collect::<Vec<_>>().join(" ")
        };
        // Name, sessions, answers with 200; of listeners, sessions alone.
        rows.map(|l| cells(l, &[0, 1, 7, if l.contains(",sock-") { 7 } else { 40 }]))
            .collect()
    };
    let mut writers = vec![Program::Hapax];
    if Program::oracle_since((3, 0)) {
        writers.push(Program::Haproxy);
    }
    for writer in writers {
        let first = start(writer, "", "");
        for _ in 0..3 {
            first.connect("f").get("/");
        }
        let want = ["f FRONTEND 3 3", "f sock-1 3 3", "f sock-2 0 0", "b s 3 3", "b BACKEND 3 3"];
        until_true("the counters", || counted(&first) == want);
        let file = first.cli("dump stats-file");
        let noise = "#other guid,stot\nfront,77\n#fe guid,nothing,stot,\nback,1,2\nfront,5,abc,\nnobody,1,2\n// front,9\n";
        let second = start(Program::Hapax, "  stats-file @dir@/counters\n", &format!("{file}\n{noise}"));
        assert_eq!(counted(&second), want, "{writer:?}: {file}");
        second.connect("f").get("/");
        until_true("one more", || counted(&second)[0] == "f FRONTEND 4 4");
    }
}

fn next(program: Program, state: &str, servers: &str, defaults: &str, globals: &str) -> Proxy {
    Builder::new(
        program,
        &format!("global\n  stats socket @dir@/stats.sock mode 600 level admin\n{globals}{TIMEOUTS}{defaults}{FRONT}{servers}"),
    )
    .file("state", state)
    .file("b", state)
    .start()
}

/// Without the time since the last change, and without what checks have found since.
fn rows(p: &Proxy) -> Vec<String> {
    let state = p.cli("show servers state b");
    let rows = state
        .lines()
        .filter(|l| l.starts_with(|c: char| c.is_ascii_digit()) && l.contains(' '));
    rows.map(|l| {
        let w: Vec<&str> = l.split(' ').collect();
        format!("{} {} {} {} {} {} {}", w[3], w[4], w[5], w[6], w[7], w[8], w[18])
    })
    .collect()
}

const GLOBAL: (&str, &str) = ("  load-server-state-from-file global\n", "  server-state-file @dir@/state\n");

#[test]
fn each_reads_what_the_other_wrote() {
    if !Program::oracle("each_reads_what_the_other_wrote") {
        return;
    }
    let written = [Program::Haproxy, Program::Hapax].map(changed);
    for state in &written {
        compare::same("each_reads_what_the_other_wrote", |program| {
            rows(&next(program, state, SERVERS, GLOBAL.0, GLOBAL.1))
        });
    }
}

#[test]
fn what_the_configuration_says_anew_counts_more() {
    let state = changed(Program::Hapax);
    let anew = SERVERS
        .replace("7004 weight 8", "7004 weight 9")
        .replace("7005 disabled", "7005")
        .replace("7001", "7001 disabled");
    compare::same("what_the_configuration_says_anew_counts_more", |program| {
        rows(&next(program, &state, &anew, GLOBAL.0, GLOBAL.1))
    });
}

#[test]
fn a_backend_may_have_a_file_of_its_own() {
    let state = changed(Program::Hapax);
    let local = "  load-server-state-from-file local\n";
    let by_name = next(Program::Hapax, &state, SERVERS, local, "  server-state-base @dir@\n");
    let wanted = rows(&next(Program::Hapax, &state, SERVERS, GLOBAL.0, GLOBAL.1));
    assert_eq!(rows(&by_name), wanted);
    let named = format!("{local}  server-state-file-name @dir@/state\n");
    assert_eq!(rows(&next(Program::Hapax, &state, SERVERS, &named, "")), wanted);
    assert_ne!(
        rows(&next(Program::Hapax, &state, SERVERS, "  load-server-state-from-file none\n", "")),
        wanted
    );
}

#[test]
fn a_file_that_is_no_state_file_changes_nothing() {
    let fresh = rows(&next(Program::Hapax, "", SERVERS, "", ""));
    for state in [
        "",
        "2\n",
        "1\nnonsense\n3 b 1 plain\n",
        "1\n2 b 1 plain 127.0.0.1 7 x 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n",
    ] {
        assert_eq!(rows(&next(Program::Hapax, state, SERVERS, GLOBAL.0, GLOBAL.1)), fresh, "{state}");
    }
}

/// A name that nobody can look up any more: `init-addr` says in what order a state file, the system and a fixed address are asked.
#[test]
fn a_lost_name_keeps_its_last_address() {
    if !Program::oracle("a_lost_name_keeps_its_last_address") {
        return;
    }
    let row = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change \
               srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn \
               srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n3 b 1 s 127.0.0.9 2 0 1 1 10 1 0 3 7 \
               0 0 0 lost.invalid 80 - 0 0 - - 0\n";
    let kept = |program, methods: &str| {
        let server = format!("backend b\n  server s lost.invalid:80 {methods}\n");
        rows(&next(program, row, &server, GLOBAL.0, GLOBAL.1))
    };
    for (methods, address) in [
        ("", "127.0.0.9"),
        ("init-addr last", "127.0.0.9"),
        ("init-addr libc,last", "127.0.0.9"),
        ("init-addr last,127.0.0.7", "127.0.0.9"),
        ("init-addr 127.0.0.7,last", "127.0.0.7"),
        ("init-addr none,last", "-"),
    ] {
        let ours = kept(Program::Hapax, methods);
        assert_eq!(ours, kept(Program::Haproxy, methods), "{methods}");
        assert_eq!(ours[0].split(' ').nth(1), Some(address), "{methods}");
    }
}

/// Name, address with port, state, administrative bits, weight, where checks and agents go.
fn standing(p: &Proxy) -> Vec<String> {
    let state = p.cli("show servers state b");
    let rows = state.lines().filter(|l| l.split(' ').count() > 20 && !l.starts_with('#'));
    rows.map(|l| {
        let w: Vec<&str> = l.split(' ').collect();
        format!(
            "{} {}:{} {}/{} w{} h{} {} {} {} {}",
            w[3], w[4], w[18], w[5], w[6], w[7], w[12], w[21], w[22], w[23], w[24]
        )
    })
    .collect()
}

/// Warnings about servers and state files, without what tells them from those of another process.
fn warned(p: &Proxy) -> Vec<String> {
    let dir = p.dir().display().to_string();
    let all = p.stderr();
    let lines = all.lines().filter(|l| {
        ["erver b/", "server state file", "server-state ", "Proxy '"]
            .iter()
            .any(|w| l.contains(w))
    });
    let lines = lines
        .filter_map(|l| l.split_once(") : "))
        .map(|(_, text)| text.replace(&dir, "DIR"));
    lines.collect()
}

/// The first check of all comes at once, and is not that of a server that is looked at.
const KINDS: &str = "backend a\n  load-server-state-from-file none\n  server first 127.0.0.1:7000 check inter 1h\nbackend b\n  server plain 127.0.0.1:7001 weight 4\n  server seen 127.0.0.1:7002 check inter 1h fall 3 rise 2\n  \
server after 127.0.0.1:7003 track seen\n  server off 127.0.0.1:7004 disabled\n  server spare 127.0.0.1:7005 backup check inter 1h\n  \
server asked 127.0.0.1:7006 agent-check agent-port 9 agent-inter 1h\n";

/// Hapax, and the HAProxy that does as it does.
fn both() -> Vec<Program> {
    let mut all = vec![Program::Hapax];
    if Program::oracle_since((3, 5)) {
        all.push(Program::Haproxy);
    }
    all
}

/// A row of version 1: state, administrative bits, weight, health, and where checks and agents go.
fn row(name: &str, oper: &str, admin: &str, weight: &str, health: &str, targets: &str) -> String {
    format!("3 b 1 {name} 127.0.0.1 {oper} {admin} {weight} 4 7 1 0 {health} 6 0 0 0 - 99 - 0 {targets}\n")
}

/// Untouched, and with the weight of a row.
const PLAIN: [&str; 2] = ["plain 127.0.0.1:7001 2/0 w4 h0 0 - - 0", "plain 127.0.0.1:99 2/0 w9 h4 0 - - 0"];

/// Rows, one of the servers after them, and what is told at the start.
type Case = (String, &'static str, Vec<String>);

fn try_rows(cases: &[Case]) {
    for (rows, want, told) in cases {
        let state = format!("1\n{rows}");
        for program in both() {
            let p = next(program, &state, KINDS, GLOBAL.0, GLOBAL.1);
            let have = standing(&p);
            assert!(have.iter().any(|l| l == want), "{program:?} {rows}: {have:?}");
            assert_eq!(&warned(&p), told, "{program:?} {rows}");
        }
    }
}

/// What rows make of servers of every kind, and what is told of it before traffic comes: who is down, and who goes
/// down with it.
#[test]
fn rows_say_where_servers_stand() {
    let down = |who: &str, act: u32, bck: u32| {
        format!("{who}. {act} active and {bck} backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.")
    };
    let anew = "changed from server-state after a reload";
    let cases: Vec<Case> = vec![
        (row("plain", "2", "0", "9x", "0", "0 - - 0"), PLAIN[1], vec![]),
        (
            row("plain", "0", "0", "9", "0", "0 - - 0"),
            "plain 127.0.0.1:99 0/0 w9 h0 0 - - 0",
            vec![down(&format!("Server b/plain is DOWN, {anew}"), 3, 1)],
        ),
        // The one it tracks takes it down, whatever its own row says.
        (
            row("seen", "0", "0", "1", "4", "81 - - 0"),
            "after 127.0.0.1:7003 0/0 w1 h0 0 - - 0",
            vec![
                down(&format!("Server b/seen is DOWN, {anew}"), 3, 1),
                down("Server b/after is DOWN via b/seen", 2, 1),
            ],
        ),
        (
            row("seen", "0", "0", "1", "4", "81 - - 0"),
            "seen 127.0.0.1:99 0/0 w1 h0 81 - - 0",
            vec![
                down(&format!("Server b/seen is DOWN, {anew}"), 3, 1),
                down("Server b/after is DOWN via b/seen", 2, 1),
            ],
        ),
        (
            row("seen", "2", "8", "1", "3", "0 - - 0"),
            "after 127.0.0.1:7003 2/16 w1 h0 0 - - 0",
            vec![],
        ),
        (
            row("seen", "2", "1", "1", "3", "0 - - 0"),
            "after 127.0.0.1:7003 0/2 w1 h0 0 - - 0",
            vec![],
        ),
        // How many checks it was from down is not kept; of one that asked for no new sessions, it is.
        (
            row("seen", "2", "0", "1", "2", "0 - - 0"),
            "seen 127.0.0.1:99 2/0 w1 h4 0 - - 0",
            vec![],
        ),
        (
            row("seen", "1", "0", "1", "7", "0 - - 0"),
            "seen 127.0.0.1:99 2/0 w1 h1 0 - - 0",
            vec![],
        ),
        (
            row("seen", "3", "0", "1", "3", "0 - - 0"),
            "seen 127.0.0.1:99 3/0 w1 h3 0 - - 0",
            vec![
                format!("Server b/seen is stopping, {anew}. 3 active and 1 backup servers online. 0 sessions requeued, 0 total in queue."),
                "Server b/after is stopping via b/seen. 2 active and 1 backup servers online. 0 sessions requeued, 0 total in queue."
                    .to_owned(),
            ],
        ),
        // Disabled by its line, and told to work since.
        (
            row("off", "0", "4", "1", "0", "0 - - 0"),
            "off 127.0.0.1:99 2/4 w1 h0 0 - - 0",
            vec!["Server b/off is UP/READY (leaving forced maintenance).".to_owned()],
        ),
        (
            row("off", "0", "8", "1", "0", "0 - - 0"),
            "off 127.0.0.1:99 0/5 w1 h0 0 - - 0",
            vec![],
        ),
        (
            row("spare", "0", "0", "1", "0", "0 - - 0"),
            "spare 127.0.0.1:99 0/0 w1 h0 0 - - 0",
            vec![down(&format!("Backup Server b/spare is DOWN, {anew}"), 4, 0)],
        ),
        (
            row("asked", "2", "0", "1", "4", "0 - 127.0.0.7 8"),
            "asked 127.0.0.1:99 2/0 w1 h4 0 - 127.0.0.7 8",
            vec![],
        ),
    ];
    try_rows(&cases);
}

#[test]
fn rows_that_make_no_sense_say_so() {
    let cases: Vec<Case> = vec![
        (
            row("plain", "2", "0", "9", "0", "7 - - 0"),
            PLAIN[1],
            vec!["server-state partially applied for server 'b/plain', health checks are not enabled on this server".to_owned()],
        ),
        (
            row("plain", "2", "0", "9", "0", "0 - - 7"),
            PLAIN[1],
            vec!["server-state partially applied for server 'b/plain', agent checks are not enabled on this server".to_owned()],
        ),
        (
            row("asked", "2", "0", "1", "4", "0 - - x"),
            "asked 127.0.0.1:99 2/0 w1 h4 0 - - 9",
            vec!["server-state partially applied for server 'b/asked', provided port is not an integer".to_owned()],
        ),
        (
            row("plain", "7", "9", "257", "0", "0 - - 0"),
            PLAIN[0],
            vec![
                "server-state application failed for server 'b/plain', invalid srv_op_state value '7', invalid srv_admin_state value '9', \
             invalid srv_uweight value '257'"
                    .to_owned(),
            ],
        ),
        // Of two rows the first counts.
        (
            row("plain", "2", "0", "9", "0", "0 - - 0") + &row("plain", "2", "8", "2", "0", "0 - - 0"),
            PLAIN[1],
            vec![],
        ),
        (
            row("plain", "2", "8", "9", "0", "0 - - 0") + "cut\n",
            PLAIN[0],
            vec!["config: corrupted global server state file 'DIR/state' at line 2.".to_owned()],
        ),
        (
            row("plain", "2", "8", "9", "0", "0 - - 0").replace(" 0\n", " 0"),
            PLAIN[0],
            vec!["config: corrupted global server state file 'DIR/state' at line 1.".to_owned()],
        ),
    ];
    try_rows(&cases);
}

/// Files that are not there, empty, of another version, or of other servers.
#[test]
fn files_without_rows_are_told() {
    let row = row("plain", "2", "8", "9", "0", "0 - - 0");
    let local = "  load-server-state-from-file local\n";
    let base = "  server-state-base @dir@\n";
    let cases: Vec<(&str, &str, String, &[&str])> = vec![
        (GLOBAL.0, GLOBAL.1, "1\n".to_owned(), &[]),
        (
            GLOBAL.0,
            GLOBAL.1,
            String::new(),
            &["config: Empty global server state file 'DIR/state'."],
        ),
        (
            GLOBAL.0,
            GLOBAL.1,
            format!("2\n{row}"),
            &["config: Can't get version of the global server state file 'DIR/state'."],
        ),
        (
            GLOBAL.0,
            "  server-state-file @dir@/none\n",
            String::new(),
            &["config: Can't open global server state file 'DIR/none': No such file or directory"],
        ),
        (
            GLOBAL.0,
            "",
            String::new(),
            &[
                "backend 'b' configured to load server state file from global section 'server-state-file' directive. \
             Unfortunately, 'server-state-file' is not set!",
            ],
        ),
        (local, base, String::new(), &["Proxy 'b': Empty server state file 'DIR/b'."]),
        (
            local,
            base,
            "x\n".to_owned(),
            &["Proxy 'b': Can't get version of the server state file 'DIR/b'."],
        ),
        (
            local,
            base,
            "1\nx\n".to_owned(),
            &["Proxy 'b': corrupted server state file 'DIR/b' at line 1."],
        ),
        (
            local,
            base,
            // Of another's, only the name or the number is another's; the last may be anybody's.
            ["4 c 1 plain", "9 b 1 who", "4 b 1 who", "9 c 1 plain"]
                .iter()
                .fold("1\n".to_owned(), |all, owner| all + &row.replace("3 b 1 plain", owner)),
            &[
                "Proxy 'b': backend name mismatch: from server state file: 'c', from running config 'b'",
                "Proxy 'b': backend ID mismatch: from server state file: '9', from running config '4'",
                "Proxy 'b': can't find server 'who' in backend 'b'",
            ],
        ),
        (
            local,
            "  server-state-base @dir@/none\n",
            String::new(),
            &["Proxy 'b': Can't open server state file 'DIR/none/b': No such file or directory."],
        ),
    ];
    for (defaults, globals, state, told) in &cases {
        for program in both() {
            let p = next(program, state, KINDS, defaults, globals);
            assert_eq!(&warned(&p), told, "{program:?} {globals} {state}");
            assert_eq!(standing(&p)[0], "plain 127.0.0.1:7001 2/0 w4 h0 0 - - 0", "{program:?}");
        }
    }
}
