//! The cycle collector: finds containers that only each other keep alive.
//!
//! Each collected object gets a copy of its reference count; every reference from one collected
//! object to another takes one off. What still has some is held from outside, and so is everything
//! it reaches; the rest is garbage. It loses its weak references, finalisers run (PEP 442), and what is
//! still unreachable then loses its content.
//!
//! All that takes little memory, since garbage is what there is when memory is short: the counts lie in the
//! objects' heads, where their places in the lists are otherwise; what is reached while there is no
//! room to note it is looked for again; survivors stay in their generation where the next one cannot grow; and
//! garbage that nobody can tell is gone, having neither finalisers nor weak references, may go in parts.
//!
//! Young objects are collected when their number passes the threshold; the old ones when the
//! survivors since the last full collection are a quarter of all. CPython's counterpart:
//! `Python/gc.c`.

#![expect(unsafe_code, reason = "walks lists of uncounted pointers")]

use crate::object::header::gc_flag;
use crate::object::tracked::{self, FROZEN, GENERATIONS, LISTS};
use crate::object::{GilCell, ObjHead, Ref, alloc, census, weak};
use crate::objects::dict::Dict;
use crate::objects::list::List;
use crate::objects::weakref::WeakRef;
use crate::protocol::call;
use crate::runtime::memory;
use crate::runtime::vm::Vm;
use crate::value::Value;
use std::ptr::NonNull;

/// What `gc` shows and sets.
#[derive(Clone, Copy)]
pub struct State {
    pub enabled: bool,
    pub thresholds: [usize; 3],
    /// How many times the first threshold young objects wait for: grows while none of them is garbage.
    patience: usize,
    pub collecting: bool,
    /// Survivors of young collections since the last full one.
    pub pending: usize,
    /// Objects that survived the last full collection.
    pub long_lived: usize,
    pub stats: [[usize; 3]; GENERATIONS],
    pub debug: u32,
}

pub static STATE: GilCell<State> = GilCell::new(State {
    enabled: true,
    thresholds: [DEFAULT_THRESHOLD, 10, 0],
    patience: 1,
    collecting: false,
    pending: 0,
    long_lived: 0,
    stats: [[0; 3]; GENERATIONS],
    debug: 0,
});

const DEFAULT_THRESHOLD: usize = 2000;
const MAX_PATIENCE: usize = 8;

/// Sets when collections are due at the start, which makes no garbage to speak of.
pub(crate) fn begin() {
    STATE.with(|s| s.patience = MAX_PATIENCE);
    apply_patience();
}

/// The start is over: what there is now is old, and known to be older than the program.
pub fn settle() {
    LISTS.with(|lists| {
        let old = GENERATIONS - 1;
        for generation in 0..old {
            for object in std::mem::take(&mut lists.generations[generation]) {
                lists.put(object, old);
            }
        }
        for object in &lists.generations[old] {
            head(*object).gc_unchecked().set(gc_flag::FROM_START);
        }
        STATE.with(|s| (s.long_lived, s.pending) = (lists.generations[old].len(), 0));
    });
    census::settle();
}

/// Sets when collections are due.
pub fn apply_threshold() {
    STATE.with(|s| s.patience = 1);
    apply_patience();
}

fn apply_patience() {
    let state = STATE.get();
    let threshold = match state.thresholds[0] {
        n if n > 0 && state.enabled && census::ON => 0,
        n if n > 0 && state.enabled => n.saturating_mul(state.patience),
        _ => usize::MAX,
    };
    LISTS.with(|l| l.threshold = threshold);
}

/// After a young collection that looked at `objects` and found so much garbage: programs that build
/// something large without cycles need not be asked every time. Whoever sets a low threshold wants it
/// exactly.
fn learn_patience(objects: usize, found: usize) {
    let state = STATE.get();
    if state.thresholds[0] < DEFAULT_THRESHOLD {
        return;
    }
    let patience = if found * 50 > objects { 1 } else { (state.patience * 2).min(MAX_PATIENCE) };
    if patience != state.patience {
        STATE.with(|s| s.patience = patience);
        apply_patience();
    }
}

