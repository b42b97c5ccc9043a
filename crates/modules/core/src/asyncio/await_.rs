//! `FutureIter`: what `await future` runs through.

use super::future::{State, core_of};
use adder_derive::{pyclass, pymethods};
use adder_vm::object::ValueCell;
use adder_vm::objects::exceptions::ExcObj;
use adder_vm::objects::generator::{Resumed, send_result, warn_of_parts};
use adder_vm::objects::traceback::Traceback;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::call;
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Obj, Ref, Value, Vm};

/// Yields its future once, unless that is done; ends with the future's result.
#[pyclass(name = "_asyncio.FutureIter", no_new)]
pub struct FutureIter {
    future: ValueCell,
}

impl FutureIter {
    pub fn make(vm: &Vm, future: &Value) -> Value {
        let payload = FutureIter { future: future.clone().into() };
        Ref::with_type(payload, vm.type_object::<FutureIter>()).into()
    }

    fn resume(&self, vm: &Vm) -> Resumed {
        let Some(future) = self.future.get() else { return Resumed::Returned(Value::NONE) };
        let Some(core) = core_of(&future) else { return Resumed::Returned(Value::NONE) };
        if core.state.get() == State::Pending {
            if core.blocking.replace(true) {
                return Resumed::Raised(vm.runtime_error("await wasn't used with future"));
            }
            return Resumed::Yielded(future);
        }
        match core.result(vm) {
            Ok(value) => Resumed::Returned(value),
            Err(e) => Resumed::Raised(e),
        }
    }
}

/// The exception that the arguments of `throw` mean.
fn thrown(vm: &Vm, ty: &Value, value: Option<&Value>, traceback: Option<&Value>) -> PyResult<Exc> {
    let traceback = traceback.filter(|t| !t.is_none());
    if traceback.is_some_and(|t| t.downcast::<Traceback>().is_none()) {
        return Err(vm.type_error("throw() third argument must be a traceback"));
    }
    let value = value.filter(|v| !v.is_none());
    let no_exception = || {
        vm.type_error(
            "exceptions must be classes deriving BaseException or instances of such a class",
        )
    };
    let exc = if let Some(exc) = ty.downcast::<ExcObj>() {
        if value.is_some() {
            return Err(vm.type_error("instance exception may not have a separate value"));
        }
        exc.to_ref()
    } else {
        let class = ty.downcast::<Type>();
        if !class.is_some_and(|c| c.is_subtype(&vm.exceptions().base_exception)) {
            return Err(no_exception());
        }
        match value {
            Some(made) if made.downcast::<ExcObj>().is_some() => made.clone(),
            Some(argument) => call::call(vm, ty, std::slice::from_ref(argument))?,
            None => call::call(vm, ty, &[])?,
        }
        .into_ref::<ExcObj>()
        .map_err(|_| no_exception())?
    };
    if let Some(traceback) = traceback {
        exc.set_traceback(Some(traceback.clone()));
    }
    Ok(Exc(exc))
}

#[pymethods]
impl FutureIter {
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<FutureIter>, vm: &Vm) -> PyResult<Option<Value>> {
        match zelf.resume(vm) {
            Resumed::Yielded(future) => Ok(Some(future)),
            Resumed::Returned(value) if value.is_none() => Ok(None),
            Resumed::Returned(value) => Err(vm.stop_iteration(Some(value))),
            Resumed::Raised(e) => Err(e),
        }
    }
    #[slot]
    fn send(zelf: &Value, vm: &Vm, _value: Value) -> Resumed {
        match zelf.downcast::<FutureIter>() {
            Some(own) => own.resume(vm),
            None => Resumed::Raised(vm.wrong_receiver::<FutureIter>(zelf)),
        }
    }
    #[pymethod]
    fn send(zelf: &Obj<FutureIter>, vm: &Vm, _value: &Value) -> PyResult {
        send_result(vm, zelf.resume(vm))
    }
    #[pymethod]
    fn throw(
        zelf: &Obj<FutureIter>,
        vm: &Vm,
        ty: &Value,
        value: Option<&Value>,
        tb: Option<&Value>,
    ) -> PyResult {
        warn_of_parts(vm, "throw", value)?;
        let exc = thrown(vm, ty, value, tb)?;
        zelf.future.set(None);
        Err(exc)
    }
    #[pymethod]
    fn close(zelf: &Obj<FutureIter>, _vm: &Vm) {
        zelf.future.set(None);
    }
}
