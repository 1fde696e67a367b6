use super::table;

#[test]
fn digests() {
    table(&[
        ("str(abc),sha1,hex", "A9993E364706816ABA3E25717850C26C9CD0D89D"),
        (
            "str(abc),sha2,hex",
            "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
        ),
        ("str(abc),sha2(224),hex", "23097D223405D8228642A477BDA255B32AADBCE4BDA0B3F7E36C9DA7"),
        ("str(abc),digest(md5),hex", "900150983CD24FB0D6963F7D28E17F72"),
        (
            "str(abc),digest(SHA3-256),hex",
            "3A985DA74FE225B2045C172D6BD390BD855F086E3E9D525B46BFE24511431532",
        ),
        (
            "str(abc),digest(sha512-256),hex",
            "53048E2681941EF99B2E29B76B4C7DABE4C2D0C634FC6D46E0E2F13107E7AF23",
        ),
        (
            "str(abc),digest(md5-sha1),hex",
            "900150983CD24FB0D6963F7D28E17F72A9993E364706816ABA3E25717850C26C9CD0D89D",
        ),
        (
            "str(abc),hmac(sha256,Zm9v),hex",
            "2FEBDE8CAD3B3E67067BC8784B1BCF966529C89A999E6C430B9CD536E3A16B52",
        ),
        ("str(abc),hmac(md5,Zm9v),hex", "9BC8B11A0BE53EE07958E5A92BD6882B"),
        (
            "str(abc),hmac(sha3-256,Zm9v),hex",
            "A7F30DEDDAC7BE19BA694F7B98DB387F87FEDFB18E25310034EEE6EA82E77199",
        ),
        (
            "str(abc),hmac(md5-sha1,Zm9v),hex",
            "C5D4022E24BFD3FAE6F51637909E594D0903FA6D539343AC54708639F7E6262ECBA13079",
        ),
        (
            "str(abc),hmac(sha256,),hex",
            "FD7ADB152C05EF80DCCF50A1FA4C05D5A3EC6DA95575FC312AE7C5D091836351",
        ),
        (
            "str(Zm9v),set-var(txn.k),regsub(^.*$,),concat(abc),hmac(sha256,txn.k),hex",
            "2FEBDE8CAD3B3E67067BC8784B1BCF966529C89A999E6C430B9CD536E3A16B52",
        ),
        (
            "str(abc),digest(nope)",
            "error: invalid args in converter 'digest' : algorithm must be a valid OpenSSL message digest name.",
        ),
        (
            "str(abc),digest(sm3),hex",
            "66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0",
        ),
        (
            "str(abc),hmac(SM3,a2V5),hex",
            "28E63256E7C5A087B1F073265DC53092163F7B82729735D06F28F10AF9D52393",
        ),
        ("str(abc),digest(RIPEMD-160),hex", "8EB208F7E05D987A9B044A8E98C6B087F15A0BFC"),
        ("str(abc),hmac(rmd160,a2V5),hex", "67FDCE738EBFC7372BCD38F03C023B5746724D18"),
        (
            "str(abc),digest(SHA512-224),hex",
            "4634270F707B6A54DAAE7530460842E20E37ED265CEEE9A43E8924AA",
        ),
        (
            "str(abc),hmac(sha512-224,a2V5),hex",
            "28BC0433EF684EA9877C2F2437AA0CCFC2E8EB3A9B4C731606877B4F",
        ),
        (
            "str(abc),digest(sha3-224),hex",
            "E642824C3F8CF24AD09234EE7D3C766FC9A3A5168D0C94AD73B46FDF",
        ),
        (
            "str(abc),hmac(sha3-224,a2V5),hex",
            "09D9D74E7D761C8F27F07D8D35F95B9D160B6B4D8175329DB68EEA6D",
        ),
        ("str(abc),digest(shake128),hex", "5881092DD818BF5CF8A3DDB793FBCBA7"),
        (
            "str(abc),digest(SHAKE-256),hex",
            "483366601360A8771C6863080CC4114D8DB44530F8F1E1EE4F94EA37E78B5739",
        ),
        ("str(abc),hmac(shake128,a2V5),hex", "-"),
        (
            "str(abc),digest(blake2s256),hex",
            "508C5E8C327C14E2E1A72BA34EEB452F37458B209ED63A294D999B4C86675982",
        ),
        (
            "str(abc),hmac(blake2s256,a2V5),hex",
            "0018BFDDC0C878B3E270C6E59B35AF01E164A42D89499C9447A90B58A4D60EB3",
        ),
        (
            "str(abc),hmac(blake2b512,a2V5),hex",
            "05CC4815438D5CFE68FFF446B8DF57828CC96189DE4B4E928E3F06D815D64E5BC15124A02FFD39859B3E2476DA03BC0235CA86DF623AF2A5631779809E9FD04A",
        ),
        ("str(abc),digest(md4),hex", "-"),
        (
            "str(abc),digest(RSA-SHA256),hex",
            "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
        ),
        (
            "str(abc),digest(sha2),hex",
            "error: invalid args in converter 'digest' : algorithm must be a valid OpenSSL message digest name.",
        ),
    ]);
}

