//! Checks over connections of the server's pool (manual, `check-reuse-pool`): one is taken where one idles, and the connection of a
//! check whose server lets it live on is left there.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use hapax_config::plan::{Connect, Mode, Persist, ScriptKind};
use hapax_sample::Ends;
use hapax_value::Endpoint;
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::{Instant, timeout_at};

use super::connect::Opened;
use super::probe::Run;
use crate::state::{Parcel, Wish, WorkerCommand};
use crate::upstream::Upstream;
use crate::upstream::key::Traits;

impl Run<'_> {
    /// The key of the connections that will do; `None`: the check has one of its own.
    pub(super) fn key(&self, c: &Connect) -> Option<u64> {
        let check = self.check;
        let tls = self.server.speaks_tls();
        let as_traffic = c.is_plain() && check.tls == tls && (c.like_server || !tls);
        let wanted = check.reuse_pool && check.script.kind == ScriptKind::Http && self.plan.mode == Mode::Http;
        if !wanted || !as_traffic || !self.is_fixed() {
            return None;
        }
        let asked = self.names(c).0.filter(|_| tls);
        let name = check.pool_name.as_deref().or(asked.as_deref());
        let traits = Traits {
            name: name.map(str::as_bytes),
            ..Traits::default()
        };
        Some(traits.key())
    }

    /// The connections of the traffic go where those of checks go, whoever its clients are.
    fn is_fixed(&self) -> bool {
        let own = match self.server.endpoint() {
            Some(Endpoint::Ip(a)) => !a.ip().is_unspecified() && a.port() > 0,
            other => other.is_some(),
        };
        let moved = self.server.check_port.load(Ordering::Relaxed) > 0 || self.server.check_address().is_some();
        let disguised = self.conf.use_source.is_some() || self.plan.use_source.is_some();
        own && !moved && !disguised && self.conf.port_offset.is_none() && self.conf.send_proxy == 0 && !self.check.send_proxy
    }

    /// Takes an idle connection; `false`: there is none.
    pub(super) async fn borrow(&mut self, by: Instant) -> bool {
        let Some(key) = self.pooled else { return false };
        // To `http-reuse`, a check is the first request of a client.
        let served = match self.plan.reuse {
            Persist::Never | Persist::Safe => return false,
            Persist::Aggressive => 2,
            Persist::Always => 0,
        };
        if self.server.idle.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let (looked, mut answers) = unbounded_channel();
        let parcel = Parcel::default();
        let wish = Wish {
            proxy: self.p,
            server: self.s,
            key,
            served,
            parcel: parcel.clone(),
            looked,
        };
        let workers = self.cx.shared.mail.broadcast(&WorkerCommand::LendIdle(wish));
        for _ in 0..workers {
            // Whoever is too slow, or has ended, has none.
            let looked = timeout_at(by, answers.recv()).await;
            if parcel.is_full() || !matches!(looked, Ok(Some(()))) {
                break;
            }
        }
        self.conn = parcel.open();
        self.conn.as_mut().is_some_and(|up| up.io.change_worker())
    }

    /// A connection of this check.
    pub(super) fn own(&self, opened: Opened, epoch: u32) -> Upstream {
        let ends = opened.ends.map_or_else(Ends::default, |(src, dst)| Ends {
            src: Some(Endpoint::Ip(src)),
            dst: Some(Endpoint::Ip(dst)),
        });
        let mut up = Upstream::new(opened.io, epoch, Arc::new(ends), opened.tls);
        up.key = self.pooled.unwrap_or(0);
        up
    }

    /// Ends the connection, or leaves it to those who come after.
    pub(super) fn hang_up(&mut self) {
        let Some(mut up) = self.conn.take() else { return };
        // The others were told how to close when they were opened.
        if self.pooled.is_none() {
            return;
        }
        let lasting = self.lasting && self.answer.as_ref().is_some_and(|a| a.lasting);
        if !lasting || self.plan.reuse == Persist::Never {
            up.close();
            return;
        }
        up.served += 1;
        self.cx.shared.mail.broadcast(&WorkerCommand::KeepIdle {
            proxy: self.p,
            server: self.s,
            parcel: Parcel::of(up),
        });
    }
}
