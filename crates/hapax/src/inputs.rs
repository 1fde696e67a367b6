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
/// first that cannot be read, or that makes them hold more bytes than `most` together, where there is such a bound.
pub(crate) fn read(paths: &[String], most: Option<u64>) -> Result<Vec<Input>, Unreadable> {
    let (inputs, unreadable) = each(paths, most);
    unreadable.into_iter().next().map_or(Ok(inputs), Err)
}

/// As [`read`], for people: the error tells every file that cannot be read, a line for each.
pub(crate) fn read_within(paths: &[String], most: Option<u64>) -> Result<Vec<Input>, String> {
    let (inputs, unreadable) = each_within(paths, most);
    if unreadable.is_empty() {
        Ok(inputs)
    } else {
        Err(unreadable.join("\n"))
    }
}

/// What can be read, and a line for each file that cannot; so is a directory without a file to read: whoever named it meant one.
pub(crate) fn each_within(paths: &[String], most: Option<u64>) -> (Vec<Input>, Vec<String>) {
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
fn each(paths: &[String], most: Option<u64>) -> (Vec<Input>, Vec<Unreadable>) {
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
                    left = left.map(|left| left.saturating_sub(input.bytes.len() as u64));
                    inputs.push(input);
                }
                Err(e) => unreadable.push(Unreadable::new(&name, &e)),
            }
        }
    }
    (inputs, unreadable)
}

/// Bytes that are read of what is no plain file, such as a pipe or a device: many have no end and do not say so.
const MOST_OF_A_DEVICE: u64 = 128 << 20;

fn one(path: &str, most: Option<u64>) -> io::Result<Input> {
    let bytes = if path == "-" { standard(most)? } else { file(path, most)? };
    Ok(Input {
        name: path.to_owned(),
        bytes: bytes.into(),
    })
}

/// The bytes of the standard input, whatever it is.
pub(crate) fn standard(most: Option<u64>) -> io::Result<Vec<u8>> {
    all_of(io::stdin().lock(), false, most)
}

/// The bytes of a file, which are no more than `most` where there is a bound.
pub(crate) fn file(path: &str, most: Option<u64>) -> io::Result<Vec<u8>> {
    let file = fs::File::open(path)?;
    let about = file.metadata()?;
    if let Some(most) = most.filter(|most| about.len() > *most) {
        return Err(too_large(most));
    }
    all_of(file, about.is_file(), most)
}

/// Whether it is a file of so many bytes, and not a device that gives them for ever.
pub(crate) fn has_an_end(path: &str) -> bool {
    fs::metadata(path).is_ok_and(|m| m.is_file())
}

fn all_of(mut from: impl Read, has_an_end: bool, most: Option<u64>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = match most {
        None if has_an_end => {
            from.read_to_end(&mut bytes)?;
            return Ok(bytes);
        }
        Some(most) if has_an_end || most < MOST_OF_A_DEVICE => most,
        _ => MOST_OF_A_DEVICE,
    };
    from.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 <= most {
        return Ok(bytes);
    }
    Err(if has_an_end { too_large(most) } else { endless(most) })
}

fn too_large(most: u64) -> io::Error {
    io::Error::other(format!(
        "more than the {} that a check may read with the memory that it has (see --memory of hapax check)",
        mebibytes(most)
    ))
}

fn endless(most: u64) -> io::Error {
    io::Error::other(format!(
        "no plain file, and it gave more than {}, as what has no end does",
        mebibytes(most)
    ))
}

fn mebibytes(bytes: u64) -> String {
    match bytes >> 20 {
        0 => format!("{bytes} bytes"),
        n => format!("{n} MiB"),
    }
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
        let names: Vec<_> = read(&[dir_name], None)
            .unwrap()
            .into_iter()
            .map(|i| String::from_utf8_lossy(&i.bytes).into_owned())
            .collect();
        assert_eq!(names, ["B.cfg", "a.cfg", "b.cfg"]);
        let file = dir.join("b.cfg").to_str().unwrap().to_owned();
        let twice = [file.clone(), file];
        assert_eq!(read_within(&twice, Some(10)).unwrap().len(), 2);
        for most in [0, 4, 9] {
            assert!(
                read_within(&twice, Some(most)).unwrap_err().contains("b.cfg: more than the"),
                "{most}"
            );
        }
        let none = dir.join("sub.cfg").to_str().unwrap().to_owned();
        let told = read_within(&["/no/such".to_owned(), none.clone(), "/no/such/either".to_owned()], Some(10)).unwrap_err();
        let lines: Vec<_> = told.lines().collect();
        let no = "No such file or directory";
        let empty = format!("{none}: no file in it is named *.cfg");
        assert_eq!(lines, [format!("/no/such: {no}"), format!("/no/such/either: {no}"), empty]);
        assert!(read(&[none], None).unwrap().is_empty());
        for most in [None, Some(100)] {
            let told = read_within(&["/dev/zero".to_owned()], most).unwrap_err();
            assert!(told.contains("no plain file"), "{told}");
        }
        fs::remove_dir_all(dir).unwrap();
        assert_eq!(
            read(&["/no/such".to_owned()], None).unwrap_err().reason,
            "No such file or directory"
        );
    }
}