/// The automatic collection at a safe point.
pub(crate) fn collect_young(vm: &Vm) {
    let state = STATE.get();
    if !state.enabled || state.collecting {
        return;
    }
    // The stress build looks at everything often: at some 4,000 objects for each new one.
    let times = state.stats[0][0] + state.stats[GENERATIONS - 1][0];
    let stressed = census::ON && times.is_multiple_of((state.long_lived / 4000).max(4));
    let full = stressed
        || state.pending > 10 * state.thresholds[0].max(1) && state.pending * 4 > state.long_lived;
    collect(vm, if full { 2 } else { 0 });
}

/// Collects a generation and all younger ones. Returns how many unreachable objects there were.
pub fn collect(vm: &Vm, generation: usize) -> usize {
    if STATE.with(|s| std::mem::replace(&mut s.collecting, true)) {
        return 0;
    }
    let generation = generation.min(GENERATIONS - 1);
    tell(vm, "start", generation, 0);
    let mut found = 0;
    loop {
        let garbage = collect_lists(vm, generation);
        found += garbage.ended;
        // What went has made room for the next part.
        if garbage.ended == 0 || !garbage.is_left {
            break;
        }
    }
    tell(vm, "stop", generation, found);
    STATE.with(|s| s.collecting = false);
    found
}

fn head<'a>(object: NonNull<ObjHead>) -> &'a ObjHead {
    // SAFETY: tracked objects are alive; callers keep them in a list meanwhile.
    unsafe { object.as_ref() }
}

/// What became of the garbage that was found.
struct Garbage {
    ended: usize,
    /// Some is still there, for lack of memory.
    is_left: bool,
}

/// So many bytes does it take for each piece of garbage to sort out what goes: its reference and its place.
const ROOM: usize = 12;
/// So many pieces of garbage go in any case.
const LEAST: usize = 512;

fn collect_lists(vm: &Vm, generation: usize) -> Garbage {
    let mut marks = Marks::new();
    let (total, mut found) = LISTS.with(|lists| {
        let lists = &lists.generations[..=generation];
        let total = lists.iter().map(Vec::len).sum::<usize>();
        count_references(lists.iter().flatten().copied());
        let mut alive = 0;
        for list in lists {
            for (i, object) in list.iter().enumerate() {
                let gc = head(*object).gc_unchecked();
                // Whatever is held from outside, and all it reaches, is alive.
                if gc.index.replace(i as u32) > 0 && gc.has(gc_flag::UNREACHABLE) {
                    alive += marks.reach(*object);
                }
            }
        }
        alive += marks.finish(lists.iter().flatten().copied());
        (total, total - alive)
    });
    let alive = total - found;
    let mut part = found;
    if found > 0 && !memory::has_room_at_last(found.saturating_mul(ROOM)) {
        found -= spare_noticed(&mut marks, generation);
        part = found;
        while part > LEAST && !memory::has_room_at_last(part.saturating_mul(ROOM)) {
            part = (part / 2).max(LEAST);
        }
    }
    marks.end();
    let held = take_garbage(generation, if found > 0 { part } else { 0 });
    let promoted = promote(generation);
    apply_patience();
    if !promoted {
        // Not again before there are twice as many.
        LISTS.with(|lists| {
            lists.threshold = lists.threshold.max(lists.generations[0].len().saturating_mul(2));
        });
    } else if generation == 0 {
        learn_patience(total, found);
    }
    let ended = if held.is_empty() { 0 } else { dispose(vm, held) };
    if generation == GENERATIONS - 1 {
        tracked::shrink();
    }
    STATE.with(|s| {
        s.stats[generation][0] += 1;
        s.stats[generation][1] += ended;
        if generation == GENERATIONS - 1 {
            s.long_lived = alive;
            s.pending = 0;
        } else {
            s.pending += alive;
        }
    });
    Garbage { ended, is_left: part < found }
}

/// The collector's word of a value that is being collected and not known to be alive.
fn candidate(value: &Value) -> Option<&crate::object::GcHead> {
    let gc = value.head()?.gc()?;
    if gc.has(gc_flag::UNREACHABLE) && gc.has(gc_flag::TRACKED) { Some(gc) } else { None }
}

