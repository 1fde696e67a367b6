//! One scenario run against both programs, and what they did put side by side.

use std::fmt::Debug;
use std::time::SystemTime;

use crate::program::Program;

/// Runs `scenario` with HAProxy and with Hapax and compares what it answers. Without a HAProxy on the machine the test is skipped,
/// and says so.
pub fn same<T: PartialEq + Debug>(test: &str, scenario: impl Fn(Program) -> T) {
    if !Program::oracle(test) {
        return;
    }
    loop {
        let began = quarter();
        let theirs = scenario(Program::Haproxy);
        let ours = scenario(Program::Hapax);
        if ours == theirs || quarter() == began {
            assert_eq!(ours, theirs, "{test}: Hapax (left) and HAProxy (right) differ");
            return;
        }
        eprintln!("{test}: run again, the date may have changed between the two");
    }
}

/// Quarters of an hour so far: wherever on earth a date changes, one of them ends.
fn quarter() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    now.as_secs() / 900
}
