//! The environment. Changing it is only sound while nobody else reads it: before threads start.

use std::ffi::OsStr;

/// Sets a variable (`setenv`). To be called before any thread is started.
pub fn set(name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) {
    if !usable(name.as_ref()) || value.as_ref().as_encoded_bytes().contains(&0) {
        return;
    }
    // SAFETY: the process has a single thread until the workers start (the caller's duty, stated above).
    unsafe { std::env::set_var(name, value) }
}

/// Removes a variable (`unsetenv`). To be called before any thread is started.
pub fn unset(name: impl AsRef<OsStr>) {
    if !usable(name.as_ref()) {
        return;
    }
    // SAFETY: as in `set`.
    unsafe { std::env::remove_var(name) }
}

/// The library panics on such names; a configuration may hold any text.
fn usable(name: &OsStr) -> bool {
    let b = name.as_encoded_bytes();
    !b.is_empty() && !b.contains(&b'=') && !b.contains(&0)
}
