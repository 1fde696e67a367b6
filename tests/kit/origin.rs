//! Scripted servers: HTTP/1 servers that answer by a function of the request and remember what they were asked, and plain TCP ones.

mod reply;
mod tcp;

pub use reply::Reply;
pub use tcp::TcpOrigin;

use std::io::{BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crate::ports::{Port, stop_listening};
use crate::{Request, wait};

type Answer = dyn Fn(&Request) -> Reply + Send + Sync;

/// What the threads of an origin share.
struct Shared {
    answer: Box<Answer>,
    requests: Mutex<Vec<Request>>,
    streams: Mutex<Vec<TcpStream>>,
    connections: AtomicUsize,
    stopping: AtomicBool,
}

/// An HTTP/1 server on a port of its own, which it keeps while it is down.
pub struct Origin {
    port: Port,
    shared: Arc<Shared>,
    acceptor: Option<(TcpListener, JoinHandle<()>)>,
}

impl Origin {
    /// Answers each request by `answer`.
    pub fn new(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let mut origin = Self {
            port: Port::reserve(),
            shared: Arc::new(Shared {
                answer: Box::new(answer),
                requests: Mutex::default(),
                streams: Mutex::default(),
                connections: AtomicUsize::new(0),
                stopping: AtomicBool::new(false),
            }),
            acceptor: None,
        };
        origin.come_back();
        origin
    }

    /// Answers 200 with this text to everything.
    pub fn saying(text: &'static str) -> Self {
        Self::new(move |_| Reply::ok(text))
    }

    pub fn addr(&self) -> String {
        self.port.addr()
    }

    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// What it was asked so far.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// Connections it has accepted so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Dies: nothing listens any more, and open connections are cut.
    pub fn die(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        if let Some((listener, thread)) = self.acceptor.take() {
            stop_listening(&listener);
            let _ = thread.join();
        }
        for s in self.shared.streams.lock().unwrap().drain(..) {
            let _ = s.shutdown(Shutdown::Both);
        }
    }

    /// Listens again on the same port.
    pub fn come_back(&mut self) {
        self.shared.stopping.store(false, Ordering::SeqCst);
        let port = self.port();
        let listener = wait::until("the origin's port", || TcpListener::bind(("127.0.0.1", port)).ok());
        let shared = Arc::clone(&self.shared);
        let own = listener.try_clone().unwrap();
        self.acceptor = Some((own, std::thread::spawn(move || accept(&listener, &shared))));
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.die();
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let _ = stream.set_nodelay(true);
        let number = shared.connections.fetch_add(1, Ordering::SeqCst);
        if let Ok(copy) = stream.try_clone() {
            shared.streams.lock().unwrap().push(copy);
        }
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            // A peer that goes away in the middle is part of many tests.
            let _ = serve(stream, number, &shared);
        });
    }
}

fn serve(stream: TcpStream, number: usize, shared: &Shared) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(mut request) = Request::read(&mut reader)? {
        request.connection = number;
        let reply = (shared.answer)(&request);
        let head_only = request.method == "HEAD";
        shared.requests.lock().unwrap().push(request);
        if !reply.write(&mut reader, head_only)? {
            break;
        }
    }
    reader.get_mut().flush()?;
    // The stream's copy in the list would keep the connection open.
    reader.get_ref().shutdown(Shutdown::Both)
}
