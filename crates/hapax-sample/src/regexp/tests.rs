//! What expressions match, which engine runs them, and what replaces a match.

use proptest::prelude::*;

use super::*;

#[test]
fn matches_as_pcre_does() {
    use EngineKind::{Backtracking, Linear};
    let cases: &[(&str, &[u8], bool, EngineKind)] = &[
        (r"^/a/.*\.png$", b"/a/b.png", true, Linear),
        (r"\${jndi", b"x${jndi:", true, Linear),
        ("a{,2}", b"a{,2}", true, Linear),
        ("^a{2}$", b"aa", true, Linear),
        (r"\<script\>", b"<script>", true, Linear),
        ("[[]", b"[", true, Linear),
        ("[]a]", b"]", true, Linear),
        ("[^]a]", b"]", false, Linear),
        (r"[a&&b]", b"&", true, Linear),
        (r"^[\w.-]+$", b"a-b.c", true, Linear),
        (r"^[[:alpha:]-]+$", b"a-b", true, Linear),
        (r"\Qa.b\E+", b"a.bb", true, Linear),
        (r"\Qa.b\E", b"axb", false, Linear),
        (r"^\h+$", b" \t", true, Linear),
        (r"\x4", b"\x04", true, Linear),
        (r"\cA", b"\x01", true, Linear),
        (r"^\S+$", b"\xe9\xff", true, Linear),
        (r"^\w$", b"\xe9", false, Linear),
        (r"^.$", "é".as_bytes(), false, Linear),
        ("é", "café".as_bytes(), true, Linear),
        ("(?#comment)b", b"b", true, Linear),
        (r"(?i)ABC", b"abc", true, Linear),
        (r"a\z", b"a", true, Linear),
        (r"^\146oo$", b"foo", true, Linear),
        (r"^\1461$", b"f1", true, Linear),
        (r"^\377$", b"\xff", true, Linear),
        (r"^(a)\10$", b"a\x08", true, Linear),
        (r"^\o{146}[\o{157}]+$", b"foo", true, Linear),
        (r"^\C\X$", b"\xff\r\n", true, Backtracking),
        (r"^\R\n$", b"\r\n", false, Backtracking),
        (r"\p{L}", b"\xe9", true, Backtracking),
        (r"(?|(a)|(b))\1", b"bb", true, Backtracking),
        (r"(?J)(?<n>a)|(?<n>b)", b"b", true, Backtracking),
        (r"^\((?:[^()]|(?1))*\)(x)?$", b"(a(b", false, Backtracking),
        (r"\((?:[^()]|(?R))*\)", b"(a(b)c)", true, Backtracking),
        (r"a+(*COMMIT)b", b"ac", false, Backtracking),
        (r"(a)?(?(1)b|c)", b"ab", true, Backtracking),
        (r"foo\Kbar", b"foobar", true, Backtracking),
        (r"(?C1)a", b"a", true, Backtracking),
        (r"[[:<:]]a", b" a", true, Backtracking),
        (r"(?m)^$", b"a\n", false, Backtracking),
        (r"a$", b"a\n", true, Linear),
        (r"a\Z", b"a\n", true, Linear),
        (r"a\z", b"a\n", false, Linear),
        (r"^\x$", b"\x00", true, Linear),
        ("a{ 1, 2 }", b"a{ 1, 2 }", true, Linear),
        (r"^(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)\10$", b"abcdefghijj", true, Backtracking),
        (r"^(?<n>.)(?'m'.)(.)(.)(.)(.)(.)(.)(.)(.)\10$", b"abcdefghijj", true, Backtracking),
        (r"(?<n>o)\k{n}", b"foo", true, Backtracking),
        (r"(a)\1", b"aa", true, Backtracking),
        (r"(?=ab)a", b"ab", true, Backtracking),
        (r"^(?!/api/).*", b"/api/x", false, Backtracking),
        (r"(?<!x)y", b"\xffy", true, Backtracking),
        (r"^(?=.)\w$", b"\xe9", false, Backtracking),
        ("a++b", b"aab", true, Backtracking),
        ("a++a", b"aaa", false, Backtracking),
        ("(?>a+)a", b"aaa", false, Backtracking),
        (r"(?P<x>a)(?P=x)", b"aa", true, Backtracking),
    ];
    for (pattern, subject, expected, engine) in cases {
        let r = Regexp::new(pattern.as_bytes(), false).unwrap_or_else(|e| panic!("{pattern}: {e}"));
        assert_eq!(r.engine(), *engine, "{pattern}");
        assert_eq!(r.is_match(subject), *expected, "{pattern} on {subject:?}");
    }
}

