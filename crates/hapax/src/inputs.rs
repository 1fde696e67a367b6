//! The configuration files a command line names: single files, and directories of which every `*.cfg` is read.

use std::io::Read;
use std::path::Path;
use std::{fs, io};

use hapax_config::Input;

/// A file or directory that cannot be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) path: String,
    pub(crate) reason: String,
}

/// Reads every file, in the order given; a directory's files in byte order of their names, hidden ones left out.
pub(crate) fn read(paths: &[String]) -> Result<Vec<Input>, Unreadable> {
    read_within(paths, u64::MAX)
}

/// Reads every file, as long as all together hold no more bytes than `most`.
pub(crate) fn read_within(paths: &[String], most: u64) -> Result<Vec<Input>, Unreadable> {
    let mut inputs = Vec::new();
    let mut left = most;
    let mut one = |path: &str| -> io::Result<Input> {
        let input = one(path, left)?;
        left -= input.bytes.len() as u64;
        Ok(input)
    };
    for path in paths {
        let at = |e: io::Error| Unreadable {
            path: path.clone(),
            reason: reason(&e),
        };
        if path != "-" && fs::metadata(path).map_err(at)?.is_dir() {
            for name in listed(path).map_err(at)? {
                inputs.push(one(&name).map_err(at)?);
            }
        } else {
            inputs.push(one(path).map_err(at)?);
        }
    }
    Ok(inputs)
}

fn one(path: &str, most: u64) -> io::Result<Input> {
    let bytes = if path == "-" {
        all_of(io::stdin().lock(), most)?
    } else {
        file(path, most)?
    };
    Ok(Input {
        name: path.to_owned(),
        bytes: bytes.into(),
    })
}

/// The bytes of a file that holds no more of them than `most`.
pub(crate) fn file(path: &str, most: u64) -> io::Result<Vec<u8>> {
    if most == u64::MAX {
        return fs::read(path);
    }
    let file = fs::File::open(path)?;
    // Many a special file has no end and does not say so.
    if file.metadata()?.len() > most {
        return Err(too_large());
    }
    all_of(file, most)
}

fn all_of(from: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_large()) } else { Ok(bytes) }
}

fn too_large() -> io::Error {
    io::Error::other("more than a check may read with the memory that it has (see --memory)")
}

fn listed(dir: &str) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_config = Path::new(&name).extension().is_some_and(|e| e == "cfg") && !name.starts_with('.');
        if is_config && fs::metadata(entry.path()).is_ok_and(|m| m.is_file()) {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names.into_iter().map(|n| format!("{dir}/{n}")).collect())
}

/// The system's words for an error, without Rust's `(os error N)`.
pub(crate) fn reason(e: &io::Error) -> String {
    let text = e.to_string();
    match text.find(" (os error") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_read_in_byte_order() {
        let dir = std::env::temp_dir().join(format!("hapax-inputs-{}", std::process::id()));
        fs::create_dir_all(dir.join("sub.cfg")).unwrap();
        for name in ["b.cfg", "B.cfg", "a.cfg", ".hidden.cfg", "a.txt"] {
            fs::write(dir.join(name), name).unwrap();
        }
        let dir_name = dir.to_str().unwrap().to_owned();
        let names: Vec<_> = read(&[dir_name])
            .unwrap()
            .into_iter()
            .map(|i| String::from_utf8_lossy(&i.bytes).into_owned())
            .collect();
        assert_eq!(names, ["B.cfg", "a.cfg", "b.cfg"]);
        let file = dir.join("b.cfg").to_str().unwrap().to_owned();
        let twice = [file.clone(), file];
        assert_eq!(read_within(&twice, 10).unwrap().len(), 2);
        for most in [0, 4, 9] {
            assert!(read_within(&twice, most).unwrap_err().reason.starts_with("more than"), "{most}");
        }
        assert!(read_within(&["/dev/zero".to_owned()], 100).is_err());
        fs::remove_dir_all(dir).unwrap();
        assert_eq!(read(&["/no/such".to_owned()]).unwrap_err().reason, "No such file or directory");
    }
}
