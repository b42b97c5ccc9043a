//! `coroutine` and `async_generator`: the generator's payload with the asynchronous protocols.
//!
//! CPython's counterpart: the second half of `Objects/genobject.c`.

use crate::object::{Guarded, Obj, ObjHead, Ref};
use crate::objects::generator::{self, Generator, GeneratorState, Resumed};
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::objects::type_::declare::{self, Methods, Twin};
use crate::protocol::object;
use crate::runtime::args::{Arity, Flavour, GetSetDef, NativeDef, Param, ParamKind, VarArgs};
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};
use std::cell::Cell;

fn generator_of<'a>(vm: &Vm, value: &'a Value) -> PyResult<&'a Obj<Generator>> {
    value.downcast::<Generator>().ok_or_else(|| vm.wrong_receiver::<Generator>(value))
}

/// The attributes of the kinds, by prefix: `cr_running`, `ag_running`, ...
macro_rules! attributes {
    ($running:literal, $frame:literal, $code:literal, $await:literal, $suspended:literal) => {
        &[
            GetSetDef {
                name: $running,
                doc: "",
                member: false,
                get: |vm, v| {
                    Ok(Value::bool(generator_of(vm, v)?.state.get() == GeneratorState::Running))
                },
                set: None,
            },
            GetSetDef {
                name: $suspended,
                doc: "",
                member: false,
                get: |vm, v| {
                    Ok(Value::bool(generator_of(vm, v)?.state.get() == GeneratorState::Suspended))
                },
                set: None,
            },
            GetSetDef {
                name: $frame,
                doc: "",
                member: false,
                get: |vm, v| Ok(generator_of(vm, v)?.frame_object(vm).unwrap_or(Value::NONE)),
                set: None,
            },
            GetSetDef {
                name: $code,
                doc: "",
                member: false,
                get: |vm, v| Ok(generator_of(vm, v)?.code().to_value()),
                set: None,
            },
            GetSetDef {
                name: $await,
                doc: "",
                member: false,
                get: |vm, v| Ok(generator_of(vm, v)?.delegate().unwrap_or(Value::NONE)),
                set: None,
            },
        ]
    };
}

const COROUTINE_ATTRIBUTES: &[GetSetDef] =
    attributes!("cr_running", "cr_frame", "cr_code", "cr_await", "cr_suspended");
const ASYNC_GENERATOR_ATTRIBUTES: &[GetSetDef] =
    attributes!("ag_running", "ag_frame", "ag_code", "ag_await", "ag_suspended");

/// `coroutine`: a generator that is awaited, not iterated.
pub(crate) fn make_coroutine_type() -> &'static Obj<Type> {
    declare::create::<CoroutineWrapper>();
    declare::ready::<CoroutineWrapper>();
    let twin = Twin {
        keep: |name| matches!(name, "__class_getitem__" | "__del__"),
        adjust: |slots| {
            slots.iter.set(None);
            slots.iternext.set(None);
            slots.set_await(|_vm, zelf| {
                Ok(Ref::new(CoroutineWrapper { coroutine: zelf.clone() }).into())
            });
        },
        methods: Coroutine::METHODS,
        getset: &[Coroutine::GETSET, COROUTINE_ATTRIBUTES, COROUTINE_ORIGIN],
    };
    declare::twin_type_with::<Generator>("coroutine", twin)
}

/// What coroutines have of a generator's methods, in their own words.
struct Coroutine;

