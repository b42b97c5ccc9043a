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
use crate::objects::exceptions::ExcObj;
use crate::objects::frame_jump;
use crate::objects::frame_locals::FrameLocalsProxy;
use crate::objects::str_::{Str, intern};
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::frame::{Frame, Slot};
use crate::runtime::observer::Event;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_bytecode::code::flags;
use adder_derive::{pyclass, pymethods};
use std::cell::Cell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The cells of a class or module that are none of its comprehensions' variables.
const CLASS_CELLS: [&str; 3] = ["__class__", "__classdict__", "__conditional_annotations__"];

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
    /// The line that was told last, and the index of the instruction that ran last while somebody watched
    /// (-1 if nobody did).
    last_line: Cell<u32>,
    last_index: Cell<i64>,
    /// Where the frame stands while a line is told: perhaps at an instruction that left nothing behind.
    standing: Cell<Option<u32>>,
    /// Byte offset to which `f_lineno` has just moved the frame.
    arrival: Cell<Option<u32>>,
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
        namespace: f.namespace.clone().into(),
        ..FrameObj::bare(f.code(), f.globals(), f.builtins())
    });
    f.object = Some(object.clone());
    object
}

/// The globals of the innermost frame.
pub fn current_globals(vm: &Vm) -> Option<Ref<Dict>> {
    // SAFETY: the innermost frame is alive.
    unsafe { vm.frame.get().as_ref() }.map(|f| f.globals().to_ref())
}

