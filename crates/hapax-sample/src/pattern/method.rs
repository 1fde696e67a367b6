//! The matching methods of the `-m` flag and which samples each may look at.

use hapax_value::Type;

/// How a sample is compared with patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchMethod {
    /// The sample exists.
    Found,
    /// The sample is true or not zero.
    Bool,
    /// Within a range of integers.
    Int,
    /// Within a network.
    Ip,
    /// Equal to bytes written in hexadecimal.
    Bin,
    /// The number of bytes is within a range.
    Len,
    /// Equal.
    Str,
    /// Begins with.
    Beg,
    /// Contains.
    Sub,
    /// Contains between slashes.
    Dir,
    /// Contains between dots, slashes, colons or question marks.
    Dom,
    /// Ends with.
    End,
    /// Matches a regular expression.
    Reg,
}

impl MatchMethod {
    pub const ALL: [Self; 13] = [
        Self::Found,
        Self::Bool,
        Self::Int,
        Self::Ip,
        Self::Bin,
        Self::Len,
        Self::Str,
        Self::Beg,
        Self::Sub,
        Self::Dir,
        Self::Dom,
        Self::End,
        Self::Reg,
    ];

    /// Patterns of several lists can be put together.
    pub(crate) const fn is_merged(self) -> bool {
        !matches!(self, Self::Found | Self::Bool | Self::Reg)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Ip => "ip",
            Self::Bin => "bin",
            Self::Len => "len",
            Self::Str => "str",
            Self::Beg => "beg",
            Self::Sub => "sub",
            Self::Dir => "dir",
            Self::Dom => "dom",
            Self::End => "end",
            Self::Reg => "reg",
        }
    }

    /// The method of a word after `-m`.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.name() == word)
    }

    /// The method a sample of this type implies when no `-m` is given.
    pub fn default_for(kind: Type) -> Option<Self> {
        match kind {
            Type::Bool => Some(Self::Bool),
            Type::Sint => Some(Self::Int),
            Type::Addr | Type::Ipv4 | Type::Ipv6 => Some(Self::Ip),
            Type::Str | Type::Meth => Some(Self::Str),
            Type::Any | Type::Same | Type::Bin => None,
        }
    }

    /// The type a sample is turned into before it is compared.
    pub fn takes(self) -> Type {
        match self {
            Self::Found | Self::Bool | Self::Int => Type::Sint,
            Self::Ip => Type::Addr,
            Self::Bin => Type::Bin,
            Self::Len | Self::Str | Self::Beg | Self::Sub | Self::Dir | Self::Dom | Self::End | Self::Reg => Type::Str,
        }
    }

    /// The method looks at no pattern: those given are ignored.
    pub fn takes_no_pattern(self) -> bool {
        matches!(self, Self::Found | Self::Bool)
    }

    /// Compares the bytes of a text as they are.
    pub fn compares_text(self) -> bool {
        matches!(
            self,
            Self::Str | Self::Beg | Self::Sub | Self::Dir | Self::Dom | Self::End | Self::Reg
        )
    }

    /// Case may be ignored.
    pub fn has_case(self) -> bool {
        matches!(
            self,
            Self::Str | Self::Beg | Self::Sub | Self::Dir | Self::Dom | Self::End | Self::Reg
        )
    }
}
