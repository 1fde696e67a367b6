//! Reading a CONNECT or a CONNACK packet and checking it.

use super::super::fix::Verdict;

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Connect,
    Connack,
}

/// A property of version 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Property<'p> {
    Number(u32),
    Text(&'p [u8]),
}

/// How a property is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// One byte, 0 or 1.
    Flag,
    U16,
    U16NotZero,
    U32,
    U32NotZero,
    Text,
    TextNotEmpty,
}

/// Two texts; there may be several and none can be asked for.
const USER_PROPERTY: u8 = 38;

const CONNECT: &[(u8, Shape)] = &[
    (17, Shape::U32),
    (33, Shape::U16NotZero),
    (39, Shape::U32NotZero),
    (34, Shape::U16),
    (25, Shape::Flag),
    (23, Shape::Flag),
    (21, Shape::Text),
    (22, Shape::Text),
];
const WILL: &[(u8, Shape)] = &[
    (24, Shape::U32),
    (1, Shape::Flag),
    (2, Shape::U32),
    (3, Shape::Text),
    (8, Shape::Text),
    (9, Shape::Text),
];
const CONNACK: &[(u8, Shape)] = &[
    (17, Shape::U32),
    (33, Shape::U16NotZero),
    (36, Shape::Flag),
    (37, Shape::Flag),
    (39, Shape::U32NotZero),
    (18, Shape::TextNotEmpty),
    (34, Shape::U16),
    (31, Shape::Text),
    (40, Shape::Flag),
    (41, Shape::Flag),
    (42, Shape::Flag),
    (19, Shape::U16),
    (26, Shape::Text),
    (28, Shape::Text),
    (21, Shape::Text),
    (22, Shape::Text),
];

const VERSION_5: u8 = 5;
const WILL_FLAG: u8 = 0x04;
const PASSWORD_FLAG: u8 = 0x40;
const USERNAME_FLAG: u8 = 0x80;

/// The fields of a packet; those that its kind does not have are empty or zero.
#[derive(Debug)]
pub(super) struct Packet<'p> {
    pub(super) kind: Kind,
    pub(super) flags: u8,
    pub(super) version: u8,
    pub(super) reason: u8,
    pub(super) keepalive: u16,
    pub(super) protocol: &'p [u8],
    pub(super) client: &'p [u8],
    pub(super) will_topic: &'p [u8],
    pub(super) will_payload: &'p [u8],
    pub(super) username: &'p [u8],
    pub(super) password: &'p [u8],
    properties: Vec<(u8, Property<'p>)>,
}

impl<'p> Packet<'p> {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            flags: 0,
            version: 0,
            reason: 0,
            keepalive: 0,
            protocol: &[],
            client: &[],
            will_topic: &[],
            will_payload: &[],
            username: &[],
            password: &[],
            properties: Vec::new(),
        }
    }

    /// A property that packets of this kind and version may have; absent numbers are 0.
    pub(super) fn property(&self, id: u8) -> Option<Property<'p>> {
        if self.version != VERSION_5 {
            return None;
        }
        let known = |shapes: &[(u8, Shape)]| shapes.iter().find(|(other, _)| *other == id).map(|(_, shape)| *shape);
        let shape = match self.kind {
            Kind::Connack => known(CONNACK),
            Kind::Connect => known(CONNECT).or_else(|| known(WILL).filter(|_| self.flags & WILL_FLAG != 0)),
        }?;
        let found = self.properties.iter().find(|(other, _)| *other == id).map(|(_, p)| *p);
        Some(found.unwrap_or(match shape {
            Shape::Text | Shape::TextNotEmpty => Property::Text(&[]),
            _ => Property::Number(0),
        }))
    }
}

struct Reader<'p> {
    rest: &'p [u8],
}

