//! Generators, coroutines and asynchronous generators: a frame of their own that can be suspended.
//!
//! States: *created* -> *running* <-> *suspended* -> *finished*. The frame lies in a block that the
//! generator owns, in the picture of `runtime/frame.rs`.
//!
//! CPython's counterpart: `Objects/genobject.c`.

#![expect(unsafe_code, reason = "owns a frame in raw memory")]

use crate::object::{Guarded, Obj, ObjHead, Payload, Ref, TypeCell, ValueCell, Visitor, heap};
use crate::objects::code::Code;
use crate::objects::function::Function;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::TypeFlags;
use crate::objects::type_::declare::{Declaration, Declared};
use crate::protocol::{call, object};
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::frame::{FRAME_WORDS, Frame, Return, Slot};
use crate::runtime::leave;
use crate::runtime::prepared::{P, Prepared};
use crate::runtime::vm::{ExcState, Vm};
use crate::value::Value;
use adder_bytecode::code::flags;
use adder_bytecode::verify::{BlockKind, NO_BLOCK};
use adder_derive::pymethods;
use std::cell::Cell;
use std::ptr::NonNull;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GeneratorState {
    Created,
    Running,
    Suspended,
    Finished,
}

/// What resuming a generator led to.
pub enum Resumed {
    Yielded(Value),
    Returned(Value),
    Raised(Exc),
}

/// The block in which a generator's frame lies.
struct Memory {
    start: Cell<*mut Slot>,
    words: usize,
}

impl Memory {
    fn new(words: usize) -> Memory {
        let start = heap::allocate(words * size_of::<Slot>()).as_ptr().cast();
        Memory { start: Cell::new(start), words }
    }
    /// Gives the block back; nothing in it is in use any more.
    fn free(&self) {
        let start = self.start.replace(std::ptr::null_mut());
        if let Some(start) = NonNull::new(start) {
            // SAFETY: allocated in `new` with this size, and given back once.
            unsafe { heap::release(start.cast(), self.words * size_of::<Slot>()) }
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.free();
    }
}

/// The common payload of `generator`, `coroutine` and `async_generator`.
pub struct Generator {
    pub(crate) frame: Cell<*mut Frame>,
    memory: Memory,
    pub(crate) state: Cell<GeneratorState>,
    pub(crate) exc: ExcState,
    /// Where the thread's stack was when the generator was resumed.
    pub(crate) return_top: Cell<*mut Slot>,
    function: Ref<Function>,
    /// Where the coroutine was made, if that was to be noted.
    pub(crate) origin: ValueCell,
    name: Guarded<Ref<Str>>,
    pub(super) qualname: Guarded<Ref<Str>>,
    /// Asynchronous generators: the hook to call when finalised.
    finalizer: ValueCell,
    hooks_inited: Cell<bool>,
    closed: Cell<bool>,
}

// SAFETY: the cell is this type's own; the frame's words are visited once each, and only while
// nothing runs in it (a running frame's stack is not known, so its values count as held from
// outside).
unsafe impl Payload for Generator {
    const GC: bool = true;
    fn cell() -> &'static TypeCell {
        static CELL: TypeCell = TypeCell::of::<Generator>();
        &CELL
    }
    fn traverse(&self, visit: &mut Visitor<'_>) {
        use crate::object::trace::Trace;
        self.function.trace(visit);
        self.finalizer.trace(visit);
        self.exc.handled.with(|h| {
            if let Some(exc) = h {
                exc.0.trace(visit);
            }
        });
        // SAFETY: the frame is alive until the generator finishes.
        unsafe {
            let Some(frame) = self.frame.get().as_ref() else { return };
            let slots = frame.code().local_slots();
            for i in 0..slots {
                if let Some(value) = &*frame.locals.add(i) {
                    visit(value);
                }
            }
            if let Some(object) = &frame.object {
                object.trace(visit);
            }
            if self.state.get() == GeneratorState::Suspended {
                let mut at = frame.base;
                while at < frame.sp {
                    if let Some(value) = &*at {
                        visit(value);
                    }
                    at = at.add(1);
                }
            }
        }
    }
    fn clear(&self, bag: &mut Vec<Value>) {
        if self.state.get() != GeneratorState::Running {
            self.take_frame_values(|value| bag.push(value));
        }
    }
}

