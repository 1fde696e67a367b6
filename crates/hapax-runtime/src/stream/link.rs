//! What a connection to a server has to be like for a stream, and so which idle ones will do.

use std::net::SocketAddr;

use hapax_config::plan::{Mode, Server};
use hapax_value::Endpoint;

use super::exchange::Exchange;
use crate::upstream::ConnectError;
use crate::upstream::key::Traits;

/// Everything about a connection that depends on the stream it is made for.
#[derive(Debug, Default)]
pub(super) struct Link {
    /// Tells connections to one server apart; 0 where nothing does.
    pub key: u64,
    pub source: Option<SocketAddr>,
    /// Where it starts from where the source will not do.
    pub own: Option<SocketAddr>,
    /// The source need not be an address of this machine.
    pub transparent: bool,
    /// The PROXY header; empty: none is sent.
    pub header: Vec<u8>,
    /// The name asked for with TLS.
    pub name: Option<Vec<u8>>,
}

impl Exchange<'_> {
    /// What the connection to a server must be.
    pub(super) fn link(&self, conf: &Server, tls: bool) -> Result<Link, ConnectError> {
        let (source, transparent) = self.source(conf)?;
        let mut link = Link {
            source,
            own: self.be.source_to(conf),
            transparent,
            ..Link::default()
        };
        if tls {
            link.name = self.name_asked(conf);
        }
        if conf.send_proxy > 0 {
            link.header = self.proxy_header(conf);
        }
        // Where the server has no address or port of its own, the client's destination makes another server of it.
        let vague = matches!(&conf.address, Some(Endpoint::Ip(a)) if a.ip().is_unspecified() || a.port() == 0);
        let by_destination = vague || conf.port_offset.is_some();
        let labels = (self.p.controls.bc_mark, self.p.controls.bc_tos);
        let labelled = labels.0.is_some() || labels.1.is_some();
        let plain = !by_destination && !labelled && !transparent;
        if plain && link.header.is_empty() && link.name.is_none() && conf.pool_conn_name.is_none() {
            return Ok(link);
        }
        let mut given = Vec::new();
        let name = match &conf.pool_conn_name {
            None => link.name.as_deref(),
            Some(expr) => expr.eval_str(&self.env(false), &mut given).then_some(&*given),
        };
        let destination = by_destination.then(|| {
            let env = self.env(false);
            let dst = env.dst();
            (dst.and_then(Endpoint::ip), dst.and_then(Endpoint::port))
        });
        let traits = Traits {
            name,
            destination,
            source: source.filter(|_| transparent),
            labels,
            header: &link.header,
        };
        link.key = traits.key();
        Ok(link)
    }

    /// `sni`; the request's host where the line has none and does not forbid it.
    fn name_asked(&self, conf: &Server) -> Option<Vec<u8>> {
        let tls = conf.tls.as_deref()?;
        let mut name = Vec::new();
        if let Some(expr) = &tls.sni {
            return expr.eval_str(&self.env(false), &mut name).then_some(name);
        }
        if tls.no_sni_auto || self.raw || self.be.mode != Mode::Http {
            return None;
        }
        let host = self.p.req_head.values(b"host").next()?;
        let end = host.iter().position(|b| *b == b':').unwrap_or(host.len());
        (end > 0).then(|| host[..end].to_vec())
    }
}