#[pymethods]
impl Coroutine {
    /// send(arg) -> send 'arg' into coroutine,
    /// return next yielded value or raise StopIteration.
    #[pymethod]
    fn send(zelf: &Value, vm: &Vm, arg: Value) -> PyResult {
        Generator::send(generator_of(vm, zelf)?, vm, arg)
    }
    /// throw(value)
    /// throw(type[,value[,traceback]])
    ///
    /// Raise exception in coroutine, return next iterated value or raise
    /// StopIteration.
    #[pymethod]
    fn throw(
        zelf: &Value,
        vm: &Vm,
        ty: &Value,
        value: Option<&Value>,
        tb: Option<&Value>,
    ) -> PyResult {
        Generator::throw(generator_of(vm, zelf)?, vm, ty, value, tb)
    }
    /// close() -> raise GeneratorExit inside coroutine.
    #[pymethod]
    fn close(zelf: &Value, vm: &Vm) -> PyResult {
        Generator::close(generator_of(vm, zelf)?, vm)
    }
    /// name of the coroutine
    #[getter(name = "__name__")]
    fn name(zelf: &Value, vm: &Vm) -> PyResult<Ref<Str>> {
        Ok(Generator::name(generator_of(vm, zelf)?, vm))
    }
    #[setter(name = "__name__")]
    fn set_name(zelf: &Value, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        Generator::set_name(generator_of(vm, zelf)?, vm, value)
    }
    /// qualified name of the coroutine
    #[getter(name = "__qualname__")]
    fn qualname(zelf: &Value, vm: &Vm) -> PyResult<Ref<Str>> {
        Ok(Generator::qualname(generator_of(vm, zelf)?, vm))
    }
    #[setter(name = "__qualname__")]
    fn set_qualname(zelf: &Value, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        Generator::set_qualname(generator_of(vm, zelf)?, vm, value)
    }
}

const COROUTINE_ORIGIN: &[GetSetDef] = &[GetSetDef {
    name: "cr_origin",
    doc: "",
    member: true,
    get: |vm, v| Ok(generator_of(vm, v)?.origin.get().unwrap_or(Value::NONE)),
    set: None,
}];

/// `async_generator`
pub(crate) fn make_async_generator_type() -> &'static Obj<Type> {
    declare::create::<AsyncStep>();
    declare::ready::<AsyncStep>();
    declare::create::<AnextAwaitable>();
    declare::ready::<AnextAwaitable>();
    let twin = Twin {
        keep: |name| matches!(name, "__name__" | "__qualname__" | "__class_getitem__"),
        adjust: |slots| {
            slots.iter.set(None);
            slots.iternext.set(None);
            slots.set_aiter(|_vm, zelf| Ok(zelf.clone()));
            slots.set_anext(|vm, zelf| step(vm, zelf, Start::Send(Value::NONE)));
        },
        methods: ASYNC_GENERATOR_METHODS,
        getset: &[ASYNC_GENERATOR_ATTRIBUTES],
    };
    declare::twin_type_with::<Generator>("async_generator", twin)
}

const fn param(name: &'static str, required: bool) -> Param {
    Param { name, kind: ParamKind::PositionalOnly, required }
}

fn argument(args: &[Option<Value>], at: usize) -> Option<&Value> {
    args.get(at).and_then(Option::as_ref)
}

static ASYNC_GENERATOR_METHODS: &[NativeDef] = &[
    NativeDef {
        name: "asend",
        doc: "asend(v) -> send 'v' in generator.",
        signature: None,
        params: &[param("value", true)],
        arity: Arity::of(&[param("value", true)], Flavour::Method),
        flavour: Flavour::Method,
        function: |vm, args| {
            let value = argument(args, 1).cloned().unwrap_or(Value::NONE);
            step(vm, crate::runtime::args::receiver(vm, args)?, Start::Send(value))
        },
    },
    NativeDef {
        name: "athrow",
        doc: "athrow(value)\nathrow(type[,value[,tb]])\n\nraise exception in generator.",
        signature: None,
        params: &[param("typ", true), param("val", false), param("tb", false)],
        arity: Arity::of(
            &[param("typ", true), param("val", false), param("tb", false)],
            Flavour::Method,
        ),
        flavour: Flavour::Method,
        function: |vm, args| {
            let Some(ty) = argument(args, 1) else {
                return Err(vm.type_error("athrow expected at least 1 argument, got 0"));
            };
            generator::warn_of_parts(vm, "athrow", argument(args, 2))?;
            // Whether they mean an exception shows when it is thrown.
            let part = |at: usize| argument(args, at).cloned().unwrap_or(Value::NONE);
            let parts = Tuple::from_vec(vec![ty.clone(), part(2), part(3)]);
            step(vm, crate::runtime::args::receiver(vm, args)?, Start::Throw(parts.into()))
        },
    },
    NativeDef {
        name: "aclose",
        doc: "aclose() -> raise GeneratorExit inside generator.",
        signature: None,
        params: &[],
        arity: Arity::of(&[], Flavour::Method),
        flavour: Flavour::Method,
        function: |vm, args| step(vm, crate::runtime::args::receiver(vm, args)?, Start::Close),
    },
];

