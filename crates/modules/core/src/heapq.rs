//! `_heapq`: heaps in lists, the least or the greatest item first.
//!
//! A comparison may run Python code that changes the list, so items are taken out for it and the
//! length is checked again afterwards. CPython's counterpart: `Modules/_heapqmodule.c`.

use adder_derive::pymodule;
use adder_vm::objects::list::List;
use adder_vm::protocol::compare::{CmpOp, compare_bool};
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Obj, Value, Vm};

/// Which item belongs on top.
#[derive(Clone, Copy, PartialEq)]
enum Order {
    Least,
    Greatest,
}

impl Order {
    /// Does `a` belong above `b`?
    #[inline(always)]
    fn above(self, vm: &Vm, a: &Value, b: &Value) -> PyResult<bool> {
        match self {
            Order::Least => compare_bool(vm, a, b, CmpOp::Lt),
            Order::Greatest => compare_bool(vm, b, a, CmpOp::Lt),
        }
    }
}

fn changed(vm: &Vm) -> Exc {
    vm.runtime_error("list changed size during iteration")
}

fn out_of_range(vm: &Vm) -> Exc {
    vm.index_error("index out of range")
}

/// Moves the item at `at` up while it belongs above its parent, to `start` at most.
fn rise(vm: &Vm, heap: &List, start: usize, mut at: usize, order: Order) -> PyResult<()> {
    let len = heap.len();
    let item = heap.get(at).ok_or_else(|| out_of_range(vm))?;
    while at > start {
        let parent = (at - 1) / 2;
        let above = heap.get(parent).ok_or_else(|| changed(vm))?;
        let moves = order.above(vm, &item, &above)?;
        if heap.len() != len {
            return Err(changed(vm));
        }
        if !moves {
            break;
        }
        heap.with_mut(|items| items.swap(at, parent));
        at = parent;
    }
    Ok(())
}

/// Moves the item at `start` down to a leaf, its better child rising each time, and from there up to
/// its place: that takes fewer comparisons than stopping on the way down.
fn sink(vm: &Vm, heap: &List, start: usize, order: Order) -> PyResult<()> {
    let len = heap.len();
    let mut at = start;
    while at < len / 2 {
        let mut child = 2 * at + 1;
        if child + 1 < len {
            let (left, right) =
                heap.with(|items| (items.get(child).cloned(), items.get(child + 1).cloned()));
            let (Some(left), Some(right)) = (left, right) else { return Err(changed(vm)) };
            if !order.above(vm, &left, &right)? {
                child += 1;
            }
            if heap.len() != len {
                return Err(changed(vm));
            }
        }
        heap.with_mut(|items| items.swap(at, child));
        at = child;
    }
    rise(vm, heap, start, at, order)
}

fn push(vm: &Vm, heap: &List, item: Value, order: Order) -> PyResult<()> {
    heap.push(item);
    rise(vm, heap, 0, heap.len() - 1, order)
}

fn pop(vm: &Vm, heap: &List, order: Order) -> PyResult {
    let last = heap.pop_last().ok_or_else(|| out_of_range(vm))?;
    if heap.is_empty() {
        return Ok(last);
    }
    let top = heap.replace(0, last);
    sink(vm, heap, 0, order)?;
    Ok(top)
}

fn replace(vm: &Vm, heap: &List, item: Value, order: Order) -> PyResult {
    if heap.is_empty() {
        return Err(out_of_range(vm));
    }
    let top = heap.replace(0, item);
    sink(vm, heap, 0, order)?;
    Ok(top)
}

fn push_pop(vm: &Vm, heap: &List, item: Value, order: Order) -> PyResult {
    let Some(top) = heap.get(0) else { return Ok(item) };
    if !order.above(vm, &top, &item)? {
        return Ok(item);
    }
    replace(vm, heap, item, order)
}

