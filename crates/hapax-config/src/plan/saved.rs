//! State files (management guide, `show servers state`): what a process leaves of its servers for the next one.

use std::net::IpAddr;

/// A server's row.
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
    /// Where checks go; words, as only a server with checks says whether they make sense.
    pub check_port: String,
    pub check_address: String,
    pub agent_address: String,
    pub agent_port: String,
}

/// A row, or why it is none: a list of what is wrong in it.
pub type Row = Result<Saved, String>;

/// Whose row it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner<'t> {
    pub backend_id: &'t str,
    pub backend: &'t str,
    pub server: &'t str,
}

impl<'t> Owner<'t> {
    fn new(words: &[&'t str]) -> Self {
        Self {
            backend_id: words[0],
            backend: words[1],
            server: words[3],
        }
    }
}

/// Why a file has no rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    Empty,
    /// Not of version 1.
    Version,
    /// That line, counted from the one after the version, is no row.
    Corrupted(usize),
}

/// The fewest columns of version 1.
const COLUMNS: usize = 20;

/// Statuses and results of checks have numbers below these.
const STATUSES: i64 = 21;
const RESULTS: i64 = 5;
/// States of checks and agents are below this.
const CHECK_STATES: i64 = 32;

/// The bits of maintenance and drain that were asked for, which exclude each other.
const AWAY: i64 = 0x09;
/// No administrative bit.
const FOREIGN: i64 = 0x80;

/// The number that a word begins with.
fn leading(word: &str) -> Option<i64> {
    let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let n: i64 = digits[..end].parse().ok()?;
    Some(if word.starts_with('-') { -n } else { n })
}

/// Reads the numbers of a row, and keeps what is wrong with them.
struct Numbers<'w, 't> {
    words: &'w [&'t str],
    wrong: Vec<String>,
}

impl<'t> Numbers<'_, 't> {
    fn word(&self, i: usize) -> &'t str {
        self.words.get(i).copied().unwrap_or("-")
    }

    fn take(&mut self, i: usize, name: &str, fits: impl Fn(i64) -> bool) -> i64 {
        let word = self.word(i);
        leading(word).filter(|n| fits(*n)).unwrap_or_else(|| {
            self.wrong.push(format!("invalid {name} value '{word}'"));
            0
        })
    }
}

impl Saved {
    /// Every row of a file, with the words that say whose it is.
    pub fn rows(text: &str) -> Result<Vec<(Owner<'_>, Row)>, Unreadable> {
        if text.is_empty() {
            return Err(Unreadable::Empty);
        }
        let Some(rest) = text.strip_prefix("1\n") else {
            return Err(Unreadable::Version);
        };
        let mut rows = Vec::new();
        for (i, line) in rest.split_inclusive('\n').enumerate() {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            let is_note = words.first().is_none_or(|w| w.starts_with('#'));
            match line.ends_with('\n') {
                true if is_note => {}
                true if words.len() >= COLUMNS => rows.push((Owner::new(&words), Self::row(&words))),
                // A line that was cut may be any other.
                _ => return Err(Unreadable::Corrupted(i + 1)),
            }
        }
        Ok(rows)
    }

    fn row(words: &[&str]) -> Row {
        let mut n = Numbers { words, wrong: Vec::new() };
        let any = |n: i64| n >= 0;
        let weight = |n: i64| (0..=256).contains(&n);
        let oper = n.take(5, "srv_op_state", |n| (0..=3).contains(&n));
        let admin = n.take(6, "srv_admin_state", |n| n >= 0 && n & AWAY != AWAY && n & FOREIGN == 0);
        let uweight = n.take(7, "srv_uweight", weight);
        let iweight = n.take(8, "srv_iweight", weight);
        let since = n.take(9, "srv_last_time_change", |_| true);
        let check_status = n.take(10, "srv_check_status", |n| (0..STATUSES).contains(&n));
        n.take(11, "srv_check_result", |n| (0..RESULTS).contains(&n));
        let check_health = n.take(12, "srv_check_health", any);
        let check_state = n.take(13, "srv_check_state", |n| (0..CHECK_STATES).contains(&n));
        let agent_state = n.take(14, "srv_agent_state", |n| (0..CHECK_STATES).contains(&n));
        n.take(15, "bk_f_forced_id", any);
        n.take(16, "srv_f_forced_id", any);
        // What is no number is none: a port of 0.
        let port = match n.word(18) {
            word if word.starts_with(|c: char| c.is_ascii_digit()) => n.take(18, "srv_port", |n| n <= i64::from(u16::MAX)),
            _ => 0,
        };
        if !n.wrong.is_empty() {
            return Err(n.wrong.join(", "));
        }
        let own = |i: usize| n.word(i).to_owned();
        Ok(Self {
            address: n.word(4).parse().ok(),
            oper: oper as u8,
            admin: admin as u32,
            uweight: uweight as u32,
            iweight: iweight as u32,
            since: since.max(0).cast_unsigned(),
            check_status: check_status as u8,
            check_health: u32::try_from(check_health).unwrap_or(0),
            check_state: check_state as u32,
            agent_state: agent_state as u32,
            fqdn: Some(n.word(17)).filter(|n| *n != "-").map(str::to_owned),
            port: port as u16,
            tls: n.word(20).parse().unwrap_or(0),
            check_port: own(21),
            check_address: own(22),
            agent_address: own(23),
            agent_port: own(24),
        })
    }
}

