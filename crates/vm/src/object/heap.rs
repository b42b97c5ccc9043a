//! Memory of heap objects: pools of equal blocks for small ones, the global allocator for the rest.
//!
//! ```text
//!   arena (1 MiB from the system)  =  128 pools of 8 KiB, each aligned to its size
//!   pool  =  head | block | block | ...        all of one size class, a multiple of 8 bytes
//! ```
//!
//! A pool is found from a block's address by masking, so freeing needs no size. Each pool keeps a list
//! of its free blocks; each class a list of its pools with free blocks, the first of which serves. A
//! pool without blocks in use goes back to its arena and may serve any class; an arena without pools
//! in use goes back to the system.
//!
//! Objects live and die under the interpreter lock, so nothing here is atomic or local to a thread;
//! that is what makes it faster than any general allocator. CPython's counterpart: pymalloc,
//! `Objects/obmalloc.c`.

#![expect(unsafe_code, reason = "an allocator")]

use super::{GilCell, census};
use crate::runtime::tracemalloc;
use std::alloc::Layout as Memory;
use std::ptr::{NonNull, null_mut};

/// Objects up to this many bytes come from pools.
pub(crate) const MAX_POOLED: usize = 512;
const CLASSES: usize = MAX_POOLED / 8 + 1;
const POOL: usize = 8 << 10;
const ARENA: usize = 1 << 20;
const POOLS: usize = ARENA / POOL;
/// So much of the first arena any program uses: the system is asked for it at once, which takes a third of
/// the time of a page fault for each page.
const AT_START: usize = 832 << 10;

/// A free block: the next one.
struct Free(*mut Free);

/// The head of a pool. A pool is in its class's list exactly while it has a free block.
struct Pool {
    free: *mut Free,
    /// Free blocks that are not to be found: while somebody traces, so that each allocation takes the slow way.
    hidden: *mut Free,
    /// Where the part begins that never held a block.
    fresh: *mut u8,
    end: *mut u8,
    used: u32,
    class: u32,
    next: *mut Pool,
    prev: *mut Pool,
    arena: *mut Arena,
}

struct Arena {
    /// What the system gave, a little more than `ARENA`.
    mapping: *mut libc::c_void,
    /// It came from the global allocator instead, which may have something left.
    lent: bool,
    /// Pools not in use, linked by `next`; then those never used yet.
    free: *mut Pool,
    fresh: *mut u8,
    end: *mut u8,
    used: u32,
    next: *mut Arena,
    prev: *mut Arena,
}

struct Heap {
    /// The pool that serves a class, or null; its list goes on by `next`.
    pools: [*mut Pool; CLASSES],
    /// How many pools of a class are full, and so in no list.
    full: [usize; CLASSES],
    /// Arenas with a pool to give.
    arenas: *mut Arena,
    /// Has there been an arena?
    begun: bool,
}

static HEAP: GilCell<Heap> = GilCell::new(Heap {
    pools: [null_mut(); CLASSES],
    full: [0; CLASSES],
    arenas: null_mut(),
    begun: false,
});

/// Memory for an object of `size` bytes, aligned to 8. Does not return if there is none.
#[inline(always)]
pub(crate) fn allocate(size: usize) -> NonNull<u8> {
    let block = take(size);
    census::given(block);
    block
}

#[inline(always)]
fn take(size: usize) -> NonNull<u8> {
    if size > MAX_POOLED || PLAIN {
        return allocate_large(size);
    }
    let class = size.div_ceil(8);
    // SAFETY: the pool is alive while it is in the list; its first free block, if any, is in its
    // memory and becomes the caller's.
    HEAP.with(|heap| unsafe {
        let pool = heap.pools[class];
        if !pool.is_null() {
            let block = (*pool).free;
            if let Some(free) = NonNull::new(block) {
                (*pool).free = (*block).0;
                (*pool).used += 1;
                return free.cast();
            }
        }
        allocate_slowly(heap, size)
    })
}

/// Hides the free blocks of all pools, or shows them again.
pub(crate) fn hide_free_blocks(hide: bool) {
    HEAP.with(|heap| {
        for &first in &heap.pools {
            let mut at = first;
            // SAFETY: pools in the list are alive.
            while let Some(pool) = unsafe { at.as_mut() } {
                let Pool { free, hidden, .. } = pool;
                // SAFETY: what is in the lists is nobody else's.
                unsafe { if hide { splice(free, hidden) } else { splice(hidden, free) } };
                at = pool.next;
            }
        }
    });
}

