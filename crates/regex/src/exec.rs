//! The machine: runs a program from one start, backtracking on a stack of its own.
//!
//! Answers to `SRE(match)` in `Modules/_sre/sre_lib.h`, in other terms. Marks and loop counters are
//! *registers*; whoever changes one notes the old value on the *trail*. A *choice* remembers a
//! place to come back to and how long the trail was; coming back undoes what was noted since.
//! Assertions and atomic groups push a choice as a *barrier* and, when their inside has matched,
//! drop it with all choices above it; the trail stays, so that an earlier choice still undoes
//! everything.
//!
//! This restores all groups on backtracking, as CPython does wherever it makes a difference.

use smallvec::SmallVec;

use crate::Interrupt;
use crate::charset::{Class, ClassKind};
use crate::compile::unbounded;
use crate::helpers::{ascii_tolower, unicode_tolower};
use crate::opcode::At;
use crate::program::{Compare, Greed, Inst, Loop, NO_HINT, NO_PC, Pc, Program};
use crate::unit::Unit;

/// A register that was never set; no text is that long.
pub(crate) const UNSET: usize = usize::MAX;

/// The most memory for choices and trail together.
const MEMORY_LIMIT: usize = 1 << 29;

/// So many steps go by between two questions to the caller.
const STEPS_PER_POLL: u32 = 1 << 14;

/// What to do on coming back to a choice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// Go on at `pc`.
    Resume,
    /// A greedy repetition: try the rest (`pc`) up to `ptr`, down to `extra`.
    Greedy,
    /// A lazy repetition at `pc`: take one character more, at most `extra`.
    Lazy,
    /// A lazy loop at `pc`: do another round.
    LazyLoop,
    /// The inside of an assertion or atomic group has failed, and so has it. `extra` is the barrier
    /// below.
    Barrier,
    /// The same where failure means going on at `pc`: a negative assertion, or the round of a
    /// possessive loop that may be missing.
    BarrierResume,
}

#[derive(Clone, Copy, Debug)]
struct Choice {
    kind: Kind,
    pc: Pc,
    lastindex: u32,
    trail: u32,
    ptr: usize,
    extra: usize,
}

const NO_BARRIER: usize = usize::MAX;

/// What a match in progress needs beside the program and the text.
#[derive(Default)]
pub(crate) struct Machine {
    pub(crate) registers: SmallVec<[usize; 16]>,
    /// The group closed last, from 1; 0 for none.
    pub(crate) lastindex: u32,
    choices: Vec<Choice>,
    trail: Vec<(u32, usize)>,
    steps: u32,
}

/// What the end of the pattern demands.
#[derive(Clone, Copy, Default)]
pub(crate) struct Goal {
    /// The match must reach the end of the text.
    pub(crate) whole: bool,
    /// The match must not be empty.
    pub(crate) advance: bool,
}

pub(crate) type Poll<'a> = &'a mut dyn FnMut() -> bool;

impl Machine {
    /// Counts a step; now and then asks whether to go on.
    #[inline]
    pub(crate) fn step(&mut self, poll: Poll<'_>) -> Result<(), Interrupt> {
        if self.steps == 0 {
            self.steps = STEPS_PER_POLL;
            return if poll() { Ok(()) } else { Err(Interrupt::Stopped) };
        }
        self.steps -= 1;
        Ok(())
    }

    /// Counts the characters of a long run as steps, 64 for one.
    #[inline]
    fn charge(&mut self, characters: usize) {
        let steps = u32::try_from(characters >> 6).unwrap_or(u32::MAX);
        self.steps = self.steps.saturating_sub(steps);
    }

    #[inline]
    fn push(&mut self, kind: Kind, pc: Pc, ptr: usize, extra: usize) -> Result<(), Interrupt> {
        if self.choices.len() == self.choices.capacity() {
            self.grow()?;
        }
        let trail = self.trail.len() as u32;
        self.choices.push(Choice { kind, pc, lastindex: self.lastindex, trail, ptr, extra });
        Ok(())
    }

    #[cold]
    fn grow(&mut self) -> Result<(), Interrupt> {
        let more = self.choices.capacity().max(16);
        self.choices.try_reserve(more).map_err(|_| Interrupt::OutOfMemory)?;
        self.check_memory()
    }

    #[cold]
    fn grow_trail(&mut self) -> Result<(), Interrupt> {
        let more = self.trail.capacity().max(32);
        self.trail.try_reserve(more).map_err(|_| Interrupt::OutOfMemory)?;
        self.check_memory()
    }