/// A port of a row: `None`: it has none.
pub fn port(word: &str) -> Result<Option<u16>, &'static str> {
    if matches!(word, "-" | "0") {
        return Ok(None);
    }
    let n: i64 = word.parse().map_err(|_| "provided port is not an integer")?;
    match u16::try_from(n) {
        Ok(n) if n > 0 => Ok(Some(n)),
        _ => Err("provided port is invalid"),
    }
}

/// An address of a row: `None`: it has none.
pub fn address(word: &str) -> Result<Option<IpAddr>, String> {
    match word {
        "-" => Ok(None),
        word => word.parse().map(Some).map_err(|_| format!("invalid addr '{word}'")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = "3 be 1 s1 10.0.0.1 2 5 7 8 99 6 3 4 6 0 0 0 name.example 80 - 1 81 10.0.0.2 - 0";

    #[test]
    fn rows_of_a_file() {
        let text = format!("1\n# names\n{ROW}\n\n  3 be 2\ts2 - 2 0 1 1 -7 1 0 2 0 0 0 0 - x -\n");
        let all = Saved::rows(&text).expect("two rows");
        let owners: Vec<_> = all.iter().map(|(o, _)| (o.backend_id, o.backend, o.server)).collect();
        assert_eq!(owners, [("3", "be", "s1"), ("3", "be", "s2")]);
        let s = all[0].1.as_ref().expect("good");
        assert_eq!(
            (s.oper, s.admin, s.uweight, s.iweight, s.since, s.port, s.tls),
            (2, 5, 7, 8, 99, 80, 1)
        );
        assert_eq!(
            (s.fqdn.as_deref(), &*s.check_port, &*s.check_address),
            (Some("name.example"), "81", "10.0.0.2")
        );
        let s = all[1].1.as_ref().expect("good");
        assert_eq!((s.address, s.tls, s.since, s.port, &*s.agent_port), (None, 0, 0, 0, "-"));
    }

    #[test]
    fn files_that_have_none() {
        let row = format!("{ROW}\n");
        for (text, why) in [
            (String::new(), Unreadable::Empty),
            ("1".into(), Unreadable::Version),
            (format!("2\n{row}"), Unreadable::Version),
            (format!("1\r\n{row}"), Unreadable::Version),
            (format!("1 \n{row}"), Unreadable::Version),
            (format!("\n1\n{row}"), Unreadable::Version),
            (format!("1\n# x\n{row}short row\n{row}"), Unreadable::Corrupted(3)),
            (format!("1\n{ROW}"), Unreadable::Corrupted(1)),
        ] {
            assert_eq!(Saved::rows(&text), Err(why), "{text}");
        }
        assert_eq!(Saved::rows("1\n"), Ok(Vec::new()));
    }

    #[test]
    fn rows_that_make_no_sense_say_why() {
        let with = |changes: &[(usize, &str)]| {
            let mut words: Vec<&str> = ROW.split(' ').collect();
            for (i, word) in changes {
                words[*i] = word;
            }
            Saved::row(&words).map(|s| (s.admin, s.uweight))
        };
        assert_eq!(
            with(&[(7, "12x"), (6, "256")]),
            Ok((256, 12)),
            "what follows a number is passed over"
        );
        for (i, name, words) in [
            (5, "srv_op_state", &["4", "x", "-1"][..]),
            (6, "srv_admin_state", &["9", "13", "128", "255", "-1", "x"]),
            (7, "srv_uweight", &["257", "-1", "x"]),
            (8, "srv_iweight", &["257", "x"]),
            (9, "srv_last_time_change", &["x"]),
            (10, "srv_check_status", &["21", "x"]),
            (11, "srv_check_result", &["5"]),
            (12, "srv_check_health", &["x"]),
            (13, "srv_check_state", &["32"]),
            (14, "srv_agent_state", &["32"]),
            (15, "bk_f_forced_id", &["x"]),
            (16, "srv_f_forced_id", &["-"]),
            (18, "srv_port", &["65536"]),
        ] {
            for word in words {
                assert_eq!(with(&[(i, word)]), Err(format!("invalid {name} value '{word}'")));
            }
        }
        let two = with(&[(8, "x"), (5, "7")]);
        assert_eq!(two, Err("invalid srv_op_state value '7', invalid srv_iweight value 'x'".to_owned()));
    }

    #[test]
    fn ports_and_addresses_of_checks() {
        assert_eq!((port("-"), port("0"), port("81")), (Ok(None), Ok(None), Ok(Some(81))));
        assert_eq!(port("x"), Err("provided port is not an integer"));
        assert_eq!(port("65536"), Err("provided port is invalid"));
        assert_eq!(address("-"), Ok(None));
        assert_eq!(address("::1"), Ok(Some("::1".parse().expect("an address"))));
        assert_eq!(address("x"), Err("invalid addr 'x'".to_owned()));
    }
}