impl Declared for Generator {
    const DECLARATION: Declaration = Declaration {
        name: "generator",
        module: "builtins",
        doc: "",
        signature: None,
        base: || None,
        make_base: || {},
        base_type: false,
        has_dict: false,
        no_new: true,
        flags: TypeFlags::empty(),
    };
}

/// Where a coroutine is made, if somebody wants to know: file, line and function of the callers.
fn origin(vm: &Vm, code: &Code) -> Option<Value> {
    let depth = vm.origin_depth.get();
    if depth == 0 || !code.has_flag(flags::COROUTINE) {
        return None;
    }
    let mut frames = Vec::new();
    let mut at = super::frame::current(vm);
    while let Some(frame) = at
        && frames.len() < depth
    {
        let line = Value::int_unchecked(frame.line().into());
        let row = vec![vm.str(&frame.code().filename()), line, frame.code().name().into()];
        frames.push(Tuple::from_vec(row).into());
        at = frame.back(vm);
    }
    Some(Tuple::from_vec(frames).into())
}

/// Warns of a coroutine that goes before it has begun.
fn warn_never_awaited(vm: &Vm, coroutine: &Value, generator: &Generator) {
    let warned = match crate::builtin_modules::warnings::unawaited(vm, coroutine) {
        Ok(warned) => warned,
        Err(e) => {
            let warned = e.is(&vm.exceptions().runtime_warning);
            let context = "Exception ignored while finalizing coroutine";
            vm.unraisable(e, context, Some(coroutine));
            warned
        }
    };
    if warned {
        return;
    }
    let name = generator.qualname.get().to_string_lossy();
    let message = format!("coroutine '{name}' was never awaited");
    if let Err(e) = vm.warn(&vm.exceptions().runtime_warning, &message, 1) {
        vm.unraisable(e, "Exception ignored while finalizing coroutine", Some(coroutine));
    }
}

/// Makes a generator, coroutine or asynchronous generator from bound arguments.
///
/// # Safety
/// `locals` are the code's local words, which move out.
pub unsafe fn make(
    vm: &Vm,
    function: &Obj<Function>,
    prepared: &Prepared,
    locals: *const Slot,
) -> Value {
    let code = function.code();
    let slots = code.local_slots();
    let size = slots + FRAME_WORDS + prepared.max_depth as usize;
    let memory = Memory::new(size);
    let start = memory.start.get();
    let types = crate::runtime::boot::generator_types();
    let ty = if code.has_flag(flags::ASYNC_GENERATOR) {
        types.async_generator
    } else if code.has_flag(flags::COROUTINE) {
        types.coroutine
    } else {
        Generator::cell().get()
    };
    let generator = Ref::with_type(
        Generator {
            frame: Cell::new(std::ptr::null_mut()),
            memory,
            state: Cell::new(GeneratorState::Created),
            exc: ExcState::default(),
            return_top: Cell::new(std::ptr::null_mut()),
            function: function.to_ref(),
            origin: origin(vm, code).into(),
            name: Guarded::new(function.name()),
            qualname: Guarded::new(function.qualname()),
            finalizer: ValueCell::default(),
            hooks_inited: Cell::new(false),
            closed: Cell::new(false),
        },
        ty,
    );
    // SAFETY: the block has `size` words; locals, record and stack do not overlap.
    unsafe {
        std::ptr::copy_nonoverlapping(locals, start, slots);
        let frame: *mut Frame = start.add(slots).cast();
        let base = start.add(slots + FRAME_WORDS);
        frame.write(Frame {
            prev: std::ptr::null_mut(),
            code,
            ip: prepared.start(),
            locals: start,
            base,
            sp: base,
            globals: function.globals(),
            builtins: function.builtins(),
            namespace: None,
            object: None,
            ret: Return::ToRust,
            generator: &*generator,
            function,
            limit: base,
        });
        generator.frame.set(frame);
    }
    generator.into()
}

