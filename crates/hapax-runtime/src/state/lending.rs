//! Idle connections on their way between the pools of workers and health checks.

use std::sync::{Arc, Mutex, PoisonError};

use hapax_sample::{ProxyId, ServerId};
use tokio::sync::mpsc::UnboundedSender;

use crate::upstream::Upstream;

/// A connection that goes from one thread to another. A letter to all workers has copies of it: the first to open one has what is in it.
#[derive(Clone, Debug, Default)]
pub struct Parcel(Arc<Mutex<Contents>>);

#[derive(Debug, Default)]
struct Contents {
    up: Option<Box<Upstream>>,
    /// It has been opened: what is put into it now would be lost.
    opened: bool,
}

impl Parcel {
    pub(crate) fn of(up: Box<Upstream>) -> Self {
        Self(Arc::new(Mutex::new(Contents {
            up: Some(up),
            opened: false,
        })))
    }

    pub(crate) fn open(&self) -> Option<Box<Upstream>> {
        let mut inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inside.opened = true;
        inside.up.take()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).up.is_some()
    }

    /// Puts into it what `find` finds, unless another has been quicker.
    pub(crate) fn fill(&self, find: impl FnOnce() -> Option<Box<Upstream>>) {
        let mut inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.up.is_none() && !inside.opened {
            inside.up = find();
        }
    }
}

/// A check asks for an idle connection.
#[derive(Clone, Debug)]
pub struct Wish {
    pub(crate) proxy: ProxyId,
    pub(crate) server: ServerId,
    pub(crate) key: u64,
    /// Requests that it must have served at least.
    pub(crate) served: u32,
    pub(crate) parcel: Parcel,
    /// One word from each worker that has looked.
    pub(crate) looked: UnboundedSender<()>,
}