/// What `coroutine.__await__()` gives.
#[pyclass(name = "coroutine_wrapper", no_new)]
pub struct CoroutineWrapper {
    coroutine: Value,
}

#[pymethods]
impl CoroutineWrapper {
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<CoroutineWrapper>, vm: &Vm) -> PyResult<Option<Value>> {
        let coroutine = generator_of(vm, &zelf.coroutine)?;
        generator::send_result(vm, generator::send(vm, coroutine, Value::NONE)).map(Some)
    }
    /// send(arg) -> send 'arg' into coroutine,
    /// return next yielded value or raise StopIteration.
    #[pymethod]
    fn send(zelf: &Obj<CoroutineWrapper>, vm: &Vm, value: Value) -> PyResult {
        generator::send_result(vm, generator::send(vm, generator_of(vm, &zelf.coroutine)?, value))
    }
    /// Raise exception in coroutine, return next yielded value or raise StopIteration.
    #[pymethod]
    fn throw(
        zelf: &Obj<CoroutineWrapper>,
        vm: &Vm,
        ty: &Value,
        value: Option<&Value>,
        tb: Option<&Value>,
    ) -> PyResult {
        generator::warn_of_parts(vm, "throw", value)?;
        let exc = generator::exception_from_throw(vm, ty, value, tb)?;
        generator::send_result(vm, generator::throw(vm, generator_of(vm, &zelf.coroutine)?, exc))
    }
    /// close() -> raise GeneratorExit inside coroutine.
    #[pymethod]
    fn close(zelf: &Obj<CoroutineWrapper>, vm: &Vm) -> PyResult<()> {
        generator::close(vm, generator_of(vm, &zelf.coroutine)?)
    }
}

