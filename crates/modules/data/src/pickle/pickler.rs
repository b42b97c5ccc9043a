//! `Pickler`: the object. What it does with objects is in `save.rs` and `save_object.rs`.

use super::memo::{PicklerMemoProxy, Written, written_from};
use super::opcode::{DEFAULT_PROTOCOL, HIGHEST_PROTOCOL};
use super::pickling_error;
use super::save::Saver;
use adder_derive::{pyclass, pymethods};
use adder_vm::object::{Guarded, ValueCell};
use adder_vm::objects::int;
use adder_vm::objects::object as generic;
use adder_vm::objects::str_::Str;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::{number, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::runtime::names::StaticName;
use adder_vm::{Obj, Ref, Value, Vm};
use std::cell::Cell;

static PERSISTENT_ID: StaticName = StaticName::new("persistent_id");
static REDUCER_OVERRIDE: StaticName = StaticName::new("reducer_override");
static DISPATCH_TABLE: StaticName = StaticName::new("dispatch_table");
static WRITE: StaticName = StaticName::new("write");

/// This takes a binary file for writing a pickle data stream.
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
/// bytes argument. It can thus be a file object opened for binary
/// writing, an io.BytesIO instance, or any other custom object that meets
/// this interface.
///
/// If *fix_imports* is True and protocol is less than 3, pickle will try
/// to map the new Python 3 names to the old module names used in Python
/// 2, so that the pickle data stream is readable with Python 2.
///
/// If *buffer_callback* is None (the default), buffer views are
/// serialized into *file* as part of the pickle stream.
///
/// If *buffer_callback* is not None, then it can be called any number
/// of times with a buffer view.  If the callback returns a false value
/// (such as None), the given buffer is out-of-band; otherwise the
/// buffer is serialized in-band, i.e. inside the pickle stream.
///
/// It is an error if *buffer_callback* is not None and *protocol*
/// is None or smaller than 5.
#[pyclass(
    name = "_pickle.Pickler",
    base_type,
    sig = "(file, protocol=None, fix_imports=True, buffer_callback=None)"
)]
pub struct Pickler {
    /// `file.write`, from when the pickler is initialised.
    write: ValueCell,
    pub memo: Guarded<Written>,
    dispatch_table: ValueCell,
    pub buffer_callback: ValueCell,
    /// A `persistent_id` that was set on the pickler.
    persistent_id: ValueCell,
    pub proto: Cell<i64>,
    pub bin: Cell<i32>,
    pub fast: Cell<i32>,
    pub fix_imports: Cell<bool>,
}

/// What a pickler calls while it pickles.
pub struct Hooks {
    pub persistent_id: Option<Value>,
    pub reducer_override: Option<Value>,
    pub dispatch_table: Option<Value>,
}

fn is_none(value: Option<&Value>) -> bool {
    value.is_none_or(Value::is_none)
}

impl Pickler {
    fn empty() -> Pickler {
        Pickler {
            write: ValueCell::default(),
            memo: Guarded::default(),
            dispatch_table: ValueCell::default(),
            buffer_callback: ValueCell::default(),
            persistent_id: ValueCell::default(),
            proto: Cell::new(0),
            bin: Cell::new(0),
            fast: Cell::new(0),
            fix_imports: Cell::new(false),
        }
    }

    /// A pickler whose pickle is returned, for the functions of the module.
    pub fn make(
        vm: &Vm,
        protocol: Option<&Value>,
        fix_imports: Option<bool>,
        buffer_callback: Option<&Value>,
    ) -> PyResult<Ref<Pickler>> {
        let made = Ref::with_type(Pickler::empty(), vm.type_object::<Pickler>());
        made.set_protocol(vm, protocol, fix_imports)?;
        made.set_callback(vm, buffer_callback)?;
        Ok(made)
    }

