//! Maps: the value (or the key) of the entry that the input matches.
//!
//! There is one converter per matching method and output. The file is read once, when the converter is compiled; entries
//! come and go at run time without the converter noticing.

use std::sync::Arc;

use hapax_value::{Type, Value, parse_int};

use super::arg;
use crate::pattern::{ListUse, MapHit, MatchMethod, PatternFlags, PatternSet, ValueKind};
use crate::regexp::Template;
use crate::{Absent, Arg, ArgKind, Compile, Converter, Env, Sampled};

/// What a map gives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Output {
    Str,
    Int,
    Ip,
    Key,
    /// The value, in which `\1` stands for the first group.
    Groups,
}

/// A map as a converter holds it.
struct Map {
    set: PatternSet,
    output: Output,
    default: Option<Value<'static>>,
}

const STR: &[ArgKind] = &[ArgKind::Str, ArgKind::Str];
const INT: &[ArgKind] = &[ArgKind::Str, ArgKind::Sint];
const KEY: &[ArgKind] = &[ArgKind::Str];

macro_rules! map {
    ($name:literal, $method:ident, $output:ident, $doc:expr) => {
        Converter::new(
            $name,
            match MatchMethod::$method {
                MatchMethod::Int => Type::Sint,
                MatchMethod::Ip => Type::Addr,
                _ => Type::Str,
            },
            match Output::$output {
                Output::Str | Output::Key | Output::Groups => Type::Str,
                Output::Int => Type::Sint,
                Output::Ip => Type::Addr,
            },
            $doc,
            find,
        )
        .args(
            match Output::$output {
                Output::Str | Output::Groups | Output::Ip => STR,
                Output::Int => INT,
                Output::Key => KEY,
            },
            1,
        )
        .check(|args, cx| load(args, cx, MatchMethod::$method, Output::$output))
        .cases(
            &[concat!("str(1),", $name, "(virt@m)")],
            &[
                concat!("str(1),", $name, "(/none)"),
                concat!("str(1),", $name, "()"),
                concat!("str(1),", $name, "(virt@m,1,2)"),
            ],
        )
    };
}

/// The four outputs of one method.
macro_rules! maps {
    ($( $method:ident, $plain:literal $int:literal $ip:literal $key:literal, $what:literal; )*) => {
        pub(super) static ROWS: &[Converter] = &[
            map!("map", Str, Str, "The value of the entry equal to the input, or the default."),
            map!(
                "map_regm",
                Reg,
                Groups,
                "The value of the entry whose regular expression matches, with the groups it refers to put in, or the default."
            ),
            $(
                map!($plain, $method, Str, concat!("The value of the entry ", $what, ", or the default.")),
                map!($int, $method, Int, concat!("The integer value of the entry ", $what, ", or the default.")),
                map!($ip, $method, Ip, concat!("The address that is the value of the entry ", $what, ", or the default.")),
                map!($key, $method, Key, concat!("The key of the entry ", $what, ".")),
            )*
        ];
    };
}

maps! {
    Beg, "map_beg" "map_beg_int" "map_beg_ip" "map_beg_key", "that is the longest beginning of the input";
    Dir, "map_dir" "map_dir_int" "map_dir_ip" "map_dir_key", "found between slashes in the input";
    Dom, "map_dom" "map_dom_int" "map_dom_ip" "map_dom_key", "found between dots in the input";
    End, "map_end" "map_end_int" "map_end_ip" "map_end_key", "that the input ends with";
    Int, "map_int" "map_int_int" "map_int_ip" "map_int_key", "whose range has the input";
    Ip, "map_ip" "map_ip_int" "map_ip_ip" "map_ip_key", "that is the smallest network around the input";
    Reg, "map_reg" "map_reg_int" "map_reg_ip" "map_reg_key", "whose regular expression matches the input";
    Str, "map_str" "map_str_int" "map_str_ip" "map_str_key", "equal to the input";
    Sub, "map_sub" "map_sub_int" "map_sub_ip" "map_sub_key", "found anywhere in the input";
}

fn address(text: &[u8]) -> Option<Value<'static>> {
    let text = std::str::from_utf8(text).ok()?;
    text.parse().map(Value::V4).or_else(|_| text.parse().map(Value::V6)).ok()
}

fn load(args: &mut Vec<Arg>, cx: &mut Compile<'_>, method: MatchMethod, output: Output) -> Result<(), String> {
    let name = arg::word(args, 0)
        .filter(|name| !name.is_empty())
        .ok_or("failed to open pattern file <>")?
        .to_owned();
    let default = match (args.get(1), output) {
        (Some(Arg::Int(n)), _) => Some(Value::Int(*n)),
        (Some(Arg::Str(text)), Output::Ip) => {
            let bad = || format!("unable to parse default value '{}' as an address", String::from_utf8_lossy(text));
            Some(address(text).ok_or_else(bad)?)
        }
        (Some(Arg::Str(text)), _) => Some(Value::Str(text.to_vec().into())),
        _ => None,
    };
    let kind = match output {
        Output::Int => ValueKind::Int,
        Output::Ip => ValueKind::Ip,
        Output::Str | Output::Key | Output::Groups => ValueKind::Any,
    };
    let set = PatternSet::new(method);
    let mut set = if output == Output::Groups { set.with_groups() } else { set };
    let list = cx.refs.file(&name, true, cx.files)?;
    list.add_use(ListUse {
        map: true,
        keyword: None,
        at: cx.refs.at,
    });
    set.add_list(&list, PatternFlags::default(), kind, cx.files)?;
    args.truncate(0);
    args.push(Arg::Custom(Arc::new(Map { set, output, default })));
    Ok(())
}

fn find<'e>(args: &'e [Arg], value: Value<'e>, _: &'e Env<'e>) -> Sampled<'e> {
    let map = arg::custom::<Map>(args, 0).ok_or(Absent::Never)?;
    let found = map.set.find(&value, |hit| given(&hit, map.output, &value)).flatten();
    found.or_else(|| map.default.clone()).ok_or(Absent::Never)
}

/// What the entry found gives; it is copied, because entries may go at any time.
fn given(hit: &MapHit<'_>, output: Output, input: &Value<'_>) -> Option<Value<'static>> {
    let text = hit.value.unwrap_or_default();
    match output {
        Output::Str => Some(Value::Str(text.to_vec().into())),
        Output::Key => Some(Value::Str(hit.key.to_vec().into())),
        Output::Int => parse_int(text).map(Value::Int),
        Output::Ip => address(text),
        Output::Groups => {
            let subject = input.bytes()?;
            let regexp = hit.regexp()?;
            let groups = regexp.groups_at(subject, 0)?;
            let mut out = Vec::with_capacity(text.len() + 32);
            Template::new(text).ok()?.write(subject, &groups, &mut out);
            Some(Value::Str(out.into()))
        }
    }
}
