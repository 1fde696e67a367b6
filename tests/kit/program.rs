//! The programs under test: the one that was built, and the HAProxy of the machine as the oracle beside it.

use std::path::PathBuf;
use std::process::Command;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    Hapax,
    Haproxy,
}

impl Program {
    /// The built program stands where cargo puts it: one folder above the test's own executable.
    pub fn path(self) -> PathBuf {
        match self {
            Self::Hapax => {
                if let Some(path) = std::env::var_os("HAPAX_BIN") {
                    return PathBuf::from(path);
                }
                let me = std::env::current_exe().unwrap();
                let path = me.parent().and_then(|d| d.parent()).unwrap().join("hapax");
                assert!(path.is_file(), "{} is not built: run the tests with 'cargo test'", path.display());
                path
            }
            Self::Haproxy => PathBuf::from("haproxy"),
        }
    }

    pub fn command(self) -> Command {
        Command::new(self.path())
    }

    /// Whether HAProxy is there; says so once where it is not, as the test then proves nothing.
    pub fn oracle(test: &str) -> bool {
        let there = Command::new("haproxy").arg("-v").output().is_ok_and(|o| o.status.success());
        if !there {
            eprintln!("{test}: skipped, there is no 'haproxy' to compare with");
        }
        there
    }

    /// Whether the HAProxy of the machine is of this version or a later one.
    pub fn oracle_since(version: (u32, u32)) -> bool {
        let Ok(out) = Command::new("haproxy").arg("-v").output() else {
            return false;
        };
        let text = String::from_utf8_lossy(&out.stdout);
        let number = text.split_whitespace().nth(2).unwrap_or_default();
        let mut parts = number.split(['.', '-']).map_while(|p| p.parse().ok());
        parts.next().zip(parts.next()).is_some_and(|v| v >= version)
    }
}
