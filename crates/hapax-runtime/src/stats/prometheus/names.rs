//! The metrics of the exporter: what each is called, of which type it is, and where its value stands in the statistics.

use super::super::Col;

/// `gauge` or `counter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Gauge,
    Counter,
}

use Type::{Counter as C, Gauge as G};

/// A line of `show info`: its name there, and what its value is multiplied with.
pub(super) static PROCESS: &[(&str, Type, &str)] = &[
    ("nbthread", G, "Nbthread"),
    ("nbproc", G, "Nbproc"),
    ("relative_process_id", G, "Process_num"),
    ("uptime_seconds", G, "Uptime_sec"),
    ("pool_failures_total", C, "PoolFailed"),
    ("max_fds", G, "Ulimit-n"),
    ("max_sockets", G, "Maxsock"),
    ("max_connections", G, "Maxconn"),
    ("hard_max_connections", G, "Hard_maxconn"),
    ("current_connections", G, "CurrConns"),
    ("connections_total", C, "CumConns"),
    ("requests_total", C, "CumReq"),
    ("max_ssl_connections", G, "MaxSslConns"),
    ("current_ssl_connections", G, "CurrSslConns"),
    ("ssl_connections_total", C, "CumSslConns"),
    ("max_pipes", G, "Maxpipes"),
    ("pipes_used_total", C, "PipesUsed"),
    ("pipes_free_total", C, "PipesFree"),
    ("current_connection_rate", G, "ConnRate"),
    ("limit_connection_rate", G, "ConnRateLimit"),
    ("max_connection_rate", G, "MaxConnRate"),
    ("current_session_rate", G, "SessRate"),
    ("limit_session_rate", G, "SessRateLimit"),
    ("max_session_rate", G, "MaxSessRate"),
    ("current_ssl_rate", G, "SslRate"),
    ("limit_ssl_rate", G, "SslRateLimit"),
    ("max_ssl_rate", G, "MaxSslRate"),
    ("current_frontend_ssl_key_rate", G, "SslFrontendKeyRate"),
    ("max_frontend_ssl_key_rate", G, "SslFrontendMaxKeyRate"),
    ("frontend_ssl_reuse", G, "SslFrontendSessionReuse_pct"),
    ("current_backend_ssl_key_rate", G, "SslBackendKeyRate"),
    ("max_backend_ssl_key_rate", G, "SslBackendMaxKeyRate"),
    ("ssl_cache_lookups_total", C, "SslCacheLookups"),
    ("ssl_cache_misses_total", C, "SslCacheMisses"),
    ("http_comp_bytes_in_total", C, "CompressBpsIn"),
    ("http_comp_bytes_out_total", C, "CompressBpsOut"),
    ("limit_http_comp", G, "CompressBpsRateLim"),
    ("current_zlib_memory", G, "ZlibMemUsage"),
    ("max_zlib_memory", G, "MaxZlibMemUsage"),
    ("current_tasks", G, "Tasks"),
    ("current_run_queue", G, "Run_queue"),
    ("idle_time_percent", G, "Idle_pct"),
    ("node", G, "node"),
    ("description", G, "description"),
    ("stopping", G, "Stopping"),
    ("jobs", G, "Jobs"),
    ("unstoppable_jobs", G, "Unstoppable Jobs"),
    ("listeners", G, "Listeners"),
    ("active_peers", G, "ActivePeers"),
    ("connected_peers", G, "ConnectedPeers"),
    ("dropped_logs_total", C, "DroppedLogs"),
    ("busy_polling_enabled", G, "BusyPolling"),
    ("failed_resolutions", C, "FailedResolutions"),
    ("bytes_out_total", C, "TotalBytesOut"),
    ("spliced_bytes_out_total", C, "TotalSplicedBytesOut"),
    ("bytes_out_rate", G, "BytesOutRate"),
    ("recv_logs_total", C, "CumRecvLogs"),
    ("build_info", G, "Version"),
    ("max_memory_bytes", G, "Memmax_bytes"),
    ("pool_allocated_bytes", G, "PoolAlloc_bytes"),
    ("pool_used_bytes", G, "PoolUsed_bytes"),
    ("start_time_seconds", G, "Start_time_sec"),
];

/// How a column becomes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Plain,
    /// Milliseconds, told in seconds.
    Millis,
    /// The state, one line for each there is.
    Status,
    /// The six classes of responses, one line for each.
    Responses,
    /// The result of the last check, one line for each there is; only of servers that are checked.
    CheckStatus,
    /// Only of servers that are checked.
    Checked,
    CheckedMillis,
    /// Servers of a backend by state, and by the result of their last check.
    Servers,
    Checks,
}

pub(super) struct Metric {
    pub name: &'static str,
    pub kind: Type,
    pub col: Col,
    pub how: How,
    /// Letters of the scopes: `f`, `l`, `b`, `s`.
    pub scopes: &'static str,
}

const fn m(name: &'static str, kind: Type, col: Col, how: How, scopes: &'static str) -> Metric {
    Metric {
        name,
        kind,
        col,
        how,
        scopes,
    }
}

use How::{CheckStatus, Checked, CheckedMillis, Checks, Millis, Plain, Responses, Servers, Status};

