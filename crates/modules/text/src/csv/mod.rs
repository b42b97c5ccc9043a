//! `_csv`: rows of text and back. Dialects are in `dialect.rs`, reading in `reader.rs`, writing in
//! `writer.rs`. CPython's counterpart: `Modules/_csv.c`.

mod dialect;
mod reader;
mod writer;

use adder_derive::pymodule;
use adder_modules_core::support::add_ints;
use adder_vm::object::GilCell;
use adder_vm::objects::dict::Dict;
use adder_vm::objects::module::Module;
use adder_vm::objects::str_::Str;
use adder_vm::objects::type_::{Type, declare};
use adder_vm::protocol::{call, object};
use adder_vm::runtime::args::{KwArgs, VarArgs};
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Obj, Ref, Value, Vm};
use dialect::Dialect;
use std::cell::Cell;

/// The kinds of quoting, by their numbers in Python.
#[derive(Clone, Copy, PartialEq)]
enum Quoting {
    Minimal,
    All,
    NonNumeric,
    None,
    Strings,
    NotNull,
}

impl Quoting {
    const ALL: [Quoting; 6] = [
        Quoting::Minimal,
        Quoting::All,
        Quoting::NonNumeric,
        Quoting::None,
        Quoting::Strings,
        Quoting::NotNull,
    ];
}

static ERROR: GilCell<Option<Value>> = GilCell::new(None);
/// The registered dialects by name.
static DIALECTS: GilCell<Option<Ref<Dict>>> = GilCell::new(None);
/// Gives the dialects up.
pub(crate) fn forget() {
    drop(DIALECTS.with(Option::take));
}

/// How long a field may be.
static FIELD_LIMIT: GilCell<Cell<i64>> = GilCell::new(Cell::new(128 * 1024));

fn error_type(vm: &Vm) -> Value {
    if let Some(known) = ERROR.with(|e| e.clone()) {
        return known;
    }
    let made = declare::exception_subclass(vm, "Error", "_csv", &[&vm.exceptions().exception]);
    ERROR.with(|e| e.get_or_insert(made).clone())
}

/// `csv.Error`
#[cold]
fn error(vm: &Vm, message: impl Into<String>) -> Exc {
    match error_type(vm).downcast::<Type>() {
        Some(ty) => vm.exception(ty, message.into()),
        None => vm.value_error(message),
    }
}

fn dialects() -> Ref<Dict> {
    DIALECTS.with(|d| d.get_or_insert_with(Dict::new_ref).clone())
}

fn field_limit() -> i64 {
    FIELD_LIMIT.with(|limit| limit.get())
}

fn known_dialect(vm: &Vm, name: &Value) -> PyResult {
    dialects().get(vm, name)?.ok_or_else(|| error(vm, "unknown dialect"))
}

/// One required argument and one optional, as `function` takes them.
fn one_or_two(vm: &Vm, function: &str, args: &VarArgs) -> PyResult<(Value, Option<Value>)> {
    match args.0.items() {
        [] => Err(vm.type_error(format!("{function} expected at least 1 argument, got 0"))),
        [first] => Ok((first.clone(), None)),
        [first, second] => Ok((first.clone(), Some(second.clone()))),
        more => {
            let given = more.len();
            Err(vm.type_error(format!("{function} expected at most 2 arguments, got {given}")))
        }
    }
}

/// The dialect that a dialect, its name or nothing, and parameters make.
fn make_dialect(vm: &Vm, dialect: Option<Value>, parameters: &Obj<Dict>) -> PyResult<Ref<Dialect>> {
    let class = vm.type_object::<Dialect>().to_value();
    let args: Vec<Value> = dialect.into_iter().collect();
    let made = call::call_with_dict(vm, &class, &args, Some(parameters))?;
    made.into_ref().map_err(|_| vm.type_error("a dialect was expected"))
}

/// CSV parsing and writing.
///
#[pymodule(name = "_csv")]
pub mod csv {
    use super::*;

