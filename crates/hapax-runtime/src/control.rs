//! The control thread: health checks and the runtime API live here, away from the workers' streams.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::thread::JoinHandle;

use rustls::ClientConfig;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::state::Shared;
use crate::{alerts, check};

/// The TLS configuration towards a server (proxy, server), where it has one.
pub type TlsOf = Arc<dyn Fn(u32, u32) -> Option<Arc<ClientConfig>> + Send + Sync>;

type Task = Pin<Box<dyn Future<Output = ()>>>;
type Job = Box<dyn FnOnce() -> Task + Send>;

/// A handle of the thread. Dropping it ends the thread, its checks and its connections.
#[derive(Debug)]
pub struct ControlThread {
    jobs: Option<UnboundedSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl ControlThread {
    /// Starts the thread, and health checks on it.
    pub fn start(shared: Arc<Shared>, tls: TlsOf) -> io::Result<Self> {
        let (jobs, mut inbox) = unbounded_channel::<Job>();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let body = move || {
            let tasks = tokio::task::LocalSet::new();
            tasks.spawn_local(alerts::run(Arc::clone(&shared)));
            tasks.spawn_local(check::run(shared, tls));
            runtime.block_on(tasks.run_until(async move {
                while let Some(job) = inbox.recv().await {
                    tokio::task::spawn_local(job());
                }
            }));
        };
        let thread = std::thread::Builder::new().name("control".into()).spawn(body)?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Runs a task on the thread; `make` is called there.
    pub fn spawn<F: Future<Output = ()> + 'static>(&self, make: impl FnOnce() -> F + Send + 'static) {
        if let Some(jobs) = &self.jobs {
            // The thread ends only when this handle does.
            let _ = jobs.send(Box::new(move || Box::pin(make())));
        }
    }
}

impl Drop for ControlThread {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(t) = self.thread.take() {
            // A panic there has been printed already.
            let _ = t.join();
        }
    }
}
