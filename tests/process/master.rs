//! The command line of a master (`-S`).

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use hapax_tests::{Builder, Client, Origin, Program, Proxy, wait};

use super::TEMPLATE;

/// A master with a command line, and where that is.
fn start(origin: &Origin, options: &str) -> (Proxy, std::path::PathBuf) {
    let builder = Builder::new(Program::Hapax, TEMPLATE).set("s", &origin.addr());
    let socket = builder.dir().join("master.sock");
    let spec = format!("{}{options}", socket.display());
    let proxy = builder.args(&["-W", "-db", "-S", &spec]).start();
    wait::until_true("the command line", || socket.exists());
    (proxy, socket)
}

fn ask(socket: &Path, lines: &str) -> String {
    let mut s = UnixStream::connect(socket).unwrap();
    s.set_read_timeout(Some(wait::PATIENCE)).unwrap();
    s.write_all(lines.as_bytes()).unwrap();
    let mut out = String::new();
    s.read_to_string(&mut out).unwrap();
    out
}

/// Process id of the worker that serves, as `show proc` has it.
fn worker(socket: &Path) -> String {
    let all = ask(socket, "show proc\n");
    let after = all.split("# workers\n").nth(1).unwrap_or_default();
    after.split_whitespace().next().unwrap_or_default().to_owned()
}

#[test]
fn commands_reach_the_master_and_its_worker() {
    let origin = Origin::saying("ok");
    let (master, socket) = start(&origin, ",mode,600");
    let pid = worker(&socket);
    assert!(ask(&socket, "@1 show info\n").contains(&format!("\nPid: {pid}\n")));
    assert!(ask(&socket, &format!("@!{pid} show info\n")).contains(&format!("\nPid: {pid}\n")));
    assert_eq!(ask(&socket, "@1; show cli level; @; show cli level\n"), "admin\n\nadmin\n\n");
    assert_eq!(ask(&socket, "@@1 show cli level; show cli level\n"), "admin\n\nadmin\n\n");
    assert!(ask(&socket, "@7 show info\n").starts_with("Can't find the target PID"));
    assert!(ask(&socket, "what is this\n").starts_with("Unknown command."));
    let talk = ask(&socket, "prompt\n@1\nexpert-mode on\n@\nquit\n");
    assert_eq!(talk, format!("\nmaster> \n{pid}> \n{pid}(e)> \nmaster(e)> \n"));
    assert_eq!(Client::connect(master.port("l")).get("/").text(), "ok");
}

#[test]
fn a_payload_goes_with_its_command() {
    let origin = Origin::saying("ok");
    let template = format!("{TEMPLATE}  http-request set-header X-M %[path,map(virt@m)]\n");
    let builder = Builder::new(Program::Hapax, &template).set("s", &origin.addr());
    let socket = builder.dir().join("master.sock");
    let spec = socket.display().to_string();
    let _master = builder.args(&["-W", "-db", "-S", &spec]).start();
    wait::until_true("the command line", || socket.exists());
    ask(&socket, "@1 add map virt@m <<\na one\nb two\n\n");
    let shown = ask(&socket, "@1 show map virt@m\n");
    assert!(shown.contains("a one\n") && shown.contains("b two\n"), "{shown}");
}

#[test]
fn a_reload_tells_how_it_went() {
    let origin = Origin::saying("ok");
    let (mut master, socket) = start(&origin, "");
    let first = worker(&socket);
    let told = ask(&socket, "reload\n");
    assert!(told.starts_with("Success=1\n--\n"), "{told}");
    assert!(told.contains("Loading success."), "{told}");
    let second = worker(&socket);
    assert_ne!(first, second);
    wait::until_true("the first worker to end", || !ask(&socket, "show proc\n").contains("# old workers"));
    fs::write(master.dir().join("hapax.cfg"), "nonsense\n").unwrap();
    let told = ask(&socket, "reload\n");
    assert!(told.starts_with("Success=0\n--\n"), "{told}");
    assert!(told.contains("unknown keyword 'nonsense'"), "{told}");
    assert!(ask(&socket, "show startup-logs\n").contains("unknown keyword 'nonsense'"));
    assert!(ask(&socket, "prompt\nquit\n").starts_with("\nmaster[ReloadFailed]> "));
    assert_eq!(worker(&socket), second, "the worker stays");
    assert!(ask(&socket, "show proc\n").contains("2 [failed: 1]"));
    assert!(master.is_running());
}

#[test]
fn levels_hold_for_the_worker_too() {
    let origin = Origin::saying("ok");
    let (_master, socket) = start(&origin, ",level,user");
    assert_eq!(ask(&socket, "show cli level\n"), "user\n\n");
    assert_eq!(ask(&socket, "@1 show cli level\n"), "user\n\n");
    assert!(ask(&socket, "reload\n").starts_with("Permission denied"));
    assert!(ask(&socket, "@1 disable server l/s\n").starts_with("Permission denied"));
}

#[test]
fn workers_do_not_outlive_a_master_that_was_killed() {
    let origin = Origin::saying("ok");
    let (proxy, socket) = start(&origin, "");
    let serving = worker(&socket);
    let alive = || Path::new("/proc").join(&serving).exists();
    assert!(alive(), "no worker '{serving}'");
    proxy.signal(rustix::process::Signal::KILL);
    wait::until_true("the worker to end", || !alive());
}
