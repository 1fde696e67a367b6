use super::*;

fn woken(cx_waker: &std::sync::Arc<Flag>) -> bool {
    cx_waker.0.swap(false, std::sync::atomic::Ordering::SeqCst)
}

#[derive(Default)]
struct Flag(std::sync::atomic::AtomicBool);
impl std::task::Wake for Flag {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.store(true, std::sync::atomic::Ordering::SeqCst);
    }
}

#[test]
fn a_deadline_moved_later_fires_later_and_once() {
    let t = Timers::new(Instant::now());
    let flag = std::sync::Arc::new(Flag::default());
    let waker = Waker::from(std::sync::Arc::clone(&flag));
    let cx = Context::from_waker(&waker);
    let d = t.deadline();
    d.set(100);
    assert!(!d.expired(&cx));
    d.set(300);
    t.fire(100);
    assert!(!woken(&flag) && !d.expired(&cx));
    t.fire(299);
    assert!(!woken(&flag));
    t.fire(300);
    assert!(woken(&flag) && d.expired(&cx));
    t.fire(1000);
    assert!(!woken(&flag));
}

#[test]
fn a_deadline_moved_earlier_fires_earlier() {
    let t = Timers::new(Instant::now());
    let flag = std::sync::Arc::new(Flag::default());
    let waker = Waker::from(std::sync::Arc::clone(&flag));
    let cx = Context::from_waker(&waker);
    let d = t.deadline();
    d.set(500);
    d.set(50);
    assert!(!d.expired(&cx));
    t.fire(50);
    assert!(woken(&flag) && d.expired(&cx));
    d.set(700);
    assert!(!d.expired(&cx));
    t.fire(500);
    assert!(!d.expired(&cx) && !woken(&flag));
    t.fire(700);
    assert!(d.expired(&cx) && woken(&flag));
}

#[test]
fn dropped_nodes_are_reused_and_do_not_pile_up() {
    let t = Timers::new(Instant::now());
    for i in 0..1000 {
        let d = t.deadline();
        d.set(10_000 + i);
    }
    assert_eq!(t.free.borrow().len(), 1);
    assert_eq!(t.heap.borrow().len(), 1);
}

#[test]
fn who_waits_long_is_woken_once_before_the_deadline() {
    for deadline in [50_000, NEVER] {
        for earlier in [None, Some(5)] {
            let t = Timers::new(Instant::now());
            let flag = std::sync::Arc::new(Flag::default());
            let waker = Waker::from(std::sync::Arc::clone(&flag));
            let cx = Context::from_waker(&waker);
            let d = t.deadline();
            // An entry that comes up before, and finds the deadline moved.
            if let Some(at) = earlier {
                d.set(at);
            }
            d.set(deadline);
            assert!(!d.has_waited(&cx, 10_000));
            t.fire(9_000);
            assert!(!woken(&flag) && !d.has_waited(&cx, 10_000));
            t.fire(11_000);
            assert!(woken(&flag) && d.has_waited(&cx, 10_000));
            t.fire(12_000);
            assert!(!woken(&flag) && !d.expired(&cx));
            if deadline != NEVER {
                t.fire(deadline);
                assert!(woken(&flag) && d.expired(&cx));
            }
            drop(d);
            let next = t.deadline();
            assert!(!next.has_waited(&cx, 100_000));
        }
    }
}