#[test]
fn aes() {
    table(&[
        (
            "str(\"hello world\"),aes_cbc_enc(128,MDEyMzQ1Njc4OTAxMjM0NQ==,Zm9vb29vb29vb29vb29vbw==),hex",
            "DC3B8EC646D0E92A0478D3A34EC3A281",
        ),
        (
            "bin(dc3b8ec646d0e92a0478d3a34ec3a281),aes_cbc_dec(128,MDEyMzQ1Njc4OTAxMjM0NQ==,Zm9vb29vb29vb29vb29vbw==)",
            "hello world",
        ),
        (
            "str(\"hello world\"),aes_cbc_enc(192,MDEyMzQ1Njc4OTAxMjM0NQ==,Zm9vb29vb29vb29vb29vb29vb29vb29v),hex",
            "9F3179285CC658B6DDEF0840987B74C2",
        ),
        (
            "bin(dc3b8ec646d0e92a0478d3a34ec3a282),aes_cbc_dec(128,MDEyMzQ1Njc4OTAxMjM0NQ==,Zm9vb29vb29vb29vb29vbw==)",
            "-",
        ),
        ("bin(dc3b),aes_cbc_dec(128,MDEyMzQ1Njc4OTAxMjM0NQ==,Zm9vb29vb29vb29vb29vbw==)", "-"),
        (
            "bin(73f343e1c96f9969d0a44a),aes_gcm_dec(128,MDEyMzQ1Njc4OTAx,Zm9vb29vb29vb29vb29vbw==,6DTrscryA8my6yoi0tYrRw==)",
            "hello world",
        ),
        (
            "bin(73f343e1c96f9969d0a44a),aes_gcm_dec(128,MDEyMzQ1Njc4OTAx,Zm9vb29vb29vb29vb29vbw==,DF62SXnof+Gw6xsewXNtPA==,Zm9v)",
            "hello world",
        ),
        (
            "bin(c0ba6e874bb8adbe2cd3f0),aes_gcm_dec(192,MDEyMzQ1Njc4OTAx,Zm9vb29vb29vb29vb29vb29vb29vb29v,xUG8DK1Q83ICC0pyqyldng==)",
            "hello world",
        ),
        (
            "bin(c0ba6e874bb8adbe2cd3f0),aes_gcm_dec(192,MDEyMzQ1Njc4OTAx,Zm9vb29vb29vb29vb29vb29vb29vb29v,KjyfZZSpKE47Oh8j+UHvcg==,Zm9v)",
            "hello world",
        ),
        (
            "bin(b713bdac860610802c0e63),aes_gcm_dec(256,MDEyMzQ1Njc4OTAx,Zm9vb29vb29vb29vb29vb29vb29vb29vb29vb29vb28=,/ZWujWn0ZI4Qkv7N8oqSEg==)",
            "hello world",
        ),
        (
            "bin(b713bdac860610802c0e63),aes_gcm_dec(256,MDEyMzQ1Njc4OTAx,Zm9vb29vb29vb29vb29vb29vb29vb29vb29vb29vb28=,z0q0xG5Aqfewo/ReCw19ZA==,Zm9v)",
            "hello world",
        ),
        (
            "bin(b713bdac860610802c0e63),aes_gcm_dec(256,MDEyMzQ1Njc4OTAx,Zm9vb29vb29vb29vb29vb29vb29vb29vb29vb29vb28=,z0q0xG5Aqfewo/ReCw19ZA==)",
            "-",
        ),
        (
            "str(\"hello world\"),aes_gcm_enc(128,MDEyMzQ1Njc4OTAx,Zm9vb29vb29vb29vb29vbw==,txn.tag),hex",
            "73F343E1C96F9969D0A44A",
        ),
        (
            "str(\"hello world\"),aes_gcm_enc(128,MDEyMzQ1Njc4OTAx,Zm9vb29vb29vb29vb29vbw==,txn.tag),length,concat(-,txn.tag)",
            "11-6DTrscryA8my6yoi0tYrRw==",
        ),
        (
            "str(\"hello world\"),aes_gcm_enc(192,MDEyMzQ1Njc4OTAx,Zm9vb29vb29vb29vb29vb29vb29vb29v,txn.tag),hex",
            "C0BA6E874BB8ADBE2CD3F0",
        ),
        (
            "str(\"hello world\"),aes_gcm_enc(192,MDEyMzQ1Njc4OTAx,Zm9vb29vb29vb29vb29vb29vb29vb29v,txn.tag),length,concat(-,txn.tag)",
            "11-xUG8DK1Q83ICC0pyqyldng==",
        ),
        (
            "str(\"hello world\"),aes_gcm_enc(256,MDEyMzQ1Njc4OTAx,Zm9vb29vb29vb29vb29vb29vb29vb29vb29vb29vb28=,txn.tag),hex",
            "B713BDAC860610802C0E63",
        ),
        (
            "str(\"hello world\"),aes_gcm_enc(256,MDEyMzQ1Njc4OTAx,Zm9vb29vb29vb29vb29vb29vb29vb29vb29vb29vb28=,txn.tag),length,concat(-,txn.tag)",
            "11-/ZWujWn0ZI4Qkv7N8oqSEg==",
        ),
    ]);
}
