//! MySQL: the server's greeting, a login without a password, and its result.

use super::{Reply, text};

/// Which clients a login looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Login {
    Pre41,
    #[default]
    Post41,
    /// With the name of an authentication plugin.
    Post80,
}

const PROTOCOL_41: u32 = 0x0200;
const SECURE_CONNECTION: u32 = 0x8000;
const PLUGIN_AUTH: u32 = 0x0008_0000;
/// `utf8_general_ci`
const CHARSET: u8 = 0x21;

/// The login of `user`, and the good-bye after it.
pub fn login(user: &[u8], kind: Login) -> Vec<u8> {
    let mut body = Vec::with_capacity(64 + user.len());
    if kind == Login::Pre41 {
        body.extend_from_slice(&(SECURE_CONNECTION as u16).to_le_bytes());
        body.extend_from_slice(&[0, 0, 1]);
    } else {
        let plugin = if kind == Login::Post80 { PLUGIN_AUTH } else { 0 };
        body.extend_from_slice(&(PROTOCOL_41 | SECURE_CONNECTION | plugin).to_le_bytes());
        // The longest packet we would take, 16 MB and a bit.
        body.extend_from_slice(&[0, 0x80, 0, 1]);
        body.push(CHARSET);
        body.resize(body.len() + 23, 0);
    }
    body.extend_from_slice(user);
    body.push(0);
    // No password.
    body.push(0);
    if kind == Login::Post80 {
        body.extend_from_slice(b"mysql_native_password\0");
    }
    let mut out = (body.len() as u32).to_le_bytes()[..3].to_vec();
    out.push(1);
    out.extend_from_slice(&body);
    // COM_QUIT, as the first packet of a new exchange.
    out.extend_from_slice(&[1, 0, 0, 0, 1]);
    out
}

/// The first packet of `b`: its payload, and what follows it.
fn packet(b: &[u8]) -> Option<(&[u8], &[u8])> {
    let head = b.get(..4)?;
    let len = u32::from_le_bytes([head[0], head[1], head[2], 0]) as usize;
    Some((b.get(4..4 + len)?, &b[4 + len..]))
}

/// What a packet says that starts with 255: a number and words, among which later servers have an SQL state.
fn error(payload: &[u8]) -> Reply {
    let byte = |n: usize| payload.get(n).copied().unwrap_or(0);
    Reply::Refused(
        u16::from_le_bytes([byte(1), byte(2)]),
        Some(text(payload.get(3..).unwrap_or_default())),
    )
}

/// Reads the greeting: protocol 10 and the server's version, or an error.
pub fn greeting(b: &[u8], _: bool) -> Reply {
    let Some((payload, _)) = packet(b) else { return Reply::More };
    match payload {
        [0xff, ..] => error(payload),
        [_, rest @ ..] => Reply::Good(0, Some(text(rest.split(|c| *c == 0).next().unwrap_or_default()))),
        [] => Reply::Good(0, None),
    }
}

/// Reads what follows the greeting: whether the login is welcome.
pub fn result(b: &[u8], _: bool) -> Reply {
    let Some((_, rest)) = packet(b) else { return Reply::More };
    let Some((payload, _)) = packet(rest) else { return Reply::More };
    match payload {
        [0xff, ..] => error(payload),
        _ => Reply::Good(0, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(seq: u8, payload: &[u8]) -> Vec<u8> {
        let mut out = (payload.len() as u32).to_le_bytes()[..3].to_vec();
        out.push(seq);
        out.extend_from_slice(payload);
        out
    }

    #[test]
    fn logins_have_the_size_their_header_says() {
        for (kind, len) in [(Login::Pre41, 11), (Login::Post41, 38), (Login::Post80, 60)] {
            let out = login(b"user", kind);
            assert_eq!(usize::from(out[0]), len, "{kind:?}");
            assert_eq!(out.len(), 4 + len + 5);
            assert_eq!(&out[4 + len..], [1, 0, 0, 0, 1]);
        }
    }

    #[test]
    fn greetings_and_results() {
        let (greeting, result) = (|b: &[u8]| greeting(b, false), |b: &[u8]| result(b, false));
        let hello = framed(0, b"\x0a8.0.19\0rest");
        assert_eq!(greeting(&hello), Reply::Good(0, Some("8.0.19".into())));
        assert_eq!(greeting(&hello[..8]), Reply::More);
        assert_eq!(greeting(b""), Reply::More);
        let denied = framed(0, b"\xff\x6a\x04Host denied");
        assert_eq!(greeting(&denied), Reply::Refused(1130, Some("Host denied".into())));
        assert_eq!(greeting(&framed(0, b"\xff\x01")), Reply::Refused(1, Some(String::new())));
        assert_eq!(greeting(&framed(0, b"")), Reply::Good(0, None));
        let both = |p: &[u8]| [hello.clone(), framed(2, p)].concat();
        assert_eq!(result(&hello), Reply::More);
        assert_eq!(result(&both(&[0, 0, 0])), Reply::Good(0, None));
        let bad = both(b"\xff\x15\x04#28000Access denied");
        assert_eq!(result(&bad), Reply::Refused(1045, Some("#28000Access denied".into())));
    }
}
