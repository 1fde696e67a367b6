//! What the proxy adds to a request on its way to the server: addresses, identifiers, the names of its parties.

use std::net::IpAddr;

use hapax_config::plan::{ForwardFor, HttpMode, Options, Proxy};
use hapax_proto::h1::{normalise, reframe};
use hapax_proto::http::Head;
use hapax_sample::UniqueId;
use hapax_value::Endpoint;

use super::Step;
use super::exchange::Exchange;
use crate::outcome::{Blame, End, Phase};
use crate::state::count_front;

impl Exchange<'_> {
    /// What the proxy adds to a request once the rules are through with it.
    pub(super) fn prepare_request(&mut self) -> Step<()> {
        self.read_cookie();
        let id = self.p.facts.unique_id.get(&self.env(false)).map(<[u8]>::to_vec);
        if let (Some(name), Some(id)) = (&self.fe.unique_id_header, id) {
            self.p.controls.framing_edited |= reframe::add(&mut self.p.req_head, name, &id);
        }
        if let Some(f) = &self.be.forwarded {
            let told = f.told(&self.env(false));
            told.put(&mut self.p.req_head);
        }
        if self.fe.forwardfor.is_some() || self.be.forwardfor.is_some() {
            let ip = self.env(false).src().and_then(Endpoint::ip);
            self.add_address(self.fe.forwardfor.as_ref(), self.be.forwardfor.as_ref(), ip);
        }
        if self.fe.originalto.is_some() || self.be.originalto.is_some() {
            let ip = self.env(false).dst().and_then(Endpoint::ip);
            self.add_address(self.fe.originalto.as_ref(), self.be.originalto.as_ref(), ip);
        }
        self.reframe_request()?;
        // One whose framing is in doubt is not kept, and nothing is promised.
        let closes = self.server_closes() && !self.be.options.contains(Options::HTTP_PRETEND_KA);
        if closes || !self.meta.conflicting {
            normalise::tell_server(&mut self.p.req_head, closes, self.meta.upgrade);
        }
        Ok(())
    }

    /// Whether the server's connection serves this request alone: the backend closes it, or the frontend wants servers' closed.
    pub(super) fn server_closes(&self) -> bool {
        self.single_use || self.be.http_mode != HttpMode::KeepAlive || self.fe.http_mode == HttpMode::ServerClose
    }

    /// `option forwardfor`, `option originalto`
    fn add_address(&mut self, fe: Option<&ForwardFor>, be: Option<&ForwardFor>, ip: Option<IpAddr>) {
        let Some(ip) = ip else { return };
        let Some(name) = ForwardFor::field(fe, be, ip, |name| self.p.req_head.contains(name)) else {
            return;
        };
        let mut text = [0u8; 45];
        let len = {
            use std::io::Write;
            let mut room = &mut text[..];
            let whole = room.len();
            // An address never takes more than 45 bytes.
            let _ = write!(room, "{ip}");
            whole - room.len()
        };
        self.p.controls.framing_edited |= reframe::add(&mut self.p.req_head, name, &text[..len]);
    }

    /// `option http-restrict-req-hdr-names` of one of the two proxies.
    pub(super) fn restrict_names(&mut self, proxy: &Proxy) -> Step<()> {
        if proxy.header_names.refuse(&mut self.p.req_head) {
            count_front!(self.fe_state(), self.c.facts.listener, self.w.id, denied_req, 1);
            return Err(End::with_status(Blame::Proxy, Phase::Request, 403).into());
        }
        Ok(())
    }

    /// `unique-id-format`: rules may ask for it once the request is there; what they leave unasked is made behind them.
    pub(super) fn identify(&mut self) {
        if let Some(format) = &self.fe.formats.unique_id
            && self.p.facts.unique_id.is_unknown()
        {
            self.p.facts.unique_id = UniqueId::of(format);
        }
    }

    /// `http-send-name-header`: the server that this attempt goes to.
    pub(super) fn name_server(&mut self) {
        if let (Some(name), Some(i)) = (&self.be.send_name_header, self.server) {
            self.p.req_head.set(name, self.server_conf(i).name.as_bytes());
        }
    }
}

/// Whether a response gives its client the choice to prove itself to this very connection: NTLM and Negotiate do.
pub(super) fn binds_connection(head: &Head) -> bool {
    let name: &[u8] = match head.status {
        401 => b"www-authenticate",
        407 => b"proxy-authenticate",
        _ => return false,
    };
    head.values(name).any(|v| {
        let scheme = v.split(|b| *b == b' ').next().unwrap_or_default();
        [&b"ntlm"[..], b"negotiate", b"nego2"]
            .iter()
            .any(|s| scheme.eq_ignore_ascii_case(s))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_bound_by_their_authentication() {
        let mut h = Head::default();
        h.status = 401;
        h.add(b"www-authenticate", b"Basic realm=x");
        assert!(!binds_connection(&h));
        h.add(b"www-authenticate", b"Negotiate");
        assert!(binds_connection(&h));
        h.status = 200;
        assert!(!binds_connection(&h));
    }
}
