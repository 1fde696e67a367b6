//! The HAProxy version whose language a file is judged by: `--for`, and `HAPAX_FOR` in the environment.

use std::str::FromStr;

use hapax_config::keyword::Version;

/// The variable that asks for a version wherever a configuration is loaded.
const VARIABLE: &str = "HAPAX_FOR";

/// The first version whose words are told apart, and the one whose language this is.
const OLDEST: Version = (2, 4);
const NEWEST: Version = (3, 5);

/// `2.8`, or `2.8.3`, of which the patch number does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AskedVersion(pub(crate) Version);

impl FromStr for AskedVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split('.').map(str::parse);
        let version = match (parts.next(), parts.next()) {
            (Some(Ok(major)), Some(Ok(minor))) if parts.all(|p: Result<u8, _>| p.is_ok()) => (major, minor),
            _ => return Err("a version is MAJOR.MINOR, such as 2.8".to_owned()),
        };
        if !(OLDEST..=NEWEST).contains(&version) {
            return Err(format!(
                "versions from {}.{} to {}.{} are known",
                OLDEST.0, OLDEST.1, NEWEST.0, NEWEST.1
            ));
        }
        Ok(Self(version))
    }
}

/// The version that an option asks for, else the environment.
pub(crate) fn or_environment(option: Option<AskedVersion>) -> Result<Option<Version>, String> {
    match option {
        Some(AskedVersion(version)) => Ok(Some(version)),
        None => of_environment(),
    }
}

/// The version the environment asks for.
pub(crate) fn of_environment() -> Result<Option<Version>, String> {
    let Some(text) = std::env::var_os(VARIABLE).filter(|v| !v.is_empty()) else {
        return Ok(None);
    };
    let text = text.to_string_lossy();
    text.parse()
        .map(|AskedVersion(v)| Some(v))
        .map_err(|e| format!("{VARIABLE}={text}: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        let table = [
            ("2.8", Some((2, 8))),
            ("3.0.4", Some((3, 0))),
            ("3.5", Some((3, 5))),
            ("2.3", None),
            ("3.6", None),
            ("3", None),
            ("x.y", None),
            ("2.8.x", None),
            ("", None),
        ];
        for (text, want) in table {
            assert_eq!(text.parse::<AskedVersion>().ok().map(|v| v.0), want, "{text}");
        }
    }
}
