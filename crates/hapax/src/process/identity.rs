//! Who the process is: users and groups by name, the chroot, and the step away from root.

use hapax_config::plan::Global;
use hapax_sys::privileges;

use crate::report::Report;

/// The ids asked for, with their names looked up while the databases can still be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    uid: Option<u32>,
    gid: Option<u32>,
}

pub(super) fn resolve(g: &Global) -> Result<Wanted, String> {
    Ok(Wanted {
        uid: uid(g.uid, g.user.as_deref())?,
        gid: gid(g.gid, g.group.as_deref())?,
    })
}

/// A number as given, or the number of a name.
pub(super) fn uid(number: Option<u32>, name: Option<&str>) -> Result<Option<u32>, String> {
    let (None, Some(name)) = (number, name) else { return Ok(number) };
    match privileges::user(name) {
        Ok(Some(u)) => Ok(Some(u.uid)),
        _ => Err(format!("cannot find user id for '{name}'")),
    }
}

pub(super) fn gid(number: Option<u32>, name: Option<&str>) -> Result<Option<u32>, String> {
    let (None, Some(name)) = (number, name) else { return Ok(number) };
    match privileges::group(name) {
        Ok(Some(g)) => Ok(Some(g)),
        _ => Err(format!("cannot find group id for '{name}'")),
    }
}

pub(super) fn enter_root(dir: &str) -> Result<(), String> {
    privileges::chroot(dir).map_err(|_| format!("Cannot chroot({dir})."))
}

pub(super) fn assume(program: &str, wanted: &Wanted, report: &Report) -> Result<(), String> {
    match privileges::become_user(wanted.uid, wanted.gid) {
        Ok(true) => Ok(()),
        Ok(false) => {
            report.warning(&format!(
                "[{program}.main()] Failed to drop supplementary groups. Using 'gid'/'group' without 'uid'/'user' is generally useless."
            ));
            Ok(())
        }
        Err(e) => Err(e.to_string()),
    }
}

/// Said with `-dD`'s sibling of a notice only: containers run as root by habit, and a stream of warnings hides those that matter.
pub(super) fn warn_about_root(program: &str, g: &Global, report: &Report) {
    if privileges::is_root() && g.user.is_none() && g.uid.is_none() && g.chroot.is_none() {
        report.diag(&format!(
            "[{program}.main()] started as root without 'user', 'uid' or 'chroot': the whole machine is at stake if the process is taken over."
        ));
    }
}
