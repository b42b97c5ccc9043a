//! From a unit to a code object: jumps become distances, arguments bytes, lines the line table.
//! `assemble`, `assemble_jump_offsets`, `assemble_lnotab` and `makecode` of CPython's
//! `Python/compile.c`.

use adder_bytecode::code::{CodeObject, Position, PositionsBuilder};
use adder_bytecode::opcode::{EXTENDED_ARG, Op};
use adder_bytecode::table::ArgKind;

use crate::error::{Failure, Result};
use crate::lines;
use crate::names::Names;
use crate::peephole;
use crate::stack_depth::stack_depth;
use crate::unit::Unit;

/// What of a code object is the compiler's to say rather than the unit's.
pub(crate) struct Frame {
    pub(crate) flags: u32,
    pub(crate) filename: adder_bytecode::code::PyStrBuf,
    pub(crate) modern: bool,
}

/// Number of code units (two bytes each) of an instruction with this argument.
pub(crate) fn width(arg: u32) -> u32 {
    match arg {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xff_ffff => 3,
        _ => 4,
    }
}

/// Turns a unit into a code object. Its last block must end in RETURN_VALUE.
pub(crate) fn assemble(unit: &mut Unit, names: &mut Names, frame: Frame) -> Result<CodeObject> {
    if unit.first_line == 0 {
        // CPython asks the first block, which is empty if another starts at the same place.
        let first = unit.instrs.first().filter(|_| !unit.labels.contains(&0));
        unit.first_line = first.map_or(0, |instr| instr.line).max(1);
    }
    if frame.modern {
        lines::settle(unit);
    }
    let stacksize = stack_depth(unit, frame.modern);
    let mut consts = unit.consts.take();
    let offsets = resolve_jumps(unit)?;
    let encoded = encode(unit, &offsets, frame.modern);
    // Nothing is lost where the optimiser gives up halfway: what it worked on is made again.
    let lines: Option<Vec<u32>> =
        frame.modern.then(|| unit.instrs.iter().map(|instr| instr.span.start.line).collect());
    let mut done = peephole::optimize(encoded, &mut consts, lines.as_deref())
        .unwrap_or_else(|| encode(unit, &offsets, frame.modern));
    for pair in done.code.iter_mut().filter(|pair| **pair == peephole::KEPT_NOP) {
        pair[1] = 0;
    }
    let mut positions = PositionsBuilder::with_room(done.places.len());
    for run in done.places.chunk_by(|a, b| a == b) {
        let span = unit.instrs[run[0] as usize].span;
        let position = Position {
            line: span.start.line,
            column: span.start.col,
            end_line: span.end.line,
            end_column: span.end.col,
        };
        positions.push(run.len() as u32, (span.start.line > 0).then_some(position));
    }
    let mut shared = |list: &[adder_syntax::Symbol]| -> Box<[_]> {
        list.iter().map(|&name| names.shared(name)).collect()
    };
    let (cellvars, freevars) = unit.cells.split_at(unit.cellvar_count as usize);
    Ok(CodeObject {
        argcount: unit.argcount,
        kwonlyargcount: unit.kwonlyargcount,
        nlocals: unit.varnames.list.len() as u32,
        stacksize,
        flags: frame.flags | unit.extra_flags,
        consts: consts.into(),
        names: shared(&unit.names.list),
        varnames: shared(&unit.varnames.list),
        cellvars: shared(cellvars),
        freevars: shared(freevars),
        filename: frame.filename,
        name: shared(&[unit.name])[0].clone(),
        firstlineno: unit.first_line,
        lnotab: done.lnotab.into(),
        posonlyargcount: unit.posonlyargcount,
        qualname: unit.qualname.clone(),
        positions: positions.finish(),
        extended: unit.instrs.iter().any(|instr| instr.op.is_extension())
            || unit.posonlyargcount > 0,
        code: done.code.into_flattened().into(),
    })
}

