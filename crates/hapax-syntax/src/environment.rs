//! The environment a configuration is read in: variables, which `setenv` and its kin change as lines go by, and the facts about this
//! build that predicates of `.if` ask for. The caller fills both; nothing here looks at the process.

use std::collections::BTreeMap;

/// Variables by name, and the facts of the build.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    vars: BTreeMap<Vec<u8>, Vec<u8>>,
    pub facts: BuildFacts,
}

impl Environment {
    /// From the process's variables, say.
    pub fn new(vars: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>, facts: BuildFacts) -> Self {
        Self {
            vars: vars.into_iter().collect(),
            facts,
        }
    }

    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.vars.get(name).map(Vec::as_slice)
    }

    /// `setenv`
    pub fn set(&mut self, name: &[u8], value: &[u8]) {
        self.vars.insert(name.to_vec(), value.to_vec());
    }

    /// `presetenv`: only where it is not set yet.
    pub fn preset(&mut self, name: &[u8], value: &[u8]) {
        self.vars.entry(name.to_vec()).or_insert_with(|| value.to_vec());
    }

    /// `unsetenv`
    pub fn unset(&mut self, name: &[u8]) {
        self.vars.remove(name);
    }

    /// `resetenv`: keeps the listed ones only.
    pub fn reset(&mut self, keep: &[&[u8]]) {
        self.vars.retain(|name, _| keep.contains(&name.as_slice()));
    }

    /// In the order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.vars.iter().map(|(k, v)| (k.as_slice(), v.as_slice()))
    }
}

/// What the predicates of `.if` may ask about the program itself.
#[derive(Clone, Debug)]
pub struct BuildFacts {
    /// The HAProxy version whose language is spoken, for `version_atleast` and `version_before`.
    pub version: String,
    /// Names for `feature()`, as `haproxy -vv` shows them after a `+`.
    pub features: Vec<String>,
    /// For `ssllib_name_startswith()`.
    pub ssl_library: String,
    /// The OpenSSL version whose interface the library has, for `openssl_version_*`.
    pub openssl_version: String,
    /// For `awslc_api_*`; `None` where the library is another one.
    pub awslc_api: Option<i64>,
    pub fips: bool,
    /// Names for `enabled()`.
    pub enabled: Vec<String>,
}

impl BuildFacts {
    /// Whether the version is this (major, minor) or a later one.
    pub fn is_at_least(&self, version: (u8, u8)) -> bool {
        let mut parts = self.version.split('.').map(|p| p.parse().unwrap_or(0));
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= version
    }
}

impl Default for BuildFacts {
    fn default() -> Self {
        let owned = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect();
        Self {
            version: "3.5.0".to_owned(),
            features: owned(&[
                "ACCEPT4",
                "CPU_AFFINITY",
                "CRYPT_H",
                "EPOLL",
                "GETADDRINFO",
                "LIBCRYPT",
                "LINUX_SPLICE",
                "LINUX_TPROXY",
                "NETFILTER",
                "NS",
                "OPENSSL",
                "OPENSSL_AWSLC",
                "PCRE2",
                "POLL",
                "PRCTL",
                "PROMEX",
                "RT",
                "SLZ",
                "SSL",
                "SYSTEMD",
                "TFO",
                "THREAD",
                "TPROXY",
            ]),
            ssl_library: "AWS-LC".to_owned(),
            openssl_version: "1.1.1".to_owned(),
            awslc_api: Some(35),
            fips: false,
            enabled: owned(&["POLL", "EPOLL", "SPLICE", "GETADDRINFO", "REUSEPORT", "FAST-FORWARD"]),
        }
    }
}
