//! Lines of `crt-list` files: a certificate, options in brackets, and the server names it is for.

/// A line, not yet looked into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub file: String,
    /// What stands in brackets, as words.
    pub options: Vec<String>,
    /// Names, those with `!` among them.
    pub filters: Vec<String>,
}

/// Longest line, as HAProxy has it.
const MAX: usize = 65_536;

/// `None`: a comment, or nothing at all.
pub fn parse(line: &str) -> Result<Option<Line>, String> {
    if line.len() > MAX {
        return Err("line too long, limit is 65536 characters".into());
    }
    let line = without_comment(line.trim());
    if line.is_empty() {
        return Ok(None);
    }
    let (options, line) = take_options(line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let Some(file) = words.next() else {
        return Err("no certificate name".into());
    };
    let filters: Vec<String> = words.collect();
    if let Some(bad) = filters.iter().find(|f| f.starts_with("!*.")) {
        return Err(format!("crt-list: Unsupported exclusion (!) on a wildcard filter \"{bad}\""));
    }
    Ok(Some(Line { file, options, filters }))
}

/// What stands before the first word that starts with `#`: nothing in a comment counts, brackets neither.
fn without_comment(line: &str) -> &str {
    let starts = |(at, c): &(usize, char)| *c == '#' && line[..*at].chars().next_back().is_none_or(char::is_whitespace);
    let end = line.char_indices().find(starts).map_or(line.len(), |(at, _)| at);
    line[..end].trim_end()
}

/// The words in brackets, and the line without them.
fn take_options(line: &str) -> Result<(Vec<String>, String), String> {
    // A bracket within a name is a part of it.
    let Some(open) = line.find(" [").map(|at| at + 1).or_else(|| line.find('[')) else {
        return Ok((Vec::new(), line.to_owned()));
    };
    let close = line[open..].find(']').ok_or("file contains unclosed '['")? + open;
    let options = line[open + 1..close].split_whitespace().map(str::to_owned).collect();
    Ok((options, format!("{} {}", &line[..open], &line[close + 1..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let cases = [
            ("a.pem", "a.pem", "", ""),
            (
                "  a.pem\t[verify none  alpn h2] b.test !c.b.test *.b.test # why",
                "a.pem",
                "verify none alpn h2",
                "b.test !c.b.test *.b.test",
            ),
            ("a.pem b.test # [verify none]", "a.pem", "", "b.test"),
            ("a#1.pem # see [x", "a#1.pem", "", ""),
            ("a.pem []", "a.pem", "", ""),
            ("a.pem[x]b", "a.pem", "x", "b"),
        ];
        for (text, file, options, filters) in cases {
            let words = |s: &str| s.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            let want = Line {
                file: file.to_owned(),
                options: words(options),
                filters: words(filters),
            };
            assert_eq!(parse(text), Ok(Some(want)), "{text:?}");
        }
        assert_eq!(parse(" # a comment"), Ok(None));
        assert_eq!(parse(""), Ok(None));
        assert!(parse("a.pem [verify none").is_err());
    }
}
