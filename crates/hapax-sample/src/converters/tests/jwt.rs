//! Tokens signed with OpenSSL.

use super::{shown, table};

/// Key files that the tests' shelf has.
pub(super) fn pem(path: &str) -> Option<&'static str> {
    Some(match path {
        "/rsa.pub" => RSA,
        "/rsa1.pub" => RSA_PKCS1,
        "/rsa.crt" => CERTIFICATE,
        "/ec256.pub" => EC256,
        "/ec384.pub" => EC384,
        "/ec521.pub" => EC521,
        _ => return None,
    })
}

const RSA: &str = "\
-----BEGIN PUBLIC KEY-----\n\
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvij3fMHyBKb9TsCe1NEJ\n\
ypfzZ+mwTylTOLu7BJHs0x8SrKezntMlUKs1C25YZq0Te9JmqCPDNFrOfFg+K51u\n\
04bX/tqETcwpLuviIO0ygR+L3jeEnMmCcXgPoTppdus1nw0D1DLUKxMt4DNadSpI\n\
X7tkwHUslX0ftn0JPct/F1aRBh3+WxAk0MLsND7ajaCZelefhKZwBbEc3IH24K3n\n\
DX1TDLqJLnl+8k+BH8eXhxGdFT/YwZIbKY5lbG7juUGsTXOpgnituIJeh7uPrZZn\n\
15kd0VtKicUgGpV2VfwSxJwXDRTHI3mlcoaiWwus/JlH1f7f9d+P5MjEsv9klbd0\n\
PQIDAQAB\n\
-----END PUBLIC KEY-----\n\
";
const RSA_PKCS1: &str = "\
-----BEGIN RSA PUBLIC KEY-----\n\
MIIBCgKCAQEAvij3fMHyBKb9TsCe1NEJypfzZ+mwTylTOLu7BJHs0x8SrKezntMl\n\
UKs1C25YZq0Te9JmqCPDNFrOfFg+K51u04bX/tqETcwpLuviIO0ygR+L3jeEnMmC\n\
cXgPoTppdus1nw0D1DLUKxMt4DNadSpIX7tkwHUslX0ftn0JPct/F1aRBh3+WxAk\n\
0MLsND7ajaCZelefhKZwBbEc3IH24K3nDX1TDLqJLnl+8k+BH8eXhxGdFT/YwZIb\n\
KY5lbG7juUGsTXOpgnituIJeh7uPrZZn15kd0VtKicUgGpV2VfwSxJwXDRTHI3ml\n\
coaiWwus/JlH1f7f9d+P5MjEsv9klbd0PQIDAQAB\n\
-----END RSA PUBLIC KEY-----\n\
";
const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIC+zCCAeOgAwIBAgIUZ7XTlF1bYTycuV1Jjx4nv2nOfJwwDQYJKoZIhvcNAQEL\n\
BQAwDDEKMAgGA1UEAwwBeDAgFw0yNjExMjMwOTQ1MDhaGA8yMDgxMDgyNjA5NDUw\n\
OFowDDEKMAgGA1UEAwwBeDCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEB\n\
AL4o93zB8gSm/U7AntTRCcqX82fpsE8pUzi7uwSR7NMfEqyns57TJVCrNQtuWGat\n\
E3vSZqgjwzRaznxYPiudbtOG1/7ahE3MKS7r4iDtMoEfi943hJzJgnF4D6E6aXbr\n\
NZ8NA9Qy1CsTLeAzWnUqSF+7ZMB1LJV9H7Z9CT3LfxdWkQYd/lsQJNDC7DQ+2o2g\n\
mXpXn4SmcAWxHNyB9uCt5w19Uwy6iS55fvJPgR/Hl4cRnRU/2MGSGymOZWxu47lB\n\
rE1zqYJ4rbiCXoe7j62WZ9eZHdFbSonFIBqVdlX8EsScFw0UxyN5pXKGolsLrPyZ\n\
R9X+3/Xfj+TIxLL/ZJW3dD0CAwEAAaNTMFEwHQYDVR0OBBYEFPoY7lGxr8udtYHW\n\
rvudpqlmv7k2MB8GA1UdIwQYMBaAFPoY7lGxr8udtYHWrvudpqlmv7k2MA8GA1Ud\n\
EwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADggEBALzzGOwKr7M6iemwMNDQ4bWC\n\
OvkFnjyWylrf/hudeizLdQtiJ+MEbB8kvgaeQYN/I3UxEV5B6iq99PmDK5TdA//W\n\
2dms6x1bU5DqZt3fj6Ifw9nEVUX0nRZ9kwvl6zg/bPLS3gZUgTScDkJnPB91j352\n\
ETptcXybhNpmDwgF7KrLUpdFI0sBqQPiRu0AFhVrK5aiGyXg2W9PWbzRzyVo0UwB\n\
6ZS0ZQ7ZlVQNnFkJGCNT7XyM1o5YXWyV0NIj/eBhqwMalu7lAgq8ndtRwJkk4eZ0\n\
EPypUkS7ag+j782hsMxbMSOdzkftrbzlyjQj2ioGJ1ICSZY1YCdQvXwtYJf1Ceg=\n\
-----END CERTIFICATE-----\n\
";
const EC256: &str = "\
-----BEGIN PUBLIC KEY-----\n\
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEsiNQesdB8Iv+o7w1pedoNxazR8fD\n\
oEMkaXOZpzE7CoxZtnxZzgor+/wU6v+K2w1EUvU26J3XHSeP4yHyYx+Ogg==\n\
-----END PUBLIC KEY-----\n\
";
const EC384: &str = "\
-----BEGIN PUBLIC KEY-----\n\
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEZJSN4WwjNSbyy8lK/w97oDFrMJ1Ndhcm\n\
Tm114MX0d3e7YNiViYGIGsG7q6bEeY14qxda6JIaKxZq1el3jtd4kU8HDKVNdXNk\n\
FujSbfXxOdnZXncqeKTh90D2X3xqF4jn\n\
-----END PUBLIC KEY-----\n\
";
const EC521: &str = "\
-----BEGIN PUBLIC KEY-----\n\
MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQBrqRYHz4P0VfoLeqjJy9Sy4klwLpD\n\
eEWdeOo8KSJlBANcth0ej8jY0ww9ealEvUBGkv/bUtJfqqhIauTT9q5XqroAq4RM\n\
JnmPJUAIyBIrVtl38lVuqCBQuiS1FABhxlEgDFllcO6KCbaX9oE5OE6aHtWx/2BW\n\
OjLiLCOjr5AFlc0Hmfg=\n\
-----END PUBLIC KEY-----\n\
";

