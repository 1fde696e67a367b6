//! Why a connection did not come to be, by HAProxy's numbers (manual, 7.3.3: `fc_err_str`).

/// What went wrong with a connection; the words are those of logs, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Fault {
    #[default]
    None,
    ConfFdLimit,
    ProcFdLimit,
    SysFdLimit,
    SysMemLimit,
    NoProtocol,
    SockErr,
    PortRange,
    CantBind,
    FreePorts,
    AddrInuse,
    PrxEmpty,
    PrxAbort,
    PrxTimeout,
    PrxTruncated,
    PrxNotHdr,
    PrxBadHdr,
    PrxBadProto,
    CipEmpty,
    CipAbort,
    CipTimeout,
    CipTruncated,
    CipBadMagic,
    CipBadProto,
    SslEmpty,
    SslAbort,
    SslTimeout,
    SslTooMany,
    SslNoMem,
    SslReneg,
    SslCaFail,
    SslCrtFail,
    SslMismatch,
    SslMismatchSni,
    SslHandshake,
    SslHandshakeHb,
    SslKilledHb,
    SslNoTarget,
    SslEarlyFailed,
    Socks4Send,
    Socks4Recv,
    Socks4Deny,
    Socks4Abort,
    SslFatal,
    Reverse,
    Pollerr,
    Erefused,
    Ereset,
    Eunreach,
    Enomem,
    Ebadf,
    Efault,
    Einval,
    Enconn,
    Ensock,
    Enobufs,
    Epipe,
}

impl Fault {
    /// HAProxy's number; 0: nothing went wrong.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// HAProxy's name; empty: nothing went wrong.
    pub fn name(self) -> &'static str {
        WORDS[self as usize].0
    }

    pub fn message(self) -> &'static str {
        WORDS[self as usize].1
    }

    /// What the system's number of an error means for a connection; [`Fault::SockErr`] where it has no number of its own.
    pub fn of_system(errno: Option<i32>) -> Self {
        match errno {
            Some(111) => Self::Erefused,
            Some(104) => Self::Ereset,
            Some(101 | 113) => Self::Eunreach,
            Some(12) => Self::Enomem,
            Some(9) => Self::Ebadf,
            Some(14) => Self::Efault,
            Some(22) => Self::Einval,
            Some(107) => Self::Enconn,
            Some(88) => Self::Ensock,
            Some(105) => Self::Enobufs,
            Some(32) => Self::Epipe,
            _ => Self::SockErr,
        }
    }
}

/// What broke a TLS handshake, by the reason code that OpenSSL has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TlsError(u16);

impl TlsError {
    /// By OpenSSL's reason: `SSL_R_...` of its public header.
    pub const fn reason(reason: u16) -> Self {
        Self(reason)
    }

    /// The peer ended the handshake with an alert of that number.
    pub const fn alert(number: u8) -> Self {
        Self(1000 + number as u16)
    }

    /// The code as OpenSSL packs it: its TLS part is library 20.
    pub fn code(self) -> u32 {
        20 << 23 | u32::from(self.0)
    }

    /// `error:0A0000C1:SSL routines::no shared cipher`
    pub fn text(self) -> String {
        let code = self.code();
        match REASONS.iter().find(|(r, _)| *r == self.0) {
            Some((_, words)) => format!("error:{code:08X}:SSL routines::{words}"),
            None => format!("error:{code:08X}:SSL routines::reason({})", self.0),
        }
    }
}

static REASONS: [(u16, &str); 34] = [
    (101, "no suitable key share"),
    (118, "no suitable signature algorithm"),
    (123, "bad signature"),
    (134, "certificate verify failed"),
    (156, "http request"),
    (159, "length mismatch"),
    (193, "no shared cipher"),
    (199, "peer did not return a certificate"),
    (218, "data length too long"),
    (226, "clienthello tlsext"),
    (235, "no application protocol"),
    (244, "unexpected message"),
    (258, "unsupported protocol"),
    (267, "wrong version number"),
    (281, "decryption failed or bad record mac"),
    (1010, "sslv3 alert unexpected message"),
    (1020, "sslv3 alert bad record mac"),
    (1022, "tlsv1 alert record overflow"),
    (1040, "sslv3 alert handshake failure"),
    (1042, "sslv3 alert bad certificate"),
    (1043, "sslv3 alert unsupported certificate"),
    (1044, "sslv3 alert certificate revoked"),
    (1045, "sslv3 alert certificate expired"),
    (1046, "sslv3 alert certificate unknown"),
    (1047, "sslv3 alert illegal parameter"),
    (1048, "tlsv1 alert unknown ca"),
    (1049, "tlsv1 alert access denied"),
    (1050, "tlsv1 alert decode error"),
    (1051, "tlsv1 alert decrypt error"),
    (1070, "tlsv1 alert protocol version"),
    (1080, "tlsv1 alert internal error"),
    (1109, "tlsv13 alert missing extension"),
    (1112, "tlsv1 unrecognized name"),
    (1116, "tlsv13 alert certificate required"),
];

