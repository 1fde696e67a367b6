//! One scenario run against both programs, and what they did put side by side.

use std::fmt::Debug;

use crate::program::Program;

/// Runs `scenario` with HAProxy and with Hapax and compares what it answers. Without a HAProxy on the machine the test is skipped,
/// and says so.
pub fn same<T: PartialEq + Debug>(test: &str, scenario: impl Fn(Program) -> T) {
    if !Program::oracle(test) {
        return;
    }
    let theirs = scenario(Program::Haproxy);
    let ours = scenario(Program::Hapax);
    assert_eq!(ours, theirs, "{test}: Hapax (left) and HAProxy (right) differ");
}
