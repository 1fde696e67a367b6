use super::table;

#[test]
fn texts() {
    table(&[
        ("str(aBc),upper", "ABC"),
        ("str(aBc),lower", "abc"),
        ("str(abc),length", "3"),
        ("bin(0061),length", "0"),
        ("str(abc),concat(x)", "abcx"),
        ("str(abc),concat", "abc"),
        ("str(abc),concat(,txn.x)", "abc"),
        ("str(abc),set-var(txn.x),concat(-,txn.x,+)", "abc-abc+"),
        ("str(abc),concat(\",\",txn.x,\";\")", "abc,;"),
        ("str(aBc),ltrim(ab)", "Bc"),
        ("str(aabcba),ltrim(ab)", "cba"),
        ("str(aabcba),rtrim(ab)", "aabc"),
        ("str(abc),ltrim", "abc"),
        ("str(\"a\\nb\"),cut_crlf", "a"),
        ("str(example.com),reverse", "moc.elpmaxe"),
        ("str(mail.example.com.),reverse_dom", "com.example.mail"),
        ("str(a..b),reverse_dom", "-"),
        ("bool(true),iif(a,b)", "a"),
        ("int(2),iif(a,b)", "a"),
        ("str(xx),iif(a,b)", "b"),
        ("bool(true),iif(,b)", ""),
        ("str(abc),strcmp(txn.nope)", "-"),
        ("str(ab),set-var(txn.q),concat(cde),strcmp(txn.q)", "1"),
        ("str(abcde),set-var(txn.q),bytes(0,2),strcmp(txn.q)", "-1"),
        ("str(abc),set-var(txn.q),upper,strcmp(txn.q)", "-32"),
        ("str(ABC),set-var(txn.q),lower,strcmp(txn.q)", "32"),
        ("str(abcde),set-var(txn.q),strcmp(txn.q)", "0"),
        ("str(abc),add_item(x,txn.y)", "abc"),
        ("str(abc),add_item(x,,z)", "abcxz"),
        ("str(),add_item(x,,z)", "z"),
        ("str(abc),set-var(txn.y),add_item(\",\",txn.y,!)", "abc,abc!"),
    ]);
}

#[test]
fn hosts() {
    table(&[
        ("str(http://a.b:80),host_only", "http://a.b"),
        ("str(A.b:80),host_only", "a.b"),
        ("str([::1]:80),host_only", "[::1]"),
        ("str([::1]),port_only", "0"),
        ("str([::1]:80),port_only", "80"),
        ("str(a),port_only", "0"),
        ("str(a:),port_only", "0"),
        ("str(a:x),port_only", "72"),
        ("str(a:99999999),port_only", "99999999"),
        ("str(a:80:90),port_only", "90"),
        ("str(a:80:90),host_only", "a:80"),
        ("str(),host_only", ""),
    ]);
}

#[test]
fn languages() {
    table(&[
        ("str(\"fr;q=0.8,en;q=0.9,es\"),language(fr;en)", "en"),
        ("str(\"fr-FR,en;q=0.9,es\"),language(fr;en)", "fr"),
        ("str(\"en-US;q=0.5,fr;q=0\"),language(fr;en-US;en)", "en-US"),
        ("str(\"en;q=1.5,fr;q=0.9\"),language(fr;en)", "en"),
        ("str(\"fr;q=abc,en;q=0.1\"),language(fr;en)", "fr"),
        ("str(\"fr ; q=0.5 , en ; q=0.6\"),language(fr;en)", "en"),
        ("str(\"fr-CA;q=0.7,fr;q=0.6\"),language(fr;fr-CA)", "fr"),
        ("str(de),language(fr;en)", "-"),
        ("str(*),language(fr;en,xx)", "xx"),
    ]);
}

#[test]
fn fields_and_words() {
    table(&[
        ("str(f1_f2_f3__f5),field(4,_)", ""),
        ("str(f1_f2_f3__f5),field(5,_)", "f5"),
        ("str(f1_f2_f3__f5),field(2,_,0)", "f2_f3__f5"),
        ("str(f1_f2_f3__f5),field(2,_,2)", "f2_f3"),
        ("str(f1_f2_f3__f5),field(-2,_,3)", "f2_f3_"),
        ("str(f1_f2_f3__f5),field(-3,_,0)", "f1_f2_f3"),
        ("str(a_b_c),field(-2,_)", "b"),
        ("str(a_b_c),field(2,_,-1)", "b_c"),
        ("str(a_b),field(5,_)", "-"),
        ("str(a_b),field(-5,_)", "-"),
        ("str(),field(1,_)", ""),
        ("str(f1_f2_f3__f5),word(4,_)", "f5"),
        ("str(f1_f2_f3__f5),word(5,_)", "-"),
        ("str(f1_f2_f3__f5),word(2,_,0)", "f2_f3__f5"),
        ("str(f1_f2_f3__f5),word(3,_,2)", "f3__f5"),
        ("str(f1_f2_f3__f5),word(-2,_,3)", "f1_f2_f3"),
        ("str(f1_f2_f3__f5),word(-3,_,0)", "f1_f2"),
        ("str(/f1////f2/f3/f4),word(1,/)", "f1"),
        ("str(a_b_),word(1,_,5)", "a_b_"),
        ("str(_a_b),word(-1,_,5)", "_a_b"),
        ("str(_a_b),word(-1,_,2)", "a_b"),
        (
            "str(a),word(0,_)",
            "error: invalid args in converter 'word' : Unexpected value 0 for index.",
        ),
        (
            "str(a),field(1,\"\")",
            "error: invalid args in converter 'field' : Empty separators list.",
        ),
    ]);
}

#[test]
fn parameters() {
    table(&[
        ("str(a=b&c=d&a=r),param(a)", "b"),
        ("str(a&b=c),param(a)", ""),
        ("str(a=&b&c=a),param(b)", ""),
        ("str(\"a=1;b=2;c=4\"),param(b,;)", "2"),
        ("str(\"a=1;b=2;c=4\"),param(b,0x3b)", "2"),
        ("str(ab=1),param(a)", "-"),
        ("str(),param(a)", "-"),
    ]);
}
