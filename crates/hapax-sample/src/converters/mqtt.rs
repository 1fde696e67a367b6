//! MQTT 3.1, 3.1.1 and 5.0: the first packet of each side, CONNECT and CONNACK.

mod packet;

use hapax_value::{Type, Value};

use super::arg;
use super::fix::Verdict;
use crate::{Absent, Arg, ArgKind, Compile, Converter, Env, Sampled};
use packet::{Kind, Packet};

pub(super) static ROWS: &[Converter] = &[
    Converter::new(
        "mqtt_is_valid",
        Type::Bin,
        Type::Bool,
        "Whether the input begins with a well-formed CONNECT or CONNACK packet.",
        |_, v, e| match packet::read(&arg::bytes(v)?) {
            Ok(_) => Ok(Value::Bool(true)),
            // A packet that is cut is neither.
            Err(Verdict::Short) if e.no_more => Err(Absent::Never),
            Err(Verdict::Short) => Err(Absent::NotYet),
            Err(_) => Ok(Value::Bool(false)),
        },
    )
    .cases(&["bin(00),mqtt_is_valid"], &["bin(00),mqtt_is_valid(1)"]),
    Converter::new(
        "mqtt_field_value",
        Type::Bin,
        Type::Str,
        "A field of a packet of that type (`connect` or 1, `connack` or 2), by its name or, in version 5, by the number of \
         its property.",
        field_value,
    )
    .args(&[ArgKind::Str, ArgKind::Str], 2)
    .check(check)
    .cases(
        &["bin(00),mqtt_field_value(connect,username)", "bin(00),mqtt_field_value(2,17)"],
        &[
            "bin(00),mqtt_field_value(connect)",
            "bin(00),mqtt_field_value(connect,reason_code)",
            "bin(00),mqtt_field_value(hello,flags)",
        ],
    ),
];

/// Every type of packet by its number; what the first messages cannot be is known by name only.
const TYPES: [&str; 16] = [
    "",
    "CONNECT",
    "CONNACK",
    "PUBLISH",
    "PUBACK",
    "PUBREC",
    "PUBREL",
    "PUBCOMP",
    "SUBSCRIBE",
    "SUBACK",
    "UNSUBSCRIBE",
    "UNSUBACK",
    "PINGREQ",
    "PINGRESP",
    "DISCONNECT",
    "AUTH",
];

/// Names and property numbers of the fields of each type, in the order of [`TYPES`].
const FIELDS: [&[&str]; 16] = [
    &[],
    &[
        "flags",
        "protocol_name",
        "protocol_version",
        "client_identifier",
        "will_topic",
        "will_payload",
        "username",
        "password",
        "keepalive",
        "1",
        "2",
        "3",
        "8",
        "9",
        "17",
        "21",
        "22",
        "23",
        "24",
        "25",
        "33",
        "34",
        "38",
        "39",
    ],
    &[
        "flags",
        "protocol_version",
        "reason_code",
        "17",
        "18",
        "19",
        "21",
        "22",
        "26",
        "28",
        "31",
        "33",
        "34",
        "36",
        "37",
        "38",
        "39",
        "40",
        "41",
        "42",
    ],
    &["1", "2", "3", "8", "9", "11", "35", "38"],
    &["reason_code", "31", "38"],
    &["reason_code", "31", "38"],
    &["reason_code", "31", "38"],
    &["reason_code", "31", "38"],
    &["11", "38"],
    &["31", "38"],
    &["38"],
    &["31", "38"],
    &[],
    &[],
    &["reason_code", "17", "28", "31", "38"],
    &["reason_code", "21", "22", "31", "38"],
];

fn check(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    let (kind, field) = (arg::word(args, 0).unwrap_or_default(), arg::word(args, 1).unwrap_or_default());
    let number = TYPES
        .iter()
        .enumerate()
        .skip(1)
        .find(|(n, name)| name.eq_ignore_ascii_case(kind) || kind.parse() == Ok(*n))
        .map(|(n, _)| n)
        .ok_or_else(|| format!("Unknown MQTT type '{kind}'"))?;
    // 18 is the manual's number for the will's delay, 24 the protocol's.
    let known = FIELDS[number].iter().find(|known| known.eq_ignore_ascii_case(field));
    let known = *known.ok_or_else(|| format!("Unknown MQTT field name '{field}' for packet type '{kind}'"))?;
    arg::put_custom(args, 0, Field { number, name: known });
    Ok(())
}

/// What a converter looks for.
struct Field {
    number: usize,
    name: &'static str,
}

fn field_value<'e>(args: &'e [Arg], value: Value<'e>, env: &'e Env<'e>) -> Sampled<'e> {
    let field = arg::custom::<Field>(args, 0).ok_or(Absent::Never)?;
    let bytes = arg::bytes(value)?;
    let packet = match packet::read(&bytes) {
        Ok(packet) => packet,
        Err(Verdict::Short) if !env.no_more => return Err(Absent::NotYet),
        Err(_) => return Err(Absent::Never),
    };
    let number = match packet.kind {
        Kind::Connect => 1,
        Kind::Connack => 2,
    };
    let text = (number == field.number).then(|| text_of(&packet, field.name)).flatten();
    text.map(|text| Value::Str(text.into())).ok_or(Absent::Never)
}

/// A field as text; empty ones count as missing, numbers that are not there as zero.
fn text_of(packet: &Packet<'_>, name: &str) -> Option<Vec<u8>> {
    let number = |n: u32| Some(n.to_string().into_bytes());
    let text = |bytes: &[u8]| (!bytes.is_empty()).then(|| bytes.to_vec());
    match name {
        "flags" => number(u32::from(packet.flags)),
        "protocol_version" => number(u32::from(packet.version)),
        "reason_code" => number(u32::from(packet.reason)),
        "keepalive" => number(u32::from(packet.keepalive)),
        "protocol_name" => text(packet.protocol),
        "client_identifier" => text(packet.client),
        "will_topic" => text(packet.will_topic),
        "will_payload" => text(packet.will_payload),
        "username" => text(packet.username),
        "password" => text(packet.password),
        property => {
            let found = packet.property(property.parse().ok()?)?;
            match found {
                packet::Property::Number(n) => number(n),
                packet::Property::Text(bytes) => text(bytes),
            }
        }
    }
}
