//! `_pickle`: objects to bytes and back, in all six protocols.
//!
//! A pickle is a program for a small stack machine: `save.rs` and `save_object.rs` write it, `load.rs`
//! runs it. CPython's counterpart: `Modules/_pickle.c`, `Objects/picklebufobject.c`.

mod buffer;
mod input;
pub(crate) mod known;
mod load;
mod memo;
mod opcode;
mod output;
mod pickler;
mod save;
mod save_object;
mod unpickler;

use adder_derive::pymodule;
use adder_modules_core::support::bytes_of;
use adder_vm::object::GilCell;
use adder_vm::objects::bytes::{Bytes, Lent};
use adder_vm::objects::module::Module;
use adder_vm::objects::str_::Str;
use adder_vm::objects::type_::methods::full_name;
use adder_vm::objects::type_::{Type, declare};
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Obj, Ref, Value, Vm};
use input::{File, Input};
use pickler::Pickler;
use std::borrow::Cow;
use unpickler::{Options, Unpickler};

/// `PickleError` and the two that derive from it.
struct Errors {
    base: Value,
    pickling: Value,
    unpickling: Value,
}

static ERRORS: GilCell<Option<Errors>> = GilCell::new(None);

fn errors<R>(vm: &Vm, f: impl FnOnce(&Errors) -> R) -> R {
    if ERRORS.with(|errors| errors.is_none()) {
        let make = |name, base| declare::exception_subclass(vm, name, "_pickle", &[base]);
        let base = make("PickleError", &vm.exceptions().exception);
        let derive = |name| match base.downcast::<Type>() {
            Some(base) => make(name, base),
            None => Value::NONE,
        };
        let (pickling, unpickling) = (derive("PicklingError"), derive("UnpicklingError"));
        ERRORS.with(|errors| *errors = Some(Errors { base, pickling, unpickling }));
    }
    ERRORS.with(|errors| {
        f(errors.get_or_insert_with(|| Errors {
            base: Value::NONE,
            pickling: Value::NONE,
            unpickling: Value::NONE,
        }))
    })
}

fn raise(vm: &Vm, ty: &Value, message: String) -> Exc {
    match ty.downcast::<Type>() {
        Some(ty) => vm.exception(ty, message),
        None => vm.value_error(message),
    }
}

#[cold]
fn pickling_error(vm: &Vm, message: impl Into<String>) -> Exc {
    let ty = errors(vm, |errors| errors.pickling.clone());
    raise(vm, &ty, message.into())
}

#[cold]
fn unpickling_error(vm: &Vm, message: impl Into<String>) -> Exc {
    let ty = errors(vm, |errors| errors.unpickling.clone());
    raise(vm, &ty, message.into())
}

/// A type's name with its module, but not that of the built-in types and of the program itself.
fn fully_qualified(vm: &Vm, ty: &Obj<Type>) -> String {
    let name = full_name(vm, ty);
    match name.strip_prefix("__main__.") {
        Some(name) => name.to_string(),
        None => name,
    }
}

/// Optimized C implementation for the Python pickle module.
#[pymodule(name = "_pickle")]
pub mod pickle {
    use super::*;