/// Algorithm, key file or secret, token.
const TOKENS: &[(&str, &str, &str)] = &[
    (
        "RS256",
        "/rsa.pub",
        "eyJhbGciOiAiUlMyNTYiLCAidHlwIjogIkpXVCJ9.eyJpc3MiOiAibWUiLCAibiI6IDV9.U3dZHzuZtqBCfWHasZ_o2Ngmf5ViApQZC3dRLGM_DDBQMG_afEntRvPtZpJjuSHLrZOT0sykzDxZWzM0dH4ZotL2uumt6nXzYAWDuNxLReLaf8rPCHs8FOeieNaWtqnqWYa6CKwf6ITtrkJ-_S4EuNW39l27_hzo6RdQWJsK8REdPk7vT4zUDROYy-UDIcjl3N8KMf5yrGPlZDwbmKPXLF7127Kqxu4yhM9f-cZMEV5KjrQA-K8Kmo7vue1dDgA2UUdBOHpWEC56Sk5BTbTxVJ8X9PZatEbOZDXl-fPoRtPPOc_8PSjWPS5_ne4i76ldKz5okJuyhzCmSUF2KFCX5Q",
    ),
    (
        "RS384",
        "/rsa.pub",
        "eyJhbGciOiAiUlMzODQiLCAidHlwIjogIkpXVCJ9.eyJpc3MiOiAibWUiLCAibiI6IDV9.e109CHfEuWPYraTb6HhpM3JI79P2ih4Y_qjcrE1DSINc6Yau8pPnpLr2vVLQjxE0kpnq5PnTGZj5pUk8xaMb_S3xTE7kgR7NZXc5o_-PZJ5MWYgu3xc5ivemrnTiXLZRJrttFB8VQ4Oc8cznoVjGzDiDGMORP0-ATyGCMUUxBN84fYNxIdx3vVvvlEJsSa-PYmL5TJuUkIrpgFMbPzL73lJ6gpHiTKHyzrkOSGkMChxM8G_BEQJNbwkZpjwYVdtNzGqW4JtACvRIrEHZZXEfqy6e29_UB0ROWAWXWcCXRemlZ0OF63ZDUjK6XwQuQuQTdmfJWGXhR2nch8-2ezsh-w",
    ),
    (
        "RS512",
        "/rsa.pub",
        "eyJhbGciOiAiUlM1MTIiLCAidHlwIjogIkpXVCJ9.eyJpc3MiOiAibWUiLCAibiI6IDV9.kfdmzAe9FScX-SkjuetxnrZDqMdA16DzqBw7uZmTOXL0POokncRs51716wfTOh-INeBGHtK0S2L9UgBhAqlAPds6OKk-nTVeEZm3-fpPB0X1qhQKZ0nqQXWBSfvpD87xXcN2jpBFwn0yINimxuxhSz7u3f-zKTK8QhkZdm1nj6I5QmRf1UOm4BD_FCrv4dIZG355NiaL-iOp99Z1iGlW273hOKYohDvSj2o-uf4ZllW7oyjvTLwnAOnC7gfhHdr2OTeilRCZ1YvpNqXShnZuRdbZX4Z1yXD4NkLnu_jvJ6JBMAhnJVmFp0MHegZ8UD3UnTvgNNMxVyG5Syr-5lueTg",
    ),
    (
        "PS256",
        "/rsa.pub",
        "eyJhbGciOiAiUFMyNTYiLCAidHlwIjogIkpXVCJ9.eyJpc3MiOiAibWUiLCAibiI6IDV9.Nix370AegAPhwJMY2F9d-K6QaEcXHob8NfOFFCaf93N0Ww1V4NktRlKxCJYSlvo1rfDa7M0TXVB2Zo71uFQapYzC99CGE-PhcKg-uDz347p2UzY41vmMSSxjHJGSYYVBjF7l2ZH2UPDNnrv-w9641l3q7ZqF6ig2ttrCPsTJcKQI8QpRUS8rNF5PTVSwtc9IRs3xxsrs54tj3glPNZNeMn5B0huzdp6JTb87Vo5nMNRVwaEnTj5Cv9arifTZKlipiPrrZuDzsgwni7ux-BZw5Gh4Wj87mF_K3EWXlhI8ucwrZT9_wogMcKIdfGu9ji1A7m6QaxRWWBoVOptInyHUMw",
    ),
    (
        "PS512",
        "/rsa.pub",
        "eyJhbGciOiAiUFM1MTIiLCAidHlwIjogIkpXVCJ9.eyJpc3MiOiAibWUiLCAibiI6IDV9.lFFb-ywfYkVz-ewehuX-8csWa85ssponLS0uBsCeB-6J3x-5qJZsX4_CWr1C74JGIhGRrcroALN97UQvTDu6vLPk-fRhLZF1Ocu8_YdFrDxsDsaOViYdVRw5zh0n-qNVSE3xDISkJzvc-thW_RS286RTO8syuFl9uuRR_YhTCVpZUqdriih6izWktTXs7lO-tBwmfgswDma0K4W-Sh1wDcIRYKQ3yTN6B9gSzs8EO33SArL4eodh1mAz6VWcmwAXbz6G_MtHjRhGKT2Y9oYRCf-sSbslnP-wNrzJ_dm4qJarmTzqY4J5zvpNsl05aJTlEJFRQtzjbEQMeTCmFPbfIw",
    ),
    (
        "ES256",
        "/ec256.pub",
        "eyJhbGciOiAiRVMyNTYiLCAidHlwIjogIkpXVCJ9.eyJpc3MiOiAibWUiLCAibiI6IDV9.ptpR8JRY2g1waKZkA_U8sVppSAe1daKEyKeBTsBi7xdUbsTL5XXcsShnjFopBXh6EPPv5dMUAGoIYvxpzdo3zQ",
    ),
    (
        "ES384",
        "/ec384.pub",
        "eyJhbGciOiAiRVMzODQiLCAidHlwIjogIkpXVCJ9.eyJpc3MiOiAibWUiLCAibiI6IDV9.C-QYNoX8kk2fPKEGetatXsQ2TmYSJvt3PLxaql7LTKWBDGWPFKZdSCC_6PywydhQWWWneJRgVIIZjPthhBIsL_o_X_Ok0ib7WnskZ5FbmHyihaishNlqRgvCBuQ5VaZB",
    ),
    (
        "ES512",
        "/ec521.pub",
        "eyJhbGciOiAiRVM1MTIiLCAidHlwIjogIkpXVCJ9.eyJpc3MiOiAibWUiLCAibiI6IDV9.ALVB96ntlek_DizFAoL40KM28atbGb2y0hM0CAq9sMyQjIVL_ghQOAIwRevO3GusJBfODFdKUDEgihrBavogqHqGAdEW5JiyBXnqTR4qibbU6qrmW5RNMOJJx5fmG4i7fFSZfweidibT5MEgkL3xySbSQiMQUfXYk0ygyvvnhSUh2Wwi",
    ),
    (
        "HS256",
        "secret",
        "eyJhbGciOiAiSFMyNTYifQ.eyJpc3MiOiAibWUiLCAibiI6IDV9.fGBuFOGkzAc5iPs2q1mXl_6BbOLvIXUL7ASfOEBCMdo",
    ),
    (
        "HS384",
        "secret",
        "eyJhbGciOiAiSFMzODQifQ.eyJpc3MiOiAibWUiLCAibiI6IDV9.Jra4PF_Kw_7qa2Cnp5_3AKMsUzr8KtBfkBJeGnyFYbrY6REMihrC3Ao7c9rjB38_",
    ),
    (
        "HS512",
        "secret",
        "eyJhbGciOiAiSFM1MTIifQ.eyJpc3MiOiAibWUiLCAibiI6IDV9.BWmLB5lCAnFmbk3eJSj0woXLIUYcw9skvb75JnhKRPtPyHJlRktiRl0FVqTEarTa9tHHhtcdvOIYvV36KdQvfQ",
    ),
];

