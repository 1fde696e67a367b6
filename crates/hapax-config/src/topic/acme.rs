//! `acme`: accounts and challenges with which certificates are obtained.

use hapax_diag::{Diagnostic, Lead};

use super::{Topic, no_inherit};
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::reader::Reader;
use crate::shape::Shape;
use crate::units::{TIMER_MAX, Unit};

pub(super) static TOPIC: Topic = Topic {
    name: "acme",
    rows: ROWS,
    inherit: no_inherit,
};

/// By the names of NIST and of SECG.
const CURVES: &[&str] = &["P-256", "P-384", "P-521", "prime256v1", "secp384r1", "secp521r1"];

static ROWS: &[Row] = &[
    Row::new("account-key", Sections::ACME)
        .usage("<file>")
        .shape(Shape::Word("<file>"))
        .doc("Key of the account.")
        .since(3, 2)
        .not_yet("ACME")
        .ok(&["account-key account.key"])
        .bad(&["account-key", "account-key one two"]),
    Row::new("acme-vars", Sections::ACME)
        .usage("<string>")
        .shape(Shape::Word("<string>"))
        .doc("Variables for the tool that provisions DNS records.")
        .since(3, 3)
        .not_yet("ACME")
        .ok(&["acme-vars zone=example"])
        .bad(&["acme-vars", "acme-vars one two"]),
    Row::new("bits", Sections::ACME)
        .usage("<number>")
        .shape(Shape::Number(i64::MIN, i64::MAX))
        .doc("Size of RSA keys.")
        .since(3, 2)
        .not_yet("ACME")
        .ok(&["bits 1024"])
        .bad(&["bits", "bits many"]),
    Row::new("challenge", Sections::ACME)
        .usage("{ http-01 | dns-01 | dns-persist-01 }")
        .shape(Shape::Word("<challenge>"))
        .doc("How control of the name is proven, in either case.")
        .since(3, 2)
        .not_yet("ACME")
        .ok(&["challenge http-01", "challenge dns-01", "challenge dns-persist-01"])
        .bad(&["challenge", "challenge other"])
        .set(|_, a| {
            let known = ["http-01", "dns-01", "dns-persist-01"];
            if known.iter().any(|k| k.eq_ignore_ascii_case(a.str(0))) {
                return Ok(());
            }
            Err(a.bad(
                0,
                format!(
                    "'challenge' requires a challenge type: http-01, dns-01 or dns-persist-01, found '{}'.",
                    a.show(0)
                ),
            ))
        }),
    Row::new("challenge-ready", Sections::ACME)
        .usage("<value>[,<value>]*")
        .shape(Shape::Word("one word"))
        .doc("What is waited for before a DNS challenge is announced.")
        .since(3, 4)
        .not_yet("ACME")
        .set(challenge_ready)
        .ok(&["challenge-ready none"])
        .bad(&[
            "challenge-ready cli",
            "challenge-ready other",
            "challenge-ready",
            "challenge-ready one two",
        ]),
    Row::new("contact", Sections::ACME)
        .usage("<address>")
        .shape(Shape::Word("<address>"))
        .doc("Mail address of the account.")
        .since(3, 2)
        .not_yet("ACME")
        .ok(&["contact admin@example.com"])
        .bad(&["contact", "contact one two"]),
    Row::new("curves", Sections::ACME)
        .usage("<curve>")
        .shape(Shape::OneOf(CURVES))
        .doc("Curve of ECDSA keys.")
        .since(3, 2)
        .not_yet("ACME")
        .ok(&["curves P-384"])
        .bad(&["curves X25519", "curves", "curves one two"]),
    Row::new("directory", Sections::ACME)
        .usage("<url>")
        .shape(Shape::Word("<url>"))
        .doc("Directory of the authority.")
        .since(3, 2)
        .not_yet("ACME")
        .ok(&["directory https://acme.example/directory"])
        .bad(&["directory", "directory one two"]),
    Row::new("dns-delay", Sections::ACME)
        .usage("<time>")
        .shape(Shape::Time(Unit::S, TIMER_MAX))
        .doc("Delay before and between DNS checks.")
        .since(3, 4)
        .not_yet("ACME")
        .ok(&["dns-delay 300", "dns-delay 1h"])
        .bad(&["dns-delay", "dns-delay 5x"]),
    Row::new("dns-timeout", Sections::ACME)
        .usage("<time>")
        .shape(Shape::Time(Unit::S, TIMER_MAX))
        .doc("Longest time DNS checks may take.")
        .since(3, 4)
        .not_yet("ACME")
        .ok(&["dns-timeout 300", "dns-timeout 1h"])
        .bad(&["dns-timeout", "dns-timeout 5x"]),
    Row::new("eab-key-id", Sections::ACME)
        .usage("<file>")
        .shape(Shape::Word("<file>"))
        .doc("File of the key identifier the authority gave.")
        .since(3, 4)
        .not_yet("ACME")
        .ok(&["eab-key-id kid"])
        .bad(&["eab-key-id", "eab-key-id one two"]),
    Row::new("eab-mac-alg", Sections::ACME)
        .usage("{ HS256 | HS384 | HS512 }")
        .shape(Shape::OneOf(&["HS256", "HS384", "HS512"]))
        .doc("Algorithm of the key the authority gave.")
        .since(3, 4)
        .not_yet("ACME")
        .ok(&["eab-mac-alg HS256", "eab-mac-alg HS384", "eab-mac-alg HS512"])
        .bad(&["eab-mac-alg", "eab-mac-alg other"]),
    Row::new("eab-mac-key", Sections::ACME)
        .usage("<file>")
        .shape(Shape::Word("<file>"))
        .doc("File of the key the authority gave.")
        .since(3, 4)
        .not_yet("ACME")
        .ok(&["eab-mac-key mac"])
        .bad(&["eab-mac-key", "eab-mac-key one two"]),
    Row::new("keytype", Sections::ACME)
        .usage("{ RSA | ECDSA }")
        .shape(Shape::OneOf(&["RSA", "ECDSA"]))
        .doc("Type of the keys made.")
        .since(3, 2)
        .not_yet("ACME")
        .ok(&["keytype RSA", "keytype ECDSA"])
        .bad(&["keytype", "keytype other"]),
    Row::new("map", Sections::ACME)
        .usage("<map>")
        .shape(Shape::Word("<map>"))
        .doc("Map in which the tokens of challenges are kept.")
        .since(3, 2)
        .not_yet("ACME")
        .ok(&["map virt@acme"])
        .bad(&["map", "map one two"]),
    Row::new("profile", Sections::ACME)
        .usage("<name>")
        .shape(Shape::Word("<name>"))
        .doc("Kind of certificate asked of the authority.")
        .since(3, 4)
        .not_yet("ACME")
        .set(|_, a| {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            match a.str(0).chars().find(|c| !fits(*c)) {
                None => Ok(()),
                Some(c) => Err(a.bad(
                    0,
                    format!("keyword 'profile' in 'acme' section contains unauthorized character '{c}'"),
                )),
            }
        })
        .ok(&["profile shortlived"])
        .bad(&["profile a.b", "profile", "profile one two"]),
    Row::new("provider-name", Sections::ACME)
        .usage("<name>")
        .shape(Shape::Word("<name>"))
        .doc("Name of the DNS provider, for the tool that provisions records.")
        .since(3, 3)
        .not_yet("ACME")
        .ok(&["provider-name example"])
        .bad(&["provider-name", "provider-name one two"]),
    Row::new("reuse-key", Sections::ACME)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("Keeps the private key when a certificate is renewed.")
        .since(3, 3)
        .not_yet("ACME")
        .ok(&["reuse-key on", "reuse-key off"])
        .bad(&["reuse-key", "reuse-key maybe"]),
];

