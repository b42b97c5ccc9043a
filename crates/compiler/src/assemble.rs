//! From a unit to a code object: jumps become distances, arguments bytes, lines the line table.
//! `assemble`, `assemble_jump_offsets`, `assemble_lnotab` and `makecode` of CPython's
//! `Python/compile.c`.

use adder_bytecode::code::{CodeObject, Position, Positions, PositionsBuilder};
use adder_bytecode::opcode::{EXTENDED_ARG, Op};
use adder_bytecode::table::ArgKind;
use adder_syntax::ast::Span;

use crate::error::{Failure, Result};
use crate::lines;
use crate::names::Names;
use crate::peephole;
use crate::stack_depth::stack_depth;
use crate::unit::{Instr, Unit};

/// What of a code object is the compiler's to say rather than the unit's.
pub(crate) struct Frame {
    pub(crate) flags: u32,
    pub(crate) filename: adder_bytecode::code::PyStrBuf,
    pub(crate) modern: bool,
}

/// The largest argument of an instruction of one code unit.
const NARROW: u32 = 0xff;

/// Number of code units (two bytes each) of an instruction with this argument.
pub(crate) fn width(arg: u32) -> u32 {
    match arg {
        0..=NARROW => 1,
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
    let layout = resolve_jumps(unit)?;
    let encoded = encode(unit, &layout, frame.modern);
    let lines = frame.modern.then_some(&*unit.instrs);
    // Nothing is lost where the optimiser gives up halfway: what it worked on is made again.
    let done = peephole::optimize(encoded, unit.consts.list(), lines)
        .unwrap_or_else(|| encode(unit, &layout, frame.modern));
    let positions = match &done.places {
        None => positions(unit.instrs.iter().map(|instr| instr.span)),
        Some(places) => positions(places.iter().map(|&at| unit.instrs[at as usize].span)),
    };
    let name = names.shared(unit.name);
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
        consts: unit.consts.take(),
        names: shared(&unit.names.list),
        varnames: shared(&unit.varnames.list),
        cellvars: shared(cellvars),
        freevars: shared(freevars),
        filename: frame.filename,
        name,
        firstlineno: unit.first_line,
        lnotab: done.lnotab.into(),
        posonlyargcount: unit.posonlyargcount,
        qualname: unit.qualname.clone(),
        positions,
        extended: done.extended || unit.posonlyargcount > 0,
        code: done.code.into_flattened().into(),
    })
}

/// What the code units of a unit are made from.
struct Layout {
    /// Where each instruction starts, in code units, and the whole length; nothing if each is one
    /// code unit.
    offsets: Option<Vec<u32>>,
    /// Where jumps go to, in code units.
    targets: Vec<u32>,
}

/// Gives jumps their arguments. Arguments decide on the length of instructions, and that on the
/// arguments: round and round until nothing changes its length.
fn resolve_jumps(unit: &mut Unit) -> Result<Layout> {
    let len = unit.instrs.len();
    let mut ways: Vec<(u32, u32)> = Vec::with_capacity(unit.jumps.len());
    for &at in &unit.jumps {
        let instr = &mut unit.instrs[at as usize];
        if instr.op.is_jump() {
            ways.push((at, unit.labels[instr.arg as usize]));
            // CPython measures jumps by their argument of the round before, which at first is 0.
            instr.arg = 0;
        }
    }
    let all_args = unit.instrs.iter().fold(0, |all, instr| all | instr.arg);
    if all_args <= NARROW && len as u32 * 2 <= NARROW {
        for &(i, target) in &ways {
            let instr = &mut unit.instrs[i as usize];
            instr.arg = jump_arg(instr.op, i + 1, target);
        }
        let targets = ways.into_iter().map(|(_, target)| target).collect();
        return Ok(Layout { offsets: None, targets });
    }
    let mut offsets = Vec::with_capacity(len + 1);
    loop {
        let mut at = 0u32;
        offsets.clear();
        offsets.extend(unit.instrs.iter().map(|instr| {
            let here = at;
            at += width(instr.arg);
            here
        }));
        offsets.push(at);
        if at > i32::MAX as u32 / 2 {
            return Err(Failure::Overflow("code object too large"));
        }
        let mut changed = false;
        for &(i, target) in &ways {
            let instr = &mut unit.instrs[i as usize];
            let old = width(instr.arg);
            instr.arg = jump_arg(instr.op, offsets[i as usize] + old, offsets[target as usize]);
            changed |= width(instr.arg) != old;
        }
        if !changed {
            let targets = ways.iter().map(|&(_, target)| offsets[target as usize]).collect();
            let offsets = (at as usize != len).then_some(offsets);
            return Ok(Layout { offsets, targets });
        }
    }
}

