//! `frame`: a running frame as Python sees it, or what is left of one.
//!
//! States: *live* (`frame` points to the running frame, which knows this object) and *detached*
//! (the frame has returned; its variables were moved here). CPython's counterpart:
//! `Objects/frameobject.c`.

#![expect(unsafe_code, reason = "points to a running frame, which clears the pointer when it ends")]

use crate::object::{Guarded, Obj, Ref, ValueCell};
use crate::objects::cell::CellObj;
use crate::objects::code::{Code, text};
use crate::objects::dict::Dict;
use crate::objects::frame_locals::FrameLocalsProxy;
use crate::objects::str_::{Str, intern};
use crate::runtime::errors::PyResult;
use crate::runtime::frame::{Frame, Slot};
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_bytecode::code::flags;
use adder_derive::{pyclass, pymethods};
use std::cell::Cell;

/// Frame objects.
#[pyclass(name = "frame", no_new)]
pub struct FrameObj {
    #[notrace]
    frame: Cell<*mut Frame>,
    code: Ref<Code>,
    globals: Ref<Dict>,
    builtins: Ref<Dict>,
    namespace: ValueCell,
    /// The variables of a detached frame.
    locals: Guarded<Vec<Value>>,
    /// For each local word of a detached frame, its index in `locals` plus one, or 0.
    #[notrace]
    bound: Guarded<Vec<u32>>,
    lasti: Cell<i64>,
    back: Guarded<Option<Ref<FrameObj>>>,
    pub(crate) trace: ValueCell,
    trace_lines: Cell<bool>,
    trace_opcodes: Cell<bool>,
    last_traced: Cell<(i64, i64)>,
    /// Variables that `f_locals` gave out and that are not local words.
    extra_locals: ValueCell,
}

/// The frame object of a live frame, made if need be.
pub fn object_of(vm: &Vm, frame: *mut Frame) -> Ref<FrameObj> {
    let _ = vm;
    // SAFETY: the caller passes a frame that is running or suspended.
    let f = unsafe { &mut *frame };
    if let Some(object) = &f.object {
        return object.clone();
    }
    let object = Ref::new(FrameObj {
        frame: Cell::new(frame),
        code: f.code().to_ref(),
        globals: f.globals().to_ref(),
        builtins: f.builtins().to_ref(),
        namespace: f.namespace.clone().into(),
        locals: Guarded::new(Vec::new()),
        bound: Guarded::new(Vec::new()),
        lasti: Cell::new(-1),
        back: Guarded::new(None),
        trace: ValueCell::default(),
        trace_lines: Cell::new(true),
        trace_opcodes: Cell::new(false),
        last_traced: Cell::new((-1, -1)),
        extra_locals: ValueCell::default(),
    });
    f.object = Some(object.clone());
    object
}

/// The globals of the innermost frame.
pub fn current_globals(vm: &Vm) -> Option<Ref<Dict>> {
    // SAFETY: the innermost frame is alive.
    unsafe { vm.frame.get().as_ref() }.map(|f| f.globals().to_ref())
}

/// The innermost frame's object.
pub fn current(vm: &Vm) -> Option<Ref<FrameObj>> {
    let frame = vm.frame.get();
    if frame.is_null() { None } else { Some(object_of(vm, frame)) }
}

/// `locals()` of the innermost frame.
pub fn current_locals(vm: &Vm) -> PyResult {
    match current(vm) {
        Some(frame) => frame.locals_snapshot(vm),
        None => Err(vm.system_error("frame does not exist")),
    }
}

impl FrameObj {
    fn live(&self) -> Option<&Frame> {
        // SAFETY: the frame clears the pointer before it goes away.
        unsafe { self.frame.get().as_ref() }
    }

    /// The frame is about to go: its variables move here.
    pub(crate) fn detach(&self, vm: &Vm, frame: &Frame, slots: usize) {
        self.lasti.set(frame.lasti());
        let mut values = Vec::new();
        let mut bound = Vec::with_capacity(slots);
        for i in 0..slots {
            match frame.local(i) {
                Some(value) => {
                    values.push(value);
                    bound.push(values.len() as u32);
                }
                None => bound.push(0),
            }
        }
        let prev = frame.prev;
        self.frame.set(std::ptr::null_mut());
        drop(self.locals.replace(values));
        self.bound.replace(bound);
        if !prev.is_null() && frame.generator.is_null() {
            let back = object_of(vm, prev);
            drop(self.back.replace(Some(back)));
        }
    }

