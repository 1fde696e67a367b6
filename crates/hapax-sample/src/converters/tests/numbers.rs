use super::table;

#[test]
fn arithmetic_is_haproxys() {
    table(&[
        ("int(9223372036854775807),add(1)", "9223372036854775807"),
        ("int(-9223372036854775807),sub(5)", "-9223372036854775808"),
        ("int(5),div(0)", "9223372036854775807"),
        ("int(-5),div(0)", "9223372036854775807"),
        ("int(5),mod(0)", "0"),
        ("int(-7),div(2)", "-3"),
        ("int(-7),mod(2)", "-1"),
        ("int(-7),mod(-2)", "-1"),
        ("int(9223372036854775807),mul(2)", "9223372036854775807"),
        ("int(9223372036854775807),mul(-2)", "-9223372036854775808"),
        ("int(-9223372036854775808),neg", "9223372036854775807"),
        ("int(1),add(9223372036854775808)", "9223372036854775807"),
        ("int(5),add(txn.nope)", "-"),
        ("int(5),set-var(txn.a),add(txn.a)", "10"),
        ("int(3),add(-1)", "2"),
        ("int(3),add(+1)", "4"),
        ("int(3),cpl", "-4"),
        ("int(-3),odd", "1"),
        ("int(-3),even", "0"),
        ("int(2),not", "0"),
        ("int(2),bool", "1"),
        ("int(7),and(3)", "3"),
        ("int(7),xor(-1)", "-8"),
        ("int(8),or(1)", "9"),
        ("str(12abc),add(1)", "13"),
        ("str(abc),add(1)", "1"),
        ("str(-),neg", "0"),
        ("str(),add(1)", "-"),
        ("bool(true),add(1)", "2"),
        ("ipv4(1.2.3.4),add(1)", "16909061"),
        (
            "int(5),add(abc)",
            "error: invalid args in converter 'add' : expects an integer or a variable name",
        ),
        ("int(258),htonl,hex", "00000102"),
        ("int(-1),htonl,hex", "FFFFFFFF"),
    ]);
}
