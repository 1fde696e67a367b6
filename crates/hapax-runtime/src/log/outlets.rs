//! What all loggers of the process send through: the rings, and the choice among a log backend's servers.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use hapax_balance::Choice;
use hapax_config::Plan;
use hapax_config::plan::{self, Balance, Mode};
use hapax_sample::vars::Vars;
use hapax_sample::{Body, Env, Now, ProxyId, SessionFacts, StreamFacts};

use super::forward::Forwarder;
use super::ring::Ring;
use crate::state::Shared;
use crate::tls::TlsTables;
use crate::world::LiveWorld;

#[derive(Debug, Default)]
pub struct Outlets {
    /// By the index that targets know them by.
    rings: Vec<Arc<Ring>>,
    /// Of the stream servers of log backends, by proxy and server.
    servers: HashMap<(u32, u32), Arc<Ring>>,
    /// Connections of each `log-forward` section.
    pub(crate) senders: Vec<AtomicU32>,
}

/// Files by the index of their ring.
pub type RingFiles = Vec<(usize, Arc<File>)>;

/// Opens the files of `backing-file` lines; what stood in one is kept with `.bak` behind its name.
pub fn open_backing_files(plan: &Plan) -> Result<RingFiles, String> {
    let mut files = Vec::new();
    for (i, ring) in plan.rings.iter().enumerate() {
        let Some(path) = &ring.backing_file else { continue };
        let open = || -> io::Result<File> {
            if fs::metadata(path).is_ok_and(|m| m.len() > 0) {
                // Not being allowed to is the way to have no such copy.
                let _ = fs::rename(path, Path::new(&format!("{path}.bak")));
            }
            let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
            file.set_len(if ring.size > 0 { ring.size } else { plan.global.bufsize } as u64)?;
            Ok(file)
        };
        let file = open().map_err(|e| format!("ring '{}': cannot use backing-file '{path}': {e}", ring.name))?;
        files.push((i, Arc::new(file)));
    }
    Ok(files)
}

impl Outlets {
    pub(crate) fn new(plan: &Plan) -> Self {
        let bufsize = plan.global.bufsize;
        let rings = plan.rings.iter().map(|r| Arc::new(Ring::new(r, bufsize))).collect();
        let mut servers = HashMap::new();
        for (p, proxy) in plan.proxies.iter().enumerate().filter(|(_, p)| p.mode == Mode::Log) {
            for (s, server) in proxy.servers.iter().enumerate().filter(|(_, s)| !s.datagram) {
                let ring = plan::Ring {
                    name: format!("{}/{}", proxy.name, server.name).into(),
                    size: server.log_bufsize.unwrap_or(0),
                    servers: vec![server.clone()],
                    implicit: true,
                    ..plan::Ring::default()
                };
                servers.insert((p as u32, s as u32), Arc::new(Ring::new(&ring, bufsize)));
            }
        }
        Self {
            rings,
            servers,
            senders: plan.log_forwards.iter().map(|_| AtomicU32::new(0)).collect(),
        }
    }

    /// Puts files behind the rings that have one.
    pub(crate) fn back(&self, files: &RingFiles) {
        for (i, file) in files {
            if let Some(ring) = self.rings.get(*i) {
                ring.back(Arc::clone(file));
            }
        }
    }

    pub(crate) fn ring(&self, i: u64) -> Option<&Arc<Ring>> {
        self.rings.get(i as usize)
    }

    pub(crate) fn of_server(&self, backend: ProxyId, server: usize) -> Option<&Arc<Ring>> {
        self.servers.get(&(backend.0, server as u32))
    }

    /// The rings that have a name of their own, in the order of the files.
    pub fn named(&self) -> impl Iterator<Item = &Arc<Ring>> {
        self.rings.iter().filter(|r| r.format.is_some())
    }

    /// Those who send the rings' messages on.
    pub(crate) fn forwarders(&self, plan: &Plan, tls: &TlsTables) -> Vec<Forwarder> {
        let mut all = Vec::new();
        let limit = |ms: Option<u64>| ms.filter(|ms| *ms > 0).map(Duration::from_millis);
        for (r, (ring, conf)) in self.rings.iter().zip(&plan.rings).enumerate() {
            for (place, server) in conf.servers.iter().enumerate() {
                all.push(Forwarder {
                    ring: Arc::clone(ring),
                    place,
                    server: server.clone(),
                    tls: tls.ring_server(r as u32, place as u32).cloned(),
                    connect: limit(conf.timeout_connect),
                    send: limit(conf.timeout_server),
                });
            }
        }
        for ((p, s), ring) in &self.servers {
            let proxy = &plan.proxies[*p as usize];
            all.push(Forwarder {
                ring: Arc::clone(ring),
                place: 0,
                server: proxy.servers[*s as usize].clone(),
                tls: tls.server(*p, *s).cloned(),
                connect: limit(proxy.timeouts.connect),
                send: limit(proxy.timeouts.server),
            });
        }
        all
    }
}

/// The server of a log backend that gets the message; `None`: none of them can.
pub(super) fn choose(shared: &Arc<Shared>, backend: ProxyId, message: &[u8]) -> Option<usize> {
    let (state, conf) = (shared.proxy(backend), shared.conf(backend));
    let key = match &conf.balance {
        Balance::LogHash(expr) => {
            let world = LiveWorld::new(Arc::clone(shared), 0);
            let env = Env {
                now: Now {
                    wall_us: hapax_sys::clock::realtime_us(),
                    mono_ms: 0,
                },
                sess: &SessionFacts::nobody(),
                stream: &StreamFacts::default(),
                req: None,
                res: None,
                req_body: Body::default(),
                res_body: Body::default(),
                payload: Some(Body {
                    bytes: message,
                    complete: true,
                    ..Body::default()
                }),
                no_more: true,
                vars: &Vars::default(),
                world: &world,
            };
            let mut key = Vec::new();
            expr.eval_str(&env, &mut key);
            Some(conf.hash_type.hash(&key))
        }
        _ => None,
    };
    match state.live.pick(state, key, None) {
        Choice::Server(i) => Some(i),
        _ => None,
    }
}
