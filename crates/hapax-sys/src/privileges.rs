//! Users and groups by name, and the irreversible step from root to them (`user`, `group`, `chroot`).

use std::ffi::CString;
use std::io;
use std::ptr;

use rustix::process::{Gid, Uid};

/// An entry of the password database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
}

/// Finds a user; `Ok(None)`: there is none of that name.
pub fn user(name: &str) -> io::Result<Option<User>> {
    let Ok(name) = CString::new(name) else { return Ok(None) };
    let mut buf = vec![0; 16384];
    // SAFETY: passwd is plain integers and pointers, for which all-zero is a value.
    let mut entry: libc::passwd = unsafe { std::mem::zeroed() };
    let mut found = ptr::null_mut();
    // SAFETY: every pointer is to live memory of the length given; the strings that `entry` will point to live in `buf`.
    let rc = unsafe { libc::getpwnam_r(name.as_ptr(), &raw mut entry, buf.as_mut_ptr(), buf.len(), &raw mut found) };
    if found.is_null() {
        return absent(rc);
    }
    Ok(Some(User {
        uid: entry.pw_uid,
        gid: entry.pw_gid,
    }))
}

/// Finds a group's number; `Ok(None)`: there is none of that name.
pub fn group(name: &str) -> io::Result<Option<u32>> {
    let Ok(name) = CString::new(name) else { return Ok(None) };
    let mut buf = vec![0; 65536];
    // SAFETY: group is plain integers and pointers, for which all-zero is a value.
    let mut entry: libc::group = unsafe { std::mem::zeroed() };
    let mut found = ptr::null_mut();
    // SAFETY: every pointer is to live memory of the length given; the strings that `entry` will point to live in `buf`.
    let rc = unsafe { libc::getgrnam_r(name.as_ptr(), &raw mut entry, buf.as_mut_ptr(), buf.len(), &raw mut found) };
    if found.is_null() {
        return absent(rc);
    }
    Ok(Some(entry.gr_gid))
}

/// The databases' manual lists these as "no such name" besides 0.
fn absent<T>(rc: i32) -> io::Result<Option<T>> {
    match rc {
        0 | libc::ENOENT | libc::ESRCH | libc::EBADF | libc::EPERM => Ok(None),
        e => Err(io::Error::from_raw_os_error(e)),
    }
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Enters a directory as the new root.
pub fn chroot(path: &str) -> io::Result<()> {
    rustix::process::chroot(path)?;
    Ok(rustix::process::chdir("/")?)
}

/// Which of the steps to leave root failed.
#[derive(Debug, thiserror::Error)]
pub enum DropError {
    #[error("Cannot set gid {0}.")]
    Gid(u32, #[source] io::Error),
    #[error("Cannot set uid {0}.")]
    Uid(u32, #[source] io::Error),
}

/// Becomes `gid` and `uid` for good. Supplementary groups are dropped first when a group is set; that one failing is told by
/// `Ok(false)` as HAProxy goes on after it.
///
/// Must be called while the process has a single thread: threads would keep their own rights.
pub fn become_user(uid: Option<u32>, gid: Option<u32>) -> Result<bool, DropError> {
    let mut clean = true;
    if let Some(gid) = gid {
        if rustix::process::getgroups().is_ok_and(|g| !g.is_empty()) {
            clean = rustix::thread::set_thread_groups(&[]).is_ok();
        }
        rustix::thread::set_thread_res_gid(Gid::from_raw(gid), Gid::from_raw(gid), Gid::from_raw(gid))
            .map_err(|e| DropError::Gid(gid, e.into()))?;
    }
    if let Some(uid) = uid {
        rustix::thread::set_thread_res_uid(Uid::from_raw(uid), Uid::from_raw(uid), Uid::from_raw(uid))
            .map_err(|e| DropError::Uid(uid, e.into()))?;
    }
    Ok(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_or_not() {
        assert_eq!(user("root").unwrap(), Some(User { uid: 0, gid: 0 }));
        assert_eq!(group("root").unwrap(), Some(0));
        assert_eq!(user("no such user").unwrap(), None);
        assert_eq!(group("nul\0inside").unwrap(), None);
    }
}