    /// csv_reader = reader(iterable [, dialect='excel']
    ///                     [optional keyword args])
    /// for row in csv_reader:
    ///     process(row)
    ///
    /// The "iterable" argument can be any object that returns a line
    /// of input for each iteration, such as a file object or a list.  The
    /// optional "dialect" parameter is discussed below.  The function
    /// also accepts optional keyword arguments which override settings
    /// provided by the dialect.
    ///
    /// The returned object is an iterator.  Each iteration returns a row
    /// of the CSV file (which can span multiple input lines).
    #[pyfunction(sig = "($module, *args, **kwargs)")]
    fn reader(vm: &Vm, args: VarArgs, kwargs: KwArgs) -> PyResult {
        let (lines, dialect) = one_or_two(vm, "reader", &args)?;
        let lines = adder_vm::protocol::iter::iter(vm, &lines)?;
        let dialect = make_dialect(vm, dialect, &kwargs.0)?;
        Ok(reader::Reader::make(vm, lines, dialect))
    }
    /// csv_writer = csv.writer(fileobj [, dialect='excel']
    ///                         [optional keyword args])
    /// for row in sequence:
    ///     csv_writer.writerow(row)
    ///
    /// [or]
    ///
    /// csv_writer = csv.writer(fileobj [, dialect='excel']
    ///                         [optional keyword args])
    /// csv_writer.writerows(rows)
    ///
    /// The "fileobj" argument can be any object that supports the file API.
    #[pyfunction(sig = "($module, *args, **kwargs)")]
    fn writer(vm: &Vm, args: VarArgs, kwargs: KwArgs) -> PyResult {
        let (file, dialect) = one_or_two(vm, "writer", &args)?;
        let write = object::lookup_attr(vm, &file, &vm.intern("write"))?;
        let Some(write) = write.filter(call::is_callable) else {
            return Err(vm.type_error("argument 1 must have a \"write\" method"));
        };
        let dialect = make_dialect(vm, dialect, &kwargs.0)?;
        Ok(writer::Writer::make(vm, write, dialect))
    }
    /// Create a mapping from a string name to a dialect class.
    /// dialect = csv.register_dialect(name[, dialect[, **fmtparams]])
    #[pyfunction(sig = "($module, *args, **kwargs)")]
    fn register_dialect(vm: &Vm, args: VarArgs, kwargs: KwArgs) -> PyResult<()> {
        let (name, dialect) = one_or_two(vm, "register_dialect", &args)?;
        if name.downcast::<Str>().is_none() {
            return Err(vm.type_error("dialect name must be a string"));
        }
        let dialect = make_dialect(vm, dialect, &kwargs.0)?;
        dialects().insert(vm, &name, dialect.into())
    }
    /// Delete the name/dialect mapping associated with a string name.
    ///
    /// csv.unregister_dialect(name)
    #[pyfunction(sig = "($module, /, name)")]
    fn unregister_dialect(vm: &Vm, name: &Value) -> PyResult<()> {
        match dialects().remove(vm, name)? {
            Some(_) => Ok(()),
            None => Err(error(vm, "unknown dialect")),
        }
    }
    /// Return the dialect instance associated with name.
    ///
    /// dialect = csv.get_dialect(name)
    #[pyfunction(sig = "($module, /, name)")]
    fn get_dialect(vm: &Vm, name: &Value) -> PyResult {
        known_dialect(vm, name)
    }
    /// Return a list of all known dialect names.
    ///
    /// names = csv.list_dialects()
    #[pyfunction]
    fn list_dialects(_vm: &Vm) -> Vec<Value> {
        dialects().keys_vec()
    }
    /// Sets an upper limit on parsed fields.
    ///
    /// csv.field_size_limit([limit])
    ///
    /// Returns old limit. If limit is not given, no new limit is set and
    /// the old limit is returned
    #[pyfunction(sig = "($module, /, new_limit=<unrepresentable>)")]
    fn field_size_limit(vm: &Vm, new_limit: Option<&Value>) -> PyResult<i64> {
        let old = field_limit();
        if let Some(new) = new_limit {
            if !adder_vm::objects::int::is_int(new) || new.is_bool() {
                return Err(vm.type_error("limit must be an integer"));
            }
            let Some(new) = adder_vm::objects::int::to_i64_exact(new) else {
                return Err(vm.overflow_error("Python int too large to convert to C long"));
            };
            FIELD_LIMIT.with(|limit| limit.set(new));
        }
        Ok(old)
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.set(vm, "Error", error_type(vm));
        module.set(vm, "_dialects", dialects().into());
        module.add_type(vm, vm.type_object::<Dialect>());
        module.set(vm, "Reader", vm.type_object::<reader::Reader>().to_value());
        module.set(vm, "Writer", vm.type_object::<writer::Writer>().to_value());
        let numbers = [
            ("QUOTE_MINIMAL", Quoting::Minimal as i64),
            ("QUOTE_ALL", Quoting::All as i64),
            ("QUOTE_NONNUMERIC", Quoting::NonNumeric as i64),
            ("QUOTE_NONE", Quoting::None as i64),
            ("QUOTE_STRINGS", Quoting::Strings as i64),
            ("QUOTE_NOTNULL", Quoting::NotNull as i64),
        ];
        add_ints(vm, module, &numbers);
        Ok(())
    }
}
