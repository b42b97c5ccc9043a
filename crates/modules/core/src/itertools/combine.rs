//! Products, permutations, combinations: positions into pools, advanced like a counter.

use super::non_negative;
use crate::support::Signature;
use adder_derive::{pyclass, pymethods};
use adder_vm::object::Guarded;
use adder_vm::objects::str_::Str;
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::{iter, number};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};

/// Where a generator of selections stands.
#[derive(Default)]
struct State {
    started: bool,
    over: bool,
    indices: Vec<usize>,
    /// How often the item at each place may still change (permutations).
    cycles: Vec<usize>,
}

impl State {
    /// Steps on unless this is the first selection; `advance` answers whether there is another.
    fn step(&mut self, advance: impl FnOnce(&mut State) -> bool) -> bool {
        if self.over {
            return false;
        }
        if std::mem::replace(&mut self.started, true) && !advance(self) {
            self.over = true;
        }
        !self.over
    }
}

/// Cartesian product of input iterables.  Equivalent to nested for-loops.
///
/// For example, product(A, B) returns the same as:  ((x,y) for x in A for y in B).
/// The leftmost iterators are in the outermost for-loop, so the output tuples
/// cycle in a manner similar to an odometer (with the rightmost element changing
/// on every iteration).
///
/// To compute the product of an iterable with itself, specify the number
/// of repetitions with the optional repeat keyword argument. For example,
/// product(A, repeat=4) means the same as product(A, A, A, A).
#[pyclass(name = "itertools.product", base_type, sig = "(*iterables, repeat=1)")]
pub struct Product {
    pools: Vec<Ref<Tuple>>,
    #[notrace]
    state: Guarded<State>,
}

#[pymethods]
impl Product {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let mut repeat = 1;
        for (name, value) in args.keywords() {
            let Some(name) = name.downcast::<Str>() else { continue };
            if !name.is_str("repeat") {
                return Err(
                    vm.type_error(format!("product() got an unexpected keyword argument '{name}'"))
                );
            }
            repeat = number::to_ssize(vm, value)?;
        }
        let Ok(repeat) = usize::try_from(repeat) else {
            return Err(vm.value_error("repeat argument cannot be negative"));
        };
        let given = args.args();
        match given.len().checked_mul(repeat) {
            Some(total) if total < isize::MAX as usize / 8 => {}
            _ => return Err(vm.overflow_error("repeat argument too large")),
        }
        let mut pools = Vec::new();
        if repeat > 0 {
            for iterable in given {
                pools.push(Tuple::from_vec(iter::collect(vm, iterable)?));
            }
        }
        let once = pools.len();
        if pools.try_reserve_exact(once * repeat.saturating_sub(1)).is_err() {
            return Err(vm.memory_error(""));
        }
        for _ in 1..repeat {
            pools.extend_from_within(..once);
        }
        let state = State {
            over: pools.iter().any(|p| p.is_empty()),
            indices: vec![0; pools.len()],
            ..State::default()
        };
        Ok(Ref::with_type(Product { pools, state: Guarded::new(state) }, ty).into())
    }
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<Product>, _vm: &Vm) -> PyResult<Option<Value>> {
        let pools = &zelf.pools;
        let items = zelf.state.with_mut(|s| {
            let more = s.step(|s| {
                for (index, pool) in s.indices.iter_mut().zip(pools).rev() {
                    *index += 1;
                    if *index < pool.len() {
                        return true;
                    }
                    *index = 0;
                }
                false
            });
            more.then(|| {
                let chosen = pools.iter().zip(&s.indices);
                chosen.map(|(p, i)| p.items()[*i].clone()).collect::<Vec<_>>()
            })
        });
        Ok(items.map(|items| Tuple::from_vec(items).into()))
    }
    /// Private method returning an estimate of len(list(it)).
    #[pymethod]
    fn __sizeof__(zelf: &Obj<Product>, _vm: &Vm) -> usize {
        64 + zelf.pools.len() * 16
    }
}