fn build(vm: &Vm, heap: &List, order: Order) -> PyResult<()> {
    let len = heap.len();
    for start in (0..len / 2).rev() {
        sink(vm, heap, start, order)?;
        if heap.len() != len {
            return Err(changed(vm));
        }
    }
    Ok(())
}

/// Heap queue algorithm (a.k.a. priority queue).
///
/// Heaps are arrays for which a[k] <= a[2*k+1] and a[k] <= a[2*k+2] for
/// all k, counting elements from 0.  For the sake of comparison,
/// non-existing elements are considered to be infinite.  The interesting
/// property of a heap is that a[0] is always its smallest element.
///
/// Usage:
///
/// heap = []            # creates an empty heap
/// heappush(heap, item) # pushes a new item on the heap
/// item = heappop(heap) # pops the smallest item from the heap
/// item = heap[0]       # smallest item on the heap without popping it
/// heapify(x)           # transforms list into a heap, in-place, in linear time
/// item = heapreplace(heap, item) # pops and returns smallest item, and adds
///                                # new item; the heap size is unchanged
#[pymodule(name = "_heapq")]
pub mod heapq {
    use super::*;

    /// Push item onto heap, maintaining the heap invariant.
    #[pyfunction]
    fn heappush(vm: &Vm, heap: &Obj<List>, item: Value) -> PyResult<()> {
        push(vm, heap, item, Order::Least)
    }
    /// Pop the smallest item off the heap, maintaining the heap invariant.
    #[pyfunction]
    fn heappop(vm: &Vm, heap: &Obj<List>) -> PyResult {
        pop(vm, heap, Order::Least)
    }
    /// Pop and return the current smallest value, and add the new item.
    ///
    /// This is more efficient than heappop() followed by heappush(), and can be
    /// more appropriate when using a fixed-size heap.  Note that the value
    /// returned may be larger than item!  That constrains reasonable uses of
    /// this routine unless written as part of a conditional replacement:
    ///
    ///     if item > heap[0]:
    ///         item = heapreplace(heap, item)
    #[pyfunction]
    fn heapreplace(vm: &Vm, heap: &Obj<List>, item: Value) -> PyResult {
        replace(vm, heap, item, Order::Least)
    }
    /// Push item on the heap, then pop and return the smallest item from the heap.
    ///
    /// The combined action runs more efficiently than heappush() followed by
    /// a separate call to heappop().
    #[pyfunction]
    fn heappushpop(vm: &Vm, heap: &Obj<List>, item: Value) -> PyResult {
        push_pop(vm, heap, item, Order::Least)
    }
    /// Transform list into a heap, in-place, in O(len(heap)) time.
    #[pyfunction]
    fn heapify(vm: &Vm, heap: &Obj<List>) -> PyResult<()> {
        build(vm, heap, Order::Least)
    }

    /// Push item onto max heap, maintaining the heap invariant.
    #[pyfunction]
    fn heappush_max(vm: &Vm, heap: &Obj<List>, item: Value) -> PyResult<()> {
        push(vm, heap, item, Order::Greatest)
    }
    /// Maxheap variant of heappop.
    #[pyfunction]
    fn heappop_max(vm: &Vm, heap: &Obj<List>) -> PyResult {
        pop(vm, heap, Order::Greatest)
    }
    /// Maxheap variant of heapreplace.
    #[pyfunction]
    fn heapreplace_max(vm: &Vm, heap: &Obj<List>, item: Value) -> PyResult {
        replace(vm, heap, item, Order::Greatest)
    }
    /// Maxheap variant of heappushpop.
    ///
    /// The combined action runs more efficiently than heappush_max() followed by
    /// a separate call to heappop_max().
    #[pyfunction]
    fn heappushpop_max(vm: &Vm, heap: &Obj<List>, item: Value) -> PyResult {
        push_pop(vm, heap, item, Order::Greatest)
    }
    /// Maxheap variant of heapify.
    #[pyfunction]
    fn heapify_max(vm: &Vm, heap: &Obj<List>) -> PyResult<()> {
        build(vm, heap, Order::Greatest)
    }
}