impl Generator {
    /// Created or suspended.
    #[inline(always)]
    pub fn can_resume(&self) -> bool {
        matches!(self.state.get(), GeneratorState::Created | GeneratorState::Suspended)
    }

    /// Takes the frame's values out, one by one. Each may run Python code when it is dropped; by then
    /// the generator is finished and has no frame any more.
    fn take_frame_values(&self, mut take: impl FnMut(Value)) {
        let frame = self.frame.replace(std::ptr::null_mut());
        self.state.set(GeneratorState::Finished);
        // SAFETY: the frame is not running; its words move out, and nothing points to it any more. Its
        // memory is kept until the generator dies or `finish` frees it.
        unsafe {
            let Some(f) = frame.as_mut() else { return };
            let slots = f.code().local_slots();
            if let Some(object) = f.object.take() {
                Vm::with_current(|vm| object.detach(vm, f, slots));
                take(object.into());
            }
            for i in 0..slots {
                (*f.locals.add(i)).take().into_iter().for_each(&mut take);
            }
            while f.sp > f.base {
                f.sp = f.sp.sub(1);
                (*f.sp).take().into_iter().for_each(&mut take);
            }
            f.sp = f.base;
        }
    }

    /// The frame is done: what it holds is dropped.
    pub(crate) fn finish(&self, vm: &Vm) {
        let _ = vm;
        self.take_frame_values(drop);
        self.memory.free();
        drop(self.exc.handled.replace(None));
    }

    /// `StopIteration` out of a generator is `RuntimeError` (PEP 479).
    pub(crate) fn convert_stop(&self, vm: &Vm, exc: Exc) -> Exc {
        let is_async = self.function.code().has_flag(flags::ASYNC_GENERATOR);
        let e = vm.exceptions();
        let kind = match self.kind() {
            Kind::Generator => "generator",
            Kind::Coroutine => "coroutine",
            Kind::AsyncGenerator => "async generator",
        };
        let stopped = if exc.is(&e.stop_iteration) {
            "StopIteration"
        } else if is_async && exc.is(&e.stop_async_iteration) {
            "StopAsyncIteration"
        } else {
            return exc;
        };
        let new = vm.runtime_error(format!("{kind} raised {stopped}"));
        new.0.set_context(Some(exc.0.clone()));
        new.0.set_cause(Some(exc.0));
        new
    }

    pub(crate) fn kind(&self) -> Kind {
        let code = self.function.code();
        if code.has_flag(flags::ASYNC_GENERATOR) {
            Kind::AsyncGenerator
        } else if code.has_flag(flags::COROUTINE) {
            Kind::Coroutine
        } else {
            Kind::Generator
        }
    }

    /// What the generator waits for: the iterator of its `yield from`.
    pub(crate) fn delegate(&self) -> Option<Value> {
        if self.state.get() != GeneratorState::Suspended {
            return None;
        }
        // SAFETY: a suspended generator has a frame; below a YIELD_FROM lies its iterator.
        unsafe {
            let frame = &*self.frame.get();
            if (*frame.ip).op != P::YieldFrom {
                return None;
            }
            (*frame.sp.sub(1)).clone()
        }
    }

    /// Runs something in what a suspended generator delegates to, which is seen to be called by it.
    fn delegating<R>(&self, vm: &Vm, run: impl FnOnce() -> R) -> R {
        let frame = self.frame.get();
        self.state.set(GeneratorState::Running);
        // SAFETY: a suspended generator has a frame, which is linked while `run` runs; the generator
        // counts as running meanwhile, so that nobody ends it.
        unsafe { (*frame).prev = vm.frame.replace(frame) };
        vm.depth.set(vm.depth.get() + 1);
        let result = run();
        vm.depth.set(vm.depth.get() - 1);
        // SAFETY: as above; what `run` entered it has left.
        unsafe { vm.frame.set(std::mem::replace(&mut (*frame).prev, std::ptr::null_mut())) };
        self.state.set(GeneratorState::Suspended);
        result
    }

