//! The algorithms at work: bytes in, compressed bytes out, whole after every call.

use flate2::{Compress, Compression, FlushCompress, Status};

/// A compression algorithm (`compression algo`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Identity,
    Gzip,
    /// With zlib's envelope.
    Deflate,
    /// Without one, which is what some clients mean by `deflate`.
    RawDeflate,
}

impl Algorithm {
    /// By the word of the configuration.
    pub fn named(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"identity" => Self::Identity,
            b"gzip" => Self::Gzip,
            b"deflate" => Self::Deflate,
            b"raw-deflate" => Self::RawDeflate,
            _ => return None,
        })
    }

    /// The word of the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::RawDeflate => "raw-deflate",
        }
    }

    /// As HTTP names it.
    pub fn coding(self) -> &'static [u8] {
        match self {
            Self::Identity => b"identity",
            Self::Gzip => b"gzip",
            Self::Deflate | Self::RawDeflate => b"deflate",
        }
    }
}

/// zlib's window: 32 KiB.
const WINDOW: u8 = 15;

/// One body being compressed.
#[derive(Debug)]
pub(super) struct Codec {
    /// `None`: identity.
    stream: Option<Box<Compress>>,
    level: u8,
}

impl Codec {
    pub(super) fn new(algorithm: Algorithm, level: u8) -> Self {
        let of = Compression::new(u32::from(level));
        let stream = match algorithm {
            Algorithm::Identity => None,
            Algorithm::Gzip => Some(Compress::new_gzip(of, WINDOW)),
            Algorithm::Deflate => Some(Compress::new(of, true)),
            Algorithm::RawDeflate => Some(Compress::new(of, false)),
        };
        Self {
            stream: stream.map(Box::new),
            level,
        }
    }

    /// Compresses `data` and flushes: the peer can read all of it. The level follows `limit` by one step for each call.
    pub(super) fn write(&mut self, data: &[u8], limit: u8, out: &mut Vec<u8>) {
        let Some(z) = &mut self.stream else {
            out.extend_from_slice(data);
            return;
        };
        let wanted = match limit.cmp(&self.level) {
            std::cmp::Ordering::Less => self.level - 1,
            std::cmp::Ordering::Equal => self.level,
            std::cmp::Ordering::Greater => self.level + 1,
        };
        // After a flush nothing is held back, so that the level may change.
        if wanted != self.level && z.set_level(Compression::new(u32::from(wanted))).is_ok() {
            self.level = wanted;
        }
        run(z, data, FlushCompress::Sync, out);
    }

    /// Writes what ends the stream.
    pub(super) fn finish(self, out: &mut Vec<u8>) {
        if let Some(mut z) = self.stream {
            run(&mut z, &[], FlushCompress::Finish, out);
        }
    }
}

fn run(z: &mut Compress, data: &[u8], flush: FlushCompress, out: &mut Vec<u8>) {
    let start = z.total_in();
    out.reserve(data.len() / 2 + 64);
    loop {
        let used = (z.total_in() - start) as usize;
        let status = z.compress_vec(&data[used..], out, flush);
        match status {
            Ok(Status::StreamEnd) | Err(_) => return,
            // Output space is left over: all of the input and of the flush is out.
            Ok(_) if out.len() < out.capacity() => return,
            Ok(_) => out.reserve(4096),
        }
    }
}
