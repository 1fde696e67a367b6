//! How a server's name becomes an address, at start and while the process runs (manual, 5.3).

use std::net::IpAddr;

use hapax_balance::names::Net;
use hapax_diag::Diagnostic;

use super::basic::{opt, word};
use super::{InitAddr, ServerCx, ServerRow};
use crate::args::Args;
use crate::shape::Shape;

pub(super) static ROWS: &[ServerRow] = &[
    opt("init-addr")
        .usage("{ last | libc | none | <ip> },...")
        .shape(Shape::OptWord("one word"))
        .doc("How a name becomes an address at start, in order of preference.")
        .ok(&[
            "server s1 127.0.0.1:80 init-addr last,libc,none",
            "server s1 127.0.0.1:80 init-addr none",
        ])
        .bad(&["server s1 127.0.0.1:80 init-addr dns"])
        .set(init_addr),
    word("resolvers", "<name>")
        .doc("Section of name servers the name is looked up with at run time; a name that starts with `_` is that of a service (SRV).")
        .ok(&["server s1 127.0.0.1:80 resolvers default"])
        .bad(&["server s1 127.0.0.1:80 resolvers"])
        .set(|cx, a| {
            cx.draft.resolve.section = Some((a.arc_str(0), a.at(0)));
            Ok(())
        }),
    opt("resolve-opts")
        .usage("<option>,...")
        .shape(Shape::OptWord("one word"))
        .doc("Details of name resolution at run time.")
        .ok(&["server s1 127.0.0.1:80 resolve-opts allow-dup-ip"])
        .bad(&["server s1 127.0.0.1:80 resolve-opts fast"])
        .set(options),
    word("resolve-prefer", "{ ipv4 | ipv6 }")
        .doc("Family of addresses that is preferred, and asked for first; `ipv6` by default.")
        .ok(&["server s1 127.0.0.1:80 resolve-prefer ipv4"])
        .bad(&["server s1 127.0.0.1:80 resolve-prefer", "server s1 127.0.0.1:80 resolve-prefer ipx"])
        .set(|cx, a| match a.str(0) {
            family @ ("ipv4" | "ipv6") => {
                cx.draft.resolve.wish.v4_first = family == "ipv4";
                Ok(())
            }
            _ => Err(a.bad(0, "'resolve-prefer' expects either ipv4 or ipv6 as argument.")),
        }),
    word("resolve-net", "<network>,...")
        .doc("Networks whose addresses are preferred.")
        .ok(&["server s1 127.0.0.1:80 resolve-net 10.0.0.0/8,fd00::/8"])
        .bad(&["server s1 127.0.0.1:80 resolve-net", "server s1 127.0.0.1:80 resolve-net here"])
        .set(networks),
];

/// The most methods and networks that HAProxy has room for.
const MOST_METHODS: usize = 8;
const MOST_NETS: usize = 5;

fn init_addr(cx: &mut ServerCx<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let mut methods = Vec::new();
    for word in a.str(0).split(',').filter(|w| !w.is_empty()) {
        let method = match word {
            "last" => InitAddr::Last,
            "libc" => InitAddr::Libc,
            "none" => InitAddr::None,
            other => {
                let Ok(ip) = other.parse() else {
                    let message =
                        format!("'init-addr' : unknown init-addr method '{other}', supported methods are 'libc', 'last', 'none'.");
                    return Err(a.bad(0, message));
                };
                InitAddr::Ip(ip)
            }
        };
        if methods.len() == MOST_METHODS {
            let message = format!("'init-addr' : too many init-addr methods when trying to add '{word}'");
            return Err(a.bad(0, message));
        }
        methods.push(method);
    }
    cx.draft.init_addr = methods;
    Ok(())
}

fn options(cx: &mut ServerCx<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    for word in a.str(0).split(',') {
        match word {
            "allow-dup-ip" => cx.draft.resolve.wish.shared = true,
            "prevent-dup-ip" => cx.draft.resolve.wish.shared = false,
            "ignore-weight" => cx.draft.resolve.ignore_weight = true,
            other => {
                let message = format!(
                    "'resolve-opts' : unknown resolve-opts option '{other}', supported methods are 'allow-dup-ip', 'ignore-weight', and \
                     'prevent-dup-ip'."
                );
                return Err(a.bad(0, message));
            }
        }
    }
    Ok(())
}

/// `10.0.0.0/8`, or an address alone.
fn network(text: &str) -> Option<Net> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = match bits {
        None => most,
        Some(mask) => match (mask.parse::<u8>(), address, mask.parse::<std::net::Ipv4Addr>()) {
            (Ok(n), ..) if n <= most => n,
            (Err(_), IpAddr::V4(_), Ok(mask)) if mask.to_bits().leading_ones() == mask.to_bits().count_ones() => {
                mask.to_bits().leading_ones() as u8
            }
            _ => return None,
        },
    };
    Some(Net { address, bits })
}

fn networks(cx: &mut ServerCx<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let mut nets = Vec::new();
    for word in a.str(0).split(',').map(str::trim) {
        let net = network(word).ok_or_else(|| a.bad(0, format!("'resolve-net' invalid network '{word}'.")))?;
        if nets.len() == MOST_NETS {
            return Err(a.bad(0, format!("'resolve-net' is limited to {MOST_NETS} networks.")));
        }
        nets.push(net);
    }
    cx.draft.resolve.wish.nets = nets;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read() {
        for (text, bits) in [
            ("10.0.0.0/8", Some(8)),
            ("10.0.0.1", Some(32)),
            ("fd00::/64", Some(64)),
            ("::1", Some(128)),
        ] {
            assert_eq!(network(text).map(|n| n.bits), bits, "{text}");
        }
        assert_eq!(network("10.0.0.0/255.255.0.0").map(|n| n.bits), Some(16));
        for bad in ["", "10.0.0.0/33", "10.0.0.0/255.0.255.0", "host/8", "10.0.0.0/x", "fd00::/129"] {
            assert_eq!(network(bad), None, "{bad}");
        }
    }
}
