//! `_imp`: what `importlib` asks the machine for. CPython's counterpart: the second half of
//! `Python/import.c`.

use crate::object::{GilCell, Obj, Ref};
use crate::objects::bytes::Bytes;
use crate::objects::code::{Code, value_const};
use crate::objects::list::List;
use crate::objects::memoryview::MemoryView;
use crate::objects::module::Module;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::protocol::{buffer, object};
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::import_;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_bytecode::code::Const;
use adder_derive::pymodule;

/// Who holds the import lock, and how often: one lock that the same thread may take again.
#[derive(Clone, Copy)]
struct ImportLock {
    owner: u64,
    count: usize,
}

static LOCK: GilCell<ImportLock> = GilCell::new(ImportLock { owner: 0, count: 0 });

/// `_imp._override_frozen_modules_for_tests`
static FROZEN_ALLOWED: GilCell<i64> = GilCell::new(0);

/// Frozen modules that are used even when the library lies in a folder.
fn is_essential(name: &str) -> bool {
    name.starts_with("_frozen_importlib")
        || name.starts_with("importlib._bootstrap")
        || name == "zipimport"
}

fn frozen(vm: &Vm, name: &str) -> Option<crate::runtime::frozen::FrozenModule> {
    let allowed = match FROZEN_ALLOWED.get() {
        0 => vm.config().stdlib.is_none() && !frozen_switched_off(vm),
        n => n > 0,
    };
    if allowed || is_essential(name) { vm.frozen(name) } else { None }
}

fn frozen_switched_off(vm: &Vm) -> bool {
    let options = &vm.config().x_options;
    options.iter().any(|(name, value)| name == "frozen_modules" && value.as_deref() == Some("off"))
}

fn no_frozen(vm: &Vm, name: &str) -> Exc {
    let message = format!("No such frozen object named '{name}'");
    let exc = vm.import_error(message.clone());
    exc.0.set_field(vm, "msg", vm.str(&message));
    exc.0.set_field(vm, "name", vm.str(name));
    exc
}

/// (Extremely) low-level import machinery bits as used by importlib.
#[pymodule(name = "_imp")]
pub mod imp {
    use super::*;

    /// Return True if the import lock is currently held, else False.
    #[pyfunction]
    fn lock_held(_vm: &Vm) -> bool {
        LOCK.get().count > 0
    }

    /// Acquires the interpreter's import lock for the current thread.
    #[pyfunction]
    fn acquire_lock(vm: &Vm) -> PyResult<()> {
        let me = vm.thread_ident();
        loop {
            let taken = LOCK.with(|lock| {
                let free = lock.count == 0 || lock.owner == me;
                if free {
                    *lock = ImportLock { owner: me, count: lock.count + 1 };
                }
                free
            });
            if taken {
                return Ok(());
            }
            vm.without_lock(|| std::thread::sleep(std::time::Duration::from_micros(100)));
            vm.check_signals()?;
        }
    }

    /// Release the interpreter's import lock.
    #[pyfunction]
    fn release_lock(vm: &Vm) -> PyResult<()> {
        let me = vm.thread_ident();
        let released = LOCK.with(|lock| {
            let mine = lock.count > 0 && lock.owner == me;
            if mine {
                lock.count -= 1;
            }
            mine
        });
        if released { Ok(()) } else { Err(vm.runtime_error("not holding the import lock")) }
    }

    /// Returns the list of file suffixes used to identify extension modules.
    #[pyfunction]
    fn extension_suffixes(_vm: &Vm) -> Ref<List> {
        List::from_vec(Vec::new())
    }

    /// Return info about the corresponding frozen module (if there is one) or None.
    ///
    /// The returned info (a 3-tuple):
    ///
    ///  * data         the raw marshalled bytes
    ///  * is_package   whether or not it is a package
    ///  * origname     the originally frozen module's name, or None if not
    ///                 a stdlib module (this will usually be the same as
    ///                 the module's current name)
    #[pyfunction(sig = "(name, /, *, withdata=False)")]
    fn find_frozen(vm: &Vm, name: String, withdata: Option<bool>) -> PyResult {
        let Some(found) = frozen(vm, &name) else { return Ok(Value::NONE) };
        let data = match withdata {
            Some(true) => {
                let code = Code::of_library(vm, found.code, &found.file)?;
                match adder_bytecode::marshal::write_all(&code.source) {
                    Ok(data) => MemoryView::of_object(vm, &Bytes::from_slice(&data).into())?.into(),
                    Err(error) => return Err(vm.value_error(error.to_string())),
                }
            }
            _ => Value::NONE,
        };
        let origin = found.origin.map_or(Value::NONE, |origin| vm.str(&origin));
        Ok(Tuple::from_vec(vec![data, Value::bool(found.is_package), origin]).into())
    }

