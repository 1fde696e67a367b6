//! Going to the background, and the pid file. Both happen before any thread exists.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

use rustix::process::Pid;

/// Leaves the terminal: two forks and a new session, standard streams to `/dev/null`, `/` as working directory when `chdir`.
///
/// The parent waits until [`Detached::ready`] is called in the daemon (or the daemon dies) and exits with its status, so that the
/// one who started us knows whether it stands. Must be called while the process has a single thread.
pub fn detach() -> io::Result<Detached> {
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    if fork()? {
        drop(write);
        let mut status = [1u8];
        // No byte: the daemon died before it was ready, and has said why itself.
        let _ = rustix::io::read(&read, &mut status);
        std::process::exit(i32::from(status[0]));
    }
    drop(read);
    rustix::process::setsid()?;
    if fork()? {
        std::process::exit(0);
    }
    Ok(Detached { write: File::from(write) })
}

/// The daemon's side of [`detach`].
#[derive(Debug)]
pub struct Detached {
    write: File,
}

impl Detached {
    /// Tells the parent to exit with 0, and lets go of the terminal.
    pub fn ready(mut self) -> io::Result<()> {
        let null = File::options().read(true).write(true).open("/dev/null");
        // After a chroot there may be no /dev/null: the streams then stay as they are.
        if let Ok(null) = null {
            rustix::stdio::dup2_stdin(null.as_fd())?;
            rustix::stdio::dup2_stdout(null.as_fd())?;
            rustix::stdio::dup2_stderr(null.as_fd())?;
        }
        self.write.write_all(&[0])
    }
}

/// `true` in the parent.
fn fork() -> io::Result<bool> {
    // SAFETY: the process has one thread here (the caller's duty, stated above), so the child may use everything it inherits.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(false),
        _ => Ok(true),
    }
}

/// Opens the pid file; before the chroot, so that the path is the outside one.
pub fn open_pid_file(path: &str) -> io::Result<File> {
    File::options().create(true).write(true).truncate(true).open(path)
}

pub fn write_pid(file: &mut File) -> io::Result<()> {
    writeln!(file, "{}", std::process::id())
}

/// Sends a signal to another process; `Ok(false)`: there is none.
pub fn kill(pid: i32, signal: i32) -> io::Result<bool> {
    let (Some(pid), Some(signal)) = (Pid::from_raw(pid), rustix::process::Signal::from_named_raw(signal)) else {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    };
    match rustix::process::kill_process(pid, signal) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::SRCH) => Ok(false),
        Err(e) => Err(e.into()),
    }
}

/// From now on this process is told to stop when the one that started it ends, however that ends. To be asked after the user was
/// changed, which undoes it; holds for the parent's thread that started this process.
pub fn stop_with_parent() -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM)).map_err(Into::into)
}
