use super::table;

const IN: &str = "int(784111777)";

fn utime(format: &str, expected: &str) {
    table(&[(&format!("{IN},utime(\"{format}\")"), expected)]);
}

#[test]
fn formats_are_the_c_librarys() {
    utime(
        "%a %A %b %B %c %C %d %D %e %F %g %G %h %H",
        "Sun Sunday Nov November Sun Nov  6 08:49:37 1994 19 06 11/06/94  6 1994-11-06 94 1994 Nov 08",
    );
    utime(
        "%I %j %k %l %m %M %p %P %r %R %S %T %u %U %V %w %W %x %X %y %Y %z %Z %%",
        "08 310  8  8 11 49 AM am 08:49:37 AM 08:49 37 08:49:37 7 45 44 0 44 11/06/94 08:49:37 94 1994 +0000 GMT %",
    );
    utime(
        "%-d %_d %05d %^a %#Z %Q %E %Ey %Od %10Y %3N %+",
        "6  6 00006 SUN gmt %Q %E 94 06 0000001994 %3N %+",
    );
}

#[test]
fn dates() {
    table(&[
        ("int(0),http_date", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("int(784111777),http_date", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("int(784111777),http_date(3600)", "Sun, 06 Nov 1994 09:49:37 GMT"),
        ("int(784111777000),http_date(0,ms)", "Sun, 06 Nov 1994 08:49:37.0 GMT"),
        ("int(784111777000042),http_date(0,us)", "Sun, 06 Nov 1994 08:49:37.42 GMT"),
        ("int(784111777),utime(%Y,-86400)", "1994"),
        ("int(784111777),utime()", ""),
        ("int(-1),utime(\"%Y-%m-%d %H:%M:%S\")", "1141709097-06-13 06:26:07"),
        ("int(784111777),ltime(\"%F %T %z %Z\")", "1994-11-06 10:49:37 +0200 CEST"),
        ("int(0),utime(%H,-3600)", "23"),
        ("int(-1),utime(%Y,100)", "1141709097"),
        ("int(-1),ms_utime(%Y-%m-%d.%3N)", "1970-01-01.184"),
        ("int(784111777123),ms_utime(\"%T.%3N %N %6N\")", "08:49:37.123 123000000 123000"),
        ("int(784111777123456),us_utime(%6N)", "123456"),
        ("int(784111777123456),us_utime(\"%s.%6N\",1)", "784111778.123456"),
        ("int(784111777123),ms_utime(\"%s.%3N\",-7)", "784111770.123"),
        ("int(-5000),ms_ltime(%s,1000)", "995"),
        ("int(951782400),utime(\"%F %j %V\")", "2000-02-29 060 09"),
        ("int(1104537600),utime(\"%F %G-%V %U %W\")", "2005-01-01 2004-53 00 00"),
        ("str(\"Sun, 06 Nov 1994 08:49:37 GMT\"),date", "784111777"),
        ("str(\"Sunday, 06-Nov-94 08:49:37 GMT\"),date", "784111777"),
        ("str(\"Sun Nov  6 08:49:37 1994\"),date", "784111777"),
        ("str(\"Sun, 6 Nov 1994 08:49:37 GMT\"),date", "-"),
        ("str(),date", "-"),
    ]);
}
