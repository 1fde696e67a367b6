//! What is kept of a TLS hello for the fetches that tell clients apart (manual, 7.3.4: `ssl_fc_cipherlist_*` and their like).

use hapax_proto::tls_hello::{ClientHello, EXT_GROUPS, EXT_POINT_FORMATS, EXT_SIGNATURES, EXT_VERSIONS};
use xxhash_rust::xxh64::xxh64;

/// The lists of a hello, cut where the room for all of them together ends (`tune.ssl.capture-buffer-size`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HelloFacts {
    pub version: u16,
    /// Of all the suites, whatever was kept.
    pub ciphers_hash: u64,
    pub ciphers: Box<[u8]>,
    pub extensions: Box<[u8]>,
    pub groups: Box<[u8]>,
    pub point_formats: Box<[u8]>,
    pub signatures: Box<[u8]>,
    pub versions: Box<[u8]>,
}

impl HelloFacts {
    pub fn keep(hello: &ClientHello<'_>, room: usize) -> Self {
        let mut room = room;
        let ciphers = cut(hello.ciphers, &mut room);
        let mut extensions = Vec::new();
        let (mut groups, mut formats, mut signatures, mut versions) = (None, None, None, None);
        for (kind, _) in hello.extensions() {
            if room < 2 {
                // As in HAProxy, what comes after the last extension that is kept is not looked at.
                break;
            }
            room -= 2;
            extensions.extend(kind.to_be_bytes());
            match kind {
                EXT_GROUPS => groups = hello.list(kind),
                EXT_POINT_FORMATS => formats = hello.short_list(kind),
                EXT_SIGNATURES => signatures = hello.list(kind),
                EXT_VERSIONS => versions = hello.short_list(kind),
                _ => {}
            }
        }
        Self {
            version: u16::from_be_bytes([hello.version.0, hello.version.1]),
            ciphers_hash: xxh64(hello.ciphers, 0),
            ciphers,
            extensions: extensions.into(),
            groups: cut(groups.unwrap_or_default(), &mut room),
            point_formats: cut(formats.unwrap_or_default(), &mut room),
            signatures: cut(signatures.unwrap_or_default(), &mut room),
            versions: cut(versions.unwrap_or_default(), &mut room),
        }
    }
}

fn cut(list: &[u8], room: &mut usize) -> Box<[u8]> {
    let kept = &list[..list.len().min(*room)];
    *room -= kept.len();
    kept.into()
}

/// A list of two-byte numbers without those that clients send only to see whether anyone minds (RFC 8701).
pub fn without_grease(list: &[u8]) -> Vec<u8> {
    let meant = |n: &&[u8]| !(n[0] == n[1] && n[0] & 0x0f == 0x0a);
    list.chunks_exact(2).filter(meant).flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use hapax_proto::tls_hello::{Sniffed, client_hello};

    use super::*;

    fn hello() -> Vec<u8> {
        let ext = [
            &[0x0a, 0x0a, 0, 0][..],
            &[0, 11, 0, 2, 1, 0],
            &[0, 10, 0, 6, 0, 4, 0x1a, 0x1a, 0, 29],
            &[0, 43, 0, 5, 4, 3, 4, 3, 3],
            &[0, 13, 0, 4, 0, 2, 4, 3],
        ]
        .concat();
        let suites = [0x2a, 0x2a, 0x13, 0x01, 0xc0, 0x2f];
        let mut body = vec![3, 3];
        body.extend([9; 32]);
        body.extend([0, 0, 6]);
        body.extend(suites);
        body.extend([1, 0]);
        body.extend((ext.len() as u16).to_be_bytes());
        body.extend(ext);
        let mut out = vec![22, 3, 1];
        out.extend((body.len() as u16 + 4).to_be_bytes());
        out.extend([1, 0]);
        out.extend((body.len() as u16).to_be_bytes());
        out.extend(body);
        out
    }

    fn kept(room: usize) -> HelloFacts {
        let bytes = hello();
        let Sniffed::Found(hello) = client_hello(&bytes) else {
            panic!("no hello");
        };
        HelloFacts::keep(&hello, room)
    }

    #[test]
    fn all_lists_where_there_is_room() {
        let h = kept(1000);
        assert_eq!(h.version, 0x0303);
        assert_eq!(&*h.ciphers, [0x2a, 0x2a, 0x13, 0x01, 0xc0, 0x2f]);
        assert_eq!(&*h.extensions, [0x0a, 0x0a, 0, 11, 0, 10, 0, 43, 0, 13]);
        assert_eq!(&*h.groups, [0x1a, 0x1a, 0, 29]);
        assert_eq!(&*h.point_formats, [0]);
        assert_eq!(&*h.versions, [3, 4, 3, 3]);
        assert_eq!(&*h.signatures, [4, 3]);
        assert_eq!(without_grease(&h.ciphers), [0x13, 0x01, 0xc0, 0x2f]);
        assert_eq!(without_grease(&h.groups), [0, 29]);
    }

    #[test]
    fn the_room_is_one_for_all_lists() {
        let hash = kept(1000).ciphers_hash;
        for room in 0..40 {
            let h = kept(room);
            let lists = [&h.ciphers, &h.extensions, &h.groups, &h.point_formats, &h.signatures, &h.versions];
            let used: usize = lists.iter().map(|l| l.len()).sum();
            assert!(used <= room, "{room}");
            assert_eq!(h.ciphers_hash, hash);
        }
        let h = kept(11);
        assert_eq!(
            (h.ciphers.len(), h.extensions.len(), h.point_formats.len(), h.groups.len()),
            (6, 4, 1, 0)
        );
    }
}