    fn set_protocol(
        &self,
        vm: &Vm,
        protocol: Option<&Value>,
        fix_imports: Option<bool>,
    ) -> PyResult<()> {
        let protocol = match protocol.filter(|p| !p.is_none()) {
            None => DEFAULT_PROTOCOL,
            Some(protocol) => match number::to_ssize(vm, protocol)? {
                ..0 => HIGHEST_PROTOCOL,
                protocol if protocol as i64 > HIGHEST_PROTOCOL => {
                    let message = format!("pickle protocol must be <= {HIGHEST_PROTOCOL}");
                    return Err(vm.value_error(message));
                }
                protocol => protocol as i64,
            },
        };
        self.proto.set(protocol);
        self.bin.set((protocol > 0).into());
        self.fix_imports.set(fix_imports.unwrap_or(true) && protocol < 3);
        Ok(())
    }

    fn set_callback(&self, vm: &Vm, callback: Option<&Value>) -> PyResult<()> {
        if !is_none(callback) && self.proto.get() < 5 {
            return Err(vm.value_error("buffer_callback needs protocol >= 5"));
        }
        self.buffer_callback.set(callback.filter(|c| !c.is_none()).cloned());
        Ok(())
    }

    pub fn set_file(&self, vm: &Vm, file: &Value) -> PyResult<()> {
        let Some(write) = object::lookup_attr(vm, file, &WRITE.get())? else {
            return Err(vm.type_error("file must have a 'write' attribute"));
        };
        self.write.set(Some(write));
        Ok(())
    }

    /// Pickles an object; the bytes that no file took are returned.
    pub fn pickle(zelf: &Obj<Pickler>, vm: &Vm, object: &Value) -> PyResult<Vec<u8>> {
        let hooks = if zelf.is_exact() {
            Hooks {
                persistent_id: zelf.persistent_id.get(),
                reducer_override: None,
                dispatch_table: zelf.dispatch_table.get(),
            }
        } else {
            let own = zelf.to_value();
            Hooks {
                persistent_id: persistent_id(zelf, vm)?,
                reducer_override: object::lookup_attr(vm, &own, &REDUCER_OVERRIDE.get())?,
                dispatch_table: zelf.dispatch_table.get(),
            }
        };
        Saver::new(vm, zelf, hooks, zelf.write.get())?.dump(object)
    }
}

/// The `persistent_id` of a subclass or of the pickler, but not the one that returns `None`.
fn persistent_id(zelf: &Obj<Pickler>, vm: &Vm) -> PyResult<Option<Value>> {
    let name = PERSISTENT_ID.get();
    let plain = vm.type_object::<Pickler>().lookup(&name);
    if !zelf.persistent_id.is_some()
        && let (Some(plain), Some(found)) = (plain, zelf.ty().lookup(&name))
        && plain.is(&found)
        && generic::instance_value(&zelf.to_value(), &name).is_none()
    {
        return Ok(None);
    }
    object::lookup_attr(vm, &zelf.to_value(), &name)
}

#[cold]
pub fn no_deletion(vm: &Vm) -> Exc {
    vm.type_error("attribute deletion is not supported")
}

fn set_flag(vm: &Vm, flag: &Cell<i32>, value: Option<Value>) -> PyResult<()> {
    let Some(value) = value else {
        return Err(vm.type_error("can't delete numeric/char attribute"));
    };
    let value = number::to_i128(vm, &value)?.and_then(|n| i32::try_from(n).ok());
    flag.set(value.unwrap_or(1));
    Ok(())
}

