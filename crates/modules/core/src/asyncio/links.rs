//! What a future is linked to: the callbacks that wait for it, and the tasks that await it.
//!
//! Nearly every future has one of each, which therefore lies in the future itself.

use adder_vm::object::trace::Trace;
use adder_vm::object::{Guarded, Visitor};
use adder_vm::objects::set::Set;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Ref, Value, Vm};
use smallvec::SmallVec;

/// A callback and the context that it will run in.
pub type Callback = (Value, Value);

/// The callbacks of a future, in order.
#[derive(Default)]
pub struct Callbacks(Guarded<SmallVec<[Callback; 1]>>);

impl Callbacks {
    pub fn push(&self, function: Value, context: Value) {
        self.0.with_mut(|all| all.push((function, context)));
    }
    pub fn take(&self) -> SmallVec<[Callback; 1]> {
        self.0.with_mut(std::mem::take)
    }
    pub fn get(&self) -> SmallVec<[Callback; 1]> {
        self.0.get()
    }
    pub fn is_empty(&self) -> bool {
        self.0.with(|all| all.is_empty())
    }
    /// Takes those out that are the very functions `removed`.
    pub fn remove(&self, removed: &[Value]) {
        let is_kept = |(function, _): &Callback| !removed.iter().any(|gone| gone.is(function));
        let (kept, gone): (Vec<_>, Vec<_>) = self.take().into_iter().partition(is_kept);
        drop(self.0.replace(kept.into_iter().collect()));
        drop(gone);
    }
}

impl Trace for Callbacks {
    fn trace(&self, visit: &mut Visitor<'_>) {
        self.0.with(|all| {
            for (function, context) in all {
                visit(function);
                visit(context);
            }
        });
    }
    fn clear(&self, bag: &mut Vec<Value>) {
        bag.extend(self.take().into_iter().flat_map(|(function, context)| [function, context]));
    }
}

/// Who awaits a future.
enum Waiters {
    Nobody,
    One(Value),
    Several(Ref<Set>),
}

/// See [`Waiters`].
pub struct AwaitedBy(Guarded<Waiters>);

impl Default for AwaitedBy {
    fn default() -> Self {
        AwaitedBy(Guarded::new(Waiters::Nobody))
    }
}

impl AwaitedBy {
    fn several(&self) -> Option<Ref<Set>> {
        self.0.with(|waiters| match waiters {
            Waiters::Several(set) => Some(set.clone()),
            _ => None,
        })
    }
    fn one(&self) -> Option<Value> {
        self.0.with(|waiters| match waiters {
            Waiters::One(one) => Some(one.clone()),
            _ => None,
        })
    }
    fn put(&self, waiters: Waiters) {
        drop(self.0.replace(waiters));
    }
    pub fn add(&self, vm: &Vm, waiter: &Value) -> PyResult<()> {
        if let Some(set) = self.several() {
            return set.add(vm, waiter);
        }
        match self.one() {
            None => self.put(Waiters::One(waiter.clone())),
            Some(one) if one.is(waiter) => {}
            Some(one) => {
                let set = Set::new_ref();
                set.add(vm, &one)?;
                set.add(vm, waiter)?;
                self.put(Waiters::Several(set));
            }
        }
        Ok(())
    }
    pub fn discard(&self, vm: &Vm, waiter: &Value) -> PyResult<()> {
        if let Some(set) = self.several() {
            return Set::discard(&set, vm, waiter);
        }
        let is_it = |waiters: &Waiters| matches!(waiters, Waiters::One(one) if one.is(waiter));
        if self.0.with(is_it) {
            self.put(Waiters::Nobody);
        }
        Ok(())
    }
    /// All of them as a frozenset; `None` if there was never more than the one that has gone.
    pub fn shown(&self, vm: &Vm) -> Option<Value> {
        if let Some(set) = self.several() {
            return Some(Set::frozen_from(vm, &set.to_vec()));
        }
        self.one().map(|one| Set::frozen_from(vm, &[one]))
    }
}

impl Trace for AwaitedBy {
    fn trace(&self, visit: &mut Visitor<'_>) {
        self.0.with(|waiters| match waiters {
            Waiters::Nobody => {}
            Waiters::One(one) => visit(one),
            Waiters::Several(set) => set.trace(visit),
        });
    }
    fn clear(&self, bag: &mut Vec<Value>) {
        match self.0.replace(Waiters::Nobody) {
            Waiters::Nobody => {}
            Waiters::One(one) => bag.push(one),
            Waiters::Several(set) => bag.push(set.into()),
        }
    }
}
