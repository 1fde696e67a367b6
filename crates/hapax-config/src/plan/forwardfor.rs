//! `option forwardfor` and `option originalto`: which address a request is told, and in which field (manual, 4.2).

use std::net::IpAddr;
use std::sync::Arc;

/// What one proxy wants.
#[derive(Clone, Debug)]
pub struct ForwardFor {
    /// In lower case.
    pub header: Arc<[u8]>,
    pub except: Option<(IpAddr, u8)>,
    pub if_none: bool,
}

impl ForwardFor {
    /// The field that tells `ip`, of what the frontend and the backend want; `None`: none is added. `has` says whether the request
    /// has a field already.
    ///
    /// The name is the backend's. An exception of either counts, and so does one of them that does not mind what is there already.
    pub fn field<'f>(fe: Option<&'f Self>, be: Option<&'f Self>, ip: IpAddr, has: impl FnOnce(&[u8]) -> bool) -> Option<&'f [u8]> {
        let both = || [fe, be].into_iter().flatten();
        let name = &*be.or(fe)?.header;
        let excepted = both().any(|f| f.except.is_some_and(|(net, bits)| within(ip, net, bits)));
        let minds = both().all(|f| f.if_none);
        (!(excepted || minds && has(name))).then_some(name)
    }
}

fn within(ip: IpAddr, net: IpAddr, bits: u8) -> bool {
    let prefix = |a: IpAddr| match a {
        IpAddr::V4(a) => u128::from(a.to_bits()).checked_shr(32 - u32::from(bits.min(32))),
        IpAddr::V6(a) => a.to_bits().checked_shr(128 - u32::from(bits.min(128))),
    };
    ip.is_ipv4() == net.is_ipv4() && prefix(ip) == prefix(net)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_proxies_want_together() {
        let of = |text: &str| {
            let mut words = text.split(' ');
            let name = words.next().filter(|n| !n.is_empty())?;
            let mut f = ForwardFor {
                header: name.as_bytes().into(),
                except: None,
                if_none: false,
            };
            for w in words {
                match w.split_once('/') {
                    Some((net, bits)) => f.except = Some((net.parse().unwrap(), bits.parse().unwrap())),
                    None => f.if_none = true,
                }
            }
            Some(f)
        };
        let cases = [
            ("", "", false, None),
            ("a", "", true, Some("a")),
            ("", "b", true, Some("b")),
            ("a", "b", true, Some("b")),
            ("a if-none", "b", true, Some("b")),
            ("a if-none", "b if-none", true, None),
            ("a if-none", "b if-none", false, Some("b")),
            ("a 10.0.0.0/8", "b", false, None),
            ("a", "b 10.1.0.0/16", false, None),
            ("a 11.0.0.0/8", "b ::/0", false, Some("b")),
            ("a 0.0.0.0/0", "", false, None),
        ];
        for (fe, be, has, want) in cases {
            let (fe, be) = (of(fe), of(be));
            let got = ForwardFor::field(fe.as_ref(), be.as_ref(), "10.1.2.3".parse().unwrap(), |_| has);
            assert_eq!(got, want.map(str::as_bytes), "{fe:?} {be:?}");
        }
    }
}
