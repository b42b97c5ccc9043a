//! From a unit to a code object: jumps become distances, arguments bytes, lines the line table.
//! `assemble`, `assemble_jump_offsets`, `assemble_lnotab` and `makecode` of CPython's
//! `Python/compile.c`.

use adder_bytecode::code::{CodeObject, Position, Positions, PositionsBuilder};
use adder_bytecode::opcode::{EXTENDED_ARG, Op};
use adder_bytecode::table::ArgKind;
use adder_syntax::Symbol;
use adder_syntax::ast::Span;
use smallvec::SmallVec;

use crate::error::{Failure, Result};
use crate::lines;
use crate::names::{Known, Names};
use crate::peephole;
use crate::stack_depth::deepest;
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

/// What the assembler works with. From unit to unit only the room of these lists is kept.
#[derive(Default)]
pub(crate) struct Room {
    /// Instructions that take the place of a unit's.
    pub(crate) instrs: Vec<Instr>,
    /// How many jumps arrive at each instruction, and the last of them.
    pub(crate) arrivals: Vec<(u32, u32)>,
    /// Instructions that go.
    pub(crate) gone: Vec<u32>,
    /// Which instructions jump, and to which.
    ways: Vec<(u32, u32)>,
    /// Where each instruction starts, in code units, and the whole length, if not each is one.
    offsets: Vec<u32>,
    /// For each code unit, the instruction it belongs to, if that is not its own number.
    pub(crate) places: Vec<u32>,
    /// Whether a jump arrives at a code unit; one more than there are units.
    pub(crate) targets: Vec<bool>,
    /// Of the optimiser: the constants on the stack, where code units will be, their `places` then.
    pub(crate) consts: Vec<u32>,
    pub(crate) moved: Vec<u32>,
    pub(crate) kept: Vec<u32>,
    /// The tables of lines and of positions.
    pub(crate) lnotab: Vec<u8>,
    positions: PositionsBuilder,
}

/// Turns a unit into a code object. Its last block must end in RETURN_VALUE.
pub(crate) fn assemble(
    unit: &mut Unit,
    names: &mut Names,
    frame: Frame,
    room: &mut Room,
) -> Result<CodeObject> {
    if unit.first_line == 0 {
        // CPython asks the first block, which is empty if another starts at the same place.
        let first = unit.instrs.first().filter(|_| !unit.labels.contains(&0));
        unit.first_line = first.map_or(0, |instr| instr.line).max(1);
    }
    if frame.modern {
        lines::settle(unit, room);
    }
    let stacksize = if frame.modern { unit.depth.most() } else { deepest(unit) };
    let is_wide = resolve_jumps(unit, room)?;
    let encoded = encode(unit, room, is_wide, frame.modern);
    let lines = frame.modern.then_some(&*unit.instrs);
    // Nothing is lost where the optimiser gives up halfway: what it worked on is made again.
    let done = peephole::optimize(encoded, unit.consts.list(), lines, room)
        .unwrap_or_else(|| encode(unit, room, is_wide, frame.modern));
    let positions = if done.has_places {
        let spans = room.places.iter().map(|&at| unit.instrs[at as usize].span);
        positions(spans, &mut room.positions)
    } else {
        positions(unit.instrs.iter().map(|instr| instr.span), &mut room.positions)
    };
    let name = names.shared(unit.name);
    // In the scope it has a name that no program can use.
    let Known { dot_format, format, .. } = names.known;
    let shown = |&name: &Symbol| if name == dot_format { format } else { name };
    let varnames: SmallVec<[Symbol; 16]> = unit.varnames.list.iter().map(shown).collect();
    let mut shared =
        |list: &[Symbol]| -> Box<[_]> { list.iter().map(|&name| names.shared(name)).collect() };
    let (cellvars, freevars) = unit.cells.split_at(unit.cellvar_count as usize);
    Ok(CodeObject {
        argcount: unit.argcount,
        kwonlyargcount: unit.kwonlyargcount,
        nlocals: unit.varnames.list.len() as u32,
        stacksize,
        flags: frame.flags | unit.extra_flags,
        consts: unit.consts.take(),
        names: shared(&unit.names.list),
        varnames: shared(&varnames),
        cellvars: shared(cellvars),
        freevars: shared(freevars),
        filename: frame.filename,
        name,
        firstlineno: unit.first_line,
        lnotab: room.lnotab.clone().into(),
        posonlyargcount: unit.posonlyargcount,
        qualname: unit.qualname.clone(),
        positions,
        extended: done.extended || unit.posonlyargcount > 0,
        code: done.code.into_flattened().into(),
    })
}

