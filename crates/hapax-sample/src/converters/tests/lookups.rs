use super::table;

#[test]
fn maps() {
    table(&[
        ("str(images/png/logo/32x32.png),map_dir(/dir.map)", "x"),
        ("str(x),map(/dir.map,def)", "def"),
        ("str(x),map(/dir.map)", "-"),
        ("str(x),map_regm(/re.map)", "plain"),
        ("str(abc12),map_regm(/re.map)", "12-abc-"),
        ("str(abc12),map_reg(/re.map)", "\\2-\\1-\\3"),
        ("str(abc12),map_reg_key(/re.map)", "([a-z]+)([0-9]+)"),
        ("str(a),map_str_int(/int.map)", "5"),
        ("str(b),map_str_int(/int.map,7)", "-3"),
        ("str(c),map_str_int(/int.map,7)", "7"),
        ("str(c),map_str_int(/int.map)", "-"),
        ("str(/abc/def),map_beg(/beg.map)", "d"),
        ("str(/abc/xyz),map_beg_key(/beg.map)", "/abc/"),
        ("str(/abc),map_end(/beg.map)", "abc"),
        ("ipv4(10.1.2.3),map_ip(/ip.map)", "tenone"),
        ("ipv4(11.1.2.3),map_ip(/ip.map)", "all"),
        ("ipv6(::ffff:10.1.2.3),map_ip(/ip.map)", "tenone"),
        ("int(5),map_int(/n.map)", "range"),
        ("int(7),map_int(/n.map)", "range"),
        ("int(70),map_int(/n.map)", "-"),
        ("str(a),map_str_ip(/addr.map)", "1.2.3.4"),
        ("str(b),map_str_ip(/addr.map)", "::1"),
        ("str(c),map_str_ip(/addr.map,4.3.2.1)", "4.3.2.1"),
        ("str(c),map(virt@any,x)", "x"),
        ("str(c),map(opt@/none,x)", "x"),
        (
            "str(c),map(/none)",
            "error: invalid args in converter 'map' : failed to open pattern file </none>",
        ),
        (
            "str(a),map_str_int(/dir.map)",
            "error: invalid args in converter 'map_str_int' : unable to parse 'x' at line 1 of file '/dir.map'",
        ),
        (
            "ipv4(1.1.1.1),map_ip(/int.map)",
            "error: invalid args in converter 'map_ip' : 'a' is not a valid IPv4 or IPv6 address at line 1 of file '/int.map'",
        ),
    ]);
}

#[test]
fn substitutions() {
    table(&[
        ("str(ab),regsub($,X,g)", "abXX"),
        ("str(abxx),regsub(x*,-,g)", "-a-b--"),
        ("str(xx),regsub(x*,-,g)", "--"),
        ("str(abc),regsub(x*,-,g)", "-a-b-c-"),
        ("str(abc),regsub(x*,-)", "-abc"),
        ("str(abc),regsub(^,-,g)", "-abc"),
        ("str(),regsub(^,-,g)", "-"),
        ("str(),regsub(a,-,g)", ""),
        ("str(abcabc),regsub(b,[\\0],g)", "a[b]ca[b]c"),
        ("str(abcabc),regsub(B,x,gi)", "axcaxc"),
        ("str(abcabc),regsub(b,\"\\\\x41\",g)", "aAcaAc"),
        ("str(abcabc),regsub(\"(b)(c)\",\\2\\1,g)", "acbacb"),
        ("str(/////a///b/c/xzxyz/),regsub(/+,/,g)", "/a/b/c/xzxyz/"),
    ]);
}

#[test]
fn proxies_and_servers() {
    table(&[
        ("str(b),nbsrv", "2"),
        ("str(x),nbsrv", "-"),
        ("str(b/s0),srv_is_up", "1"),
        ("str(s1),srv_is_up", "0"),
        ("str(b/s9),srv_is_up", "-"),
        ("str(s1),srv_queue", "4"),
        ("str(f),fe_exists", "1"),
        ("str(b),fe_exists", "0"),
    ]);
}

#[test]
fn variables() {
    table(&[
        ("str(a),set-var(txn.x),length,concat(-,txn.x)", "1-a"),
        ("str(a),set-var(txn.x,ifexists),length,concat(-,txn.x)", "-"),
        ("str(a),set-var(txn.x,ifnotexists),length,concat(-,txn.x)", "1-a"),
        ("str(a),set-var(txn.x),unset-var(txn.x),concat(-,txn.x)", "a-"),
        ("str(),set-var(txn.x,ifnotempty),length,concat(-,txn.x)", "-"),
        // There are no captures here.
        ("str(a),capture-req(0)", "-"),
    ]);
}
