//! `gc`: the cycle collector's controls. CPython's counterpart: `Modules/gcmodule.c`.

use adder_derive::pymodule;
use adder_vm::objects::dict::Dict;
use adder_vm::objects::int;
use adder_vm::objects::list::List;
use adder_vm::objects::module::Module;
use adder_vm::runtime::args::VarArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::runtime::gc as collector;
use adder_vm::{Obj, Ref, Value, Vm};

/// This module provides access to the garbage collector for reference cycles.
#[pymodule(name = "gc")]
pub mod gc {
    use super::*;

    /// Enable automatic garbage collection.
    #[pyfunction]
    fn enable(_vm: &Vm) {
        collector::STATE.with(|s| s.enabled = true);
        collector::apply_threshold();
    }
    /// Disable automatic garbage collection.
    #[pyfunction]
    fn disable(_vm: &Vm) {
        collector::STATE.with(|s| s.enabled = false);
        collector::apply_threshold();
    }
    /// Returns true if automatic garbage collection is enabled.
    #[pyfunction]
    fn isenabled(_vm: &Vm) -> bool {
        collector::STATE.get().enabled
    }
    /// Run the garbage collector.
    ///
    /// With no arguments, run a full collection.  The optional argument
    /// may be an integer specifying which generation to collect.
    /// The number of unreachable objects is returned.
    #[pyfunction(sig = "(generation=2)")]
    fn collect(vm: &Vm, generation: Option<i32>) -> PyResult<usize> {
        let generation = generation.unwrap_or(2);
        if !(0..=2).contains(&generation) {
            return Err(vm.value_error("invalid generation"));
        }
        Ok(collector::collect(vm, generation as usize))
    }
    /// Return the current collection counts as a three-tuple.
    #[pyfunction]
    fn get_count(_vm: &Vm) -> (usize, usize, usize) {
        let [a, b, c] = collector::counts();
        (a, b, c)
    }
    /// Return the current collection thresholds.
    #[pyfunction]
    fn get_threshold(_vm: &Vm) -> (usize, usize, usize) {
        let [a, b, c] = collector::STATE.get().thresholds;
        (a, b, c)
    }
    /// set_threshold(threshold0, [threshold1, [threshold2]])
    /// Set the collection thresholds (the collection frequency).
    ///
    /// Setting 'threshold0' to zero disables collection.
    #[pyfunction]
    fn set_threshold(_vm: &Vm, threshold0: i32, threshold1: Option<i32>, threshold2: Option<i32>) {
        collector::STATE.with(|s| {
            s.thresholds[0] = threshold0.max(0) as usize;
            for (place, value) in s.thresholds[1..].iter_mut().zip([threshold1, threshold2]) {
                if let Some(value) = value {
                    *place = value.max(0) as usize;
                }
            }
        });
        collector::apply_threshold();
    }
    /// Set the garbage collection debugging flags.
    #[pyfunction]
    fn set_debug(_vm: &Vm, flags: u32) {
        collector::STATE.with(|s| s.debug = flags);
    }
    /// Get the garbage collection debugging flags.
    #[pyfunction]
    fn get_debug(_vm: &Vm) -> u32 {
        collector::STATE.get().debug
    }
    /// Return a list of objects tracked by the collector (excluding the list returned).
    ///
    /// If generation is not None, return only the objects tracked by the collector that are in
    /// that generation.
    #[pyfunction(sig = "(generation=None)")]
    fn get_objects(vm: &Vm, generation: Option<&Value>) -> PyResult<Vec<Value>> {
        let generation = match generation.filter(|g| !g.is_none()) {
            Some(g) => match adder_vm::protocol::number::to_ssize(vm, g)? {
                g @ 0..=2 => Some(g as usize),
                g if g < 0 => return Err(vm.value_error("generation parameter cannot be negative")),
                _ => {
                    return Err(vm.value_error(
                        "generation parameter must be less than the number of available generations (3)",
                    ));
                }
            },
            None => None,
        };
        Ok(collector::objects(generation))
    }
    /// Return a list of dictionaries containing per-generation statistics.
    #[pyfunction]
    fn get_stats(vm: &Vm) -> PyResult<Vec<Value>> {
        let mut all = Vec::new();
        for stats in collector::STATE.get().stats {
            let row = Dict::new_ref();
            for (name, n) in ["collections", "collected", "uncollectable"].into_iter().zip(stats) {
                row.insert(vm, &vm.str(name), int::from_i64(n as i64))?;
            }
            all.push(row.into());
        }
        Ok(all)
    }
    /// Return the list of objects that directly refer to any of 'objs'.
    #[pyfunction(sig = "(*objs)")]
    fn get_referrers(_vm: &Vm, objs: VarArgs) -> Vec<Value> {
        let wanted = objs.0.items();
        let refers = |o: &Value| {
            !objs.0.is(o) && collector::referents(o).iter().any(|r| wanted.iter().any(|w| w.is(r)))
        };
        collector::objects(None).into_iter().filter(refers).collect()
    }
    /// Return the list of objects that are directly referred to by 'objs'.
    #[pyfunction(sig = "(*objs)")]
    fn get_referents(_vm: &Vm, objs: VarArgs) -> Vec<Value> {
        objs.0.items().iter().flat_map(collector::referents).collect()
    }
    /// Returns true if the object is tracked by the garbage collector.
    ///
    /// Simple atomic objects will return false.
    #[pyfunction]
    fn is_tracked(_vm: &Vm, obj: &Value) -> bool {
        collector::is_tracked(obj)
    }
    /// Returns true if the object has been already finalized by the GC.
    #[pyfunction]
    fn is_finalized(_vm: &Vm, obj: &Value) -> bool {
        collector::is_finalized(obj)
    }
    /// Freeze all current tracked objects and ignore them for future collections.
    #[pyfunction]
    fn freeze(_vm: &Vm) {
        collector::freeze();
    }
    /// Unfreeze all objects in the permanent generation.
    #[pyfunction]
    fn unfreeze(_vm: &Vm) {
        collector::unfreeze();
    }
    /// Return the number of objects in the permanent generation.
    #[pyfunction]
    fn get_freeze_count(_vm: &Vm) -> usize {
        collector::frozen()
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        let empty = || -> Ref<List> { List::from_vec(Vec::new()) };
        module.set(vm, "garbage", empty().into());
        module.set(vm, "callbacks", empty().into());
        crate::support::add_ints(
            vm,
            module,
            &[
                ("DEBUG_STATS", 1),
                ("DEBUG_COLLECTABLE", 2),
                ("DEBUG_UNCOLLECTABLE", 4),
                ("DEBUG_SAVEALL", 32),
                ("DEBUG_LEAK", 38),
            ],
        );
        Ok(())
    }
}
