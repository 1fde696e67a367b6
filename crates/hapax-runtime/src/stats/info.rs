//! `show info`: the process in numbers, in HAProxy 3.5's order.

use std::fmt::Write as _;
use std::sync::atomic::Ordering::Relaxed;

use super::field::{Tags, Value, tags_str, write_json_string, write_json_tags};
use crate::state::Shared;

/// What the process knows and the shared state does not.
#[derive(Clone, Debug, Default)]
pub struct ProcessFacts {
    pub pid: u32,
    /// Limit of open files.
    pub files_limit: u64,
    pub listeners: u32,
    pub dropped_logs: u64,
    /// Memory in use, bytes.
    pub memory: u64,
    pub boot_ms: u32,
    /// Tools choose by it.
    pub version: &'static str,
    pub release_date: &'static str,
}

/// The product as the statistics name it: tools look for this word.
pub const PRODUCT: &str = "HAProxy";

/// A line of `show info`.
#[derive(Clone, Debug)]
pub struct Info {
    pub pos: u32,
    pub name: &'static str,
    pub tags: Tags,
    pub value: Value<'static>,
    pub doc: &'static str,
}

struct List(Vec<Info>);

impl List {
    fn put(&mut self, pos: u32, name: &'static str, tags: Tags, value: Value<'static>, doc: &'static str) {
        self.0.push(Info {
            pos,
            name,
            tags,
            value,
            doc,
        });
    }

    fn u32(&mut self, pos: u32, name: &'static str, tags: Tags, n: u32, doc: &'static str) {
        self.put(pos, name, tags, Value::U32(n), doc);
    }

    fn u64(&mut self, pos: u32, name: &'static str, tags: Tags, n: u64, doc: &'static str) {
        self.put(pos, name, tags, Value::U64(n), doc);
    }
}

/// Every line. `float`: times with their fraction.
pub fn info(shared: &Shared, facts: &ProcessFacts, float: bool, now_us: u64) -> Vec<Info> {
    let mut l = List(Vec::with_capacity(80));
    identity(&mut l, shared, facts, float, now_us);
    connections(&mut l, shared, facts);
    rates(&mut l, shared, now_us / 1000);
    work(&mut l, shared, facts);
    totals(&mut l, shared, facts, float);
    l.0
}

fn identity(l: &mut List, shared: &Shared, facts: &ProcessFacts, float: bool, now_us: u64) {
    let up_us = now_us.saturating_sub(shared.started_us);
    let up = up_us / 1_000_000;
    let text = format!("{}d {}h{:02}m{:02}s", up / 86400, up % 86400 / 3600, up % 3600 / 60, up % 60);
    let mib = (facts.memory >> 20) as u32;
    l.put(0, "Name", b"POS", Value::text(PRODUCT), "Name of the product");
    l.put(1, "Version", b"POS", Value::text(facts.version), "Version of the product");
    l.put(2, "Release_date", b"POS", Value::text(facts.release_date), "Date of the version");
    l.u32(3, "Nbthread", b"CGS", shared.workers as u32, "Worker threads");
    l.u32(4, "Nbproc", b"CGS", 1, "Worker processes");
    l.u32(5, "Process_num", b"KGP", 1, "Number of this worker process");
    l.u32(6, "Pid", b"SGP", facts.pid, "Process id");
    l.put(7, "Uptime", b"MDP", Value::text(text), "Time since the start, in words");
    let seconds = if float {
        Value::Float(up_us as f64 / 1e6)
    } else {
        Value::U32(up as u32)
    };
    l.put(8, "Uptime_sec", b"MDP", seconds, "Seconds since the start");
    l.u32(9, "Memmax_MB", b"CLP", 0, "Limit of memory, MiB");
    l.u32(10, "PoolAlloc_MB", b"MGP", mib, "Memory taken, MiB");
    l.u32(11, "PoolUsed_MB", b"MGP", mib, "Memory in use, MiB");
    l.u32(12, "PoolFailed", b"MCP", 0, "Allocations that failed");
    l.u32(13, "Ulimit-n", b"CLP", facts.files_limit as u32, "Limit of open files");
    l.u32(14, "Maxsock", b"CLP", facts.files_limit as u32, "Limit of sockets");
}

fn connections(l: &mut List, shared: &Shared, _: &ProcessFacts) {
    l.u32(15, "Maxconn", b"CLP", shared.maxconn.load(Relaxed), "Limit of client connections");
    l.u32(
        16,
        "Hard_maxconn",
        b"CLP",
        shared.hard_maxconn,
        "Limit of client connections at the start",
    );
    l.u32(17, "CurrConns", b"MGP", shared.conns.load(Relaxed), "Client connections now");
    l.u32(
        18,
        "CumConns",
        b"MCP",
        shared.conns_total.load(Relaxed) as u32,
        "Client connections since the start",
    );
    l.u32(
        19,
        "CumReq",
        b"MCP",
        shared.requests_total.load(Relaxed) as u32,
        "Requests since the start",
    );
    l.u32(20, "MaxSslConns", b"MMP", 0, "Limit of TLS connections, 0: none");
    l.u32(21, "CurrSslConns", b"MGP", shared.ssl_conns.load(Relaxed), "TLS connections now");
    l.u32(
        22,
        "CumSslConns",
        b"MCP",
        shared.ssl_total.load(Relaxed) as u32,
        "TLS connections since the start",
    );
    l.u32(23, "Maxpipes", b"CLP", 0, "Limit of pipes, 0: none");
    l.u32(24, "PipesUsed", b"MGP", 0, "Pipes in use");
    l.u32(25, "PipesFree", b"MGP", 0, "Pipes kept for later");
}

