//! From a code object to what the main loop runs: its plan (`adder_bytecode::prepared`), which is made
//! here or lies in the library's image, with constants, names and caches.

use super::{Prepared, cache::Cache};
use crate::objects::code::{Code, const_value, interned};
use crate::runtime::errors::PyResult;
use crate::runtime::frame::FRAME_WORDS;
use crate::runtime::vm::Vm;
use adder_bytecode::code::{CodeObject, Const, PyStrBuf};
use adder_bytecode::prepared::Plan;
use adder_bytecode::prepared::plan::plan;
use adder_bytecode::stored::Ready;
use std::cell::Cell;

/// Words of stack beyond the verified depth: what calls put between a callable and its arguments.
const SPARE_WORDS: u32 = 6;

/// Verifies and prepares a code object.
pub fn prepare(vm: &Vm, code: &Code) -> PyResult<Prepared> {
    let of_names = |names: &[PyStrBuf]| names.iter().map(interned).collect();
    let of_consts = |consts: &[Const]| consts.iter().map(|c| const_value(vm, c)).collect();
    let (plan, names, consts): (_, Box<[_]>, Box<[_]>) = match code.source.ready() {
        Some(Ready { plan, names, consts }) => (plan, of_names(&names), of_consts(&consts)),
        None => {
            let source: &CodeObject = &code.source;
            let plan = plan(source).map_err(|error| vm.value_error(error.to_string()))?;
            (plan, of_names(&source.names), of_consts(&source.consts))
        }
    };
    let Plan { instructions, offsets, block_of, depth_of, blocks, caches, max_depth } = plan;
    let max_depth = max_depth + SPARE_WORDS;
    Ok(Prepared {
        instructions: instructions.to_vec(Cell::new).into(),
        offsets,
        block_of,
        depth_of,
        blocks,
        caches: Cache::empty(caches.max(1) as usize),
        max_depth,
        frame_words: code.local_slots() as u32 + FRAME_WORDS as u32 + max_depth,
        consts,
        names,
    })
}