/// Selections of `r` items from one pool.
macro_rules! selection {
    ($name:ident, $python:literal, $short:literal, $sig:literal, $required:literal, $doc:literal,
     |$n:ident, $r:ident| $start:expr, $advance:expr) => {
        #[doc = $doc]
        #[pyclass(name = $python, base_type, sig = $sig)]
        pub struct $name {
            pool: Ref<Tuple>,
            #[notrace]
            state: Guarded<State>,
        }

        #[pymethods]
        impl $name {
            #[slot]
            fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
                const SIGNATURE: Signature<2> = Signature {
                    function: $short,
                    names: ["iterable", "r"],
                    required: $required,
                    positional: 2,
                };
                let [iterable, r] = SIGNATURE.bind(vm, args)?;
                let items = iter::collect(vm, &iterable.unwrap_or(Value::NONE))?;
                let $n = items.len();
                let $r = match r.filter(|r| $required == 2 || !r.is_none()) {
                    Some(r) if $required == 1 && !adder_vm::objects::int::is_int(&r) => {
                        return Err(vm.type_error("Expected int as r"));
                    }
                    Some(r) => non_negative(vm, &r, "r")?,
                    None => $n,
                };
                if Vec::<usize>::new().try_reserve_exact($r).is_err() {
                    return Err(vm.memory_error(""));
                }
                let state: State = $start;
                let pool = Tuple::from_vec(items);
                Ok(Ref::with_type($name { pool, state: Guarded::new(state) }, ty).into())
            }
            #[slot]
            fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
                Ok(zelf.clone())
            }
            #[slot]
            fn iternext(zelf: &Obj<$name>, _vm: &Vm) -> PyResult<Option<Value>> {
                let pool = zelf.pool.items();
                let advance: fn(&mut State, usize) -> bool = $advance;
                let r = zelf
                    .state
                    .with(|s| if s.cycles.is_empty() { s.indices.len() } else { s.cycles.len() });
                let items = zelf.state.with_mut(|s| {
                    s.step(|s| advance(s, pool.len())).then(|| {
                        s.indices[..r].iter().map(|i| pool[*i].clone()).collect::<Vec<_>>()
                    })
                });
                Ok(items.map(|items| Tuple::from_vec(items).into()))
            }
        }
    };
}

selection!(
    Combinations,
    "itertools.combinations",
    "combinations",
    "(iterable, r)",
    2,
    "Return successive r-length combinations of elements in the iterable.\n\ncombinations(range(4), 3) --> (0,1,2), (0,1,3), (0,2,3), (1,2,3)",
    |n, r| State {
        over: r > n,
        indices: if r > n { Vec::new() } else { (0..r).collect() },
        ..State::default()
    },
    |s, n| {
        let r = s.indices.len();
        let Some(at) = (0..r).rev().find(|i| s.indices[*i] != i + n - r) else { return false };
        s.indices[at] += 1;
        for i in at + 1..r {
            s.indices[i] = s.indices[i - 1] + 1;
        }
        true
    }
);

selection!(
    WithReplacement,
    "itertools.combinations_with_replacement",
    "combinations_with_replacement",
    "(iterable, r)",
    2,
    "Return successive r-length combinations of elements in the iterable allowing individual elements to have successive repeats.\n\ncombinations_with_replacement('ABC', 2) --> ('A','A'), ('A','B'), ('A','C'), ('B','B'), ('B','C'), ('C','C')",
    |n, r| State {
        over: n == 0 && r > 0,
        indices: if n == 0 { Vec::new() } else { vec![0; r] },
        ..State::default()
    },
    |s, n| {
        let Some(at) = s.indices.iter().rposition(|i| i + 1 != n) else { return false };
        let next = s.indices[at] + 1;
        s.indices[at..].fill(next);
        true
    }
);

selection!(
    Permutations,
    "itertools.permutations",
    "permutations",
    "(iterable, r=None)",
    1,
    "Return successive r-length permutations of elements in the iterable.\n\npermutations(range(3), 2) --> (0,1), (0,2), (1,0), (1,2), (2,0), (2,1)",
    |n, r| State {
        over: r > n,
        // With nothing to choose, there is the one empty selection.
        indices: if r == 0 { Vec::new() } else { (0..n).collect() },
        cycles: if r > n { Vec::new() } else { (0..r).map(|i| n - i).collect() },
        ..State::default()
    },
    |s, n| {
        for i in (0..s.cycles.len()).rev() {
            s.cycles[i] -= 1;
            if s.cycles[i] == 0 {
                s.indices[i..].rotate_left(1);
                s.cycles[i] = n - i;
            } else {
                let j = n - s.cycles[i];
                s.indices.swap(i, j);
                return true;
            }
        }
        false
    }
);
