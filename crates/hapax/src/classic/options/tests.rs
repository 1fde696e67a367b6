use super::*;

fn parsed(line: &str) -> Result<Options, Stop> {
    parse(line.split_whitespace().map(str::to_owned))
}

#[test]
fn files_keep_their_order() {
    let o = parsed("-f a -f b -- c -d d").unwrap();
    assert_eq!(o.files, ["a", "b", "c", "-d", "d"]);
    assert!(!o.debug);
}

#[test]
fn the_longest_row_wins_and_the_rest_is_its_value() {
    let o = parsed("-dMno-merge,tag -dI -dW -db -dKall -f x -c").unwrap();
    assert!(o.zero_warning && o.foreground && !o.debug && o.mode == Mode::Check);
    assert_eq!(o.dump_keywords.as_deref(), Some("all"));
    assert!(parsed("-dQ").unwrap().debug, "an unknown -d is debug mode");
    assert_eq!(parsed("-cc cond").unwrap().mode, Mode::Condition("cond".to_owned()));
    let o = parsed("-dt h1:developer -V -f x").unwrap();
    assert!(o.verbose && o.files == ["x"]);
}

#[test]
fn pids_end_at_the_next_option() {
    let o = parsed("-sf 12 34 -p /run/x -st -f a").unwrap();
    assert_eq!(
        (o.old_pids.as_slice(), o.farewell),
        ([12, 34].as_slice(), Some(Farewell::Terminate))
    );
    assert_eq!(o.pid_file.as_deref(), Some("/run/x"));
    assert!(matches!(parsed("-sf 12x"), Err(Stop::Alert(_))));
    assert_eq!(parsed("-sf 0").unwrap_err(), Stop::Usage(None));
}

#[test]
fn what_is_no_option_shows_the_usage() {
    for line in ["-Z", "-", "file.cfg", "-f", "-x"] {
        assert!(matches!(parsed(line), Err(Stop::Usage(_))), "{line}");
    }
    assert!(matches!(parsed("-v -f x"), Err(Stop::Print(_))));
}

#[test]
fn rows_are_well_formed() {
    for (i, r) in ROWS.iter().enumerate() {
        assert!(ROWS[..i].iter().all(|o| o.flag != r.flag), "-{} twice", r.flag);
        assert!(!r.flag.is_empty() && r.help.is_ascii());
    }
}