#[test]
fn signatures() {
    for (algorithm, key, token) in TOKENS {
        assert_eq!(shown(&format!("str({token}),jwt_verify({algorithm},{key})")), "1", "{algorithm}");
        let tampered = token.replacen('.', ".A", 1);
        assert_eq!(
            shown(&format!("str({tampered}),jwt_verify({algorithm},{key})")),
            "0",
            "{algorithm} tampered"
        );
        let by_variable = format!("str({algorithm}),set-var(txn.a),regsub(^.*$,),concat({token}),jwt_verify(txn.a,{key})");
        assert_eq!(shown(&by_variable), "1", "{by_variable}");
        let cut = &token[..token.len() - 4];
        let expected = if algorithm.starts_with("ES") { "-3" } else { "0" };
        assert_eq!(
            shown(&format!("str({cut}),jwt_verify({algorithm},{key})")),
            expected,
            "{algorithm} cut"
        );
    }
    let token = TOKENS[0].2;
    assert_eq!(shown(&format!("str({token}),jwt_verify(RS256,/rsa1.pub)")), "1");
    assert_eq!(shown(&format!("str({token}),jwt_verify_cert(RS256,/rsa.crt)")), "1");
    assert_eq!(shown(&format!("str({token}),jwt_verify(RS512,/rsa.pub)")), "0");
    // A path in a variable names what the configuration has loaded, and nothing else.
    for (conv, path, known) in [
        ("jwt_verify_cert(RS256,txn.c)", "/rsa.crt", "jwt_verify_cert(RS256,/rsa.crt)"),
        ("jwt_verify(RS256,txn.c)", "/rsa.pub", "jwt_verify(RS256,/rsa.pub)"),
    ] {
        let by_variable = |first: &str| shown(&format!("str({path}),set-var(txn.c),{first},regsub(^.*$,),concat({token}),{conv}"));
        assert_eq!(
            (by_variable(known), by_variable("lower")),
            ("1".to_owned(), "-5".to_owned()),
            "{conv}"
        );
    }
    assert_eq!(shown(&format!("str({token}),jwt_verify(ES512,/rsa.pub)")), "-3");
    assert_eq!(shown(&format!("str({token}),jwt_header_query($.alg)")), "RS256");
    assert_eq!(shown(&format!("str({token}),jwt_payload_query($.n,int)")), "5");
    assert_eq!(shown(&format!("str({token}),jwt_payload_query($.iss)")), "me");
}