impl<'p> Reader<'p> {
    fn take(&mut self, n: usize) -> Option<&'p [u8]> {
        let (taken, rest) = self.rest.split_at_checked(n)?;
        self.rest = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    fn text(&mut self) -> Option<&'p [u8]> {
        let len = self.u16()?;
        self.take(usize::from(len))
    }

    /// A length of up to four bytes, the lowest seven bits first.
    fn length(&mut self) -> Option<usize> {
        let mut n = 0;
        for shift in [0, 7, 14, 21] {
            let b = self.u8()?;
            n |= usize::from(b & 0x7f) << shift;
            if b & 0x80 == 0 {
                return Some(n);
            }
        }
        None
    }

    fn properties(&mut self, shapes: &[(u8, Shape)], into: &mut Vec<(u8, Property<'p>)>) -> Option<()> {
        let len = self.length()?;
        let mut r = Reader { rest: self.take(len)? };
        while let Some(id) = r.u8() {
            if id == USER_PROPERTY {
                r.text()?;
                r.text()?;
                continue;
            }
            let (_, shape) = shapes.iter().find(|(other, _)| *other == id)?;
            let value = r.property(*shape)?;
            // Each may be given once.
            if into.iter().any(|(other, _)| *other == id) {
                return None;
            }
            into.push((id, value));
        }
        Some(())
    }

    fn property(&mut self, shape: Shape) -> Option<Property<'p>> {
        Some(match shape {
            Shape::Flag => Property::Number(u32::from(self.u8().filter(|&n| n <= 1)?)),
            Shape::U16 => Property::Number(u32::from(self.u16()?)),
            Shape::U16NotZero => Property::Number(u32::from(self.u16().filter(|&n| n > 0)?)),
            Shape::U32 => Property::Number(self.u32()?),
            Shape::U32NotZero => Property::Number(self.u32().filter(|&n| n > 0)?),
            Shape::Text => Property::Text(self.text()?),
            Shape::TextNotEmpty => Property::Text(self.text().filter(|t| !t.is_empty())?),
        })
    }
}

/// The packet at the beginning of some bytes; what follows it is not looked at.
pub(super) fn read(bytes: &[u8]) -> Result<Packet<'_>, Verdict> {
    let mut r = Reader { rest: bytes };
    let first = r.u8().filter(|_| bytes.len() >= 2).ok_or(Verdict::Short)?;
    // The flags of every type but PUBLISH are set by the protocol.
    let well_begun = match (first >> 4, first & 15) {
        (0, _) => false,
        (3, _) => true,
        (6 | 8 | 10, flags) => flags == 2,
        (_, flags) => flags == 0,
    };
    if !well_begun {
        return Err(Verdict::Bad);
    }
    let len = r.length().ok_or(Verdict::Bad)?;
    let mut body = Reader {
        rest: r.take(len).ok_or(Verdict::Short)?,
    };
    let packet = match first >> 4 {
        1 => connect(&mut body),
        2 => connack(&mut body),
        _ => None,
    };
    packet.filter(|_| body.rest.is_empty()).ok_or(Verdict::Bad)
}

fn connect<'p>(r: &mut Reader<'p>) -> Option<Packet<'p>> {
    let mut p = Packet::new(Kind::Connect);
    p.protocol = r
        .text()
        .filter(|name| name.eq_ignore_ascii_case(b"MQTT") || name.eq_ignore_ascii_case(b"MQIsdp"))?;
    p.version = r.u8().filter(|v| (3..=VERSION_5).contains(v))?;
    // The lowest bit is reserved; a quality of service needs a will.
    p.flags = r.u8().filter(|flags| flags & 1 == 0 && flags & 0x3c != 0x18)?;
    p.keepalive = r.u16()?;
    if p.version == VERSION_5 {
        r.properties(CONNECT, &mut p.properties)?;
        let has = |id| p.properties.iter().any(|(other, v)| *other == id && *v != Property::Text(&[]));
        if has(22) && !has(21) {
            return None;
        }
    }
    p.client = r.text()?;
    if p.flags & WILL_FLAG != 0 {
        if p.version == VERSION_5 {
            r.properties(WILL, &mut p.properties)?;
        }
        p.will_topic = r.text()?;
        p.will_payload = r.text()?;
    }
    if p.flags & USERNAME_FLAG != 0 {
        p.username = r.text()?;
    }
    if p.flags & PASSWORD_FLAG != 0 {
        p.password = r.text()?;
    }
    Some(p)
}

fn connack<'p>(r: &mut Reader<'p>) -> Option<Packet<'p>> {
    let mut p = Packet::new(Kind::Connack);
    // Only version 5 has more than these two bytes.
    p.version = if r.rest.len() == 2 { 4 } else { VERSION_5 };
    p.flags = r.u8().filter(|flags| flags & 0xfe == 0)?;
    p.reason = r.u8()?;
    if p.version == VERSION_5 {
        r.properties(CONNACK, &mut p.properties)?;
    }
    Some(p)
}
