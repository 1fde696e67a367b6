//! Texts: case, trimming, joining, comparing, hosts and languages.

use std::borrow::Cow;

use hapax_value::{Type, Value};

use super::arg::{self, bytes, part};
use crate::{Absent, Arg, ArgKind, Compile, Converter, Env, Sampled};

pub(super) static ROWS: &[Converter] = &[
    Converter::new("lower", Type::Str, Type::Str, "ASCII letters in lower case.", |_, v, _| {
        change_case(v, u8::is_ascii_uppercase, <[u8]>::make_ascii_lowercase)
    })
    .cases(&["str(a),lower"], &["str(a),lower(b)"]),
    Converter::new("upper", Type::Str, Type::Str, "ASCII letters in upper case.", |_, v, _| {
        change_case(v, u8::is_ascii_lowercase, <[u8]>::make_ascii_uppercase)
    })
    .cases(&["str(a),upper"], &["str(a),upper(b)"]),
    Converter::new("length", Type::Str, Type::Sint, "The number of bytes.", |_, v, _| {
        Ok(Value::Int(bytes(v)?.len() as i64))
    })
    .cases(&["str(a),length"], &["str(a),length(b)"]),
    Converter::new(
        "concat",
        Type::Str,
        Type::Str,
        "Appends a text, then the value of a variable, then another text; each may be left out.",
        concat,
    )
    .args(&[ArgKind::Str, ArgKind::Str, ArgKind::Str], 1)
    .check(|args, cx| arg::var(args, 1, cx))
    .cases(
        &["str(a),concat(b)", "str(a),concat", "str(a),concat(,txn.x,c)"],
        &["str(a),concat(b,nowhere.x)", "str(a),concat(b,txn.x,c,d)"],
    ),
    Converter::new(
        "add_item",
        Type::Str,
        Type::Str,
        "Appends the value of a variable and a text, after a delimiter when there is something on both of its sides.",
        add_item,
    )
    .args(&[ArgKind::Str, ArgKind::Str, ArgKind::Str], 2)
    .check(check_add_item)
    .cases(
        &["str(a),add_item(-,txn.x)", "str(a),add_item(-,,b)", "str(a),add_item(-,txn.x,b)"],
        &["str(a),add_item(-)", "str(a),add_item(-,,)", "str(a),add_item(-,nowhere.x)"],
    ),
    Converter::new(
        "ltrim",
        Type::Str,
        Type::Str,
        "Without the characters given at its beginning.",
        |a, v, _| {
            let (text, chars) = (bytes(v)?, arg::text(a, 0).unwrap_or_default());
            let start = text.iter().position(|b| !chars.contains(b)).unwrap_or(text.len());
            let end = text.len();
            Ok(Value::Str(part(text, start..end)))
        },
    )
    .args(&[ArgKind::Str], 1)
    .cases(&["str(a),ltrim(b)"], &["str(a),ltrim(b,c)"]),
    Converter::new(
        "rtrim",
        Type::Str,
        Type::Str,
        "Without the characters given at its end.",
        |a, v, _| {
            let (text, chars) = (bytes(v)?, arg::text(a, 0).unwrap_or_default());
            let end = text.iter().rposition(|b| !chars.contains(b)).map_or(0, |last| last + 1);
            Ok(Value::Str(part(text, 0..end)))
        },
    )
    .args(&[ArgKind::Str], 1)
    .cases(&["str(a),rtrim(b)"], &["str(a),rtrim(b,c)"]),
    Converter::new(
        "cut_crlf",
        Type::Str,
        Type::Str,
        "Up to the first carriage return or line feed.",
        |_, v, _| {
            let text = bytes(v)?;
            let end = memchr::memchr2(b'\r', b'\n', &text).unwrap_or(text.len());
            Ok(Value::Str(part(text, 0..end)))
        },
    )
    .cases(&["str(a),cut_crlf"], &["str(a),cut_crlf(b)"]),
    Converter::new("reverse", Type::Str, Type::Str, "The bytes from last to first.", |_, v, _| {
        let mut text = bytes(v)?.into_owned();
        text.reverse();
        Ok(Value::Str(text.into()))
    })
    .cases(&["str(a),reverse"], &["str(a),reverse(b)"]),
    Converter::new(
        "reverse_dom",
        Type::Str,
        Type::Str,
        "The labels of a host name from last to first; one final dot is ignored. A name with an empty label has no result.",
        reverse_dom,
    )
    .cases(&["str(a.b),reverse_dom"], &["str(a),reverse_dom(b)"]),
    Converter::new(
        "iif",
        Type::Bool,
        Type::Str,
        "The first text when the input is true, else the second.",
        |a, v, _| {
            let chosen = usize::from(v != Value::Bool(true));
            Ok(Value::Str(Cow::Borrowed(arg::text(a, chosen).unwrap_or_default())))
        },
    )
    .args(&[ArgKind::Str, ArgKind::Str], 2)
    .cases(&["bool(true),iif(a,b)", "bool(true),iif(,b)"], &["bool(true),iif(a)"]),
    Converter::new(
        "strcmp",
        Type::Str,
        Type::Sint,
        "Compares with a variable: 0 when equal, negative when the input comes first or is shorter, else positive; the first bytes \
         that differ give the distance.",
        strcmp,
    )
    .args(&[ArgKind::Str], 1)
    .check(|args, cx| arg::var(args, 0, cx))
    .cases(&["str(a),strcmp(txn.x)"], &["str(a),strcmp(x)", "str(a),strcmp"]),
    Converter::new(
        "host_only",
        Type::Str,
        Type::Str,
        "The host of a Host header, without its port and in lower case.",
        |_, v, _| {
            let text = bytes(v)?;
            let end = port_colon(&text).unwrap_or(text.len());
            Ok(Value::Str(part(text, 0..end).to_ascii_lowercase().into()))
        },
    )
    .cases(&["str(a:80),host_only"], &["str(a),host_only(b)"]),
    Converter::new(
        "port_only",
        Type::Str,
        Type::Sint,
        "The port of a Host header, 0 without one.",
        |_, v, _| {
            let text = bytes(v)?;
            let digits = port_colon(&text).and_then(|at| text.get(at + 1..)).unwrap_or_default();
            // Anything but digits counts by its distance from '0', as it always has.
            let port = digits.iter().fold(0u32, |n, &b| {
                n.wrapping_mul(10).wrapping_add(u32::from(b)).wrapping_sub(u32::from(b'0'))
            });
            Ok(Value::Int(i64::from(port)))
        },
    )
    .cases(&["str(a:80),port_only"], &["str(a),port_only(b)"]),
    Converter::new(
        "language",
        Type::Str,
        Type::Str,
        "The language that an Accept-Language header likes best among those given, semicolon-separated; else the default. A \
         language given without a variant stands for all of its variants.",
        language,
    )
    .args(&[ArgKind::Str, ArgKind::Str], 1)
    .cases(
        &["str(fr),language(fr;en)", "str(fr),language(fr;en,en)"],
        &["str(fr),language(a,b,c)"],
    ),
];

