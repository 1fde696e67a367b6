//! What checks make of a server: rise and fall (manual, 5.2 `check`, `rise`, `fall`).
//!
//! ```text
//!   value:  0 ... rise-1 | rise ... rise+fall-1
//!           down, rising | up, falling; a failure at `rise` goes to 0, a success at `rise-1` to the top
//! ```

/// How a check, or one of its steps, ended: the codes of `check_status` and their words (management guide, 9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum CheckStatus {
    #[default]
    Unknown,
    Init,
    /// It told nothing of the server's health.
    Checked,
    /// Errors of the traffic, not a check.
    Analyze,
    SockErr,
    L4Ok,
    L4Timeout,
    L4Con,
    L6Ok,
    L6Timeout,
    L6Rsp,
    L7Timeout,
    L7Rsp,
    L7Ok,
    /// Passed, and the server asks for no new sessions.
    L7OkCond,
    L7Status,
    ProcErr,
    ProcTimeout,
    ProcOk,
}

/// What a status means for the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Unknown,
    Passed,
    /// Passed, but no new sessions, please.
    Conditional,
    Failed,
}

impl CheckStatus {
    pub fn code(self) -> &'static str {
        self.names().0
    }

    pub fn text(self) -> &'static str {
        self.names().1
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Unknown => ("UNK", "Unknown"),
            Self::Init => ("INI", "Initializing"),
            Self::Checked => ("CHECKED", "No status change"),
            Self::Analyze => ("HANA", "Health analyze"),
            Self::SockErr => ("SOCKERR", "Socket error"),
            Self::L4Ok => ("L4OK", "Layer4 check passed"),
            Self::L4Timeout => ("L4TOUT", "Layer4 timeout"),
            Self::L4Con => ("L4CON", "Layer4 connection problem"),
            Self::L6Ok => ("L6OK", "Layer6 check passed"),
            Self::L6Timeout => ("L6TOUT", "Layer6 timeout"),
            Self::L6Rsp => ("L6RSP", "Layer6 invalid response"),
            Self::L7Timeout => ("L7TOUT", "Layer7 timeout"),
            Self::L7Rsp => ("L7RSP", "Layer7 invalid response"),
            Self::L7Ok => ("L7OK", "Layer7 check passed"),
            Self::L7OkCond => ("L7OKC", "Layer7 check conditionally passed"),
            Self::L7Status => ("L7STS", "Layer7 wrong status"),
            Self::ProcErr => ("PROCERR", "External check error"),
            Self::ProcTimeout => ("PROCTOUT", "External check timeout"),
            Self::ProcOk => ("PROCOK", "External check passed"),
        }
    }

    pub fn verdict(self) -> Verdict {
        match self {
            Self::Unknown | Self::Init | Self::Checked => Verdict::Unknown,
            Self::L4Ok | Self::L6Ok | Self::L7Ok | Self::ProcOk => Verdict::Passed,
            Self::L7OkCond => Verdict::Conditional,
            _ => Verdict::Failed,
        }
    }

    /// Whether a number belongs to it, be it 0: a status of the protocol, an exit status.
    pub fn has_code(self) -> bool {
        matches!(
            self,
            Self::L7Ok | Self::L7OkCond | Self::L7Status | Self::ProcErr | Self::ProcTimeout | Self::ProcOk
        )
    }
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Outcome {
    pub status: CheckStatus,
    /// HTTP status or the like; 0: none.
    pub code: u16,
    /// What the system or the server said; empty: nothing.
    pub info: String,
    pub duration_ms: u64,
}

/// Rise and fall of one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    rise: u32,
    fall: u32,
    value: u32,
}

/// How a server stands before its first check (`init-state`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Start {
    /// `none`: up, though the counter of a process's start is at its bottom. Later it is as `Up`.
    #[default]
    Unset,
    /// Up, and one failure from down.
    Up,
    /// Up, until as many checks fail as it takes.
    FullyUp,
    /// Down, and one success from up.
    Down,
    /// Down, until as many checks pass as it takes.
    FullyDown,
}

impl Start {
    pub fn is_up(self) -> bool {
        matches!(self, Self::Unset | Self::Up | Self::FullyUp)
    }
}

