//! Which tasks there are. The registry holds no references: a task takes itself out when it is done,
//! or when it goes.

#![expect(unsafe_code, reason = "the registered tasks are not kept alive")]

use super::task::Task;
use adder_vm::object::GilCell;
use adder_vm::{Obj, Ref};
use std::cell::Cell;
use std::ptr::NonNull;

/// A place in the registry.
#[derive(Clone, Copy)]
enum Entry {
    Task(NonNull<Obj<Task>>),
    /// The next free place.
    Free(Option<usize>),
}

struct Registry {
    entries: Vec<Entry>,
    free: Option<usize>,
}

static REGISTRY: GilCell<Registry> = GilCell::new(Registry { entries: Vec::new(), free: None });

/// Where a task stands in the registry, if it does.
#[derive(Default)]
pub struct Place(Cell<Option<usize>>);

impl Place {
    /// Takes the task out.
    pub fn leave(&self) {
        let Some(at) = self.0.take() else { return };
        REGISTRY.with(|registry| {
            let free = registry.free;
            if let Some(entry) = registry.entries.get_mut(at) {
                *entry = Entry::Free(free);
                registry.free = Some(at);
            }
        });
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Puts a task into the registry.
pub fn enter(task: &Obj<Task>) {
    if task.place.0.get().is_some() {
        return;
    }
    let entry = Entry::Task(NonNull::from(task));
    let at = REGISTRY.with(|registry| {
        let free = registry.free.and_then(|at| Some((at, registry.entries.get_mut(at)?)));
        match free {
            Some((at, place)) => {
                if let Entry::Free(next) = *place {
                    registry.free = next;
                }
                *place = entry;
                at
            }
            None => {
                registry.entries.push(entry);
                registry.entries.len() - 1
            }
        }
    });
    task.place.0.set(Some(at));
}

/// Every task in the registry.
pub fn tasks() -> Vec<Ref<Task>> {
    REGISTRY.with(|registry| {
        let tasks = registry.entries.iter().filter_map(|entry| match entry {
            // SAFETY: a task leaves the registry before its memory goes (`Place::drop`).
            Entry::Task(task) => Some(unsafe { task.as_ref() }),
            Entry::Free(_) => None,
        });
        // One without references is dead, though it may wait in line to be freed.
        tasks.filter(|task| task.head().refcount() > 0).map(Obj::to_ref).collect()
    })
}