    /// Is the suspended frame inside a `try` or `with`, or a handler?
    fn is_guarded(&self) -> bool {
        // SAFETY: a suspended generator has a frame.
        let Some(frame) = (unsafe { self.frame.get().as_ref() }) else { return false };
        let Some(prepared) = frame.code().prepared() else { return true };
        let mut at = prepared.block_of.get(frame.instruction()).unwrap_or(NO_BLOCK);
        while let Some(block) = prepared.blocks.get(at as usize) {
            if block.kind != BlockKind::Loop {
                return true;
            }
            at = block.parent;
        }
        false
    }

    pub(crate) fn frame_object(&self, vm: &Vm) -> Option<Value> {
        let frame = self.frame.get();
        if frame.is_null() { None } else { Some(super::frame::object_of(vm, frame).into()) }
    }

    pub fn code(&self) -> &Obj<Code> {
        self.function.code()
    }
}

impl Ref<Generator> {
    /// `frame.clear()` on a suspended generator closes it.
    pub(crate) fn clear_frame(&self, vm: &Vm) -> PyResult<()> {
        match self.state.get() {
            GeneratorState::Running => Err(vm.runtime_error("cannot clear an executing frame")),
            GeneratorState::Suspended => Err(vm.runtime_error("cannot clear a suspended frame")),
            state => {
                if state == GeneratorState::Created && matches!(self.kind(), Kind::Coroutine) {
                    warn_never_awaited(vm, &self.to_value(), self);
                }
                self.finish(vm);
                Ok(())
            }
        }
    }
}

pub(crate) enum Kind {
    Generator,
    Coroutine,
    AsyncGenerator,
}

impl Drop for Generator {
    fn drop(&mut self) {
        self.take_frame_values(drop);
    }
}

/// Resumes with a value: `generator.send(value)` as a three-way result.
pub fn send(vm: &Vm, generator: &Obj<Generator>, value: Value) -> Resumed {
    match generator.state.get() {
        GeneratorState::Running => Resumed::Raised(vm.value_error(match generator.kind() {
            Kind::Generator => "generator already executing",
            Kind::Coroutine => "coroutine already executing",
            Kind::AsyncGenerator => "async generator already executing",
        })),
        GeneratorState::Finished => match generator.kind() {
            Kind::Coroutine => {
                Resumed::Raised(vm.runtime_error("cannot reuse already awaited coroutine"))
            }
            _ => Resumed::Returned(Value::NONE),
        },
        GeneratorState::Created if !value.is_none() => {
            Resumed::Raised(vm.type_error(match generator.kind() {
                Kind::Generator => "can't send non-None value to a just-started generator",
                Kind::Coroutine => "can't send non-None value to a just-started coroutine",
                Kind::AsyncGenerator => {
                    "can't send non-None value to a just-started async generator"
                }
            }))
        }
        _ => leave::resume(vm, generator, Ok(value)),
    }
}

/// The result of `send` as the method returns it.
pub fn send_result(vm: &Vm, resumed: Resumed) -> PyResult {
    match resumed {
        Resumed::Yielded(value) => Ok(value),
        Resumed::Returned(value) => Err(stop_with(vm, value)),
        Resumed::Raised(e) => Err(e),
    }
}

/// `StopIteration(value)`; a tuple or an exception must not be taken apart as arguments.
fn stop_with(vm: &Vm, value: Value) -> Exc {
    vm.stop_iteration(Some(value))
}

