//! `dis` and `opcode`, for this machine's own bytecode, with the functions of 3.6's modules.
//!
//! The text is made in `crates/bytecode`. CPython's counterpart: `Lib/dis.py`, `Lib/opcode.py`.

use crate::object::{Obj, Ref};
use crate::objects::code::Code;
use crate::objects::dict::Dict;
use crate::objects::function::Function;
use crate::objects::list::List;
use crate::objects::method::Method;
use crate::objects::module::Module;
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::protocol::object;
use crate::runtime::compile::Request;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_bytecode::dis as text;
use adder_bytecode::opcode::{self, Op};
use adder_bytecode::table::{ArgKind, ROWS};
use adder_derive::pymodule;

/// The code behind whatever `dis` accepts.
fn code_of(vm: &Vm, value: &Value) -> PyResult<Option<Ref<Code>>> {
    if let Some(code) = value.downcast::<Code>() {
        return Ok(Some(code.to_ref()));
    }
    if let Some(function) = value.downcast::<Function>() {
        return Ok(Some(function.code().to_ref()));
    }
    if let Some(method) = value.downcast::<Method>() {
        return code_of(vm, &method.function);
    }
    if let Some(source) = value.downcast::<Str>() {
        let request = Request { is_text: true, ..Request::file(vm, "<dis>") };
        return vm.compile(&source.to_wtf8(), &request).map(Some);
    }
    for name in ["gi_code", "cr_code", "ag_code", "__func__"] {
        if let Some(inner) = object::lookup_attr(vm, value, &vm.intern(name))? {
            return code_of(vm, &inner);
        }
    }
    Ok(None)
}

fn no_code(vm: &Vm, value: &Value) -> crate::runtime::errors::Exc {
    vm.type_error(format!("don't know how to disassemble {} objects", value.ty().name()))
}

fn write(vm: &Vm, file: Option<&Value>, out: &str) -> PyResult<()> {
    let names = vm.names();
    let target = match file.filter(|f| !f.is_none()) {
        Some(file) => file.clone(),
        None => match vm.sys_get(&names.stdout) {
            Some(file) => file,
            None => return Ok(()),
        },
    };
    object::call_method(vm, &target, &names.write, &[vm.str(out)]).map(drop)
}

fn show_with_nested(code: &Code) -> String {
    text::disassemble(&code.source, None, None, &text::show_const)
}

#[pymodule(name = "dis")]
pub mod dis {
    use super::*;

    /// Disassemble classes, methods, functions, and other compiled objects.
    #[pyfunction(name = "dis", sig = "(x=None, *, file=None, depth=None)")]
    fn py_dis(
        vm: &Vm,
        x: Option<&Value>,
        file: Option<&Value>,
        _depth: Option<&Value>,
    ) -> PyResult<()> {
        let Some(x) = x.filter(|x| !x.is_none()) else {
            return Err(vm.runtime_error("no last traceback to disassemble"));
        };
        if let Some(code) = code_of(vm, x)? {
            return write(vm, file, &show_with_nested(&code));
        }
        let members = if let Some(ty) = x.downcast::<Type>() {
            ty.dict().items_vec()
        } else if let Some(module) = x.downcast::<Module>() {
            module.dict().items_vec()
        } else {
            return Err(no_code(vm, x));
        };
        for (name, value) in members {
            if let Some(code) = code_of(vm, &value)?
                && value.downcast::<Str>().is_none()
            {
                let name = object::str(vm, &name)?;
                write(vm, file, &format!("Disassembly of {name}:\n"))?;
                write(vm, file, &show_with_nested(&code))?;
                write(vm, file, "\n")?;
            }
        }
        Ok(())
    }

    /// Disassemble a code object.
    #[pyfunction(sig = "(co, lasti=-1, *, file=None)")]
    fn disassemble(
        vm: &Vm,
        co: &Obj<Code>,
        lasti: Option<isize>,
        file: Option<&Value>,
    ) -> PyResult<()> {
        let lasti = lasti.and_then(|l| u32::try_from(l).ok());
        let out = text::disassemble(&co.source, lasti, None, &text::show_const);
        write(vm, file, &out)
    }

    /// Formatted details of methods, functions, or code.
    #[pyfunction]
    fn code_info(vm: &Vm, x: &Value) -> PyResult<String> {
        match code_of(vm, x)? {
            Some(code) => Ok(text::code_info(&code.source, &text::show_const)),
            None => Err(no_code(vm, x)),
        }
    }

    /// Print details of methods, functions, or code to *file*.
    #[pyfunction(sig = "(co, *, file=None)")]
    fn show_code(vm: &Vm, co: &Value, file: Option<&Value>) -> PyResult<()> {
        let info = code_info(vm, co)?;
        write(vm, file, &format!("{info}\n"))
    }

    /// Detect all offsets in a byte code which are jump targets.
    #[pyfunction]
    fn findlabels(vm: &Vm, code: &Value) -> PyResult<Vec<Value>> {
        let bytes = crate::protocol::buffer::to_vec(vm, code)?;
        Ok(text::find_labels(&bytes).into_iter().map(|o| Value::int_unchecked(o.into())).collect())
    }

