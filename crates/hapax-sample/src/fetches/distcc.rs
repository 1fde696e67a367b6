//! Messages of distcc (manual, 7.3.5): tokens of four characters, each with a number in eight hexadecimal digits, which for some is
//! the length of a body behind it.

use std::borrow::Cow;

use hapax_value::{Type, Value};

use crate::{Absent, Arg, ArgKind, Call, Compile, Fetch, Needs};

pub(super) static ROWS: &[Fetch] = &[
    Fetch::new(
        "distcc_param",
        Type::Sint,
        Needs::MESSAGE,
        "The number of a token in a distcc message, by occurrence.",
        |c| Ok(Value::Int(i64::from(find(c)?.0))),
    )
    .args(&[ArgKind::Str, ArgKind::Sint], 1)
    .check(check_token)
    .cases(
        &["distcc_param(DOTI)", "distcc_param(ARGV,2)"],
        &["distcc_param", "distcc_param(DOTIX)", "distcc_param(ARGV,-1)"],
    ),
    Fetch::new(
        "distcc_body",
        Type::Bin,
        Needs::MESSAGE,
        "The body of a token in a distcc message, by occurrence.",
        |c| {
            let (len, from) = find(c)?;
            if len == 0 || !has_body(c.text(0).unwrap_or_default()) {
                return Err(Absent::Never);
            }
            let body = c.env.payload.ok_or(Absent::Never)?;
            let later = if body.complete { Absent::Never } else { Absent::NotYet };
            let bytes = body.bytes.get(from..from.saturating_add(len as usize)).ok_or(later)?;
            Ok(Value::Bin(Cow::Borrowed(bytes)))
        },
    )
    .args(&[ArgKind::Str, ArgKind::Sint], 1)
    .check(check_token),
];

const TOKEN: usize = 4;
const DIGITS: usize = 8;

fn check_token(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    if !matches!(args.first(), Some(Arg::Str(t)) if t.len() == TOKEN) {
        return Err("a token has exactly four characters".to_owned());
    }
    if matches!(args.get(1), Some(Arg::Int(n)) if *n < 0) {
        return Err("the occurrence is not negative".to_owned());
    }
    Ok(())
}

/// Tokens whose number is the length of what follows.
fn has_body(token: &[u8]) -> bool {
    const ALL: [&[u8; TOKEN]; 10] = [
        b"ARGV", b"CDIR", b"DOTD", b"DOTI", b"DOTO", b"FILE", b"LINK", b"NAME", b"SERR", b"SOUT",
    ];
    ALL.iter().any(|t| *t == token)
}

/// The number of the token asked for, and where it ends.
fn find(c: &Call<'_, '_>) -> Result<(u32, usize), Absent> {
    let body = c.env.payload.ok_or(Absent::Never)?;
    let later = if body.complete { Absent::Never } else { Absent::NotYet };
    let wanted = c.text(0).unwrap_or_default();
    let mut left = c.int(1).unwrap_or(1).max(1);
    let mut at = 0;
    loop {
        let head = body.bytes.get(at..at + TOKEN + DIGITS).ok_or(later)?;
        let (token, digits) = head.split_at(TOKEN);
        let number = number(digits).ok_or(Absent::Never)?;
        at += TOKEN + DIGITS;
        if token == wanted {
            left -= 1;
            if left == 0 {
                return Ok((number, at));
            }
        }
        if has_body(token) {
            at += number as usize;
        }
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |n, d| Some(n << 4 | char::from(*d).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use crate::Absent;
    use crate::still::Stage;

    const MESSAGE: &[u8] = b"DIST00000002ARGC00000002ARGV00000002ccARGV00000006-c a.cDOTI00000003int";

    fn with(message: &[u8], complete: bool, text: &str) -> Result<String, Absent> {
        let mut stage = Stage {
            payload: Some((message.to_vec(), complete)),
            ..Stage::default()
        };
        stage.eval(text).expect(text)
    }

    #[test]
    fn numbers_and_bodies() {
        let cases = [
            ("distcc_param(DIST)", Ok("2")),
            ("distcc_param(ARGC)", Ok("2")),
            ("distcc_param(DOTI)", Ok("3")),
            ("distcc_param(ARGV,2)", Ok("6")),
            ("distcc_body(ARGV),hex", Ok("6363")),
            ("distcc_body(ARGV,2),hex", Ok("2D6320612E63")),
            ("distcc_body(DOTI),hex", Ok("696E74")),
            ("distcc_body(ARGC)", Err(Absent::Never)),
            ("distcc_param(STAT)", Err(Absent::Never)),
            ("distcc_param(ARGV,3)", Err(Absent::Never)),
        ];
        for (text, expected) in cases {
            assert_eq!(with(MESSAGE, true, text), expected.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn what_is_not_there_yet_is_waited_for() {
        assert_eq!(with(b"DIST0000000", false, "distcc_param(DIST)"), Err(Absent::NotYet));
        assert_eq!(with(b"ARGV00000009abc", false, "distcc_body(ARGV)"), Err(Absent::NotYet));
        assert_eq!(with(b"ARGV00000009abc", true, "distcc_body(ARGV)"), Err(Absent::Never));
        assert_eq!(with(b"ARGV0000000xabc", false, "distcc_param(ARGV)"), Err(Absent::Never));
        assert_eq!(with(b"ARGVffffffffabc", false, "distcc_param(DOTI)"), Err(Absent::NotYet));
    }
}
