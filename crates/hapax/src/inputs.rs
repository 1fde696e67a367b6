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

impl Unreadable {
    fn new(path: &str, e: &io::Error) -> Self {
        Self {
            path: path.to_owned(),
            reason: reason(e),
        }
    }
}

/// Reads every file, in the order given; a directory's files in byte order of their names, hidden ones left out. The error is the
/// first that cannot be read, or that makes them hold more bytes than `most` together.
pub(crate) fn read(paths: &[String], most: u64) -> Result<Vec<Input>, Unreadable> {
    let (inputs, unreadable) = each(paths, most);
    unreadable.into_iter().next().map_or(Ok(inputs), Err)
}

/// As [`read`], for people: the error tells every file that cannot be read, a line for each.
pub(crate) fn read_within(paths: &[String], most: u64) -> Result<Vec<Input>, String> {
    let (inputs, unreadable) = each_within(paths, most);
    if unreadable.is_empty() {
        Ok(inputs)
    } else {
        Err(unreadable.join("\n"))
    }
}

/// What can be read, and a line for each file that cannot; so is a directory without a file to read: whoever named it meant one.
pub(crate) fn each_within(paths: &[String], most: u64) -> (Vec<Input>, Vec<String>) {
    let (inputs, mut unreadable) = each(paths, most);
    let empty = paths.iter().filter(|p| *p != "-" && listed(p).is_ok_and(|names| names.is_empty()));
    unreadable.extend(empty.map(|path| Unreadable {
        path: path.clone(),
        reason: "no file in it is named *.cfg".to_owned(),
    }));
    let lines = unreadable.iter().map(|u| format!("{}: {}", u.path, u.reason)).collect();
    (inputs, lines)
}

/// What can be read, and what cannot, in the order given.
fn each(paths: &[String], most: u64) -> (Vec<Input>, Vec<Unreadable>) {
    let (mut inputs, mut unreadable) = (Vec::new(), Vec::new());
    let mut left = most;
    for path in paths {
        let names = if path == "-" || !fs::metadata(path).is_ok_and(|m| m.is_dir()) {
            Ok(vec![path.clone()])
        } else {
            listed(path)
        };
        let names = names.unwrap_or_else(|e| {
            unreadable.push(Unreadable::new(path, &e));
            Vec::new()
        });
        for name in names {
            match one(&name, left) {
                Ok(input) => {
                    left -= input.bytes.len() as u64;
                    inputs.push(input);
                }
                Err(e) => unreadable.push(Unreadable::new(&name, &e)),
            }
        }
    }
    (inputs, unreadable)
}

/// Bytes that are read of what is no plain file, such as a pipe, where a check is bounded at all.
const MOST_OF_A_DEVICE: u64 = 128 << 20;

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
    let most = if has_an_end(path) { most } else { most.min(MOST_OF_A_DEVICE) };
    let file = fs::File::open(path)?;
    // Many a special file has no end and does not say so.
    if file.metadata()?.len() > most {
        return Err(too_large());
    }
    all_of(file, most)
}

/// Whether it is a file of so many bytes, and not a device that gives them for ever.
pub(crate) fn has_an_end(path: &str) -> bool {
    fs::metadata(path).is_ok_and(|m| m.is_file())
}

fn all_of(from: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_large()) } else { Ok(bytes) }
}

fn too_large() -> io::Error {
    io::Error::other("more than a check may read with the memory that it has (see --memory of hapax check)")
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
        let names: Vec<_> = read(&[dir_name], u64::MAX)
            .unwrap()
            .into_iter()
            .map(|i| String::from_utf8_lossy(&i.bytes).into_owned())
            .collect();
        assert_eq!(names, ["B.cfg", "a.cfg", "b.cfg"]);
        let file = dir.join("b.cfg").to_str().unwrap().to_owned();
        let twice = [file.clone(), file];
        assert_eq!(read_within(&twice, 10).unwrap().len(), 2);
        for most in [0, 4, 9] {
            assert!(read_within(&twice, most).unwrap_err().contains("b.cfg: more than"), "{most}");
        }
        let none = dir.join("sub.cfg").to_str().unwrap().to_owned();
        let told = read_within(&["/no/such".to_owned(), none.clone(), "/no/such/either".to_owned()], 10).unwrap_err();
        let lines: Vec<_> = told.lines().collect();
        let no = "No such file or directory";
        let empty = format!("{none}: no file in it is named *.cfg");
        assert_eq!(lines, [format!("/no/such: {no}"), format!("/no/such/either: {no}"), empty]);
        assert!(read(&[none], u64::MAX).unwrap().is_empty());
        assert!(read_within(&["/dev/zero".to_owned()], 100).is_err());
        fs::remove_dir_all(dir).unwrap();
        assert_eq!(
            read(&["/no/such".to_owned()], u64::MAX).unwrap_err().reason,
            "No such file or directory"
        );
    }
}
