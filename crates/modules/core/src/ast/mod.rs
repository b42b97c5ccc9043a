//! `_ast`: the abstract syntax tree as Python objects, made from the parser's tree and turned back
//! into it. CPython's counterpart: `Python/Python-ast.c`, `Python/ast.c`.
//!
//! `nodes.asdl` lists the node types; `schema.rs` reads it, `classes.rs` makes Python classes of it,
//! `node.rs` is their base, `convert.rs`, `nodes.rs` and `constant.rs` go both ways, and
//! `validate.rs` checks what programs have made.

mod classes;
mod constant;
mod convert;
mod format;
mod node;
mod nodes;
mod schema;
mod validate;

use adder_derive::pymodule;
use adder_syntax::ast::Mod;
use adder_syntax::{Arena, Mode, Parsed, Pool};
use adder_vm::objects::module::Module;
use adder_vm::objects::tuple::Tuple;
use adder_vm::protocol::object;
use adder_vm::runtime::compile::TreeBridge;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Value, Vm};
use node::Ast;

/// What `compile()` needs to give and take trees.
pub const BRIDGE: TreeBridge = TreeBridge { is_tree, to_python, from_python };

fn is_tree(value: &Value) -> bool {
    // Before the module is imported there are no nodes.
    value.downcast::<Ast>().is_some()
}

fn to_python(vm: &Vm, parsed: &Parsed, debug: Option<bool>) -> PyResult {
    let writer = convert::Writer { vm, pool: &parsed.pool, debug };
    nodes::module(&writer, &parsed.module, &parsed.type_ignores)
}

fn from_python<'a>(vm: &'a Vm, tree: &Value, mode: Mode, arena: &'a Arena) -> PyResult<Parsed<'a>> {
    let wanted = match mode {
        Mode::Exec => "Module",
        Mode::Eval => "Expression",
        Mode::Single => "Interactive",
        Mode::FuncType => "FunctionType",
    };
    let class = classes::class(vm, wanted)?.to_value();
    if !object::is_instance(vm, tree, &class)? {
        let got = tree.ty().name();
        return Err(vm.type_error(format!("expected {wanted} node, got {got}")));
    }
    let mut reader = convert::Reader { vm, arena, pool: Pool::new() };
    let module: Mod = nodes::read_module(&mut reader, tree)?;
    validate::module(vm, &reader.pool, &module)?;
    Ok(Parsed { module, pool: reader.pool, warnings: Vec::new(), type_ignores: Vec::new() })
}

/// The node classes, and the flags of `compile()` that concern trees.
#[pymodule(name = "_ast")]
pub mod ast_module {
    use super::*;

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        let ast = vm.type_object::<Ast>();
        for name in ["_fields", "_attributes", "__match_args__"] {
            drop(ast.dict().insert_str(&vm.intern(name), Tuple::empty().into()));
        }
        module.set(vm, "AST", ast.to_value());
        for class in classes::all(vm)? {
            module.add_type(vm, &class);
        }
        crate::support::add_ints(
            vm,
            module,
            &[
                ("PyCF_ONLY_AST", 0x400),
                ("PyCF_TYPE_COMMENTS", 0x1000),
                ("PyCF_ALLOW_TOP_LEVEL_AWAIT", 0x2000),
                ("PyCF_OPTIMIZED_AST", 0x8400),
            ],
        );
        Ok(())
    }
}
