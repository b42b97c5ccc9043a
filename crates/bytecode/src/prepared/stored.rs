//! A plan as the library's image holds it: instructions of two bytes mostly, and what only exceptions, jumps
//! out of blocks and tools ask for, which is unpacked then.
//!
//! | part | what |
//! | --- | --- |
//! | numbers | caches, greatest depth, instructions, blocks |
//! | each block | numbers: kind, parent, level, target, offset |
//! | three times bytes | offsets, blocks and depths by instruction, each as *differences* from the one before, the first from 0; or none |
//! | each instruction | a byte, the operation; a *difference*, `c`. `a` is 0 and `b` the next cache, or 0 where there is none. Otherwise [`WHOLE`] stands before them, `a`, and `b` in two bytes |
//!
//! *Numbers* and *bytes* are those of `stored.rs` one level up. A *difference* is a number that counts 0, -1, 1,
//! -2, 2 and so on.

use super::{Instr, Instructions, Numbers, P, Plan, PlannedBlock};
use crate::stored::{number, put_number};
use crate::verify::BlockKind;

/// Stands before an instruction whose operands are written out.
const WHOLE: u8 = 0xff;

const _: () = assert!(P::ALL.len() < WHOLE as usize);

const KINDS: [BlockKind; 5] = [
    BlockKind::Loop,
    BlockKind::Except,
    BlockKind::Finally,
    BlockKind::ExceptHandler,
    BlockKind::FinallyBody,
];

/// So many instructions, or differences, where they lie in the binary.
#[derive(Clone, Copy, Debug, Default)]
pub struct Packed {
    count: u32,
    bytes: &'static [u8],
}

/// Instructions whose `b` is a cache.
fn has_cache(op: P) -> bool {
    matches!(
        op,
        P::LoadName
            | P::StoreName
            | P::LoadGlobal
            | P::StoreGlobal
            | P::LoadAttr
            | P::StoreAttr
            | P::LoadMethod
    )
}

/// The `b` that an instruction has if nothing else is said, where so many caches were before.
fn usual(op: P, caches: &mut u32) -> u16 {
    if !has_cache(op) {
        return 0;
    }
    let cache = *caches;
    *caches += 1;
    cache as u16
}

fn put_difference(out: &mut Vec<u8>, difference: u32) {
    let signed = difference as i32;
    put_number(out, (signed << 1 ^ signed >> 31) as u32);
}

#[inline]
fn difference(bytes: &'static [u8]) -> Option<(u32, &'static [u8])> {
    let (n, rest) = number(bytes)?;
    Some((n >> 1 ^ (n & 1).wrapping_neg(), rest))
}

impl Packed {
    pub(super) fn instructions<T>(self, f: impl Fn(Instr) -> T) -> Vec<T> {
        let mut made = Vec::with_capacity(self.count as usize);
        let (mut rest, mut caches) = (self.bytes, 0);
        while let Some(instruction) = next_instruction(&mut rest, &mut caches) {
            made.push(f(instruction));
        }
        made
    }

    pub(super) fn numbers(self) -> Box<[u32]> {
        let (mut rest, mut last) = (self.bytes, 0u32);
        let mut made = Vec::with_capacity(self.count as usize);
        while let Some((step, behind)) = difference(rest) {
            last = last.wrapping_add(step);
            made.push(last);
            rest = behind;
        }
        made.into()
    }
}

#[inline]
fn next_instruction(rest: &mut &'static [u8], caches: &mut u32) -> Option<Instr> {
    // Nearly all are of two bytes.
    if let [op, c, behind @ ..] = rest
        && *c < 0x80
        && let Some(&op) = P::ALL.get(*op as usize)
    {
        let c = u32::from(*c);
        *rest = behind;
        return Some(Instr { op, a: 0, b: usual(op, caches), c: c >> 1 ^ (c & 1).wrapping_neg() });
    }
    let (&first, mut behind) = rest.split_first()?;
    let mut whole = None;
    let mut op = first;
    if first == WHOLE {
        let ([a, low, high, number], more) = behind.split_first_chunk::<4>()?;
        (whole, op, behind) = (Some((*a, u16::from_le_bytes([*low, *high]))), *number, more);
    }
    let op = *P::ALL.get(op as usize)?;
    let usual = usual(op, caches);
    let (a, b) = whole.unwrap_or((0, usual));
    let (c, behind) = difference(behind)?;
    *rest = behind;
    Some(Instr { op, a, b, c })
}

/// A plan in bytes.
pub(crate) fn write(plan: &Plan) -> Vec<u8> {
    let instructions = plan.instructions.to_vec(|i| i);
    let mut out = Vec::new();
    let sizes = [instructions.len() as u32, plan.blocks.len() as u32];
    for n in [plan.caches, plan.max_depth].into_iter().chain(sizes) {
        put_number(&mut out, n);
    }
    for block in &plan.blocks {
        let kind = KINDS.iter().position(|kind| *kind == block.kind).unwrap_or(0);
        for n in [kind as u32, block.parent, block.level, block.target, block.offset] {
            put_number(&mut out, n);
        }
    }
    for table in [&plan.offsets, &plan.block_of, &plan.depth_of] {
        let (mut bytes, mut last) = (Vec::new(), 0u32);
        for &n in table.as_slice() {
            put_difference(&mut bytes, n.wrapping_sub(last));
            last = n;
        }
        put_number(&mut out, bytes.len() as u32);
        out.extend(bytes);
    }
    let mut caches = 0;
    for Instr { op, a, b, c } in instructions {
        if (a, b) != (0, usual(op, &mut caches)) {
            out.extend([WHOLE, a]);
            out.extend(b.to_le_bytes());
        }
        out.push(op as u8);
        put_difference(&mut out, c);
    }
    out
}

/// What [`write`] wrote, used where it lies: the bytes are part of the binary, and trusted to be of verified
/// code.
pub(crate) fn read(bytes: &'static [u8]) -> Option<Plan> {
    let mut rest = bytes;
    let mut next = || {
        let (n, behind) = number(rest)?;
        rest = behind;
        Some(n)
    };
    let (caches, max_depth) = (next()?, next()?);
    let (count, blocks) = (next()?, next()?);
    let blocks = (0..blocks)
        .map(|_| {
            Some(PlannedBlock {
                kind: *KINDS.get(next()? as usize)?,
                parent: next()?,
                level: next()?,
                target: next()?,
                offset: next()?,
            })
        })
        .collect::<Option<_>>()?;
    let mut table = || {
        let (length, behind) = number(rest)?;
        let (bytes, behind) = behind.split_at_checked(length as usize)?;
        rest = behind;
        Some(Numbers::stored(Packed { count, bytes }))
    };
    let (offsets, block_of, depth_of) = (table()?, table()?, table()?);
    Some(Plan {
        instructions: Instructions::Stored(Packed { count, bytes: rest }),
        offsets,
        block_of,
        depth_of,
        blocks,
        caches,
        max_depth,
    })
}
