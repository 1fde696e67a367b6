use std::borrow::Cow;

use super::*;
use crate::World;
use crate::still::Stage;

#[test]
fn names_are_scope_and_word() {
    let mut names = VarNames::default();
    let a = names.intern("txn.a").expect("txn.a");
    assert_eq!(names.intern("txn.a"), Ok(a));
    assert_eq!(names.intern("req.a").map(|v| (v.scope, v.name)), Ok((VarScope::Req, a.name)));
    assert_eq!(names.intern("ptxn.a").map(|v| v.scope), Ok(VarScope::Parent));
    for bad in ["", "a", "foo.a", "txn.a-b"] {
        assert!(names.intern(bad).is_err(), "{bad}");
    }
}

#[test]
fn scopes_keep_values_apart() {
    let mut stage = Stage::default();
    let ids = ["proc.a", "sess.a", "txn.a", "req.a", "check.a"].map(|n| stage.names.intern(n).expect(n));
    let env = stage.env();
    for (i, id) in ids.iter().enumerate() {
        assert!(env.set_var(*id, Value::Int(i as i64), StoreIf::default()));
    }
    for (i, id) in ids.iter().enumerate() {
        assert_eq!(env.var(*id), Some(Value::Int(i as i64)));
    }
    env.unset_var(ids[4]);
    assert_eq!(env.var(ids[4]), None);
    assert_eq!(env.var(ids[0]), Some(Value::Int(0)));
}

#[test]
fn a_parents_variables_are_never_there() {
    let mut stage = Stage::default();
    let id = stage.names.intern("psess.a").expect("psess.a");
    let env = stage.env();
    assert!(!env.set_var(id, Value::Int(1), StoreIf::default()));
    assert_eq!(env.var(id), None);
}

#[test]
fn limits_hold_for_the_wider_scopes_too() {
    let mut stage = Stage::default();
    let [req, txn, sess] = ["req.a", "txn.b", "sess.c"].map(|n| stage.names.intern(n).expect(n));
    let text = |n: usize| Value::Str(Cow::Owned(vec![b'x'; n]));
    stage.vars.limits = VarLimits {
        txn: Some(2 * OVERHEAD + 100),
        ..VarLimits::default()
    };
    let env = stage.env();
    assert!(env.set_var(req, text(60), StoreIf::default()));
    assert!(!env.set_var(txn, text(60), StoreIf::default()));
    assert!(env.set_var(txn, text(40), StoreIf::default()));
    assert!(!env.set_var(req, text(61), StoreIf::default()));
    assert!(env.set_var(req, text(10), StoreIf::default()));
    assert!(env.set_var(txn, text(90), StoreIf::default()));
    assert!(env.set_var(sess, text(1000), StoreIf::default()));
}

#[test]
fn one_limit_for_all_scopes_of_all_streams() {
    use std::sync::atomic::Ordering;

    let mut stage = Stage::default();
    let ids = ["proc.a", "sess.a", "txn.a"].map(|n| stage.names.intern(n).expect(n));
    stage.vars.limits.global = Some(2 * OVERHEAD + 10);
    let set = |stage: &Stage, i: usize, n: usize| {
        let text = vec![b'x'; n];
        stage.env().set_var(ids[i], Value::Str(text.into()), StoreIf::default())
    };
    assert!(set(&stage, 0, 4));
    assert!(set(&stage, 1, 6));
    assert!(!set(&stage, 2, 0));
    // In place of what was there, as much fits again.
    assert!(set(&stage, 1, 5));
    assert!(!set(&stage, 1, 7));
    stage.env().unset_var(ids[0]);
    assert!(set(&stage, 2, 5));
    let used = || stage.world.var_memory().load(Ordering::Relaxed);
    assert_eq!(used(), 2 * OVERHEAD + 10);
    let scopes = [&stage.vars.sess, &stage.vars.txn].map(RefCell::take);
    stage.vars.give_back(&scopes, &stage.world);
    assert_eq!(used(), 0);
}

#[test]
fn a_message_has_its_variables_while_it_is_at_hand() {
    let mut stage = Stage::default();
    let ids = ["req.a", "res.a", "txn.a"].map(|n| stage.names.intern(n).expect(n));
    let env = stage.env();
    let set = || ids.map(|id| env.set_var(id, Value::Int(1), StoreIf::default()));
    let seen = || ids.map(|id| env.var(id).is_some());
    assert_eq!((set(), seen()), ([true, false, true], [true, false, true]));
    env.vars.begin_response(env.world);
    assert_eq!(seen(), [false, false, true]);
    assert_eq!((set(), seen()), ([false, true, true], [false, true, true]));
    env.vars.begin_response(env.world);
    assert_eq!(seen(), [false, true, true]);
}
