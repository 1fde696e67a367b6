use super::table;

#[test]
fn bytes_as_text() {
    table(&[
        ("str(abc),hex", "616263"),
        ("bin(00ff),hex", "00FF"),
        ("str(abc),hex2i", "2748"),
        ("str(),hex2i", "0"),
        ("str(zz),hex2i", "-"),
        ("str(123456789abcdef01),hex2i", "2541551405711093505"),
        ("str(fffffffffffffffff),hex2i", "-1"),
        ("bin(0105),base2", "0000000100000101"),
        ("str(a),base64", "YQ=="),
        ("str(),base64", ""),
        ("str(YQ==),b64dec", "a"),
        ("str(YQ),b64dec", "-"),
        ("str(YQ=),b64dec", "-"),
        ("str(Y!==),b64dec", "-"),
        ("str(),b64dec", ""),
        ("str(a?>),ub64enc", "YT8-"),
        ("str(YT8-),ub64dec", "a?>"),
        ("str(YQ),ub64dec", "a"),
        ("bin(01020304050607),be2dec(:,2)", "258:772:1286:7"),
        ("bin(01020304050607),be2dec(-,2,1)", "258-772-1286"),
        ("bin(01020304050607),be2dec(,2,1)", "2587721286"),
        ("bin(7f000001),be2dec(.,1)", "127.0.0.1"),
        ("bin(ffffffffffffffff),be2dec(.,8)", "18446744073709551615"),
        ("bin(01020304050607),le2dec(:,2)", "513:1027:1541:7"),
        ("str(0123456789),le2dec(-,3)", "3289392-3486771-3684150-57"),
        ("bin(01020304050607),le2dec(-,2,1)", "513-1027-1541"),
        ("bin(01020304050607),be2hex", "01020304050607"),
        ("bin(01020304050607),be2hex(:,2)", "0102:0304:0506:07"),
        ("bin(01020304050607),be2hex(--,2,1)", "0102--0304--0506"),
        ("bin(0102030405060708),be2hex(,3,1)", "010203040506"),
        (
            "bin(0102),be2hex(:,0)",
            "error: invalid args in converter 'be2hex' : chunk_size needs to be positive (0)",
        ),
        ("str(\"a b~-._/\"),url_enc", "a%20b~-._%2F"),
        ("str(a%20b+c?d+e),url_dec", "a b+c?d e"),
        ("str(a%20b+c?d+e),url_dec(1)", "a b c?d e"),
        ("str(a%4),url_dec", "-"),
        ("str(%e9),url_dec", "\u{e9}"),
    ]);
}

#[test]
fn hashes() {
    table(&[
        ("str(abc),crc32", "891568578"),
        ("str(abc),crc32(1)", "930845320"),
        ("str(abc),crc32(2)", "930845320"),
        ("str(),crc32", "0"),
        ("str(abc),crc32c", "910901175"),
        ("str(abc),crc32c(1)", "1285784220"),
        ("str(abc),djb2", "193485963"),
        ("str(abc),djb2(1)", "2235766107"),
        ("str(abc),sdbm", "807794786"),
        ("str(abc),sdbm(1)", "659243622"),
        ("str(abc),wt6", "2483038440"),
        ("bin(00017f80ff),wt6", "1169805514"),
        ("str(abc),wt6(1)", "266135527"),
        ("str(abc),xxh32", "852579327"),
        ("str(abc),xxh32(5)", "1562728233"),
        ("str(abc),xxh64", "4952883123889572249"),
        ("str(abc),xxh64(5)", "-1753195980308443340"),
        ("str(abc),xxh3", "8696274497037089104"),
        ("str(abc),xxh3(5)", "6167986026487092235"),
        ("str(),xxh3", "3244421341483603138"),
    ]);
}

#[test]
fn blocks() {
    table(&[
        ("str(abc),bytes(1)", "bc"),
        ("str(abc),bytes(0,2)", "ab"),
        ("str(abc),bytes(3)", ""),
        ("str(abc),bytes(1,100)", "bc"),
        ("str(abc),bytes(1,)", ""),
        ("int(1),set-var(txn.o),bytes(0),length", "0"),
        ("str(abc),has_ctl", "0"),
        ("bin(610d),has_ctl", "1"),
        ("bin(6109),has_ctl", "0"),
        ("bin(6109),has_ctl(any)", "1"),
        ("bin(617f),has_ctl(http)", "0"),
        ("bin(617f),has_ctl(0x100000000)", "1"),
        ("str(abc),set-var(txn.s),secure_memcmp(txn.s)", "1"),
        ("str(abc),set-var(txn.s),upper,secure_memcmp(txn.s)", "0"),
        ("str(abc),secure_memcmp(txn.s)", "-"),
        ("ipv4(1.2.3.4),ipmask(24)", "1.2.3.0"),
        ("ipv4(1.2.3.4),ipmask(255.255.0.0)", "1.2.0.0"),
        ("ipv6(2001:db8::1),ipmask(24,32)", "2001:db8::"),
        ("ipv6(2001:db8::1),ipmask(24)", "-"),
        ("ipv6(2002:102:304::1),ipmask(24,64)", "1.2.3.0"),
        ("ipv6(::102:304),ipmask(8)", "1.0.0.0"),
        ("ipv6(::1),ipmask(32,128)", "0.0.0.1"),
        ("str(::ffff:1.2.3.4),ipmask(16,64)", "1.2.0.0"),
        ("ipv6(::ffff:192.0.2.9),ipmask(24,64)", "192.0.2.0"),
        ("ipv6(2001:db8::1),ipmask(24,ffff::)", "2001::"),
    ]);
}