/// Puts a list of free blocks in front of another one.
///
/// # Safety
/// Both are a pool's.
unsafe fn splice(from: &mut *mut Free, to: &mut *mut Free) {
    let first = std::mem::replace(from, null_mut());
    if first.is_null() {
        return;
    }
    // SAFETY: each free block names the next.
    unsafe {
        let mut last = first;
        while !(*last).0.is_null() {
            last = (*last).0;
        }
        (*last).0 = *to;
    }
    *to = first;
}

/// How many blocks of pools are in use.
pub(crate) fn blocks_in_use() -> usize {
    HEAP.with(|heap| {
        let mut all = 0;
        for (class, &first) in heap.pools.iter().enumerate() {
            all += heap.full[class] * ((POOL - size_of::<Pool>()) / (class.max(1) * 8));
            let mut at = first;
            // SAFETY: pools in the list are alive.
            while let Some(pool) = unsafe { at.as_ref() } {
                all += pool.used as usize;
                at = pool.next;
            }
        }
        all
    })
}

/// Gives the memory of an object back.
///
/// # Safety
/// `block` came from `allocate(size)` and is not used again.
#[inline(always)]
pub(crate) unsafe fn release(block: NonNull<u8>, size: usize) {
    census::returned(block);
    // SAFETY: passed on.
    unsafe { give(block, size) }
}

/// # Safety
/// As for [`release`].
#[inline(always)]
unsafe fn give(block: NonNull<u8>, size: usize) {
    if size > MAX_POOLED || PLAIN {
        // SAFETY: passed on.
        return unsafe { release_large(block, size) };
    }
    // SAFETY: a pooled block lies in a pool that is aligned to its size; the block is the caller's
    // and becomes part of the pool's list.
    HEAP.with(|heap| unsafe {
        let pool = (block.as_ptr() as usize & !(POOL - 1)) as *mut Pool;
        let block: *mut Free = block.as_ptr().cast();
        let first = (*pool).free;
        block.write(Free(first));
        (*pool).free = block;
        let used = (*pool).used - 1;
        (*pool).used = used;
        if first.is_null() || used == 0 {
            release_slowly(heap, pool);
        }
    })
}

/// Changes the size of an object's memory, which may move.
///
/// # Safety
/// As for [`release`]; the content up to the lesser size is kept.
pub(crate) unsafe fn reallocate(block: NonNull<u8>, old: usize, new: usize) -> NonNull<u8> {
    // SAFETY: passed on.
    let moved = unsafe { resize(block, old, new) };
    census::moved(block, moved);
    moved
}

/// # Safety
/// As for [`reallocate`].
unsafe fn resize(block: NonNull<u8>, old: usize, new: usize) -> NonNull<u8> {
    // SAFETY: passed on; the two blocks do not overlap.
    unsafe {
        if (old > MAX_POOLED && new > MAX_POOLED) || PLAIN {
            let moved = std::alloc::realloc(block.as_ptr(), memory(old), new);
            if tracemalloc::is_tracing() && !moved.is_null() {
                tracemalloc::returned(block.as_ptr());
                tracemalloc::given(moved, new);
            }
            return NonNull::new(moved)
                .unwrap_or_else(|| std::alloc::handle_alloc_error(memory(new)));
        }
        let moved = take(new);
        std::ptr::copy_nonoverlapping(block.as_ptr(), moved.as_ptr(), old.min(new));
        give(block, old);
        moved
    }
}

/// Does every object come from the global allocator? For memory checkers, which see no pool.
const PLAIN: bool = cfg!(feature = "plain-alloc");

fn memory(size: usize) -> Memory {
    match Memory::from_size_align(size.max(8), 8) {
        Ok(memory) => memory,
        Err(_) => std::alloc::handle_alloc_error(Memory::new::<usize>()),
    }
}

#[inline(never)]
fn allocate_large(size: usize) -> NonNull<u8> {
    let memory = memory(size);
    // SAFETY: the size is not zero.
    let block = unsafe { std::alloc::alloc(memory) };
    if tracemalloc::is_tracing() && !block.is_null() {
        tracemalloc::given(block, size);
    }
    NonNull::new(block).unwrap_or_else(|| std::alloc::handle_alloc_error(memory))
}

/// # Safety
/// As for [`release`].
#[inline(never)]
unsafe fn release_large(block: NonNull<u8>, size: usize) {
    if tracemalloc::is_tracing() {
        tracemalloc::returned(block.as_ptr());
    }
    // SAFETY: `allocate_large` made it with this layout.
    unsafe { std::alloc::dealloc(block.as_ptr(), memory(size)) }
}

