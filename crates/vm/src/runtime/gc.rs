//! The cycle collector: finds containers that only each other keep alive.
//!
//! Each collected object gets a copy of its reference count; every reference from one collected
//! object to another takes one off. What still has some is held from outside, and so is everything
//! it reaches; the rest is garbage. Finalisers run first (PEP 442), then what is still unreachable
//! loses its weak references and its content.
//!
//! Young objects are collected when their number passes the threshold; the old ones when the
//! survivors since the last full collection are a quarter of all. CPython's counterpart:
//! `Python/gc.c`.

#![expect(unsafe_code, reason = "walks lists of uncounted pointers")]

use crate::object::header::gc_flag;
use crate::object::tracked::{GENERATIONS, LISTS};
use crate::object::{GilCell, ObjHead, alloc, weak};
use crate::runtime::vm::Vm;
use crate::value::Value;
use std::ptr::NonNull;

/// What `gc` shows and sets.
#[derive(Clone, Copy)]
pub struct State {
    pub enabled: bool,
    pub thresholds: [usize; 3],
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
    thresholds: [2000, 10, 0],
    collecting: false,
    pending: 0,
    long_lived: 0,
    stats: [[0; 3]; GENERATIONS],
    debug: 0,
});

/// Sets when collections are due.
pub fn apply_threshold() {
    let state = STATE.get();
    let threshold =
        if state.enabled && state.thresholds[0] > 0 { state.thresholds[0] } else { usize::MAX };
    LISTS.with(|l| l.threshold = threshold);
}

/// The automatic collection at a safe point.
pub(crate) fn collect_young(vm: &Vm) {
    let state = STATE.get();
    if !state.enabled || state.collecting {
        return;
    }
    let full =
        state.pending > 10 * state.thresholds[0].max(1) && state.pending * 4 > state.long_lived;
    collect(vm, if full { 2 } else { 0 });
}

/// Collects a generation and all younger ones. Returns how many unreachable objects there were.
pub fn collect(vm: &Vm, generation: usize) -> usize {
    if STATE.with(|s| std::mem::replace(&mut s.collecting, true)) {
        return 0;
    }
    let found = collect_lists(vm, generation.min(GENERATIONS - 1));
    STATE.with(|s| s.collecting = false);
    found
}

fn head<'a>(object: NonNull<ObjHead>) -> &'a ObjHead {
    // SAFETY: tracked objects are alive; callers keep them in a list meanwhile.
    unsafe { object.as_ref() }
}

fn collect_lists(vm: &Vm, generation: usize) -> usize {
    // All candidates go to the oldest list concerned; their index there is their number here.
    let target = if generation == 0 { 1 } else { 2 };
    // Collecting takes memory itself: some words for each object.
    let number = counts()[..=generation].iter().sum::<usize>();
    if !crate::runtime::memory::has_room(number.saturating_mul(8 * size_of::<usize>())) {
        return 0;
    }
    let mut objects: Vec<NonNull<ObjHead>> = Vec::new();
    LISTS.with(|lists| {
        for list in &mut lists.generations[..=generation] {
            objects.append(list);
        }
    });
    for (i, object) in objects.iter().enumerate() {
        let gc = head(*object).gc_unchecked();
        gc.index.set(i as u32);
        gc.set(gc_flag::UNREACHABLE);
    }
    let mut counts: Vec<usize> = objects.iter().map(|o| head(*o).refcount()).collect();
    for object in &objects {
        alloc::traverse(head(*object), &mut |value| {
            if let Some(gc) = candidate(value) {
                let count = &mut counts[gc.index.get() as usize];
                *count = count.saturating_sub(1);
            }
        });
    }
    // Whatever is held from outside, and all it reaches, is alive.
    let mut waiting: Vec<NonNull<ObjHead>> = Vec::new();
    for (i, object) in objects.iter().enumerate() {
        if counts[i] > 0 {
            head(*object).gc_unchecked().unset(gc_flag::UNREACHABLE);
            waiting.push(*object);
        }
    }
    while let Some(object) = waiting.pop() {
        alloc::traverse(head(object), &mut |value| {
            if let (Some(gc), Some(head)) = (candidate(value), value.head()) {
                gc.unset(gc_flag::UNREACHABLE);
                waiting.push(NonNull::from(head));
            }
        });
    }
    let (garbage, alive): (Vec<_>, Vec<_>) =
        objects.into_iter().partition(|o| head(*o).gc_unchecked().has(gc_flag::UNREACHABLE));
    // A counted reference to each piece of garbage keeps it in place while it is taken apart.
    let held: Vec<Value> = garbage.iter().map(|o| head(*o).to_value()).collect();
    put_back(&alive, target);
    put_back(&garbage, target);
    for object in &garbage {
        head(*object).gc_unchecked().unset(gc_flag::UNREACHABLE);
    }
    let found = held.len();
    if found > 0 {
        dispose(vm, &held);
    }
    STATE.with(|s| {
        s.stats[generation][0] += 1;
        s.stats[generation][1] += found;
        if generation == GENERATIONS - 1 {
            s.long_lived = alive.len();
            s.pending = 0;
        } else {
            s.pending += alive.len();
        }
    });
    drop(held);
    found
}

/// The collector's word of a value that is being collected and not known to be alive.
fn candidate(value: &Value) -> Option<&crate::object::GcHead> {
    let gc = value.head()?.gc()?;
    if gc.has(gc_flag::UNREACHABLE) && gc.has(gc_flag::TRACKED) { Some(gc) } else { None }
}

fn put_back(objects: &[NonNull<ObjHead>], target: usize) {
    LISTS.with(|lists| {
        let list = &mut lists.generations[target];
        for object in objects {
            let gc = head(*object).gc_unchecked();
            gc.generation.set(target as u8);
            gc.index.set(list.len() as u32);
            list.push(*object);
        }
    });
}

/// Finalises garbage, checks what was resurrected, and takes the rest apart.
fn dispose(vm: &Vm, garbage: &[Value]) {
    let heads = || garbage.iter().filter_map(Value::head);
    let mut finalized = false;
    for object in heads() {
        let gc = object.gc_unchecked();
        if let Some(finalize) = object.ty().slots.finalize.get()
            && !gc.has(gc_flag::FINALIZED)
        {
            gc.set(gc_flag::FINALIZED);
            finalized = true;
            finalize(object);
        }
    }
    let resurrected = finalized && is_held_from_outside(garbage);
    if resurrected {
        // They stay tracked; a later collection looks at them again.
        return;
    }
    for object in heads() {
        if object.gc_unchecked().has(gc_flag::WEAKLY_REFERENCED) {
            weak::clear_all(object);
        }
    }
    let mut bag = Vec::new();
    for object in heads() {
        alloc::clear(object, &mut bag);
    }
    let _ = vm;
    drop(bag);
}

/// After finalisers ran: does anything outside refer to the garbage? (`garbage` itself holds one
/// reference to each.)
fn is_held_from_outside(garbage: &[Value]) -> bool {
    let mut counts: std::collections::HashMap<u64, usize> =
        garbage.iter().filter_map(|v| v.head().map(|h| (v.bits(), h.refcount() - 1))).collect();
    for object in garbage.iter().filter_map(Value::head) {
        alloc::traverse(object, &mut |value| {
            if let Some(count) = counts.get_mut(&value.bits()) {
                *count = count.saturating_sub(1);
            }
        });
    }
    counts.values().any(|c| *c > 0)
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
