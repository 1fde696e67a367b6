//! A server's state as `show servers state` wrote it (management guide, 9.3): what a new process starts from.

use std::net::IpAddr;

/// One row of a state file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    pub address: Option<IpAddr>,
    /// 0 stopped, 1 starting, 2 running, 3 stopping.
    pub oper: u8,
    /// Administrative bits.
    pub admin: u32,
    pub uweight: u32,
    /// As configured when the row was written.
    pub iweight: u32,
    /// Seconds since the last change of state.
    pub since: u64,
    pub check_status: u8,
    pub check_health: u32,
    /// Bits: configured, enabled, paused.
    pub check_state: u32,
    pub agent_state: u32,
    pub fqdn: Option<String>,
    pub port: u16,
    /// -1, 0 or 1.
    pub tls: i8,
    pub check_port: u16,
    pub check_address: Option<IpAddr>,
    pub agent_address: Option<IpAddr>,
    pub agent_port: u16,
}

/// The fewest columns of version 1.
const COLUMNS: usize = 20;

impl Saved {
    /// Every row of a file, with the names of its backend and of its server. A file of another version has none, and rows that do
    /// not make sense are passed over.
    pub fn rows(text: &str) -> impl Iterator<Item = (&str, &str, Self)> {
        let mut lines = text.lines();
        let known = lines.next().is_some_and(|l| l.trim() == "1");
        let lines = lines.filter(move |l| known && !l.starts_with('#'));
        lines.filter_map(|l| Self::row(&l.split_ascii_whitespace().collect::<Vec<_>>()))
    }

    fn row<'t>(words: &[&'t str]) -> Option<(&'t str, &'t str, Self)> {
        if words.len() < COLUMNS {
            return None;
        }
        let word = |i: usize| words.get(i).copied().unwrap_or("-");
        let ip = |i: usize| word(i).parse().ok();
        let port = |i: usize| word(i).parse().unwrap_or(0);
        let saved = Self {
            address: ip(4),
            oper: word(5).parse().ok().filter(|n| *n <= 3)?,
            admin: word(6).parse().ok()?,
            uweight: word(7).parse().ok().filter(|n| *n <= 256)?,
            iweight: word(8).parse().ok().filter(|n| *n <= 256)?,
            since: word(9).parse().ok()?,
            check_status: word(10).parse().ok()?,
            check_health: word(12).parse().ok()?,
            check_state: word(13).parse().ok()?,
            agent_state: word(14).parse().ok()?,
            fqdn: Some(word(17)).filter(|n| *n != "-").map(str::to_owned),
            port: port(18),
            tls: word(20).parse().unwrap_or(0),
            check_port: port(21),
            check_address: ip(22),
            agent_address: ip(23),
            agent_port: port(24),
        };
        Some((words[1], words[3], saved))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = "3 be 1 s1 10.0.0.1 2 5 7 8 99 6 3 4 6 0 0 0 name.example 80 - 1 81 10.0.0.2 - 0";

    #[test]
    fn rows_of_a_file() {
        let text =
            format!("1\n# names\n{ROW}\n3 be 2 s2 - 2 0 1 1 1 1 0 2 0 0 0 0 - 0 -\n3 be 3 s3 - 9 0 1 1 1 1 0 2 0 0 0 0 - 0 -\nshort\n");
        let all: Vec<_> = Saved::rows(&text).collect();
        assert_eq!(all.iter().map(|r| (r.0, r.1)).collect::<Vec<_>>(), [("be", "s1"), ("be", "s2")]);
        let s = &all[0].2;
        assert_eq!(
            (s.oper, s.admin, s.uweight, s.iweight, s.since, s.port, s.tls),
            (2, 5, 7, 8, 99, 80, 1)
        );
        assert_eq!((s.fqdn.as_deref(), s.check_port, s.check_health), (Some("name.example"), 81, 4));
        assert_eq!((all[1].2.address, all[1].2.tls), (None, 0));
        assert_eq!(Saved::rows(&text.replacen('1', "2", 1)).count(), 0, "another version");
    }
}