fn challenge_ready(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let words: Vec<&str> = a.str(0).split(',').collect();
    if words.iter().any(|w| !matches!(*w, "cli" | "dns" | "none")) {
        let message = "keyword 'challenge-ready' in 'acme' section requires parameter separated by commas: 'cli', 'dns' or 'none'";
        return Err(a.bad(0, message));
    }
    if words.contains(&"none") {
        let alone = words.len() == 1;
        let message = "keyword 'challenge-ready' in 'acme' can't combine 'none' with other keywords.";
        return if alone { Ok(()) } else { Err(a.bad(0, message)) };
    }
    let over_http = cx.said("challenge").is_none_or(|(kind, _)| kind.eq_ignore_ascii_case("http-01"));
    if over_http {
        let message = "keyword 'challenge-ready' in 'acme' section, \"http-01\" is not compatible with the \"challenge-ready\" option";
        return Err(a.bad(0, message));
    }
    Ok(())
}

/// What the section must have said by its end.
pub(crate) fn end(cx: &mut Reader<'_>) -> Result<(), Diagnostic> {
    let name = cx.section_name();
    let alert = |message: String| Err(Diagnostic::alert(&codes::MISSING_ARGUMENT, message).lead(Lead::Config));
    if cx.said("directory").is_none() {
        return alert(format!("acme: No directory defined in ACME section '{name}'."));
    }
    if cx.said("eab-key-id").is_some() != cx.said("eab-mac-key").is_some() {
        return alert(format!(
            "acme: section '{name}': EAB MAC key and key id are mutually dependent, specify both or neither."
        ));
    }
    Ok(())
}
