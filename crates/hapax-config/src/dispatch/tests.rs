//! Words by version: what is too new, what is gone, and what HAProxy calls experimental.

use std::sync::Arc;

use hapax_diag::Severity;
use hapax_sample::Files;

use crate::keyword::Version;
use crate::load::{Input, LoadOptions, load};

struct NoFiles;

impl Files for NoFiles {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, String> {
        Err(format!("unable to read {path}"))
    }
}

/// The worst of what is told about a line of `global`, or about a line that starts a section.
fn worst(text: &str, asked: Option<Version>) -> Option<Severity> {
    let opts = LoadOptions {
        for_version: asked,
        ..LoadOptions::default()
    };
    let input = Input {
        name: "test.cfg".to_owned(),
        bytes: format!("global\n{text}\n").into_bytes().into(),
    };
    let loaded = load(vec![input], &NoFiles, &opts);
    loaded.diags.iter().filter(|d| d.span.is_some()).map(|d| d.severity).max()
}

#[test]
fn versions_decide_what_is_known() {
    use Severity::{Alert, Note, Warning};
    for (text, asked, want) in [
        // Gone in 3.5: read unless that version is asked for.
        ("tune.quic.socket-owner listener", None, Some(Warning)),
        ("tune.quic.socket-owner listener", Some((3, 4)), Some(Note)),
        ("tune.quic.socket-owner listener", Some((3, 5)), Some(Alert)),
        // New in 3.3.
        ("noktls", None, Some(Note)),
        ("noktls", Some((3, 3)), Some(Note)),
        ("noktls", Some((2, 6)), Some(Alert)),
        // Sections come and go as well.
        ("program helper", None, Some(Warning)),
        ("program helper", Some((2, 6)), None),
        ("program helper", Some((3, 5)), Some(Alert)),
        ("crt-store", Some((2, 6)), Some(Alert)),
        ("crt-store", Some((3, 5)), None),
        // A frontend and a backend of one name.
        ("frontend a\nbackend a", None, Some(Warning)),
        ("frontend a\nbackend a", Some((3, 5)), Some(Alert)),
        ("backend a\nlisten a", None, Some(Alert)),
        // Experimental words.
        ("tune.fd.tables shared", None, Some(Alert)),
        ("expose-experimental-directives\ntune.fd.tables shared", None, Some(Note)),
        ("acme le", None, Some(Alert)),
        ("expose-experimental-directives\nacme le", None, None),
    ] {
        assert_eq!(worst(text, asked), want, "{text} for {asked:?}");
    }
}