    fn check_memory(&self) -> Result<(), Interrupt> {
        let choices = self.choices.capacity() * size_of::<Choice>();
        let trail = self.trail.capacity() * size_of::<(u32, usize)>();
        if choices + trail > MEMORY_LIMIT { Err(Interrupt::OutOfMemory) } else { Ok(()) }
    }

    /// Changes a register so that every choice there is undoes it.
    #[inline]
    fn set(&mut self, register: u32, value: usize) -> Result<(), Interrupt> {
        if !self.choices.is_empty() {
            if self.trail.len() == self.trail.capacity() {
                self.grow_trail()?;
            }
            self.trail.push((register, self.registers[register as usize]));
        }
        self.registers[register as usize] = value;
        Ok(())
    }

    fn undo(&mut self, trail: u32) {
        while self.trail.len() > trail as usize {
            let Some((register, value)) = self.trail.pop() else { break };
            self.registers[register as usize] = value;
        }
    }

    /// Drops the barrier and all choices above it; returns where the inside began, and the barrier
    /// below.
    fn leave(&mut self, barrier: usize) -> Option<Choice> {
        let choice = self.choices.get(barrier).copied();
        self.choices.truncate(barrier);
        choice
    }

    /// The span of a group (from 0) that has matched.
    pub(crate) fn group(&self, group: usize) -> Option<(usize, usize)> {
        let (start, end) = (self.registers[group * 2], self.registers[group * 2 + 1]);
        (start != UNSET && end != UNSET && start <= end).then_some((start, end))
    }

