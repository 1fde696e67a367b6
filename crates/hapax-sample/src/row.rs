//! What a fetch and a converter are: one row beside the function that does the work.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use bitflags::bitflags;
use hapax_value::{Support, Type, Value};

use crate::{Compile, Env, NameRef};

bitflags! {
    /// Where a fetch's facts exist: one bit per column of HAProxy's own fetch matrix, in its order.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Needs: u32 {
        const FE_CONN   = 1 << 0;
        const FE_SESS   = 1 << 1;
        const FE_CONTENT= 1 << 2;
        const FE_HRQ_H  = 1 << 3;
        const FE_HRQ_B  = 1 << 4;
        const FE_SWITCH = 1 << 5;
        const BE_CONTENT= 1 << 6;
        const BE_HRQ_H  = 1 << 7;
        const BE_HRQ_B  = 1 << 8;
        const BE_SRV    = 1 << 9;
        const SRV_SRC   = 1 << 10;
        const BE_RES    = 1 << 11;
        const BE_HRS_H  = 1 << 12;
        const BE_HRS_B  = 1 << 13;
        const BE_STORE  = 1 << 14;
        const FE_RES    = 1 << 15;
        const FE_HRS_H  = 1 << 16;
        const FE_HRS_B  = 1 << 17;
        const LOG       = 1 << 18;
        const BE_CHECK  = 1 << 19;
        const CFG       = 1 << 20;
        const CLI       = 1 << 21;
        const ALL       = (1 << 22) - 1;
    }
}

/// Why a sample has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// There is none and there will be none for this message.
    Never,
    /// More bytes are needed before it is known (HAProxy's "may change"): a content rule waits.
    NotYet,
}

/// What an evaluation gives.
pub type Sampled<'e> = Result<Value<'e>, Absent>;

/// The kinds of argument a row declares; the last ones may be optional.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgKind {
    Str,
    Sint,
    Time,
    Size,
    Ipv4,
    Ipv6,
    Mask4,
    Mask6,
    Frontend,
    Backend,
    Table,
    Server,
    Userlist,
    Regex,
    Var,
    /// Field numbers of a Protocol Buffers message, dotted; compiled like [`Self::Str`], parsed by the row's check.
    PbField,
    /// One of these words; becomes its index as [`Arg::Int`].
    Choice(&'static [&'static str]),
}

/// A compiled argument.
#[derive(Clone, Debug)]
pub enum Arg {
    /// An optional argument that was left out or is empty.
    None,
    Str(Arc<[u8]>),
    Int(i64),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
    /// A frontend, backend, table, server or user list, known by its index once the whole file is read.
    Name(Arc<NameRef>),
    Regex(Arc<crate::regexp::Regexp>),
    Var(crate::vars::VarId),
    /// What a row's own `check` function made of its words.
    Custom(Arc<dyn std::any::Any + Send + Sync>),
}

/// Position inside a sample that has several values (`hdr`, `cook`, `urlp`): an ACL tries them one by one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Iter {
    /// Which occurrence is asked for, from 0; the fetch may keep any cursor here.
    pub at: usize,
    /// Set by the fetch when another call may give another value.
    pub more: bool,
}

/// One evaluation of a fetch.
pub struct Call<'c, 'e> {
    pub args: &'e [Arg],
    pub env: &'e Env<'e>,
    pub iter: &'c mut Iter,
    /// The keyword as written (rows may serve families such as `sc0_*`).
    pub name: &'static str,
}

/// A sample fetch (manual, 7.3.2 to 7.3.7).
#[derive(Clone, Copy)]
pub struct Fetch {
    pub name: &'static str,
    pub args: &'static [ArgKind],
    /// How many of `args` must be given.
    pub required: usize,
    pub out: Type,
    pub needs: Needs,
    /// One or two sentences of our own; the reference page is made of them.
    pub doc: &'static str,
    pub ok: &'static [&'static str],
    pub bad: &'static [&'static str],
    pub support: Support,
    /// Looks at the typed arguments once at load and may replace them.
    pub check: Option<fn(&mut Vec<Arg>) -> Result<(), String>>,
    pub eval: for<'e> fn(&mut Call<'_, 'e>) -> Sampled<'e>,
}

/// A converter (manual, 7.3.1).
#[derive(Clone, Copy)]
pub struct Converter {
    pub name: &'static str,
    pub args: &'static [ArgKind],
    pub required: usize,
    pub from: Type,
    pub to: Type,
    pub doc: &'static str,
    pub ok: &'static [&'static str],
    pub bad: &'static [&'static str],
    pub support: Support,
    /// Looks at the typed arguments once at load and may replace them: reads maps, names variables, compiles.
    pub check: Option<fn(&mut Vec<Arg>, &mut Compile<'_>) -> Result<(), String>>,
    pub eval: for<'e> fn(&'e [Arg], Value<'e>, &'e Env<'e>) -> Sampled<'e>,
}
