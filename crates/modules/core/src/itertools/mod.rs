//! `itertools`: building blocks for iterators. CPython's counterpart: `Modules/itertoolsmodule.c`.
//!
//! | file | what |
//! | --- | --- |
//! | `endless.rs` | `count`, `cycle`, `repeat` |
//! | `select.rs` | what picks from or walks along one or several iterables |
//! | `group.rs` | `groupby`, `batched`, `pairwise`, `tee` |
//! | `combine.rs` | products, permutations, combinations |

mod combine;
mod endless;
mod group;
mod select;

use adder_derive::pymodule;
use adder_vm::objects::module::Module;
use adder_vm::protocol::{iter, number};
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Value, Vm};

/// A length or count argument that must not be negative.
fn non_negative(vm: &Vm, value: &Value, name: &str) -> PyResult<usize> {
    let n = number::to_ssize(vm, value)?;
    usize::try_from(n).map_err(|_| vm.value_error(format!("{name} must be non-negative")))
}

/// Functional tools for creating and using iterators.
///
/// Infinite iterators:
/// count(start=0, step=1) --> start, start+step, start+2*step, ...
/// cycle(p) --> p0, p1, ... plast, p0, p1, ...
/// repeat(elem [,n]) --> elem, elem, elem, ... endlessly or up to n times
///
/// Iterators terminating on the shortest input sequence:
/// accumulate(p[, func]) --> p0, p0+p1, p0+p1+p2
/// batched(p, n) --> [p0, p1, ..., p_n-1], [p_n, p_n+1, ..., p_2n-1], ...
/// chain(p, q, ...) --> p0, p1, ... plast, q0, q1, ...
/// chain.from_iterable([p, q, ...]) --> p0, p1, ... plast, q0, q1, ...
/// compress(data, selectors) --> (d[0] if s[0]), (d[1] if s[1]), ...
/// dropwhile(predicate, seq) --> seq[n], seq[n+1], starting when predicate fails
/// groupby(iterable[, keyfunc]) --> sub-iterators grouped by value of keyfunc(v)
/// filterfalse(predicate, seq) --> elements of seq where pred(elem) is False
/// islice(seq, [start,] stop [, step]) --> elements from seq[start:stop:step]
/// pairwise(s) --> (s[0],s[1]), (s[1],s[2]), (s[2], s[3]), ...
/// starmap(fun, seq) --> fun(*seq[0]), fun(*seq[1]), ...
/// tee(it, n=2) --> (it1, it2 , ... itn) splits one iterator into n
/// takewhile(predicate, seq) --> seq[0], seq[1], until predicate fails
/// zip_longest(p, q, ...) --> (p[0], q[0]), (p[1], q[1]), ...
///
/// Combinatoric generators:
/// product(p, q, ... [repeat=1]) --> cartesian product
/// permutations(p[, r])
/// combinations(p, r)
/// combinations_with_replacement(p, r)
#[pymodule(name = "itertools")]
pub mod itertools {
    use super::*;

    /// Returns a tuple of n independent iterators.
    #[pyfunction(sig = "(iterable, n=2, /)")]
    fn tee(vm: &Vm, iterable: &Value, n: Option<&Value>) -> PyResult {
        let n = n.map_or(Ok(2), |n| number::to_ssize(vm, n))?;
        let Ok(n) = usize::try_from(n) else { return Err(vm.value_error("n must be >= 0")) };
        if n == 0 {
            return Ok(adder_vm::objects::tuple::Tuple::empty().into());
        }
        group::tee(vm, iterable, n)
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        for ty in [
            vm.type_object::<endless::Count>(),
            vm.type_object::<endless::Cycle>(),
            vm.type_object::<endless::Repeat>(),
            vm.type_object::<select::Accumulate>(),
            vm.type_object::<select::Chain>(),
            vm.type_object::<select::Compress>(),
            vm.type_object::<select::DropWhile>(),
            vm.type_object::<select::FilterFalse>(),
            vm.type_object::<select::ISlice>(),
            vm.type_object::<select::StarMap>(),
            vm.type_object::<select::TakeWhile>(),
            vm.type_object::<select::ZipLongest>(),
            vm.type_object::<group::Batched>(),
            vm.type_object::<group::GroupBy>(),
            vm.type_object::<group::Grouper>(),
            vm.type_object::<group::Pairwise>(),
            vm.type_object::<group::Tee>(),
            vm.type_object::<group::TeeData>(),
            vm.type_object::<combine::Product>(),
            vm.type_object::<combine::Permutations>(),
            vm.type_object::<combine::Combinations>(),
            vm.type_object::<combine::WithReplacement>(),
        ] {
            module.add_type(vm, ty);
        }
        Ok(())
    }
}

/// The next item of an iterator kept in a cell; at its end the cell lets go of it.
fn step(vm: &Vm, iterator: &adder_vm::object::ValueCell) -> PyResult<Option<Value>> {
    let Some(it) = iterator.get() else { return Ok(None) };
    let item = iter::next(vm, &it)?;
    if item.is_none() {
        iterator.set(None);
    }
    Ok(item)
}