/// The serving pool has no free block in its list.
///
/// # Safety
/// The heap is consistent.
#[cold]
#[inline(never)]
unsafe fn allocate_slowly(heap: &mut Heap, size: usize) -> NonNull<u8> {
    let class = size.div_ceil(8);
    // SAFETY: passed on.
    unsafe {
        if !tracemalloc::is_tracing() {
            return find_block(heap, class);
        }
        let block = find_hidden_block(heap, class);
        tracemalloc::given(block.as_ptr(), size);
        block
    }
}

/// The same while free blocks are hidden.
///
/// # Safety
/// The heap is consistent.
unsafe fn find_hidden_block(heap: &mut Heap, class: usize) -> NonNull<u8> {
    // SAFETY: the pool that serves is alive; its hidden blocks are nobody's.
    unsafe {
        if let Some(pool) = heap.pools[class].as_mut() {
            splice(&mut pool.hidden, &mut pool.free);
            if let Some(free) = NonNull::new(pool.free) {
                pool.hidden = free.as_ref().0;
                pool.free = null_mut();
                pool.used += 1;
                return free.cast();
            }
        }
        let block = find_block(heap, class);
        if let Some(Pool { free, hidden, .. }) = heap.pools[class].as_mut() {
            splice(free, hidden);
        }
        block
    }
}

/// A block of the class's pools or of a new one: its first pool has none in its list.
///
/// # Safety
/// The heap is consistent.
unsafe fn find_block(heap: &mut Heap, class: usize) -> NonNull<u8> {
    let size = class.max(1) * 8;
    // SAFETY: pools in the list are alive, `fresh..end` is their untouched memory.
    unsafe {
        let mut pool = heap.pools[class];
        if pool.is_null() {
            pool = take_pool(heap, class);
        }
        // A few blocks at a time: memory is touched when it is needed.
        let fresh = (*pool).fresh;
        let left = ((*pool).end as usize - fresh as usize) / size;
        let blocks = left.min(16);
        let mut last = fresh;
        for _ in 1..blocks {
            let next = last.add(size);
            last.cast::<Free>().write(Free(next.cast()));
            last = next;
        }
        if blocks == 0 {
            // Full: it leaves the list until one of its blocks is released.
            unlink(heap, pool);
            heap.full[class] += 1;
            return match NonNull::new(heap.pools[class]) {
                Some(next) if !next.as_ref().free.is_null() => {
                    let block = (*next.as_ptr()).free;
                    (*next.as_ptr()).free = (*block).0;
                    (*next.as_ptr()).used += 1;
                    NonNull::new_unchecked(block.cast())
                }
                // What it has may be hidden.
                _ if tracemalloc::is_tracing() => find_hidden_block(heap, class),
                _ => find_block(heap, class),
            };
        }
        last.cast::<Free>().write(Free(null_mut()));
        (*pool).fresh = last.add(size);
        (*pool).free = (*fresh.cast::<Free>()).0;
        (*pool).used += 1;
        NonNull::new_unchecked(fresh)
    }
}

/// A block came back to a pool that was full, or that has no other block in use.
///
/// # Safety
/// The heap is consistent, but for this.
#[cold]
#[inline(never)]
unsafe fn release_slowly(heap: &mut Heap, pool: *mut Pool) {
    // SAFETY: the pool is alive.
    unsafe {
        let class = (*pool).class as usize;
        if tracemalloc::is_tracing() {
            tracemalloc::returned((*pool).free.cast());
            let Pool { free, hidden, .. } = &mut *pool;
            splice(free, hidden);
        }
        let listed = (*pool).next != pool;
        if !listed {
            link(heap, pool);
            heap.full[class] -= 1;
        }
        // The pool that serves stays, so that one object made and dropped in turn costs nothing.
        if (*pool).used == 0 && heap.pools[class] != pool {
            unlink(heap, pool);
            give_pool(heap, pool);
        }
    }
}

/// # Safety
/// The pool is not in its list.
unsafe fn link(heap: &mut Heap, pool: *mut Pool) {
    // SAFETY: both pools are alive.
    unsafe {
        // Behind the one that serves, which goes on serving.
        let first = heap.pools[(*pool).class as usize];
        if first.is_null() {
            (*pool).next = null_mut();
            (*pool).prev = null_mut();
            heap.pools[(*pool).class as usize] = pool;
            return;
        }
        let second = (*first).next;
        (*pool).prev = first;
        (*pool).next = second;
        (*first).next = pool;
        if !second.is_null() {
            (*second).prev = pool;
        }
    }
}