    /// Tries to match `text` from `start` on; the end of the match, or `None`.
    pub(crate) fn run<U: Unit>(
        &mut self,
        program: &Program,
        text: &[U],
        start: usize,
        goal: Goal,
        poll: Poll<'_>,
    ) -> Result<Option<usize>, Interrupt> {
        if self.registers.len() == program.registers {
            self.registers.fill(UNSET);
        } else {
            self.registers = SmallVec::from_elem(UNSET, program.registers);
        }
        self.lastindex = 0;
        self.choices.clear();
        self.trail.clear();
        let insts = program.insts.as_slice();
        let mut pc: Pc = 0;
        let mut ptr = start;
        let mut barrier = NO_BARRIER;
        loop {
            // Each arm goes on with the next instruction, or falls out of the `match` to fail.
            let Some(&inst) = insts.get(pc as usize) else { return Ok(None) };
            match inst {
                Inst::Literal(literal) => {
                    if ptr < text.len() && text[ptr].code() == literal {
                        ptr += 1;
                        pc += 1;
                        continue;
                    }
                }
                Inst::Class(class) => {
                    if ptr < text.len()
                        && program.classes[class as usize].contains(text[ptr].code())
                    {
                        ptr += 1;
                        pc += 1;
                        continue;
                    }
                }
                Inst::Str { start, len } => {
                    let string = &program.strings[start as usize..(start + len) as usize];
                    if let Some(there) = text.get(ptr..ptr + string.len())
                        && there.iter().zip(string).all(|(unit, &code)| unit.code() == code)
                    {
                        ptr += string.len();
                        pc += 1;
                        continue;
                    }
                }
                Inst::RepeatOne(id) => {
                    let repeat = program.repeats[id as usize];
                    let class = &program.classes[repeat.class as usize];
                    let room = text.len() - ptr;
                    let (min, max) = (repeat.min as usize, at_most(repeat.max, room));
                    if min <= room {
                        if repeat.greed == Greed::Lazy {
                            let taken = span(class, &text[ptr..ptr + min]);
                            if taken == min {
                                ptr += min;
                                let rest = max.saturating_sub(min);
                                if let Some((at, left)) =
                                    lazy_stop(program, class, repeat.hint, text, ptr, rest)
                                {
                                    if left > 0 {
                                        self.push(Kind::Lazy, pc, at, left)?;
                                    }
                                    ptr = at;
                                    pc += 1;
                                    continue;
                                }
                            }
                        } else {
                            let taken = span(class, &text[ptr..ptr + max]);
                            self.charge(taken);
                            let exclusive = if U::NARROW {
                                repeat.exclusive_narrow
                            } else {
                                repeat.exclusive_wide
                            };
                            if taken >= min {
                                if exclusive || taken == min || repeat.greed == Greed::Possessive {
                                    ptr += taken;
                                    pc += 1;
                                    continue;
                                }
                                let low = ptr + min;
                                let hint = repeat.hint;
                                if let Some(at) = greedy_stop(program, hint, text, low, ptr + taken)
                                {
                                    if at > low {
                                        self.push(Kind::Greedy, pc, at - 1, low)?;
                                    }
                                    ptr = at;
                                    pc += 1;
                                    continue;
                                }
                            }
                        }
                    }
                }
                Inst::Mark(mark) => {
                    if mark & 1 == 1 {
                        self.lastindex = mark / 2 + 1;
                    }
                    self.set(mark, ptr)?;
                    pc += 1;
                    continue;
                }
                Inst::At(at) => {
                    if is_at(program, at, text, ptr) {
                        pc += 1;
                        continue;
                    }
                }
                Inst::Jump(target) => {
                    pc = target;
                    continue;
                }
                Inst::Alt { hint, next } => {
                    let next = viable(program, next, text, ptr);
                    if allows(program, hint, text, ptr) {
                        if next != NO_PC {
                            self.push(Kind::Resume, next, ptr, 0)?;
                        }
                        pc += 1;
                        continue;
                    }
                    if next != NO_PC {
                        pc = next;
                        continue;
                    }
                }
                Inst::LoopStart { slot, until } => {
                    self.set(slot, 0)?;
                    self.set(slot + 1, UNSET)?;
                    pc = until;
                    continue;
                }
                Inst::MaxUntil(id) => {
                    self.step(poll)?;
                    let Loop { slot, min, max, body } = program.loops[id as usize];
                    let rounds = self.registers[slot as usize];
                    if rounds < min as usize {
                        self.set(slot, rounds + 1)?;
                        pc = body;
                        continue;
                    }
                    let advanced = self.registers[slot as usize + 1] != ptr;
                    if (unbounded(max) || rounds < max as usize) && advanced {
                        self.push(Kind::Resume, pc + 1, ptr, 0)?;
                        self.set(slot, rounds + 1)?;
                        self.set(slot + 1, ptr)?;
                        pc = body;
                        continue;
                    }
                    pc += 1;
                    continue;
                }
                Inst::MinUntil(id) => {
                    self.step(poll)?;
                    let Loop { slot, min, max, body } = program.loops[id as usize];
                    let rounds = self.registers[slot as usize];
                    if rounds < min as usize {
                        self.set(slot, rounds + 1)?;
                        pc = body;
                        continue;
                    }
                    let advanced = self.registers[slot as usize + 1] != ptr;
                    if (unbounded(max) || rounds < max as usize) && advanced {
                        self.push(Kind::LazyLoop, pc, ptr, 0)?;
                    }
                    pc += 1;
                    continue;
                }
                Inst::GroupRef { group, compare } => {
                    if let Some(len) = self.same_again(program, text, ptr, group, compare) {
                        ptr += len;
                        pc += 1;
                        continue;
                    }
                }
                Inst::GroupExists { group, no } => {
                    pc = if self.group(group as usize).is_some() { pc + 1 } else { no };
                    continue;
                }
                Inst::Assert { back, negated, end } => {
                    let kind = if negated { Kind::BarrierResume } else { Kind::Barrier };
                    if let Some(inside) = ptr.checked_sub(back as usize) {
                        self.push(kind, end, ptr, barrier)?;
                        barrier = self.choices.len() - 1;
                        ptr = inside;
                        pc += 1;
                        continue;
                    }
                    if negated {
                        pc = end;
                        continue;
                    }
                }
                Inst::EndAssert => {
                    if let Some(choice) = self.leave(barrier) {
                        (barrier, ptr) = (choice.extra, choice.ptr);
                        pc += 1;
                        continue;
                    }
                }
                Inst::EndAssertNot => {
                    if let Some(choice) = self.leave(barrier) {
                        self.undo(choice.trail);
                        self.lastindex = choice.lastindex;
                        barrier = choice.extra;
                    }
                }
                Inst::Atomic => {
                    self.push(Kind::Barrier, pc, ptr, barrier)?;
                    barrier = self.choices.len() - 1;
                    pc += 1;
                    continue;
                }
                Inst::EndAtomic => {
                    if let Some(choice) = self.leave(barrier) {
                        barrier = choice.extra;
                        pc += 1;
                        continue;
                    }
                }
                Inst::PossessiveLoop { id, end } => {
                    self.step(poll)?;
                    let Loop { slot, min, max, body } = program.loops[id as usize];
                    let rounds = self.registers[slot as usize];
                    let needed = rounds < min as usize;
                    let wanted = unbounded(max) || rounds < max as usize;
                    let advanced = self.registers[slot as usize + 1] != ptr;
                    if needed || wanted && advanced {
                        let kind = if needed { Kind::Barrier } else { Kind::BarrierResume };
                        self.push(kind, end, ptr, barrier)?;
                        barrier = self.choices.len() - 1;
                        pc = body;
                    } else {
                        pc = end;
                    }
                    continue;
                }
                Inst::EndPossessive { id, head } => {
                    if let Some(choice) = self.leave(barrier) {
                        let slot = program.loops[id as usize].slot;
                        barrier = choice.extra;
                        let rounds = self.registers[slot as usize];
                        self.set(slot, rounds.saturating_add(1))?;
                        self.set(slot + 1, choice.ptr)?;
                        pc = head;
                        continue;
                    }
                }
                Inst::Match => {
                    if !(goal.whole && ptr != text.len() || goal.advance && ptr == start) {
                        return Ok(Some(ptr));
                    }
                }
                Inst::Fail => {}
            }

            // Failure: back to the youngest choice that has anything left.
            loop {
                self.step(poll)?;
                let Some(&choice) = self.choices.last() else { return Ok(None) };
                self.undo(choice.trail);
                self.lastindex = choice.lastindex;
                match choice.kind {
                    Kind::Resume => {
                        self.choices.pop();
                        (pc, ptr) = (choice.pc, choice.ptr);
                        break;
                    }
                    Kind::Greedy => {
                        let hint = match insts.get(choice.pc as usize) {
                            Some(&Inst::RepeatOne(id)) => program.repeats[id as usize].hint,
                            _ => NO_HINT,
                        };
                        let stop = greedy_stop(program, hint, text, choice.extra, choice.ptr);
                        let Some(at) = stop else {
                            self.choices.pop();
                            continue;
                        };
                        if at == choice.extra {
                            self.choices.pop();
                        } else if let Some(last) = self.choices.last_mut() {
                            last.ptr = at - 1;
                        }
                        (pc, ptr) = (choice.pc + 1, at);
                        break;
                    }
                    Kind::Lazy => {
                        let Some(&Inst::RepeatOne(id)) = insts.get(choice.pc as usize) else {
                            self.choices.pop();
                            continue;
                        };
                        let repeat = program.repeats[id as usize];
                        let class = &program.classes[repeat.class as usize];
                        let more =
                            choice.ptr < text.len() && class.contains(text[choice.ptr].code());
                        let stop = if more {
                            let (from, rest) = (choice.ptr + 1, choice.extra - 1);
                            lazy_stop(program, class, repeat.hint, text, from, rest)
                        } else {
                            None
                        };
                        let Some((at, left)) = stop else {
                            self.choices.pop();
                            continue;
                        };
                        if left == 0 {
                            self.choices.pop();
                        } else if let Some(last) = self.choices.last_mut() {
                            (last.ptr, last.extra) = (at, left);
                        }
                        (pc, ptr) = (choice.pc + 1, at);
                        break;
                    }
                    Kind::LazyLoop => {
                        self.choices.pop();
                        let Some(&Inst::MinUntil(id)) = insts.get(choice.pc as usize) else {
                            continue;
                        };
                        let Loop { slot, body, .. } = program.loops[id as usize];
                        let rounds = self.registers[slot as usize];
                        self.set(slot, rounds + 1)?;
                        self.set(slot + 1, choice.ptr)?;
                        (pc, ptr) = (body, choice.ptr);
                        break;
                    }
                    Kind::Barrier => {
                        self.choices.pop();
                        barrier = choice.extra;
                    }
                    Kind::BarrierResume => {
                        self.choices.pop();
                        barrier = choice.extra;
                        (pc, ptr) = (choice.pc, choice.ptr);
                        break;
                    }
                }
            }
        }
    }

