//! PostgreSQL: the start of a session. Its answers are told apart by patterns.

/// `StartupMessage` of protocol 3.0 for `user`, whose database has the same name.
pub fn startup(user: &[u8]) -> Vec<u8> {
    let mut body = vec![0, 3, 0, 0];
    for part in [&b"user"[..], user] {
        body.extend_from_slice(part);
        body.push(0);
    }
    body.push(0);
    let mut out = (body.len() as u32 + 4).to_be_bytes().to_vec();
    out.extend_from_slice(&body);
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_startup_counts_itself() {
        let out = super::startup(b"postgres");
        assert_eq!(out.len(), 23);
        assert_eq!(out, b"\0\0\0\x17\0\x03\0\0user\0postgres\0\0");
    }
}
