//! Certificates made on the spot, and TLS clients and origins by rustls.

use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConnection, KeyLog, RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::origin::TcpOrigin;
use crate::{Request, Response, wait};

/// An authority of its own for each test.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate with its key, both in PEM.
#[derive(Clone, Debug)]
pub struct Identity {
    pub cert: String,
    pub key: String,
}

impl Identity {
    /// As `crt` files hold it.
    pub fn both(&self) -> String {
        format!("{}{}", self.cert, self.key)
    }
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "Hapax test authority");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { issuer }
    }

    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for these names.
    pub fn issue(&self, names: &[&str]) -> Identity {
        let mut params = CertificateParams::new(names.iter().map(|&n| n.to_owned()).collect::<Vec<_>>()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, names[0]);
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        Identity {
            cert: cert.pem(),
            key: key.serialize_pem(),
        }
    }

    /// The authority's own certificate and key, to be shown by itself.
    pub fn itself(&self) -> Identity {
        Identity {
            cert: self.issuer.pem(),
            key: self.issuer.key().serialize_pem(),
        }
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.pem().as_bytes()).unwrap()).unwrap();
        roots
    }

    /// A client configuration that trusts this authority, with ALPN names and perhaps a certificate of its own.
    pub fn client(&self, alpn: &[&str], identity: Option<&Identity>) -> Arc<ClientConfig> {
        let builder = ClientConfig::builder().with_root_certificates(self.roots());
        let mut config = match identity {
            Some(i) => builder.with_client_auth_cert(chain(i), key(i)).unwrap(),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = alpn.iter().map(|a| a.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

fn chain(i: &Identity) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(i.cert.as_bytes()).map(Result::unwrap).collect()
}

fn key(i: &Identity) -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_slice(i.key.as_bytes()).unwrap()
}

/// A TLS client connection.
pub struct TlsClient {
    stream: BufReader<StreamOwned<ClientConnection, TcpStream>>,
}

impl TlsClient {
    /// Connects and shakes hands.
    pub fn connect(port: u16, name: &str, config: &Arc<ClientConfig>) -> std::io::Result<Self> {
        let name = ServerName::try_from(name.to_owned()).map_err(std::io::Error::other)?;
        let mut tls = ClientConnection::new(Arc::clone(config), name).map_err(std::io::Error::other)?;
        let mut tcp = TcpStream::connect(("127.0.0.1", port))?;
        tcp.set_read_timeout(Some(wait::PATIENCE))?;
        tcp.set_nodelay(true)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut tcp)?;
        }
        Ok(Self {
            stream: BufReader::new(StreamOwned::new(tls, tcp)),
        })
    }

    pub fn state(&self) -> &ClientConnection {
        &self.stream.get_ref().conn
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    pub fn get(&mut self, path: &str) -> Response {
        self.try_get(path).unwrap()
    }

    pub fn try_get(&mut self, path: &str) -> std::io::Result<Response> {
        self.stream
            .get_mut()
            .write_all(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n").as_bytes())?;
        Response::read(&mut self.stream, "GET")
    }

    /// The certificate the server showed, in DER.
    pub fn server_certificate(&self) -> Vec<u8> {
        self.state().peer_certificates().unwrap()[0].to_vec()
    }
}

/// What a client's TLS library has told its key log.
#[derive(Debug, Default)]
pub struct KeyLines(Mutex<String>);

impl KeyLines {
    /// The same settings, with a key log.
    pub fn of(config: &Arc<ClientConfig>) -> (Arc<ClientConfig>, Arc<Self>) {
        let lines = Arc::new(Self::default());
        let mut config = ClientConfig::clone(config);
        config.key_log = lines.clone();
        (Arc::new(config), lines)
    }

    /// The log so far.
    pub fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

impl KeyLog for KeyLines {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        use std::fmt::Write as _;
        let mut lines = self.0.lock().unwrap();
        lines.push_str(label);
        for part in [client_random, secret] {
            lines.push(' ');
            for b in part {
                write!(lines, "{b:02x}").unwrap();
            }
        }
        lines.push('\n');
    }
}

/// DER of a PEM certificate, to compare with.
pub fn der(pem: &str) -> Vec<u8> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec()
}

/// The server's side of TLS over an accepted connection; hands are shaken as it is read.
pub fn serve(identity: &Identity, stream: TcpStream) -> StreamOwned<ServerConnection, TcpStream> {
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain(identity), key(identity))
        .unwrap();
    StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), stream)
}

/// An HTTP/1 server over TLS that answers every request with the server name it was asked for.
pub fn tls_origin(identity: &Identity) -> TcpOrigin {
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain(identity), key(identity))
        .unwrap();
    let config = Arc::new(config);
    TcpOrigin::new(move |mut tcp| {
        let Ok(mut tls) = ServerConnection::new(Arc::clone(&config)) else {
            return;
        };
        while tls.is_handshaking() {
            if tls.complete_io(&mut tcp).is_err() {
                return;
            }
        }
        let name = tls.server_name().unwrap_or("no name").to_owned();
        let mut stream = BufReader::new(StreamOwned::new(tls, tcp));
        while let Ok(Some(_)) = Request::read(&mut stream) {
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{name}", name.len());
            if stream.get_mut().write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    })
}

/// What a TLS client is set up with.
pub use rustls::ClientConfig;
/// Whether a handshake was a full one or resumed an earlier session.
pub use rustls::HandshakeKind as Kind;
