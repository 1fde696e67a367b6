//! The door to this machine's files and names that loading a configuration goes through.

use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;
use std::{fs, io};

use hapax_sample::Files;

use hapax_sys::memory;

use crate::inputs::{self, reason};

/// The real file system and resolver.
#[derive(Debug, Default)]
pub(crate) struct DiskFiles {
    /// Bytes that a file may hold at most, where there is a limit.
    pub(crate) most: Option<u64>,
    /// Room that each byte read from a file adds to what the loading may use, where that is limited.
    pub(crate) room: u64,
}

impl Files for DiskFiles {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, String> {
        let bytes = inputs::file(path, self.most).map_err(|e| reason(&e))?;
        if self.room > 0 && inputs::has_an_end(path) {
            memory::allow(bytes.len() as u64 * self.room);
        }
        Ok(Arc::from(bytes))
    }

    fn env(&self, name: &str) -> Option<Vec<u8>> {
        std::env::var_os(name).map(std::ffi::OsString::into_encoded_bytes)
    }

    fn list(&self, path: &str) -> Result<Vec<String>, String> {
        let names = || -> io::Result<Vec<String>> {
            let mut names = Vec::new();
            for entry in fs::read_dir(path)? {
                names.push(entry?.file_name().to_string_lossy().into_owned());
            }
            names.sort_unstable();
            Ok(names)
        };
        names().map_err(|e| reason(&e))
    }

    fn lookup(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        let mut found: Vec<IpAddr> = Vec::new();
        for a in (host, 0).to_socket_addrs().map_err(|e| reason(&e))? {
            if !found.contains(&a.ip()) {
                found.push(a.ip());
            }
        }
        Ok(found)
    }

    fn socket(&self, fd: i32) -> Result<(), String> {
        hapax_sys::rawfd::is_socket(fd).map_err(|e| reason(&e))
    }
}
