//! Cookies that are made of the servers' addresses, as the runtime API turns them on and off (management guide, `enable
//! dynamic-cookie`, `set dynamic-cookie-key`). One thread, the one that runs the runtime API, changes them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hapax_config::plan::{Proxy, Server};
use hapax_sample::{ProxyId, ServerId};
use hapax_value::Endpoint;

use super::Shared;

/// Whether a backend makes cookies for servers without one, and of which key.
#[derive(Debug, Default)]
struct Making {
    on: bool,
    key: Option<Arc<[u8]>>,
}

impl Making {
    fn of(&self, address: SocketAddr) -> Option<Arc<[u8]>> {
        let key = self.key.as_deref().filter(|_| self.on)?;
        Some(hapax_balance::dynamic_cookie(key, address).into_bytes().into())
    }
}

/// The same, while the process runs. Requests never ask it: they read the cookie of a server.
#[derive(Debug)]
pub struct DynamicCookies(Mutex<Making>);

impl DynamicCookies {
    pub(super) fn new(proxy: &Proxy) -> Self {
        let cookies = Self(Mutex::default());
        cookies.restart(proxy);
        cookies
    }

    /// As the configuration says.
    pub(super) fn restart(&self, proxy: &Proxy) {
        *self.lock() = Making {
            on: proxy.cookie.as_ref().is_some_and(|c| c.dynamic),
            key: proxy.dynamic_cookie_key.clone(),
        };
    }

    fn lock(&self) -> MutexGuard<'_, Making> {
        // Plain data: a panic while it was held leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The settings of a server at `address`, where its cookie is not what they say.
    pub(super) fn renewed(&self, conf: &Server, address: Option<&Endpoint>) -> Option<Server> {
        if conf.cookie.is_some() && !conf.cookie_made {
            return None;
        }
        let cookie = match address {
            Some(Endpoint::Ip(address)) => self.lock().of(*address),
            _ => None,
        };
        (cookie != conf.cookie).then(|| Server {
            cookie_made: cookie.is_some(),
            cookie,
            ..conf.clone()
        })
    }
}

impl Shared {
    /// `enable dynamic-cookie`, `disable dynamic-cookie`
    pub fn make_cookies(&self, p: ProxyId, on: bool) {
        self.proxy(p).cookies.lock().on = on;
        self.renew_cookies(p);
    }

    /// `set dynamic-cookie-key`
    pub fn set_cookie_key(&self, p: ProxyId, key: &[u8]) {
        self.proxy(p).cookies.lock().key = Some(key.into());
        self.renew_cookies(p);
    }

    fn renew_cookies(&self, p: ProxyId) {
        for (s, server) in self.proxy(p).servers.iter() {
            self.renew_cookie(p, ServerId(s as u32), server.endpoint().as_ref());
        }
    }

    /// Gives a server whose address is this one the cookie that is made of it, if its backend makes any.
    pub(super) fn renew_cookie(&self, p: ProxyId, s: ServerId, address: Option<&Endpoint>) {
        let server = self.server(p, s);
        if let Some(conf) = self.proxy(p).cookies.renewed(&server.conf(), address) {
            server.replace(Arc::new(conf));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn making(on: bool) -> DynamicCookies {
        let key = Some(Arc::from(&b"mykey"[..]));
        DynamicCookies(Mutex::new(Making { on, key }))
    }

    #[test]
    fn a_cookie_is_made_only_where_none_was_written() {
        let address = Endpoint::Ip("127.0.0.1:18432".parse().expect("an address"));
        let plain = Server::default();
        let made = making(true).renewed(&plain, Some(&address)).expect("a cookie");
        assert_eq!(made.cookie.as_deref(), Some(&b"26c9745ffdadf6fb"[..]));
        assert!(making(true).renewed(&made, Some(&address)).is_none(), "it is the right one");
        let gone = making(false).renewed(&made, Some(&address)).expect("other settings");
        assert_eq!((gone.cookie, gone.cookie_made), (None, false));
        assert!(making(true).renewed(&plain, None).is_none(), "no address, no cookie");
        let written = Server {
            cookie: Some(Arc::from(&b"mine"[..])),
            ..Server::default()
        };
        assert!(making(true).renewed(&written, Some(&address)).is_none());
    }
}