fn change_case(value: Value<'_>, wrong: fn(&u8) -> bool, change: fn(&mut [u8])) -> Sampled<'_> {
    let mut text = bytes(value)?;
    if text.iter().any(wrong) {
        change(text.to_mut());
    }
    Ok(Value::Str(text))
}

fn concat<'e>(args: &'e [Arg], value: Value<'e>, env: &'e Env<'e>) -> Sampled<'e> {
    let mut text = bytes(value)?;
    for at in 0..3 {
        if let Some(more) = arg::text_now(args, at, env).filter(|more| !more.is_empty()) {
            text.to_mut().extend_from_slice(&more);
        }
    }
    Ok(Value::Str(cut(text, env)))
}

/// What was appended, as far as a buffer has room, whose last byte stays free.
fn cut<'e>(mut text: Cow<'e, [u8]>, env: &Env<'_>) -> Cow<'e, [u8]> {
    if let Cow::Owned(text) = &mut text {
        text.truncate(env.world.buf_size() - 1);
    }
    text
}

fn check_add_item(args: &mut Vec<Arg>, cx: &mut Compile<'_>) -> Result<(), String> {
    let given = |at| arg::text(args, at).is_some_and(|text| !text.is_empty());
    let named = given(1);
    if !named && !given(2) {
        return Err("one of the optional arguments has to be nonempty".to_owned());
    }
    if named {
        arg::var(args, 1, cx)
    } else {
        arg::put(args, 1, Arg::None);
        Ok(())
    }
}

fn add_item<'e>(args: &'e [Arg], value: Value<'e>, env: &'e Env<'e>) -> Sampled<'e> {
    let mut text = bytes(value)?;
    let var = arg::text_now(args, 1, env);
    let suffix = arg::text(args, 2).unwrap_or_default();
    let delimited = var.is_some() || !suffix.is_empty();
    if !text.is_empty() && delimited {
        text.to_mut().extend_from_slice(arg::text(args, 0).unwrap_or_default());
    }
    for more in [var.as_deref().unwrap_or_default(), suffix] {
        if !more.is_empty() {
            text.to_mut().extend_from_slice(more);
        }
    }
    Ok(Value::Str(cut(text, env)))
}

fn reverse_dom<'e>(_: &'e [Arg], value: Value<'e>, _: &'e Env<'e>) -> Sampled<'e> {
    let text = bytes(value)?;
    let name = text.strip_suffix(b".").unwrap_or(&text);
    let mut out = Vec::with_capacity(name.len());
    for label in name.rsplit(|&b| b == b'.') {
        if label.is_empty() {
            return Err(Absent::Never);
        }
        if !out.is_empty() {
            out.push(b'.');
        }
        out.extend_from_slice(label);
    }
    Ok(Value::Str(out.into()))
}

fn strcmp<'e>(args: &'e [Arg], value: Value<'e>, env: &'e Env<'e>) -> Sampled<'e> {
    let left = bytes(value)?;
    let right = arg::text_now(args, 0, env).ok_or(Absent::Never)?;
    let differs = left.iter().zip(right.iter()).find(|(l, r)| l != r);
    let difference = match differs {
        Some((l, r)) => i64::from(*l) - i64::from(*r),
        None => left.len().cmp(&right.len()) as i64,
    };
    Ok(Value::Int(difference))
}

/// The colon before a port: the last one, unless it is inside brackets.
fn port_colon(host: &[u8]) -> Option<usize> {
    let at = memchr::memrchr2(b':', b']', host)?;
    (host.get(at) == Some(&b':')).then_some(at)
}

/// A quality in thousandths, and what it is written in is not looked at any further.
fn quality(text: &[u8]) -> u32 {
    let [whole @ b'0'..=b'9', rest @ ..] = text else { return 1000 };
    let mut q = u32::from(whole - b'0') * 1000;
    if let [b'.', digits @ ..] = rest {
        for (digit, unit) in digits.iter().take_while(|b| b.is_ascii_digit()).zip([100, 10, 1]) {
            q += u32::from(digit - b'0') * unit;
        }
    }
    q.min(1000)
}

/// The quality that follows a language, 1000 when none is given; `None` when what follows is not understood.
fn quality_after(text: &[u8]) -> Option<u32> {
    let text = text.trim_ascii_start();
    let [b';', parameter @ ..] = text else {
        return text.is_empty().then_some(1000);
    };
    let value = parameter
        .trim_ascii_start()
        .strip_prefix(b"q")
        .and_then(|rest| rest.trim_ascii_start().strip_prefix(b"="));
    Some(value.map_or(1000, |rest| quality(rest.trim_ascii_start())))
}

fn language<'e>(args: &'e [Arg], value: Value<'e>, _: &'e Env<'e>) -> Sampled<'e> {
    let header = bytes(value)?;
    let known = arg::text(args, 0).unwrap_or_default();
    let covers = |tag: &[u8], range: &[u8]| range.strip_prefix(tag).is_some_and(|rest| matches!(rest, [] | [b'-', ..]));
    let mut best: Option<(u32, &'e [u8])> = None;
    for item in header.split(|&b| b == b',') {
        let item = item.trim_ascii_start();
        let end = item
            .iter()
            .position(|b| *b == b';' || b.is_ascii_whitespace())
            .unwrap_or(item.len());
        let (range, rest) = item.split_at(end);
        let Some(tag) = known.split(|&b| b == b';').find(|tag| !range.is_empty() && covers(tag, range)) else {
            continue;
        };
        let Some(q) = quality_after(rest) else { continue };
        if q > best.map_or(0, |(q, _)| q) {
            best = Some((q, tag));
        }
    }
    best.map(|(_, tag)| tag)
        .filter(|tag| !tag.is_empty())
        .or_else(|| arg::text(args, 1))
        .map(|tag| Value::Str(Cow::Borrowed(tag)))
        .ok_or(Absent::Never)
}