/// Puts into each object's index how many references to it there are from others than these objects. Until the
/// indices are places again nothing may be tracked or untracked.
fn count_references(objects: impl Iterator<Item = NonNull<ObjHead>> + Clone) {
    for object in objects.clone() {
        let object = head(object);
        let gc = object.gc_unchecked();
        gc.index.set(u32::try_from(object.refcount()).unwrap_or(u32::MAX));
        gc.set(gc_flag::UNREACHABLE);
    }
    for object in objects {
        alloc::traverse(head(object), &mut |value| {
            // More references than that keep an object alive.
            if let Some(gc) = candidate(value).filter(|gc| gc.index.get() < u32::MAX) {
                gc.index.set(gc.index.get().saturating_sub(1));
            }
        });
    }
}

/// Finds what is alive: it is not [`gc_flag::UNREACHABLE`] any more.
struct Marks {
    /// Found, but not looked into yet.
    waiting: Vec<NonNull<ObjHead>>,
    /// There was no room for some: they are [`gc_flag::MISSED`].
    missed: bool,
}

/// The room of the last collection.
static WAITING: GilCell<Vec<NonNull<ObjHead>>> = GilCell::new(Vec::new());
/// It is kept up to this size.
const KEPT: usize = 8 << 10;

impl Marks {
    fn new() -> Marks {
        Marks { waiting: WAITING.with(std::mem::take), missed: false }
    }

    /// Gives the room back.
    fn end(self) {
        if self.waiting.capacity() <= KEPT {
            WAITING.with(|waiting| *waiting = self.waiting);
        }
    }

    /// An object is alive, and so is all that it reaches. Returns how many that are.
    fn reach(&mut self, object: NonNull<ObjHead>) -> usize {
        head(object).gc_unchecked().unset(gc_flag::UNREACHABLE);
        1 + self.look_into(object)
    }

    fn look_into(&mut self, object: NonNull<ObjHead>) -> usize {
        let (mut found, mut next) = (0, Some(object));
        while let Some(object) = next {
            alloc::traverse(head(object), &mut |value| {
                if let (Some(gc), Some(head)) = (candidate(value), value.head()) {
                    gc.unset(gc_flag::UNREACHABLE);
                    found += 1;
                    let waiting = &mut self.waiting;
                    if waiting.len() < waiting.capacity() || memory::try_grow(waiting, 1) {
                        waiting.push(NonNull::from(head));
                    } else {
                        gc.set(gc_flag::MISSED);
                        self.missed = true;
                    }
                }
            });
            next = self.waiting.pop();
        }
        found
    }

    /// Looks into those that were missed, which are among `objects`.
    fn finish(&mut self, objects: impl Iterator<Item = NonNull<ObjHead>> + Clone) -> usize {
        let mut found = 0;
        while std::mem::take(&mut self.missed) {
            for object in objects.clone() {
                let gc = head(object).gc_unchecked();
                if gc.has(gc_flag::MISSED) {
                    gc.unset(gc_flag::MISSED);
                    found += self.look_into(object);
                }
            }
        }
        found
    }
}

/// Garbage whose end somebody would notice, and all it reaches, is to stay for a collection that has room for all
/// of it, since finalisers are to see everything whole. Returns how much that is.
fn spare_noticed(marks: &mut Marks, generation: usize) -> usize {
    LISTS.with(|lists| {
        let lists = &lists.generations[..=generation];
        let mut spared = 0;
        for object in lists.iter().flatten() {
            let gc = head(*object).gc_unchecked();
            let finaliser = head(*object).ty().slots.finalize.get().is_some();
            let noticed =
                finaliser && !gc.has(gc_flag::FINALIZED) || gc.has(gc_flag::WEAKLY_REFERENCED);
            if noticed && gc.has(gc_flag::UNREACHABLE) {
                spared += marks.reach(*object);
            }
        }
        spared + marks.finish(lists.iter().flatten().copied())
    })
}

/// So much of the garbage, which is kept in place by these references while it is taken apart. None of what is in
/// the lists is [`gc_flag::UNREACHABLE`] any more.
fn take_garbage(generation: usize, count: usize) -> Vec<Value> {
    let mut held: Vec<Value> = Vec::new();
    if count == 0 {
        return held;
    }
    // Where there is no room for a few addresses nothing goes.
    let count = if held.try_reserve_exact(count).is_ok() { count } else { 0 };
    LISTS.with(|lists| {
        for object in lists.generations[..=generation].iter().rev().flatten() {
            let gc = head(*object).gc_unchecked();
            if gc.has(gc_flag::UNREACHABLE) {
                gc.unset(gc_flag::UNREACHABLE);
                if held.len() < count {
                    held.push(head(*object).to_value());
                }
            }
        }
    });
    held
}

