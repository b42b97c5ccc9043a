//! Checks a code and turns it into a [`Program`].
//!
//! Answers to `_validate` in `Modules/_sre/sre.c`: every operator, argument and skip is checked
//! against the shapes that `Lib/re/_compiler.py` emits. Nothing in the result can lead the machine
//! outside its tables.

use crate::CodeError;
use crate::analyze;
use crate::charset::{Class, Fold, Items, LocaleTable};
use crate::opcode::{
    At, Category, INFO_CHARSET, INFO_LITERAL, INFO_PREFIX, MAXGROUPS, MAXREPEAT, Op,
};
use crate::program::{Compare, Greed, Inst, Loop, NO_HINT, NO_PC, Pc, Program, RepeatOne, Start};

/// Deeper nesting is refused. CPython's parser, which recurses, gives up long before.
const MAX_NESTING: usize = 1000;

type Result<T> = std::result::Result<T, CodeError>;

pub(crate) fn compile(code: &[u32], groups: usize, locale: &LocaleTable) -> Result<Program> {
    if groups > MAXGROUPS || code.len() >= Pc::MAX as usize {
        return Err(CodeError);
    }
    let program = Program {
        insts: Vec::with_capacity(code.len() / 2),
        strings: Vec::new(),
        classes: Vec::new(),
        repeats: Vec::new(),
        loops: Vec::new(),
        hints: Vec::new(),
        groups,
        registers: groups * 2,
        min_width: 0,
        start: Start::Any,
        required: None,
        leading: None,
        locale: locale.clone(),
        word_tables: [None, None, None],
    };
    let mut compiler = Compiler { code, program, label: 0, depth: 0, required: Vec::new() };
    let Some((&last, _)) = code.split_last() else { return Err(CodeError) };
    if Op::from_code(last) != Some(Op::SUCCESS) {
        return Err(CodeError);
    }
    let end = code.len() - 1;
    let start = if compiler.op(0, code.len())? == Op::INFO { compiler.info(end)? } else { 0 };
    compiler.block(start, end)?;
    compiler.emit(Inst::Match);
    let required = compiler.required;
    let mut program = compiler.program;
    analyze::finish(&mut program, &required);
    Ok(program)
}

struct Compiler<'a> {
    code: &'a [u32],
    program: Program,
    /// Jumps lead here: what comes next is not joined to what came before.
    label: usize,
    depth: usize,
    /// The longest string that every match contains.
    required: Vec<u32>,
}

