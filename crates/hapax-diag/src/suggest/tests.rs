use super::*;

#[test]
fn slips_of_the_keyboard_are_found_and_strangers_are_not() {
    let known = ["timeout", "maxconn", "balance", "bind", "option", "mode"];
    let table = [
        ("timout", Some("timeout")),
        ("tiemout", Some("timeout")),
        ("maxcon", Some("maxconn")),
        ("MaxConn", Some("maxconn")),
        ("blance", Some("balance")),
        ("bnid", Some("bind")),
        ("modes", Some("mode")),
        ("xyz", None),
        ("server", None),
        ("", None),
        ("mode", None),
    ];
    for (word, want) in table {
        assert_eq!(suggest(word, known), want, "{word}");
    }
}

#[test]
fn the_nearest_wins_then_the_first() {
    assert_eq!(suggest("abcdef", ["abcxyf", "abcdxf"]), Some("abcdxf"));
    assert_eq!(suggest("abcd", ["abcx", "abcy"]), Some("abcx"));
}
