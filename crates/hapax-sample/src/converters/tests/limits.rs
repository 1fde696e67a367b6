//! What values that a buffer has no room for become, and numbers that are out of range.

use super::table;

/// A text of so many bytes, as the beginning of an expression.
fn long(len: usize) -> String {
    format!("str({})", "a".repeat(len))
}

/// What a chain makes of a text of so many bytes, as a length.
fn lengths(cases: &[(usize, &str, &str)]) {
    for (len, chain, expected) in cases {
        table(&[(&format!("{},{chain},length", long(*len)), expected)]);
    }
}

#[test]
fn values_end_with_the_buffer() {
    lengths(&[
        (8192, "hex", "16384"),
        (8193, "hex", "-"),
        (2048, "base2", "16384"),
        (2049, "base2", "-"),
        (12_285, "base64", "16380"),
        (12_286, "base64", "-"),
        (12_285, "ub64enc", "16380"),
        (12_286, "ub64enc", "-"),
        (5000, "regsub(a,1234,g)", "16384"),
        (16_384, "lower", "16384"),
        (16_000, "concat(b),concat(b)", "16002"),
        (16_382, "concat(bb)", "16383"),
        (16_382, "add_item(-,,bb)", "16383"),
        (5461, "be2hex(:,1)", "16382"),
        (5462, "be2hex(:,1)", "16382"),
        (8193, "be2hex", "-"),
        (5461, "be2dec(:,1)", "16382"),
        (5462, "be2dec(:,1)", "16382"),
        (16_383, "url_enc", "16383"),
        (16_384, "url_enc", "16383"),
    ]);
    // Half a code is none.
    let specials = |before: &str| format!("bin({before}{}),url_enc,length", "81".repeat(5461));
    table(&[(&specials(""), "16383"), (&specials("61"), "-")]);
    // A variable that is built up ends there too.
    let doubled = ",set-var(txn.a),concat(,txn.a)".repeat(20);
    table(&[(&format!("str(abc){doubled},length"), "16383")]);
}

#[test]
fn floats_become_what_processors_make_of_them() {
    table(&[
        ("bin(15cdcc2cc0),protobuf(2,float)", "4294967294"),
        ("bin(150000804f),protobuf(2,float)", "0"),
        ("bin(150000007f),protobuf(2,float)", "0"),
        ("bin(150000c07f),protobuf(2,float)", "0"),
        ("bin(119a999999999905c0),protobuf(2,double)", "-2"),
        ("bin(1140643f970722e043),protobuf(2,double)", "-9146744073709551616"),
        ("bin(11000000000000f07f),protobuf(2,double)", "0"),
        ("bin(11000000000000f87f),protobuf(2,double)", "-9223372036854775808"),
        ("bin(11408cb5781daf15c4),protobuf(2,double)", "-9223372036854775808"),
    ]);
}

#[test]
fn options_are_read_in_the_size_of_their_kind() {
    let header = |options: &str| {
        let len = 5 + options.len() / 8;
        format!("bin(d9df0050499602d200000000{len:x}002ffff00000000{options})")
    };
    for (options, converter, expected) in [
        ("0203dd05", "tcp.options.mss", "56581"),
        ("010203dd", "tcp.options.mss", "56576"),
        ("03020506", "tcp.options.wscale", "5"),
        ("0802010203040506", "tcp.options.tsval", "16909060"),
        ("08030102", "tcp.options.tsval", "16908288"),
        ("0203dd05", "tcp.options_list,hex", "0205"),
    ] {
        table(&[(&format!("{},{converter}", header(options)), expected)]);
    }
    // The length that an IP header tells of itself is taken as it is.
    let packet = "bin(41936c5cc8ce97a8e7b1576aab77ba3831ad5dca)";
    table(&[
        (&format!("{packet},ip.hdr,hex"), "41936C5C"),
        (&format!("{packet},ip.data,length"), "16"),
    ]);
}

#[test]
fn codes_have_32_bits() {
    table(&[
        ("int(8589934592),x509_v_err_str", "X509_V_OK"),
        ("int(4294967297),x509_v_err_str", "X509_V_ERR_UNSPECIFIED"),
        ("int(4294967391),x509_v_err_str", "4294967391"),
        ("int(-1),x509_v_err_str", "18446744073709551615"),
    ]);
}