#[pymethods]
impl Pickler {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(Pickler::empty(), ty).into())
    }
    #[slot(name = "Pickler", sig = "(file, protocol=None, fix_imports=True, buffer_callback=None)")]
    fn init(
        zelf: &Obj<Pickler>,
        vm: &Vm,
        file: &Value,
        protocol: Option<&Value>,
        fix_imports: Option<bool>,
        buffer_callback: Option<&Value>,
    ) -> PyResult<()> {
        zelf.write.set(None);
        zelf.set_protocol(vm, protocol, fix_imports)?;
        zelf.set_file(vm, file)?;
        zelf.set_callback(vm, buffer_callback)?;
        drop(zelf.memo.replace(Written::default()));
        zelf.fast.set(0);
        let own = zelf.to_value();
        zelf.dispatch_table.set(object::lookup_attr(vm, &own, &DISPATCH_TABLE.get())?);
        Ok(())
    }
    #[slot]
    fn getattro(zelf: &Obj<Pickler>, vm: &Vm, name: &Ref<Str>) -> PyResult<Option<Value>> {
        if name.is(&PERSISTENT_ID.get().into())
            && let Some(set) = zelf.persistent_id.get()
        {
            return Ok(Some(set));
        }
        generic::generic_getattr(vm, &zelf.to_value(), name)
    }
    #[slot]
    fn setattro(
        zelf: &Obj<Pickler>,
        vm: &Vm,
        name: &Ref<Str>,
        value: Option<Value>,
    ) -> PyResult<()> {
        if !name.is(&PERSISTENT_ID.get().into()) {
            return generic::generic_setattr(vm, &zelf.to_value(), name, value);
        }
        let deleting = value.is_none();
        match zelf.persistent_id.replace(value) {
            None if deleting => Err(vm.no_attribute(&zelf.to_value(), name)),
            _ => Ok(()),
        }
    }

    /// Write a pickled representation of the given object to the open file.
    #[pymethod(sig = "($self, obj, /)")]
    fn dump(zelf: &Obj<Pickler>, vm: &Vm, obj: &Value) -> PyResult<()> {
        if !zelf.write.is_some() {
            let class = zelf.ty().name();
            let message = format!("Pickler.__init__() was not called by {class}.__init__()");
            return Err(pickling_error(vm, message));
        }
        Pickler::pickle(zelf, vm, obj).map(drop)
    }
    /// Clears the pickler's "memo".
    ///
    /// The memo is the data structure that remembers which objects the
    /// pickler has already seen, so that shared or recursive objects are
    /// pickled by reference and not by value.  This method is useful when
    /// re-using picklers.
    #[pymethod(sig = "($self, /)")]
    fn clear_memo(zelf: &Obj<Pickler>, _vm: &Vm) {
        drop(zelf.memo.replace(Written::default()));
    }
    #[pymethod(name = "persistent_id", sig = "($self, obj, /)")]
    fn no_persistent_id(_zelf: &Obj<Pickler>, _vm: &Vm, _obj: &Value) {}

    #[getter(name = "memo")]
    fn get_memo(zelf: &Obj<Pickler>, vm: &Vm) -> Value {
        PicklerMemoProxy::make(vm, zelf.to_ref())
    }
    #[setter(name = "memo")]
    fn set_memo(zelf: &Obj<Pickler>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        let memo = written_from(vm, &value.ok_or_else(|| no_deletion(vm))?)?;
        drop(zelf.memo.replace(memo));
        Ok(())
    }
    #[getter(name = "bin", member)]
    fn get_bin(zelf: &Obj<Pickler>, _vm: &Vm) -> Value {
        int::from_i64(zelf.bin.get().into())
    }
    #[setter(name = "bin")]
    fn set_bin(zelf: &Obj<Pickler>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        set_flag(vm, &zelf.bin, value)
    }
    #[getter(name = "fast", member)]
    fn get_fast(zelf: &Obj<Pickler>, _vm: &Vm) -> Value {
        int::from_i64(zelf.fast.get().into())
    }
    #[setter(name = "fast")]
    fn set_fast(zelf: &Obj<Pickler>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        set_flag(vm, &zelf.fast, value)
    }
    #[getter(name = "dispatch_table", member)]
    fn get_dispatch_table(zelf: &Obj<Pickler>, vm: &Vm) -> PyResult {
        let set = zelf.dispatch_table.get();
        set.ok_or_else(|| vm.no_attribute(&zelf.to_value(), &DISPATCH_TABLE.get()))
    }
    #[setter(name = "dispatch_table")]
    fn set_dispatch_table(zelf: &Obj<Pickler>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        let deleting = value.is_none();
        match zelf.dispatch_table.replace(value) {
            None if deleting => Err(vm.no_attribute(&zelf.to_value(), &DISPATCH_TABLE.get())),
            _ => Ok(()),
        }
    }
    /// Returns size in memory, in bytes.
    #[pymethod]
    fn __sizeof__(zelf: &Obj<Pickler>, _vm: &Vm) -> usize {
        const ENTRY: usize = size_of::<(u64, (usize, Value))>() + 1;
        size_of::<Obj<Pickler>>() + zelf.memo.with(Written::len) * ENTRY
    }
}
