//! The dictionary: every section and keyword as a row, the typed configuration they fill, and the resolved [`Plan`].
//!
//! A pure function of bytes and [`Files`](hapax_sample::Files): no runtime, no socket, no clock.
#![forbid(unsafe_code)]

pub mod accounts;
pub mod address;
pub mod args;
pub mod bind;
pub mod certs;
pub mod codes;
mod dictionary;
mod dispatch;
pub mod draft;
pub mod dynamic;
pub mod fuzz;
pub mod guid;
pub mod keyword;
pub mod lint;
mod load;
pub mod once;
pub mod paths;
pub mod plan;
pub mod reader;
mod resolve;
pub mod section;
pub mod server;
pub mod shape;
pub mod tables;
mod tls;
pub mod topic;
pub mod units;

pub use dictionary::{Row, every_keyword, find};
pub use keyword::{Keyword, Prefix, Sections};
pub use load::{Input, LoadOptions, Loaded, load};
pub use plan::Plan;
pub use reader::Reader;

/// The variables with log formats that HAProxy sets before it reads the first line, for files that extend them.
pub fn log_format_variables() -> Vec<(&'static str, String)> {
    use hapax_sample::logformat;
    let keys = |side: &str| -> String {
        let lines = [
            ("CLIENT_RANDOM", "session_key,hex"),
            ("CLIENT_EARLY_TRAFFIC_SECRET", "client_early_traffic_secret"),
            ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", "client_handshake_traffic_secret"),
            ("SERVER_HANDSHAKE_TRAFFIC_SECRET", "server_handshake_traffic_secret"),
            ("CLIENT_TRAFFIC_SECRET_0", "client_traffic_secret_0"),
            ("SERVER_TRAFFIC_SECRET_0", "server_traffic_secret_0"),
            ("EXPORTER_SECRET", "exporter_secret"),
            ("EARLY_EXPORTER_SECRET", "early_exporter_secret"),
        ];
        let line = |(label, fetch): &(&str, &str)| format!("{label} %[ssl_{side}_client_random,hex] %[ssl_{side}_{fetch}]");
        lines.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    vec![
        ("HAPROXY_HTTP_LOG_FMT", logformat::HTTP.to_owned()),
        ("HAPROXY_HTTP_CLF_LOG_FMT", logformat::HTTP_CLF.to_owned()),
        ("HAPROXY_HTTPS_LOG_FMT", logformat::HTTPS.to_owned()),
        ("HAPROXY_TCP_LOG_FMT", logformat::TCP.to_owned()),
        ("HAPROXY_TCP_CLF_LOG_FMT", logformat::TCP_CLF.to_owned()),
        ("HAPROXY_KEYLOG_FC_LOG_FMT", keys("fc")),
        ("HAPROXY_KEYLOG_BC_LOG_FMT", keys("bc")),
    ]
}
