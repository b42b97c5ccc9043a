//! `traceback`: the way an exception took. CPython's counterpart: `Python/traceback.c`.

use crate::object::{Guarded, Obj, Ref};
use crate::objects::frame::{self, FrameObj};
use crate::objects::type_::Type;
use crate::protocol::number;
use crate::runtime::args::CallArgs;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::machine::Machine;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};
use std::cell::Cell;

/// Create a new traceback object.
#[pyclass(name = "traceback")]
pub struct Traceback {
    next: Guarded<Option<Ref<Traceback>>>,
    frame: Ref<FrameObj>,
    lasti: Cell<i64>,
    /// Looked up in the code when somebody asks: most exceptions are caught unseen.
    line: Cell<Option<u32>>,
}

/// Adds the running frame to an exception's traceback.
pub fn add_entry(vm: &Vm, exc: Exc, m: &Machine) -> Exc {
    let frame = frame::object_of(vm, m.frame);
    let lasti = frame.lasti();
    let next = exc.0.traceback().and_then(|t| t.into_ref().ok());
    let entry = Ref::new(Traceback {
        next: Guarded::new(next),
        frame,
        lasti: Cell::new(lasti),
        line: Cell::new(None),
    });
    exc.0.set_traceback(Some(entry.into()));
    exc
}

/// A traceback of the running frame alone.
pub fn here(vm: &Vm) -> Option<Value> {
    let frame = frame::current(vm)?;
    let lasti = Cell::new(frame.lasti());
    let next = Guarded::new(None);
    Some(Ref::new(Traceback { next, frame, lasti, line: Cell::new(None) }).into())
}

impl Traceback {
    pub fn frame(&self) -> &Obj<FrameObj> {
        &self.frame
    }
    pub fn next(&self) -> Option<Ref<Traceback>> {
        self.next.get()
    }
    /// Puts another entry after this one; the caller makes no loop.
    pub(crate) fn link(&self, next: Option<Ref<Traceback>>) {
        drop(self.next.replace(next));
    }
    pub fn line(&self) -> u32 {
        let line = self.line.get().unwrap_or_else(|| self.frame.line_of(self.lasti.get()));
        self.line.set(Some(line));
        line
    }
    pub fn lasti(&self) -> i64 {
        self.lasti.get()
    }
}

#[pymethods]
impl Traceback {
    #[slot]
    fn new(vm: &Vm, _ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let bad = || vm.type_error("traceback() takes tb_next, tb_frame, tb_lasti and tb_lineno");
        let [next, frame, lasti, line] = args.all() else { return Err(bad()) };
        let next = match next.downcast::<Traceback>() {
            Some(next) => Some(next.to_ref()),
            None if next.is_none() => None,
            None => {
                return Err(vm.type_error(format!(
                    "expected traceback object or None, got '{}'",
                    next.ty().name()
                )));
            }
        };
        let frame = frame.downcast::<FrameObj>().ok_or_else(bad)?.to_ref();
        let lasti = number::to_ssize(vm, lasti)? as i64;
        let line = u32::try_from(number::to_ssize(vm, line)?).unwrap_or(0);
        Ok(Ref::new(Traceback {
            next: Guarded::new(next),
            frame,
            lasti: Cell::new(lasti),
            line: Cell::new(Some(line)),
        })
        .into())
    }
    #[getter]
    fn tb_next(zelf: &Obj<Traceback>, _vm: &Vm) -> Option<Ref<Traceback>> {
        zelf.next.get()
    }
    #[setter(name = "tb_next")]
    fn set_next(zelf: &Obj<Traceback>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        let next = match value {
            None => return Err(vm.type_error("can't delete tb_next attribute")),
            Some(v) if v.is_none() => None,
            Some(v) => Some(v.into_ref::<Traceback>().map_err(|v| {
                vm.type_error(format!("expected traceback object, got '{}'", v.ty().name()))
            })?),
        };
        let mut at = next.clone();
        while let Some(tb) = at {
            if std::ptr::eq::<Obj<Traceback>>(&*tb, zelf) {
                return Err(vm.value_error("traceback loop detected"));
            }
            at = tb.next.get();
        }
        drop(zelf.next.replace(next));
        Ok(())
    }
    #[getter(member)]
    fn tb_frame(zelf: &Obj<Traceback>, _vm: &Vm) -> Ref<FrameObj> {
        zelf.frame.clone()
    }
    #[getter(member)]
    fn tb_lasti(zelf: &Obj<Traceback>, _vm: &Vm) -> i64 {
        zelf.lasti.get()
    }
    #[getter]
    fn tb_lineno(zelf: &Obj<Traceback>, _vm: &Vm) -> u32 {
        zelf.line()
    }
    #[pymethod]
    fn __dir__(_zelf: &Obj<Traceback>, vm: &Vm) -> Vec<Value> {
        ["tb_frame", "tb_next", "tb_lasti", "tb_lineno"].map(|n| vm.str(n)).to_vec()
    }
}