/// Moves what has been looked at into the next generation; `false` if that has no room.
fn promote(generation: usize) -> bool {
    let target = (generation + 1).min(GENERATIONS - 1);
    LISTS.with(|lists| {
        let (younger, older) = lists.generations.split_at_mut(target);
        let Some(old) = older.first_mut() else { return true };
        // The oldest first.
        for young in younger.iter_mut().rev() {
            if old.capacity() - old.len() < young.len() && !memory::try_grow(old, young.len()) {
                return false;
            }
            for object in young.drain(..) {
                let gc = head(object).gc_unchecked();
                gc.generation.set(target as u8);
                gc.index.set(old.len() as u32);
                old.push(object);
            }
        }
        true
    })
}

/// Could anybody notice whether what is left is finalised, now that the run ends? Only if something of
/// the program's own has a finaliser that did not run or is a weak reference with a callback, or if
/// the `gc` module's user listens. What the start made has no finalisers but the standard streams',
/// which write out what they hold in any case.
pub(crate) fn end_is_observable(vm: &Vm) -> bool {
    if STATE.get().debug != 0 || module_list(vm, "callbacks").is_some_and(|list| !list.is_empty()) {
        return true;
    }
    let waits = |object: &ObjHead| {
        object.ty().slots.finalize.get().is_some()
            && !object.gc().is_some_and(|gc| gc.has(gc_flag::FINALIZED))
    };
    let from_start = |object: &ObjHead| object.gc().is_some_and(|gc| gc.has(gc_flag::FROM_START));
    let mut streams: Vec<NonNull<ObjHead>> = Vec::new();
    for name in ["stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__"] {
        match vm.sys_get(&vm.intern(name)).filter(|stream| !stream.is_none()) {
            None => {}
            Some(stream) => match stream.head().filter(|stream| from_start(stream)) {
                Some(stream) => streams.push(NonNull::from(stream)),
                None => return true,
            },
        }
    }
    // And what they are made of.
    let mut at = 0;
    while let Some(stream) = streams.get(at).copied() {
        alloc::traverse(head(stream), &mut |value| {
            if let Some(part) = value.head().filter(|part| waits(part))
                && !streams.contains(&NonNull::from(part))
            {
                streams.push(NonNull::from(part));
            }
        });
        at += 1;
    }
    let noticed = |object: &NonNull<ObjHead>| {
        let old = from_start(head(*object));
        let calls_back = || {
            let object = head(*object).to_value();
            object.downcast::<WeakRef>().is_some_and(|reference| reference.has_callback())
        };
        (waits(head(*object)) && !(old && streams.contains(object))) || (!old && calls_back())
    };
    LISTS.with(|lists| lists.generations.iter().flatten().any(noticed))
}

/// Finalises garbage, sorts out what was resurrected, and takes the rest apart: how much that was.
fn dispose(vm: &Vm, mut garbage: Vec<Value>) -> usize {
    end_weak_references(&garbage);
    let mut finalized = false;
    for object in garbage.iter().filter_map(Value::head) {
        let gc = object.gc_unchecked();
        if let Some(finalize) = object.ty().slots.finalize.get()
            && !gc.has(gc_flag::FINALIZED)
        {
            gc.set(gc_flag::FINALIZED);
            finalized = true;
            finalize(object);
        }
    }
    let mut count = garbage.len();
    if finalized {
        // Those that came back to life stay tracked; a later collection looks at them again.
        count = sort_out(&mut garbage);
        end_weak_references(&garbage[..count]);
    }
    let dead = &garbage[..count];
    if STATE.get().debug & DEBUG_SAVEALL != 0 {
        if let Some(list) = saved(vm) {
            dead.iter().for_each(|object| list.push(object.clone()));
        }
        return count;
    }
    let mut bag = Vec::new();
    for object in dead.iter().filter_map(Value::head) {
        alloc::clear(object, &mut bag);
        bag.clear();
    }
    count
}

