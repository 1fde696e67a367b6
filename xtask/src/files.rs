//! The door to the files that configurations name, below one folder.

use std::net::{IpAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::sync::Arc;

use hapax_sample::Files;

/// Names are looked up below this folder; absolute ones as they are.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Files for Folder {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, String> {
        std::fs::read(self.0.join(path))
            .map(Arc::from)
            .map_err(|e| format!("{path}: {}", e.kind()))
    }

    fn list(&self, path: &str) -> Result<Vec<String>, String> {
        let folder = std::fs::read_dir(self.0.join(path)).map_err(|e| format!("{path}: {}", e.kind()))?;
        let mut names: Vec<String> = folder.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        Ok(names)
    }

    fn lookup(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        (host, 0)
            .to_socket_addrs()
            .map(|all| all.map(|a| a.ip()).collect())
            .map_err(|e| format!("could not resolve address '{host}': {e}"))
    }
}

/// As [`Folder`], with absolute names looked up in the folder's own `files`: nothing of this machine is seen. Names that a file
/// has put its own folder before (`default-path config`) start at the root.
pub(crate) struct Sandbox {
    pub(crate) folder: PathBuf,
    pub(crate) root: PathBuf,
}

impl Files for Sandbox {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, String> {
        let inside = match path.strip_prefix('/') {
            Some(rest) => self.folder.join("files").join(rest),
            None => Some(self.root.join(path))
                .filter(|full| full.starts_with(&self.folder))
                .unwrap_or_else(|| self.folder.join(path)),
        };
        std::fs::read(inside)
            .map(Arc::from)
            .map_err(|_| "No such file or directory".to_owned())
    }
}
