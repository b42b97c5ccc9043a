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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Session, with_vm};

    const LOOP: &str = "
import _asyncio
class Loop:
    def call_soon(self, *args, context=None): pass
    def call_exception_handler(self, context): told.append(context['message'])
    def get_debug(self): return False
    def is_running(self): return False
async def work(): pass
told = []
loop = Loop()
def task():
    coroutine = work()
    made = _asyncio.Task(coroutine, loop=loop, name='t')
    coroutine.close()
    return made
";

    fn free_places() -> usize {
        REGISTRY.with(|registry| {
            let (mut count, mut at) = (0, registry.free);
            while let Some(Entry::Free(next)) = at.map(|at| registry.entries[at]) {
                (count, at) = (count + 1, next);
            }
            count
        })
    }

    fn places() -> usize {
        REGISTRY.with(|registry| registry.entries.len())
    }

    #[test]
    fn tasks_are_there_until_they_go_and_their_places_are_used_again() {
        with_vm(|vm| {
            let session = Session::new(vm, LOOP);
            assert!(tasks().is_empty());
            session.exec("all = [task() for _ in range(20)]");
            let found = tasks();
            assert_eq!((found.len(), places() - free_places()), (20, 20));
            assert!(found.iter().all(|task| task.head().refcount() == 2));
            // Twice is as good as once.
            enter(&found[0]);
            found[1].place.leave();
            found[1].place.leave();
            enter(&found[1]);
            assert_eq!(tasks().len(), 20);
            drop(found);
            let most = places();
            session.exec("del all[::2]");
            assert_eq!((tasks().len(), places() - free_places()), (10, 10));
            session.exec("all += [task() for _ in range(10)]");
            assert_eq!((tasks().len(), places()), (20, most));
            session.exec("all.clear()");
            assert_eq!((tasks().len(), free_places()), (0, places()));
            assert_eq!(session.show("len(told)"), "30");
        });
    }

    #[test]
    fn a_task_that_waits_to_be_freed_is_not_found() {
        with_vm(|vm| {
            let session = Session::new(vm, LOOP);
            session.exec(
                "
import sys
seen = []
# `all_tasks` looks into a set that the library has.
sys.modules['weakref'] = type(sys)('weakref')
sys.modules['weakref'].WeakSet = set
Loop.call_exception_handler = lambda self, context: seen.append(len(_asyncio.all_tasks(loop)))
nest = None
for _ in range(500): nest = [task(), nest]
nest = None
assert len(seen) == 500 and not _asyncio.all_tasks(loop)
del sys.modules['weakref']
",
            );
            assert!(tasks().is_empty());
        });
    }
}