/// Throws an exception into a generator, or into what it delegates to.
pub fn throw(vm: &Vm, generator: &Obj<Generator>, exc: Exc) -> Resumed {
    if let Err(e) = vm.check_stack() {
        return Resumed::Raised(e);
    }
    match generator.state.get() {
        GeneratorState::Running => return send(vm, generator, Value::NONE),
        GeneratorState::Finished if matches!(generator.kind(), Kind::Coroutine) => {
            return send(vm, generator, Value::NONE);
        }
        GeneratorState::Finished => return Resumed::Raised(exc),
        GeneratorState::Created => {
            let exc = generator.convert_stop(vm, exc);
            // The frame never ran: it is closed, and the exception passes on through it.
            return leave::resume(vm, generator, Err(exc));
        }
        GeneratorState::Suspended => {}
    }
    let Some(delegate) = generator.delegate() else {
        return leave::resume(vm, generator, Err(exc));
    };
    let inner = if exc.is(&vm.exceptions().generator_exit) {
        let closed = generator.delegating(vm, || close_iterator(vm, &delegate));
        match closed {
            Ok(()) => return resume_after_delegate(vm, generator, Err(exc)),
            Err(e) => return resume_after_delegate(vm, generator, Err(e)),
        }
    } else if let Some(inner) = delegate.downcast::<Generator>() {
        generator.delegating(vm, || throw(vm, inner, exc))
    } else {
        match object::lookup_attr(vm, &delegate, &vm.names().throw) {
            Ok(Some(method)) => {
                match generator.delegating(vm, || call::call(vm, &method, &[exc.value()])) {
                    Ok(value) => Resumed::Yielded(value),
                    Err(e) if e.is(&vm.exceptions().stop_iteration) => {
                        Resumed::Returned(e.0.field(vm, "value").unwrap_or(Value::NONE))
                    }
                    Err(e) => Resumed::Raised(e),
                }
            }
            Ok(None) => Resumed::Raised(exc),
            Err(e) => Resumed::Raised(e),
        }
    };
    match inner {
        Resumed::Yielded(value) => Resumed::Yielded(value),
        Resumed::Returned(value) => resume_after_delegate(vm, generator, Ok(value)),
        Resumed::Raised(e) => resume_after_delegate(vm, generator, Err(e)),
    }
}

/// The `yield from` is over: its result, or its exception, goes into the generator's own code.
fn resume_after_delegate(
    vm: &Vm,
    generator: &Obj<Generator>,
    result: Result<Value, Exc>,
) -> Resumed {
    // SAFETY: the generator is suspended at a YIELD_FROM with its iterator on top of the stack: the
    // iterator goes, and execution continues behind the instruction.
    unsafe {
        let frame = &mut *generator.frame.get();
        frame.ip = frame.ip.add(1);
        frame.sp = frame.sp.sub(1);
        let iterator = (*frame.sp).take();
        drop(iterator);
    }
    leave::resume(vm, generator, result)
}

fn close_iterator(vm: &Vm, iterator: &Value) -> PyResult<()> {
    if let Some(generator) = iterator.downcast::<Generator>() {
        return close(vm, generator);
    }
    match object::lookup_attr(vm, iterator, &vm.names().close) {
        Ok(Some(method)) => call::call(vm, &method, &[]).map(drop),
        Ok(None) => Ok(()),
        // That it could not be found out whether there is one stops nobody.
        Err(e) => {
            vm.unraisable(e, "Exception ignored while closing generator", Some(iterator));
            Ok(())
        }
    }
}

/// `generator.close()`
pub fn close(vm: &Vm, generator: &Obj<Generator>) -> PyResult<()> {
    close_value(vm, generator).map(drop)
}

fn close_value(vm: &Vm, generator: &Obj<Generator>) -> PyResult {
    match generator.state.get() {
        GeneratorState::Created => {
            generator.finish(vm);
            return Ok(Value::NONE);
        }
        GeneratorState::Finished => return Ok(Value::NONE),
        // Nothing in it could notice.
        GeneratorState::Suspended if generator.delegate().is_none() && !generator.is_guarded() => {
            generator.finish(vm);
            return Ok(Value::NONE);
        }
        _ => {}
    }
    let exit = vm.exception_with_args(&vm.exceptions().generator_exit, Vec::new());
    match throw(vm, generator, exit) {
        Resumed::Yielded(_) => Err(vm.runtime_error(match generator.kind() {
            Kind::Generator => "generator ignored GeneratorExit",
            Kind::Coroutine => "coroutine ignored GeneratorExit",
            Kind::AsyncGenerator => "async generator ignored GeneratorExit",
        })),
        Resumed::Returned(value) => Ok(value),
        Resumed::Raised(e)
            if e.is(&vm.exceptions().generator_exit) || e.is(&vm.exceptions().stop_iteration) =>
        {
            Ok(Value::NONE)
        }
        Resumed::Raised(e) => Err(e),
    }
}

