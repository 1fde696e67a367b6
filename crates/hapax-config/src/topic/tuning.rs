//! Words of the `global` section that tune the process, family by family.
//!
//! Most belong to HAProxy's own event loop, buffers and TLS library. Each row says whether the word is acted on here, or why not.

use hapax_diag::Diagnostic;

use crate::args::Args;
use crate::codes;
use crate::reader::Reader;

pub(super) mod buffers;
pub(super) mod compression;
pub(super) mod cpu;
pub(super) mod forwarding;
pub(super) mod http;
pub(super) mod httpclient;
pub(super) mod limits;
pub(super) mod lua;
pub(super) mod modules;
pub(super) mod ocsp;
pub(super) mod process;
pub(super) mod quic;
pub(super) mod scheduler;
pub(super) mod sockets;
pub(super) mod tls;

/// Setter of words that name a file which nothing reads yet: it must be there all the same.
fn there(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let path = a.str(0);
    if path.starts_with('@') {
        return Ok(());
    }
    cx.files.read(path).map(|_| ()).map_err(|why| {
        let message = format!("'{}' : unable to open file '{path}' ({why}).", a.name);
        Diagnostic::alert(&codes::MISSING_FILE, message).at(a.at(0)).missing()
    })
}
