//! `_symtable`: the compiler's symbol tables as objects, for `symtable`. CPython's counterpart:
//! `Modules/symtablemodule.c` and the type of `PySTEntryObject` in `Python/symtable.c`.

use crate::posix::path;
use crate::support::add_ints;
use adder_derive::{pyclass, pymethods, pymodule};
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::dict::Dict;
use adder_vm::objects::int;
use adder_vm::objects::list::List;
use adder_vm::objects::module::Module;
use adder_vm::objects::str_::Str;
use adder_vm::protocol::object;
use adder_vm::runtime::compile::{ListedKind, ListedScope, Mode, Request, source_bytes};
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};

// One scope.
#[pyclass(name = "symtable entry", no_new)]
pub struct Entry {
    name: Value,
    symbols: Value,
    varnames: Value,
    children: Value,
    kind: i64,
    line: u32,
    nested: bool,
}

#[pymethods]
impl Entry {
    #[slot]
    fn repr(zelf: &Obj<Entry>, vm: &Vm) -> PyResult {
        let name = zelf.name.downcast::<Str>().map(|s| s.to_string_lossy()).unwrap_or_default();
        let id = object::address(&zelf.to_value());
        Ok(vm.str(&format!("<symtable entry {name}({id}), line {}>", zelf.line)))
    }
    #[getter(member)]
    fn id(zelf: &Obj<Entry>, _vm: &Vm) -> Value {
        int::from_i64(object::address(&zelf.to_value()) as i64)
    }
    #[getter(member)]
    fn name(zelf: &Obj<Entry>, _vm: &Vm) -> Value {
        zelf.name.clone()
    }
    #[getter(member)]
    fn symbols(zelf: &Obj<Entry>, _vm: &Vm) -> Value {
        zelf.symbols.clone()
    }
    #[getter(member)]
    fn varnames(zelf: &Obj<Entry>, _vm: &Vm) -> Value {
        zelf.varnames.clone()
    }
    #[getter(member)]
    fn children(zelf: &Obj<Entry>, _vm: &Vm) -> Value {
        zelf.children.clone()
    }
    #[getter(member)]
    fn nested(zelf: &Obj<Entry>, _vm: &Vm) -> i64 {
        zelf.nested.into()
    }
    #[getter(name = "type", member)]
    fn kind(zelf: &Obj<Entry>, _vm: &Vm) -> i64 {
        zelf.kind
    }
    #[getter(member)]
    fn lineno(zelf: &Obj<Entry>, _vm: &Vm) -> i64 {
        zelf.line.into()
    }
}

/// Makes an object of each scope; gives that of the whole. Those inside another are made before it.
fn entries(vm: &Vm, scopes: &[ListedScope]) -> PyResult {
    let mut made: Vec<Value> = vec![Value::NONE; scopes.len()];
    for (at, scope) in scopes.iter().enumerate().rev() {
        let symbols = Dict::new_ref();
        for (name, bits) in &scope.symbols {
            drop(symbols.insert_str(&vm.intern(name), Value::int_unchecked((*bits).into())));
        }
        let varnames = scope.parameters.iter().map(|name| vm.intern(name).to_value()).collect();
        let children = scope.children.iter().map(|&child| made[child].clone()).collect();
        let entry = Entry {
            name: vm.intern(&scope.name).to_value(),
            symbols: symbols.into(),
            varnames: List::from_vec(varnames).into(),
            children: List::from_vec(children).into(),
            kind: number(scope.kind),
            line: scope.line,
            nested: scope.nested,
        };
        made[at] = Ref::with_type(entry, vm.type_object::<Entry>()).into();
    }
    Ok(made.swap_remove(0))
}

fn number(kind: ListedKind) -> i64 {
    match kind {
        ListedKind::Function => 0,
        ListedKind::Class => 1,
        ListedKind::Module => 2,
        ListedKind::Annotation => 3,
        ListedKind::TypeAlias => 4,
        ListedKind::TypeParameters => 5,
        ListedKind::TypeVariable => 6,
    }
}

#[pymodule(name = "_symtable")]
pub mod symtable {
    use super::*;

    /// Return symbol and scope dictionaries used internally by compiler.
    #[pyfunction(sig = "($module, source, filename, startstr, /)")]
    fn symtable(vm: &Vm, source: &Value, filename: &Value, startstr: &Obj<Str>) -> PyResult {
        let filename = file_name(vm, filename)?;
        let mode = startstr.to_string_lossy();
        if mode.contains('\0') {
            return Err(vm.value_error("embedded null character"));
        }
        let (source, is_text) = source_bytes(vm, source, "symtable() arg 1", "string or bytes")?;
        let mode = match &*mode {
            "exec" => Mode::Exec,
            "eval" => Mode::Eval,
            "single" => Mode::Single,
            _ => {
                let message = "symtable() arg 3 must be 'exec' or 'eval' or 'single'";
                return Err(vm.value_error(message));
            }
        };
        let request = Request { mode, is_text, ..Request::file(vm, &filename) };
        entries(vm, &vm.symbol_table(&source, &request)?)
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        const CONSTANTS: [(&str, i64); 26] = [
            ("USE", 1 << 4),
            ("DEF_GLOBAL", 1),
            ("DEF_LOCAL", 1 << 1),
            ("DEF_PARAM", 1 << 2),
            ("DEF_NONLOCAL", 1 << 3),
            ("DEF_FREE_CLASS", 1 << 6),
            ("DEF_IMPORT", 1 << 7),
            ("DEF_ANNOT", 1 << 8),
            ("DEF_COMP_ITER", 1 << 9),
            ("DEF_TYPE_PARAM", 1 << 10),
            ("DEF_COMP_CELL", 1 << 11),
            // Local, parameter or import.
            ("DEF_BOUND", 1 << 1 | 1 << 2 | 1 << 7),
            ("TYPE_FUNCTION", 0),
            ("TYPE_CLASS", 1),
            ("TYPE_MODULE", 2),
            ("TYPE_ANNOTATION", 3),
            ("TYPE_TYPE_ALIAS", 4),
            ("TYPE_TYPE_PARAMETERS", 5),
            ("TYPE_TYPE_VARIABLE", 6),
            ("LOCAL", 1),
            ("GLOBAL_EXPLICIT", 2),
            ("GLOBAL_IMPLICIT", 3),
            ("FREE", 4),
            ("CELL", 5),
            ("SCOPE_OFF", 12),
            ("SCOPE_MASK", 15),
        ];
        add_ints(vm, module, &CONSTANTS);
        Ok(())
    }
}

/// A file's name as text: a path, or bytes as the file system has them.
fn file_name(vm: &Vm, filename: &Value) -> PyResult<String> {
    let name = path::fspath(vm, filename)?;
    let name = match name.downcast::<Bytes>() {
        Some(bytes) => path::decode(vm, bytes.as_slice())?,
        None => name,
    };
    let name = name.downcast::<Str>().map(|s| s.to_string_lossy()).unwrap_or_default();
    if name.contains('\0') {
        return Err(vm.value_error("embedded null character"));
    }
    Ok(name)
}
