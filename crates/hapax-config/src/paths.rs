//! What relative file names start from (`default-path`, manual 3.1): a door to files that puts a folder before them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use hapax_sample::Files;

/// The policies of `default-path`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PathPolicy {
    /// The working directory.
    #[default]
    Current,
    /// The folder of the configuration file that is read.
    Config,
    /// The folder above that one.
    Parent,
    /// This folder.
    Origin(String),
}

/// Files as the lines that name them see them.
pub struct RelativeFiles<'a> {
    inner: &'a dyn Files,
    policy: RefCell<PathPolicy>,
    /// The configuration file that is read, as the command line names it.
    file: RefCell<String>,
    /// What comes before relative names; empty: nothing.
    base: RefCell<String>,
    /// Names that were looked up, with what came of it: many lines name one host, and where nobody answers each question takes long.
    names: RefCell<HashMap<String, Result<Vec<IpAddr>, String>>>,
}

impl<'a> RelativeFiles<'a> {
    pub fn new(inner: &'a dyn Files) -> Self {
        Self {
            inner,
            policy: RefCell::default(),
            file: RefCell::default(),
            base: RefCell::default(),
            names: RefCell::default(),
        }
    }

    /// The next lines stand in this file.
    pub fn enter(&self, file: &str) {
        file.clone_into(&mut self.file.borrow_mut());
        self.settle();
    }

    /// For the next lines, and the files after this one.
    pub fn set_policy(&self, policy: PathPolicy) {
        *self.policy.borrow_mut() = policy;
        self.settle();
    }

    fn settle(&self) {
        let file = self.file.borrow();
        let folder = Path::new(file.as_str()).parent().unwrap_or(Path::new(""));
        let base = match &*self.policy.borrow() {
            PathPolicy::Current => String::new(),
            PathPolicy::Config => folder.to_string_lossy().into_owned(),
            PathPolicy::Parent => folder.join("..").to_string_lossy().into_owned(),
            PathPolicy::Origin(path) => path.clone(),
        };
        *self.base.borrow_mut() = base;
    }

    fn full(&self, path: &str) -> String {
        Path::new(self.base.borrow().as_str()).join(path).to_string_lossy().into_owned()
    }
}

impl Files for RelativeFiles<'_> {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, String> {
        self.inner.read(&self.full(path))
    }

    fn env(&self, name: &str) -> Option<Vec<u8>> {
        self.inner.env(name)
    }

    fn list(&self, path: &str) -> Result<Vec<String>, String> {
        self.inner.list(&self.full(path))
    }

    fn lookup(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        if let Some(known) = self.names.borrow().get(host) {
            return known.clone();
        }
        let answer = self.inner.lookup(host);
        self.names.borrow_mut().insert(host.to_owned(), answer.clone());
        answer
    }

    fn socket(&self, fd: i32) -> Result<(), String> {
        self.inner.socket(fd)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Echo;

    impl Files for Echo {
        fn read(&self, path: &str) -> Result<Arc<[u8]>, String> {
            Ok(path.as_bytes().into())
        }
    }

    #[test]
    fn policies_put_their_folder_before_relative_names() {
        let table: &[(PathPolicy, &str, &str, &str)] = &[
            (PathPolicy::Current, "/etc/h/a.cfg", "x.pem", "x.pem"),
            (PathPolicy::Config, "/etc/h/a.cfg", "x.pem", "/etc/h/x.pem"),
            (PathPolicy::Config, "a.cfg", "x.pem", "x.pem"),
            (PathPolicy::Config, "h/a.cfg", "/abs/x.pem", "/abs/x.pem"),
            (PathPolicy::Parent, "/etc/h/a.cfg", "x.pem", "/etc/h/../x.pem"),
            (PathPolicy::Parent, "a.cfg", "x.pem", "../x.pem"),
            (PathPolicy::Origin("/srv".to_owned()), "h/a.cfg", "x.pem", "/srv/x.pem"),
        ];
        for (policy, file, path, want) in table {
            let files = RelativeFiles::new(&Echo);
            files.enter(file);
            files.set_policy(policy.clone());
            assert_eq!(files.read(path).as_deref(), Ok(want.as_bytes()), "{policy:?} {file} {path}");
        }
    }

    #[test]
    fn a_name_is_looked_up_once() {
        #[derive(Default)]
        struct Counting(RefCell<Vec<String>>);
        impl Files for Counting {
            fn read(&self, _: &str) -> Result<Arc<[u8]>, String> {
                Err(String::new())
            }
            fn lookup(&self, host: &str) -> Result<Vec<IpAddr>, String> {
                self.0.borrow_mut().push(host.to_owned());
                if host == "none" {
                    Err("nobody".to_owned())
                } else {
                    Ok(vec![[192, 0, 2, 1].into()])
                }
            }
        }
        let asked = Counting::default();
        let files = RelativeFiles::new(&asked);
        for _ in 0..3 {
            assert_eq!(files.lookup("none"), Err("nobody".to_owned()));
            assert_eq!(files.lookup("one"), Ok(vec![[192, 0, 2, 1].into()]));
        }
        assert_eq!(*asked.0.borrow(), ["none", "one"]);
    }

    #[test]
    fn a_policy_lasts_into_the_next_file() {
        let files = RelativeFiles::new(&Echo);
        files.enter("one/a.cfg");
        files.set_policy(PathPolicy::Config);
        files.enter("two/b.cfg");
        assert_eq!(files.read("x").as_deref(), Ok(&b"two/x"[..]));
    }
}