    /// Find the offsets in a byte code which are start of lines in the source.
    #[pyfunction]
    fn findlinestarts(_vm: &Vm, code: &Obj<Code>) -> Vec<Value> {
        let pair = |(o, l): (u32, u32)| {
            let items = [o, l].map(|n| Value::int_unchecked(n.into())).to_vec();
            crate::objects::tuple::Tuple::from_vec(items).into()
        };
        adder_bytecode::lnotab::line_starts(&code.source).into_iter().map(pair).collect()
    }

    /// Compute the stack effect of the opcode.
    #[pyfunction(sig = "(opcode, oparg=None, /, *, jump=None)")]
    fn stack_effect(
        vm: &Vm,
        opcode: u8,
        oparg: Option<&Value>,
        _jump: Option<&Value>,
    ) -> PyResult<i64> {
        let Some(op) = Op::from_u8(opcode) else {
            return Err(vm.value_error("invalid opcode or oparg"));
        };
        let given = oparg.filter(|a| !a.is_none());
        let arg = match given {
            Some(arg) if op.has_arg() => crate::protocol::number::to_ssize(vm, arg)?,
            Some(_) => {
                return Err(vm.value_error(
                    "stack_effect: opcode does not permit oparg but oparg was specified",
                ));
            }
            None if op.has_arg() => {
                return Err(vm.value_error(
                    "stack_effect: opcode requires oparg but oparg was not specified",
                ));
            }
            None => 0,
        };
        Ok(op.stack_effect(u32::try_from(arg).unwrap_or(0)))
    }

    /// `python -m dis [file]`
    #[pyfunction]
    fn _main(vm: &Vm) -> PyResult<()> {
        let argv = vm.sys_get(&vm.intern("argv"));
        let argv = argv.as_ref().and_then(|a| a.downcast::<List>());
        let file = argv
            .and_then(|a| a.get(1))
            .filter(|f| f.downcast::<Str>().is_some_and(|f| !f.is_str("-")));
        let (name, source) = match &file {
            Some(file) => {
                let path = object::str(vm, file)?.to_string_lossy();
                let bytes =
                    std::fs::read(&path).map_err(|e| vm.os_error(&e, Some(file.clone())))?;
                (path, bytes)
            }
            None => {
                let mut bytes = Vec::new();
                std::io::Read::read_to_end(&mut std::io::stdin(), &mut bytes)
                    .map_err(|e| vm.os_error(&e, None))?;
                ("<stdin>".to_string(), bytes)
            }
        };
        let code = vm.compile(&source, &Request::file(vm, &name))?;
        write(vm, None, &show_with_nested(&code))
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        super::bind_tables(vm, module);
        Ok(())
    }
}

/// Opcode table and other definitions of this machine's instructions.
#[pymodule(name = "opcode")]
pub mod opcodes {
    use super::*;

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        super::bind_tables(vm, module);
        let effect = dis::MODULE.functions.iter().find(|f| f.name == "stack_effect");
        if let Some(def) = effect {
            let function = crate::objects::builtin_function::BuiltinFunction::plain(
                def,
                Some(vm.str("opcode")),
            );
            module.set(vm, "stack_effect", function);
        }
        Ok(())
    }
}

/// `opmap`, `opname`, the `has...` lists and their like, from the one table.
fn bind_tables(vm: &Vm, module: &Module) {
    let int = |n: u8| Value::int_unchecked(n.into());
    let names = (0..=255u8)
        .map(|n| match Op::from_u8(n) {
            Some(op) => vm.str(op.name()),
            None => vm.str(&format!("<{n}>")),
        })
        .collect();
    module.set(vm, "opname", List::from_vec(names).into());
    let map = Dict::new_ref();
    for row in ROWS {
        drop(map.insert_str(&vm.intern(row.name), int(row.op as u8)));
    }
    module.set(vm, "opmap", map.into());
    module.set(vm, "HAVE_ARGUMENT", int(opcode::HAVE_ARGUMENT));
    module.set(vm, "EXTENDED_ARG", int(opcode::EXTENDED_ARG));
    let compare = opcode::CMP_OP.iter().map(|c| vm.str(c)).collect();
    module.set(vm, "cmp_op", crate::objects::tuple::Tuple::from_vec(compare).into());
    for (name, kind) in [
        ("hasconst", ArgKind::Const),
        ("hasname", ArgKind::Name),
        ("hasjrel", ArgKind::JRel),
        ("hasjabs", ArgKind::JAbs),
        ("haslocal", ArgKind::Local),
        ("hascompare", ArgKind::Compare),
        ("hasfree", ArgKind::Free),
    ] {
        let list = opcode::has_kind(kind).into_iter().map(int).collect();
        module.set(vm, name, List::from_vec(list).into());
    }
    module.set(vm, "hasnargs", List::from_vec(Vec::new()).into());
}