impl Compiler<'_> {
    fn word(&self, at: usize, end: usize) -> Result<u32> {
        if at >= end {
            return Err(CodeError);
        }
        self.code.get(at).copied().ok_or(CodeError)
    }

    fn op(&self, at: usize, end: usize) -> Result<Op> {
        Op::from_code(self.word(at, end)?).ok_or(CodeError)
    }

    /// The place that the skip at `at` leads to, which must be within `end`.
    fn skip(&self, at: usize, end: usize) -> Result<usize> {
        let target = at.checked_add(self.word(at, end)? as usize).ok_or(CodeError)?;
        if target > at && target <= end { Ok(target) } else { Err(CodeError) }
    }

    fn expect(&self, at: usize, end: usize, op: Op) -> Result<()> {
        if self.op(at, end)? == op { Ok(()) } else { Err(CodeError) }
    }

    fn pc(&self) -> Pc {
        self.program.insts.len() as Pc
    }

    fn emit(&mut self, inst: Inst) -> Pc {
        let pc = self.pc();
        self.program.insts.push(inst);
        pc
    }

    fn set_label(&mut self) -> Pc {
        self.label = self.program.insts.len();
        self.pc()
    }

    fn class(&mut self, class: Box<Class>) -> u32 {
        self.program.classes.push(*class);
        self.program.classes.len() as u32 - 1
    }

    /// INFO's block: its bounds are checked, and of its contents only the width is used, since the
    /// program tells the rest better. Returns where the pattern begins.
    fn info(&mut self, end: usize) -> Result<usize> {
        let next = self.skip(1, end)?;
        let flags = self.word(2, next)?;
        let min = self.word(3, next)?;
        self.word(4, next)?;
        if flags & !(INFO_PREFIX | INFO_LITERAL | INFO_CHARSET) != 0
            || flags & INFO_PREFIX != 0 && flags & INFO_CHARSET != 0
            || flags & INFO_LITERAL != 0 && flags & INFO_PREFIX == 0
        {
            return Err(CodeError);
        }
        if flags & INFO_PREFIX != 0 {
            let len = self.word(5, next)? as usize;
            let prefix_skip = self.word(6, next)? as usize;
            let overlap = len.checked_add(7).ok_or(CodeError)?;
            if prefix_skip > len || overlap.checked_add(len) != Some(next) {
                return Err(CodeError);
            }
            if self.code[overlap..next].iter().any(|&index| index as usize >= len) {
                return Err(CodeError);
            }
        }
        if flags & INFO_CHARSET != 0 {
            let (_, len) = Items::parse(&self.code[5..next])?;
            if 5 + len != next {
                return Err(CodeError);
            }
        }
        self.program.min_width = min as usize;
        Ok(next)
    }

    /// Compiles `code[at..end]`; stops early before a JUMP that is the last thing there, and
    /// returns where it stopped.
    fn block(&mut self, mut at: usize, end: usize) -> Result<usize> {
        self.depth += 1;
        if self.depth > MAX_NESTING {
            return Err(CodeError);
        }
        while at < end {
            if at + 2 == end && self.op(at, end)? == Op::JUMP {
                break;
            }
            at = self.operator(at, end)?;
        }
        self.depth -= 1;
        Ok(at)
    }

    /// A block that no JUMP may end.
    fn whole_block(&mut self, at: usize, end: usize) -> Result<()> {
        if self.block(at, end)? == end { Ok(()) } else { Err(CodeError) }
    }

    fn operator(&mut self, at: usize, end: usize) -> Result<usize> {
        let op = self.op(at, end)?;
        if let Some((class, next)) = self.single(at, end)? {
            match class {
                Single::Literal(literal) => self.literal(literal),
                Single::Class(class) => {
                    let class = self.class(class);
                    self.emit(Inst::Class(class));
                }
            }
            return Ok(next);
        }
        let arg = at + 1;
        match op {
            Op::FAILURE => {
                self.emit(Inst::Fail);
                Ok(arg)
            }
            Op::AT => {
                let at_code = At::from_code(self.word(arg, end)?).ok_or(CodeError)?;
                if let At::Boundary(words) | At::NonBoundary(words) = at_code {
                    self.program.prepare_words(words);
                }
                self.emit(Inst::At(at_code));
                Ok(arg + 1)
            }
            Op::MARK => {
                let mark = self.word(arg, end)?;
                if mark as usize >= self.program.groups * 2 {
                    return Err(CodeError);
                }
                self.emit(Inst::Mark(mark));
                Ok(arg + 1)
            }
            Op::GROUPREF => self.group_ref(arg, end, Compare::Exact),
            Op::GROUPREF_IGNORE => self.group_ref(arg, end, Compare::Ascii),
            Op::GROUPREF_LOC_IGNORE => self.group_ref(arg, end, Compare::Locale),
            Op::GROUPREF_UNI_IGNORE => self.group_ref(arg, end, Compare::Unicode),
            Op::GROUPREF_EXISTS => self.conditional(arg, end),
            Op::BRANCH => self.branch(arg, end),
            Op::REPEAT_ONE => self.repeat_one(arg, end, Greed::Greedy),
            Op::MIN_REPEAT_ONE => self.repeat_one(arg, end, Greed::Lazy),
            Op::POSSESSIVE_REPEAT_ONE => self.repeat_one(arg, end, Greed::Possessive),
            Op::REPEAT => self.repeat(arg, end),
            Op::POSSESSIVE_REPEAT => self.possessive(arg, end),
            Op::ASSERT | Op::ASSERT_NOT => self.assertion(arg, end, op == Op::ASSERT_NOT),
            Op::ATOMIC_GROUP => {
                let next = self.skip(arg, end)?;
                self.expect(next - 1, end, Op::SUCCESS)?;
                self.emit(Inst::Atomic);
                self.whole_block(arg + 1, next - 1)?;
                self.emit(Inst::EndAtomic);
                self.set_label();
                Ok(next)
            }
            _ => Err(CodeError),
        }
    }

    /// What the single-character operator at `at` matches and where it ends, if it is one.
    fn single(&self, at: usize, end: usize) -> Result<Option<(Single, usize)>> {
        let op = self.op(at, end)?;
        let locale = &self.program.locale;
        let literal = |negated, fold| -> Result<_> {
            let class = Class::literal_ignore(self.word(at + 1, end)?, negated, fold, locale);
            Ok(Some((Single::Class(Box::new(class)), at + 2)))
        };
        let set = |fold| -> Result<_> {
            let next = self.skip(at + 1, end)?;
            let (items, len) = Items::parse(&self.code[at + 2..next])?;
            if at + 2 + len != next {
                return Err(CodeError);
            }
            Ok(Some((Single::Class(Box::new(Class::set(items, fold, locale))), next)))
        };
        let plain = |class, len| Ok(Some((Single::Class(Box::new(class)), at + len)));
        match op {
            Op::ANY => plain(Class::all_but(u32::from('\n')), 1),
            Op::ANY_ALL => plain(Class::all(), 1),
            Op::LITERAL => Ok(Some((Single::Literal(self.word(at + 1, end)?), at + 2))),
            Op::NOT_LITERAL => plain(Class::all_but(self.word(at + 1, end)?), 2),
            Op::CATEGORY => {
                let category = Category::from_code(self.word(at + 1, end)?).ok_or(CodeError)?;
                plain(Class::category(category, locale), 2)
            }
            Op::IN => set(Fold::None),
            Op::IN_IGNORE => set(Fold::Ascii),
            Op::IN_LOC_IGNORE => set(Fold::Locale),
            Op::IN_UNI_IGNORE => set(Fold::Unicode),
            Op::LITERAL_IGNORE => literal(false, Fold::Ascii),
            Op::LITERAL_LOC_IGNORE => literal(false, Fold::Locale),
            Op::LITERAL_UNI_IGNORE => literal(false, Fold::Unicode),
            Op::NOT_LITERAL_IGNORE => literal(true, Fold::Ascii),
            Op::NOT_LITERAL_LOC_IGNORE => literal(true, Fold::Locale),
            Op::NOT_LITERAL_UNI_IGNORE => literal(true, Fold::Unicode),
            _ => Ok(None),
        }
    }

    /// A literal, joined to those right before it.
    fn literal(&mut self, literal: u32) {
        let strings = &mut self.program.strings;
        let joinable = self.program.insts.len() > self.label;
        let start = match self.program.insts.last_mut() {
            Some(last @ Inst::Literal(_)) if joinable => {
                let &mut Inst::Literal(first) = last else { return };
                let start = strings.len() as u32;
                strings.extend([first, literal]);
                *last = Inst::Str { start, len: 2 };
                start as usize
            }
            Some(Inst::Str { start, len })
                if joinable && (*start + *len) as usize == strings.len() =>
            {
                strings.push(literal);
                *len += 1;
                *start as usize
            }
            _ => {
                self.emit(Inst::Literal(literal));
                if self.depth == 1 && self.required.is_empty() {
                    self.required.push(literal);
                }
                return;
            }
        };
        if self.depth == 1 && self.program.strings.len() - start > self.required.len() {
            self.required = self.program.strings[start..].to_vec();
        }
    }

    fn group_ref(&mut self, arg: usize, end: usize, compare: Compare) -> Result<usize> {
        let group = self.group(arg, end)?;
        self.emit(Inst::GroupRef { group, compare });
        Ok(arg + 1)
    }

    fn group(&self, arg: usize, end: usize) -> Result<u32> {
        let group = self.word(arg, end)?;
        if (group as usize) < self.program.groups { Ok(group) } else { Err(CodeError) }
    }

    /// `GROUPREF_EXISTS group skip yes [JUMP skip no]`, the skip counted from the group.
    fn conditional(&mut self, arg: usize, end: usize) -> Result<usize> {
        let group = self.group(arg, end)?;
        let skip = self.word(arg + 1, end)? as usize;
        let no_code = arg.checked_add(skip).filter(|&at| at <= end).ok_or(CodeError)?;
        if no_code < arg + 2 {
            return Err(CodeError);
        }
        let exists = self.emit(Inst::GroupExists { group, no: 0 });
        let stop = self.block(arg + 2, no_code)?;
        let next = if stop == no_code {
            stop
        } else {
            let next = self.skip(stop + 1, end)?;
            let jump = self.emit(Inst::Jump(0));
            let no = self.set_label();
            self.program.insts[exists as usize] = Inst::GroupExists { group, no };
            self.whole_block(no_code, next)?;
            self.program.insts[jump as usize] = Inst::Jump(self.pc());
            self.set_label();
            return Ok(next);
        };
        let no = self.set_label();
        self.program.insts[exists as usize] = Inst::GroupExists { group, no };
        Ok(next)
    }

    /// `BRANCH (skip alternative JUMP skip)* 0`: every JUMP leads past the closing 0.
    fn branch(&mut self, mut at: usize, end: usize) -> Result<usize> {
        let mut jumps = Vec::new();
        let mut targets = Vec::new();
        let mut last_alt = None;
        loop {
            if self.word(at, end)? == 0 {
                break;
            }
            let next = self.skip(at, end)?;
            let alt = self.emit(Inst::Alt { hint: NO_HINT, next: NO_PC });
            if let Some(last) = last_alt.replace(alt) {
                self.program.insts[last as usize] = Inst::Alt { hint: NO_HINT, next: alt };
            }
            let stop = self.block(at + 1, next)?;
            if stop == next {
                return Err(CodeError);
            }
            targets.push(self.skip(stop + 1, end)?);
            jumps.push(self.emit(Inst::Jump(0)));
            self.set_label();
            at = next;
        }
        let next = at + 1;
        if jumps.is_empty() || targets.iter().any(|&target| target != next) {
            return Err(CodeError);
        }
        let after = self.set_label();
        for jump in jumps {
            self.program.insts[jump as usize] = Inst::Jump(after);
        }
        Ok(next)
    }

    fn bounds(&self, at: usize, end: usize) -> Result<(u32, u32)> {
        let (min, max) = (self.word(at, end)?, self.word(at + 1, end)?);
        if min <= max { Ok((min, max)) } else { Err(CodeError) }
    }

    /// `REPEAT_ONE skip min max item SUCCESS`
    fn repeat_one(&mut self, arg: usize, end: usize, greed: Greed) -> Result<usize> {
        let next = self.skip(arg, end)?;
        let (min, max) = self.bounds(arg + 1, next)?;
        let (single, stop) = self.single(arg + 3, next)?.ok_or(CodeError)?;
        if stop + 1 != next {
            return Err(CodeError);
        }
        self.expect(stop, next, Op::SUCCESS)?;
        let class = match single {
            Single::Literal(literal) => Box::new(Class::literal(literal)),
            Single::Class(class) => class,
        };
        let class = self.class(class);
        let repeat = RepeatOne {
            class,
            min,
            max,
            greed,
            hint: NO_HINT,
            exclusive_narrow: false,
            exclusive_wide: false,
        };
        self.program.repeats.push(repeat);
        let id = self.program.repeats.len() as u32 - 1;
        self.emit(Inst::RepeatOne(id));
        Ok(next)
    }

    fn new_loop(&mut self, (min, max): (u32, u32), body: Pc) -> u32 {
        let slot = self.program.registers as u32;
        self.program.registers += 2;
        self.program.loops.push(Loop { slot, min, max, body });
        self.program.loops.len() as u32 - 1
    }

    /// `REPEAT skip min max body MAX_UNTIL` (or `MIN_UNTIL`)
    fn repeat(&mut self, arg: usize, end: usize) -> Result<usize> {
        let until = self.skip(arg, end)?;
        let bounds = self.bounds(arg + 1, until)?;
        let start = self.emit(Inst::LoopStart { slot: 0, until: 0 });
        let body = self.set_label();
        let id = self.new_loop(bounds, body);
        self.whole_block(arg + 3, until)?;
        let inst = match self.op(until, end)? {
            Op::MAX_UNTIL => Inst::MaxUntil(id),
            Op::MIN_UNTIL => Inst::MinUntil(id),
            _ => return Err(CodeError),
        };
        let slot = self.program.loops[id as usize].slot;
        let until_pc = self.emit(inst);
        self.program.insts[start as usize] = Inst::LoopStart { slot, until: until_pc };
        self.set_label();
        Ok(until + 1)
    }

    /// `POSSESSIVE_REPEAT skip min max body SUCCESS`
    fn possessive(&mut self, arg: usize, end: usize) -> Result<usize> {
        let stop = self.skip(arg, end)?;
        let bounds = self.bounds(arg + 1, stop)?;
        self.expect(stop, end, Op::SUCCESS)?;
        let start = self.emit(Inst::LoopStart { slot: 0, until: 0 });
        let head = self.emit(Inst::PossessiveLoop { id: 0, end: 0 });
        let body = self.set_label();
        let id = self.new_loop(bounds, body);
        self.whole_block(arg + 3, stop)?;
        self.emit(Inst::EndPossessive { id, head });
        let after = self.set_label();
        let slot = self.program.loops[id as usize].slot;
        self.program.insts[start as usize] = Inst::LoopStart { slot, until: head };
        self.program.insts[head as usize] = Inst::PossessiveLoop { id, end: after };
        Ok(stop + 1)
    }

    /// `ASSERT skip back pattern SUCCESS`
    fn assertion(&mut self, arg: usize, end: usize, negated: bool) -> Result<usize> {
        let next = self.skip(arg, end)?;
        let back = self.word(arg + 1, next)?;
        // CPython's validator draws the same line.
        if back & 0x8000_0000 != 0 {
            return Err(CodeError);
        }
        self.expect(next - 1, next, Op::SUCCESS)?;
        let start = self.emit(Inst::Fail);
        self.whole_block(arg + 2, next - 1)?;
        self.emit(if negated { Inst::EndAssertNot } else { Inst::EndAssert });
        let after = self.set_label();
        self.program.insts[start as usize] = Inst::Assert { back, negated, end: after };
        Ok(next)
    }
}

/// A single-character operator.
enum Single {
    Literal(u32),
    Class(Box<Class>),
}

/// Whether a repetition has no upper bound.
pub(crate) fn unbounded(max: u32) -> bool {
    max == MAXREPEAT
}
