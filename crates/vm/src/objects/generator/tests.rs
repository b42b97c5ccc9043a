//! Generators that end in every state, and what their frames hold.

use super::*;
use crate::runtime::gc;
use crate::testing::{Session, owners, token, with_vm};

fn generator(session: &Session<'_>, source: &str) -> Ref<Generator> {
    session.eval(source).into_ref::<Generator>().expect("a generator")
}

/// How often the collector is shown a value.
fn seen(generator: &Generator, value: &Value) -> usize {
    let mut count = 0;
    generator.traverse(&mut |v| count += usize::from(v.is(value)));
    count
}

const FUNCTIONS: &str = "
def plain(a, b):
    c = a
    yield a
    for x in [a, b]:
        yield (a, b, x)
    return b
def nothing(a):
    return a
    yield
def guarded(a):
    try:
        yield a
    finally:
        log.append(a)
def stubborn(a):
    try:
        yield a
    except GeneratorExit:
        yield 'more'
def outer(a): return (yield from plain(a, a))
log = []
";

#[test]
fn a_block_is_given_back_once() {
    with_vm(|_| {
        for words in [1, 2, 64, 65, 5000] {
            let memory = Memory::new(words);
            let start = memory.start.get();
            // SAFETY: the first and the last word of the block.
            unsafe {
                start.write(Some(Value::TRUE));
                start.add(words - 1).write(None);
            }
            memory.free();
            assert!(memory.start.get().is_null());
            memory.free();
        }
    });
}

#[test]
fn what_the_frame_holds_is_dropped_in_every_state() {
    with_vm(|vm| {
        let session = Session::new(vm, FUNCTIONS);
        let value = token();
        session.set("t", value.clone());
        for resumed in 0..5 {
            let generator = generator(&session, "plain(t, t)");
            session.set("g", generator.to_value());
            assert_eq!(generator.state.get(), GeneratorState::Created);
            let mut last = Value::NONE;
            for _ in 0..resumed {
                last = session.eval("next(g, None)");
            }
            session.set("g", Value::NONE);
            let state = generator.state.get();
            assert_eq!(state == GeneratorState::Finished, resumed == 4);
            assert_eq!(generator.frame.get().is_null(), resumed == 4);
            // What is in the yielded tuple does not belong to it.
            let lent = last.downcast::<Tuple>().map_or(usize::from(last.is(&value)), |t| t.len());
            let held = owners(&value) - 2 - lent;
            drop(last);
            assert!(held >= [2, 3, 3, 3, 0][resumed] && seen(&generator, &value) <= held);
            assert_eq!(generator.head().refcount(), 1);
            drop(generator);
            assert_eq!(owners(&value), 2, "{resumed}");
        }
    });
}

#[test]
fn the_collector_breaks_cycles_through_frames() {
    with_vm(|vm| {
        let session = Session::new(
            vm,
            "
def loop(t, box):
    box.append(me)
    yield 1
    yield t
def tie(t, times):
    global me
    box = []
    me = loop(t, box)
    box.append(me)
    for _ in range(times): next(me)
    me = None
",
        );
        let value = token();
        session.set("t", value.clone());
        gc::collect(vm, 2);
        for times in 0..3 {
            session.set("n", Value::int_unchecked(times));
            session.exec("tie(t, n)");
            assert_eq!(owners(&value), 3);
            assert!(gc::collect(vm, 2) > 0);
            assert_eq!(owners(&value), 2, "{times}");
        }
    });
}

#[test]
fn finally_runs_once_however_it_ends() {
    with_vm(|vm| {
        let session = Session::new(vm, FUNCTIONS);
        session.exec(
            "
g = guarded(1); next(g); del g
g = guarded(2); next(g); g.close(); g.close(); del g
g = guarded(3); next(g)
try: g.throw(KeyError)
except KeyError: pass
del g
g = guarded(4); next(g); next(g, None); del g
g = guarded(5); del g
assert log == [1, 2, 3, 4], log
",
        );
    });
}

#[test]
fn a_generator_that_goes_on_in_its_end_is_ended_all_the_same() {
    with_vm(|vm| {
        let session = Session::new(vm, FUNCTIONS);
        let value = token();
        session.set("t", value.clone());
        session.exec("g = stubborn(t)\nnext(g)");
        assert_eq!(session.raises("g.close()"), "RuntimeError('generator ignored GeneratorExit')");
        session.exec("del g");
        assert_eq!(owners(&value), 2);
        // One that is not closed tells nobody but the hook.
        session.exec(
            "
import sys
told = []
sys.unraisablehook = lambda u: told.append(str(u.exc_value))
g = stubborn(t)
next(g)
del g
sys.unraisablehook = sys.__unraisablehook__
",
        );
        assert_eq!(session.show("told"), "['generator ignored GeneratorExit']");
        assert_eq!(owners(&value), 2);
    });
}

