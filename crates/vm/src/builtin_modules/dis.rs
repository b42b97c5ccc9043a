//! `_dis`: what the library's `dis` and `opcode` show of this machine's bytecode, from the one opcode
//! table. The text is made in `crates/bytecode`; the functions people call are in the library's own
//! `dis.py` (`crates/library/python`). CPython's counterpart: `Modules/_opcode.c`.

use crate::object::Obj;
use crate::objects::code::{Code, const_value, text as code_text};
use crate::objects::dict::Dict;
use crate::objects::list::List;
use crate::objects::module::Module;
use crate::objects::tuple::Tuple;
use crate::protocol::{buffer, number, object};
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_bytecode::code::{CodeObject, Const};
use adder_bytecode::dis::{self as text, ArgValue, Instruction};
use adder_bytecode::opcode::{self, Op};
use adder_bytecode::table::{ArgKind, ROWS};
use adder_derive::pymodule;

/// A constant's `repr`, of the very object if it is one of this code's.
fn shown(vm: &Vm, constant: &Const) -> String {
    match object::repr(vm, &const_value(vm, constant)) {
        Ok(text) => text.to_string_lossy(),
        Err(_) => text::show_const(constant),
    }
}

fn number_or_none(number: Option<u32>) -> Value {
    number.map_or(Value::NONE, |n| Value::int_unchecked(n.into()))
}

/// The fields of `dis.Instruction`, in its order.
fn fields(vm: &Vm, consts: &[Value], i: &Instruction) -> Value {
    let argval = match &i.argval {
        ArgValue::None => Value::NONE,
        ArgValue::Number(n) | ArgValue::Target(n) => Value::int_unchecked((*n).into()),
        ArgValue::Const(value) => {
            let own = i.arg.and_then(|arg| consts.get(arg as usize)).cloned();
            own.unwrap_or_else(|| const_value(vm, value))
        }
        ArgValue::Name(name) => code_text(name).into(),
        ArgValue::Format(conversion, spec) => {
            let conversions = ["", "str", "repr", "ascii"];
            let conversion = match conversions.get(usize::from(*conversion)) {
                Some(name) if !name.is_empty() => vm.builtins().get_str(&vm.intern(name)),
                _ => None,
            };
            let parts = vec![conversion.unwrap_or(Value::NONE), Value::bool(*spec)];
            Tuple::from_vec(parts).into()
        }
    };
    Tuple::from_vec(vec![
        vm.str(&i.opname),
        Value::int_unchecked(i.opcode.into()),
        number_or_none(i.arg),
        argval,
        vm.str(&i.argrepr),
        Value::int_unchecked(i.offset.into()),
        number_or_none(i.starts_line),
        Value::bool(i.is_jump_target),
    ])
    .into()
}

/// Shows constants by the objects in `consts`, which are `code`'s, in the order they come.
fn listed(vm: &Vm, code: &CodeObject, consts: &[Value], first_line: Option<u32>) -> Vec<Value> {
    let show = |constant: &Const| {
        let at = code.consts.iter().position(|c| std::ptr::eq(c, constant));
        match at.and_then(|at| consts.get(at)).map(|value| object::repr(vm, value)) {
            Some(Ok(text)) => text.to_string_lossy(),
            _ => shown(vm, constant),
        }
    };
    text::instructions(code, first_line, &show).iter().map(|i| fields(vm, consts, i)).collect()
}

/// This machine's instructions.
#[pymodule(name = "_dis")]
pub mod dis {
    use super::*;

    /// The instructions of a code object, each the fields of `dis.Instruction`; lines are counted from
    /// first_line, if it is given.
    #[pyfunction]
    fn instructions(vm: &Vm, code: &Obj<Code>, first_line: Option<Value>) -> PyResult<Vec<Value>> {
        let first_line = match first_line.filter(|line| !line.is_none()) {
            Some(line) => u32::try_from(number::to_ssize(vm, &line)?).ok(),
            None => None,
        };
        let consts = object::get_attr_str(vm, &code.to_value(), "co_consts")?;
        let consts = consts.downcast::<Tuple>().map(|t| t.items().to_vec()).unwrap_or_default();
        Ok(listed(vm, &code.source, &consts, first_line))
    }

    /// The text of bare wordcode, with an arrow at an offset.
    #[pyfunction]
    fn bytes_text(vm: &Vm, code: &Value, lasti: isize) -> PyResult<String> {
        let bytes = buffer::to_vec(vm, code)?;
        Ok(text::disassemble_bytes(&bytes, u32::try_from(lasti).ok()))
    }

    /// The line of text for an instruction.
    #[pyfunction]
    fn line(
        vm: &Vm,
        instruction: &Obj<Tuple>,
        lineno_width: usize,
        mark_as_current: bool,
    ) -> PyResult<String> {
        let [opname, opcode, arg, _, argrepr, offset, starts_line, is_jump_target] =
            instruction.items()
        else {
            return Err(vm.type_error("line() takes an instruction of eight fields"));
        };
        let optional = |value: &Value| -> PyResult<Option<u32>> {
            if value.is_none() {
                return Ok(None);
            }
            Ok(u32::try_from(number::to_ssize(vm, value)?).ok())
        };
        let instruction = Instruction {
            opname: object::str(vm, opname)?.to_string_lossy(),
            opcode: u8::try_from(number::to_ssize(vm, opcode)?).unwrap_or(0),
            arg: optional(arg)?,
            argval: ArgValue::None,
            argrepr: object::str(vm, argrepr)?.to_string_lossy(),
            offset: optional(offset)?.unwrap_or(0),
            starts_line: optional(starts_line)?,
            is_jump_target: object::is_true(vm, is_jump_target)?,
        };
        Ok(instruction.line(lineno_width, mark_as_current))
    }

