//! The seeds of the fuzz targets as unit tests: each crate includes this file beside the functions that its targets call.

use std::path::Path;

/// Runs every seed of a target; there must be some.
pub(crate) fn run(target: &str, run: impl Fn(&[u8])) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    let mut count = 0;
    for entry in std::fs::read_dir(&dir).expect("the seeds are there") {
        let path = entry.expect("readable").path();
        run(&std::fs::read(&path).expect("readable"));
        count += 1;
    }
    assert!(count > 0, "no seeds in {}", dir.display());
}
