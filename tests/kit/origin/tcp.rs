//! A server that knows no HTTP: what it does with a connection is a function.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use crate::ports::{Port, stop_listening};

/// Calls a function for each connection, in a thread of its own.
pub struct TcpOrigin {
    port: Port,
    stopping: Arc<AtomicBool>,
    connections: Arc<AtomicUsize>,
    acceptor: Option<(TcpListener, JoinHandle<()>)>,
}

impl TcpOrigin {
    pub fn new(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let port = Port::reserve();
        let listener = TcpListener::bind(("127.0.0.1", port.number())).unwrap();
        let own = listener.try_clone().unwrap();
        let stopping = Arc::new(AtomicBool::new(false));
        let connections = Arc::new(AtomicUsize::new(0));
        let (stop, count, serve) = (Arc::clone(&stopping), Arc::clone(&connections), Arc::new(serve));
        let acceptor = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                count.fetch_add(1, Ordering::SeqCst);
                let serve = Arc::clone(&serve);
                if let Ok(stream) = stream {
                    std::thread::spawn(move || serve(stream));
                }
            }
        });
        Self {
            port,
            stopping,
            connections,
            acceptor: Some((own, acceptor)),
        }
    }

    pub fn addr(&self) -> String {
        self.port.addr()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for TcpOrigin {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        if let Some((listener, thread)) = self.acceptor.take() {
            stop_listening(&listener);
            let _ = thread.join();
        }
    }
}
