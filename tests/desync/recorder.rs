//! An origin that keeps every byte it receives, and answers what a strict reader sees as complete.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};

use hapax_tests::origin::TcpOrigin;
use hapax_tests::wait;

use crate::strict;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

#[derive(Default)]
struct State {
    /// Bytes by connection, in the order of their acceptance.
    received: Vec<Vec<u8>>,
    open: usize,
    /// Sent to the first head of each connection, which then ends.
    script: Option<Vec<u8>>,
}

pub(crate) struct Recorder {
    origin: TcpOrigin,
    state: Arc<Mutex<State>>,
}

impl Recorder {
    /// Answers 200 to each complete message.
    pub(crate) fn answering() -> Self {
        Self::new(None)
    }

    /// Answers what [`script`](Self::script) says.
    pub(crate) fn scripted() -> Self {
        Self::new(Some(Vec::new()))
    }

    fn new(script: Option<Vec<u8>>) -> Self {
        let state = Arc::new(Mutex::new(State {
            script,
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        let origin = TcpOrigin::new(move |stream| {
            let index = {
                let mut s = shared.lock().unwrap();
                s.open += 1;
                s.received.push(Vec::new());
                s.received.len() - 1
            };
            // A peer that goes away in the middle is part of many cases.
            let _ = serve(stream, index, &shared);
            shared.lock().unwrap().open -= 1;
        });
        Self { origin, state }
    }

    pub(crate) fn addr(&self) -> String {
        self.origin.addr()
    }

    pub(crate) fn forget(&self) {
        self.state.lock().unwrap().received.clear();
    }

    pub(crate) fn script(&self, bytes: &[u8]) {
        self.state.lock().unwrap().script = Some(bytes.to_vec());
    }

    /// What was received, by connection, once every connection has ended; connections without a byte do not count.
    pub(crate) fn take(&self) -> Vec<Vec<u8>> {
        wait::until_true("the origin's connections to end", || self.state.lock().unwrap().open == 0);
        let mut all = std::mem::take(&mut self.state.lock().unwrap().received);
        all.retain(|b| !b.is_empty());
        all
    }
}

fn serve(mut stream: TcpStream, index: usize, shared: &Mutex<State>) -> std::io::Result<()> {
    let (mut all, mut done, mut room) = (Vec::new(), 0, [0; 16384]);
    loop {
        let n = stream.read(&mut room)?;
        if n == 0 {
            return Ok(());
        }
        all.extend_from_slice(&room[..n]);
        let script = {
            let mut s = shared.lock().unwrap();
            if let Some(r) = s.received.get_mut(index) {
                r.clone_from(&all);
            }
            s.script.clone()
        };
        if let Some(script) = script {
            if all.windows(4).any(|w| w == b"\r\n\r\n") {
                stream.write_all(&script)?;
                stream.shutdown(Shutdown::Write)?;
                while stream.read(&mut room)? > 0 {}
                return Ok(());
            }
            continue;
        }
        while let Ok(Some(len)) = strict::message(&all[done..]) {
            done += len;
            stream.write_all(ANSWER)?;
        }
    }
}
