//! `cookie`: persistence by a cookie that names the server (manual, 4.2).

use std::sync::Arc;

use hapax_diag::Diagnostic;

use super::Topic;
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::draft::Draft;
use crate::keyword::Sections;
use crate::plan::{Cookie, CookieMode};
use crate::reader::Reader;
use crate::section::invalid_char;
use crate::shape::Shape;
use crate::units::{TIMER_MAX, TimeError, Unit, parse_time};

pub(super) static TOPIC: Topic = Topic {
    name: "cookie",
    rows: ROWS,
    inherit,
};

static ROWS: &[Row] = &[
    Row::new("dynamic-cookie-key", Sections::BACK)
        .usage("<secret>")
        .shape(Shape::Word("<secret>"))
        .lenient()
        .doc("Secret from which 'cookie ... dynamic' derives the cookies of servers that are given none.")
        .ok(&["dynamic-cookie-key one two", "dynamic-cookie-key swordfish"])
        .bad(&["dynamic-cookie-key"])
        .set(|cx, a| {
            cx.proxy().proxy.dynamic_cookie_key = Some(a.arc_bytes(0));
            Ok(())
        }),
    Row::new("cookie", Sections::BACK)
        .usage(
            "<name> [rewrite | insert | prefix] [indirect] [nocache] [postonly] [preserve] [httponly] [secure] [domain <domain>]... \
         [maxidle <time>] [maxlife <time>] [dynamic] [attr <value>]...",
        )
        .doc("Keeps a client on its server by a cookie.")
        .ok(&[
            "cookie SRV insert indirect nocache",
            "cookie SRV rewrite",
            "cookie SRV prefix domain .example.org maxidle 30m maxlife 8h",
            "cookie SRV insert httponly secure attr SameSite=Strict",
            "cookie SRV",
        ])
        .bad(&[
            "cookie",
            "cookie SRV sometimes",
            "cookie SRV insert prefix",
            "cookie SRV rewrite indirect",
            "cookie SRV preserve",
            "cookie SRV insert domain",
            "cookie SRV insert maxidle soon",
            "cookie SRV insert attr",
        ])
        .set(cookie),
];

fn cookie(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.is_empty() {
        return Err(a.missing("'cookie' expects <cookie_name> as argument."));
    }
    let mut made = Cookie {
        name: a.arc_bytes(0),
        mode: CookieMode::Passive,
        indirect: false,
        nocache: false,
        postonly: false,
        preserve: false,
        httponly: false,
        secure: false,
        dynamic: false,
        domains: Vec::new(),
        maxidle: None,
        maxlife: None,
        attrs: Vec::new(),
    };
    let mut modes = Vec::new();
    let mut i = 1;
    while i < a.len() {
        match a.str(i) {
            "rewrite" => modes.push(CookieMode::Rewrite),
            "insert" => modes.push(CookieMode::Insert),
            "prefix" => modes.push(CookieMode::Prefix),
            "indirect" => made.indirect = true,
            "nocache" => made.nocache = true,
            "postonly" => made.postonly = true,
            "preserve" => made.preserve = true,
            "httponly" => made.httponly = true,
            "secure" => made.secure = true,
            "dynamic" => made.dynamic = true,
            "domain" => {
                domain(cx, a, i, &mut made)?;
                i += 1;
            }
            "maxidle" => {
                made.maxidle = Some(seconds(a, i, "idletime")?);
                i += 1;
            }
            "maxlife" => {
                made.maxlife = Some(seconds(a, i, "lifetime")?);
                i += 1;
            }
            "attr" => {
                attribute(a, i, &mut made)?;
                i += 1;
            }
            _ => {
                return Err(a.bad(
                    i,
                    "'cookie' supports 'rewrite', 'insert', 'prefix', 'indirect', 'nocache', 'postonly', 'domain', 'maxidle', 'dynamic', \
                     'maxlife' and 'attr' options.",
                ));
            }
        }
        i += 1;
    }
    modes.dedup();
    made.mode = check_modes(a, &modes, &made)?;
    cx.proxy().proxy.cookie = Some(Box::new(made));
    cx.proxy().asked.insert("cookie", a.line);
    Ok(())
}

