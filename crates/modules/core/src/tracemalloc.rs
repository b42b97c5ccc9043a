//! `_tracemalloc`: where memory was asked for. CPython's counterpart: `Modules/_tracemalloc.c`; what is
//! counted is said in `adder-vm`, `runtime/tracemalloc.rs`.

use adder_derive::pymodule;
use adder_vm::objects::list::List;
use adder_vm::objects::str_::builder::from_wtf8;
use adder_vm::objects::tuple::Tuple;
use adder_vm::runtime::tracemalloc as book;
use adder_vm::{PyResult, Ref, Value, Vm};

fn frame(file: Value, line: u32) -> Value {
    Tuple::from_vec(vec![file, Value::int_unchecked(line.into())]).into()
}

fn count(n: usize) -> Value {
    Value::int_unchecked(n as i64)
}

/// Debug module to trace memory blocks allocated by Python.
#[pymodule(name = "_tracemalloc")]
pub mod tracemalloc {
    use super::*;

    /// Return True if the tracemalloc module is tracing Python memory allocations.
    #[pyfunction]
    fn is_tracing(_vm: &Vm) -> bool {
        book::is_tracing()
    }
    /// Clear traces of memory blocks allocated by Python.
    #[pyfunction]
    fn clear_traces(_vm: &Vm) {
        book::clear();
    }
    /// Get traces of all memory blocks allocated by Python.
    ///
    /// Return a list of (size: int, traceback: tuple) tuples.
    /// traceback is a tuple of (filename: str, lineno: int) tuples.
    ///
    /// Return an empty list if the tracemalloc module is disabled.
    #[pyfunction]
    fn _get_traces(vm: &Vm) -> PyResult<Ref<List>> {
        let all = book::traces();
        vm.need(all.blocks.len().saturating_mul(96))?;
        let files: Vec<Value> = all.files.iter().map(|name| from_wtf8(name).into()).collect();
        let file = |number: u32| files.get(number as usize).cloned().unwrap_or(Value::NONE);
        let mut made: Vec<Option<(Value, Value)>> = vec![None; all.tracebacks.len()];
        let mut traces = Vec::with_capacity(all.blocks.len());
        for (size, traceback) in all.blocks {
            let at = traceback as usize;
            let (Some(place), Some((frames, total))) = (made.get_mut(at), all.tracebacks.get(at))
            else {
                continue;
            };
            let (frames, total) = place
                .get_or_insert_with(|| {
                    let frames = frames.iter().map(|&(f, line)| frame(file(f), line)).collect();
                    (Tuple::from_vec(frames).into(), count(*total))
                })
                .clone();
            let trace = vec![count(0), count(size), frames, total];
            traces.push(Tuple::from_vec(trace).into());
        }
        Ok(List::from_vec(traces))
    }
    /// Get the traceback where the Python object obj was allocated.
    ///
    /// Return a tuple of (filename: str, lineno: int) tuples.
    /// Return None if the tracemalloc module is disabled or did not
    /// trace the allocation of the object.
    #[pyfunction(sig = "(obj, /)")]
    fn _get_object_traceback(_vm: &Vm, obj: &Value) -> Option<Ref<Tuple>> {
        let places = book::of_object(obj.head()?)?;
        let frames = places.iter().map(|(file, line)| frame(from_wtf8(file).into(), *line));
        Some(Tuple::from_vec(frames.collect()))
    }
    /// Start tracing Python memory allocations.
    ///
    /// Also set the maximum number of frames stored in the traceback of a
    /// trace to nframe.
    #[pyfunction(sig = "(nframe=1, /)")]
    fn start(vm: &Vm, nframe: Option<i32>) -> PyResult<()> {
        let frames = usize::try_from(nframe.unwrap_or(1)).unwrap_or(0);
        if !(1..=book::MAX_FRAMES).contains(&frames) {
            let most = book::MAX_FRAMES;
            let message = format!("the number of frames must be in range [1; {most}]");
            return Err(vm.value_error(message));
        }
        book::start(vm, frames);
        Ok(())
    }
    /// Stop tracing Python memory allocations.
    ///
    /// Also clear traces of memory blocks allocated by Python.
    #[pyfunction]
    fn stop(vm: &Vm) {
        book::stop(vm);
    }
    /// Get the maximum number of frames stored in the traceback of a trace.
    ///
    /// By default, a trace of an allocated memory block only stores
    /// the most recent frame: the limit is 1.
    #[pyfunction]
    fn get_traceback_limit(_vm: &Vm) -> usize {
        book::limit()
    }
    /// Get the memory usage in bytes of the tracemalloc module.
    ///
    /// This memory is used internally to trace memory allocations.
    #[pyfunction]
    fn get_tracemalloc_memory(_vm: &Vm) -> usize {
        book::own_memory()
    }
    /// Get the current size and peak size of memory blocks traced by tracemalloc.
    ///
    /// Returns a tuple: (current: int, peak: int).
    #[pyfunction]
    fn get_traced_memory(_vm: &Vm) -> (usize, usize) {
        book::memory()
    }
    /// Set the peak size of memory blocks traced by tracemalloc to the current size.
    ///
    /// Do nothing if the tracemalloc module is not tracing memory allocations.
    #[pyfunction]
    fn reset_peak(_vm: &Vm) {
        book::reset_peak();
    }
}
