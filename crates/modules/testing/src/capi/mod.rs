//! `_testcapi`: what native code can do with the machine. CPython's counterpart: `Modules/_testcapi/`,
//! of which this is what has a counterpart in Adder's own calling API: functions and types in each
//! convention, calls of any object with arguments as they lie, frames from outside.

mod conventions;
mod docstrings;
mod vectorcall;

use adder_derive::pymodule;
use adder_vm::objects::builtin_function::BuiltinFunction;
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::code::Code;
use adder_vm::objects::dict::Dict;
use adder_vm::objects::frame::FrameObj;
use adder_vm::objects::generator::{self, Generator, Resumed};
use adder_vm::objects::int;
use adder_vm::objects::module::Module;
use adder_vm::objects::str_::{Str, codec};
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::declare::Methods;
use adder_vm::objects::type_::{Type, flags};
use adder_vm::protocol::{call, object};
use adder_vm::runtime::args::{CallArgs, IntoValue, Rest};
use adder_vm::runtime::errors::PyResult;
use adder_vm::runtime::signals;
use adder_vm::{Obj, Ref, Value, Vm};

/// Positional arguments given as a tuple, or as None where there are none.
fn positional<'a>(vm: &Vm, args: &'a Value) -> PyResult<&'a [Value]> {
    match args.downcast::<Tuple>() {
        Some(tuple) => Ok(tuple.items()),
        None if args.is_none() => Ok(&[]),
        None => Err(vm.type_error("args must be None or a tuple")),
    }
}

fn frame_attribute(vm: &Vm, frame: &Obj<FrameObj>, name: &str) -> PyResult {
    object::get_attr_str(vm, &frame.to_value(), name)
}

fn variable(vm: &Vm, frame: &Obj<FrameObj>, name: &Obj<Str>) -> PyResult {
    let all = frame.variables();
    let found = all.iter().find(|(own, ..)| own.equals(name));
    match found.and_then(|(_, index, is_cell)| frame.variable(*index, *is_cell)) {
        Some(value) => Ok(value),
        None => {
            let shown = object::repr(vm, &name.to_value())?;
            let message = format!("variable {shown} does not exist");
            Err(vm.exception(&vm.exceptions().name_error, message))
        }
    }
}

#[pymodule(name = "_testcapi")]
pub mod capi {
    use super::*;

    // ---- calls ----

    /// Calls with arguments as a tuple, and named ones as a dict.
    #[pyfunction]
    fn pyobject_fastcalldict(vm: &Vm, func: &Value, func_args: &Value, kwargs: &Value) -> PyResult {
        let args = positional(vm, func_args)?;
        match kwargs.downcast::<Dict>() {
            None if !kwargs.is_none() => Err(vm.type_error("kwnames must be None or a dict")),
            kwargs => call::call_with_dict(vm, func, args, kwargs.map(|k| &**k)),
        }
    }
    /// Calls with arguments as they lie: the values of the named ones are the last of the tuple.
    #[pyfunction]
    fn pyobject_vectorcall(vm: &Vm, func: &Value, func_args: &Value, kwnames: &Value) -> PyResult {
        let values = positional(vm, func_args)?;
        let names = match kwnames.downcast::<Tuple>() {
            None if !kwnames.is_none() => {
                return Err(vm.type_error("kwnames must be None or a tuple"));
            }
            names => names,
        };
        let named = names.map_or(&[][..], |names| names.items());
        if named.len() > values.len() {
            return Err(vm.value_error("kwnames longer than args"));
        }
        if named.iter().any(|name| name.downcast::<Str>().is_none()) {
            return Err(vm.type_error("keywords must be strings"));
        }
        call::call_args(vm, func, CallArgs::new(values, names))
    }
    /// Calls what takes arguments as they lie, and nothing else.
    #[pyfunction(sig = "($module, func, argstuple, kwargs=None, /)")]
    fn pyvectorcall_call(
        vm: &Vm,
        func: &Value,
        args: &Obj<Tuple>,
        kwargs: Option<&Obj<Dict>>,
    ) -> PyResult {
        if !flags::has_vectorcall(func.ty()) {
            let name = func.ty().name();
            return Err(vm.type_error(format!("'{name}' object does not support vectorcall")));
        }
        call::call_with_dict(vm, func, args.items(), kwargs.map(|k| &**k))
    }
    /// Calls any object, as the function of the stable ABI does.
    #[pyfunction(sig = "($module, func, args, kwargs=None, /)")]
    fn pycfunction_call(
        vm: &Vm,
        func: &Value,
        args: &Obj<Tuple>,
        kwargs: Option<&Obj<Dict>>,
    ) -> PyResult {
        call::call_with_dict(vm, func, args.items(), kwargs.map(|k| &**k))
    }
    /// Does a call of an instance reach a native function that takes arguments as they lie?
    #[pyfunction]
    fn has_vectorcall_flag(_vm: &Vm, ty: &Obj<Type>) -> bool {
        flags::has_vectorcall(ty)
    }
    /// A class whose instances choose how they are called.
    #[pyfunction(sig = "($module, base=object, /)")]
    fn make_vectorcall_class(vm: &Vm, base: Option<&Obj<Type>>) -> PyResult {
        vectorcall::make_class(vm, base)
    }
    /// A `__get__` that may take away what it is called for: calls the class first.
    #[pyfunction(sig = "($module, /, *args)")]
    fn bad_get(vm: &Vm, args: Rest<'_>) -> PyResult {
        let [descr, _, class] = args.0 else {
            let got = args.0.len();
            return Err(vm.type_error(format!("bad_get expected 3 arguments, got {got}")));
        };
        call::call(vm, class, &[])?;
        object::repr(vm, descr).map(Value::from)
    }