/// Ends the weak references to garbage. Callbacks of those that are garbage themselves never run.
fn end_weak_references(garbage: &[Value]) {
    let objects = || garbage.iter().filter_map(Value::head);
    if !objects().any(|object| object.gc_unchecked().has(gc_flag::WEAKLY_REFERENCED)) {
        return;
    }
    objects().for_each(|object| object.gc_unchecked().set(gc_flag::UNREACHABLE));
    let mut calling_back = Vec::new();
    for object in objects().filter(|o| o.gc_unchecked().has(gc_flag::WEAKLY_REFERENCED)) {
        for reference in weak::end(object) {
            if reference.has_callback() && candidate(&reference.to_value()).is_none() {
                memory::push(&mut calling_back, reference);
            }
        }
    }
    objects().for_each(|object| object.gc_unchecked().unset(gc_flag::UNREACHABLE));
    for reference in calling_back.iter().rev() {
        reference.run_callback();
    }
}

/// After finalisers ran: puts what nothing outside refers to in front, and returns how much that is.
/// (`garbage` itself holds one reference to each.)
fn sort_out(garbage: &mut [Value]) -> usize {
    let objects = || garbage.iter().filter_map(Value::head);
    let places: Vec<u32> = objects().map(|object| object.gc_unchecked().index.get()).collect();
    count_references(objects().map(NonNull::from));
    let mut marks = Marks::new();
    for (object, place) in objects().zip(places) {
        let gc = object.gc_unchecked();
        // One of them is ours.
        if gc.index.replace(place) > 1 && gc.has(gc_flag::UNREACHABLE) {
            marks.reach(NonNull::from(object));
        }
    }
    marks.finish(objects().map(NonNull::from));
    marks.end();
    let mut dead = 0;
    for i in 0..garbage.len() {
        if let Some(gc) = garbage[i].head().map(ObjHead::gc_unchecked)
            && gc.has(gc_flag::UNREACHABLE)
        {
            gc.unset(gc_flag::UNREACHABLE);
            garbage.swap(dead, i);
            dead += 1;
        }
    }
    dead
}

/// `gc.DEBUG_SAVEALL`: garbage goes to `gc.garbage` instead of away.
const DEBUG_SAVEALL: u32 = 32;

/// A list of the `gc` module, if that was imported.
fn module_list(vm: &Vm, name: &str) -> Option<Ref<List>> {
    let module = vm.modules().get_str(&vm.intern("gc"))?;
    let module = module.downcast::<crate::objects::module::Module>()?;
    module.dict().get_str(&vm.intern(name))?.into_ref().ok()
}

fn saved(vm: &Vm) -> Option<Ref<List>> {
    module_list(vm, "garbage")
}

/// Tells `gc.callbacks` that a collection begins or has ended.
fn tell(vm: &Vm, phase: &str, generation: usize, collected: usize) {
    let Some(callbacks) = module_list(vm, "callbacks").filter(|list| !list.is_empty()) else {
        return;
    };
    let info = Dict::new_ref();
    for (name, n) in [("generation", generation), ("collected", collected), ("uncollectable", 0)] {
        drop(info.insert_str(&vm.intern(name), Value::int_unchecked(n as i64)));
    }
    let mut i = 0;
    while let Some(callback) = callbacks.get(i) {
        if let Err(e) = call::call(vm, &callback, &[vm.str(phase), info.to_value()]) {
            vm.unraisable(e, "Exception ignored while calling GC callback", Some(&callback));
        }
        i += 1;
    }
}

/// `gc.freeze()`: what is there now is not looked at any more.
pub fn freeze() {
    LISTS.with(|lists| {
        let mut moved = Vec::new();
        for list in &mut lists.generations[..GENERATIONS] {
            moved.append(list);
        }
        for object in moved {
            lists.put(object, FROZEN);
        }
    });
}

/// `gc.unfreeze()`: it is again, with the oldest.
pub fn unfreeze() {
    LISTS.with(|lists| {
        for object in std::mem::take(&mut lists.generations[FROZEN]) {
            lists.put(object, GENERATIONS - 1);
        }
    });
}

pub fn frozen() -> usize {
    LISTS.with(|lists| lists.generations[FROZEN].len())
}

/// All tracked objects: `gc.get_objects()`.
pub fn objects(generation: Option<usize>) -> Vec<Value> {
    let pointers: Vec<NonNull<ObjHead>> = LISTS.with(|lists| {
        let all = lists.generations.iter().enumerate();
        all.filter(|(i, _)| generation.is_none_or(|g| g == *i))
            .flat_map(|(_, list)| list.iter().copied())
            .collect()
    });
    pointers.into_iter().map(|p| head(p).to_value()).collect()
}