/// The last reference has gone while the generator was suspended: it is closed.
fn finalize(head: &ObjHead) {
    Vm::with_current(|vm| {
        let value = head.to_value();
        let Some(generator) = value.downcast::<Generator>() else { return };
        if let Kind::Coroutine = generator.kind()
            && generator.state.get() == GeneratorState::Created
        {
            warn_never_awaited(vm, &value, generator);
        }
        if let Some(hook) = generator.finalizer.get()
            && generator.state.get() != GeneratorState::Finished
            && !generator.closed.get()
        {
            if let Err(e) = call::call(vm, &hook, std::slice::from_ref(&value)) {
                vm.unraisable(e, "Exception ignored in asynchronous generator hook", Some(&value));
            }
            return;
        }
        if generator.state.get() != GeneratorState::Suspended {
            return;
        }
        let handled = vm.exc_state().handled.replace(None);
        if let Err(e) = close(vm, generator) {
            vm.unraisable(e, "Exception ignored while closing generator", Some(&value));
        }
        drop(vm.exc_state().handled.replace(handled));
    });
}

/// The old `throw(type, value, traceback)` goes out of use.
pub fn warn_of_parts(vm: &Vm, method: &str, value: Option<&Value>) -> PyResult<()> {
    if value.is_none() {
        return Ok(());
    }
    let message = format!(
        "the (type, exc, tb) signature of {method}() is deprecated, use the single-arg signature instead."
    );
    vm.warn(&vm.exceptions().deprecation_warning, &message, 1)
}

/// The exception that `throw`'s arguments mean: `(value)` or the old `(type, value, traceback)`.
pub fn exception_from_throw(
    vm: &Vm,
    ty: &Value,
    value: Option<&Value>,
    traceback: Option<&Value>,
) -> PyResult<Exc> {
    let traceback = traceback.filter(|t| !t.is_none());
    if traceback.is_some_and(|t| t.downcast::<super::traceback::Traceback>().is_none()) {
        return Err(vm.type_error("throw() third argument must be a traceback object"));
    }
    let value = value.filter(|v| !v.is_none());
    let exc = if let Some(exc) = ty.downcast::<super::exceptions::ExcObj>() {
        if value.is_some() {
            return Err(vm.type_error("instance exception may not have a separate value"));
        }
        Exc(exc.to_ref())
    } else {
        let class = ty.downcast::<super::type_::Type>();
        if !class.is_some_and(|c| c.is_subtype(&vm.exceptions().base_exception)) {
            return Err(vm.type_error(format!(
                "exceptions must be classes or instances deriving from BaseException, not {}",
                ty.ty().name()
            )));
        }
        let made = match value {
            Some(v) if object::is_instance(vm, v, ty)? => Ok(v.clone()),
            Some(v) if v.downcast::<super::tuple::Tuple>().is_some() => {
                call::call(vm, ty, &crate::protocol::iter::collect(vm, v)?)
            }
            Some(v) => call::call(vm, ty, std::slice::from_ref(v)),
            None => call::call(vm, ty, &[]),
        };
        // What goes wrong here is thrown instead.
        match made {
            Err(e) => e,
            Ok(made) => match made.downcast::<super::exceptions::ExcObj>() {
                Some(exc) => Exc(exc.to_ref()),
                None => vm.type_error(format!(
                    "calling {} should have returned an instance of BaseException, not {}",
                    object::repr(vm, ty)?,
                    object::repr(vm, &made.ty().to_value())?
                )),
            },
        }
    };
    if let Some(traceback) = traceback {
        exc.0.set_traceback(Some(traceback.clone()));
    }
    Ok(exc)
}

