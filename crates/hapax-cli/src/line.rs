//! Reading a line of the runtime API: commands apart by `;`, words apart by blanks, `\` before a character that would mean
//! something, and `<<` at the end where a payload follows (management guide, 9.3).

/// The commands of a line, each as its words; and what ends the payload, where one was announced.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Line {
    pub commands: Vec<Vec<String>>,
    /// `<<` or `<<WORD`: the payload of the last command ends with an empty line, or with WORD alone on one.
    pub payload: Option<String>,
}

/// Longest word after `<<`.
const MAX_MARK: usize = 64;

pub(crate) fn parse(text: &str) -> Line {
    let text = text.trim_end_matches(['\r', '\n']);
    let (text, payload) = split_payload(text);
    let mut line = Line {
        commands: Vec::new(),
        payload,
    };
    let mut words = Vec::new();
    let mut word = String::new();
    let mut started = false;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                // A last lone backslash stands for itself.
                word.push(chars.next().unwrap_or('\\'));
                started = true;
            }
            ';' => {
                end_word(&mut words, &mut word, &mut started);
                line.commands.push(std::mem::take(&mut words));
            }
            ' ' | '\t' => end_word(&mut words, &mut word, &mut started),
            c => {
                word.push(c);
                started = true;
            }
        }
    }
    end_word(&mut words, &mut word, &mut started);
    // `a;b;` ends with its last semicolon.
    if !words.is_empty() || line.commands.is_empty() {
        line.commands.push(words);
    }
    line
}

/// The commands of a line as they are written, for who hands them on.
pub fn split_commands(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut escaped = false;
        let end = text.bytes().position(|b| {
            let ends = b == b';' && !escaped;
            escaped = b == b'\\' && !escaped;
            ends
        });
        rest = end.map(|at| &text[at + 1..]);
        Some(end.map_or(text, |at| &text[..at]))
    })
}

/// The words of one command.
pub fn split_words(text: &str) -> Vec<String> {
    parse(text).commands.into_iter().next().unwrap_or_default()
}

/// What ends the payload that a command announces.
pub fn payload_mark(text: &str) -> Option<String> {
    parse(text).payload
}

fn end_word(words: &mut Vec<String>, word: &mut String, started: &mut bool) {
    if std::mem::take(started) {
        words.push(std::mem::take(word));
    }
}

/// Cuts ` <<MARK` off the end.
fn split_payload(text: &str) -> (&str, Option<String>) {
    let Some(at) = text.rfind("<<") else { return (text, None) };
    let (before, mark) = (&text[..at], &text[at + 2..]);
    let glued = !before.is_empty() && !before.ends_with([' ', '\t']);
    if glued || mark.len() > MAX_MARK || mark.contains([' ', '\t', ';']) {
        return (text, None);
    }
    (before, Some(mark.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        type Case = (&'static str, &'static [&'static [&'static str]], Option<&'static str>);
        let cases: &[Case] = &[
            ("show info", &[&["show", "info"]], None),
            ("show info;show stat\n", &[&["show", "info"], &["show", "stat"]], None),
            ("  a\tb  \r\n", &[&["a", "b"]], None),
            ("a;;b", &[&["a"], &[], &["b"]], None),
            ("a;", &[&["a"]], None),
            ("", &[&[]], None),
            (
                r"add map #1 k two\ words\;x \\",
                &[&["add", "map", "#1", "k", "two words;x", "\\"]],
                None,
            ),
            ("add map #1 <<", &[&["add", "map", "#1"]], Some("")),
            ("add map #1 <<%EOF%", &[&["add", "map", "#1"]], Some("%EOF%")),
            ("x;add map #1 <<\n", &[&["x"], &["add", "map", "#1"]], Some("")),
            ("add map #1<<", &[&["add", "map", "#1<<"]], None),
            ("a << b", &[&["a", "<<", "b"]], None),
        ];
        for (text, commands, payload) in cases {
            let got = parse(text);
            let got_commands: Vec<Vec<&str>> = got.commands.iter().map(|c| c.iter().map(String::as_str).collect()).collect();
            assert_eq!(got_commands, *commands, "{text:?}");
            assert_eq!(got.payload.as_deref(), *payload, "{text:?}");
        }
    }
}