    /// Whether what a group matched is at `ptr` again; its length.
    fn same_again<U: Unit>(
        &self,
        program: &Program,
        text: &[U],
        ptr: usize,
        group: u32,
        compare: Compare,
    ) -> Option<usize> {
        let (start, end) = self.group(group as usize)?;
        let (then, now) = (text.get(start..end)?, text.get(ptr..ptr + (end - start))?);
        let fold = |unit: U| {
            let c = unit.code();
            match compare {
                Compare::Exact => c,
                Compare::Ascii => ascii_tolower(c),
                Compare::Unicode => unicode_tolower(c),
                Compare::Locale => {
                    program.locale.lower.get(c as usize).map_or(c, |&lower| u32::from(lower))
                }
            }
        };
        let same = match compare {
            Compare::Exact => then == now,
            _ => then.iter().zip(now).all(|(&a, &b)| fold(a) == fold(b)),
        };
        same.then_some(now.len())
    }
}

fn at_most(max: u32, room: usize) -> usize {
    if unbounded(max) { room } else { room.min(max as usize) }
}

/// How many characters at the start of `text` are in the class.
pub(crate) fn span<U: Unit>(class: &Class, text: &[U]) -> usize {
    match class.kind {
        ClassKind::All => text.len(),
        ClassKind::AllBut(excluded) => U::find(text, excluded).unwrap_or(text.len()),
        _ => {
            let outside = |unit: &U| !class.contains(unit.code());
            text.iter().position(outside).unwrap_or(text.len())
        }
    }
}

