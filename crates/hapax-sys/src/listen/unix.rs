//! UNIX listeners. A path is bound under a temporary name and renamed over the wanted one, so that there is no moment without a
//! socket and a failed start leaves the old one in place.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::{Error, Options};

/// Room for a path in `sockaddr_un`; the temporary suffix must fit beside the name.
const MAX_PATH: usize = 97;
/// Room for an abstract name, after the leading NUL.
const MAX_ABSTRACT: usize = 107;

fn at(step: &'static str) -> impl Fn(io::Error) -> Error {
    move |source| Error { step, source }
}

fn socket() -> Result<OwnedFd, Error> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
        .map_err(|e| at("cannot create receiving socket")(e.into()))
}

fn suffixed(path: &Path, what: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".{}.{what}", std::process::id()));
    PathBuf::from(name)
}

pub(super) fn path(path: &Path, o: &Options<'_>) -> Result<UnixListener, Error> {
    if path.as_os_str().len() > MAX_PATH {
        return Err(at("socket path is too long")(io::Error::from_raw_os_error(libc::ENAMETOOLONG)));
    }
    let fd = socket()?;
    let temp = suffixed(path, "tmp");
    match fs::remove_file(&temp) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(at("error when trying to unlink previous UNIX socket")(e)),
        _ => {}
    }
    let addr = SocketAddrUnix::new(&temp).map_err(|e| at("invalid character in UNIX socket path")(e.into()))?;
    rustix::net::bind(&fd, &addr).map_err(|e| at("cannot bind UNIX socket")(e.into()))?;
    if let Err(e) = finish(&fd, &temp, path, o) {
        // The rename did not happen: nothing but our own temporary name is to be removed.
        let _ = fs::remove_file(&temp);
        return Err(e);
    }
    Ok(UnixListener::from(fd))
}

fn finish(fd: &OwnedFd, temp: &Path, path: &Path, o: &Options<'_>) -> Result<(), Error> {
    if let Some(mode) = o.unix.mode {
        fs::set_permissions(temp, Permissions::from_mode(mode)).map_err(at("cannot change UNIX socket ownership"))?;
    }
    if o.unix.uid.is_some() || o.unix.gid.is_some() {
        std::os::unix::fs::chown(temp, o.unix.uid, o.unix.gid).map_err(at("cannot change UNIX socket ownership"))?;
    }
    rustix::net::listen(fd, o.backlog).map_err(|e| at("cannot listen to UNIX socket")(e.into()))?;
    fs::rename(temp, path).map_err(at("cannot switch final and temporary UNIX sockets"))
}

/// `abns@` names fill the whole field with NULs, `abnsz@` names end with their last byte.
pub(super) fn abstract_name(name: &[u8], zero_terminated: bool, o: &Options<'_>) -> Result<UnixListener, Error> {
    let fd = socket()?;
    let addr = abstract_addr(name, zero_terminated).map_err(at("invalid abstract socket name"))?;
    rustix::net::bind(&fd, &addr).map_err(|e| at("cannot bind UNIX socket")(e.into()))?;
    rustix::net::listen(&fd, o.backlog).map_err(|e| at("cannot listen to UNIX socket")(e.into()))?;
    Ok(UnixListener::from(fd))
}

/// The address of a name in the abstract namespace.
pub(super) fn abstract_addr(name: &[u8], zero_terminated: bool) -> io::Result<SocketAddrUnix> {
    if name.len() > MAX_ABSTRACT {
        return Err(io::Error::from_raw_os_error(libc::ENAMETOOLONG));
    }
    if zero_terminated {
        return Ok(SocketAddrUnix::new_abstract_name(name)?);
    }
    let mut full = [0; MAX_ABSTRACT];
    full[..name.len()].copy_from_slice(name);
    Ok(SocketAddrUnix::new_abstract_name(&full)?)
}

/// Whether a bound name is `path`: a socket keeps the temporary name it was bound under.
pub(super) fn same_name(bound: &Path, path: &Path) -> bool {
    if bound == path {
        return true;
    }
    let (b, p) = (bound.to_string_lossy(), path.to_string_lossy());
    b.strip_prefix(&*p)
        .and_then(|rest| rest.strip_prefix('.'))
        .and_then(|rest| rest.strip_suffix(".tmp"))
        .is_some_and(|pid| !pid.is_empty() && pid.bytes().all(|c| c.is_ascii_digit()))
}
