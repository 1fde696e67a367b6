//! Three machines on a network whose cables are real enough to be pulled: nothing tells either side that the other is gone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hapax_tests::{Builder, Network, Program, Proxy, wait};

use crate::{TIMEOUTS, entries, until_settled};

const NAMES: [&str; 3] = ["a", "b", "c"];
/// Who says nothing for five seconds is gone, and is then looked for every few seconds.
const LONG: Duration = Duration::from_secs(40);
/// Keys that one machine counts in one go.
const KEYS: u32 = 100;

struct Machines {
    network: Arc<Network>,
    all: Vec<Proxy>,
}

impl Machines {
    fn start(test: &str, programs: [Program; 3]) -> Option<Self> {
        let network = Arc::new(Network::new(test, 3)?);
        let peers: Vec<String> = (0..3).map(|i| format!("  peer {} {}:1024\n", NAMES[i], network.addr(i))).collect();
        let text = format!(
            "{TIMEOUTS}peers p\n{}  table t type integer size 10k expire 1h store gpc0,gpt0,http_req_rate(1h)\n\
             frontend f\n  bind 127.0.0.1:80\n  http-request deny\n",
            peers.concat()
        );
        let start = |i: usize| {
            let builder = Builder::new(programs[i], &text).args(&["-db", "-L", NAMES[i]]);
            builder.on(&network, i).start()
        };
        let all = (0..3).map(start).collect();
        Some(Self { network, all })
    }

    /// Sets `KEYS` keys from `first` on.
    fn count(&self, who: usize, first: u32, value: u32) {
        let set = |key: u32| {
            format!(
                "set table p/t key {key} data.gpc0 {value} data.gpt0 {} data.http_req_rate {key}",
                value + 1
            )
        };
        let commands: Vec<String> = (first..first + KEYS).map(set).collect();
        assert_eq!(self.all[who].cli(&commands.join("; ")).trim(), "");
    }

    fn row(key: u32, value: u32) -> String {
        format!("key={key} gpt0={} gpc0={value} http_req_rate(3600000)={key}", value + 1)
    }

    fn rows(ranges: &[(u32, u32)]) -> Vec<String> {
        let range = |(first, value): &(u32, u32)| (*first..first + KEYS).map(|k| Self::row(k, *value)).collect::<Vec<_>>();
        let mut all: Vec<String> = ranges.iter().flat_map(range).collect();
        all.sort();
        all
    }

    /// Waits until those know these, and nothing else.
    fn until(&self, who: &[usize], ranges: &[(u32, u32)]) {
        let want = Self::rows(ranges);
        for i in who {
            let end = Instant::now() + LONG;
            loop {
                let known = entries(&self.all[*i], "p/t");
                if known == want {
                    break;
                }
                if Instant::now() > end {
                    let wrong = known.iter().find(|row| !want.contains(row));
                    panic!("{} knows {} rows, not {ranges:?}; {wrong:?}", NAMES[*i], known.len());
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    /// Whether one has a session with another.
    fn sees(&self, one: usize, other: usize) -> bool {
        let shown = self.all[one].cli("show peers");
        let line = shown.lines().find(|l| l.contains(&format!("id={}(", NAMES[other])));
        line.unwrap_or_else(|| panic!("{shown}")).contains("last_status=ESTA")
    }
}

fn programs(test: &str) -> Vec<[Program; 3]> {
    let mut all = vec![[Program::Hapax; 3]];
    if Program::oracle(test) {
        all.push([Program::Hapax, Program::Haproxy, Program::Hapax]);
        all.push([Program::Haproxy, Program::Hapax, Program::Haproxy]);
    }
    all
}

#[test]
fn a_machine_without_its_cable() {
    let test = "a_machine_without_its_cable";
    let run = |programs| {
        let Some(m) = Machines::start(test, programs) else { return };
        let every = [0, 1, 2];
        for i in every {
            m.count(i, 1000 * (i as u32 + 1), 1);
        }
        m.until(&every, &[(1000, 1), (2000, 1), (3000, 1)]);
        m.all.iter().for_each(until_settled);

        // For a moment: what was under way is sent again.
        m.network.plug(2, false);
        m.count(0, 1000, 2);
        m.count(2, 3000, 2);
        m.network.plug(2, true);
        m.until(&every, &[(1000, 2), (2000, 1), (3000, 2)]);

        // Until everybody knows that it is gone. Meanwhile each goes on counting.
        m.network.plug(2, false);
        wait::until_within(LONG, "the third to be missed", || {
            (!m.sees(0, 2) && !m.sees(1, 2) && !m.sees(2, 0) && !m.sees(2, 1)).then_some(())
        });
        m.count(0, 1000, 3);
        m.count(0, 4000, 1);
        m.count(1, 5000, 1);
        m.count(2, 3000, 3);
        m.count(2, 6000, 1);
        m.until(&[0, 1], &[(1000, 3), (2000, 1), (3000, 2), (4000, 1), (5000, 1)]);
        m.until(&[2], &[(1000, 2), (2000, 1), (3000, 3), (6000, 1)]);
        m.network.plug(2, true);
        m.until(&every, &[(1000, 3), (2000, 1), (3000, 3), (4000, 1), (5000, 1), (6000, 1)]);

        // What comes from now on arrives as before. It has to be new: updates carry no age, and who still teaches what was true before
        // may set back what has changed since.
        m.count(2, 7000, 1);
        m.until(
            &every,
            &[(1000, 3), (2000, 1), (3000, 3), (4000, 1), (5000, 1), (6000, 1), (7000, 1)],
        );
    };
    std::thread::scope(|s| {
        for trio in programs(test) {
            s.spawn(move || run(trio));
        }
    });
}
