//! What the program tells about itself before it runs: what may come first, what must come.

use crate::charset::{Class, ClassKind};
use crate::compile::unbounded;
use crate::opcode::At;
use crate::program::{First, Greed, Inst, NO_HINT, NO_PC, Pc, Program, RepeatOne, Start};
use crate::unit::Needle;

/// How many instructions one question may look at. A big alternation at the start of a pattern is
/// worth a long look; one hint among many is not.
const FUEL_START: usize = 20_000;
const FUEL_HINT: usize = 64;
/// How deep one question may nest.
const MAX_DEPTH: usize = 40;

pub(crate) fn finish(program: &mut Program, required: &[u32]) {
    for pc in 0..program.insts.len() {
        match program.insts[pc] {
            Inst::RepeatOne(id) => {
                let Some(first) = first(program, pc as Pc + 1, FUEL_HINT) else { continue };
                let repeat = program.repeats[id as usize];
                let class = &program.classes[repeat.class as usize];
                let (exclusive_narrow, exclusive_wide) = exclusive(class, &first);
                let hint = add_hint(program, first);
                program.repeats[id as usize] =
                    RepeatOne { hint, exclusive_narrow, exclusive_wide, ..repeat };
            }
            Inst::Alt { next, .. } => {
                if let Some(first) = first(program, pc as Pc + 1, FUEL_HINT) {
                    let hint = add_hint(program, first);
                    program.insts[pc] = Inst::Alt { hint, next };
                }
            }
            _ => {}
        }
    }
    program.start = start(program);
    let is_prefix = matches!(&program.start, Start::Needle(needle) if needle.codes() == required);
    if !required.is_empty() && !is_prefix {
        program.required = Some(Needle::new(required));
    }
    program.leading = leading(program);
}

fn add_hint(program: &mut Program, first: First) -> u32 {
    // A hint that allows everything is none.
    if first.literal.is_none() && first.wide && first.table.iter().all(|&allowed| allowed) {
        return NO_HINT;
    }
    program.hints.push(first);
    program.hints.len() as u32 - 1
}

/// Whether nothing in `class` is allowed by `next`: for bytes, and for any character.
fn exclusive(class: &Class, next: &First) -> (bool, bool) {
    if let Some(literal) = next.literal {
        let outside = !class.contains(literal);
        return (outside, outside);
    }
    let narrow = class.table.iter().zip(&next.table).all(|(&a, &b)| !(a && b));
    let wide = match class.kind {
        ClassKind::Literal(literal) if literal < 256 => false,
        _ => next.wide,
    };
    (narrow, narrow && !wide)
}

fn of_class(class: &Class) -> First {
    let (wide, literal) = match class.kind {
        ClassKind::Literal(literal) => (literal >= 256, Some(literal)),
        _ => (true, None),
    };
    First { table: class.table, wide, literal }
}

fn of_literal(literal: u32) -> First {
    First {
        table: std::array::from_fn(|c| c as u32 == literal),
        wide: literal >= 256,
        literal: Some(literal),
    }
}

/// Nothing at all can follow.
fn nothing() -> First {
    First { table: [false; 256], wide: false, literal: None }
}

fn union(a: First, b: First) -> First {
    let literal = a.literal.filter(|_| a.literal == b.literal);
    First {
        table: std::array::from_fn(|c| a.table[c] || b.table[c]),
        wide: a.wide || b.wide,
        literal,
    }
}

/// The characters that a match from `pc` on may begin with; `None` if it may be empty, or if that
/// is not known.
pub(crate) fn first(program: &Program, pc: Pc, mut fuel: usize) -> Option<First> {
    first_from(program, pc, &mut fuel, 0)
}