/// Gives jumps their arguments. Arguments decide on the length of instructions, and that on the
/// arguments: round and round until nothing changes its length. Whether some instruction is longer
/// than a code unit.
fn resolve_jumps(unit: &mut Unit, room: &mut Room) -> Result<bool> {
    let Room { ways, offsets, targets, .. } = room;
    let len = unit.instrs.len();
    ways.clear();
    targets.clear();
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
        targets.resize(len + 1, false);
        for &(i, target) in &*ways {
            let instr = &mut unit.instrs[i as usize];
            instr.arg = jump_arg(instr.op, i + 1, target);
            targets[target as usize] = true;
        }
        return Ok(false);
    }
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
        for &(i, target) in &*ways {
            let instr = &mut unit.instrs[i as usize];
            let old = width(instr.arg);
            instr.arg = jump_arg(instr.op, offsets[i as usize] + old, offsets[target as usize]);
            changed |= width(instr.arg) != old;
        }
        if !changed {
            targets.resize(at as usize + 1, false);
            for &(_, target) in &*ways {
                targets[offsets[target as usize] as usize] = true;
            }
            return Ok(at as usize != len);
        }
    }
}

/// The argument of a jump that ends at a code unit, to another.
fn jump_arg(op: Op, end: u32, target: u32) -> u32 {
    let from = if op.arg_kind() == ArgKind::JRel { end } else { 0 };
    target.saturating_sub(from) * 2
}

/// Wordcode. Its line table is [`Room::lnotab`].
pub(crate) struct Encoded {
    /// Code units: instruction and argument byte.
    pub(crate) code: Vec<[u8; 2]>,
    /// To which instructions the code units belong is in [`Room::places`].
    pub(crate) has_places: bool,
    /// There are instructions of Adder's own.
    pub(crate) extended: bool,
}

fn encode(unit: &Unit, room: &mut Room, is_wide: bool, modern: bool) -> Encoded {
    let Room { offsets, places, lnotab, .. } = room;
    lnotab.clear();
    let mut lines = LineTable { bytes: lnotab, offset: 0, line: unit.first_line };
    let mut extended = false;
    let pair = |instr: &Instr| [instr.op as u8, instr.arg as u8];
    let code = if is_wide {
        let units = offsets.last().copied().unwrap_or(0) as usize;
        let mut code = vec![[0; 2]; units];
        places.resize(units, 0);
        for ((instr, &at), i) in unit.instrs.iter().zip(&*offsets).zip(0..) {
            lines.note(instr, at, modern);
            extended |= instr.op.is_extension();
            let mut at = at as usize;
            if instr.arg > NARROW {
                for k in (1..width(instr.arg)).rev() {
                    code[at] = [EXTENDED_ARG, (instr.arg >> (8 * k)) as u8];
                    places[at] = i;
                    at += 1;
                }
            }
            code[at] = pair(instr);
            places[at] = i;
        }
        code
    } else {
        let units = unit.instrs.iter().zip(0..).map(|(instr, at)| {
            lines.note(instr, at, modern);
            extended |= instr.op.is_extension();
            pair(instr)
        });
        units.collect()
    };
    Encoded { code, has_places: is_wide, extended }
}

/// Where in the source the code units belong.
fn positions(
    mut spans: impl ExactSizeIterator<Item = Span>,
    positions: &mut PositionsBuilder,
) -> Positions {
    positions.begin(spans.len());
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
struct LineTable<'a> {
    bytes: &'a mut Vec<u8>,
    offset: u32,
    line: u32,
}

impl LineTable<'_> {
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