fn domain(cx: &mut Reader<'_>, a: &Args<'_>, i: usize, made: &mut Cookie) -> Result<(), Diagnostic> {
    let name = a.bytes(i + 1);
    if name.is_empty() {
        return Err(a.bad(i, "'domain' expects <domain> as argument.").tight());
    }
    if name[0] != b'.' || !name[1..].contains(&b'.') {
        let message = format!(
            "domain '{}' contains no embedded dot, this configuration may not work properly (see RFC6265).",
            a.show(i + 1)
        );
        if !name.contains(&b'.') {
            cx.diags
                .push(Diagnostic::warning(&codes::BAD_ARGUMENT, message).at(a.at(i + 1)).tight());
        }
    }
    if let Some(c) = invalid_char(name) {
        return Err(a
            .bad(
                i + 1,
                format!("character '{}' is not permitted in domain name '{}'.", char::from(c), a.show(i + 1)),
            )
            .tight());
    }
    made.domains.push(Arc::from(name));
    Ok(())
}

fn seconds(a: &Args<'_>, i: usize, what: &str) -> Result<u32, Diagnostic> {
    let text = a.bytes(i + 1);
    let (word, shown) = (a.str(i), a.show(i + 1));
    if text.is_empty() {
        return Err(a.bad(i, format!("'{word}' expects <{what}> in seconds as argument.")).tight());
    }
    let micros = parse_time(text, Unit::S, TIMER_MAX).map_err(|e| {
        let message = match e {
            TimeError::Over => {
                format!("timer overflow in argument <{shown}> to <{word}>, maximum value is 2147483647 s (~68 years).")
            }
            TimeError::Char(c) => format!("unexpected character '{}' in argument to <{word}>.", char::from(c)),
        };
        a.bad(i + 1, message).tight()
    })?;
    Ok(micros.div_ceil(1_000_000) as u32)
}

fn attribute(a: &Args<'_>, i: usize, made: &mut Cookie) -> Result<(), Diagnostic> {
    let value = a.bytes(i + 1);
    if value.is_empty() {
        return Err(a.bad(i, "'attr' expects <value> as argument.").tight());
    }
    if let Some(c) = value.iter().find(|b| b.is_ascii_control() || **b == b';') {
        return Err(a
            .bad(i + 1, format!("character '%x{c:02X}' is not permitted in attribute value."))
            .tight());
    }
    made.attrs.push(Arc::from(value));
    Ok(())
}

fn check_modes(a: &Args<'_>, modes: &[CookieMode], made: &Cookie) -> Result<CookieMode, Diagnostic> {
    if modes.contains(&CookieMode::Rewrite) && made.indirect {
        return Err(a.bad(0, "cookie 'rewrite' and 'indirect' modes are incompatible."));
    }
    if modes.len() > 1 {
        return Err(a.bad(0, "cookie 'rewrite', 'insert' and 'prefix' modes are incompatible."));
    }
    if made.preserve && !(modes.contains(&CookieMode::Insert) || made.indirect) {
        return Err(a.bad(0, "cookie 'preserve' requires at least 'insert' or 'indirect'."));
    }
    Ok(modes.first().copied().unwrap_or(CookieMode::Passive))
}

fn inherit(to: &mut Draft, from: &Draft) {
    if to.is_back() {
        to.proxy.cookie.clone_from(&from.proxy.cookie);
        to.proxy.dynamic_cookie_key.clone_from(&from.proxy.dynamic_cookie_key);
        if let Some(span) = from.asked.get("cookie") {
            to.asked.insert("cookie", *span);
        }
    }
}