#[test]
fn refuses_what_is_broken() {
    for pattern in [
        "(",
        "a)",
        "[",
        "*a",
        "[b-a]",
        r"(?<n",
        r"\y",
        "a{2,1}",
        "a**",
        r"[\w-.]",
        "[[:alpha:]-.]",
        "^*",
        "[[:foo:]]",
    ] {
        assert!(Regexp::new(pattern.as_bytes(), false).is_err(), "{pattern}");
    }
    for template in [r"a\", r"\xg0", r"\x1"] {
        assert!(Template::new(template.as_bytes()).is_err(), "{template}");
    }
}

#[test]
fn case_may_be_ignored() {
    assert!(Regexp::new(b"^abc$", true).unwrap().is_match(b"aBc"));
    assert!(Regexp::new(b"(?=a)ABC", true).unwrap().is_match(b"abc"));
}

fn replaced(pattern: &str, template: &str, all: bool, subject: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let template = Template::new(template.as_bytes()).unwrap();
    Regexp::new(pattern.as_bytes(), false)
        .unwrap()
        .replace(subject, &template, all, usize::MAX, &mut out);
    out
}

#[test]
fn replaces() {
    /// Expression, replacement, all of them, subject, result.
    type Case = (&'static str, &'static str, bool, &'static [u8], &'static [u8]);
    let cases: &[Case] = &[
        ("/+", "/", true, b"/////a///b/c/xzxyz/", b"/a/b/c/xzxyz/"),
        ("/+", "/", false, b"//a//b", b"/a//b"),
        ("(foo|bar)([0-9]+)?", r"\2\1", false, b"xfoo12y", b"x12fooy"),
        ("(a)|(b)", r"<\1\2>", true, b"ab", b"<a><b>"),
        ("b", r"\x41\\\.", true, b"abc", b"aA\\.c"),
        ("x", "y", true, b"abc", b"abc"),
        (r"(?<=\xe9)(.)", r"[\1]", true, b"\xe9a\xe9b", b"\xe9[a]\xe9[b]"),
    ];
    for (pattern, template, all, subject, expected) in cases {
        let out = replaced(pattern, template, *all, subject);
        assert_eq!(out, *expected, "{pattern}");
    }
}

proptest! {
    /// Both engines give the same groups where both can run the expression.
    #[test]
    fn engines_agree(
        pattern in "(\\(?[a-c.]{1,3}[*+?]?\\|?[a-c]{0,2}\\\\w?)",
        subject in proptest::collection::vec(prop_oneof![Just(b'a'), Just(b'b'), Just(b'c'), Just(b'\n'), Just(0xe9_u8)], 0..12),
    ) {
        let Ok(linear) = Regexp::new(pattern.as_bytes(), false) else { return Ok(()) };
        // An empty look-ahead forces the other engine.
        let other = Regexp::new(format!("(?=)(?:{pattern})").as_bytes(), false).unwrap();
        prop_assert_eq!(other.engine(), EngineKind::Backtracking);
        prop_assert_eq!(linear.groups_at(&subject, 0), other.groups_at(&subject, 0));
    }

    /// Any bytes are an expression or an error, and any bytes may be looked at.
    #[test]
    fn nothing_panics(pattern: Vec<u8>, subject: Vec<u8>, template: Vec<u8>) {
        if let (Ok(r), Ok(t)) = (Regexp::new(&pattern, false), Template::new(&template)) {
            let mut out = Vec::new();
            r.replace(&subject, &t, true, usize::MAX, &mut out);
        }
    }
}
