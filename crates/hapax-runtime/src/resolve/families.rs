//! Which families of addresses are asked for (`dns-accept-family`).

use std::net::{Ipv6Addr, UdpSocket};
use std::time::{Duration, Instant};

use hapax_config::plan::DnsFamilies;
use hapax_proto::dns::Families;

/// How long it is believed that there is a way for IPv6, or none.
const BELIEVED: Duration = Duration::from_secs(30);

/// The choice, and the last look at the machine.
#[derive(Debug)]
pub(super) struct Choice {
    fixed: Option<DnsFamilies>,
    looked: Option<(Instant, bool)>,
}

impl Choice {
    pub(super) fn new(fixed: Option<DnsFamilies>) -> Self {
        Self { fixed, looked: None }
    }

    pub(super) fn now(&mut self) -> Families {
        if let Some(f) = self.fixed {
            return Families { v4: f.v4, v6: f.v6 };
        }
        let v6 = match self.looked {
            Some((when, v6)) if when.elapsed() < BELIEVED => v6,
            _ => {
                let v6 = has_ipv6();
                self.looked = Some((Instant::now(), v6));
                v6
            }
        };
        Families { v4: true, v6 }
    }
}

/// Whether the machine would know where to send to a global address. Connecting a datagram socket sends nothing.
fn has_ipv6() -> bool {
    let any_global = Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 1);
    UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).is_ok_and(|s| s.connect((any_global, 53)).is_ok())
}