/// Gives jumps their arguments, and says where each instruction starts, in code units. Arguments
/// decide on the length of instructions, and that on the arguments: round and round until
/// nothing changes its length.
fn resolve_jumps(unit: &mut Unit) -> Result<Vec<u32>> {
    let len = unit.instrs.len();
    let targets: Vec<(usize, usize)> = (unit.instrs.iter().enumerate())
        .filter(|(_, instr)| instr.op.is_jump())
        .map(|(i, instr)| (i, unit.labels[instr.arg as usize] as usize))
        .collect();
    // CPython measures jumps by their argument of the round before, which at first is 0.
    for &(i, _) in &targets {
        unit.instrs[i].arg = 0;
    }
    let mut offsets = vec![0u32; len + 1];
    loop {
        let mut at = 0u32;
        for (offset, instr) in offsets.iter_mut().zip(&unit.instrs) {
            *offset = at;
            at += width(instr.arg);
        }
        offsets[len] = at;
        if at > i32::MAX as u32 / 2 {
            return Err(Failure::Overflow("code object too large"));
        }
        let mut changed = false;
        for &(i, target) in &targets {
            let instr = &mut unit.instrs[i];
            let old = width(instr.arg);
            let mut arg = offsets[target];
            if instr.op.arg_kind() == ArgKind::JRel {
                arg = arg.saturating_sub(offsets[i] + old);
            }
            instr.arg = arg * 2;
            changed |= width(instr.arg) != old;
        }
        if !changed {
            return Ok(offsets);
        }
    }
}

/// Wordcode with its line table.
pub(crate) struct Encoded {
    /// Code units: instruction and argument byte.
    pub(crate) code: Vec<[u8; 2]>,
    pub(crate) lnotab: Vec<u8>,
    /// For each code unit, the instruction it belongs to.
    pub(crate) places: Vec<u32>,
}

fn encode(unit: &Unit, offsets: &[u32], modern: bool) -> Encoded {
    let units = offsets.last().copied().unwrap_or(0) as usize;
    let mut code = Vec::with_capacity(units);
    let mut places = Vec::with_capacity(units);
    let mut lines = LineTable::new(unit.first_line);
    for (i, instr) in unit.instrs.iter().enumerate() {
        let line = if modern { instr.span.start.line } else { instr.line };
        if line != 0 && (!modern || line != lines.line || i == 0) {
            lines.push(code.len() as u32 * 2, line);
        }
        for k in (1..width(instr.arg)).rev() {
            code.push([EXTENDED_ARG, (instr.arg >> (8 * k)) as u8]);
            places.push(i as u32);
        }
        let pair = [instr.op as u8, instr.arg as u8];
        code.push(if instr.op == Op::NOP { peephole::KEPT_NOP } else { pair });
        places.push(i as u32);
    }
    Encoded { code, lnotab: lines.bytes, places }
}

/// `co_lnotab`: pairs of a step in the code (0 to 255) and a step in lines (-128 to 127); larger
/// steps take several pairs.
struct LineTable {
    bytes: Vec<u8>,
    offset: u32,
    line: u32,
}

impl LineTable {
    fn new(line: u32) -> Self {
        LineTable { bytes: Vec::new(), offset: 0, line }
    }

    fn push(&mut self, offset: u32, line: u32) {
        let mut code_step = offset - self.offset;
        let mut line_step = i64::from(line) - i64::from(self.line);
        if code_step == 0 && line_step == 0 {
            return;
        }
        if code_step > 255 {
            for _ in 0..code_step / 255 {
                self.bytes.extend_from_slice(&[255, 0]);
            }
            code_step %= 255;
        }
        if !(-128..=127).contains(&line_step) {
            let most: i64 = if line_step < 0 { -128 } else { 127 };
            for _ in 0..line_step / most {
                self.bytes.extend_from_slice(&[code_step as u8, most as i8 as u8]);
                code_step = 0;
            }
            line_step %= most;
        }
        self.bytes.extend_from_slice(&[code_step as u8, line_step as i8 as u8]);
        self.offset = offset;
        self.line = line;
    }
}