    /// What there is to say of a code object.
    #[pyfunction]
    fn info(vm: &Vm, code: &Obj<Code>) -> String {
        text::code_info(&code.source, &|constant| shown(vm, constant))
    }

    /// The names of flags, and what has none as a number.
    #[pyfunction]
    fn pretty_flags(_vm: &Vm, flags: u32) -> String {
        text::pretty_flags(flags)
    }

    /// Detect all offsets in a byte code which are jump targets.
    ///
    /// Return the list of offsets.
    #[pyfunction]
    fn findlabels(vm: &Vm, code: &Value) -> PyResult<Vec<Value>> {
        let bytes = buffer::to_vec(vm, code)?;
        Ok(text::find_labels(&bytes).into_iter().map(|o| Value::int_unchecked(o.into())).collect())
    }

    /// Find the offsets in a byte code which are start of lines in the source.
    ///
    /// Generate pairs (offset, lineno).
    #[pyfunction]
    fn findlinestarts(_vm: &Vm, code: &Obj<Code>) -> Vec<Value> {
        let pair = |(o, l): (u32, u32)| {
            Tuple::from_vec([o, l].map(|n| Value::int_unchecked(n.into())).to_vec()).into()
        };
        adder_bytecode::lnotab::line_starts(&code.source).into_iter().map(pair).collect()
    }

    /// Compute the stack effect of the opcode.
    #[pyfunction(sig = "(opcode, oparg=None, /, *, jump=None)")]
    fn stack_effect(
        vm: &Vm,
        opcode: i64,
        oparg: Option<&Value>,
        jump: Option<&Value>,
    ) -> PyResult<i64> {
        let _ = jump;
        let Some(op) = u8::try_from(opcode).ok().and_then(Op::from_u8) else {
            return Err(vm.value_error("invalid opcode or oparg"));
        };
        let given = oparg.filter(|a| !a.is_none());
        let arg = match given {
            Some(arg) if op.has_arg() => number::to_ssize(vm, arg)?,
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

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        super::bind_tables(vm, module);
        Ok(())
    }
}

/// Does this number's argument have this kind?
fn is_kind(number: i64, kinds: &[ArgKind]) -> bool {
    let op = u8::try_from(number).ok().and_then(Op::from_u8);
    op.is_some_and(|op| kinds.contains(&op.arg_kind()))
}

/// Opcode support module.
#[pymodule(name = "_opcode")]
pub mod opcode_module {
    use super::*;

    /// Return True if opcode is a valid opcode, False otherwise.
    #[pyfunction(sig = "(opcode)")]
    fn is_valid(_vm: &Vm, opcode: i64) -> bool {
        u8::try_from(opcode).ok().and_then(Op::from_u8).is_some()
    }
    /// Return True if the opcode uses its oparg, False otherwise.
    #[pyfunction(sig = "(opcode)")]
    fn has_arg(_vm: &Vm, opcode: i64) -> bool {
        u8::try_from(opcode).ok().and_then(Op::from_u8).is_some_and(|op| op.has_arg())
    }
    /// Return True if the opcode accesses a constant, False otherwise.
    #[pyfunction(sig = "(opcode)")]
    fn has_const(_vm: &Vm, opcode: i64) -> bool {
        is_kind(opcode, &[ArgKind::Const])
    }
    /// Return True if the opcode accesses an attribute by name, False otherwise.
    #[pyfunction(sig = "(opcode)")]
    fn has_name(_vm: &Vm, opcode: i64) -> bool {
        is_kind(opcode, &[ArgKind::Name])
    }
    /// Return True if the opcode has a jump target, False otherwise.
    #[pyfunction(sig = "(opcode)")]
    fn has_jump(_vm: &Vm, opcode: i64) -> bool {
        is_kind(opcode, &[ArgKind::JRel, ArgKind::JAbs])
    }
    /// Return True if the opcode accesses a free variable, False otherwise.
    #[pyfunction(sig = "(opcode)")]
    fn has_free(_vm: &Vm, opcode: i64) -> bool {
        is_kind(opcode, &[ArgKind::Free])
    }
    /// Return True if the opcode accesses a local variable, False otherwise.
    #[pyfunction(sig = "(opcode)")]
    fn has_local(_vm: &Vm, opcode: i64) -> bool {
        is_kind(opcode, &[ArgKind::Local])
    }
    /// Return True if the opcode sets an exception handler, False otherwise.
    #[pyfunction(sig = "(opcode)")]
    fn has_exc(_vm: &Vm, opcode: i64) -> bool {
        let op = u8::try_from(opcode).ok().and_then(Op::from_u8);
        op.is_some_and(|op| op.name().starts_with("SETUP_"))
    }
    /// Return the specialization stats: this machine keeps none.
    #[pyfunction]
    fn get_specialization_stats(_vm: &Vm) {}

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        // Instructions specialise themselves as they run; there is no build without the lock.
        module.set(vm, "ENABLE_SPECIALIZATION", Value::int_unchecked(1));
        module.set(vm, "ENABLE_SPECIALIZATION_FT", Value::int_unchecked(0));
        if let Some(def) = dis::MODULE.functions.iter().find(|f| f.name == "stack_effect") {
            let name = Some(vm.str("_opcode"));
            let effect = crate::objects::builtin_function::BuiltinFunction::plain(def, name);
            module.set(vm, "stack_effect", effect);
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
    module.set(vm, "cmp_op", Tuple::from_vec(compare).into());
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
