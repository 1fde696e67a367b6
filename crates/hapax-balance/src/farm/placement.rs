//! Keys go to the servers they go to in HAProxy: digests of what HAProxy 2.6 answered, key by key, for farms of known weights.

use super::*;
use crate::{HashFunction, UriKey, source_key};

type Fact = (bool, HashFunction, bool, &'static [u32], u64);

/// Consistent, function, avalanche, weights, and the digest over the servers of `key0` to `key499`.
#[rustfmt::skip]
const HEADERS: &[Fact] = &[
    (false, HashFunction::Sdbm, false, &[1, 1, 1, 1, 1], 0xd654_6d49_4c36_00c5),
    (false, HashFunction::Sdbm, false, &[1, 2, 3], 0xa9b4_ef99_df6c_99db),
    (false, HashFunction::Sdbm, false, &[10, 20, 30, 7], 0xafc9_156b_06c5_d920),
    (false, HashFunction::Sdbm, false, &[256, 1, 100], 0x3477_8e13_06b7_83e5),
    (false, HashFunction::Sdbm, true, &[1, 1, 1, 1, 1], 0x0d26_4493_e415_d728),
    (false, HashFunction::Sdbm, true, &[1, 2, 3], 0xd82b_a77e_9e40_e21e),
    (false, HashFunction::Sdbm, true, &[10, 20, 30, 7], 0x1d12_ffd0_dcd7_b96c),
    (false, HashFunction::Sdbm, true, &[256, 1, 100], 0x4b9b_2da7_aa91_a500),
    (false, HashFunction::Djb2, false, &[1, 1, 1, 1, 1], 0x48be_60a0_05e9_1ec5),
    (false, HashFunction::Djb2, false, &[1, 2, 3], 0xa268_0d86_9b8e_b8c6),
    (false, HashFunction::Djb2, false, &[10, 20, 30, 7], 0x4871_c38e_9f23_493f),
    (false, HashFunction::Djb2, false, &[256, 1, 100], 0xc048_76cb_e93d_567f),
    (false, HashFunction::Djb2, true, &[1, 1, 1, 1, 1], 0x95bb_6fcb_0272_b1ee),
    (false, HashFunction::Djb2, true, &[1, 2, 3], 0xaa40_1d73_6eca_c340),
    (false, HashFunction::Djb2, true, &[10, 20, 30, 7], 0xef6a_1daf_1c32_9185),
    (false, HashFunction::Djb2, true, &[256, 1, 100], 0x186b_8907_9f88_a2f2),
    (false, HashFunction::Wt6, false, &[1, 1, 1, 1, 1], 0x8bf2_e89b_4a67_f124),
    (false, HashFunction::Wt6, false, &[1, 2, 3], 0x1a1f_70d8_d800_670c),
    (false, HashFunction::Wt6, false, &[10, 20, 30, 7], 0x0769_e62f_daa7_874a),
    (false, HashFunction::Wt6, false, &[256, 1, 100], 0x0464_9cf3_a5fc_0644),
    (false, HashFunction::Wt6, true, &[1, 1, 1, 1, 1], 0x1cf3_ef2a_0606_fd1e),
    (false, HashFunction::Wt6, true, &[1, 2, 3], 0x674d_0293_135d_f78a),
    (false, HashFunction::Wt6, true, &[10, 20, 30, 7], 0xb218_224b_5530_82b1),
    (false, HashFunction::Wt6, true, &[256, 1, 100], 0x5825_fab3_181d_6c9c),
    (false, HashFunction::Crc32, false, &[1, 1, 1, 1, 1], 0x485b_a741_77b4_8bb7),
    (false, HashFunction::Crc32, false, &[1, 2, 3], 0xf8c1_7ec8_f7aa_b044),
    (false, HashFunction::Crc32, false, &[10, 20, 30, 7], 0x6831_665b_f436_de4a),
    (false, HashFunction::Crc32, false, &[256, 1, 100], 0xadf7_bddd_923f_1077),
    (false, HashFunction::Crc32, true, &[1, 1, 1, 1, 1], 0x8f4f_decd_dbc6_47c6),
    (false, HashFunction::Crc32, true, &[1, 2, 3], 0xf381_48d5_3f2a_08ea),
    (false, HashFunction::Crc32, true, &[10, 20, 30, 7], 0x1d15_3c58_5b93_8f72),
    (false, HashFunction::Crc32, true, &[256, 1, 100], 0xd73e_4591_c60d_567d),
    (true, HashFunction::Sdbm, false, &[1, 1, 1, 1, 1], 0xb203_6a21_2623_a9a7),
    (true, HashFunction::Sdbm, false, &[1, 2, 3], 0x416f_2cd9_c0c2_148d),
    (true, HashFunction::Sdbm, false, &[10, 20, 30, 7], 0x1572_4395_faee_0ba1),
    (true, HashFunction::Sdbm, false, &[256, 1, 100], 0x6d4e_ced4_2f7d_8bad),
    (true, HashFunction::Sdbm, true, &[1, 1, 1, 1, 1], 0x58cb_6d74_036b_b379),
    (true, HashFunction::Sdbm, true, &[1, 2, 3], 0xefeb_c5dd_73d5_6573),
    (true, HashFunction::Sdbm, true, &[10, 20, 30, 7], 0x9851_aff5_70a5_4f58),
    (true, HashFunction::Sdbm, true, &[256, 1, 100], 0x0629_10de_9fa8_1962),
    (true, HashFunction::Djb2, false, &[1, 1, 1, 1, 1], 0xbc90_77fa_4c27_e69d),
    (true, HashFunction::Djb2, false, &[1, 2, 3], 0x74f4_6ad2_34ca_7025),
    (true, HashFunction::Djb2, false, &[10, 20, 30, 7], 0x26e3_d4e1_979c_0d8d),
    (true, HashFunction::Djb2, false, &[256, 1, 100], 0x26e3_d4e1_979c_0d8d),
    (true, HashFunction::Djb2, true, &[1, 1, 1, 1, 1], 0xe4ab_de1c_70e0_a8d4),
    (true, HashFunction::Djb2, true, &[1, 2, 3], 0x25dd_eed0_67b4_7417),
    (true, HashFunction::Djb2, true, &[10, 20, 30, 7], 0x5c0e_9305_30da_dc66),
    (true, HashFunction::Djb2, true, &[256, 1, 100], 0x10a4_02c8_719d_243a),
    (true, HashFunction::Wt6, false, &[1, 1, 1, 1, 1], 0xd761_ba7a_9834_93a7),
    (true, HashFunction::Wt6, false, &[1, 2, 3], 0x11cf_1380_7a6b_0a6d),
    (true, HashFunction::Wt6, false, &[10, 20, 30, 7], 0x61cf_a4bf_2f60_d2d2),
    (true, HashFunction::Wt6, false, &[256, 1, 100], 0x53a9_d32f_b62f_910d),
    (true, HashFunction::Wt6, true, &[1, 1, 1, 1, 1], 0xc320_af57_60c7_08b4),
    (true, HashFunction::Wt6, true, &[1, 2, 3], 0x4b9d_3125_ad29_bd05),
    (true, HashFunction::Wt6, true, &[10, 20, 30, 7], 0x5b47_e02d_8ecb_5025),
    (true, HashFunction::Wt6, true, &[256, 1, 100], 0x0368_7f2c_1ba6_36c2),
    (true, HashFunction::Crc32, false, &[1, 1, 1, 1, 1], 0xa742_fe08_06c7_251d),
    (true, HashFunction::Crc32, false, &[1, 2, 3], 0x5a22_0054_3630_b18e),
    (true, HashFunction::Crc32, false, &[10, 20, 30, 7], 0x3c6e_6030_2f59_a39f),
    (true, HashFunction::Crc32, false, &[256, 1, 100], 0x9a81_448f_37bd_4b06),
    (true, HashFunction::Crc32, true, &[1, 1, 1, 1, 1], 0x0593_97c4_4fdf_22c1),
    (true, HashFunction::Crc32, true, &[1, 2, 3], 0x4cec_0edd_89d6_ced0),
    (true, HashFunction::Crc32, true, &[10, 20, 30, 7], 0x0756_5d8a_a0e9_0d85),
    (true, HashFunction::Crc32, true, &[256, 1, 100], 0x5776_8ce3_9615_a527),
];

/// Servers of those weights, all usable and numbered from 1.
pub(super) fn farm_of(algorithm: Algorithm, weights: &[u32], seed: u64) -> Farm {
    let member = |(i, &w): (usize, &u32)| Member {
        id: i as u32 + 1,
        node: NodeKey::Id,
        weight: w * SCALE,
        usable: true,
        backup: false,
    };
    Farm::new(algorithm, weights.iter().enumerate().map(member).collect(), false, seed)
}

fn farm(hash: HashType, weights: &[u32]) -> Farm {
    farm_of(Algorithm::Hash(hash), weights, 1)
}

/// FNV-1a over the indexes of the chosen servers.
fn digest(f: &mut Farm, keys: impl Iterator<Item = u32>) -> u64 {
    keys.fold(0xcbf2_9ce4_8422_2325, |h, k| {
        let server = f.pick(Some(k), |_| Load::default(), None).server().expect("a server") as u64;
        (h ^ server).wrapping_mul(0x0100_0000_01b3)
    })
}

#[test]
fn headers() {
    for &(consistent, function, avalanche, weights, want) in HEADERS {
        let hash = HashType {
            consistent,
            function,
            avalanche,
        };
        let keys = (0..500).map(|i| hash.hash(format!("key{i}").as_bytes()));
        assert_eq!(digest(&mut farm(hash, weights), keys), want, "{hash:?} {weights:?}");
    }
}

#[test]
fn sources() {
    let cases = [
        (false, false, 0x8b02_7154_1c06_2b0a),
        (false, true, 0xb98b_b9a6_c901_9b51),
        (true, false, 0xc831_0807_96d5_b43e),
        (true, true, 0x4c5e_86a1_8de4_2d50),
    ];
    for (consistent, avalanche, want) in cases {
        let hash = HashType {
            consistent,
            avalanche,
            ..HashType::default()
        };
        let keys = (1..200u8).map(|i| hash.number(source_key(std::net::Ipv4Addr::new(127, 0, i % 7, i).into())));
        assert_eq!(digest(&mut farm(hash, &[1, 2, 3]), keys), want, "{hash:?}");
    }
}

#[test]
fn uris() {
    // A consistent hash without a function named has the avalanche.
    let cases = [(false, false, 0xe453_1bc2_a0dd_4cb5), (true, true, 0x6ede_4658_0b5d_982a)];
    for (consistent, avalanche, want) in cases {
        let hash = HashType {
            consistent,
            avalanche,
            ..HashType::default()
        };
        let name = if consistent { "consistent" } else { "map-based" };
        let key = |i: i32| hash.hash(UriKey::default().part(format!("/uri-{name}/p{i}?q=1").as_bytes()));
        assert_eq!(digest(&mut farm(hash, &[1, 2, 3]), (0..300).map(key)), want, "{hash:?}");
    }
}

/// `hash-key`: what HAProxy 3.5 answered for farms whose servers are placed by all of their ids, by address or by name.
#[test]
fn nodes() {
    let at = |last: u8, port| NodeKey::of_address(std::net::Ipv4Addr::new(127, 0, 0, last).into(), port);
    let ids = [1, 70_000, 2_000_000_000, 4_000_000_000];
    let cases: [(&dyn Fn(u8) -> NodeKey, &str); 4] = [
        (
            &|i| NodeKey::of_id(ids[usize::from(i)]),
            "2333233123310211131311123222211202233233122131233121233323212212312223223201302032021110302123313131",
        ),
        (
            &|i| at(i + 1, None),
            "0130123310133121211012311213223110333301232133212313131312233030333323012333023323121131230031133133",
        ),
        (
            &|i| at(i + 1, Some(9001 + u16::from(i))),
            "3211330133323002310232331333333332303222312223331022232233322202223133222323030232233221313320212321",
        ),
        (
            &|i| NodeKey::of_name(&format!("web:{i}")),
            "3031302333222131333302211223323213310231213113211213033121233030331130031101133120030132223101223033",
        ),
    ];
    for (n, (node, want)) in cases.iter().enumerate() {
        let members = (0..4).map(|i: u8| Member {
            id: u32::from(i) + 1,
            node: node(i),
            weight: (u32::from(i) + 1) * SCALE,
            usable: true,
            backup: false,
        });
        let hash = HashType {
            consistent: true,
            avalanche: true,
            ..HashType::default()
        };
        let mut f = Farm::new(Algorithm::Hash(hash), members.collect(), false, 1);
        let pick = |i: usize| f.pick(Some(hash.hash(format!("k{i}").as_bytes())), |_| Load::default(), None);
        let got: String = (0..want.len())
            .map(pick)
            .map(|c| c.server().expect("a server").to_string())
            .collect();
        assert_eq!(got, *want, "{n}");
    }
}