/// How many objects each generation has: `gc.get_count()`.
pub fn counts() -> [usize; GENERATIONS] {
    LISTS.with(|lists| std::array::from_fn(|i| lists.generations[i].len()))
}

/// What an object refers to: `gc.get_referents()`.
pub fn referents(object: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    if let Some(head) = object.head() {
        alloc::traverse(head, &mut |value| found.push(value.clone()));
    }
    found
}

/// Is the object in one of the collector's lists?
pub fn is_tracked(object: &Value) -> bool {
    object.head().and_then(|h| h.gc()).is_some_and(|gc| gc.has(gc_flag::TRACKED))
}

/// Has its finaliser run?
pub fn is_finalized(object: &Value) -> bool {
    object.head().and_then(|h| h.gc()).is_some_and(|gc| gc.has(gc_flag::FINALIZED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Session, owners, token, with_vm};

    #[test]
    fn garbage_of_every_shape_is_found_and_nothing_else() {
        with_vm(|vm| {
            let value = token();
            let session = Session::new(vm, "class A: pass\nkept = A()\nkept.me = kept");
            session.set("t", value.clone());
            collect(vm, 2);
            let makers = [
                "l = [t]; l.append(l)",
                "d = {1: t}; d[2] = d",
                "a = A(); a.a, a.t = a, t",
                "a, b = A(), A(); a.b, b.a, a.t = b, a, t",
                "a = A(); a.s = {a}; a.t = t",
                "f = lambda: (f, t)",
                "a = A(); a.m = a.__init__; a.t = t",
                "e = ValueError(t); e.me = e",
                "class B: x = t",
                "a = A(); a.p = property(lambda self: a); a.t = t",
                "a = A(); a.i = iter([a, t])",
                "a = A(); a.z = zip([a], [t])",
                "a = A(); a.t = (a, (a, t))",
            ];
            for maker in makers {
                session.exec(&format!("def make(t):\n    {maker}\nmake(t)\ndel make"));
                assert_eq!(owners(&value), 3, "{maker}");
                assert!(collect(vm, 2) > 0, "{maker}");
                assert_eq!(owners(&value), 2, "{maker}");
                assert_eq!(collect(vm, 2), 0, "{maker}");
            }
            assert_eq!(session.show("kept.me is kept"), "True");
        });
    }

    #[test]
    fn finalisers_that_save_or_break_the_garbage_are_survived() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "
saved, runs = [], []
class A:
    def __del__(self):
        runs.append(self.n)
        if self.n == 3: saved.append(self)
        if self.n == 4: self.next.next = None
        self.new = [self]
def ring(n):
    all = [A() for _ in range(n)]
    for i, a in enumerate(all): a.n, a.next = i, all[i - 1]
ring(3)
",
            );
            collect(vm, 2);
            assert_eq!(session.show("sorted(runs), saved"), "([0, 1, 2], [])");
            session.exec("runs.clear()\nring(6)");
            collect(vm, 2);
            assert_eq!(
                session.show("sorted(runs), [a.n for a in saved]"),
                "([0, 1, 2, 3, 4, 5], [3])"
            );
            session.exec("a = saved.pop()\nassert a.next is None and a.new == [a]\ndel a");
            collect(vm, 2);
            collect(vm, 2);
            // A finaliser runs once.
            assert_eq!(session.show("len(runs), saved"), "(6, [])");
        });
    }

    #[test]
    fn what_is_frozen_is_not_looked_at() {
        with_vm(|vm| {
            collect(vm, 2);
            let value = token();
            let session = Session::new(vm, "l = []");
            session.set("t", value.clone());
            session.exec("l.append(l); l.append(t)\ndel t");
            freeze();
            assert!(frozen() > 0 && counts()[2] == 0);
            session.exec("del l");
            collect(vm, 2);
            assert_eq!(owners(&value), 2);
            unfreeze();
            assert_eq!(frozen(), 0);
            collect(vm, 2);
            assert_eq!(owners(&value), 1);
            assert!(is_tracked(&value) && !is_finalized(&value) && referents(&value).is_empty());
            assert!(objects(None).iter().any(|object| object.is(&value)));
        });
    }
}
