use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::still::Stage;

/// The rules that hold by their own conditions, and those left when the gates are asked first.
fn both(stage: &mut Stage, conditions: &[String]) -> (Vec<usize>, Vec<usize>, usize) {
    let compiled: Vec<Option<Arc<Condition>>> = conditions.iter().map(|c| Some(stage.condition(&ACLS, c).expect(c))).collect();
    stage.refs.finish();
    let gates = gates(&compiled);
    let env = stage.env();
    let holds = |i: usize| compiled[i].as_ref().is_some_and(|c| c.eval(&env) == Verdict::Pass);
    let plain = (0..compiled.len()).filter(|i| holds(*i)).collect();
    let (mut gated, mut asked, mut at) = (Vec::new(), 0, 0);
    while at < compiled.len() {
        let skip = gates[at].as_ref().map_or(0, |g| g.skip(&env));
        if skip > 0 {
            at += skip;
            continue;
        }
        asked += 1;
        if holds(at) {
            gated.push(at);
        }
        at += 1;
    }
    (plain, gated, asked)
}

const ACLS: [&str; 3] = [
    "net src 10.0.0.0/8 127.0.0.0/8",
    "static path_end .png .css .js",
    "bot hdr_sub(user-agent) -i bot crawl",
];

fn stage() -> Stage {
    Stage::request(
        "GET",
        "/app7/img/a.png?x=1",
        &[("Host", "www.Example.org"), ("User-Agent", "GoodBot/1.0"), ("X-A", "1, two")],
    )
}

#[test]
fn sixty_rules_on_paths_are_one_question() {
    let conditions: Vec<String> = (0..60).map(|i| format!("if {{ path_beg /app{i}/ }}")).collect();
    let (plain, gated, asked) = both(&mut stage(), &conditions);
    assert_eq!((plain, gated, asked), (vec![7], vec![7], 1));
}

#[test]
fn mixed_alternatives_are_passed_over_together() {
    let conditions: Vec<String> = (0..20)
        .map(|i| format!("if {{ path_beg /nothing{i}/ }} or {{ hdr(host) -i h{i}.org }} or {{ hdr_sub(user-agent) -i robot{i} }} or {{ src 10.{i}.0.0/16 }}"))
        .collect();
    let (plain, gated, asked) = both(&mut stage(), &conditions);
    assert_eq!((plain, gated, asked), (vec![], vec![], 0));
}

#[test]
fn what_has_side_effects_first_has_no_gate() {
    let mut s = stage();
    let conditions: Vec<_> = (0..20)
        .map(|i| {
            Some(
                s.condition(&[], &format!("if {{ path,set-var(txn.p) -m found }} {{ path_beg /a{i} }}"))
                    .expect("condition"),
            )
        })
        .collect();
    assert!(gates(&conditions).iter().all(Option::is_none));
    let few: Vec<_> = conditions[..2].to_vec();
    assert!(gates(&few).iter().all(Option::is_none));
}

#[test]
fn a_change_at_run_time_closes_the_gate() {
    let mut s = stage();
    let conditions: Vec<_> = (0..10)
        .map(|i| Some(s.condition(&[], &format!("if {{ path_beg /b{i}/ }}")).expect("condition")))
        .collect();
    s.refs.finish();
    let gates = gates(&conditions);
    let first = gates[0].as_ref().expect("a gate");
    assert_eq!(first.skip(&s.env()), 10);
    let list = s.refs.lists().get(4).cloned().expect("a list");
    list.add(None, b"/app7/", None).expect("added");
    assert_eq!(first.skip(&s.env()), 0);
    assert_eq!(conditions[4].as_ref().expect("condition").eval(&s.env()), Verdict::Pass);
}

fn condition() -> impl Strategy<Value = String> {
    let test = prop_oneof![
        "/(app7|img|x|app7/img|)".prop_map(|p| format!("{{ path_beg {p}/ }}")),
        "(/app7/img/a[.]png|/a|/b)".prop_map(|p| format!("{{ path {p} }}")),
        "(png|css|a[.]png|PNG)".prop_map(|p| format!("{{ path_end -i {p} }}")),
        "(www[.]example[.]org|h[0-9][.]org)".prop_map(|p| format!("{{ hdr(host) -i {p} }}")),
        "(two|1|three)".prop_map(|p| format!("{{ hdr(x-a) {p} }}")),
        "(two|bot|xyz)".prop_map(|p| format!("{{ hdr_sub(user-agent) -i {p} }}")),
        "(10|127)[.]0[.]0[.][0-3]/(8|32)".prop_map(|p| format!("{{ src {p} }}")),
        "(net|static|bot|TRUE|METH_GET)".prop_map(|p| p),
        "(img|app7|app)".prop_map(|p| format!("{{ path_dir {p} }}")),
        "(example|org|net)".prop_map(|p| format!("{{ hdr_dom(host) -i {p} }}")),
        "(5|19|20)".prop_map(|p| format!("{{ path_len {p} }}")),
        Just("{ path_reg ^/app[0-9] }".to_owned()),
        Just("{ path,lower -m beg /app7 }".to_owned()),
    ];
    let term = (any::<bool>(), test).prop_map(|(not, t)| if not { format!("!{t}") } else { t });
    let suite = prop::collection::vec(term, 1..4).prop_map(|t| t.join(" "));
    let suites = prop::collection::vec(suite, 1..4).prop_map(|s| s.join(" or "));
    (prop::bool::weighted(0.1), suites).prop_map(|(unless, s)| format!("{} {s}", if unless { "unless" } else { "if" }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever the rules ask, the same ones hold with gates and without.
    #[test]
    fn gates_change_nothing(conditions in prop::collection::vec(condition(), 1..40)) {
        let (plain, gated, _) = both(&mut stage(), &conditions);
        prop_assert_eq!(plain, gated);
    }
}
