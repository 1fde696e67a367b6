use crate::Absent;
use crate::still::Stage;

#[test]
fn chains_evaluate_as_in_haproxy() {
    let mut stage = Stage::request("GET", "/a/b?x=1", &[("Host", "h")]);
    for (text, want) in [
        ("str(\"a\\tb\"),hex", "610962"),
        ("str(a\\tb),hex", "610962"),
        ("str(a\\ b),hex", "612062"),
        ("str(\"a,b\"),hex", "612C62"),
        ("str(\"a)b\"),hex", "612962"),
        ("str(a\"b,c\"d),hex", "61622C6364"),
        ("str(a\\\\b),hex", "615C62"),
        ("str(\"a\\\"b\"),hex", "612262"),
        ("str(\"a\\1b\"),hex", "615C3162"),
        ("str( a ),hex", "206120"),
        ("str(a(b),hex", "612862"),
        ("str(a\\nb\\rc),hex", "610A620D63"),
        ("str('a\\tb'),hex", "615C7462"),
        ("str(\"a'b\"),hex", "612762"),
        ("int(5),hex", "0000000000000005"),
        ("int(-1),hex", "FFFFFFFFFFFFFFFF"),
        ("str(12abc),add(1)", "13"),
        ("str(abc),add(1)", "1"),
        ("str(-12),add(1)", "-11"),
        ("bin(41004243),length", "1"),
        ("int(16909060),ipmask(24)", "1.2.3.0"),
        ("int(4294967296),ipmask(24)", "0.0.0.0"),
        ("str(::ffff:1.2.3.4),ipmask(24)", "1.2.3.0"),
        ("str(::1),ipmask(24,64)", "0.0.0.0"),
        ("str(::1:2:3:4),ipmask(24,64)", "::"),
        ("ipv4(127.0.0.1),add(1)", "2130706434"),
        ("src,hex", "7F000001"),
        ("ipv6(::1),hex", "00000000000000000000000000000001"),
        ("bool(true),add(5)", "6"),
        ("bool(true),hex", "0000000000000001"),
        ("method,hex", "474554"),
        ("str(true),bool", "0"),
        ("str(2),bool", "1"),
        ("path,upper,lower", "/a/b"),
        ("path,,upper,,,lower", "/a/b"),
        ("path,upper,lower,", "/a/b"),
        ("path,,", "/a/b"),
    ] {
        assert_eq!(stage.eval(text), Ok(Ok(want.to_owned())), "{text}");
    }
    for text in [
        "str(),add(1)",
        "str(1.2.3),ipmask(24)",
        "str(::1:2:3:4),ipmask(24)",
        "hdr(none),length",
    ] {
        assert_eq!(stage.eval(text), Ok(Err(Absent::Never)), "{text}");
    }
}

#[test]
fn mistakes_are_told_in_haproxys_words() {
    let mut stage = Stage::default();
    for (text, want) in [
        ("", "missing fetch method"),
        (" src", "missing fetch method"),
        ("foo", "unknown fetch method 'foo'"),
        ("lower", "unknown fetch method 'lower'"),
        ("hdr(", "fetch method 'hdr' : expected ')'"),
        ("hdr(a", "fetch method 'hdr' : expected ')'"),
        ("hdr(a)x", "missing comma after fetch keyword"),
        ("hdr(a),]", "unknown converter ''"),
        ("hdr(a),foo", "unknown converter 'foo'"),
        ("hdr(a),lower,]", "unknown converter ''"),
        ("hdr(a),lower x", "missing comma after converter 'lower'"),
        ("hdr(a),lower(x)", "invalid arg 1 in converter 'lower' : expected ')' before 'x)'"),
        (
            "hdr(a,b)",
            "fetch method 'hdr' : failed to parse 'b' as type 'integer' at position 2",
        ),
        ("hdr(a,1,2)", "fetch method 'hdr' : expected ')' before ',2)'"),
        ("bool(true),ipmask(24)", "converter 'ipmask' cannot be applied"),
        ("src,add(1)", "converter 'add' cannot be applied"),
        ("src(1)", "fetch method 'src' : expected ')' before '1)'"),
        ("int", "fetch method 'int' : expected type 'integer' at position 1, but got nothing"),
        (
            "int()",
            "fetch method 'int' : expected type 'integer' at position 1, but got nothing",
        ),
        ("int(x)", "fetch method 'int' : failed to parse 'x' as type 'integer' at position 1"),
        (
            "ipv4(x)",
            "fetch method 'ipv4' : failed to parse 'x' as type 'IPv4 address' at position 1",
        ),
        (
            "date(1,x)",
            "invalid args in fetch method 'date' : expects 's', 'ms' or 'us', got 'x'",
        ),
        (
            "src,ipmask(99)",
            "invalid arg 1 in converter 'ipmask' : failed to parse '99' as type 'IPv4 mask' at position 1",
        ),
        ("str(a,b)", "fetch method 'str' : expected ')' before ',b)'"),
        (
            "bin(zz)",
            "invalid args in fetch method 'bin' : an hex digit is expected (found 'z')",
        ),
        ("var(txn.a-b)", "invalid args in fetch method 'var' : invalid syntax at char '-'"),
    ] {
        assert_eq!(stage.expr(text).map_err(|d| d.message).err().as_deref(), Some(want), "{text}");
    }
}

#[test]
fn near_words_are_offered() {
    let mut stage = Stage::default();
    for (text, want) in [("pathh", "did you mean 'path'?"), ("path,lowr", "did you mean 'lower'?")] {
        assert_eq!(stage.expr(text).err().and_then(|d| d.help).as_deref(), Some(want), "{text}");
    }
}

#[test]
fn names_are_left_to_be_resolved() {
    let mut stage = Stage::default();
    let expr = stage.expr("nbsrv(be)").expect("nbsrv(be)");
    assert_eq!(expr.eval(&stage.env()), Err(Absent::Never));
    assert_eq!(&*stage.deferred[0].name, "be");
    stage.deferred[0].id.set(1).expect("unset");
    assert_eq!(stage.eval("nbsrv(be)").map(|v| v.is_err()), Ok(true));
    assert_eq!(expr.eval(&stage.env()), Ok(hapax_value::Value::Int(1)));
}

#[test]
fn parentheses_around_nothing_name_the_proxy_at_hand() {
    for (text, names) in [
        ("sc0_conn_cur", 0),
        ("sc0_conn_cur()", 1),
        ("sc_conn_cur(0)", 0),
        ("sc_conn_cur(0,)", 1),
        ("nbsrv", 1),
        ("src()", 0),
    ] {
        let mut stage = Stage::default();
        stage.expr(text).expect(text);
        assert_eq!(stage.deferred.len(), names, "{text}");
        assert!(stage.deferred.iter().all(|n| n.name.is_empty()), "{text}");
    }
}