/// What the first step of an asynchronous generator's awaitable does.
enum Start {
    Send(Value),
    /// The arguments of `athrow`.
    Throw(Value),
    Close,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum StepState {
    Fresh,
    Running,
    Closed,
}

/// `asend()`, `athrow()`, `aclose()` and `__anext__()` as awaitables.
#[pyclass(name = "async_generator_asend", no_new)]
pub struct AsyncStep {
    generator: Value,
    value: Guarded<Option<Value>>,
    #[notrace]
    closing: bool,
    #[notrace]
    throwing: bool,
    #[notrace]
    state: Cell<StepState>,
}

fn step(vm: &Vm, zelf: &Value, start: Start) -> PyResult {
    init_hooks(vm, zelf)?;
    let (value, closing, throwing) = match start {
        Start::Send(value) => (Some(value), false, false),
        Start::Throw(parts) => (Some(parts), false, true),
        Start::Close => (None, true, false),
    };
    Ok(Ref::new(AsyncStep {
        generator: zelf.clone(),
        value: Guarded::new(value),
        closing,
        throwing,
        state: Cell::new(StepState::Fresh),
    })
    .into())
}

/// `sys.set_asyncgen_hooks`: the first iteration tells the event loop of the generator.
fn init_hooks(vm: &Vm, zelf: &Value) -> PyResult<()> {
    let generator = generator_of(vm, zelf)?;
    let (inited, finalizer) = generator.hooks();
    if inited.replace(true) {
        return Ok(());
    }
    let (first, last) = crate::builtin_modules::sys::asyncgen_hooks(vm);
    finalizer.set(last);
    if let Some(first) = first {
        crate::protocol::call::call(vm, &first, std::slice::from_ref(zelf))?;
    }
    Ok(())
}

/// A value that the generator's own `yield` gave, as against one that an inner `await` passes on:
/// the compiler's code cannot tell them apart, so the generator's state does.
fn yielded_by_await(generator: &Obj<Generator>) -> bool {
    generator.delegate().is_some()
}

impl AsyncStep {
    fn drive(zelf: &Obj<AsyncStep>, vm: &Vm, sent: Result<Value, Exc>) -> PyResult {
        let generator = generator_of(vm, &zelf.generator)?;
        let fresh = zelf.state.get() == StepState::Fresh;
        if zelf.state.get() == StepState::Closed {
            return Err(vm.runtime_error(if zelf.closing || zelf.throwing {
                "cannot reuse already awaited aclose()/athrow()"
            } else {
                "cannot reuse already awaited __anext__()/asend()"
            }));
        }
        // Between two steps it stands at a `yield` of its own.
        let busy = generator.state.get() == GeneratorState::Running || yielded_by_await(generator);
        if fresh && busy {
            zelf.state.set(StepState::Closed);
            let method = match (zelf.closing, zelf.throwing) {
                (true, _) => "aclose",
                (_, true) => "athrow",
                _ => "anext",
            };
            let text = format!("{method}(): asynchronous generator is already running");
            return Err(vm.runtime_error(text));
        }
        zelf.state.set(StepState::Running);
        let first = if fresh { zelf.value.replace(None) } else { None };
        let resumed = match (sent, fresh) {
            (Err(e), _) => generator::throw(vm, generator, e),
            (Ok(_), true) if zelf.closing => {
                match generator.state.get() {
                    GeneratorState::Created | GeneratorState::Finished => {
                        generator.closed().set(true);
                        zelf.state.set(StepState::Closed);
                        generator::close(vm, generator)?;
                        return Err(vm.stop_iteration(None));
                    }
                    _ => {}
                }
                generator.closed().set(true);
                let exit = vm.exception_with_args(&vm.exceptions().generator_exit, Vec::new());
                generator::throw(vm, generator, exit)
            }
            (Ok(_), true) if zelf.throwing => {
                let parts = first.and_then(|v| v.into_ref::<Tuple>().ok());
                let exc = match parts.as_ref().map(|parts| parts.items()) {
                    Some([ty, value, tb]) => {
                        let given = |v: &'_ Value| !v.is_none();
                        let (value, tb) =
                            (Some(value).filter(|v| given(v)), Some(tb).filter(|v| given(v)));
                        generator::exception_from_throw(vm, ty, value, tb)
                    }
                    _ => Err(vm.system_error("athrow() lost its exception")),
                };
                match exc {
                    Ok(exc) => generator::throw(vm, generator, exc),
                    Err(e) => Resumed::Raised(e),
                }
            }
            (Ok(value), true) => {
                let value = if value.is_none() { first.unwrap_or(value) } else { value };
                generator::send(vm, generator, value)
            }
            (Ok(value), false) => generator::send(vm, generator, value),
        };
        let outcome = match resumed {
            Resumed::Yielded(value) if yielded_by_await(generator) => return Ok(value),
            Resumed::Yielded(_) if zelf.closing => {
                Err(vm.runtime_error("async generator ignored GeneratorExit"))
            }
            Resumed::Yielded(value) => Err(vm.stop_iteration_exact(value)),
            Resumed::Returned(_) if zelf.closing => Err(vm.stop_iteration(None)),
            Resumed::Returned(_) => {
                Err(vm.exception_with_args(&vm.exceptions().stop_async_iteration, Vec::new()))
            }
            Resumed::Raised(e)
                if zelf.closing
                    && (e.is(&vm.exceptions().generator_exit)
                        || e.is(&vm.exceptions().stop_async_iteration)) =>
            {
                Err(vm.stop_iteration(None))
            }
            Resumed::Raised(e) => Err(e),
        };
        zelf.state.set(StepState::Closed);
        outcome
    }
}

impl Vm {
    /// `StopIteration(value)` where the value counts even if it is None.
    pub(crate) fn stop_iteration_exact(&self, value: Value) -> Exc {
        self.exception_with_args(&self.exceptions().stop_iteration, vec![value])
    }
}

/// One that nobody awaited says so when it goes.
fn warn_unawaited_step(head: &ObjHead) {
    Vm::with_current(|vm| {
        let value = head.to_value();
        let Some(step) = value.downcast::<AsyncStep>() else { return };
        if step.state.get() != StepState::Fresh {
            return;
        }
        let Ok(generator) = generator_of(vm, &step.generator) else { return };
        let method = match (step.closing, step.throwing) {
            (true, _) => "aclose",
            (_, true) => "athrow",
            _ => "asend",
        };
        let name = generator.qualname.get().to_string_lossy();
        let text = format!("coroutine method '{method}' of '{name}' was never awaited");
        if let Err(e) = vm.warn(&vm.exceptions().runtime_warning, &text, 1) {
            vm.unraisable(e, "Exception ignored while finalizing coroutine", Some(&step.generator));
        }
    });
}

/// What `anext()` gives if it has a default: the end of the iteration becomes that.
#[pyclass(name = "anext_awaitable", no_new)]
pub struct AnextAwaitable {
    wrapped: Value,
    default: Value,
}

impl AnextAwaitable {
    pub fn new_value(wrapped: Value, default: Value) -> Value {
        Ref::new(AnextAwaitable { wrapped, default }).into()
    }
    fn iterator(&self, vm: &Vm) -> PyResult {
        let found = crate::runtime::handlers::pattern::awaitable_iter(vm, &self.wrapped)?;
        if found.ty().slots.iternext.get().is_some() {
            return Ok(found);
        }
        // A coroutine is none; what its `__await__` gives is.
        match found.ty().slots.await_.get() {
            Some(f) => f(vm, &found),
            None => Err(vm.type_error("__await__ must return an iterable")),
        }
    }
    fn ended<T>(&self, vm: &Vm, result: PyResult<T>) -> PyResult<T> {
        match result {
            Err(e) if e.is(&vm.exceptions().stop_async_iteration) => {
                Err(vm.stop_iteration_exact(self.default.clone()))
            }
            other => other,
        }
    }
    fn pass(&self, vm: &Vm, method: &str, args: &[Value]) -> PyResult {
        let iterator = self.iterator(vm)?;
        self.ended(vm, object::call_method(vm, &iterator, &vm.intern(method), args))
    }
}

#[pymethods]
impl AnextAwaitable {
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn await_(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<AnextAwaitable>, vm: &Vm) -> PyResult<Option<Value>> {
        let iterator = zelf.iterator(vm)?;
        let item = crate::runtime::leave::iter_next(vm, &iterator);
        zelf.ended(vm, item)
    }
    /// send(arg) -> send 'arg' into the wrapped iterator,
    /// return next yielded value or raise StopIteration.
    #[pymethod]
    fn send(zelf: &Obj<AnextAwaitable>, vm: &Vm, value: Value) -> PyResult {
        zelf.pass(vm, "send", &[value])
    }
    /// Raise exception in the wrapped iterator, return next yielded value or raise StopIteration.
    #[pymethod]
    fn throw(zelf: &Obj<AnextAwaitable>, vm: &Vm, args: VarArgs) -> PyResult {
        zelf.pass(vm, "throw", args.0.items())
    }
    /// close() -> raise GeneratorExit inside the wrapped iterator.
    #[pymethod]
    fn close(zelf: &Obj<AnextAwaitable>, vm: &Vm) -> PyResult {
        zelf.pass(vm, "close", &[])
    }
}

#[pymethods]
impl AsyncStep {
    #[slot]
    fn finalize(head: &ObjHead) {
        warn_unawaited_step(head);
    }
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn await_(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<AsyncStep>, vm: &Vm) -> PyResult<Option<Value>> {
        AsyncStep::drive(zelf, vm, Ok(Value::NONE)).map(Some)
    }
    #[pymethod]
    fn send(zelf: &Obj<AsyncStep>, vm: &Vm, value: Value) -> PyResult {
        AsyncStep::drive(zelf, vm, Ok(value))
    }
    #[pymethod]
    fn throw(
        zelf: &Obj<AsyncStep>,
        vm: &Vm,
        ty: &Value,
        value: Option<&Value>,
        tb: Option<&Value>,
    ) -> PyResult {
        let exc = generator::exception_from_throw(vm, ty, value, tb)?;
        AsyncStep::drive(zelf, vm, Err(exc))
    }
    #[pymethod]
    fn close(zelf: &Obj<AsyncStep>, vm: &Vm) -> PyResult<()> {
        if zelf.state.get() == StepState::Closed {
            return Ok(());
        }
        let exit = vm.exception_with_args(&vm.exceptions().generator_exit, Vec::new());
        match AsyncStep::drive(zelf, vm, Err(exit)) {
            Ok(_) => Err(vm.runtime_error("coroutine ignored GeneratorExit")),
            Err(e)
                if e.is(&vm.exceptions().stop_iteration)
                    || e.is(&vm.exceptions().stop_async_iteration)
                    || e.is(&vm.exceptions().generator_exit) =>
            {
                Ok(())
            }
            Err(e) => Err(e),
        }
    }
}
