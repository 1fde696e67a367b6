//! `crt-store`: certificates by name.

use hapax_diag::Diagnostic;

use super::{Topic, no_inherit};
use crate::args::Args;
use crate::bind::cert_error;
use crate::certs::Beside;
use crate::codes;
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::reader::{Reader, under};
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "crt store",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("crt-base", Sections::CRT_STORE)
        .usage("<dir>")
        .shape(Shape::Word("<dir>"))
        .lenient()
        .doc("Folder of certificates with a relative name; without it, that of the global section.")
        .since(3, 0)
        .ok(&["crt-base one two", "crt-base /etc/ssl/certs"])
        .bad(&["crt-base"])
        .set(|cx, a| {
            cx.tls.store_crt_base = Some(a.show(0));
            Ok(())
        }),
    Row::new("key-base", Sections::CRT_STORE)
        .usage("<dir>")
        .shape(Shape::Word("<dir>"))
        .lenient()
        .doc("Folder of keys with a relative name; without it, that of the global section.")
        .since(3, 0)
        .ok(&["key-base one two", "key-base /etc/ssl/private"])
        .bad(&["key-base"])
        .set(|cx, a| {
            cx.tls.store_key_base = Some(a.show(0));
            Ok(())
        }),
    Row::new("load", Sections::CRT_STORE)
        .usage("crt <file> [key <file>] [alias <name>] [jwt { on | off }] [<param> <value>]*")
        .shape(Shape::Words(2, 64))
        .doc("Loads a certificate with its key, for lines that name it `@<store>/<file>` or `@<store>/<alias>`; `jwt on` lets converters of tokens use it. What it says of OCSP, SCT, ACME and made-up certificates is not acted on yet, and told.")
        .since(3, 0)
        .ok(&["load crt /certs/site.pem alias site", "load crt /certs/site.pem jwt on ocsp-update off"])
        .bad(&["load x", "load alias site", "load crt /certs/site.pem jwt maybe", "load crt /certs/site.pem alias"])
        .set(load),
];

/// Parameters that are read and not acted on.
const LATER: [&str; 8] = [
    "acme",
    "domains",
    "ips",
    "ocsp-update",
    "generate-dummy",
    "keytype",
    "bits",
    "curves",
];

fn load(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let (mut crt, mut key, mut alias, mut jwt) = (None, None, None, false);
    let (mut ocsp, mut issuer, mut sctl) = (None, None, None);
    for i in (0..a.len()).step_by(2) {
        let value = a.show(i + 1);
        if value.is_empty() {
            return Err(a.missing(format!("'load' : '{}' expects a value.", a.show(i))));
        }
        if matches!(a.str(i), "ocsp" | "sctl") {
            let told = format!("'load ... {}' is read, and not sent to clients yet", a.str(i));
            cx.diags.push(Diagnostic::warning(&codes::NOT_YET, told).at(a.at(i)));
        }
        match a.str(i) {
            "crt" => crt = Some((value, i + 1)),
            "key" => key = Some(value),
            "ocsp" => ocsp = Some(value),
            "issuer" => issuer = Some(value),
            "sctl" => sctl = Some(value),
            "alias" => alias = Some(value),
            "jwt" if value == "on" => jwt = true,
            "jwt" if value == "off" => jwt = false,
            "jwt" => return Err(a.bad(i + 1, "'load' : 'jwt' expects 'on' or 'off'.")),
            word if LATER.contains(&word) => {
                if !matches!((word, value.as_str()), ("ocsp-update" | "generate-dummy", "off")) {
                    let told = format!("'load ... {word}' is accepted but not acted on yet");
                    cx.diags.push(Diagnostic::warning(&codes::NOT_YET, told).at(a.at(i)));
                }
            }
            other => return Err(a.bad(i, format!("'load' : unknown parameter '{other}'."))),
        }
    }
    let Some((file, at)) = crt else {
        return Err(a.missing("'load' expects a certificate after 'crt'."));
    };
    let tls = &cx.tls;
    let base = tls.store_crt_base.as_deref().or(tls.crt_base.as_deref());
    let path = under(base, &file);
    let [ocsp, issuer, sctl] = [ocsp, issuer, sctl].map(|f| f.map(|f| under(base, &f)));
    let key = key.map(|k| under(tls.store_key_base.as_deref().or(tls.key_base.as_deref()), &k));
    let names = names(&cx.section_name(), &file, &path, alias.as_deref());
    for name in &names {
        // What is read once for the converters is theirs, whatever the rest of the line comes to.
        let pem = cx.files.read(&path).unwrap_or_default();
        let own = key.as_ref().and_then(|k| cx.files.read(k).ok());
        cx.refs.jwt.add(name, &pem, own.as_ref().unwrap_or(&pem), jwt);
    }
    let beside = Beside {
        key: key.as_deref(),
        ocsp: ocsp.as_deref(),
        issuer: issuer.as_deref(),
        sctl: sctl.as_deref(),
    };
    if let Err(e) = cx.certs.store(names, &file, &path, beside, cx.files) {
        let at = Args {
            words: &a.words[at..],
            ..*a
        };
        let d = cert_error(&at, e);
        match (d.missing, jwt) {
            (true, _) => cx.diags.push(d),
            // What verifies tokens needs no private key.
            (false, true) => {}
            (false, false) => return Err(d),
        }
    }
    Ok(())
}

/// What a certificate is called, its own name first: after its store and its alias or file; in a store without a name, its path too.
fn names(store: &str, file: &str, path: &str, alias: Option<&str>) -> Vec<String> {
    let mut names: Vec<String> = [alias, Some(file)].into_iter().flatten().map(|n| format!("@{store}/{n}")).collect();
    if file.starts_with('/') {
        names.push(format!("@{store}{file}"));
    }
    if store.is_empty() {
        names.push(path.to_owned());
    }
    names
}