#[rustfmt::skip]
pub(super) static METRICS: &[Metric] = &[
    m("current_queue", G, Col::Qcur, Plain, "bs"),
    m("max_queue", G, Col::Qmax, Plain, "bs"),
    m("current_sessions", G, Col::Scur, Plain, "flbs"),
    m("max_sessions", G, Col::Smax, Plain, "flbs"),
    m("limit_sessions", G, Col::Slim, Plain, "flbs"),
    m("sessions_total", C, Col::Stot, Plain, "flbs"),
    m("bytes_in_total", C, Col::Bin, Plain, "flbs"),
    m("bytes_out_total", C, Col::Bout, Plain, "flbs"),
    m("requests_denied_total", C, Col::Dreq, Plain, "flb"),
    m("responses_denied_total", C, Col::Dresp, Plain, "flbs"),
    m("request_errors_total", C, Col::Ereq, Plain, "fl"),
    m("connection_errors_total", C, Col::Econ, Plain, "bs"),
    m("response_errors_total", C, Col::Eresp, Plain, "bs"),
    m("retry_warnings_total", C, Col::Wretr, Plain, "bs"),
    m("redispatch_warnings_total", C, Col::Wredis, Plain, "bs"),
    m("status", G, Col::Status, Status, "flbs"),
    m("weight", G, Col::Weight, Plain, "bs"),
    m("active_servers", G, Col::Act, Plain, "b"),
    m("backup_servers", G, Col::Bck, Plain, "b"),
    m("check_failures_total", C, Col::Chkfail, Plain, "s"),
    m("check_up_down_total", C, Col::Chkdown, Plain, "bs"),
    m("check_last_change_seconds", G, Col::Lastchg, Plain, "bs"),
    m("downtime_seconds_total", C, Col::Downtime, Plain, "bs"),
    m("queue_limit", G, Col::Qlimit, Plain, "s"),
    m("current_throttle", G, Col::Throttle, Plain, "s"),
    m("loadbalanced_total", C, Col::Lbtot, Plain, "bs"),
    m("limit_session_rate", G, Col::RateLim, Plain, "f"),
    m("max_session_rate", G, Col::RateMax, Plain, "fbs"),
    m("check_status", G, Col::CheckStatus, CheckStatus, "s"),
    m("check_code", G, Col::CheckCode, Checked, "s"),
    m("check_duration_seconds", G, Col::CheckDuration, CheckedMillis, "s"),
    m("http_responses_total", C, Col::Hrsp1xx, Responses, "fbs"),
    m("http_requests_rate_max", G, Col::ReqRateMax, Plain, "f"),
    m("http_requests_total", C, Col::ReqTot, Plain, "fb"),
    m("client_aborts_total", C, Col::CliAbrt, Plain, "bs"),
    m("server_aborts_total", C, Col::SrvAbrt, Plain, "bs"),
    m("http_comp_bytes_in_total", C, Col::CompIn, Plain, "fb"),
    m("http_comp_bytes_out_total", C, Col::CompOut, Plain, "fb"),
    m("http_comp_bytes_bypassed_total", C, Col::CompByp, Plain, "fb"),
    m("http_comp_responses_total", C, Col::CompRsp, Plain, "fb"),
    m("last_session_seconds", G, Col::Lastsess, Plain, "bs"),
    m("queue_time_average_seconds", G, Col::Qtime, Millis, "bs"),
    m("connect_time_average_seconds", G, Col::Ctime, Millis, "bs"),
    m("response_time_average_seconds", G, Col::Rtime, Millis, "bs"),
    m("total_time_average_seconds", G, Col::Ttime, Millis, "bs"),
    m("connections_rate_max", G, Col::ConnRateMax, Plain, "f"),
    m("connections_total", C, Col::ConnTot, Plain, "f"),
    m("intercepted_requests_total", C, Col::Intercepted, Plain, "f"),
    m("denied_connections_total", C, Col::Dcon, Plain, "fl"),
    m("denied_sessions_total", C, Col::Dses, Plain, "fl"),
    m("failed_header_rewriting_total", C, Col::Wrew, Plain, "flbs"),
    m("connection_attempts_total", C, Col::Connect, Plain, "bs"),
    m("connection_reuses_total", C, Col::Reuse, Plain, "bs"),
    m("http_cache_lookups_total", C, Col::CacheLookups, Plain, "fb"),
    m("http_cache_hits_total", C, Col::CacheHits, Plain, "fb"),
    m("http_cache_hint_hits_total", C, Col::CacheHintHits, Plain, "fb"),
    m("idle_connections_current", G, Col::SrvIcur, Plain, "s"),
    m("idle_connections_limit", G, Col::SrcIlim, Plain, "s"),
    m("max_queue_time_seconds", G, Col::QtimeMax, Millis, "bs"),
    m("max_connect_time_seconds", G, Col::CtimeMax, Millis, "bs"),
    m("max_response_time_seconds", G, Col::RtimeMax, Millis, "bs"),
    m("max_total_time_seconds", G, Col::TtimeMax, Millis, "bs"),
    m("internal_errors_total", C, Col::Eint, Plain, "flbs"),
    m("unsafe_idle_connections_current", G, Col::IdleConnCur, Plain, "s"),
    m("safe_idle_connections_current", G, Col::SafeConnCur, Plain, "s"),
    m("used_connections_current", G, Col::UsedConnCur, Plain, "s"),
    m("need_connections_current", G, Col::NeedConnEst, Plain, "s"),
    m("uweight", G, Col::Uweight, Plain, "bs"),
    m("agg_server_status", G, Col::AggServerStatus, Servers, "b"),
    m("agg_server_check_status", G, Col::AggServerCheckStatus, Servers, "b"),
    m("agg_check_status", G, Col::AggCheckStatus, Checks, "b"),
];