    pub fn code(&self) -> &Obj<Code> {
        &self.code
    }
    pub fn globals(&self) -> &Obj<Dict> {
        &self.globals
    }
    pub fn lasti(&self) -> i64 {
        match self.live() {
            Some(frame) => frame.lasti(),
            None => self.lasti.get(),
        }
    }
    /// The line that runs.
    pub fn line(&self) -> u32 {
        self.line_of(self.lasti())
    }
    /// The line of the instruction at a byte offset, -1 being before the first.
    pub fn line_of(&self, lasti: i64) -> u32 {
        match lasti {
            -1 => self.code.source.firstlineno,
            at => self.code.line_at(at as u32),
        }
    }
    pub fn back(&self, vm: &Vm) -> Option<Ref<FrameObj>> {
        match self.live() {
            Some(frame) if frame.prev.is_null() => None,
            Some(frame) => Some(object_of(vm, frame.prev)),
            None => self.back.get(),
        }
    }
    pub(crate) fn last_traced(&self) -> (i64, i64) {
        self.last_traced.get()
    }
    pub(crate) fn set_last_traced(&self, line: i64, offset: i64) {
        self.last_traced.set((line, offset));
    }
    pub(crate) fn wants_lines(&self) -> bool {
        self.trace_lines.get()
    }
    pub(crate) fn wants_opcodes(&self) -> bool {
        self.trace_opcodes.get()
    }

    fn slot(&self, index: usize) -> Slot {
        match self.live() {
            Some(frame) => frame.local(index),
            None => {
                let at = self.bound.with(|b| b.get(index).copied().unwrap_or(0));
                if at == 0 { None } else { self.locals.with(|l| l.get(at as usize - 1).cloned()) }
            }
        }
    }

    /// Names and words of all variables, cells and free variables.
    pub fn variables(&self) -> Vec<(Ref<Str>, usize, bool)> {
        let s = &self.code.source;
        let mut all = Vec::new();
        for (i, name) in s.varnames.iter().enumerate() {
            all.push((intern::intern(&text(name)), i, false));
        }
        for (i, name) in s.cellvars.iter().chain(s.freevars.iter()).enumerate() {
            all.push((intern::intern(&text(name)), s.nlocals as usize + i, true));
        }
        all
    }

    /// A variable's value.
    pub fn variable(&self, index: usize, is_cell: bool) -> Slot {
        let slot = self.slot(index)?;
        if is_cell {
            return slot.downcast::<CellObj>().and_then(|c| c.get());
        }
        Some(slot)
    }

    /// Sets a variable.
    pub fn set_variable(&self, index: usize, is_cell: bool, value: Slot) {
        if is_cell {
            if let Some(cell) = self.slot(index).as_ref().and_then(|s| s.downcast::<CellObj>()) {
                cell.set(value);
            }
        } else if let Some(frame) = self.live() {
            frame.set_local(index, value);
        } else if let Some(value) = value {
            let at = self.bound.with(|bound| bound.get(index).copied().unwrap_or(0)) as usize;
            if at > 0 {
                let old = self.locals.with_mut(|all| {
                    all.get_mut(at - 1).map(|place| std::mem::replace(place, value))
                });
                drop(old);
            } else {
                let count = self.locals.with_mut(|all| {
                    all.push(value);
                    all.len()
                });
                self.bound.with_mut(|bound| {
                    if let Some(place) = bound.get_mut(index) {
                        *place = count as u32;
                    }
                });
            }
        }
    }

    /// The names that `f_locals` was given and that are no variables; made if `make` says so.
    pub(crate) fn extra(&self, make: bool) -> Option<Ref<Dict>> {
        if let Some(extra) = self.extra_locals.get() {
            return extra.into_ref().ok();
        }
        if !make {
            return None;
        }
        let extra = Dict::new_ref();
        self.extra_locals.set(Some(extra.to_value()));
        Some(extra)
    }

    /// `locals()`: the namespace itself for modules and classes, a fresh dict for functions.
    pub fn locals_snapshot(&self, vm: &Vm) -> PyResult {
        if !self.code.has_flag(flags::OPTIMIZED) {
            let namespace = match self.live() {
                Some(frame) => frame.namespace.clone(),
                None => self.namespace.get(),
            };
            return Ok(namespace.unwrap_or_else(|| self.globals.to_value()));
        }
        let dict = Dict::new_ref();
        for (name, index, is_cell) in self.variables() {
            if let Some(value) = self.variable(index, is_cell) {
                dict.insert(vm, &name.to_value(), value)?;
            }
        }
        if let Some(extra) = self.extra_locals.get()
            && let Some(extra) = extra.downcast::<Dict>()
        {
            dict.merge(vm, extra)?;
        }
        Ok(dict.into())
    }
}