/// # Safety
/// The pool is in its list.
unsafe fn unlink(heap: &mut Heap, pool: *mut Pool) {
    // SAFETY: the neighbours are alive.
    unsafe {
        let (prev, next) = ((*pool).prev, (*pool).next);
        if prev.is_null() {
            heap.pools[(*pool).class as usize] = next;
        } else {
            (*prev).next = next;
        }
        if !next.is_null() {
            (*next).prev = prev;
        }
        // Its own address as the next one means "in no list".
        (*pool).next = pool;
    }
}

/// A pool for a class, first in its list.
///
/// # Safety
/// The class has no pool with a free block.
unsafe fn take_pool(heap: &mut Heap, class: usize) -> *mut Pool {
    // SAFETY: the arenas in the list have a pool to give; its memory is nobody else's.
    unsafe {
        if heap.arenas.is_null() {
            heap.arenas = new_arena();
            if !heap.begun {
                heap.begun = true;
                // Systems that do not know the advice do without it.
                libc::madvise((*heap.arenas).fresh.cast(), AT_START, libc::MADV_POPULATE_WRITE);
            }
        }
        let arena = heap.arenas;
        let pool = if (*arena).free.is_null() {
            let pool: *mut Pool = (*arena).fresh.cast();
            (*arena).fresh = (*arena).fresh.add(POOL);
            pool
        } else {
            let pool = (*arena).free;
            (*arena).free = (*pool).next;
            pool
        };
        (*arena).used += 1;
        if (*arena).free.is_null() && (*arena).fresh == (*arena).end {
            heap.arenas = (*arena).next;
            if !heap.arenas.is_null() {
                (*heap.arenas).prev = null_mut();
            }
        }
        let start = pool.cast::<u8>();
        pool.write(Pool {
            free: null_mut(),
            hidden: null_mut(),
            fresh: start.add(size_of::<Pool>()),
            end: start.add(POOL),
            used: 0,
            class: class as u32,
            next: null_mut(),
            prev: null_mut(),
            arena,
        });
        heap.pools[class] = pool;
        pool
    }
}

/// Gives a pool without blocks in use back to its arena, and perhaps the arena to the system.
///
/// # Safety
/// The pool is in no list.
unsafe fn give_pool(heap: &mut Heap, pool: *mut Pool) {
    // SAFETY: the arena is alive while it has pools in use.
    unsafe {
        let arena = (*pool).arena;
        let was_full = (*arena).free.is_null() && (*arena).fresh == (*arena).end;
        (*pool).next = (*arena).free;
        (*arena).free = pool;
        (*arena).used -= 1;
        if was_full {
            (*arena).prev = null_mut();
            (*arena).next = heap.arenas;
            if !heap.arenas.is_null() {
                (*heap.arenas).prev = arena;
            }
            heap.arenas = arena;
        }
        let alone = (*arena).next.is_null() && (*arena).prev.is_null();
        if (*arena).used == 0 && !alone {
            if (*arena).prev.is_null() {
                heap.arenas = (*arena).next;
            } else {
                (*(*arena).prev).next = (*arena).next;
            }
            if !(*arena).next.is_null() {
                (*(*arena).next).prev = (*arena).prev;
            }
            if (*arena).lent {
                std::alloc::dealloc((*arena).mapping.cast(), memory(ARENA + POOL));
            } else {
                libc::munmap((*arena).mapping, ARENA + POOL);
            }
            drop(Box::from_raw(arena));
        }
    }
}