fn rates(l: &mut List, shared: &Shared, now_ms: u64) {
    l.u32(
        26,
        "ConnRate",
        b"MRP",
        shared.conn_rate.read(now_ms),
        "Client connections over the last second",
    );
    l.u32(
        27,
        "ConnRateLimit",
        b"CLP",
        shared.limits.conns.load(Relaxed),
        "Limit of client connections per second",
    );
    l.u32(
        28,
        "MaxConnRate",
        b"MMP",
        shared.conn_rate.max(),
        "Most client connections in a second",
    );
    l.u32(
        29,
        "SessRate",
        b"MRP",
        shared.sess_rate.read(now_ms),
        "Sessions over the last second",
    );
    l.u32(
        30,
        "SessRateLimit",
        b"CLP",
        shared.limits.sessions.load(Relaxed),
        "Limit of sessions per second",
    );
    l.u32(31, "MaxSessRate", b"MMP", shared.sess_rate.max(), "Most sessions in a second");
    l.u32(
        32,
        "SslRate",
        b"MRP",
        shared.ssl_rate.read(now_ms),
        "TLS handshakes over the last second",
    );
    l.u32(
        33,
        "SslRateLimit",
        b"CLP",
        shared.limits.tls.load(Relaxed),
        "Limit of TLS handshakes per second",
    );
    l.u32(34, "MaxSslRate", b"MMP", shared.ssl_rate.max(), "Most TLS handshakes in a second");
    // Of the handshakes of the last second, those that took no new key.
    let (all, full) = (shared.ssl_rate.read(now_ms), shared.ssl_keys.read(now_ms));
    let reused = (100 * all.saturating_sub(full)).checked_div(all).unwrap_or(0);
    l.u32(
        35,
        "SslFrontendKeyRate",
        b"MGP",
        shared.ssl_keys.read(now_ms),
        "Full TLS handshakes of clients over the last second",
    );
    l.u32(
        36,
        "SslFrontendMaxKeyRate",
        b"MMP",
        shared.ssl_keys.max(),
        "Most full TLS handshakes of clients in a second",
    );
    l.u32(37, "SslFrontendSessionReuse_pct", b"MGP", reused, "Percent of TLS sessions resumed");
    l.u32(
        38,
        "SslBackendKeyRate",
        b"MRP",
        shared.ssl_server_keys.read(now_ms),
        "Full TLS handshakes with servers over the last second",
    );
    l.u32(
        39,
        "SslBackendMaxKeyRate",
        b"MMP",
        shared.ssl_server_keys.max(),
        "Most full TLS handshakes with servers in a second",
    );
    l.u32(40, "SslCacheLookups", b"MCP", 0, "Lookups in the TLS session cache");
    l.u32(
        41,
        "SslCacheMisses",
        b"MCP",
        0,
        "Lookups in the TLS session cache that found nothing",
    );
    compression(l, shared, now_ms);
}

fn compression(l: &mut List, shared: &Shared, now_ms: u64) {
    let c = &shared.compression;
    l.u32(
        42,
        "CompressBpsIn",
        b"MRP",
        c.rate_in.read(now_ms),
        "Bytes per second given to the compressor",
    );
    l.u32(
        43,
        "CompressBpsOut",
        b"MRP",
        c.rate_out.read(now_ms),
        "Bytes per second that come out of the compressor",
    );
    l.u32(
        44,
        "CompressBpsRateLim",
        b"CLP",
        shared.limits.compression.load(Relaxed) as u32,
        "Limit of bytes per second out of the compressor",
    );
}