fn first_from(program: &Program, mut pc: Pc, fuel: &mut usize, depth: usize) -> Option<First> {
    if depth > MAX_DEPTH {
        return None;
    }
    loop {
        *fuel = fuel.checked_sub(1)?;
        let mut look = |pc: Pc| first_from(program, pc, fuel, depth + 1);
        match *program.insts.get(pc as usize)? {
            Inst::Fail => return Some(nothing()),
            Inst::Match | Inst::GroupRef { .. } => return None,
            // Within these the first way through counts, whatever then follows outside.
            Inst::EndAssert | Inst::EndAssertNot | Inst::EndAtomic | Inst::EndPossessive { .. } => {
                return None;
            }
            Inst::Literal(literal) => return Some(of_literal(literal)),
            Inst::Str { start, .. } => return Some(of_literal(program.strings[start as usize])),
            Inst::Class(class) => return Some(of_class(&program.classes[class as usize])),
            // What takes no characters: a condition more, so what follows still is necessary.
            Inst::At(_) | Inst::Mark(_) | Inst::Atomic => pc += 1,
            Inst::Assert { end, .. } => pc = end,
            Inst::Jump(target) => pc = target,
            Inst::LoopStart { until, .. } => match program.insts.get(until as usize) {
                // The first round must be there, and begin the match.
                Some(&(Inst::MaxUntil(id) | Inst::MinUntil(id)))
                    if program.loops[id as usize].min > 0 =>
                {
                    pc = program.loops[id as usize].body;
                }
                _ => pc = until,
            },
            Inst::Alt { .. } => {
                let mut all = nothing();
                let mut alt = pc;
                while alt != NO_PC {
                    all = union(all, look(alt + 1)?);
                    let Some(Inst::Alt { next, .. }) = program.insts.get(alt as usize) else {
                        return None;
                    };
                    alt = *next;
                }
                return Some(all);
            }
            Inst::GroupExists { no, .. } => return Some(union(look(pc + 1)?, look(no)?)),
            Inst::RepeatOne(id) => {
                let repeat = program.repeats[id as usize];
                let class = of_class(&program.classes[repeat.class as usize]);
                if repeat.min > 0 {
                    return Some(class);
                }
                return Some(union(class, look(pc + 1)?));
            }
            Inst::MaxUntil(id) | Inst::MinUntil(id) => {
                // From the end of a round this asks for too much where the minimum is not yet
                // reached, which only makes the answer larger.
                let body = program.loops[id as usize].body;
                return Some(union(look(body)?, look(pc + 1)?));
            }
            Inst::PossessiveLoop { id, end } => {
                let body = program.loops[id as usize].body;
                return Some(union(look(body)?, look(end)?));
            }
        }
    }
}

/// The literals at the very start, groups opened or closed among them.
fn prefix(program: &Program) -> Vec<u32> {
    let mut codes = Vec::new();
    for inst in &program.insts {
        match *inst {
            Inst::Mark(_) => {}
            Inst::Literal(literal) => codes.push(literal),
            Inst::Str { start, len } => {
                codes.extend(&program.strings[start as usize..(start + len) as usize]);
            }
            _ => break,
        }
    }
    codes
}

fn start(program: &Program) -> Start {
    let at_start = program.insts.iter().find(|inst| !matches!(inst, Inst::Mark(_)));
    match at_start {
        Some(Inst::At(At::Beginning)) => return Start::Text,
        Some(Inst::At(At::BeginningLine)) => return Start::Line,
        _ => {}
    }
    let prefix = prefix(program);
    if let [only] = prefix[..]
        && let Ok(byte) = u8::try_from(only)
    {
        return Start::Bytes(vec![byte]);
    }
    if !prefix.is_empty() {
        return Start::Needle(Box::new(Needle::new(&prefix)));
    }
    let Some(first) = first(program, 0, FUEL_START) else { return Start::Any };
    let bytes: Vec<u8> = (0..=255).filter(|&byte| first.table[usize::from(byte)]).collect();
    if !first.wide && !bytes.is_empty() && bytes.len() <= 3 {
        return Start::Bytes(bytes);
    }
    if first.wide && bytes.len() == 256 {
        return Start::Any;
    }
    Start::First(Box::new(first))
}

/// The greedy repetition that a match begins with, if what follows can only be tried at its end.
///
/// When the rest fails there, it fails for every other start within the run as well, because all
/// of them reach the same end, and nothing after it can tell where the match began: groups are
/// never referred to.
fn leading(program: &Program) -> Option<u32> {
    let refers = |inst: &Inst| matches!(inst, Inst::GroupRef { .. } | Inst::GroupExists { .. });
    if program.insts.iter().any(refers) {
        return None;
    }
    let at_start = program.insts.iter().find(|inst| !matches!(inst, Inst::Mark(_)))?;
    let &Inst::RepeatOne(id) = at_start else { return None };
    let repeat = program.repeats[id as usize];
    let whole_run = repeat.greed == Greed::Possessive || repeat.exclusive_narrow;
    (unbounded(repeat.max) && whole_run).then_some(id)
}
