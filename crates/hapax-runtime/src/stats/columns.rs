//! The columns of `show stat`, in HAProxy 3.5's order: tools read them by name and by position.

/// Declares the columns once: what they are called in code, in the output, and what they tell.
macro_rules! columns {
    ($($id:ident $name:literal $doc:literal;)*) => {
        /// A column.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Col { $($id),* }

        /// Names and descriptions, in order.
        pub const COLUMNS: &[(&str, &str)] = &[$(($name, $doc)),*];
    };
}

columns! {
    Pxname "pxname" "Name of the proxy";
    Svname "svname" "FRONTEND, BACKEND, or the name of the server or listener";
    Qcur "qcur" "Streams waiting in the queue";
    Qmax "qmax" "Most streams that waited at once";
    Scur "scur" "Sessions now";
    Smax "smax" "Most sessions at once";
    Slim "slim" "Limit on sessions";
    Stot "stot" "Sessions since the start";
    Bin "bin" "Bytes received from clients";
    Bout "bout" "Bytes sent to clients";
    Dreq "dreq" "Requests denied by rules";
    Dresp "dresp" "Responses denied by rules";
    Ereq "ereq" "Requests that were invalid or never came";
    Econ "econ" "Connections to servers that failed";
    Eresp "eresp" "Responses that were invalid or never came";
    Wretr "wretr" "Connections tried again";
    Wredis "wredis" "Streams sent to another server after a failure";
    Status "status" "State of the object";
    Weight "weight" "Weight, of the server or of all usable ones";
    Act "act" "Usable active servers; 1 for an active server";
    Bck "bck" "Usable backup servers; 1 for a backup server";
    Chkfail "chkfail" "Checks that failed";
    Chkdown "chkdown" "Changes from up to down";
    Lastchg "lastchg" "Seconds since the last change of state";
    Downtime "downtime" "Seconds spent down";
    Qlimit "qlimit" "Limit on the server's queue";
    Pid "pid" "Number of the process, always 1";
    Iid "iid" "Id of the proxy";
    Sid "sid" "Id of the server or listener within its proxy";
    Throttle "throttle" "Percent of its weight that a starting server has";
    Lbtot "lbtot" "Times chosen by load balancing";
    Tracked "tracked" "Server that is tracked";
    Type "type" "0 frontend, 1 backend, 2 server, 3 listener";
    Rate "rate" "Sessions over the last second";
    RateLim "rate_lim" "Limit on sessions per second";
    RateMax "rate_max" "Most sessions in a second";
    CheckStatus "check_status" "Result of the last check, after * while one is under way";
    CheckCode "check_code" "Code in the answer to the last check";
    CheckDuration "check_duration" "Milliseconds the last check took";
    Hrsp1xx "hrsp_1xx" "Responses with status 1xx";
    Hrsp2xx "hrsp_2xx" "Responses with status 2xx";
    Hrsp3xx "hrsp_3xx" "Responses with status 3xx";
    Hrsp4xx "hrsp_4xx" "Responses with status 4xx";
    Hrsp5xx "hrsp_5xx" "Responses with status 5xx";
    HrspOther "hrsp_other" "Responses with any other status";
    Hanafail "hanafail" "Failures seen by observing traffic";
    ReqRate "req_rate" "HTTP requests over the last second";
    ReqRateMax "req_rate_max" "Most HTTP requests in a second";
    ReqTot "req_tot" "HTTP requests";
    CliAbrt "cli_abrt" "Transfers broken off by clients";
    SrvAbrt "srv_abrt" "Transfers broken off by servers";
    CompIn "comp_in" "Bytes given to the compressor";
    CompOut "comp_out" "Bytes that came out of the compressor";
    CompByp "comp_byp" "Bytes that went around the compressor";
    CompRsp "comp_rsp" "Responses compressed";
    Lastsess "lastsess" "Seconds since the last session, -1: none";
    LastChk "last_chk" "What the last check found";
    LastAgt "last_agt" "What the last agent check found";
    Qtime "qtime" "Average milliseconds in the queue";
    Ctime "ctime" "Average milliseconds to connect";
    Rtime "rtime" "Average milliseconds to the response";
    Ttime "ttime" "Average milliseconds of a session";
    AgentStatus "agent_status" "Result of the last agent check";
    AgentCode "agent_code" "Code in the answer to the last agent check";
    AgentDuration "agent_duration" "Milliseconds the last agent check took";
    CheckDesc "check_desc" "check_status in words";
    AgentDesc "agent_desc" "agent_status in words";
    CheckRise "check_rise" "Successes it takes to be up";
    CheckFall "check_fall" "Failures it takes to be down";
    CheckHealth "check_health" "Counter of rise and fall";
    AgentRise "agent_rise" "Agent successes it takes to be up";
    AgentFall "agent_fall" "Agent failures it takes to be down";
    AgentHealth "agent_health" "Agent counter of rise and fall";
    Addr "addr" "Address of the server or listener";
    Cookie "cookie" "Cookie of the backend, or value of the server's";
    Mode "mode" "tcp, http, ...";
    Algo "algo" "Load balancing algorithm";
    ConnRate "conn_rate" "Connections over the last second";
    ConnRateMax "conn_rate_max" "Most connections in a second";
    ConnTot "conn_tot" "Connections";
    Intercepted "intercepted" "Requests answered by the proxy itself";
    Dcon "dcon" "Connections denied by rules";
    Dses "dses" "Sessions denied by rules";
    Wrew "wrew" "Headers that could not be rewritten";
    Connect "connect" "Connections tried to servers";
    Reuse "reuse" "Requests sent over an existing connection";
    CacheLookups "cache_lookups" "Lookups in the cache";
    CacheHits "cache_hits" "Answers from the cache";
    SrvIcur "srv_icur" "Idle connections to the server";
    SrcIlim "src_ilim" "Limit on idle connections to the server";
    QtimeMax "qtime_max" "Most milliseconds in the queue";
    CtimeMax "ctime_max" "Most milliseconds to connect";
    RtimeMax "rtime_max" "Most milliseconds to the response";
    TtimeMax "ttime_max" "Most milliseconds of a session";
    Eint "eint" "Internal errors";
    IdleConnCur "idle_conn_cur" "Idle connections not known to be safe to reuse";
    SafeConnCur "safe_conn_cur" "Idle connections known to be safe to reuse";
    UsedConnCur "used_conn_cur" "Connections in use";
    NeedConnEst "need_conn_est" "Connections thought to be needed";
    Uweight "uweight" "Weight as set, of the server or of all usable ones";
    AggServerStatus "agg_server_status" "Servers by state";
    AggServerCheckStatus "agg_server_check_status" "Servers by state (older name)";
    AggCheckStatus "agg_check_status" "Servers by result of the last check";
    Srid "srid" "Revision of the server's id";
    SessOther "sess_other" "Sessions of neither HTTP/1, HTTP/2 nor HTTP/3";
    H1sess "h1sess" "HTTP/1 sessions";
    H2sess "h2sess" "HTTP/2 sessions";
    H3sess "h3sess" "HTTP/3 sessions";
    ReqOther "req_other" "Requests of neither HTTP/1, HTTP/2 nor HTTP/3";
    H1req "h1req" "HTTP/1 requests";
    H2req "h2req" "HTTP/2 requests";
    H3req "h3req" "HTTP/3 requests";
    Proto "proto" "Protocol of the listener";
    PrivIdleCur "priv_idle_cur" "Idle connections bound to one client";
    Reqbin "reqbin" "Bytes of requests received";
    Reqbout "reqbout" "Bytes of requests sent";
    Resbin "resbin" "Bytes of responses received";
    Resbout "resbout" "Bytes of responses sent";
    CacheHintHits "cache_hint_hits" "Answers from the cache by hint";
    H2HeadersRcvd "h2_headers_rcvd" "HEADERS frames received";
    H2DataRcvd "h2_data_rcvd" "DATA frames received";
    H2SettingsRcvd "h2_settings_rcvd" "SETTINGS frames received";
    H2RstStreamRcvd "h2_rst_stream_rcvd" "RST_STREAM frames received";
    H2GoawayRcvd "h2_goaway_rcvd" "GOAWAY frames received";
    H2ConnErrors "h2_detected_conn_protocol_errors" "Errors of HTTP/2 connections";
    H2StrmErrors "h2_detected_strm_protocol_errors" "Errors of HTTP/2 streams";
    H2RstStreamResp "h2_rst_stream_resp" "RST_STREAM frames sent";
    H2GoawayResp "h2_goaway_resp" "GOAWAY frames sent";
    H2OpenConnections "h2_open_connections" "HTTP/2 connections now";
    H2OpenStreams "h2_backend_open_streams" "HTTP/2 streams now";
    H2TotalConnections "h2_total_connections" "HTTP/2 connections";
    H2TotalStreams "h2_backend_total_streams" "HTTP/2 streams";
    SslSess "ssl_sess" "TLS handshakes that succeeded";
    SslReusedSess "ssl_reused_sess" "TLS handshakes that resumed a session";
    SslFailedHandshake "ssl_failed_handshake" "TLS handshakes that failed";
    SslOcspStaple "ssl_ocsp_staple" "Certificates sent with an OCSP answer";
    SslFailedOcspStaple "ssl_failed_ocsp_staple" "Certificates whose OCSP answer could not be sent";
    H1OpenConnections "h1_open_connections" "HTTP/1 connections now";
    H1OpenStreams "h1_open_streams" "HTTP/1 requests now";
    H1TotalConnections "h1_total_connections" "HTTP/1 connections";
    H1TotalStreams "h1_total_streams" "HTTP/1 requests";
    H1BytesIn "h1_bytes_in" "Bytes received over HTTP/1 connections";
    H1BytesOut "h1_bytes_out" "Bytes sent over HTTP/1 connections";
    H1SplicedIn "h1_spliced_bytes_in" "Bytes received that the kernel moved by itself";
    H1SplicedOut "h1_spliced_bytes_out" "Bytes sent that the kernel moved by itself";
}

/// Columns that every version has; those of single protocols follow.
pub const COMMON: usize = Col::CacheHintHits as usize + 1;

impl Col {
    pub fn name(self) -> &'static str {
        COLUMNS[self as usize].0
    }
}