#[test]
fn a_running_generator_is_not_resumed_cleared_or_freed() {
    with_vm(|vm| {
        let session = Session::new(
            vm,
            "
log = []
def tell(f, *args):
    try: log.append(f(*args))
    except Exception as e: log.append(str(e))
def own():
    tell(next, g)
    tell(g.send, 1)
    tell(g.throw, KeyError)
    tell(g.close)
    tell(g.gi_frame.clear)
    yield 1
g = own()
assert next(g) == 1
assert log == ['generator already executing'] * 4 + ['cannot clear an executing frame'], log
log.clear()
tell(g.gi_frame.clear)
assert log == ['cannot clear a suspended frame'], log
def drops():
    global g
    g = None
    yield 1
    yield 2
g = drops()
for x in g: log.append(x)
assert log[1:] == [1, 2] and g is None
",
        );
        assert_eq!(session.show("log[1:]"), "[1, 2]");
    });
}

#[test]
fn finalisers_of_what_a_frame_held_find_it_finished() {
    with_vm(|vm| {
        let session = Session::new(
            vm,
            "
seen = []
class Nosy:
    def __del__(self):
        g = box[0]
        seen.append((g.gi_frame, next(g, 'over'), g.gi_running))
box = []
def f(n):
    a, b = Nosy(), [Nosy()]
    yield a
    if n: 1 / 0
def run(n):
    g = f(n)
    box[:] = [g]
    next(g)
    try: next(g, None)
    except ZeroDivisionError: pass
run(0)
assert seen == [(None, 'over', False)] * 2, seen
",
        );
        session.exec("seen.clear()\nrun(1)\nbox.clear()");
        assert_eq!(session.show("len(seen)"), "2");
        session.exec("seen.clear()\ng = f(0)\nbox[:] = [g]\nnext(g)\ng.close()");
        assert_eq!(session.show("seen"), "[(None, 'over', False), (None, 'over', False)]");
    });
}

#[test]
fn values_go_through_delegation_and_back() {
    with_vm(|vm| {
        let session = Session::new(vm, FUNCTIONS);
        let value = token();
        session.set("t", value.clone());
        let outer = generator(&session, "outer(t)");
        session.set("g", outer.to_value());
        assert!(outer.delegate().is_none());
        session.exec("next(g)");
        let inner =
            outer.delegate().and_then(|v| v.into_ref::<Generator>().ok()).expect("delegates");
        assert_eq!(inner.head().refcount(), 2);
        assert_eq!(inner.state.get(), GeneratorState::Suspended);
        session.exec("next(g); next(g)");
        assert_eq!(session.raises("next(g)"), "StopIteration([])");
        assert!(outer.delegate().is_none() && inner.frame.get().is_null());
        assert_eq!(inner.head().refcount(), 1);
        drop((inner, outer));
        session.exec("del g");
        assert_eq!(owners(&value), 2);
        // The inner one may be ended from outside.
        session.exec(
            "
inner = plain(t, t)
def wrap(): return (yield from inner)
g = wrap()
next(g)
inner.close()
try: next(g)
except StopIteration as e: assert e.value is None
inner = iter([t, t])
g = wrap()
next(g)
try: g.throw(KeyError)
except KeyError: pass
del g, inner
",
        );
        assert_eq!(owners(&value), 2);
    });
}

#[test]
fn frames_of_generators_outlive_them() {
    with_vm(|vm| {
        let session = Session::new(vm, FUNCTIONS);
        let value = token();
        session.set("t", value.clone());
        session.exec("g = plain(t, 5)\nframe = g.gi_frame\nnext(g)");
        assert_eq!(session.show("frame.f_generator is g, frame.f_locals['b']"), "(True, 5)");
        session.exec("del g");
        assert_eq!(
            session.show("frame.f_generator, frame.f_locals['a'] is t, frame.f_back"),
            "(None, True, None)"
        );
        assert!(owners(&value) > 2);
        session.exec("frame.clear()\ndel frame");
        assert_eq!(owners(&value), 2);
    });
}

#[test]
fn arguments_that_never_run_are_dropped() {
    with_vm(|vm| {
        let session = Session::new(vm, FUNCTIONS);
        let value = token();
        session.set("t", value.clone());
        session.exec("g = nothing(t)\nassert next(g, 1) == 1\ng = nothing(t)\ng.close()\nassert g.gi_frame is None");
        session.exec(
            "g = nothing(t)\ng.gi_frame.clear()\nassert list(g) == []\ng = nothing(t)\ndel g",
        );
        assert_eq!(owners(&value), 2);
        assert_eq!(
            session.raises("nothing(t).send(1)"),
            "TypeError(\"can't send non-None value to a just-started generator\")"
        );
        assert_eq!(session.raises("nothing(t).throw(KeyError(1))"), "KeyError(1)");
        assert_eq!(owners(&value), 2);
    });
}