fn new_arena() -> *mut Arena {
    let size = ARENA + POOL;
    let map = || {
        let (access, kind) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a fresh anonymous mapping.
        let mapping = unsafe { libc::mmap(null_mut(), size, access, kind, -1, 0) };
        (mapping != libc::MAP_FAILED).then_some((mapping, false))
    };
    let borrow = || {
        // SAFETY: the size is not zero.
        let block = unsafe { std::alloc::alloc(memory(size)) };
        (!block.is_null()).then_some((block.cast(), true))
    };
    // The allocator gives up the reserve, if need be.
    let Some((mapping, lent)) = map().or_else(borrow) else {
        std::alloc::handle_alloc_error(memory(size))
    };
    let skip = (mapping as usize).next_multiple_of(POOL) - mapping as usize;
    // SAFETY: the arena is the aligned part of the block, which is one pool longer.
    let start = unsafe { mapping.cast::<u8>().add(skip) };
    Box::into_raw(Box::new(Arena {
        mapping,
        lent,
        free: null_mut(),
        fresh: start,
        // SAFETY: the mapping is one pool longer than the arena.
        end: unsafe { start.add(POOLS * POOL) },
        used: 0,
        next: null_mut(),
        prev: null_mut(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::lock;

    #[test]
    fn blocks_do_not_overlap_and_memory_is_used_again() {
        let _lock = lock();
        let mut blocks: Vec<(NonNull<u8>, usize, u8)> = Vec::new();
        let mut seed = 1u64;
        for round in 0..200_000u64 {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let r = (seed >> 33) as usize;
            if blocks.len() > 3000 || (r.is_multiple_of(3) && !blocks.is_empty()) {
                let (block, size, mark) = blocks.swap_remove(r % blocks.len());
                // SAFETY: the block is `size` bytes of ours.
                unsafe {
                    let bytes = std::slice::from_raw_parts(block.as_ptr(), size);
                    assert!(bytes.iter().all(|b| *b == mark));
                    release(block, size);
                }
            } else {
                let size = 8 + r % 600;
                let block = allocate(size);
                assert_eq!(block.as_ptr() as usize % 8, 0);
                // SAFETY: as above.
                unsafe { block.as_ptr().write_bytes(round as u8, size) };
                blocks.push((block, size, round as u8));
            }
        }
        for (block, size, mark) in blocks {
            // SAFETY: as above.
            unsafe {
                assert!(
                    std::slice::from_raw_parts(block.as_ptr(), size).iter().all(|b| *b == mark)
                );
                release(block, size);
            }
        }
    }

    #[test]
    fn many_blocks_come_and_go() {
        let _lock = lock();
        for _ in 0..3 {
            let blocks: Vec<_> = (0..100_000).map(|_| allocate(64)).collect();
            // SAFETY: all are ours.
            blocks.iter().for_each(|b| unsafe { release(*b, 64) });
            let blocks: Vec<_> = (0..100_000).map(|_| allocate(128)).collect();
            // SAFETY: all are ours.
            blocks.iter().rev().for_each(|b| unsafe { release(*b, 128) });
        }
    }

    #[test]
    #[cfg(not(feature = "plain-alloc"))]
    fn hidden_blocks_are_found_slowly_and_once() {
        let _lock = lock();
        let size = 48;
        let mut blocks: Vec<_> = (0..1000).map(|_| allocate(size)).collect();
        // SAFETY: all are ours.
        blocks.drain(300..900).for_each(|block| unsafe { release(block, size) });
        hide_free_blocks(true);
        let class = size / 8;
        assert!(HEAP.with(|heap| heap.pools[class].is_null()
            // SAFETY: pools in the list are alive.
            || unsafe { (*heap.pools[class]).free.is_null() && !(*heap.pools[class]).hidden.is_null() }));
        hide_free_blocks(false);
        assert!(
            // SAFETY: as above.
            HEAP.with(|heap| unsafe {
                (*heap.pools[class]).hidden.is_null() && !(*heap.pools[class]).free.is_null()
            })
        );
        blocks.extend((0..2000).map(|_| allocate(size)));
        let mut addresses: Vec<_> = blocks.iter().map(|block| block.as_ptr() as usize).collect();
        addresses.sort_unstable();
        addresses.dedup();
        assert_eq!(addresses.len(), blocks.len());
        // SAFETY: as above.
        blocks.iter().for_each(|block| unsafe { release(*block, size) });
    }

    #[test]
    fn lists_of_free_blocks_are_joined_whole() {
        let mut memory = [const { Free(null_mut()) }; 5];
        let at = memory.each_mut().map(|free| &raw mut *free);
        // SAFETY: the blocks are ours.
        unsafe {
            ((*at[0]).0, (*at[1]).0, (*at[3]).0) = (at[1], at[2], at[4]);
            let (mut from, mut to) = (at[0], at[3]);
            splice(&mut from, &mut to);
            assert!(from.is_null());
            let mut found = Vec::new();
            while !to.is_null() {
                found.push(to);
                to = (*to).0;
            }
            assert_eq!(found, at);
            splice(&mut from, &mut to);
            assert!(to.is_null());
        }
    }

    #[test]
    fn growing_keeps_the_content() {
        let _lock = lock();
        let mut size = 16;
        let mut block = allocate(size);
        // SAFETY: the block is `size` bytes of ours.
        unsafe { block.as_ptr().write_bytes(7, size) };
        for new in [24, 40, 500, 512, 513, 4000, 600, 100] {
            // SAFETY: as above.
            unsafe {
                block = reallocate(block, size, new);
                let kept = std::slice::from_raw_parts(block.as_ptr(), size.min(new));
                assert!(kept.iter().all(|b| *b == 7));
                block.as_ptr().write_bytes(7, new);
            }
            size = new;
        }
        // SAFETY: as above.
        unsafe { release(block, size) };
    }
}
