//! TLS: defaults of `bind` and `server` lines, session caches, record sizes, and OpenSSL's own switches. The TLS library is rustls.

use hapax_diag::Diagnostic;

use crate::args::Args;
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::once::Once;
use crate::plan::Allowed;
use crate::shape::Shape;
use crate::tls::{self, Tls12, Tls13};
use crate::topic::{Topic, no_inherit};
use crate::units::{TIMER_MAX, Unit};

pub(in crate::topic) static TOPIC: Topic = Topic {
    name: "tls",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("ssl-default-bind-client-sigalgs", Sections::GLOBAL)
        .usage("<sigalgs>")
        .shape(Shape::Word("<sigalgs>"))
        .doc("Signature algorithms asked of client certificates, for `bind` lines that do not say.")
        .since(2, 8)
        .not_yet("a choice of signature algorithms")
        .ok(&["ssl-default-bind-client-sigalgs RSA+SHA256"])
        .bad(&["ssl-default-bind-client-sigalgs", "ssl-default-bind-client-sigalgs one two"]),
    Row::new("ssl-default-bind-curves", Sections::GLOBAL)
        .usage("<curves>")
        .shape(Shape::Word("<curves>"))
        .doc("Key exchange groups of `bind` lines that do not say.")
        .ok(&["ssl-default-bind-curves X25519:P-256"])
        .bad(&["ssl-default-bind-curves", "ssl-default-bind-curves one two"])
        .set(|cx, a| {
            cx.tls.bind.curves = Some(a.show(0));
            tls::check_curves(a, &mut cx.diags);
            Ok(())
        }),
    Row::new("ssl-default-bind-sigalgs", Sections::GLOBAL)
        .usage("<sigalgs>")
        .shape(Shape::Word("<sigalgs>"))
        .doc("Signature algorithms of `bind` lines that do not say.")
        .since(2, 8)
        .not_yet("a choice of signature algorithms")
        .ok(&["ssl-default-bind-sigalgs RSA+SHA256"])
        .bad(&["ssl-default-bind-sigalgs", "ssl-default-bind-sigalgs one two"]),
    Row::new("ssl-default-server-ciphers", Sections::GLOBAL)
        .usage("<ciphers>")
        .shape(Shape::Word("<ciphers>"))
        .doc("TLS 1.2 cipher suites of `server` lines that do not say.")
        .ok(&["ssl-default-server-ciphers ECDHE-RSA-AES128-GCM-SHA256"])
        .bad(&["ssl-default-server-ciphers", "ssl-default-server-ciphers one two"])
        .set(|cx, a| {
            cx.tls.server.ciphers = Some(a.show(0));
            tls::check_ciphers::<Tls12>(a, &mut cx.diags);
            Ok(())
        }),
    Row::new("ssl-default-server-ciphersuites", Sections::GLOBAL)
        .usage("<ciphersuites>")
        .shape(Shape::Word("<ciphersuites>"))
        .doc("TLS 1.3 cipher suites of `server` lines that do not say.")
        .ok(&["ssl-default-server-ciphersuites TLS_AES_128_GCM_SHA256"])
        .bad(&["ssl-default-server-ciphersuites", "ssl-default-server-ciphersuites one two"])
        .set(|cx, a| {
            cx.tls.server.ciphersuites = Some(a.show(0));
            tls::check_ciphers::<Tls13>(a, &mut cx.diags);
            Ok(())
        }),
    Row::new("ssl-default-server-client-sigalgs", Sections::GLOBAL)
        .usage("<sigalgs>")
        .shape(Shape::Word("<sigalgs>"))
        .doc("Signature algorithms of our own certificates towards servers.")
        .since(2, 9)
        .not_yet("a choice of signature algorithms")
        .ok(&["ssl-default-server-client-sigalgs RSA+SHA256"])
        .bad(&["ssl-default-server-client-sigalgs", "ssl-default-server-client-sigalgs one two"]),
    Row::new("ssl-default-server-curves", Sections::GLOBAL)
        .usage("<curves>")
        .shape(Shape::Word("<curves>"))
        .doc("Key exchange groups of `server` lines that do not say.")
        .since(2, 9)
        .ok(&["ssl-default-server-curves X25519"])
        .bad(&["ssl-default-server-curves", "ssl-default-server-curves one two"])
        .set(|cx, a| {
            cx.tls.server.curves = Some(a.show(0));
            tls::check_curves(a, &mut cx.diags);
            Ok(())
        }),
    Row::new("ssl-default-server-options", Sections::GLOBAL)
        .usage("[<option>]...")
        .shape(Shape::Words(1, 16))
        .doc("Options of `server` lines that use TLS.")
        .ok(&["ssl-default-server-options ssl-min-ver TLSv1.2"])
        .bad(&[
            "ssl-default-server-options",
            "ssl-default-server-options x x x x x x x x x x x x x x x x x",
            "ssl-default-server-options strict-sni",
        ])
        .set(crate::topic::tls_defaults::server_options),
    Row::new("ssl-default-server-sigalgs", Sections::GLOBAL)
        .usage("<sigalgs>")
        .shape(Shape::Word("<sigalgs>"))
        .doc("Signature algorithms of `server` lines that do not say.")
        .since(2, 9)
        .not_yet("a choice of signature algorithms")
        .ok(&["ssl-default-server-sigalgs RSA+SHA256"])
        .bad(&["ssl-default-server-sigalgs", "ssl-default-server-sigalgs one two"]),
    Row::new("ssl-dh-param-file", Sections::GLOBAL)
        .usage("<file>")
        .shape(Shape::Word("<file>"))
        .doc("Parameters of the finite-field Diffie-Hellman exchange.")
        .no_effect("rustls has no finite-field Diffie-Hellman")
        .ok(&["ssl-dh-param-file dh.pem"])
        .bad(&["ssl-dh-param-file", "ssl-dh-param-file one two"])
        .set(super::there),
    Row::new("tune.ssl.default-dh-param", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Lax(i64::MIN, i64::MAX))
        .doc("Size of the finite-field Diffie-Hellman parameters made at start.")
        .no_effect("rustls has no finite-field Diffie-Hellman")
        .set(|_, a| match a.number() {
            0..=1023 => Err(a.bad(0, format!("'{}' expects a value >= 1024.", a.name))),
            _ => Ok(()),
        })
        .ok(&["tune.ssl.default-dh-param 1024"])
        .bad(&["tune.ssl.default-dh-param 0", 
            "tune.ssl.default-dh-param",
            "tune.ssl.default-dh-param 1023",
        ]),
    Row::new("ssl-engine", Sections::GLOBAL)
        .usage("<name> [algo <list>]")
        .shape(Shape::Words(1, 3))
        .doc("Loads an OpenSSL engine.")
        .refused("'ssl-engine' : the TLS library is rustls, which loads no OpenSSL engine")
        .bad(&["ssl-engine", "ssl-engine x x x x"]),
    Row::new("ssl-mode-async", Sections::GLOBAL)
        .shape(Shape::Words(0, 64))
        .doc("Asynchronous OpenSSL engines.")
        .no_effect("handshakes never block a worker for an engine")
        .ok(&["ssl-mode-async"]),
    Row::new("ssl-propquery", Sections::GLOBAL)
        .usage("<query>")
        .shape(Shape::Word("<query>"))
        .lenient()
        .doc("Property query of OpenSSL's algorithm fetches.")
        .since(2, 6)
        .no_effect("rustls has no provider properties")
        .ok(&["ssl-propquery one two", "ssl-propquery provider=default"])
        .bad(&["ssl-propquery"]),
    Row::new("ssl-provider", Sections::GLOBAL)
        .usage("<name>")
        .shape(Shape::Word("<name>"))
        .doc("Loads an OpenSSL provider.")
        .since(2, 6)
        .refused("'ssl-provider' : the TLS library is rustls, which loads no OpenSSL provider")
        .bad(&["ssl-provider", "ssl-provider one two"]),
    Row::new("ssl-provider-path", Sections::GLOBAL)
        .usage("<path>")
        .shape(Shape::Word("<path>"))
        .lenient()
        .doc("Where OpenSSL providers are looked for.")
        .since(2, 6)
        .no_effect("rustls loads no provider")
        .ok(&["ssl-provider-path one two", "ssl-provider-path /usr/lib/ssl"])
        .bad(&["ssl-provider-path"]),
    Row::new("ssl-passphrase-cmd", Sections::GLOBAL)
        .usage("<command> <args> ...")
        .shape(Shape::Words(0, 64))
        .doc("Program that prints the pass phrase of encrypted private keys.")
        .since(3, 3)
        .not_yet("encrypted private keys")
        .ok(&["ssl-passphrase-cmd", "ssl-passphrase-cmd /usr/bin/secret get key"]),
    Row::new("ssl-load-extra-del-ext", Sections::GLOBAL)
        .shape(Shape::Words(0, 64))
        .doc("Replaces the extension of a certificate, rather than adding to it, when looking for its extra files.")
        .ok(&["ssl-load-extra-del-ext"])
        .set(|cx, _| {
            cx.certs.extra.replaces_ending = true;
            Ok(())
        }),
    Row::new("ssl-load-extra-files", Sections::GLOBAL)
        .usage("{ none | all | bundle | sctl | ocsp | issuer | key }...")
        .shape(Shape::Each(1, 7, &["none", "all", "bundle", "sctl", "ocsp", "issuer", "key"]))
        .doc("Which files beside a certificate (key, OCSP response, issuer) are loaded with it.")
        .partial("OCSP responses and timestamps are kept and not sent")
        .ok(&["ssl-load-extra-files all", "ssl-load-extra-files ocsp issuer"])
        .bad(&["ssl-load-extra-files none ocsp", "ssl-load-extra-files all all", "ssl-load-extra-files", "ssl-load-extra-files x", "ssl-load-extra-files ocsp x"])
        .set(|cx, a| {
            if a.len() > 1 && a.words.iter().any(|w| matches!(w.str(), "none" | "all")) {
                return Err(a.bad(0, "'ssl-load-extra-files' 'none' and 'all' can be only used alone"));
            }
            let extra = &mut cx.certs.extra;
            extra.set_all(false);
            for i in 0..a.len() {
                match a.str(i) {
                    "all" => extra.set_all(true),
                    "none" => extra.set_all(false),
                    "bundle" => extra.bundle = true,
                    "sctl" => extra.sctl = true,
                    "ocsp" => extra.ocsp = true,
                    "issuer" => extra.issuer = true,
                    _ => extra.key = true,
                }
            }
            Ok(())
        }),
    Row::new("ssl-security-level", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Number(0, 5))
        .lenient()
        .doc("OpenSSL's security level.")
        .since(3, 0)
        .no_effect("rustls offers only what OpenSSL allows at its level 2 and above")
        .ok(&["ssl-security-level 0 x", "ssl-security-level 0"])
        .bad(&["ssl-security-level", "ssl-security-level many", "ssl-security-level 6"]),
    Row::new("ssl-skip-self-issued-ca", Sections::GLOBAL)
        .shape(Shape::Nothing)
        .lenient()
        .doc("Leaves self-issued certificates out of the chains that are sent.")
        .ok(&["ssl-skip-self-issued-ca extra", "ssl-skip-self-issued-ca"])
        .set(|cx, _| {
            cx.certs.extra.skip_roots = true;
            Ok(())
        }),
    Row::new("issuers-chain-path", Sections::GLOBAL)
        .usage("<dir>")
        .shape(Shape::Word("<dir>"))
        .doc("Folder of issuers that complete the chains of certificates.")
        .ok(&["issuers-chain-path /etc/ssl/issuers"])
        .bad(&["issuers-chain-path", "issuers-chain-path one two"])
        .set(|cx, a| match cx.certs.extra.read_issuers(a.str(0), cx.files) {
            Ok(()) => Ok(()),
            Err(_) => Err(a
                .bad(0, "global statement 'issuers-chain-path' expects a directory path as an argument.")
                .missing()),
        }),
    Row::new("maxsslconn", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Lax(0, i64::MAX))
        .doc("TLS connections of the process at once.")
        .not_yet("a limit of TLS connections")
        .ok(&["maxsslconn 10"])
        .bad(&["maxsslconn"]),
    Row::new("noktls", Sections::GLOBAL)
        .read_first()
        .shape(Shape::Nothing)
        .doc("Does not use the kernel's TLS.")
        .since(3, 3)
        .no_effect("TLS records are never made by the kernel")
        .ok(&["noktls"])
        .bad(&["noktls extra"]),
    Row::new("tune.ssl.cachesize", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Lax(0, i64::MAX))
        .doc("Sessions kept for resumption.")
        .ok(&["tune.ssl.cachesize 10"])
        .bad(&["tune.ssl.cachesize -1", "tune.ssl.cachesize"])
        .set(|cx, a| {
            cx.tls.bind.sessions = Some(a.number() as usize);
            Ok(())
        }),
    Row::new("tune.ssl.lifetime", Sections::GLOBAL)
        .usage("<time>")
        .shape(Shape::Time(Unit::S, TIMER_MAX))
        .doc("How long a session may be resumed.")
        .not_yet("the lifetime of TLS sessions")
        .ok(&["tune.ssl.lifetime 300", "tune.ssl.lifetime 1h"])
        .bad(&["tune.ssl.lifetime", "tune.ssl.lifetime 5x"]),
    Row::new("tune.ssl.force-private-cache", Sections::GLOBAL)
        .shape(Shape::Nothing)
        .doc("Does not share the session cache between processes.")
        .no_effect("the session cache is the process's own")
        .ok(&["tune.ssl.force-private-cache"])
        .bad(&["tune.ssl.force-private-cache extra"]),
    Row::new("tune.ssl.maxrecord", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Lax(0, i64::MAX))
        .doc("Largest TLS record at the start of a transfer.")
        .not_yet("sizing of TLS records")
        .ok(&["tune.ssl.maxrecord 10"])
        .bad(&["tune.ssl.maxrecord -1", "tune.ssl.maxrecord"]),
    Row::new("tune.ssl.hard-maxrecord", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Lax(0, i64::MAX))
        .doc("Largest TLS record at any time.")
        .since(2, 6)
        .ok(&["tune.ssl.hard-maxrecord 16384"])
        .bad(&["tune.ssl.hard-maxrecord -1", 
            "tune.ssl.hard-maxrecord",
            ])
        .set(|cx, a| {
            let most = Some(a.number().min(16384) as usize).filter(|n| *n > 0);
            cx.tls.bind.most_in_record = most;
            cx.tls.server.most_in_record = most;
            Ok(())
        }),
    Row::new("tune.ssl.ssl-ctx-cache-size", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Lax(0, i64::MAX))
        .doc("Generated certificates that are kept.")
        .not_yet("certificates made on the fly")
        .ok(&["tune.ssl.ssl-ctx-cache-size 10"])
        .bad(&["tune.ssl.ssl-ctx-cache-size -1", "tune.ssl.ssl-ctx-cache-size"]),
    Row::new("tune.ssl.capture-buffer-size", Sections::GLOBAL)
        .once(Once::refused("is already configured."))
        .usage("<number>")
        .shape(Shape::Lax(0, i64::MAX))
        .doc("Bytes of the lists in a ClientHello that are kept for `ssl_fc_cipherlist_bin` and its like; 0 keeps none.")
        .since(2, 5)
        .ok(&["tune.ssl.capture-buffer-size 10"])
        .bad(&["tune.ssl.capture-buffer-size -1", "tune.ssl.capture-buffer-size"])
        .set(|cx, a| {
            cx.global.hello_capture = usize::try_from(a.number()).unwrap_or(usize::MAX);
            Ok(())
        }),
    Row::new("tune.ssl.capture-cipherlist-size", Sections::GLOBAL)
        .once(Once::refused("is already configured.").shares("tune.ssl.capture-buffer-size"))
        .usage("<number>")
        .shape(Shape::Lax(0, i64::MAX))
        .doc("Old name of `tune.ssl.capture-buffer-size`.")
        .ok(&["tune.ssl.capture-cipherlist-size 10"])
        .bad(&["tune.ssl.capture-cipherlist-size -1", "tune.ssl.capture-cipherlist-size"])
        .set(|cx, a| {
            cx.global.hello_capture = usize::try_from(a.number()).unwrap_or(usize::MAX);
            Ok(())
        }),
    Row::new("tune.ssl.certificate-compression", Sections::GLOBAL)
        .usage("{ auto | off }")
        .shape(Shape::OneOf(&["auto", "off"]))
        .doc("Compresses certificates in TLS 1.3 handshakes.")
        .since(3, 4)
        .no_effect("rustls is built without certificate compression")
        .ok(&["tune.ssl.certificate-compression auto", "tune.ssl.certificate-compression off"])
        .bad(&["tune.ssl.certificate-compression", "tune.ssl.certificate-compression other"]),
    Row::new("tune.ssl.keylog", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("Keeps the secrets of TLS 1.3 sessions for the `ssl_*_secret` fetches.")
        .ok(&["tune.ssl.keylog on", "tune.ssl.keylog off"])
        .bad(&["tune.ssl.keylog", "tune.ssl.keylog maybe"])
        .set(|cx, a| {
            cx.global.keylog = a.on();
            Ok(())
        }),
    Row::new("tune.ssl.keyupdate-rate-limit", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Lax(0, i64::MAX))
        .doc("TLS 1.3 key updates accepted per second.")
        .since(3, 5)
        .no_effect("rustls bounds key updates itself")
        .ok(&["tune.ssl.keyupdate-rate-limit 10"])
        .bad(&["tune.ssl.keyupdate-rate-limit -1", "tune.ssl.keyupdate-rate-limit"]),
    Row::new("jwt.decrypt_alg_list", Sections::GLOBAL)
        .bad(&["jwt.decrypt_alg_list other"])
        .usage("<list>")
        .shape(Shape::OptWord("<list>"))
        .lenient()
        .doc("Key management algorithms that `jwt_decrypt_*` accept, joined by colons; `ALL`, and `!` before those that are not accepted.")
        .since(3, 4)
        .ok(&["jwt.decrypt_alg_list", "jwt.decrypt_alg_list ALL:!ECDH-ES"])
        .set(|cx, a| {
            listed(a, ALGORITHMS)?;
            cx.global.jwe_algs = Allowed::parse(a.str(0));
            Ok(())
        }),
    Row::new("jwt.decrypt_enc_list", Sections::GLOBAL)
        .bad(&["jwt.decrypt_enc_list other"])
        .usage("<list>")
        .shape(Shape::OptWord("<list>"))
        .lenient()
        .doc("Content encryption algorithms that `jwt_decrypt_*` accept, joined by colons; `ALL`, and `!` before those that are not accepted.")
        .since(3, 4)
        .ok(&["jwt.decrypt_enc_list", "jwt.decrypt_enc_list A128GCM:A256GCM"])
        .set(|cx, a| {
            listed(a, ENCRYPTIONS)?;
            cx.global.jwe_encs = Allowed::parse(a.str(0));
            Ok(())
        }),
];

/// Key management of JWE (RFC 7518, section 4.1).
const ALGORITHMS: &[&str] = &[
    "RSA1_5",
    "RSA-OAEP",
    "RSA-OAEP-256",
    "A128KW",
    "A192KW",
    "A256KW",
    "dir",
    "ECDH-ES",
    "ECDH-ES+A128KW",
    "ECDH-ES+A192KW",
    "ECDH-ES+A256KW",
    "A128GCMKW",
    "A192GCMKW",
    "A256GCMKW",
    "PBES2-HS256+A128KW",
    "PBES2-HS384+A192KW",
    "PBES2-HS512+A256KW",
];

/// Content encryption of JWE (RFC 7518, section 5.1).
const ENCRYPTIONS: &[&str] = &["A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM"];

/// Refuses a list that names what is not `known`.
fn listed(a: &Args<'_>, known: &[&str]) -> Result<(), Diagnostic> {
    let names = a.str(0).split(':').map(|n| n.strip_prefix('!').unwrap_or(n));
    match names.filter(|n| !n.is_empty() && *n != "ALL").find(|n| !known.contains(n)) {
        None => Ok(()),
        Some(name) => Err(a.bad(0, format!("Unknown algorithm/encoding {name}"))),
    }
}