    // ---- frames and generators ----

    #[pyfunction]
    fn frame_getlocals(vm: &Vm, frame: &Obj<FrameObj>) -> PyResult {
        frame_attribute(vm, frame, "f_locals")
    }
    #[pyfunction]
    fn frame_getglobals(vm: &Vm, frame: &Obj<FrameObj>) -> PyResult {
        frame_attribute(vm, frame, "f_globals")
    }
    #[pyfunction]
    fn frame_getbuiltins(vm: &Vm, frame: &Obj<FrameObj>) -> PyResult {
        frame_attribute(vm, frame, "f_builtins")
    }
    #[pyfunction]
    fn frame_getlasti(_vm: &Vm, frame: &Obj<FrameObj>) -> Option<i64> {
        Some(frame.lasti()).filter(|at| *at >= 0)
    }
    #[pyfunction]
    fn frame_getgenerator(vm: &Vm, frame: &Obj<FrameObj>) -> PyResult {
        frame_attribute(vm, frame, "f_generator")
    }
    #[pyfunction]
    fn frame_getvar(vm: &Vm, frame: &Obj<FrameObj>, name: &Obj<Str>) -> PyResult {
        variable(vm, frame, name)
    }
    #[pyfunction]
    fn frame_getvarstring(vm: &Vm, frame: &Obj<FrameObj>, name: &Obj<Bytes>) -> PyResult {
        variable(vm, frame, &*codec::decode(vm, name.as_slice(), "utf-8", "strict")?)
    }
    /// A frame that does not run.
    #[pyfunction]
    fn frame_new(
        vm: &Vm,
        code: &Obj<Code>,
        globals: &Obj<Dict>,
        locals: Option<&Value>,
    ) -> Ref<FrameObj> {
        FrameObj::at_rest(vm, code, globals, locals.filter(|l| !l.is_none()).cloned())
    }
    /// A Ctrl-C arrives just before the generator goes on.
    #[pyfunction(name = "raise_SIGINT_then_send_None")]
    fn raise_sigint_then_send_none(vm: &Vm, generator: &Obj<Generator>) -> PyResult {
        const SIGINT: i32 = 2;
        signals::note_signal(SIGINT);
        match generator::send(vm, generator, Value::NONE) {
            Resumed::Yielded(value) => Ok(value),
            Resumed::Returned(value) => Err(vm.stop_iteration(Some(value))),
            Resumed::Raised(exc) => Err(exc),
        }
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        for def in conventions::ModuleFunctions::METHODS {
            module.set(vm, def.name, BuiltinFunction::bound(def, module.to_value()));
        }
        for ty in [
            vm.type_object::<conventions::MethInstance>(),
            vm.type_object::<conventions::MethClass>(),
            vm.type_object::<conventions::MethStatic>(),
            vm.type_object::<vectorcall::MethodDescriptorBase>(),
            vm.type_object::<vectorcall::MethodDescriptorDerived>(),
            vm.type_object::<vectorcall::MethodDescriptorNopGet>(),
            vm.type_object::<vectorcall::MethodDescriptor2>(),
            vm.type_object::<docstrings::DocStringUnrepresentableSignatureTest>(),
        ] {
            module.add_type(vm, ty);
        }
        macro_rules! limits {
            ($($ty:ty: $max:literal $(, $min:literal)?;)*) => {$(
                module.set(vm, $max, int::from_i128(<$ty>::MAX as i128));
                $(module.set(vm, $min, int::from_i128(<$ty>::MIN as i128));)?
            )*};
        }
        use std::ffi;
        limits! {
            ffi::c_schar: "CHAR_MAX", "CHAR_MIN";
            ffi::c_uchar: "UCHAR_MAX";
            ffi::c_short: "SHRT_MAX", "SHRT_MIN";
            ffi::c_ushort: "USHRT_MAX";
            ffi::c_int: "INT_MAX", "INT_MIN";
            ffi::c_uint: "UINT_MAX";
            ffi::c_long: "LONG_MAX", "LONG_MIN";
            ffi::c_ulong: "ULONG_MAX";
            ffi::c_longlong: "LLONG_MAX", "LLONG_MIN";
            ffi::c_ulonglong: "ULLONG_MAX";
            isize: "PY_SSIZE_T_MAX", "PY_SSIZE_T_MIN";
        }
        for (name, limit) in [
            ("FLT_MAX", f64::from(f32::MAX)),
            ("FLT_MIN", f64::from(f32::MIN_POSITIVE)),
            ("DBL_MAX", f64::MAX),
            ("DBL_MIN", f64::MIN_POSITIVE),
        ] {
            module.set(vm, name, Value::float(limit));
        }
        module.set(vm, "SIZEOF_VOID_P", size_of::<*const ()>().into_value(vm));
        // Pools of our own, and the C library.
        module.set(vm, "WITH_PYMALLOC", Value::bool(false));
        module.set(vm, "WITH_MIMALLOC", Value::bool(false));
        Ok(())
    }
}