#[test]
fn errors_have_numbers() {
    table(&[
        ("str(a.b),jwt_verify(HS256,secret)", "-3"),
        ("str(a.b.c.d),jwt_verify(HS256,secret)", "-3"),
        ("str(a.b.),jwt_verify(HS256,secret)", "-3"),
        (
            "str(a.b.),jwt_verify(none,x)",
            "error: invalid args in converter 'jwt_verify' : failed to load 'x': none",
        ),
        ("str(a.b.),jwt_verify(none,/rsa.pub)", "1"),
        ("str(a.b.c),jwt_verify(none,/rsa.pub)", "0"),
        ("str(a.b.YQ),jwt_verify_cert(RS256,/nowhere)", "-5"),
        (
            "str(a.b.YQ),jwt_verify_cert(HS256,/rsa.crt)",
            "error: invalid args in converter 'jwt_verify_cert' : HMAC-signed tokens can't be processed by this converter",
        ),
        ("str(XX),set-var(txn.a),jwt_verify(txn.a,x)", "-1"),
        ("str(RS256),set-var(txn.a),concat(.b.YQ),jwt_verify(txn.a,txn.k)", "-"),
        ("str(a),jwt_header_query", "-"),
        ("str(eyJhIjoxfQ.B),jwt_header_query", "{\"a\":1}"),
        ("str(eyJhIjoxfQ.eyJhIjoxfQ),jwt_payload_query", "-"),
        ("str(eyJhIjoxfQ.eyJhIjoxfQ.x),jwt_payload_query($.a)", "1"),
    ]);
}