/// The argument of a jump that ends at a code unit, to another.
fn jump_arg(op: Op, end: u32, target: u32) -> u32 {
    let from = if op.arg_kind() == ArgKind::JRel { end } else { 0 };
    target.saturating_sub(from) * 2
}

/// Wordcode with its line table.
pub(crate) struct Encoded {
    /// Code units: instruction and argument byte.
    pub(crate) code: Vec<[u8; 2]>,
    pub(crate) lnotab: Vec<u8>,
    /// For each code unit, the instruction it belongs to; nothing if that is its own number.
    pub(crate) places: Option<Vec<u32>>,
    /// Whether a jump arrives at a code unit; one more than there are units.
    pub(crate) arrivals: Vec<bool>,
    /// There are instructions of Adder's own.
    pub(crate) extended: bool,
}

fn encode(unit: &Unit, layout: &Layout, modern: bool) -> Encoded {
    let Layout { offsets, targets } = layout;
    let units = match offsets {
        Some(offsets) => offsets.last().copied().unwrap_or(0) as usize,
        None => unit.instrs.len(),
    };
    let mut arrivals = vec![false; units + 1];
    for &target in targets {
        arrivals[target as usize] = true;
    }
    let mut lines = LineTable::new(unit.first_line, unit.instrs.len());
    let mut extended = false;
    let pair = |instr: &Instr| [instr.op as u8, instr.arg as u8];
    let (code, places) = if let Some(offsets) = offsets {
        let mut code = Vec::with_capacity(units);
        let mut places = Vec::with_capacity(units);
        for ((instr, &at), i) in unit.instrs.iter().zip(offsets).zip(0..) {
            lines.note(instr, at, modern);
            extended |= instr.op.is_extension();
            let width = width(instr.arg);
            let prefixes = (1..width).rev().map(|k| [EXTENDED_ARG, (instr.arg >> (8 * k)) as u8]);
            code.extend(prefixes);
            code.push(pair(instr));
            places.extend(std::iter::repeat_n(i, width as usize));
        }
        (code, Some(places))
    } else {
        let units = unit.instrs.iter().zip(0..).map(|(instr, at)| {
            lines.note(instr, at, modern);
            extended |= instr.op.is_extension();
            pair(instr)
        });
        (units.collect(), None)
    };
    Encoded { code, lnotab: lines.bytes, places, arrivals, extended }
}

/// Where in the source the code units belong.
fn positions(mut spans: impl ExactSizeIterator<Item = Span>) -> Positions {
    let mut positions = PositionsBuilder::with_room(spans.len());
    let Some(mut span) = spans.next() else { return positions.finish() };
    let mut units = 1;
    for next in spans {
        if next == span {
            units += 1;
        } else {
            positions.push_run(units, position(span));
            (span, units) = (next, 1);
        }
    }
    positions.push_run(units, position(span));
    positions.finish()
}

fn position(span: Span) -> Option<Position> {
    (span.start.line > 0).then_some(Position {
        line: span.start.line,
        column: span.start.col,
        end_line: span.end.line,
        end_column: span.end.col,
    })
}

/// `co_lnotab`: pairs of a step in the code (0 to 255) and a step in lines (-128 to 127); larger
/// steps take several pairs.
struct LineTable {
    bytes: Vec<u8>,
    offset: u32,
    line: u32,
}

impl LineTable {
    fn new(line: u32, instrs: usize) -> Self {
        LineTable { bytes: Vec::with_capacity(instrs / 2), offset: 0, line }
    }

    /// An instruction starts at this code unit.
    #[inline(always)]
    fn note(&mut self, instr: &Instr, at: u32, modern: bool) {
        let line = if modern { instr.span.start.line } else { instr.line };
        if line != 0 && (!modern || line != self.line || at == 0) {
            self.push(at * 2, line);
        }
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