/// The built-ins of the innermost frame.
pub fn current_builtins(vm: &Vm) -> Option<Ref<Dict>> {
    // SAFETY: the innermost frame is alive.
    unsafe { vm.frame.get().as_ref() }.map(|f| f.builtins().to_ref())
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

/// Makes an earlier exception the one being handled again.
fn restore_handled(vm: &Vm, previous: Slot) {
    let previous = previous.and_then(|v| v.into_ref::<ExcObj>().ok()).map(Exc);
    drop(vm.exc_state().handled.replace(previous));
}

impl FrameObj {
    fn bare(code: &Obj<Code>, globals: &Obj<Dict>, builtins: &Obj<Dict>) -> FrameObj {
        FrameObj {
            frame: Cell::new(std::ptr::null_mut()),
            code: code.to_ref(),
            globals: globals.to_ref(),
            builtins: builtins.to_ref(),
            namespace: ValueCell::default(),
            locals: Guarded::new(Vec::new()),
            bound: Guarded::new(Vec::new()),
            lasti: Cell::new(-1),
            back: Guarded::new(None),
            trace: ValueCell::default(),
            trace_lines: Cell::new(true),
            trace_opcodes: Cell::new(false),
            last_line: Cell::new(0),
            last_index: Cell::new(-1),
            standing: Cell::new(None),
            arrival: Cell::new(None),
            extra_locals: ValueCell::default(),
        }
    }

    /// A frame that never ran. `locals` is the namespace of code that is not a function's.
    pub fn at_rest(
        vm: &Vm,
        code: &Obj<Code>,
        globals: &Obj<Dict>,
        locals: Option<Value>,
    ) -> Ref<FrameObj> {
        let builtins = crate::runtime::enter::builtins_of(vm, globals);
        let locals = locals.filter(|_| !code.has_flag(flags::OPTIMIZED));
        Ref::new(FrameObj { namespace: locals.into(), ..FrameObj::bare(code, globals, &builtins) })
    }

    fn live(&self) -> Option<&Frame> {
        // SAFETY: the frame clears the pointer before it goes away.
        unsafe { self.frame.get().as_ref() }
    }

    /// The frame is about to go, and this object with it.
    pub(crate) fn forget(&self) {
        self.frame.set(std::ptr::null_mut());
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
        if let Some(at) = self.standing.get() {
            return at.into();
        }
        match self.live() {
            Some(frame) => frame.lasti(),
            None => self.lasti.get(),
        }
    }
    /// The line that runs, or the last one before that.
    pub fn line(&self) -> u32 {
        self.line_of(self.lasti())
    }
    /// The line of the instruction at a byte offset, -1 being before the first.
    pub fn line_of(&self, lasti: i64) -> u32 {
        match u32::try_from(lasti) {
            Ok(at) => self.code.line_at(at),
            Err(_) => self.code.source.firstlineno,
        }
    }
    pub fn back(&self, vm: &Vm) -> Option<Ref<FrameObj>> {
        match self.live() {
            Some(frame) if frame.prev.is_null() => None,
            Some(frame) => Some(object_of(vm, frame.prev)),
            None => self.back.get(),
        }
    }
    /// From now on this function is told what the frame does. Only what comes after is news.
    pub(crate) fn watch(&self, function: Value) {
        if self.trace.get().is_none()
            && let Some(frame) = self.live()
            && let Some(at) = frame.lasti_begun()
        {
            self.last_line.set(self.code.line_at(at));
            self.last_index.set(frame.instruction() as i64);
        }
        self.trace.set(Some(function));
    }
    pub(crate) fn last_line(&self) -> u32 {
        self.last_line.get()
    }
    pub(crate) fn set_last_line(&self, line: u32) {
        self.last_line.set(line);
    }
    pub(crate) fn last_index(&self) -> i64 {
        self.last_index.get()
    }
    pub(crate) fn set_last_index(&self, index: i64) {
        self.last_index.set(index);
    }
    pub(crate) fn stand_at(&self, offset: Option<u32>) {
        self.standing.set(offset);
    }
    pub(crate) fn has_arrival(&self) -> bool {
        self.arrival.get().is_some()
    }
    pub(crate) fn take_arrival(&self) -> Option<u32> {
        self.arrival.take()
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

    /// Names and words of all variables, cells and free variables. A module or class has such only
    /// in its comprehensions (PEP 709).
    pub fn variables(&self) -> Vec<(Ref<Str>, usize, bool)> {
        let s = &self.code.source;
        let mut all = Vec::new();
        for (i, name) in s.varnames.iter().enumerate() {
            all.push((intern::intern(&text(name)), i, false));
        }
        let first_cell = all.len();
        for (i, name) in s.cellvars.iter().chain(s.freevars.iter()).enumerate() {
            all.push((intern::intern(&text(name)), first_cell + i, true));
        }
        if !self.code.has_flag(flags::OPTIMIZED) {
            all.truncate(first_cell + s.cellvars.len());
            all.retain(|(name, _, is_cell)| {
                !is_cell || !CLASS_CELLS.iter().any(|own| name.is_str(own))
            });
        }
        if self.code.hides_variables() {
            self.drop_hidden(&mut all);
        }
        all
    }

    /// Of the variables of one name (a function's, and those of comprehensions in it) the innermost
    /// one that is bound is meant: a comprehension's is bound only while it runs. A parameter that
    /// lives in a cell has left its own word.
    fn drop_hidden(&self, all: &mut Vec<(Ref<Str>, usize, bool)>) {
        let mut places: HashMap<*const Obj<Str>, usize> = HashMap::new();
        let mut kept: Vec<(Ref<Str>, usize, bool)> = Vec::with_capacity(all.len());
        for variable in all.drain(..) {
            let bound = self.variable(variable.1, variable.2).is_some();
            match places.entry(&raw const *variable.0) {
                Entry::Vacant(place) => {
                    place.insert(kept.len());
                    kept.push(variable);
                }
                Entry::Occupied(place) => {
                    let known = &mut kept[*place.get()];
                    let moved = || variable.2 && self.variable(known.1, known.2).is_none();
                    if bound || moved() {
                        *known = variable;
                    }
                }
            }
        }
        *all = kept;
    }

    /// A module or class in whose body a comprehension runs: its variables are all that
    /// `locals()` sees.
    fn in_comprehension(&self) -> bool {
        !self.code.has_flag(flags::OPTIMIZED)
            && self.variables().iter().any(|&(_, at, is_cell)| self.variable(at, is_cell).is_some())
    }

    /// A variable's value.
    pub fn variable(&self, index: usize, is_cell: bool) -> Slot {
        let slot = self.slot(index)?;
        if is_cell {
            return slot.downcast::<CellObj>().and_then(|c| c.get());
        }
        Some(slot)
    }

    /// Moves the live frame on to a line; see `frame_jump.rs`.
    fn jump_to_line(&self, vm: &Vm, line: u32) -> PyResult<()> {
        let from = u32::try_from(self.lasti()).unwrap_or(0);
        let source = &self.code.source;
        let analysis = adder_bytecode::verify::analyze(source)
            .map_err(|error| vm.value_error(error.to_string()))?;
        let plan = frame_jump::plan(source, &analysis, self.code.lines(), from, line)
            .map_err(|message| vm.value_error(message))?;
        let unbound: Vec<usize> = (0..source.nlocals as usize)
            .filter(|&i| self.live().is_some_and(|frame| frame.local(i).is_none()))
            .collect();
        if !unbound.is_empty() {
            let plural = if unbound.len() == 1 { "" } else { "s" };
            let message = format!("assigning None to {} unbound local{plural}", unbound.len());
            vm.warn(&vm.exceptions().runtime_warning, &message, 0)?;
        }
        // SAFETY: the frame is the one that the caller is told about; it clears the pointer before it
        // goes away, and takes its registers up anew when the tracing function has returned.
        let Some(frame) = (unsafe { self.frame.get().as_mut() }) else { return Ok(()) };
        for i in unbound {
            frame.set_local(i, Some(Value::NONE));
        }
        let mut why = None;
        while let Some((level, slot)) = frame.pop_above(plan.keep) {
            // A handler, and a clause with an exception, say what was being handled before.
            match plan.dropped.get(level - plan.keep) {
                Some(frame_jump::Word::Exception) => restore_handled(vm, slot),
                Some(frame_jump::Word::Clause(_)) => {
                    let pending = slot.as_ref().is_some_and(|v| v.downcast::<ExcObj>().is_some());
                    match why.take() {
                        None => why = Some(slot),
                        Some(previous) if pending => restore_handled(vm, previous),
                        Some(_) => {}
                    }
                }
                _ => drop(slot),
            }
        }
        for _ in 0..2 * plan.clauses {
            frame.push(Value::NONE);
        }
        frame.go_to(plan.offset);
        self.arrival.set(Some(plan.offset));
        Ok(())
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

    /// `locals()`: the namespace itself for modules and classes, a fresh dict for functions and
    /// comprehensions.
    pub fn locals_snapshot(&self, vm: &Vm) -> PyResult {
        if !self.code.has_flag(flags::OPTIMIZED) && !self.in_comprehension() {
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
    fn f_builtins(zelf: &Obj<FrameObj>, vm: &Vm) -> Value {
        crate::objects::dict::foreign::given(vm, &zelf.builtins)
    }
    /// The mapping of names and values: the namespace itself, or a proxy to a function's variables.
    #[getter]
    fn f_locals(zelf: &Obj<FrameObj>, vm: &Vm) -> PyResult {
        if zelf.code.has_flag(flags::OPTIMIZED) || zelf.in_comprehension() {
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
    fn f_lineno(zelf: &Obj<FrameObj>, _vm: &Vm) -> Option<u32> {
        match u32::try_from(FrameObj::lasti(zelf)) {
            Ok(at) => zelf.code.own_line_at(at),
            Err(_) => Some(zelf.code.source.firstlineno),
        }
    }
    /// Only a tracing function may set it, for the frame it is told about: the frame goes on there.
    #[setter(name = "f_lineno")]
    fn set_f_lineno(zelf: &Obj<FrameObj>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        let Some(value) = value else { return Err(vm.attribute_error("cannot delete attribute")) };
        if !std::ptr::eq(value.ty(), vm.type_of::<crate::objects::int::IntObj>()) {
            return Err(vm.value_error("lineno must be an integer"));
        }
        match vm.traced.get() {
            Some((frame, event)) if frame == zelf.frame.get() => match event {
                Event::Line | Event::Opcode | Event::Resume => {}
                Event::Start => {
                    return Err(
                        vm.value_error("can't jump from the 'call' trace event of a new frame")
                    );
                }
                Event::Native(_) => return Err(vm.value_error("can't jump during a call")),
                Event::Return | Event::Exception => {
                    return Err(vm.value_error("can only jump from a 'line' trace event"));
                }
            },
            Some(_) if zelf.trace.get().is_none() => {
                return Err(vm.value_error("f_lineno can only be set by a trace function"));
            }
            _ => return Err(vm.value_error("f_lineno can only be set in a trace function")),
        }
        let line = crate::protocol::number::to_i128(vm, &value)?
            .and_then(|line| i32::try_from(line).ok())
            .ok_or_else(|| vm.value_error("lineno out of range"))?;
        let first = zelf.code.source.firstlineno;
        match u32::try_from(line) {
            Ok(line) if line >= first => zelf.jump_to_line(vm, line),
            _ => Err(vm.value_error(format!("line {line} comes before the current code block"))),
        }
    }
    #[getter]
    fn f_trace(zelf: &Obj<FrameObj>, _vm: &Vm) -> Option<Value> {
        zelf.trace.get()
    }
    #[setter(name = "f_trace")]
    fn set_f_trace(zelf: &Obj<FrameObj>, _vm: &Vm, value: Option<Value>) -> PyResult<()> {
        match value.filter(|v| !v.is_none()) {
            Some(function) => zelf.watch(function),
            None => zelf.trace.set(None),
        }
        Ok(())
    }
    #[getter(member)]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Session, owners, token, with_vm};

    /// `frame()` gives the frame of its caller.
    fn session<'a>(vm: &'a Vm, source: &str) -> Session<'a> {
        let session = Session::new(vm, "import sys\ndef frame(): return sys._getframe(1)");
        session.exec(source);
        session
    }

    #[test]
    fn no_frame_runs_outside_of_code() {
        with_vm(|vm| {
            assert!(current(vm).is_none() && current_globals(vm).is_none());
            assert!(current_builtins(vm).is_none() && current_locals(vm).is_err());
            assert!(vm.running_code().is_none() && vm.running_local(0).is_none());
            assert_eq!(vm.recursion_depth(), 0);
        });
    }

    #[test]
    fn a_live_frame_has_one_object() {
        with_vm(|vm| {
            let session = session(
                vm,
                "
def f(a):
    one, two = frame(), frame()
    assert one is two and one.f_locals['a'] is a and one.f_back.f_code.co_name == '<module>'
    assert one.f_lineno == 5 and one.f_globals is globals()
    return one
kept = f(1)
assert kept.f_locals['a'] == 1 and kept.f_locals['one'] is kept.f_locals['two'] is kept
",
            );
            let kept = session.get("kept").into_ref::<FrameObj>().expect("a frame");
            assert!(kept.live().is_none() && kept.frame.get().is_null());
            session.exec("kept.clear()\ndel kept");
            assert_eq!(kept.head().refcount(), 1);
        });
    }

    #[test]
    fn variables_move_to_the_object_and_are_counted_once() {
        with_vm(|vm| {
            let session = session(
                vm,
                "
def f(a, b=None):
    c = a
    def inner(): return c
    if b: unbound = 1
    return frame() if keep else None
",
            );
            let value = token();
            session.set("t", value.clone());
            session.exec("keep = False\nf(t)");
            assert_eq!(owners(&value), 2);
            session.exec("keep = True\nk = f(t)");
            assert_eq!(owners(&value), 4);
            assert_eq!(session.show("sorted(k.f_locals)"), "['a', 'b', 'c', 'inner']");
            session.exec("k.f_locals['a'] = 1\nassert k.f_locals['a'] == 1");
            assert_eq!(owners(&value), 3);
            session.exec("k.clear()\nassert dict(k.f_locals) == {}\ndel k");
            assert_eq!(owners(&value), 2);
        });
    }

    #[test]
    fn an_exception_keeps_the_frames_it_passed() {
        with_vm(|vm| {
            let session = session(
                vm,
                "
def inner(a): raise KeyError(1)
def outer(a): inner(a)
",
            );
            let value = token();
            session.set("t", value.clone());
            session.exec("try: outer(t)\nexcept KeyError as e: exc = e");
            assert_eq!(owners(&value), 4);
            session.exec("tb = exc.__traceback__.tb_next.tb_next\nassert tb.tb_frame.f_back.f_code.co_name == 'outer'");
            session.exec("del exc");
            assert_eq!(owners(&value), 4);
            session.exec("del tb");
            assert_eq!(owners(&value), 2);
        });
    }

    #[test]
    fn a_running_frame_is_not_cleared() {
        with_vm(|vm| {
            let session = session(vm, "def f(): frame().clear()");
            assert_eq!(session.raises("f()"), "RuntimeError('cannot clear an executing frame')");
        });
    }

    #[test]
    fn a_jump_drops_what_it_leaves_and_binds_what_it_passed() {
        with_vm(|vm| {
            let session = session(
                vm,
                "
import sys
def f(log):
    late = t
    for x in [t, t]:
        for y in (t, x):
            log.append(1)
            log.append(2)
    log.append(3)
    return late
def jump(line, target):
    base = f.__code__.co_firstlineno
    def trace(frame, event, arg):
        if frame.f_code is not f.__code__: return None
        if event == 'line' and frame.f_lineno == base + line:
            sys.settrace(None)
            frame.f_trace = None
            frame.f_lineno = base + target
        return trace
    return trace
def run(line, target):
    log = []
    sys.settrace(jump(line, target))
    try: result = f(log)
    finally: sys.settrace(None)
    return log, result
",
            );
            let value = token();
            session.set("t", value.clone());
            for (line, target, log) in [
                (5, 6, "[1, 3]"),
                (5, 4, "[1, 1, 2, 1, 2, 1, 2, 1, 2, 3]"),
                (6, 7, "[1, 2, 1, 2, 1, 2, 1, 2]"),
            ] {
                assert_eq!(session.show(&format!("run({line}, {target})")), format!("({log}, [])"));
                assert_eq!(owners(&value), 2);
            }
            // Into a loop there is no way.
            assert!(session.raises("run(2, 4)").starts_with("ValueError"));
            assert_eq!(owners(&value), 2);
        });
    }

    #[test]
    fn a_frame_at_rest_never_runs() {
        with_vm(|vm| {
            let session = session(vm, "def f(a): return a");
            let function = session.get("f");
            let function =
                function.downcast::<crate::objects::function::Function>().expect("it is");
            let frame = FrameObj::at_rest(vm, function.code(), &session.globals, Some(Value::TRUE));
            assert!(frame.live().is_none() && frame.slot(0).is_none() && frame.slot(99).is_none());
            assert!(frame.back(vm).is_none());
        });
    }
}