static WORDS: [(&str, &str); 57] = [
    ("", "Success"),
    ("CONF_FDLIM", "Reached configured maxconn value"),
    ("PROC_FDLIM", "Too many sockets on the process"),
    ("SYS_FDLIM", "Too many sockets on the system"),
    ("SYS_MEMLIM", "Out of system buffers"),
    ("NOPROTO", "Protocol or address family not supported"),
    ("SOCK_ERR", "General socket error"),
    ("PORT_RANGE", "Source port range exhausted"),
    ("CANT_BIND", "Can't bind to source address"),
    ("FREE_PORTS", "Out of local source ports on the system"),
    ("ADDR_INUSE", "Local source address already in use"),
    ("PRX_EMPTY", "Connection closed while waiting for PROXY protocol header"),
    ("PRX_ABORT", "Connection error while waiting for PROXY protocol header"),
    ("PRX_TIMEOUT", "Timeout while waiting for PROXY protocol header"),
    ("PRX_TRUNCATED", "Truncated PROXY protocol header received"),
    ("PRX_NOT_HDR", "Received something which does not look like a PROXY protocol header"),
    ("PRX_BAD_HDR", "Received an invalid PROXY protocol header"),
    ("PRX_BAD_PROTO", "Received an unhandled protocol in the PROXY protocol header"),
    ("CIP_EMPTY", "Connection closed while waiting for NetScaler Client IP header"),
    ("CIP_ABORT", "Connection error while waiting for NetScaler Client IP header"),
    ("CIP_TIMEOUT", "Timeout while waiting for a NetScaler Client IP header"),
    ("CIP_TRUNCATED", "Truncated NetScaler Client IP header received"),
    ("CIP_BAD_MAGIC", "Received an invalid NetScaler Client IP magic number"),
    ("CIP_BAD_PROTO", "Received an unhandled protocol in the NetScaler Client IP header"),
    ("SSL_EMPTY", "Connection closed during SSL handshake"),
    ("SSL_ABORT", "Connection error during SSL handshake"),
    ("SSL_TIMEOUT", "Timeout during SSL handshake"),
    ("SSL_TOO_MANY", "Too many SSL connections"),
    ("SSL_NO_MEM", "Out of memory when initializing an SSL connection"),
    ("SSL_RENEG", "Rejected a client-initiated SSL renegotiation attempt"),
    ("SSL_CA_FAIL", "SSL client CA chain cannot be verified"),
    ("SSL_CRT_FAIL", "SSL client certificate not trusted"),
    (
        "SSL_MISMATCH",
        "Server presented an SSL certificate different from the configured one",
    ),
    (
        "SSL_MISMATCH_SNI",
        "Server presented an SSL certificate different from the expected one",
    ),
    ("SSL_HANDSHAKE", "SSL handshake failure"),
    ("SSL_HANDSHAKE_HB", "SSL handshake failure after heartbeat"),
    ("SSL_KILLED_HB", "Stopped a TLSv1 heartbeat attack (CVE-2014-0160)"),
    ("SSL_NO_TARGET", "Attempt to use SSL on an unknown target (internal error)"),
    ("SSL_EARLY_FAILED", "Server refused early data"),
    ("SOCKS4_SEND", "SOCKS4 Proxy write error during handshake"),
    ("SOCKS4_RECV", "SOCKS4 Proxy read error during handshake"),
    ("SOCKS4_DENY", "SOCKS4 Proxy deny the request"),
    ("SOCKS4_ABORT", "SOCKS4 Proxy handshake aborted by server"),
    ("SSL_FATAL", "SSL fatal error"),
    ("REVERSE", "Reverse connect failure"),
    ("POLLERR", "Poller reported POLLERR"),
    ("EREFUSED", "ECONNREFUSED returned by OS"),
    ("ERESET", "ECONNRESET returned by OS"),
    ("EUNREACH", "ENETUNREACH returned by OS"),
    ("ENOMEM", "ENOMEM returned by OS"),
    ("EBADF", "EBADF returned by OS"),
    ("EFAULT", "EFAULT returned by OS"),
    ("EINVAL", "EINVAL returned by OS"),
    ("ENCONN", "ENCONN returned by OS"),
    ("ENSOCK", "ENSOCK returned by OS"),
    ("ENOBUFS", "ENOBUFS returned by OS"),
    ("EPIPE", "EPIPE returned by OS"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_names_and_words() {
        let cases = [
            (Fault::None, 0, "", "Success"),
            (Fault::SockErr, 6, "SOCK_ERR", "General socket error"),
            (
                Fault::PrxNotHdr,
                15,
                "PRX_NOT_HDR",
                "Received something which does not look like a PROXY protocol header",
            ),
            (Fault::SslHandshake, 34, "SSL_HANDSHAKE", "SSL handshake failure"),
            (Fault::Epipe, 56, "EPIPE", "EPIPE returned by OS"),
        ];
        for (fault, number, name, message) in cases {
            assert_eq!((fault.number(), fault.name(), fault.message()), (number, name, message));
        }
        assert_eq!(Fault::of_system(Some(111)), Fault::Erefused);
        assert_eq!(Fault::of_system(None), Fault::SockErr);
    }

    #[test]
    fn tls_errors_as_openssl_writes_them() {
        assert_eq!(TlsError::reason(193).text(), "error:0A0000C1:SSL routines::no shared cipher");
        assert_eq!(TlsError::alert(48).text(), "error:0A000418:SSL routines::tlsv1 alert unknown ca");
        assert_eq!(TlsError::alert(200).text(), "error:0A0004B0:SSL routines::reason(1200)");
    }
}
