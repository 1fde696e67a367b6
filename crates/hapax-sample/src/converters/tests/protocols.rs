//! Messages of other protocols, with what HAProxy makes of them.

use super::table;

#[test]
fn fix_messages() {
    table(&[
        (
            "bin(383d4649582e342e3401393d32350133353d410133343d310134393d455845430135363d434c490131303d30313301),fix_is_valid",
            "1",
        ),
        (
            "bin(383d4649582e342e3401393d350133353d410133343d310134393d455845430131303d30393001),fix_is_valid",
            "0",
        ),
        (
            "bin(383d4649582e342e3401393d31380133353d410133343d310134393d455845430131303d30303101),fix_is_valid",
            "0",
        ),
        (
            "bin(383d4649582e342e3401393d31380133343d310133353d410134393d455845430131303d31343201),fix_is_valid",
            "0",
        ),
        (
            "bin(383d4649582e392e3901393d31380133353d410133343d310134393d455845430131303d31353201),fix_is_valid",
            "0",
        ),
        (
            "bin(383d4649582e342e3401393d32350133353d410133343d310134393d455845430135363d434c490131303d30),fix_is_valid",
            "-",
        ),
        ("bin(383d4649582e342e3401),fix_is_valid", "-"),
        (
            "bin(383d4649582e342e3401393d32350133353d410133343d310134393d455845430135363d434c490131303d303133017878),fix_is_valid",
            "1",
        ),
        (
            "bin(68656c6c6f68656c6c6f68656c6c6f68656c6c6f68656c6c6f68656c6c6f68656c6c6f68656c6c6f68656c6c6f68656c6c6f),fix_is_valid",
            "-",
        ),
        (
            "bin(383d4649582e342e3401393d31370133353d410133343d0134393d455845430131303d30393201),fix_is_valid",
            "1",
        ),
        (
            "bin(383d4649582e342e3401393d32350133353d410133343d310134393d455845430135363d434c490131303d30313301),fix_tag_value(35)",
            "A",
        ),
        (
            "bin(383d4649582e342e3401393d32350133353d410133343d310134393d455845430135363d434c490131303d30313301),fix_tag_value(MsgType)",
            "A",
        ),
        (
            "bin(383d4649582e342e3401393d32350133353d410133343d310134393d455845430135363d434c490131303d30313301),fix_tag_value(49)",
            "EXEC",
        ),
        (
            "bin(383d4649582e342e3401393d32350133353d410133343d310134393d455845430135363d434c490131303d30313301),fix_tag_value(SenderCompID)",
            "EXEC",
        ),
        (
            "bin(383d4649582e342e3401393d32350133353d410133343d310134393d455845430135363d434c490131303d30313301),fix_tag_value(56)",
            "CLI",
        ),
        (
            "bin(383d4649582e342e3401393d32350133353d410133343d310134393d455845430135363d434c490131303d30313301),fix_tag_value(10)",
            "013",
        ),
        (
            "bin(383d4649582e342e3401393d32350133353d410133343d310134393d455845430135363d434c490131303d30313301),fix_tag_value(99)",
            "-",
        ),
        (
            "bin(383d4649582e342e3401393d32350133353d410133343d310134393d455845430135363d434c4901),fix_tag_value(56)",
            "CLI",
        ),
        (
            "bin(383d4649582e342e3401393d32350133353d410133343d310134393d455845430135363d434c490131303d30313301),fix_tag_value(nope)",
            "error: invalid args in converter 'fix_tag_value' : Unknown FIX tag name 'nope'",
        ),
        (
            "bin(383d4649582e342e3401393d32350133353d410133343d310134393d455845430135363d434c490131303d30313301),fix_tag_value(0)",
            "error: invalid args in converter 'fix_tag_value' : Unknown FIX tag name '0'",
        ),
    ]);
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn mqtt_packets() {
    table(&[
        (
            "bin(102300044d51545404c6003c00036369640002777400027770000475736572000470617373),mqtt_is_valid",
            "1",
        ),
        (
            "bin(104a00044d51545405c6003c19110000000a210014150002616d16000261642600016b00017600036369640c1800000005010103000263740002777400027770000475736572000470617373),mqtt_is_valid",
            "1",
        ),
        ("bin(20020105),mqtt_is_valid", "1"),
        ("bin(201000000d12000361636924012700001000),mqtt_is_valid", "1"),
        ("bin(100f00044d5158580402003c0003636964),mqtt_is_valid", "0"),
        ("bin(100f00044d5154540602003c0003636964),mqtt_is_valid", "0"),
        ("bin(100f00044d5154540403003c0003636964),mqtt_is_valid", "0"),
        ("bin(110f00044d5154540402003c0003636964),mqtt_is_valid", "0"),
        ("bin(101000044d5154540402003c000363696478),mqtt_is_valid", "0"),
        ("bin(3003000161),mqtt_is_valid", "0"),
        // One byte is too few to judge, and so is any well-begun packet that is cut.
        ("bin(f1),mqtt_is_valid", "-"),
        ("bin(310261),mqtt_is_valid", "-"),
        ("bin(20020000),mqtt_is_valid", "1"),
        ("bin(200200),mqtt_is_valid", "-"),
        ("bin(2105),mqtt_is_valid", "0"),
        ("bin(600161),mqtt_is_valid", "0"),
        ("bin(1080),mqtt_is_valid", "0"),
        (
            "bin(102300044d51545404c6003c000363696400027774000277700004757365720004706173),mqtt_is_valid",
            "-",
        ),
        (
            "bin(102300044d51545404c6003c000363696400027774000277700004757365720004706173737a7a),mqtt_is_valid",
            "1",
        ),
        ("bin(10),mqtt_is_valid", "-"),
        ("bin(100f00044d5154540418003c0003636964),mqtt_is_valid", "0"),
        ("bin(101300044d5154540502003c032100000003636964),mqtt_is_valid", "0"),
        (
            "bin(102300044d51545404c6003c00036369640002777400027770000475736572000470617373),mqtt_field_value(connect,flags)",
            "198",
        ),
        (
            "bin(102300044d51545404c6003c00036369640002777400027770000475736572000470617373),mqtt_field_value(connect,protocol_name)",
            "MQTT",
        ),
        (
            "bin(102300044d51545404c6003c00036369640002777400027770000475736572000470617373),mqtt_field_value(connect,protocol_version)",
            "4",
        ),
        (
            "bin(102300044d51545404c6003c00036369640002777400027770000475736572000470617373),mqtt_field_value(connect,client_identifier)",
            "cid",
        ),
        (
            "bin(102300044d51545404c6003c00036369640002777400027770000475736572000470617373),mqtt_field_value(connect,will_topic)",
            "wt",
        ),
        (
            "bin(102300044d51545404c6003c00036369640002777400027770000475736572000470617373),mqtt_field_value(connect,will_payload)",
            "wp",
        ),
        (
            "bin(102300044d51545404c6003c00036369640002777400027770000475736572000470617373),mqtt_field_value(connect,username)",
            "user",
        ),
        (
            "bin(102300044d51545404c6003c00036369640002777400027770000475736572000470617373),mqtt_field_value(connect,password)",
            "pass",
        ),
        (
            "bin(102300044d51545404c6003c00036369640002777400027770000475736572000470617373),mqtt_field_value(connect,keepalive)",
            "60",
        ),
        (
            "bin(102300044d51545404c6003c00036369640002777400027770000475736572000470617373),mqtt_field_value(connect,17)",
            "-",
        ),
        (
            "bin(102300044d51545404c6003c00036369640002777400027770000475736572000470617373),mqtt_field_value(connect,33)",
            "-",
        ),
        (
            "bin(104a00044d51545405c6003c19110000000a210014150002616d16000261642600016b00017600036369640c1800000005010103000263740002777400027770000475736572000470617373),mqtt_field_value(1,USERNAME)",
            "user",
        ),
        (
            "bin(104a00044d51545405c6003c19110000000a210014150002616d16000261642600016b00017600036369640c1800000005010103000263740002777400027770000475736572000470617373),mqtt_field_value(1,17)",
            "10",
        ),
        (
            "bin(104a00044d51545405c6003c19110000000a210014150002616d16000261642600016b00017600036369640c1800000005010103000263740002777400027770000475736572000470617373),mqtt_field_value(1,33)",
            "20",
        ),
        (
            "bin(104a00044d51545405c6003c19110000000a210014150002616d16000261642600016b00017600036369640c1800000005010103000263740002777400027770000475736572000470617373),mqtt_field_value(1,39)",
            "0",
        ),
        (
            "bin(104a00044d51545405c6003c19110000000a210014150002616d16000261642600016b00017600036369640c1800000005010103000263740002777400027770000475736572000470617373),mqtt_field_value(1,34)",
            "0",
        ),
        (
            "bin(104a00044d51545405c6003c19110000000a210014150002616d16000261642600016b00017600036369640c1800000005010103000263740002777400027770000475736572000470617373),mqtt_field_value(1,25)",
            "0",
        ),
        (
            "bin(104a00044d51545405c6003c19110000000a210014150002616d16000261642600016b00017600036369640c1800000005010103000263740002777400027770000475736572000470617373),mqtt_field_value(1,23)",
            "0",
        ),
        (
            "bin(104a00044d51545405c6003c19110000000a210014150002616d16000261642600016b00017600036369640c1800000005010103000263740002777400027770000475736572000470617373),mqtt_field_value(1,21)",
            "am",
        ),
        (
            "bin(104a00044d51545405c6003c19110000000a210014150002616d16000261642600016b00017600036369640c1800000005010103000263740002777400027770000475736572000470617373),mqtt_field_value(1,22)",
            "ad",
        ),
        (
            "bin(104a00044d51545405c6003c19110000000a210014150002616d16000261642600016b00017600036369640c1800000005010103000263740002777400027770000475736572000470617373),mqtt_field_value(1,24)",
            "5",
        ),
        (
            "bin(104a00044d51545405c6003c19110000000a210014150002616d16000261642600016b00017600036369640c1800000005010103000263740002777400027770000475736572000470617373),mqtt_field_value(1,1)",
            "1",
        ),
        (
            "bin(104a00044d51545405c6003c19110000000a210014150002616d16000261642600016b00017600036369640c1800000005010103000263740002777400027770000475736572000470617373),mqtt_field_value(1,2)",
            "0",
        ),
        (
            "bin(104a00044d51545405c6003c19110000000a210014150002616d16000261642600016b00017600036369640c1800000005010103000263740002777400027770000475736572000470617373),mqtt_field_value(1,3)",
            "ct",
        ),
        (
            "bin(104a00044d51545405c6003c19110000000a210014150002616d16000261642600016b00017600036369640c1800000005010103000263740002777400027770000475736572000470617373),mqtt_field_value(1,8)",
            "-",
        ),
        (
            "bin(104a00044d51545405c6003c19110000000a210014150002616d16000261642600016b00017600036369640c1800000005010103000263740002777400027770000475736572000470617373),mqtt_field_value(1,9)",
            "-",
        ),
        ("bin(20020105),mqtt_field_value(connack,flags)", "1"),
        ("bin(20020105),mqtt_field_value(connack,reason_code)", "5"),
        ("bin(20020105),mqtt_field_value(connack,protocol_version)", "4"),
        ("bin(20020105),mqtt_field_value(connack,17)", "-"),
        ("bin(20020105),mqtt_field_value(connack,18)", "-"),
        (
            "bin(201000000d12000361636924012700001000),mqtt_field_value(2,protocol_version)",
            "5",
        ),
        ("bin(201000000d12000361636924012700001000),mqtt_field_value(2,18)", "aci"),
        ("bin(201000000d12000361636924012700001000),mqtt_field_value(2,36)", "1"),
        ("bin(201000000d12000361636924012700001000),mqtt_field_value(2,39)", "4096"),
        ("bin(201000000d12000361636924012700001000),mqtt_field_value(2,17)", "0"),
        ("bin(201000000d12000361636924012700001000),mqtt_field_value(2,26)", "-"),
        ("bin(201000000d12000361636924012700001000),mqtt_field_value(2,40)", "0"),
        ("bin(201000000d12000361636924012700001000),mqtt_field_value(connect,flags)", "-"),
    ]);
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn protobuf_fields() {
    table(&[
        (
            "bin(1d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a99999999991fc030053dfeffffff41ffffffffffffffff4a0474657874),protobuf(48.59.1,int32)",
            "409146138",
        ),
        (
            "bin(1d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a99999999991fc030053dfeffffff41ffffffffffffffff4a0474657874),protobuf(48.59.2,int32)",
            "-746188906",
        ),
        (
            "bin(1d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a99999999991fc030053dfeffffff41ffffffffffffffff4a0474657874),protobuf(49.59.2,sint32)",
            "9223372036481681355",
        ),
        (
            "bin(1d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a99999999991fc030053dfeffffff41ffffffffffffffff4a0474657874),protobuf(3,float)",
            "2",
        ),
        (
            "bin(1d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a99999999991fc030053dfeffffff41ffffffffffffffff4a0474657874),protobuf(5,double)",
            "-7",
        ),
        (
            "bin(1d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a99999999991fc030053dfeffffff41ffffffffffffffff4a0474657874),protobuf(6,sint64)",
            "-3",
        ),
        (
            "bin(1d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a99999999991fc030053dfeffffff41ffffffffffffffff4a0474657874),protobuf(6,bool)",
            "5",
        ),
        (
            "bin(1d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a99999999991fc030053dfeffffff41ffffffffffffffff4a0474657874),protobuf(6),hex",
            "05",
        ),
        (
            "bin(1d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a99999999991fc030053dfeffffff41ffffffffffffffff4a0474657874),protobuf(7,fixed32)",
            "4294967294",
        ),
        (
            "bin(1d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a99999999991fc030053dfeffffff41ffffffffffffffff4a0474657874),protobuf(7,sfixed32)",
            "-2",
        ),
        (
            "bin(1d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a99999999991fc030053dfeffffff41ffffffffffffffff4a0474657874),protobuf(8,fixed64)",
            "-1",
        ),
        (
            "bin(1d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a99999999991fc030053dfeffffff41ffffffffffffffff4a0474657874),protobuf(9),hex",
            "74657874",
        ),
        (
            "bin(1d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a99999999991fc030053dfeffffff41ffffffffffffffff4a0474657874),protobuf(9,int32)",
            "-",
        ),
        (
            "bin(1d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a99999999991fc030053dfeffffff41ffffffffffffffff4a0474657874),protobuf(48.59.3),hex",
            "-",
        ),
        (
            "bin(1d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a99999999991fc030053dfeffffff41ffffffffffffffff4a0474657874),protobuf(48.59,int32)",
            "-",
        ),
        (
            "bin(1d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a99999999991fc030053dfeffffff41ffffffffffffffff4a0474657874),protobuf(10),hex",
            "-",
        ),
        (
            "bin(1d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a99999999991fc030053dfeffffff41ffffffffffffffff4a0474657874),protobuf(6.1),hex",
            "-",
        ),
        (
            "bin(1d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a99999999991fc030053dfeffffff41ffffffffffffffff4a0474657874),protobuf(3),hex",
            "00002040",
        ),
        (
            "bin(1d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a99999999991fc030053dfeffffff41ffffffffffffffff4a0474657874),protobuf(5),hex",
            "9A99999999991FC0",
        ),
        (
            "bin(00000000521d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a99999999991fc030053dfeffffff41ffffffffffffffff4a0474657874),ungrpc(48.59.1,int32)",
            "409146138",
        ),
        (
            "bin(00000000521d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a99999999991fc030053dfeffffff41ffffffffffffffff4a0474657874),ungrpc(9)",
            "text",
        ),
        (
            "bin(000000000308c80100000000521d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a99999999991fc030053dfeffffff41ffffffffffffffff4a0474657874),ungrpc(9)",
            "text",
        ),
        (
            "bin(00000000521d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a9999),ungrpc(9)",
            "-",
        ),
        (
            "bin(01000000521d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a99999999991fc030053dfeffffff41ffffffffffffffff4a0474657874),ungrpc(9)",
            "text",
        ),
        (
            "bin(1d00002040820314da0311089aa68cc30110969f989cfdffffffff018a0314da0311089aa68cc30110969f989cfdffffffff01299a99999999991fc030053dfeffffff41ffffffffffffffff4a0474657874),protobuf(1,text)",
            "error: invalid args in converter 'protobuf' : Wrong protocol buffer type 'text'",
        ),
    ]);
}

#[test]
fn forwarded_elements() {
    table(&[
        ("str(\"for=127.0.0.1;proto=http\"),rfc7239_is_valid", "1"),
        ("str(proto=custom),rfc7239_is_valid", "0"),
        ("str(),rfc7239_is_valid", "0"),
        ("str(\"for=127.0.0.1,for=1.1.1.1\"),rfc7239_is_valid", "0"),
        ("str(\"for=127.0.0.1;for=1.1.1.1\"),rfc7239_is_valid", "0"),
        ("str(\"for=127.0.0.1:80\"),rfc7239_is_valid", "0"),
        ("str(for=unknown),rfc7239_is_valid", "1"),
        ("str(for=_a.b-c),rfc7239_is_valid", "1"),
        ("str(for=_),rfc7239_is_valid", "0"),
        ("str(host=a.b),rfc7239_is_valid", "1"),
        ("str('by=\"_a:_b\"'),rfc7239_is_valid", "1"),
        ("str('by=\"_a:70000\"'),rfc7239_is_valid", "0"),
        ("str('proto=https;host=\"haproxy.org:80\"'),rfc7239_field(host)", "haproxy.org:80"),
        (
            "str('proto=https;host=\"haproxy.org:80\";for=\"127.0.0.1:9999\"'),rfc7239_field(for)",
            "127.0.0.1:9999",
        ),
        ("str(proto=https),rfc7239_field(proto)", "https"),
        ("str(proto=https),rfc7239_field(by)", "-"),
        ("str('for=\"[::1]:_x\"'),rfc7239_field(for)", "[::1]:_x"),
        ("str(127.0.0.1:9999),rfc7239_n2nn", "127.0.0.1"),
        ("str([ab:cd:ff:ff:ff:ff:ff:ff]:9998),rfc7239_n2nn", "ab:cd:ff:ff:ff:ff:ff:ff"),
        ("str(_name:_port),rfc7239_n2nn", "_name"),
        ("str(unknown),rfc7239_n2nn", "unknown"),
        ("str(127.0.0.1:9999),rfc7239_n2np", "9999"),
        ("str(_name:_port),rfc7239_n2np", "_port"),
        ("str(127.0.0.1),rfc7239_n2np", "-"),
        ("ipv6(ab:cd:ff:ff:ff:ff:ff:ff),rfc7239_nn", "[ab:cd:ff:ff:ff:ff:ff:ff]"),
        ("ipv4(1.2.3.4),rfc7239_nn", "1.2.3.4"),
        ("str(test),rfc7239_nn", "_test"),
        ("str(),rfc7239_nn", "unknown"),
        ("str(a/b),rfc7239_nn", "-"),
        ("int(12),rfc7239_np", "12"),
        ("str(test),rfc7239_np", "_test"),
        ("str(),rfc7239_np", "-"),
    ]);
}

/// A SYN in an Ethernet frame with one VLAN tag: ttl 64, DF, window 64240, MSS 1460, SACK, timestamps, NOP, scale 7.
const FRAME: &str = "0102030405060708090a0b0c8100002a0800\
    4510003c1a2b40004006000001020304050607081f90005001020304000000\
    00a0c2faf000000000020405b40402080a0000abcd000000000103030700";

#[test]
fn packet_headers() {
    let frame = &FRAME[..FRAME.len() - 2];
    let eth = |c: &str| super::shown(&format!("bin({frame}),{c}"));
    for (conv, expected) in [
        ("eth.dst,hex", "010203040506"),
        ("eth.src,hex", "0708090A0B0C"),
        ("eth.proto", "2048"),
        ("eth.vlan", "42"),
        ("eth.hdr,hex", "0102030405060708090A0B0C8100002A0800"),
        ("eth.data,ip.ver", "4"),
        ("eth.data,ip.tos", "16"),
        ("eth.data,ip.ttl", "64"),
        ("eth.data,ip.df", "1"),
        ("eth.data,ip.proto", "6"),
        ("eth.data,ip.src", "1.2.3.4"),
        ("eth.data,ip.dst", "5.6.7.8"),
        ("eth.data,ip.hdr,hex", "4510003C1A2B4000400600000102030405060708"),
        ("eth.data,ip.data,tcp.src", "8080"),
        ("eth.data,ip.data,tcp.dst", "80"),
        ("eth.data,ip.data,tcp.seq", "16909060"),
        ("eth.data,ip.data,tcp.flags", "194"),
        ("eth.data,ip.data,tcp.win", "64240"),
        ("eth.data,ip.data,tcp.options.mss", "1460"),
        ("eth.data,ip.data,tcp.options.sack", "1"),
        ("eth.data,ip.data,tcp.options.tsopt", "1"),
        ("eth.data,ip.data,tcp.options.tsval", "43981"),
        ("eth.data,ip.data,tcp.options.wscale", "7"),
        ("eth.data,ip.data,tcp.options.wsopt", "1"),
        ("eth.data,ip.data,tcp.options_list,hex", "0204080103"),
        ("eth.data,ip.fp,hex", "1053A8FAF005B447"),
        ("eth.data,ip.fp(7),hex", "1053A8FAF005B44740020408010301020304"),
    ] {
        assert_eq!(eth(conv), expected, "{conv}");
    }
}

#[test]
fn packets_that_are_cut_off() {
    let tcp = |options: &str| format!("bin(0050005100000001000000026002ffff00000000{options})");
    for (expr, expected) in [
        ("bin(450000280000400040),ip.proto".to_owned(), "-"),
        ("bin(45000028000040004006),ip.proto".to_owned(), "6"),
        ("bin(600000000014063f),ip.proto".to_owned(), "-"),
        (tcp("01010101") + ",tcp.options.tsval", "0"),
        (tcp("080a0000") + ",tcp.options.tsval", "0"),
        (tcp("0101") + ",tcp.options.tsval", "-"),
        (tcp("01010108") + ",tcp.options_list,hex", "01010108"),
        (tcp("01080100") + ",tcp.options_list,hex", "0108"),
        (tcp("080a0101") + ",tcp.options_list,hex", "08"),
        (tcp("00080a00") + ",tcp.options_list,hex", ""),
    ] {
        assert_eq!(super::shown(&expr), expected, "{expr}");
    }
}

#[test]
fn names_of_verification_errors() {
    table(&[
        ("int(0),x509_v_err_str", "X509_V_OK"),
        ("int(10),x509_v_err_str", "X509_V_ERR_CERT_HAS_EXPIRED"),
        ("int(-3),x509_v_err_str", "18446744073709551613"),
        ("int(9999),x509_v_err_str", "9999"),
    ]);
}