fn work(l: &mut List, shared: &Shared, facts: &ProcessFacts) {
    let global = &shared.plan.global;
    let conns = shared.conns.load(Relaxed);
    l.u32(47, "Tasks", b"MGP", conns, "Tasks");
    l.u32(48, "Run_queue", b"MGP", 0, "Tasks that want to run");
    l.u32(49, "Idle_pct", b"MaP", 100, "Percent of the last second without work");
    let node = global.node.clone().unwrap_or_else(|| hapax_sys::host::name().to_owned());
    l.put(50, "node", b"COS", Value::text(node), "Name of the node");
    if let Some(d) = &global.description {
        l.put(51, "description", b"COS", Value::text(d.clone()), "Description of the node");
    }
    l.u32(
        52,
        "Stopping",
        b"MGP",
        u32::from(shared.stopping.load(Relaxed)),
        "1 while the process is stopping",
    );
    l.u32(53, "Jobs", b"MGP", conns + facts.listeners, "Connections and listeners");
    l.u32(54, "Unstoppable Jobs", b"MGP", 0, "Jobs that a stop does not wait for");
    l.u32(55, "Listeners", b"MGP", facts.listeners, "Listening sockets");
    let peers = || shared.peers.iter().flat_map(|s| &s.peers);
    let in_touch = peers().filter(|p| p.has_session()).count() as u32;
    let connected = peers().filter(|p| p.view().connected).count() as u32;
    l.u32(56, "ActivePeers", b"MGP", in_touch, "Peers that are in touch");
    l.u32(57, "ConnectedPeers", b"MGP", connected, "Peers that are connected");
    l.u32(
        58,
        "DroppedLogs",
        b"MGP",
        facts.dropped_logs as u32,
        "Log messages that were dropped",
    );
    l.u32(59, "BusyPolling", b"MGP", 0, "1 with busy polling");
    l.u32(60, "FailedResolutions", b"MGP", 0, "Names that could not be resolved");
}

fn totals(l: &mut List, shared: &Shared, facts: &ProcessFacts, float: bool) {
    let out: u64 = shared.proxies.iter().map(|(_, p)| p.fe.res_out.get()).sum();
    l.u64(61, "TotalBytesOut", b"MGP", out, "Bytes sent to clients");
    l.u64(62, "TotalSplicedBytesOut", b"MGP", 0, "Bytes sent to clients without a copy");
    l.u64(63, "BytesOutRate", b"MRP", 0, "Bytes sent over the last second");
    l.u32(64, "DebugCommandsIssued", b"MGP", 0, "Debug commands used");
    l.u32(65, "CumRecvLogs", b"MCP", 0, "Log messages received for forwarding");
    l.put(66, "Build info", b"POS", Value::text(facts.version), "Version that was built");
    l.u32(67, "Memmax_bytes", b"CLP", 0, "Limit of memory");
    l.u64(68, "PoolAlloc_bytes", b"MGP", facts.memory, "Memory taken");
    l.u64(69, "PoolUsed_bytes", b"MGP", facts.memory, "Memory in use");
    let start = shared.started_us;
    let start = if float {
        Value::Float(start as f64 / 1e6)
    } else {
        Value::U32((start / 1_000_000) as u32)
    };
    l.put(70, "Start_time_sec", b"MDP", start, "Time of the start, seconds since 1970");
    l.put(71, "Tainted", b"SGP", Value::text("0"), "Experimental features in use");
    l.u32(72, "TotalWarnings", b"MCP", 0, "Warnings given");
    l.u32(73, "MaxconnReached", b"MCP", 0, "Times the limit of client connections was reached");
    l.u32(
        74,
        "BootTime_ms",
        b"MDP",
        facts.boot_ms,
        "Milliseconds from the start to the first connection",
    );
    l.u32(75, "Niced_tasks", b"MGP", 0, "Tasks of other than normal priority");
    let streams: u32 = shared.proxies.iter().map(|(_, p)| p.be_cur.load(Relaxed)).sum();
    l.u32(76, "CurrStreams", b"MGP", streams, "Streams now");
    let cum: u64 = shared.requests_total.load(Relaxed);
    l.u64(77, "CumStreams", b"MCP", cum, "Streams since the start");
    l.u32(78, "BlockedTrafficWarnings", b"MCP", 0, "Warnings about work that took too long");
    l.u64(79, "PatternsAdded", b"MCP", 0, "Patterns added");
    l.u64(80, "PatternsFreed", b"MCP", 0, "Patterns dropped");
    l.u32(81, "NbThreadGroups", b"CGS", 1, "Groups of threads");
}

pub fn plain(lines: &[Info], describe: bool, out: &mut String) {
    for i in lines {
        let _ = write!(out, "{}: ", i.name);
        i.value.write(out);
        if describe {
            let _ = write!(out, ":\"{}\"", i.doc);
        }
        out.push('\n');
    }
}

pub fn typed(lines: &[Info], describe: bool, out: &mut String) {
    for i in lines {
        let _ = write!(out, "{}.{}.1:{}V:{}:", i.pos, i.name, tags_str(i.tags), i.value.kind());
        i.value.write(out);
        if describe {
            let _ = write!(out, ":\"{}\"", i.doc);
        }
        out.push('\n');
    }
}

pub fn json(lines: &[Info], describe: bool, out: &mut String) {
    out.push('[');
    for (n, i) in lines.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        let _ = write!(out, "{{\"field\":{{\"pos\":{},\"name\":\"{}\"}},\"processNum\":1,", i.pos, i.name);
        write_json_tags(i.tags, out);
        let _ = write!(out, ",\"value\":{{\"type\":\"{}\",\"value\":", i.value.kind());
        i.value.write_json(out);
        out.push('}');
        if describe {
            out.push_str(",\"desc\":");
            write_json_string(i.doc, out);
        }
        out.push('}');
    }
    out.push_str("]\n");
}