#[pymethods]
impl Generator {
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<Generator>, vm: &Vm) -> PyResult<Option<Value>> {
        vm.check_stack()?;
        if zelf.can_resume() {
            return leave::resume_for_next(vm, zelf);
        }
        match send(vm, zelf, Value::NONE) {
            Resumed::Raised(e) => Err(e),
            Resumed::Yielded(_) | Resumed::Returned(_) => Ok(None),
        }
    }
    #[slot]
    fn finalize(head: &ObjHead) {
        finalize(head);
    }
    #[slot]
    fn repr(zelf: &Obj<Generator>, vm: &Vm) -> PyResult {
        let name = zelf.qualname.get().to_string_lossy();
        let address = zelf.head().address();
        Ok(vm.str(&format!("<{} object {name} at {address:#x}>", zelf.ty().name())))
    }
    /// send(value) -> send 'value' into generator,
    /// return next yielded value or raise StopIteration.
    #[pymethod]
    pub(super) fn send(zelf: &Obj<Generator>, vm: &Vm, value: Value) -> PyResult {
        send_result(vm, send(vm, zelf, value))
    }
    /// throw(value)
    /// throw(type[,value[,tb]])
    ///
    /// Raise exception in generator, return next yielded value or raise
    /// StopIteration.
    #[pymethod]
    pub(super) fn throw(
        zelf: &Obj<Generator>,
        vm: &Vm,
        ty: &Value,
        value: Option<&Value>,
        tb: Option<&Value>,
    ) -> PyResult {
        warn_of_parts(vm, "throw", value)?;
        let exc = exception_from_throw(vm, ty, value, tb)?;
        send_result(vm, throw(vm, zelf, exc))
    }
    /// close() -> raise GeneratorExit inside generator.
    #[pymethod]
    pub(super) fn close(zelf: &Obj<Generator>, vm: &Vm) -> PyResult {
        close_value(vm, zelf)
    }
    #[getter(name = "__name__")]
    pub(super) fn name(zelf: &Obj<Generator>, _vm: &Vm) -> Ref<Str> {
        zelf.name.get()
    }
    #[setter(name = "__name__")]
    pub(super) fn set_name(zelf: &Obj<Generator>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        match value.map(|v| v.into_ref::<Str>()) {
            Some(Ok(name)) => {
                drop(zelf.name.replace(name));
                Ok(())
            }
            _ => Err(vm.type_error("__name__ must be set to a string object")),
        }
    }
    #[getter(name = "__qualname__")]
    pub(super) fn qualname(zelf: &Obj<Generator>, _vm: &Vm) -> Ref<Str> {
        zelf.qualname.get()
    }
    #[setter(name = "__qualname__")]
    pub(super) fn set_qualname(
        zelf: &Obj<Generator>,
        vm: &Vm,
        value: Option<Value>,
    ) -> PyResult<()> {
        match value.map(|v| v.into_ref::<Str>()) {
            Some(Ok(name)) => {
                drop(zelf.qualname.replace(name));
                Ok(())
            }
            _ => Err(vm.type_error("__qualname__ must be set to a string object")),
        }
    }
    #[getter]
    fn gi_running(zelf: &Obj<Generator>, _vm: &Vm) -> bool {
        zelf.state.get() == GeneratorState::Running
    }
    #[getter]
    fn gi_suspended(zelf: &Obj<Generator>, _vm: &Vm) -> bool {
        zelf.state.get() == GeneratorState::Suspended
    }
    #[getter]
    fn gi_frame(zelf: &Obj<Generator>, vm: &Vm) -> Option<Value> {
        zelf.frame_object(vm)
    }
    #[getter]
    fn gi_code(zelf: &Obj<Generator>, _vm: &Vm) -> Value {
        Generator::code(zelf).to_value()
    }
    #[getter]
    fn gi_yieldfrom(zelf: &Obj<Generator>, _vm: &Vm) -> Option<Value> {
        zelf.delegate()
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, item: &Value) -> PyResult {
        super::generic_alias::make(vm, cls, item)
    }
}

impl Generator {
    /// `__await__`'s answer for coroutines: what drives one like a generator.
    pub(crate) fn is_coroutine(&self) -> bool {
        self.code().has_flag(flags::COROUTINE)
    }
    /// A generator made a coroutine by `types.coroutine`.
    pub(crate) fn is_iterable_coroutine(&self) -> bool {
        self.code().has_flag(flags::ITERABLE_COROUTINE)
    }
    pub(crate) fn hooks(&self) -> (&Cell<bool>, &ValueCell) {
        (&self.hooks_inited, &self.finalizer)
    }
    pub(crate) fn closed(&self) -> &Cell<bool> {
        &self.closed
    }
}

#[cfg(test)]
mod tests;
