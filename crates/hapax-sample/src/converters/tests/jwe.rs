//! Tokens encrypted by another implementation.

use super::shown;

/// Key files that the tests' shelf has.
pub(super) fn pem(path: &str) -> Option<&'static str> {
    match path {
        "/jwe-rsa.pem" => Some(RSA_PEM),
        "/jwe-ec.pem" => Some(EC_PEM),
        _ => None,
    }
}

const RSA_PEM: &str = "\
-----BEGIN PRIVATE KEY-----\n\
MIIEvwIBADANBgkqhkiG9w0BAQEFAASCBKkwggSlAgEAAoIBAQDEWLf3N3LU70jN\n\
wMnIMtWXOthgofQiHji0qazC8Lmo0XoYZQoM5MRoNpLDzkAFon4ZzvQ9nG1YlEMi\n\
UvsKOnkKoGPHtdR3ZGLCFOM6Cd3w2WYGmXPPe9HHmuzw57qJk2kF+kUXsYduVIkW\n\
x5yyBe62yCdTNzNqlwow/BXXBHELWBTIvpkS8pdsviTs5HzL8uIM7Ws9Z3Zo0Gaw\n\
8P32d/A4HZ08beDM4Udp1JXyyk7YLcJS9zGQ9shDLTncWPWs497vR0p7wZAH6nBd\n\
ANJ3ae0y3RfJyXsG8S5kBDU+z3yp9jZEJZzt6eWhFWJ5+NRvMYx/xcHgHVypOxdu\n\
Ez2AeSXBAgMBAAECggEAFrcMVmiG64lAxxPzDCsMYI3tXzWRUrqkFQuNqfJTSkts\n\
uIKE8IOtUMCih05WxAgd1lLF2RReJpmlcCTBN/hWjUMLtByuNz9I+RrVRF9EmsLt\n\
3ZzWY/Y3SWQ8He0zHIwuIePHp0Nxr3MOdpESiNpsmN8MRKFt3HqbklnxlWHlSZpb\n\
w2nU5zz/Gat9sHAvBf0ZzDg/4b+U1JxwWQcuhYq65Ux045iCqTBdJHOPtBQcpOtf\n\
D1HdOmF9SFVuH3doUomh2wufRWbw1GL9Pfb5OMCZIU7+RE42NxOWSYJCaSgmfuqb\n\
3/vPTWCz2Z1iVQpIKmVyySb+hbuypzE2KNbl3MIriQKBgQDrByoLs7D/ZsXkGCDJ\n\
Exj8m7wOOGu+pkNedCAL08GfdLJUCbuE5/dVl0wF2y0LcYd7rbt6HpM0kf2iLyIW\n\
0yG/7IYs2xGK/DPoH6JNrYW6JJzkvDFgDPNGESZZW62FcMGYCQX6pYbH7dhYR5Pi\n\
ksoiFex+YkUzxDuzsnxujZ7BeQKBgQDV3fB/8sCeNZVYHlZ/7w5mMXKX6NIMqdA4\n\
nowW5MQ4YDTWksx79J0Vu7OcpM7K+DRc5fz3qc5zD23DZaHPgI6/Wn4mSq+U1aDG\n\
YHgEd3GqPFTNQ3DyLudT5i0nZpKPzdWZN83d/3A0bygXMdIYUTNmMIG36+1GZVzw\n\
lblm6PV8iQKBgQDGoqZxf2wfX1/u+El1R7O9g2274wmE9wZHJQQUmuKw/rLc/eDD\n\
Yj2S1C1HYcc/PbNQ3zNs8bxeGOjxEr7P5Z9HkwKPlJLOEXtZOqs01WwJN3p2g2uD\n\
j05oMIRlz2rnNbYY5b9s6EryXF2VtuERBBjcGAVph2qPZtFCfZ5W3VCImQKBgQCR\n\
Ndpf5aFnSpaWeDLfNp+eP6DBCDHmqz5X0z7nJHkeliQKNS5mU5Z89S9lAnnuUkyr\n\
bvUt67vjX+x1KYKOc4l436abtUY2Vj6Ns16KGdexcLlbjZkYt0QWMUkjYX/N6EJJ\n\
gBxlyVSUJY0hApDWNfwiPHk3OhenHpfWOrLh7vcPkQKBgQDgeO01yc7c06O4tpKi\n\
5P4Qt2UEKYo7B8z2DKTfwLv+BpKUgYWMYrAzCnjSQh9fMwfcsCOOQJXjfuDkBi36\n\
jxDNsv8iG330Uuh7N798ptFZmYGABkoUP3CtxSuA5re/7e6ZQNYkadR7cVAnAGMj\n\
d4HNRcik4Dg/iVkGWESKcRjr9g==\n\
-----END PRIVATE KEY-----\n\
";
const EC_PEM: &str = "\
-----BEGIN PRIVATE KEY-----\n\
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg4bSLkWQbMZH/gt7g\n\
FPPoeWyHR481p8+PuvV2bL4OON6hRANCAAQKJQlGF3CmzwrNy0g7FI4SBY8ZZpWZ\n\
DnyP0fegKlmEQ8NXIsPV2Dy1HslGyifsLktKMv+MtrfFP89PKT2JUsRU\n\
-----END PRIVATE KEY-----\n\
";
const RSA_JWK: &str = r#"{"n": "xFi39zdy1O9IzcDJyDLVlzrYYKH0Ih44tKmswvC5qNF6GGUKDOTEaDaSw85ABaJ-Gc70PZxtWJRDIlL7Cjp5CqBjx7XUd2RiwhTjOgnd8NlmBplzz3vRx5rs8Oe6iZNpBfpFF7GHblSJFsecsgXutsgnUzczapcKMPwV1wRxC1gUyL6ZEvKXbL4k7OR8y_LiDO1rPWd2aNBmsPD99nfwOB2dPG3gzOFHadSV8spO2C3CUvcxkPbIQy053Fj1rOPe70dKe8GQB-pwXQDSd2ntMt0Xycl7BvEuZAQ1Ps98qfY2RCWc7enloRViefjUbzGMf8XB4B1cqTsXbhM9gHklwQ", "e": "AQAB", "d": "FrcMVmiG64lAxxPzDCsMYI3tXzWRUrqkFQuNqfJTSktsuIKE8IOtUMCih05WxAgd1lLF2RReJpmlcCTBN_hWjUMLtByuNz9I-RrVRF9EmsLt3ZzWY_Y3SWQ8He0zHIwuIePHp0Nxr3MOdpESiNpsmN8MRKFt3HqbklnxlWHlSZpbw2nU5zz_Gat9sHAvBf0ZzDg_4b-U1JxwWQcuhYq65Ux045iCqTBdJHOPtBQcpOtfD1HdOmF9SFVuH3doUomh2wufRWbw1GL9Pfb5OMCZIU7-RE42NxOWSYJCaSgmfuqb3_vPTWCz2Z1iVQpIKmVyySb-hbuypzE2KNbl3MIriQ", "p": "6wcqC7Ow_2bF5BggyRMY_Ju8DjhrvqZDXnQgC9PBn3SyVAm7hOf3VZdMBdstC3GHe627eh6TNJH9oi8iFtMhv-yGLNsRivwz6B-iTa2FuiSc5LwxYAzzRhEmWVuthXDBmAkF-qWGx-3YWEeT4pLKIhXsfmJFM8Q7s7J8bo2ewXk", "q": "1d3wf_LAnjWVWB5Wf-8OZjFyl-jSDKnQOJ6MFuTEOGA01pLMe_SdFbuznKTOyvg0XOX896nOcw9tw2Whz4COv1p-JkqvlNWgxmB4BHdxqjxUzUNw8i7nU-YtJ2aSj83VmTfN3f9wNG8oFzHSGFEzZjCBt-vtRmVc8JW5Zuj1fIk", "dp": "xqKmcX9sH19f7vhJdUezvYNtu-MJhPcGRyUEFJrisP6y3P3gw2I9ktQtR2HHPz2zUN8zbPG8Xhjo8RK-z-WfR5MCj5SSzhF7WTqrNNVsCTd6doNrg49OaDCEZc9q5zW2GOW_bOhK8lxdlbbhEQQY3BgFaYdqj2bRQn2eVt1QiJk", "dq": "kTXaX-WhZ0qWlngy3zafnj-gwQgx5qs-V9M-5yR5HpYkCjUuZlOWfPUvZQJ57lJMq271Leu741_sdSmCjnOJeN-mm7VGNlY-jbNeihnXsXC5W42ZGLdEFjFJI2F_zehCSYAcZclUlCWNIQKQ1jX8Ijx5NzoXpx6X1jqy4e73D5E", "qi": "4HjtNcnO3NOjuLaSouT-ELdlBCmKOwfM9gyk38C7_gaSlIGFjGKwMwp40kIfXzMH3LAjjkCV437g5AYt-o8QzbL_Iht99FLoeze_fKbRWZmBgAZKFD9wrcUrgOa3v-3umUDWJGnUe3FQJwBjI3eBzUXIpOA4P4lZBlhEinEY6_Y", "kty": "RSA"}"#;
const P256_JWK: &str = r#"{"crv": "P-256", "x": "CiUJRhdwps8KzctIOxSOEgWPGWaVmQ58j9H3oCpZhEM", "y": "w1ciw9XYPLUeyUbKJ-wuS0oy_4y2t8U_z08pPYlSxFQ", "d": "4bSLkWQbMZH_gt7gFPPoeWyHR481p8-PuvV2bL4OON4", "kty": "EC"}"#;
const P521_JWK: &str = r#"{"crv": "P-521", "x": "AQH2cbsOLZk5oSlnXCN514cLcfjkWB1fCv0Gb4lM6Y-w8bQcV5t3sDFWOHo8DI0TdY6WCkfPAOaVJmC2KrWTuDgB", "y": "AJBLEW58pndLfBu1Ai4ioZgfJr4anC8KJLMM0GmVEz7pxSSdZCLkEkf7IEqImh0K0Fy5xnTDmBBOEOpcz4zKOQ0o", "d": "ACDhw1fyA5jntzrZcovQFNDk1gq15HXPMh_60cIiacL41hwmzgLD1i1gjKyCjTCTzfk33F8djgZCB0Kmi6BDO9Z6", "kty": "EC"}"#;

