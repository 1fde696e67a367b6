//! A file of tests, in TOML:
//!
//! ```toml
//! [[test]]
//! name = "plain HTTP is redirected"
//! request = { url = "http://example.com/a?b", headers = { accept = "*/*" }, src = "203.0.113.9" }
//! expect = { status = 301, headers = { location = "https://example.com/a?b" } }
//!
//! [[test]]
//! name = "the API goes to its own backend"
//! request.url = "https://example.com/api/x"
//! request.down = ["api/s2"]
//! expect.backend = "api"
//! expect.sent = { headers = { x-forwarded-proto = "https" }, absent = ["x-internal"] }
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::question::Question;

/// A whole file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    #[serde(default, rename = "test")]
    pub cases: Vec<Case>,
}

/// One question and what its report must say.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table such as { name = \"...\", request = { ... }, expect = { ... } }"
)]
pub struct Case {
    pub name: String,
    #[serde(default)]
    pub request: Question,
    pub expect: Expect,
}

/// What must hold; what is left out may be anything.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table such as { status = 200 }")]
pub struct Expect {
    pub frontend: Option<String>,
    pub backend: Option<String>,
    /// A server's name; where the algorithm leaves several, all of them must be in `servers`.
    pub server: Option<String>,
    pub servers: Option<Vec<String>>,
    /// `server`, `response`, `reject`, `drop`, `service`, `refused`.
    pub outcome: Option<String>,
    pub status: Option<u16>,
    /// Fields of the response to the client, in any case of letters.
    pub headers: BTreeMap<String, String>,
    /// Names that the response must not have.
    pub absent: Vec<String>,
    pub body: Option<String>,
    pub body_contains: Option<String>,
    /// The rule that decides, as `line` or `file:line`.
    pub rule: Option<String>,
    /// The request as the server gets it.
    pub sent: Sent,
    /// Variables at the end, by scope and name (`txn.x`).
    pub vars: BTreeMap<String, String>,
    /// Variables that have no value then.
    pub vars_absent: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table such as { uri = \"/path\" }")]
pub struct Sent {
    pub method: Option<String>,
    pub uri: Option<String>,
    pub headers: BTreeMap<String, String>,
    pub absent: Vec<String>,
}

/// An error in a file, in words for the user: where it is, what it is, and what may have been meant.
pub(crate) fn told(e: &toml::de::Error) -> String {
    let text = e.to_string();
    let mut words = e.message().split('`').skip(1).step_by(2);
    let near = match words.next() {
        Some(asked) if e.message().starts_with("unknown field") => hapax_diag::suggest(asked, words),
        _ => None,
    };
    match near {
        Some(near) => format!("{}\ndid you mean `{near}`?", text.trim_end()),
        None => text,
    }
}

impl Suite {
    /// Reads a file's text; the error is in words for the user.
    pub fn parse(text: &str) -> Result<Self, String> {
        let suite: Self = toml::from_str(text).map_err(|e| told(&e))?;
        if suite.cases.is_empty() {
            return Err("there is no [[test]] in it".into());
        }
        Ok(suite)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_told_in_words_of_the_file() {
        let cases = [
            ("request = \"GET /\"", "a table such as { url = \"https://host/path\" }"),
            ("expect = 200", "a table such as { status = 200 }"),
            ("expect.sent = \"/\"", "a table such as { uri = \"/path\" }"),
            ("request.headers = { a = 1 }", "expected a text or a list of texts"),
            ("request.response = 404", "a table such as { status = 200 }"),
        ];
        for (line, words) in cases {
            let expect = if line.starts_with("expect") { "" } else { "expect.status = 200\n" };
            let error = Suite::parse(&format!("[[test]]\nname = \"a\"\n{line}\n{expect}")).unwrap_err();
            assert!(error.contains(words) && !error.contains("struct"), "{line}: {error}");
        }
        for (file, near) in [
            ("[[test]]\nname = \"a\"\nexpect = { statsu = 200 }", "did you mean `status`?"),
            (
                "[[test]]\nname = \"a\"\nrequest.heders = {}\nexpect = { status = 200 }",
                "did you mean `headers`?",
            ),
        ] {
            let error = Suite::parse(file).unwrap_err();
            assert!(error.ends_with(near) && error.contains("line "), "{error}");
        }
        assert!(Suite::parse("test = 1").is_err_and(|e| !e.contains("struct")));
    }
}