/// What a result did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The counter moved: `option log-health-checks` writes a line.
    pub moved: bool,
    /// A failure that counted.
    pub failed: bool,
    pub change: Option<Change>,
}

/// Where the server has to be now. A change to the state it has already is no news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Down,
    Up,
    Stopping,
}

impl Health {
    /// Up, and one failure from down: an unchecked server is trusted until its first check.
    pub fn new(rise: u32, fall: u32) -> Self {
        let (rise, fall) = (rise.max(1), fall.max(1));
        Self { rise, fall, value: rise }
    }

    pub fn value(&self) -> u32 {
        self.value
    }

    pub fn rise(&self) -> u32 {
        self.rise
    }

    pub fn fall(&self) -> u32 {
        self.fall
    }

    fn top(&self) -> u32 {
        self.rise + self.fall - 1
    }

    pub fn is_up(&self) -> bool {
        self.value >= self.rise
    }

    /// Neither at the top nor at the bottom: `fastinter` applies.
    pub fn is_moving(&self) -> bool {
        self.value > 0 && self.value < self.top()
    }

    /// `set server ... health`, a state file, the end of maintenance.
    pub fn force(&mut self, up: bool) {
        self.value = if up { self.top() } else { 0 };
    }

    /// The counter of a server that a process starts with.
    pub fn start(&mut self, start: Start) {
        self.restart(start);
        if start == Start::Unset {
            self.value = 0;
        }
    }

    /// Back to the trust of a start.
    pub fn restart(&mut self, start: Start) {
        self.value = match start {
            Start::Unset | Start::Up => self.rise,
            Start::FullyUp => self.top(),
            Start::Down => self.rise - 1,
            Start::FullyDown => 0,
        };
    }

    /// Puts the counter of a state file back.
    pub fn set_value(&mut self, value: u32) {
        self.value = value.min(self.top());
    }

    pub fn apply(&mut self, verdict: Verdict) -> Step {
        let before = self.value;
        match verdict {
            Verdict::Unknown => {}
            Verdict::Failed => {
                self.value = self.value.saturating_sub(1);
                if self.value < self.rise {
                    self.value = 0;
                }
            }
            Verdict::Passed | Verdict::Conditional => {
                self.value = (self.value + 1).min(self.top());
                if self.value >= self.rise {
                    self.value = self.top();
                }
            }
        }
        let top = self.value == self.top();
        let change = match verdict {
            Verdict::Failed if self.value == 0 => Some(Change::Down),
            Verdict::Passed if top => Some(Change::Up),
            Verdict::Conditional if top => Some(Change::Stopping),
            _ => None,
        };
        Step {
            moved: self.value != before,
            failed: verdict == Verdict::Failed && before > 0,
            change,
        }
    }

    /// The counter as logs show it: `2/3 UP`, `1/2 DOWN`.
    pub fn shown(&self) -> (u32, u32, &'static str) {
        if self.is_up() {
            (self.value - self.rise + 1, self.fall, "UP")
        } else {
            (self.value, self.rise, "DOWN")
        }
    }

    /// What a server that is up shows beside that: failures left, of how many, where some are gone. Who has not yet earned the
    /// trust it has shows fewer than 1.
    pub fn left(&self) -> Option<(i64, u32)> {
        let left = i64::from(self.value) - i64::from(self.rise) + 1;
        (left < i64::from(self.fall)).then_some((left, self.fall))
    }