/// Algorithm, encryption, kind of key, token. Secrets are the bytes from 0 on, so many of them.
const TOKENS: &[(&str, &str, &str, &str)] = &[
    (
        "dir",
        "A128GCM",
        "s16",
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..E2Ecv3Jd6YvgeekM.UR1UahP2gnbquFM.ulQdgLw88msreyN0r9JqHg",
    ),
    (
        "dir",
        "A192GCM",
        "s24",
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTkyR0NNIn0..jTDfV4wZjlx0Bstr.4iKg5x43w-Mqs7s.zTjTfomoWQPyd_IZkNd5aA",
    ),
    (
        "dir",
        "A256GCM",
        "s32",
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..VG-c0LLsifew2Xyp.kW1xnnsk6g7Jlqo.NOOLP4pKf6Q9gVo3PN7kVw",
    ),
    (
        "dir",
        "A128CBC-HS256",
        "s32",
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0..BJbBY3U4AUn3LesxlzrLNQ.yoSccO4To-WCgI5UoKafyQ.Y01_KL4La1li6r7SjeSGvQ",
    ),
    (
        "dir",
        "A192CBC-HS384",
        "s48",
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTkyQ0JDLUhTMzg0In0..5gBJzAUZJnNPl91R6Ch5KQ.z46dAjS0PGEVOB2F6ZsP0Q.9ZC3LzH7m1y80d-JO5WUq7YxyUidqnO6",
    ),
    (
        "dir",
        "A256CBC-HS512",
        "s64",
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2Q0JDLUhTNTEyIn0..LWiLDuNxObVMBdx3M3Q3JQ.j7sNJNNbSSOcyz8UwhdjMA.hk9ZR1ciLVnG7aSQr71q-E-xna8f0CaC3mtvkQJqwek",
    ),
    (
        "A128KW",
        "A128CBC-HS256",
        "s16",
        "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.si-3UwrpQWzKKqRWvhpyg384kP3dNROsePnzjD9yqUIqijzRZ0tKtA.aVu7bv5kuWKHhuv90uvEeA.k7cMSTXoZzlvtUHTLqwEKQ.-gnzrvaeTom-cbv0jbxDtg",
    ),
    (
        "A192KW",
        "A128CBC-HS256",
        "s24",
        "eyJhbGciOiJBMTkyS1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.5ZbE3X92tbkva1X6CGmaV2pEcMDwPl_2wt2-2mt5wvVbHYsgs-p3rg.PIVpSwxE9N2nCAoBtJYRYQ.22LpoIlP_bhseTSmu02s9Q.a1XEITWVKOrr7SptiCg9lA",
    ),
    (
        "A256KW",
        "A128CBC-HS256",
        "s32",
        "eyJhbGciOiJBMjU2S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.WFrYEIWkFtNIWBSNePLgWC07OeYLDO4FX05aiGSRP3fbG_zBjJYNag.jtXsQnv5YYSFzDrji0xl5Q.XR8l1wZ67cXWoB5Zkwm7YA.4tqmNHoXnyzJt0UbUMoCdA",
    ),
    (
        "A128GCMKW",
        "A128CBC-HS256",
        "s16",
        "eyJhbGciOiJBMTI4R0NNS1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2IiwiaXYiOiJ6V0VIeVlYUFdmdW1QZWdqIiwidGFnIjoiejNTbmpkT1BGZnZhUm5FQU1FRlE0QSJ9.Oht8SmX1LDxFbwkligyPQ80Ao3O1XRRULQ4plijHDoE.pQ1uzvM_EnsM93F_36p4QA.RMFOrTrK_8uUWFYOSVqzZw.8hCOkdHEPNsINTr6rqxXLA",
    ),
    (
        "A192GCMKW",
        "A128CBC-HS256",
        "s24",
        "eyJhbGciOiJBMTkyR0NNS1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2IiwiaXYiOiJBdHdaM1dnVUZ5WHgwZWEwIiwidGFnIjoiU3lpS3V5U1NjSmcyTXdBSlMwSjNhdyJ9.bJMBTMovedh2hLCk8C35MSAY8_hCU7RCy6SLR4_Lojo.DR607KUO6T1C40qrgxCZkQ.4ppPh-xp9d0V7iKDN8Sxlg.P8tVycYMkASP_xHWG_JyqA",
    ),
    (
        "A256GCMKW",
        "A128CBC-HS256",
        "s32",
        "eyJhbGciOiJBMjU2R0NNS1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2IiwiaXYiOiJ1REdKODYzLVFrR1hXTG5TIiwidGFnIjoiR2ZYUVp4cTNiQXhkLWlLSEFNdDlLUSJ9.E8QPJ-cJSan7qWupJ2j3rmoYqk05fwLBW4gcql_pARY.dHCSdv_rv1w_F5JGInZ5Pg.e9SUyPBHZkI0Mdqxy73I7w.s4h9qY2LusEvRFpRRalVLw",
    ),
    (
        "RSA-OAEP",
        "A128GCM",
        "rsa",
        "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkExMjhHQ00ifQ.YvppFCuI5jdRVQk4dOzMTcIbpWPCWIq15gKo9Yl4qoFJsb1d9NVcwgdHpHW0wEVVs2vQpL9m6EToovtyoZ_Zp61lfm5RQq8GDQtKJk6dgKiYeuwvnjv_aZJFZHgFLxB_Rl3GkEbFkScoM9-ectshBI9IdsZG1kZSVR09fsZMGdi3glgjIZPJN7aNs-Yx8-ewmyPPMT9B-kcT1fK-n-uudwZroCk6T1vcyYX5p1nf8-dz2cMfGYT4SPAws6tqH1E85jA6WQXFpsy8Foz31tGou2RZ97S1Fx9FUQjEKS-ft8VqPVwoDStRDff9DhAIZtd4gos3DILNNvvdwZz1uy3WUA.53YaqoyeQeL4FMRw.IlZuxeYNaW1JLMI.1rfJJEvOLGb0QE5nIV5otQ",
    ),
    (
        "RSA-OAEP-256",
        "A256CBC-HS512",
        "rsa",
        "eyJhbGciOiJSU0EtT0FFUC0yNTYiLCJlbmMiOiJBMjU2Q0JDLUhTNTEyIn0.jU25uGbxKPBE-N-7MxdTpeB4ytNxi6NEULoIs651TbSOefHzUa84LLMYRfONzkrUtlQW2CYnZEAUinBx7Yq4E3z0CYCbX-v7u84gYvjFLkXRxyD5tQPPknJzaSbcM9U1ep4lIt-qH456-ln6XbwU-JTmUhl32kYoJhegBVjgKnP97ld2FweLttFsqO9lR0ny1MGd9KQeqmQIL101msG-nsg1TUDCji0ceZFU_pa3WU0pCfdGUgSKMDYbxhBLmAdviD52umilluavAThPBUo22G28ni4q6u3YZ7vUBb8X7O-yoBrlh13RgiPWY9Vrkr3HhRho2-nR-7UfLxn-ZwVKaw.5I7O0_zh1Fq2ExW0ys3uHg.kUe1WHAvdolycDq-P3oTCg.mwPUxgwuwDPZmswAl-1fTCJvitpaX0GOVs53wZ83Aak",
    ),
    (
        "ECDH-ES",
        "A256CBC-HS512",
        "P-256",
        "eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTI1NkNCQy1IUzUxMiIsImVwayI6eyJjcnYiOiJQLTI1NiIsIngiOiJlOEdQNmwzNnhWVXRrQTJhOGVaSTFwT0R2SVEtdGY2QVg0cEJaZGJMLTg0IiwieSI6ImZuS010anoxNHhFakVXaHprR3VZb2k3anJrdWtVdm9zeTQ4ZTJCUl9MNkEiLCJrdHkiOiJFQyJ9fQ..HnA5-1xeVTzjKH6IMLZBkA.pQkNkq_9-M888JngIzLHuA.T8C2WXuqHeLO7SiJTvvQhzuyuCzrzJuZmCViDK_b4WQ",
    ),
    (
        "ECDH-ES+A128KW",
        "A128GCM",
        "P-256",
        "eyJhbGciOiJFQ0RILUVTK0ExMjhLVyIsImVuYyI6IkExMjhHQ00iLCJlcGsiOnsiY3J2IjoiUC0yNTYiLCJ4IjoiODRqRGIwMTExeWc3ei1iaFpLcGtPWDhuanV3N1B1aWEtclEwWTBXQVc3NCIsInkiOiJOdlZiUEVicE9iU2hWd3ZuVDhPbzJsdDBIWHRlUHdwcmRqTkJfUFpzMDAwIiwia3R5IjoiRUMifX0.f7CRtbqcOk7C-3tuKhDTu2WnvBvyrZ7L.409VPtIS8EvYJyqL.ijBvnMUkrTizXJQ.qIvkhTzqn8IEQancdMlYAQ",
    ),
    (
        "ECDH-ES+A256KW",
        "A128GCM",
        "P-256",
        "eyJhbGciOiJFQ0RILUVTK0EyNTZLVyIsImVuYyI6IkExMjhHQ00iLCJlcGsiOnsiY3J2IjoiUC0yNTYiLCJ4IjoiQTVDT18tOU4wNHhPUk9WUjJ3XzhmVzA4SnBUczktNXA3UWpScjRhdFpPRSIsInkiOiIxckUxU1B4aGdwaWh0U0xmenNqOGN3dXBXLVhFdkVUTy1YYkZwTFNTUTBVIiwia3R5IjoiRUMifX0.DiH1xs5C4Ci3ZPJr9uNk1ddtXNrtSoWC.8M9DGkvp8Gi0hiMF.lt7XTcFUInzaZoE._MUYOrRvLw6TNvj8360VIw",
    ),
    (
        "ECDH-ES+A192KW",
        "A192GCM",
        "P-521",
        "eyJhbGciOiJFQ0RILUVTK0ExOTJLVyIsImVuYyI6IkExOTJHQ00iLCJlcGsiOnsiY3J2IjoiUC01MjEiLCJ4IjoiQVZDbFptR3l0M2FfdUNGazZ1amxLbTBfVUF5ajh4NjZhUTVEWXhaMDlydHh2WFB1cy1la3k1OTRTQVljX1A0ZXNqcGVrSlFqY1plWURlZEYtZTlET21sbiIsInkiOiJBVlJZREhuVjZtTkxBZ2trWFV1U1FVU1V6OE9OYzdxd0VpdndFWTMxYjdEVHU2eE02SE42c3c3bms5RlhPZkQtMEltSnlUWXdWM0RCMGJlb2JkNS14TDZ1Iiwia3R5IjoiRUMifX0.0_rFzpDaqbNjK_SSdCft9P5vx45x20mHwNpd380PGjI.mXERur6aS4pmNQUD.c4LifCJNmNdvOJM.VIYt5KSlYRlYrZxGPOw50w",
    ),
];