    /// Write a pickled representation of obj to the open file object file.
    ///
    /// This is equivalent to ``Pickler(file, protocol).dump(obj)``, but may
    /// be more efficient.
    ///
    /// The optional *protocol* argument tells the pickler to use the given
    /// protocol; supported protocols are 0, 1, 2, 3, 4 and 5.  The default
    /// protocol is 5. It was introduced in Python 3.8, and is incompatible
    /// with previous versions.
    ///
    /// Specifying a negative protocol version selects the highest protocol
    /// version supported.  The higher the protocol used, the more recent the
    /// version of Python needed to read the pickle produced.
    ///
    /// The *file* argument must have a write() method that accepts a single
    /// bytes argument.  It can thus be a file object opened for binary
    /// writing, an io.BytesIO instance, or any other custom object that meets
    /// this interface.
    ///
    /// If *fix_imports* is True and protocol is less than 3, pickle will try
    /// to map the new Python 3 names to the old module names used in Python
    /// 2, so that the pickle data stream is readable with Python 2.
    ///
    /// If *buffer_callback* is None (the default), buffer views are serialized
    /// into *file* as part of the pickle stream.  It is an error if
    /// *buffer_callback* is not None and *protocol* is None or smaller than 5.
    #[pyfunction(
        sig = "($module, /, obj, file, protocol=None, *, fix_imports=True, buffer_callback=None)"
    )]
    fn dump(
        vm: &Vm,
        obj: &Value,
        file: &Value,
        protocol: Option<&Value>,
        fix_imports: Option<bool>,
        buffer_callback: Option<&Value>,
    ) -> PyResult<()> {
        let pickler = Pickler::make(vm, protocol, fix_imports, buffer_callback)?;
        pickler.set_file(vm, file)?;
        Pickler::pickle(&pickler, vm, obj).map(drop)
    }
    /// Return the pickled representation of the object as a bytes object.
    ///
    /// The optional *protocol* argument tells the pickler to use the given
    /// protocol; supported protocols are 0, 1, 2, 3, 4 and 5.  The default
    /// protocol is 5. It was introduced in Python 3.8, and is incompatible
    /// with previous versions.
    ///
    /// Specifying a negative protocol version selects the highest protocol
    /// version supported.  The higher the protocol used, the more recent the
    /// version of Python needed to read the pickle produced.
    ///
    /// If *fix_imports* is True and *protocol* is less than 3, pickle will
    /// try to map the new Python 3 names to the old module names used in
    /// Python 2, so that the pickle data stream is readable with Python 2.
    ///
    /// If *buffer_callback* is None (the default), buffer views are serialized
    /// into *file* as part of the pickle stream.  It is an error if
    /// *buffer_callback* is not None and *protocol* is None or smaller than 5.
    #[pyfunction(
        sig = "($module, /, obj, protocol=None, *, fix_imports=True, buffer_callback=None)"
    )]
    fn dumps(
        vm: &Vm,
        obj: &Value,
        protocol: Option<&Value>,
        fix_imports: Option<bool>,
        buffer_callback: Option<&Value>,
    ) -> PyResult<Ref<Bytes>> {
        let pickler = Pickler::make(vm, protocol, fix_imports, buffer_callback)?;
        Bytes::copied(vm, &Pickler::pickle(&pickler, vm, obj)?)
    }
    /// Read and return an object from the pickle data stored in a file.
    ///
    /// This is equivalent to ``Unpickler(file).load()``, but may be more
    /// efficient.
    ///
    /// The protocol version of the pickle is detected automatically, so no
    /// protocol argument is needed.  Bytes past the pickled object's
    /// representation are ignored.
    ///
    /// The argument *file* must have two methods, a read() method that takes
    /// an integer argument, and a readline() method that requires no
    /// arguments.  Both methods should return bytes.  Thus *file* can be a
    /// binary file object opened for reading, an io.BytesIO object, or any
    /// other custom object that meets this interface.
    ///
    /// Optional keyword arguments are *fix_imports*, *encoding* and *errors*,
    /// which are used to control compatibility support for pickle stream
    /// generated by Python 2.  If *fix_imports* is True, pickle will try to
    /// map the old Python 2 names to the new names used in Python 3.  The
    /// *encoding* and *errors* tell pickle how to decode 8-bit string
    /// instances pickled by Python 2; these default to 'ASCII' and 'strict',
    /// respectively.  The *encoding* can be 'bytes' to read these 8-bit
    /// string instances as bytes objects.
    #[pyfunction(
        sig = "($module, /, file, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())"
    )]
    fn load(
        vm: &Vm,
        file: &Value,
        fix_imports: Option<bool>,
        encoding: Option<&Obj<Str>>,
        errors: Option<&Obj<Str>>,
        buffers: Option<&Value>,
    ) -> PyResult {
        let file = File::of(vm, file)?;
        let unpickler = Unpickler::make(vm, &Options { fix_imports, encoding, errors, buffers })?;
        let mut input = Input::from_file(file);
        let object = Unpickler::run(&unpickler, vm, &mut input);
        let settled = input.settle(vm);
        let object = object?;
        settled.map(|()| object)
    }
    /// Read and return an object from the given pickle data.
    ///
    /// The protocol version of the pickle is detected automatically, so no
    /// protocol argument is needed.  Bytes past the pickled object's
    /// representation are ignored.
    ///
    /// Optional keyword arguments are *fix_imports*, *encoding* and *errors*,
    /// which are used to control compatibility support for pickle stream
    /// generated by Python 2.  If *fix_imports* is True, pickle will try to
    /// map the old Python 2 names to the new names used in Python 3.  The
    /// *encoding* and *errors* tell pickle how to decode 8-bit string
    /// instances pickled by Python 2; these default to 'ASCII' and 'strict',
    /// respectively.  The *encoding* can be 'bytes' to read these 8-bit
    /// string instances as bytes objects.
    #[pyfunction(
        sig = "($module, data, /, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())"
    )]
    fn loads(
        vm: &Vm,
        data: &Value,
        fix_imports: Option<bool>,
        encoding: Option<&Obj<Str>>,
        errors: Option<&Obj<Str>>,
        buffers: Option<&Value>,
    ) -> PyResult {
        let unpickler = Unpickler::make(vm, &Options { fix_imports, encoding, errors, buffers })?;
        let bytes = match bytes_of(vm, data)? {
            Lent::Slice(bytes) => Cow::Borrowed(bytes),
            Lent::Copy(bytes) => Cow::Owned(bytes),
        };
        Unpickler::run(&unpickler, vm, &mut Input::from_bytes(bytes))
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        known::known(vm)?;
        module.add_type(vm, vm.type_object::<Pickler>());
        module.add_type(vm, vm.type_object::<Unpickler>());
        module.add_type(vm, vm.type_object::<buffer::PickleBuffer>());
        let all = errors(vm, |e| [e.base.clone(), e.pickling.clone(), e.unpickling.clone()]);
        for (name, ty) in ["PickleError", "PicklingError", "UnpicklingError"].iter().zip(all) {
            module.set(vm, name, ty);
        }
        Ok(())
    }
}
