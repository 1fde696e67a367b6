//! The variables a configuration may read: the process's own, and those HAProxy sets before it reads the first line.

use hapax_syntax::{BuildFacts, Environment};

/// The environment for loading `files`.
pub(crate) fn variables(files: &[String], local_peer: Option<&str>) -> Environment {
    let own = std::env::vars_os().map(|(k, v)| (k.into_encoded_bytes(), v.into_encoded_bytes()));
    let mut all = Environment::new(own, BuildFacts::default());
    let mut set = |name: &str, value: String| all.set(name.as_bytes(), value.as_bytes());
    set("HAPROXY_BRANCH", crate::classic::version::BRANCH.to_owned());
    set("HAPROXY_STARTUP_VERSION", crate::classic::version::FULL.to_owned());
    for (name, format) in hapax_config::log_format_variables() {
        set(name, format);
    }
    set("HAPROXY_CFGFILES", files.join(";"));
    set("HAPROXY_LOCALPEER", local_peer.unwrap_or(hapax_sys::host::name()).to_owned());
    all
}