/// Whether what the hint describes may begin at `ptr`.
#[inline]
fn allows<U: Unit>(program: &Program, hint: u32, text: &[U], ptr: usize) -> bool {
    if hint == NO_HINT {
        return true;
    }
    text.get(ptr).is_some_and(|unit| program.hints[hint as usize].allows(unit.code()))
}

/// The first alternative from `pc` on that may match at `ptr`.
fn viable<U: Unit>(program: &Program, mut pc: Pc, text: &[U], ptr: usize) -> Pc {
    while pc != NO_PC {
        match program.insts.get(pc as usize) {
            Some(&Inst::Alt { hint, next }) if !allows(program, hint, text, ptr) => pc = next,
            _ => break,
        }
    }
    pc
}

/// The last place in `low..=high` where what the hint describes may begin.
fn greedy_stop<U: Unit>(
    program: &Program,
    hint: u32,
    text: &[U],
    low: usize,
    high: usize,
) -> Option<usize> {
    if hint == NO_HINT {
        return Some(high);
    }
    let first = &program.hints[hint as usize];
    // At the end of the text nothing begins.
    let places = &text[low..text.len().min(high + 1)];
    let found = match first.literal {
        Some(literal) => U::rfind(places, literal),
        None => places.iter().rposition(|unit| first.allows(unit.code())),
    };
    found.map(|at| low + at)
}

/// The first place from `ptr` on, with only characters of the class between and at most `rest` of
/// them, where what the hint describes may begin; and how many more may be taken there.
fn lazy_stop<U: Unit>(
    program: &Program,
    class: &Class,
    hint: u32,
    text: &[U],
    ptr: usize,
    rest: usize,
) -> Option<(usize, usize)> {
    if hint == NO_HINT {
        return Some((ptr, rest));
    }
    let first = &program.hints[hint as usize];
    let window = &text[ptr..text.len().min(ptr.saturating_add(rest).saturating_add(1))];
    let skipped = match (&class.kind, first.literal) {
        (ClassKind::All, Some(literal)) => U::find(window, literal)?,
        _ => {
            let stop = |unit: &U| {
                let c = unit.code();
                first.allows(c) || !class.contains(c)
            };
            let at = window.iter().position(stop)?;
            if !first.allows(window[at].code()) {
                return None;
            }
            at
        }
    };
    Some((ptr + skipped, rest - skipped))
}

fn is_at<U: Unit>(program: &Program, at: At, text: &[U], ptr: usize) -> bool {
    let newline = |at: usize| text.get(at).is_some_and(|unit| unit.code() == u32::from('\n'));
    match at {
        At::Beginning => ptr == 0,
        At::BeginningLine => ptr == 0 || newline(ptr - 1),
        At::End => ptr == text.len() || ptr + 1 == text.len() && newline(ptr),
        At::EndLine => ptr == text.len() || newline(ptr),
        At::EndString => ptr == text.len(),
        At::Boundary(words) | At::NonBoundary(words) => {
            let word =
                |unit: Option<&U>| unit.is_some_and(|unit| program.is_word(words, unit.code()));
            let before = word(ptr.checked_sub(1).and_then(|at| text.get(at)));
            (before != word(text.get(ptr))) == matches!(at, At::Boundary(_))
        }
    }
}