    /// Create a code object for a frozen module.
    #[pyfunction(sig = "(name, data=None, /)")]
    fn get_frozen_object(vm: &Vm, name: String, data: Option<&Value>) -> PyResult<Ref<Code>> {
        if let Some(data) = data.filter(|d| !d.is_none()) {
            let bytes = buffer::to_vec(vm, data)?;
            return match super::super::marshal::loads(vm, &bytes)?.into_ref::<Code>() {
                Ok(code) => Ok(code),
                Err(_) => {
                    Err(vm.type_error(format!("frozen object '{name}' is not a code object")))
                }
            };
        }
        match frozen(vm, &name) {
            Some(found) => Code::of_library(vm, found.code, &found.file),
            None => Err(no_frozen(vm, &name)),
        }
    }

    /// Returns True if the module name is of a frozen package.
    #[pyfunction]
    fn is_frozen_package(vm: &Vm, name: String) -> PyResult<bool> {
        match frozen(vm, &name) {
            Some(found) => Ok(found.is_package),
            None => Err(no_frozen(vm, &name)),
        }
    }

    /// Returns True if the module name corresponds to a frozen module.
    #[pyfunction]
    fn is_frozen(vm: &Vm, name: String) -> bool {
        frozen(vm, &name).is_some()
    }

    /// Initializes a frozen module.
    #[pyfunction]
    fn init_frozen(vm: &Vm, name: String) -> PyResult {
        let Some(found) = frozen(vm, &name) else { return Ok(Value::NONE) };
        let module = Module::new_ref(vm, &name, None);
        drop(vm.modules().insert_str(&vm.intern(&name), module.to_value()));
        import_::run_frozen(vm, &module, &found)?;
        Ok(module.into())
    }

    /// Returns the list of available frozen modules.
    #[pyfunction]
    fn _frozen_module_names(vm: &Vm) -> Vec<Value> {
        let names = vm.interp().frozen.get().map(|library| (library.names)()).unwrap_or_default();
        names.into_iter().map(|name| vm.str(name)).collect()
    }

    /// (internal-only) Override PyConfig.use_frozen_modules.
    ///
    /// (-1: "off", 1: "on", 0: no override)
    #[pyfunction]
    fn _override_frozen_modules_for_tests(_vm: &Vm, r#override: i64) {
        FROZEN_ALLOWED.set(r#override);
    }

    /// Returns 1 if the name is of a built-in module, -1 if of one that cannot be made again, else 0.
    #[pyfunction]
    fn is_builtin(vm: &Vm, name: String) -> i64 {
        match name.as_str() {
            "sys" | "builtins" => -1,
            _ => import_::is_native(vm, &name).into(),
        }
    }

    /// Create an extension module.
    #[pyfunction]
    fn create_builtin(vm: &Vm, spec: &Value) -> PyResult {
        let name = object::get_attr_str(vm, spec, "name")?;
        let Some(name) = name.downcast::<Str>() else {
            return Err(vm.type_error(format!(
                "name must be string, not {}",
                object::type_name_or_none(&name)
            )));
        };
        let name = name.to_string();
        if import_::is_native(vm, &name) {
            import_::native(vm, &name).map(Value::from)
        } else {
            Ok(Value::NONE)
        }
    }

    /// Initialize a built-in module: all of it was done when it was made.
    #[pyfunction]
    fn exec_builtin(_vm: &Vm, r#mod: &Value) -> i64 {
        let _ = r#mod;
        0
    }

    /// A code object like this one, and all code within it, under another file name.
    #[pyfunction]
    fn _fix_co_filename(vm: &Vm, code: &Obj<Code>, path: &Value) -> PyResult<Ref<Code>> {
        match value_const(vm, path)? {
            Const::Str(path) => Ok(code.with_filename(&path)),
            _ => Err(vm.type_error(format!(
                "_fix_co_filename() argument 2 must be str, not {}",
                object::type_name_or_none(path)
            ))),
        }
    }

    /// The hash of a source file that hash-based .pyc files hold.
    #[pyfunction(sig = "(key, source)")]
    fn source_hash(vm: &Vm, key: i64, source: &Value) -> PyResult<Ref<Bytes>> {
        let source = buffer::to_vec(vm, source)?;
        let hash = crate::runtime::hash::siphash13((key as u64, 0), &source);
        Bytes::copied(vm, &hash.to_le_bytes())
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        let checks = vm.config().x_options.iter().rev();
        let mode = checks
            .filter(|(name, _)| name == "check-hash-based-pycs")
            .find_map(|(_, v)| v.as_deref());
        module.set(vm, "check_hash_based_pycs", vm.str(mode.unwrap_or("default")));
        module.set(vm, "pyc_magic_number_token", Value::int_unchecked(MAGIC_TOKEN));
        Ok(())
    }
}

/// Adder's own `.pyc` files: a magic number that no CPython uses, and the two bytes that text mode
/// would spoil. It changes with whatever marshalled code holds.
const MAGIC_TOKEN: i64 = 0x0a0d_0000 | 0xadd3;