/// The converters that a kind of key can be given to.
fn converters(kind: &str) -> Vec<String> {
    let jwk = |text: &str| format!("jwt_decrypt_jwk('{text}')");
    match kind {
        "rsa" => vec![jwk(RSA_JWK), "jwt_decrypt_cert(/jwe-rsa.pem)".to_owned()],
        "P-256" => vec![jwk(P256_JWK), "jwt_decrypt_cert(/jwe-ec.pem)".to_owned()],
        "P-521" => vec![jwk(P521_JWK)],
        secret => {
            use base64::Engine as _;
            use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
            let bytes: Vec<u8> = (0..secret[1..].parse().unwrap()).collect();
            let oct = format!("{{\"kty\":\"oct\",\"k\":\"{}\"}}", URL_SAFE_NO_PAD.encode(&bytes));
            vec![format!("jwt_decrypt_secret({})", STANDARD.encode(&bytes)), jwk(&oct)]
        }
    }
}

#[test]
fn tokens_open() {
    for (algorithm, encryption, kind, token) in TOKENS {
        for converter in converters(kind) {
            let name = format!("{algorithm} {encryption} {converter}");
            assert_eq!(shown(&format!("str({token}),{converter}")), "secret text", "{name}");
            let (head, tag) = token.rsplit_once('.').unwrap();
            let other = if tag.starts_with('A') { "B" } else { "A" };
            let tampered = format!("{head}.{other}{}", &tag[1..]);
            assert_eq!(shown(&format!("str({tampered}),{converter}")), "-", "{name} tampered");
        }
    }
}

#[test]
fn other_keys_and_no_tokens_give_nothing() {
    let token = TOKENS[0].3;
    assert_eq!(shown(&format!("str({token}),jwt_decrypt_secret(Zm9v)")), "-");
    assert_eq!(shown("str(a.b.c.d.e),jwt_decrypt_secret(Zm9v)"), "-");
    assert_eq!(shown("str(a),jwt_decrypt_secret(Zm9v)"), "-");
    assert_eq!(shown("str(a),jwt_decrypt_secret(txn.none)"), "-");
}
