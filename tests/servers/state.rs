//! State files: what one process wrote, the next one starts from, whichever of the two programs it is.

use hapax_tests::wait::until_true;
use hapax_tests::{Builder, Origin, Program, Proxy, compare};

use super::TIMEOUTS;

/// Servers of every kind; nobody listens where their checks go, but they come once an hour.
const SERVERS: &str = "backend b\n  server plain 127.0.0.1:7001\n  server down 127.0.0.1:7002 check inter 1h\n  \
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
    let state = p.cli("show servers state");
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