#[pymethods]
impl FrameObj {
    #[getter]
    fn f_code(zelf: &Obj<FrameObj>, _vm: &Vm) -> Ref<Code> {
        zelf.code.clone()
    }
    #[getter]
    fn f_globals(zelf: &Obj<FrameObj>, _vm: &Vm) -> Ref<Dict> {
        zelf.globals.clone()
    }
    #[getter]
    fn f_builtins(zelf: &Obj<FrameObj>, _vm: &Vm) -> Ref<Dict> {
        zelf.builtins.clone()
    }
    /// The mapping of names and values: the namespace itself, or a proxy to a function's variables.
    #[getter]
    fn f_locals(zelf: &Obj<FrameObj>, vm: &Vm) -> PyResult {
        if zelf.code.has_flag(flags::OPTIMIZED) {
            vm.type_object::<FrameLocalsProxy>();
            return Ok(FrameLocalsProxy::new_value(zelf.to_ref()));
        }
        zelf.locals_snapshot(vm)
    }
    /// The generator or coroutine whose frame it is.
    #[getter]
    fn f_generator(zelf: &Obj<FrameObj>, _vm: &Vm) -> Option<Value> {
        let generator = zelf.live()?.generator;
        // SAFETY: a frame that belongs to a generator is kept alive by it.
        unsafe { generator.as_ref() }.map(|generator| generator.to_value())
    }
    #[getter]
    fn f_back(zelf: &Obj<FrameObj>, vm: &Vm) -> Option<Ref<FrameObj>> {
        FrameObj::back(zelf, vm)
    }
    #[getter]
    fn f_lasti(zelf: &Obj<FrameObj>, _vm: &Vm) -> i64 {
        FrameObj::lasti(zelf)
    }
    #[getter]
    fn f_lineno(zelf: &Obj<FrameObj>, _vm: &Vm) -> u32 {
        FrameObj::line(zelf)
    }
    #[getter]
    fn f_trace(zelf: &Obj<FrameObj>, _vm: &Vm) -> Option<Value> {
        zelf.trace.get()
    }
    #[setter(name = "f_trace")]
    fn set_f_trace(zelf: &Obj<FrameObj>, _vm: &Vm, value: Option<Value>) -> PyResult<()> {
        zelf.trace.set(value.filter(|v| !v.is_none()));
        Ok(())
    }
    #[getter]
    fn f_trace_lines(zelf: &Obj<FrameObj>, _vm: &Vm) -> bool {
        zelf.trace_lines.get()
    }
    #[setter(name = "f_trace_lines")]
    fn set_f_trace_lines(zelf: &Obj<FrameObj>, _vm: &Vm, value: Option<Value>) -> PyResult<()> {
        zelf.trace_lines.set(value.is_some_and(|v| v.is_true()));
        Ok(())
    }
    #[getter]
    fn f_trace_opcodes(zelf: &Obj<FrameObj>, _vm: &Vm) -> bool {
        zelf.trace_opcodes.get()
    }
    #[setter(name = "f_trace_opcodes")]
    fn set_f_trace_opcodes(zelf: &Obj<FrameObj>, _vm: &Vm, value: Option<Value>) -> PyResult<()> {
        zelf.trace_opcodes.set(value.is_some_and(|v| v.is_true()));
        Ok(())
    }
    /// Drop all references held by the frame.
    #[pymethod]
    fn clear(zelf: &Obj<FrameObj>, vm: &Vm) -> PyResult<()> {
        if let Some(frame) = zelf.live() {
            // SAFETY: a frame that belongs to a generator is kept alive by it.
            let Some(generator) = (unsafe { frame.generator.as_ref() }) else {
                return Err(vm.runtime_error("cannot clear an executing frame"));
            };
            return generator.to_ref().clear_frame(vm);
        }
        drop(zelf.locals.replace(Vec::new()));
        zelf.bound.replace(Vec::new());
        Ok(())
    }
    #[slot]
    fn repr(zelf: &Obj<FrameObj>, vm: &Vm) -> PyResult {
        Ok(vm.str(&format!(
            "<frame at {:#x}, file '{}', line {}, code {}>",
            zelf.head().address(),
            zelf.code.filename(),
            FrameObj::line(zelf),
            zelf.code.name().to_string_lossy()
        )))
    }
}
