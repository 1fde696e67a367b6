//! What the fuzz target calls: a whole check of any bytes, on a machine that has no files and knows no names.

use std::sync::Arc;

use hapax_diag::render;
use hapax_sample::Files;
use hapax_syntax::Environment;

use crate::{Input, LoadOptions, lint, load};

struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Result<Arc<[u8]>, String> {
        Err("No such file or directory".to_owned())
    }
}

/// Loads the bytes as one file, has every lint look at them, and draws what is said: nothing of it may panic.
pub fn check(data: &[u8]) {
    let input = Input {
        name: "fuzz.cfg".to_owned(),
        bytes: data.into(),
    };
    let mut loaded = load(vec![input], &NoFiles, &LoadOptions::default());
    let plan = loaded.plan.take();
    let advice = lint::run(&loaded.sources, &Environment::default(), plan, lint::Around::default(), |_| true);
    loaded.diags.extend(advice);
    let _ = render::human(&loaded.diags, &loaded.sources, render::Human::default());
    let _ = render::haproxy(&loaded.diags, &loaded.sources, 1, render::Closing::Verdict);
}

#[cfg(test)]
#[path = "../../../fuzz/seeds.rs"]
mod seeds;

#[cfg(test)]
mod tests {
    use super::seeds;

    #[test]
    fn the_seeds_hold() {
        for target in ["check", "lexer", "formatter"] {
            seeds::run(target, super::check);
        }
    }
}
