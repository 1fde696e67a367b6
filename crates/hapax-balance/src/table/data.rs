//! What a table keeps for each key: the kinds of data, and where each stands among an entry's words.

/// A kind of data; the numbers are those of the peers protocol, and the order in which tools print them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum DataType {
    ServerId = 0,
    Gpt0 = 1,
    Gpc0 = 2,
    Gpc0Rate = 3,
    ConnCnt = 4,
    ConnRate = 5,
    ConnCur = 6,
    SessCnt = 7,
    SessRate = 8,
    HttpReqCnt = 9,
    HttpReqRate = 10,
    HttpErrCnt = 11,
    HttpErrRate = 12,
    BytesInCnt = 13,
    BytesInRate = 14,
    BytesOutCnt = 15,
    BytesOutRate = 16,
    Gpc1 = 17,
    Gpc1Rate = 18,
    ServerKey = 19,
    HttpFailCnt = 20,
    HttpFailRate = 21,
    Gpt = 22,
    Gpc = 23,
    GpcRate = 24,
    GlitchCnt = 25,
    GlitchRate = 26,
}

/// How a kind of data is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An unsigned number of 32 bits.
    Word,
    /// An unsigned number of 64 bits.
    Long,
    /// Events over a period.
    Rate,
    /// A text of the table's dictionary; 0: none.
    Text,
}

impl Shape {
    /// 32-bit words of one element.
    fn words(self) -> usize {
        match self {
            Self::Word | Self::Text => 1,
            Self::Long => 2,
            Self::Rate => 3,
        }
    }
}

use DataType as D;

impl DataType {
    /// In the order of their numbers.
    pub const ALL: [Self; 27] = [
        D::ServerId,
        D::Gpt0,
        D::Gpc0,
        D::Gpc0Rate,
        D::ConnCnt,
        D::ConnRate,
        D::ConnCur,
        D::SessCnt,
        D::SessRate,
        D::HttpReqCnt,
        D::HttpReqRate,
        D::HttpErrCnt,
        D::HttpErrRate,
        D::BytesInCnt,
        D::BytesInRate,
        D::BytesOutCnt,
        D::BytesOutRate,
        D::Gpc1,
        D::Gpc1Rate,
        D::ServerKey,
        D::HttpFailCnt,
        D::HttpFailRate,
        D::Gpt,
        D::Gpc,
        D::GpcRate,
        D::GlitchCnt,
        D::GlitchRate,
    ];

    pub fn name(self) -> &'static str {
        match self {
            D::ServerId => "server_id",
            D::Gpt0 => "gpt0",
            D::Gpc0 => "gpc0",
            D::Gpc0Rate => "gpc0_rate",
            D::ConnCnt => "conn_cnt",
            D::ConnRate => "conn_rate",
            D::ConnCur => "conn_cur",
            D::SessCnt => "sess_cnt",
            D::SessRate => "sess_rate",
            D::HttpReqCnt => "http_req_cnt",
            D::HttpReqRate => "http_req_rate",
            D::HttpErrCnt => "http_err_cnt",
            D::HttpErrRate => "http_err_rate",
            D::BytesInCnt => "bytes_in_cnt",
            D::BytesInRate => "bytes_in_rate",
            D::BytesOutCnt => "bytes_out_cnt",
            D::BytesOutRate => "bytes_out_rate",
            D::Gpc1 => "gpc1",
            D::Gpc1Rate => "gpc1_rate",
            D::ServerKey => "server_key",
            D::HttpFailCnt => "http_fail_cnt",
            D::HttpFailRate => "http_fail_rate",
            D::Gpt => "gpt",
            D::Gpc => "gpc",
            D::GpcRate => "gpc_rate",
            D::GlitchCnt => "glitch_cnt",
            D::GlitchRate => "glitch_rate",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.name() == name)
    }

    pub fn shape(self) -> Shape {
        match self {
            D::BytesInCnt | D::BytesOutCnt => Shape::Long,
            D::ServerKey => Shape::Text,
            D::Gpc0Rate
            | D::ConnRate
            | D::SessRate
            | D::HttpReqRate
            | D::HttpErrRate
            | D::BytesInRate
            | D::BytesOutRate
            | D::Gpc1Rate
            | D::HttpFailRate
            | D::GpcRate
            | D::GlitchRate => Shape::Rate,
            _ => Shape::Word,
        }
    }

    pub fn is_array(self) -> bool {
        matches!(self, D::Gpt | D::Gpc | D::GpcRate)
    }
}

/// One column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub data: DataType,
    /// Of an array; 1 for all others.
    pub elements: u8,
    /// Of a rate, milliseconds; 0 for all others.
    pub period: u32,
}

const NOWHERE: u16 = u16::MAX;

/// Where each kind stands in an entry's data.
#[derive(Clone, Debug)]
pub struct Layout {
    columns: Vec<Column>,
    /// By number of the kind: the first word, elements, period.
    at: [u16; 27],
    elements: [u8; 27],
    period: [u32; 27],
    words: usize,
}

impl Layout {
    /// Columns in any order, no kind twice.
    pub fn new(columns: &[Column]) -> Self {
        let mut sorted = columns.to_vec();
        sorted.sort_by_key(|c| c.data);
        sorted.dedup_by_key(|c| c.data);
        let mut out = Self {
            columns: Vec::new(),
            at: [NOWHERE; 27],
            elements: [0; 27],
            period: [0; 27],
            words: 0,
        };
        for c in &sorted {
            let i = c.data as usize;
            out.at[i] = out.words as u16;
            out.elements[i] = c.elements.max(1);
            out.period[i] = c.period.max(1);
            out.words += c.data.shape().words() * usize::from(c.elements.max(1));
        }
        out.columns = sorted;
        out
    }

    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    pub fn words(&self) -> usize {
        self.words
    }

    pub fn has(&self, data: DataType) -> bool {
        self.at[data as usize] != NOWHERE
    }

    pub fn period(&self, data: DataType) -> u32 {
        self.period[data as usize]
    }

    /// The first word of an element; `None`: not kept.
    pub(super) fn find(&self, data: DataType, element: usize) -> Option<usize> {
        let i = data as usize;
        if self.at[i] == NOWHERE || element >= usize::from(self.elements[i]) {
            return None;
        }
        Some(usize::from(self.at[i]) + element * data.shape().words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names() {
        for (i, d) in DataType::ALL.into_iter().enumerate() {
            assert_eq!(d as usize, i, "{}", d.name());
            assert_eq!(DataType::named(d.name()), Some(d));
        }
        assert_eq!(DataType::named("gpt9"), None);
    }

    #[test]
    fn layouts() {
        let column = |data, elements, period| Column { data, elements, period };
        let l = Layout::new(&[
            column(D::GpcRate, 2, 500),
            column(D::ConnCnt, 1, 0),
            column(D::BytesInCnt, 1, 0),
            column(D::ConnCnt, 1, 0),
        ]);
        assert_eq!(l.words(), 1 + 2 + 6);
        let cases = [
            (D::ConnCnt, 0, Some(0)),
            (D::ConnCnt, 1, None),
            (D::BytesInCnt, 0, Some(1)),
            (D::GpcRate, 1, Some(6)),
            (D::GpcRate, 2, None),
            (D::Gpt, 0, None),
        ];
        for (d, i, want) in cases {
            assert_eq!(l.find(d, i), want, "{}[{i}]", d.name());
        }
        assert_eq!(l.period(D::GpcRate), 500);
    }
}