    /// Milliseconds to the next check (manual, `inter`, `fastinter`, `downinter`).
    pub fn interval(&self, inter: u64, fast: Option<u64>, down: Option<u64>) -> u64 {
        if self.is_moving() {
            fast.unwrap_or(inter)
        } else if self.value == 0 {
            down.unwrap_or(inter)
        } else {
            inter
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `+` and `-` are passed and failed checks; the counter after each.
    fn run(rise: u32, fall: u32, checks: &str) -> Vec<(u32, Option<Change>)> {
        let mut h = Health::new(rise, fall);
        let verdict = |c| if c == '+' { Verdict::Passed } else { Verdict::Failed };
        let mut step = |c| {
            let change = h.apply(verdict(c)).change;
            (h.value, change)
        };
        checks.chars().map(&mut step).collect()
    }

    #[test]
    fn rises_and_falls() {
        use Change::{Down, Up};
        type Steps = [(u32, Option<Change>)];
        let cases: &[(u32, u32, &str, &Steps)] = &[
            (2, 3, "+", &[(4, Some(Up))]),
            (2, 3, "-", &[(0, Some(Down))]),
            (2, 3, "+---", &[(4, Some(Up)), (3, None), (2, None), (0, Some(Down))]),
            (2, 3, "-++", &[(0, Some(Down)), (1, None), (4, Some(Up))]),
            (
                3,
                1,
                "-+-+++",
                &[(0, Some(Down)), (1, None), (0, Some(Down)), (1, None), (2, None), (3, Some(Up))],
            ),
            (2, 3, "+--+", &[(4, Some(Up)), (3, None), (2, None), (4, Some(Up))]),
            (1, 1, "-+", &[(0, Some(Down)), (1, Some(Up))]),
        ];
        for (rise, fall, checks, want) in cases {
            assert_eq!(run(*rise, *fall, checks), *want, "rise {rise} fall {fall} {checks}");
        }
    }

    #[test]
    fn shows_what_logs_show() {
        let mut h = Health::new(2, 3);
        h.apply(Verdict::Passed);
        assert_eq!(h.shown(), (3, 3, "UP"));
        h.apply(Verdict::Failed);
        assert_eq!(h.shown(), (2, 3, "UP"));
        h.force(false);
        h.apply(Verdict::Passed);
        assert_eq!(h.shown(), (1, 2, "DOWN"));
        let left = |value| {
            h.set_value(value);
            h.left()
        };
        assert_eq!(
            [0, 1, 2, 3, 4].map(left),
            [Some((-1, 3)), Some((0, 3)), Some((1, 3)), Some((2, 3)), None]
        );
    }

    #[test]
    fn starts_as_it_is_told() {
        let mut h = Health::new(2, 3);
        let mut starts = |f: fn(&mut Health, Start)| {
            [Start::Unset, Start::Up, Start::FullyUp, Start::Down, Start::FullyDown].map(|s| {
                f(&mut h, s);
                h.value()
            })
        };
        assert_eq!(starts(Health::start), [0, 2, 4, 1, 0]);
        assert_eq!(starts(Health::restart), [2, 2, 4, 1, 0]);
    }

    #[test]
    fn waits_by_state() {
        let mut h = Health::new(2, 3);
        assert_eq!(h.interval(2000, Some(500), Some(5000)), 500, "the first checks are fast ones");
        h.force(true);
        assert_eq!(h.interval(2000, Some(500), Some(5000)), 2000);
        h.force(false);
        assert_eq!(h.interval(2000, Some(500), Some(5000)), 5000);
        assert_eq!(h.interval(2000, Some(500), None), 2000);
    }

    #[test]
    fn the_counter_stays_in_range() {
        let mut n = 9_u64;
        for (rise, fall) in [(1, 1), (2, 3), (5, 1), (3, 7)] {
            let mut h = Health::new(rise, fall);
            for _ in 0..5000 {
                n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let v = [Verdict::Passed, Verdict::Failed, Verdict::Conditional, Verdict::Unknown][(n >> 60) as usize % 4];
                let was_up = h.is_up();
                let step = h.apply(v);
                assert!(h.value() < rise + fall);
                assert!(step.change != Some(Change::Down) || !h.is_up());
                assert!(was_up || !h.is_up() || step.change.is_some(), "who comes up says so");
            }
        }
    }

    proptest::proptest! {
        /// A server goes down after `fall` failures in a row and comes up after `rise` successes in a row, and never else.
        #[test]
        fn only_rows_of_results_count(rise in 1u32..5, fall in 1u32..5, checks in proptest::collection::vec(proptest::bool::ANY, 0..100)) {
            let mut h = Health::new(rise, fall);
            h.restart(Start::FullyUp);
            let (mut up, mut row) = (true, 0);
            for passed in checks {
                h.apply(if passed { Verdict::Passed } else { Verdict::Failed });
                // Results that agree with the state start the count anew.
                row = if passed == up { 0 } else { row + 1 };
                if row == if up { fall } else { rise } {
                    (up, row) = (!up, 0);
                }
                proptest::prop_assert_eq!(h.is_up(), up);
                proptest::prop_assert!(h.value() < rise + fall);
            }
        }
    }
}
